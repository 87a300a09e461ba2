"""What the engine's objects look like as rows: every column by its name, templates and paths left out.

Ids are uuid5 of what they stand for (store, role, the film's sha256, moments, places), so that a repeated run gives the
same ones.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_DNS, UUID, uuid5

import duckdb
import numpy as np

from fer_core.types import EXPRESSIONS, Appearance, Footage, Role, Tally, Visit

ROOT = uuid5(NAMESPACE_DNS, "moodgate")
Row = dict[str, Any]
"""Values by column; all rows of a table name their columns in the same order."""


@dataclass(frozen=True)
class Film:
    """A film's row, in brief, with the ids it was given."""

    footage_id: UUID
    camera_id: UUID
    role: Role
    footage: Footage

    @property
    def name(self) -> str:
        return text(self.footage.path.name)

    @property
    def door(self) -> str:
        return text(self.footage.door)


class Ids:
    """uuid5 of the parts; the second of the same parts (one film given twice) gets another than the first."""

    def __init__(self) -> None:
        self._given: dict[str, int] = {}

    def make(self, *parts: object) -> UUID:
        name = "\x1f".join(str(part) for part in parts)
        before = self._given.get(name, 0)
        self._given[name] = before + 1
        return uuid5(ROOT, f"{name}\x1f{before}" if before else name)


def camera_id(store_id: UUID, role: Role, door: str) -> UUID:
    """A store has one camera for each role and door."""
    return uuid5(store_id, f"camera\x1f{role}\x1f{door}")


def footage_row(film: Film, store_id: UUID, now: datetime) -> Row:
    """The row of `footage`, all but the names of the backends."""
    given = film.footage
    return {
        "footage_id": film.footage_id,
        "store_id": store_id,
        "camera_id": film.camera_id,
        "role": film.role,
        "sha256": given.sha256,
        "film": film.name,
        "start_at": _utc(given.start_at),
        "duration_s": float(given.duration_s),
        "width": int(given.width),
        "height": int(given.height),
        # a sentence may quote the path by which the film was given, and that is nobody's business here
        "warnings": [text(line.replace(str(given.path), given.path.name)) for line in given.warnings],
        "analysed_at": now,
    }


def appearance_id(ids: Ids, a: Appearance, film: Film) -> UUID:
    """The same for the same film, moments (ms) and place (0.1 px)."""
    moments = (f"{a.best_s:.3f}", f"{a.start_s:.3f}", f"{a.end_s:.3f}")
    return ids.make("appearance", film.footage_id, *moments, f"{a.x:.1f}", f"{a.y:.1f}")


def appearance_row(key: UUID, a: Appearance, film: Film) -> Row:
    """The row of `appearances`, all but store, status and local time; without a series, expression and means are null."""
    start = _utc(film.footage.start_at)
    means = a.mean if len(a.times_s) else (None,) * len(EXPRESSIONS)
    return {
        "appearance_id": key,
        "footage_id": film.footage_id,
        "camera_id": film.camera_id,
        "role": film.role,
        "start_s": float(a.start_s),
        "end_s": float(a.end_s),
        "best_s": float(a.best_s),
        "x": _number(a.x),
        "y": _number(a.y),
        "size_px": _number(a.size_px),
        "quality": _number(a.quality),
        "faces": int(a.faces),
        "expression": _expression(a),
        **{f"p_{name}": _number(p) for name, p in zip(EXPRESSIONS, means, strict=True)},
        "seen_at": None if start is None else start + timedelta(seconds=float(a.best_s)),
    }


def series_row(key: UUID, a: Appearance, now: datetime) -> Row:
    """Little-endian: times float32 s, weights float32, probabilities float16 row by row in EXPRESSIONS order."""
    return {
        "appearance_id": key,
        "samples": len(a.times_s),
        "times_s": a.times_s.astype("<f4").tobytes(),
        "weights": a.weight.astype("<f4").tobytes(),
        "probabilities": a.series.astype("<f2").tobytes(),
        "created_at": now,
    }


def tally_row(tally: Tally, film: Film) -> Row:
    """The row of `tallies`, all but the store."""
    return {
        "camera_id": film.camera_id,
        "footage_id": film.footage_id,
        "hour_at": _utc(tally.hour_at),
        "expression": tally.expression,
        "faces": float(tally.faces),
        "seconds": float(tally.seconds),
    }


def appearance_of(role: Role, times_s: bytes, weights: bytes, probabilities: bytes) -> Appearance:
    """What `series_row` kept, as an appearance again; only role and series are real, and float16 made the rows coarser."""
    times, weight = np.frombuffer(times_s, "<f4"), np.frombuffer(weights, "<f4")
    series = np.frombuffer(probabilities, "<f2").astype(np.float32).reshape(-1, len(EXPRESSIONS))
    return Appearance(
        role=role, film=0, intervals=((0.0, 0.0),), best_s=0.0, x=0.0, y=0.0, size_px=0.0, quality=0.0, faces=len(times),
        template=np.ones(1), times_s=times, series=series / np.maximum(series.sum(axis=1, keepdims=True), 1e-6), weight=weight,
    )  # fmt: skip


def visit_row(ids: Ids, visit: Visit, known: dict[int, tuple[UUID, Film]]) -> Row:
    """The row of `visits`, all but store and backends; `known` holds what was written, by the identity of the appearance."""
    if id(visit.entry) not in known or id(visit.exit) not in known:
        raise ValueError("a visit's entry and exit must be appearances of its day")
    (entry_id, entry_film), (exit_id, exit_film) = known[id(visit.entry)], known[id(visit.exit)]
    return {
        "visit_id": ids.make("visit", entry_id, exit_id),
        **_side("entry", visit.entry, entry_id, entry_film),
        **_side("exit", visit.exit, exit_id, exit_film),
        "entered_at": _utc(visit.entered_at),
        "exited_at": _utc(visit.exited_at),
        "dwell_s": _number(visit.dwell_s),
        "entry_valence": _number(visit.entry_valence),
        "exit_valence": _number(visit.exit_valence),
        "change": _number(visit.change),
        "change_se": _number(visit.change_se),
        "camera_offset": _number(visit.camera_offset),
        "review": visit.review,
        "match_probability": _number(visit.match_probability),
        "runner_up": _number(visit.runner_up),
        "quality": _number(min(visit.entry.quality, visit.exit.quality)),
    }


def _side(role: Role, a: Appearance, key: UUID, film: Film) -> Row:
    return {
        f"{role}_time_s": float(a.best_s),
        f"{role}_x": _number(a.x),
        f"{role}_y": _number(a.y),
        f"{role}_expression": _expression(a),
        f"{role}_film": film.name,
        f"{role}_door": film.door,
        f"{role}_appearance_id": key,
    }


def _expression(a: Appearance) -> str | None:
    return a.expression if len(a.times_s) else None


def _number(value: Any) -> float | None:
    """A plain float; None for None, and for what is no number (NaN, infinity)."""
    if value is None or not math.isfinite(value):
        return None
    return float(value)


def _utc(moment: datetime | None) -> datetime | None:
    """The same moment in UTC; one without a zone is UTC already (see types.Footage)."""
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def text(value: str) -> str:
    """A file name may hold bytes that are no UTF-8: they become question marks, DuckDB would refuse them."""
    return value.encode("utf-8", "replace").decode("utf-8")


def first(cursor: duckdb.DuckDBPyConnection, sql: str, values: Any = None) -> tuple[Any, ...] | None:
    """The first row of the answer. Read to its end: DuckDB lends a cursor with an unread rest to no appender."""
    rows = cursor.execute(sql, values).fetchall()
    return rows[0] if rows else None
