"""Cuts faces out as dlib's ResNet was taught to see them: by the five points of dlib's own predictor."""

from pathlib import Path

import cv2
import numpy as np

from fer_core import geometry
from fer_core.errors import WeightsError
from fer_core.types import FloatArray, UInt8Array

CHIP_PX = 150

TEMPLATE = np.array([[47.0, 45.7], [101.4, 45.7], [74.2, 75.2], [51.35, 99.9], [97.05, 99.9]], np.float32)
"""Where YuNet's landmarks lie in the chips that dlib cuts by its own five points: medians over 400 photographs, made
symmetric."""

_MARGIN_PX = 25
"""Kept round the first cut: the predictor looks at pixels beyond the chip, and takes what isn't there for black."""
_BOX = (50, 50, 150, 150)
"""The face in the first cut (left, top, right, bottom) as dlib's detectors would draw its box."""
_POINTS = np.array(
    [
        [0.8595674595992, 0.2134981538014], [0.6460604764104, 0.2289674387677], [0.1205750620789, 0.2137274526848],
        [0.3340850613712, 0.2290642403242], [0.4901123135679, 0.6277975316475],
    ]
)  # fmt: skip
"""The corners of the image-right eye (outer, inner), of the image-left eye (outer, inner), and the nose's foot, in a face of
side 1: dlib's get_face_chip_details."""
_PADDING = 0.25
"""What dlib leaves round that face on each side, in its sides."""
_ONTO = (_PADDING + _POINTS) / (2 * _PADDING + 1) * CHIP_PX


class Aligner:
    """Serves any number of threads: the predictor keeps no state. WeightsError where it can't be loaded from the file."""

    def __init__(self, path: Path) -> None:
        try:
            import dlib

            self._predictor = dlib.shape_predictor(str(path))
            self._box = dlib.rectangle(*_BOX)
        except ImportError as error:
            raise WeightsError(f"The embedder dlib needs the package dlib-bin: {error}.") from error
        except RuntimeError as error:  # dlib's own errors all come as this
            raise WeightsError(f"{path}: dlib can't load it: {error}.") from error

    def chip(self, image: UInt8Array, landmarks: FloatArray) -> UInt8Array:
        """(150, 150, 3): the face with these landmarks (5, 2), upright.

        The landmarks turn and scale it first, whatever the detector's boxes are like; there the predictor looks closer.
        """
        near = TEMPLATE + _MARGIN_PX
        upright = geometry.align(image, landmarks, near, CHIP_PX + 2 * _MARGIN_PX)
        back = cv2.invertAffineTransform(geometry.similarity(landmarks, near))
        points = self._points(upright) @ back[:, :2].T + back[:, 2]
        return geometry.align(image, points, _ONTO, CHIP_PX)

    def _points(self, upright: UInt8Array) -> FloatArray:
        found = self._predictor(np.ascontiguousarray(upright[:, :, ::-1]), self._box)
        return np.array([(point.x, point.y) for point in found.parts()], np.float64)
