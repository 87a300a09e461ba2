"""What is set up: stores, cameras, doors, categories, settings; and the jobs."""

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from fer_core.errors import DataError
from fer_core.queries.filters import Source, utf8
from fer_core.queries.frames import frame_of
from fer_core.queries.lists import of_stores, rows_of
from fer_core.queries.questions import Question
from fer_core.review import Categories
from fer_core.store.scope import reads, row_key


@reads("setup")
def store(source: Source, name: str) -> dict[str, Any]:
    """A store: name, time_zone, is_sample, opening_hours ({"mon": ["09:00", "18:00"], …} or None: unknown), retention_days
    (None: for ever), categories (the map's name, None: the standard one), offset_enabled. DataError for no such store."""
    found = rows_of(source, "SELECT * EXCLUDE (store_id) FROM stores WHERE name = $name", {"name": utf8((name,))[0]})
    if not found:
        raise DataError(f"there is no store {name!r}")
    return found[0] | {"opening_hours": _parsed(found[0]["opening_hours"])}


@reads("setup")
def cameras(source: Source, store: str) -> pd.DataFrame:
    """A store's cameras: camera_id, name, role, door, zones (a list of polygons of [x, y] in shares of the picture), films."""
    condition, parameters = of_stores((store,), "c.store_id")
    films = "SELECT camera_id, count(*) AS films FROM footage GROUP BY camera_id"
    sql = (
        "SELECT c.camera_id::VARCHAR AS camera_id, name, role, door, zones, coalesce(films, 0) AS films "  # noqa: S608
        f"FROM cameras AS c LEFT JOIN ({films}) AS f USING (camera_id) WHERE {condition}"
    )
    found = frame_of(source, Question(sql, parameters, "role, door, name"))
    zones = [_parsed(text) or [] for text in found["zones"].astype(object)]
    return found.assign(zones=pd.Series(zones, found.index, dtype=object))


@reads("setup")
def doors(source: Source, stores: Sequence[str] = ()) -> pd.DataFrame:
    """The doors of those stores, of all where none is named: store, door, and whether it has an entry and an exit camera."""
    condition, parameters = of_stores(stores, "c.store_id")
    sql = (
        "SELECT s.name AS store, door, bool_or(role = 'entry') AS entry, bool_or(role = 'exit') AS exit "  # noqa: S608
        f"FROM cameras AS c JOIN stores AS s USING (store_id) WHERE role <> 'floor' AND {condition} GROUP BY ALL"
    )
    return frame_of(source, Question(sql, parameters, "store, door"))


@reads("setup")
def setting(source: Source, key: str, default: Any = None) -> Any:
    """A setting's value, or the default where it was never set."""
    found = rows_of(source, "SELECT value FROM settings WHERE key = $key", {"key": key})
    return _parsed(found[0]["value"]) if found and found[0]["value"] is not None else default


@reads("setup")
def categories(source: Source) -> tuple[Categories, ...]:
    """The newest version of each map by name, without the standard one."""
    sql = "SELECT name, max(version) AS version, arg_max(classes, version) AS classes, arg_max(valence, version) AS valence"
    found = rows_of(source, f"{sql} FROM categories GROUP BY name ORDER BY name")
    return tuple(
        Categories(row["name"], int(row["version"]), tuple(_parsed(row["classes"])), tuple(row["valence"])) for row in found
    )


@reads("jobs")
def jobs(source: Source, limit: int = 50) -> list[dict[str, Any]]:
    """The newest jobs first: the columns of the table by name, moments aware (UTC), payload and result parsed."""
    tie = row_key(source, "job_id")
    sql = f"SELECT * REPLACE (job_id::VARCHAR AS job_id) FROM jobs ORDER BY jobs.created_at DESC, {tie} DESC LIMIT $limit"  # noqa: S608
    found = rows_of(source, sql, {"limit": max(0, limit)}, utc=("created_at", "started_at", "finished_at"))
    return [row | {name: _parsed(row[name]) for name in ("payload", "result")} for row in found]


def _parsed(text: Any) -> Any:
    return json.loads(text) if isinstance(text, str) else None
