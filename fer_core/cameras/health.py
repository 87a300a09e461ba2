"""How a camera is: pictures a second, delay, when the last one came, and what is wrong in one sentence."""

from collections import deque
from dataclasses import dataclass
from typing import Literal, TypeAlias

State: TypeAlias = Literal["connecting", "live", "frozen", "retrying", "over"]
_OVER_S = 10.0


@dataclass(frozen=True)
class Health:
    """pictures_per_s: of those that came in the last ten seconds; taken_per_s: of those that were looked at. delay_s: how
    old the newest taken picture was when it was taken. silent_s: since the last picture (None: none yet). why: what is
    wrong, or "". breaks: how often it had to be opened again."""

    state: State
    why: str = ""
    pictures_per_s: float = 0.0
    taken_per_s: float = 0.0
    delay_s: float = 0.0
    silent_s: float | None = None
    breaks: int = 0
    width: int = 0
    height: int = 0


class Pace:
    """Counts events of the last `over_s` seconds. Times in seconds of one clock, rising; one thread notes, any may ask."""

    def __init__(self, over_s: float = _OVER_S) -> None:
        self._over_s = over_s
        self._times: deque[float] = deque()

    def note(self, now_s: float) -> None:
        """Something happened."""
        self._times.append(now_s)
        self._forget(now_s)

    def per_s(self, now_s: float) -> float:
        """How often a second, over the last `over_s` seconds or since the first event."""
        times = [at_s for at_s in list(self._times) if now_s - at_s <= self._over_s]
        return len(times) / min(self._over_s, max(1.0, now_s - times[0])) if times else 0.0

    def _forget(self, now_s: float) -> None:
        while self._times and now_s - self._times[0] > self._over_s:
            self._times.popleft()
