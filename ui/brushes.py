"""What is selected in the charts of Trends, as a narrower filter for the charts beside. No streamlit here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from fer_core.queries import By, Filter, Grain
from fer_core.queries.sums import UNNAMED_DOOR
from ui.address import WEEKDAYS
from ui.charts import CELLS_BRUSH, GROUP_BRUSH, TIME_BRUSH

_INSTANT = timedelta(microseconds=1)
_LONGER: Mapping[Grain, timedelta] = MappingProxyType(
    {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1), "month": timedelta(days=31)}
)
"""From the start of a bucket into the next one, and not beyond it."""


@dataclass(frozen=True)
class Brush:
    """A selection in one chart: as the fields of a Filter that it narrows, and in words."""

    chart: str
    fields: tuple[tuple[str, Any], ...]
    words: str

    def narrow(self, filter: Filter) -> Filter:
        """The filter with this selection put to it."""
        return replace(filter, **dict(self.fields))


def narrowed(filter: Filter, brushes: Iterable[Brush], without: str = "") -> Filter:
    """The filter narrowed by all brushes but that of the chart `without`: a chart goes on showing what was selected in it."""
    for brush in brushes:
        if brush.chart != without:
            filter = brush.narrow(filter)
    return filter


def time_brush(selection: Mapping[str, Any], grain: Grain, filter: Filter, *, dots: bool = True) -> Brush | None:
    """The days of the buckets whose start (the dot of a line) was selected, or with dots=False of all that were touched.

    selection: {"bucket": [ms, ms]} of UTC. Where no dot was caught, the bucket that was touched counts.
    """
    ends = selection.get("bucket")
    if not ends or len(ends) < 2:
        return None
    first, last = (datetime.fromtimestamp(float(end) / 1000, UTC).replace(tzinfo=None) for end in (min(ends), max(ends)))
    start, final = _bucket(first, grain), _bucket(last, grain)
    if dots and start < first and start < final:
        start = _next(start, grain)
    if not dots and start < final == last:
        final = _bucket(last - _INSTANT, grain)
    return _within(start.date(), (_next(final, grain) - _INSTANT).date(), filter)


def cells_brush(selection: Mapping[str, Any]) -> Brush | None:
    """Weekdays and hours from the first selected to the last; selection: {"day": ["Mon", …], "hour": [9, …]}."""
    days = [WEEKDAYS.index(str(day).lower()) for day in selection.get("day", ())]
    hours = [int(hour) for hour in selection.get("hour", ())]
    if not days or not hours:
        return None
    span = (min(hours), max(hours) + 1)
    words = f"{_weekdays(sorted(set(days)))}, {span[0]}–{span[1]} h"
    return Brush(CELLS_BRUSH, (("weekdays", tuple(sorted(set(days)))), ("hours", span)), words)


def group_brush(selection: Iterable[Mapping[str, Any]], by: By, filter: Filter) -> Brush | None:
    """The selected stores, or doors; selection: [{"group": name}, …]. Of "store · door" both are taken."""
    names = [str(one["group"]) for one in selection if one.get("group")]
    if not names:
        return None
    if by == "store":
        return Brush(GROUP_BRUSH, (("stores", tuple(names)),), ", ".join(names))
    parts = [name.rsplit(" · ", 1) for name in names]
    doors = tuple(dict.fromkeys(part[-1] for part in parts))
    stores = tuple(dict.fromkeys(part[0] for part in parts if len(part) == 2)) or filter.stores
    plain = tuple("" if door == UNNAMED_DOOR else door for door in doors)
    return Brush(
        GROUP_BRUSH, (("stores", stores), ("doors", plain)), "; ".join(", ".join(said) for said in (stores, doors) if said)
    )


def as_choice(brushes: Iterable[Brush]) -> dict[str, Any]:
    """The brushes as shared filters, by the keys of `address.DEFAULTS`."""
    fields: dict[str, Any] = {}
    for brush in brushes:
        fields |= dict(brush.fields)
    choice: dict[str, Any] = {name: fields[name] for name in ("stores", "doors", "hours") if name in fields}
    if "doors" in choice:
        choice["doors"] = tuple(door for door in choice["doors"] if door)
    if "first" in fields:
        choice |= {"period": "custom", "from": fields["first"], "to": fields["last"]}
    if "hours" in fields:
        choice["part"] = "custom"
    if "weekdays" in fields:
        choice["weekdays"] = tuple(WEEKDAYS[day] for day in fields["weekdays"])
    return choice


def _within(first: date, last: date, filter: Filter) -> Brush | None:
    first, last = max(first, filter.first or first), min(last, filter.last or last)
    return Brush(TIME_BRUSH, (("first", first), ("last", last)), _days(first, last)) if first <= last else None


def _next(start: datetime, grain: Grain) -> datetime:
    """The start of the bucket after the one that starts then."""
    return _bucket(start + _LONGER[grain], grain)


def _bucket(moment: datetime, grain: Grain) -> datetime:
    """The start of the bucket that holds the moment."""
    day = moment.replace(minute=0, second=0, microsecond=0)
    if grain == "hour":
        return day
    day = day.replace(hour=0)
    return day - timedelta(days=day.weekday()) if grain == "week" else day.replace(day=1) if grain == "month" else day


def _days(first: date, last: date) -> str:
    if first == last:
        return f"{first:%a} {first.day} {first:%B %Y}"
    return f"{first.day} {first:%B} to {last.day} {last:%B %Y}"


def _weekdays(days: list[int]) -> str:
    names = [WEEKDAYS[day].capitalize() for day in days]
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
