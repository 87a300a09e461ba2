"""Any detector that deepface wraps, as `deepface:NAME`; deepface downloads its weights at first use."""

import warnings
from typing import Any

import numpy as np

from fer_core import weights
from fer_core.detect.base import ScalingDetector, by_side
from fer_core.errors import UnknownBackendError, WeightsError
from fer_core.settings import DetectSettings
from fer_core.types import Faces, UInt8Array

DEFAULT = "mtcnn"
"""What plain `deepface` means: the one whose weights come with an installed package."""

_POINTS = ("right_eye", "left_eye", "nose", "mouth_right", "mouth_left")


def known() -> tuple[str, ...]:
    """The detectors that the installed deepface offers. WeightsError where it is not installed."""
    return tuple(_modeling().AVAILABLE_MODELS["face_detector"])


def _modeling() -> Any:
    weights.prepare_deepface()
    try:
        with warnings.catch_warnings():
            from deepface.modules import modeling
    except ImportError as error:
        raise WeightsError(f"The detector deepface needs the package deepface: {error}.") from error
    return modeling


class DeepFace(ScalingDetector):
    """Its score is the wrapped detector's confidence, cut to 0 … 1, which each counts in its own way.

    Landmarks are given for an image only where the wrapped detector gave all five for every face.
    """

    def __init__(self, settings: DetectSettings, detector: str) -> None:
        super().__init__(f"deepface:{detector}", settings)
        if detector not in known():
            raise UnknownBackendError(f"deepface has no detector {detector!r}; it has {', '.join(known())}.")
        folder = weights.prepare_deepface()
        try:
            with warnings.catch_warnings():
                self._model = _modeling().build_model("face_detector", detector)
                self.find(np.zeros((64, 64, 3), np.uint8))  # some of them load their weights at the first picture
        except (ImportError, ValueError) as error:  # deepface raises these for a missing package and a failed download
            raise WeightsError(f"deepface can't open its detector {detector} (its weights lie in {folder}): {error}") from error

    def find(self, image: UInt8Array) -> Faces:
        """See `ScalingDetector`."""
        found = self._model.detect_faces(image.copy())  # some of the wrapped detectors write into the picture
        if not found:
            return Faces.none(landmarks=False)
        xyxy = np.array([(face.x, face.y, face.x + face.w, face.y + face.h) for face in found], np.float32)
        score = np.clip([face.confidence or 0.0 for face in found], 0, 1)
        points = [[getattr(face, point) for point in _POINTS] for face in found]
        whole = all(point is not None for face in points for point in face)
        return Faces(xyxy, score, by_side(np.array(points, np.float32)) if whole else None)
