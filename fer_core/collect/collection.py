"""A collection: a folder with faces cut from films, who allowed it and until when, and what people said of them.

`collection.json` says what it is, `faces.npz` holds the faces, `labels.jsonl` the labels as they came (`labels`). A
collection is whole or not there; when its consent ends, `purge` deletes it with everything in it.
"""

import contextlib
import json
import os
import re
import shutil
import time
import unicodedata
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from fer_core.collect.consent import Consent
from fer_core.collect.cutting import Cuts
from fer_core.collect.labels import WORDS, LabelLog
from fer_core.errors import DataError, InputError, OutputError
from fer_core.types import EXPRESSIONS, IntArray

CARD, FACES, LOG = "collection.json", "faces.npz", "labels.jsonl"
MOST_CLASSES = 9
"""A key each, from 1 to 9."""
_FORMAT = 1
_PART, _GONE = ".part-", ".gone-"
_STALE_S = 3600.0
_NAME = re.compile(r"\w[\w \-]{0,59}")
_CLASS = re.compile(r"\w[\w \-]{0,39}")
_ARRAYS = ("image", "guess", "person", "film", "time_s", "quality")


@dataclass(frozen=True)
class Collection:
    """What `collection.json` says. n: how many faces; model: whose guesses they carry, over guess_labels; films: names of
    the films; source: what made it (a job's id, or "")."""

    folder: Path
    name: str
    store: str
    classes: tuple[str, ...]
    consent: Consent
    created_at: datetime
    n: int
    people: int
    model: str = ""
    guess_labels: tuple[str, ...] = EXPRESSIONS
    films: tuple[str, ...] = ()
    source: str = ""

    @property
    def log(self) -> LabelLog:
        """What people say of the faces."""
        return LabelLog(self.folder / LOG, self.n, self.classes)

    def cuts(self) -> Cuts:
        """The faces. DataError where they can't be read."""
        path = self.folder / FACES
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                found = Cuts(guess_labels=self.guess_labels, **{name: arrays[name] for name in _ARRAYS})
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise DataError(f"{path}: not readable as a collection's faces") from error
        if len(found) != self.n:
            raise DataError(f"{path}: holds {len(found)} faces, not {self.n}")
        return found

    def order(self) -> IntArray:
        """The order in which faces are shown: mixed, so that a person's shots don't follow each other; for all labellers
        the same, so that two who each do a part have a part in common."""
        return np.random.default_rng(self.n).permutation(self.n)


# ---- names ----------------------------------------------------------------------------------------------------------


def check_name(typed: str) -> str:
    """What somebody typed as a collection's name, which is its folder's too. InputError for what can't be one."""
    name = unicodedata.normalize("NFC", " ".join(typed.split()))
    if not name:
        raise InputError("the collection needs a name")
    if not _NAME.fullmatch(name):
        raise InputError("the collection's name may have up to 60 letters, digits, spaces, hyphens and underscores")
    return name


def check_classes(typed: Sequence[str]) -> tuple[str, ...]:
    """Names of classes, two to nine, each once. InputError, one sentence, for what can't be."""
    classes = tuple(" ".join(name.split()) for name in typed if name.strip())
    if not 2 <= len(classes) <= MOST_CLASSES:
        raise InputError(f"a collection has 2 to {MOST_CLASSES} classes, not {len(classes)}")
    for name in classes:
        if name.casefold() in WORDS or not _CLASS.fullmatch(name):
            raise InputError(
                f"{name!r} can't be a class: up to 40 letters, digits, spaces and hyphens, and not {', '.join(WORDS)}"
            )
    if len({name.casefold() for name in classes}) < len(classes):
        raise InputError("a class is named twice")
    return classes


# ---- making and reading ---------------------------------------------------------------------------------------------


def create(
    folder: Path,
    store: str,
    classes: Sequence[str],
    consent: Consent,
    cuts: Cuts,
    *,
    name: str = "",
    model: str = "",
    films: Sequence[str] = (),
    source: str = "",
) -> Collection:
    """Write a new collection into `folder`, which must not be there yet (or be empty); whole or not at all.

    name: by default the folder's. Raises InputError where there is no face or the folder is taken, OutputError where it
    can't be written.
    """
    if not len(cuts):
        raise InputError("no face in these films is good enough to be labelled")
    made = Collection(
        folder, name or folder.name, store, check_classes(classes), consent, datetime.now(UTC), len(cuts), cuts.people,
        model, cuts.guess_labels, tuple(films), source,
    )  # fmt: skip
    try:
        _place(made, cuts)
    except OSError as error:
        if folder.exists():
            raise InputError(f"{folder}: is there already; choose another name") from error
        raise OutputError(f"{folder}: can't be written ({error.strerror or error})") from error
    return made


def _place(made: Collection, cuts: Cuts) -> None:
    part = made.folder.with_name(f"{_PART}{uuid4().hex}")
    made.folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        part.mkdir(mode=0o700)
        with (part / FACES).open("wb") as file:
            np.savez_compressed(file, **{array: getattr(cuts, array) for array in _ARRAYS})
        _write_card(part / CARD, made)
        os.rename(part, made.folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def renew(collection: Collection, *, consent: Consent | None = None, store: str | None = None) -> Collection:
    """The same collection under a consent that was changed, or of a store that was renamed. OutputError."""
    changed = replace(collection, consent=consent or collection.consent, store=store or collection.store)
    part = collection.folder / f"{_PART}{uuid4().hex}"
    try:
        _write_card(part, changed)
        os.replace(part, collection.folder / CARD)
    except OSError as error:
        raise OutputError(f"{collection.folder}: can't be written ({error.strerror or error})") from error
    finally:
        part.unlink(missing_ok=True)
    return changed


def _write_card(path: Path, made: Collection) -> None:
    told: dict[str, Any] = {
        "format": _FORMAT, "name": made.name, "store": made.store, "classes": made.classes, "consent": made.consent.as_json(),
        "created_at": made.created_at.isoformat(timespec="seconds"), "faces": made.n, "people": made.people,
        "model": made.model, "guess_labels": made.guess_labels, "films": made.films, "source": made.source,
    }  # fmt: skip
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read(folder: Path) -> Collection:
    """The collection of that folder. DataError where there is none, or it is damaged or of a newer version."""
    path = folder / CARD
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["format"] > _FORMAT:
            raise DataError(f"{path}: written by a newer version of Moodgate")
        return Collection(
            folder, str(told["name"]), str(told["store"]), check_classes(told["classes"]), Consent.from_json(told["consent"]),
            datetime.fromisoformat(told["created_at"]), int(told["faces"]), int(told["people"]), str(told["model"]),
            tuple(map(str, told["guess_labels"])), tuple(map(str, told["films"])), str(told["source"]),
        )  # fmt: skip
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataError(f"{folder}: there is no collection") from error
    except DataError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, InputError) as error:
        raise DataError(f"{path}: not readable as a collection's card") from error


def folders(parent: Path) -> list[Path]:
    """Where collections lie in that folder, by name; one may be damaged, `read` tells."""
    if not parent.is_dir():
        return []
    found = [path for path in parent.iterdir() if path.is_dir() and not path.name.startswith(".")]
    return sorted(found, key=lambda path: path.name.casefold())


def taken(parent: Path, name: str) -> bool:
    """Whether there is a collection of that name, whatever its capitals."""
    return name.casefold() in {path.name.casefold() for path in folders(parent)}


def of_store(parent: Path, store: str) -> list[Collection]:
    """A store's collections; damaged ones are passed over, nobody knows whose they are."""
    return [one for one in _readable(parent) if one.store == store]


def _readable(parent: Path) -> list[Collection]:
    found = []
    for folder in folders(parent):
        try:
            found.append(read(folder))
        except DataError:
            continue
    return found


# ---- going ----------------------------------------------------------------------------------------------------------


def delete(folder: Path) -> None:
    """Delete a collection with its faces and labels. DataError for none there, OutputError where some of it stays."""
    gone = folder.with_name(f"{_GONE}{uuid4().hex}")
    try:
        os.rename(folder, gone)
        shutil.rmtree(gone)
    except FileNotFoundError as error:
        raise DataError(f"{folder}: there is no collection") from error
    except OSError as error:
        raise OutputError(f"{folder}: can't be deleted whole ({error.strerror or error})") from error


def purge(parent: Path, today: date) -> list[str]:
    """Delete the collections whose consent has ended before `today`, and what killed processes left; the names of the
    collections that went. OutputError where one can't be deleted."""
    for pattern, age_s in ((_PART, _STALE_S), (_GONE, 0.0)):
        for path in parent.glob(f"{pattern}*") if parent.is_dir() else ():
            _sweep(path, age_s)
    ended = [one for one in _readable(parent) if not one.consent.holds(today)]
    for one in ended:
        with contextlib.suppress(DataError):  # somebody else was quicker
            delete(one.folder)
    return [one.name for one in ended]


def _sweep(path: Path, age_s: float) -> None:
    with contextlib.suppress(FileNotFoundError):
        if time.time() - path.stat().st_mtime >= age_s:
            shutil.rmtree(path, ignore_errors=True)
