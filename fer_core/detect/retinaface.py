"""RetinaFace (Deng et al. 2019) from the package `retina-face`, which downloads its weights at first use."""

import warnings
from typing import Any

import numpy as np

from fer_core import weights
from fer_core.detect.base import ScalingDetector, by_side
from fer_core.errors import WeightsError
from fer_core.settings import DetectSettings
from fer_core.types import Faces, UInt8Array

_POINTS = ("right_eye", "left_eye", "nose", "mouth_right", "mouth_left")


class RetinaFace(ScalingDetector):
    """Its score is 0 to 1. Accurate and heavy: seconds a picture without an accelerator."""

    def __init__(self, settings: DetectSettings) -> None:
        super().__init__("retinaface", settings)
        folder = weights.prepare_deepface()
        from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidGraph, InvalidProtobuf

        try:
            with warnings.catch_warnings():  # the package silences every warning of the process at import
                from retinaface import RetinaFace as package
            self._package: Any = package
            self._model = package.build_model()
        except ImportError as error:
            raise WeightsError(f"The detector retinaface needs the package retina-face: {error}.") from error
        # ValueError is what the package raises for everything, a failed download included; the rest is for a broken file
        except (ValueError, Fail, InvalidGraph, InvalidProtobuf) as error:
            raise WeightsError(f"The weights of retinaface can't be had; put them into {folder}: {error}") from error

    def find(self, image: UInt8Array) -> Faces:
        """See `ScalingDetector`."""
        found = self._package.detect_faces(image, threshold=self.settings.min_score, model=self._model, allow_upscaling=False)
        if not found:
            return Faces.none()
        faces = list(found.values())
        xyxy = np.array([face["facial_area"] for face in faces], np.float32)
        score = np.array([face["score"] for face in faces], np.float32)
        landmarks = np.array([[face["landmarks"][point] for point in _POINTS] for face in faces], np.float32)
        return Faces(xyxy, score, by_side(landmarks))
