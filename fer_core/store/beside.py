"""Files that stand beside a database and outlive it: written whole or not at all, and on the disk for sure."""

import contextlib
import os
from pathlib import Path

from fer_core.errors import OutputError

_USUAL = "moodgate.duckdb"


def beside(database: Path, name: str) -> Path:
    """The path of that file for that database.

    Each database of a folder has files of its own: moodgate.duckdb has NAME, any other has its stem before that.
    """
    return database.with_name(name if database.name == _USUAL else f"{database.stem}.{name}")


def write_synced(path: Path, text: str) -> None:
    """Write the file whole or not at all, its folder's entry too. OutputError."""
    part = path.with_name(f".part-{os.getpid()}-{path.name}")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise OutputError(f"{path}: can't be written ({error.strerror or error})") from error


def sync_folder(folder: Path) -> None:
    """Have the folder's entries on the disk, where the system knows how to; OSError."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
