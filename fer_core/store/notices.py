"""A store's region, the notice that is being written, and the record of those that hung: written here, never erased but
with their store.

At most one notice of a store stands. A new one takes the place of the one before, which is then withdrawn.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import duckdb

from fer_core.errors import DataError
from fer_core.store.rows import camera_id, first, text

_LONGEST_NAME = 200


def region_key(store_id: UUID | str) -> str:
    """Under which key of `settings` a store's region lies."""
    return f"notice_region:{store_id}"


def draft_key(store_id: UUID | str) -> str:
    """Under which key of `settings` a store's unfinished notice lies."""
    return f"notice_draft:{store_id}"


def keep(cursor: duckdb.DuckDBPyConnection, key: str, value: Any) -> None:
    """Write a setting; value: whatever JSON can say."""
    cursor.execute("INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)", [key, text(json.dumps(value))])


def record(cursor: duckdb.DuckDBPyConnection, store_id: UUID, content: Mapping[str, Any], by: str) -> str:
    """Record that the notice hangs for the cameras it names, in place of the one before; the record's id.

    content: what JSON can say, with "region", "languages" and "cameras" ("role" and "door" each). Raises DataError for no
    camera and for a blank name.
    """
    if not content["cameras"]:
        raise DataError("choose at least one camera that the notice is for")
    name = " ".join(by.split())
    if not name or len(name) > _LONGEST_NAME:
        raise DataError(f"the record needs the name of who put the notice up, of 1 to {_LONGEST_NAME} characters")
    now = datetime.now(UTC)
    withdraw(cursor, store_id, now)
    key = uuid4()
    cursor.execute(
        "INSERT INTO notices (notice_id, store_id, region, content, languages, cameras, recorded_at, recorded_by) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            key, store_id, str(content["region"]), text(json.dumps(content)), list(content["languages"]),
            [camera_id(store_id, one["role"], text(one["door"])) for one in content["cameras"]], now, text(name),
        ],
    )  # fmt: skip
    return str(key)


def withdraw(cursor: duckdb.DuckDBPyConnection, store_id: UUID, now: datetime) -> bool:
    """Take the standing notice away; False where there was none."""
    standing = first(cursor, "SELECT count(*) FROM notices WHERE store_id = ? AND withdrawn_at IS NULL", [store_id])
    cursor.execute("UPDATE notices SET withdrawn_at = ? WHERE store_id = ? AND withdrawn_at IS NULL", [now, store_id])
    return bool(standing and standing[0])


def forget(cursor: duckdb.DuckDBPyConnection, store_id: UUID) -> None:
    """Delete all of it: a store of the same name, made later, has the same id and must not inherit a notice."""
    cursor.execute("DELETE FROM notices WHERE store_id = ?", [store_id])
    cursor.execute("DELETE FROM settings WHERE key IN (?, ?)", [region_key(store_id), draft_key(store_id)])
