"""Who is dropped before the expression model sees them: masked zones, hours, staff.

The order is the promise: zones and hours act on detections, staff on a track's template, and only what is left is
handed to the expression model (EU AI Act, Art. 5(1)(f): staff are never scored).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from fer_core import geometry
from fer_core.types import BoolArray, Faces, FloatArray


@dataclass(frozen=True)
class Zone:
    """A masked polygon: corners (x, y) as shares of the picture's width and height, so that any resolution fits."""

    name: str
    corners: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        if len(self.corners) < 3:
            raise ValueError(f"the zone {self.name!r} needs at least three corners, not {len(self.corners)}")
        if any(not 0 <= value <= 1 for corner in self.corners for value in corner):
            raise ValueError(f"the zone {self.name!r} has a corner outside the picture (shares must lie in 0 … 1)")


@dataclass(frozen=True)
class Hours:
    """The opening hours of every day, in the store's zone; from == until means all day, from > until over midnight."""

    begin: time
    end: time
    zone: str = "UTC"

    def open_at(self, moment: datetime) -> bool:
        """Whether that moment (aware) lies in the hours."""
        local = moment.astimezone(ZoneInfo(self.zone)).time()
        if self.begin == self.end:
            return True
        if self.begin < self.end:
            return self.begin <= local < self.end
        return local >= self.begin or local < self.end


@dataclass(frozen=True)
class Week:
    """Opening hours by day of the week (0 is Monday) on a zone's clock; a day that isn't there is closed.

    Hours are (begin, end), the end not included; an end of 00:00 is the end of the day.
    """

    days: Mapping[int, tuple[time, time]]
    zone: str = "UTC"

    def open_at(self, moment: datetime) -> bool:
        """Whether that moment (aware) lies in the hours."""
        local = moment.astimezone(ZoneInfo(self.zone))
        begin, end = self.days.get(local.weekday(), (time.max, time.min))
        return begin <= local.time() and (end == time.min or local.time() < end) and local.weekday() in self.days


@dataclass(frozen=True)
class Gate:
    """What one camera drops.

    masks: faces whose middle lies in one are dropped. hours: faces outside them are dropped, where the film's start is
    known. is_staff: told a template, says whether it is staff's; their expression is never read. is_guest: told a template,
    says whether that person agreed to be recognised; of all others no template is kept.
    """

    masks: tuple[Zone, ...] = ()
    hours: Hours | Week | None = None
    is_staff: Callable[[FloatArray], bool] | None = None
    is_guest: Callable[[FloatArray], bool] | None = None

    def admits(self, faces: Faces, size: tuple[int, int], moment: datetime | None = None) -> BoolArray:
        """(n,) bool: which faces pass zones and hours; `size` is the picture's (width, height) in px."""
        passed = np.ones(len(faces), bool)
        if self.hours and moment and not self.hours.open_at(moment):
            return ~passed
        middle = (faces.xyxy[:, :2] + faces.xyxy[:, 2:]) / 2 / np.array(size, np.float32)
        for zone in self.masks:
            passed &= ~geometry.points_in_polygon(middle, np.array(zone.corners, np.float32))
        return passed

    def admits_template(self, template: FloatArray) -> bool:
        """Whether a track with this template may be scored: False for staff."""
        return self.is_staff is None or not self.is_staff(template)

    def keeps_template(self, template: FloatArray) -> bool:
        """Whether a track with this template may keep it: where people have to agree first, only for those who did."""
        return self.is_guest is None or self.is_guest(template)


def moment_of(start_at: datetime | None, time_s: float) -> datetime | None:
    """The moment of a film's second, or None without a start."""
    return start_at + timedelta(seconds=time_s) if start_at else None


def masking(polygons: Iterable[tuple[tuple[float, float], ...]]) -> Gate:
    """The gate that drops faces inside these polygons, corners (x, y) in shares of the picture: a camera's drawn zones."""
    return Gate(masks=tuple(Zone(f"zone {n}", corners) for n, corners in enumerate(polygons, 1)))
