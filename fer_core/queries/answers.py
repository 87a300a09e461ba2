"""What visitors said at the exit button, and who left around that time: rows for `fer_core.validity` to sum up.

They are no questions of the package, for nobody is shown them: they tell of single visits.
"""

from typing import Any

import pandas as pd

from fer_core.queries.filters import EVERYTHING, VERDICT, Filter, Source, Where, utf8
from fer_core.queries.frames import frame_of
from fer_core.queries.lists import of_stores, rows_of
from fer_core.queries.questions import Question
from fer_core.store.scope import reads

_NET = "change - coalesce(camera_offset, 0)"
_ANSWERS = (
    'SELECT a.store_id, s.name AS store, a.door, epoch(a."at") AS at_s, a."at" AT TIME ZONE s.time_zone AS local_at, a.value, '
    "s.is_sample FROM answers AS a JOIN stores AS s USING (store_id)"
)


@reads("answers")
def answers(source: Source, filter: Filter = EVERYTHING) -> pd.DataFrame:
    """The answers in order of time: store, door, at_s (seconds since 1970, UTC), local_at (the store's clock), value (1 to
    4), is_sample. Of the filter stores, days, weekdays, hours and doors (those of the exit) apply."""
    where = Where(filter)
    if filter.doors:
        where.add("list_contains($doors::VARCHAR[], door)", doors=utf8(filter.doors))
    sql = f"SELECT * EXCLUDE (store_id) FROM ({_ANSWERS}) WHERE {where}"  # noqa: S608  values are parameters
    return frame_of(source, Question(sql, where.parameters, "at_s, store, door, value"))


@reads("answers")
def exits(source: Source, filter: Filter, from_s: float, until_s: float) -> pd.DataFrame:
    """Everybody seen at an exit between two moments (seconds since 1970): store, door, at_s, local_at, verdict, net.

    verdict: the review that counts; null for whoever is no visit of the filter: not recognised, declared void, or of a
    poorer picture or match than asked for. They are told all the same, for they could have pressed the button. net: the
    change less the camera offset; null where it is no number. Of the filter stores, doors (of the exit), min_quality and
    min_match_probability apply: its reviews don't, or else an answer would only ever meet a review of that kind.
    """
    here, parameters = of_stores(filter.stores, "p.store_id")
    doors = "true" if not filter.doors else "list_contains($doors::VARCHAR[], door)"
    given: dict[str, Any] = {"from_s": from_s, "until_s": until_s} | parameters
    if filter.doors:
        given["doors"] = utf8(filter.doors)
    counts, least = _counts(filter)
    between = "BETWEEN to_timestamp($from_s) AND to_timestamp($until_s)"
    people = (
        f"SELECT store_id, exit_door AS door, exited_at AS moment, CASE WHEN {counts} THEN {VERDICT} END AS verdict, "  # noqa: S608
        f"CASE WHEN {counts} AND isfinite({_NET}) THEN {_NET} END AS net FROM visits AS p WHERE exited_at {between} AND {here} "
        "UNION ALL BY NAME SELECT p.store_id, c.door, p.seen_at AS moment FROM appearances AS p JOIN cameras AS c "
        f"USING (camera_id) WHERE p.role = 'exit' AND p.status <> 'matched' AND p.seen_at {between} AND {here}"
    )
    sql = (
        "SELECT s.name AS store, door, epoch(moment) AS at_s, moment AT TIME ZONE s.time_zone AS local_at, verdict, net "  # noqa: S608
        f"FROM ({people}) JOIN stores AS s USING (store_id) WHERE {doors}"
    )
    return frame_of(source, Question(sql, given | least, "at_s, store, door, verdict NULLS LAST, net"))


@reads("answers")
def answer_state(source: Source) -> tuple[int, float]:
    """How many answers there are, and the moment of the newest (seconds since 1970): for a cache's key."""
    (row,) = rows_of(source, 'SELECT count(*) AS n, coalesce(max(epoch("at")), 0) AS newest FROM answers', {})
    return int(row["n"]), float(row["newest"])


def _counts(filter: Filter) -> tuple[str, dict[str, Any]]:
    """Whether a visit is one of the filter's, as SQL and its parameters."""
    conditions, parameters = ["true" if filter.voided else "NOT voided"], dict[str, Any]()
    for name in ("quality", "match_probability"):
        least = getattr(filter, f"min_{name}")
        if least > 0:  # a NaN is DuckDB's greatest number
            conditions.append(f"({name} >= $min_{name} AND {name} < 'infinity')")
            parameters[f"min_{name}"] = least
    return " AND ".join(conditions), parameters
