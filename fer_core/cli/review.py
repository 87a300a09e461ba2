"""`review` and `analyze`: films → visits, films → appearances."""

import argparse
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
from rich.console import Console

from fer_core import notices, pipeline, queries, video
from fer_core.cli import common
from fer_core.cli.shown import count, show
from fer_core.cli.through_app import Asked, at_address, at_work, review_there
from fer_core.enrolling import Enrolled, enrolled_in, guarded, unrecognised
from fer_core.errors import FilmError, InputError, OutputError, StoreLockedError
from fer_core.gate import masking
from fer_core.pipeline import Checked, Film
from fer_core.privacy import computes_templates
from fer_core.review import Categories, valence_of
from fer_core.settings import Settings
from fer_core.store import STANDARD, Store
from fer_core.store.staying import left_out
from fer_core.types import EXPRESSIONS, REVIEWS, Appearance, Day, Footage, Role

_FIRST_YEAR, _LAST_YEAR = 1980, 2200


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The thresholds with what the command line changes."""
    settings = Settings()
    if arguments.samples is not None:
        if not 0 < arguments.samples <= 60:
            raise InputError(f"--samples must lie between 0 and 60 a second, not {arguments.samples}")
        settings = replace(settings, video=replace(settings.video, samples_per_s=arguments.samples))
    if arguments.side is not None:
        if not 64 <= arguments.side <= 4096:
            raise InputError(f"--side must lie between 64 and 4096 px, not {arguments.side}")
        settings = replace(settings, detect=replace(settings.detect, max_side_px=arguments.side))
    return settings


# ---- review ---------------------------------------------------------------------------------------------------------


def run(arguments: argparse.Namespace) -> None:
    entries, exits = _given(arguments)
    films = _films("entry", entries, arguments.entry_start, arguments.entry_door)
    films += _films("exit", exits, arguments.exit_start, arguments.exit_door)
    settings = settings_of(arguments)
    if arguments.out:
        queries.check_ending(arguments.out)
    path = arguments.db or common.data_folder() / "moodgate.duckdb"
    asked = _asked(arguments, films)
    if arguments.server:
        _refuse_beside(arguments, "--server", ("db", "samples", "side"))
        link = at_address(arguments.server, arguments.token_file)
        pipeline.check_films(films)
        _tell(arguments, *review_there(link, asked), f"by the app at {link.url}")
        return
    checked = pipeline.check_films(films)
    try:
        held = _held(path)
    except StoreLockedError:
        found = at_work(path, arguments.token_file)
        if found is None:
            raise
        _refuse_beside(arguments, f"the app at {found.url} has the database open", ("samples", "side"))
        _tell(arguments, *review_there(found, asked), f"to {path} by the app at {found.url}")
        return
    _tell(arguments, *_here(arguments, settings, films, checked, held, path), f"to {path}")


def _here(
    arguments: argparse.Namespace, settings: Settings, films: Sequence[Film], checked: Sequence[Checked], held: Store | None,
    path: Path,
) -> tuple[dict[str, object], pd.DataFrame]:  # fmt: skip
    """The films reviewed by this process: the summary, and the visits' rows."""
    try:
        if held and arguments.sample_shop:
            _refuse_real_store(held, arguments.store)
        day, categories = _reviewed(arguments, settings, films, checked, held)
        held = held or Store.open(path)
        if arguments.sample_shop:
            held.put_store(arguments.store, is_sample=True)
        found, day = day, held.write_day(day, categories=categories)
        table = queries.of_day(held, day)
    finally:
        if held:
            held.close()
    for film in (*day.entry_films, *day.exit_films):
        for warning in film.warnings:
            common.tell(f"warning: {warning}")
    for sentence in left_out(found, day):
        common.tell(f"warning: {sentence}")
    return summary(day), table


def _tell(arguments: argparse.Namespace, told: Mapping[str, object], table: pd.DataFrame, where: str) -> None:
    """What was found, in the form that was asked for; where: the end of “Written …”."""
    if arguments.out:
        queries.write_table(table, arguments.out)
    if arguments.json:
        common.print_json(told)
    else:
        show(table, told, where)


def _asked(arguments: argparse.Namespace, films: Sequence[Film]) -> Asked:
    names = {key: getattr(arguments, key) for key in ("detector", "embedder", "emotion") if getattr(arguments, key)}
    return Asked(arguments.store, tuple(films), names, arguments.sample_shop)


def _refuse_beside(arguments: argparse.Namespace, why: str, options: Sequence[str]) -> None:
    """InputError where an option was given that only counts for a review in this process."""
    given = [f"--{name}" for name in options if getattr(arguments, name) is not None]
    if given:
        raise InputError(f"{why}: {' and '.join(given)} can’t be told to a running app; leave it out, or stop the app")


def _reviewed(
    arguments: argparse.Namespace, settings: Settings, films: Sequence[Film], checked: Sequence[Checked], held: Store | None
) -> tuple[Day, Categories]:
    """The day, by what the database knows of the store: its categories, its cameras' zones and offsets."""
    categories = held.categories_of(arguments.store) if held else STANDARD
    settings = replace(settings, review=replace(settings.review, valence=categories.valence))
    if held and not arguments.sample_shop:
        notices.refuse_missing(held, arguments.store, [notices.Camera(film.role, film.door) for film in films])
    gated = _gated(films, held, arguments.store) if held else list(films)
    sums_only = held is not None and not computes_templates(held.privacy_mode_of(arguments.store))
    if sums_only:
        pipeline.refuse_undated(gated)
    if held and not arguments.sample_shop:
        gated = pipeline.within_hours(gated, held.hours_for(arguments.store))
    embedder = "" if sums_only else arguments.embedder or None
    engine = common.engine_of(settings, arguments.detector, embedder, arguments.emotion)
    engine = pipeline.without_templates(engine) if sums_only else engine
    enrolled = enrolled_in(held, arguments.store) if held else Enrolled()
    gated = guarded(gated, enrolled, engine.embedder.name)
    checked = [replace(look, film=film) for look, film in zip(checked, gated, strict=True)]
    for sentence in (*unrecognised(enrolled, engine.embedder.name), *pipeline.partly_shut(checked)):
        common.tell(f"warning: {sentence}")
    offset = partial(held.offset_for, arguments.store) if held else None
    zone = _zone(held, arguments.store)
    with common.film_progress() as tell:
        day = pipeline.review_day(arguments.store, gated, engine, offset=offset, tell=tell, checked=checked, zone=zone)
    return day, categories


def _zone(held: Store | None, name: str) -> str:
    """The store's time zone; UTC for one that isn't there yet."""
    known = queries.stores(held) if held else None
    found = [] if known is None else known[known["store"] == name]["time_zone"]
    return str(next(iter(found), "UTC"))


def _held(path: Path) -> Store | None:
    """The database, open, where there is one; else None, once it is sure that one can be made there."""
    try:
        if path.exists():
            return Store.open(path)
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: can't be a database there ({error.strerror or error})") from error
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"{path}: can't be a database there (no right to write in {path.parent})")
    return None


def _refuse_real_store(store: Store, name: str) -> None:
    known = queries.stores(store)
    if ((known["store"] == name) & ~known["is_sample"].astype(bool)).any():
        raise InputError(f"--sample-shop: {name!r} is a real store in this database; choose another name for the sample")


def _gated(films: Sequence[Film], store: Store, name: str) -> list[Film]:
    """The films with the zones of their cameras, in which faces are dropped."""
    keeps = store.keeps_evidence(name)
    return [replace(film, gate=masking(store.zones_for(name, film.role, film.door)), evidence=keeps) for film in films]


def _given(arguments: argparse.Namespace) -> tuple[list[Path], list[Path]]:
    if arguments.films and (arguments.entry or arguments.exit):
        raise InputError("give either ENTRY EXIT or --entry … --exit …, not both")
    if arguments.films:
        if len(arguments.films) != 2:
            raise InputError(f"give two films, ENTRY EXIT, not {len(arguments.films)}; for more use --entry … --exit …")
        return [arguments.films[0]], [arguments.films[1]]
    if not arguments.entry or not arguments.exit:
        raise InputError("give the films of the entrances and of the exits: ENTRY EXIT, or --entry … --exit …")
    return arguments.entry, arguments.exit


def _films(role: Role, given: Sequence[Path], starts: Sequence[str], doors: Sequence[str]) -> list[Film]:
    paths = [path for place in given for path in video.films_in(place)]
    side = "entry" if role == "entry" else "exit"
    if starts and len(starts) != len(paths):
        raise InputError(f"--{side}-start: {len(starts)} starts for {len(paths)} films; give one each, or none")
    if doors and len(doors) not in (1, len(paths)):
        raise InputError(f"--{side}-door: {len(doors)} doors for {len(paths)} films; give one each, or one for all")
    begins = [_moment(text, f"--{side}-start") for text in starts] if starts else [None] * len(paths)
    names = list(doors) * len(paths) if len(doors) == 1 else list(doors) or [""] * len(paths)
    return [Film(path, role, begin, door) for path, begin, door in zip(paths, begins, names, strict=True)]


def _moment(text: str, option: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InputError(f"{option}: {text!r} is no ISO time, such as 2026-03-02T10:00:00+00:00") from error
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise InputError(f"{option}: {text!r} lies outside the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return moment


def summary(day: Day) -> dict[str, object]:
    """The numbers of `review --json`."""
    reviews = Counter[str](visit.review for visit in day.visits)
    result: dict[str, object] = {"visits": len(day.visits)}
    roles: tuple[tuple[Role, str], ...] = (("entry", "entries"), ("exit", "exits"))
    for role, plural in roles:
        result[plural] = sum(day.count(role, status) for status in ("matched", "unmatched", "ambiguous"))
    for status in ("unmatched", "ambiguous", "unusable"):
        for role, plural in roles:
            result[f"{status}_{plural}"] = day.count(role, status)
    if day.tallies or not day.embedder:
        result |= {f"tallied_{plural}": day.tallied(role) for role, plural in roles}
    return {
        **result,
        "seconds": round(day.seconds, 2), "film_seconds": round(day.film_seconds, 2),
        "reviews": {name: reviews.get(name, 0) for name in REVIEWS},
        "detector": day.detector, "embedder": day.embedder, "emotion": day.emotion,
    }  # fmt: skip


# ---- analyze --------------------------------------------------------------------------------------------------------


def run_analyze(arguments: argparse.Namespace) -> None:
    queries.check_ending(arguments.out)
    if arguments.film.is_dir():
        raise FilmError(f"{arguments.film}: a folder; analyze takes one film")
    settings = settings_of(arguments)
    film = Film(arguments.film, "entry")
    checked = pipeline.check_film(film)
    engine = common.engine_of(settings, arguments.detector, arguments.embedder, arguments.emotion)
    with common.film_progress() as tell:
        footage, seen = pipeline.analyze_film(film, 0, engine, tell=tell, checked=checked)
    for warning in footage.warnings:
        common.tell(f"warning: {warning}")
    queries.write_table(pd.DataFrame([_row(a, settings) for a in seen], columns=list(_COLUMNS)).astype(_COLUMNS), arguments.out)
    told = {"appearances": len(seen), "usable": sum(a.usable for a in seen), "film_seconds": round(footage.duration_s, 2)}
    if arguments.json:
        common.print_json(told)
    else:
        Console().print(f"{count(len(seen), 'appearance')}, {told['usable']} usable, written to {arguments.out}", markup=False)


# said outright: where nobody was seen, or nobody usable, there is no value to tell a column's type by
_COLUMNS: dict[str, object] = {
    **dict.fromkeys(("start_s", "end_s", "best_s", "x", "y", "size_px", "quality"), "float64"),
    "faces": "int64", "usable": "bool", "expression": "str",
    **dict.fromkeys(("valence", *(f"p_{name}" for name in EXPRESSIONS)), "float64"),
    "times_s": pd.ArrowDtype(pa.list_(pa.float64())),
    "series": pd.ArrowDtype(pa.list_(pa.list_(pa.float64()))),
}  # fmt: skip


def _row(seen: Appearance, settings: Settings) -> dict[str, object]:
    mean = seen.mean
    return {
        "start_s": seen.start_s, "end_s": seen.end_s, "best_s": seen.best_s, "x": seen.x, "y": seen.y,
        "size_px": seen.size_px, "quality": seen.quality, "faces": seen.faces, "usable": seen.usable,
        "expression": seen.expression if seen.usable else None,
        "valence": float(valence_of(mean, settings.review)) if seen.usable else None,
        **{f"p_{name}": float(p) if seen.usable else None for name, p in zip(EXPRESSIONS, mean, strict=True)},
        "times_s": [round(float(t), 3) for t in seen.times_s],
        "series": [[round(float(p), 4) for p in row] for row in seen.series],
    }  # fmt: skip


__all__ = ["Footage", "run", "run_analyze", "settings_of", "summary"]
