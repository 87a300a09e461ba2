"""A store's films → its day: everybody matched, every visit reviewed."""

import functools
import time
from collections.abc import Callable, Sequence
from datetime import UTC, timedelta

import numpy as np

from fer_core import match as matching
from fer_core import review
from fer_core.errors import FilmError, InputError
from fer_core.gate import moment_of
from fer_core.pipeline.film import Checked, Engine, Film, Tell, analyze_film, check_film
from fer_core.pipeline.second import second_opinion
from fer_core.pipeline.tallies import tallies_of
from fer_core.settings import Settings, fit_for
from fer_core.types import Appearance, AppearanceStatus, Day, FilmInfo, FloatArray, Footage, Role, Visit

OffsetOf = Callable[[str, str], review.Offset]
"""What is to be taken off the changes between the camera at one door (entrance) and the one at another (exit)."""


def check_films(films: Sequence[Film]) -> list[Checked]:
    """Look at every film before any work begins.

    Raises FilmError for a film that can't be read or that is given twice, and InputError where the exits end before
    the entrances begin, or a start carries no time zone.
    """
    found = [check_film(film) for film in films]
    seen: dict[str, Film] = {}
    for one in found:
        other = seen.setdefault(one.sha256, one.film)
        if other is one.film:
            continue
        if other.role != one.film.role:
            raise FilmError(f"{one.film.path}: the same film is given as entrance and as exit")
        raise FilmError(f"{one.film.path}: the same film as {other.path}, given twice")
    _check_order(films, [one.info for one in found])
    return found


def _check_order(films: Sequence[Film], infos: Sequence[FilmInfo]) -> None:
    begins = [film.start_at for film in films if film.role == "entry"]
    ends = [
        film.start_at + timedelta(seconds=info.duration_s) if film.start_at and info.duration_s is not None else None
        for film, info in zip(films, infos, strict=True)
        if film.role == "exit"
    ]
    known_begins, known_ends = [b for b in begins if b], [e for e in ends if e]
    if not begins or not ends or len(known_begins) < len(begins) or len(known_ends) < len(ends):
        return
    if max(known_ends) < min(known_begins):
        last = next(film for film in reversed(films) if film.role == "exit")
        raise InputError(f"{last.path}: the exit films end before the entrance films begin; are the start times swapped?")


def review_day(
    store: str,
    films: Sequence[Film],
    engine: Engine,
    *,
    offset: OffsetOf | None = None,
    tell: Tell | None = None,
    cancelled: Callable[[], bool] | None = None,
    checked: Sequence[Checked] | None = None,
    zone: str = "UTC",
) -> Day:
    """A store's films, entrances and exits of any number, → its day, settled; with an engine without templates, its sums.

    `checked` is what `check_films` said; `offset` is asked once for each pair of doors, when the films are read.
    `zone`: of the clock by whose hours sums are made.
    """
    started = time.perf_counter()
    checked = checked or check_films(films)
    footage: dict[Role, list[Footage]] = {"entry": [], "exit": []}
    seen: dict[Role, list[Appearance]] = {"entry": [], "exit": []}
    for film, look in zip(films, checked, strict=True):
        place = len(footage[film.role])
        told, found = analyze_film(film, place, engine, tell=tell, cancelled=cancelled, checked=look)
        footage[film.role].append(told)
        seen[film.role] += found
    names = {"detector": engine.detector.name, "embedder": engine.embedder_name, "emotion": engine.emotion.name}
    if engine.aggregate:
        sums = [tally for role in footage for tally in tallies_of(seen[role], footage[role], zone)]
        return Day(
            store=store, entry_films=tuple(footage["entry"]), exit_films=tuple(footage["exit"]), entries=(), exits=(),
            entry_status=(), exit_status=(), visits=(), **names, seconds=time.perf_counter() - started, tallies=tuple(sums),
        )  # fmt: skip
    sums = []
    if any(film.gate.is_guest for film in films):
        sums = [tally for role in footage for tally in tallies_of(_untold(seen[role]), footage[role], zone)]
        seen = {role: [one for one in found if one.template is not None] for role, found in seen.items()}
    result = settle(seen["entry"], seen["exit"], footage["entry"], footage["exit"], engine, offset)
    visits, entry_status, exit_status = result
    return Day(
        store=store, entry_films=tuple(footage["entry"]), exit_films=tuple(footage["exit"]),
        entries=tuple(seen["entry"]), exits=tuple(seen["exit"]), entry_status=entry_status, exit_status=exit_status,
        visits=visits, **names, seconds=time.perf_counter() - started, tallies=tuple(sums),
    )  # fmt: skip


def _untold(seen: Sequence[Appearance]) -> list[Appearance]:
    """Who may be counted and no more: nobody has kept a template of them."""
    return [one for one in seen if one.template is None]


Settled = tuple[tuple[Visit, ...], tuple[AppearanceStatus, ...], tuple[AppearanceStatus, ...]]


def settle(
    entries: Sequence[Appearance],
    exits: Sequence[Appearance],
    entry_films: Sequence[Footage],
    exit_films: Sequence[Footage],
    engine: Engine,
    offset: OffsetOf | None = None,
) -> Settled:
    """Match all entrances against all exits and review what matched: visits, and what became of every appearance."""
    name = engine.embedder.name
    opinion = second_opinion(entries, exits, name, engine.second)
    return settle_by(entries, exits, entry_films, exit_films, engine.settings, name, opinion, offset)


def settle_by(
    entries: Sequence[Appearance],
    exits: Sequence[Appearance],
    entry_films: Sequence[Footage],
    exit_films: Sequence[Footage],
    settings: Settings,
    embedder: str,
    opinion: matching.SecondOpinion | None,
    offset: OffsetOf | None = None,
) -> Settled:
    """As `settle`, where no network is at hand: by the name of the embedder that made the templates."""
    fit = fit_for(embedder)
    clocks = [_clock(entries, entry_films), _clock(exits, exit_films)]
    found = matching.match(entries, exits, fit, settings.match, entry_at=clocks[0], exit_at=clocks[1], second=opinion)
    known = functools.cache(offset) if offset else None
    visits = tuple(_visit(entries[p.entry], exits[p.exit], p, entry_films, exit_films, settings, known) for p in found.pairs)
    entry_status = _statuses(entries, {p.entry for p in found.pairs}, {p.entry for p in found.ambiguous})
    exit_status = _statuses(exits, {p.exit for p in found.pairs}, {p.exit for p in found.ambiguous})
    return visits, entry_status, exit_status


def _clock(seen: Sequence[Appearance], films: Sequence[Footage]) -> FloatArray:
    starts = [films[a.film].start_at for a in seen]
    return np.array([s.timestamp() + a.best_s if s else np.nan for s, a in zip(starts, seen, strict=True)])


def _statuses(seen: Sequence[Appearance], matched: set[int], ambiguous: set[int]) -> tuple[AppearanceStatus, ...]:
    def status(place: int) -> AppearanceStatus:
        if not seen[place].usable:
            return "unusable"
        return "matched" if place in matched else "ambiguous" if place in ambiguous else "unmatched"

    return tuple(status(place) for place in range(len(seen)))


def _visit(
    entry: Appearance,
    exit_: Appearance,
    pair: matching.Pair,
    entry_films: Sequence[Footage],
    exit_films: Sequence[Footage],
    settings: Settings,
    offset: OffsetOf | None,
) -> Visit:
    came, gone = entry_films[entry.film], exit_films[exit_.film]
    change = review.change_between(entry, exit_, settings.review, offset(came.door, gone.door) if offset else None)
    entered, exited = moment_of(came.start_at, entry.best_s), moment_of(gone.start_at, exit_.best_s)
    return Visit(
        entry=entry, exit=exit_, match_probability=pair.probability, runner_up=pair.runner_up,
        entry_valence=change.entry_valence, exit_valence=change.exit_valence, change=change.raw, change_se=change.se,
        camera_offset=change.offset, review=change.review,
        entered_at=entered.astimezone(UTC) if entered and exited else None,
        exited_at=exited.astimezone(UTC) if entered and exited else None,
    )  # fmt: skip
