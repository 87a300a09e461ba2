"""One contract for every embedder that can be opened here, and each one's own ways of failing."""

import sys

import cv2
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from fer_core import embed, geometry, inference, weights
from fer_core.embed import onnx_model
from fer_core.embed.base import unit_rows
from fer_core.errors import UnknownBackendError, WeightsError, WeightsMismatchError
from fer_core.settings import EMBEDDER_FITS, fit_for
from fer_core.types import Faces
from tests import contracts
from tests.contracts import FACE, MARKS
from tests.drawn_face import drawn_face

NAMES = ("mobilefacenet", "dlib", "toy_sface", "deepface:Facenet512", "deepface:DeepID")


def toy_network(path, shape, dim, *, planes_last=False):
    """A network from one picture to `dim` numbers: a coarse picture times fixed random weights."""
    height, width = shape
    side = 8
    cells = 3 * (height // side) * (width // side)
    matrix = np.random.default_rng(0).normal(0, 1, (cells, dim)).astype(np.float32)
    picture = [None, height, width, 3] if planes_last else [1, 3, height, width]
    nodes = [helper.make_node("Transpose" if planes_last else "Identity", ["picture"], ["planes"])]
    if planes_last:
        nodes[0].attribute.append(helper.make_attribute("perm", [0, 3, 1, 2]))
    nodes += [
        helper.make_node("AveragePool", ["planes"], ["cells"], kernel_shape=[side] * 2, strides=[side] * 2),
        helper.make_node("Flatten", ["cells"], ["row"]),
        helper.make_node("MatMul", ["row", "matrix"], ["code"]),
    ]
    graph = helper.make_graph(
        nodes, "toy", [helper.make_tensor_value_info("picture", TensorProto.FLOAT, picture)],
        [helper.make_tensor_value_info("code", TensorProto.FLOAT, [picture[0], dim])],
        [numpy_helper.from_array(matrix, "matrix")],
    )  # fmt: skip
    return contracts.save_network(graph, path)


@pytest.fixture(scope="module", autouse=True)
def deepface_home(tmp_path_factory):
    """The folder in which deepface looks for weights, with toy networks in the place of two of its models."""
    with contracts.deepface_folder(tmp_path_factory.mktemp("home")) as folder:
        toy_network(folder / "facenet512_weights.onnx", (160, 160), 512, planes_last=True)
        toy_network(folder / "deepid_weights.onnx", (55, 47), 160, planes_last=True)
        yield folder


@pytest.fixture(scope="module")
def toy_file(tmp_path_factory):
    return toy_network(tmp_path_factory.mktemp("toy") / "sface.onnx", (112, 112), 128)


@pytest.fixture(scope="module")
def opened(deepface_home, toy_file):
    """Opens an embedder once; skips by name where its weights are not here."""
    known = {}

    def open_once(name):
        if name == "mobilefacenet" and weights.find(weights.card(name)) is None:
            pytest.skip(f"no weights of {name}: name their folder in {weights.ENVIRONMENT}")
        if name not in known:
            toy = name == "toy_sface"
            known[name] = onnx_model.OnnxEmbedder(name, toy_file, 0.0, 1.0) if toy else embed.open_embedder(name)
        return known[name]

    return open_once


every = pytest.mark.parametrize("name", NAMES)


# the contract


@every
def test_no_faces_give_no_rows(opened, name):
    embedder = opened(name)
    assert embedder.name == name
    contracts.no_faces_give_no_rows(embedder.embed, embedder.embed_many, embedder.dim)


@every
@contracts.any_size
def test_any_size_gives_rows_of_length_one(opened, name, shape):
    rows = contracts.rows_at(opened(name).embed, shape)
    assert rows.shape == (1, opened(name).dim) and rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)


@every
def test_a_grey_or_black_picture_and_a_box_outside_it_still_give_directions(opened, name):
    outside = Faces([[20, 20, 20, 20]], [0.1])
    rows = [opened(name).embed(contracts.grey_face(), FACE), opened(name).embed(np.zeros((9, 9, 3), np.uint8), outside)]
    assert np.linalg.norm(np.concatenate(rows), axis=1) == pytest.approx(1, abs=1e-5)


@every
def test_the_same_face_twice_is_the_same_row_and_the_picture_is_left_alone(opened, name):
    rows = contracts.leaves_alone(lambda image: opened(name).embed(image, FACE[[0, 0]]), drawn_face())
    assert np.array_equal(rows[0], rows[1])


@every
def test_many_pictures_are_answered_in_their_order(opened, name):
    images = [drawn_face(), drawn_face()[:, ::-1], drawn_face()]
    turned = Faces([[104, 50, 214, 195]], [0.9], [MARKS[[1, 0, 2, 4, 3]] * (-1, 1) + (319, 0)])
    rows = opened(name).embed_many(images, [FACE, turned, Faces.none()])
    alone = np.concatenate([opened(name).embed(images[0], FACE), opened(name).embed(images[1], turned)])
    assert np.allclose(rows, alone, atol=1e-5)


@every
def test_two_threads_see_what_one_sees(opened, name):
    images = [drawn_face(), np.ascontiguousarray(drawn_face()[:, ::-1])]
    alone, together = contracts.in_two_threads(contracts.face_by_face(opened(name).embed), images)
    # The library may add up in another order when cores are busy
    assert np.allclose(np.concatenate(alone), np.concatenate(together), atol=1e-5)


@every
@contracts.no_image
def test_what_is_no_image_is_refused(opened, name, image):
    contracts.refuses(contracts.face_by_face(opened(name).embed), image)


def test_rows_are_brought_to_length_one():
    assert unit_rows(np.zeros((0, 4))).shape == (0, 4)
    assert unit_rows(np.array([[3.0, 4.0], [0.0, 0.0], [0.0, -1e-12]])).tolist() == [
        [pytest.approx(0.6), pytest.approx(0.8)], [1, 0], [0, -1],
    ]  # fmt: skip


# what goes into the networks


def test_sface_is_fed_as_opencv_feeds_it(opened, toy_file):
    image = np.random.default_rng(1).integers(0, 256, (112, 112, 3), np.uint8)
    theirs = cv2.FaceRecognizerSF.create(str(toy_file), "").feature(image)
    marks = Faces([[0, 0, 112, 112]], [1.0], [geometry.ARCFACE_TEMPLATE])
    # bfloat16, where the processor has it, keeps 8 bits of each number; channels in the wrong order differ by 0.1
    assert opened("toy_sface").embed(image, marks) == pytest.approx(unit_rows(theirs), abs=2e-3)


def test_deepface_s_model_gets_what_deepface_would_give_it(opened):
    from deepface.modules import representation  # deepface.DeepFace would switch TensorFlow to another Keras for good

    image, side = drawn_face((224, 224), (112, 112), 160), 224
    faces = Faces([[0, 0, side, side]], [1.0])
    theirs = representation.represent(image, model_name="DeepID", detector_backend="skip", enforce_detection=False)
    assert opened("deepface:DeepID").embed(image, faces) == pytest.approx(unit_rows([theirs[0]["embedding"]]), abs=1e-4)


def test_landmarks_say_where_to_look(opened):
    """The same face, turned and enlarged with its landmarks, is the same to an embedder."""
    embedder = opened("dlib")
    matrix = cv2.getRotationMatrix2D((160, 120), 25, 1.3)
    turned = cv2.warpAffine(drawn_face(), matrix, (360, 300), borderMode=cv2.BORDER_REPLICATE)
    marks = MARKS @ matrix[:, :2].T + matrix[:, 2]
    first, second = embedder.embed(drawn_face(), FACE), embedder.embed(turned, Faces(FACE.xyxy, [0.9], [marks]))
    assert float(first[0] @ second[0]) > 0.99


# opening by name


def test_an_unknown_name_lists_the_known():
    assert embed.names() == ("mobilefacenet", "dlib", "sface", "deepface")
    for name in ("", "facenet", "dlib:x"):
        with pytest.raises(UnknownBackendError, match="known are mobilefacenet, dlib, sface, deepface and deepface:NAME"):
            embed.open_embedder(name)


@pytest.mark.parametrize("name", ["deepface:", "deepface:nope"])
def test_an_unknown_model_of_deepface_lists_deepface_s(name):
    with pytest.raises(UnknownBackendError, match="it has VGG-Face, OpenFace, Facenet"):
        embed.open_embedder(name)


def test_plain_deepface_is_facenet512():
    assert embed.open_embedder("deepface").name == "deepface:Facenet512"


@pytest.mark.parametrize("name", [name for name in embed.names() if name != "deepface"])
def test_every_embedder_has_a_card(name):
    assert weights.card(name).kind == "embedder"


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """No weights anywhere, and no way to fetch any."""
    monkeypatch.setenv(weights.ENVIRONMENT, str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(weights, "folders", lambda card: (tmp_path,))
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_the_next_default_steps_in_and_says_so(nowhere):
    told = []
    assert embed.open_default(told.append).name == "dlib"
    assert len(told) == 1 and told[0].startswith("dlib steps in for the embedder mobilefacenet: ")


@pytest.mark.parametrize("name", ["mobilefacenet", "sface"])
def test_a_wrong_file_is_never_stepped_over(nowhere, name):
    (nowhere / weights.card(name).file).write_bytes(b"not it")
    with pytest.raises(WeightsMismatchError, match=weights.card(name).file):
        embed.open_embedder(name)


def test_a_wrong_default_is_never_stepped_over(nowhere):
    (nowhere / "mobilefacenet.onnx").write_bytes(b"not it")
    with pytest.raises(WeightsMismatchError, match="mobilefacenet"):
        embed.open_default(pytest.fail)


@pytest.mark.parametrize("name", ["mobilefacenet", "sface"])
def test_a_named_embedder_without_weights_is_an_error(nowhere, name):
    with pytest.raises(WeightsError, match=weights.ENVIRONMENT):
        embed.open_embedder(name)


def test_a_model_of_deepface_without_weights_is_an_error(nowhere):
    with pytest.raises(WeightsError, match="can't open its model GhostFaceNet"):
        embed.open_embedder("deepface:GhostFaceNet")


def test_a_file_that_is_no_such_network_is_named(tmp_path):
    (tmp_path / "text.onnx").write_bytes(b"not a network")
    with pytest.raises(WeightsError, match=r"text\.onnx: ONNX Runtime can't load it"):
        onnx_model.OnnxEmbedder("x", tmp_path / "text.onnx", 0.0, 1.0)
    with pytest.raises(WeightsError, match=r"wide\.onnx: expected a network from 1×3×112×112"):
        onnx_model.OnnxEmbedder("x", toy_network(tmp_path / "wide.onnx", (96, 128), 4), 0.0, 1.0)


@pytest.mark.parametrize("package", ["dlib", "deepface"])
def test_a_missing_package_is_named(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, "deepface.modules", raising=False)
    with pytest.raises(WeightsError, match=f"The embedder {package} needs the package {package}"):
        embed.open_embedder(package)


def test_dlib_without_its_weights_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(WeightsError, match="face_recognition_models"):
        embed.open_embedder("dlib")


# fits


@pytest.mark.parametrize(
    ("name", "middle"),
    [("", 0.5), ("deepface:Nobody", 0.5), ("deepface:Facenet512", 0.7), ("sface", 0.363)],
)
def test_an_embedder_that_was_not_fitted_has_its_published_threshold(name, middle):
    fit = fit_for(name)
    assert fit.slope * middle + fit.intercept == pytest.approx(0) and "not fitted" in fit.origin


def test_the_defaults_are_fitted():
    assert set(embed.DEFAULTS) <= EMBEDDER_FITS.keys()
    for fit in EMBEDDER_FITS.values():
        assert fit.slope > 0 > fit.intercept and fit.origin


# golden numbers


@pytest.mark.parametrize(
    ("name", "first"),
    [("mobilefacenet", (0.0363, -0.0684, 0.0339, -0.1358)), ("dlib", (-0.1210, 0.0402, 0.0138, -0.0579))],
)
def test_golden_numbers(opened, name, first, monkeypatch):
    """ONNX Runtime and dlib add up in an order that depends on the processor: the third decimal may differ.

    In bfloat16, where OpenVINO computes in it, the row still points the same way.
    """
    told = opened(name).embed(drawn_face(), FACE)[0]
    monkeypatch.setattr(inference, "_openvino", lambda: None)
    row = embed.open_embedder(name).embed(drawn_face(), FACE)[0]
    assert row[:4] == pytest.approx(first, abs=2e-3)
    assert row @ told > 0.999
