"""Where the audit log ended, kept outside the database: what was cut off or rewritten inside it can't hide.

Whoever may write to both the database and this file can forge both. Copy the file elsewhere from time to time (or print
its hash): a log that still carries that hash was not changed before it.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from fer_core.errors import DataError, OutputError
from fer_core.store.beside import beside, write_synced

NAME = "audit.anchor"


@dataclass(frozen=True)
class Break:
    """What the log lacked when the next row was written: `said` is the sentence for it, found_at an ISO moment in UTC."""

    found_at: str
    said: str


@dataclass(frozen=True)
class Anchor:
    """The last row that was written: its number and hash (64 hex digits); and the breaks that were found, oldest first."""

    seq: int
    hash: str
    breaks: tuple[Break, ...] = ()


def path_of(database: Path) -> Path:
    """Where a database's anchor lies."""
    return beside(database, NAME)


def read(database: Path) -> Anchor | None:
    """The anchor of that database; None where there is none. DataError where it says nothing that can be understood."""
    path = path_of(database)
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        breaks = tuple(Break(str(one["found_at"]), str(one["said"])) for one in told.get("breaks", ()))
        return Anchor(int(told["seq"]), str(told["hash"]), breaks)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutputError(f"{path}: can't be read ({error.strerror or error})") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: damaged, so nobody can tell from it where the audit log ended") from error


def write(database: Path, anchor: Anchor) -> None:
    """Put the anchor in the place of the old one. OutputError."""
    write_synced(path_of(database), json.dumps(asdict(anchor), indent=1) + "\n")


def moved(before: Anchor | None, seq: int, hash_: str, trouble: str = "") -> Anchor:
    """The anchor after another row, which remembers `trouble`, the sentence for a break that was found."""
    kept = before or Anchor(0, "")
    found = (Break(datetime.now(UTC).isoformat(timespec="seconds"), trouble),) if trouble else ()
    return replace(kept, seq=seq, hash=hash_, breaks=kept.breaks + found)
