"""From a clock that never jumps to the time of day, which people and time servers set."""

import time
from datetime import UTC, datetime, timedelta

_JUMP_S = 2.0


class WallClock:
    """The time of day of moments of the monotonic clock. A jump of the system's clock is followed, and counted in `jumps`:
    what was filmed before keeps its time."""

    def __init__(self) -> None:
        self.jumps = 0
        self._base = self._offset()

    def at(self, monotonic_s: float) -> datetime:
        """The moment, aware, in UTC."""
        now = self._offset()
        if abs(now - self._base) > _JUMP_S:
            self.jumps += 1
            self._base = now
        return datetime.fromtimestamp(0, UTC) + timedelta(seconds=self._base + monotonic_s)

    @staticmethod
    def _offset() -> float:
        return time.time() - time.monotonic()
