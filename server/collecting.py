"""The job that cuts faces from a shop's films, to be labelled; and the end of what may not be kept any longer.

A collection is a folder of its own, collections/NAME. It is made only while the store's setting allows it, carries that
consent with it, and goes with its end.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fer_core.errors import DataError, InputError
from fer_core.privacy import computes_templates
from fer_core.store import Store
from fer_core.store.audit import SYSTEM
from server.clock import FilmClock
from server.job import Json, Task
from server.reviewing import discard, refuse_untold, spoken_of
from server.workshop import Workshop, text_of

if TYPE_CHECKING:
    from fer_core.collect import Collection, Consent
    from fer_core.pipeline import Film

KIND = "collect"
COLLECTIONS = "collections"
_MOST_PER_PERSON = 100


def collect(shop: Workshop, task: Task) -> Json:
    """{"name", "store", "classes", "per_person", "entry": [{"path", "name", "door", "zones"}], "exit", "keep_films"} → a
    collection; a film of another camera says "zones": false."""
    from fer_core import collect as engine_of_faces

    name, store = engine_of_faces.check_name(text_of(task.payload, "name")), text_of(task.payload, "store")
    folder = shop.folder / COLLECTIONS
    refuse_sums_only(shop.store, store)
    consent = consent_of(shop.store, store)
    films = films_of(shop, task.payload)
    refuse_untold(shop.store, store, _of_own_cameras(films, task.payload))
    made = _made_before(folder / name, task.job.id)
    names = {film.path: shop.uploads.name_of(film.path) or film.path.name for film in films}
    warnings: list[str] = []
    if made is None:
        if engine_of_faces.taken(folder, name):
            raise InputError(f"there is a collection {name} already; choose another name")
        with spoken_of(names):
            made = _cut(shop, task, folder / name, (store, consent), films, names, warnings)
        by, told = str(task.payload.get("by") or SYSTEM), {"faces": made.n, "people": made.people}
        shop.store.audit(by, "collection.make", store=store, subject=made.name, detail=told)
    if not task.payload.get("keep_films"):
        task.afterwards(partial(discard, shop, [film.path for film in films]))
    return {"collection": made.name, "store": store, "faces": made.n, "people": made.people, "warnings": warnings}


def _cut(
    shop: Workshop,
    task: Task,
    folder: Path,
    leave: "tuple[str, Consent]",
    films: "Sequence[Film]",
    names: dict[Path, str],
    warnings: list[str],
) -> "Collection":
    from fer_core.collect import CutSettings, check_classes, create, cut_films
    from fer_core.enrolling import enrolled_in, guarded
    from fer_core.pipeline import check_films

    classes, per_person = check_classes(_texts(task.payload, "classes")), task.payload.get("per_person")
    if not isinstance(per_person, int) or not 1 <= per_person <= _MOST_PER_PERSON:
        raise InputError(f"the faces a person must be 1 to {_MOST_PER_PERSON}")
    task.tell("checking the films")
    checked = check_films(films)
    task.check()
    task.tell("loading the models")
    chosen = shop.chosen_model().path
    engine = shop.engine((None, None, str(chosen) if chosen else None))
    enrolled = enrolled_in(shop.store, leave[0])
    films = guarded(films, enrolled, engine.embedder.name, dated=False)
    checked = [replace(look, film=film) for look, film in zip(checked, films, strict=True)]
    cuts = cut_films(
        films, engine, CutSettings(per_person=per_person), tell=FilmClock(task, checked).tell, cancelled=task.cancelled,
        warn=warnings.append, checked=checked,
    )  # fmt: skip
    task.check()
    task.tell("writing", 1.0)
    store, consent = leave
    consent = replace(consent_of(shop.store, store), on=consent.on)  # it may have been withdrawn meanwhile
    shop.store.refuse_revoked(store, enrolled.people)
    return create(
        folder, store, classes, consent, cuts, model=engine.emotion.name, films=list(names.values()), source=task.job.id
    )  # fmt: skip


def films_of(shop: Workshop, payload: Json) -> "list[Film]":
    """The payload's films, each with its camera's masked zones. InputError where it names none or amiss."""
    from fer_core.gate import Gate, masking
    from fer_core.pipeline import Film

    store, films = text_of(payload, "store"), []
    for role in ("entry", "exit"):
        for one in payload.get(role) or ():
            if not isinstance(one, dict):
                raise InputError("a film is told by its path and its door")
            door = one.get("door") or ""
            zones = one.get("zones") is not False
            gate = masking(shop.store.zones_for(store, role, door)) if zones else Gate()
            films.append(Film(Path(text_of(one, "path")), role, door=door, gate=gate))
    if not films:
        raise InputError("no film was given")
    return films


def _of_own_cameras(films: "Sequence[Film]", payload: Json) -> "list[Film]":
    """Those that a camera of the store filmed; of another one no notice can be recorded."""
    given = [one for role in ("entry", "exit") for one in payload.get(role) or ()]
    return [film for film, one in zip(films, given, strict=True) if one.get("zones") is not False]


def _texts(payload: Json, key: str) -> list[str]:
    value = payload.get(key)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise InputError(f"the job says nothing under {key!r}")
    return value


def _made_before(folder: Path, job: str) -> "Collection | None":
    """What a run of this job had made before it was cut off."""
    from fer_core.collect import read

    try:
        found = read(folder)
    except DataError:
        return None
    return found if found.source == job else None


# ---- consent --------------------------------------------------------------------------------------------------------


def refuse_sums_only(store: Store, name: str) -> None:
    """InputError where the store's privacy mode allows no face to be kept."""
    if not computes_templates(store.privacy_mode_of(name)):
        raise InputError(f"{name} keeps sums only: no face may be kept, and no code computed from one")


def consent_of(store: Store, name: str) -> "Consent":
    """The leave to keep faces of that store's films. InputError, one sentence, where there is none today."""
    from fer_core import queries
    from fer_core.collect import allowed, setting_key

    return allowed(queries.setting(store, setting_key(name)), name, today())


def allow(store: Store, folder: Path, name: str, consent: "Consent") -> None:
    """Keep a store's leave; its collections in the data folder are kept as long as it says now.

    InputError where the store keeps sums only.
    """
    from fer_core.collect import of_store, renew, setting_key, setting_of

    refuse_sums_only(store, name)
    store.put_setting(setting_key(name), setting_of(consent))
    for one in of_store(folder / COLLECTIONS, name):
        renew(one, consent=replace(one.consent, by=consent.by, until=consent.until))


def withdraw(store: Store, folder: Path, name: str) -> int:
    """Take a store's leave back, and delete all its collections; how many went. OutputError where one stays."""
    from fer_core.collect import delete, of_store, setting_key, setting_of

    store.put_setting(setting_key(name), setting_of(None))
    found = of_store(folder / COLLECTIONS, name)
    for one in found:
        delete(one.folder)
    return len(found)


def rename(store: Store, folder: Path, old: str, new: str) -> None:
    """Let a store that was renamed keep its leave and its collections."""
    from fer_core import queries
    from fer_core.collect import of_store, renew, setting_key, setting_of

    setting = queries.setting(store, setting_key(old))
    if setting is not None:
        store.put_setting(setting_key(new), setting)
        store.put_setting(setting_key(old), setting_of(None))
    for one in of_store(folder / COLLECTIONS, old):
        renew(one, store=new)


def forget(folder: Path, store: Store) -> list[str]:
    """Delete the collections of the data folder whose consent has ended, and those of stores that keep sums only by now, and
    note it; their names. OutputError."""
    from fer_core.collect import delete, purge

    gone = dict.fromkeys(purge(folder / COLLECTIONS, today()), "the consent has ended")
    for one in _of_sums_only(folder, store):
        with contextlib.suppress(DataError):  # somebody else was quicker
            delete(one.folder)
            gone[one.name] = "the store keeps sums only"
    for name, why in gone.items():
        store.audit(SYSTEM, "collection.delete", subject=name, detail={"why": why})
    return list(gone)


def kept_of(folder: Path, name: str) -> int:
    """How many collections the data folder has of that store."""
    from fer_core.collect import of_store

    return len(of_store(folder / COLLECTIONS, name))


def _of_sums_only(folder: Path, store: Store) -> "list[Collection]":
    from fer_core.collect import of_store

    with store.cursor() as cursor:
        names = cursor.execute("SELECT name FROM stores WHERE privacy_mode = 'aggregate'").fetchall()
    return [one for (name,) in names for one in of_store(folder / COLLECTIONS, str(name))]


def today() -> date:
    """The day on this machine's clock, by which consents begin and end."""
    return datetime.now(UTC).astimezone().date()
