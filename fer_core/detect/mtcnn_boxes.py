"""MTCNN's arithmetic between its networks: proposals, suppression, squares and their pixels. Pure functions.

Boxes are xyxy (n, 4) float32 px of the image, best first where order matters.
"""

from math import floor, log

import cv2
import numpy as np

from fer_core.types import BoolArray, FloatArray, IntArray

WINDOW_PX = 12
"""What P-Net looks at."""
_STRIDE_PX = 2
_STEP = 0.709
"""From one scale to the next: about the square root of a half, as in the paper."""
_LEAST_SIDE_PX = 12.06
"""Shorter side of the smallest picture; a little above the window because the package stops there."""
_LEAST_LOGIT = -80.0
"""Below it a float32 overflows on the way to a probability, which is 0."""
_BLOCK = 256
_OUTSIDE = -9.0
"""A coordinate at which nothing of an image is left."""


def scales(shape: tuple[int, ...], min_face_px: float) -> list[float]:
    """The pyramid: the first brings a face of that size down to P-Net's window, the last the image's shorter side."""
    first = WINDOW_PX / min_face_px
    room = log(max(min(shape[:2]) * first / _LEAST_SIDE_PX, 1e-9)) / -log(_STEP)
    return [first * _STEP**i for i in range(floor(room) + 1)]


def shrunk(image: FloatArray, scale: float) -> FloatArray:
    """The image at that scale, each pixel the mean of those it stands for; sides rounded down."""
    size = int(image.shape[1] * scale), int(image.shape[0] * scale)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.float32)


def probability(logit: FloatArray) -> FloatArray:
    """(n,) float32: the softmax of two values that differ by the logit."""
    return np.asarray(1 / (1 + np.exp(-np.maximum(logit, _LEAST_LOGIT))), np.float32)


def best_first(score: FloatArray, least: float = 0.0) -> IntArray:
    """Which rows score more than `least`, best first.

    Many squares on one large face have the score 1, as near as float32 can tell. The package takes the tied as its sort
    leaves them, from the end, and their order decides which square goes on: hence the same sort (8 bytes, not stable).
    """
    rows = np.flatnonzero(score > least)
    return rows[np.argsort(score[rows].astype(np.float64))[::-1]]


def proposals(told: FloatArray, least: float, scale: float) -> tuple[FloatArray, FloatArray]:
    """Boxes and scores above `least`, best first, of P-Net's answer (5, rows, columns) at that scale."""
    rows, columns = np.nonzero(told[4] > log(least / (1 - least)))
    score = probability(told[4, rows, columns])
    order = best_first(score)
    rows, columns = rows[order], columns[order]
    corner = np.stack([columns, rows], axis=1) * np.float32(_STRIDE_PX)
    # The package counts the windows' pixels from 1 to 12 and so takes their sides to be 11 long.
    windows = np.concatenate([corner + 1, corner + WINDOW_PX], axis=1)
    shifts = told[:4, rows, columns].T * np.float32(WINDOW_PX - 1)
    return (windows + shifts) / np.float32(scale), score[order]


def unlike(xyxy: FloatArray, limit: float, *, of_smaller: bool = False) -> BoolArray:
    """(n,): whether no better box overlaps it by more than `limit` of both boxes' union (or of the smaller box).

    A better box counts even if a still better one overlaps that: the package's rule, in which boxes fall in a chain.
    """
    area = (xyxy[:, 2] - xyxy[:, 0]) * (xyxy[:, 3] - xyxy[:, 1])
    fallen = np.zeros(len(xyxy), bool)
    for start in range(0, len(xyxy), _BLOCK):  # bounds the memory of a picture full of proposals
        better = slice(start, start + _BLOCK)
        shared = _shared(xyxy[better], xyxy[start:])
        both = (area[better, None], area[start:])
        whole = np.minimum(*both) if of_smaller else both[0] + both[1] - shared
        fallen[start:] |= np.triu((shared > limit * whole) & (shared > 0), 1).any(axis=0)
    return ~fallen


def _shared(first: FloatArray, second: FloatArray) -> FloatArray:
    """(n, m) px²: what each pair of boxes has in common."""
    sides = [
        np.minimum(first[:, None, axis + 2], second[:, axis + 2]) - np.maximum(first[:, None, axis], second[:, axis])
        for axis in (0, 1)
    ]
    return np.asarray(np.maximum(sides[0], 0) * np.maximum(sides[1], 0))


def sizes(xyxy: FloatArray) -> FloatArray:
    """(n, 2): width and height as the second and third network count them, both edges included."""
    return np.asarray(xyxy[:, 2:] - xyxy[:, :2] + 1)


def moved(xyxy: FloatArray, shifts: FloatArray) -> FloatArray:
    """The boxes with each side moved by that share (n, 4) of the box's size."""
    return np.asarray(xyxy + shifts * np.tile(sizes(xyxy), 2))


def squared(xyxy: FloatArray) -> FloatArray:
    """The squares about the same middles, as long as the boxes' longer sides."""
    middle = (xyxy[:, :2] + xyxy[:, 2:]) / 2
    half = (xyxy[:, 2:] - xyxy[:, :2]).max(axis=1, keepdims=True) / 2
    return np.concatenate([middle - half, middle + half], axis=1)


def cut(image: FloatArray, xyxy: FloatArray, side_px: int, outside: float) -> FloatArray:
    """(n, side, side, 3): the boxes' pixels of an image (h, w, 3) float32, between four neighbours each.

    What lies outside the image has the value `outside`. The boxes' corners are sampled, and a box as wide as the image
    ends on its last pixel: TensorFlow's crop_and_resize, on which the networks' answers depend.
    """
    if not len(xyxy):  # OpenCV refuses to make nothing
        return np.zeros((0, side_px, side_px, 3), np.float32)
    height, width = image.shape[:2]
    across = _samples(xyxy[:, 0], xyxy[:, 2], side_px, width)
    down = _samples(xyxy[:, 1], xyxy[:, 3], side_px, height)
    shape = len(xyxy), side_px, side_px
    x = np.broadcast_to(across[:, None, :], shape).reshape(-1, side_px)
    y = np.broadcast_to(down[:, :, None], shape).reshape(-1, side_px)
    border = (outside,) * 3
    seen = cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=border)
    return np.asarray(seen).reshape(*shape, 3)


def _samples(low: FloatArray, high: FloatArray, count: int, length: int) -> FloatArray:
    """(n, count) px: evenly from low to high, both included; `_OUTSIDE` beyond the first and the last pixel."""
    steps = np.linspace(0, 1, count, dtype=np.float64)
    at = (low[:, None] + (high - low)[:, None] * steps) * ((length - 1) / length)
    return np.where((at >= 0) & (at <= length - 1), at, _OUTSIDE).astype(np.float32)
