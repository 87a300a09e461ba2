import numpy as np
import pytest

from fer_core.types import Appearance, Faces, check_image


def test_no_faces_is_legal_everywhere():
    for none in (Faces.none(), Faces.none(landmarks=False), Faces.none()[[]], Faces.none()[0:0]):
        assert len(none) == 0
        assert none.xyxy.shape == (0, 4)
    assert len(Faces.none().moved((3, 4), 2)) == 0


@pytest.mark.parametrize(
    ("xyxy", "score", "landmarks", "message"),
    [
        (np.zeros((2, 3)), np.zeros(2), None, r"xyxy must have the shape \(None, 4\)"),
        (np.zeros((2, 4)), np.zeros(3), None, r"score must have the shape \(2,\).*not \(3,\)"),
        (np.zeros((2, 4)), np.zeros(2), np.zeros((2, 4, 2)), "landmarks"),
    ],
)
def test_wrong_shapes_are_refused_with_both_shapes(xyxy, score, landmarks, message):
    with pytest.raises(ValueError, match=message):
        Faces(xyxy, score, landmarks)


def test_faces_are_frozen_copies():
    given = np.zeros((1, 4), np.float32)
    faces = Faces(given, [0.5])
    given[0, 0] = 7
    assert faces.xyxy[0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        faces.xyxy[0, 0] = 1


def test_slices_and_moves_keep_rows_together():
    faces = Faces(np.arange(8).reshape(2, 4), [0.1, 0.9], np.arange(20).reshape(2, 5, 2))
    second = faces[faces.score > 0.5]
    assert second.xyxy.tolist() == [[4, 5, 6, 7]]
    assert faces[1].landmarks.tolist() == second.landmarks.tolist()
    assert second.moved((4, 5), 2).xyxy.tolist() == [[0, 0, 4, 4]]
    assert second.moved((4, 5), 2).landmarks[0, 0].tolist() == [12, 12]


@pytest.mark.parametrize("image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)])
def test_what_is_no_image(image):
    with pytest.raises(ValueError, match="must be"):
        check_image(image)


def test_mean_of_an_appearance_is_weighted_and_may_be_empty():
    common = {"role": "entry", "film": 0, "intervals": ((0, 1),), "best_s": 0, "x": 0, "y": 0, "size_px": 9, "quality": 1}
    empty = Appearance(**common, faces=2, template=None, times_s=[], series=np.zeros((0, 7)), weight=[])
    assert not empty.usable
    assert empty.mean.tolist() == [0] * 7
    rows = np.eye(7)[[3, 4]]
    two = Appearance(**common, faces=2, template=[1, 0], times_s=[0, 1], series=rows, weight=[3, 1])
    assert two.usable
    assert two.mean[3] == pytest.approx(0.75)
    assert two.expression == "happy"
