"""The job that turns a day's films into visits: check, look, match, review, write; then the films go."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from fer_core.errors import InputError, MoodgateError
from fer_core.privacy import computes_templates
from fer_core.store import Store
from fer_core.store.staying import left_out
from server.clock import FilmClock
from server.expression import Choice
from server.job import Json, Task
from server.uploads import Uploads
from server.workshop import Names, Workshop, text_of, zone_of

if TYPE_CHECKING:
    from fer_core.pipeline import Film
    from fer_core.types import Day


def review(shop: Workshop, task: Task) -> Json:
    """{"store", "entry": [{"path", "start", "door"}], "exit", "detector", "embedder", "emotion", "keep_films", "sample"} →
    visits. sample: the store is marked as made up, and may be no real one."""
    store, sample_zone = text_of(task.payload, "store"), None
    films = films_of(shop, task.payload)
    if task.payload.get("sample"):
        refuse_real(shop.store, store)
        sample_zone = zone_of(shop.store, store)
    refuse_untold(shop.store, store, films)
    names = {film.path: shop.uploads.name_of(film.path) or film.path.name for film in films}
    with spoken_of(names):
        result = reviewed(shop, task, store, films, names, sample_zone=sample_zone)
    if not task.payload.get("keep_films"):
        task.afterwards(partial(discard, shop, [film.path for film in films]))
    return result


def discard(shop: Workshop, paths: Sequence[Path]) -> None:
    """Delete the uploads among the paths that no other job needs."""
    for path in paths:
        if not shop.needed(path):
            shop.uploads.discard(path)


def reviewed(
    shop: Workshop, task: Task, store: str, films: "Sequence[Film]", names: dict[Path, str], *, sample_zone: str | None = None
) -> Json:
    """The films' visits, written into the store; `names` are the films' names for people.

    sample_zone: the store is marked as a sample, in that time zone.
    """
    from fer_core import pipeline
    from fer_core.enrolling import enrolled_in, guarded, unrecognised

    task.tell("checking the films")
    sums_only = not computes_templates(shop.store.privacy_mode_of(store))
    if sums_only:
        pipeline.refuse_undated(films)
    if not sample_zone:  # nobody real is drawn, on whatever day
        films = pipeline.within_hours(films, shop.store.hours_for(store))
    checked = pipeline.check_films(films)
    task.check()
    task.tell("loading the models")
    own = shop.store.categories_of(store)
    choice = shop.chosen_model()
    engine = shop.engine(_names(task.payload, choice, sums_only=sums_only))
    engine = pipeline.without_templates(engine) if sums_only else engine
    films = [replace(film, evidence=shop.store.keeps_evidence(store)) for film in films]
    enrolled = enrolled_in(shop.store, store)
    films = guarded(films, enrolled, engine.embedder.name)
    rules = replace(engine.settings, review=replace(engine.settings.review, valence=own.valence))
    clock = FilmClock(task, checked)
    day = pipeline.review_day(
        store, films, replace(engine, settings=rules), offset=partial(shop.store.offset_for, store),
        tell=clock.tell, cancelled=task.cancelled, checked=checked, zone=sample_zone or zone_of(shop.store, store),
    )  # fmt: skip
    task.check()
    task.tell("writing", 1.0)
    if sample_zone:
        shop.store.put_store(store, is_sample=True, time_zone=sample_zone)
    day = renamed(day, names)
    written = shop.store.write_day(day, categories=own, settings=rules.review, relied_on=enrolled.people)
    result = result_of(written, zone_of(shop.store, store))
    unheeded = [choice.note] if choice.note and not task.payload.get("emotion") else []
    unknown = unrecognised(enrolled, engine.embedder.name)
    shut = pipeline.partly_shut(checked, names)
    return result | {"warnings": [*result["warnings"], *shut, *left_out(day, written), *unknown, *unheeded]}


def films_of(shop: Workshop, payload: Json) -> "list[Film]":
    """The payload's films, entrances first, each with its camera's masked zones. InputError where it names none or amiss."""
    from fer_core.gate import masking
    from fer_core.pipeline import Film

    store, films = text_of(payload, "store"), []
    for role, word in (("entry", "entrance"), ("exit", "exit")):
        given = payload.get(role)
        if not isinstance(given, list) or not given:
            raise InputError(f"no film of the {word} was given")
        if not all(isinstance(one, dict) for one in given):
            raise InputError(f"a film of the {word} is told by its path, its start and its door")
        for one in given:
            door = one.get("door") or ""
            gate = masking(shop.store.zones_for(store, role, door))  # type: ignore[arg-type]
            films.append(Film(Path(text_of(one, "path")), role, moment_of(one.get("start")), door, gate))  # type: ignore[arg-type]
    return films


def refuse_untold(opened: Store, store: str, films: "Sequence[Film]") -> None:
    """InputError where the store's region asks for a notice and none is recorded for one of the films' cameras."""
    from fer_core import notices

    notices.refuse_missing(opened, store, [notices.Camera(film.role, film.door) for film in films])


def refuse_real(opened: Store, store: str) -> None:
    """InputError where there is a store of that name that is no sample."""
    with opened.cursor() as cursor:
        row = cursor.execute("SELECT is_sample FROM stores WHERE name = ?", [store]).fetchone()
    if row and not row[0]:
        raise InputError(f"{store!r} is a real store here; choose another name for the sample")


def moment_of(text: str | None) -> datetime | None:
    """The moment that an ISO text names (None: none was given). InputError for what is none."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(f"{text!r} is no start time, such as 2026-03-02T10:00:00+00:00") from error


def renamed(day: "Day", names: dict[Path, str]) -> "Day":
    """The day with its films known by their owner's names, not by those under which uploads lie on the disk."""

    def named(film: Any) -> Any:
        name = names[film.path]
        warnings = tuple(line.replace(str(film.path), name) for line in film.warnings)
        return replace(film, path=film.path.with_name(name), warnings=warnings)

    return replace(
        day, entry_films=tuple(map(named, day.entry_films)), exit_films=tuple(map(named, day.exit_films))
    )  # fmt: skip


@contextlib.contextmanager
def spoken_of(names: dict[Path, str]) -> Iterator[None]:
    """Sentences about films name them as their owner does."""
    try:
        yield
    except MoodgateError as error:
        sentence = str(error)
        for path, name in names.items():
            sentence = sentence.replace(str(path), name)
        if sentence == str(error):
            raise
        raise type(error)(sentence) from error


def result_of(day: "Day", zone: str) -> Json:
    """The numbers of `review --json`, with store, warnings, first and last day (ISO, the store's clock, or None), and by which
    bytes the entrance films are known."""
    from fer_core.cli.review import summary

    films = (*day.entry_films, *day.exit_films)
    moments = [visit.entered_at for visit in day.visits if visit.entered_at] or [f.start_at for f in films if f.start_at]
    days = sorted(moment.astimezone(ZoneInfo(zone)).date().isoformat() for moment in moments)
    return {
        **summary(day), "store": day.store, "warnings": [sentence for film in films for sentence in film.warnings],
        "first": days[0] if days else None, "last": days[-1] if days else None,
        "entry_sha256": [film.sha256 for film in day.entry_films],
    }  # fmt: skip


def uploaded_films(uploads: Uploads, payload: Json) -> list[Path]:
    """The films of a review's payload that lie in the uploads' folder and are still there."""
    given = [one for role in ("entry", "exit") for one in payload.get(role) or ()]
    paths = [Path(one["path"]) for one in given if isinstance(one, dict) and one.get("path")]
    return [path for path in paths if uploads.name_of(path)]


def _names(payload: Json, choice: Choice, *, sums_only: bool) -> Names:
    """What the job names; for the expression model else the chosen one, and nothing (None) for the standard one.

    sums_only: no embedder (""), whatever it names.
    """
    chosen = str(choice.path) if choice.path else None
    return (
        payload.get("detector") or None,
        "" if sums_only else payload.get("embedder") or None,
        payload.get("emotion") or chosen,
    )
