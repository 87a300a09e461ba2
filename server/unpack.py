"""Unpack a .zip that comes from a stranger: only what is asked for, nowhere else, and never more than fits.

Nothing that the archive says of itself is believed: bytes are counted as they are written, and a name becomes a path only
after it has been looked at. What can't be taken is refused with a sentence; the caller throws the folder away.
"""

import shutil
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from fer_core.errors import DataError, OutputError

_END, _END_SIZE = b"PK\x05\x06", 22
_END64, _LOCATOR64 = b"PK\x06\x06", b"PK\x06\x07"
_LONGEST_COMMENT = 65_535
_ENTRY_BYTES = 512
"""Room in the archive's table for an entry with a long name."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Others can ask for gigabytes of memory to unpack a few bytes."""
_LONGEST_PART, _DEEPEST = 120, 8
_SPARE_BYTES = 256 * 10**6
_MOST_ARRAYS, _MOST_ARRAY_BYTES = 50, 10**9
_MOST_PIXELS = 40 * 10**6
"""Of one picture. More: larger photographs, and more memory while they are read (3 bytes a pixel)."""
_BLOCK = 1 << 18


@dataclass(frozen=True)
class Limits:
    """What an archive may hold at most, unpacked."""

    files: int = 100_000
    """Entries, those that are left out among them. More: larger sets; the table of the archive is held in memory."""
    total_bytes: int = 4 * 10**9
    """All files together. More: larger sets, and a disk that a bomb can fill further."""


LIMITS = Limits()


def unpack(
    archive: IO[bytes], into: Path, endings: Collection[str], name: str, limits: Limits = LIMITS,
    tell: Callable[[float], None] | None = None,
) -> int:  # fmt: skip
    """Unpack the archive's files with one of the endings (small letters, with their dot) into an existing folder.

    The archive is an open file that can be searched, and stays open. name: the archive as its owner knows it. tell hears
    the share that is done. Gives how many other files were left out; what systems strew about (hidden files, __MACOSX) is
    not counted. DataError for anything that isn't a plain archive of plain files, OutputError where the disk refuses.
    """
    try:
        _refuse_long_table(archive, limits, name)
        with zipfile.ZipFile(archive) as opened:
            return _unpack(opened, into, endings, name, limits, tell)
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, ValueError, NotImplementedError) as error:
        raise DataError(f"{name}: a damaged .zip, or none ({error})") from error
    except OSError as error:
        raise OutputError(f"{name}: can't be unpacked ({error.strerror or error})") from error


def _unpack(
    opened: zipfile.ZipFile, into: Path, endings: Collection[str], name: str, limits: Limits,
    tell: Callable[[float], None] | None,
) -> int:  # fmt: skip
    entries = opened.infolist()
    wanted, left_out = _wanted(entries, endings, name)
    _refuse_bombs(entries, into, limits, name)
    room = limits.total_bytes
    for done, (entry, parts) in enumerate(wanted):
        target = into.joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            room -= _write(opened, entry, target, room, name)
        except FileExistsError as error:
            raise DataError(f"{name}: holds {'/'.join(parts)} twice") from error
        if tell and done % 100 == 0:
            tell(done / len(wanted))
    return left_out


def _wanted(
    entries: list[zipfile.ZipInfo], endings: Collection[str], name: str
) -> tuple[list[tuple[zipfile.ZipInfo, list[str]]], int]:
    """The entries to unpack with their paths; and how many others there are. Every entry is looked at first."""
    wanted, left_out = [], 0
    for entry in entries:
        parts = _parts(entry, name)
        if entry.is_dir() or parts[0] == "__MACOSX" or parts[-1].startswith(".") or parts[-1] == "Thumbs.db":
            continue
        if Path(parts[-1]).suffix.lower() in endings:
            wanted.append((entry, parts))
        else:
            left_out += 1
    return wanted, left_out


def _parts(entry: zipfile.ZipInfo, name: str) -> list[str]:
    """The entry's path as its parts. DataError for one that leads elsewhere, for links, and for what is encrypted."""
    said = entry.filename.replace("\\", "/")
    parts = (said[:-1] if said.endswith("/") else said).split("/")
    if len(parts) > _DEEPEST or not all(map(_plain, parts)):
        raise DataError(f"{name}: holds a file whose name leads elsewhere or can't be used: {said[:80]!r}")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise DataError(f"{name}: holds a link or device, {said[:80]!r}; only plain files are taken")
    if entry.flag_bits & 1:
        raise DataError(f"{name}: is encrypted; pack it without a password")
    if entry.compress_type not in _METHODS:
        raise DataError(f"{name}: is packed in an uncommon way; pack it as an ordinary .zip (deflate)")
    return parts


def _plain(part: str) -> bool:
    if part in ("", ".", "..") or ":" in part or len(part.encode("utf-8", "replace")) > _LONGEST_PART:
        return False
    return not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in part)


def _refuse_bombs(entries: list[zipfile.ZipInfo], into: Path, limits: Limits, name: str) -> None:
    """By what the archive says of itself; what it really holds is counted while it is written."""
    if len(entries) > limits.files:
        raise DataError(f"{name}: holds {len(entries):,} files; at most {limits.files:,} are taken")
    total = sum(entry.file_size for entry in entries)
    if total > limits.total_bytes:
        raise DataError(f"{name}: unpacks to more than the {limits.total_bytes / 1e9:g} GB that are taken")
    if total > shutil.disk_usage(into).free - _SPARE_BYTES:
        raise OutputError(f"{name}: unpacked it needs {total / 1e6:.0f} MB, and the disk has no room for that")


def _write(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, room: int, name: str) -> int:
    """The bytes written; a file that is there already stays (FileExistsError)."""
    written = 0
    with opened.open(entry) as source, target.open("xb") as file:
        while block := source.read(_BLOCK):
            written += len(block)
            if written > room:
                raise DataError(f"{name}: unpacks to more than it says; it was not taken")
            file.write(block)
    return written


def _refuse_long_table(file: IO[bytes], limits: Limits, name: str) -> None:
    """`zipfile` reads the whole table of contents into memory, whatever its size; so that is looked at first.

    The end record is described in section 4.3.16 of PKWARE's APPNOTE, its 64-bit forms in 4.3.14 and 4.3.15.
    """
    size = file.seek(0, 2)
    begin = max(0, size - _END_SIZE - _LONGEST_COMMENT)
    file.seek(begin)
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise DataError(f"{name}: a damaged .zip, or none")
    table = struct.unpack_from("<I", tail, at + 12)[0]
    if at >= 20 and tail[at - 20 : at - 16] == _LOCATOR64:
        file.seek(max(begin + at - 20 - 56, 0))
        record = file.read(56)
        file.seek(0)
        if record[:4] != _END64:
            raise DataError(f"{name}: a damaged .zip, or none")
        table = struct.unpack_from("<Q", record, 40)[0]
    if table > limits.files * _ENTRY_BYTES:
        raise DataError(f"{name}: holds too many files; at most {limits.files:,} are taken")


# ---- what else is packed --------------------------------------------------------------------------------------------


def check_arrays(file: IO[bytes], name: str) -> None:
    """DataError where an .npz would fill the memory when it is read; what is none passes, and its reader says so."""
    try:
        with zipfile.ZipFile(file) as opened:
            entries = opened.infolist()
    except zipfile.BadZipFile:
        return
    finally:
        file.seek(0)
    if len(entries) > _MOST_ARRAYS or sum(entry.file_size for entry in entries) > _MOST_ARRAY_BYTES:
        raise DataError(f"{name}: holds more than the {_MOST_ARRAY_BYTES / 1e9:g} GB in {_MOST_ARRAYS} arrays that are taken")


def check_pictures(folder: Path, endings: Collection[str]) -> None:
    """DataError where a picture, small as it may be packed, has so many pixels that it would fill the memory."""
    from PIL import Image, UnidentifiedImageError

    for path in folder.rglob("*"):
        if path.suffix.lower() in endings:
            try:
                with Image.open(path) as picture:  # reads the size only
                    pixels = picture.width * picture.height
            except Image.DecompressionBombError:
                pixels = _MOST_PIXELS + 1
            except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
                continue  # whoever reads it says so
            if pixels > _MOST_PIXELS:
                raise DataError(f"{path}: has more than the {_MOST_PIXELS / 1e6:g} million pixels that are taken")
