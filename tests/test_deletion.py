"""Deletions: what goes, the receipt that says so, bytes that are gone, and old backups that bring nothing back."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fer_core.collect import setting_key
from fer_core.errors import DataError, OutputError
from fer_core.store import Store, audit, receipts, tombstones
from server import forgetting
from server import services as house
from tests.days import MORNING, count, make_day, make_footage, python, rows

FILM, DOOR, REASON = "film canary 7f3a.mp4", "door canary 81bc", "reason canary 02de"
HOUR = timedelta(hours=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "moodgate.duckdb"


@pytest.fixture
def opened(path: Path) -> Iterator[Store]:
    with Store.open(path) as made:
        yield made


def day(name: str, start_at: datetime, tag: str = "", door: str = "", visits: int = 3) -> Any:
    """A day whose films nobody else has."""
    entry = make_footage(f"{tag} {name} {start_at:%d}.mp4", start_at=start_at, door=door)
    exit = make_footage(f"{tag} {name} {start_at:%d} out.mp4", "exit", start_at=start_at + HOUR / 4, door=door)
    return make_day(name, entry=entry, exit=exit, visits=visits)


def ids(store: Store, name: str) -> list[str]:
    return [one for (one,) in rows(store, f"SELECT visit_id::VARCHAR FROM visits WHERE store = '{name}' ORDER BY ALL")]  # noqa: S608


def visits(store: Store) -> dict[str, int]:
    return dict(rows(store, "SELECT store, count(*) FROM visits GROUP BY ALL"))


def bytes_of(path: Path) -> bytes:
    """All that the database and its log hold."""
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*") if file.is_file())


# ---- bytes


def by_store(store: Store) -> None:
    store.delete_store("A")


def by_span(store: Store) -> None:
    store.delete_span("A", MORNING, MORNING + HOUR)


def by_visits(store: Store) -> None:
    store.delete_visits("A", ids(store, "A"))


def by_purge(store: Store) -> None:
    store.put_store("A", retention_days=1)
    store.purge(MORNING + timedelta(days=3650))


@pytest.mark.parametrize("settled", [False, True], ids=["in the log", "in the file"])
@pytest.mark.parametrize(
    ("way", "gone"),
    [(by_store, (FILM, DOOR, REASON)), (by_purge, (FILM, REASON)), (by_span, (REASON,)), (by_visits, (REASON,))],
)
def test_no_byte_is_left(opened: Store, path: Path, way: Callable[[Store], None], gone: tuple[str, ...], settled: bool) -> None:
    """Canaries stand uncompressed in the file: a compressed one would escape the search."""
    with opened.cursor() as cursor:
        cursor.execute("SET GLOBAL force_compression = 'uncompressed'")
    opened.write_day(day("B", MORNING, "kept"))
    film = make_footage(FILM, start_at=MORNING, door=DOOR)
    opened.write_day(make_day("A", entry=film, exit=make_footage("out.mp4", "exit", start_at=MORNING + HOUR / 4, door=DOOR)))
    opened.void_visit(ids(opened, "A")[0], REASON)
    if settled:
        with opened.cursor() as cursor:
            cursor.execute("FORCE CHECKPOINT")
    before = bytes_of(path)
    assert all(word.encode() in before for word in (FILM, DOOR, REASON, "kept B"))
    way(opened)
    after = bytes_of(path)
    assert b"kept B" in after  # the search would find something
    assert not [word for word in gone if word.encode() in after]
    assert visits(opened) == {"B": 3}
    beside = b"".join(file.read_bytes() for file in path.parent.rglob("*") if file.is_file() and file.name != path.name)
    assert not [word for word in (FILM, DOOR, REASON) if word.encode() in beside]


# ---- what goes


def test_a_span_takes_who_came_or_left_in_it_and_nobody_else(opened: Store) -> None:
    opened.write_day(day("A", MORNING))  # entrances at 10, 30, 50 s, exits a quarter of an hour and 5 s later
    opened.write_day(day("B", MORNING))
    kept = ids(opened, "A")
    receipt = opened.delete_span("A", MORNING + timedelta(seconds=25), MORNING + timedelta(seconds=40), actor="Ana")
    assert receipt.gone == {"visits": 1, "appearances": 2, "series": 2}
    assert visits(opened) == {"A": 2, "B": 3} and set(ids(opened, "A")) < set(kept)
    lone = opened.delete_span("A", MORNING + timedelta(seconds=495), MORNING + timedelta(seconds=505))
    assert lone.gone == {"appearances": 1, "series": 1}
    left = MORNING + HOUR / 4
    assert opened.delete_span("A", left, left + timedelta(seconds=20)).gone["visits"] == 1
    assert rows(opened, "SELECT count(*) FROM series WHERE appearance_id NOT IN (SELECT appearance_id FROM appearances)") == [
        (0,)
    ]


def test_a_span_of_one_door(opened: Store) -> None:
    opened.write_day(day("A", MORNING, door="north"))
    opened.write_day(day("A", MORNING, "second", door="south"))
    assert opened.delete_span("A", MORNING, MORNING + HOUR, door="north").gone["visits"] == 3
    assert rows(opened, "SELECT DISTINCT entry_door FROM visits") == [("south",)]
    assert opened.delete_span("A", MORNING, MORNING + HOUR, door="'; DROP TABLE visits; --").gone == {}
    assert count(opened, "visits") == 3


def test_what_cannot_be_deleted_is_refused_and_leaves_no_tombstone(opened: Store, path: Path) -> None:
    opened.write_day(day("A", MORNING))
    opened.write_day(day("B", MORNING))
    job = {"job_id": "00000000-0000-0000-0000-000000000001", "kind": "review", "store": "A", "title": "x", "state": "running"}
    opened.put_job(job | {"created_at": MORNING})
    for refused, cause in (
        (lambda: opened.delete_store("C"), "no store 'C'"),
        (lambda: opened.delete_store("A"), "waiting or running"),
        (lambda: opened.delete_span("A", MORNING, MORNING), "must end after it begins"),
        (lambda: opened.delete_span("C", MORNING, MORNING + HOUR), "no store 'C'"),
        (lambda: opened.delete_visits("A", []), "no visit was chosen"),
        (lambda: opened.delete_visits("A", [*ids(opened, "A"), *ids(opened, "B")]), "not all of these"),
        (lambda: opened.delete_visits("A", ["'; --"]), "not all of these"),
    ):
        with pytest.raises(DataError, match=cause):
            refused()
    assert visits(opened) == {"A": 3, "B": 3}
    assert tombstones.read(path) == [] and receipts.latest(path) == [] and count(opened, "audit") == 0


def test_a_tombstone_that_cannot_be_written_keeps_the_rows(opened: Store, path: Path) -> None:
    opened.write_day(day("A", MORNING))
    tombstones.path_of(path).mkdir()
    with pytest.raises(OutputError, match="tombstones"):
        opened.delete_store("A")
    assert visits(opened) == {"A": 3}


def test_a_store_takes_the_leave_its_settings_and_its_answers_with_it(opened: Store) -> None:
    opened.write_day(day("A", MORNING))
    store_id = str(rows(opened, "SELECT store_id FROM stores")[0][0])
    opened.put_setting(setting_key("A"), {"allowed": True, "by": "Ana Gruber"})
    opened.put_setting(f"region:{store_id}", "EU")
    opened.put_setting("ice_servers", [])
    opened.delete_store("A")
    assert rows(opened, "SELECT key FROM settings WHERE key != 'tombstones'") == [("ice_servers",)]


# ---- receipts


def test_a_receipt_tells_before_and_after(opened: Store, path: Path) -> None:
    opened.write_day(day("A", MORNING))
    receipt = opened.delete_store("A", actor="Ana")
    assert (receipt.what, receipt.actor, receipt.stores, receipt.rewritten) == ("store", "Ana", ("A",), True)
    assert receipt.before["visits"] == 3 and set(receipt.after.values()) == {0}
    assert receipt.gone == {"stores": 1, "cameras": 2, "footage": 2, "visits": 3, "appearances": 10, "series": 8} | {
        table: n for table, n in receipt.gone.items() if table == "camera_offsets"
    }
    assert receipts.latest(path) == [receipt]
    text = (path.parent / "receipts" / f"{receipt.name}.txt").read_text()
    assert "By: Ana" in text and "visits" in text and "took the place of the old one" in text
    assert "None of them is without an owner." in text
    found = rows(opened, "SELECT actor, action, store, subject, detail FROM audit")[0]
    assert found[:4] == ("Ana", "delete.store", "A", receipt.key) and json.loads(found[4])["rows"] == receipt.gone


def test_a_purge_that_finds_nothing_leaves_no_receipt(opened: Store, path: Path) -> None:
    opened.write_day(day("A", MORNING))
    opened.put_store("A", retention_days=30)
    assert set(opened.purge(MORNING + timedelta(days=29)).values()) == {0}
    assert receipts.latest(path) == [] and count(opened, "audit") == 0
    opened.purge(MORNING + timedelta(days=31), actor="Ana")
    (receipt,) = receipts.latest(path)
    assert (receipt.what, receipt.gone["visits"], receipt.end) == ("retention", 3, (MORNING + timedelta(days=1)).isoformat())


def test_a_file_in_use_is_said_and_made_up_for(opened: Store, path: Path) -> None:
    opened.write_day(day("A", MORNING))
    with Store.open(path) as second:
        receipt = opened.delete_store("A")
        assert count(second, "stores") == 0
    assert not receipt.rewritten and "could not be written anew at once" in receipt.text()


def test_damaged_receipts_are_passed_over(opened: Store, path: Path) -> None:
    opened.write_day(day("A", MORNING))
    opened.delete_store("A")
    (path.parent / "receipts" / "2999.json").write_text("{")
    (path.parent / "receipts" / "2998.json").write_text('{"what": "store"}')
    assert len(receipts.latest(path)) == 1
    with pytest.raises(DataError, match="not readable as a receipt"):
        receipts.read(path.parent / "receipts" / "2999.json")


def test_files_without_an_owner_are_found(store: Store) -> None:
    made = house.services()
    keys = [made.uploads.create(f"{name}.mp4", 4).id for name in ("one", "two", "three")]
    for key in keys:
        with made.uploads.appending(key, 0) as part:
            part.write(b"film")
    for key, name in zip(keys[:2], ("A", "B"), strict=True):
        payload = {"store": name, "entry": [{"path": str(made.uploads.path_of(key)), "name": "x", "door": ""}], "exit": []}
        store.put_job({"job_id": f"00000000-0000-0000-0000-00000000000{keys.index(key)}", "kind": "review", "store": name,
                       "title": "x", "state": "failed", "payload": payload, "created_at": MORNING})  # fmt: skip
        store.write_day(day(name, MORNING))
    for name, told in (("collections/Old/collection.json", {"store": "Gone"}), ("models/m/run.json", {"data": "/nowhere"})):
        (made.folder / name).parent.mkdir(parents=True)
        (made.folder / name).write_text(json.dumps(told))
    (made.folder / "exports" / "2026").mkdir(parents=True)
    receipt = forgetting.forget_store(made, "A", "Ana")
    assert [one.id for one in made.uploads.all()] == keys[1:]  # the store's own film went with it
    assert receipt.files.found == {"uploads": [keys[2]], "collections": ["Old"], "models": ["m"], "exports": ["2026"],
                                   "evidence pictures": []}  # fmt: skip
    looked = {"uploads": 2, "collections": 1, "models": 1, "exports": 1, "evidence pictures": 0}
    assert receipt.files.looked == looked
    assert "Found 1 uploaded films that no job names" in receipt.text()


# ---- old backups


def restored(path: Path, backup: Path) -> Store:
    """The backup in the place of the database, opened."""
    path.with_name(path.name + ".wal").unlink(missing_ok=True)
    shutil.copy(backup, path)
    return Store.open(path)


@pytest.fixture
def backup(path: Path) -> Path:
    """A copy of the database with A, B and C, from before anything was deleted."""
    with Store.open(path) as store:
        for name in ("A", "B", "C"):
            store.write_day(day(name, MORNING, door="north"))
            store.write_day(day(name, MORNING + timedelta(days=7), door="north"))
        store.put_store("C", retention_days=1)
        store.audit("Ana", "visit.view")
    copy = path.with_name("backup")
    shutil.copy(path, copy)
    return copy


def test_a_restored_backup_brings_nothing_back(path: Path, backup: Path) -> None:
    with Store.open(path) as store:
        store.delete_store("A")
        store.delete_span("B", MORNING, MORNING + timedelta(seconds=40), door="north")
        store.purge(MORNING + timedelta(days=3))
        store.delete_visits("B", ids(store, "B")[:1])
        left = {name: ids(store, name) for name in ("A", "B", "C")}
        assert {name: len(found) for name, found in left.items()} == {"A": 0, "B": 3, "C": 3}
    with restored(path, backup) as again:
        assert {name: ids(again, name) for name in left} == left
        assert rows(again, "SELECT action FROM audit ORDER BY seq") == [("visit.view",), ("delete.again",)]
        newest = receipts.latest(path)[0]
        assert newest.what == "again" and newest.gone["visits"] == 12 and newest.rewritten
        assert "rows 2 to 5 are missing" in audit.verify(again).broken[0]
        assert "older copy" in audit.verify(again).broken[0]
    with Store.open(path) as third:  # once is enough
        assert count(third, "audit") == 2 and len(receipts.latest(path)) == 5


def test_tombstones_name_nobody(path: Path, backup: Path) -> None:
    with Store.open(path) as store:
        visit = ids(store, "B")[0]
        store.delete_visits("B", [visit])
        store.delete_span("B", MORNING, MORNING + HOUR, door="north")
    text = tombstones.path_of(path).read_text()
    assert len(text.splitlines()) == 2 and visit not in text and "north" not in text


def test_what_was_made_anew_after_its_deletion_stays(path: Path, backup: Path) -> None:
    with Store.open(path) as store:
        store.delete_store("A")
        store.write_day(day("A", MORNING + timedelta(days=20)))  # the same name has the same id
    for _ in range(2):
        with Store.open(path) as store:
            assert visits(store)["A"] == 3
    shutil.copy(path, backup)
    with Store.open(path) as store:
        store.delete_store("B")
    with restored(path, backup) as again:
        assert visits(again) == {"A": 3, "C": 6}


def test_a_new_database_beside_old_tombstones_is_left_alone(path: Path, backup: Path) -> None:
    with Store.open(path) as store:
        store.delete_store("A")
    path.unlink()
    with Store.open(path) as fresh:
        fresh.write_day(day("A", MORNING))
        fresh.write_day(day("B", MORNING))
    with Store.open(path) as fresh:
        assert visits(fresh) == {"A": 3, "B": 3}
        fresh.delete_store("B")
    with restored(path, backup) as old:  # a copy of the first database: its own deletion holds, that of the second doesn't
        assert visits(old) == {"B": 6, "C": 6}


KILLED = """
import os
from pathlib import Path
from fer_core.store import Store, tombstones

store = Store.open(Path(sys.argv[1]))
bury = tombstones.bury
def die(*given, **more):
    bury(*given, **more)
    os._exit(9)
tombstones.bury = die
store.delete_store("A")
"""


def test_a_deletion_that_was_killed_is_done_at_the_next_start(path: Path, backup: Path) -> None:
    done = subprocess.run(python(KILLED, path), timeout=60)  # noqa: S603
    assert done.returncode == 9
    with Store.open(path) as store:
        assert visits(store) == {"B": 6, "C": 6} and audit.verify(store).ok


def test_a_torn_line_is_passed_over_and_written_over(path: Path, backup: Path, caplog: pytest.LogCaptureFixture) -> None:
    tombstones.path_of(path).write_text('{"seq": 1, "datab')
    with Store.open(path) as store:
        assert "passed over" in caplog.text
        store.delete_store("A")
    caplog.clear()
    assert [one.kind for one in tombstones.read(path)] == ["store"] and not caplog.text


def test_databases_of_one_folder_have_tombstones_of_their_own(path: Path, backup: Path) -> None:
    other = path.with_name("other.duckdb")
    shutil.copy(backup, other)
    with Store.open(path) as store:
        store.delete_store("A")
    with Store.open(other) as store:
        assert visits(store) == {"A": 6, "B": 6, "C": 6}
