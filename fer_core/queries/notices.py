"""What a store says to its visitors: its region, the notice being written, the records, and the one that stands."""

import json
from typing import Any
from uuid import UUID

from fer_core.errors import DataError
from fer_core.queries.filters import Source, utf8
from fer_core.queries.lists import rows_of
from fer_core.queries.shops import setting
from fer_core.store.notices import draft_key, region_key
from fer_core.store.scope import reads

_MOMENTS = ("recorded_at", "withdrawn_at")
_SELECT = (
    "SELECT notice_id::VARCHAR AS notice_id, n.store_id::VARCHAR AS store_id, region, content, languages, "
    "n.cameras::VARCHAR[] AS cameras, n.recorded_at AS recorded_at, recorded_by, n.withdrawn_at AS withdrawn_at, "
    "s.name AS store FROM notices AS n JOIN stores AS s USING (store_id)"
)


@reads("setup")
def notice_setup(source: Source, store: str) -> dict[str, Any]:
    """store_id, region ("unset" where none was chosen), draft (what the form keeps, or None). DataError for no such store."""
    found = rows_of(source, "SELECT store_id::VARCHAR AS store_id FROM stores WHERE name = $name", {"name": utf8((store,))[0]})
    if not found:
        raise DataError(f"there is no store {store!r}")
    key = found[0]["store_id"]
    region = setting(source, region_key(key), "unset")
    return {"store_id": key, "region": region, "draft": setting(source, draft_key(key), None)}


@reads("setup")
def notices(source: Source, store: str) -> list[dict[str, Any]]:
    """A store's records, the newest first: notice_id, store_id, store, region, content (parsed), languages, cameras (ids),
    recorded_at, recorded_by, withdrawn_at (None: it stands); moments aware (UTC)."""
    return _parsed(source, "s.name = $name", {"name": utf8((store,))[0]})


@reads("setup")
def standing_notice(source: Source, store_id: str) -> dict[str, Any] | None:
    """The record that stands for the store of that id, as in `notices`; None for none, and for what is no id at all."""
    try:
        key = UUID(store_id)
    except ValueError:
        return None
    found = _parsed(source, "n.store_id = $key AND n.withdrawn_at IS NULL", {"key": key})
    return found[0] if found else None


@reads("setup")
def notice_stored(source: Source, store: str) -> dict[str, Any]:
    """What there is of a store: visits (their number), first and last (days, or None), and the names of the detectors,
    embedders and expression models of its films, in lists under detector, embedder, emotion (None for no film)."""
    own = "store_id IN (SELECT store_id FROM stores WHERE name = $name)"
    names = ", ".join(
        f"list_sort(list(DISTINCT {kind}) FILTER ({kind} <> '')) AS {kind}" for kind in ("detector", "embedder", "emotion")
    )
    sql = (
        f"SELECT * FROM (SELECT count(*) AS visits, min(local_at)::DATE AS first, max(local_at)::DATE AS last "  # noqa: S608
        f"FROM visits WHERE {own}), (SELECT {names} FROM footage WHERE {own})"
    )
    return rows_of(source, sql, {"name": utf8((store,))[0]})[0]


def _parsed(source: Source, condition: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    sql = f"{_SELECT} WHERE {condition} ORDER BY n.recorded_at DESC, n.rowid DESC"  # literals of ours
    return [row | {"content": json.loads(row["content"])} for row in rows_of(source, sql, parameters, utc=_MOMENTS)]
