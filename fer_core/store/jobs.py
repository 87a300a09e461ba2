"""Jobs as rows, so that they outlive the process that does them."""

import json
from collections.abc import Mapping
from typing import Any

import duckdb

from fer_core.errors import DataError
from fer_core.store.rows import first, text

COLUMNS = (
    "job_id", "kind", "store", "title", "state", "payload", "created_at", "started_at", "finished_at", "error", "result",
)  # fmt: skip


def put_job(cursor: duckdb.DuckDBPyConnection, row: Mapping[str, Any]) -> None:
    """Write a job's row, in place of what its id had."""
    values = _values(row)
    marks = ", ".join("?" for _ in values)
    cursor.execute(f"INSERT OR REPLACE INTO jobs ({', '.join(values)}) VALUES ({marks})", list(values.values()))  # noqa: S608


def update_job(cursor: duckdb.DuckDBPyConnection, job_id: str, fields: Mapping[str, Any]) -> None:
    """Change those columns of a job's row; DataError for no such job."""
    values = _values(fields)
    if not values:
        return
    changes = ", ".join(f"{name} = ?" for name in values)
    changed = first(cursor, f"UPDATE jobs SET {changes} WHERE job_id = ?", [*values.values(), job_id])  # noqa: S608
    if not changed or not changed[0]:
        raise DataError(f"there is no job {job_id!r}")


def _values(fields: Mapping[str, Any]) -> dict[str, Any]:
    """By column, as DuckDB takes them; ValueError for a column that `jobs` doesn't have."""
    unknown = fields.keys() - set(COLUMNS)
    if unknown:
        raise ValueError(f"jobs have no column {', '.join(sorted(unknown))}; they have {', '.join(COLUMNS)}")
    return {name: _value(name, value) for name, value in fields.items()}


def _value(name: str, value: Any) -> Any:
    if name in ("payload", "result") and value is not None:
        return text(json.dumps(value))
    return text(value) if isinstance(value, str) else value
