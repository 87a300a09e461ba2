"""The maps of categories as pages need them: the standard one, one of an earlier version, who is behind."""

import json

from fer_core.review import Categories
from fer_core.settings import ReviewSettings
from fer_core.types import EXPRESSIONS
from ui import resources

STANDARD = "standard"

_VERSION = "SELECT classes, valence FROM categories WHERE name = ? AND version = ?"
_BEHIND = """
SELECT count(*) FILTER (kept), count(*) FILTER (NOT kept) FROM (
  SELECT entry_appearance_id IN (SELECT appearance_id FROM series)
    AND exit_appearance_id IN (SELECT appearance_id FROM series) AS kept
  FROM visits JOIN stores USING (store_id)
  WHERE stores.name = ? AND NOT (visits.categories = ? AND categories_version = ?))"""


def standard() -> Categories:
    """The built-in map, which every new one starts from."""
    return Categories(STANDARD, 1, tuple(EXPRESSIONS), ReviewSettings().valence)


def newest() -> dict[str, Categories]:
    """The latest version of every map by name, the standard one first."""
    return {STANDARD: standard()} | {one.name: one for one in resources.ask("categories")}


def version_of(name: str, version: int) -> Categories | None:
    """That version of the map of that name; None where it isn't kept."""
    if name == STANDARD:
        return standard()
    with resources.store().cursor() as cursor:
        row = cursor.execute(_VERSION, [name, version]).fetchone()
    return Categories(name, version, tuple(json.loads(row[0])), tuple(row[1])) if row else None


def behind(store: str, used: Categories) -> tuple[int, int]:
    """How many visits of the store carry the numbers of another map or version than `used`: those that can be recomputed,
    and those whose expressions over time are no longer kept."""
    with resources.store().cursor() as cursor:
        row = cursor.execute(_BEHIND, [store, used.name, used.version]).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)
