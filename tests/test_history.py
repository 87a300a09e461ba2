"""The made-up history: believable, whole, marked as a sample, the same each time, and gone at one call."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fer_core import queries
from fer_core.errors import CancelledError, InputError
from fer_core.queries import Filter
from fer_core.review import verdict
from fer_core.sample.history import NAMES, write_history
from fer_core.sample.rhythm import DAYS, SHOPS
from fer_core.settings import ReviewSettings
from fer_core.store import Store
from fer_core.types import EXPRESSIONS
from tests.days import MORNING, count, make_day, rows

LAST = date(2026, 11, 20)
NORD, MITTE, SUED = ((name,) for name in NAMES)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store.open(tmp_path_factory.mktemp("history") / "moodgate.duckdb") as opened:
        assert write_history(opened, last=LAST) == queries.count(opened)
        yield opened


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "moodgate.duckdb") as opened:
        yield opened


def test_eight_weeks_of_three_shops(store: Store) -> None:
    assert sorted(queries.stores(store).store) == sorted(NAMES)
    for name in NAMES:
        assert queries.span(store, (name,)) == (LAST - timedelta(days=DAYS - 1), LAST) or name == NAMES[2]
        days = queries.trend(store, Filter(stores=(name,)), "day")
        assert 45 <= len(days) <= DAYS
        assert 60 <= days.n.mean() <= 150
        assert days.n.between(30, 220).all()


def test_marked_as_a_sample_everywhere(store: Store) -> None:
    assert queries.stores(store).is_sample.all()
    assert rows(store, "SELECT DISTINCT is_sample FROM visits") == [(True,)]
    assert queries.summary(store).sample
    hours = queries.trend(store, Filter(), "hour", "door")
    assert not hours.hidden.any()
    assert hours.n.min() < 10


def test_within_opening_hours(store: Store) -> None:
    for shop in SHOPS:
        hours = queries.store(store, shop.name)["opening_hours"]
        assert hours == {day: list(span) for day, span in shop.opening.items()}
        visits = queries.visits(store, Filter(stores=(shop.name,)))
        came = visits.local_at
        spans = came.dt.day_name().str[:3].str.lower().map(hours)
        assert spans.notna().all()
        clock = came.dt.strftime("%H:%M")
        assert (clock >= spans.str[0]).all()
        assert (clock < spans.str[1]).all()
        assert (visits.dwell_s > 0).all()


def test_local_clock_over_the_end_of_summer_time(store: Store) -> None:
    visits = queries.visits(store)
    berlin = visits.entered_at.dt.tz_convert("Europe/Berlin").dt.tz_localize(None)
    assert (berlin == visits.local_at).all()
    assert set((visits.local_at - visits.entered_at.dt.tz_localize(None)).dt.total_seconds()) == {3600.0, 7200.0}
    stay = (visits.exited_at - visits.entered_at).dt.total_seconds()
    assert np.allclose(stay, visits.dwell_s, atol=1e-5)


def test_believable_rhythms(store: Store) -> None:
    by_hour = queries.heat(store, Filter(stores=MITTE)).groupby("hour").n.sum()
    assert by_hour[12] > 1.5 * by_hour[10]
    by_day = queries.heat(store, Filter(stores=SUED)).groupby("weekday").n.sum()
    assert 0 not in by_day.index
    assert by_day[5] > 1.4 * by_day[2]
    weeks = queries.trend(store, Filter(stores=NORD), "week").mean_change
    assert weeks.tail(3).mean() > weeks.head(4).mean() + 0.05
    bad = Filter(stores=MITTE, first=LAST - timedelta(days=24), last=LAST - timedelta(days=21))
    assert queries.summary(store, bad).mean_change < queries.summary(store, Filter(stores=MITTE)).mean_change - 0.2  # type: ignore[operator]
    stays = queries.by_dwell(store).set_index("bin").mean_change
    assert stays["2–5 min"] > stays["30–60 min"]
    assert set(queries.groups(store, Filter(), "door").group) == {
        "Sample shop Mitte · Mall", "Sample shop Mitte · Street", "Sample shop Nord · Main", "Sample shop Süd · Garden",
    }  # fmt: skip
    reviews = queries.summary(store)
    assert min(reviews.positive or 0, reviews.neutral or 0, reviews.negative or 0, reviews.uncertain or 0) > 0.05 * reviews.n
    assert set(queries.mix(store).expression) == set(EXPRESSIONS)
    assert queries.attention(store).kind.tolist() == ["camera", "camera"]


def test_numbers_agree_with_each_other(store: Store) -> None:
    settings = ReviewSettings()
    visits, seen = queries.visits(store), queries.appearances(store)
    assert np.allclose(visits.exit_valence - visits.entry_valence, visits.change)
    told = [verdict(change, se, settings) for change, se in zip(visits.change, visits.change_se, strict=True)]
    assert told == list(visits.review)
    usable = seen[seen.status != "unusable"].set_index("appearance_id")
    shares = usable[[f"p_{name}" for name in EXPRESSIONS]].to_numpy(float)
    assert np.allclose(shares.sum(axis=1), 1, atol=1e-5)
    assert [EXPRESSIONS[place] for place in shares.argmax(axis=1)] == list(usable.expression)
    valence = pd.Series(shares @ np.array(settings.valence), usable.index)
    for side in ("entry", "exit"):
        key = visits[f"{side}_appearance_id"]
        assert key.is_unique
        assert (usable.status[key] == "matched").all()
        assert np.allclose(valence[key], visits[f"{side}_valence"], atol=1e-5)
        assert list(usable.film[key]) == list(visits[f"{side}_film"])
        assert list(usable.door[key]) == list(visits[f"{side}_door"])
    assert (usable.status == "matched").sum() == 2 * len(visits)
    assert set(seen.status) == {"matched", "unmatched", "ambiguous", "unusable"}
    assert seen[seen.status == "unusable"][["expression", "p_happy"]].isna().all(axis=None)
    assert (seen.start_s >= 0).all()
    assert visits[["entry_valence", "change_se", "quality", "match_probability"]].notna().all(axis=None)


def test_series_of_the_last_week(store: Store) -> None:
    week = queries.visits(store, Filter(first=LAST - timedelta(days=6)))
    assert count(store, "series") == 2 * len(week) > 0
    row = week.iloc[0]
    found = queries.series(store, row.exit_appearance_id)
    assert len(found) == 8
    assert found.time_s.between(row.exit_time_s - 1.1, row.exit_time_s + 1.1).all()
    mean = np.average(found[list(EXPRESSIONS)], axis=0, weights=found.weight)
    assert mean @ np.array(ReviewSettings().valence) == pytest.approx(row.exit_valence, abs=1e-3)
    assert len(queries.series(store, queries.visits(store).iloc[0].entry_appearance_id)) == 0


def test_the_same_each_time_and_replaced(own: Store, store: Store) -> None:
    assert write_history(own, last=LAST - timedelta(days=1), seed=3) > 0
    ticks: list[tuple[int, int]] = []
    assert write_history(own, last=LAST, tell=lambda done, total: ticks.append((done, total))) == queries.count(store)
    assert ticks == [(1, 3), (2, 3), (3, 3)]
    pd.testing.assert_frame_equal(queries.visits(own), queries.visits(store))
    pd.testing.assert_frame_equal(queries.appearances(own), queries.appearances(store))
    assert count(own, "footage") == count(store, "footage") == count(store, "footage WHERE sha256 IS NOT NULL")


def test_gone_at_one_call(own: Store) -> None:
    own.write_day(make_day("Real", visits=2, start_at=MORNING))
    write_history(own, last=LAST)
    for name in NAMES:
        own.delete_store(name)
    assert queries.stores(own).store.tolist() == ["Real"]
    assert (queries.count(own), count(own, "footage"), count(own, "cameras"), count(own, "series")) == (2, 2, 2, 6)


def test_ends_yesterday(own: Store) -> None:
    write_history(own)
    span = queries.span(own)
    assert span is not None
    assert timedelta(0) < datetime.now().date() - span[1] <= timedelta(days=3)


def test_recomputed_visits_stay_much_as_they_were(own: Store, store: Store) -> None:
    write_history(own, last=LAST)
    own.put_store(NAMES[0], offset_enabled=False)
    before = queries.visits(own, Filter(stores=NORD, first=LAST - timedelta(days=6)))
    assert own.recompute(NAMES[0]) == len(before)
    after = queries.visits(own, Filter(stores=NORD, first=LAST - timedelta(days=6)))
    assert np.allclose(before.change, after.change, atol=1e-3)
    assert (before.review == after.review).mean() > 0.9


def test_a_real_store_of_that_name_is_left_alone(own: Store) -> None:
    own.write_day(make_day(NAMES[1], visits=2, start_at=MORNING))
    with pytest.raises(InputError, match="a real store here"):
        write_history(own, last=LAST)
    assert queries.stores(own).store.tolist() == [NAMES[1]]
    assert queries.count(own) == 2


def test_cancelled_history_leaves_nothing(own: Store) -> None:
    asked = iter([False, True])
    with pytest.raises(CancelledError):
        write_history(own, last=LAST, cancelled=lambda: next(asked))
    assert len(queries.stores(own)) == 0
    assert json.dumps(rows(own, "SELECT count(*) FROM footage")) == "[[0]]"
