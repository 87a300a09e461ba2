"""What every detector of faces promises, and the base that keeps the promises for all of them."""

import threading
from abc import ABC, abstractmethod
from typing import Protocol

import numpy as np

from fer_core.geometry import scaled_to
from fer_core.settings import DetectSettings
from fer_core.types import Faces, FloatArray, UInt8Array, check_image


class Detector(Protocol):
    """Finds faces in an image. One instance serves any number of threads.

    name is the name it was opened by ("yunet", "deepface:mtcnn"). `detect` takes (h, w, 3) uint8 BGR of any size, never
    changes it, looks at it scaled down so that its longer side is at most `DetectSettings.max_side_px` (never up), and
    answers in px of the image it was given: boxes cut off at the image's edge, best score first, none below
    `DetectSettings.min_score`, `Faces.none()` where there is no face. Landmarks, where the detector gives them, are in the
    order of `Faces`; those of a face at the edge may lie outside. ValueError for anything that is no such image.
    """

    @property
    def name(self) -> str: ...

    def detect(self, image: UInt8Array) -> Faces: ...


class ScalingDetector(ABC):
    """A `Detector` but for finding the faces in a picture that is small enough already.

    A lock is held around `find`: no library here allows two calls to one model at a time.
    """

    landmarks = True
    """Whether it finds landmarks."""

    def __init__(self, name: str, settings: DetectSettings) -> None:
        self.name = name
        self.settings = settings
        self._lock = threading.Lock()

    @abstractmethod
    def find(self, image: UInt8Array) -> Faces:
        """The faces in px of that image, in any order, of any score; rows with numbers that are not finite are dropped."""

    def detect(self, image: UInt8Array) -> Faces:
        """See `Detector`."""
        check_image(image)
        small = np.ascontiguousarray(scaled_to(image, self.settings.max_side_px)[0])
        with self._lock:
            found = self.find(small)
        return _tidy(_enlarged(found, small.shape, image.shape), image.shape, self.settings.min_score)


def by_side(points: FloatArray) -> FloatArray:
    """Landmarks (n, 5, 2), eyes and mouth corners in whatever order, in the order of `Faces`: the left in the image first.

    For libraries that say "left" of the person, of the picture, or of one in the code and the other in the text.
    """
    sorted_points = np.array(points, np.float32)
    for first, second in ((0, 1), (3, 4)):
        wrong = sorted_points[:, first, 0] > sorted_points[:, second, 0]
        sorted_points[wrong, first], sorted_points[wrong, second] = points[wrong, second], points[wrong, first]
    return sorted_points


def _enlarged(faces: Faces, small: tuple[int, ...], large: tuple[int, ...]) -> Faces:
    scale = np.array([large[1] / small[1], large[0] / small[0]], np.float32)
    landmarks = None if faces.landmarks is None else faces.landmarks * scale
    return Faces(faces.xyxy * np.tile(scale, 2), faces.score, landmarks)


def _tidy(faces: Faces, shape: tuple[int, ...], min_score: float) -> Faces:
    """Boxes cut off at the edge, best first, without those that are too weak, empty or not finite."""
    height, width = shape[:2]
    xyxy = np.clip(faces.xyxy, 0, np.array([width, height, width, height], np.float32))
    good = (faces.score >= min_score) & (xyxy[:, 2] > xyxy[:, 0]) & (xyxy[:, 3] > xyxy[:, 1])
    good &= np.isfinite(xyxy).all(axis=1) & np.isfinite(faces.score)
    if faces.landmarks is not None:
        good &= np.isfinite(faces.landmarks).all(axis=(1, 2))
    order = np.argsort(-faces.score, kind="stable")
    return Faces(xyxy, faces.score, faces.landmarks)[order[good[order]]]
