"""Single visits: a page of the list, one with all that is known of it, how many, and from when to when."""

from collections.abc import Sequence
from datetime import UTC, date
from typing import Any
from uuid import UUID

import pandas as pd

from fer_core.errors import DataError
from fer_core.queries.filters import EVERYTHING, Filter, Source, Where, store_ids, utf8
from fer_core.queries.frames import frame_of
from fer_core.queries.questions import MOMENTS, VISIT_COLUMNS, Question
from fer_core.store.scope import reads, row_key

SORTABLE = (
    "local_at", "store", "entry_door", "exit_door", "dwell_s", "verdict", "change", "change_se", "entry_valence",
    "exit_valence", "entry_expression", "exit_expression", "match_probability", "runner_up", "quality", "entry_film",
)  # fmt: skip
"""What the list of visits can be ordered by; change is the one that is shown, less the camera offset."""
_KEYS = {"verdict": "coalesce(corrected_review, review)", "change": "change - coalesce(camera_offset, 0)"}
_PAGE = Question("", utc=MOMENTS, local=("local_at",))


@reads("visits")
def visits_page(
    source: Source,
    filter: Filter = EVERYTHING,
    order_by: str = "local_at",
    descending: bool = True,
    offset: int = 0,
    limit: int = 50,
) -> pd.DataFrame:
    """So many visits from that place of the list on, with the columns of `visits`; what is unknown comes last.

    Equal ones follow each other by time, the latest first. Raises DataError for an order_by that is not in SORTABLE.
    """
    if order_by not in SORTABLE:
        raise DataError(f"visits can't be ordered by {order_by!r}; they can by {', '.join(SORTABLE)}")
    where = Where(filter).of_visits()
    where.add(where.picked())
    where.parameters |= {"limit": max(0, limit), "offset": max(0, offset)}
    key = _KEYS.get(order_by, order_by)
    order = f"{key} {'DESC' if descending else 'ASC'} NULLS LAST, local_at DESC NULLS LAST, visit_id"
    # the place in the list is found with few columns; all of them are fetched of the page's rows only
    row = row_key(source, "visit_id")
    rows = f"SELECT {row} FROM visits WHERE {where} ORDER BY {order} LIMIT $limit OFFSET $offset"  # noqa: S608
    sql = f"SELECT {VISIT_COLUMNS} FROM visits WHERE {row} IN ({rows})"  # noqa: S608
    order = order.replace(key, "verdict", 1) if order_by == "verdict" else order
    return frame_of(source, Question(sql, where.parameters, order, utc=MOMENTS, local=("local_at",)))


@reads("sums")
def count(source: Source, filter: Filter = EVERYTHING) -> int:
    """How many visits there are."""
    where = Where(filter).of_visits()
    where.add(where.picked())
    found = rows_of(source, f"SELECT count(*) AS n FROM visits WHERE {where}", where.parameters)  # noqa: S608
    return int(found[0]["n"])


@reads("sums")
def span(source: Source, stores: Sequence[str] = ()) -> tuple[date, date] | None:
    """The first and last day, of the stores' own calendars, with a visit; None where none has a time of day."""
    where = Where(Filter(stores=tuple(stores)))
    sql = f"SELECT min(local_at)::DATE AS first, max(local_at)::DATE AS last FROM visits WHERE {where}"  # noqa: S608
    found = rows_of(source, sql, where.parameters)[0]
    return None if found["first"] is None else (found["first"], found["last"])


@reads("visits")
def visit(source: Source, visit_id: str) -> dict[str, Any] | None:
    """All that is known of a visit; None for no such one.

    The columns of `visits` by name, moments aware (UTC); time_zone, the store's; net_change, the change less the camera
    offset; entry and exit, the two rows of `appearances` (None where they are gone); corrections, oldest first: dicts of
    correction_id, kind ("void" or "review"), review, reason, made_at, undone_at.
    """
    try:
        key = {"id": str(UUID(visit_id))}
    except ValueError:
        return None
    found = rows_of(
        source,
        f"SELECT v.*, s.time_zone, change - coalesce(camera_offset, 0) AS net_change FROM (SELECT {VISIT_COLUMNS}, store_id "  # noqa: S608
        "FROM visits WHERE visit_id = $id::UUID) AS v LEFT JOIN stores AS s USING (store_id)",
        key,
        utc=MOMENTS,
    )
    if not found:
        return None
    made = "SELECT correction_id::VARCHAR AS correction_id, kind, review, reason, made_at, undone_at FROM corrections"
    corrections = rows_of(
        source, f"{made} WHERE visit_id = $id::UUID ORDER BY made_at, rowid", key, utc=("made_at", "undone_at")
    )
    sides = {role: _appearance(source, found[0][f"{role}_appearance_id"]) for role in ("entry", "exit")}
    del found[0]["store_id"]
    return found[0] | sides | {"corrections": corrections}


def _appearance(source: Source, appearance_id: str) -> dict[str, Any] | None:
    ids = ", ".join(f"{name}::VARCHAR AS {name}" for name in ("appearance_id", "footage_id", "camera_id"))
    sql = f"SELECT * EXCLUDE (store_id) REPLACE ({ids}) FROM appearances WHERE appearance_id = $id::UUID"  # noqa: S608
    found = rows_of(source, sql, {"id": appearance_id}, utc=("seen_at",))
    return found[0] if found else None


def rows_of(
    source: Source, sql: str, parameters: dict[str, Any] | None = None, utc: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """The rows as dicts; the columns named in `utc` are moments with a zone."""
    question = Question(sql, parameters or {}, utc=tuple(utc))
    with source.cursor() as cursor:
        # without the zone, which DuckDB would need another package for
        found = cursor.execute(question.ordered(utc=lambda name: f"{name} AT TIME ZONE 'UTC'"), question.parameters)
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return [{name: _aware(value) if name in utc else value for name, value in row.items()} for row in rows]


def _aware(moment: Any) -> Any:
    return None if moment is None else moment.replace(tzinfo=UTC)


def of_stores(stores: Sequence[str], column: str = "store_id") -> tuple[str, dict[str, Any]]:
    """A condition that keeps the rows of those stores, all of them where none is named, and its parameters."""
    return (f"{column} IN ({store_ids('stores')})", {"stores": utf8(tuple(stores))}) if stores else ("true", {})
