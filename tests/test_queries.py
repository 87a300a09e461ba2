"""Questions to a real database, and its tables as files."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from fer_core import queries
from fer_core.errors import InputError, OutputError
from fer_core.queries import FORMATS, TABLES, Filter
from fer_core.store import Store
from fer_core.types import Day
from tests.days import MORNING, make_day, make_footage

READERS = {".csv": pd.read_csv, ".json": pd.read_json, ".parquet": pd.read_parquet}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """North in Vienna with 12 visits of an hour and 3 of the next day, South with 4 and no times, a sample shop with 2."""
    with Store.open(tmp_path_factory.mktemp("queries") / "moodgate.duckdb") as opened:
        opened.put_store("North", time_zone="Europe/Vienna")
        opened.put_store("Sample", is_sample=True)
        opened.write_day(make_day("North", visits=12, start_at=MORNING, samples=4))
        opened.write_day(named_day("North", "2", visits=3, start_at=MORNING + timedelta(hours=14, minutes=30)))
        opened.write_day(make_day("South", visits=4, samples=4))
        opened.write_day(make_day("Sample", visits=2, start_at=MORNING, samples=4))
        yield opened


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "empty.duckdb") as opened:
        yield opened


def named_day(store: str, name: str, *, visits: int, start_at: datetime) -> Day:
    entry = make_footage(f"{name} entry.mp4", "entry", start_at=start_at)
    exit = make_footage(f"{name} exit.mp4", "exit", start_at=start_at + timedelta(minutes=15))
    return make_day(store, visits=visits, entry=entry, exit=exit, samples=4)


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        (Filter(stores=("Nowhere",)), {}),
        (Filter(), {"North": 15, "Sample": 2, "South": 4}),
        (Filter(stores=("North", "South")), {"North": 15, "South": 4}),
        (Filter(first=date(2026, 3, 14), last=date(2026, 3, 14)), {"North": 12, "Sample": 2}),
        (Filter(first=date(2026, 3, 15)), {"North": 3}),  # 23:30 UTC is the next day in Vienna
        (Filter(last=date(2026, 3, 13)), {}),
        (Filter(reviews=("negative", "uncertain"), stores=("South",)), {"South": 2}),
        (Filter(min_match_probability=0.95), {}),
        (Filter(min_match_probability=0.9, reviews=("positive",)), {"North": 4, "Sample": 1, "South": 1}),
    ],
)
def test_filtered_visits(store: Store, filter: Filter, expected: dict[str, int]) -> None:
    assert dict(queries.visits(store, filter).groupby("store").size()) == expected


def test_a_filter_can_be_a_key() -> None:
    assert len({Filter(), Filter(stores=("a",)), Filter(stores=("a",))}) == 2


@pytest.mark.parametrize("ask", [queries.visits, queries.appearances, queries.hourly])
def test_nothing_in_the_database(empty: Store, ask) -> None:
    found = ask(empty)
    assert len(found) == 0
    assert "store" in found.columns


def test_columns_and_types_of_visits(store: Store, empty: Store) -> None:
    found = queries.visits(store)
    required = (
        "visit_id store entry_time_s exit_time_s entry_x entry_y exit_x exit_y entered_at exited_at dwell_s "
        "entry_expression exit_expression entry_valence exit_valence change change_se camera_offset review match_probability"
    )
    assert set(required.split()) <= set(found.columns)
    assert str(found.entered_at.dtype) == str(queries.visits(empty).entered_at.dtype) == "datetime64[us, UTC]"
    assert found.visit_id.is_unique


def test_appearances_by_store_and_day(store: Store) -> None:
    found = queries.appearances(store, Filter(stores=("South",), reviews=("positive",), min_match_probability=1.0))
    assert len(found) == 12
    assert set(found.film) == {"entry.mp4", "exit.mp4"}
    assert len(queries.appearances(store, Filter(stores=("South",), first=date(2026, 1, 1)))) == 0


def test_stores(store: Store) -> None:
    assert queries.stores(store).values.tolist() == [
        ["North", "Europe/Vienna", False],
        ["Sample", "UTC", True],
        ["South", "UTC", False],
    ]


# ---- sums


def test_hourly_sums(store: Store) -> None:
    found = queries.hourly(store, Filter(stores=("North",), last=date(2026, 3, 14))).iloc[0]
    assert (found.store, found.local_hour, found.n) == ("North", pd.Timestamp("2026-03-14 10:00"), 12)
    assert (found.positive, found.neutral, found.negative, found.uncertain) == (3, 3, 3, 3)
    assert found.mean_change == pytest.approx(0.125)
    assert found.mean_dwell_s == pytest.approx(905)


def test_small_cells_show_their_count_only(store: Store) -> None:
    found = queries.hourly(store).set_index("store")
    values = [name for name in found.columns if name not in ("local_hour", "n", "is_sample")]
    small = found.loc["South"]
    assert small.n == 4
    assert pd.isna(small.local_hour)
    assert small[values].isna().all()
    assert found.loc["Sample", values].notna().all()
    assert list(found.loc["North"].n) == [12, 3]
    assert list(found.loc["North"].positive.isna()) == [False, True]


def test_the_least_cell_is_ten(empty: Store) -> None:
    empty.write_day(make_day("Nine", visits=9, start_at=MORNING, samples=1))
    empty.write_day(make_day("Ten", visits=10, start_at=MORNING, samples=1))
    assert list(queries.hourly(empty).mean_change.isna()) == [True, False]


def test_a_filter_by_review_does_not_uncover_a_small_cell(store: Store) -> None:
    pd.testing.assert_frame_equal(queries.hourly(store, Filter(reviews=("negative",))), queries.hourly(store))


def test_the_hour_that_comes_twice_is_one_cell(empty: Store) -> None:
    empty.put_store("Clock", time_zone="Europe/Vienna")
    autumn = datetime(2026, 10, 25, 0, 10, tzinfo=UTC)  # 02:10 summer time; an hour later it is 02:10 again
    empty.write_day(named_day("Clock", "a", visits=6, start_at=autumn))
    empty.write_day(named_day("Clock", "b", visits=6, start_at=autumn + timedelta(hours=1)))
    assert queries.hourly(empty)[["local_hour", "n"]].values.tolist() == [[pd.Timestamp("2026-10-25 02:00"), 12]]


# ---- files


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("table", TABLES)
def test_export_and_read_back(store: Store, tmp_path: Path, table: str, ending: str) -> None:
    asked = {"visits": queries.visits, "appearances": queries.appearances, "hourly": queries.hourly}[table](store)
    out = tmp_path / f"what's out{ending.upper()}"
    assert queries.export(store, table, out) == len(asked)
    found = READERS[ending](out)
    assert list(found.columns) == list(asked.columns)
    assert list(found.store) == list(asked.store)
    for name in asked.columns:
        if pd.api.types.is_datetime64_any_dtype(asked[name]):
            back = pd.to_datetime(found[name], utc=asked[name].dt.tz is not None)
            assert ((back - asked[name]).abs().dropna() < pd.Timedelta("1ms")).all()
            assert list(back.isna()) == list(asked[name].isna())
    assert [file.name for file in tmp_path.iterdir()] == [out.name]


@pytest.mark.parametrize("ending", FORMATS)
def test_export_of_nothing(empty: Store, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"nothing{ending}"
    assert queries.export(empty, "visits", out) == 0
    assert len(READERS[ending](out)) == 0


def test_export_is_filtered_and_replaces(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "visits.csv"
    out.write_text("older")
    assert queries.export(store, "visits", out, Filter(stores=("South",), reviews=("positive",))) == 1
    assert pd.read_csv(out).review.tolist() == ["positive"]


def test_moments_in_text_are_iso_8601(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "visits.csv"
    queries.export(store, "visits", out, Filter(stores=("North",)))
    first = pd.read_csv(out).iloc[0]
    assert (first.entered_at, first.local_at) == ("2026-03-14T09:00:10.000Z", "2026-03-14T10:00:10")


def test_names_with_quotes_in_files(empty: Store, tmp_path: Path) -> None:
    name = 'O\'Brien, "Café"; 東京'
    empty.write_day(make_day(name, visits=1))
    for ending, read in READERS.items():
        queries.export(empty, "visits", tmp_path / f"v{ending}")
        assert list(read(tmp_path / f"v{ending}").store) == [name]


@pytest.mark.parametrize("table", ["", "stores", "visits; DROP TABLE visits", "Visits"])
def test_unknown_table(store: Store, tmp_path: Path, table: str) -> None:
    with pytest.raises(InputError, match="visits, appearances, hourly"):
        queries.export(store, table, tmp_path / "out.csv")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["out", "out.xlsx", ".csv"])
def test_unknown_ending(store: Store, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"\.csv, \.json, \.parquet"):
        queries.export(store, "visits", tmp_path / name)


def test_no_folder(store: Store, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no folder"):
        queries.export(store, "visits", tmp_path / "none" / "out.csv")
    assert not list(tmp_path.iterdir())


def test_a_folder_in_the_way(store: Store, tmp_path: Path) -> None:
    (tmp_path / "out.csv").mkdir()
    with pytest.raises(OutputError, match=r"out\.csv"):
        queries.export(store, "visits", tmp_path / "out.csv")
    assert [file.name for file in tmp_path.iterdir()] == ["out.csv"]


def test_visits_of_a_day_without_match_probability(empty: Store) -> None:
    day = make_day(visits=1)
    empty.write_day(replace(day, visits=(replace(day.visits[0], match_probability=float("nan")),)))
    assert len(queries.visits(empty)) == 1
    assert len(queries.visits(empty, Filter(min_match_probability=0.1))) == 0


# ---- a day's own visits, and tables of others


def test_visits_of_a_day(store: Store, empty: Store) -> None:
    day = named_day("North", "2", visits=3, start_at=MORNING + timedelta(hours=14, minutes=30))
    found = queries.of_day(store, day)
    pd.testing.assert_frame_equal(found, queries.visits(store, Filter(first=date(2026, 3, 15))))
    assert len(queries.of_day(empty, day)) == 0
    assert len(queries.of_day(store, replace(day, entry_films=()))) == 0
    assert len(queries.of_day(store, replace(day, store="South"))) == 0
    odd = replace(day, store="caf\udce9")
    empty.write_day(odd)
    assert list(queries.of_day(empty, odd).store) == ["caf?"] * 3


@pytest.mark.parametrize("ending", FORMATS)
def test_any_table_as_a_file(tmp_path: Path, ending: str) -> None:
    moment = pd.Timestamp("2026-03-14 10:00", tz="Europe/Vienna")
    frame = pd.DataFrame({"name": ["a", None], "when": [moment, pd.NaT], "p": [0.5, float("nan")], "list": [[1.0, 2.0], []]})
    out = tmp_path / f"table{ending}"
    assert queries.write_table(frame, out) == 2
    found = READERS[ending](out)
    assert list(found.columns) == list(frame.columns)
    assert found.name[0] == "a"
    assert pd.isna(found.name[1])
    assert pd.Timestamp(found.when[0]) == moment
    assert list(found.p.isna()) == [False, True]
    assert len(pd.read_parquet(out).list[0]) == 2 if ending == ".parquet" else str(found.list[0]) == "[1.0, 2.0]"
    assert queries.write_table(frame.iloc[:0], out) == 0
    assert list(frame.columns) == ["name", "when", "p", "list"]


def test_any_table_to_nowhere(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1]})
    with pytest.raises(InputError, match=r"\.csv, \.json, \.parquet"):
        queries.write_table(frame, tmp_path / "table.xlsx")
    with pytest.raises(OutputError, match="no folder"):
        queries.write_table(frame, tmp_path / "none" / "table.csv")
