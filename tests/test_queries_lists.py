"""Lists, single visits, what is set up, what needs attention, and the export of everything."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from benchmarks import queries as benchmark
from benchmarks.made_visits import make_visits
from fer_core import queries
from fer_core.errors import CancelledError, DataError, OutputError
from fer_core.queries import Filter
from fer_core.review import Categories
from fer_core.store import Store
from tests.days import MORNING, count, empty_day, make_day, make_footage, rows

ODD = 'O\'Brien "<b>" ../%2F 東京 $5 *?'


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "moodgate.duckdb") as opened:
        yield opened


@pytest.fixture
def filled(store: Store) -> Store:
    """North in Vienna with 12 visits, South with 4 and no times."""
    store.put_store("North", time_zone="Europe/Vienna")
    store.write_day(make_day("North", visits=12, start_at=MORNING, samples=4))
    store.write_day(make_day("South", visits=4, samples=4))
    return store


# ---- a page of the list


def test_pages_come_to_the_whole_list(filled: Store) -> None:
    whole = queries.visits(filled)
    pages = [queries.visits_page(filled, Filter(), "change", True, offset, 5) for offset in range(0, 20, 5)]
    assert [len(page) for page in pages] == [5, 5, 5, 1]
    assert sorted(visit for page in pages for visit in page.visit_id) == sorted(whole.visit_id)
    assert list(pd.concat(pages).change) == sorted(whole.change, reverse=True)
    assert list(pages[0].columns) == list(whole.columns)
    assert str(pages[0].entered_at.dtype) == "datetime64[us, UTC]"


def test_change_is_ordered_as_it_is_shown_less_the_camera_offset(filled: Store) -> None:
    first = queries.visits_page(filled, Filter(), "change", True, 0, 1).visit_id[0]
    with filled.cursor() as cursor:
        cursor.execute("UPDATE visits SET camera_offset = 2 WHERE visit_id = ?", [first])
    assert queries.visits_page(filled, Filter(), "change", False, 0, 1).visit_id[0] == first


@pytest.mark.parametrize("order_by", queries.SORTABLE)
@pytest.mark.parametrize("descending", [True, False])
def test_order_of_the_list(filled: Store, order_by: str, descending: bool) -> None:
    found = queries.visits_page(filled, Filter(), order_by, descending, limit=100)
    known = found[order_by].dropna()
    assert list(known) == sorted(known, reverse=descending)
    assert found[order_by].tail(len(found) - len(known)).isna().all()  # what is unknown comes last, either way
    assert len(found) == 16


def test_the_latest_first(filled: Store) -> None:
    found = queries.visits_page(filled)
    assert found.local_at[0] == queries.visits(filled).local_at.max()
    assert found.store.tolist() == ["North"] * 12 + ["South"] * 4


def test_list_by_the_review_that_counts(filled: Store) -> None:
    chosen = queries.visits_page(filled, Filter(reviews=("positive",))).visit_id[0]
    filled.correct_visit(chosen, "negative", "it was a yawn")
    found = queries.visits_page(filled, Filter(reviews=("negative",)), "verdict")
    assert chosen in set(found.visit_id)
    assert set(found.verdict) == {"negative"}
    filled.void_visit(chosen, "staff")
    assert chosen not in set(queries.visits_page(filled, limit=100).visit_id)
    assert chosen in set(queries.visits_page(filled, Filter(voided=True), limit=100).visit_id)


@pytest.mark.parametrize(("offset", "limit", "n"), [(0, 0, 0), (100, 10, 0), (-5, 3, 3), (0, -1, 0)])
def test_odd_pages(filled: Store, offset: int, limit: int, n: int) -> None:
    assert len(queries.visits_page(filled, offset=offset, limit=limit)) == n


@pytest.mark.parametrize("order_by", ["", "visit_id; DROP TABLE visits", "n"])
def test_unknown_order(filled: Store, order_by: str) -> None:
    with pytest.raises(DataError, match="can't be ordered by"):
        queries.visits_page(filled, order_by=order_by)


def test_empty_list(store: Store) -> None:
    assert (queries.count(store), len(queries.visits_page(store)), queries.span(store)) == (0, 0, None)


def test_span(filled: Store) -> None:
    filled.write_day(make_day("East", visits=1, entry=make_footage("e.mp4", start_at=MORNING + timedelta(days=40)),
                              exit=make_footage("x.mp4", "exit", start_at=MORNING + timedelta(days=40))))  # fmt: skip
    assert queries.span(filled) == (date(2026, 3, 14), date(2026, 4, 23))
    assert queries.span(filled, ("North",)) == (date(2026, 3, 14), date(2026, 3, 14))
    assert queries.span(filled, ("South",)) is None
    assert queries.span(filled, ("Nowhere",)) is None


# ---- one visit


def test_one_visit(filled: Store) -> None:
    row = queries.visits(filled).iloc[0]
    found = queries.visit(filled, row.visit_id)
    assert found is not None
    assert {name: found[name] for name in ("store", "review", "verdict", "time_zone", "voided", "corrections")} == {
        "store": "North", "review": row.review, "verdict": row.review, "time_zone": "Europe/Vienna", "voided": False,
        "corrections": [],
    }  # fmt: skip
    assert found["entered_at"] == MORNING + timedelta(seconds=10)
    assert found["entry"]["appearance_id"] == found["entry_appearance_id"] == row.entry_appearance_id
    assert found["exit"]["role"] == "exit"
    assert found["exit"]["seen_at"].tzinfo is UTC
    assert set(queries.visits(filled).columns) <= set(found)
    assert len(queries.series(filled, found["entry_appearance_id"])) == 4


def test_corrections_of_a_visit(filled: Store) -> None:
    key = queries.visits(filled).visit_id[0]
    filled.correct_visit(key, "negative", "first")
    filled.void_visit(key, "second")
    filled.undo_correction(key)
    found = queries.visit(filled, key)
    assert found is not None
    assert [(one["kind"], one["review"], one["reason"]) for one in found["corrections"]] == [
        ("review", "negative", "first"), ("void", None, "second"),
    ]  # fmt: skip
    assert [one["undone_at"] is None for one in found["corrections"]] == [True, False]
    assert isinstance(found["corrections"][0]["made_at"], datetime)
    assert (found["verdict"], found["corrected_review"], found["voided"]) == ("negative", "negative", False)


@pytest.mark.parametrize("key", ["", "nonsense", "' OR 1=1", "00000000-0000-0000-0000-000000000000"])
def test_no_such_visit(filled: Store, key: str) -> None:
    assert queries.visit(filled, key) is None


# ---- what is set up


def test_stores_and_their_things(store: Store) -> None:
    store.put_store(ODD, time_zone="Asia/Tokyo", is_sample=True, opening_hours={"mon": ["09:00", "18:00"]}, retention_days=30)
    zones = [[[0.0, 0.0], [0.5, 0.0], [0.5, 0.5]]]
    store.put_camera(ODD, "entry", "A", name="by the till", zones=zones)
    store.write_day(
        make_day(ODD, visits=1, entry=make_footage("e.mp4", door="A"), exit=make_footage("x.mp4", "exit", door="B"))
    )
    assert queries.store(store, ODD) == {
        "name": ODD, "time_zone": "Asia/Tokyo", "is_sample": True, "opening_hours": {"mon": ["09:00", "18:00"]},
        "retention_days": 30, "categories": None, "offset_enabled": True, "privacy_mode": "visit", "evidence": False,
    }  # fmt: skip
    found = queries.cameras(store, ODD).drop(columns="camera_id")
    assert found.values.tolist() == [["by the till", "entry", "A", zones, 1], ["exit B", "exit", "B", [], 1]]
    assert queries.doors(store).values.tolist() == [[ODD, "A", True, False], [ODD, "B", False, True]]
    assert len(queries.doors(store, ("Nowhere",))) == len(queries.cameras(store, "Nowhere")) == 0
    with pytest.raises(DataError, match="no store 'Nowhere'"):
        queries.store(store, "Nowhere")


def test_settings(store: Store) -> None:
    assert queries.setting(store, "ice_servers", []) == []
    store.put_setting("ice_servers", [{"urls": "stun:example.org"}])
    assert queries.setting(store, "ice_servers", []) == [{"urls": "stun:example.org"}]


def test_categories(store: Store) -> None:
    assert queries.categories(store) == ()
    first = Categories("moods", 1, ("bad", "bad", "bad", "good", "bad", "other", "calm"), (-1, -1, -1, 1, -0.5, 0, 0.25))
    store.put_categories(first)
    store.put_categories(replace(first, valence=(0, 0, 0, 1, 0, 0, 0)))
    assert queries.categories(store) == (replace(first, version=2, valence=(0, 0, 0, 1, 0, 0, 0)),)


def job(number: int, **fields: object) -> dict[str, object]:
    made = {"job_id": f"00000000-0000-0000-0000-{number:012d}", "kind": "review", "store": "North", "title": f"job {number}"}
    return made | {"state": "done", "payload": {"n": number}, "created_at": MORNING + timedelta(minutes=number)} | fields


def test_jobs(store: Store) -> None:
    assert queries.jobs(store) == []
    for number in range(3):
        store.put_job(job(number))
    found = queries.jobs(store, 2)
    assert [one["title"] for one in found] == ["job 2", "job 1"]
    assert (found[0]["payload"], found[0]["result"], found[0]["created_at"]) == ({"n": 2}, None, MORNING + timedelta(minutes=2))


# ---- what needs attention


def test_nothing_needs_attention(filled: Store, store: Store) -> None:
    assert queries.attention(filled, Filter(stores=("North",))).columns.tolist() == ["kind", "store", "what", "sentence"]
    assert len(queries.attention(filled, Filter(stores=("North",)))) == 0


def test_failed_jobs(filled: Store) -> None:
    filled.put_job(job(1, state="failed", error="entry.mp4: no film"))
    filled.put_job(job(2, state="failed", store=None))
    filled.put_job(job(3, state="cancelled"))
    found = queries.attention(filled, Filter(stores=("North",), first=date(2020, 1, 1), last=date(2020, 1, 2)))
    assert found.values.tolist() == [["job", "North", "job 1", "This job failed: entry.mp4: no film"]]
    assert [row for row in queries.attention(filled).what if row.startswith("job")] == ["job 2", "job 1"]


def test_cameras_of_little_use(store: Store) -> None:
    store.write_day(make_day("North", visits=12, unmatched=8, start_at=MORNING, samples=2))
    with store.cursor() as cursor:
        cursor.execute("UPDATE appearances SET status = 'unusable' WHERE role = 'exit' AND status = 'matched'")
        cursor.execute("UPDATE appearances SET status = 'unmatched' WHERE role = 'entry' AND status = 'matched'")
    found = queries.attention(store)
    assert found.kind.tolist() == ["camera", "match"]
    assert "13 of 21 people it saw (62%) had no usable face" in found.sentence[0]
    assert "Only 0 of 20 people" in found.sentence[1]
    assert len(queries.attention(store, Filter(first=date(2026, 3, 15)))) == 0


def test_films_to_look_at(store: Store) -> None:
    odd = make_footage("odd.mp4", start_at=MORNING, warnings=("The picture was cut.", "It is dark."))
    store.write_day(
        replace(empty_day("North"), entry_films=(odd,), exit_films=(make_footage("x.mp4", "exit", start_at=MORNING),))
    )
    store.write_day(empty_day("South"))
    found = queries.attention(store)
    assert found[["kind", "store", "what"]].values.tolist() == [["film", "North", "odd.mp4"], ["clock", "South", "2 films"]]
    assert found.sentence[0] == "The picture was cut. It is dark."
    assert queries.attention(store, Filter(first=date(2026, 3, 14), last=date(2026, 3, 14))).kind.tolist() == ["film"]
    assert len(queries.attention(store, Filter(stores=("North",), doors=("other",)))) == 0


# ---- everything as files


def read(folder: Path, table: str) -> pd.DataFrame:
    files = str(folder / table / "**" / "*.parquet").replace("'", "''")
    with duckdb.connect() as connection:
        types = "hive_partitioning = true, hive_types = {'store': VARCHAR, 'day': DATE}"
        return connection.execute(f"SELECT COLUMNS('^(store|day|.*_id)$') FROM read_parquet('{files}', {types})").df()  # noqa: S608


def test_export_of_everything(filled: Store, tmp_path: Path) -> None:
    filled.write_day(make_day(ODD, visits=2, start_at=MORNING, samples=3))
    key = queries.visits(filled).visit_id[0]
    filled.void_visit(key, "staff")
    out, steps = tmp_path / "it's all", []
    told = queries.export_all(filled, out, tell=lambda done, total: steps.append((done, total)))
    visits = read(out, "visits")
    assert told["visits"] == len(visits) == 17
    assert sorted(visits.visit_id) == sorted(queries.visits(filled).visit_id)
    assert dict(visits.groupby("store").size()) == {"North": 11, "South": 4, ODD: 2}
    assert set(visits.day.dropna().dt.date) == {date(2026, 3, 14)}
    assert visits.day.isna().sum() == 4
    assert told["appearances"] == len(read(out, "appearances")) == count(filled, "appearances")
    assert told["series"] == len(read(out, "series")) == count(filled, "series")
    assert steps == [(number + 1, 9) for number in range(9)]
    for table in ("stores", "cameras", "footage", "corrections", "categories", "hourly"):
        assert len(pd.read_parquet(out / f"{table}.parquet")) == told[table]
    assert told["corrections"] == 1
    inside = [path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*.parquet")]
    assert set(inside) == {out.name}
    assert not list(tmp_path.glob(".*"))


def test_export_of_a_part(filled: Store, tmp_path: Path) -> None:
    told = queries.export_all(filled, tmp_path / "part", Filter(stores=("South",), reviews=("positive",)))
    assert (told["visits"], told["stores"], told["cameras"], told["footage"]) == (1, 1, 2, 2)
    assert set(read(tmp_path / "part", "appearances").store) == {"South"}


def test_export_of_everything_there_is_not(store: Store, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    told = queries.export_all(store, tmp_path / "empty")
    assert set(told.values()) == {0}
    assert len(pd.read_parquet(tmp_path / "empty" / "hourly.parquet")) == 0


def test_long_names_in_folders(store: Store, tmp_path: Path) -> None:
    names = ["東" * 190 + end for end in ("a", "b")]
    for name in names:
        store.write_day(make_day(name, visits=1, start_at=MORNING, samples=1))
    assert queries.export_all(store, tmp_path / "out")["visits"] == 2
    assert read(tmp_path / "out", "visits").store.nunique() == 2
    assert sorted(pd.read_parquet(tmp_path / "out" / "stores.parquet").name) == names


def test_where_nothing_can_be_exported_to(filled: Store, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no folder"):
        queries.export_all(filled, tmp_path / "none" / "out")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="already"):
        queries.export_all(filled, tmp_path / "file")
    with pytest.raises(OutputError, match="already"):
        queries.export_all(filled, tmp_path)
    assert (tmp_path / "file").read_text() == "mine"


def test_export_that_is_broken_off_leaves_nothing(filled: Store, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise CancelledError("enough")

    before = sorted(tmp_path.iterdir())
    with pytest.raises(CancelledError):
        queries.export_all(filled, tmp_path / "out", tell=stop)
    assert sorted(tmp_path.iterdir()) == before
    filled.write_day(make_day("West", visits=1, samples=1))  # the reader's transaction is over


# ---- the benchmark's own visits


def test_benchmark_asks_every_question(tmp_path: Path) -> None:
    path = tmp_path / "made.duckdb"
    make_visits(path, 300)
    with Store.open(path) as opened:
        assert rows(opened, "SELECT count(*), count(DISTINCT store), count(local_at) FROM visits") == [(300, 20, 298)]
        assert rows(opened, "SELECT count(*) FILTER (status = 'matched'), count(*) FROM appearances") == [(600, 800)]
    found = benchmark.measured(path, 1, {"all": Filter(), "reviews": Filter(reviews=("positive",))})
    assert set(found) == {"overview", "trends", "visits"}
    assert found["visits"]["page, latest first"]["all"]["rows"] == 50
    assert set(benchmark.worst(found)["trends"]) == {"median_ms", "min_ms", "cpu_ms"}
