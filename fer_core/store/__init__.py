"""The database: one DuckDB file, one process that owns it, one settled day a transaction.

    with Store.open(Path("data/moodgate.duckdb")) as store:
        store.write_day(day)

The columns of the tables `visits`, `appearances`, `footage`, `cameras`, `stores` are a stable interface for others who
open the file: columns are added, never renamed. `visits` is a plain table that carries the store's name and the names
of the two films itself, so that it can be read and copied out without a join. Times of day are UTC; `local_at` is the
store's own clock.
"""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb

from fer_core.errors import DataError
from fer_core.store.opening import explain, open_database
from fer_core.store.write import put_store, set_local_times, write_day
from fer_core.types import Day

__all__ = ["Store"]


class Store:
    """An open database, to be shared by all threads of the process: a cursor a call, and one writer at a time."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        """Takes over an open, migrated connection; use `Store.open`."""
        self.path = path
        self._connection = connection
        self._writing = threading.Lock()

    @classmethod
    def open(cls, path: Path, *, create: bool = True) -> Self:
        """The store in that file, brought to today's version; made, with its folder, where there is none.

        A file of 0 bytes counts as none. With create=False a missing one is a NotAStoreError, and nothing is made.

        Raises:
            NotAStoreError: not a DuckDB file, damaged, or the database of something else; it is not written to.
            StoreVersionError: made by a newer version.
            StoreLockedError: another process has it open; the sentence names the process where DuckDB does.
            OutputError: no right or no room to write there; no new file is left behind.
        """
        return cls(open_database(path, create=create), path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Write everything into the one file and let go of it; a second call does nothing."""
        with self._writing:
            self._connection.close()

    @contextlib.contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of one's own for reading; it sees what was committed before its query began."""
        cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    def write_day(self, day: Day) -> None:
        """Write a settled day in one transaction; a failure or a kill leaves the database as it was.

        The same films again (same store, role and bytes) replace what they gave before. Films of earlier runs that are
        not in this one keep their appearances; visits that touched a replaced appearance go, and the partner's status
        becomes unmatched. Templates are not written.

        Raises OutputError where there is no room or no right to write, ValueError for a visit that isn't the day's own.
        """
        with self._transaction() as cursor:
            write_day(cursor, day)

    def put_store(self, name: str, *, time_zone: str | None = None, is_sample: bool | None = None) -> None:
        """Make the store of that name, or change what is given of it; a new zone rewrites its `local_at` throughout.

        time_zone is a name of the IANA database such as "Europe/Vienna"; DataError for an unknown one. is_sample marks
        made-up data, which is exempt from the least size of a cell.
        """
        with self._transaction() as cursor:
            store_id = put_store(cursor, name)
            if is_sample is not None:
                cursor.execute("UPDATE stores SET is_sample = ? WHERE store_id = ?", [is_sample, store_id])
            if time_zone is not None:
                _check_zone(cursor, time_zone)
                cursor.execute("UPDATE stores SET time_zone = ? WHERE store_id = ?", [time_zone, store_id])
                set_local_times(cursor, store_id, missing_only=False)

    def version(self) -> int:
        """How many writes the database has seen: it rises with every one, and belongs into cache keys."""
        with self.cursor() as cursor:
            row = cursor.execute("SELECT writes FROM meta").fetchone()
        return int(row[0]) if row else 0

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._writing, self.cursor() as cursor:
            try:
                cursor.execute("BEGIN")
                yield cursor
                cursor.execute("UPDATE meta SET writes = writes + 1")
                cursor.execute("COMMIT")
            except BaseException as error:
                with contextlib.suppress(duckdb.Error):  # a failed commit has rolled back by itself
                    cursor.execute("ROLLBACK")
                known = explain(error, self.path) if isinstance(error, duckdb.Error) else None
                if known is None:
                    raise
                raise known from error


def _check_zone(cursor: duckdb.DuckDBPyConnection, time_zone: str) -> None:
    known = cursor.execute("SELECT count(*) FROM pg_timezone_names() WHERE name = ?", [time_zone]).fetchone()
    if not known or not known[0]:
        raise DataError(f"{time_zone!r} is no time zone of the IANA database, such as Europe/Vienna")
