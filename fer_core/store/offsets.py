"""The lasting difference of valence between a pair of cameras, from many visits or from a calibration film.

A day's own mood must not be taken for it. So it is estimated from visits of many days (`review.shrunk_offset`), and no
day counts with more than twice the visits of the middle day: one busy, merry day can't outweigh the others.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import duckdb

from fer_core.errors import DataError
from fer_core.review import Categories, Offset, shrunk_offset
from fer_core.settings import ReviewSettings
from fer_core.store import categories
from fer_core.store.rows import camera_id, first, text
from fer_core.types import EXPRESSIONS

Pair = tuple[str, str]
"""The doors of the entrance and of the exit camera."""
Offsets = dict[Pair, Offset]
USUAL = ReviewSettings()
"""The settings by which offsets are estimated where nobody gives others."""

_WRITTEN = """
SELECT visit_id, entry_door, exit_door, local_at::DATE AS day, change FROM visits
WHERE store_id = $store AND categories = $name AND categories_version = $version
AND NOT voided AND local_at IS NOT NULL AND change IS NOT NULL"""

_AS_IF = """
SELECT visit_id, entry_door, exit_door, visits.local_at::DATE AS day, {change} AS change
FROM visits JOIN appearances AS came ON came.appearance_id = entry_appearance_id
JOIN appearances AS gone ON gone.appearance_id = exit_appearance_id
WHERE visits.store_id = $store AND NOT voided AND visits.local_at IS NOT NULL AND {change} IS NOT NULL"""

_COUNTED = """
WITH asked AS ({visits}),
days AS (SELECT entry_door, exit_door, day, count(*) AS n FROM asked GROUP BY ALL),
pairs AS (SELECT entry_door, exit_door, count(*) AS days, 2 * median(n) AS most FROM days GROUP BY ALL),
placed AS (SELECT *, row_number() OVER (PARTITION BY entry_door, exit_door, day ORDER BY visit_id) AS place FROM asked)
SELECT entry_door, exit_door, any_value(days), list(change ORDER BY visit_id)
FROM placed JOIN pairs USING (entry_door, exit_door) WHERE place <= most GROUP BY ALL ORDER BY ALL"""


def refresh(cursor: duckdb.DuckDBPyConnection, store_id: UUID, settings: ReviewSettings) -> None:
    """Estimate anew from the visits reviewed by the store's categories; calibrated pairs stay as they are."""
    calibrated = set(_kept(cursor, store_id, "calibration"))
    cursor.execute("DELETE FROM camera_offsets WHERE store_id = ? AND source = 'visits'", [store_id])
    own = categories.in_use(cursor, store_id)
    parameters = {"store": store_id, "name": own.name, "version": own.version}
    for pair, days, changes in list(_measured(cursor, _WRITTEN, parameters)):
        if pair not in calibrated:
            _put(cursor, store_id, pair, shrunk_offset(changes, days, settings), len(changes), days, "visits")


def calibrate(cursor: duckdb.DuckDBPyConnection, store_id: UUID, pair: Pair, value: float, se: float) -> None:
    """Set a pair's offset by hand; DataError for a value beyond ±2 or a negative error."""
    if not (abs(value) <= 2 and 0 <= se <= 2):
        raise DataError(f"an offset lies between -2 and 2 and its error between 0 and 2, not {value} ± {se}")
    forget_calibration(cursor, store_id, pair)
    _put(cursor, store_id, pair, Offset(float(value), float(se)), 0, 0, "calibration")


def forget_calibration(cursor: duckdb.DuckDBPyConnection, store_id: UUID, pair: Pair) -> None:
    """Drop what is kept of the pair; the next `refresh` estimates it from visits."""
    cursor.execute(
        "DELETE FROM camera_offsets WHERE store_id = ? AND entry_camera_id = ? AND exit_camera_id = ?",
        [store_id, *_cameras(store_id, pair)],
    )


def stored(cursor: duckdb.DuckDBPyConnection, store_id: UUID | None, pair: Pair) -> Offset:
    """What is to be taken off the pair's changes: 0 where nothing is known or the store has it switched off."""
    if store_id is None or not _enabled(cursor, store_id):
        return Offset()
    row = first(
        cursor,
        "SELECT value, se FROM camera_offsets WHERE store_id = ? AND entry_camera_id = ? AND exit_camera_id = ?",
        [store_id, *_cameras(store_id, pair)],
    )
    return Offset(row[0], row[1]) if row else Offset()


def under(cursor: duckdb.DuckDBPyConnection, store_id: UUID, own: Categories, settings: ReviewSettings) -> Offsets:
    """The offsets as they will be once every visit is reviewed by these categories; none where they are switched off."""
    if not _enabled(cursor, store_id):
        return {}
    change = " + ".join(f"{float(u)!r} * (gone.p_{e} - came.p_{e})" for e, u in zip(EXPRESSIONS, own.valence, strict=True))
    found = _measured(cursor, _AS_IF.format(change=f"({change})"), {"store": store_id})
    measured = {pair: shrunk_offset(changes, days, settings) for pair, days, changes in found}
    return measured | _kept(cursor, store_id, "calibration")


def _enabled(cursor: duckdb.DuckDBPyConnection, store_id: UUID) -> bool:
    row = first(cursor, "SELECT offset_enabled FROM stores WHERE store_id = ?", [store_id])
    return bool(row and row[0])


def _kept(cursor: duckdb.DuckDBPyConnection, store_id: UUID, source: str) -> Offsets:
    found = cursor.execute(
        "SELECT came.door, gone.door, value, se FROM camera_offsets AS kept "
        "JOIN cameras AS came ON came.camera_id = entry_camera_id JOIN cameras AS gone ON gone.camera_id = exit_camera_id "
        "WHERE kept.store_id = ? AND kept.source = ?",
        [store_id, source],
    ).fetchall()
    return {(entry, exit_): Offset(value, se) for entry, exit_, value, se in found}


def _measured(
    cursor: duckdb.DuckDBPyConnection, visits: str, parameters: dict[str, object]
) -> Iterator[tuple[Pair, int, list[float]]]:
    """Of each pair: its days, and the raw changes that count."""
    for entry, exit_, days, changes in cursor.execute(_COUNTED.format(visits=visits), parameters).fetchall():
        yield (entry, exit_), int(days), changes


def _put(
    cursor: duckdb.DuckDBPyConnection, store_id: UUID, pair: Pair, offset: Offset, visits: int, days: int, source: str
) -> None:
    cursor.execute(
        "INSERT INTO camera_offsets (store_id, entry_camera_id, exit_camera_id, value, se, visits, days, source, updated_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [store_id, *_cameras(store_id, pair), offset.value, offset.se, visits, days, source, datetime.now(UTC)],
    )


def _cameras(store_id: UUID, pair: Pair) -> tuple[UUID, UUID]:
    return camera_id(store_id, "entry", text(pair[0])), camera_id(store_id, "exit", text(pair[1]))
