"""Boxes, scaling and five-point alignment: pure functions, nothing is changed in place.

Boxes are xyxy (n, 4) float32 px: left, top, right, bottom. Points are (x, y) px; the middle of the first pixel is (0, 0)
for alignment. Landmarks are five points in the order of `types.Faces`.
"""

from math import ceil, floor
from typing import Any

import cv2
import numpy as np

from fer_core.types import BoolArray, FloatArray, UInt8Array

ARCFACE_TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)
"""Where ArcFace's networks (Deng et al. 2019) expect the five landmarks in a picture of 112 × 112 px."""
ARCFACE_PX = 112

FER_TEMPLATE = np.array([[14.53, 18.31], [32.47, 18.31], [23.5, 28.57], [16.21, 35.95], [30.79, 35.95]], np.float32)
"""Where FER2013's pictures of 48 × 48 px have the five landmarks: the medians over 1,430 faces that YuNet found in 1,500
training pictures, made symmetric (benchmarks/fit_face_template.py; median deviation 1.6 to 2.5 px)."""
FER_PX = 48

_IN_BOX = np.array([[0.284, 0.388], [0.716, 0.388], [0.5, 0.625], [0.321, 0.817], [0.679, 0.817]], np.float32)
"""Where the five landmarks lie in a box, as shares of its width and height: the medians of YuNet's landmarks in the boxes
that the Haar cascade draws round 275 photographed faces, made symmetric."""
_OVERSAMPLING = 1.5
"""An image is shrunk by area before it is warped where it has more than this many pixels for one of the patch."""

_COMPLEX = np.array([1, 1j])
_SAME_PLACE = 1e-12
"""Mean square distance (px²) of points from their middle under which they are one point."""

for _constant in (_COMPLEX, ARCFACE_TEMPLATE, FER_TEMPLATE, _IN_BOX):
    _constant.setflags(write=False)


# ---- boxes ----------------------------------------------------------------------------------------------------------


def areas(xyxy: FloatArray) -> FloatArray:
    """(n,) px²; 0 where a box is turned inside out."""
    sides = np.maximum(xyxy[:, 2:] - xyxy[:, :2], 0)
    return np.asarray(sides[:, 0] * sides[:, 1])


def iou(first: FloatArray, second: FloatArray) -> FloatArray:
    """(n, m) in 0 … 1: the intersection of each pair of boxes over their union; 0 for two empty boxes."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    sides = np.maximum(high - low, 0)
    shared = sides[..., 0] * sides[..., 1]
    union = areas(first)[:, None] + areas(second)[None, :] - shared
    return np.asarray(shared / np.maximum(union, np.finfo(np.float32).tiny))


def clip(xyxy: FloatArray, width_px: float, height_px: float) -> FloatArray:
    """The boxes cut off at the edges of an image of that size; one outside it becomes empty."""
    high = np.array([width_px, height_px, width_px, height_px], xyxy.dtype)
    return np.clip(xyxy, 0, high)


def points_in_polygon(points: FloatArray, polygon: FloatArray) -> BoolArray:
    """(n,) bool: which points (n, 2) lie in a polygon (m, 2), by the even-odd rule; its last corner joins the first.

    Ray casting (Shimrat 1962). A polygon of fewer than three corners holds nothing.
    """
    inside = np.zeros(len(points), bool)
    if len(polygon) < 3:
        return inside
    x, y = points[:, 0], points[:, 1]
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if y0 != y1:
            crosses = (y0 > y) != (y1 > y)
            inside ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return inside


# ---- images ---------------------------------------------------------------------------------------------------------


def scaled_to(image: UInt8Array, max_side_px: int) -> tuple[UInt8Array, float]:
    """The image with its longer side at most max_side_px, and the factor by which it was shrunk; never enlarged.

    A factor of 1 gives the image itself, not a copy. Pixels are averaged by area.
    """
    height, width = image.shape[:2]
    factor = max_side_px / max(height, width)
    if factor >= 1:
        return image, 1.0
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), factor


def cut(image: UInt8Array, xyxy: FloatArray, margin: float, max_side_px: int) -> tuple[UInt8Array, tuple[float, float], float]:
    """A copy of the image round one box (4,), its offset (x, y) px and its scale.

    `margin` is the share of the box's width and height kept on each side; the region is cut off at the image's edges
    and shrunk to at most max_side_px. `Faces.moved(offset, scale)` gives the face in coordinates of the patch. A box that
    lies outside the image gives the nearest pixel: a patch is never empty.
    """
    height, width = image.shape[:2]
    x0, y0, x1, y1 = (float(value) for value in xyxy)
    wide, high = margin * max(0.0, x1 - x0), margin * max(0.0, y1 - y0)
    left, right = _span(x0 - wide, x1 + wide, width)
    top, bottom = _span(y0 - high, y1 + high, height)
    patch, scale = scaled_to(image[top:bottom, left:right], max_side_px)
    return patch.copy() if scale == 1.0 else patch, (float(left), float(top)), scale


def _span(low: float, high: float, end: int) -> tuple[int, int]:
    """Whole pixels from low to high within 0 … end, at least one of them."""
    first = min(max(floor(low), 0), end - 1)
    return first, min(max(ceil(high), first + 1), end)


# ---- alignment ------------------------------------------------------------------------------------------------------


def similarity(src: FloatArray, dst: FloatArray) -> FloatArray:
    """(2, 3) float64: the turn, scale and shift that best carry the points src (k, 2) to dst (k, 2), never a mirror image.

    Least squares after Umeyama (1991); in the plane, with points as complex numbers, his solution is one division. Where
    all points of src fall together, the scale is 1.
    """
    source, target = (np.asarray(points, np.float64) @ _COMPLEX for points in (src, dst))
    src_mean, dst_mean = source.sum() / len(source), target.sum() / len(target)
    centered = source - src_mean
    spread = np.vdot(centered, centered).real
    turn = np.vdot(centered, target - dst_mean) / spread if spread > _SAME_PLACE * len(source) else 1.0 + 0j
    shift = dst_mean - turn * src_mean
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def align(image: UInt8Array, landmarks: FloatArray, template: FloatArray, size: int) -> UInt8Array:
    """(size, size[, 3]) uint8: the face turned, scaled and moved so that its five landmarks (5, 2) meet the template.

    Where the face is much larger than the patch, the image is shrunk by area first, for a warp alone reads single pixels
    and their noise. Beyond the image's edge the last pixel is repeated.
    """
    matrix = similarity(landmarks, template)
    near, factor = _shrunk_for(image, float(np.hypot(matrix[0, 0], matrix[1, 0])))
    # A pixel's middle is (0, 0) here and (.5, .5) to a resize.
    middle = np.array([0.5, 0.5])
    onto = similarity((np.asarray(landmarks, np.float64) + middle) * factor - middle, template)
    size_px = (size, size)
    warped: Any = cv2.warpAffine(near, onto, size_px, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped)


def _shrunk_for(image: UInt8Array, scale: float) -> tuple[UInt8Array, FloatArray]:
    """The image as small as a warp by `scale` wants it, and the exact factors (x, y) of the shrinking."""
    height, width = image.shape[:2]
    if scale * _OVERSAMPLING >= 1:
        return image, np.ones(2)
    size = (max(1, round(width * scale * _OVERSAMPLING)), max(1, round(height * scale * _OVERSAMPLING)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.array([size[0] / width, size[1] / height])


def landmarks_from_boxes(xyxy: FloatArray) -> FloatArray:
    """(n, 5, 2) float32: where the five landmarks of an upright, frontal face in each box would lie.

    For detectors that give none, such as Haar's: their boxes are square and reach from the brow to the chin.
    """
    sides = (xyxy[:, 2:] - xyxy[:, :2])[:, None, :]
    return np.asarray(xyxy[:, None, :2] + _IN_BOX * sides, np.float32)


def landmarks_of(xyxy: FloatArray, landmarks: FloatArray | None) -> FloatArray:
    """(n, 5, 2): the landmarks given, or those guessed from the boxes where there are none."""
    return landmarks_from_boxes(xyxy) if landmarks is None else landmarks
