"""Any face recognition model that deepface wraps, as `deepface:NAME`; deepface downloads its weights at first use."""

import threading
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from fer_core import geometry, weights
from fer_core.embed.base import PatchEmbedder
from fer_core.errors import UnknownBackendError, WeightsError
from fer_core.types import FloatArray, UInt8Array

DEFAULT = "Facenet512"
"""What plain `deepface` means."""


def known() -> tuple[str, ...]:
    """The models that the installed deepface offers. WeightsError where it is not installed."""
    return tuple(_modeling().AVAILABLE_MODELS["facial_recognition"])


def _modeling() -> Any:
    weights.prepare_deepface()
    try:
        with warnings.catch_warnings():
            from deepface.modules import modeling
    except ImportError as error:
        raise WeightsError(f"The embedder deepface needs the package deepface: {error}.") from error
    return modeling


class DeepFace(PatchEmbedder):
    """Each face is given as deepface's own detectors would cut it: upright, the box filling the picture; deepface detects
    nothing itself. A lock is held around it, for it is not thread-safe."""

    side_px = 224
    template = geometry.landmarks_from_boxes(np.array([[0, 0, side_px, side_px]], np.float32))[0]

    def __init__(self, model: str) -> None:
        self.name, self._model_name = f"deepface:{model}", model
        if model not in known():
            raise UnknownBackendError(f"deepface has no model {model!r}; it has {', '.join(known())}.")
        folder = weights.prepare_deepface()
        try:
            with warnings.catch_warnings():
                self._model = _modeling().build_model("facial_recognition", model)
        except (ImportError, ValueError) as error:  # deepface raises these for a missing package and a failed download
            raise WeightsError(f"deepface can't open its model {model} (its weights lie in {folder}): {error}") from error
        self.dim = int(self._model.output_shape)
        self._lock = threading.Lock()

    def codes(self, patches: Sequence[UInt8Array]) -> FloatArray:
        """See `PatchEmbedder`."""
        from deepface.modules import preprocessing

        height, width = self._model.input_shape[1], self._model.input_shape[0]  # "thanks to DeepId (!)", says deepface
        batch = np.concatenate([preprocessing.resize_image(patch, (height, width)) for patch in patches])
        with self._lock:
            found = self._model.forward(batch)
        return np.asarray(found, np.float64).reshape(len(patches), self.dim)
