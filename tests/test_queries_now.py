"""The store at this moment: the last minutes, the usual for the hour, the newest reviews, floor cameras' zones."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fer_core import queries
from fer_core.errors import DataError, ForbiddenError
from fer_core.queries import Filter, Scope, Scoped
from tests.days import make_day, make_footage
from tests.floors import count_on_the_floor
from tests.sums import sums_day

NOW = datetime(2026, 3, 14, 12, 30, tzinfo=UTC)
HOUR = NOW.replace(minute=0)
WEEK = timedelta(days=7)
MINUTE = timedelta(minutes=1)


def ended(store, visits, at, name="North", **changes):
    """Visits that all ended at that moment, of films of their own."""
    start = at - timedelta(minutes=15)
    films = [make_footage(f"{role} {at} {name}", role, start_at=start) for role in ("entry", "exit")]
    day = make_day(name, visits=visits, entry=films[0], exit=films[1])
    moved = tuple(replace(one, entered_at=start, exited_at=at, **changes) for one in day.visits)
    return store.write_day(replace(day, visits=moved))


def test_a_store_without_visits_has_zeros(store):
    store.put_store("North")
    assert {length: mood.n for length, mood in queries.last_minutes(store, "North", NOW).items()} == {5: 0, 15: 0, 60: 0}
    assert queries.usual(store, "North", NOW).n == 0
    assert queries.came_today(store, "North", NOW) == 0
    assert queries.last_reviews(store, "North", NOW) == []
    assert queries.zones(store).empty and not queries.zones_kept(store)


def test_no_such_store_has_no_usual(store):
    with pytest.raises(DataError, match="no store"):
        queries.usual(store, "Nowhere", NOW)


def test_visits_count_in_the_minutes_in_which_they_ended(store):
    ended(store, 12, NOW - 2 * MINUTE, review="positive")
    ended(store, 3, NOW - 10 * MINUTE, review="negative")
    ended(store, 11, NOW - 59 * MINUTE, review="negative")
    ended(store, 11, NOW - 60 * MINUTE)
    ended(store, 11, NOW + MINUTE)
    ended(store, 20, NOW, "South")
    found = queries.last_minutes(store, "North", NOW)
    assert {length: (mood.n, mood.positive, mood.negative) for length, mood in found.items()} == {
        5: (12, 12, 0), 15: (15, 12, 3), 60: (26, 12, 14),
    }  # fmt: skip
    assert not found[5].hidden and found[5].change_se is not None


def test_few_visits_are_a_count_but_for_samples(store):
    ended(store, 9, NOW)
    mood = queries.last_minutes(store, "North", NOW)[5]
    assert mood.hidden and mood.n == 9 and mood.mean_change is None and mood.positive is None and mood.days is None
    store.put_store("North", is_sample=True)
    mood = queries.last_minutes(store, "North", NOW)[5]
    assert not mood.hidden and mood.sample and mood.positive == 3


def test_the_usual_is_the_same_hour_of_the_same_weekday_of_eight_weeks(store):
    store.put_store("North", time_zone="Europe/Vienna")
    for weeks in (0, 1, 8, 9):
        ended(store, 6, NOW - weeks * WEEK + 14 * MINUTE)
    ended(store, 20, NOW - WEEK + timedelta(hours=2))
    ended(store, 20, NOW - WEEK + timedelta(days=1))
    found = queries.usual(store, "North", NOW)
    assert (found.n, found.days, found.hidden) == (12, 2, False)


def test_the_last_reviews_are_the_newest_first_and_corrected_ones_count(store):
    ended(store, 2, NOW - 3 * MINUTE, review="positive")
    ended(store, 1, NOW - MINUTE, review="neutral")
    ended(store, 1, NOW - timedelta(days=2))
    found = queries.last_reviews(store, "North", NOW)
    assert [row["verdict"] for row in found] == ["neutral", "positive", "positive"]
    assert found[0]["exited_at"] == NOW - MINUTE and found[0]["dwell_s"] == pytest.approx(900)
    store.correct_visit(found[0]["visit_id"], "negative", "seen")
    store.void_visit(found[1]["visit_id"], "staff")
    assert [row["verdict"] for row in queries.last_reviews(store, "North", NOW)] == ["negative", "positive"]
    assert len(queries.last_reviews(store, "North", NOW, 1)) == 1


def test_who_sees_sums_only_gets_no_single_review(store):
    ended(store, 12, NOW)
    source = Scoped(store, Scope(kinds=frozenset({"setup", "sums"})))
    assert queries.last_minutes(source, "North", NOW)[5].n == 12
    with pytest.raises(ForbiddenError):
        queries.last_reviews(source, "North", NOW)


# ---- zones


def test_zones_are_counted_by_camera_and_hour(store):
    count_on_the_floor(store, "North", {"": 40, "Till": 20, "Shelf": 9}, HOUR)
    count_on_the_floor(store, "North", {"": 40, "Till": 10}, HOUR - timedelta(hours=1))
    found = queries.zones(store, Filter(("North",)), "hour")
    tills = found[(found["zone"] == "Till") & (found["expression"] == "happy")]
    assert list(tills["n"]) == [10, 20] and list(tills["share"]) == [0.5, 0.5] and list(tills["seconds"]) == [100, 200]
    few = found[found["zone"] == "Shelf"]
    assert len(few) == 1 and few["hidden"].all() and few["n"].item() == 9 and few["seconds"].isna().all()
    whole = queries.zones(store, Filter(("North",)))
    till = whole[(whole["zone"] == "Till") & (whole["expression"] == "neutral")].iloc[0]
    assert (till["n"], till["faces"], till["hours"], till["camera"]) == (30, 15, 2, "Tills")


def test_somebody_who_is_still_there_in_the_next_hour_is_not_told_alone(store):
    count_on_the_floor(store, "North", {"Till": 30}, HOUR)
    with store._transaction() as cursor:
        cursor.execute("UPDATE tallies SET faces = 0")
    found = queries.zones(store)
    assert found["hidden"].all() and found["seconds"].isna().all() and list(found["n"]) == [0]


def test_zones_of_a_sample_store_are_shown_however_few(store):
    store.put_store("North", is_sample=True)
    count_on_the_floor(store, "North", {"Till": 2}, HOUR)
    found = queries.zones(store)
    assert not found["hidden"].any() and found["sample"].all() and found["faces"].sum() == 2


def test_floor_cameras_are_neither_doors_nor_people_who_passed(store):
    count_on_the_floor(store, "North", {"": 40, "Till": 20}, HOUR)
    assert queries.doors(store).empty and queries.tallies(store).empty and not queries.sums_kept(store)
    assert queries.zones_kept(store) and not queries.zones_kept(store, Filter(("South",)))
    store.set_privacy_mode("North", "aggregate")
    store.write_day(sums_day("North", 14, start_at=HOUR))
    assert set(queries.tallies(store)["n"]) == {14}
    assert set(queries.doors(store)["door"]) == {""}
