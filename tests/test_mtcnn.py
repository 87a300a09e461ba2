"""MTCNN on ONNX Runtime: its weights read as data, its arithmetic, and its answers beside those of the package's own code."""

import importlib.util
import os
import pickle
import subprocess
import sys
from pathlib import Path

import av
import cv2
import joblib
import lz4.frame
import numpy as np
import pytest

from fer_core.detect import mtcnn_boxes as boxes
from fer_core.detect import mtcnn_weights
from fer_core.detect.base import ScalingDetector, by_side
from fer_core.detect.mtcnn import Mtcnn
from fer_core.errors import WeightsError
from fer_core.geometry import iou
from fer_core.settings import DetectSettings
from fer_core.types import Faces
from tests.drawn_face import drawn_face

SHARED = Path(__file__).parents[2] / "shared"
WEIGHTS = Path(importlib.util.find_spec("mtcnn").submodule_search_locations[0]) / "assets" / "weights"
NETWORKS = ("pnet", "rnet", "onet")


# weights


@pytest.mark.parametrize("network", NETWORKS)
def test_the_weights_are_those_that_joblib_reads(network):
    expected = joblib.load(WEIGHTS / f"{network}.lz4")
    found = mtcnn_weights.read(network)
    assert len(found) == len(expected)
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder that stands in for the package's weights."""
    monkeypatch.setattr(mtcnn_weights, "_folder", lambda: tmp_path)
    return tmp_path


def damaged():
    whole = (WEIGHTS / "pnet.lz4").read_bytes()
    return whole[:500]


class Harmful:
    """What a pickle may do to its reader: make a folder."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("content", [b"", b"not it", damaged(), lz4.frame.compress(b""), lz4.frame.compress(b"\x80\x04K")])
def test_what_is_no_file_of_weights_is_named(elsewhere, content):
    (elsewhere / "pnet.lz4").write_bytes(content)
    with pytest.raises(WeightsError, match=r"pnet\.lz4: MTCNN's weights can't be read"):
        mtcnn_weights.read("pnet")


def test_a_missing_file_is_named(elsewhere):
    with pytest.raises(WeightsError, match=r"pnet\.lz4: MTCNN's weights can't be read"):
        mtcnn_weights.read("pnet")


def test_a_pickle_that_calls_something_is_refused_and_not_obeyed(elsewhere):
    (elsewhere / "pnet.lz4").write_bytes(lz4.frame.compress(pickle.dumps([Harmful(elsewhere / "made")])))
    with pytest.raises(WeightsError, match=r"it names \w+\.mkdir"):
        mtcnn_weights.read("pnet")
    assert not (elsewhere / "made").exists()


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ([], "not the weights of mtcnn 1.0"),
        ([np.zeros((3, 3), np.float32)], "not the weights of mtcnn 1.0"),
        ([np.zeros((3, 3), np.float64)], "an array of float64"),
        ([np.zeros((3, 2), np.float32, order="F")], "in the order F"),
        ([np.array([{}, {}], object)], "an array of object"),
        ([3], "can't be read"),
    ],
)
def test_other_arrays_are_refused(elsewhere, arrays, says):
    joblib.dump(arrays, elsewhere / "pnet.lz4", compress="lz4")
    with pytest.raises(WeightsError, match=says):
        mtcnn_weights.read("pnet")


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(WeightsError, match="needs the package mtcnn"):
        mtcnn_weights.read("pnet")


def test_neither_tensorflow_nor_the_package_is_imported():
    code = (
        "import sys; from fer_core.detect import open_detector; from fer_core.settings import DetectSettings;"
        "from tests.drawn_face import drawn_face; print(len(open_detector('mtcnn', DetectSettings()).detect(drawn_face())),"
        "[m for m in ('tensorflow', 'keras', 'mtcnn', 'joblib') if m in sys.modules])"
    )
    folder = Path(__file__).parents[1]
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder)  # noqa: S603
    assert (told.stdout.strip(), told.stderr) == ("1 []", "")


# arithmetic


@pytest.mark.parametrize(
    ("side", "least", "count"), [(1, 20, 0), (20, 20, 0), (21, 20, 1), (360, 20, 9), (360, 40, 7), (360, 10, 11), (30, 60, 0)]
)
def test_the_pyramid_ends_where_the_first_network_sees_no_more(side, least, count):
    scales = boxes.scales((side, 2 * side, 3), least)
    assert len(scales) == count
    assert not scales or (scales[0] == 12 / least and side * scales[-1] >= 12)


def test_proposals_are_windows_in_pixels_of_the_image():
    told = np.full((5, 4, 6), -9.0, np.float32)
    told[:4] = 0
    assert boxes.proposals(told, 0.6, 0.5)[0].shape == (0, 4)
    told[4, 2, 3], told[4, 0, 1], told[4, 1, 1] = 1, 3, 0.4  # 0.4 is a probability below 0.6
    told[:4, 0, 1] = 0.1, 0, 0, 0.2
    xyxy, score = boxes.proposals(told, 0.6, 0.5)
    assert xyxy == pytest.approx(np.array([(8.2, 2, 28, 28.4), (14, 10, 36, 32)]), abs=1e-5)
    assert score == pytest.approx([1 / (1 + np.exp(-3)), 1 / (1 + np.exp(-1))], abs=1e-6)


def test_probabilities_end_at_0_and_1():
    assert boxes.probability(np.zeros(0, np.float32)).shape == (0,)
    told = boxes.probability(np.array([-1e4, -200, 0, 2, 1e4], np.float32))
    assert told == pytest.approx([0, 0, 0.5, 0.880797, 1], abs=1e-6)


def test_the_best_come_first():
    assert boxes.best_first(np.zeros(0, np.float32)).tolist() == []
    score = np.array([0.2, 0.9, 0.6, 0.95], np.float32)
    assert boxes.best_first(score).tolist() == [3, 1, 2, 0]
    assert boxes.best_first(score, 0.6).tolist() == [3, 1]


SIDE_BY_SIDE = [(0, 0, 10, 10), (20, 0, 30, 10)]
CHAIN = [(0, 0, 10, 10), (4, 0, 14, 10), (8, 0, 18, 10)]  # neighbours share 0.43 of their union


@pytest.mark.parametrize(
    ("rows", "limit", "smaller", "kept"),
    [
        ([], 0.5, False, []),
        (SIDE_BY_SIDE, 0.0, False, [True, True]),
        (CHAIN, 0.5, False, [True, True, True]),
        (CHAIN, 0.4, False, [True, False, False]),
        ([(0, 0, 10, 10), (2, 2, 6, 6)], 0.7, False, [True, True]),
        ([(0, 0, 10, 10), (2, 2, 6, 6)], 0.7, True, [True, False]),
        ([(0, 0, 10, 10), (9, 9, 5, 5)], 0.0, True, [True, True]),
    ],
)
def test_boxes_fall_to_better_ones(rows, limit, smaller, kept):
    xyxy = np.array(rows, np.float32).reshape(-1, 4)
    assert boxes.unlike(xyxy, limit, of_smaller=smaller).tolist() == kept


def test_many_boxes_fall_as_few_do(monkeypatch):
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 60, (90, 2))
    xyxy = np.concatenate([corners, corners + rng.uniform(20, 40, (90, 2))], axis=1).astype(np.float32)
    at_once = boxes.unlike(xyxy, 0.5)
    monkeypatch.setattr(boxes, "_BLOCK", 7)
    assert np.array_equal(boxes.unlike(xyxy, 0.5), at_once)
    better = np.triu(iou(xyxy, xyxy) > 0.5, 1).any(axis=0)
    assert 0 < better.sum() < 90 and np.array_equal(at_once, ~better)


def test_boxes_are_moved_and_squared():
    none = np.zeros((0, 4), np.float32)
    assert boxes.moved(none, none).shape == boxes.squared(none).shape == (0, 4)
    xyxy = np.array([(10, 20, 19, 39)], np.float32)  # 10 wide and 20 high, both edges included
    assert boxes.moved(xyxy, np.array([(0.1, -0.1, 0, 0.5)], np.float32)).tolist() == [[11, 18, 19, 49]]
    assert boxes.squared(xyxy).tolist() == [[5, 20, 24, 39]]


def test_pixels_are_cut_between_neighbours_and_beyond_the_edge():
    image = np.arange(11, dtype=np.float32)[None, :, None].repeat(11, axis=0).repeat(3, axis=2)  # each pixel is its own x
    assert boxes.cut(image, np.zeros((0, 4), np.float32), 3, 9.0).shape == (0, 3, 3, 3)
    seen = boxes.cut(image, np.array([(0, 0, 11, 11), (1.1, 0, 3.3, 11), (-11, 0, 11, 22)], np.float32), 3, 99.0)
    assert seen[0, :, :, 0] == pytest.approx(np.array([(0, 5, 10)] * 3), abs=1e-4)
    assert seen[1, :, :, 2] == pytest.approx(np.array([(1, 2, 3)] * 3), abs=1e-4)
    assert seen[2, 0, :, 1] == pytest.approx([99, 0, 10], abs=1e-4)
    assert (seen[2, 2] == 99).all()


# answers


def test_the_drawn_face_is_found_where_it_always_was():
    faces = Mtcnn(DetectSettings()).detect(drawn_face())
    assert faces.xyxy == pytest.approx(
        np.array([(113.45, 59.17, 211.96, 192.02)]), abs=1
    )  # processors round sums differently; a tie may fall to a neighbour
    assert faces.score == pytest.approx([0.9913], abs=0.01)


@pytest.mark.parametrize(("least", "found"), [(20, 1), (32, 1), (80, 0)])
def test_faces_below_the_least_size_are_not_looked_for(least, found):
    image = drawn_face((320, 240), (160, 120), 45)
    assert len(Mtcnn(DetectSettings(mtcnn_min_face_px=least)).detect(image)) == found


@pytest.mark.parametrize("min_score", [0.0, 1.0])
def test_scores_may_be_asked_for_from_end_to_end(min_score):
    found = len(Mtcnn(DetectSettings(min_score=min_score)).detect(drawn_face()))
    assert found == 0 if min_score else found >= 1


class Original(ScalingDetector):
    """The package's own code on TensorFlow, asked for what ours is."""

    def __init__(self, settings):
        super().__init__("original", settings)
        from mtcnn import MTCNN

        self._model = MTCNN()

    def find(self, image):
        asked = {"fit_to_image": False, "box_format": "xyxy", "output_type": "numpy", "threshold_onet": self.settings.min_score}
        rows = self._model.detect_faces(np.ascontiguousarray(image[:, :, ::-1]), **asked)
        return Faces(rows[:, 1:5], rows[:, 5], by_side(rows[:, 6:16].reshape(-1, 2, 5).transpose(0, 2, 1)))


@pytest.fixture(scope="module")
def both():
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("the package's own code needs tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    return Original(DetectSettings()), Mtcnn(DetectSettings())


def assert_alike(both, image, least=0):
    """The same faces: IoU ≥ 0.98, scores within 0.01, landmarks within 1 px of the picture the detector sees."""
    theirs, ours = (detector.detect(image) for detector in both)
    assert len(theirs) == len(ours) >= least
    if len(ours):
        overlap = iou(theirs.xyxy, ours.xyxy)
        same = overlap.argmax(axis=1)
        assert sorted(same) == list(range(len(ours))) and overlap.max(axis=1).min() >= 0.98
        assert np.abs(theirs.score - ours.score[same]).max() <= 0.01
        assert np.abs(theirs.landmarks - ours.landmarks[same]).max() <= max(1, *(side / 640 for side in image.shape[:2]))


def drawn_pictures():
    noise = np.random.default_rng(0).integers(0, 256, (97, 131, 3), np.uint8)
    yield "nothing", np.zeros((61, 97, 3), np.uint8), 0
    yield "noise", noise, 0
    yield "one", drawn_face(), 1
    yield "small", drawn_face((201, 163), (90, 80), 40), 1
    yield "over the edge", np.ascontiguousarray(drawn_face((320, 240), (60, 70), 180)), 1
    yield "large", drawn_face((900, 700), (450, 350), 600), 1
    crowd = [[drawn_face((160, 150), (80 + 9 * i, 75), 60 + 15 * j) for i in range(3)] for j in range(3)]
    yield "crowd", np.vstack([np.hstack(row) for row in crowd]), 9


@pytest.mark.parametrize(("image", "least"), [pytest.param(i, n, id=name) for name, i, n in drawn_pictures()])
def test_drawn_faces_are_those_that_the_package_finds(both, image, least):
    assert_alike(both, image, least)


@pytest.mark.skipif(not (SHARED / "films").is_dir(), reason="no films in ../shared/films")
@pytest.mark.parametrize("film", ["corridor_three.gif", "classroom.gif"])
def test_faces_of_real_films_are_those_that_the_package_finds(both, film):
    with av.open(str(SHARED / "films" / film)) as opened:
        frames = [frame.to_ndarray(format="bgr24") for frame in opened.decode(video=0)][::12]
    assert len(frames) >= 3
    for frame in frames:
        assert_alike(both, frame, 2)


@pytest.mark.skipif(not (SHARED / "identity").is_dir(), reason="no photographs in ../shared/identity")
@pytest.mark.parametrize("name", ["img10", "img26", "img47", "img62", "couple", "selfie-many-people"])
def test_faces_of_photographs_are_those_that_the_package_finds(both, name):
    assert_alike(both, cv2.imread(str(SHARED / "identity" / f"{name}.jpg")), 1)
