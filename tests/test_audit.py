"""The audit log: what is tampered with is found and said; what isn't, is whole; and the command that says so."""

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from fer_core import queries
from fer_core.__main__ import main
from fer_core.errors import DataError, OutputError
from fer_core.store import Store, anchor, audit
from tests.days import MORNING, count, make_day, python, rows

HOSTILE = "O'Brien's \"Café\" <b>*x*</b>; DROP TABLE audit; --"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "moodgate.duckdb"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(path) as opened:
        yield opened


def filled(path: Path, n: int = 8) -> None:
    with Store.open(path) as store:
        for i in range(n):
            store.audit("Ana", "visit.view", store=HOSTILE, subject=f"id {i}", detail={"n": i, "é": None})


def tamper(path: Path, sql: str) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(sql)


def verdict(path: Path) -> audit.Verdict:
    with Store.open(path, create=False) as store:
        return audit.verify(store)


# ---- whole


def test_an_empty_log_is_whole(store: Store) -> None:
    found = audit.verify(store)
    assert (found.ok, found.rows, found.notes, found.hash) == (True, 0, (), audit.START)
    assert found.sentence == "The audit log is empty and nothing is missing."


def test_rows_follow_from_each_other(store: Store, path: Path) -> None:
    one = store.audit("Ana", "visit.view", store=HOSTILE, subject="x")
    two = store.audit("", "purge", detail={"b": 1, "a": [2, "é\ud800"]})
    assert (one.seq, one.previous, two.seq, two.previous, two.actor) == (1, audit.START, 2, one.hash, audit.SYSTEM)
    assert two.detail == '{"a":[2,"é?"],"b":1}'
    with store.cursor() as cursor:
        assert list(audit.entries(cursor)) == [one, two]
    assert audit.verify(store).ok and audit.verify(store).rows == 2 and audit.verify(store).hash == two.hash
    kept = anchor.read(path)
    assert kept and (kept.seq, kept.hash, kept.breaks) == (2, two.hash, ())
    assert store.version() == 0  # no figure hangs on it


def test_the_hash_is_that_of_the_documented_text(store: Store) -> None:
    import hashlib

    made = store.audit("Ana", "x", store="S", subject="i", detail={"k": 1})
    at_us = rows(store, 'SELECT epoch_us("at") FROM audit')[0][0]
    said = f'{{"action":"x","actor":"Ana","at_us":{at_us},"detail":"{{\\"k\\":1}}","seq":1,"store":"S","subject":"i"}}'
    assert made.hash == hashlib.sha256((audit.START + said).encode()).hexdigest()


def test_words_are_cut_and_too_much_detail_is_refused(store: Store) -> None:
    assert len(store.audit("a" * 500, "x").actor) == 200
    with pytest.raises(ValueError, match="2,000 characters"):
        store.audit("Ana", "x", detail={"k": "v" * 3000})
    assert count(store, "audit") == 1 and audit.verify(store).ok


def test_the_log_survives_reopening_deletions_and_a_new_file(path: Path) -> None:
    filled(path, 3)
    with Store.open(path) as store:
        store.write_day(make_day("A", start_at=MORNING))
        store.delete_store("A", actor="Ana")
        assert store.rewrite()
        assert rows(store, "SELECT seq, actor, action, store FROM audit ORDER BY seq")[-1] == (4, "Ana", "delete.store", "A")
        assert audit.verify(store).ok


def test_many_threads_make_one_chain(store: Store) -> None:
    def work() -> None:
        for _ in range(5):
            store.audit("Ana", "visit.view")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    found = [audit.verify(store) for _ in range(3)]
    for thread in threads:
        thread.join()
    assert all(one.ok for one in found) and audit.verify(store).rows == 20 and audit.verify(store).notes == ()


# ---- tampered with


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE audit SET actor = 'Bob' WHERE seq = 3", "row 3 ("),
        ('UPDATE audit SET "at" = "at" + INTERVAL 1 SECOND WHERE seq = 3', "row 3 ("),
        ("UPDATE audit SET store = '' WHERE seq = 8", "row 8 ("),
        ("UPDATE audit SET detail = '{}' WHERE seq = 1", "row 1 ("),
        ("DELETE FROM audit WHERE seq = 4", "row 4 is missing"),
        ("DELETE FROM audit WHERE seq BETWEEN 4 AND 6", "rows 4 to 6 are missing"),
        ("DELETE FROM audit WHERE seq = 1", "row 1 is missing"),
        ("DELETE FROM audit WHERE seq > 5", "rows 6 to 8 are missing"),
        ("DELETE FROM audit WHERE seq = 8", "the end was cut off"),
        ("DELETE FROM audit", "rows 1 to 8 are missing"),
    ],
)
def test_what_was_tampered_with_is_found(path: Path, sql: str, said: str) -> None:
    filled(path)
    tamper(path, sql)
    found = verdict(path)
    assert not found.ok and said in found.broken[0], found.broken
    assert found.sentence.startswith("The audit log is broken: ")


def rehash(path: Path, first: int, last: int) -> None:
    """What one does who knows how: change a row, then give it and those behind it hashes that fit."""
    tamper(path, f"UPDATE audit SET actor = 'Bob' WHERE seq = {first}")  # noqa: S608  our own number
    with Store.open(path) as store, store.cursor() as cursor:
        known = list(audit.entries(cursor))
        before = known[first - 2].hash
        for entry in known[first - 1 : last]:
            fits = replace(entry, previous=before)
            cursor.execute("UPDATE audit SET previous = ?, hash = ? WHERE seq = ?", [before, fits.computed(), entry.seq])
            before = fits.computed()


def test_a_row_that_was_rewritten_with_its_hash_is_found_by_the_next(path: Path) -> None:
    filled(path)
    rehash(path, 3, 3)
    assert "row 4 doesn't follow from row 3" in verdict(path).broken[0]


def test_a_chain_that_was_rewritten_to_its_end_is_found_by_the_anchor(path: Path) -> None:
    filled(path)
    rehash(path, 3, 8)
    assert "row 8 is another than the one the anchor has seen" in verdict(path).broken[0]


def test_a_removed_anchor_is_found(path: Path) -> None:
    filled(path)
    anchor.path_of(path).unlink()
    assert verdict(path).broken == ("the anchor beside the database (audit.anchor) was removed.",)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"seq": "x", "hash": ""}', "\x00"])
def test_a_damaged_anchor_is_found(path: Path, content: str) -> None:
    filled(path)
    anchor.path_of(path).write_text(content)
    assert "audit.anchor: damaged" in verdict(path).broken[0]


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda path: tamper(path, "DELETE FROM audit WHERE seq > 5"), "rows 6 to 8 are missing"),
        (lambda path: anchor.path_of(path).unlink(), "was missing when it had 8 rows"),
        (lambda path: anchor.path_of(path).write_text("{"), "damaged"),
        (lambda path: rehash(path, 3, 8), "row 8 is another"),
    ],
    ids=["tail", "removed", "damaged", "rewritten"],
)
def test_another_row_hides_nothing(path: Path, harm: Callable[[Path], None], said: str) -> None:
    """A row that is added later moves the anchor, and would cover up what was done before it."""
    filled(path)
    harm(path)
    filled(path, 4)
    found = verdict(path)
    assert not found.ok and said in found.broken[0] and found.broken[0].startswith("On 20")


# ---- crashes


def test_a_crash_between_row_and_anchor_is_no_fault(path: Path) -> None:
    filled(path, 3)
    old = anchor.path_of(path).read_text()
    filled(path, 1)
    anchor.path_of(path).write_text(old)
    found = verdict(path)
    assert found.ok and "anchor stands at row 3 and the log goes on to row 4" in found.notes[0]
    filled(path, 1)
    assert verdict(path).ok and verdict(path).notes == ()


KILLED = """
import os
from pathlib import Path
from fer_core.store import Store, audit

store = Store.open(Path(sys.argv[1]))
store.audit("Ana", "a")
audit.fasten = lambda *_: os._exit(9)
store.audit("Ana", "b")
"""


def test_a_process_killed_between_the_two(path: Path) -> None:
    done = subprocess.run(python(KILLED, path), timeout=60)  # noqa: S603
    assert done.returncode == 9
    found = verdict(path)
    assert found.ok and found.rows == 2 and len(found.notes) == 1


def test_an_anchor_that_cannot_be_written_is_said(store: Store, path: Path) -> None:
    anchor.path_of(path).mkdir()
    with pytest.raises(OutputError, match=r"audit\.anchor"):
        store.audit("Ana", "x")
    anchor.path_of(path).rmdir()
    assert not list(path.parent.glob(".part*"))


def test_databases_of_one_folder_have_anchors_of_their_own(tmp_path: Path) -> None:
    for name in ("moodgate.duckdb", "other.duckdb"):
        filled(tmp_path / name, 2)
    assert {file.name for file in tmp_path.glob("*anchor")} == {"audit.anchor", "other.audit.anchor"}
    assert verdict(tmp_path / "moodgate.duckdb").ok and verdict(tmp_path / "other.duckdb").ok


# ---- reading


def test_the_page_of_the_log(store: Store) -> None:
    for i in range(5):
        store.audit("Ana", "visit.view" if i % 2 else "export.all", store="A" if i < 3 else HOSTILE)
    everything = queries.AuditFilter()
    assert list(queries.audit_page(store, everything, 0, 2)["seq"]) == [5, 4]
    assert list(queries.audit_page(store, everything, 4, 2)["seq"]) == [1]
    assert queries.audit_count(store, everything) == 5
    assert list(queries.audit_page(store, queries.AuditFilter(actions=("visit.view",)))["seq"]) == [4, 2]
    assert queries.audit_count(store, queries.AuditFilter(stores=(HOSTILE,))) == 2
    today = rows(store, "SELECT current_date")[0][0]
    assert queries.audit_count(store, queries.AuditFilter(first=today, last=today)) == 5
    assert queries.audit_count(store, queries.AuditFilter(last=today.replace(year=2020))) == 0
    assert queries.audit_choices(store) == (("export.all", "visit.view"), ("A", HOSTILE))
    frame = queries.audit_page(store, everything)
    assert list(frame.columns) == list(queries.AUDIT_COLUMNS) and str(frame["at"].dtype).endswith("UTC]")


# ---- the command


def test_the_command_verifies(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(path, 3)
    before = {file: file.read_bytes() for file in path.parent.iterdir() if file.is_file()}
    assert main(["audit", "verify", "--db", str(path)]) == 0
    assert "The audit log is whole: 3 rows" in capsys.readouterr().out
    assert main(["audit", "verify", "--db", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is True and told["rows"] == 3 and len(told["hash"]) == 64
    assert before == {file: file.read_bytes() for file in path.parent.iterdir() if file.is_file()}  # it only looks


def test_the_command_fails_on_a_broken_log(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(path, 5)
    tamper(path, "DELETE FROM audit WHERE seq IN (2, 5)")
    assert main(["audit", "verify", "--db", str(path)]) == 2
    out, err = capsys.readouterr()
    assert "row 2 is missing" in err and "the end was cut off" in out
    assert main(["audit", "verify", "--db", str(path), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["ok"] is False


def test_the_command_lists(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(path, 3)
    assert main(["audit", "list", "--db", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["seq"] for one in told] == [3, 2, 1] and told[0]["store"] == HOSTILE
    assert main(["audit", "list", "--db", str(path), "--most", "1"]) == 0
    out = capsys.readouterr().out
    assert "id 2" in out and "id 1" not in out


def test_the_command_on_what_is_no_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "verify", "--db", str(tmp_path / "none.duckdb")]) == 2
    assert "no such database" in capsys.readouterr().err
    old = tmp_path / "old.duckdb"
    with duckdb.connect(str(old)) as connection:
        connection.execute("CREATE TABLE meta AS SELECT 'moodgate' AS application, 2 AS version, 0 AS writes")
    assert main(["audit", "verify", "--db", str(old)]) == 2
    assert "has no audit log yet" in capsys.readouterr().err


def test_an_unreadable_anchor_raises_a_sentence(path: Path) -> None:
    filled(path, 1)
    anchor.path_of(path).write_text("nonsense")
    with pytest.raises(DataError, match="damaged"):
        anchor.read(path)
