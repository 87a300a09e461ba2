"""The store at this moment: how its last visits went, against what is usual for the hour, and the newest reviews.

`now` is a moment (aware); visits count by when they ended, for that is when their reviews are made.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fer_core.queries import shops
from fer_core.queries.cells import COUNTS, cells
from fer_core.queries.filters import VERDICT, Filter, Source, Where
from fer_core.queries.lists import rows_of
from fer_core.store.scope import reads
from fer_core.types import REVIEWS

MINUTES = (5, 15, 60)
WEEKS = 8
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Mood:
    """How some visits went: n of them, how many of each review, the mean change (-2 to 2) and the standard error of that mean;
    days on which there were any. None where they are too few to be shown (hidden), or where there is nothing to make of.
    sample: all of it is sample data."""

    n: int
    positive: int | None
    neutral: int | None
    negative: int | None
    uncertain: int | None
    mean_change: float | None
    change_se: float | None
    days: int | None
    hidden: bool
    sample: bool = False


@reads("sums")
def last_minutes(source: Source, store: str, now: datetime, minutes: Sequence[int] = MINUTES) -> dict[int, Mood]:
    """The visits that ended in the last so many minutes, by their number."""
    return {length: _mood(source, Filter(stores=(store,)), _between(now, length)) for length in minutes}


@reads("sums")
def usual(source: Source, store: str, now: datetime) -> Mood:
    """The visits of the same hour on the same weekday of the store's clock, of the last eight weeks before today.

    DataError for no such store.
    """
    local = now.astimezone(ZoneInfo(shops.store(source, store)["time_zone"]))
    day = local.date()
    filter = Filter((store,), day - 7 * WEEKS * _DAY, day - _DAY, weekdays=(day.weekday(),), hours=(local.hour, local.hour + 1))
    return _mood(source, filter)


@reads("sums")
def came_today(source: Source, store: str, now: datetime) -> int:
    """How many visits of today, on the store's clock, are in the database. DataError for no such store."""
    day = now.astimezone(ZoneInfo(shops.store(source, store)["time_zone"])).date()
    return _mood(source, Filter((store,), day, day)).n


@reads("visits")
def last_reviews(source: Source, store: str, now: datetime, limit: int = 8) -> list[dict[str, Any]]:
    """The newest visits of the last 24 hours, the latest first: visit_id, exited_at (aware, UTC), verdict, net_change,
    dwell_s, entry_door, exit_door."""
    where = Where(Filter(stores=(store,))).of_visits()
    where.add(_between(now, 24 * 60))
    where.parameters["limit"] = max(0, limit)
    sql = (
        f"SELECT visit_id::VARCHAR AS visit_id, exited_at, {VERDICT} AS verdict, dwell_s, entry_door, exit_door, "  # noqa: S608
        f"change - coalesce(camera_offset, 0) AS net_change FROM visits WHERE {where} "
        "ORDER BY exited_at DESC, visit_id LIMIT $limit"
    )
    found = rows_of(source, sql, where.parameters, utc=("exited_at",))
    return sorted(found, key=lambda row: row["exited_at"], reverse=True)


def _between(now: datetime, minutes: int) -> str:
    """The condition that a visit ended in the last so many minutes; both moments are our own, no words of anybody."""
    first, last = (moment.astimezone(UTC).isoformat() for moment in (now - timedelta(minutes=minutes), now))
    return f"exited_at > '{first}'::TIMESTAMPTZ AND exited_at <= '{last}'::TIMESTAMPTZ"


def _mood(source: Source, filter: Filter, *given: str) -> Mood:
    values = {
        **COUNTS,
        "mean_change": "avg(net)",
        "change_se": "stddev_samp(net) / sqrt(count(net))",
        "days": "count(DISTINCT local_at::DATE)",
    }
    found = cells(filter, {}, values, given=given, columns=("local_at",))
    row = rows_of(source, found.sql, found.parameters)[0]
    whole = {name: None if row[name] is None else int(row[name]) for name in (*REVIEWS, "days")}
    return Mood(**(row | whole))
