"""Sums by camera, hour and apparent expression, of stores that follow nobody; and what a change of the mode deletes."""

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
    "SELECT t.store_id, t.camera_id, t.expression, t.faces, t.seconds, c.role, s.is_sample, "
    "t.hour_at AT TIME ZONE s.time_zone AS local_at FROM tallies AS t JOIN stores AS s USING (store_id) "
    "JOIN cameras AS c USING (camera_id)"
)
_PLACES = " ".join(f"WHEN '{name}' THEN {place}" for place, name in enumerate(EXPRESSIONS))


@reads("sums")
def tallies(source: Source, filter: Filter = EVERYTHING, grain: Grain = "day") -> pd.DataFrame:
    """Sums by time: bucket (its start), moment (one of sums.MOMENTS), expression, n (people who passed then and there), faces
    (how many of them with that expression), share (0 to 1), seconds, hidden, sample. Of the filter stores, days, doors,
    weekdays and hours apply.

    A bucket and moment of fewer people than PrivacySettings.min_cell_visits, those of sample stores not counted, is one row:
    its n, and no expression, faces, share or seconds.
    """
    where = Where(filter)
    if filter.doors:
        where.add("camera_id IN (SELECT camera_id FROM cameras WHERE list_contains($doors::VARCHAR[], door))")
        where.parameters["doors"] = utf8(filter.doors)
    moment = f"CASE role WHEN 'entry' THEN '{MOMENTS[0]}' ELSE '{MOMENTS[1]}' END"
    others = "sum(CASE WHEN is_sample THEN 0 ELSE faces END)"
    sums = (
        f"SELECT {BUCKETS[grain]} AS bucket, {moment} AS moment, expression, sum(faces) AS faces, sum(seconds) AS seconds, "  # noqa: S608
        f"{others} AS others FROM ({_ROWS}) WHERE {where} GROUP BY ALL"
    )
    whole = "sum({}) OVER (PARTITION BY bucket, moment)"
    counted = f"SELECT *, {whole.format('faces')} AS everyone, round({whole.format('others')}) AS real FROM ({sums})"  # noqa: S608
    judged = f"SELECT *, everyone > 0 AND real BETWEEN 1 AND {LEAST - 1:d} AS hidden FROM ({counted})"  # noqa: S608
    shown = ", ".join(
        f"CASE WHEN NOT hidden THEN {sql} END AS {name}"
        for name, sql in {"faces": "faces", "share": "faces / nullif(everyone, 0)", "seconds": "seconds"}.items()
    )
    sql = (
        f"SELECT DISTINCT bucket, moment, CASE WHEN NOT hidden THEN expression END AS expression, "  # noqa: S608
        f"round(everyone)::BIGINT AS n, {shown}, hidden, real = 0 AS sample FROM ({judged})"
    )
    return frame_of(source, Question(sql, where.parameters, f"bucket, moment, CASE expression {_PLACES} END"))


@reads("sums")
def sums_kept(source: Source, filter: Filter = EVERYTHING) -> bool:
    """Whether any of the filter's stores keeps sums, or has some from an earlier mode."""
    where = Where(Filter(stores=filter.stores))
    sql = (
        f"SELECT count(*) AS n FROM stores WHERE ({where}) "  # noqa: S608  values are parameters
        "AND (privacy_mode <> 'visit' OR store_id IN (SELECT store_id FROM tallies))"
    )
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
