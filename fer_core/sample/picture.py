"""One still picture of the sample shop with several drawn people in it, for trying detectors and models."""

import numpy as np

from fer_core.sample import draw
from fer_core.sample.cast import LOOKS, MOODS
from fer_core.sample.scene import light_of, shop
from fer_core.types import FloatArray, UInt8Array

PEOPLE = (("Otto", "happy", 105, 150, 62.0), ("Rosa", "neutral", 300, 165, 44.0), ("Fiona", "surprise", 455, 140, 30.0))
"""Name, expression, middle of the face (x, y) and half its height, in px."""


def sample_picture() -> UInt8Array:
    """(360, 640, 3) uint8 BGR: three drawn people, one near, one further off, one far away; nobody real."""
    picture = shop("entry") * light_of("entry")
    for name, mood, x, y, unit in sorted(PEOPLE, key=lambda one: one[-1]):
        _lay(picture, draw.figure(LOOKS[name], MOODS[mood], unit=unit), x, y, unit)
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


def _lay(picture: FloatArray, figure: FloatArray, x: float, y: float, unit: float) -> None:
    """Lay the figure (BGR times alpha, alpha) over the picture, in place, its face's middle at (x, y)."""
    left, top = round(x + draw.BOX[0] * unit), round(y + draw.BOX[1] * unit)
    high, wide = picture.shape[:2]
    cut = figure[max(0, -top) : high - top, max(0, -left) : wide - left]
    region = picture[max(0, top) : max(0, top) + cut.shape[0], max(0, left) : max(0, left) + cut.shape[1]]
    region *= 1 - cut[..., 3:]
    region += cut[..., :3]
