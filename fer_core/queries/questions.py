"""The questions as SQL: what a filter asks of which table."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, Protocol

import duckdb

from fer_core.settings import PrivacySettings
from fer_core.types import Review


class Source(Protocol):
    """Something to read from: it lends a cursor for the length of one question."""

    def cursor(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A cursor of the caller's own."""
        ...


@dataclass(frozen=True)
class Filter:
    """Which rows are asked for; what is empty or None doesn't filter.

    stores: names. first, last: days of the store's own calendar, both included; rows without a time of day are left out
    as soon as one of them is given. reviews, min_match_probability (0 to 1): visits only.
    """

    stores: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None
    reviews: tuple[Review, ...] = ()
    min_match_probability: float = 0.0


EVERYTHING = Filter()

Render = Callable[[str], str]


@dataclass(frozen=True)
class Question:
    """A SELECT without its order, what it needs, and which of its columns are moments: UTC, or the store's own clock."""

    sql: str
    parameters: list[Any]
    order: str
    utc: tuple[str, ...] = ()
    local: tuple[str, ...] = ()

    def ordered(self, utc: Render | None = None, local: Render | None = None) -> str:
        """The whole SELECT; moments go through `utc` and `local`, SQL expressions made of a column's name."""
        moments = [(_quoted(name), utc) for name in self.utc] + [(_quoted(name), local) for name in self.local]
        replaced = ", ".join(f"{render(name)} AS {name}" for name, render in moments if render)
        star = f"* REPLACE ({replaced})" if replaced else "*"
        order = f"ORDER BY {self.order}" if self.order else ""
        return f"SELECT {star} FROM ({self.sql}) AS asked {order}"  # noqa: S608  values are parameters


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@dataclass
class _Where:
    """The conditions of a filter, with their parameters in the same order."""

    filter: Filter
    conditions: list[str] = field(default_factory=lambda: ["true"])
    parameters: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.filter.stores:
            # a name from the command line may hold bytes that are no UTF-8; the store keeps question marks for them
            names = [name.encode("utf-8", "replace").decode("utf-8") for name in self.filter.stores]
            self.add("store IN (SELECT unnest(?::VARCHAR[]))", names)
        if self.filter.first:
            self.add("local_at >= ?::DATE", self.filter.first)
        if self.filter.last:
            self.add("local_at < ?::DATE", self.filter.last + timedelta(days=1))

    def add(self, condition: str, value: Any) -> None:
        self.conditions.append(condition)
        self.parameters.append(value)

    def matched(self) -> str:
        """The text, with the least match probability, which only visits have."""
        if self.filter.min_match_probability > 0:
            self.add("match_probability >= ?", self.filter.min_match_probability)
        return str(self)

    def __str__(self) -> str:
        return " AND ".join(self.conditions)


def visits(filter: Filter, entry_sha256: tuple[str, ...] = ()) -> Question:
    """The table `visits`; with entry_sha256 only those of the entrance films with these bytes."""
    where = _Where(filter)
    if entry_sha256:
        where.add(
            "entry_appearance_id IN (SELECT appearance_id FROM appearances JOIN footage USING (footage_id) "
            "WHERE sha256 IN (SELECT unnest(?::VARCHAR[])))",
            list(entry_sha256),
        )
    if filter.reviews:
        where.add("review IN (SELECT unnest(?::VARCHAR[]))", list(filter.reviews))
    ids = ", ".join(f"{name}::VARCHAR AS {name}" for name in ("visit_id", "entry_appearance_id", "exit_appearance_id"))
    return Question(
        f"SELECT * EXCLUDE (store_id) REPLACE ({ids}) FROM visits WHERE {where.matched()}",  # noqa: S608
        where.parameters,
        "store, entered_at NULLS LAST, entry_film, entry_time_s, visit_id",
        utc=("entered_at", "exited_at", "created_at"),
        local=("local_at",),
    )


def appearances(filter: Filter) -> Question:
    """The table `appearances`, with the names of store, film and door."""
    where = _Where(filter)
    ids = ", ".join(f"a.{name}::VARCHAR AS {name}" for name in ("appearance_id", "footage_id", "camera_id"))
    return Question(
        f"SELECT s.name AS store, f.film, c.door, a.* EXCLUDE (store_id) REPLACE ({ids}) FROM appearances AS a "  # noqa: S608
        "JOIN stores AS s USING (store_id) JOIN footage AS f USING (footage_id) "
        f"JOIN cameras AS c ON c.camera_id = a.camera_id WHERE {where}",
        where.parameters,
        "store, role, seen_at NULLS LAST, film, best_s, appearance_id",
        utc=("seen_at",),
        local=("local_at",),
    )


_COUNTS = ("positive", "neutral", "negative", "uncertain")
_MEANS = ("change", "entry_valence", "exit_valence", "camera_offset", "dwell_s")


def hourly(filter: Filter) -> Question:
    """Sums of the visits by store and local hour; cells of few visits are blank but for their count."""
    where = _Where(filter)
    counts = ", ".join(f"count(*) FILTER (review = '{name}') AS {name}" for name in _COUNTS)
    means = ", ".join(f"avg({name}) AS mean_{name}" for name in _MEANS)
    shown = ", ".join(f"CASE WHEN open THEN {name} END AS {name}" for name in (*_COUNTS, *(f"mean_{m}" for m in _MEANS)))
    sql = (
        f"SELECT store, local_hour, n, is_sample, {shown} FROM ("  # noqa: S608
        "SELECT store, date_trunc('hour', local_at) AS local_hour, count(*) AS n, bool_or(stores.is_sample) AS is_sample, "
        f"{counts}, {means}, bool_or(stores.is_sample) OR count(*) >= ? AS open "
        f"FROM visits JOIN stores USING (store_id) WHERE {where.matched()} GROUP BY ALL)"
    )
    parameters = [PrivacySettings().min_cell_visits, *where.parameters]
    return Question(sql, parameters, "store, local_hour NULLS LAST", local=("local_hour",))


TABLES: Mapping[str, Callable[[Filter], Question]] = MappingProxyType(
    {"visits": visits, "appearances": appearances, "hourly": hourly}
)
"""What can be exported."""
