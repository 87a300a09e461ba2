"""Appearances → sums by camera, hour and apparent expression, in which nobody can be told apart."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from fer_core.embed import NoEmbedder
from fer_core.errors import InputError
from fer_core.gate import Hours, Week
from fer_core.pipeline.film import Checked, Engine, Film
from fer_core.types import EXPRESSIONS, Appearance, FloatArray, Footage, Role, Tally

_Cell = tuple[Role, int, datetime]
_SHUT = "begins or ends outside the store’s opening hours; whoever passed then was left out as staff"


def tallies_of(seen: Sequence[Appearance], films: Sequence[Footage], zone: str = "UTC") -> tuple[Tally, ...]:
    """The sums of those appearances, in order of film and hour; `films` are those of their role.

    Each appearance is one face, shared out among the expressions by the mean of its shots' probabilities, in the hour of the
    store's clock (`zone`) in which it began. Those without an expression, and those of films without a start time, which
    have no hour, are left out.
    """
    sums: dict[_Cell, FloatArray] = {}
    for one in seen:
        start = films[one.film].start_at
        if start is None or not len(one.times_s):
            continue
        cell = one.role, one.film, hour_of(start + timedelta(seconds=one.start_s), zone)
        lasted_s = sum(end - begin for begin, end in one.intervals)
        sums[cell] = sums.get(cell, np.zeros((2, len(EXPRESSIONS)))) + np.outer((1.0, lasted_s), one.mean)
    return tuple(
        Tally(role, film, hour, name, float(faces), float(seconds))
        for (role, film, hour), rows in sorted(sums.items())
        for name, faces, seconds in zip(EXPRESSIONS, *rows, strict=True)
    )


def hour_of(moment: datetime, zone: str) -> datetime:
    """The beginning (UTC) of the hour on that zone's clock in which the moment (aware) lies."""
    local = moment.astimezone(ZoneInfo(zone))
    return local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)


def without_templates(engine: Engine) -> Engine:
    """The engine as a store of sums only may use it: no code can be computed from a face."""
    return replace(engine, embedder=NoEmbedder(), second=None)


def within_hours(films: Sequence[Film], hours: Hours | Week | None) -> list[Film]:
    """The films with the store's opening hours in their gates: outside them faces are dropped, for those are staff's."""
    return [replace(film, gate=replace(film.gate, hours=hours)) for film in films]


def partly_shut(checked: Sequence[Checked], names: Mapping[Path, str] | None = None) -> list[str]:
    """A sentence for each film that begins or ends outside the opening hours of its gate; names: the films' for people."""
    return [f"{(names or {}).get(one.film.path, one.film.path)}: {_SHUT}" for one in checked if _is_partly_shut(one)]


def _is_partly_shut(one: Checked) -> bool:
    start, hours = one.film.start_at, one.film.gate.hours
    if start is None or hours is None:
        return False
    last = start + timedelta(seconds=max(0.0, (one.info.duration_s or 0.0) - 1.0))  # closing time itself is outside
    return not (hours.open_at(start) and hours.open_at(last))


def refuse_undated(films: Sequence[Film]) -> None:
    """InputError for a film without a start time: sums by the hour can't be made of it."""
    undated = [film.path for film in films if film.start_at is None]
    if undated:
        raise InputError(f"{undated[0]}: this store keeps sums by the hour, so each film needs its start time")
