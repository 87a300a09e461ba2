"""Old visits by new categories: from the probabilities over time that were kept of both appearances."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import duckdb

from fer_core.errors import CancelledError
from fer_core.review import Categories, change_between
from fer_core.settings import ReviewSettings
from fer_core.store.offsets import Offsets
from fer_core.store.rows import Row, appearance_of, first

CHUNK = 500
"""Visits between two looks at whether to go on."""

_JOINED = """
FROM visits JOIN series AS came ON came.appearance_id = entry_appearance_id
JOIN series AS gone ON gone.appearance_id = exit_appearance_id WHERE store_id = ?"""
_SERIES = """
SELECT visit_id, visits.created_at, entry_door, exit_door,
came.times_s, came.weights, came.probabilities, gone.times_s, gone.weights, gone.probabilities"""
_STAGED = """
CREATE TEMP TABLE recomputed (visit_id UUID, created_at TIMESTAMPTZ, entry_valence DOUBLE, exit_valence DOUBLE, change DOUBLE,
change_se DOUBLE, camera_offset DOUBLE, review VARCHAR)"""
# a day that was analysed anew in the meantime carries other moments of writing: its visits are up to date already
_APPLIED = """
UPDATE visits SET entry_valence = r.entry_valence, exit_valence = r.exit_valence, change = r.change, change_se = r.change_se,
camera_offset = r.camera_offset, review = r.review, categories = $name, categories_version = $version
FROM recomputed AS r WHERE visits.visit_id = r.visit_id AND visits.created_at = r.created_at"""

Tell = Callable[[int, int], None]
"""Told how many visits of how many are done."""


def stage(cursor: duckdb.DuckDBPyConnection) -> None:
    """Make the table that `apply` reads, which only this cursor sees."""
    cursor.execute(_STAGED)


def recomputed(
    cursor: duckdb.DuckDBPyConnection,
    store_id: UUID,
    own: Categories,
    offsets: Offsets,
    settings: ReviewSettings,
    tell: Tell | None,
    cancelled: Callable[[], bool] | None,
) -> Iterator[list[Row]]:
    """The store's visits in chunks, rows of `recomputed`; those whose series is gone are left out.

    Raises CancelledError.
    """
    by = replace(settings, valence=own.valence)
    total = _count(cursor, store_id)
    cursor.execute(_SERIES + _JOINED, [store_id])
    done = 0
    while found := cursor.fetchmany(CHUNK):
        if cancelled and cancelled():
            raise CancelledError("the recomputing was cancelled; no visit was changed")
        yield [_row(one, offsets, by) for one in found]
        done += len(found)
        if tell:
            tell(done, total)


def apply(cursor: duckdb.DuckDBPyConnection, own: Categories) -> int:
    """Bring what was staged into `visits`; how many visits were changed."""
    changed = first(cursor, _APPLIED, {"name": own.name, "version": own.version})
    return int(changed[0]) if changed else 0


def _count(cursor: duckdb.DuckDBPyConnection, store_id: UUID) -> int:
    row = first(cursor, "SELECT count(*)" + _JOINED, [store_id])
    return int(row[0]) if row else 0


def _row(found: tuple[Any, ...], offsets: Offsets, settings: ReviewSettings) -> Row:
    visit_id, created_at, entry_door, exit_door, *series = found
    came, gone = appearance_of("entry", *series[:3]), appearance_of("exit", *series[3:])
    change = change_between(came, gone, settings, offsets.get((entry_door, exit_door)))
    return {
        "visit_id": visit_id,
        "created_at": created_at,
        "entry_valence": change.entry_valence,
        "exit_valence": change.exit_valence,
        "change": change.raw,
        "change_se": change.se,
        "camera_offset": change.offset,
        "review": change.review,
    }
