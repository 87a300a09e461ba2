"""What somebody should look at: jobs that failed, films with warnings, cameras whose faces are of little use."""

from typing import Any

import pandas as pd

from fer_core.queries.filters import EVERYTHING, Filter, Source, Where
from fer_core.queries.frames import frame_of
from fer_core.queries.lists import of_stores
from fer_core.queries.questions import Question
from fer_core.store.scope import reads

COLUMNS = ("kind", "store", "what", "sentence")
LEAST_SEEN = 20
"""Appearances of a camera below which its shares say nothing yet."""
MOST_UNUSABLE = 0.25
"""Share of appearances without a usable face from which a camera is named."""
LEAST_MATCHED = 0.5
"""Share of an entrance's usable appearances that are matched, below which it is named."""
_LONGEST = 20


@reads("sums")
def attention(source: Source, filter: Filter = EVERYTHING) -> pd.DataFrame:
    """What somebody should look at, the most pressing first: kind, store, what, sentence.

    kind "job": a job that failed and was not repeated (whatever the filter's period). "camera": many unusable faces.
    "match": an entrance of which few were found again at an exit. "film": a film with warnings. "clock": films without a
    start time. what names the job, camera or film; at most 20 of a kind. Of the filter stores, days and doors apply.
    """
    found = [*_jobs(source, filter), *_cameras(source, filter), *_films(source, filter), *_clocks(source, filter)]
    return pd.DataFrame(found, columns=list(COLUMNS), dtype="str")


Row = tuple[str, str, str, str]


def _jobs(source: Source, filter: Filter) -> list[Row]:
    condition, parameters = ("true", {}) if not filter.stores else of_stores(filter.stores, "s.store_id")
    found = _asked(
        source,
        "SELECT coalesce(jobs.store, '') AS store, title, coalesce(error, 'it failed without a word') AS error "  # noqa: S608
        f"FROM jobs LEFT JOIN stores AS s ON s.name = jobs.store WHERE state = 'failed' AND {condition} "
        f"ORDER BY created_at DESC LIMIT {_LONGEST}",
        parameters,
    )
    return [("job", row.store, row.title, f"This job failed: {row.error}") for row in found.itertuples()]


def _cameras(source: Source, filter: Filter) -> list[Row]:
    where = Where(filter).of_appearances("appearances")
    counts = ", ".join(f"count_if(status = '{status}')::BIGINT AS {status}" for status in ("unusable", "matched"))
    seen = f"SELECT camera_id, count(*) AS n, {counts} FROM appearances WHERE {where} GROUP BY camera_id"  # noqa: S608
    found = _asked(
        source,
        f"SELECT s.name AS store, c.name, role, n, unusable, matched FROM ({seen}) JOIN cameras AS c USING (camera_id) "  # noqa: S608
        f"JOIN stores AS s USING (store_id) WHERE n >= {LEAST_SEEN} ORDER BY unusable / n DESC, matched / n, store, c.name",
        where.parameters,
    )
    poor = [row for row in found.itertuples() if row.unusable >= MOST_UNUSABLE * row.n]
    lonely = [row for row in found.itertuples() if row.role == "entry" and row.matched < LEAST_MATCHED * (row.n - row.unusable)]
    return [_poor(row) for row in poor[:_LONGEST]] + [_lonely(row) for row in lonely[:_LONGEST]]


def _poor(row: Any) -> Row:
    share = f"{row.unusable:,} of {row.n:,} people it saw ({row.unusable / row.n:.0%}) had no usable face"
    return ("camera", row.store, row.name, f"{share}: look at its height, its light and its distance.")


def _lonely(row: Any) -> Row:
    usable = row.n - row.unusable
    share = f"Only {row.matched:,} of {usable:,} people with a usable face ({row.matched / usable:.0%}) were found at an exit"
    return ("match", row.store, row.name, f"{share}: is a film of an exit missing, or a start time wrong?")


def _films(source: Source, filter: Filter) -> list[Row]:
    found = _footage(source, filter, "len(warnings) > 0", "s.name AS store, film, array_to_string(warnings, ' ') AS warnings")
    return [("film", row.store, row.film, row.warnings) for row in found.itertuples()]


def _clocks(source: Source, filter: Filter) -> list[Row]:
    columns = "s.name AS store, min(film) AS film, count(*) AS n"
    found = _footage(source, filter, "start_at IS NULL", columns, group="GROUP BY s.name")
    told = "without a start time: their visits have no time of day and no length, and stand in no chart over time."
    return [
        ("clock", row.store, row.film if row.n == 1 else f"{row.n} films", f"{row.n} film{'s' * (row.n > 1)} {told}")
        for row in found.itertuples()
    ]


def _footage(source: Source, filter: Filter, condition: str, columns: str, group: str = "") -> pd.DataFrame:
    """The filter's films: by the day they start on in their store, or where that isn't known by the day of their analysis."""
    stores, parameters = of_stores(filter.stores, "f.store_id")
    where = [condition, stores]
    day = "(coalesce(start_at, analysed_at) AT TIME ZONE s.time_zone)::DATE"
    for name, sign in (("first", ">="), ("last", "<=")):
        if getattr(filter, name):
            where.append(f"{day} {sign} ${name}::DATE")
            parameters |= {name: getattr(filter, name)}
    if filter.doors:
        where.append("f.camera_id IN (SELECT camera_id FROM cameras WHERE list_contains($doors::VARCHAR[], door))")
        parameters |= {"doors": list(filter.doors)}
    sql = f"SELECT {columns} FROM footage AS f JOIN stores AS s USING (store_id) WHERE {' AND '.join(where)} {group}"  # noqa: S608
    return _asked(
        source, f"{sql} ORDER BY {'max(analysed_at)' if group else 'analysed_at'} DESC, film LIMIT {_LONGEST}", parameters
    )


def _asked(source: Source, sql: str, parameters: dict[str, Any]) -> pd.DataFrame:
    return frame_of(source, Question(sql, parameters))
