"""The apparent expressions of a whole room over time, with marks, and the peaks in them. It lives in memory only."""

import threading
from collections import deque
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from fer_core.live.types import LiveResult
from fer_core.types import BoolArray, FloatArray

PeakKind: TypeAlias = Literal["high", "low"]


@dataclass(frozen=True)
class AudienceSettings:
    """How finely the room is written down, and what counts as a peak."""

    step_s: float = 0.5
    """Time that one point stands for. More: calmer curves; short reactions are lost."""
    most_s: float = 3600.0
    """Longest run; it ends by itself then. More: longer films, more memory (about 0.2 MB an hour)."""
    most_runs: int = 6
    """Runs kept to be compared; the oldest goes first."""
    most_marks: int = 200
    """Marks of one run; further ones are passed over."""
    smooth_s: float = 1.5
    """Time over which valence is averaged before peaks are looked for. More: fewer, later peaks."""
    prominence: float = 0.15
    """Least height of a peak above the higher of the two dips beside it (valence, 0 to 2). More: fewer peaks."""
    apart_s: float = 2.0
    """Least time between two peaks of one kind. More: fewer peaks."""


class Point(NamedTuple):
    """One step of a run: seconds from its start to the step's middle, people read in it, the mean of their valences (NaN
    where nobody was read or the model knows none), and the mean shares of the expressions, summing to 1 (NaN for nobody)."""

    time_s: float
    faces: int
    valence: float
    shares: tuple[float, ...]


class Mark(NamedTuple):
    """A moment that somebody marked: seconds from the run's start."""

    time_s: float
    words: str


class Peak(NamedTuple):
    """A moment at which the room's smoothed valence was highest or lowest: its point's own valence, and the prominence as
    `AudienceSettings.prominence` counts it."""

    time_s: float
    valence: float
    prominence: float
    kind: PeakKind


@dataclass(frozen=True)
class Run:
    """What was written down between beginning and end; labels are those of the shares."""

    name: str
    labels: tuple[str, ...]
    points: tuple[Point, ...]
    marks: tuple[Mark, ...]

    @property
    def duration_s(self) -> float:
        return self.points[-1].time_s if self.points else 0.0


class Audience:
    """Writes runs down from live results. Everybody counts alike in a step, however often they were read in it.

    The thread of the pictures calls `take`, the page's the rest.
    """

    _name: str | None
    _labels: tuple[str, ...]
    _begun_s: float | None
    _last_s: float
    _points: list[Point]
    _marks: list[Mark]
    _step: dict[int, list[FloatArray]]
    """By person: for each picture of this step the shares, and the valence behind them."""

    def __init__(self, settings: AudienceSettings | None = None) -> None:
        self.settings = settings or AudienceSettings()
        self._lock = threading.Lock()
        self._runs: deque[Run] = deque(maxlen=self.settings.most_runs)
        self._count = 0
        self._drop()

    def begin(self, name: str = "") -> None:
        """Write down from the next picture on; a run that is under way is ended first. Without a name: run 1, run 2, …"""
        self.end()
        with self._lock:
            self._count += 1
            self._name = name.strip()[:60] or f"run {self._count}"

    def end(self) -> Run | None:
        """Close the run under way and keep it; None where there is none, or it holds nothing."""
        with self._lock:
            return self._close()

    def mark(self, words: str = "") -> bool:
        """Mark this moment of the run under way; False where nothing is written down. Without words: mark 1, mark 2, …"""
        with self._lock:
            if self._name is None or self._begun_s is None or len(self._marks) >= self.settings.most_marks:
                return False
            at = max(0.0, self._last_s - self._begun_s)
            self._marks.append(Mark(at, words.strip()[:60] or f"mark {len(self._marks) + 1}"))
            return True

    def take(self, result: LiveResult) -> None:
        """The next picture's result. Other classes than before, or a clock that goes back, end the run."""
        with self._lock:
            if self._name is None:
                return
            if self._begun_s is None:
                self._begun_s, self._labels = result.time_s, result.labels
            if result.labels != self._labels or result.time_s < self._last_s:
                self._close()
                return
            self._last_s = result.time_s
            self._fill(result.time_s - self._begun_s)
            self._add(result)
            if result.time_s - self._begun_s >= self.settings.most_s:
                self._close()

    def forget(self) -> None:
        """Drop every run."""
        with self._lock:
            self._runs.clear()
            self._count = 0
            self._drop()

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs that have ended, the oldest first."""
        with self._lock:
            return tuple(self._runs)

    @property
    def under_way(self) -> Run | None:
        """What was written down so far; None where nothing is."""
        with self._lock:
            return None if self._name is None else Run(self._name, self._labels, tuple(self._points), tuple(self._marks))

    # ---- points -----------------------------------------------------------------------------------------------------

    def _drop(self) -> None:
        self._name, self._labels = None, ()
        self._begun_s, self._last_s = None, float("-inf")
        self._points, self._marks, self._step = [], [], {}

    def _close(self) -> Run | None:
        run = None
        if self._name is not None and self._begun_s is not None:
            self._point()
            run = Run(self._name, self._labels, tuple(self._points), tuple(self._marks))
            self._runs.append(run)
        self._drop()
        return run

    def _fill(self, now_s: float) -> None:
        """Write the steps that are over."""
        while now_s >= (len(self._points) + 1) * self.settings.step_s:
            self._point()

    def _add(self, result: LiveResult) -> None:
        for face in result.faces:
            valence = np.nan if face.valence is None else face.valence
            self._step.setdefault(face.number, []).append(np.append(face.probabilities, valence))

    def _point(self) -> None:
        at = (len(self._points) + 0.5) * self.settings.step_s
        if self._step:
            *shares, valence = np.mean([np.mean(rows, axis=0) for rows in self._step.values()], axis=0).tolist()
        else:
            *shares, valence = [float("nan")] * (len(self._labels) + 1)
        self._points.append(Point(at, len(self._step), valence, tuple(shares)))
        self._step = {}


def peaks(run: Run, settings: AudienceSettings | None = None, least_faces: int = 1) -> tuple[Peak, ...]:
    """The moments at which valence was highest and lowest, in order of time, by `scipy.signal.find_peaks` on the smoothed
    curve. Points of fewer faces are bridged straight and hold no peak."""
    from scipy.signal import find_peaks

    settings = settings or AudienceSettings()
    values, known = _curve(run, settings, least_faces)
    if known.sum() < 3:
        return ()
    apart = max(1, round(settings.apart_s / settings.step_s))
    found = []
    for kind, sign in (("high", 1.0), ("low", -1.0)):
        places, told = find_peaks(sign * values, prominence=settings.prominence, distance=apart)
        found += [
            Peak(run.points[place].time_s, run.points[place].valence, float(height), "high" if kind == "high" else "low")
            for place, height in zip(places, told["prominences"], strict=True)
            if known[place]
        ]
    return tuple(sorted(found))


def _curve(run: Run, settings: AudienceSettings, least_faces: int) -> tuple[FloatArray, BoolArray]:
    """Valence of every point, smoothed, and which points are known."""
    values = np.array([point.valence for point in run.points], np.float64)
    enough = np.array([point.faces >= least_faces for point in run.points], bool)
    known = enough & np.isfinite(values)
    if not known.any():
        return values, known
    places = np.arange(len(values))
    bridged = np.interp(places, places[known], values[known])
    wide = max(1, round(settings.smooth_s / settings.step_s))
    before = wide // 2
    padded = np.pad(bridged, (before, wide - 1 - before), mode="edge")
    return np.convolve(padded, np.ones(wide) / wide, mode="valid"), known
