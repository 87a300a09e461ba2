"""Our reading of YuNet's network against OpenCV's own, on the same weights."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_core import detect, inference, weights
from fer_core.errors import WeightsError
from fer_core.settings import DetectSettings
from tests.drawn_face import drawn_face

IDENTITY = Path(__file__).parents[2] / "shared" / "identity"
SETTINGS = DetectSettings()


@pytest.fixture(scope="module")
def path():
    found = weights.find(weights.card("yunet"))
    if found is None:
        pytest.skip("no weights of yunet on this machine (FER_CORE_MODELS)")
    return found


def pictures() -> list[np.ndarray]:
    rng = np.random.default_rng(4)
    face = drawn_face()
    noise = rng.integers(0, 256, (97, 161, 3)).astype(np.uint8)
    crowd = np.hstack([face, cv2.flip(face, 1), cv2.resize(face, None, fx=0.5, fy=1.0)[: face.shape[0]]])
    found = [cv2.imread(str(p)) for p in sorted(IDENTITY.glob("*.jpg"))[::6]] if IDENTITY.is_dir() else []
    return [np.zeros((40, 30, 3), np.uint8), noise, face, crowd, *found]


def test_same_faces_as_opencv_finds(path, monkeypatch):
    """In float32, as OpenCV computes: what is compared is how the network's outputs are read."""
    monkeypatch.setattr(inference, "_openvino", lambda: None)
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    theirs = cv2.FaceDetectorYN.create(str(path), "", (320, 320), SETTINGS.min_score, 0.3)
    cv2.utils.logging.setLogLevel(level)
    ours, seen = detect.open_detector("yunet", SETTINGS), 0
    for image in pictures():
        small = cv2.resize(image, None, fx=f, fy=f) if (f := 640 / max(image.shape[:2])) < 1 else image
        theirs.setInputSize((small.shape[1], small.shape[0]))
        _, rows = theirs.detect(small)
        rows = np.zeros((0, 15), np.float32) if rows is None else rows[np.argsort(-rows[:, 14], kind="stable")]
        found = ours.detect(np.ascontiguousarray(small))
        assert len(found) == len(rows)
        seen += len(rows)
        height, width = small.shape[:2]
        boxes = np.clip(np.hstack([rows[:, :2], rows[:, :2] + rows[:, 2:4]]), 0, [width, height, width, height])
        # the same network in another order of additions: a hundredth of a pixel, a ten-thousandth of the score
        assert np.abs(found.xyxy - boxes).max(initial=0) < 0.05
        assert np.abs(found.score - rows[:, 14]).max(initial=0) < 1e-3
        assert np.abs(found.landmarks - rows[:, 4:14].reshape(-1, 5, 2)).max(initial=0) < 0.05
    assert seen >= 3


def test_a_file_that_is_no_yunet_is_named(path, monkeypatch, tmp_path):
    damaged = tmp_path / "yunet_n_dynamic.onnx"
    damaged.write_bytes(path.read_bytes()[:1000])
    monkeypatch.setattr(weights, "get", lambda card: damaged)
    with pytest.raises(WeightsError, match=r"yunet_n_dynamic\.onnx: ONNX Runtime can't load it"):
        detect.open_detector("yunet", SETTINGS)
    monkeypatch.setattr(weights, "get", lambda card: weights.MODELS / "expression.onnx")
    with pytest.raises(WeightsError, match="not a YuNet network"):
        detect.open_detector("yunet", SETTINGS)
