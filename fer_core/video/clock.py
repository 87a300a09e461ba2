"""Time stamps to seconds, seconds to samples."""

import math
from fractions import Fraction

ROUNDING_S = 0.001
"""Time stamps of some formats (Matroska, Flash) are rounded to this: a picture this early is in time for its sample."""

_JUMP_BACK_S = 1.0
_USUAL_INTERVAL = Fraction(1, 25)


def sample_number(time_s: float, samples_per_s: float) -> int:
    """How many multiples of 1/samples_per_s lie in (0, time_s]; one more than for the picture before means: sample it."""
    return math.floor((time_s + ROUNDING_S) * samples_per_s)


class Clock:
    """Seconds since the film's first picture, for pictures as they are decoded.

    A picture with a time stamp stands at (its stamp - the first stamp) x the stream's time base. One without follows the
    picture before at the stream's average frame rate (25 a second where it tells none). Where the stamps jump back by
    more than a second (recordings joined end to end), the clock runs on from there at the same spacing.
    """

    def __init__(self, time_base: Fraction, frame_rate: Fraction | None) -> None:
        self._tick_s = float(time_base)
        self.interval_s = float(1 / frame_rate if frame_rate else _USUAL_INTERVAL)
        self._origin: float | None = None
        self.pictures = 0
        self.last_s = 0.0
        self.steady = True
        """False once a time stamp was missing or jumped back: the stamps of packets then tell no time."""

    def at(self, pts: int) -> float:
        """The time of that stamp, once a first picture was seen."""
        return 0.0 if self._origin is None else (pts - self._origin) * self._tick_s

    def tick(self, pts: int | None) -> float:
        """The time of the next decoded picture. Small steps back are told as they are; `last_s` never falls."""
        follow_s = self.last_s + self.interval_s if self.pictures else 0.0
        self.pictures += 1
        if pts is None:
            self.steady = False
            self.last_s = follow_s
            return follow_s
        if self._origin is None or self.at(pts) < self.last_s - _JUMP_BACK_S:
            self.steady = self.steady and self._origin is None
            self._origin = pts - follow_s / self._tick_s
        time_s = self.at(pts)
        self.last_s = max(self.last_s, time_s)
        return time_s
