"""What a camera does to a face, in levels: how the accuracy of both heads falls with it.

In the manner of ImageNet-C (Hendrycks and Dietterich 2019), on grey faces of 48 px. A turn is that of a flat picture seen at
an angle: the far side is foreshortened, but nothing of a head comes into sight or is hidden. Sizes above 48 px show what
bringing a larger picture down costs; such pictures hold no more than 48 px of detail (`domains` reads real ones).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np

from fer_core.evaluate.readers import Reader, Tell, quiet, read
from fer_core.types import IntArray, UInt8Array

MOST = 1000
"""Pictures that are spoilt at the most."""
SEED = 11
_NOISE = 4.0
"""Standard deviation of a dark picture's noise, of 255."""
_DISTANCE = 2.5
"""From the eye to a turned picture, in its widths: a near camera."""

Spoil = Callable[[UInt8Array, np.random.Generator], UInt8Array]


@dataclass(frozen=True)
class Level:
    """One way of spoiling a face (48, 48) uint8, at one strength."""

    kind: str
    level: str
    spoil: Spoil


def blurred(face: UInt8Array, rng: np.random.Generator, sigma_px: float) -> UInt8Array:
    """Out of focus: a Gaussian of that standard deviation."""
    return cv2.GaussianBlur(face, (0, 0), sigma_px).astype(np.uint8, copy=False)


def darkened(face: UInt8Array, rng: np.random.Generator, share: float) -> UInt8Array:
    """That share of the light, with the sensor's noise."""
    dark = face.astype(np.float32) * share + rng.normal(0, _NOISE, face.shape)
    return np.clip(np.rint(dark), 0, 255).astype(np.uint8)


def seen_at(face: UInt8Array, rng: np.random.Generator, px: int) -> UInt8Array:
    """The face as a picture of that side would hold it, brought back to its own size."""
    side = face.shape[0]
    down, up = (cv2.INTER_AREA, cv2.INTER_CUBIC) if px < side else (cv2.INTER_CUBIC, cv2.INTER_AREA)
    small = cv2.resize(face, (px, px), interpolation=down)
    return cv2.resize(small, (side, side), interpolation=up).astype(np.uint8, copy=False)


def turned(face: UInt8Array, rng: np.random.Generator, degrees: float) -> UInt8Array:
    """The picture turned about its upright axis by that angle, to either side, seen in perspective."""
    side, angle = face.shape[0], np.deg2rad(degrees) * (1 if rng.random() < 0.5 else -1)
    corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
    depth = _DISTANCE / (_DISTANCE + corners[:, 0] * np.sin(angle))
    seen = np.stack([corners[:, 0] * np.cos(angle) * depth, corners[:, 1] * depth], axis=1)
    places = [((one + 0.5) * side - 0.5).astype(np.float32) for one in (corners, seen)]
    move = cv2.getPerspectiveTransform(*places)
    return cv2.warpPerspective(face, move, (side, side), borderMode=cv2.BORDER_REPLICATE).astype(np.uint8, copy=False)


def hidden(face: UInt8Array, rng: np.random.Generator, part: str) -> UInt8Array:
    """Mouth, eyes or one side behind a flat patch of the picture's mean brightness."""
    x0, y0, x1, y1 = _PARTS[part]
    if part == "one side" and rng.random() < 0.5:
        x0, x1 = 1 - x1, 1 - x0
    side, covered = face.shape[0], face.copy()
    covered[round(y0 * side) : round(y1 * side), round(x0 * side) : round(x1 * side)] = round(float(face.mean()))
    return covered


_PARTS = {"mouth": (0.2, 0.62, 0.8, 1.0), "eyes": (0.1, 0.25, 0.9, 0.5), "one side": (0.0, 0.0, 0.5, 1.0)}
"""Left, top, right, bottom as shares of the picture, around `geometry.FER_TEMPLATE`."""


def packed(face: UInt8Array, rng: np.random.Generator, quality: int) -> UInt8Array:
    """Through JPEG of that quality (1 to 100)."""
    _, data = cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


def as_it_is(face: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """The face."""
    return face


LEVELS: tuple[Level, ...] = (
    Level("none", "as they are", as_it_is),
    *(Level("blur", f"sigma {s:g} px", partial(blurred, sigma_px=s)) for s in (1.0, 2.0, 3.0)),
    *(Level("low light", f"{100 * share:.0f} % of the light", partial(darkened, share=share)) for share in (0.5, 0.25, 0.12)),
    *(Level("resolution", f"{px} px", partial(seen_at, px=px)) for px in (96, 64, 48, 32, 24)),
    *(Level("yaw", f"{degrees}°", partial(turned, degrees=degrees)) for degrees in (20, 40, 60)),
    *(Level("occlusion", part, partial(hidden, part=part)) for part in ("mouth", "eyes", "one side")),
    *(Level("JPEG", f"quality {quality}", partial(packed, quality=quality)) for quality in (50, 25, 10)),
)
"""Every kind from its mildest level to its strongest."""


def robustness(
    image: UInt8Array, truths: dict[str, IntArray], reader: Reader, tell: Tell = quiet, levels: tuple[Level, ...] = LEVELS
) -> list[dict[str, Any]]:
    """A row a level: accuracy of each head on the same pictures, None for a head without labels.

    image (n, 48, 48) uint8; truths: labels (n,) by head. More than MOST pictures are thinned to MOST by chance.
    """
    chosen = np.random.default_rng(SEED).permutation(len(image))[:MOST]
    rows = []
    for place, level in enumerate(levels):
        tell("robustness", place, len(levels))
        told = read(reader, spoilt(image[chosen], level), "robustness")
        right = {head: told[head].argmax(axis=1) == truth[chosen] for head, truth in truths.items()}
        shares = {head: round(float(right[head].mean()), 4) if head in right else None for head in ("votes", "fer2013")}
        rows.append({"kind": level.kind, "level": level.level, "n": len(chosen), **shares})
    tell("robustness", len(levels), len(levels))
    return rows


def spoilt(faces: UInt8Array, level: Level) -> UInt8Array:
    """The faces (n, 48, 48) at that level, always the same for the same faces; the given ones stay as they are."""
    rng = np.random.default_rng(SEED)
    return np.stack([level.spoil(face, rng) for face in faces])
