"""Haar cascade (Viola and Jones 2001) through OpenCV: old, quick, frontal faces only, no landmarks."""

import cv2
import numpy as np

from fer_core import weights
from fer_core.detect.base import ScalingDetector
from fer_core.errors import WeightsError
from fer_core.settings import DetectSettings
from fer_core.types import Faces, UInt8Array

_STEP = 1.1
_NEIGHBOURS = 5
_LEAST_FACE_PX = 24


class Haar(ScalingDetector):
    """Its score is a logistic of the last stage's margin: 0.5 where the cascade just said yes."""

    landmarks = False

    def __init__(self, settings: DetectSettings) -> None:
        super().__init__("haar", settings)
        if not hasattr(cv2, "CascadeClassifier"):
            raise WeightsError(
                f"The detector haar needs cv2.CascadeClassifier, which OpenCV {cv2.__version__} has only in "
                "opencv-contrib-python-headless: install that one last."
            )
        path = weights.get(weights.card("haar"))
        self._model = cv2.CascadeClassifier(str(path))
        if self._model.empty():
            raise WeightsError(f"{path}: OpenCV can't read it as a cascade.")

    def find(self, image: UInt8Array) -> Faces:
        """See `ScalingDetector`."""
        if min(image.shape[:2]) < _LEAST_FACE_PX:
            return Faces.none(landmarks=False)
        grey = cv2.equalizeHist(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
        boxes, _, margins = self._model.detectMultiScale3(
            grey, _STEP, _NEIGHBOURS, minSize=(_LEAST_FACE_PX, _LEAST_FACE_PX), outputRejectLevels=True
        )
        if not len(boxes):
            return Faces.none(landmarks=False)
        xywh = np.asarray(boxes, np.float32)
        corners = np.hstack([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]])
        return Faces(corners, 1 / (1 + np.exp(-np.ravel(margins))))
