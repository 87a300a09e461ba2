"""The audit log: who did what, when. Rows are only ever added, each carrying the hash of the one before.

A row's hash is the SHA-256 of the previous hash and the row's canonical JSON (sorted keys, no spaces), as in a hash list
(Schneier & Kelsey, Secure audit logs to support computer forensics, 1999). A row that was changed no longer has its hash;
a row that was taken out leaves its number; and where the log ended is kept outside the database (`anchor`).

Rows hold ids, counts and the names of accounts and stores: nothing else that could tell of a person.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import duckdb

from fer_core.errors import DataError
from fer_core.store import anchor as anchors
from fer_core.store.anchor import Anchor
from fer_core.store.rows import first, text

SYSTEM = "Moodgate"
"""The actor of what happens by itself."""
COMMAND = "command line"
"""The actor of what the command line does."""
START = "0" * 64
"""What the first row carries as the previous hash."""

ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "visit.view": "looked at a visit",
        "visit.correct": "corrected a visit",
        "visit.void": "declared a visit void",
        "visit.undo": "took a correction back",
        "visit.find": "looked for visits around a moment",
        "visit.picture": "looked at a pixelated picture of a visit",
        "export.visits": "exported visits",
        "export.chart": "exported a chart’s numbers",
        "export.all": "exported everything",
        "export.collection": "exported a labelled set",
        "export.audit": "exported the audit log",
        "audit.verify": "verified the audit log",
        "delete.store": "deleted a store",
        "delete.span": "deleted a span of time",
        "delete.visits": "deleted visits",
        "delete.retention": "deleted what was past its time",
        "delete.people": "deleted a person’s face codes",
        "delete.again": "applied deletions to a restored database",
        "store.make": "made a store",
        "store.change": "changed a store’s settings",
        "store.rename": "renamed a store",
        "store.mode": "changed a store’s privacy mode",
        "camera.make": "added a camera",
        "camera.change": "changed a camera",
        "camera.zones": "changed masked zones",
        "camera.measuring": "changed measuring zones",
        "camera.address": "changed a camera’s address",
        "camera.start": "started a camera",
        "camera.stop": "stopped a camera",
        "camera.delete": "deleted a camera",
        "categories.make": "saved categories",
        "categories.use": "chose categories for a store",
        "offset.change": "changed a camera offset",
        "recompute": "recomputed visits",
        "setting.change": "changed a setting",
        "model.choose": "chose the expression model",
        "collection.make": "made a collection of faces",
        "collection.label": "opened faces for labelling",
        "collection.offer": "offered a labelled set for training",
        "collection.delete": "deleted a collection of faces",
        "consent.allow": "allowed faces to be kept",
        "consent.withdraw": "withdrew the leave to keep faces",
        "notice.write": "wrote a notice",
        "notice.region": "said where a store lies",
        "notice.record": "recorded that a notice hangs",
        "notice.withdraw": "withdrew a notice",
        "people.view": "looked at who is enrolled",
        "people.enrol": "enrolled a person who agreed",
        "people.renew": "enrolled a person again",
        "account.setup": "made the first account",
        "account.login": "signed in",
        "account.login failed": "failed to sign in",
        "account.logout": "signed out",
        "account.ended everywhere": "ended all sessions of an account",
        "account.password": "changed the own password",
        "account.make": "made an account",
        "account.change": "changed an account",
        "account.reset": "reset a password",
        "account.remove": "removed an account",
        "token.make": "made a token",
        "token.revoke": "revoked a token",
        "alert.rule.make": "made a rule for alerts",
        "alert.rule.change": "changed a rule for alerts",
        "alert.rule.delete": "deleted a rule for alerts",
        "alert.channel.make": "added a channel for alerts",
        "alert.channel.change": "changed a channel for alerts",
        "alert.channel.delete": "deleted a channel for alerts",
        "alert.test": "sent a test alert",
    }
)
"""Actions with the words for them; others may be noted, and are shown as they are called."""

_LONGEST = 200
_LONGEST_DETAIL = 2000
_CHUNK = 2000
_COLUMNS = 'seq, epoch_us("at"), actor, action, store, subject, detail, previous, hash'
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Readable(Protocol):
    """A database to read from, and the path it lies at."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        ...

    def cursor(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A cursor of the caller's own."""
        ...


@dataclass(frozen=True)
class Entry:
    """A row: its number from 1 on, when (aware, UTC), by whom, what, of which store, of what (an id), and JSON beside."""

    seq: int
    at: datetime
    actor: str
    action: str
    store: str
    subject: str
    detail: str
    previous: str
    hash: str

    def computed(self) -> str:
        """The hash that the row must have."""
        said = {
            "seq": self.seq, "at_us": (self.at - _EPOCH) // timedelta(microseconds=1), "actor": self.actor,
            "action": self.action, "store": self.store, "subject": self.subject, "detail": self.detail,
        }  # fmt: skip
        return hashlib.sha256((self.previous + _canonical(said)).encode()).hexdigest()


@dataclass(frozen=True)
class Verdict:
    """Whether the log is whole. rows: how many there are; broken: a sentence for each thing wrong; notes: what is worth
    knowing and not wrong; hash: that of the last row, to be written down elsewhere."""

    rows: int
    broken: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    hash: str = START

    @property
    def ok(self) -> bool:
        """True where nothing is wrong."""
        return not self.broken

    @property
    def sentence(self) -> str:
        """The verdict in a sentence; the particulars are in `broken` and `notes`."""
        if self.broken:
            return f"The audit log is broken: {self.broken[0]}"
        if not self.rows:
            return "The audit log is empty and nothing is missing."
        return f"The audit log is whole: {_rows(self.rows)}, each following from the one before."


# ---- writing --------------------------------------------------------------------------------------------------------


def begin(database: Readable) -> None:
    """Lay the anchor of an empty log, before its first row: one that is missing beside rows was removed. OutputError."""
    if anchors.path_of(database.path).exists():
        return
    with database.cursor() as cursor:
        if not first(cursor, "SELECT 1 FROM audit LIMIT 1"):
            anchors.write(database.path, Anchor(0, START))


def append(
    cursor: duckdb.DuckDBPyConnection, actor: str, action: str, store: str, subject: str, detail: Mapping[str, Any]
) -> Entry:
    """Add a row at the end, in the caller's transaction. ValueError for a detail that is too long or no JSON."""
    last = _last(cursor)
    who, what, where, which = (text(word)[:_LONGEST] for word in (actor or SYSTEM, action, store, subject))
    told = _canonical(detail)
    if len(told) > _LONGEST_DETAIL:
        raise ValueError(f"a row of the audit log holds {_LONGEST_DETAIL:,} characters of detail, not {len(told):,}")
    seq, previous = (last.seq + 1, last.hash) if last else (1, START)
    blank = Entry(seq, datetime.now(UTC), who, what, where, which, told, previous, "")
    made = replace(blank, hash=blank.computed())
    cursor.execute(
        'INSERT INTO audit (seq, "at", actor, action, store, subject, detail, previous, hash) '
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [seq, made.at, who, what, where, which, told, previous, made.hash],
    )
    return made


def fasten(database: Readable, made: Entry) -> None:
    """Move the anchor to the row that was committed. What was missing before it is kept in the anchor for good.

    Raises OutputError where it can't be written; the row stands, and the next one's anchor covers it.
    """
    try:
        before, trouble = anchors.read(database.path), ""
    except DataError as error:
        before, trouble = None, f"{error}."
    with database.cursor() as cursor:
        trouble = trouble or _trouble(cursor, before, made.seq - 1)
    anchors.write(database.path, anchors.moved(before, made.seq, made.hash, trouble))


def _trouble(cursor: duckdb.DuckDBPyConnection, before: Anchor | None, end: int) -> str:
    """What the log lacked against its anchor when it had `end` rows, in a sentence, or ""."""
    if before is None:
        return f"the anchor of the audit log was missing when it had {_rows(end)}." if end else ""
    if before.seq > end:
        return _cut(before.seq, end)
    found = first(cursor, "SELECT hash FROM audit WHERE seq = ?", [before.seq]) if before.seq else (before.hash,)
    return "" if found and found[0] == before.hash else _rewritten(before.seq)


# ---- reading --------------------------------------------------------------------------------------------------------


def entries(cursor: duckdb.DuckDBPyConnection, rest: str = "ORDER BY seq", values: Any = None) -> Iterator[Entry]:
    """Rows of the log; `rest` is the SQL behind FROM audit, a literal of ours."""
    found = cursor.execute(f"SELECT {_COLUMNS} FROM audit {rest}", values)  # noqa: S608
    while rows := found.fetchmany(_CHUNK):
        for seq, at_us, *words in rows:
            yield Entry(int(seq), _EPOCH + timedelta(microseconds=at_us), *words)


def verify(store: Readable) -> Verdict:
    """Go through the whole log: the numbers, every hash, what each row follows from, and where the anchor stands.

    Nothing is written. Found are: a row that was changed, rows taken out, the end cut off, the anchor removed or damaged,
    and breaks that an earlier row was written over. A database that is ahead of its anchor by rows that follow well from
    it is whole: the process was cut off between the two.
    """
    there = anchors.path_of(store.path).exists()
    found = _verified(store)
    if not there and anchors.path_of(store.path).exists():
        return _verified(store)  # the very first rows were written meanwhile
    return found


def _verified(store: Readable) -> Verdict:
    broken: list[str] = []
    anchor = _anchor(store.path, broken)
    at_anchor, last = None, None
    with store.cursor() as cursor:
        for entry in entries(cursor):
            if (sentence := _wrong(last, entry)) and len(broken) < _MOST_SAID:
                broken.append(sentence)
            if anchor and entry.seq == anchor.seq:
                at_anchor = entry.hash
            last = entry
        rows = int((first(cursor, "SELECT count(*) FROM audit") or (0,))[0])
    end = last.seq if last else 0
    notes = _against(anchor, at_anchor, end, broken, store.path)
    return Verdict(rows, tuple(broken), tuple(notes), last.hash if last else START)


_MOST_SAID = 20
"""Sentences about rows; one who rewrote all would fill the screen."""


def _anchor(database: Path, broken: list[str]) -> Anchor | None:
    try:
        found = anchors.read(database)
    except DataError as error:
        broken.append(f"{error}.")
        return Anchor(0, START)
    if found:
        broken.extend(f"On {one.found_at}, before another row was added: {one.said}" for one in found.breaks)
    return found


def _wrong(before: Entry | None, entry: Entry) -> str:
    """What is wrong with a row, after the one before; "" for nothing."""
    expected = before.seq + 1 if before else 1
    if entry.seq != expected:
        gone = f"row {expected} is" if entry.seq == expected + 1 else f"rows {expected} to {entry.seq - 1} are"
        return f"{gone} missing."
    if entry.hash != entry.computed():
        return f"row {entry.seq} ({entry.at:%Y-%m-%d %H:%M} UTC) was changed after it was written."
    if entry.previous != (before.hash if before else START):
        return f"row {entry.seq} doesn't follow from row {expected - 1}, which was put in the place of another."
    return ""


def _against(anchor: Anchor | None, at_anchor: str | None, end: int, broken: list[str], database: Path) -> list[str]:
    """Hold the end of the log against the anchor: what is wrong is added to `broken`; what is only worth saying returned."""
    if anchor is None:
        if end:
            broken.append(f"the anchor beside the database ({anchors.path_of(database).name}) was removed.")
        return []
    if anchor.seq > end:
        broken.append(_cut(anchor.seq, end))
    elif anchor.seq and at_anchor != anchor.hash:
        broken.append(_rewritten(anchor.seq))
    elif end > anchor.seq and not broken and _now_behind(database, end):
        return [
            f"The anchor stands at row {anchor.seq} and the log goes on to row {end}. The rows between follow well: Moodgate "
            "was stopped between writing a row and moving the anchor. The next row moves it."
        ]
    return []


def _now_behind(database: Path, end: int) -> bool:
    """Whether the anchor is still behind: it may have been moved since it was first looked at."""
    found = anchors.read(database)
    return found is None or found.seq < end


def _cut(expected: int, end: int) -> str:
    gone = f"row {expected} is" if expected == end + 1 else f"rows {end + 1} to {expected} are"
    return (
        f"the end was cut off: the anchor has seen row {expected}, the database ends at row {end}, so {gone} missing. "
        "An older copy of the database may have been put back."
    )


def _rewritten(seq: int) -> str:
    return f"row {seq} is another than the one the anchor has seen: the log was rewritten up to there."


def _rows(n: int) -> str:
    return f"{n:,} row" if n == 1 else f"{n:,} rows"


def _last(cursor: duckdb.DuckDBPyConnection) -> Entry | None:
    # not by ORDER BY seq DESC LIMIT 1: after rows were deleted, DuckDB 2.0's row group pruner overlooks the newest that way
    return next(iter(list(entries(cursor, "WHERE seq = (SELECT max(seq) FROM audit)"))), None)


def _canonical(said: Mapping[str, Any]) -> str:
    """JSON that is the same for the same content: keys sorted, nothing between them."""
    return text(json.dumps(dict(said), sort_keys=True, separators=(",", ":"), ensure_ascii=False))
