"""`collect`: faces from a shop's own films, to be labelled."""

import argparse
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from rich.console import Console

from fer_core import collect, notices, queries, video
from fer_core.cli import common
from fer_core.cli.review import settings_of
from fer_core.collect import Consent, CutSettings
from fer_core.enrolling import Enrolled, enrolled_in, guarded
from fer_core.errors import InputError
from fer_core.gate import Gate, masking
from fer_core.pipeline import Film, check_films
from fer_core.privacy import computes_templates
from fer_core.store import Store
from fer_core.types import EXPRESSIONS


def run(arguments: argparse.Namespace) -> None:
    """Cut faces into the new folder `--out`, if somebody allows it."""
    classes = collect.check_classes(arguments.classes or EXPRESSIONS)
    cutting = CutSettings(per_person=arguments.per_person)
    if arguments.out.exists():
        raise InputError(f"{arguments.out}: is there already; choose another folder")
    consent, gate, enrolled = _known(arguments, datetime.now(UTC).astimezone().date())
    films = _films(arguments, gate)
    checked = check_films(films)
    engine = common.engine_of(settings_of(arguments), arguments.detector, arguments.embedder, arguments.emotion)
    films = guarded(films, enrolled, engine.embedder.name, dated=False)
    checked = [replace(look, film=film) for look, film in zip(checked, films, strict=True)]
    with common.film_progress() as tell:
        cuts = collect.cut_films(films, engine, cutting, tell=tell, warn=common.tell, checked=checked)
    names = [film.path.name for film in films]
    made = collect.create(arguments.out, arguments.store, classes, consent, cuts, model=engine.emotion.name, films=names)
    _say(made, arguments.json)


def _films(arguments: argparse.Namespace, gate: Gate) -> list[Film]:
    paths: Sequence[Path] = [path for given in arguments.films for path in video.films_in(given)]
    return [Film(path, arguments.role or "entry", door=arguments.door, gate=gate) for path in paths]


def _known(arguments: argparse.Namespace, today: date) -> tuple[Consent, Gate, Enrolled]:
    """Who allows it, by the command or else by the store's setting; the zones of the camera that filmed; who is staff."""
    path = arguments.db or common.data_folder() / "moodgate.duckdb"
    given = _given(arguments, today)
    if not path.exists():
        return given or _allowed(None, arguments.store, today), Gate(), Enrolled()
    with closing(Store.open(path)) as store:
        if not computes_templates(store.privacy_mode_of(arguments.store)):
            raise InputError(f"{arguments.store} keeps sums only: no face may be kept, and no code computed from one")
        if arguments.role:
            notices.refuse_missing(store, arguments.store, [notices.Camera(arguments.role, arguments.door)])
        setting = queries.setting(store, collect.setting_key(arguments.store))
        enrolled = enrolled_in(store, arguments.store)
        return given or _allowed(setting, arguments.store, today), _gate(store, arguments), enrolled


def _allowed(setting: object, store: str, today: date) -> Consent:
    try:
        return collect.allowed(setting, store, today)
    except InputError as error:
        raise InputError(f"{error}; --allowed-by NAME says who does") from error


def _given(arguments: argparse.Namespace, today: date) -> Consent | None:
    if arguments.allowed_by is None:
        if arguments.until:
            raise InputError("--until needs --allowed-by: whose consent ends on that day?")
        return None
    try:
        until = date.fromisoformat(arguments.until) if arguments.until else None
    except ValueError as error:
        raise InputError(f"--until: {arguments.until!r} is no day, such as 2026-12-31") from error
    return Consent(arguments.allowed_by, today, until)


def _gate(store: Store, arguments: argparse.Namespace) -> Gate:
    """The gate of the camera that filmed; where the store has drawn zones, it must be said which camera that was."""
    if arguments.store not in set(queries.stores(store)["store"]):
        return Gate()
    if arguments.role:
        return masking(store.zones_for(arguments.store, arguments.role, arguments.door))
    if any(queries.cameras(store, arguments.store)["zones"]):
        raise InputError(
            f"{arguments.store}: cameras of this store have zones in which faces are left out; say with --role (and --door) "
            "which camera filmed"
        )
    return Gate()


def _say(made: collect.Collection, as_json: bool) -> None:
    if as_json:
        until = made.consent.until
        common.print_json({
            "collection": str(made.folder), "faces": made.n, "people": made.people, "films": list(made.films),
            "model": made.model, "classes": list(made.classes), "until": until.isoformat() if until else None,
        })  # fmt: skip
        return
    faces, people = ("face" if made.n == 1 else "faces"), ("person" if made.people == 1 else "people")
    Console().print(f"{made.n} {faces} of {made.people} {people}: {made.folder}", markup=False, soft_wrap=True)
