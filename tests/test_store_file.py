"""The database's file: what is refused and left alone, who holds it, and how an old one becomes a new one."""

import hashlib
import sqlite3
import subprocess
from pathlib import Path

import duckdb
import numpy as np
import pytest

from fer_core import queries
from fer_core.errors import NotAStoreError, OutputError, StoreLockedError, StoreVersionError
from fer_core.store import Store
from fer_core.store.opening import explain
from fer_core.store.schema import MIGRATIONS, found_version, migrate
from tests.days import MORNING, count, make_day, python, rows


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop's data" / "moodgate.duckdb"


HOLDER = """
from pathlib import Path
from fer_core.store import Store
with Store.open(Path(sys.argv[1])):
    print("open", flush=True)
    sys.stdin.read()
"""


def test_locked_by_another_process(path: Path) -> None:
    with subprocess.Popen(python(HOLDER, path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:  # noqa: S603
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(StoreLockedError) as caught:
            Store.open(path)
        holder.communicate("")
    assert str(path) in str(caught.value)
    assert f"PID {holder.pid}" in str(caught.value)
    with Store.open(path) as store:
        assert store.version() == 0


# ---- what is refused


def sqlite_file(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE visits (a)")
    connection.commit()
    connection.close()


def foreign_duckdb(path: Path, sql: str = "CREATE TABLE visits (a INTEGER)") -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(sql)


def foreign_meta(path: Path) -> None:
    foreign_duckdb(path, "CREATE TABLE meta (application VARCHAR, version INTEGER); INSERT INTO meta VALUES ('other', 1)")


def damaged(path: Path) -> None:
    foreign_duckdb(path, "CREATE TABLE a AS SELECT range AS i FROM range(100000)")
    path.write_bytes(path.read_bytes()[:9000])


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b"D"),
        lambda path: path.write_text("visit_id,store\n" * 2000),
        lambda path: path.write_bytes(np.random.default_rng(1).bytes(50_000)),
        sqlite_file,
        foreign_duckdb,
        foreign_meta,
        damaged,
    ],
)
def test_not_a_store(tmp_path: Path, make) -> None:
    path = tmp_path / "thing.db"
    make(path)
    before = path.read_bytes()
    with pytest.raises(NotAStoreError, match=r"thing\.db"):
        Store.open(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_foreign_database_with_unfinished_business_is_left_alone(tmp_path: Path) -> None:
    code = "import os, duckdb\nc = duckdb.connect(sys.argv[1])\nc.execute('CREATE TABLE a (i INTEGER)'); os._exit(0)"
    subprocess.run(python(code, tmp_path / "foreign.db"), check=True, timeout=60)  # noqa: S603
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert set(before) == {"foreign.db", "foreign.db.wal"}
    with pytest.raises(NotAStoreError):
        Store.open(tmp_path / "foreign.db")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_missing_file_with_create_false(path: Path) -> None:
    with pytest.raises(NotAStoreError, match="no such database"):
        Store.open(path, create=False)
    assert not path.parent.exists()


def test_empty_file_and_empty_database_become_stores(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    foreign_duckdb(tmp_path / "bare", "SELECT 1")
    for path in (tmp_path / "empty", tmp_path / "bare"):
        with Store.open(path) as store:
            store.write_day(make_day())
            assert count(store, "visits") == 3


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(NotAStoreError, match="folder"):
        Store.open(tmp_path)


def test_no_folder_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="file"):
        Store.open(tmp_path / "file" / "moodgate.duckdb")
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Constraint Error: duplicate key", None),
        (
            'IO Error: Cannot open file "/x": The process cannot access the file, it is being used by another process.',
            StoreLockedError,
        ),
        (
            "Trying to read a database file with version number 99, but we can only read versions between 64 and 69.",
            StoreVersionError,
        ),
        ('TransactionContext Error: Failed to commit: Could not write file "/x.wal": No space left on device', OutputError),
        ('IO Error: Cannot open file "/x.wal": Permission denied', OutputError),
    ],
)
def test_what_a_user_can_mend(text: str, kind: type[Exception] | None) -> None:
    found = explain(duckdb.Error(text), Path("/x"))
    assert (found and type(found)) == kind


# ---- versions


def version_1(path: Path) -> None:
    """A database as the first version made it, with a day in it."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(MIGRATIONS[0][1])
        connection.execute("UPDATE meta SET version = 1")
        connection.execute("INSERT INTO stores (store_id, name) VALUES (uuid(), 'Old Street')")


def test_released_versions_are_frozen() -> None:
    """Whoever changes a released migration breaks databases: add one below instead."""
    frozen = [hashlib.sha256(sql.encode()).hexdigest()[:16] for _, sql in MIGRATIONS]
    assert frozen == [
        "d5140a5360e0e58d", "52d9210cbc441bdf", "21cbe321d9681c70", "da7fe072d03a8e85", "ecd633a9993ea77d",
        "fa7a1137da2de6f8",
    ]  # fmt: skip
    numbers = [number for number, _ in MIGRATIONS]
    assert numbers == list(range(1, len(numbers) + 1))


def test_version_1_opens_today(path: Path) -> None:
    path.parent.mkdir()
    version_1(path)
    with Store.open(path) as store:
        assert list(queries.stores(store).store) == ["Old Street"]
        store.write_day(make_day("Old Street"))
        assert count(store, "visits") == 3
        assert rows(store, "SELECT version FROM meta") == [(MIGRATIONS[-1][0],)]


def as_version_1(source: Path, path: Path) -> None:
    """What the store in `source` holds, in a database of version 1: its tables have today's columns less the later ones."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(MIGRATIONS[0][1])
        connection.execute(f"ATTACH '{str(source).replace(chr(39), chr(39) * 2)}' AS today (READ_ONLY)")
        for (table,) in connection.execute("SELECT table_name FROM duckdb_tables() WHERE database_name != 'today'").fetchall():
            columns = ", ".join(row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall())
            connection.execute(f"DELETE FROM {table}; INSERT INTO {table} SELECT {columns} FROM today.{table}")  # noqa: S608
        connection.execute("UPDATE meta SET version = 1")


def test_everything_of_version_1_is_kept_and_the_new_columns_are_filled(tmp_path: Path) -> None:
    with Store.open(tmp_path / "today.duckdb") as store:
        store.put_store("Sample", is_sample=True)
        for name in ("Sample", "O'Brien's"):
            store.write_day(make_day(name, start_at=MORNING))
    as_version_1(tmp_path / "today.duckdb", tmp_path / "old.duckdb")
    kept = ("stores", "cameras", "footage", "appearances", "series", "visits")
    with duckdb.connect(str(tmp_path / "old.duckdb")) as connection:
        before = {table: connection.execute(f"FROM {table} ORDER BY ALL").fetchall() for table in kept}
        assert "quality" not in [row[0] for row in connection.execute("DESCRIBE visits").fetchall()]
    with Store.open(tmp_path / "old.duckdb") as store:
        for table, old in before.items():
            assert [row[: len(old[0])] for row in rows(store, f"FROM {table} ORDER BY ALL")] == old
        asked = (
            "SELECT DISTINCT store, is_sample, quality, voided, corrected_review, categories, categories_version FROM visits"
        )
        rest = (0.8, False, None, "standard", 1)
        assert sorted(rows(store, asked)) == [("O'Brien's", False, *rest), ("Sample", True, *rest)]
        assert rows(store, "SELECT DISTINCT opening_hours, retention_days, offset_enabled FROM stores") == [(None, None, True)]
        store.void_visit(rows(store, "SELECT visit_id::VARCHAR FROM visits")[0][0], "works like a new one")
        store.write_day(make_day("Sample", start_at=MORNING))
        assert count(store, "visits") == 6


LATER = (
    *MIGRATIONS,
    (len(MIGRATIONS) + 1, "ALTER TABLE visits ADD COLUMN note VARCHAR DEFAULT 'none'; CREATE TABLE later_on (a INTEGER);"),
)


def test_a_later_migration_keeps_what_was_there(path: Path) -> None:
    with Store.open(path) as store:
        store.write_day(make_day())
    with duckdb.connect(str(path)) as connection:
        migrate(connection, "x", LATER)
        assert found_version(connection, "x") == LATER[-1][0]
        assert connection.execute("SELECT DISTINCT note FROM visits").fetchall() == [("none",)]
        migrate(connection, "x", LATER)
    with pytest.raises(StoreVersionError, match="newer version"):
        Store.open(path)


def test_a_failing_migration_changes_nothing(path: Path) -> None:
    with Store.open(path) as store:
        store.write_day(make_day())
    broken = (*LATER, (LATER[-1][0] + 1, "CREATE TABLE more (a INTEGER); SELECT * FROM nowhere;"))
    with duckdb.connect(str(path)) as connection, pytest.raises(duckdb.CatalogException):
        migrate(connection, "x", broken)
    with Store.open(path) as store:
        assert count(store, "visits") == 3
        assert rows(store, "SELECT count(*) FROM duckdb_tables() WHERE table_name IN ('later_on', 'more')") == [(0,)]
