"""A shop's own classes: named maps from the seven expressions, in versions that are never changed."""

import json
from datetime import UTC, datetime
from uuid import UUID

import duckdb

from fer_core.errors import DataError
from fer_core.review import Categories
from fer_core.settings import ReviewSettings
from fer_core.store.rows import first, text
from fer_core.types import EXPRESSIONS

STANDARD = Categories("standard", 1, EXPRESSIONS, ReviewSettings().valence)
"""What a store without a map of its own uses."""


def put_categories(cursor: duckdb.DuckDBPyConnection, given: Categories) -> int:
    """Keep the map as the newest version of its name; the version (the newest one's, where it says the same).

    DataError for a name or class without letters, and for the standard map's name.
    """
    name = text(given.name.strip())
    if not name or not all(label.strip() for label in given.classes):
        raise DataError("categories need a name, and every expression a class")
    if name == STANDARD.name:
        raise DataError(f"{name!r} is the built-in map; choose another name for your own")
    newest = _newest(cursor, name)
    if newest and (newest.classes, newest.valence) == (tuple(given.classes), tuple(given.valence)):
        return newest.version
    version = newest.version + 1 if newest else 1
    cursor.execute(
        "INSERT INTO categories (name, version, classes, valence, created_at) VALUES (?, ?, ?, ?, ?)",
        [name, version, json.dumps(given.classes, ensure_ascii=False), list(given.valence), datetime.now(UTC)],
    )
    return version


def use_categories(cursor: duckdb.DuckDBPyConnection, store_id: UUID, name: str | None) -> None:
    """Choose the map of a store, None the standard one; DataError for an unknown one."""
    chosen = None if name in (None, STANDARD.name) else text(str(name))
    if chosen is not None and _newest(cursor, chosen) is None:
        raise DataError(f"there are no categories {name!r}")
    cursor.execute("UPDATE stores SET categories = ? WHERE store_id = ?", [chosen, store_id])


def in_use(cursor: duckdb.DuckDBPyConnection, store_id: UUID | None) -> Categories:
    """The newest version of the map that the store uses; the standard one for None."""
    row = first(cursor, "SELECT categories FROM stores WHERE store_id = ?", [store_id])
    found = _newest(cursor, row[0]) if row and row[0] else None
    return found or STANDARD


def stores_using(cursor: duckdb.DuckDBPyConnection, name: str) -> list[UUID]:
    """Ids of the stores that use the map of that name."""
    found = cursor.execute("SELECT store_id FROM stores WHERE categories = ?", [text(name.strip())]).fetchall()
    return [UUID(str(row[0])) for row in found]


def _newest(cursor: duckdb.DuckDBPyConnection, name: str) -> Categories | None:
    row = first(cursor, "SELECT version, classes, valence FROM categories WHERE name = ? ORDER BY version DESC LIMIT 1", [name])
    return Categories(name, int(row[0]), tuple(json.loads(row[1])), tuple(row[2])) if row else None
