"""Labelled sets that the app may train on: those that were uploaded, those taken over from this machine, and collections.

Each of ours is a folder of its own, sets/NAME, with `set.json` (what it is and what was found in it), `faces.npz` (what is
trained on: the faces as models see them, with flaws marked) and, where it was uploaded, what came under `data`. It is made
under another name and moved into place: a set is whole or not there.
"""

import contextlib
import json
import logging
import os
import re
import shutil
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, TypeAlias
from uuid import uuid4

from fer_core.errors import DataError, InputError, OutputError
from server.unpack import check_arrays, check_pictures, unpack

if TYPE_CHECKING:
    from fer_core.dataset import LabelledFaces

LOG = logging.getLogger(__name__)
Origin: TypeAlias = Literal["upload", "folder", "collection"]
Tell: TypeAlias = Callable[[str, float | None], None]
"""Hears what is being done, and the share of it that is done where that is known."""

ENDINGS = (".zip", ".npz", ".csv")
"""What can be uploaded."""
SETS, COLLECTIONS, FACES = "sets", "collections", "faces.npz"
_CARD, _DATA = "set.json", "data"
_PART = ".part-"
_STALE_S = 86_400.0
_BLOCK = 1 << 20
_PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")
_TABLES = (".csv", ".npz")
_SPLIT_FOLDERS = frozenset(("train", "training", "validation", "val", "valid", "publictest", "test", "privatetest"))
_NAME = re.compile(r"\w[\w \-]{0,59}")


@dataclass(frozen=True)
class Look:
    """What a set holds: pictures, how many of each class and of each split, and what was found amiss, in sentences."""

    n: int = 0
    classes: Mapping[str, int] = field(default_factory=dict)
    splits: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[str, ...] = ()
    flawed: int = 0
    """Pictures that are marked as flawed in what is trained on: their labels are not learnt."""
    own: bool = False
    """The classes are the set's own, and not among the seven expressions."""


@dataclass(frozen=True)
class LabelledSet:
    """A set by its name. data: what is trained on; source: the file or folder that it was made from; look: None where
    nobody has looked into it, or it can't be read."""

    name: str
    origin: Origin
    data: Path
    source: str = ""
    made_at: datetime | None = None
    look: Look | None = None


def folder_name(typed: str, what: str = "the set") -> str:
    """What somebody typed as the name of a folder of ours. InputError for what can't be one."""
    name = unicodedata.normalize("NFC", " ".join(typed.split()))
    if not name:
        raise InputError(f"{what} needs a name")
    if not _NAME.fullmatch(name):
        raise InputError(f"the name of {what} may have up to 60 letters, digits, spaces, hyphens and underscores")
    return name


# ---- making ---------------------------------------------------------------------------------------------------------


def add(folder: Path, name: str, source: IO[bytes], filename: str, tell: Tell | None = None) -> LabelledSet:
    """Take an uploaded file as the set `name` of the data folder; whole, looked at, or not at all.

    filename: what its owner calls it; its ending says what it is, a .zip holds a folder a class, or pictures with a
    labels.csv, or one .npz or .csv. source: the open file. InputError where the name is taken or the file can't be used.
    """
    ending = Path(filename).suffix.lower()
    if ending not in ENDINGS:
        raise DataError(f"{filename}: a labelled set is a {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]} file")
    with _making(folder, name) as part:
        data, left_out = part / f"{_DATA}{ending}", 0
        if ending == ".zip":
            data = part / _DATA
            data.mkdir()
            left_out = unpack(source, data, (*_PICTURES, *_TABLES), filename, tell=_first(tell, "unpacking"))
            data = heart_of(data, filename)
        else:
            with data.open("wb") as file:
                shutil.copyfileobj(source, file, _BLOCK)
        with _spoken_of(data, part / _DATA, filename):
            _check(data)
            found = _keep(part, data, tell)
        others = "1 other file was" if left_out == 1 else f"{left_out:,} other files were"
        extra = (f"{others} left out, neither picture nor table",) if left_out else ()
        _write_card(part, "upload", replace(found, findings=found.findings + extra), filename)
    return read(folder, name)


def take(folder: Path, name: str, path: Path, tell: Tell | None = None) -> LabelledSet:
    """Take over a file or folder that lies on this machine as the set `name`; its own files stay as they are."""
    place = path.expanduser().absolute()
    with _making(folder, name) as part:
        _write_card(part, "folder", _keep(part, place, tell), str(place))
    return read(folder, name)


@contextlib.contextmanager
def _making(folder: Path, name: str) -> Iterator[Path]:
    """A folder for a set to be, which becomes sets/NAME at the end, and goes without a trace where something fails."""
    target = folder / SETS / folder_name(name)
    if taken(folder, name):
        raise InputError(f"there is a set {name} already")
    part = target.with_name(f"{_PART}{uuid4().hex}")
    try:
        _tidy(target.parent)
        part.mkdir(parents=True)
        yield part
        os.rename(part, target)
    except OSError as error:
        raise OutputError(f"the set can't be kept ({error.strerror or error})") from error
    except MemoryError as error:
        raise DataError("the set needs more memory than there is") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def taken(folder: Path, name: str) -> bool:
    """Whether there is a set of that name, whatever its capitals."""
    return folder_name(name).casefold() in {path.name.casefold() for path in _folders(folder / SETS)}


def heart_of(data: Path, filename: str) -> Path:
    """Where in an unpacked archive the set begins: archives often hold one folder that holds everything, or one table."""
    entries = sorted(data.iterdir())
    if not entries:
        raise DataError(f"{filename}: holds no pictures")
    only = entries[0] if len(entries) == 1 else None
    if only is None or only.name.lower() in _SPLIT_FOLDERS:
        return data
    if only.is_file():
        return only if only.suffix.lower() in _TABLES else data
    holds_more = any(path.is_dir() or path.suffix.lower() in _TABLES for path in only.iterdir())
    return heart_of(only, filename) if holds_more else data


def _check(data: Path) -> None:
    """DataError for what came from outside and would fill the memory when it is read."""
    if data.suffix.lower() == ".npz":
        with data.open("rb") as file:
            check_arrays(file, str(data))
    elif data.is_dir():
        check_pictures(data, _PICTURES)


def _write_card(part: Path, origin: Origin, found: Look, source: str) -> None:
    made = datetime.now(UTC).isoformat(timespec="seconds")
    card = {"origin": origin, "source": source, "made_at": made, "look": asdict(found)}
    (part / _CARD).write_text(json.dumps(card, ensure_ascii=False, indent=1), encoding="utf-8")


@contextlib.contextmanager
def _spoken_of(data: Path, root: Path, filename: str) -> Iterator[None]:
    """Sentences about the unpacked files name them as their owner does."""
    try:
        yield
    except InputError as error:
        said = str(error).replace(str(data), filename) if data.is_file() else str(error)
        said = said.replace(f"{root}{os.sep}", f"{filename}: ").replace(str(root), filename)
        raise DataError(said) from error


def _first(tell: Tell | None, what: str) -> Callable[[float], None] | None:
    return (lambda share: tell(what, share)) if tell else None


# ---- looking --------------------------------------------------------------------------------------------------------


def look(data: Path, tell: Tell | None = None) -> Look:
    """Read labelled faces as the training will, and say what they are. DataError where they can't be used."""
    told, _, marked = _examined(data, tell)
    return replace(told, flawed=marked)


def _examined(data: Path, tell: Tell | None) -> "tuple[Look, LabelledFaces, int]":
    """What a set is, the set with what was found amiss marked as flawed, and how many it marked itself."""
    from fer_core import dataset
    from fer_core.types import EXPRESSIONS

    if tell:
        tell("reading the pictures", None)
    faces = dataset.load(data, own_classes=True)
    counts = faces.counts()
    found = dataset.examine(faces, tell=_shares(tell, "comparing the pictures"))
    clean = dataset.cleaned(faces, found)
    told = Look(
        n=len(faces),
        classes={name: sum(split[name] for split in counts.values()) for name in faces.labels},
        splits={split: sum(of.values()) for split, of in counts.items()},
        findings=tuple(_finding(n, dataset.KINDS[kind]) for kind, n in found.counts().items() if n),
        flawed=int(clean.flawed.sum()),
        own=faces.labels != EXPRESSIONS,
    )
    return told, clean, int(faces.flawed.sum())


def _keep(part: Path, data: Path, tell: Tell | None) -> Look:
    """Write what is trained on: the faces as the models see them, with what was found amiss marked."""
    from fer_core import dataset

    told, clean, _ = _examined(data, tell)
    if tell:
        tell("keeping it", None)
    dataset.save(clean, part / FACES)
    return told


def _finding(n: int, meaning: str) -> str:
    return f"{n:,} {'picture' if n == 1 else 'pictures'}: {meaning}"


def _shares(tell: Tell | None, what: str) -> Callable[[int, int], None] | None:
    return (lambda done, total: tell(what, done / max(total, 1))) if tell else None


def all_sets(folder: Path) -> list[LabelledSet]:
    """Every set of the data folder by its name, then what collections offer. A damaged one has no look."""
    found = []
    for path in _folders(folder / SETS):
        try:
            found.append(read(folder, path.name))
        except DataError:
            found.append(LabelledSet(path.name, "upload", path))
    return found + collections(folder)


def read(folder: Path, name: str) -> LabelledSet:
    """The set of that name. DataError where there is none, or its card can't be read."""
    place = folder / SETS / name
    try:
        card: dict[str, Any] = json.loads((place / _CARD).read_text(encoding="utf-8"))
        told = card["look"]
        found = Look(**told | {"findings": tuple(told["findings"])})
        made = datetime.fromisoformat(card["made_at"])
        return LabelledSet(name, card["origin"], place / FACES, str(card["source"]), made, found)
    except FileNotFoundError as error:
        raise DataError(f"there is no set {name}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        LOG.warning("%s: not a card of a set (%s)", place / _CARD, error)
        raise DataError(f"the set {name} is damaged; delete it and upload it again") from error


def collections(folder: Path) -> list[LabelledSet]:
    """What collections offer for training; it stays in their folders, and goes with them when their consent ends."""
    from fer_core.collect.exporting import OFFERED

    offered = [(place.name, place / OFFERED) for place in _folders(folder / COLLECTIONS)]
    return [LabelledSet(name, "collection", data) for name, data in offered if data.is_file()]


def _folders(parent: Path) -> list[Path]:
    if not parent.is_dir():
        return []
    return sorted((path for path in parent.iterdir() if path.is_dir() and not path.name.startswith(".")), key=_order)


def _order(path: Path) -> str:
    return path.name.casefold()


# ---- going ----------------------------------------------------------------------------------------------------------


def remove(folder: Path, name: str) -> None:
    """Delete a set of ours with all that was unpacked. DataError where there is none."""
    place = folder / SETS / name
    if place not in _folders(folder / SETS):
        raise DataError(f"there is no set {name}")
    gone = place.with_name(f"{_PART}{uuid4().hex}")
    try:
        os.rename(place, gone)
    except OSError as error:
        raise OutputError(f"the set {name} can't be deleted ({error.strerror or error})") from error
    shutil.rmtree(gone, ignore_errors=True)


def _tidy(sets: Path) -> None:
    """Delete what killed processes left half made."""
    for path in sets.glob(f"{_PART}*"):
        if time.time() - path.stat().st_mtime > _STALE_S:
            shutil.rmtree(path, ignore_errors=True)
