"""The audit log as a table: the newest rows first, by action, store and period."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

from fer_core.queries.filters import Source, utf8
from fer_core.queries.frames import frame_of
from fer_core.queries.lists import rows_of
from fer_core.queries.questions import Question
from fer_core.store.scope import reads

AUDIT_COLUMNS = ("seq", "at", "actor", "action", "store", "subject", "detail", "hash")


@dataclass(frozen=True)
class AuditFilter:
    """Which rows are asked for; what is empty or None doesn't filter. first, last: days in UTC, both included."""

    actions: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None


@reads("audit")
def audit_page(source: Source, filter: AuditFilter, offset: int = 0, limit: int = 100) -> pd.DataFrame:
    """So many rows from that place on, the newest first, with AUDIT_COLUMNS; `at` is UTC, detail JSON."""
    where, values = _where(filter)
    columns = ", ".join(f'"{name}"' for name in AUDIT_COLUMNS)
    # by -seq and not seq DESC: after rows were deleted, DuckDB 2.0's row group pruner overlooks the newest that way
    sql = f"SELECT {columns} FROM audit WHERE {where} ORDER BY -seq LIMIT $limit OFFSET $offset"  # noqa: S608
    values |= {"limit": max(0, limit), "offset": max(0, offset)}
    return frame_of(source, Question(sql, values, "seq DESC", utc=("at",)))


@reads("audit")
def audit_count(source: Source, filter: AuditFilter) -> int:
    """How many rows there are."""
    where, values = _where(filter)
    return int(rows_of(source, f"SELECT count(*) AS n FROM audit WHERE {where}", values)[0]["n"])  # noqa: S608


@reads("audit")
def audit_choices(source: Source) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The actions and the names of stores that occur, each once, in order."""
    actions = rows_of(source, "SELECT DISTINCT action AS word FROM audit ORDER BY ALL")
    stores = rows_of(source, "SELECT DISTINCT store AS word FROM audit WHERE store != '' ORDER BY ALL")
    return tuple(str(row["word"]) for row in actions), tuple(str(row["word"]) for row in stores)


def _where(filter: AuditFilter) -> tuple[str, dict[str, Any]]:
    """A condition and its parameters."""
    parts, values = ["true"], dict[str, Any]()
    for column, names in (("action", filter.actions), ("store", filter.stores)):
        if names:
            parts.append(f"{column} IN (SELECT unnest(${column}::VARCHAR[]))")
            values[column] = utf8(names)
    if filter.first:
        parts.append("\"at\" >= $first::DATE::TIMESTAMP AT TIME ZONE 'UTC'")
        values["first"] = filter.first
    if filter.last:
        parts.append("\"at\" < $last::DATE::TIMESTAMP AT TIME ZONE 'UTC'")
        values["last"] = filter.last + timedelta(days=1)
    return " AND ".join(parts), values
