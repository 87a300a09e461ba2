"""What visitors say against what was read: pairs, kappa, small cells, correlations, the sentence."""

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from fer_core import metrics, validity
from fer_core.queries import Filter
from fer_core.queries.answers import answer_state, answers, exits
from fer_core.sample.history import write_history
from fer_core.sample.rhythm import SHOPS
from fer_core.store import Store
from fer_core.types import REVIEWS
from fer_core.validity import LEAST_ANSWERS, LEFT_OUT, agreement, cells, correlation, judge, pair, sentence, table
from tests.days import make_appearance, make_day, make_footage, make_visit

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FACE_OF = {"positive": 4, "neutral": 3, "negative": 1}


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "validity.duckdb") as made:
        yield made


def pairs(answers_s, exits_s):
    found, why = pair(np.array(answers_s, dtype=float), np.array(exits_s, dtype=float))
    return list(found), list(why)


# ---- pairs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("answers_s", "exits_s", "found", "why"), [
    ([], [], [], []),
    ([], [5], [], []),
    ([5], [], [-1], ["nobody"]),
    ([5], [5], [0], [""]),
    ([0], [60], [0], [""]),
    ([0], [60.1], [-1], ["nobody"]),
    ([0], [-60], [0], [""]),
    ([0], [-10, 10], [-1], ["several"]),
    ([0], [-10, 10.9], [-1], ["several"]),
    ([0], [-10, 11.1], [0], [""]),
    ([0], [20, 20], [-1], ["several"]),
    ([0, 5], [6], [-1, 0], ["taken", ""]),
    ([0, 10], [5], [-1, -1], ["several", "several"]),
    ([7, 7], [7], [-1, -1], ["several", "several"]),
    ([100, 0], [2, 98], [1, 0], ["", ""]),
    ([0, 30, 60], [58, 1, 31], [1, 2, 0], ["", "", ""]),
])  # fmt: skip
def test_who_said_it(answers_s, exits_s, found, why):
    assert pairs(answers_s, exits_s) == (found, why)


def test_pairs_are_one_to_one_and_never_far():
    rng = np.random.default_rng(1)
    said, left = rng.uniform(0, 20_000, 300), rng.uniform(0, 20_000, 400)
    found, why = pair(said, left)
    used = found[found >= 0]
    assert len(set(used)) == len(used) > 80
    assert np.abs(said[found >= 0] - left[used]).max() <= validity.REACH_S
    assert ((found >= 0) == (why == "")).all() and set(why) <= {"", *LEFT_OUT}


# ---- agreement ------------------------------------------------------------------------------------------------------


def test_kappa_of_the_textbook():
    """Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, table 18.1: 0.68, standard error 0.087."""
    found = agreement(np.array([[75, 1, 4], [5, 4, 1], [0, 0, 10]]))
    assert found.kappa == pytest.approx(0.676, abs=0.001)
    assert (found.high - found.low) / 2 / 1.96 == pytest.approx(0.087, abs=0.001)
    assert (found.n, found.share) == (100, 0.89) and found.share_low < 0.89 < found.share_high


def test_perfect_chance_and_nothing():
    perfect = agreement(np.diag([30, 40, 50]))
    assert (perfect.kappa, perfect.low, perfect.high) == (1.0, 1.0, 1.0)
    chance = agreement(np.outer([2, 3, 5], [1, 4, 5]))
    assert chance.kappa == pytest.approx(0) and chance.low < 0 < chance.high
    one_class = agreement(np.diag([90, 0, 0]))
    assert (one_class.share, one_class.kappa) == (1.0, None)
    assert agreement(np.zeros((3, 3), dtype=int)).kappa is None


def test_the_interval_of_kappa_holds_what_it_says():
    rng, truth, rounds = np.random.default_rng(3), 0.4, []
    for _ in range(400):
        said = rng.choice(3, 300, p=[0.5, 0.3, 0.2])
        read = np.where(rng.random(300) < truth, said, rng.choice(3, 300, p=[0.5, 0.3, 0.2]))
        found = agreement(metrics.confusion(said, read, 3))
        rounds.append(found.low <= truth <= found.high)
    assert 0.92 <= np.mean(rounds) <= 0.98


def told(rows, sample=False):
    """(said, read, how often) as `with_reviews` gives them."""
    each = [(said, read) for said, read, n in rows for _ in range(n)]
    frame = pd.DataFrame(each, columns=["value", "verdict"])
    return frame.assign(is_sample=sample, why=["uncertain" if read == "uncertain" else "" for _, read in each])


def test_the_table_hides_small_rows_and_whoever_would_give_them_away():
    rows = [(1, "negative", 3), (2, "neutral", 12), (3, "neutral", 40), (4, "positive", 30), (4, "uncertain", 5)]
    found = table(told(rows)).set_index("said")
    assert list(found["n"]) == [3, 12, 40, 35] and list(found["hidden"]) == [True, True, False, False]
    assert found.loc[[1, 2], list(REVIEWS)].isna().all(axis=None)
    assert list(found.loc[4, list(REVIEWS)]) == [30, 0, 0, 5]
    assert not table(told(rows, sample=True))["hidden"].any()


@pytest.mark.parametrize(("counts", "hidden"), [
    ([0, 0, 0, 0], [False] * 4), ([9, 0, 0, 0], [True, False, False, False]), ([10, 0, 0, 10], [False] * 4),
    ([4, 6, 50, 90], [True, True, False, False]), ([4, 5, 50, 90], [True, True, True, False]),
    ([90, 1, 10, 10], [False, True, True, False]),
])  # fmt: skip
def test_what_is_hidden_sums_to_ten_at_least_where_it_can(counts, hidden):
    found = table(told([(said, "neutral", n) for said, n in zip((1, 2, 3, 4), counts, strict=True)]))
    assert list(found["hidden"]) == hidden


# ---- a filled store -------------------------------------------------------------------------------------------------


def day_of(name, reviews, start, door="", exit_unusable=()):
    """A day whose visits leave two minutes after each other; some more people leave who are no visit."""
    entry = make_footage(f"in {start} {door}.mp4", "entry", start_at=start, door=door)
    exit = make_footage(f"out {start} {door}.mp4", "exit", start_at=start, door=door)
    came = [make_appearance("entry", 10.0 + 120 * i) for i in range(len(reviews))]
    left = [make_appearance("exit", 60.0 + 120 * i) for i in range(len(reviews))]
    lone = [make_appearance("exit", at, usable=False, samples=0) for at in exit_unusable]
    visits = [
        make_visit(*both, review=review, change=0.5 * (FACE_OF.get(review, 3) - 3), entry_start=start, exit_start=start)
        for *both, review in zip(came, left, reviews, strict=True)
    ]
    whole = make_day(name, visits=0, unmatched=0, entry=entry, exit=exit)
    status = ("matched",) * len(reviews)
    return replace(
        whole, entries=tuple(came), exits=(*left, *lone), entry_status=status,
        exit_status=status + ("unusable",) * len(lone), visits=tuple(visits),
    )  # fmt: skip


def say(store, name, door, said):
    """Answers at these moments: (seconds from the start, value)."""
    if not store.exit_buttons(name):
        store.put_camera(name, "exit", door)
    button = store.exit_button(store.switch_on_exit_button(name, door, ["en"]))
    for at, value in said:
        store.put_answer(button, uuid.uuid4(), at, value)


def fill(store, reviews, faces, name="North", days=1):
    for day in range(days):
        start = NOON + timedelta(days=day)
        store.write_day(day_of(name, reviews, start))
        moments = (start + timedelta(seconds=57.0 + 120 * i) for i in range(len(faces)))
        say(store, name, "", zip(moments, faces, strict=True))


def test_nothing_at_all(store):
    found = judge(store, Filter())
    assert (found.answers, found.judged, found.agreement, set(found.left_out.values())) == (0, 0, None, {0})
    assert found.days.empty and list(found.table["n"]) == [0, 0, 0, 0] and answer_state(store) == (0, 0.0)
    assert sentence(found).startswith("No visitor has said anything yet")


def test_perfect_agreement(store):
    reviews = ["positive", "neutral", "negative", "positive", "neutral"] * 8
    fill(store, reviews, [FACE_OF[one] for one in reviews], days=3)
    found = judge(store, Filter(stores=("North",)))
    assert (found.answers, found.judged, found.agreement.share, found.agreement.kappa) == (120, 120, 1.0, 1.0)
    assert sentence(found).startswith("In this store the reviews agree nearly always")
    assert list(found.table["n"]) == [24, 0, 48, 48]
    assert found.by_day.value is None and found.by_day.days == 3


def test_chance(store):
    rng = np.random.default_rng(0)
    fill(store, list(rng.choice(["positive", "neutral", "negative"], 200)), [int(one) for one in rng.integers(1, 5, 200)])
    found = judge(store, Filter())
    assert found.agreement.low <= 0 <= found.agreement.high
    assert sentence(found) == (
        "In this store the reviews agree with what visitors say no better than chance: don’t rely on them."
    )


def test_too_few(store):
    fill(store, ["positive"] * 23, [4] * 23)
    found = judge(store, Filter())
    assert found.agreement is None
    assert sentence(found) == f"Too few answers yet: 23 of at least {LEAST_ANSWERS} that can be set against a review."


def test_who_is_left_out_is_counted(store):
    start = NOON
    store.write_day(day_of("North", ["positive", "uncertain", "negative", "neutral"], start, exit_unusable=(500.0,)))
    at = [start + timedelta(seconds=s) for s in (58, 30, 181, 502, 800, 302)]
    say(store, "North", "", zip(at, (4, 4, 3, 1, 2, 1), strict=True))
    found = judge(store, Filter())
    assert (found.answers, found.judged) == (6, 2)
    assert found.left_out == {"nobody": 1, "several": 0, "taken": 1, "no_visit": 1, "uncertain": 1}
    assert sum(found.left_out.values()) + found.judged == found.answers


def test_another_door_is_another_visit(store):
    store.write_day(day_of("North", ["positive"], NOON, door="Main"))
    say(store, "North", "Side", [(NOON + timedelta(seconds=60), 4)])
    assert judge(store, Filter()).left_out["nobody"] == 1
    assert judge(store, Filter(doors=("Main",))).answers == 0


def test_filters(store):
    fill(store, ["positive", "negative"] * 6, [4, 1] * 6, days=2)
    fill(store, ["positive"] * 5, [4] * 5, name="South")
    assert judge(store, Filter(stores=("North",))).answers == 24
    assert judge(store, Filter(stores=("North",), first=date(2026, 3, 3))).answers == 12
    assert judge(store, Filter(stores=("North",), weekdays=(0,))).answers == 12
    assert judge(store, Filter(stores=("South",), hours=(0, 12))).answers == 0
    poor = judge(store, Filter(stores=("South",), min_quality=0.99))
    assert (poor.judged, poor.left_out["no_visit"]) == (0, 5)
    kept = judge(store, Filter(stores=("South",), reviews=("negative",)))
    assert kept.judged == 5, "the filter of reviews must not choose what is held against what"


def test_voided_visits_are_nobody_s_review(store):
    fill(store, ["positive"], [4])
    with store.cursor() as cursor:
        (visit,) = cursor.execute("SELECT visit_id::VARCHAR FROM visits").fetchone()
    store.void_visit(visit, "a test")
    assert judge(store, Filter()).left_out["no_visit"] == 1
    assert judge(store, Filter(voided=True)).judged == 1


def test_a_correction_counts(store):
    fill(store, ["negative"] * 12, [4] * 12)
    with store.cursor() as cursor:
        ids = [row[0] for row in cursor.execute("SELECT visit_id::VARCHAR FROM visits").fetchall()]
    for one in ids:
        store.correct_visit(one, "positive", "a test")
    assert judge(store, Filter()).table.set_index("said").loc[4, "positive"] == 12


def test_rows_are_told_with_the_store_s_clock(store):
    store.put_store("North", time_zone="America/New_York")
    fill(store, ["positive"], [4])
    said = answers(store, Filter())
    assert list(said.columns) == ["store", "door", "at_s", "local_at", "value", "is_sample"]
    assert said["local_at"][0] == pd.Timestamp("2026-03-02 07:00:57")
    read = exits(store, Filter(), said["at_s"][0] - 60, said["at_s"][0] + 60)
    assert list(read.columns) == ["store", "door", "at_s", "local_at", "verdict", "net"] and len(read) == 1


# ---- over time ------------------------------------------------------------------------------------------------------


def days_of(values, changes, n=12, sample=False):
    """Answers and visits of a day each, n of both, with those means."""
    days = pd.date_range("2026-03-02 10:00", periods=len(values), freq="D").repeat(n)
    said = pd.DataFrame({"store": "A", "local_at": days, "value": np.repeat(values, n), "is_sample": sample})
    return said, pd.DataFrame({"store": "A", "local_at": days, "verdict": "neutral", "net": np.repeat(changes, n)})


def test_means_that_go_together():
    rise = np.linspace(1, 4, 12)
    up = correlation(cells(*days_of(rise, rise / 10), "D"))
    assert (up.value, up.cells, up.days) == (pytest.approx(1.0), 12, 12)
    assert correlation(cells(*days_of(rise, -rise), "D")).value == pytest.approx(-1.0)
    wild = np.random.default_rng(2).permutation(rise)
    found = correlation(cells(*days_of(rise, wild), "D"))
    assert found.low < found.value < found.high


@pytest.mark.parametrize(("n", "days", "change"), [(9, 12, 1.0), (12, 9, 1.0), (12, 12, 0.0)])
def test_no_correlation_of_too_little(n, days, change):
    rise = np.linspace(1, 4, days)
    found = correlation(cells(*days_of(rise, rise * change, n), "D"))
    assert (found.value, found.low, found.high) == (None, None, None)


def test_small_days_show_their_count_only():
    found = cells(*days_of([4, 3], [0.1, 0.2], n=9), "D")
    assert found["hidden"].all() and found["hidden_answers"].all() and list(found["answers"]) == list(found["n"]) == [9, 9]
    assert found[["mean_answer", "answer_low", "mean_change", "change_high"]].isna().all(axis=None)
    shown = cells(*days_of([4, 3], [0.1, 0.2], n=9, sample=True), "D")
    assert not shown["hidden"].any() and list(shown["mean_answer"]) == [4, 3]


def test_hours_of_a_day_are_drawn_together():
    """The same day in ten hours says no more than once: the interval is as wide as that of the days."""
    rng = np.random.default_rng(5)
    value, change = rng.uniform(1, 4, 12), rng.uniform(-1, 1, 12)
    day = pd.date_range("2026-03-02", periods=12, freq="D")
    once = pd.DataFrame({"store": "A", "bucket": day, "mean_answer": value, "mean_change": change})
    hours = pd.concat([once.assign(bucket=day + pd.Timedelta(hours=h)) for h in range(10)], ignore_index=True)
    few, many = correlation(once), correlation(hours)
    assert many.value == pytest.approx(few.value) and many.cells == 120
    assert many.high - many.low == pytest.approx(few.high - few.low, rel=0.3)


# ---- the sentence and the sample ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("low", "high", "words"), [
    (-0.5, -0.1, "contradict"), (-0.1, 0.0, "no better than chance"), (0.0, 0.2, "no better than chance"),
    (0.01, 0.2, "only a little better than chance"), (0.3, 0.5, "to some degree"), (0.5, 0.7, "moderately"),
    (0.7, 0.8, "agree well"), (0.9, 1.0, "nearly always"), (1.0, 1.0, "nearly always"), (None, None, "one and the same"),
])  # fmt: skip
def test_sentences(store, low, high, words):
    empty = judge(store, Filter())
    agreed = validity.Agreement(200, 0.5, 0.4, 0.6, None if low is None else (low + high) / 2, low, high)
    assert words in sentence(replace(empty, answers=200, judged=200, agreement=agreed))


def test_the_sample_shops_say_something_and_not_the_same(store):
    write_history(store, last=date(2026, 3, 1))
    found = {shop.name: judge(store, Filter(stores=(shop.name,))) for shop in SHOPS}
    assert all(one.agreement and one.answers > 300 for one in found.values())
    assert {sentence(one) for one in found.values()} >= {
        "In this store the reviews agree with what visitors say no better than chance: don’t rely on them."
    }
    assert found[SHOPS[0].name].agreement.kappa > 0.2 and found[SHOPS[0].name].by_day.low > 0
    before = answer_state(store)
    write_history(store, last=date(2026, 3, 1))
    assert answer_state(store) == before
    store.delete_store(SHOPS[0].name)
    assert judge(store, Filter(stores=(SHOPS[0].name,))).answers == 0
