"""deepface's expression model, a small plain network trained on FER2013; deepface downloads its weights at first use."""

import threading
import warnings
from typing import Any

import cv2
import numpy as np

from fer_core import weights
from fer_core.emotion.base import CropModel
from fer_core.errors import WeightsError
from fer_core.types import EXPRESSIONS, FloatArray, UInt8Array


class DeepFaceEmotion(CropModel):
    """The faces are cut as FER2013 cut them, not as deepface does: that is what the network was trained on. A lock is held
    around it, for deepface is not thread-safe. WeightsError where package or weights can't be had."""

    name = "deepface"

    def __init__(self) -> None:
        folder = weights.prepare_deepface()
        try:
            with warnings.catch_warnings():
                from deepface.models.demography.DemographyUtils import EMOTION_LABELS
                from deepface.modules import modeling

                self._model: Any = modeling.build_model("facial_attribute", "Emotion")
        except ImportError as error:
            raise WeightsError(f"The expression model deepface needs the package deepface: {error}.") from error
        except ValueError as error:  # deepface's error for a failed download and for a damaged file
            raise WeightsError(f"deepface can't open its expression model (its weights lie in {folder}): {error}") from error
        self._order = [EMOTION_LABELS.index(label) for label in EXPRESSIONS]
        self._lock = threading.Lock()

    def probabilities(self, faces: UInt8Array) -> FloatArray:
        """See `CropModel`."""
        batch = np.stack([cv2.cvtColor(face, cv2.COLOR_GRAY2BGR) for face in faces]).astype(np.float32) / 255
        with self._lock:
            rows = self._model.predict(batch)
        return np.asarray(rows, np.float64).reshape(len(faces), -1)[:, self._order]
