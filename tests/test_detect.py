"""One contract for every detector that can be opened here, and each one's own ways of failing."""

import bz2
import importlib.util
import os
import shutil
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from onnx import TensorProto, helper

from fer_core import detect, weights
from fer_core.detect.base import ScalingDetector, by_side
from fer_core.errors import UnknownBackendError, WeightsError, WeightsMismatchError
from fer_core.settings import DetectSettings
from fer_core.types import Faces
from tests import contracts
from tests.drawn_face import drawn_face

SETTINGS = DetectSettings()
FILMS = Path(__file__).parents[2] / "shared" / "films"
REAL = ("yunet", "mtcnn", "haar", "dlib_hog", "deepface:mtcnn", "deepface:dlib", "deepface:yunet")
LEAST_SCORE = {"deepface:dlib": 0.0}


# A RetinaFace that the test can make: its package's own nine outputs, but a face is a white cell of 16 px.


def toy_retinaface(path):
    """Write it where the package looks for its weights."""
    nodes, outputs = [helper.make_node("Transpose", ["picture"], ["planes"], perm=[0, 3, 1, 2])], []
    for stride in (32, 16, 8):
        cells = f"cells{stride}"
        nodes.append(helper.make_node("AveragePool", ["planes"], [cells], kernel_shape=[stride] * 2, strides=[stride] * 2))
        for head, gain, offset, last in _heads(stride):
            nodes += _head(f"{head}{stride}", cells, gain, offset, last)
            outputs.append(helper.make_tensor_value_info(f"{head}{stride}", TensorProto.FLOAT, [None, None, None, len(offset)]))
    shape = [None, None, None, 3]
    graph = helper.make_graph(nodes, "toy", [helper.make_tensor_value_info("picture", TensorProto.FLOAT, shape)], outputs)
    contracts.save_network(graph, path)


def _heads(stride):
    """Name, weight of the cell's brightness, offsets, last step: score of two boxes, their shifts, their five points."""
    white = np.array([0, 0, 0, 0.1], np.float32)
    yield "score", white, np.full(4, -22.0 if stride == 16 else -99.0, np.float32), "Sigmoid"
    yield "box", np.zeros(8, np.float32), np.zeros(8, np.float32), "Identity"
    # x, y in widths from the middle; "right" and "left" the wrong way round, as a careless library might have them
    points = [0.2, -0.2, -0.2, -0.2, 0.0, 0.0, 0.15, 0.25, -0.15, 0.25]
    yield "points", np.zeros(20, np.float32), np.array(points * 2, np.float32), "Identity"


def _head(name, cells, gain, offset, last):
    weight = np.repeat(gain[:, None, None, None] / 3, 3, axis=1)
    constants = {f"{name}_w": weight, f"{name}_b": offset}
    for key, value in constants.items():
        tensor = helper.make_tensor(key, TensorProto.FLOAT, value.shape, value.ravel())
        yield helper.make_node("Constant", [], [key], value=tensor)
    yield helper.make_node("Conv", [cells, *constants], [f"{name}_planes"])
    yield helper.make_node("Transpose", [f"{name}_planes"], [f"{name}_rows"], perm=[0, 2, 3, 1])
    yield helper.make_node(last, [f"{name}_rows"], [name])


@pytest.fixture(scope="module", autouse=True)
def deepface_home(tmp_path_factory):
    """The folder in which deepface and retina-face look for weights, with those that a test can make or has."""
    with contracts.deepface_folder(tmp_path_factory.mktemp("home")) as folder:
        toy_retinaface(folder / "retinaface.onnx")
        _copy(_package_file("shape_predictor_5_face_landmarks.dat"), folder)
        if (yunet := weights.find(weights.card("yunet"))) is not None:
            shutil.copy(yunet, folder / "face_detection_yunet_2023mar.onnx")
        yield folder


def _package_file(name):
    spec = importlib.util.find_spec("face_recognition_models")
    return Path(spec.submodule_search_locations[0]) / "models" / name if spec else None


def _copy(source, folder):
    if source is not None and source.is_file():
        shutil.copy(source, folder)


@pytest.fixture(scope="module")
def opened(deepface_home):
    """Opens a detector once; skips by name where its weights are not here."""
    known = {}

    def open_once(name):
        needs = {"yunet": "yunet", "deepface:yunet": "yunet", "haar": "haar"}.get(name)
        if needs and weights.find(weights.card(needs)) is None:
            pytest.skip(f"no weights of {needs}: name their folder in {weights.ENVIRONMENT}")
        if name not in known:
            known[name] = detect.open_detector(name, DetectSettings(min_score=LEAST_SCORE.get(name, SETTINGS.min_score)))
        return known[name]

    return open_once


every = pytest.mark.parametrize("name", [*REAL, "retinaface", "deepface:retinaface"])
real = pytest.mark.parametrize("name", REAL)


def white_cell(size=(320, 240), cell=(10, 8)):
    """What the toy RetinaFace takes for a face: one white cell of its middle grid on black."""
    image = np.zeros((size[1], size[0], 3), np.uint8)
    image[cell[1] * 16 : cell[1] * 16 + 16, cell[0] * 16 : cell[0] * 16 + 16] = 255
    return image


def scene_of(name):
    return white_cell() if "retinaface" in name else drawn_face()


# the contract


@every
@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (15, 40), (33, 31), (61, 97), (240, 180)], ids=str)
def test_nothing_is_found_where_there_is_nothing(opened, name, shape):
    grey = np.random.default_rng(0).integers(100, 156, (*shape, 1), np.uint8).repeat(3, axis=2)
    for image in (np.zeros((*shape, 3), np.uint8), grey):
        faces = opened(name).detect(image)
        assert isinstance(faces, Faces) and len(faces) == 0


@every
def test_the_face_is_found_and_described(opened, name):
    image = scene_of(name)
    faces = opened(name).detect(image)
    assert opened(name).name == name
    # deepface enlarges the picture for RetinaFace, and the toy then sees several white cells
    assert len(faces) == 1 or (len(faces) > 1 and name == "deepface:retinaface")
    left, top, right, bottom = faces.xyxy[0]
    assert 0 <= left < right <= 320 and 0 <= top < bottom <= 240
    assert 0 <= faces.score[0] <= 1


@every
def test_landmarks_are_in_the_order_of_the_image(opened, name):
    faces = opened(name).detect(scene_of(name))
    if faces.landmarks is None:
        assert name == "haar" or name.startswith("deepface:")
        return
    left_eye, right_eye, nose, left_mouth, right_mouth = faces.landmarks[0]
    assert left_eye[0] < nose[0] < right_eye[0] and left_mouth[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


@real
def test_the_face_is_where_it_was_drawn(opened, name):
    faces = opened(name).detect(drawn_face(middle=(140, 130)))
    centre = (faces.xyxy[0, :2] + faces.xyxy[0, 2:]) / 2
    assert np.abs(centre - (140, 134)).max() < 19
    if faces.landmarks is not None:
        expected = np.array([(115, 120), (165, 120), (140, 145), (121, 168), (159, 168)])
        assert np.abs(faces.landmarks[0] - expected).max() < 11


@real
def test_a_large_picture_is_answered_in_its_own_pixels(opened, name):
    detector = opened(name)
    image = drawn_face((640, 240), (400, 120))
    small, large = detector.detect(image), detector.detect(cv2.resize(image, (1280, 480)))
    assert len(small) == len(large) == 1
    assert np.abs(large.xyxy - 2 * small.xyxy).max() < 2 * 8  # enlarging and shrinking again softens the edges


@every
def test_two_threads_see_what_one_sees(opened, name):
    images = [scene_of(name), np.ascontiguousarray(scene_of(name)[:, 60:]), np.zeros((61, 97, 3), np.uint8)]
    for one, other in zip(*contracts.in_two_threads(opened(name).detect, images), strict=True):
        assert np.array_equal(one.xyxy, other.xyxy) and np.array_equal(one.score, other.score)


@every
def test_the_picture_is_left_alone(opened, name):
    image = scene_of(name)
    seen = contracts.leaves_alone(opened(name).detect, image)
    turned = np.asfortranarray(image)
    assert np.array_equal(opened(name).detect(turned).xyxy, seen.xyxy)


@every
@contracts.no_image
def test_what_is_no_image_is_refused(opened, name, image):
    contracts.refuses(opened(name).detect, image)


# the base


class Given(ScalingDetector):
    """Answers with the faces it was given and remembers the picture it saw."""

    def __init__(self, faces, settings=SETTINGS):
        super().__init__("given", settings)
        self.faces, self.seen = faces, None

    def find(self, image):
        self.seen = image
        return self.faces


def test_no_faces_stay_no_faces():
    assert len(Given(Faces.none()).detect(np.zeros((4, 4, 3), np.uint8))) == 0
    assert Given(Faces.none(landmarks=False)).detect(np.zeros((4, 4, 3), np.uint8)).landmarks is None


@pytest.mark.parametrize(
    ("shape", "side", "seen"),
    [((1, 1), 640, (1, 1)), ((270, 480), 640, (270, 480)), ((1080, 1920), 640, (360, 640)), ((2000, 2), 640, (640, 1))],
)
def test_pictures_are_made_smaller_never_larger(shape, side, seen):
    detector = Given(Faces.none(), DetectSettings(max_side_px=side))
    detector.detect(np.zeros((*shape, 3), np.uint8))
    assert detector.seen.shape == (*seen, 3) and detector.seen.flags.c_contiguous


def test_answers_are_scaled_cut_off_sorted_and_sifted():
    xyxy = np.array([(10, 10, 20, 20), (-5, 30, 15, 400), (0, 0, 5, 5), (700, 0, 800, 9), (1, 1, np.nan, 2)], np.float32)
    faces = Faces(xyxy, np.array([0.7, 0.9, 0.5, 0.9, 0.9], np.float32), np.ones((5, 5, 2), np.float32))
    found = Given(faces).detect(np.zeros((720, 1280, 3), np.uint8))
    assert found.xyxy.tolist() == [[0, 60, 30, 720], [20, 20, 40, 40]]
    assert found.score.tolist() == pytest.approx([0.9, 0.7])
    assert found.landmarks is not None and (found.landmarks == 2).all()


def test_points_are_put_into_the_order_of_the_image():
    assert by_side(np.zeros((0, 5, 2), np.float32)).shape == (0, 5, 2)
    right = np.array([(1, 1), (3, 1), (2, 2), (1, 3), (3, 3)], np.float32)
    faces = np.stack([right, right[[1, 0, 2, 4, 3]], right[[1, 0, 2, 3, 4]]])
    assert (by_side(faces) == right).all()
    assert (faces[1] == right[[1, 0, 2, 4, 3]]).all()


# opening by name


def test_an_unknown_name_lists_the_known():
    assert detect.names() == ("yunet", "mtcnn", "haar", "dlib_hog", "retinaface", "deepface")
    for name in ("", "yunett", "yunet:x"):
        with pytest.raises(UnknownBackendError, match="known are yunet, mtcnn, haar, dlib_hog, retinaface, deepface"):
            detect.open_detector(name, SETTINGS)


@pytest.mark.parametrize("name", ["deepface:", "deepface:nope"])
def test_an_unknown_detector_of_deepface_lists_deepface_s(name):
    with pytest.raises(UnknownBackendError, match="it has opencv, mtcnn, ssd"):
        detect.open_detector(name, SETTINGS)


def test_plain_deepface_is_the_one_that_needs_no_download():
    assert detect.open_detector("deepface", SETTINGS).name == "deepface:mtcnn"


@pytest.mark.parametrize("name", detect.names())
def test_every_detector_has_a_card(name):
    assert weights.card(name).kind == "detector"


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """No weights anywhere, and no way to fetch any."""
    monkeypatch.setenv(weights.ENVIRONMENT, str(tmp_path))
    monkeypatch.setattr(weights, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(weights, "folders", lambda card: (tmp_path, tmp_path / "cache"))
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_the_next_default_steps_in_and_says_so(nowhere):
    told = []
    assert detect.open_default(SETTINGS, told.append).name == "mtcnn"
    assert len(told) == 1 and told[0].startswith("mtcnn steps in for the detector yunet: ")


def test_a_wrong_file_is_never_stepped_over(nowhere):
    (nowhere / weights.card("yunet").file).write_bytes(b"not it")
    with pytest.raises(WeightsMismatchError, match="yunet_n_dynamic"):
        detect.open_default(SETTINGS, pytest.fail)


@pytest.mark.parametrize("name", ["yunet", "haar"])
def test_a_named_detector_without_weights_is_an_error(nowhere, name):
    with pytest.raises(WeightsError, match=weights.ENVIRONMENT):
        detect.open_detector(name, SETTINGS)


def test_the_default_is_yunet_where_its_weights_are(opened):
    opened("yunet")
    assert detect.open_default(SETTINGS, pytest.fail).name == "yunet"


def test_haar_says_that_opencv_lacks_its_class(monkeypatch):
    monkeypatch.delattr(cv2, "CascadeClassifier", raising=False)
    with pytest.raises(WeightsError, match="opencv-contrib-python-headless"):
        detect.open_detector("haar", SETTINGS)


@pytest.mark.parametrize(("name", "package"), [("mtcnn", "mtcnn"), ("dlib_hog", "dlib"), ("retinaface", "retinaface")])
def test_a_missing_package_is_named(monkeypatch, name, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(WeightsError, match=f"The detector {name} needs"):
        detect.open_detector(name, SETTINGS)


def test_dlib_s_missing_landmarks_are_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(WeightsError, match="face_recognition_models"):
        detect.open_detector("dlib_hog", SETTINGS)


@pytest.mark.parametrize("name", ["deepface:centerface", "deepface:opencv", "deepface:ssd"])
def test_deepface_s_failed_download_is_an_error_at_opening(name):
    with pytest.raises(WeightsError, match=f"can't open its detector {name[9:]}"):
        detect.open_detector(name, SETTINGS)


def test_retinaface_s_failed_download_and_broken_file_are_errors(tmp_path, monkeypatch):
    from retinaface import RetinaFace

    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path))
    monkeypatch.delattr(RetinaFace, "model", raising=False)
    with pytest.raises(WeightsError, match=r"put them into .*weights"):
        detect.open_detector("retinaface", SETTINGS)
    weights.prepare_deepface().joinpath("retinaface.onnx").write_bytes(bz2.compress(b"not a network"))
    with pytest.raises(WeightsError, match=r"put them into .*weights"):
        detect.open_detector("retinaface", SETTINGS)


def test_opening_retinaface_leaves_stdout_and_warnings_alone(opened, capsys):
    import warnings

    before = list(warnings.filters)
    opened("retinaface").detect(white_cell())
    assert warnings.filters == before
    assert capsys.readouterr().out == ""


def test_the_toy_retinaface_s_face_is_where_its_boxes_say(opened):
    faces = opened("retinaface").detect(white_cell(cell=(10, 8)))
    assert faces.xyxy[0] == pytest.approx([10 * 16 - 24, 8 * 16 - 24, 10 * 16 + 39, 8 * 16 + 39], abs=1)
    assert faces.score[0] == pytest.approx(0.97, abs=0.01)


# real films


def sampled(path, samples_per_s=5.0):
    """The pictures of a film at that rate, by their own time."""
    due = 0.0
    with av.open(str(path)) as film:
        for frame in film.decode(video=0):
            if frame.time + 1e-6 >= due:
                due = frame.time + 1 / samples_per_s
                yield frame.to_ndarray(format="bgr24")


@pytest.mark.skipif(not os.path.isdir(FILMS), reason="no films in ../shared/films")
@pytest.mark.parametrize(("film", "truth", "least"), [("corridor_three.gif", 3, 0.95), ("classroom.gif", 4, 0.85)])
def test_yunet_finds_the_people_of_real_films(opened, film, truth, least):
    found = [len(opened("yunet").detect(image)) for image in sampled(FILMS / film)]
    assert len(found) > 5
    assert np.mean([min(n, truth) / truth for n in found]) >= least
    assert np.mean(found) <= truth + 0.25
