"""What a store no longer keeps: everything older than its retention, by the moment it happened, else of its writing."""

from datetime import datetime, timedelta
from uuid import UUID

import duckdb

from fer_core.store.rows import first

_OLD_VISITS = """
CREATE OR REPLACE TEMP TABLE old_visits AS
SELECT visit_id, unnest([entry_appearance_id, exit_appearance_id]) AS appearance_id FROM visits
WHERE store_id = $store AND coalesce(entered_at, created_at) < $cut"""
# whoever belongs to a visit goes and stays with it, or a visit that is kept would lose its series
_OLD_APPEARANCES = """
CREATE OR REPLACE TEMP TABLE old_appearances AS
SELECT appearance_id FROM old_visits UNION
SELECT appearance_id FROM appearances AS a JOIN footage USING (footage_id)
WHERE a.store_id = $store AND coalesce(seen_at, analysed_at) < $cut AND appearance_id NOT IN (
    SELECT unnest([entry_appearance_id, exit_appearance_id]) FROM visits WHERE store_id = $store)"""
_DELETIONS = {
    "visits": "DELETE FROM visits WHERE visit_id IN (SELECT visit_id FROM old_visits)",
    "series": "DELETE FROM series WHERE appearance_id IN (SELECT appearance_id FROM old_appearances)",
    "appearances": "DELETE FROM appearances WHERE appearance_id IN (SELECT appearance_id FROM old_appearances)",
    "tallies": "DELETE FROM tallies WHERE store_id = $store AND hour_at + INTERVAL 1 HOUR <= $cut",
    "footage": """DELETE FROM footage WHERE store_id = $store
        AND coalesce(start_at + to_microseconds((duration_s * 1e6)::BIGINT), analysed_at) < $cut
        AND footage_id NOT IN (SELECT footage_id FROM appearances WHERE store_id = $store)
        AND footage_id NOT IN (SELECT footage_id FROM tallies WHERE store_id = $store AND footage_id IS NOT NULL)""",
    # a correction outlives a visit that a later analysis no longer finds, but not for longer than a visit would
    "corrections": """DELETE FROM corrections WHERE visit_id IN (SELECT visit_id FROM old_visits) OR store_id = $store
        AND made_at < $cut AND visit_id NOT IN (SELECT visit_id FROM visits WHERE store_id = $store)""",
    "evidence": "DELETE FROM evidence WHERE visit_id IN (SELECT visit_id FROM old_visits)",
    "jobs": """DELETE FROM jobs WHERE finished_at < $cut
        AND store = (SELECT name FROM stores WHERE store_id = $store)""",
    "answers": 'DELETE FROM answers WHERE store_id = $store AND "at" < $cut',
    "alerts": "DELETE FROM alerts WHERE store_id = $store AND raised_at < $cut",
}
"""What goes of each table, in this order."""

Counts = dict[str, int]


def nothing() -> Counts:
    """No row of any table."""
    return dict.fromkeys(_DELETIONS, 0)


def limited(cursor: duckdb.DuckDBPyConnection) -> list[tuple[UUID, int]]:
    """The stores that don't keep everything for ever, and for how many days they do."""
    found = cursor.execute("SELECT store_id, retention_days FROM stores WHERE retention_days IS NOT NULL").fetchall()
    return [(UUID(str(store_id)), int(days)) for store_id, days in found]


def purge_store(cursor: duckdb.DuckDBPyConnection, store_id: UUID, days: int, now: datetime) -> Counts:
    """Delete what is older than so many days; how many rows went of each table."""
    return purge_until(cursor, store_id, now - timedelta(days=days))


def purge_until(cursor: duckdb.DuckDBPyConnection, store_id: UUID, cut: datetime) -> Counts:
    """Delete what happened before that moment; how many rows went of each table."""
    values = {"store": store_id, "cut": cut}
    cursor.execute(_OLD_VISITS, values)
    counts = nothing()
    counts["visits"] = _execute(cursor, _DELETIONS["visits"], values)
    cursor.execute(_OLD_APPEARANCES, values)
    for table in list(_DELETIONS)[1:]:
        counts[table] = _execute(cursor, _DELETIONS[table], values)
    return counts


def _execute(cursor: duckdb.DuckDBPyConnection, sql: str, values: dict[str, object]) -> int:
    needed = {name: value for name, value in values.items() if f"${name}" in sql}
    row = first(cursor, sql, needed)
    return int(row[0]) if row else 0
