"""dlib's ResNet (King 2017), 128 numbers: its weights come with the package face_recognition_models."""

import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from fer_core.embed.base import PatchEmbedder
from fer_core.errors import WeightsError
from fer_core.types import FloatArray, UInt8Array

TEMPLATE = np.array([[47.0, 45.7], [101.4, 45.7], [74.2, 75.2], [51.35, 99.9], [97.05, 99.9]], np.float32)
"""Where YuNet's landmarks lie in the chips of 150 px that dlib cuts by its own five points: medians over 400 photographs,
made symmetric."""
_NETWORK = "dlib_face_recognition_resnet_model_v1.dat"


class DlibResNet(PatchEmbedder):
    """Slow (about 0.2 s a face from the wheel, which has no BLAS). A lock is held around the network, which keeps state."""

    name = "dlib"
    dim = 128
    side_px = 150
    template = TEMPLATE

    def __init__(self) -> None:
        path = weights_path()
        try:
            import dlib

            self._network = dlib.face_recognition_model_v1(str(path))
        except ImportError as error:
            raise WeightsError(f"The embedder dlib needs the package dlib-bin: {error}.") from error
        except RuntimeError as error:  # dlib's own errors all come as this
            raise WeightsError(f"{path}: dlib can't load it: {error}.") from error
        self._lock = threading.Lock()

    def codes(self, patches: Sequence[UInt8Array]) -> FloatArray:
        """See `PatchEmbedder`."""
        with self._lock:
            return np.stack([self._code(patch) for patch in patches])

    def _code(self, patch: UInt8Array) -> FloatArray:
        return np.array(self._network.compute_face_descriptor(np.ascontiguousarray(patch[:, :, ::-1])))


def weights_path() -> Path:
    """Where face_recognition_models keeps the network; found without importing it, for its import needs pkg_resources.

    WeightsError where it is not installed.
    """
    spec = find_spec("face_recognition_models")
    path = Path(spec.origin).parent / "models" / _NETWORK if spec and spec.origin else None
    if path is None or not path.is_file():
        raise WeightsError("The embedder dlib needs the package face_recognition_models, which brings its weights.")
    return path
