"""Which rows are asked for, and the same as SQL: every value a named parameter."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Protocol

import duckdb

from fer_core.types import Review

VERDICT = "coalesce(corrected_review, review)"
"""The review that counts: a person's correction before the engine's."""


class Source(Protocol):
    """Something to read from: it lends a cursor for the length of one question."""

    def cursor(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A cursor of the caller's own."""
        ...


@dataclass(frozen=True)
class Filter:
    """Which rows are asked for; what is empty or None doesn't filter.

    stores: names. first, last: days of the store's own calendar, both included. doors: names; of visits the door they came
    in by. reviews: those that count, corrected or not. weekdays: 0 is Monday. hours: of the store's clock, the end not
    included; (22, 6) runs over midnight. min_quality (of the poorer appearance), min_match_probability: 0 to 1. voided:
    visits that a person declared void are there too.

    Rows without a time of day are left out as soon as days, weekdays or hours are given. reviews, min_quality,
    min_match_probability and voided apply to visits only.
    """

    stores: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None
    doors: tuple[str, ...] = ()
    reviews: tuple[Review, ...] = ()
    weekdays: tuple[int, ...] = ()
    hours: tuple[int, int] = (0, 24)
    min_quality: float = 0.0
    min_match_probability: float = 0.0
    voided: bool = False


EVERYTHING = Filter()


def before(filter: Filter) -> Filter | None:
    """The same for the period of equal length just before; None without both days, or with the last before the first."""
    if filter.first is None or filter.last is None or filter.last < filter.first:
        return None
    try:
        end = filter.first - timedelta(days=1)
        return replace(filter, first=end - (filter.last - filter.first), last=end)
    except OverflowError:
        return None


def utf8(names: tuple[str, ...]) -> list[str]:
    """The names as the store keeps them: one from a command line may hold bytes that are no UTF-8, kept as question marks."""
    return [name.encode("utf-8", "replace").decode("utf-8") for name in names]


@dataclass
class Where:
    """The conditions of a filter on a table that has store_id and local_at, and their parameters by name."""

    filter: Filter
    conditions: list[str] = field(default_factory=lambda: ["true"])
    parameters: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.filter.stores:
            # by id, not by name: comparing the names of ten million visits takes three times as long
            self.add(f"store_id IN ({store_ids('stores')})", stores=utf8(self.filter.stores))
        if self.filter.first:
            self.add("local_at >= $first::DATE", first=self.filter.first)
        if self.filter.last and self.filter.last < date.max:
            self.add("local_at < $end::DATE", end=self.filter.last + timedelta(days=1))
        if self.filter.weekdays:
            self.add("list_contains($weekdays::INTEGER[], isodow(local_at) - 1)", weekdays=list(self.filter.weekdays))
        if self.filter.hours != (0, 24):
            start, end = self.filter.hours
            way = "OR" if end < start else "AND"
            self.add(f"(hour(local_at) >= $from_hour {way} hour(local_at) < $to_hour)", from_hour=start, to_hour=end)

    def add(self, condition: str, **parameters: Any) -> None:
        """One more condition, with the parameters that it names."""
        self.conditions.append(condition)
        self.parameters |= parameters

    def of_visits(self) -> "Where":
        """Those that only the table `visits` has; all but the reviews, see `picked`."""
        if not self.filter.voided:
            self.add("NOT voided")
        if self.filter.doors:
            self.add("list_contains($doors::VARCHAR[], entry_door)", doors=utf8(self.filter.doors))
        for name in ("quality", "match_probability"):
            least = getattr(self.filter, f"min_{name}")
            if least > 0:  # a NaN is DuckDB's greatest number
                self.add(f"({name} >= $min_{name} AND {name} < 'infinity')", **{f"min_{name}": least})
        return self

    def of_appearances(self, table: str) -> "Where":
        """Those that the table `appearances`, under that name, has."""
        if self.filter.doors:
            cameras = "SELECT camera_id FROM cameras WHERE list_contains($doors::VARCHAR[], door)"
            self.add(f"{table}.camera_id IN ({cameras})", doors=utf8(self.filter.doors))
        return self

    def picked(self) -> str:
        """The condition of the filter's reviews: for lists of visits in `conditions`, for sums within their cells."""
        names = {f"review{number}": name for number, name in enumerate(self.filter.reviews)}
        self.parameters |= names
        return f"{VERDICT} IN ({', '.join(f'${name}' for name in names)})" if names else "true"

    def __str__(self) -> str:
        return " AND ".join(self.conditions)


def store_ids(parameter: str) -> str:
    """A SELECT of the ids of the stores whose names are in that parameter."""
    return f"SELECT store_id FROM stores WHERE name IN (SELECT unnest(${parameter}::VARCHAR[]))"  # noqa: S608  its own name
