"""Whether a rule's condition is met, in one sentence; and the memory that takes: what each camera said lately."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fer_core.alerts.rules import LEAST_VISITS, MOST_MINUTES, Negative, Silent, Unusable

_LONGEST_STEP_S = 60.0
"""A sample stands for no longer than this: after a pause nobody knows how many faces there were."""


@dataclass(frozen=True)
class Seen:
    """What is known of a camera now.

    camera: its role and door, "exit:North". name: for people. known: False where nothing was heard of it since the start.
    silent_s: since its last picture, None where it never sent one. frozen: the same picture comes again and again.
    faces_per_min: now; usable: the share of them that could be used (0 to 1), None for none.
    """

    camera: str
    name: str
    known: bool = True
    silent_s: float | None = 0.0
    frozen: bool = False
    faces_per_min: float = 0.0
    usable: float | None = None


@dataclass(frozen=True)
class Finding:
    """about: the camera, "" for the store. met: None where that can't be said (yet). sentence: for people, where it is met."""

    about: str
    met: bool | None
    sentence: str = ""


def negative(limits: Negative, visits: int, hits: int, *, is_sample: bool) -> Finding:
    """Of so many visits so many were negative. Fewer than LEAST_VISITS never meet it, but in a sample store."""
    least = limits.visits if is_sample else max(limits.visits, LEAST_VISITS)
    if visits < max(least, 1) or hits / visits <= limits.share:
        return Finding("", False)
    return Finding(
        "",
        True,
        f"{_percent(hits / visits)} of the {visits:,} visits of the last {_minutes(limits.minutes)} were negative: "
        f"more than {_percent(limits.share)}.",
    )


@dataclass
class _Memory:
    """Of one camera: since when it has been without a (new) picture, and (moment, faces, usable faces) of each sample."""

    seen: Seen
    since: datetime
    told: datetime
    without: datetime | None = None
    samples: deque[tuple[datetime, float, float]] = field(default_factory=deque)


class Watch:
    """What the cameras of one store said of themselves in the last hours. Moments are aware and mostly rise."""

    def __init__(self) -> None:
        self._cameras: dict[str, _Memory] = {}

    def note(self, now: datetime, cameras: Sequence[Seen]) -> None:
        """What is known now of all cameras of the store; one that isn't named any more is forgotten."""
        self._cameras = {one.camera: self._noted(now, one) for one in cameras}

    def _noted(self, now: datetime, seen: Seen) -> _Memory:
        known = self._cameras.get(seen.camera)
        if known is None or now < known.told:  # a clock that was set back: what was counted by it means nothing
            known = _Memory(seen, now, now)
        passed_s = min((now - known.told).total_seconds(), _LONGEST_STEP_S)
        known.seen, known.told = seen, now
        without = seen.silent_s is None or seen.frozen
        known.without = (known.without or now) if without else None
        if seen.usable is not None and seen.faces_per_min > 0:
            faces = seen.faces_per_min * passed_s / 60
            known.samples.append((now, faces, faces * seen.usable))
        while known.samples and now - known.samples[0][0] > timedelta(minutes=MOST_MINUTES):
            known.samples.popleft()
        return known

    def silent(self, limits: Silent, now: datetime) -> list[Finding]:
        """For each camera that the rule is about, whether it is silent."""
        return [self._silent(limits, now, one) for one in self._about(limits.camera)]

    def unusable(self, limits: Unusable, now: datetime) -> list[Finding]:
        """For each camera that the rule is about, whether its faces are of little use."""
        return [self._unusable(limits, now, one) for one in self._about(limits.camera)]

    def _about(self, camera: str) -> list[_Memory]:
        return [one for key, one in self._cameras.items() if camera in ("", key)]

    @staticmethod
    def _silent(limits: Silent, now: datetime, one: _Memory) -> Finding:
        seen = one.seen
        if not seen.known:
            return Finding(seen.camera, None)
        silent_s = (now - one.without).total_seconds() if one.without else seen.silent_s or 0.0
        if silent_s < limits.seconds:
            return Finding(seen.camera, None if one.without else False)
        what = "has sent the same picture" if seen.frozen else "has sent no picture"
        return Finding(seen.camera, True, f"The camera “{seen.name}” {what} for {_time(silent_s)}.")

    @staticmethod
    def _unusable(limits: Unusable, now: datetime, one: _Memory) -> Finding:
        begin, name = now - timedelta(minutes=limits.minutes), one.seen.camera
        recent = [sample for sample in one.samples if sample[0] > begin]
        faces, usable = sum(n for _, n, _ in recent), sum(n for _, _, n in recent)
        if faces < limits.faces:
            # a window that isn't full yet, as after a restart, ends nothing
            return Finding(name, False if one.since <= begin and one.seen.known else None)
        if usable / faces >= limits.share:
            return Finding(name, False)
        return Finding(
            name,
            True,
            f"Of about {faces:,.0f} faces before the camera “{one.seen.name}” in the last {_minutes(limits.minutes)} "
            f"{_percent(usable / faces)} could be used: fewer than {_percent(limits.share)}. "
            "Look at its light, height and distance.",
        )


def _percent(share: float) -> str:
    """A share as people write it; what isn't a whole percentage keeps one place, so that 30.4 is more than 30."""
    return f"{100 * share:.1f}".removesuffix(".0") + " %"


def _minutes(minutes: int) -> str:
    return "minute" if minutes == 1 else f"{minutes:,} minutes"


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
