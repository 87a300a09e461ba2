"""What somebody needs who was asked to delete a visit: the visits around a moment, and a visit's evidence pictures."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fer_core.queries.filters import Source, utf8
from fer_core.queries.lists import rows_of
from fer_core.store.scope import reads

_WHERE = """FROM visits WHERE store_id IN (SELECT store_id FROM stores WHERE name = $store) AND CASE WHEN $door IS NULL
    THEN entered_at < $end AND exited_at >= $begin
    ELSE (entry_door = $door AND entered_at >= $begin AND entered_at < $end)
      OR (exit_door = $door AND exited_at >= $begin AND exited_at < $end) END"""
_LONE = """SELECT count(*) AS n FROM appearances AS a JOIN cameras AS c USING (camera_id)
WHERE a.store_id IN (SELECT store_id FROM stores WHERE name = $store) AND ($door IS NULL OR c.door = $door)
AND seen_at >= $begin AND seen_at < $end AND status <> 'matched'"""


@reads("visits")
def visits_around(
    source: Source, store: str, begin: datetime, end: datetime, door: str | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """The visits of a store around a moment, from begin to before end (aware), by when they began; their review is not told.

    With a door those that came in or went out by it then; without one those that were in the store then. Dicts of visit_id,
    entered_at, exited_at (aware, UTC), entry_door, exit_door, dwell_s. Visits without a time of day can't be found.
    """
    sql = (
        f"SELECT visit_id::VARCHAR AS visit_id, entered_at, exited_at, entry_door, exit_door, dwell_s {_typed(_WHERE)} "
        "ORDER BY visits.entered_at, visit_id LIMIT $limit"
    )
    return rows_of(source, sql, _values(store, begin, end, door) | {"limit": limit}, utc=("entered_at", "exited_at"))


@reads("visits")
def lone_around(source: Source, store: str, begin: datetime, end: datetime, door: str | None = None) -> int:
    """How many people were seen then at one camera only, and belong to no visit."""
    return int(rows_of(source, _typed(_LONE), _values(store, begin, end, door))[0]["n"])


@reads("pictures")
def evidence(source: Source, visit_id: str) -> list[dict[str, Any]]:
    """A visit's pixelated pictures that there still are, the entrance's first: evidence_id, role, expires_at (aware)."""
    return _pictures(source, "visit_id", visit_id)


@reads("pictures")
def evidence_picture(source: Source, evidence_id: str) -> dict[str, Any] | None:
    """One of them by its id, with visit_id and store; None where there is none (any more), and for what is no id."""
    found = _pictures(source, "evidence_id", evidence_id)
    return found[0] if found else None


def _pictures(source: Source, column: str, key: str) -> list[dict[str, Any]]:
    try:
        values = {"key": str(UUID(key)), "now": datetime.now(UTC)}
    except ValueError:
        return []
    sql = (
        "SELECT evidence_id::VARCHAR AS evidence_id, visit_id::VARCHAR AS visit_id, role, expires_at, stores.name AS store "  # noqa: S608
        f"FROM evidence JOIN stores USING (store_id) WHERE {column} = $key::UUID AND evidence.expires_at > $now ORDER BY role"
    )
    return rows_of(source, sql, values, utc=("expires_at",))


def _values(store: str, begin: datetime, end: datetime, door: str | None) -> dict[str, Any]:
    return {"store": utf8((store,))[0], "begin": begin, "end": end, "door": None if door is None else utf8((door,))[0]}


def _typed(sql: str) -> str:
    """A null alone has no type."""
    return sql.replace("$door", "$door::VARCHAR")
