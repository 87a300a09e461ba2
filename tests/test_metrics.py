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
