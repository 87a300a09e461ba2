"""MTCNN (Zhang et al. 2016) from the package `mtcnn`, which carries its weights: steps in where YuNet's can't be had."""

import os

import numpy as np

from fer_core.detect.base import ScalingDetector, by_side
from fer_core.errors import WeightsError
from fer_core.settings import DetectSettings
from fer_core.types import Faces, UInt8Array

_LEAST_SIDE_PX = 24
_LEAST_FACE_PX = 20
# With more than 20 the package's pyramid goes below its first network's 12 px and it reports no face at all; where speed
# matters more than small faces, a smaller `max_side_px` does what a larger least face would.


class Mtcnn(ScalingDetector):
    """Three cascaded networks on TensorFlow. Its score is the last one's probability."""

    def __init__(self, settings: DetectSettings) -> None:
        super().__init__("mtcnn", settings)
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        try:
            from mtcnn import MTCNN
        except ImportError as error:
            raise WeightsError(f"The detector mtcnn needs the packages mtcnn and tensorflow: {error}.") from error
        self._model = MTCNN()

    def find(self, image: UInt8Array) -> Faces:
        """See `ScalingDetector`. Pictures below 24 px hold no face that it could find, and break the package."""
        if min(image.shape[:2]) < _LEAST_SIDE_PX:
            return Faces.none()
        rows = self._model.detect_faces(
            np.ascontiguousarray(image[:, :, ::-1]),
            fit_to_image=False,
            box_format="xyxy",
            output_type="numpy",
            min_face_size=_LEAST_FACE_PX,
            threshold_onet=self.settings.min_score,
        )
        if not len(rows):
            return Faces.none()
        return Faces(rows[:, 1:5], rows[:, 5], by_side(rows[:, 6:16].reshape(-1, 2, 5).transpose(0, 2, 1)))
