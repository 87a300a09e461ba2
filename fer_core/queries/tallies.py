"""Sums by camera, hour and apparent expression: of stores that follow nobody, and of floor cameras with their zones; and what
a change of the mode deletes."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from fer_core.privacy import GUESTS_GO, STAFF_GO, VISITS_GO, Mode
from fer_core.queries.cells import LEAST
from fer_core.queries.filters import EVERYTHING, Filter, Source, Where, utf8
from fer_core.queries.frames import frame_of
from fer_core.queries.lists import rows_of
from fer_core.queries.questions import Question
from fer_core.queries.sums import BUCKETS, MOMENTS, Grain
from fer_core.store.scope import reads
from fer_core.types import EXPRESSIONS

_ROWS = (
    "SELECT t.store_id, s.name AS store, t.camera_id, t.zone, t.hour_at, t.expression, t.faces, t.seconds, c.role, c.door, "
    "s.is_sample, t.hour_at AT TIME ZONE s.time_zone AS local_at FROM tallies AS t JOIN stores AS s USING (store_id) "
    "JOIN cameras AS c USING (camera_id)"
)
_PASSED, _FLOOR = "role <> 'floor' AND zone = ''", "role = 'floor'"
_PLACES = " ".join(f"WHEN '{name}' THEN {place}" for place, name in enumerate(EXPRESSIONS))


@reads("sums")
def tallies(source: Source, filter: Filter = EVERYTHING, grain: Grain = "day") -> pd.DataFrame:
    """Sums by time: bucket (its start), moment (one of sums.MOMENTS), expression, n (people who passed then and there), faces
    (how many of them with that expression), share (0 to 1), seconds, hidden, sample. Of the filter stores, days, doors,
    weekdays and hours apply.

    A bucket and moment of fewer people than PrivacySettings.min_cell_visits, those of sample stores not counted, is one row:
    its n, and no expression, faces, share or seconds. Floor cameras are not in it: see `zones`.
    """
    where = Where(filter)
    where.add(_PASSED)
    if filter.doors:
        where.add("camera_id IN (SELECT camera_id FROM cameras WHERE list_contains($doors::VARCHAR[], door))")
        where.parameters["doors"] = utf8(filter.doors)
    moment = f"CASE role WHEN 'entry' THEN '{MOMENTS[0]}' ELSE '{MOMENTS[1]}' END"
    return _by_expression(source, where, {"bucket": BUCKETS[grain], "moment": moment})


@reads("sums")
def zones(source: Source, filter: Filter = EVERYTHING, grain: Grain | None = None) -> pd.DataFrame:
    """What floor cameras counted: bucket (its start), store, camera (its own name), zone ("" for the whole picture),
    expression, n (people), faces (how many of them with that expression), share (0 to 1), seconds, hours (in which the camera
    counted anybody), hidden, sample. Of the filter stores, days, weekdays and hours apply; without a grain the bucket is null.

    A zone of fewer people than PrivacySettings.min_cell_visits is one row without values, as in `tallies`.
    """
    where = Where(filter)
    where.add(_FLOOR)
    bucket = BUCKETS[grain] if grain else "NULL::TIMESTAMP"
    found = _by_expression(source, where, {"bucket": bucket, "store": "store", "camera": "door", "zone": "zone"})
    hours = f"SELECT {bucket} AS bucket, store, door AS camera, count(DISTINCT hour_at) AS hours FROM ({_ROWS}) WHERE {where} "  # noqa: S608
    counted = frame_of(source, Question(hours + "GROUP BY ALL", where.parameters, "ALL"))
    return found.merge(counted, "left", on=["bucket", "store", "camera"])


def _by_expression(source: Source, where: Where, keys: Mapping[str, str]) -> pd.DataFrame:
    """The rows summed by the keys (SQL, by name) and expression; a cell of few people is one row with its n."""
    names = ", ".join(keys)
    sums = (
        f"SELECT {', '.join(f'{sql} AS {name}' for name, sql in keys.items())}, expression, sum(faces) AS faces, "  # noqa: S608
        "sum(seconds) AS seconds, sum(CASE WHEN is_sample THEN 0 ELSE faces END) AS others, bool_and(is_sample) AS made_up "
        f"FROM ({_ROWS}) WHERE {where} GROUP BY ALL"
    )
    whole = f"{{}} OVER (PARTITION BY {names})"
    counted = (
        f"SELECT * EXCLUDE (made_up), {whole.format('sum(faces)')} AS everyone, round({whole.format('sum(others)')}) AS real, "  # noqa: S608
        f"{whole.format('bool_and(made_up)')} AS sample FROM ({sums})"
    )
    judged = f"SELECT *, NOT sample AND real < {LEAST:d} AS hidden FROM ({counted})"  # noqa: S608
    shown = ", ".join(
        f"CASE WHEN NOT hidden THEN {sql} END AS {name}"
        for name, sql in {"faces": "faces", "share": "faces / nullif(everyone, 0)", "seconds": "seconds"}.items()
    )
    sql = (
        f"SELECT DISTINCT {names}, CASE WHEN NOT hidden THEN expression END AS expression, "  # noqa: S608
        f"round(everyone)::BIGINT AS n, {shown}, hidden, sample FROM ({judged})"
    )
    return frame_of(source, Question(sql, where.parameters, f"{names}, CASE expression {_PLACES} END"))


@reads("sums")
def sums_kept(source: Source, filter: Filter = EVERYTHING) -> bool:
    """Whether any of the filter's stores keeps sums, or has some from an earlier mode."""
    where = Where(Filter(stores=filter.stores))
    sql = (
        f"SELECT count(*) AS n FROM stores WHERE ({where}) "  # noqa: S608  values are parameters
        f"AND (privacy_mode <> 'visit' OR store_id IN (SELECT store_id FROM ({_ROWS}) WHERE {_PASSED}))"
    )
    return bool(rows_of(source, sql, where.parameters)[0]["n"])


@reads("sums")
def zones_kept(source: Source, filter: Filter = EVERYTHING) -> bool:
    """Whether a floor camera of the filter's stores has counted anybody, ever."""
    where = Where(Filter(stores=filter.stores))
    where.add(_FLOOR)
    sql = f"SELECT count(*) AS n FROM (SELECT 1 FROM ({_ROWS}) WHERE {where} LIMIT 1)"  # noqa: S608  values are parameters
    return bool(rows_of(source, sql, where.parameters)[0]["n"])


@reads("setup")
def mode_losses(source: Source, store: str, mode: Mode) -> dict[str, int]:
    """What a change of the store's mode to that one deletes: visits, appearances, corrections, guests, staff; zeros for its
    own mode."""
    tables = {"visits": "visits", "appearances": "appearances", "corrections": "corrections"}
    people = {"guests": ("guest", GUESTS_GO), "staff": ("staff", STAFF_GO)}
    own = "store_id IN (SELECT store_id FROM stores WHERE name = $name AND privacy_mode <> $mode)"
    parts = [f"(SELECT count(*) FROM {table} WHERE {own}) AS {name}" for name, table in tables.items()]  # noqa: S608
    parts += [f"(SELECT count(*) FROM people WHERE {own} AND kind = '{kind}') AS {name}" for name, (kind, _) in people.items()]  # noqa: S608
    values: dict[str, Any] = {"name": utf8((store,))[0], "mode": mode}
    found = rows_of(source, f"SELECT {', '.join(parts)}", values)[0]
    goes = dict.fromkeys(tables, mode in VISITS_GO) | {name: mode in modes for name, (_, modes) in people.items()}
    return {name: int(found[name]) if going else 0 for name, going in goes.items()}
