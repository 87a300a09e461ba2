"""Evidence pictures: two a visit, pixelated, for a day, of stores that ask for them; files beside the database.

A row of `evidence` says which file is of which visit. Files are written before their rows are committed, and go after: a
file without a row is what a killed process left, and `sweep` takes it away.
"""

import contextlib
import logging
import os
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import duckdb

from fer_core.errors import OutputError
from fer_core.store.beside import beside
from fer_core.store.rows import first, text
from fer_core.store.write import append, keys_of
from fer_core.types import Day, Visit

LOG = logging.getLogger(__name__)
FOLDER = "evidence"
KEPT = timedelta(hours=24)
"""How long a picture stays, from its writing on."""
_OVER = "expires_at <= ? OR visit_id NOT IN (SELECT visit_id FROM visits)"


def folder_of(database: Path) -> Path:
    """Where a database's pictures lie."""
    return beside(database, FOLDER)


def kept_by(cursor: duckdb.DuckDBPyConnection, store: str) -> bool:
    """Whether the store of that name asks for pictures: there are visits in it, and it is switched on."""
    row = first(cursor, "SELECT evidence AND privacy_mode <> 'aggregate' FROM stores WHERE name = ?", [text(store)])
    return bool(row and row[0])


def put(cursor: duckdb.DuckDBPyConnection, database: Path, day: Day, store_id: UUID) -> Callable[[], object]:
    """Write the pictures of the day's visits with their rows, in the caller's transaction, in place of earlier ones.

    Nothing where the store doesn't ask for any (any more). Call what is returned if the transaction fails. OutputError.
    """
    keys = keys_of(day, store_id).visits
    cursor.execute("DELETE FROM evidence WHERE visit_id IN (SELECT unnest(?::UUID[]))", [list(map(str, keys))])
    if not kept_by(cursor, day.store):
        return lambda: None
    folder, expires_at = folder_of(database), datetime.now(UTC) + KEPT
    rows, written = [], list[Path]()
    try:
        for key, visit in zip(keys, day.visits, strict=True):
            for role, picture in _pictures(visit):
                made = uuid4()
                written.append(_write(folder, f"{made}.png", picture))
                rows.append(
                    {"evidence_id": made, "store_id": store_id, "visit_id": key, "role": role, "file": f"{made}.png",
                     "expires_at": expires_at}
                )  # fmt: skip
    except OutputError:
        _remove(written)
        raise
    append(cursor, "evidence", rows)
    return lambda: _remove(written)


def _pictures(visit: Visit) -> list[tuple[str, bytes]]:
    both = (("entry", visit.entry.picture), ("exit", visit.exit.picture))
    return [(role, picture) for role, picture in both if picture]


def forget_store(cursor: duckdb.DuckDBPyConnection, store_id: UUID) -> None:
    """Delete the rows of a store's pictures; `sweep` takes the files."""
    cursor.execute("DELETE FROM evidence WHERE store_id = ?", [store_id])


def over(cursor: duckdb.DuckDBPyConnection, now: datetime) -> int:
    """How many rows there are whose time is over, or whose visit is gone."""
    if not first(cursor, "SELECT 1 FROM evidence LIMIT 1"):  # mostly: and the visits needn't be gone through
        return 0
    return int((first(cursor, f"SELECT count(*) FROM evidence WHERE {_OVER}", [now]) or (0,))[0])  # noqa: S608


def end(cursor: duckdb.DuckDBPyConnection, now: datetime) -> None:
    """Delete those rows."""
    cursor.execute(f"DELETE FROM evidence WHERE {_OVER}", [now])  # noqa: S608  a literal of ours


def sweep(cursor: duckdb.DuckDBPyConnection, database: Path) -> int:
    """Delete the files that no row names; how many went. In a writer's turn, or a file might be about to get its row.

    What can't be deleted is said in the log, and stays an orphan.
    """
    folder = folder_of(database)
    if not folder.is_dir():
        return 0
    return _remove([folder / name for name in unnamed(cursor, folder)])


def unnamed(cursor: duckdb.DuckDBPyConnection, folder: Path) -> list[str]:
    """The files of the folder that no row names."""
    try:
        lying = {path.name for path in folder.iterdir()}
    except OSError:
        return []
    named = {str(name) for (name,) in cursor.execute("SELECT file FROM evidence").fetchall()} if lying else set()
    return sorted(lying - named)


def file_of(database: Path, evidence_id: str) -> Path:
    """The file of that picture; the id is checked to be one, so that no path comes of it. ValueError."""
    return folder_of(database) / f"{UUID(evidence_id)}.png"


def _write(folder: Path, name: str, picture: bytes) -> Path:
    part, path = folder / f".part-{os.getpid()}-{name}", folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_bytes(picture)
        os.replace(part, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise OutputError(f"{path}: can't be written ({error.strerror or error})") from error
    return path


def _remove(paths: Collection[Path]) -> int:
    gone = 0
    for path in paths:
        try:
            path.unlink()
            gone += 1
        except FileNotFoundError:
            continue
        except OSError as error:
            LOG.warning("%s: can't be deleted (%s)", path, error.strerror)
    return gone
