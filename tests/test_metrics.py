import numpy as np
import pytest

from fer_core import metrics


def test_empty_confusion():
    figures = metrics.class_figures(metrics.confusion(np.array([], int), np.array([], int), 3))
    assert (figures.accuracy, figures.macro_f1, figures.balanced_accuracy) == (0, 0, 0)
    assert figures.per_class_recall == (None, None, None)


def test_figures_by_hand():
    truth, told = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 0])
    matrix = metrics.confusion(truth, told, 3)
    assert matrix.tolist() == [[2, 1, 0], [1, 1, 0], [0, 0, 0]]
    figures = metrics.class_figures(matrix)
    assert figures.accuracy == pytest.approx(3 / 5)
    assert figures.balanced_accuracy == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert figures.macro_f1 == pytest.approx((4 / 6 + 2 / 4) / 2)
    assert figures.per_class_recall == (pytest.approx(2 / 3), pytest.approx(1 / 2), None)


def test_calibration_error():
    assert metrics.expected_calibration_error(np.zeros((0, 2)), np.zeros(0, int)) == 0.0
    sure = np.array([[1.0, 0.0]] * 4)
    assert metrics.expected_calibration_error(sure, np.zeros(4, int)) == pytest.approx(0.0)
    assert metrics.expected_calibration_error(sure, np.array([0, 0, 1, 1])) == pytest.approx(0.5)


def test_temperature_undoes_a_known_one():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, 4)).astype(np.float32)
    goal = metrics.softmax(logits)
    assert metrics.fit_temperature(logits * 2.5, goal) == pytest.approx(2.5, rel=0.02)
    assert metrics.fit_temperature(logits[:0], goal[:0]) == 1.0


def test_softmax_of_large_numbers():
    assert metrics.softmax(np.array([[1000.0, 1000.0]])).tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize(("hits", "n", "low", "high"), [(0, 0, 0, 1), (0, 10, 0, 0.2775), (5, 10, 0.2366, 0.7634)])
def test_wilson(hits, n, low, high):
    assert metrics.wilson_interval(hits, n) == (pytest.approx(low, abs=1e-3), pytest.approx(high, abs=1e-3))


@pytest.mark.parametrize(
    ("matrix", "kappa"),
    [([[0, 0], [0, 0]], 0.0), ([[9, 0], [0, 0]], 1.0), ([[20, 5], [10, 15]], 0.4), ([[5, 5], [5, 5]], 0.0)],
)
def test_kappa(matrix, kappa):
    assert metrics.cohens_kappa(np.array(matrix)) == pytest.approx(kappa)


def test_roc_and_precision_recall_by_hand():
    score, positive = np.array([0.9, 0.8, 0.8, 0.3]), np.array([True, False, True, False])
    roc = metrics.roc(score, positive)
    assert (roc.x.tolist(), roc.y.tolist()) == ([0, 0, 0.5, 1], [0, 0.5, 1, 1])
    assert roc.area == pytest.approx(0.875)  # the pair of equal scores counts one half
    curve = metrics.precision_recall(score, positive)
    assert (curve.x.tolist(), curve.y.tolist()) == ([0.5, 1, 1], [1, pytest.approx(2 / 3), 0.5])
    assert curve.area == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


@pytest.mark.parametrize("positive", [[], [True, True], [False, False]])
def test_curves_of_one_kind_alone_are_none(positive):
    score = np.linspace(0, 1, len(positive))
    assert metrics.roc(score, np.array(positive, bool)) is None
    assert (metrics.precision_recall(score, np.array(positive, bool)) is None) == (True not in positive)


def test_area_is_the_share_of_pairs_in_the_right_order():
    rng = np.random.default_rng(3)
    score, positive = rng.integers(0, 20, 200) / 20, rng.random(200) < 0.3
    pairs = score[positive][:, None] - score[~positive][None]
    assert metrics.roc(score, positive).area == pytest.approx(((pairs > 0) + 0.5 * (pairs == 0)).mean())


def test_macro_auc_takes_the_classes_that_occur():
    sure = np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.7, 0.3, 0.0]])
    assert metrics.macro_auc(sure, np.array([0, 1, 0])) == pytest.approx(1.0)
    assert metrics.macro_auc(sure, np.array([0, 0, 0])) is None


def test_a_thinned_curve_keeps_its_ends_its_area_and_its_form():
    x = np.linspace(0, 1, 5000)
    thin = metrics.thinned(metrics.Curve(x, np.sqrt(x), 2 / 3), 60)
    assert len(thin.x) <= 60 and (thin.x[0], thin.x[-1], thin.y[-1]) == (0, 1, 1)
    assert np.trapezoid(thin.y, thin.x) == pytest.approx(2 / 3, abs=2e-3)
    short = metrics.Curve(x[:3], x[:3], 0.1)
    assert metrics.thinned(short, 60) is short


def test_abstention_by_hand():
    assert metrics.abstention(np.zeros((0, 2)), np.zeros(0, int)) == ()
    told = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.55, 0.45]])
    rows = metrics.abstention(told, np.array([0, 1, 1, 0]), shares=(1.0, 0.5, 0.01))
    assert [(row.kept, row.accuracy, row.threshold) for row in rows] == [(1.0, 0.75, 0.55), (0.5, 1.0, 0.8), (0.25, 1.0, 0.9)]


def test_reliability_bins_add_up_to_the_calibration_error():
    rng = np.random.default_rng(1)
    told = metrics.softmax(rng.normal(0, 2, (500, 4)))
    truth = rng.integers(0, 4, 500)
    bins = metrics.reliability(told, truth)
    assert sum(one.n for one in bins) == 500 and all(one.low <= one.confidence <= one.high for one in bins)
    gap = sum(one.n * abs(one.accuracy - one.confidence) for one in bins) / 500
    assert gap == pytest.approx(metrics.expected_calibration_error(told, truth))
    assert metrics.reliability(told[:0], truth[:0]) == ()


def test_tempered_keeps_the_answer_and_undoes_itself():
    told = metrics.softmax(np.random.default_rng(2).normal(0, 1, (50, 7)))
    cool = metrics.tempered(told, 0.5)
    assert np.array_equal(cool.argmax(axis=1), told.argmax(axis=1)) and (cool.max(axis=1) > told.max(axis=1)).all()
    assert np.allclose(metrics.tempered(cool, 2.0), told, atol=1e-5)


def test_bootstrap_of_balanced_accuracy():
    none = np.zeros(0, int)
    assert metrics.bootstrap_balanced_accuracy(none, none, 3) == (0.0, 1.0)
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 3, 300)
    told = np.where(rng.random(300) < 0.8, truth, (truth + 1) % 3)
    low, high = metrics.bootstrap_balanced_accuracy(truth, told, 3, rounds=500)
    assert low < metrics.class_figures(metrics.confusion(truth, told, 3)).balanced_accuracy < high
    assert (low, high) == metrics.bootstrap_balanced_accuracy(truth, told, 3, rounds=500)
    # ten pictures of each person, all alike: drawing people is less sure than drawing pictures
    ten = np.repeat(np.arange(30), 10)
    few = metrics.bootstrap_balanced_accuracy(truth[ten], told[ten], 3, ten, rounds=500)
    many = metrics.bootstrap_balanced_accuracy(truth[ten], told[ten], 3, rounds=500)
    assert few[1] - few[0] > 2 * (many[1] - many[0])


@pytest.mark.parametrize(("first", "second", "p"), [(0, 0, 1.0), (5, 5, 1.0), (0, 5, 0.0625), (10, 2, 0.0386)])
def test_mcnemar(first, second, p):
    assert metrics.mcnemar_exact(first, second) == pytest.approx(p, abs=1e-4)
    assert metrics.mcnemar_exact(second, first) == pytest.approx(p, abs=1e-4)


def test_a_bias_undoes_what_was_added_to_the_logits():
    rng = np.random.default_rng(4)
    logits = rng.normal(0, 1.5, (6000, 3)).astype(np.float32)
    chance = metrics.softmax(logits)
    goal = np.eye(3, dtype=np.float32)[[rng.choice(3, p=row / row.sum()) for row in chance.astype(float)]]
    added = np.array([0.8, -0.5, -0.3], np.float32)
    assert metrics.fit_bias(logits + added, goal, power=0.0) == pytest.approx(-added, abs=0.08)
    balanced = metrics.fit_bias(logits + added, goal, power=1.0)
    assert balanced == pytest.approx(-added, abs=0.2)


def test_a_class_that_never_occurs_is_left_about_where_it_is():
    goal = np.eye(3, dtype=np.float32)[np.zeros(600, int)]
    goal[:300] = np.eye(3)[1]
    bias = metrics.fit_bias(np.random.default_rng(0).normal(0, 1, (600, 3)).astype(np.float32), goal)
    assert np.isfinite(bias).all()
    assert -8 < bias[2] < 0
