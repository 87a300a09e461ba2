"""Which parts of a face an expression model goes by: the occlusion map of Zeiler and Fergus 2014, section 4.2.

A grey square is slid over the face; where the probability of the top class falls, the model had looked at what is hidden
now. It asks nothing of the model but its probabilities, so that every model can be explained alike.
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from fer_core.types import BoolArray, FloatArray, UInt8Array

FACE_PX = 48
PATCH_PX = 12
"""Side of the square. More: a coarser map of larger parts, less noise."""
STEP_PX = 3
"""How far the square moves. More: fewer questions to the model, a coarser map."""
BATCH = 128


class Probabilities(Protocol):
    """Grey faces (n, 48, 48) uint8 → (n, k) floats: a `CropModel.probabilities`, of one head."""

    def __call__(self, faces: UInt8Array, /) -> FloatArray: ...


def occlusion_map(
    face: UInt8Array,
    probabilities: Probabilities,
    *,
    label: int | None = None,
    patch_px: int = PATCH_PX,
    step_px: int = STEP_PX,
    batch: int = BATCH,
) -> FloatArray:
    """(48, 48) float32: how much the probability of one class falls, on average, when a square over that pixel is hidden.

    Above 0: what is there speaks for the class; below 0: against it. The numbers are differences of probabilities, −1 to
    1. label is the column that is explained, by default the one that leads on the whole face. The square has the face's
    own mean grey. The face, (48, 48) uint8, is not changed; ValueError for anything else.
    """
    _check(face, patch_px, step_px)
    masks = list(_masks(patch_px, step_px))
    grey = np.uint8(round(float(face.mean())))
    whole = np.asarray(probabilities(face[None]), np.float64)[0]
    column = int(whole.argmax()) if label is None else label
    total, covered = np.zeros((2, FACE_PX, FACE_PX))
    for start in range(0, len(masks), batch):
        some = np.stack(masks[start : start + batch])
        told = np.asarray(probabilities(np.where(some, grey, face[None]).astype(np.uint8)), np.float64)
        total += np.tensordot(whole[column] - told[:, column], some, axes=1)
        covered += some.sum(axis=0)
    return (total / covered).astype(np.float32)


def _check(face: UInt8Array, patch_px: int, step_px: int) -> None:
    if face.shape != (FACE_PX, FACE_PX) or face.dtype != np.uint8:
        raise ValueError(f"a face must be ({FACE_PX}, {FACE_PX}) uint8, not {face.shape} {face.dtype}")
    if not 1 <= step_px <= (patch_px + 1) // 2 <= FACE_PX:
        raise ValueError(f"a square of {patch_px} px must move by 1 px to half of its side, not by {step_px} px")


def _masks(patch_px: int, step_px: int) -> Iterator[BoolArray]:
    """Every place of the square, its middle anywhere in the face: a pixel at the edge is hidden as often as others."""
    places = range(-(patch_px // 2), FACE_PX - patch_px // 2, step_px)
    for top in places:
        for left in places:
            mask = np.zeros((FACE_PX, FACE_PX), bool)
            mask[max(0, top) : top + patch_px, max(0, left) : left + patch_px] = True
            yield mask
