"""What was deleted, kept outside the database: an older copy of it that is put back must not bring the deleted back.

`tombstones.jsonl` beside the database has a line for each deletion, of ids, spans and moments only; ids of single visits
are there as hashes. The database keeps its own name and the number of the last line it has seen (`Mark`), in the
transaction that deletes: a copy from before it has a lower number, and the lines behind that are applied once more.
"""

import contextlib
import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias
from uuid import uuid4

import duckdb

from fer_core.errors import OutputError
from fer_core.store.beside import beside, sync_folder
from fer_core.store.rows import first

LOG = logging.getLogger(__name__)
NAME = "tombstones.jsonl"
Kind: TypeAlias = Literal["store", "span", "visits", "retention", "people", "mode"]
_SETTING = "tombstones"


class Passage(NamedTuple):
    """Some seconds of a film in which somebody passed who was deleted, from begin_s to end_s.

    film: the film's sha256, hashed; seen: the appearance's id, hashed; "": whoever passed then.
    """

    film: str
    begin_s: float
    end_s: float
    seen: str = ""


@dataclass(frozen=True)
class Tombstone:
    """A deletion. kind "store": all of a store; "span": what was seen from begin to before end (ISO, UTC), of one door or
    of all; "visits": those of these hashes; "retention": what was older than `end`; "people": the templates of
    these hashes; "mode": what the privacy mode `mode` may not hold.

    seq: its number, from 1; database: the name of the database it belongs to; store: the store's id; at: when, ISO, UTC;
    door, visits and people: hashes (`hashed`); passages: where in which films, for films that are analysed again.
    """

    seq: int
    database: str
    kind: Kind
    store: str
    at: str
    begin: str | None = None
    end: str | None = None
    door: str | None = None
    visits: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    passages: tuple[Passage, ...] = ()
    mode: str | None = None


@dataclass(frozen=True)
class Mark:
    """What a database says of itself: its name ("" until it has one), and the last tombstone that it has seen."""

    database: str = ""
    seen: int = 0


def path_of(database: Path) -> Path:
    """Where a database's tombstones lie."""
    return beside(database, NAME)


def hashed(name: str, store: str) -> str:
    """A name or id that must not stand there itself, as SHA-256 with the store's id, in hex."""
    return hashlib.sha256(f"{store}\x1f{name}".encode()).hexdigest()


def hidden(said: Mapping[str, Any], store: str) -> dict[str, Any]:
    """A tombstone's fields with door, visits and people as hashes."""
    found = dict(said)
    if found.get("door") is not None:
        found["door"] = hashed(found["door"], store)
    for ids in found.keys() & {"visits", "people"}:
        found[ids] = tuple(hashed(one, store) for one in found[ids])
    found["passages"] = tuple(_hidden(one, store) for one in found.get("passages", ()))
    return found


def _hidden(one: Passage, store: str) -> Passage:
    times = round(one.begin_s, 2), round(one.end_s, 2)
    return Passage(hashed(one.film, store), *times, hashed(one.seen, store) if one.seen else "")


# ---- the mark in the database ---------------------------------------------------------------------------------------


def mark(cursor: duckdb.DuckDBPyConnection) -> Mark:
    """The database's mark; a blank one where it has none."""
    row = first(cursor, "SELECT value FROM settings WHERE key = ?", [_SETTING])
    return Mark(**json.loads(row[0])) if row and row[0] else Mark()


def set_mark(cursor: duckdb.DuckDBPyConnection, new: Mark) -> None:
    """Keep the mark, in the caller's transaction."""
    value = json.dumps(asdict(new))
    cursor.execute("INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)", [_SETTING, value])


# ---- the file -------------------------------------------------------------------------------------------------------


def read(database: Path) -> list[Tombstone]:
    """The tombstones that lie there, in their order; a last line that was cut off is passed over, it never counted.

    Raises OutputError where the file can't be read.
    """
    path = path_of(database)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise OutputError(f"{path}: can't be read, so deletions might be undone by an old backup") from error
    found = []
    for place, line in enumerate(lines, 1):
        try:
            told = json.loads(line)
            lists = {ids: tuple(told.get(ids, ())) for ids in ("visits", "people")}
            passages = _passages(told.get("passages", ()))
            found.append(Tombstone(**told | lists | {"passages": passages}))
        except (ValueError, TypeError):
            LOG.warning("%s: line %s can't be understood and is passed over", path.name, place)
    return found


def bury(cursor: duckdb.DuckDBPyConnection, database: Path, kind: Kind, store: str, **more: Any) -> Callable[[], None]:
    """Write a tombstone at the end of the caller's transaction, with the mark; call what is returned if that then fails.

    It lies there before the transaction is committed: a process that is killed between the two finds it at its next start,
    and the deletion that somebody asked for is done then. Raises OutputError.
    """
    known, path = mark(cursor), path_of(database)
    seq = max([known.seen, *(one.seq for one in read(database))]) + 1
    name = known.database or uuid4().hex
    made = Tombstone(seq, name, kind, store, datetime.now(UTC).isoformat(timespec="seconds"), **more)
    set_mark(cursor, Mark(name, seq))
    size = _append(path, made)

    def take_back() -> None:
        with contextlib.suppress(OSError):
            os.truncate(path, size)

    return take_back


def standing(cursor: duckdb.DuckDBPyConnection, database: Path, store: str) -> list[Tombstone]:
    """The tombstones of a store's spans and single visits that hold for what is written from now on. OutputError.

    Those of the whole store don't: one that is made anew under its name is another. Those of a retention don't either: the
    retention itself sees to what is past its time.
    """
    name = mark(cursor).database
    if not name:
        return []
    return [one for one in read(database) if one.database == name and one.store == store and one.kind in ("span", "visits")]


def unseen(database: Path, known: Mark) -> list[Tombstone]:
    """The tombstones that a database of that mark hasn't seen.

    A database that was made beside tombstones has a name from its birth on, so one without a name is an old copy of the
    first that has any.
    """
    found = read(database)
    name = known.database or (found[0].database if found else "")
    return [one for one in found if one.seq > known.seen and one.database == name]


def _passages(told: Iterable[Any]) -> tuple[Passage, ...]:
    return tuple(Passage(str(film), float(begin), float(end), str(seen)) for film, begin, end, seen in told)


def _append(path: Path, made: Tombstone) -> int:
    """Add the line; how long the file was before."""
    told = {key: value for key, value in asdict(made).items() if value not in (None, ())}
    try:
        with path.open("ab") as file:
            size = _whole_lines(path)
            file.truncate(size)
            file.write(json.dumps(told).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
    except OSError as error:
        raise OutputError(f"{path}: can't be written ({error.strerror or error}); nothing was deleted") from error
    return size


def _whole_lines(path: Path) -> int:
    """Where the last whole line ends: a killed process may have left a part of one."""
    return path.read_bytes().rfind(b"\n") + 1
