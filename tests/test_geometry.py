"""Boxes, polygons, cutting and alignment."""

import cv2
import numpy as np
import pytest

from fer_core import geometry
from fer_core.types import Faces
from tests.drawn_face import drawn_face

SQUARE = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], np.float32)
NOTCHED = np.array([[0, 0], [10, 0], [10, 10], [5, 2], [0, 10]], np.float32)


def boxes(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (boxes(), boxes(), np.zeros((0, 0))),
        (boxes((0, 0, 2, 2)), boxes(), np.zeros((1, 0))),
        (boxes((0, 0, 2, 2)), boxes((0, 0, 2, 2), (1, 0, 3, 2), (2, 0, 4, 2)), [[1, 1 / 3, 0]]),
        (boxes((0, 0, 4, 4), (5, 5, 5, 5)), boxes((1, 1, 3, 3)), [[0.25], [0]]),
        (boxes((3, 3, 3, 3)), boxes((3, 3, 3, 3)), [[0]]),
    ],
)
def test_iou(first, second, expected):
    assert geometry.iou(first, second) == pytest.approx(np.array(expected))


def test_areas_and_clip():
    assert geometry.areas(boxes()).shape == (0,)
    assert geometry.areas(boxes((0, 0, 2, 3), (5, 5, 1, 9))).tolist() == [6, 0]
    assert geometry.clip(boxes((-5, 2, 30, 9), (40, 1, 50, 2)), 20, 8).tolist() == [[0, 2, 20, 8], [20, 1, 20, 2]]


@pytest.mark.parametrize(
    ("points", "polygon", "expected"),
    [
        ([], SQUARE, []),
        ([(5, 5)], np.zeros((0, 2)), [False]),
        ([(1, 1)], SQUARE[:2], [False]),
        ([(5, 5), (-1, 5), (11, 5), (5, -1), (5, 11)], SQUARE, [True, False, False, False, False]),
        ([(5, 5), (1, 5), (9, 5), (5, 1)], NOTCHED, [False, True, True, True]),
        ([(5, 5), (5, 1)], NOTCHED[::-1], [False, True]),
    ],
)
def test_points_in_polygon(points, polygon, expected):
    found = geometry.points_in_polygon(np.array(points, np.float32).reshape(-1, 2), polygon)
    assert found.dtype == bool and found.tolist() == expected


@pytest.mark.parametrize(
    ("shape", "side", "expected", "factor"),
    [((1, 1), 9, (1, 1), 1), ((9, 9), 9, (9, 9), 1), ((40, 80), 20, (10, 20), 0.25), ((1, 100), 10, (1, 10), 0.1)],
)
def test_images_are_shrunk_and_never_enlarged(shape, side, expected, factor):
    small, told = geometry.scaled_to(np.zeros((*shape, 3), np.uint8), side)
    assert small.shape == (*expected, 3) and told == pytest.approx(factor)


# ---- alignment ------------------------------------------------------------------------------------------------------


def moved(points, scale, degrees, shift):
    turn = np.deg2rad(degrees)
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return points @ matrix.T + shift


@pytest.mark.parametrize(("scale", "degrees", "shift"), [(1, 0, (0, 0)), (2.5, 30, (7, -3)), (0.2, -170, (100, 50))])
def test_a_similarity_is_found_again(scale, degrees, shift):
    src = geometry.ARCFACE_TEMPLATE.astype(float)
    matrix = geometry.similarity(src, moved(src, scale, degrees, shift))
    assert matrix.shape == (2, 3)
    assert src @ matrix[:, :2].T + matrix[:, 2] == pytest.approx(moved(src, scale, degrees, shift), abs=1e-6)


def test_a_similarity_never_mirrors():
    src = geometry.ARCFACE_TEMPLATE
    matrix = geometry.similarity(src, src * (-1, 1))
    assert np.linalg.det(matrix[:, :2]) > 0


def test_points_that_fall_together_give_a_shift():
    matrix = geometry.similarity(np.ones((5, 2)), geometry.ARCFACE_TEMPLATE)
    assert np.isfinite(matrix).all() and abs(np.linalg.det(matrix[:, :2])) == pytest.approx(1)


@pytest.mark.parametrize(("scale", "degrees"), [(1, 0), (0.7, 10), (3, -25), (8, 5)])
def test_landmarks_come_to_lie_on_the_template(scale, degrees):
    template = geometry.FER_TEMPLATE
    marks = moved(template, scale, degrees, (0, 0))
    marks = marks - marks.min(axis=0) + 20 * scale
    image = np.zeros((*(np.ceil(marks.max(axis=0)).astype(int)[::-1] + int(20 * scale)), 3), np.uint8)
    for x, y in marks:
        cv2.circle(image, (round(x), round(y)), max(1, round(1.5 * scale)), (255, 255, 255), -1, cv2.LINE_AA)
    patch = geometry.align(image, marks, template, geometry.FER_PX)
    assert patch.shape == (48, 48, 3) and patch.dtype == np.uint8
    yy, xx = np.mgrid[:48, :48]
    for x, y in template:
        weight = patch[..., 0] * (np.hypot(xx - x, yy - y) < 4)
        assert np.abs([(weight * xx).sum() / weight.sum() - x, (weight * yy).sum() / weight.sum() - y]).max() < 0.6


def test_a_large_face_is_averaged_not_sampled():
    """A fine checkerboard must become even grey: a warp alone would pick single pixels of it."""
    yy, xx = np.mgrid[:800, :800]
    image = ((xx // 3 + yy // 3) % 2 * 255).astype(np.uint8)
    marks = moved(geometry.FER_TEMPLATE, 15, 0, (30, 30))
    patch = geometry.align(image, marks, geometry.FER_TEMPLATE, geometry.FER_PX)
    assert patch.shape == (48, 48) and patch.std() < 12


def test_landmarks_are_guessed_from_boxes():
    assert geometry.landmarks_from_boxes(boxes()).shape == (0, 5, 2)
    marks = geometry.landmarks_from_boxes(boxes((0, 0, 1, 1), (10, 20, 110, 220)))
    assert marks.dtype == np.float32 and marks[1] == pytest.approx(marks[0] * (100, 200) + (10, 20), abs=1e-3)
    left_eye, right_eye, nose, left_mouth, right_mouth = marks[0]
    assert left_eye[0] < nose[0] < right_eye[0] and left_eye[1] < nose[1] < left_mouth[1]
    assert left_mouth[0] < nose[0] < right_mouth[0]


def test_given_landmarks_are_taken_before_guessed_ones():
    given = np.ones((1, 5, 2), np.float32)
    assert geometry.landmarks_of(boxes((0, 0, 9, 9)), given) is given
    assert not (geometry.landmarks_of(boxes((0, 0, 9, 9)), None) == given).all()


# ---- cutting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("box", "margin", "side", "shape", "offset", "scale"),
    [
        ((10, 10, 10, 10), 0.5, 99, (1, 1), (10, 10), 1),
        ((10, 20, 30, 60), 0.0, 99, (40, 20), (10, 20), 1),
        ((10, 20, 30, 60), 0.5, 99, (80, 40), (0, 0), 1),
        ((10, 20, 30, 60), 0.0, 20, (20, 10), (10, 20), 0.5),
        ((-30, -30, 20, 20), 0.1, 99, (25, 25), (0, 0), 1),
        ((500, 500, 600, 600), 0.1, 99, (1, 1), (159, 119), 1),
        ((-50, -50, -10, -10), 0.0, 99, (1, 1), (0, 0), 1),
    ],
)
def test_a_cut_keeps_to_the_image(box, margin, side, shape, offset, scale):
    image = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    patch, told, factor = geometry.cut(image, np.array(box, np.float32), margin, side)
    assert (patch.shape, told, factor) == ((*shape, 3), offset, pytest.approx(scale))
    assert not np.shares_memory(patch, image)


def test_a_cut_face_is_where_moved_says():
    image = drawn_face((640, 480), (300, 240), 300)
    face = Faces([[225, 100, 375, 390]], [0.9], [[[250, 220], [350, 220], [300, 278], [262, 315], [338, 315]]])
    patch, offset, scale = geometry.cut(image, face.xyxy[0], 0.4, 160)
    there = face.moved(offset, scale)
    assert max(patch.shape) == 160 and there.landmarks is not None and face.landmarks is not None
    whole = geometry.align(image, face.landmarks[0], geometry.FER_TEMPLATE, 48)
    again = geometry.align(patch, there.landmarks[0], geometry.FER_TEMPLATE, 48)
    assert np.abs(whole.astype(int) - again).mean() < 4
