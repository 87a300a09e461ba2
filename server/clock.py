"""How far a job is, how fast it goes, and when it will be done."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from server.job import Task

if TYPE_CHECKING:
    from fer_core.pipeline import Checked, Progress

_SURE_AFTER_S = 2.0
"""Before that, a rate is a guess and not told."""


class Stopwatch:
    """Seconds since it was made, and how many more a thing will take whose share is done."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    @property
    def spent_s(self) -> float:
        return time.monotonic() - self._begun

    def left_s(self, share: float | None) -> float | None:
        """None as long as nobody can know."""
        spent = self.spent_s
        return spent * (1 - share) / share if share and spent >= _SURE_AFTER_S else None


class FilmClock:
    """The progress of a day's films as one: shares are of all their seconds, where every film says how long it is."""

    def __init__(self, task: Task, checked: "Sequence[Checked]") -> None:
        self._task = task
        lengths = [one.info.duration_s for one in checked]
        self._total_s = sum(s or 0.0 for s in lengths) if all(lengths) else None
        self._watch: Stopwatch | None = None
        self._done_s: dict[object, float] = {}

    def tell(self, progress: "Progress") -> None:
        """Pass on what `review_day` tells of the film that it is at."""
        self._watch = self._watch or Stopwatch()
        key = (progress.role, progress.film)
        self._done_s[key] = max(progress.done_s, self._done_s.get(key, 0.0))
        done_s, spent_s = sum(self._done_s.values()), self._watch.spent_s
        share = min(done_s / self._total_s, 1.0) if self._total_s else None
        speed = done_s / spent_s if spent_s >= _SURE_AFTER_S else None
        stage = "entrance films" if progress.role == "entry" else "exit films"
        self._task.tell(stage, share, speed, self._watch.left_s(share))
