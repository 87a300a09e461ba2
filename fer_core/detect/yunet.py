"""YuNet through OpenCV (Wu, Peng, Yu 2023): the default. Small, quick, five landmarks, meets turned heads well."""

import cv2
import numpy as np

from fer_core import weights
from fer_core.detect.base import ScalingDetector
from fer_core.errors import WeightsError
from fer_core.settings import DetectSettings
from fer_core.types import Faces, UInt8Array

_LEAST_SIDE_PX = 32
_OVERLAP = 0.3


class YuNet(ScalingDetector):
    """Its score is 0 to 1; the size of the input is a setting of the model, hence the lock."""

    def __init__(self, settings: DetectSettings) -> None:
        super().__init__("yunet", settings)
        path = weights.get(weights.card("yunet"))
        level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # 5.0 warns of a target nobody chose
        try:
            self._model = cv2.FaceDetectorYN.create(str(path), "", (320, 320), settings.min_score, _OVERLAP)
        except cv2.error as error:
            raise WeightsError(f"{path}: OpenCV {cv2.__version__} can't load it: {error.err}.") from error
        finally:
            cv2.utils.logging.setLogLevel(level)

    def find(self, image: UInt8Array) -> Faces:
        """See `ScalingDetector`; a picture too small for the model's strides gets a black rim on the right and below."""
        height, width = image.shape[:2]
        right, below = max(0, _LEAST_SIDE_PX - width), max(0, _LEAST_SIDE_PX - height)
        if right or below:
            image = cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_CONSTANT, value=(0, 0, 0))
        self._model.setInputSize((width + right, height + below))
        _, rows = self._model.detect(image)
        if rows is None:
            return Faces.none()
        xywh, landmarks = rows[:, :4], rows[:, 4:14].reshape(-1, 5, 2)
        return Faces(np.hstack([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]]), rows[:, 14], landmarks)
