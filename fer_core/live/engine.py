"""The live engine: detect, track, read, smooth. It knows nothing of browsers and stores nothing."""

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fer_core import geometry
from fer_core.detect import Detector
from fer_core.emotion import EmotionModel
from fer_core.live.types import PALETTE, LiveFace, LiveResult, LiveSettings, Moment
from fer_core.review import valence_of
from fer_core.settings import ReviewSettings, TrackSettings
from fer_core.track import FaceTracker
from fer_core.types import EXPRESSIONS, Faces, FloatArray, UInt8Array, check_image

_MARGIN = 0.4
_COVERED = 0.3
_NEVER = float("-inf")


@dataclass(eq=False)
class _Person:
    """What is known of one person; everything but number and colour changes from picture to picture."""

    number: int
    colour: int
    xyxy: FloatArray
    seen_s: float
    probabilities: FloatArray | None = None
    read_s: float = _NEVER
    noted_s: float = _NEVER


class LiveEngine:
    """Follows the people in one camera's picture. One instance per viewer: it keeps state, under a lock of its own.

    Detector and model may be shared with other engines: they hold their own locks. Any thread may call anything.
    """

    _time_s: float
    _people: dict[int, _Person]
    _rows: dict[int, int]
    _history: deque[Moment]
    _latest: LiveResult | None

    def __init__(
        self,
        detector: Detector,
        emotion: EmotionModel,
        settings: LiveSettings | None = None,
        review: ReviewSettings | None = None,
    ) -> None:
        self.settings = settings or LiveSettings()
        self._review = review or ReviewSettings()
        self._lock = threading.Lock()
        self._told = threading.Lock()
        self._detector, self._emotion = detector, emotion
        self._begin()

    def use(self, detector: Detector, emotion: EmotionModel) -> None:
        """Go on with another detector or model; people keep their numbers, expressions are read anew if the model changed."""
        with self._lock:
            changed = emotion is not self._emotion
            self._detector, self._emotion = detector, emotion
            for person in self._people.values() if changed else ():
                person.probabilities, person.read_s = None, _NEVER

    def reset(self) -> None:
        """Forget everybody and the curve."""
        with self._lock:
            self._begin()

    def frame(self, image: UInt8Array, time_s: float) -> LiveResult:
        """Take the next picture (h, w, 3) uint8 BGR, which is not changed, seen at time_s (seconds of any clock).

        A time that does not rise is taken for a new beginning: everybody is forgotten. ValueError for anything that is no
        such image.
        """
        check_image(image)
        with self._lock:
            if time_s <= self._time_s:
                self._begin()
            self._time_s = time_s
            since = time.perf_counter()
            faces = self._detector.detect(image)
            waiting = self._follow(faces, time_s)
            self._read(image, faces, time_s)
            ms = 1e3 * (time.perf_counter() - since)
            return self._tell(image, waiting, ms)

    def history(self) -> tuple[Moment, ...]:
        """The last minute's valence of everybody seen, in order of time; empty for a model with classes of its own."""
        with self._told:
            return tuple(self._history)

    def latest(self) -> LiveResult | None:
        """What the newest picture held; None before the first."""
        with self._told:
            return self._latest

    # ---- following --------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Know nobody."""
        track = TrackSettings(lost_s=self.settings.lost_s, max_growth=1.5)
        self._tracker = FaceTracker(track, self.settings.samples_per_s)
        self._people = {}
        self._rows = {}
        self._time_s = _NEVER
        self._paces: deque[tuple[float, float]] = deque(maxlen=240)
        with self._told:
            self._history = deque(maxlen=self.settings.history_most)
            self._latest = None

    def _follow(self, faces: Faces, time_s: float) -> FloatArray:
        """Give each face its person; (m, 4): the boxes that belong to nobody yet."""
        numbers = self._tracker.update(faces, time_s).numbers
        self._rows = {number: row for row, number in enumerate(numbers) if number is not None}
        for number in self._tracker.ended():
            self._people.pop(number, None)
        for number, row in self._rows.items():
            self._place(number, faces.xyxy[row], time_s)
        return faces.xyxy[[row for row, number in enumerate(numbers) if number is None]]

    def _place(self, number: int, xyxy: FloatArray, time_s: float) -> None:
        person = self._people.get(number)
        if person is None:
            self._people[number] = _Person(number + 1, self._free_colour(), xyxy, time_s)
            return
        share = _share_kept(time_s - person.seen_s, self.settings.box_half_life_s)
        person.xyxy = np.asarray(share * person.xyxy + (1 - share) * xyxy, np.float32)
        person.seen_s = time_s

    def _free_colour(self) -> int:
        used = [person.colour for person in self._people.values()]
        return min(range(len(PALETTE)), key=lambda colour: (used.count(colour), colour))

    # ---- reading ----------------------------------------------------------------------------------------------------

    def _read(self, image: UInt8Array, faces: Faces, time_s: float) -> None:
        """Read the faces whose turn it is, those that have waited longest first, in one batch."""
        due = [n for n in self._rows if time_s - self._people[n].read_s >= self.settings.expression_every_s]
        due = sorted(due, key=lambda n: self._people[n].read_s)[: self.settings.most_reads]
        rows = _expressions(image, faces[[self._rows[n] for n in due]], self._emotion, self.settings.patch_px)
        for number, row in zip(due, rows, strict=True):
            self._smooth(self._people[number], row, time_s)

    def _smooth(self, person: _Person, row: FloatArray, time_s: float) -> None:
        before, age_s = person.probabilities, time_s - person.read_s
        share = 0.0 if before is None else _share_kept(age_s, self.settings.half_life_s)
        person.probabilities = _frozen(row if before is None else share * before + (1 - share) * row)
        person.read_s = time_s

    # ---- telling ----------------------------------------------------------------------------------------------------

    def _tell(self, image: UInt8Array, waiting: FloatArray, ms: float) -> LiveResult:
        shown = self._shown()
        unread = [p.xyxy for p in shown if p.probabilities is None]
        people = [p for p in shown if p.probabilities is not None]
        fps, usual_ms = self._pace(ms)
        result = LiveResult(
            time_s=self._time_s, size=(image.shape[1], image.shape[0]), labels=self._emotion.labels,
            faces=tuple(self._face(p) for p in sorted(people, key=lambda p: p.number)),
            unread=np.concatenate([waiting, np.array(unread, np.float32).reshape(-1, 4)]),
            engine_ms=ms, usual_ms=usual_ms, fps=fps,
        )  # fmt: skip
        with self._told:
            self._latest = result
            self._note(people, result.faces)
        return result

    def _shown(self) -> list[_Person]:
        """Those in the picture, and those missed just now, except where somebody else's face stands in their place."""
        here = [self._people[number] for number in self._rows]
        missed = [p for n, p in self._people.items() if n not in self._rows and self._time_s - p.seen_s <= self.settings.hold_s]
        if not here or not missed:
            return here + missed
        covered = geometry.iou(np.array([p.xyxy for p in missed]), np.array([p.xyxy for p in here])).max(axis=1) > _COVERED
        return here + [p for p, gone in zip(missed, covered, strict=True) if not gone]

    def _face(self, person: _Person) -> LiveFace:
        told = person.probabilities
        assert told is not None  # noqa: S101 - only those who were read come here
        return LiveFace(person.number, person.colour, _frozen(person.xyxy), told, self._valence(told))

    def _valence(self, probabilities: FloatArray) -> float | None:
        return float(valence_of(probabilities, self._review)) if self._emotion.labels == EXPRESSIONS else None

    def _note(self, people: Sequence[_Person], faces: Sequence[LiveFace]) -> None:
        """Write the curve on, and cut off what is older than it shows."""
        valence = {face.number: face.valence for face in faces}
        for person in people:
            value = valence[person.number]
            if value is not None and self._time_s - person.noted_s >= self.settings.history_step_s:
                self._history.append(Moment(self._time_s, person.number, person.colour, value))
                person.noted_s = self._time_s
        while self._history and self._time_s - self._history[0].time_s > self.settings.history_s:
            self._history.popleft()

    def _pace(self, ms: float) -> tuple[float, float]:
        """Pictures a second and the usual milliseconds of one, over the last seconds of the clock on the wall."""
        now = time.perf_counter()
        self._paces.append((now, ms))
        recent = [(at, spent) for at, spent in self._paces if now - at <= self.settings.rate_over_s]
        span = now - recent[0][0]
        fps = (len(recent) - 1) / span if len(recent) > 1 and span > 0 else 0.0
        return fps, float(np.median([spent for _, spent in recent]))


def read_picture(
    image: UInt8Array, detector: Detector, emotion: EmotionModel, review: ReviewSettings | None = None
) -> LiveResult:
    """One picture by itself: every face, numbered from the left, as it is."""
    check_image(image)
    since = time.perf_counter()
    faces = detector.detect(image)
    faces = faces[np.argsort(faces.xyxy[:, 0], kind="stable")]
    rows = _expressions(image, faces, emotion, LiveSettings.patch_px)
    seven = emotion.labels == EXPRESSIONS
    valence = valence_of(rows, review or ReviewSettings()).tolist() if seven else [None] * len(faces)
    people = tuple(
        LiveFace(place + 1, place % len(PALETTE), faces.xyxy[place], _frozen(rows[place]), valence[place])
        for place in range(len(faces))
    )
    ms = 1e3 * (time.perf_counter() - since)
    size = image.shape[1], image.shape[0]
    return LiveResult(0.0, size, emotion.labels, people, np.zeros((0, 4), np.float32), ms, ms, 0.0)


def _expressions(image: UInt8Array, faces: Faces, emotion: EmotionModel, side_px: int) -> FloatArray:
    """(n, k) for the faces, each cut out first: a whole picture would be shrunk anew for each of them."""
    patches, inside = [], []
    for row in range(len(faces)):
        patch, offset, scale = geometry.cut(image, faces.xyxy[row], _MARGIN, side_px)
        patches.append(patch)
        inside.append(faces[row].moved(offset, scale))
    return emotion.predict_many(patches, inside)


def _share_kept(age_s: float, half_life_s: float) -> float:
    """What is left of the old value's weight after that time."""
    return float(0.5 ** (age_s / half_life_s)) if half_life_s > 0 else 0.0


def _frozen(values: FloatArray) -> FloatArray:
    found = np.array(values, np.float32)
    found.setflags(write=False)
    return found
