"""The database against real files: what is written, what survives, and what is refused."""

import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from fer_core import queries
from fer_core.errors import DataError
from fer_core.store import Store
from fer_core.types import Appearance, Day
from tests.days import MORNING, count, empty_day, make_appearance, make_day, make_footage, make_visit, python, rows

TABLES = ("stores", "cameras", "footage", "appearances", "series", "visits")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop's data" / "moodgate.duckdb"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(path) as opened:
        yield opened


def content(store: Store) -> dict[str, list[tuple]]:
    """All that a repeated run must not change: every table, without the moment of its writing."""
    stamps = {"footage": "analysed_at", "series": "created_at", "visits": "created_at"}
    found = {}
    for table in TABLES:
        names = [row[0] for row in rows(store, f"DESCRIBE {table}") if row[0] != stamps.get(table)]
        found[table] = sorted(rows(store, f"SELECT {', '.join(names)} FROM {table}"), key=str)  # noqa: S608
    return found


# ---- what is written


def test_empty_store_and_empty_day(store: Store) -> None:
    assert store.version() == 0
    assert len(queries.visits(store)) == 0
    store.write_day(empty_day())
    assert {table: count(store, table) for table in TABLES} == {
        "stores": 1,
        "cameras": 2,
        "footage": 2,
        "appearances": 0,
        "series": 0,
        "visits": 0,
    }
    assert store.version() == 1


def test_round_trip(path: Path) -> None:
    day = make_day(start_at=MORNING)
    with Store.open(path) as store:
        store.write_day(day)
    with Store.open(path, create=False) as store:
        visit = queries.visits(store).iloc[0]
        seen = queries.appearances(store)
        assert count(store, "visits") == 3
    assert visit.store == "Main Street"
    assert (visit.entry_time_s, visit.exit_time_s) == (10.0, 15.0)
    assert (visit.entry_x, visit.entry_y, visit.exit_x, visit.exit_y) == (110.5, 200.25, 115.5, 200.25)
    assert visit.entered_at == MORNING + timedelta(seconds=10)
    assert visit.exited_at == MORNING + timedelta(minutes=15, seconds=15)
    assert visit.dwell_s == 905.0
    assert (visit.entry_expression, visit.exit_expression) == ("happy", "happy")
    assert (visit.entry_valence, visit.exit_valence, visit.change, visit.change_se) == (-0.1, 0.4, 0.5, 0.1)
    assert (visit.camera_offset, visit.review, visit.match_probability, visit.runner_up) == (0.0, "positive", 0.9, 0.05)
    assert (visit.entry_film, visit.exit_film) == ("entry.mp4", "exit.mp4")
    assert (visit.detector, visit.embedder, visit.emotion) == ("toy-detector", "toy-embedder", "toy-emotion")
    assert sorted(seen.status) == ["matched"] * 6 + ["unmatched"] * 2 + ["unusable"] * 2
    assert set(visit[["entry_appearance_id", "exit_appearance_id"]]) <= set(seen.appearance_id)
    first = seen[seen.appearance_id == visit.entry_appearance_id].iloc[0]
    probabilities = [first[f"p_{name}"] for name in ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")]
    np.testing.assert_allclose(probabilities, day.entries[0].mean, atol=1e-6)
    assert first.seen_at == MORNING + timedelta(seconds=10)


def test_unusable_appearances_have_no_expression(store: Store) -> None:
    store.write_day(make_day(visits=0, unmatched=0))
    assert rows(store, "SELECT DISTINCT status, expression, p_happy FROM appearances") == [("unusable", None, None)]


def test_series_come_back(store: Store) -> None:
    day = make_day(visits=1)
    store.write_day(day)
    visit = queries.visits(store).iloc[0]
    found = queries.series(store, visit.entry_appearance_id)
    np.testing.assert_allclose(found.time_s, day.entries[0].times_s, atol=1e-4)
    np.testing.assert_allclose(found.weight, day.entries[0].weight)
    np.testing.assert_allclose(found.iloc[:, 2:], day.entries[0].series, atol=5e-4)  # float16: 11 bits
    assert len(queries.series(store, visit.visit_id)) == 0


def test_nan_becomes_null(store: Store) -> None:
    day = make_day(visits=1)
    store.write_day(replace(day, visits=(replace(day.visits[0], change_se=float("nan"), runner_up=float("inf")),)))
    assert rows(store, "SELECT change_se, runner_up FROM visits") == [(None, None)]


def test_names_of_all_kinds(store: Store) -> None:
    name = "O'Brien's \"Café\"; DROP TABLE visits; -- 東京 🙂"
    entry = make_footage("Eingang 'Süd' \udcff.mp4", "entry", door='the "big" one')
    store.write_day(make_day(name, entry=entry))
    visit = queries.visits(store, queries.Filter(stores=(name,))).iloc[0]
    assert visit.store == name
    assert visit.entry_film == "Eingang 'Süd' ?.mp4"
    assert visit.entry_door == 'the "big" one'


def test_templates_and_paths_never_enter_the_file(path: Path) -> None:
    entry = make_footage("entry.mp4", "entry", warnings=("/somewhere/private/entry.mp4 ends early.",))
    day = make_day(visits=3, entry=entry)
    with Store.open(path) as store:
        store.write_day(day)
        logged = b"".join(file.read_bytes() for file in path.parent.iterdir())
        assert rows(store, "SELECT warnings FROM footage WHERE role = 'entry'") == [(["entry.mp4 ends early."],)]
        agreed = rows(store, "SELECT count(*) FROM templates")
        kinds = rows(store, "SELECT table_name || '.' || column_name, data_type FROM duckdb_columns() WHERE NOT internal")
    written = logged + path.read_bytes()
    assert b"entry.mp4 ends early." in written  # the search itself would find something
    assert b"/somewhere/private" not in written
    templates = [seen.template for seen in (*day.entries, *day.exits) if seen.template is not None]
    blobs = [template.astype(dtype).tobytes() for template in templates for dtype in ("<f4", "<f8", "<f2")]
    assert not any(blob[start : start + 16] in written for blob in blobs for start in (0, 64, len(blob) - 16))
    # compressed lists of numbers would escape the search: no other column could hold a template but that of people who agreed
    assert agreed == [(0,)]
    assert {name for name, kind in kinds if kind == "BLOB" or "[" in kind} == {
        "footage.warnings",
        "series.times_s",
        "series.weights",
        "series.probabilities",
        "categories.valence",
        "accounts.stores",
        "notices.languages",
        "notices.cameras",
        "templates.template",
    }


def test_version_rises_with_every_write(store: Store) -> None:
    versions = [store.version()]
    for write in (lambda: store.write_day(make_day()), lambda: store.put_store("Main Street", is_sample=True)):
        write()
        versions.append(store.version())
    assert versions == [0, 1, 2]


# ---- the same films again


def test_twice_the_same_day(store: Store) -> None:
    store.write_day(make_day(start_at=MORNING))
    once = content(store)
    store.write_day(make_day(start_at=MORNING))
    assert content(store) == once
    assert all(once[table] for table in TABLES)


def test_fewer_visits_replace_more(store: Store) -> None:
    store.write_day(make_day(visits=5))
    store.write_day(make_day(visits=2))
    assert count(store, "visits") == 2
    assert count(store, "series") == 6
    assert count(store, "appearances") == 8


def test_a_renamed_film_is_the_same_film(store: Store) -> None:
    store.write_day(make_day(entry=make_footage("a.mp4", content="bytes")))
    store.write_day(make_day(entry=make_footage("b.mp4", content="bytes")))
    assert set(queries.visits(store).entry_film) == {"b.mp4"}
    assert count(store, "visits") == 3


def test_partial_overlap(store: Store) -> None:
    store.write_day(make_day(visits=3))
    other = make_footage("later.mp4", "exit")
    store.write_day(make_day(visits=2, exit=other))
    found = queries.visits(store)
    assert set(found.exit_film) == {"later.mp4"}
    assert len(found) == 2
    left = queries.appearances(store)
    left = left[left.film == "exit.mp4"]
    assert sorted(left.status) == ["unmatched"] * 4 + ["unusable"]
    assert count(store, "footage") == 3


def test_other_films_and_other_stores_stay(store: Store) -> None:
    store.write_day(make_day("North"))
    store.write_day(make_day("South"))
    next_day = {"entry": make_footage("2.mp4"), "exit": make_footage("2x.mp4", "exit")}
    store.write_day(make_day("North", visits=1, **next_day))
    assert dict(queries.visits(store).groupby("store").size()) == {"North": 4, "South": 3}
    assert count(store, "cameras") == 4


def test_one_film_given_twice_keeps_its_rows_apart(store: Store) -> None:
    day = make_day(visits=1, unmatched=0)
    twin = make_footage("copy.mp4", content="entry.mp4")
    both = replace(
        day,
        entry_films=(*day.entry_films, twin),
        entries=(*day.entries, replace(day.entries[0], film=1)),
        entry_status=(*day.entry_status, "unmatched"),
    )
    for _ in range(2):
        store.write_day(both)
        assert count(store, "footage") == 3
        assert count(store, "appearances") == 5


def test_several_doors(store: Store) -> None:
    films = (make_footage("n.mp4", door="north"), make_footage("s.mp4", door="south"))
    entries = (make_appearance("entry", 10.0), make_appearance("entry", 10.0, film=1))
    exits = (make_appearance("exit", 30.0),)
    out = (make_footage("out.mp4", "exit"),)
    visit = make_visit(entries[1], exits[0])
    store.write_day(Day("Main", films, out, entries, exits, ("unmatched", "matched"), ("matched",), (visit,), "d", "e", "m"))
    assert rows(store, "SELECT entry_film, entry_door, exit_door FROM visits") == [("s.mp4", "south", "")]
    assert rows(store, "SELECT name FROM cameras ORDER BY name") == [("entry north",), ("entry south",), ("exit",)]


def test_appearances_are_found_by_identity(store: Store) -> None:
    twins: tuple[Appearance, Appearance] = (make_appearance(), make_appearance())
    day = make_day(visits=0, unmatched=0)
    store.write_day(replace(day, entries=twins, entry_status=("unmatched", "unmatched")))
    assert rows(store, "SELECT count(DISTINCT appearance_id) FROM appearances WHERE role = 'entry'") == [(2,)]


# ---- time


def test_times_are_utc_whatever_zone_they_come_in(store: Store) -> None:
    tokyo = timezone(timedelta(hours=9))
    store.write_day(make_day("A", visits=1, start_at=MORNING.astimezone(tokyo)))
    store.write_day(make_day("B", visits=1, start_at=MORNING.replace(tzinfo=None)))
    found = queries.visits(store)
    assert list(found.entered_at) == [pd.Timestamp(MORNING + timedelta(seconds=10))] * 2
    assert rows(store, "SELECT count(DISTINCT entered_at::VARCHAR), min(entered_at::VARCHAR) FROM visits") == [
        (1, "2026-03-14 09:00:10+00")
    ]


def test_no_start_times_no_times_of_day(store: Store) -> None:
    store.write_day(make_day(visits=1))
    assert rows(store, "SELECT entered_at, exited_at, dwell_s, local_at FROM visits") == [(None,) * 4]
    assert queries.visits(store).entered_at.isna().all()


def test_local_time_follows_the_stores_zone(store: Store) -> None:
    store.put_store("Main Street", time_zone="Europe/Vienna")
    summer = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    store.write_day(make_day(visits=1, start_at=summer))
    local = "SELECT local_at FROM visits UNION SELECT local_at FROM appearances WHERE best_s = 10"
    assert rows(store, local) == [(datetime(2026, 7, 2, 0, 30, 10),)]
    store.put_store("Main Street", time_zone="America/New_York")
    assert rows(store, local) == [(datetime(2026, 7, 1, 18, 30, 10),)]


def test_unknown_zone(store: Store) -> None:
    with pytest.raises(DataError, match="Mars/Olympus"):
        store.put_store("Main Street", time_zone="Mars/Olympus")
    assert count(store, "stores") == 0


# ---- interrupted


def test_failure_inside_the_transaction_changes_nothing(store: Store) -> None:
    store.write_day(make_day())
    before = content(store)
    day = make_day(visits=5)
    with pytest.raises(duckdb.ConstraintException):
        store.write_day(replace(day, visits=(*day.visits[:-1], replace(day.visits[-1], review=None))))  # type: ignore[arg-type]
    stranger = replace(day.visits[0], entry=make_appearance())
    with pytest.raises(ValueError, match="appearances of its day"):
        store.write_day(replace(day, visits=(*day.visits, stranger)))
    assert content(store) == before
    assert store.version() == 1
    store.write_day(day)
    assert count(store, "visits") == 5


KILLED = """
import os, signal
from dataclasses import replace
from pathlib import Path
from tests.days import make_day
from fer_core.store import Store

class Deadly(tuple):
    def __iter__(self):
        yield from list(super().__iter__())
        os.kill(os.getpid(), signal.SIGKILL)

store = Store.open(Path(sys.argv[1]))
store.write_day(make_day(visits=3))
print("written", flush=True)
day = make_day(visits=40, samples=400)
store.write_day(replace(day, visits=Deadly(day.visits)))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs SIGKILL")
def test_killed_while_writing(path: Path) -> None:
    done = subprocess.run(python(KILLED, path), capture_output=True, text=True, timeout=60)  # noqa: S603
    assert (done.stdout, done.returncode) == ("written\n", -9), done.stderr
    with Store.open(path) as store:
        assert store.version() == 1
        assert count(store, "visits") == 3
        assert count(store, "appearances") == 10
        store.write_day(make_day(visits=2))
        assert count(store, "visits") == 2


NO_ROOM = """
import resource
from pathlib import Path
from tests.days import make_day
from fer_core import queries
from fer_core.errors import OutputError
from fer_core.store import Store

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

path = Path(sys.argv[1])
limit(0)
try:
    Store.open(path)
except OutputError as error:
    print(error, list(path.parent.iterdir()))
limit(resource.RLIM_INFINITY)
with Store.open(path) as store:
    store.write_day(make_day(visits=3))
with Store.open(path) as store:
    limit(1_000_000)
    try:
        store.write_day(make_day(visits=20, samples=20_000))
    except OutputError as error:
        print(error)
    print(store.version(), len(queries.visits(store)))
    store.write_day(make_day(visits=2))
    print(store.version(), len(queries.visits(store)))
    limit(10)
    try:
        queries.export(store, "visits", path.with_suffix(".csv"))
    except OutputError as error:
        print(error, [file.name for file in path.parent.iterdir() if file.suffix in (".part", ".csv")])
    limit(resource.RLIM_INFINITY)
"""


def test_no_room(path: Path) -> None:
    pytest.importorskip("resource")
    done = subprocess.run(python(NO_ROOM, path), capture_output=True, text=True, timeout=60)  # noqa: S603
    assert done.returncode == 0, done.stderr
    opened, written, after, again, exported = done.stdout.splitlines()
    assert opened == f"{path}: can't be written (the file may not grow any larger) []"
    assert written == f"{path}: can't be written (the file may not grow any larger)"
    assert (after, again) == ("1 3", "2 2")
    assert exported == f"{path.with_suffix('.csv')}: can't be written (File too large) []"


# ---- several readers, one writer


def test_threads_read_while_one_writes(store: Store) -> None:
    store.write_day(make_day(visits=3))
    done, seen, failed = threading.Event(), set(), []

    def read() -> None:
        while not done.is_set():
            try:
                found = queries.visits(store)
                seen.add((len(found), found.created_at.nunique()))
                store.version()
            except Exception as error:
                failed.append(error)
                return

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for visits in (7, 3) * 4:
        store.write_day(make_day(visits=visits))
    done.set()
    for reader in readers:
        reader.join()
    assert not failed
    assert seen <= {(3, 1), (7, 1)}
    assert seen


def test_threads_write_in_turn(store: Store) -> None:
    writers = [threading.Thread(target=store.write_day, args=(make_day(f"store {i}"),)) for i in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert store.version() == 3
    assert count(store, "visits") == 9


def test_opened_twice_in_one_process(store: Store, path: Path) -> None:
    with Store.open(path) as second:
        second.write_day(make_day())
    assert store.version() == 1


def test_close_twice(path: Path) -> None:
    store = Store.open(path)
    store.close()
    store.close()
    assert [file.name for file in path.parent.iterdir()] == [path.name]
