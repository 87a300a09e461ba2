"""Faces as a camera might have shown them: what a shop's camera does to a face that FER2013's pictures were spared."""

import cv2
import numpy as np

from fer_core.types import UInt8Array

_MIRRORED = 0.5
_SMALL, _BLURRED, _COMPRESSED, _SIDE_LIT, _NOISY, _HIDDEN = 0.2, 0.1, 0.1, 0.15, 0.1, 0.4
"""How often each happens to a face; independently of one another."""


def augmented(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """One grey face (h, w) uint8: mirrored, turned, moved, scaled, lit otherwise, smaller, blurred, compressed, noisy, hidden.

    The face given stays as it is. Grey stands for colour: the network sees grey faces only, whatever the camera gave.
    """
    face = _lit(_moved(image, rng), rng)
    for share, change in ((_SMALL, _as_small), (_BLURRED, _blurred), (_COMPRESSED, _compressed), (_NOISY, _noisy)):
        if rng.random() < share:
            face = change(face, rng)
    if rng.random() < _HIDDEN:
        _hide(face, rng)
    return face


def _moved(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    side = image.shape[0]
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), rng.uniform(-15, 15), rng.uniform(0.85, 1.15))
    turn[:, 2] += rng.uniform(-0.08, 0.08, 2) * side
    if rng.random() < _MIRRORED:
        turn = turn @ np.array([[-1, 0, side - 1], [0, 1, 0], [0, 0, 1]])
    return cv2.warpAffine(image, turn, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT).astype(np.uint8)


def _lit(face: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Contrast, brightness, and now and then a lamp at one side."""
    lit = cv2.convertScaleAbs(face, alpha=rng.uniform(0.65, 1.35), beta=rng.uniform(-30, 30))
    if rng.random() >= _SIDE_LIT:
        return lit.astype(np.uint8)
    here, there = rng.uniform(0.5, 1.2, 2)
    ramp = np.linspace(here, there, face.shape[0], dtype=np.float32)
    shade = ramp[None, :] if rng.random() < 0.5 else ramp[:, None]
    return np.clip(lit * shade, 0, 255).astype(np.uint8)


def _as_small(face: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    side, small = face.shape[0], int(rng.uniform(0.4, 0.9) * face.shape[0])
    shrunk = cv2.resize(face, (small, small), interpolation=cv2.INTER_AREA)
    return cv2.resize(shrunk, (side, side), interpolation=cv2.INTER_LINEAR).astype(np.uint8)


def _blurred(face: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    return cv2.GaussianBlur(face, (0, 0), rng.uniform(0.4, 1.4)).astype(np.uint8)


def _compressed(face: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    _, code = cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 70))])
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_GRAYSCALE), np.uint8)


def _noisy(face: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    grain = rng.normal(0, rng.uniform(3, 12), face.shape).astype(np.float32)
    return np.clip(face + grain, 0, 255).astype(np.uint8)


def _hide(face: UInt8Array, rng: np.random.Generator) -> None:
    """Cut-out (DeVries and Taylor 2017), in place on the caller's own copy."""
    side = face.shape[0]
    h, w = rng.integers(side // 8, side // 3, 2)
    y, x = rng.integers(0, side - h), rng.integers(0, side - w)
    face[y : y + h, x : x + w] = rng.integers(0, 256)
