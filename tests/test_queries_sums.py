"""The sums behind the charts: hidden cells, corrections, clocks, and the same numbers as pandas finds."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.made_visits import FIRST, NAMES, make_visits
from fer_core import queries
from fer_core.queries import Filter, Summary
from fer_core.store import Store
from fer_core.types import Day
from tests.days import MORNING, make_appearance, make_day, make_footage, make_visit

NOTHING = Summary(0, 0, 0, 0, 0, None, None, None, 0, 0, 0, 0, False)
CELL = ["n", "positive", "neutral", "negative", "uncertain", "mean_change", "change_low", "change_high", "hidden", "sample"]
SUMS = (queries.trend, queries.heat, queries.mix, queries.by_dwell, queries.groups)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "moodgate.duckdb") as opened:
        yield opened


def filmed(store: str, visits: int, start_at: datetime | None = MORNING, *, name: str = "", door: str = "") -> Day:
    """A day whose films are its own by name; with start times, people stay for about a quarter of an hour."""
    later = start_at + timedelta(minutes=15) if start_at else None
    entry = make_footage(f"{name}{door} entry.mp4", "entry", start_at=start_at, door=door)
    exit = make_footage(f"{name}{door} exit.mp4", "exit", start_at=later, door=door)
    return make_day(store, visits=visits, entry=entry, exit=exit, samples=2)


def ids(store: Store, filter: Filter = queries.EVERYTHING) -> list[str]:
    return list(queries.visits(store, filter).visit_id)


# ---- empty, one, many


def test_nothing(store: Store) -> None:
    assert queries.summary(store) == NOTHING
    for ask in SUMS:
        found = ask(store)
        assert len(found) == 0
        assert {"n", "hidden", "sample"} <= set(found.columns)
    assert list(queries.trend(store).columns) == ["bucket", "group", *CELL]
    assert list(queries.groups(store).columns) == ["group", *CELL]
    assert list(queries.heat(store).columns) == ["weekday", "hour", "n", "mean_change", "positive_share", "hidden", "sample"]
    assert list(queries.mix(store).columns) == ["moment", "expression", "n", "share", "hidden", "sample"]
    assert list(queries.by_dwell(store).columns) == ["bin", "n", "mean_change", "low", "high", "hidden", "sample"]


def test_one_visit_shows_its_count_only(store: Store) -> None:
    store.write_day(filmed("North", 1))
    found = queries.summary(store)
    assert (found.n, found.hidden, found.positive, found.mean_change, found.median_dwell_s) == (1, True, None, None, None)
    assert (found.seen_entries, found.seen_exits, found.matched, found.unusable) == (3, 3, 1, 2)
    for ask in SUMS:
        told = ask(store)
        assert (told.n == 1).all()
        assert told.hidden.all()
        known = {"bucket", "group", "weekday", "hour", "moment", "bin", "n", "hidden", "sample"}
        assert told.drop(columns=list(known & set(told.columns))).isna().all(axis=None)


def test_one_visit_of_a_sample_store(store: Store) -> None:
    store.put_store("Sample", is_sample=True)
    store.write_day(filmed("Sample", 1))
    assert queries.summary(store) == Summary(1, 1, 0, 0, 0, 0.5, None, 905.0, 3, 3, 1, 2, False, 0, True)
    row = queries.trend(store).iloc[0]
    assert (row["n"], row["positive"], row["mean_change"], row["hidden"], row["sample"]) == (1, 1, 0.5, False, True)
    assert np.isnan(row["change_low"])
    assert np.isnan(row["change_high"])


def test_many(store: Store) -> None:
    store.write_day(filmed("North", 12))
    found = queries.summary(store)
    change = queries.visits(store).change
    assert (found.n, found.positive, found.neutral, found.negative, found.uncertain) == (12, 3, 3, 3, 3)
    assert found.mean_change == pytest.approx(0.125)
    assert found.change_se == pytest.approx(change.std() / 12**0.5)
    assert found.median_dwell_s == 905.0
    row = queries.trend(store, Filter(), "day").iloc[0]
    assert (row["bucket"], row["group"], row["n"]) == (pd.Timestamp("2026-03-14"), "all visits", 12)
    assert row["change_high"] - row["change_low"] == pytest.approx(2 * 1.96 * found.change_se)
    assert queries.heat(store).values.tolist() == [[5, 9, 12, 0.125, 0.25, False, False]]
    assert queries.by_dwell(store).bin.tolist() == ["10–20 min"]
    assert queries.mix(store).values.tolist() == [[moment, "happy", 12, 1.0, False, False] for moment in ("entrance", "exit")]


# ---- small cells


def test_a_review_filter_does_not_uncover_a_small_cell(store: Store) -> None:
    store.write_day(filmed("Small", 5))
    store.write_day(filmed("Large", 20))
    found = queries.groups(store, Filter(reviews=("negative",))).set_index("group")
    assert found.n.to_dict() == {"Small": 5, "Large": 5}  # of Small, all reviews: its one negative is withheld
    assert found.hidden.to_dict() == {"Small": True, "Large": True}
    assert queries.summary(store, Filter(stores=("Small",), reviews=("negative",))).n == 5
    assert queries.mix(store, Filter(stores=("Small",), reviews=("negative",))).n.tolist() == [5, 5]
    shown = queries.summary(store, Filter(reviews=("positive", "neutral")))
    assert (shown.n, shown.positive, shown.neutral, shown.negative, shown.hidden) == (13, 7, 6, 0, False)


def test_real_visits_do_not_hide_behind_sample_ones(store: Store) -> None:
    store.put_store("Sample", is_sample=True)
    store.write_day(filmed("Sample", 20))
    store.write_day(filmed("Real", 3))
    assert queries.summary(store).hidden
    assert not queries.summary(store).sample
    assert queries.trend(store).hidden.tolist() == [True]
    assert queries.trend(store, Filter(), "day", "store").hidden.tolist() == [True, False]
    assert queries.groups(store)["sample"].tolist() == [False, True]


def test_a_cell_of_a_review_nobody_gave(store: Store) -> None:
    store.write_day(filmed("North", 40))
    for visit_id in ids(store, Filter(reviews=("negative",))):
        store.correct_visit(visit_id, "neutral", "seen again")
    found = queries.groups(store, Filter(reviews=("negative",))).iloc[0]
    assert (found["n"], found["negative"], found["hidden"]) == (0, 0, False)
    assert np.isnan(found["mean_change"])
    assert len(queries.mix(store, Filter(reviews=("negative",)))) == 0


# ---- corrections


def test_corrected_and_voided(store: Store) -> None:
    store.write_day(filmed("North", 16))
    positive = ids(store, Filter(reviews=("positive",)))
    store.correct_visit(positive[0], "negative", "it was a yawn")
    store.void_visit(positive[1], "staff")
    found = queries.summary(store)
    assert (found.n, found.positive, found.negative, found.matched) == (15, 2, 5, 16)
    assert queries.count(store) == 15
    assert queries.count(store, Filter(voided=True)) == 16
    assert queries.summary(store, Filter(voided=True)).positive == 3
    assert queries.trend(store).negative.tolist() == [5]
    assert queries.hourly(store).negative.tolist() == [5]
    visits = queries.visits(store).set_index("visit_id")
    assert (visits.review[positive[0]], visits.verdict[positive[0]]) == ("positive", "negative")
    assert positive[1] not in visits.index
    store.undo_correction(positive[0])
    store.undo_correction(positive[1])
    assert queries.summary(store).positive == 4


def test_the_offset_is_taken_off(store: Store) -> None:
    day = filmed("North", 12)
    visits = tuple(replace(visit, camera_offset=0.1) for visit in day.visits)
    store.write_day(replace(day, visits=visits))
    assert queries.summary(store).mean_change == pytest.approx(0.025)


def test_numbers_that_are_none(store: Store) -> None:
    day = filmed("North", 12)
    store.write_day(day)
    with store.cursor() as cursor:  # the store writes null for them; other hands may not
        cursor.execute("UPDATE visits SET change = 'nan', dwell_s = 'inf', match_probability = 'nan' WHERE entry_time_s < 40")
        cursor.execute("UPDATE visits SET change = NULL, camera_offset = NULL, quality = NULL WHERE entry_time_s = 50")
    found = queries.summary(store)
    left = [visit.change for visit in day.visits if visit.entry.best_s > 50]
    assert (found.n, found.mean_change) == (12, pytest.approx(np.mean(left)))
    assert found.median_dwell_s == 905.0
    assert queries.by_dwell(store).n.tolist() == [10]
    assert queries.hourly(store).mean_change.tolist() == [pytest.approx(np.mean(left))]
    assert queries.count(store, Filter(min_match_probability=0.1)) == 10
    assert queries.count(store, Filter(min_quality=0.1)) == 11


# ---- clocks


def test_without_start_times(store: Store) -> None:
    store.write_day(filmed("North", 12, None))
    found = queries.summary(store)
    assert (found.n, found.undated, found.positive, found.median_dwell_s) == (12, 12, 3, None)
    assert queries.groups(store).n.tolist() == [12]
    assert queries.mix(store).n.tolist() == [12, 12]
    assert len(queries.trend(store)) == len(queries.heat(store)) == len(queries.by_dwell(store)) == 0
    for dated in (Filter(first=date(2020, 1, 1)), Filter(weekdays=(0, 1, 2, 3, 4, 5, 6)), Filter(hours=(0, 23))):
        assert queries.summary(store, dated) == NOTHING
    assert queries.summary(store, Filter(hours=(0, 24))).n == 12


def test_the_hour_that_comes_twice_and_the_one_that_is_left_out(store: Store) -> None:
    store.put_store("Clock", time_zone="Europe/Vienna")
    autumn, spring = datetime(2026, 10, 25, 0, 10, tzinfo=UTC), datetime(2026, 3, 29, 0, 50, tzinfo=UTC)
    for name, moment in (
        ("a", autumn),
        ("b", autumn + timedelta(hours=1)),
        ("c", spring),
        ("d", spring + timedelta(minutes=20)),
    ):
        store.write_day(filmed("Clock", 6, moment, name=name))
    found = queries.trend(store, Filter(), "hour")
    hours = ["2026-03-29 01:00", "2026-03-29 03:00", "2026-10-25 02:00"]
    assert found[["bucket", "n"]].values.tolist() == [
        [pd.Timestamp(hour), n] for hour, n in zip(hours, (6, 6, 12), strict=True)
    ]
    assert queries.trend(store, Filter(), "day").n.tolist() == [12, 12]
    assert queries.heat(store)[["weekday", "hour"]].values.tolist() == [[6, 1], [6, 2], [6, 3]]


@pytest.mark.parametrize(
    ("grain", "expected"),
    [
        ("hour", ["2026-03-14 09:00"]),
        ("day", ["2026-03-14"]),
        ("week", ["2026-03-09"]),
        ("month", ["2026-03-01"]),
    ],
)
def test_buckets_begin(store: Store, grain: queries.Grain, expected: list[str]) -> None:
    store.write_day(filmed("North", 2))  # 14 March 2026 is a Saturday
    found = queries.trend(store, Filter(), grain)
    assert found.bucket.tolist() == [pd.Timestamp(moment) for moment in expected]
    assert str(found.bucket.dtype) == "datetime64[us]"


@pytest.mark.parametrize(
    ("filter", "n"),
    [
        (Filter(weekdays=(5,)), 12),
        (Filter(weekdays=(0, 6)), 0),
        (Filter(hours=(9, 10)), 12),
        (Filter(hours=(10, 24)), 0),
        (Filter(hours=(9, 9)), 0),
        (Filter(hours=(22, 10)), 12),
        (Filter(hours=(10, 9)), 0),
        (Filter(last=date.max, first=date.min), 12),
        (Filter(first=date(2026, 3, 15), last=date(2026, 3, 14)), 0),
        (Filter(min_quality=0.8), 12),
        (Filter(min_quality=0.81), 0),
        (Filter(doors=("A",)), 12),
        (Filter(doors=("B", "")), 0),
        (Filter(stores=('O\'Brien; "<b>"',)), 12),
        (Filter(stores=("%",)), 0),
    ],
)
def test_filters(store: Store, filter: Filter, n: int) -> None:
    store.write_day(filmed('O\'Brien; "<b>"', 12, door="A"))
    assert queries.count(store, filter) == queries.summary(store, filter).n == n
    assert queries.groups(store, filter).n.sum() == n
    assert (queries.summary(store, filter).seen_exits > 0) == (n > 0 or filter.min_quality > 0)


# ---- groups and periods


def test_groups_of_doors(store: Store) -> None:
    for name, door in (("North", "A"), ("North", ""), ("South", "A")):
        store.write_day(filmed(name, 12, door=door))
    assert queries.groups(store, Filter(), "door").group.tolist() == ["North · (no name)", "North · A", "South · A"]
    assert queries.groups(store, Filter(stores=("North",)), "door").group.tolist() == ["(no name)", "A"]
    assert queries.trend(store, Filter(doors=("A",)), "week", "door").group.tolist() == ["North · A", "South · A"]
    assert queries.groups(store).n.to_dict() == {0: 24, 1: 12}


def test_a_visit_counts_at_the_door_it_came_in_by(store: Store) -> None:
    entry = make_footage("a.mp4", "entry", start_at=MORNING, door="A")
    exit = make_footage("b.mp4", "exit", start_at=MORNING + timedelta(minutes=15), door="B")
    store.write_day(make_day("North", visits=12, entry=entry, exit=exit, samples=2))
    assert queries.count(store, Filter(doors=("A",))) == 12
    assert queries.count(store, Filter(doors=("B",))) == 0
    found = queries.summary(store, Filter(doors=("B",)))
    assert (found.seen_entries, found.seen_exits) == (0, 14)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (None, date(2026, 3, 1), None),
        (date(2026, 3, 1), None, None),
        (date(2026, 3, 2), date(2026, 3, 1), None),
        (date.min, date(2026, 3, 1), None),
        (date(2026, 3, 1), date(2026, 3, 1), (date(2026, 2, 28), date(2026, 2, 28))),
        (date(2026, 3, 2), date(2026, 3, 8), (date(2026, 2, 23), date(2026, 3, 1))),
    ],
)
def test_period_before(first: date | None, last: date | None, expected: tuple[date, date] | None) -> None:
    found = queries.before(Filter(stores=("North",), first=first, last=last))
    assert found == (None if expected is None else Filter(stores=("North",), first=expected[0], last=expected[1]))


def test_bins_of_the_stay(store: Store) -> None:
    stays = (59.0, 60.0, 299.0, 300.0, 3599.0, 3600.0, 90000.0)
    later = MORNING + timedelta(days=1)
    entries = tuple(make_appearance("entry", 10.0 + n, samples=2) for n in range(len(stays)))
    exits = tuple(make_appearance("exit", 10.0 + n, samples=2) for n in range(len(stays)))
    visits = tuple(
        replace(make_visit(a, b), entered_at=MORNING, exited_at=MORNING + timedelta(seconds=stay))
        for a, b, stay in zip(entries, exits, stays, strict=True)
    )
    films = make_footage("a.mp4", start_at=MORNING), make_footage("b.mp4", "exit", start_at=later)
    status = ("matched",) * len(stays)
    store.write_day(Day("North", films[:1], films[1:], entries, exits, status, status, visits, "d", "e", "m"))
    found = queries.by_dwell(store)
    assert dict(zip(found.bin, found.n, strict=True)) == {
        "under 1 min": 1, "1–2 min": 1, "2–5 min": 1, "5–10 min": 1, "30–60 min": 1, "over 1 h": 2,
    }  # fmt: skip
    assert list(found.bin) == [name for name in queries.DWELL_BINS if name in set(found.bin)]


# ---- the same as pandas finds


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("large") / "moodgate.duckdb"
    make_visits(path, 6000)
    with Store.open(path) as opened:
        yield opened


FILTERS = [
    Filter(),
    Filter(stores=NAMES[:2]),
    Filter(first=FIRST + timedelta(days=100), last=FIRST + timedelta(days=400), weekdays=(0, 4), hours=(10, 15)),
    Filter(doors=("Main",), min_quality=0.3, min_match_probability=0.7, voided=True),
    Filter(stores=NAMES[5:], reviews=("positive", "uncertain")),
]


def told(store: Store, filter: Filter) -> pd.DataFrame:
    """The filter's visits, taken apart by pandas."""
    found = queries.visits(store, replace(Filter(voided=True), reviews=()))
    found = found[~found.voided | filter.voided]
    if filter.stores:
        found = found[found.store.isin(filter.stores)]
    if filter.first and filter.last:
        days = found.local_at.dt.date
        found = found[(days >= filter.first) & (days <= filter.last)]
    if filter.weekdays:
        found = found[found.local_at.dt.day_of_week.isin(filter.weekdays)]
    if filter.hours != (0, 24):
        found = found[(found.local_at.dt.hour >= filter.hours[0]) & (found.local_at.dt.hour < filter.hours[1])]
    if filter.doors:
        found = found[found.entry_door.isin(filter.doors)]
    found = found[(found.quality >= filter.min_quality) & (found.match_probability >= filter.min_match_probability)]
    found = found.assign(net=found.change - found.camera_offset, all=True)
    return found.assign(all=found.verdict.isin(filter.reviews)) if filter.reviews else found


@pytest.mark.parametrize("filter", FILTERS, ids=str)
def test_summary_as_pandas(large: Store, filter: Filter) -> None:
    visits = told(large, filter)
    visits = visits[visits["all"]]
    found = queries.summary(large, filter)
    counts = visits.verdict.value_counts()
    assert found.n == len(visits) == queries.count(large, filter) == len(queries.visits(large, filter))
    assert [found.positive, found.neutral, found.negative, found.uncertain] == [
        counts.get(name, 0) for name in ("positive", "neutral", "negative", "uncertain")
    ]
    assert found.mean_change == pytest.approx(visits.net.mean())
    assert found.change_se == pytest.approx(visits.net.std() / len(visits) ** 0.5)
    assert found.median_dwell_s == pytest.approx(visits.dwell_s.median())
    assert found.undated == visits.local_at.isna().sum()


@pytest.mark.parametrize("filter", FILTERS, ids=str)
@pytest.mark.parametrize(("grain", "period"), [("hour", "h"), ("day", "D"), ("week", "W-SUN"), ("month", "M")])
def test_trend_as_pandas(large: Store, filter: Filter, grain: queries.Grain, period: str) -> None:
    visits = told(large, filter).dropna(subset="local_at")
    bucket = visits.local_at.dt.to_period(period).dt.start_time
    positive, net = visits["all"] & (visits.verdict == "positive"), visits.net.where(visits["all"])
    groups = visits.assign(bucket=bucket, positive=positive, net=net).groupby(["bucket", "store"])
    expected = groups.agg(everyone=("all", "size"), n=("all", "sum"), positive=("positive", "sum"), mean_change=("net", "mean"))
    found = queries.trend(large, filter, grain, "store").set_index(["bucket", "group"])
    assert list(found.index) == list(expected.index)
    few = (expected.everyone < 10).to_numpy()
    hidden = few | expected.n.between(1, 9).to_numpy()
    assert list(found.hidden) == list(hidden)
    assert list(found.n) == list(expected.everyone.where(few, expected.n))
    assert found.positive[hidden].isna().all()
    assert list(found.positive[~hidden]) == list(expected.positive[~hidden])
    assert found.mean_change[~hidden].to_numpy() == pytest.approx(expected.mean_change[~hidden].to_numpy(), nan_ok=True)


def test_the_parts_come_to_the_whole(large: Store) -> None:
    for filter in FILTERS:
        n = queries.summary(large, filter).n
        dated = n - (queries.summary(large, filter).undated or 0)
        assert queries.groups(large, Filter(**{**vars(filter), "reviews": ()})).n.sum() >= n
        assert queries.mix(large, filter).groupby("moment").n.sum().tolist() == [n, n]
        assert queries.trend(large, filter, "month").n.sum() >= dated
        assert queries.by_dwell(large, filter).n.sum() >= dated
