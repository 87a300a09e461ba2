"""What people say of a visit: void, or another review, with a reason. It is kept beside the original."""

from datetime import UTC, datetime
from typing import Literal
from uuid import UUID, uuid4

import duckdb

from fer_core.errors import DataError
from fer_core.store.rows import first, text
from fer_core.types import REVIEWS, Review

_LONGEST_REASON = 2000


def correct(
    cursor: duckdb.DuckDBPyConnection, visit_id: str, kind: Literal["void", "review"], review: Review | None, reason: str
) -> None:
    """Note the correction and set the visit's columns; DataError for no such visit or review, no or too long a reason."""
    store_id = _store_of(cursor, visit_id)
    if kind == "review" and review not in REVIEWS:
        raise DataError(f"a review is one of {', '.join(REVIEWS)}, not {review!r}")
    if not reason.strip():
        raise DataError("a correction needs a reason")
    if len(reason) > _LONGEST_REASON:
        raise DataError(f"a reason may have {_LONGEST_REASON:,} characters, not {len(reason):,}")
    cursor.execute(
        "INSERT INTO corrections (correction_id, visit_id, kind, review, reason, made_at, store_id) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [uuid4(), visit_id, kind, review, text(reason.strip()), datetime.now(UTC), store_id],
    )
    apply_corrections(cursor, [UUID(visit_id)])


def undo(cursor: duckdb.DuckDBPyConnection, visit_id: str) -> None:
    """Take back the latest correction that stands; DataError where none does."""
    _store_of(cursor, visit_id)
    row = first(
        cursor,
        "SELECT correction_id FROM corrections WHERE visit_id = ? AND undone_at IS NULL "
        "ORDER BY made_at DESC, rowid DESC LIMIT 1",
        [visit_id],
    )
    if row is None:
        raise DataError("this visit has no correction to undo")
    cursor.execute("UPDATE corrections SET undone_at = ? WHERE correction_id = ?", [datetime.now(UTC), row[0]])
    apply_corrections(cursor, [UUID(visit_id)])


def apply_corrections(cursor: duckdb.DuckDBPyConnection, visit_ids: list[UUID]) -> None:
    """Set `voided` and `corrected_review` of those visits from the corrections that stand; of reviews the latest counts."""
    cursor.execute(
        "UPDATE visits SET voided = found.voided, corrected_review = found.review FROM ("
        "  SELECT visits.visit_id, count(*) FILTER (kind = 'void') > 0 AS voided,"
        "    arg_max(corrections.review, made_at) FILTER (kind = 'review') AS review"
        "  FROM visits LEFT JOIN corrections ON corrections.visit_id = visits.visit_id AND undone_at IS NULL"
        "  WHERE visits.visit_id IN (SELECT unnest(?::UUID[])) GROUP BY visits.visit_id"
        ") AS found WHERE visits.visit_id = found.visit_id",
        [visit_ids],
    )


def _store_of(cursor: duckdb.DuckDBPyConnection, visit_id: str) -> UUID:
    try:
        UUID(visit_id)
    except ValueError:
        row = None
    else:
        row = first(cursor, "SELECT store_id FROM visits WHERE visit_id = ?", [visit_id])
    if row is None:
        raise DataError(f"there is no visit {visit_id!r}; its films may have been analysed anew")
    return UUID(str(row[0]))
