"""Eye closure over time, as a demonstration: never to be relied upon for anybody's safety.

The contours come from dlib's 68-point predictor, which was trained on iBUG 300-W: no commercial use.
"""

import threading
from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np

from fer_core import geometry
from fer_core.detect.dlib_hog import predictor_path
from fer_core.embed.dlib_align import CHIP_PX, TEMPLATE
from fer_core.errors import WeightsError
from fer_core.live.types import LiveFace, LiveResult
from fer_core.types import FloatArray, UInt8Array

_MARGIN_PX = 25
_BOX = (50, 50, 150, 150)
"""The face in the upright cut, as dlib's detectors would draw its box."""


@dataclass(frozen=True)
class EyeSettings:
    """What counts as closed, and over which time."""

    every_s: float = 0.06
    """Shortest time between two looks. More: cheaper; blinks are missed."""
    over_s: float = 60.0
    """Time over which PERCLOS is told. More: a calmer number that answers later."""
    median_of: int = 3
    """Looks whose median counts as one, for contours tremble. More: steadier; short blinks are lost."""
    open_quantile: float = 0.8
    """Quantile of the eye aspect ratios of that time that is taken for wide open eyes. More: outliers count more."""
    closed_share: float = 0.5
    """Share of the open eyes' ratio below which eyes count as closed. More: half-closed eyes count as well."""
    shut_share: float = 0.3
    """Share of the open eyes' ratio that shut eyes still have, for the contours never fall together."""
    most_gap_s: float = 0.5
    """Longest time between two looks that counts. More: somebody who looked away counts as having been seen."""
    least_s: float = 15.0
    """Time that has to be seen before PERCLOS is told. More: told later, surer."""


@dataclass(frozen=True)
class EyeState:
    """What is known of the eyes of the largest face.

    person: their number, None where nobody's eyes are seen just now. ratio: the eye aspect ratio, mean of both eyes.
    closure: 0 (as wide open as in the last minute) … 1 (shut). closed: whether that counts as closed. perclos: share of the
    time seen in which the eyes were closed; None before enough was seen. seen_s: that time. curve: (time s, closure) each.
    """

    person: int | None = None
    ratio: float | None = None
    closure: float | None = None
    closed: bool = False
    perclos: float | None = None
    seen_s: float = 0.0
    curve: tuple[tuple[float, float], ...] = ()


class EyeReader:
    """Finds the contours of both eyes. Serves any number of threads: the predictor keeps no state.

    WeightsError where dlib or its weights aren't installed.
    """

    def __init__(self) -> None:
        try:
            import dlib
        except ImportError as error:
            raise WeightsError(f"Eye closure needs the package dlib-bin: {error}.") from error
        self._predictor = dlib.shape_predictor(str(predictor_path("Eye closure")))
        self._box = dlib.rectangle(*_BOX)

    def contours(self, image: UInt8Array, landmarks: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(6, 2) px for the image-left and the image-right eye of the face with these landmarks (5, 2).

        In each: outer or inner corner, two points of the upper lid, the other corner, two of the lower lid.
        """
        near = TEMPLATE + _MARGIN_PX
        upright = geometry.align(image, landmarks, near, CHIP_PX + 2 * _MARGIN_PX)
        found = self._predictor(np.ascontiguousarray(upright[:, :, ::-1]), self._box)
        points = np.array([(found.part(place).x, found.part(place).y) for place in range(36, 48)], np.float64)
        back = cv2.invertAffineTransform(geometry.similarity(landmarks, near))
        placed = np.asarray(points @ back[:, :2].T + back[:, 2], np.float32)
        return placed[:6], placed[6:]


def aspect_ratio(eye: FloatArray) -> float:
    """Height of an eye (6, 2) held against its width, about 0.3 for an open one (Soukupová and Čech 2016, equation 1)."""
    width = float(np.linalg.norm(eye[0] - eye[3]))
    height = float(np.linalg.norm(eye[1] - eye[5]) + np.linalg.norm(eye[2] - eye[4]))
    return height / (2 * width) if width > 1e-6 else 0.0


class Drowsiness:
    """Follows the eyes of the largest face that is read; somebody else is a new beginning.

    PERCLOS: share of time with closed eyes (Wierwille et al. 1994; Dinges and Grace 1998 take four fifths closed).
    """

    _person: int | None
    _here: int | None
    _contours: tuple[FloatArray, ...]
    _looks: deque[tuple[float, float]]

    def __init__(self, reader: EyeReader, settings: EyeSettings | None = None) -> None:
        self.settings = settings or EyeSettings()
        self._reader = reader
        self._lock = threading.Lock()
        self._begin(None)

    def forget(self) -> None:
        """Begin anew."""
        with self._lock:
            self._begin(None)

    def take(self, image: UInt8Array, result: LiveResult) -> tuple[FloatArray, ...]:
        """The next picture and its result; the contours of the eyes, to be drawn, of the face that is followed."""
        seen = [face for face in result.faces if face.landmarks is not None and face.seen_s == result.time_s]
        face = max(seen, key=_height, default=None)
        with self._lock:
            if face is None or face.landmarks is None:
                self._here = None
                return ()
            if face.number != self._person or result.time_s < self._time_s:
                self._begin(face.number)
            self._here = face.number
            if result.time_s - self._time_s >= self.settings.every_s:
                self._contours = self._reader.contours(image, face.landmarks)
                self._note(result.time_s, float(np.mean([aspect_ratio(eye) for eye in self._contours])))
            return self._contours

    @property
    def state(self) -> EyeState:
        with self._lock:
            if not self._looks:
                return EyeState()
            times, ratios = np.array(self._looks, np.float64).T
        return self._told(times, ratios, self._here)

    def _told(self, times: FloatArray, ratios: FloatArray, here: int | None) -> EyeState:
        ratios = _medians(ratios, self.settings.median_of)
        wide = max(1e-6, float(np.quantile(ratios, self.settings.open_quantile)))
        shut = self.settings.shut_share
        closure = np.clip((1 - ratios / wide) / (1 - shut), 0, 1)
        closed = ratios < self.settings.closed_share * wide
        gaps = np.diff(times, prepend=times[0])
        gaps[gaps > self.settings.most_gap_s] = 0
        seen = float(gaps.sum())
        perclos = float(gaps[closed].sum()) / seen if seen >= self.settings.least_s else None
        curve = tuple(zip(times.tolist(), closure.tolist(), strict=True))
        return EyeState(here, float(ratios[-1]), float(closure[-1]), bool(closed[-1]), perclos, seen, curve)

    def _begin(self, person: int | None) -> None:
        self._person, self._here = person, person
        self._time_s = float("-inf")
        self._contours = ()
        most = round(2 * self.settings.over_s / self.settings.every_s)
        self._looks = deque(maxlen=most)

    def _note(self, time_s: float, ratio: float) -> None:
        self._time_s = time_s
        self._looks.append((time_s, ratio))
        while time_s - self._looks[0][0] > self.settings.over_s:
            self._looks.popleft()


def _medians(values: FloatArray, of: int) -> FloatArray:
    """The median of each value, those before it and those after it: `of` in all, fewer at the ends."""
    half = of // 2
    return np.array([np.median(values[max(0, place - half) : place + half + 1]) for place in range(len(values))])


def _height(face: LiveFace) -> float:
    return float(face.xyxy[3] - face.xyxy[1])
