"""The product in small: one person holds an expression, then another, and the change is reviewed as a visit's is."""

import threading
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from fer_core.live.types import LiveFace, LiveResult
from fer_core.review import Change, change_between, reason
from fer_core.settings import ReviewSettings
from fer_core.types import EXPRESSIONS, Appearance, FloatArray, Role

Phase: TypeAlias = Literal["idle", "ready", "hold", "done", "failed"]

NOBODY = "Nobody was seen when the first expression was to be held. Come nearer and try again."
SOMEBODY_ELSE = (
    "The person of the first expression was not in the picture at the second one: only the same face, followed without a "
    "break, can be compared with itself. Stay in the picture between the two and try again."
)
TOO_FEW = "The face was seen too rarely while the {which} expression was held. Look into the camera and try again."
CLASSES = "This expression model has classes of its own. A review needs one that knows the seven expressions."
ANEW = "The picture began anew in between. Try again."


@dataclass(frozen=True)
class HoldSettings:
    """How long it takes."""

    ready_s: float = 3.0
    """Time to get ready before each of the two. More: time to change one's face; a longer wait."""
    hold_s: float = 3.0
    """Time for which each is held. More: surer numbers; a face that tires."""
    most_gap_s: float = 0.25
    """Longest time between two pictures that counts. More: a stream that stands still uses the time up."""
    least_readings: int = 8
    """Fewest readings of each. More: fewer reviews, surer ones."""


@dataclass(frozen=True)
class HoldState:
    """Where it is: which (1 or 2) of the two, and seconds left of this phase."""

    phase: Phase = "idle"
    which: int = 1
    left_s: float = 0.0
    of_s: float = 0.0
    person: int | None = None


@dataclass(frozen=True, eq=False)
class Outcome:
    """Both appearances, the change between them, and the review in a sentence."""

    first: Appearance
    second: Appearance
    change: Change
    sentence: str


class BeforeAfter:
    """Takes the live results one after the other; `start` begins, `state` and `outcome` may be asked by any thread."""

    def __init__(self, settings: HoldSettings | None = None) -> None:
        self.settings = settings or HoldSettings()
        self._lock = threading.Lock()
        self._review = ReviewSettings()
        self._reset("idle")

    def start(self, review: ReviewSettings | None = None) -> None:
        """Begin, or begin again, with the next picture."""
        with self._lock:
            self._review = review or ReviewSettings()
            self._reset("ready")

    def forget(self) -> None:
        """Drop everything that was read."""
        with self._lock:
            self._reset("idle")

    def take(self, result: LiveResult) -> None:
        """The next picture's result, before any map of categories."""
        with self._lock:
            if self._state.phase in ("ready", "hold"):
                self._step(result)

    @property
    def state(self) -> HoldState:
        with self._lock:
            return self._state

    @property
    def outcome(self) -> Outcome | None:
        """What came of it; None before it is done."""
        with self._lock:
            return self._outcome

    @property
    def trouble(self) -> str:
        """Why nothing came of it, as a sentence; else ""."""
        with self._lock:
            return self._trouble

    # ---- step by step -----------------------------------------------------------------------------------------------

    def _reset(self, phase: Phase) -> None:
        self._spent_s = 0.0
        self._last_s = float("-inf")
        self._held: tuple[list[tuple[float, FloatArray]], ...] = ([], [])
        self._outcome: Outcome | None = None
        self._trouble = ""
        length = self.settings.ready_s if phase == "ready" else 0.0
        self._state = HoldState(phase, 1, length, length)

    def _step(self, result: LiveResult) -> None:
        if result.labels != EXPRESSIONS:
            return self._fail(CLASSES)
        if result.time_s <= self._last_s:
            return self._fail(ANEW)
        gap, self._last_s = result.time_s - self._last_s, result.time_s
        if gap < float("inf"):
            self._spent_s += min(gap, self.settings.most_gap_s)
        left = self._state.of_s - self._spent_s
        if left <= 0:
            return self._turn(result)
        person = self._read(result) if self._state.phase == "hold" else self._state.person
        self._state = HoldState(self._state.phase, self._state.which, left, self._state.of_s, person)

    def _turn(self, result: LiveResult) -> None:
        """On to the next phase."""
        which, settings = self._state.which, self.settings
        self._spent_s = 0.0
        if self._state.phase == "ready":
            self._begin_hold(result, which)
        elif len(self._held[which - 1]) < settings.least_readings:
            self._fail(self._why_few(which))
        elif which == 1:
            self._state = HoldState("ready", 2, settings.ready_s, settings.ready_s, self._state.person)
        else:
            self._finish()

    def _begin_hold(self, result: LiveResult, which: int) -> None:
        """The largest face is the person; at the second expression it has to be there again."""
        person = self._state.person
        if which == 1:
            largest = max(result.faces, key=_height, default=None)
            person = None if largest is None else largest.number
        if person is None:
            return self._fail(NOBODY)
        if all(face.number != person for face in result.faces):
            return self._fail(SOMEBODY_ELSE)
        self._state = HoldState("hold", which, self.settings.hold_s, self.settings.hold_s, person)

    def _read(self, result: LiveResult) -> int | None:
        """Keep the person's reading where it is a new one."""
        held, person = self._held[self._state.which - 1], self._state.person
        for face in result.faces:
            fresh = face.reading is not None and (not held or face.read_s > held[-1][0])
            if face.number == person and face.reading is not None and fresh:
                held.append((face.read_s, face.reading))
        return person

    def _why_few(self, which: int) -> str:
        return SOMEBODY_ELSE if which == 2 and not self._held[1] else TOO_FEW.format(which=("first", "second")[which - 1])

    def _finish(self) -> None:
        first, second = _appearance("entry", self._held[0]), _appearance("exit", self._held[1])
        change = change_between(first, second, self._review)
        self._outcome = Outcome(first, second, change, reason(change, self._review))
        self._state = HoldState("done", 2, person=self._state.person)

    def _fail(self, why: str) -> None:
        self._trouble = why
        self._state = HoldState("failed", self._state.which)


def _height(face: LiveFace) -> float:
    return float(face.xyxy[3] - face.xyxy[1])


def _appearance(role: Role, held: list[tuple[float, FloatArray]]) -> Appearance:
    """The readings as an appearance. The track says who it is, so that no template of the face is ever made: the one that a
    review asks for only stands in its place."""
    times, rows = zip(*held, strict=True)
    start, end = float(times[0]), float(times[-1])
    return Appearance(
        role, 0, ((start, end),), start, 0.0, 0.0, 0.0, 1.0, len(rows), np.ones(1), np.array(times), np.array(rows),
        np.ones(len(rows)),
    )  # fmt: skip
