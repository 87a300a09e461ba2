"""dlib's network without dlib: what is read from its file, what is built of it, and that the two answer alike."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_core.embed import dlib_file, dlib_graph, dlib_resnet
from fer_core.embed.base import unit_rows
from fer_core.embed.dlib_file import AddPrev, Affine, Con, Fc, Mark, Network, Pool, Relu
from fer_core.embed.dlib_resnet import DlibResNet
from fer_core.errors import WeightsError
from fer_core.types import Faces
from tests.drawn_face import drawn_face

PHOTOGRAPHS = Path(__file__).parents[2] / "shared" / "identity"
TOLERANCE = 1e-5
"""Of numbers about 0.1 each: both add up float32, in different orders; 3e-7 was measured on photographs."""


@pytest.fixture(scope="module")
def ours():
    return DlibResNet()


@pytest.fixture(scope="module")
def theirs():
    import dlib

    return dlib.face_recognition_model_v1(str(dlib_resnet.weights_path()))


@pytest.fixture(scope="module")
def whole():
    """The bytes of the package's file."""
    return dlib_resnet.weights_path().read_bytes()


# the same numbers as dlib's


def assert_alike(ours, theirs, chips):
    """Both networks' rows for chips (150, 150, 3) BGR, before they are brought to length 1."""
    rows = ours.descriptors(chips)
    known = np.array([theirs.compute_face_descriptor(np.ascontiguousarray(chip[:, :, ::-1])) for chip in chips])
    assert rows.shape == known.shape and rows.dtype == np.float32
    assert np.abs(rows - known).max() <= TOLERANCE
    cosine = (rows * known).sum(axis=1) / np.linalg.norm(rows, axis=1) / np.linalg.norm(known, axis=1)
    assert cosine.min() >= 0.99999


def test_drawn_faces_are_to_us_what_they_are_to_dlib(ours, theirs):
    chip = drawn_face((150, 150), (75, 80), 120)
    noise = np.random.default_rng(0).integers(0, 256, chip.shape, np.uint8)
    assert_alike(ours, theirs, [chip, chip[:, ::-1], chip[:, :, ::-1], np.zeros_like(chip), noise])


@pytest.mark.skipif(not PHOTOGRAPHS.is_dir(), reason="no photographs in ../shared/identity")
def test_photographs_are_to_us_what_they_are_to_dlib(ours, theirs):
    files = sorted(PHOTOGRAPHS.glob("*.jpg"))[:4]
    assert_alike(ours, theirs, [cv2.resize(cv2.imread(str(file)), (150, 150), interpolation=cv2.INTER_AREA) for file in files])


def test_many_faces_go_through_in_batches_and_keep_their_order(ours):
    noise = np.random.default_rng(1).integers(0, 256, (2 * dlib_resnet.BATCH + 1, 150, 150, 3), np.uint8)
    alone = np.concatenate([ours.descriptors([chip]) for chip in noise])
    assert ours.descriptors(list(noise)) == pytest.approx(alone, abs=TOLERANCE)


def test_pictures_without_faces_take_no_row_and_are_checked(ours):
    face = Faces([[105, 50, 215, 195]], [0.9])
    rows = ours.embed_many([drawn_face(), drawn_face()], [Faces.none(), face])
    assert rows == pytest.approx(ours.embed(drawn_face(), face), abs=TOLERANCE)
    with pytest.raises(ValueError, match="must be"):
        ours.embed_many([np.zeros((9, 9), np.uint8)], [Faces.none()])
    with pytest.raises(ValueError, match="zip"):
        ours.embed_many([drawn_face()], [])


# the file


def test_the_file_holds_the_network_that_dlib_publishes():
    network = dlib_file.read(dlib_resnet.weights_path())
    counts = {kind: sum(isinstance(layer, kind) for layer in network.layers) for kind in (Con, Affine, AddPrev, Fc)}
    assert counts == {Con: 29, Affine: 29, AddPrev: 14, Fc: 1}
    assert network.size == (150, 150) and network.mean == pytest.approx([122.782, 117.001, 104.298])
    first = network.layers[0]
    assert first.weight.shape == (32, 3, 7, 7) and (first.stride, first.padding) == ((2, 2), (0, 0))
    assert network.layers[3] == Pool(True, (3, 3), (2, 2), (0, 0))


@pytest.mark.parametrize("length", [0, 1, 5, 18, 40, 300, 330, 350, 5_000, -7, -1])
def test_a_file_cut_short_is_named(whole, tmp_path, length):
    (tmp_path / "cut.dat").write_bytes(whole[:length])
    with pytest.raises(WeightsError, match=r"cut\.dat: is damaged or no network .*: it ends after \d+ bytes[^.]*\.$"):
        DlibResNet(tmp_path / "cut.dat")


@pytest.mark.parametrize(
    ("place", "byte", "cause"),
    [
        (0, 0, "an integer"),
        (4, ord("x"), "the loss loss_metric_2"),
        (29, 7, "a layer"),
        (293, ord("x"), "an input of RGB pictures"),
        (0x150, ord("x"), "a layer known here, not 'xon_4'"),
        (0x156, 9, "a tensor"),
        (0x157, 0, "an integer"),
        (0x163, 0x7F, "finite weights"),
        (-2, 0, "an integer"),
    ],
)
def test_a_changed_byte_is_told_apart(whole, tmp_path, place, byte, cause):
    data = bytearray(whole)
    data[place] = byte
    (tmp_path / "changed.dat").write_bytes(data)
    with pytest.raises(WeightsError, match=rf"changed\.dat: .*{cause}"):
        DlibResNet(tmp_path / "changed.dat")


def test_bytes_after_the_end_a_folder_and_nothing_are_named(whole, tmp_path):
    (tmp_path / "long.dat").write_bytes(whole + b"x")
    for name, cause in (("long.dat", "expected the end"), ("", "can't be read"), ("none.dat", "can't be read")):
        with pytest.raises(WeightsError, match=cause):
            DlibResNet(tmp_path / name)


@pytest.mark.parametrize("data", [b"", b"not a predictor"])
def test_a_damaged_predictor_is_named(tmp_path, data):
    (tmp_path / "points.dat").write_bytes(data)
    with pytest.raises(WeightsError, match=r"points\.dat: dlib can't load it"):
        DlibResNet(predictor=tmp_path / "points.dat")


# the chips


def test_landmarks_out_of_place_are_put_right(ours):
    """The chip hardly moves where a detector's landmarks are a little off or drawn apart."""
    marks = np.array([(135, 110), (185, 110), (160, 138), (141, 160), (179, 160)], np.float32)
    box = [[105, 50, 215, 195]]
    exact = ours.embed(drawn_face(), Faces(box, [0.9], [marks]))[0]
    for shifted in (marks + np.array([4, -3], np.float32), (marks - 160) * 1.1 + 160):
        assert float(ours.embed(drawn_face(), Faces(box, [0.9], [shifted]))[0] @ exact) > 0.998  # by the landmarks alone 0.99


def test_a_row_is_the_mean_of_the_face_s_and_its_mirror_image_s(ours):
    face = Faces([[105, 50, 215, 195]], [0.9])
    chip = ours.chips(drawn_face(), face)[0]
    both = unit_rows(ours.descriptors([chip, chip[:, ::-1]]))
    row = ours.embed(drawn_face(), face)[0]
    assert row == pytest.approx(unit_rows(both.sum(axis=0, keepdims=True))[0], abs=TOLERANCE)
    assert row != pytest.approx(both[0], abs=1e-3)


# what is built of it


def answered(layers, picture, dim=1, mean=(0.0, 0.0, 0.0)):
    """The codes (dim,) of a network of these layers for one picture (h, w, 3) uint8 RGB."""
    import onnxruntime

    network = Network(np.array(mean), picture.shape[:2], tuple(layers))
    session = onnxruntime.InferenceSession(dlib_graph.onnx_model(network, dim), providers=["CPUExecutionProvider"])
    return session.run(None, {"rgb": picture[None]})[0][0]


def ones(filters, channels, side=1, stride=1, weight=1.0):
    """A convolution of equal weights."""
    return Con(
        np.full((filters, channels, side, side), weight, np.float32), np.zeros(filters, np.float32), (stride,) * 2, (0, 0)
    )


WHOLE = Pool(False, (0, 0), (1, 1), (0, 0))
GREY = np.full((4, 4, 3), 64, np.uint8)


def test_no_layers_are_no_network():
    with pytest.raises(ValueError, match="does not end in 1 numbers"):
        answered([], GREY)


def test_pixels_lose_the_mean_and_are_divided_by_256():
    eye = Fc(np.eye(3, dtype=np.float32))
    colour = np.broadcast_to(np.array([128, 64, 0], np.uint8), (2, 2, 3))
    assert answered([WHOLE, eye], colour, 3, (64.0, 64.0, 64.0)) == pytest.approx([0.25, 0, -0.25])


def test_an_affine_layer_scales_and_shifts():
    layers = [
        ones(1, 3),
        Affine(np.array([2.0], np.float32), np.array([-1.0], np.float32)),
        WHOLE,
        Fc(np.ones((1, 1), np.float32)),
    ]
    assert answered(layers, GREY) == pytest.approx([0.5])
    layers.insert(2, Affine(np.array([-1.0], np.float32), np.array([0.0], np.float32)))
    layers.insert(3, Relu())
    assert answered(layers, GREY) == pytest.approx([0])


def test_add_prev_adds_the_last_tag():
    layers = [ones(1, 3), Mark(), ones(1, 1, weight=3.0), AddPrev(), WHOLE, Fc(np.ones((1, 1), np.float32))]
    assert answered(layers, GREY) == pytest.approx([0.75 + 2.25])


def test_a_block_that_halves_adds_what_skips_it_and_pads_with_zeros():
    """Two filters on a picture of 3 × 3 give 1 × 1; its pool gives 1 channel of 2 × 2: the sum is 2 channels of 2 × 2."""
    rows = np.repeat(np.arange(0, 192, 64, dtype=np.uint8)[:, None], 3, axis=1)
    picture = np.dstack([rows] * 3)  # 0, 0.25 and 0.5 from the top down
    halves = Pool(False, (2, 2), (1, 1), (0, 0))
    block = [ones(1, 3, weight=1 / 3), Mark(), ones(2, 1, side=3), Mark(), Mark(), halves, AddPrev()]
    pooled, convolved = np.array([0.125, 0.375]), 2.25
    expected = [(2 * pooled.sum() + convolved) / 4, convolved / 4]
    assert answered([*block, WHOLE, Fc(np.eye(2, dtype=np.float32))], picture, 2) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("layers", "cause"),
    [
        ([AddPrev()], "stands on no tag"),
        ([Mark(), Mark()], "no tag to go back to"),
        ([Affine(np.ones(3), np.ones(3))], "stands on no convolution"),
        ([ones(1, 4)], "of 4 channels stands on 3"),
        ([ones(1, 3, side=5)], r"a window \(5, 5\) stands on a picture \(4, 4\)"),
        ([Fc(np.ones((3, 1), np.float32))], "a matrix of 3 inputs"),
        ([WHOLE, Fc(np.ones((3, 2), np.float32))], "does not end in 1 numbers"),
    ],
)
def test_layers_that_do_not_fit_are_refused(layers, cause):
    with pytest.raises(ValueError, match=cause):
        answered(layers, GREY)
