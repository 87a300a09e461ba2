"""Deleting for good: a store, a span of time, single visits; counted before and after; and the same again by a tombstone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import duckdb

from fer_core.privacy import mode_of
from fer_core.store import modes, offsets, people, retention, shops
from fer_core.store.rows import first
from fer_core.store.tombstones import Tombstone, hashed

Census = dict[str, int]
"""Rows by table."""

_BY_STORE = (
    "visits", "appearances", "footage", "cameras", "camera_offsets", "corrections", "notices", "answers", "tokens", "people",
    "templates", "tallies", "evidence", "alert_rules", "alerts",
)  # fmt: skip
_GONE_VISITS = (
    "CREATE OR REPLACE TEMP TABLE gone_visits AS SELECT visit_id, entry_appearance_id, exit_appearance_id FROM visits"
)
_GONE_APPEARANCES = """
CREATE OR REPLACE TEMP TABLE gone_appearances AS
SELECT unnest([entry_appearance_id, exit_appearance_id]) AS appearance_id FROM gone_visits"""
# whoever was seen in the span and belongs to no visit; one of a visit that stays keeps its visit whole
_LONE = """
INSERT INTO gone_appearances
SELECT a.appearance_id FROM appearances AS a JOIN cameras USING (camera_id)
WHERE a.store_id = $store AND seen_at >= $begin AND seen_at < $end AND ($doors IS NULL OR list_contains($doors, door))
AND a.appearance_id NOT IN (
    SELECT unnest([entry_appearance_id, exit_appearance_id]) FROM visits WHERE store_id = $store)"""
# an hour that the span only touches goes too: nobody can be taken out of its sums
_TALLIES = """
DELETE FROM tallies WHERE store_id = $store AND hour_at < $end AND hour_at + INTERVAL 1 HOUR > $begin
AND ($doors IS NULL OR camera_id IN (
    SELECT camera_id FROM cameras WHERE store_id = $store AND list_contains($doors, door)))"""
_IN_SPAN = """
 WHERE store_id = $store AND (
    (entered_at >= $begin AND entered_at < $end AND ($doors IS NULL OR list_contains($doors, entry_door)))
    OR (exited_at >= $begin AND exited_at < $end AND ($doors IS NULL OR list_contains($doors, exit_door))))"""
_DELETE = (
    "DELETE FROM visits WHERE visit_id IN (SELECT visit_id FROM gone_visits)",
    "DELETE FROM corrections WHERE visit_id IN (SELECT visit_id FROM gone_visits)",
    "DELETE FROM evidence WHERE visit_id IN (SELECT visit_id FROM gone_visits)",
    "DELETE FROM series WHERE appearance_id IN (SELECT appearance_id FROM gone_appearances)",
    "DELETE FROM appearances WHERE appearance_id IN (SELECT appearance_id FROM gone_appearances)",
    "DROP TABLE gone_visits",
    "DROP TABLE gone_appearances",
)


@dataclass(frozen=True)
class Span:
    """From begin to before end (aware); doors: their names, None for all, () for none."""

    begin: datetime
    end: datetime
    doors: tuple[str, ...] | None = None


def census(cursor: duckdb.DuckDBPyConnection, stores: Sequence[UUID]) -> Census:
    """How many rows of each table are those stores'."""
    ids = [str(store) for store in stores]
    own = "store_id IN (SELECT unnest($ids::UUID[]))"
    asked = {table: f"SELECT count(*) FROM {table} WHERE {own}" for table in (*_BY_STORE, "stores")}  # noqa: S608
    asked["series"] = f"SELECT count(*) FROM series WHERE appearance_id IN (SELECT appearance_id FROM appearances WHERE {own})"  # noqa: S608
    asked["jobs"] = f"SELECT count(*) FROM jobs WHERE store IN (SELECT name FROM stores WHERE {own})"  # noqa: S608
    return {table: int((first(cursor, sql, {"ids": ids}) or (0,))[0]) for table, sql in sorted(asked.items())}


def delete_span(cursor: duckdb.DuckDBPyConnection, store: UUID, span: Span) -> int:
    """Delete the visits that began or ended in the span at those doors, who was seen there alone, and the sums of its hours;
    how many visits."""
    doors = None if span.doors is None else list(span.doors)
    values: dict[str, Any] = {"store": store, "begin": span.begin, "end": span.end, "doors": doors}
    cursor.execute(typed(_GONE_VISITS + _IN_SPAN), values)
    cursor.execute(_GONE_APPEARANCES)
    cursor.execute(typed(_LONE), values)
    cursor.execute(typed(_TALLIES), values)
    return _delete(cursor)


def delete_visits(cursor: duckdb.DuckDBPyConnection, store: UUID, visit_ids: Sequence[str]) -> int:
    """Delete those visits of the store with both appearances; how many there were."""
    asked = " WHERE store_id = $store AND visit_id::VARCHAR IN (SELECT unnest($ids::VARCHAR[]))"
    cursor.execute(_GONE_VISITS + asked, {"store": store, "ids": list(visit_ids)})
    cursor.execute(_GONE_APPEARANCES)
    return _delete(cursor)


def typed(sql: str) -> str:
    """A null alone has no type."""
    return sql.replace("$doors", "$doors::VARCHAR[]")


def _delete(cursor: duckdb.DuckDBPyConnection) -> int:
    (n,) = first(cursor, "SELECT count(*) FROM gone_visits") or (0,)
    for sql in _DELETE:
        cursor.execute(sql)
    return int(n)


# ---- once more ------------------------------------------------------------------------------------------------------


def again(cursor: duckdb.DuckDBPyConnection, stone: Tombstone) -> None:
    """Delete from a database that was put back what that tombstone says; a store that isn't there has nothing to lose."""
    store = UUID(stone.store)
    known = first(cursor, "SELECT name FROM stores WHERE store_id = ?", [store])
    if not known:
        return
    if stone.kind == "store":
        shops.forget_store(cursor, store, str(known[0]))
        return
    if stone.kind == "visits":
        found = cursor.execute("SELECT visit_id::VARCHAR FROM visits WHERE store_id = ?", [store]).fetchall()
        delete_visits(cursor, store, [one for (one,) in found if hashed(one, stone.store) in stone.visits])
    elif stone.kind == "mode":
        modes.switch(cursor, store, mode_of(str(stone.mode)))
    elif stone.kind == "people":
        people.revoke_hashed(cursor, store, stone.people, datetime.fromisoformat(stone.at))
    elif stone.kind == "span":
        delete_span(cursor, store, _span(cursor, store, stone))
    else:
        retention.purge_until(cursor, store, datetime.fromisoformat(stone.end or stone.at))
    offsets.refresh(cursor, store, offsets.USUAL)


def _span(cursor: duckdb.DuckDBPyConnection, store: UUID, stone: Tombstone) -> Span:
    begin, end = (datetime.fromisoformat(at or stone.at) for at in (stone.begin, stone.end))
    if stone.door is None:
        return Span(begin, end)
    doors = cursor.execute(
        "SELECT door FROM cameras WHERE store_id = $1 "
        "UNION SELECT unnest([entry_door, exit_door]) FROM visits WHERE store_id = $1",
        [store],
    ).fetchall()
    return Span(begin, end, tuple(door for (door,) in doors if hashed(door, stone.store) == stone.door))
