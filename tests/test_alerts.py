"""Rules, whether they are met, and when somebody is told: pure, on a clock of the tests' own."""

from datetime import UTC, datetime, timedelta

import pytest

from fer_core.alerts import (
    KINDS,
    Finding,
    Negative,
    Rule,
    Seen,
    Silent,
    Unusable,
    Watch,
    check_cells,
    decide,
    negative,
    rule_of,
)
from fer_core.alerts.rules import USUAL
from fer_core.errors import DataError

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


# ---- rules


def test_rules_are_kept_and_taken_back():
    rules = (
        Rule(Negative(0.25, 30, 12), 5), Rule(Silent(45, "exit:North", open_only=False)), Rule(Unusable(0.6, 20, 80, "entry:")),
        *(Rule(USUAL[kind]) for kind in KINDS),
    )  # fmt: skip
    for rule in rules:
        assert rule_of(rule.kind, rule.kept()) == rule


def test_a_rule_of_an_older_version_has_what_it_lacks_by_default():
    assert rule_of("silent", {"seconds": 90, "unheard-of": 1}) == Rule(Silent(90))


@pytest.mark.parametrize(
    ("kind", "kept"),
    [
        ("", {}),
        ("moody", {}),
        ("negative", {"share": -0.1}),
        ("negative", {"share": 1.1}),
        ("negative", {"share": float("nan")}),
        ("negative", {"share": True}),
        ("negative", {"share": "0.3"}),
        ("negative", {"minutes": 0}),
        ("negative", {"minutes": 1441}),
        ("negative", {"minutes": 2.5}),
        ("negative", {"visits": 0}),
        ("negative", {"pause_min": -1}),
        ("negative", {"pause_min": True}),
        ("silent", {"seconds": 14}),
        ("silent", {"camera": None}),
        ("silent", {"open_only": 1}),
        ("unusable", {"faces": 0}),
    ],
)
def test_what_is_no_rule(kind, kept):
    with pytest.raises(DataError):
        rule_of(kind, kept)


def test_few_visits_are_for_samples_only():
    check_cells(Rule(Negative(visits=10)), is_sample=False)
    check_cells(Rule(Negative(visits=1)), is_sample=True)
    check_cells(Rule(Silent()), is_sample=False)
    with pytest.raises(DataError, match="single people"):
        check_cells(Rule(Negative(visits=9)), is_sample=False)


# ---- negative


@pytest.mark.parametrize(
    ("visits", "hits", "least", "is_sample", "met"),
    [
        (0, 0, 1, True, False),
        (0, 0, 10, False, False),
        (9, 9, 10, False, False),
        (9, 9, 1, False, False),  # whatever the rule says: it was one of a sample store once
        (9, 9, 1, True, True),
        (10, 3, 10, False, False),  # not above
        (10, 4, 10, False, True),
        (19, 19, 20, False, False),
    ],
)
def test_negative(visits, hits, least, is_sample, met):
    found = negative(Negative(0.3, 60, least), visits, hits, is_sample=is_sample)
    assert found.about == "" and found.met is met and bool(found.sentence) is met


def test_the_sentence_of_negative_reviews():
    told = negative(Negative(0.3, 60, 10), 23, 7, is_sample=False).sentence
    assert told == "30.4 % of the 23 visits of the last 60 minutes were negative: more than 30 %."


# ---- silent


def silent(watch, now, seen, limits=None):
    watch.note(now, [seen])
    return watch.silent(limits or Silent(60), now)


def test_no_camera_is_no_finding():
    watch = Watch()
    watch.note(NOON, [])
    assert watch.silent(Silent(), NOON) == [] == watch.unusable(Unusable(), NOON)


def test_a_silent_camera():
    watch = Watch()
    assert silent(watch, NOON, Seen("exit:", "exit", silent_s=59.9)) == [Finding("exit:", False)]
    (found,) = silent(watch, NOON, Seen("exit:", "Back “door”", silent_s=125))
    assert found == Finding("exit:", True, "The camera “Back “door”” has sent no picture for 2 min.")


def test_a_camera_that_never_sent_a_picture_is_silent_since_it_was_first_looked_at():
    watch, seen = Watch(), Seen("exit:", "exit", silent_s=None)
    assert silent(watch, NOON, seen) == [Finding("exit:", None)]
    assert silent(watch, NOON + 59 * SECOND, seen)[0].met is None
    assert silent(watch, NOON + 60 * SECOND, seen)[0].met
    assert silent(watch, NOON + 70 * SECOND, Seen("exit:", "exit", silent_s=0.1))[0].met is False
    assert silent(watch, NOON + 80 * SECOND, seen)[0].met is None


def test_a_frozen_picture_counts_from_when_it_froze():
    watch, frozen = Watch(), Seen("exit:", "exit", silent_s=0.1, frozen=True)
    assert silent(watch, NOON, frozen)[0].met is None
    assert "same picture" in silent(watch, NOON + MINUTE, frozen)[0].sentence


def test_of_an_unheard_camera_nothing_is_said():
    watch = Watch()
    for minutes in range(5):
        assert silent(watch, NOON + minutes * MINUTE, Seen("exit:", "exit", known=False, silent_s=None))[0].met is None


def test_a_rule_about_one_camera():
    watch = Watch()
    watch.note(NOON, [Seen("exit:", "exit", silent_s=99), Seen("entry:", "entry", silent_s=99)])
    assert [one.about for one in watch.silent(Silent(60), NOON)] == ["exit:", "entry:"]
    assert [one.about for one in watch.silent(Silent(60, "entry:"), NOON)] == ["entry:"]
    assert watch.silent(Silent(60, "floor:"), NOON) == []


# ---- unusable


def unusable(watch, seen, minutes, limits=None, begin=NOON):
    """The findings after so many minutes of samples, one every ten seconds."""
    for step in range(int(minutes * 6) + 1):
        now = begin + step * 10 * SECOND
        watch.note(now, [seen])
    return watch.unusable(limits or Unusable(0.5, 10, 50), now)[0]


def test_few_usable_faces():
    found = unusable(Watch(), Seen("exit:", "exit", faces_per_min=10, usable=0.3), 11)
    assert found.met and found.sentence.startswith("Of about 100 faces before the camera “exit” in the last 10 minutes 30 %")


def test_enough_usable_faces():
    assert unusable(Watch(), Seen("exit:", "exit", faces_per_min=10, usable=0.5), 11).met is False


def test_too_few_faces_say_nothing_until_the_window_is_full():
    seen = Seen("exit:", "exit", faces_per_min=1, usable=0.0)
    assert unusable(Watch(), seen, 5).met is None
    assert unusable(Watch(), seen, 10).met is False


def test_a_busy_camera_is_told_before_the_window_is_full():
    assert unusable(Watch(), Seen("exit:", "exit", faces_per_min=60, usable=0.1), 1).met


def test_old_samples_leave_the_window():
    watch = Watch()
    assert unusable(watch, Seen("exit:", "exit", faces_per_min=10, usable=0.0), 11).met
    assert unusable(watch, Seen("exit:", "exit", faces_per_min=10, usable=1.0), 10, begin=NOON + 11 * MINUTE).met is False


def test_a_pause_counts_for_no_more_than_a_minute():
    watch, seen = Watch(), Seen("exit:", "exit", faces_per_min=60, usable=0.0)
    watch.note(NOON, [seen])
    watch.note(NOON + 5 * MINUTE, [seen])
    assert watch.unusable(Unusable(0.5, 10, 61), NOON + 5 * MINUTE)[0].met is None
    assert watch.unusable(Unusable(0.5, 10, 60), NOON + 5 * MINUTE)[0].met


def test_a_clock_that_was_set_back_forgets_what_was_counted():
    watch = Watch()
    assert unusable(watch, Seen("exit:", "exit", faces_per_min=60, usable=0.0), 5).met
    watch.note(NOON - MINUTE, [Seen("exit:", "exit")])
    assert watch.unusable(Unusable(0.5, 10, 50), NOON - MINUTE)[0].met is None


# ---- deciding

MET, OVER, UNKNOWN = Finding("a", True, "met"), Finding("a", False), Finding("a", None)
RULE = Rule(Silent(), pause_min=30)


@pytest.mark.parametrize(
    ("findings", "standing", "raised", "ended"),
    [
        ((), (), (), ()),
        ((), ("a",), (), ("a",)),
        ((MET,), (), (MET,), ()),
        ((MET,), ("a",), (), ()),
        ((OVER,), (), (), ()),
        ((OVER,), ("a",), (), ("a",)),
        ((UNKNOWN,), (), (), ()),
        ((UNKNOWN,), ("a",), (), ()),
        ((MET, Finding("b", False)), ("b",), (MET,), ("b",)),
    ],
)
def test_decisions(findings, standing, raised, ended):
    decision = decide(findings, RULE, frozenset(standing), {}, NOON)
    assert (decision.raised, decision.ended) == (raised, ended)


@pytest.mark.parametrize(("ago", "again"), [(0 * MINUTE, False), (29 * MINUTE, False), (30 * MINUTE, True), (-MINUTE, True)])
def test_the_cool_down(ago, again):
    assert bool(decide((MET,), RULE, frozenset(), {"a": NOON - ago}, NOON).raised) is again
    assert decide((MET,), RULE, frozenset(), {"b": NOON}, NOON).raised == (MET,)
    assert decide((MET,), Rule(Silent(), 0), frozenset(), {"a": NOON}, NOON).raised == (MET,)
