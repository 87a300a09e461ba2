"""A store's privacy mode, and what goes when it changes: whatever the new mode may not hold."""

from uuid import UUID

import duckdb

from fer_core.errors import DataError
from fer_core.privacy import GUESTS_GO, STAFF_GO, USUAL, VISITS_GO, Mode, keeps_sums, mode_of
from fer_core.store.rows import first
from fer_core.types import Day

_APPEARANCES = "SELECT appearance_id FROM appearances WHERE store_id = $store"
_GUESTS = "SELECT person_id FROM people WHERE store_id = $store AND kind = 'guest'"
_VISITS_GO = (
    f"DELETE FROM series WHERE appearance_id IN ({_APPEARANCES})",  # noqa: S608  a literal above
    "DELETE FROM visits WHERE store_id = $store",
    "DELETE FROM corrections WHERE store_id = $store",
    "DELETE FROM evidence WHERE store_id = $store",
    "DELETE FROM appearances WHERE store_id = $store",
)
_GUESTS_GO = (
    f"DELETE FROM templates WHERE person_id IN ({_GUESTS})",  # noqa: S608  a literal above
    "DELETE FROM people WHERE store_id = $store AND kind = 'guest'",
)
_STAFF_GO = (
    "DELETE FROM templates WHERE store_id = $store",
    "DELETE FROM people WHERE store_id = $store",
    # the leave to keep faces (`collect.setting_key`): there is no face to be kept any more, and another mode must ask anew
    "DELETE FROM settings WHERE key = (SELECT 'collect_consent:' || name FROM stores WHERE store_id = $store)",
)
_GOING = ((VISITS_GO, _VISITS_GO), (GUESTS_GO, _GUESTS_GO), (STAFF_GO, _STAFF_GO))


def stored(cursor: duckdb.DuckDBPyConnection, store_id: UUID | None) -> Mode:
    """The store's mode; the usual one for a store that isn't there (yet)."""
    row = first(cursor, "SELECT privacy_mode FROM stores WHERE store_id = ?", [store_id]) if store_id else None
    return mode_of(str(row[0])) if row else USUAL


def switch(cursor: duckdb.DuckDBPyConnection, store_id: UUID, mode: Mode) -> bool:
    """Change the mode and delete what it may not hold; False, and nothing is changed, where it is the store's already."""
    if stored(cursor, store_id) == mode:
        return False
    cursor.execute("UPDATE stores SET privacy_mode = ? WHERE store_id = ?", [mode, store_id])
    for sql in (sql for modes, going in _GOING if mode in modes for sql in going):
        cursor.execute(sql, {"store": store_id})
    return True


def refuse_unfit(cursor: duckdb.DuckDBPyConnection, store_id: UUID, day: Day) -> None:
    """DataError for a day that holds what the store's mode may not: it was analysed for another mode."""
    mode = stored(cursor, store_id)
    if mode == "aggregate" and (day.entries or day.exits or day.embedder):
        raise DataError(f"{day.store!r} keeps sums only, and these films were analysed for visits: analyse them again")
    if day.tallies and not keeps_sums(mode):
        raise DataError(f"{day.store!r} keeps visits, and these films were analysed for sums: analyse them again")
