"""Live days: sightings in whatever order, each once, become the visits that films would have given; then templates go."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest

from fer_core import pipeline
from fer_core.errors import DataError, InputError
from fer_core.pipeline import Engine
from fer_core.settings import Settings
from fer_core.store import Store
from fer_core.types import EXPRESSIONS, Appearance, Footage
from fer_core.watch.day import settled
from fer_core.watch.message import Backends, Count, Sighting
from fer_core.zones import MeasuringZone
from server.live_days import LiveDays
from tests.days import rows
from tests.toys import ToyDetector, ToyEmbedder, ToyEmotion

SHOP = "Main Street"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NAMES = Backends("toy", "toy", "toy")


class Clock:
    """A time of day that stands still until it is set."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "moodgate.duckdb") as opened:
        opened.put_store(SHOP)
        yield opened


@pytest.fixture
def days(store, tmp_path, clock):
    return LiveDays(store, tmp_path / "live", now=clock)


def seen(role, person, at_s, expression="happy", door="", samples=10) -> Appearance:
    series = np.full((samples, 7), 0.01, np.float32)
    series[:, EXPRESSIONS.index(expression)] = 0.94
    return Appearance(
        role=role, film=0, intervals=((at_s, at_s + 2),), best_s=at_s + 1, x=100.0 + person, y=50.0, size_px=90.0, quality=0.9,
        faces=10, template=np.eye(8, dtype=np.float32)[person], times_s=at_s + 0.2 * np.arange(samples), series=series,
        weight=np.ones(samples), door=door,
    )  # fmt: skip


def sighting(role, person, at_s, expression="happy", **more) -> dict:
    return Sighting.of(NOON, seen(role, person, at_s, expression, **more), NAMES).as_json()


def count(role="floor", door="shelves", zone="", faces=1.0, expression="happy", at=NOON, **more) -> dict:
    mix = np.eye(7, dtype=np.float32)[EXPRESSIONS.index(expression)]
    return Count(uuid4(), role, door, at, zone, faces, 6.0, mix).as_json() | more


def reviews(store) -> list:
    return rows(store, "SELECT review, entry_expression, exit_expression, dwell_s FROM visits ORDER BY entered_at")


# ---- the day --------------------------------------------------------------------------------------------------------


def test_an_empty_day_has_no_visits():
    day = settled(SHOP, NOON, [], Settings())
    assert (day.visits, day.entries, day.exits) == ((), (), ())


def test_a_live_day_is_the_day_of_its_films():
    people = [("entry", 0, 10.0), ("entry", 1, 14.0), ("exit", 1, 40.0), ("exit", 0, 61.0), ("exit", 2, 70.0)]
    given = [Sighting.of(NOON, seen(role, person, at_s), NAMES) for role, person, at_s in people]
    live = settled(SHOP, NOON, reversed(given), Settings())
    engine = Engine(ToyDetector(), ToyEmbedder(), ToyEmotion())
    films = {role: [Footage(f"{role}.mp4", role, role, "", NOON, 80.0, 1, 1)] for role in ("entry", "exit")}
    apart = {role: [one.appearance for one in given if one.role == role] for role in films}
    visits, *_ = pipeline.settle(apart["entry"], apart["exit"], films["entry"], films["exit"], engine)
    assert [(v.entry.best_s, v.exit.best_s, v.review, v.change) for v in live.visits] == [
        (v.entry.best_s, v.exit.best_s, v.review, v.change) for v in visits
    ]
    assert len(visits) == 2 and live.exit_status.count("unmatched") == 1


def test_runs_of_a_camera_that_broke_off_lie_on_one_clock():
    late = Sighting.of(NOON + timedelta(seconds=100), seen("exit", 0, 5.0), NAMES)
    day = settled(SHOP, NOON, [Sighting.of(NOON, seen("entry", 0, 10.0), NAMES), late], Settings())
    (visit,) = day.visits
    assert (visit.exit.best_s, visit.exited_at) == (106.0, NOON + timedelta(seconds=106))
    assert visit.exit.times_s[0] == 105.0


def test_a_broken_track_is_joined():
    first, second = seen("exit", 0, 40.0), seen("exit", 0, 42.5)
    given = [Sighting.of(NOON, one, NAMES) for one in (seen("entry", 0, 10.0), first, second)]
    day = settled(SHOP, NOON, given, Settings())
    assert [len(one.intervals) for one in day.exits] == [2] and len(day.visits) == 1


def test_who_was_seen_by_another_embedder_is_unusable():
    other = replace(NAMES, embedder="other")
    given = [Sighting.of(NOON, seen("entry", n, 10.0 * n + 10), NAMES) for n in (0, 1)]
    day = settled(SHOP, NOON, [*given, Sighting.of(NOON, seen("exit", 0, 60.0), other)], Settings())
    assert (day.exit_status, day.visits) == (("unusable",), ())


# ---- taking ---------------------------------------------------------------------------------------------------------


def test_a_review_stands_in_the_database_once_somebody_left(days, store):
    days.take(SHOP, [sighting("entry", 0, 10.0, "sad")])
    days.settle()
    assert reviews(store) == [] and days.inside(SHOP) == 1
    days.take(SHOP, [sighting("exit", 0, 50.0, "happy")])
    assert days.waiting(SHOP) == 2
    days.settle()
    assert reviews(store) == [("positive", "sad", "happy", 40.0)]
    assert (days.waiting(SHOP), days.inside(SHOP)) == (0, 0)


def test_the_whole_day_is_settled_again_with_each_exit(days, store):
    days.take(SHOP, [sighting("entry", 0, 10.0), sighting("exit", 1, 40.0, "sad")])
    days.settle()
    before = rows(store, "SELECT appearance_id FROM appearances ORDER BY 1")
    days.take(SHOP, [sighting("entry", 1, 12.0)])  # a worker that was away tells of it late
    days.settle()
    assert [row[0] for row in reviews(store)] == ["negative"]
    assert set(before) < set(rows(store, "SELECT appearance_id FROM appearances"))
    assert rows(store, "SELECT count(*) FROM footage WHERE sha256 LIKE 'live:%'") == [(2,)]


def test_a_visit_keeps_its_id_and_its_correction(days, store):
    days.take(SHOP, [sighting("entry", 0, 10.0), sighting("exit", 0, 40.0)])
    days.settle()
    ((key,),) = rows(store, "SELECT visit_id::VARCHAR FROM visits")
    store.correct_visit(key, "negative", "they said so")
    days.take(SHOP, [sighting("entry", 1, 50.0), sighting("exit", 1, 70.0)])
    days.settle()
    assert (key, "negative") in rows(store, "SELECT visit_id::VARCHAR, corrected_review FROM visits")


def test_what_comes_twice_counts_once(days, store, tmp_path, clock):
    given = [sighting("entry", 0, 10.0), sighting("exit", 0, 40.0)]
    for _ in range(2):
        assert len(days.take(SHOP, given).taken) == 2, "or else the worker would send them for ever"
    days.settle()
    days.end(SHOP)
    days.take(SHOP, given)
    days.settle()
    days.end(SHOP)
    assert len(reviews(store)) == 1
    assert rows(store, "SELECT count(*) FROM appearances") == [(2,)]


def test_a_killed_app_goes_on_with_its_day(days, store, tmp_path, clock):
    days.take(SHOP, [sighting("entry", 0, 10.0)])
    again = LiveDays(store, tmp_path / "live", now=clock)
    again.take(SHOP, [sighting("exit", 0, 40.0)])
    again.settle()
    assert len(reviews(store)) == 1 and rows(store, "SELECT count(*) FROM footage") == [(2,)]


def test_two_days_that_begin_on_one_date_are_two(days, store, clock):
    for person in (0, 1):
        days.take(SHOP, [sighting("entry", person, 10.0 + person), sighting("exit", person, 40.0)])
        days.settle()
        days.end(SHOP)
        clock.now += timedelta(seconds=1, microseconds=1)
    assert len(reviews(store)) == 2


@pytest.mark.parametrize("given", [[7], [sighting("entry", 0, 1.0, samples=2) | {"template": [3.0]}]])
def test_what_is_no_message_is_refused_and_nothing_of_the_call_is_kept(days, store, given):
    with pytest.raises(InputError):
        days.take(SHOP, [sighting("entry", 0, 10.0), *given])
    days.settle()
    assert rows(store, "SELECT count(*) FROM appearances") == [(0,)]


def test_an_unknown_store_is_refused(days):
    with pytest.raises(DataError, match="no store"):
        days.take("Nowhere", [])


# ---- closing time ---------------------------------------------------------------------------------------------------


def files(tmp_path) -> list:
    return [path for path in (tmp_path / "live").rglob("*") if path.is_file()]


def test_after_closing_time_the_templates_are_gone(days, store, tmp_path, clock):
    week = {day: ["09:00", "18:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    store.put_store(SHOP, opening_hours=week)
    days.take(SHOP, [sighting("entry", 0, 10.0)])
    days.settle()
    assert any(path.suffix == ".message" for path in files(tmp_path))
    clock.now = NOON.replace(hour=18, minute=29)
    days.take(SHOP, [sighting("exit", 0, 6 * 3600.0)])
    days.settle()
    assert len(reviews(store)) == 1 and files(tmp_path)
    clock.now = NOON.replace(hour=18, minute=30)
    days.settle()
    assert files(tmp_path) == [] and len(reviews(store)) == 1


def test_without_hours_the_day_ends_at_three_in_the_morning(days, store, tmp_path, clock):
    days.take(SHOP, [sighting("entry", 0, 10.0)])
    clock.now = datetime(2026, 3, 3, 2, 59, tzinfo=UTC)
    days.settle()
    assert files(tmp_path)
    clock.now = datetime(2026, 3, 3, 3, 0, tzinfo=UTC)
    days.settle()
    assert files(tmp_path) == []
    assert rows(store, "SELECT status FROM appearances") == [("unmatched",)]


def test_nothing_on_the_disk_can_be_read_without_the_key(days, tmp_path):
    days.take(SHOP, [sighting("entry", 0, 10.0, door="canary-door")])
    assert not any(b"canary-door" in path.read_bytes() for path in files(tmp_path))


def test_a_store_that_goes_takes_its_day_along(days, store, tmp_path):
    days.take(SHOP, [sighting("entry", 0, 10.0)])
    store.delete_store(SHOP)
    days.settle()
    assert files(tmp_path) == []


def test_a_renamed_store_keeps_its_day(days, store):
    days.take(SHOP, [sighting("entry", 0, 10.0)])
    store.rename_store(SHOP, "Side Street")
    days.take("Side Street", [sighting("exit", 0, 40.0)])
    days.settle()
    assert len(reviews(store)) == 1


def test_a_day_that_cannot_be_written_is_told_and_tried_again(days, store, monkeypatch, caplog):
    days.take(SHOP, [sighting("entry", 0, 10.0)])

    def full(*_, **__):
        raise DataError("there is no room")

    with monkeypatch.context() as patched:
        patched.setattr(store, "write_day", full)
        days.settle()
    assert days.trouble(SHOP) == "there is no room" and days.waiting(SHOP) == 1
    assert "there is no room" in caplog.text
    days.settle()
    assert days.trouble(SHOP) == "" and rows(store, "SELECT count(*) FROM appearances") == [(1,)]


def test_a_day_that_was_damaged_goes_with_a_warning(days, store, tmp_path, clock, caplog):
    days.take(SHOP, [sighting("entry", 0, 10.0)])
    (path,) = (tmp_path / "live").glob("*/day.json")
    path.write_text("{")
    LiveDays(store, tmp_path / "live", now=clock)
    assert "can't be read" in caplog.text and files(tmp_path) == []


# ---- modes ----------------------------------------------------------------------------------------------------------


def test_a_store_of_sums_takes_no_sighting_and_keeps_none(days, store, tmp_path):
    days.take(SHOP, [sighting("entry", 0, 10.0)])
    store.set_privacy_mode(SHOP, "aggregate")
    told = days.take(SHOP, [sighting("exit", 0, 40.0), count("entry", "")])
    assert len(told.taken) == 1 and "sums only" in next(iter(told.refused.values()))
    days.settle()
    assert files(tmp_path) == []
    assert rows(store, "SELECT count(*) FROM appearances") == [(0,)]
    assert days.inside(SHOP) == 1


def test_where_people_have_to_agree_others_are_counts_only(days, store):
    store.set_privacy_mode(SHOP, "opt-in")
    stranger = Sighting.of(NOON, replace(seen("entry", 0, 10.0), template=None), NAMES).as_json()
    told = days.take(SHOP, [stranger, sighting("entry", 1, 10.0), count("entry", "")])
    assert list(told.refused) == [stranger["id"]] and len(told.taken) == 2


def test_doors_of_a_store_with_visits_are_not_counted_twice(days):
    told = days.take(SHOP, [count("entry", "")])
    assert "counts nobody at its doors" in next(iter(told.refused.values()))


# ---- counts ---------------------------------------------------------------------------------------------------------


def test_counts_are_summed_by_hour_and_zone_each_once(days, store):
    twice = count(zone="shelf")
    days.take(SHOP, [twice, count(zone="shelf", expression="sad"), count(zone=""), count(at=NOON + timedelta(hours=1))])
    days.take(SHOP, [twice])
    found = rows(
        store,
        "SELECT zone, hour(hour_at AT TIME ZONE 'UTC'), expression, faces, seconds FROM tallies WHERE faces > 0 ORDER BY ALL",
    )
    assert found == [
        ("", 12, "happy", 1.0, 6.0), ("", 13, "happy", 1.0, 6.0),
        ("shelf", 12, "happy", 1.0, 6.0), ("shelf", 12, "sad", 1.0, 6.0),
    ]  # fmt: skip


def test_who_stays_is_one_face_and_more_seconds(days, store):
    days.take(SHOP, [count(), count(faces=0.0)])
    assert rows(store, "SELECT sum(faces), sum(seconds) FROM tallies") == [(1.0, 12.0)]


# ---- plans, signs of life, stills -----------------------------------------------------------------------------------


def test_a_plan_says_what_the_database_says(days, store):
    store.put_camera(SHOP, "floor", "shelves", zones=[[[0, 0], [0.5, 0], [0.5, 1]]])
    store.put_measuring(SHOP, "floor", "shelves", [MeasuringZone("tea", "shelf", ((0, 0), (1, 0), (1, 1)))])
    plan = days.plan(SHOP, "floor", "shelves")
    assert plan.masks == (((0, 0), (0.5, 0), (0.5, 1)),) and plan.measuring[0].name == "tea"
    assert (plan.mode, plan.recognises, plan.guests, plan.refused) == ("visit", False, None, "")
    before = plan.version
    store.set_privacy_mode(SHOP, "aggregate")
    assert days.plan(SHOP, "floor", "shelves").version != before
    assert days.plan(SHOP, "entry", "").recognises is False


def beat(**changes) -> dict:
    health = {
        "state": "live", "why": "", "pictures_per_s": 10.0, "taken_per_s": 5.0, "delay_s": 0.1, "silent_s": 0.2, "breaks": 0,
        "width": 1280, "height": 720,
    }  # fmt: skip
    return {"worker": "here", "health": health | changes, "faces_per_min": 3.0, "usable": 0.5, "people": 4, "waiting": 0}


def test_a_camera_that_is_silent_is_gone_and_one_day_later_forgotten(days, clock):
    assert days.cameras(SHOP) == []
    answer = days.beat(SHOP, "entry", "", beat())
    assert (answer.plan, answer.still) == (days.plan(SHOP, "entry", "").version, False)
    (state,) = days.cameras(SHOP)
    assert (state.health["state"], state.usable, state.people, state.at) == ("live", 0.5, 4, NOON)
    clock.now += timedelta(seconds=16)
    (state,) = days.cameras(SHOP)
    assert (state.health["state"], state.faces_per_min) == ("gone", 0.0) and state.message
    clock.now += timedelta(hours=24)
    assert days.cameras(SHOP) == []


@pytest.mark.parametrize("told", [{}, {"health": 7}, beat() | {"people": "many"}, beat(pictures_per_s=None)])
def test_what_is_no_sign_of_life_is_refused(days, told):
    with pytest.raises(DataError, match="no sign of life"):
        days.beat(SHOP, "entry", "", told)


def test_a_still_is_had_when_asked_for_and_goes(days, clock):
    jpeg = b"\xff\xd8 a picture"
    with pytest.raises(DataError, match="nobody asked"):
        days.put_still(SHOP, "entry", "", jpeg)
    days.ask_still(SHOP, "entry", "")
    assert days.beat(SHOP, "entry", "", beat()).still and not days.beat(SHOP, "exit", "", beat()).still
    with pytest.raises(DataError, match="JPEG"):
        days.put_still(SHOP, "entry", "", b"GIF89a")
    days.put_still(SHOP, "entry", "", jpeg)
    assert days.still(SHOP, "entry", "") == jpeg and not days.beat(SHOP, "entry", "", beat()).still
    clock.now += timedelta(seconds=61)
    assert days.still(SHOP, "entry", "") is None


def test_a_message_is_json(days):
    assert json.loads(json.dumps(days.plan(SHOP, "entry", "").as_json()))["store"] == SHOP
