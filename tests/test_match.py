from dataclasses import replace

import numpy as np
import pytest

from fer_core import match
from fer_core.match import dwell
from fer_core.settings import LlrFit, MatchSettings, PairFit
from fer_core.types import Appearance, Faces, Look

FIT = LlrFit(slope=20.0, intercept=-6.0, origin="test")
SETTINGS = MatchSettings()


def seen(angle: float | None, *, role="entry", start=0.0, end=2.0, film=0, quality=0.8) -> Appearance:
    """Somebody whose template points into that direction (degrees); None: unusable."""
    template = None if angle is None else np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    return Appearance(
        role=role, film=film, intervals=((start, end),), best_s=(start + end) / 2, x=10, y=10, size_px=80,
        quality=quality, faces=5, template=template, times_s=[start], series=np.eye(7)[[3]], weight=[1.0],
    )  # fmt: skip


def pairs_of(entries, exits, **times):
    found = match.match([seen(a) for a in entries], [seen(a, role="exit") for a in exits], FIT, SETTINGS, **times)
    return {(p.entry, p.exit) for p in found.pairs}, {(p.entry, p.exit) for p in found.ambiguous}


@pytest.mark.parametrize(
    ("entries", "exits", "sure", "ambiguous"),
    [
        ([], [], set(), set()),
        ([0], [], set(), set()),
        ([0], [5], {(0, 0)}, set()),
        ([0], [90], set(), set()),
        ([None], [0], set(), set()),
        ([0, 90, 180], [185, 2], {(0, 1), (2, 0)}, set()),
        ([0], [10, -10], set(), {(0, 0)}),
    ],
)
def test_pairs(entries, exits, sure, ambiguous):
    told, unsure = pairs_of(entries, exits)
    assert told == sure
    assert len(unsure) == len(ambiguous)


def test_rival_that_is_surely_somebody_elses_makes_nothing_ambiguous():
    told, unsure = pairs_of([0, 40], [5, 42])
    assert told == {(0, 0), (1, 1)}
    assert not unsure


def test_exit_before_entrance_is_impossible():
    same = {"entry_at": np.array([1000.0]), "exit_at": np.array([400.0])}
    assert pairs_of([0], [0], **same) == (set(), set())
    later = {"entry_at": np.array([1000.0]), "exit_at": np.array([1900.0])}
    assert pairs_of([0], [0], **later)[0] == {(0, 0)}


def test_unknown_times_say_nothing():
    scores = dwell.scores(np.array([np.nan, 0.0]), np.array([900.0]), SETTINGS)
    assert scores[0, 0] == 0.0
    assert scores[1, 0] == pytest.approx(0.0, abs=1e-9)


def test_dwell_prior_chooses_between_equal_faces():
    times = {"entry_at": np.array([0.0]), "exit_at": np.array([900.0, 40000.0])}
    told, _ = pairs_of([0], [10, -10], **times)
    assert told == {(0, 0)}


def test_probabilities_leave_room_for_staying_alone():
    chance = match.pair_probabilities(np.array([[3.0, 2.0], [-1.0, 4.0]]))
    assert (chance.sum(axis=0) <= 1 + 1e-6).all()
    assert (chance.sum(axis=1) <= 1 + 1e-6).all()
    lone = match.pair_probabilities(np.array([[0.0]]))
    assert lone[0, 0] == pytest.approx((3 - np.sqrt(5)) / 2, abs=1e-4)  # a·b = 1 − a with a = b: the mean-field value


def test_joining_needs_likeness_nearness_and_no_common_moment():
    def joined(*tracks):
        return len(match.join_broken(tracks, FIT, SETTINGS))

    assert joined() == 0
    assert joined(seen(0), seen(2, start=4, end=6)) == 1
    assert joined(seen(0), seen(90, start=4, end=6)) == 2
    assert joined(seen(0), seen(2, start=1, end=6)) == 2
    assert joined(seen(0), seen(2, start=400, end=406)) == 2
    assert joined(seen(0), seen(2, start=4, end=6, film=1)) == 2
    assert joined(seen(0), seen(None, start=4, end=6)) == 2
    assert joined(seen(0), seen(2, start=4, end=6), seen(1, start=8, end=9)) == 1


def test_joined_track_keeps_the_better_shot_and_both_series():
    (one,) = match.join_broken([seen(0, quality=0.3), seen(2, start=4, end=6, quality=0.9)], FIT, SETTINGS)
    assert one.best_s == 5.0
    assert one.intervals == ((0.0, 2.0), (4.0, 6.0))
    assert one.faces == 10
    assert one.times_s.tolist() == [0.0, 4.0]
    assert np.linalg.norm(one.template) == pytest.approx(1.0)


def test_joining_a_long_film_takes_each_track_once():
    people = [seen(angle, start=10.0 * n + 4 * part, end=10.0 * n + 4 * part + 2) for n in range(60) for part, angle in
              ((0, 97.0 * n % 360), (1, 97.0 * n % 360 + 1))]  # fmt: skip
    joined = match.join_broken(people, FIT, SETTINGS)
    assert len(joined) == 60
    assert [seen.faces for seen in joined] == [10] * 60
    assert [seen.start_s for seen in joined] == sorted(seen.start_s for seen in joined)


def test_a_second_opinion_tells_two_apart_whom_the_first_takes_for_one():
    entries, exits = [seen(0), seen(4)], [seen(2, role="exit"), seen(3, role="exit")]
    assert not match.match(entries, exits, FIT, SETTINGS).pairs
    second = match.SecondOpinion(np.eye(2), np.eye(2)[::-1], PairFit(5.0, 20.0, -12.0))
    told = match.match(entries, exits, FIT, SETTINGS, second=second)
    assert {(p.entry, p.exit) for p in told.pairs} == {(0, 1), (1, 0)}


def test_where_the_second_knows_nothing_the_first_speaks_alone():
    entries, exits = [seen(0), seen(90)], [seen(2, role="exit"), seen(92, role="exit")]
    unknown = match.SecondOpinion(np.full((2, 3), np.nan), np.eye(3)[:2], PairFit(5.0, 20.0, -12.0))
    alone, both = match.match(entries, exits, FIT, SETTINGS), match.match(entries, exits, FIT, SETTINGS, second=unknown)
    assert {(p.entry, p.exit) for p in alone.pairs} == {(p.entry, p.exit) for p in both.pairs} == {(0, 0), (1, 1)}


def test_joined_appearances_keep_their_best_looks():
    poor, good = (Look(b"", Faces.none(), quality) for quality in (0.2, 0.9))
    first, second = (replace(seen(0, start=s, end=s + 1), looks=(look,)) for s, look in ((0, poor), (3, good)))
    (joined,) = match.join_broken([first, second], FIT, SETTINGS)
    assert joined.looks == (good,)


# ---- how long people stay -------------------------------------------------------------------------------------------


SHARP = LlrFit(slope=200.0, intercept=-190.0, origin="test")


def crowd(n: int = 20, stay_s: float = 600.0):
    """n people of n directions who come every 40 s and stay about as long; the second and third look alike."""
    came = np.arange(n) * 40.0
    left = came + stay_s + np.random.default_rng(3).normal(0, 5, n)
    angles = np.linspace(0, 350, n)
    angles[2] = angles[1] + 2
    return angles, came, left


def test_a_day_teaches_how_long_its_visitors_stay():
    _, came, left = crowd()
    learned = dwell.learn(came, left, [(i, i) for i in range(20)], SETTINGS)
    assert learned is not None
    assert np.exp(learned.middle) == pytest.approx(600, abs=4)
    told = dwell.learned_scores(came, left, learned, SETTINGS)
    right = np.eye(20, dtype=bool)
    assert np.median(told[right]) > 3
    assert told[right].min() > told[~right].max()


def test_too_few_sure_pairs_teach_nothing():
    _, came, left = crowd()
    assert dwell.learn(came, left, [(i, i) for i in range(SETTINGS.dwell_least_pairs - 1)], SETTINGS) is None
    assert dwell.learn(came, np.full(20, np.nan), [(i, i) for i in range(20)], SETTINGS) is None


def test_alike_people_are_told_apart_by_how_long_the_others_stay():
    angles, came, left = crowd()
    general = replace(SETTINGS, dwell_least_pairs=1000)

    def told(settings):
        entries, exits = [seen(a) for a in angles], [seen(a, role="exit") for a in angles]
        found = match.match(entries, exits, SHARP, settings, entry_at=came, exit_at=left)
        return {(pair.entry, pair.exit) for pair in found.pairs}

    assert told(SETTINGS) == {(i, i) for i in range(20)}
    assert told(general) != told(SETTINGS)


def test_who_stays_otherwise_is_still_found():
    angles, came, left = crowd()
    left[5] = came[5] + 5000
    entries, exits = [seen(a) for a in angles], [seen(a, role="exit") for a in angles]
    found = match.match(entries, exits, SHARP, SETTINGS, entry_at=came, exit_at=left)
    assert (5, 5) in {(pair.entry, pair.exit) for pair in found.pairs}


@pytest.mark.parametrize("exits", [[], [600.0], [600.0, 600.0], [np.nan, 600.0, 601.0]])
def test_few_or_simultaneous_exits_are_no_trouble(exits):
    learned = dwell.DwellTimes(np.log(600), 0.02, 20)
    told = dwell.learned_scores(np.array([0.0, np.nan]), np.array(exits), learned, SETTINGS)
    assert told.shape == (2, len(exits))
    assert np.isfinite(told).all()
    assert not told[1].any()
