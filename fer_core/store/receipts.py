"""The receipt of a deletion: what there was before and after, whether its bytes are gone, and which files nobody owns.

Two files in the folder receipts/ beside the database: JSON for machines, text for people. No line tells of a visitor.
"""

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias
from uuid import uuid4

from fer_core.errors import DataError, OutputError
from fer_core.store.beside import write_synced
from fer_core.store.orphans import Orphans

FOLDER = "receipts"
What: TypeAlias = Literal["store", "span", "visits", "retention", "people", "mode", "again"]
WORDS: Mapping[str, str] = MappingProxyType(
    {
        "store": "A store was deleted with everything of it",
        "span": "A span of time was deleted",
        "visits": "Visits were deleted",
        "retention": "What was past its time was deleted",
        "people": "A person’s face codes were deleted",
        "mode": "The privacy mode was changed, and what the new one may not hold was deleted",
        "again": "Earlier deletions were applied to a database that was put back",
    }
)
_TABLES: Mapping[str, str] = MappingProxyType(
    {
        "stores": "stores", "cameras": "cameras", "footage": "records of films", "visits": "visits",
        "appearances": "appearances", "series": "expressions over time", "corrections": "corrections",
        "camera_offsets": "camera offsets", "answers": "answers at the exit", "notices": "notices", "tokens": "access tokens",
        "jobs": "jobs", "people": "people enrolled", "templates": "face codes", "tallies": "sums by hour",
        "evidence": "evidence pictures", "alert_rules": "rules of alerts", "alerts": "alerts",
    }
)  # fmt: skip
_FILES: Mapping[str, str] = MappingProxyType(
    {
        "uploads": "uploaded films that no job names",
        "collections": "collections of faces of no store",
        "models": "models that learnt from a set that is gone",
        "evidence pictures": "pictures of visits of which no row is left",
        "exports": "exports on this server, which may still hold what was deleted",
    }
)


@dataclass(frozen=True)
class Receipt:
    """A deletion, as it went.

    at: ISO, UTC; actor: who deleted; stores: names; begin and end: the span, ISO; before and after: rows of these stores by
    table; rewritten: whether the database's file was copied without the deleted rows and swapped; bytes_before and
    bytes_after: its size; log_bytes: what lies in its write-ahead log afterwards; files: orphans.
    """

    what: What
    actor: str
    stores: tuple[str, ...]
    before: dict[str, int]
    after: dict[str, int]
    rewritten: bool = False
    bytes_before: int = 0
    bytes_after: int = 0
    log_bytes: int = 0
    begin: str | None = None
    end: str | None = None
    files: Orphans = field(default_factory=Orphans)
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))
    key: str = field(default_factory=lambda: uuid4().hex[:12])

    @property
    def gone(self) -> dict[str, int]:
        """How many rows went, by table; those of which none did are left out."""
        return {table: n - self.after.get(table, 0) for table, n in self.before.items() if n > self.after.get(table, 0)}

    @property
    def name(self) -> str:
        """Its files' name, without an ending; they sort by time."""
        return f"{self.at[:23].replace(':', '-')}-{self.what}-{self.key}"

    def text(self) -> str:
        """The receipt for people, in lines."""
        lines = [f"Receipt of a deletion, {self.key}", "", f"{WORDS[self.what]}.", f"When: {self.at}", f"By: {self.actor}"]
        lines += [f"Stores: {', '.join(self.stores)}"] if self.stores else []
        lines += [f"From {self.begin} to {self.end}"] if self.begin and self.end else []
        lines += ["", f"{'Rows of':32}{'before':>10}{'after':>10}{'deleted':>10}"]
        for table, word in _TABLES.items():
            n, left = self.before.get(table, 0), self.after.get(table, 0)
            lines += [f"{word:32}{n:>10,}{left:>10,}{n - left:>10,}"] if n or left else []
        return "\n".join([*lines, "", *_of_the_file(self), "", *_of_the_files(self.files)]) + "\n"


def _of_the_file(receipt: Receipt) -> list[str]:
    if not receipt.rewritten:
        return [
            "The database’s file could not be written anew at once, because it was in use or there was no room: deleted rows "
            "may have left bytes in it. The next run of the retention does it."
        ]
    size = f"{receipt.bytes_before:,} bytes before, {receipt.bytes_after:,} after, {receipt.log_bytes:,} in its log"
    return [f"The rows that stay were copied to a new file, which took the place of the old one: {size}."]


def _of_the_files(files: Orphans) -> list[str]:
    lines = [f"Files looked at: {', '.join(f'{n:,} {kind}' for kind, n in files.looked.items()) or 'none'}."]
    for kind, word in _FILES.items():
        names = files.found.get(kind, [])
        lines += [f"Found {len(names):,} {word}: {', '.join(names)}."] if names else []
    return lines if files.any else [*lines, "None of them is without an owner."]


# ---- files ----------------------------------------------------------------------------------------------------------


def keep(database: Path, receipt: Receipt) -> Path:
    """Write both files; the path of the JSON. OutputError."""
    folder = database.parent / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: can't be made ({error.strerror})") from error
    path = folder / f"{receipt.name}.json"
    write_synced(folder / f"{receipt.name}.txt", receipt.text())
    write_synced(path, json.dumps(asdict(receipt), ensure_ascii=False, indent=1) + "\n")
    return path


def latest(database: Path, most: int = 20) -> list[Receipt]:
    """The newest receipts first; those that can't be read are passed over."""
    folder = database.parent / FOLDER
    paths = sorted(folder.glob("*.json"), reverse=True) if folder.is_dir() else []
    found = []
    for path in paths[:most]:
        with contextlib.suppress(DataError):
            found.append(read(path))
    return found


def read(path: Path) -> Receipt:
    """The receipt of that JSON file. DataError where it is none."""
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Receipt(**told | {"stores": tuple(told["stores"]), "files": Orphans(**told["files"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: not readable as a receipt") from error


def sized(receipt: Receipt, database: Path, bytes_before: int, *, rewritten: bool) -> Receipt:
    """The receipt with what became of the database's file."""
    log = database.with_name(database.name + ".wal")
    return replace(
        receipt, rewritten=rewritten, bytes_before=bytes_before, bytes_after=size_of(database), log_bytes=size_of(log)
    )  # fmt: skip


def size_of(path: Path) -> int:
    """Its bytes; 0 where there is none."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
