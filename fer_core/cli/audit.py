"""`audit`: whether the audit log is whole, and its newest rows. Nothing is written, so it may be asked of a copy."""

import argparse
import contextlib
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fer_core import queries
from fer_core.cli import common
from fer_core.errors import DataError, InputError
from fer_core.queries import AuditFilter
from fer_core.store import audit
from fer_core.store.opening import connect
from fer_core.store.schema import check_version, found_version

_FIRST_VERSION = 3


@dataclass(frozen=True)
class _Copy:
    """A database that is only looked at: neither brought to today's version nor told of deletions."""

    path: Path
    connection: duckdb.DuckDBPyConnection

    @contextlib.contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of the caller's own."""
        with self.connection.cursor() as cursor:
            yield cursor


def run(arguments: argparse.Namespace) -> None:
    """Verify or list; InputError (exit 2) for a log that is broken."""
    path = arguments.db or common.data_folder() / "moodgate.duckdb"
    if not os.path.isfile(path):  # unlike Path.is_file, False for names that can't be
        raise InputError(f"{path}: no such database")
    with contextlib.closing(connect(path, read_only=True)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        _check(connection, path)
        copy = _Copy(path, connection)
        _verify(copy, arguments) if arguments.action == "verify" else _list(copy, arguments)


def _check(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    version = found_version(connection, str(path))
    check_version(version, str(path))
    if version < _FIRST_VERSION:
        raise DataError(f"{path}: has no audit log yet; the app makes one when it opens the database")


def _verify(copy: _Copy, arguments: argparse.Namespace) -> None:
    found = audit.verify(copy)
    if arguments.json:
        common.print_json({"ok": found.ok, **asdict(found)})
    else:
        said = [found.sentence] if found.ok else [f"- {sentence}" for sentence in found.broken]
        for line in (*said, *found.notes, f"Last hash: {found.hash}"):
            Console(highlight=False).print(line, markup=False, soft_wrap=True)
    if not found.ok:
        raise InputError(f"{copy.path}: {found.sentence}")


def _list(copy: _Copy, arguments: argparse.Namespace) -> None:
    frame = queries.audit_page(copy, AuditFilter(), limit=arguments.most)
    rows = [row | {"at": row["at"].isoformat()} for row in frame.to_dict("records")]
    if arguments.json:
        common.print_json(rows)
        return
    table = Table(header_style="bold")
    for name in ("seq", "at", "actor", "action", "store", "subject", "detail"):
        table.add_column(name, overflow="fold", justify="right" if name == "seq" else "left")
    for row in rows:
        shown = (row["seq"], row["at"][:19], row["actor"], row["action"], row["store"], row["subject"], row["detail"])
        table.add_row(*(escape(str(cell)) for cell in shown))
    Console().print(table)
