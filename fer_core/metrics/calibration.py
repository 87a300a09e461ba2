"""How far a probability is the chance of being right, and the temperature that mends it."""

from dataclasses import dataclass

import numpy as np

from fer_core.types import FloatArray, IntArray

ECE_BINS = 15
_LEAST = 1e-7
"""A probability's smallest value under a logarithm."""


@dataclass(frozen=True)
class ReliabilityBin:
    """Answers whose confidence lies from low up to high: their number, mean confidence and share that is right."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


def reliability(probability: FloatArray, truth: IntArray, bins: int = ECE_BINS) -> tuple[ReliabilityBin, ...]:
    """The reliability diagram (DeGroot and Fienberg 1983) of the leading answers; bins of equal width, empty ones left out."""
    confidence, right, place = _placed(probability, truth, bins)
    found = []
    for one in np.unique(place):
        here = place == one
        low, high = float(one / bins), float((one + 1) / bins)
        found.append(ReliabilityBin(low, high, int(here.sum()), float(confidence[here].mean()), float(right[here].mean())))
    return tuple(found)


def expected_calibration_error(probability: FloatArray, truth: IntArray, bins: int = ECE_BINS) -> float:
    """Top-label ECE (Guo et al. 2017): mean gap between confidence and accuracy over equal-width bins, by their size."""
    if not len(truth):
        return 0.0
    confidence, right, place = _placed(probability, truth, bins)
    gap = np.bincount(place, weights=right - confidence, minlength=bins)
    return float(np.abs(gap).sum() / len(truth))


def _placed(probability: FloatArray, truth: IntArray, bins: int) -> tuple[FloatArray, FloatArray, IntArray]:
    if not len(truth):
        return np.zeros(0), np.zeros(0), np.zeros(0, np.int64)
    confidence = probability.max(axis=1)
    right = (probability.argmax(axis=1) == truth).astype(float)
    return confidence, right, np.clip((confidence * bins).astype(int), 0, bins - 1)


def softmax(logits: FloatArray) -> FloatArray:
    """(n, k) → rows summing to 1, float32."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (shifted / shifted.sum(axis=1, keepdims=True)).astype(np.float32)


def tempered(probability: FloatArray, temperature: float) -> FloatArray:
    """Rows p (n, k) as softmax(log p / temperature): above 1 less sure, below 1 surer, the leading answer unchanged."""
    return softmax(logarithm(probability) / temperature) if len(probability) else probability


def logarithm(probability: FloatArray) -> FloatArray:
    """log p (n, k) float64, finite: what stands in for logits where only probabilities are told."""
    return np.log(np.maximum(np.asarray(probability, np.float64), _LEAST))


_STIFFNESS = 1.0
"""Of the penalty on a bias, in pictures."""


def fit_temperature(logits: FloatArray, goal: FloatArray) -> float:
    """The temperature (Guo et al. 2017) at which softmax(logits / t) has the least cross-entropy to `goal` (n, k).

    Probabilities may be given as their `logarithm`: a softmax doesn't see what is added to a whole row.
    """
    from scipy.optimize import minimize_scalar

    if not len(logits):
        return 1.0

    def loss(log_t: float) -> float:
        z = logits / np.exp(log_t)
        log_p = z - z.max(axis=1, keepdims=True)
        log_p = log_p - np.log(np.exp(log_p).sum(axis=1, keepdims=True))
        return float(-(goal * log_p).sum() / len(goal))

    return float(np.exp(minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded").x))


def fit_bias(logits: FloatArray, goal: FloatArray, power: float = 0.25) -> FloatArray:
    """What to add to the logits (n, k) so that no class is named too seldom or too often: (k,), mean 0, before a temperature.

    Bias-corrected temperature scaling (Alexandari, Kundaje and Shrikumar 2020), rows weighing 1 / (class size)^power: 0 is
    for the most right answers, more for the rare classes. A slight penalty keeps classes that hardly occur where they are.
    """
    from scipy.optimize import minimize

    n, k = goal.shape
    size = np.maximum(goal.sum(axis=0), 1.0)
    weight = (goal @ (1 / size) ** power)[:, None]
    weight = weight / weight.mean()

    def loss(free: FloatArray) -> tuple[float, FloatArray]:
        log_t, bias = free[0], free[1:]
        z = (logits + bias) / np.exp(log_t)
        z = z - z.max(axis=1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        slope = weight * (np.exp(log_p) * goal.sum(axis=1, keepdims=True) - goal) / n
        down = np.concatenate([[-(slope * z).sum()], slope.sum(axis=0) / np.exp(log_t) + _STIFFNESS * bias / n])
        return float(-(weight * goal * log_p).sum() / n + _STIFFNESS * (bias**2).sum() / (2 * n)), down

    bias = minimize(loss, np.zeros(k + 1), jac=True, method="L-BFGS-B").x[1:]
    return np.asarray(bias - bias.mean(), np.float32)
