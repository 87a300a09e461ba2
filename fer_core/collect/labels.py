"""What people say of a collection's faces: a log to which lines are only ever added, so that no crash loses anything.

One JSON object a line: {"face": 12, "labeller": "Ana", "says": "happy", "at": "2026-03-02T09:30:00+00:00"}. `says` is one of
the collection's classes, or one of WORDS; "undo" takes back the labeller's latest answer that stands. A line
with "settles": true is the third look at a face on which labellers disagree, and counts before all others.
"""

import json
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fer_core.errors import DataError, InputError, OutputError

SKIP, NOT_A_FACE, UNDO = "skip", "not-a-face", "undo"
WORDS = (SKIP, NOT_A_FACE, UNDO)
"""What can be said besides the classes, and so is no name of a class."""
LONGEST_NAME = 60
_lock = threading.Lock()


@dataclass(frozen=True)
class Act:
    """One line of the log that stands; at is aware, in UTC."""

    face: int
    labeller: str
    says: str
    at: datetime
    settles: bool = False


@dataclass(frozen=True)
class Labels:
    """The log, read: the acts that stand, in their order; damaged: lines that could not be read and were passed over."""

    acts: tuple[Act, ...] = ()
    damaged: int = 0
    names: tuple[str, ...] = field(default=())
    """Everybody who ever said something, in order of their first line."""

    def of(self, labeller: str) -> dict[int, str]:
        """The faces that this person has answered, and how; later answers replace earlier ones."""
        return {act.face: act.says for act in self.acts if act.labeller == labeller and not act.settles}

    def last(self, labeller: str, *, settles: bool = False) -> Act | None:
        """The act that an undo of this person would take back."""
        mine = (act for act in reversed(self.acts) if act.labeller == labeller and act.settles == settles)
        return next(mine, None)

    @property
    def labellers(self) -> tuple[str, ...]:
        """Everybody of whom an answer stands, in order of their first one."""
        return tuple(dict.fromkeys(act.labeller for act in self.acts if not act.settles))

    @property
    def settled(self) -> dict[int, str]:
        """What a third look said of faces."""
        return {act.face: act.says for act in self.acts if act.settles}


class LabelLog:
    """The log of one collection: `faces` of them, which may be said to be of `classes`. Safe for all threads."""

    def __init__(self, path: Path, faces: int, classes: Sequence[str]) -> None:
        self.path, self.faces, self.classes = path, faces, tuple(classes)

    def say(self, face: int, labeller: str, says: str, *, settles: bool = False) -> None:
        """Add what somebody says of a face; it is on the disk when this returns.

        Raises InputError for a face or a word that isn't there, OutputError where it can't be written.
        """
        if not 0 <= face < self.faces:
            raise InputError(f"there is no face {face}; the collection has {self.faces}")
        if says not in (*self.classes, SKIP, NOT_A_FACE):
            raise InputError(f"{says!r} is none of {', '.join((*self.classes, SKIP, NOT_A_FACE))}")
        line: dict[str, Any] = {"face": int(face), "labeller": labeller_name(labeller), "says": says}
        self._add(line | ({"settles": True} if settles else {}))

    def undo(self, labeller: str, *, settles: bool = False) -> int | None:
        """Take back this person's latest answer (or third look) that stands; its face, None where there is none."""
        name = labeller_name(labeller)
        last = self.read().last(name, settles=settles)
        if last is None:
            return None
        self._add({"face": last.face, "labeller": name, "says": UNDO} | ({"settles": True} if settles else {}))
        return last.face

    def read(self) -> Labels:
        """What stands. DataError where the log can't be opened; a line that a crash cut short is passed over."""
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return Labels()
        except OSError as error:
            raise DataError(f"{self.path}: can't be read ({error.strerror})") from error
        acts = [self._act(line) for line in lines if line.strip()]
        told = [act for act in acts if act]
        return Labels(_standing(told), len(acts) - len(told), tuple(dict.fromkeys(act.labeller for act in told)))

    def _act(self, line: bytes) -> Act | None:
        try:
            told = json.loads(line)
            act = Act(
                told["face"], told["labeller"], told["says"], datetime.fromisoformat(told["at"]), told.get("settles") is True
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        known = act.says in (*self.classes, *WORDS) and isinstance(act.labeller, str)
        return act if known and isinstance(act.face, int) and 0 <= act.face < self.faces else None

    def _add(self, line: dict[str, Any]) -> None:
        text = json.dumps(line | {"at": datetime.now(UTC).isoformat(timespec="seconds")}, ensure_ascii=False)
        try:
            with _lock, open(os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "r+b", buffering=0) as file:
                end = file.seek(0, os.SEEK_END)
                cut_short = end and os.pread(file.fileno(), 1, end - 1) != b"\n"
                file.write(b"\n" * bool(cut_short) + text.encode() + b"\n")
                os.fsync(file.fileno())
        except OSError as error:
            raise OutputError(f"{self.path}: the label can't be kept ({error.strerror})") from error


def _standing(acts: Sequence[Act]) -> tuple[Act, ...]:
    """The acts without those that were undone, and without the undoing."""
    standing: list[Act] = []
    for act in acts:
        if act.says != UNDO:
            standing.append(act)
            continue
        mine = (act.labeller, act.settles)
        place = next((p for p in reversed(range(len(standing))) if (standing[p].labeller, standing[p].settles) == mine), None)
        if place is not None:
            del standing[place]
    return tuple(standing)


def labeller_name(typed: str) -> str:
    """A labeller's name without odd blanks. InputError for a blank one or one of more than 60 characters."""
    name = " ".join(typed.split())
    if not name or len(name) > LONGEST_NAME:
        raise InputError(f"who labels needs a name of 1 to {LONGEST_NAME} characters")
    return name


def same_person(typed: str, known: Sequence[str]) -> str:
    """The known labeller of that name, whatever its capitals; else the name as it was typed. InputError as above."""
    name = labeller_name(typed)
    return next((other for other in known if other.casefold() == name.casefold()), name)
