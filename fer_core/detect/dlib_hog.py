"""dlib's frontal face detector (histograms of gradients, King 2015), with five points of its 68-point predictor."""

import importlib.util
from pathlib import Path

import numpy as np

from fer_core.detect.base import ScalingDetector
from fer_core.errors import WeightsError
from fer_core.settings import DetectSettings
from fer_core.types import Faces, FloatArray, UInt8Array

_PREDICTOR = "shape_predictor_68_face_landmarks.dat"
_STEEPNESS = 4.0


class DlibHog(ScalingDetector):
    """Its score is a logistic of dlib's margin: 0.5 where dlib just says yes, 0.6 at a margin of 0.1."""

    def __init__(self, settings: DetectSettings) -> None:
        super().__init__("dlib_hog", settings)
        try:
            import dlib
        except ImportError as error:
            raise WeightsError(f"The detector dlib_hog needs the package dlib-bin: {error}.") from error
        self._model = dlib.get_frontal_face_detector()
        self._predictor = dlib.shape_predictor(str(predictor_path("The detector dlib_hog")))

    def find(self, image: UInt8Array) -> Faces:
        """See `ScalingDetector`. Finds faces from about 80 px, halved by each `hog_upsample`."""
        rgb = np.ascontiguousarray(image[:, :, ::-1])
        boxes, margins, _ = self._model.run(rgb, self.settings.hog_upsample)
        if not boxes:
            return Faces.none()
        landmarks = np.stack([_five(self._predictor(rgb, box)) for box in boxes])
        xyxy = np.array([(box.left(), box.top(), box.right() + 1, box.bottom() + 1) for box in boxes], np.float32)
        return Faces(xyxy, 1 / (1 + np.exp(-_STEEPNESS * np.array(list(margins)))), landmarks)


def predictor_path(who: str) -> Path:
    """The file of the 68-point predictor, of which `who` is in need. WeightsError where it isn't installed.

    Found without importing face_recognition_models, whose import needs a setuptools of long ago.
    """
    spec = importlib.util.find_spec("face_recognition_models")
    folders = [] if spec is None else list(spec.submodule_search_locations or [])
    for folder in folders:
        path = Path(folder) / "models" / _PREDICTOR
        if path.is_file():
            return path
    raise WeightsError(f"{who} needs {_PREDICTOR} of the package face_recognition_models.")


def _five(shape: object) -> FloatArray:
    """(5, 2) px: of 68 points the middle of each eye, the tip of the nose, the corners of the mouth."""
    points = np.array([(p.x, p.y) for p in shape.parts()], np.float32)  # type: ignore[attr-defined]
    return np.stack([points[36:42].mean(axis=0), points[42:48].mean(axis=0), points[30], points[48], points[54]])
