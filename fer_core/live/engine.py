"""The live engine: detect, drop, track, judge, read, smooth. It knows nothing of browsers and stores nothing."""

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from fer_core import geometry
from fer_core.detect import Detector
from fer_core.embed import Embedder
from fer_core.emotion import EmotionModel
from fer_core.gate import Gate
from fer_core.live.judging import Judge
from fer_core.live.steady import steadiness
from fer_core.live.still import expressions, frozen
from fer_core.live.types import PALETTE, LiveFace, LiveResult, LiveSettings, Moment
from fer_core.review import valence_of
from fer_core.settings import ReviewSettings, TrackSettings
from fer_core.track import FaceTracker
from fer_core.types import EXPRESSIONS, Faces, FloatArray, UInt8Array, check_image

_COVERED = 0.3
_NEVER = float("-inf")
_MOST_RECENT = 128


@dataclass(eq=False)
class _Person:
    """What is known of one person; everything but number and colour changes from picture to picture.

    admitted: whether the gate lets them be read: False for staff, None as long as they were not judged.
    """

    number: int
    colour: int
    xyxy: FloatArray
    seen_s: float
    probabilities: FloatArray | None = None
    read_s: float = _NEVER
    noted_s: float = _NEVER
    admitted: bool | None = None
    judged_s: float = _NEVER
    landmarks: FloatArray | None = None
    recent: deque[tuple[float, FloatArray]] = field(default_factory=lambda: deque(maxlen=_MOST_RECENT))

    def unread(self) -> None:
        """Forget what was read of them."""
        self.probabilities, self.read_s = None, _NEVER
        self.recent.clear()


class LiveEngine:
    """Follows the people in one camera's picture. One instance per viewer: it keeps state, under a lock of its own.

    Detector, model and embedder may be shared with other engines: they hold their own locks. Any thread may call anything.

    Faces that the gate's zones and hours drop are not followed. Where it knows staff, nobody is read before one good shot of
    theirs was embedded and the gate admitted it; staff are followed and never read. Without, nothing is embedded.
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
        *,
        gate: Gate | None = None,
        embedder: Embedder | None = None,
    ) -> None:
        """ValueError for a gate that knows staff, but no embedder."""
        self.settings = settings or LiveSettings()
        self._review = review or ReviewSettings()
        self._lock = threading.Lock()
        self._told = threading.Lock()
        self._detector, self._emotion = detector, emotion
        self._judge = Judge(gate or Gate(), embedder)
        self._begin()

    def use(
        self,
        detector: Detector,
        emotion: EmotionModel,
        review: ReviewSettings | None = None,
        *,
        gate: Gate | None = None,
        embedder: Embedder | None = None,
    ) -> None:
        """Go on with another detector or model; people keep their numbers, expressions are read anew if the model changed.

        Another gate or embedder, none as well, is a new beginning: everybody is forgotten, with the curve. Other valences
        (of `review`, the usual ones where it is None) begin the curve anew.
        """
        judge = Judge(gate or Gate(), embedder)
        with self._lock:
            if judge != self._judge:
                self._judge = judge
                self._begin()
            self._value(review or ReviewSettings())
            changed = emotion is not self._emotion
            self._detector, self._emotion = detector, emotion
            for person in self._people.values() if changed else ():
                person.unread()

    def reset(self) -> None:
        """Forget everybody and the curve."""
        with self._lock:
            self._begin()

    def frame(self, image: UInt8Array, time_s: float, moment: datetime | None = None) -> LiveResult:
        """Take the next picture (h, w, 3) uint8 BGR, which is not changed, seen at time_s (seconds of any clock).

        moment: when it was taken, aware, for the gate's hours; None: now.

        A time that does not rise is taken for a new beginning: everybody is forgotten. ValueError for anything that is no
        such image.
        """
        check_image(image)
        with self._lock:
            if time_s <= self._time_s:
                self._begin()
            self._time_s = time_s
            since = time.perf_counter()
            faces, dropped = self._judge.passed(self._detector.detect(image), (image.shape[1], image.shape[0]), moment)
            unnumbered = self._follow(faces, time_s)
            self._ask(image, faces, time_s)
            self._read(image, faces, time_s)
            ms = 1e3 * (time.perf_counter() - since)
            return self._tell(image, unnumbered, dropped, ms)

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

    def _value(self, review: ReviewSettings) -> None:
        """Take these valences from now on."""
        if review.valence != self._review.valence:
            with self._told:
                self._history.clear()
        self._review = review

    def _follow(self, faces: Faces, time_s: float) -> FloatArray:
        """Give each face its person; (m, 4): the boxes that belong to nobody yet."""
        numbers, before = self._tracker.update(faces, time_s).numbers, self._rows
        self._rows = {number: row for row, number in enumerate(numbers) if number is not None}
        for number in self._tracker.ended():
            self._people.pop(number, None)
        for number, row in self._rows.items():
            if number not in before:
                self._doubt(number, time_s)
            self._place(number, faces[row], time_s)
        return faces.xyxy[[row for row, number in enumerate(numbers) if number is None]]

    def _place(self, number: int, face: Faces, time_s: float) -> None:
        person, landmarks = self._people.get(number), None if face.landmarks is None else face.landmarks[0]
        if person is None:
            self._people[number] = _Person(number + 1, self._free_colour(), face.xyxy[0], time_s, landmarks=landmarks)
            return
        share = _share_kept(time_s - person.seen_s, self.settings.box_half_life_s)
        person.xyxy = _between(person.xyxy, face.xyxy[0], share)
        moving = landmarks is not None and person.landmarks is not None
        person.landmarks = _between(person.landmarks, landmarks, share) if moving else landmarks
        person.seen_s = time_s

    def _free_colour(self) -> int:
        used = [person.colour for person in self._people.values()]
        return min(range(len(PALETTE)), key=lambda colour: (used.count(colour), colour))

    # ---- judging ----------------------------------------------------------------------------------------------------

    def _doubt(self, number: int, time_s: float) -> None:
        """Whoever was out of sight for longer than their box stays drawn may be somebody else now."""
        person = self._people.get(number)
        if self._judge.asks and person and time_s - person.seen_s > self.settings.hold_s:
            person.admitted, person.judged_s = None, _NEVER
            person.unread()

    def _ask(self, image: UInt8Array, faces: Faces, time_s: float) -> None:
        """Judge those whose turn it is, those that have waited longest first; who has no good shot yet goes on waiting."""
        people = self._people
        due = [n for n in self._rows if self._judge.asks and self._unsure(people[n], time_s)]
        left = self.settings.most_judged
        for number in sorted(due, key=lambda n: people[n].judged_s):
            told = self._judge.admits(image, faces, self._rows[number]) if left else None
            if told is not None:
                left -= 1
                self._heed(people[number], told, time_s)

    def _unsure(self, person: _Person, time_s: float) -> bool:
        """Whether to judge: staff are asked about once, others now and then, for a track may slip to somebody else."""
        return person.admitted is None or (person.admitted and time_s - person.judged_s >= self.settings.judge_again_s)

    def _heed(self, person: _Person, admitted: bool, time_s: float) -> None:
        """Note it; of staff nothing that was read before is kept."""
        person.admitted, person.judged_s = admitted, time_s
        if admitted:
            return
        person.unread()
        with self._told:
            others = (moment for moment in self._history if moment.number != person.number)
            self._history = deque(others, maxlen=self.settings.history_most)

    # ---- reading ----------------------------------------------------------------------------------------------------

    def _read(self, image: UInt8Array, faces: Faces, time_s: float) -> None:
        """Read the faces whose turn it is, those that have waited longest first, in one batch."""
        may = [n for n in self._rows if self._people[n].admitted or not self._judge.asks]
        due = [n for n in may if time_s - self._people[n].read_s >= self.settings.expression_every_s]
        due = sorted(due, key=lambda n: self._people[n].read_s)[: self.settings.most_reads]
        rows = expressions(image, faces[[self._rows[n] for n in due]], self._emotion, self.settings.patch_px)
        for number, row in zip(due, rows, strict=True):
            self._smooth(self._people[number], row, time_s)

    def _smooth(self, person: _Person, row: FloatArray, time_s: float) -> None:
        before, age_s = person.probabilities, time_s - person.read_s
        share = 0.0 if before is None else _share_kept(age_s, self.settings.half_life_s)
        person.probabilities = frozen(row if before is None else share * before + (1 - share) * row)
        person.read_s = time_s
        person.recent.append((time_s, frozen(row)))
        while time_s - person.recent[0][0] > self.settings.steady_s:
            person.recent.popleft()

    # ---- telling ----------------------------------------------------------------------------------------------------

    def _tell(self, image: UInt8Array, unnumbered: FloatArray, dropped: FloatArray, ms: float) -> LiveResult:
        shown = self._shown()
        staff = [p for p in shown if p.admitted is False]
        waiting = [p for p in shown if p.admitted is None and self._judge.asks]
        people = [p for p in shown if p.probabilities is not None]
        unread = [p for p in shown if p not in (*staff, *waiting, *people)]
        fps, usual_ms = self._pace(ms)
        result = LiveResult(
            time_s=self._time_s, size=(image.shape[1], image.shape[0]), labels=self._emotion.labels,
            faces=tuple(self._face(p) for p in sorted(people, key=lambda p: p.number)),
            unread=np.concatenate([unnumbered, _boxes(unread)]), engine_ms=ms, usual_ms=usual_ms, fps=fps,
            staff=_boxes(staff), waiting=_boxes(waiting), dropped=dropped,
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
        landmarks = None if person.landmarks is None else frozen(person.landmarks)
        newest = person.recent[-1][1] if person.recent else None
        steady = steadiness([row for _, row in person.recent], self.settings.steady_least)
        return LiveFace(
            person.number, person.colour, frozen(person.xyxy), told, self._valence(told),
            person.seen_s, landmarks, newest, person.read_s, steady,
        )  # fmt: skip

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


def _boxes(people: Sequence[_Person]) -> FloatArray:
    return np.array([person.xyxy for person in people], np.float32).reshape(-1, 4)


def _between(before: FloatArray | None, now: FloatArray | None, share: float) -> FloatArray:
    """Points on their way from the old place to the new one, both known."""
    assert before is not None and now is not None  # noqa: S101 - asked by the only caller
    return np.asarray(share * before + (1 - share) * now, np.float32)


def _share_kept(age_s: float, half_life_s: float) -> float:
    """What is left of the old value's weight after that time."""
    return float(0.5 ** (age_s / half_life_s)) if half_life_s > 0 else 0.0
