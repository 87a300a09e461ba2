"""One contract for every expression model that can be opened here, and each one's own ways of failing."""

import sys

import cv2
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from fer_core import emotion, geometry, weights
from fer_core.emotion.base import face_crops, fitted, summing_to_one
from fer_core.emotion.onnx_model import OnnxEmotion
from fer_core.errors import UnknownBackendError, WeightsError, WeightsMismatchError
from fer_core.settings import ExpressionFit
from fer_core.types import EXPRESSIONS, Faces
from tests import contracts
from tests.contracts import FACE
from tests.drawn_face import drawn_face

NAMES = ("moodgate", "toy", "deepface")


def toy_network(
    path, *, heads=("votes", "fer2013"), classes=7, shape=(48, 48, 1), batch=None, softmax=True, labels=None, kind=np.float32
):
    """A network from grey pictures to probabilities: the picture times fixed random weights, other ones for each output."""
    rng = np.random.default_rng(0)
    given = TensorProto.FLOAT if kind == np.float32 else TensorProto.DOUBLE
    nodes, constants = [helper.make_node("Flatten", ["face"], ["row"])], []
    for head in heads:
        matrix = rng.normal(0, 0.001, (int(np.prod(shape)), classes)).astype(kind)
        constants.append(numpy_helper.from_array(matrix, f"{head}_w"))
        nodes.append(helper.make_node("MatMul", ["row", f"{head}_w"], [f"{head}_logits"]))
        nodes.append(helper.make_node("Softmax" if softmax else "Identity", [f"{head}_logits"], [head]))
    told = [helper.make_tensor_value_info(head, given, [batch, classes]) for head in heads]
    graph = helper.make_graph(nodes, "toy", [helper.make_tensor_value_info("face", given, [batch, *shape])], told, constants)
    return contracts.save_network(graph, path, **({"labels": ", ".join(labels)} if labels else {}))


@pytest.fixture(scope="module", autouse=True)
def deepface_home(tmp_path_factory):
    """The folder in which deepface looks for weights, with a toy network in the place of its own."""
    with contracts.deepface_folder(tmp_path_factory.mktemp("home")) as folder:
        yield folder


@pytest.fixture(scope="module")
def opened(deepface_home, tmp_path_factory):
    """Opens a model once."""
    known = {}
    toy = toy_network(tmp_path_factory.mktemp("toy") / "toy.onnx")

    def open_once(name):
        if name == "deepface":
            toy_network(deepface_home / "facial_expression_model_weights.onnx", heads=("told",))
        if name not in known:
            known[name] = emotion.open_emotion(str(toy) if name == "toy" else name)
        return known[name]

    return open_once


every = pytest.mark.parametrize("name", NAMES)


# the contract


@every
def test_no_faces_give_no_rows(opened, name):
    model = opened(name)
    assert model.name == name or model.name.endswith("toy.onnx")
    assert model.labels == EXPRESSIONS
    contracts.no_faces_give_no_rows(model.predict, model.predict_many, 7)


def is_shares(rows, n):
    return rows.shape == (n, 7) and rows.dtype == np.float32 and rows.min() >= 0 and np.allclose(rows.sum(axis=1), 1, atol=1e-5)


@every
@contracts.any_size
def test_any_size_gives_rows_that_sum_to_one(opened, name, shape):
    assert is_shares(contracts.rows_at(opened(name).predict, shape), 1)


@every
def test_a_grey_or_black_picture_and_a_box_outside_it_still_give_shares(opened, name):
    assert is_shares(opened(name).predict(contracts.grey_face(), FACE), 1)
    assert is_shares(
        opened(name).predict(np.zeros((9, 9, 3), np.uint8), Faces([[20, 20, 20, 20], [0, 0, 9, 9]], [0.1, 0.2])), 2
    )


@every
def test_the_same_face_twice_is_the_same_row_and_the_picture_is_left_alone(opened, name):
    rows = contracts.leaves_alone(lambda image: opened(name).predict(image, FACE[[0, 0]]), drawn_face())
    assert np.allclose(rows[0], rows[1], atol=1e-6)


@every
def test_many_pictures_are_answered_in_their_order(opened, name):
    images = [drawn_face(), 255 - drawn_face(), drawn_face()]
    rows = opened(name).predict_many(images, [FACE, FACE[[0, 0]], Faces.none()])
    alone = [opened(name).predict(image, FACE) for image in images[:2]]
    assert np.allclose(rows, np.concatenate([alone[0], alone[1], alone[1]]), atol=1e-5)
    assert not np.allclose(rows[0], rows[1], atol=1e-3)


@every
def test_two_threads_see_what_one_sees(opened, name):
    images = [drawn_face(), 255 - drawn_face()] * 2
    alone, together = contracts.in_two_threads(contracts.face_by_face(opened(name).predict), images)
    # The library may add up in another order when cores are busy
    assert np.allclose(np.concatenate(alone), np.concatenate(together), atol=1e-5)


@every
@contracts.no_image
def test_what_is_no_image_is_refused(opened, name, image):
    contracts.refuses(contracts.face_by_face(opened(name).predict), image)


# how a face is cut


def test_faces_are_cut_as_fer2013_cut_them():
    assert face_crops(drawn_face(), Faces.none()) == []
    (crop,) = face_crops(drawn_face(), FACE)
    assert crop.shape == (48, 48) and crop.dtype == np.uint8
    for x, y in geometry.FER_TEMPLATE[:2]:
        eye = crop[int(y) - 3 : int(y) + 5, int(x) - 4 : int(x) + 5]
        assert eye.min() < crop.mean() - 40  # the pupils are where the template wants them


def test_rows_are_brought_to_a_sum_of_one():
    assert summing_to_one(np.zeros((0, 7))).shape == (0, 7)
    assert summing_to_one(np.array([[1.0, 3.0]])).tolist() == [[0.25, 0.75]]


# files


def test_votes_are_read_and_the_other_head_on_request(tmp_path):
    model = OnnxEmotion(toy_network(tmp_path / "two.onnx", heads=("fer2013", "votes")), threads=1)
    faces = np.random.default_rng(0).integers(0, 256, (300, 48, 48), np.uint8)
    votes, fer2013 = model.probabilities(faces), model.probabilities(faces, "fer2013")
    assert model.probabilities(faces[:0]).shape == (0, 7)
    assert votes.shape == (300, 7) and np.array_equal(votes, model.probabilities(faces, "votes"))
    assert not np.allclose(votes, fer2013, atol=1e-3)
    assert np.allclose(votes[299:], model.probabilities(faces[299:]), atol=1e-5)


def test_one_output_of_any_name_answers_for_every_head(tmp_path):
    model = OnnxEmotion(toy_network(tmp_path / "one.onnx", heads=("told",)))
    faces = np.zeros((1, 48, 48), np.uint8)
    assert np.array_equal(model.probabilities(faces, "fer2013"), model.probabilities(faces))


def test_columns_in_another_order_are_put_into_ours(tmp_path):
    faces = np.random.default_rng(0).integers(0, 256, (2, 48, 48), np.uint8)
    ours = OnnxEmotion(toy_network(tmp_path / "ours.onnx"))
    theirs = OnnxEmotion(toy_network(tmp_path / "theirs.onnx", labels=EXPRESSIONS[::-1]))
    assert theirs.labels == EXPRESSIONS
    assert np.array_equal(theirs.probabilities(faces), ours.probabilities(faces)[:, ::-1])


def test_a_shop_s_own_classes_are_read_from_the_file_or_from_its_card(tmp_path):
    inside = toy_network(tmp_path / "inside.onnx", classes=3, labels=("glad", "so-so", "cross"))
    beside = toy_network(tmp_path / "beside.onnx", classes=2)
    card = 'kind = "emotion"\ntitle = "x"\nlicence = "x"\nsource = "x"\nfile = "beside.onnx"\nlabels = ["glad", "cross"]\n'
    beside.with_suffix(".toml").write_text(card, encoding="utf-8")
    assert emotion.open_emotion(str(inside)).labels == ("glad", "so-so", "cross")
    model = emotion.open_emotion(str(beside))
    assert model.labels == ("glad", "cross") and model.predict(drawn_face(), FACE).shape == (1, 2)


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        ({"shape": (64, 64, 1)}, r"expected one input \(n, 48, 48, 1\) of float32, n left open, not face"),
        ({"shape": (48, 48, 3)}, r"expected one input \(n, 48, 48, 1\)"),
        ({"batch": 1}, "n left open"),
        ({"kind": np.float64}, "of float32"),
        ({"heads": ("one", "two")}, "of its outputs one, two none is called votes"),
        ({"classes": 5}, "5 columns, but 7 different labels"),
        ({"classes": 3, "labels": ("a", "b")}, "3 columns, but 2 different labels"),
        ({"softmax": False}, "does not hold probabilities that sum to 1"),
    ],
    ids=str,
)
def test_a_network_of_another_kind_is_told_in_a_sentence(tmp_path, made, sentence):
    path = toy_network(tmp_path / "other.onnx", **made)
    with pytest.raises(WeightsError, match=rf"other\.onnx: .*{sentence}"):
        emotion.open_emotion(str(path))


def test_a_file_that_is_missing_or_no_network_is_named(tmp_path):
    (tmp_path / "text.onnx").write_bytes(b"not a network")
    with pytest.raises(WeightsError, match=r"text\.onnx: ONNX Runtime can't load it"):
        emotion.open_emotion(str(tmp_path / "text.onnx"))
    with pytest.raises(WeightsError, match=r"none\.onnx: no such file"):
        emotion.open_emotion(str(tmp_path / "none.onnx"))


# opening by name


def test_an_unknown_name_lists_the_known():
    assert emotion.names() == ("moodgate", "deepface")
    for name in ("", "fer", "model.h5"):
        with pytest.raises(UnknownBackendError, match=r"known are moodgate, deepface and the path of an \.onnx file"):
            emotion.open_emotion(name)


def test_the_default_is_our_own():
    assert emotion.open_default(pytest.fail).name == "moodgate"


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """No weights of ours anywhere, and no way to fetch any."""
    monkeypatch.setattr(weights, "folders", lambda card: (tmp_path,))
    monkeypatch.setattr(weights, "cache_folder", lambda: tmp_path)
    return tmp_path


def test_the_next_default_steps_in_and_says_so(opened, nowhere):
    opened("deepface")
    told = []
    assert emotion.open_default(told.append).name == "deepface"
    assert len(told) == 1 and told[0].startswith("deepface steps in for the expression model moodgate: ")
    with pytest.raises(WeightsError):
        emotion.open_emotion("moodgate")


def test_a_wrong_file_is_never_stepped_over(nowhere):
    (nowhere / "expression.onnx").write_bytes(b"not it")
    with pytest.raises(WeightsMismatchError, match=r"expression\.onnx"):
        emotion.open_default(pytest.fail)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "deepface.modules", None)
    with pytest.raises(WeightsError, match="The expression model deepface needs the package deepface"):
        emotion.open_emotion("deepface")


def test_deepface_without_its_weights_is_an_error(monkeypatch, tmp_path):
    from deepface.modules import modeling

    monkeypatch.setattr(modeling, "cached_models", {task: {} for task in modeling.AVAILABLE_MODELS}, raising=False)
    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match="can't open its expression model"):
        emotion.open_emotion("deepface")


def test_deepface_s_network_gets_what_deepface_would_give_it(opened):
    from deepface.modules import demography  # deepface.DeepFace would switch TensorFlow to another Keras for good

    crop = face_crops(drawn_face(), FACE)[0]
    options = {"actions": ["emotion"], "detector_backend": "skip", "enforce_detection": False, "silent": True}
    theirs = demography.analyze(cv2.cvtColor(crop, cv2.COLOR_GRAY2BGR), **options)[0]["emotion"]
    ours = opened("deepface").predict(drawn_face(), FACE)[0]
    # deepface enlarges the picture to 224 px and shrinks it again
    assert ours == pytest.approx([theirs[label] / 100 for label in EXPRESSIONS], abs=0.02)


# the model in models/, whatever it is


def test_a_drawn_smile_reads_as_happier_than_a_hanging_mouth():
    model = emotion.open_emotion("moodgate")
    valence = np.array([-1, -1, -1, 1, -1, 0, 0])
    smile, sad = (float(model.predict(_mouthed(bend), FACE)[0] @ valence) for bend in (1, -1))
    assert smile > sad + 0.2


def _mouthed(bend):
    """The drawn face with its mouth painted over: corners up (1) or down (-1)."""
    image = drawn_face()
    cv2.ellipse(image, (160, 160), (26, 12), 0, 0, 360, (160, 190, 228), -1, cv2.LINE_AA)
    cv2.ellipse(
        image, (160, 160 - 8 * bend), (24, 14), 0, *((15, 165) if bend > 0 else (195, 345)), (60, 60, 130), 4, cv2.LINE_AA
    )
    return image


def test_a_fit_scales_and_shifts_in_the_logarithms():
    rows = np.array([[0.1, 0.1, 0.1, 0.3, 0.1, 0.1, 0.2]], np.float32)
    neutral = ExpressionFit(1.0, (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0))
    assert fitted(rows, neutral)[0].argmax() == 6
    assert fitted(rows, ExpressionFit(3.0, (0.0,) * 7))[0, 3] > 0.6
    assert fitted(rows, neutral).sum() == pytest.approx(1, abs=1e-6)


def test_a_fit_changes_what_is_predicted_but_not_what_is_judged(tmp_path):
    path = toy_network(tmp_path / "votes.onnx")
    plain, shifted = OnnxEmotion(path), OnnxEmotion(path, fit=ExpressionFit(1.0, (0.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0)))
    faces = np.arange(2 * 48 * 48, dtype=np.int64).reshape(2, 48, 48).astype(np.uint8)
    assert np.array_equal(plain.probabilities(faces), shifted.probabilities(faces))
    image, face = np.full((80, 80, 3), 90, np.uint8), Faces(np.array([[10, 10, 70, 70]], np.float32), np.ones(1, np.float32))
    assert shifted.predict(image, face)[0].argmax() == 1
    assert plain.predict(image, face)[0].argmax() != 1
