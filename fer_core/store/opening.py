"""From a path to an open database: what the file is gets settled before anything may be written to it."""

import contextlib
import os
import re
from pathlib import Path

import duckdb

from fer_core.errors import InputError, MoodgateError, NotAStoreError, OutputError, StoreLockedError, StoreVersionError
from fer_core.store.schema import check_version, found_version, migrate

_MAGIC = slice(8, 12)
"""Where every DuckDB file says DUCK, behind eight bytes of checksum."""

# nothing is to be fetched at run time: without these, the mere opening of an SQLite file asks the network for an extension
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}

_UNWRITABLE = {
    "No space left": "there is no room left on the disk",
    "Disk quota": "the disk quota is used up",
    "File too large": "the file may not grow any larger",
    "Permission denied": "the file or its folder may not be written to",
    "Read-only file system": "the disk is read-only",
    "Operation not permitted": "the file or its folder may not be written to",
    "No such file or directory": "there is no such folder",
    "Could not write": "it could not be written",
}


def data_folder() -> Path:
    """The folder of the database, the uploads and the app's own files: MOODGATE_DATA, by default data/."""
    return Path(os.environ.get("MOODGATE_DATA") or "data")


def open_database(path: Path, *, create: bool) -> duckdb.DuckDBPyConnection:
    """A connection to the store at `path`, brought to today's version; sessions count time in UTC.

    A missing file and one of 0 bytes (what a kill right after its creation leaves) are made into a new store where
    `create` allows it. A file that this call made is gone again when it fails.

    Raises NotAStoreError, StoreVersionError, StoreLockedError, OutputError.
    """
    fresh = _is_fresh(path, create)
    if fresh:
        _make_way(path)
    else:
        _inspect(path)
    try:
        return _connect_and_migrate(path)
    except BaseException as error:  # Ctrl-C too: a file of ours that is no store yet must not stay behind
        if fresh and not isinstance(error, StoreLockedError):  # locked: another process was quicker, and it is theirs
            remove(path)
        raise


def explain(error: duckdb.Error, path: Path) -> InputError | None:
    """What a user can mend about DuckDB's error, or None where nobody but us can."""
    text = str(error)
    if "lock on file" in text or "used by another process" in text:
        return StoreLockedError(f"{path}: in use by {_holder(text)}; close that first")
    if "version number" in text:
        return StoreVersionError(f"{path}: written by a newer version of DuckDB than the installed {duckdb.__version__}")
    for sign, cause in _UNWRITABLE.items():
        if sign in text:
            return OutputError(f"{path}: can't be written ({cause})")
    return None


def _holder(text: str) -> str:
    found = re.search(r"held in (.+?) \(PID (\d+)\)", text)
    if not found:
        return "another process"
    return f"another process ({Path(found[1]).name}, PID {found[2]})"


def _is_fresh(path: Path, create: bool) -> bool:
    """True where a store is to be made there; NotAStoreError where what is there can't be one."""
    try:
        if path.is_dir():
            raise NotAStoreError(f"{path}: a folder, not a database")
        with path.open("rb") as file:
            head = file.read(_MAGIC.stop)
    except FileNotFoundError:
        head = b""
    except OSError as error:
        raise OutputError(f"{path}: can't be opened ({error.strerror})") from error
    if not head and not create:
        raise NotAStoreError(f"{path}: no such database, or an empty file")
    if head and head[_MAGIC] != b"DUCK":
        raise NotAStoreError(f"{path}: not a DuckDB file, so no database of Moodgate's")
    return not head


def _make_way(path: Path) -> None:
    """Make the folder, and take away a file of 0 bytes, which DuckDB refuses."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: can't be made ({error.strerror})") from error


def connect(path: Path, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A plain connection; DuckDB's own ConnectionException where this process has the file open in another way."""
    try:
        return duckdb.connect(str(path), read_only=read_only, config=_CONFIG)
    except duckdb.ConnectionException:
        raise
    except duckdb.Error as error:
        cause = str(error).splitlines()[0]
        raise explain(error, path) or NotAStoreError(f"{path}: damaged, or no DuckDB database ({cause})") from error


def _inspect(path: Path) -> None:
    """Refuse a file that is not ours to write to, by a look that writes nothing.

    A plain opening would fold a write-ahead log lying beside somebody else's database into it.
    """
    try:
        connection = connect(path, read_only=True)
    except duckdb.ConnectionException:
        return  # this process has it open for writing already, so it was inspected then
    try:
        check_version(found_version(connection, str(path)), str(path))
    finally:
        connection.close()


def _connect_and_migrate(path: Path) -> duckdb.DuckDBPyConnection:
    connection = connect(path)
    try:
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        migrate(connection, str(path))
    except duckdb.Error as error:
        connection.close()
        known: MoodgateError | None = explain(error, path)
        if known is None:
            raise
        raise known from error
    except BaseException:  # whatever it was, Ctrl-C too: an open connection would hold the file's lock
        connection.close()
        raise
    return connection


def remove(path: Path) -> None:
    """Delete a database and its log, if they are there."""
    for leftover in (path, path.with_name(path.name + ".wal")):
        with contextlib.suppress(OSError):
            leftover.unlink(missing_ok=True)
