"""Stores and cameras as people change them: settings, names, retention, deletion; and the jobs beside them."""

import json
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pytest

from fer_core.errors import DataError
from fer_core.review import Categories
from fer_core.store import Store
from tests.days import MORNING, count, make_day, make_footage, python, rows

OWN = ("visits", "appearances", "series", "footage", "cameras", "camera_offsets", "corrections", "jobs", "stores")
HOSTILE = "O'Brien's \"Café\" <b>*x*</b>; DROP TABLE visits; --"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "moodgate.duckdb") as opened:
        yield opened


def job(store_name: str, **more: Any) -> dict[str, Any]:
    now = datetime(2026, 3, 14, tzinfo=UTC)
    usual = {"kind": "review", "title": "A day", "state": "done", "payload": {"store": store_name}, "created_at": now}
    return {"job_id": str(uuid4()), "store": store_name, **usual, **more}


def counts(store: Store) -> dict[str, int]:
    return {table: count(store, table) for table in OWN}


def day_of(name: str, start_at: datetime | None, tag: str, **more: Any):
    """A day whose films nobody else has; the exit film starts a quarter of an hour later."""
    later = start_at + timedelta(minutes=15) if start_at else None
    entry = make_footage(f"{tag}.mp4", start_at=start_at)
    return make_day(name, entry=entry, exit=make_footage(f"{tag} out.mp4", "exit", start_at=later), **more)


# ---- stores


def test_what_is_given_is_changed_and_the_rest_stays(store: Store) -> None:
    store.put_store("A")
    asked = "SELECT time_zone, is_sample, opening_hours, retention_days, categories, offset_enabled FROM stores"
    assert rows(store, asked) == [("UTC", False, None, None, None, True)]
    hours = {"sat": ["10:00", "14:00"], "mon": ("09:00", "24:00")}
    store.put_store("A", time_zone="Europe/Vienna", opening_hours=hours, retention_days=30, offset_enabled=False)
    written = json.dumps({"mon": ["09:00", "24:00"], "sat": ["10:00", "14:00"]})
    store.put_store("A", is_sample=True)
    assert rows(store, asked) == [("Europe/Vienna", True, written, 30, None, False)]
    store.put_store("A", opening_hours={}, retention_days=0)
    assert rows(store, asked) == [("Europe/Vienna", True, None, None, None, False)]


@pytest.mark.parametrize(
    ("more", "cause"),
    [
        ({"name": "  "}, "needs a name"),
        ({"name": "x" * 201}, "200 characters"),
        ({"name": "a\nb"}, "one line"),
        ({"time_zone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"opening_hours": {"monday": ["09:00", "10:00"]}}, "no day of the week"),
        ({"opening_hours": {"mon": ["9", "10:00"]}}, "mon: opening hours are two times"),
        ({"opening_hours": {"mon": ["09:00"]}}, "two times"),
        ({"opening_hours": {"mon": ["18:00", "09:00"]}}, "closes at 09:00"),
        ({"retention_days": -1}, "1 to 36,500 days"),
        ({"retention_days": 40_000}, "not for 40000"),
    ],
)
def test_unfit_settings_change_nothing(store: Store, more: dict[str, Any], cause: str) -> None:
    with pytest.raises(DataError, match=cause):
        store.put_store(**({"name": "A"} | more))
    assert (count(store, "stores"), store.version()) == (0, 0)


def test_visits_know_whether_their_store_is_a_sample(store: Store) -> None:
    store.write_day(make_day("A"))
    sample = "SELECT DISTINCT is_sample FROM visits"
    assert rows(store, sample) == [(False,)]
    store.put_store("A", is_sample=True)
    assert rows(store, sample) == [(True,)]
    store.write_day(make_day("A"))
    assert rows(store, sample) == [(True,)]


def test_rename_reaches_every_table_and_ids_stay(store: Store) -> None:
    store.write_day(make_day("A"))
    store.put_job(job("A"))
    ids = rows(store, "SELECT visit_id FROM visits ORDER BY ALL")
    store.rename_store("A", HOSTILE)
    assert rows(store, "SELECT DISTINCT store FROM visits") == [(HOSTILE,)]
    assert rows(store, "SELECT store, payload->>'store' FROM jobs") == [(HOSTILE, HOSTILE)]
    store.write_day(make_day(HOSTILE))
    assert rows(store, "SELECT visit_id FROM visits ORDER BY ALL") == ids
    store.write_day(make_day("A"))  # a new store of the old name is another store
    assert count(store, "visits") == 6
    assert rows(store, "SELECT count(DISTINCT store_id) FROM visits") == [(2,)]


def test_rename_refuses(store: Store) -> None:
    for name in ("A", "B"):
        store.put_store(name)
    with pytest.raises(DataError, match="no store 'C'"):
        store.rename_store("C", "D")
    with pytest.raises(DataError, match="a store 'B' already"):
        store.rename_store("A", "B")
    with pytest.raises(DataError, match="needs a name"):
        store.rename_store("A", " ")
    store.rename_store("A", "A")
    for state in ("queued", "running"):
        store.put_job(job("A", state=state))
        with pytest.raises(DataError, match="waiting or running"):
            store.rename_store("A", "C")
    assert rows(store, "SELECT name FROM stores ORDER BY name") == [("A",), ("B",)]


def test_delete_takes_everything_of_one_store_and_nothing_of_others(store: Store) -> None:
    store.write_day(make_day("B"))
    store.put_job(job("B"))
    before = counts(store)
    store.write_day(make_day(HOSTILE, start_at=MORNING))
    store.set_calibrated_offset(HOSTILE, "", "", 0.1, 0.02)
    store.put_job(job(HOSTILE))
    visit_id = rows(store, "SELECT visit_id FROM visits WHERE is_sample = false AND store != 'B'")[0][0]
    store.void_visit(str(visit_id), "a test")
    store.delete_store(HOSTILE)
    assert counts(store) == before
    with pytest.raises(DataError, match="no store"):
        store.delete_store(HOSTILE)
    store.put_job(job("B", state="running"))
    with pytest.raises(DataError, match="can't be deleted"):
        store.delete_store("B")


# ---- cameras


def test_cameras(store: Store) -> None:
    asked = "SELECT name, role, door, zones FROM cameras ORDER BY role"
    zone = [[0, 0], [0.5, 0], [0.5, 1]]
    store.put_camera("A", "entry", "north", zones=[zone])
    assert rows(store, asked) == [("entry north", "entry", "north", "[[[0.0, 0.0], [0.5, 0.0], [0.5, 1.0]]]")]
    assert store.zones_for("A", "entry", "north") == (((0.0, 0.0), (0.5, 0.0), (0.5, 1.0)),)
    assert store.zones_for("A", "exit", "north") == store.zones_for("B", "entry", "north") == ()
    store.put_camera("A", "entry", "north", name="<Big> door")
    entry = make_footage(door="north")
    store.write_day(make_day("A", entry=entry))  # what was set of a camera outlives its films
    assert rows(store, asked)[0] == ("<Big> door", "entry", "north", "[[[0.0, 0.0], [0.5, 0.0], [0.5, 1.0]]]")
    store.put_camera("A", "entry", "north", name=" ", zones=[])
    assert rows(store, asked)[0] == ("entry north", "entry", "north", None)


@pytest.mark.parametrize(
    ("role", "zones", "cause"),
    [
        ("window", None, "entry, exit, floor"),
        ("entry", [[[0, 0], [1, 1]]], "three corners"),
        ("entry", [[[0, 0], [1, 1], [2, 0]]], "from 0 to 1"),
        ("entry", [[[0, 0], [1, 1], [0]]], "pairs"),
    ],
)
def test_unfit_cameras(store: Store, role: Any, zones: Any, cause: str) -> None:
    with pytest.raises(DataError, match=cause):
        store.put_camera("A", role, "", zones=zones)
    assert count(store, "stores") == count(store, "cameras") == 0


# ---- retention


def test_nothing_goes_without_retention(store: Store) -> None:
    store.write_day(make_day("A", start_at=MORNING))
    version = store.version()
    assert set(store.purge(MORNING + timedelta(days=10_000)).values()) == {0}
    assert (count(store, "visits"), store.version()) == (3, version)


def test_old_days_go_with_all_that_hangs_on_them(store: Store) -> None:
    store.put_store("A", time_zone="America/New_York", retention_days=30)
    store.write_day(day_of("A", MORNING, "old"))
    store.write_day(day_of("B", MORNING, "others"))
    old = rows(store, "SELECT visit_id::VARCHAR FROM visits WHERE store = 'A'")[0][0]
    store.void_visit(old, "a test")
    store.put_job(job("A", finished_at=MORNING))
    store.write_day(day_of("A", MORNING + timedelta(days=20), "new"))
    assert set(store.purge(MORNING + timedelta(days=29)).values()) == {0}
    gone = store.purge(MORNING + timedelta(days=31))
    assert gone == {
        "visits": 3, "series": 8, "appearances": 10, "footage": 2, "corrections": 1, "jobs": 1, "answers": 0, "tallies": 0,
        "evidence": 0, "alerts": 0,
    }  # fmt: skip
    assert rows(store, "SELECT DISTINCT store, entry_film FROM visits ORDER BY ALL") == [("A", "new.mp4"), ("B", "others.mp4")]
    assert rows(store, "SELECT count(*) FROM series WHERE appearance_id NOT IN (SELECT appearance_id FROM appearances)") == [
        (0,)
    ]
    assert count(store, "appearances") == 20


def test_a_visit_at_the_edge_keeps_or_loses_both_its_appearances(store: Store) -> None:
    store.put_store("A", retention_days=1)
    store.write_day(day_of("A", MORNING, "edge", visits=3, unmatched=0))
    # the entrances at 10 s and 30 s are too old; their exits, a quarter of an hour later, are not
    gone = store.purge(MORNING + timedelta(days=1, seconds=40))
    assert (gone["visits"], gone["footage"]) == (2, 0)
    left = rows(store, "SELECT status, role, best_s FROM appearances WHERE status = 'matched' ORDER BY role")
    assert left == [("matched", "entry", 50.0), ("matched", "exit", 55.0)]


def test_days_without_times_go_by_their_writing(store: Store) -> None:
    store.put_store("A", retention_days=2)
    store.write_day(make_day("A"))
    assert store.purge(datetime.now(UTC) + timedelta(days=1))["visits"] == 0
    assert store.purge(datetime.now(UTC) + timedelta(days=3)) == {
        "visits": 3, "series": 8, "appearances": 10, "footage": 2, "corrections": 0, "jobs": 0, "answers": 0, "tallies": 0,
        "evidence": 0, "alerts": 0,
    }  # fmt: skip


# ---- settings and jobs


def test_settings(store: Store) -> None:
    store.put_setting("ice_servers", [{"urls": "stun:x"}])
    store.put_setting("ice_servers", {"none": None, "é": 1.5})
    assert [json.loads(value) for (value,) in rows(store, "SELECT value FROM settings")] == [{"none": None, "é": 1.5}]


def test_jobs(store: Store) -> None:
    one = job("A", state="queued", payload={"store": "A", "keep": [1, "é"]})
    store.put_job(one)
    store.put_job(job("A"))
    store.update_job(one["job_id"], state="done", result={"visits": 3}, finished_at=MORNING, error=None)
    asked = f"SELECT state, payload, result, finished_at = '{MORNING}' FROM jobs WHERE job_id = '{one['job_id']}'"  # noqa: S608
    state, payload, result, ended = rows(store, asked)[0]
    assert (state, json.loads(payload), json.loads(result), ended) == ("done", one["payload"], {"visits": 3}, True)
    store.put_job(one)
    assert count(store, "jobs") == 2
    assert store.version() == 0  # figures don't hang on jobs: what was cached stays good
    store.update_job(one["job_id"])
    with pytest.raises(DataError, match="no job"):
        store.update_job(str(uuid4()), state="done")
    with pytest.raises(ValueError, match="no column colour"):
        store.update_job(one["job_id"], colour="red")


# ---- categories


def test_versions_of_categories_are_kept(store: Store) -> None:
    own = Categories("moods", 9, ("bad", "bad", "bad", "good", "bad", "so so", "so so"), (-1.0, -1, -0.5, 1, -0.5, 0, 0))
    assert [store.put_categories(own), store.put_categories(own)] == [1, 1]
    changed = Categories("moods", 1, own.classes, (-1.0, -1, -1, 1, -1, 0.5, 0))
    assert store.put_categories(changed) == 2
    assert rows(store, "SELECT version, valence[6] FROM categories ORDER BY version") == [(1, 0.0), (2, 0.5)]
    store.put_store("A")
    assert store.categories_of("A").name == store.categories_of("nowhere").name == "standard"
    store.use_categories("A", "moods")
    assert store.categories_of("A") == Categories("moods", 2, own.classes, changed.valence)
    assert store.review_settings("A").valence == changed.valence
    store.use_categories("A", None)
    assert store.categories_of("A").version == 1


def test_unfit_categories(store: Store) -> None:
    store.put_store("A")
    for name, label, cause in (
        (" ", "x", "need a name"),
        ("a", " ", "every expression a class"),
        ("standard", "x", "built-in"),
    ):
        with pytest.raises(DataError, match=cause):
            store.put_categories(Categories(name, 1, (label,) * 7, (0.0,) * 7))
    with pytest.raises(DataError, match="no categories 'moods'"):
        store.use_categories("A", "moods")
    with pytest.raises(DataError, match="no store 'B'"):
        store.use_categories("B", None)


# ---- forgetting


@pytest.fixture
def crowded(tmp_path: Path) -> Iterator[Store]:
    """A store that is to be forgotten, with words of a person, beside one that stays; in a folder of an awkward name."""
    with Store.open(tmp_path / 'o\'neill "x"' / "mood gate.duckdb") as opened:
        for name in ("Unforgettable Lane", "B"):
            opened.write_day(make_day(name, visits=50, start_at=MORNING))
        visit = rows(opened, "SELECT visit_id::VARCHAR FROM visits WHERE store != 'B'")[0][0]
        opened.correct_visit(visit, "neutral", "unforgettable words")
        yield opened


BESIDE = ("audit.anchor", "tombstones.jsonl", "receipts")


def remembers(store: Store) -> bool:
    """Whether the words of a person are left; the name of a deleted store stays in the audit log and in its receipt."""
    files = [file for file in store.path.parent.iterdir() if not file.name.endswith(BESIDE)]
    assert [file.name for file in files if not file.name.endswith(".wal")] == [store.path.name]
    return any(b"unforgettable words" in file.read_bytes() for file in files)


def test_no_byte_of_a_deleted_store_is_left(crowded: Store) -> None:
    assert remembers(crowded)
    version = crowded.version()
    crowded.delete_store("Unforgettable Lane")
    assert not remembers(crowded)
    assert (count(crowded, "visits"), crowded.version()) == (50, version + 1)
    crowded.write_day(make_day("B", visits=2))
    crowded.close()
    with Store.open(crowded.path) as again:
        assert count(again, "visits") == 2


def test_nothing_is_swapped_under_a_reader_and_the_next_purge_makes_up_for_it(crowded: Store, tmp_path: Path) -> None:
    with crowded.cursor() as reader:
        reader.execute("SELECT * FROM visits")
        assert not crowded.rewrite(0.05)
        assert len(reader.fetchall()) == 100
    with Store.open(crowded.path) as second:
        crowded.delete_store("Unforgettable Lane")
        assert count(second, "visits") == 50
        second.write_day(make_day("C"))
        assert count(crowded, "visits") == 53
    assert remembers(crowded)
    crowded.purge(MORNING)
    assert not remembers(crowded)
    assert count(crowded, "visits") == 53


def test_readers_and_writers_wait_while_the_file_is_written_anew(crowded: Store) -> None:
    stop, failed, seen = threading.Event(), [], set()

    def work(write: bool) -> None:
        try:
            while not stop.is_set():
                seen.add(count(crowded, "visits"))
                if write:
                    crowded.write_day(make_day("B", visits=50))
        except duckdb.Error as error:
            failed.append(error)

    workers = [threading.Thread(target=work, args=(write,)) for write in (False, False, True)]
    for worker in workers:
        worker.start()
    done = [crowded.rewrite() for _ in range(3)]
    stop.set()
    for worker in workers:
        worker.join()
    assert (failed, done, seen) == ([], [True] * 3, {100})


NO_ROOM = """
import resource
from pathlib import Path
from tests.days import count, make_day
from fer_core.errors import OutputError
from fer_core.store import Store

with Store.open(Path(sys.argv[1])) as store:
    for name in ("A", "B"):
        store.write_day(make_day(name, visits=200, samples=400))
with Store.open(Path(sys.argv[1])) as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
    try:
        store.delete_store("A")
    except OutputError as error:
        print(error)
    print(count(store, "visits"), sorted(file.name for file in store.path.parent.iterdir() if file.suffix != ".wal"))
"""


def test_no_room_for_a_new_file(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    path = tmp_path / "shop.duckdb"
    done = subprocess.run(python(NO_ROOM, path), capture_output=True, text=True, timeout=60)  # noqa: S603
    assert done.returncode == 0, done.stderr
    said, left = done.stdout.splitlines()
    assert said.startswith(f"{path}: can't be written (the file may not grow any larger); the rows are deleted")
    assert left == "200 ['receipts', 'shop.audit.anchor', 'shop.duckdb', 'shop.tombstones.jsonl']"
