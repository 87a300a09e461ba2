"""A made-up shop's weeks as rows of the store: in bulk, within the caller's transaction."""

from datetime import date, datetime, time, timedelta
from uuid import UUID

import duckdb
import numpy as np
import pandas as pd

from fer_core.review import verdict
from fer_core.sample.history_answers import answers_of
from fer_core.sample.passers import SAMPLES, STEP_S, Drawn
from fer_core.sample.rhythm import DAYS, SHOPS, opening_s
from fer_core.settings import ReviewSettings
from fer_core.store.rows import camera_id
from fer_core.types import EXPRESSIONS, FloatArray, Role

_EARLY_S = 300.0
SERIES_DAYS = 7
"""Days, counted from the last, whose visits have their expressions over time as well."""
_BLOCKS = (slice(0, 3), slice(3, 5), slice(5, 8))
"""Samples within ReviewSettings.block_s of each other."""
_ROLES: tuple[Role, Role] = ("entry", "exit")
_BACKENDS = {"detector": "yunet", "embedder": "mobilefacenet", "emotion": "moodgate"}

_FILMS = """
INSERT INTO footage BY NAME SELECT md5(key)::UUID AS footage_id, $store_id::UUID AS store_id,
camera_id::UUID AS camera_id, role, sha256(key) AS sha256, film, start_at AT TIME ZONE $zone AS start_at, duration_s,
1280 AS width, 720 AS height, []::VARCHAR[] AS warnings, $detector AS detector, $embedder AS embedder, $emotion AS emotion,
date_trunc('day', start_at) AT TIME ZONE $zone + INTERVAL 23 HOUR AS analysed_at FROM frame"""
_APPEARANCES = """
INSERT INTO appearances BY NAME SELECT md5(key)::UUID AS appearance_id, md5(film_key)::UUID AS footage_id,
$store_id::UUID AS store_id, camera_id::UUID AS camera_id, role, best_s - 1 AS start_s, best_s + 1 AS end_s,
* EXCLUDE (key, film_key, camera_id, role, film, door), local_at AT TIME ZONE $zone AS seen_at FROM frame"""
_SERIES = """
INSERT INTO series BY NAME SELECT md5(key)::UUID AS appearance_id, samples, times_s, weights, probabilities,
date_trunc('day', local_at) AT TIME ZONE $zone + INTERVAL 23 HOUR AS created_at FROM frame"""
_VISITS = """
INSERT INTO visits BY NAME SELECT md5('visit ' || entry_key || exit_key)::UUID AS visit_id, $store AS store,
$store_id::UUID AS store_id, * EXCLUDE (entry_key, exit_key, exit_local_at), local_at AT TIME ZONE $zone AS entered_at,
exit_local_at AT TIME ZONE $zone AS exited_at, md5(entry_key)::UUID AS entry_appearance_id,
md5(exit_key)::UUID AS exit_appearance_id, 0.0 AS camera_offset, $detector AS detector, $embedder AS embedder,
$emotion AS emotion, true AS is_sample, date_trunc('day', local_at) AT TIME ZONE $zone + INTERVAL 23 HOUR AS created_at
FROM frame"""
_ANSWERS = """
INSERT INTO answers BY NAME SELECT md5($store_id || key)::UUID AS answer_id, $store_id::UUID AS store_id, door,
local_at AT TIME ZONE $zone AS "at", value FROM frame"""


def write_shop(cursor: duckdb.DuckDBPyConnection, store_id: UUID, drawn: Drawn) -> int:
    """Add films, appearances, series, visits and answers; how many visits."""
    given = {"store_id": str(store_id), "zone": drawn.shop.time_zone}
    people = {role: _people(store_id, drawn, role) for role in _ROLES}
    for role in _ROLES:
        _insert(cursor, _FILMS, _films(store_id, drawn, role), given | _BACKENDS)
        _insert(cursor, _APPEARANCES, people[role], given)
        _insert(cursor, _SERIES, _kept(drawn, role, people[role]), {"zone": drawn.shop.time_zone})
    visits = _visits(drawn, people["entry"], people["exit"])
    _insert(cursor, _VISITS, visits, given | _BACKENDS | {"store": drawn.shop.name})
    rng = np.random.default_rng([drawn.last.toordinal(), SHOPS.index(drawn.shop)])
    _insert(cursor, _ANSWERS, answers_of(drawn.shop, visits, rng), given)
    return len(visits)


def _insert(cursor: duckdb.DuckDBPyConnection, sql: str, frame: pd.DataFrame, given: dict[str, str]) -> None:
    cursor.register("frame", frame)
    cursor.execute(sql, given)
    cursor.unregister("frame")


# ---- films ----------------------------------------------------------------------------------------------------------


def _days(drawn: Drawn) -> list[date]:
    return [drawn.last - timedelta(days=DAYS - 1 - number) for number in range(DAYS)]


def _doors(drawn: Drawn) -> list[str]:
    return [door for door, _, _ in drawn.shop.doors]


def _film(role: Role, door: str, day: date) -> str:
    return f"{day} {door} {role}.mp4"


def _films(store_id: UUID, drawn: Drawn, role: Role) -> pd.DataFrame:
    """One a day and door, from a little before the opening to a little after the closing."""
    rows = []
    for day in _days(drawn):
        opens, closes = opening_s(drawn.shop, day)
        for door in _doors(drawn) if closes else []:
            start, film = datetime.combine(day, time()) + timedelta(seconds=opens - _EARLY_S), _film(role, door, day)
            camera = str(camera_id(store_id, role, door))
            rows.append((f"history {store_id} {film}", camera, role, film, start, closes - opens + 4 * _EARLY_S))
    return pd.DataFrame(rows, columns=["key", "camera_id", "role", "film", "start_at", "duration_s"])


# ---- people ---------------------------------------------------------------------------------------------------------


def _people(store_id: UUID, drawn: Drawn, role: Role) -> pd.DataFrame:
    side, days, doors = drawn.sides[role], _days(drawn), _doors(drawn)
    opens = np.array([opening_s(drawn.shop, day)[0] for day in days])
    cameras = [str(camera_id(store_id, role, door)) for door in doors]
    films = [_film(role, doors[door], days[day]) for day, door in zip(side.day, side.door, strict=True)]
    mean, usable = side.mean, side.status != "unusable"
    at = np.array(days, "datetime64[us]")[side.day] + (side.at_s * 1e6).astype("timedelta64[us]")
    shown = {f"p_{name}": np.where(usable, mean[:, place], np.nan) for place, name in enumerate(EXPRESSIONS)}
    return pd.DataFrame(
        {
            "key": [f"history {store_id} {film} {number}" for number, film in enumerate(films)],
            "film_key": [f"history {store_id} {film}" for film in films],
            "film": films,
            "camera_id": np.array(cameras, object)[side.door],
            "role": role,
            "door": np.array(doors, object)[side.door],
            "best_s": side.at_s - opens[side.day] + _EARLY_S,
            "x": 200 + 880 * (side.at_s * 7919 % 1),
            "y": 260 + 120 * (side.at_s * 6113 % 1),
            "size_px": 40 + 90 * side.quality,
            "quality": side.quality,
            "faces": 8 + (side.at_s * 104729 % 12).astype(int),
            "status": side.status,
            "expression": np.where(usable, np.array(EXPRESSIONS, object)[mean.argmax(axis=1)], None),
            "local_at": at,
        }
        | shown
    )


def _kept(drawn: Drawn, role: Role, people: pd.DataFrame) -> pd.DataFrame:
    """The expressions over time of the last days' visits, in the bytes that `fer_core.store.rows.series_row` writes."""
    side, recent = drawn.sides[role], np.flatnonzero(drawn.visits.day >= DAYS - SERIES_DAYS)
    chosen = people.iloc[recent]
    times = chosen["best_s"].to_numpy()[:, None] - 1 + STEP_S * np.arange(SAMPLES)
    return pd.DataFrame(
        {
            "key": chosen["key"],
            "local_at": chosen["local_at"],
            "samples": SAMPLES,
            "times_s": _bytes(times, "<f4"),
            "weights": _bytes(side.weight[recent], "<f4"),
            "probabilities": _bytes(side.series[recent], "<f2"),
        },
        index=chosen.index,
    )


def _bytes(rows: FloatArray, kind: str) -> list[bytes]:
    return [row.tobytes() for row in rows.astype(kind)]


# ---- visits ---------------------------------------------------------------------------------------------------------


def _visits(drawn: Drawn, entries: pd.DataFrame, exits: pd.DataFrame) -> pd.DataFrame:
    settings, n = ReviewSettings(), len(drawn.visits)
    came, left = entries.iloc[:n].reset_index(drop=True), exits.iloc[:n].reset_index(drop=True)
    valence = {role: drawn.sides[role].mean[:n] @ np.array(settings.valence) for role in _ROLES}
    change = valence["exit"] - valence["entry"]
    se = np.hypot(_error(drawn, "entry", settings), _error(drawn, "exit", settings))
    sides = {
        f"{role}_{told}": seen[name]
        for role, seen in (("entry", came), ("exit", left))
        for told, name in (
            ("time_s", "best_s"),
            ("key", "key"),
            *((name, name) for name in ("x", "y", "expression", "film", "door")),
        )
    }
    return pd.DataFrame(
        sides
        | {
            "local_at": came["local_at"],
            "exit_local_at": left["local_at"],
            "dwell_s": (left["local_at"] - came["local_at"]).dt.total_seconds(),
            "entry_valence": valence["entry"],
            "exit_valence": valence["exit"],
            "change": change,
            "change_se": se,
            "review": [verdict(float(one), float(error), settings) for one, error in zip(change, se, strict=True)],
            "match_probability": drawn.match,
            "runner_up": drawn.runner_up,
            "quality": np.minimum(came["quality"], left["quality"]),
        }
    )


def _error(drawn: Drawn, role: Role, settings: ReviewSettings) -> FloatArray:
    """(n,) standard errors of the visits' valences: what `fer_core.review` adds up, the bootstrap in its closed form."""
    side, n = drawn.sides[role], len(drawn.visits)
    value = side.series[:n] @ np.array(settings.valence)
    blocks = np.stack([np.average(value[:, part], axis=1, weights=side.weight[:n, part]) for part in _BLOCKS])
    confidence = side.mean[:n].max(axis=1)
    upper, error = np.array(settings.model_error).T
    model = settings.model_error_share * error[np.minimum(np.searchsorted(upper, confidence, side="right"), len(error) - 1)]
    return np.asarray(np.hypot(blocks.std(axis=0) / np.sqrt(len(_BLOCKS)), model))
