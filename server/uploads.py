"""Films that come in pieces: each piece is appended to a file on disk, so that a broken upload goes on where it stopped.

`<id>.json` holds name and size, `<id>.part` the bytes so far, `<id>.mp4` (with the film's own ending) the whole film. How
much has come is the size of the part itself: no crash can make the two disagree.
"""

import contextlib
import json
import logging
import os
import re
import shutil
import threading
import time
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from uuid import uuid4

from fer_core.errors import InputError

LOG = logging.getLogger(__name__)
MAX_BYTES = 8 * 10**9
STALE_S = 7 * 86_400.0
_SPARE_BYTES = 256 * 10**6
"""Room that an upload leaves for the database and everybody else."""
_BLOCK = 1 << 20
_NAME_LENGTH = 200
_ID = re.compile(r"[0-9a-f]{32}")
_SUFFIX = re.compile(r"\.(?!part$|json$|draft$)[a-z0-9]{1,8}")


class UploadError(InputError):
    """An upload that can't be made or carried on; `status` is HTTP's number for it."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True)
class Upload:
    """What is known of an upload: its id, the film's name for people, its size and how much has come, in bytes.

    owner: the id of the account that it came by, "" from before there were accounts.
    """

    id: str
    name: str
    size: int
    offset: int
    finished: bool
    owner: str = ""


class Part:
    """An unfinished file, open at its end; one at a time."""

    def __init__(self, path: Path, offset: int, size: int) -> None:
        self.offset = offset
        self._begin, self._size = offset, size
        self._file = FileIO(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
        self._file.seek(offset)

    def write(self, block: bytes) -> None:
        """Append; more than the announced size is an UploadError (413), and takes back what this opening appended."""
        if self.offset + len(block) > self._size:
            self._file.truncate(self._begin)
            self.offset = self._begin
            raise UploadError("more came than the size that was announced", 413)
        try:
            view = memoryview(block)
            while view:
                written = self._file.write(view)
                self.offset += written
                view = view[written:]
        except OSError as error:
            raise UploadError(f"the film can't be kept ({error.strerror or error})", 507) from error

    def close(self) -> None:
        """Let go of the file; a whole one is on the disk for sure."""
        try:
            if self.offset == self._size:
                os.fsync(self._file.fileno())
        finally:
            self._file.close()


class Uploads:
    """The uploads of one folder, which is made when the first one comes. Safe for all threads."""

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES) -> None:
        self.folder, self.max_bytes = folder, max_bytes
        self._lock = threading.Lock()
        self._open: set[str] = set()

    # ---- coming in ----

    def create(self, name: str, size: int, owner: str = "") -> Upload:
        """Begin an upload of that many bytes. UploadError: 400 empty, 413 too large, 507 no room for it."""
        if size <= 0:
            raise UploadError(f"{shown_name(name)}: the file is empty", 400)
        if size > self.max_bytes:
            raise UploadError(f"{shown_name(name)}: {_gb(size)} is more than the {_gb(self.max_bytes)} that fit", 413)
        key = uuid4().hex
        with self._lock, _disk():
            self.folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self.folder).free - _SPARE_BYTES - self._promised()
            if size > free:
                room = f"it needs {_gb(size)}, and {_gb(max(free, 0))} are free"
                raise UploadError(f"{shown_name(name)}: not enough room on the disk ({room})", 507)
            card = {"name": shown_name(name), "size": size}
            draft = self.folder / f"{key}.draft"
            draft.write_text(json.dumps(card | ({"owner": owner} if owner else {})), encoding="utf-8")
            os.replace(draft, self._card(key))
        return self.get(key)

    @contextlib.contextmanager
    def appending(self, key: str, offset: int) -> Iterator[Part]:
        """The part, to be written from `offset` on, which must be its end; a whole one becomes the film at the end.

        UploadError: 404 unknown, 409 where the offset is not the end, or somebody else is appending right now.
        """
        upload = self._begun(key, offset)
        try:
            with _disk(), contextlib.closing(Part(self._part(key), offset, upload.size)) as part:
                yield part
        finally:
            with self._lock:
                self._open.discard(key)
        self.get(key)

    def _begun(self, key: str, offset: int) -> Upload:
        with self._lock:
            if key in self._open:
                raise UploadError("another piece of this film is coming in right now", 409)
            upload = self._look(key)
            if upload.finished or offset != upload.offset:
                raise UploadError(f"{upload.name}: goes on at byte {upload.offset}, not at {offset}", 409)
            self._open.add(key)
            return upload

    # ---- looking ----

    def get(self, key: str) -> Upload:
        """The upload of that id. UploadError (404) where there is none."""
        with self._lock:
            return self._look(key)

    def all(self) -> list[Upload]:
        """Every upload that is there, finished or not, the oldest first."""
        cards = sorted(self.folder.glob("*.json"), key=_changed) if self.folder.is_dir() else []
        with self._lock:
            return [self._look(card.stem) for card in cards if self._known(card.stem)]

    def finished(self, key: str) -> bool:
        """Whether all of it has come. UploadError (404) for an unknown one."""
        return self.get(key).finished

    def path_of(self, key: str) -> Path:
        """The finished film. UploadError: 404 unknown, 409 not finished."""
        upload = self.get(key)
        if not upload.finished:
            raise UploadError(f"{upload.name}: has not come in whole yet", 409)
        return self._film(key, upload.name)

    def name_of(self, path: Path) -> str | None:
        """The name by which its owner knows a film of this folder; None for any other path."""
        upload = self._owner(path)
        return upload.name if upload else None

    def id_of(self, path: Path) -> str | None:
        """The id of the upload that this path is the film of; None for any other path."""
        upload = self._owner(path)
        return upload.id if upload else None

    def _owner(self, path: Path) -> Upload | None:
        key = path.name.partition(".")[0]
        with self._lock:
            if path.absolute().parent != self.folder.absolute() or not self._known(key):
                return None
            upload = self._look(key)
        return upload if upload.finished and self._film(key, upload.name).name == path.name else None

    # ---- going ----

    def remove(self, key: str) -> None:
        """Delete an upload, finished or not. UploadError: 404 unknown, 409 while a piece of it comes in."""
        with self._lock, _disk():
            upload = self._look(key)
            if key in self._open:
                raise UploadError(f"{upload.name}: a piece of it is coming in right now", 409)
            for path in (self._film(key, upload.name), self._part(key), self._card(key)):
                path.unlink(missing_ok=True)

    def discard(self, path: Path) -> bool:
        """Delete the film at that path if, and only if, it is an upload of this folder; whether it was."""
        key = self.id_of(path)
        if key:
            self.remove(key)
        return key is not None

    def purge(self, wanted: Collection[str] = (), older_than_s: float = STALE_S) -> int:
        """Delete what was given up: nothing has come to it for so long, and its id is not among the wanted; how many."""
        before, gone = time.time() - older_than_s, 0
        for upload in self.all():
            files = (self._card(upload.id), self._part(upload.id), self._film(upload.id, upload.name))
            newest = max(map(_changed, files))
            if newest < before and upload.id not in wanted:
                self.remove(upload.id)
                gone += 1
        return gone

    # ---- files ----

    def _look(self, key: str) -> Upload:
        """The upload, once a whole part (of a process that was killed, perhaps) has been renamed to the film."""
        if not self._known(key):
            raise UploadError("there is no such upload (any more)", 404)
        card = json.loads(self._card(key).read_text(encoding="utf-8"))
        part, film = self._part(key), self._film(key, card["name"])
        size, come = int(card["size"]), _size(part)
        if come == size and key not in self._open:
            os.replace(part, film)
        finished = film.exists()
        return Upload(key, card["name"], size, size if finished else come or 0, finished, card.get("owner", ""))

    def _known(self, key: str) -> bool:
        return bool(_ID.fullmatch(key)) and self._card(key).is_file()

    def _promised(self) -> int:
        """Bytes that are still to come of what has begun."""
        begun = [self._look(card.stem) for card in self.folder.glob("*.json") if self._known(card.stem)]
        return sum(upload.size - upload.offset for upload in begun)

    def _part(self, key: str) -> Path:
        return self.folder / f"{key}.part"

    def _card(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def _film(self, key: str, name: str) -> Path:
        ending = Path(name).suffix.lower()
        return self.folder / f"{key}{ending if _SUFFIX.fullmatch(ending) else ''}"


def shown_name(name: str) -> str:
    """A file's name as its owner knows it: no folders, nothing that can't be seen, and not endlessly long."""
    base = re.split(r"[/\\]", name)[-1]
    seen = "".join(c for c in base if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn")).strip()
    stem, dot, ending = seen.rpartition(".")
    if len(seen) > _NAME_LENGTH:
        seen = f"{(stem or ending)[: _NAME_LENGTH - 10]}{dot}{ending[:9]}" if dot else seen[:_NAME_LENGTH]
    return seen if seen.strip(".") else "film"


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 10**8 else f"{size / 1e6:.1f} MB"


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


@contextlib.contextmanager
def _disk() -> Iterator[None]:
    """What the disk refuses, as a sentence."""
    try:
        yield
    except OSError as error:
        raise UploadError(f"the film can't be kept ({error.strerror or error})", 507) from error


__all__ = ["MAX_BYTES", "Part", "Upload", "UploadError", "Uploads", "shown_name"]
