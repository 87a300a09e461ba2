"""Questions to the database, answered as tables; and the same tables as files.

A question is a frozen `Filter`, so that it can be a cache's key together with the store's version. Everything here
reads through a `Source`: the open `Store`, or anything else that lends DuckDB cursors.
"""

import contextlib
import errno
import os
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import duckdb
import numpy as np
import pandas as pd

from fer_core.errors import InputError, OutputError
from fer_core.settings import PrivacySettings
from fer_core.types import EXPRESSIONS, Review


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

_Render = Callable[[str], str]


@dataclass(frozen=True)
class _Question:
    """A SELECT without its order, what it needs, and which of its columns are moments: UTC, or the store's own clock."""

    sql: str
    parameters: list[Any]
    order: str
    utc: tuple[str, ...] = ()
    local: tuple[str, ...] = ()

    def ordered(self, utc: _Render | None = None, local: _Render | None = None) -> str:
        """The whole SELECT; moments go through `utc` and `local`, SQL expressions made of a column's name."""
        moments = [(name, utc) for name in self.utc] + [(name, local) for name in self.local]
        replaced = ", ".join(f"{render(name)} AS {name}" for name, render in moments if render)
        star = f"* REPLACE ({replaced})" if replaced else "*"
        return f"SELECT {star} FROM ({self.sql}) AS asked ORDER BY {self.order}"  # noqa: S608  values are parameters


def visits(source: Source, filter: Filter = EVERYTHING) -> pd.DataFrame:
    """The visits, a row each, with the columns of the table `visits`; moments are UTC, local_at the store's clock."""
    return _frame(source, _visits(filter))


def appearances(source: Source, filter: Filter = EVERYTHING) -> pd.DataFrame:
    """Everybody who passed a camera, a row each, with store, film and door; the filter's reviews and match don't apply."""
    return _frame(source, _appearances(filter))


def hourly(source: Source, filter: Filter = EVERYTHING) -> pd.DataFrame:
    """Sums for each store and hour of its own clock (null: visits whose films had no start time).

    n visits; of them positive, neutral, negative, uncertain; means of change, valences, camera offset and dwell time.
    A cell of fewer visits than PrivacySettings.min_cell_visits shows n and nothing else, except in a sample store. The
    filter's reviews don't apply: there is a column for each, and they would turn n into the value that is withheld.
    """
    return _frame(source, _hourly(filter))


def stores(source: Source) -> pd.DataFrame:
    """The stores by name: store, time_zone, is_sample."""
    return _frame(source, _Question("SELECT name AS store, time_zone, is_sample FROM stores", [], "store"))


def series(source: Source, appearance_id: str) -> pd.DataFrame:
    """An appearance's expressions over time: time_s (from its film's start), weight, and a column for each expression.

    Probabilities were kept as float16: rows sum to 1 within 0.002. Empty where none were read or they are gone.
    """
    columns = ["time_s", "weight", *EXPRESSIONS]
    with source.cursor() as cursor:
        row = cursor.execute(
            "SELECT times_s, weights, probabilities FROM series WHERE appearance_id = ?", [appearance_id]
        ).fetchone()
    if row is None:
        return pd.DataFrame(columns=columns, dtype="float32")
    times, weights = np.frombuffer(row[0], "<f4"), np.frombuffer(row[1], "<f4")
    probabilities = np.frombuffer(row[2], "<f2").reshape(-1, len(EXPRESSIONS)).astype(np.float32)
    return pd.DataFrame(np.column_stack([times, weights, probabilities]), columns=columns)


def export(source: Source, table: str, out: Path, filter: Filter = EVERYTHING) -> int:
    """Write a table (a key of TABLES) to `out`, in the format of its ending (a key of FORMATS); returns the rows written.

    It is written to a file beside and moved into place, whole or not at all. CSV and JSON (an array of objects) are
    UTF-8, moments in ISO 8601; Parquet keeps the types.

    Raises InputError for an unknown table or ending, OutputError for no folder, no right, no room.
    """
    if table not in TABLES:
        raise InputError(f"there is no table “{table}” to export; there are {', '.join(TABLES)}.")
    ending = out.suffix.lower()
    if ending not in FORMATS:
        raise InputError(f"{out} should end in one of {', '.join(FORMATS)}.")
    if not out.parent.is_dir():
        raise OutputError(f"{out} can't be written: there is no folder {out.parent}.")
    question = TABLES[table](filter)
    sql = question.ordered() if ending == ".parquet" else question.ordered(_iso_utc, _iso_local)
    return _copy(source, sql, question.parameters, out, FORMATS[ending])


def _visits(filter: Filter) -> _Question:
    where = _Where(filter, "local_at")
    if filter.reviews:
        where.add("review IN (SELECT unnest(?::VARCHAR[]))", list(filter.reviews))
    ids = ", ".join(f"{name}::VARCHAR AS {name}" for name in ("visit_id", "entry_appearance_id", "exit_appearance_id"))
    return _Question(
        f"SELECT * EXCLUDE (store_id) REPLACE ({ids}) FROM visits WHERE {where.matched()}",  # noqa: S608
        where.parameters,
        "store, entered_at NULLS LAST, entry_film, entry_time_s, visit_id",
        utc=("entered_at", "exited_at", "created_at"),
        local=("local_at",),
    )


def _appearances(filter: Filter) -> _Question:
    where = _Where(filter, "local_at")
    ids = ", ".join(f"a.{name}::VARCHAR AS {name}" for name in ("appearance_id", "footage_id", "camera_id"))
    return _Question(
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


def _hourly(filter: Filter) -> _Question:
    where = _Where(filter, "local_at")
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
    return _Question(sql, parameters, "store, local_hour NULLS LAST", local=("local_hour",))


TABLES: Mapping[str, Callable[[Filter], _Question]] = MappingProxyType(
    {"visits": _visits, "appearances": _appearances, "hourly": _hourly}
)
"""What can be exported."""

FORMATS: Mapping[str, str] = MappingProxyType(
    {".csv": "FORMAT csv, HEADER true", ".json": "FORMAT json, ARRAY true", ".parquet": "FORMAT parquet"}
)
"""Endings of exported files, and DuckDB's options for each."""


@dataclass
class _Where:
    """The conditions of a filter, with their parameters in the same order."""

    filter: Filter
    day: str
    conditions: list[str] = field(default_factory=lambda: ["true"])
    parameters: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.filter.stores:
            self.add("store IN (SELECT unnest(?::VARCHAR[]))", list(self.filter.stores))
        if self.filter.first:
            self.add(f"{self.day} >= ?::DATE", self.filter.first)
        if self.filter.last:
            self.add(f"{self.day} < ?::DATE", self.filter.last + timedelta(days=1))

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


def _frame(source: Source, question: _Question) -> pd.DataFrame:
    # DuckDB's own conversion of TIMESTAMPTZ uses a call that pandas 3.1 warns of: the zone is put on here instead
    sql = question.ordered(utc=lambda name: f"{name} AT TIME ZONE 'UTC'")
    with source.cursor() as cursor:
        frame: pd.DataFrame = cursor.execute(sql, question.parameters).df()
    for name in question.utc:
        frame[name] = frame[name].dt.tz_localize("UTC")
    return frame


def _iso_utc(name: str) -> str:
    return f"strftime({name} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%gZ')"


def _iso_local(name: str) -> str:
    return f"strftime({name}, '%Y-%m-%dT%H:%M:%S')"


def _cause(text: str) -> str:
    """The operating system's own words within DuckDB's, which name the temporary file; else the first line."""
    usual = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT)
    return next((os.strerror(code) for code in usual if os.strerror(code) in text), text.splitlines()[0])


def _copy(source: Source, sql: str, parameters: list[Any], out: Path, options: str) -> int:
    part = out.with_name(f".{uuid.uuid4().hex}.part")
    quoted = str(part).replace("'", "''")
    try:
        with source.cursor() as cursor:
            row = cursor.execute(f"COPY ({sql}) TO '{quoted}' ({options}, USE_TMP_FILE false)", parameters).fetchone()
        part.replace(out)
    except (duckdb.IOException, duckdb.PermissionException) as error:
        raise OutputError(f"{out} can't be written: {_cause(str(error))}.") from error
    except OSError as error:
        raise OutputError(f"{out} can't be written: {error.strerror}.") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return int(row[0]) if row else 0
