"""The open database: a cursor a call for readers, one writer at a time, every write whole or not at all."""

import contextlib
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

import duckdb

from fer_core.store import answers, people, shops
from fer_core.store.opening import explain, open_database, remove
from fer_core.store.rewriting import copy_database, replace_database
from fer_core.store.rows import first
from fer_core.types import FloatArray


class Database:
    """An open, migrated database, to be shared by all threads of the process."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        """Takes over an open, migrated connection; use `open`."""
        self.path = path
        self._connection = connection
        self._writing = threading.Lock()
        self._lent = Counter[int]()
        self._draining = False
        self._lending = threading.Condition()

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
        own = threading.get_ident()
        with self._lending:
            # a stream of readers must not keep `rewrite` from its turn; who has one already must get the next, or never ends
            self._lending.wait_for(lambda: not self._draining or own in self._lent)
            cursor = self._connection.cursor()
            self._lent[own] += 1
        try:
            yield cursor
        finally:
            cursor.close()
            with self._lending:
                self._lent = self._lent - Counter({own: 1})
                self._lending.notify_all()

    def rewrite(self, wait_s: float = 20.0) -> bool:
        """Copy what is left into a new file and put it in place of the old one, in which deleted rows leave their bytes.

        Writers wait meanwhile, readers only for the last moment. False, and the old file stays, where cursors are still
        lent wait_s seconds after the copying or the process has the file open twice. Raises OutputError where there is
        no room or no right.
        """
        with self._writing:
            part = copy_database(self._connection, self.path)
            with self._lending:
                self._draining = True
                try:
                    return self._swap(part, wait_s)
                finally:
                    self._draining = False
                    self._lending.notify_all()

    def _swap(self, part: Path, wait_s: float) -> bool:
        if not self._lending.wait_for(lambda: not self._lent, wait_s):
            remove(part)
            return False
        self._connection.close()
        try:
            return replace_database(part, self.path)
        finally:
            self._connection = open_database(self.path, create=False)

    def version(self) -> int:
        """How many writes the database has seen, jobs apart: it rises with every one, and belongs into cache keys."""
        with self.cursor() as cursor:
            row = first(cursor, "SELECT writes FROM meta")
        return int(row[0]) if row else 0

    def switch_on_exit_button(self, store: str, door: str, languages: Sequence[str]) -> str:
        """Give a door an exit button in these languages; the secret of its address, told here only. Revokes an earlier one.

        Raises DataError for no such store, and for languages that are none of `answers.LANGUAGES`.
        """
        with self._transaction() as cursor:
            return answers.switch_on(cursor, shops.known_store(cursor, store), door, languages)

    def switch_off_exit_button(self, store: str, door: str) -> None:
        """Revoke the address of a door's exit button; the answers stay. DataError for no such store."""
        with self._transaction() as cursor:
            answers.switch_off(cursor, shops.known_store(cursor, store), door)

    def speak_at_exit(self, store: str, door: str, languages: Sequence[str]) -> None:
        """Let a door's exit button ask in these languages, at its old address. DataError as `switch_on_exit_button`."""
        with self._transaction() as cursor:
            answers.speak(cursor, shops.known_store(cursor, store), door, languages)

    def exit_buttons(self, store: str) -> tuple[answers.Button, ...]:
        """The exit buttons of a store that are switched on, by door. DataError for no such store."""
        with self.cursor() as cursor:
            return answers.buttons(cursor, shops.known_store(cursor, store))

    def exit_button(self, secret: str) -> answers.Button | None:
        """The exit button at that secret address; None for a revoked or unknown one."""
        with self.cursor() as cursor:
            return answers.button_of(cursor, secret)

    def put_answer(self, button: answers.Button, key: UUID, at: datetime, value: int) -> bool:
        """Keep what a visitor said; False where the button has had one of that key. DataError for no such face.

        The version stays: no figure but those of `queries.answers` hangs on it.
        """
        with self._transaction(counted=False) as cursor:
            return answers.put_answer(cursor, button, key, at, value)

    def enrol_person(
        self, store: str, kind: people.PersonKind, name: str, consented_at: datetime, by: str, made: Mapping[str, FloatArray]
    ) -> str:
        """Keep that somebody agreed to be recognised in a store, with the templates made of pictures; the person's id.

        consented_at: aware, not to come; by: who records it; made: (d,) rows of length 1, by embedder. Raises DataError.
        """
        with self._transaction() as cursor:
            return people.enrol(cursor, shops.known_store(cursor, store), kind, name, consented_at, by, made)

    def renew_person(self, store: str, person_id: str, made: Mapping[str, FloatArray]) -> None:
        """Put new templates in the place of all that somebody of the store has. DataError."""
        with self._transaction() as cursor:
            people.renew(cursor, shops.known_store(cursor, store), person_id, made)

    def embedders_of(self, store: str) -> dict[str, tuple[str, ...]]:
        """By the id of each person enrolled in a store, of which embedders there are templates. DataError."""
        with self.cursor() as cursor:
            return people.embedders(cursor, shops.known_store(cursor, store))

    def templates_of(self, store: str, kind: people.PersonKind) -> list[dict[str, FloatArray]]:
        """The templates of each person of that kind who agrees, by embedder: for the gate of films, and for nobody to see."""
        with self.cursor() as cursor:
            return list(people.gallery(cursor, shops.find_store(cursor, store), kind).values())

    def gallery_of(self, store: str, kind: people.PersonKind) -> dict[str, dict[str, FloatArray]]:
        """As `templates_of`, by the person's id: for work that lasts, and that asks at its end who still agrees."""
        with self.cursor() as cursor:
            return people.gallery(cursor, shops.find_store(cursor, store), kind)

    def refuse_revoked(self, store: str, relied_on: Collection[str]) -> None:
        """DataError where somebody of these ids doesn't agree (any more) to be recognised in the store."""
        with self.cursor() as cursor:
            people.refuse_revoked(cursor, shops.known_store(cursor, store), relied_on)

    def staffed_stores(self) -> list[str]:
        """The names of the stores that have a staff gallery."""
        with self.cursor() as cursor:
            return people.staffed(cursor)

    @contextlib.contextmanager
    def quietly(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A writer's cursor for accounts, sessions and tokens (`store.accounts`); the version stays."""
        with self._transaction(counted=False) as cursor:
            yield cursor

    @contextlib.contextmanager
    def _transaction(self, *, counted: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
        """A writer's cursor; with counted=False the version stays, and what was cached by it stays good."""
        # the turn first, then the cursor: whoever waits for a turn must not keep `rewrite` from its own
        with self._writing, self.cursor() as cursor, self._whole(cursor, counted):
            yield cursor

    @contextlib.contextmanager
    def _committed(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """A transaction of a cursor that was lent before."""
        with self._writing, self._whole(cursor, counted=True):
            yield

    @contextlib.contextmanager
    def _whole(self, cursor: duckdb.DuckDBPyConnection, counted: bool) -> Iterator[None]:
        try:
            cursor.execute("BEGIN")
            yield
            if counted:
                cursor.execute("UPDATE meta SET writes = writes + 1")
            cursor.execute("COMMIT")
        except BaseException as error:  # whatever ends a writer, Ctrl-C too, must not leave its transaction open
            with contextlib.suppress(duckdb.Error):  # a failed commit has rolled back by itself
                cursor.execute("ROLLBACK")
            known = explain(error, self.path) if isinstance(error, duckdb.Error) else None
            if known is None:
                raise
            raise known from error
