"""What the contracts of detectors, embedders and expression models have in common: the pictures, and the promises."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from onnx import helper

from fer_core import weights
from fer_core.types import Faces
from tests.drawn_face import drawn_face

MARKS = np.array([(135, 110), (185, 110), (160, 138), (141, 160), (179, 160)], np.float32)
FACE = Faces([[105, 50, 215, 195]], [0.9], [MARKS])
"""The face that drawn_face() draws."""

no_image = pytest.mark.parametrize(
    "image",
    [np.zeros((0, 5, 3), np.uint8), np.zeros((9, 9), np.uint8), np.zeros((9, 9, 4), np.uint8), np.zeros((9, 9, 3), np.float32)],
    ids=lambda image: f"{image.shape} {image.dtype}",
)
"""What every backend refuses."""

any_size = pytest.mark.parametrize("shape", [(1, 1), (17, 31), (61, 297)], ids=str)


@contextmanager
def deepface_folder(home: Path) -> Iterator[Path]:
    """The folder in which deepface and retina-face look for weights until the end of the block; neither can fetch any."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPFACE_HOME", str(home))
        patch.setenv("DEEPFACE_BACKEND_ENGINE", "onnx")
        for name in ("DEEPFACE_LOG_LEVEL", "RETINAFACE_LOG_LEVEL"):
            patch.setenv(name, "60")
        for name in ("http_proxy", "https_proxy"):
            patch.setenv(name, "http://127.0.0.1:9")
        yield weights.prepare_deepface()


def save_network(graph: onnx.GraphProto, path: Path, **properties: str) -> Path:
    """Write a toy network as old a kind as ONNX Runtime and OpenCV both read."""
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, properties)
    onnx.save(model, path)
    return path


def noise(shape: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)


def grey_face() -> np.ndarray:
    return cv2.cvtColor(cv2.cvtColor(drawn_face(), cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)


# ---- promises -------------------------------------------------------------------------------------------------------


def refuses(answer: Callable[[np.ndarray], Any], image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="must be"):
        answer(image)


def leaves_alone(answer: Callable[[np.ndarray], Any], image: np.ndarray) -> Any:
    """The answer to a picture that can't be written to, and is not."""
    before = image.copy()
    image.setflags(write=False)
    told = answer(image)
    assert np.array_equal(image, before)
    return told


def in_two_threads(answer: Callable[[np.ndarray], Any], images: Sequence[np.ndarray]) -> tuple[list[Any], list[Any]]:
    """The answers one after the other, and those of two threads at once."""
    alone = [answer(image) for image in images]
    with ThreadPoolExecutor(2) as pool:
        return alone, list(pool.map(answer, images))


def no_faces_give_no_rows(one: Callable[..., np.ndarray], many: Callable[..., np.ndarray], width: int) -> None:
    for faces in (Faces.none(), Faces.none(landmarks=False)):
        rows = one(drawn_face(), faces)
        assert rows.shape == (0, width) and rows.dtype == np.float32
    assert many([], []).shape == (0, width)
    assert many([drawn_face()], [Faces.none()]).shape == (0, width)


def face_by_face(one: Callable[..., np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """The backend's answer to the face of drawn_face(), wherever the picture shows it."""
    return lambda image: one(image, FACE)


def rows_at(one: Callable[..., np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """The row of a box that covers a picture of noise of that size."""
    return one(noise(shape), Faces([[0, 0, shape[1], shape[0]]], [0.5]))
