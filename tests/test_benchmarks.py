from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import open_set, tracking
from benchmarks.tracking import Told
from fer_core.settings import LlrFit, MatchSettings

FIT = LlrFit(20.0, -10.0)
LEFT, RIGHT = np.array([0.0, 0.0, 10.0, 10.0]), np.array([100.0, 0.0, 110.0, 10.0])


def film_of(told):
    """Two people who stand still through as many pictures as were told."""
    return [({1: LEFT, 2: RIGHT}, marks) for marks in told]


@pytest.mark.parametrize(
    ("told", "idf1", "switches"),
    [
        ([{}] * 8, 0.0, 0),
        ([{7: LEFT, 8: RIGHT}] * 8, 1.0, 0),
        ([{7: LEFT, 8: RIGHT}] * 4 + [{8: LEFT, 7: RIGHT}] * 4, 0.5, 2),
        ([{7: LEFT, 8: RIGHT}] * 4 + [{9: LEFT, 8: RIGHT}] * 4, 0.75, 1),
        ([{7: LEFT}] * 8, 2 * 8 / (16 + 8), 0),
    ],
)
def test_tracking_by_hand(told, idf1, switches):
    figures = tracking.pooled([tracking.figures_of(film_of(told))])
    assert figures["IDF1"] == pytest.approx(idf1, abs=1e-4)
    assert figures["IDSW"] == switches


def test_hota_falls_with_identities():
    perfect, swapped, nothing = (
        tracking.pooled([tracking.figures_of(film_of(told))])["HOTA"]
        for told in (
            [{7: LEFT, 8: RIGHT}] * 8,
            [{7: LEFT, 8: RIGHT}] * 4 + [{8: LEFT, 7: RIGHT}] * 4,
            [{}] * 8,
        )
    )
    assert perfect == pytest.approx(1.0)
    assert 0 == nothing < swapped < 0.8


def test_films_pool_by_counts():
    long, short = film_of([{7: LEFT, 8: RIGHT}] * 9), film_of([{}])
    figures = tracking.pooled([tracking.figures_of(long), tracking.figures_of(short)])
    assert figures["CLR_Re"] == pytest.approx(0.9)


def test_covered_faces_are_left_out():
    over = np.array([0.0, 0.0, 10.0, 8.0])
    assert tracking.covered(LEFT, []) == 0.0
    assert tracking.covered(LEFT, [RIGHT, over]) == pytest.approx(0.8)
    assert tracking.visible({}, {}, {}) == ({}, {})
    truth, told = {1: LEFT, 2: RIGHT}, {7: LEFT, 8: RIGHT, 9: RIGHT + 50}
    seen, kept = tracking.visible(truth, {1: 0.8, 2: 0.1}, told)
    assert (list(seen), list(kept)) == ([2], [8, 9])


def test_face_lies_in_its_photograph():
    face = tracking.face_of(np.array([0.0, 0.0, 100.0, 100.0]))
    assert face.tolist() == pytest.approx([11.0, 0.0, 89.0, 100.0])


def test_parts_of_a_track():
    told = Told({0.0: {5: LEFT}, 0.2: {5: LEFT}, 0.4: {5: LEFT, 6: RIGHT}})
    told.parts.update({5: [(0.0, 0), (0.2, 1)], 6: [(0.4, 2)]})
    told.person.update({0: 30, 1: 31})
    assert [list(told.split(moment)) for moment in told.boxes] == [[0], [1], [1]]
    assert [list(told.at(moment)["joined"]) for moment in told.boxes] == [[30], [31], [31]]
    assert list(told.at(0.4)["raw"]) == [5, 6]


# ---- open set -------------------------------------------------------------------------------------------------------


def codes(templates, people):
    rows = np.asarray(templates, float)
    return open_set.Codes(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.array(people, np.int64))


def both(exits, gallery):
    return (open_set.search(exits, gallery, FIT, mated=mated) for mated in (True, False))


def test_templates_that_separate():
    mated, alone = both(codes(np.eye(6)[:5], range(5)), codes(np.eye(6), range(6)))
    figures = open_set.figures_of(mated, alone, rounds=20)
    assert (figures["mated_searches"], figures["non_mated_searches"]) == (5, 5)
    assert figures["fnir_at_fpir_0.01"]["value"] == 0.0
    assert figures["fnir_at_fpir_0.01"]["interval"] == [0.0, 0.0]
    assert figures["at_min_llr"] == {"llr": MatchSettings().min_llr, "fnir": 0.0, "fpir": 0.0}


def test_random_templates():
    rng = np.random.default_rng(0)
    mated, alone = both(codes(rng.normal(size=(60, 32)), range(60)), codes(rng.normal(size=(60, 32)), range(60)))
    figures = open_set.figures_of(mated, alone, rounds=20)
    assert figures["rank_1_missed"] > 0.9
    assert figures["fnir_at_fpir_0.003"]["value"] > 0.95


def test_searches_of_strangers_only():
    mated, alone = both(codes(np.eye(3)[:1], [9]), codes(np.eye(3), range(3)))
    assert len(mated.score) == 0
    assert alone.score.tolist() == pytest.approx([10.0])
    assert np.isnan(open_set.fnir_at(mated, 0.0))


def test_own_person_is_taken_out():
    _, alone = both(codes(np.eye(3)[:1], [0]), codes(np.eye(3), [0, 0, 1]))
    assert alone.score.tolist() == pytest.approx([-10.0])
    assert not alone.right.any()


@pytest.mark.parametrize(
    ("score", "fpir", "threshold"),
    [
        ([], 0.01, -np.inf),
        ([1, 2, 3, 4], 0.0, 4),
        ([1, 2, 3, 4], 0.25, 3),
        ([1, 2, 4, 4], 0.25, 4),
        ([1, 2, 3, 4], 0.74, 2),
    ],
)
def test_threshold(score, fpir, threshold):
    score = np.array(score, float)
    assert open_set.threshold_at(score, fpir) == threshold
    assert not len(score) or (score > threshold).mean() <= fpir


def test_weights_are_copies():
    score = np.array([5.0, 3.0, 1.0])
    weight = np.array([0.0, 2.0, 3.0])
    assert open_set.threshold_at(score, 0.4, weight) == open_set.threshold_at(np.array([3.0, 3.0, 1.0, 1.0, 1.0]), 0.4)


def test_whose_appearance():
    truth = [(1.0, 3, np.array([0.0, 0.0, 100.0, 100.0])), (1.0, 4, np.array([40.0, 0.0, 140.0, 100.0]))]
    seen = [SimpleNamespace(best_s=t, x=x, y=50.0) for t, x in ((1.0, 300.0), (2.0, 50.0), (1.0, 45.0), (1.0, 60.0))]
    assert [open_set.visitor_at(one, truth) for one in seen] == [None, None, 3, 4]
