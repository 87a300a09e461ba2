"""A shot as coarse blocks: what a store that asks for evidence pictures keeps of it, for a day.

Coarse blocks hide a face from people, and make it harder for programs, not impossible (McPherson, Shokri and Shmatikov,
Defeating image obfuscation with deep learning, 2016): such a picture is still one of a person.
"""

from math import ceil, floor
from typing import Any

import numpy as np

from fer_core.types import FloatArray, Shot, UInt8Array

BLOCKS = 12
"""Most blocks across a face, and down. More: clothes and hair can be told better, and so can the face."""
BLOCK_PX = 12
"""Width and height of a block in the picture."""


def pixelated(image: UInt8Array, face: FloatArray) -> UInt8Array:
    """The image (h, w, 3) in blocks of BLOCK_PX px, each of the mean colour of what it stands for.

    face: (4,) px, left, top, right, bottom. The grid begins at its corner, so that at most BLOCKS × BLOCKS blocks lie over
    it; what is around it is as coarse, for others may stand there.
    """
    left, top = (max(0, floor(float(at))) for at in face[:2])
    side = max(1, ceil(max(float(face[2]) - left, float(face[3]) - top) / BLOCKS))
    rows, columns = _edges(top, side, image.shape[0]), _edges(left, side, image.shape[1])
    sums = np.add.reduceat(np.add.reduceat(image.astype(np.float64), rows, axis=0), columns, axis=1)
    areas = np.outer(np.diff(rows, append=image.shape[0]), np.diff(columns, append=image.shape[1]))
    means = np.rint(sums / areas[..., None]).astype(np.uint8)
    return means.repeat(BLOCK_PX, axis=0).repeat(BLOCK_PX, axis=1)


def picture_of(shot: Shot) -> bytes:
    """The shot pixelated, as the bytes of a PNG without any other content."""
    import cv2

    _, packed = cv2.imencode(".png", pixelated(shot.patch, shot.face.xyxy[0]))
    return bytes(packed.tobytes())


def _edges(origin: int, side: int, length: int) -> np.ndarray[Any, Any]:
    """Where blocks of that side begin, one of them at the origin, the first at 0."""
    return np.unique(np.append(np.arange(min(origin, length) % side, length, side), 0))
