"""Figures as pure functions over arrays: counts are added up first and divided last, never means of means."""

from dataclasses import dataclass

import numpy as np

from fer_core.types import FloatArray, IntArray

ECE_BINS = 15


def confusion(truth: IntArray, told: IntArray, classes: int) -> IntArray:
    """(classes, classes) int64: rows are the truth, columns what was told."""
    flat = np.bincount(truth.astype(np.int64) * classes + told.astype(np.int64), minlength=classes * classes)
    return flat.reshape(classes, classes)


@dataclass(frozen=True)
class ClassFigures:
    """What a confusion matrix says: shares from 0 to 1; a class that never occurs has recall None."""

    accuracy: float
    macro_f1: float
    balanced_accuracy: float
    per_class_recall: tuple[float | None, ...]


def class_figures(matrix: IntArray) -> ClassFigures:
    """Accuracy, macro-F1 and balanced accuracy over the classes that occur in the truth."""
    hits, true, told = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    here = true > 0
    recall = hits[here] / true[here]
    f1 = 2 * hits[here] / (true[here] + told[here])
    every = tuple(float(h / t) if t else None for h, t in zip(hits, true, strict=True))
    return ClassFigures(float(hits.sum() / max(1, true.sum())), _mean(f1), _mean(recall), every)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else 0.0


def expected_calibration_error(probability: FloatArray, truth: IntArray, bins: int = ECE_BINS) -> float:
    """Top-label ECE (Guo et al. 2017): mean gap between confidence and accuracy over equal-width bins, by their size."""
    if not len(truth):
        return 0.0
    confidence = probability.max(axis=1)
    right = (probability.argmax(axis=1) == truth).astype(float)
    place = np.clip((confidence * bins).astype(int), 0, bins - 1)
    gap = np.bincount(place, weights=right - confidence, minlength=bins)
    return float(np.abs(gap).sum() / len(truth))


def softmax(logits: FloatArray) -> FloatArray:
    """(n, k) → rows summing to 1, float32."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (shifted / shifted.sum(axis=1, keepdims=True)).astype(np.float32)


def fit_temperature(logits: FloatArray, goal: FloatArray) -> float:
    """The temperature (Guo et al. 2017) at which softmax(logits / t) has the least cross-entropy to `goal` (n, k)."""
    from scipy.optimize import minimize_scalar

    if not len(logits):
        return 1.0

    def loss(log_t: float) -> float:
        z = logits / np.exp(log_t)
        log_p = z - z.max(axis=1, keepdims=True)
        log_p = log_p - np.log(np.exp(log_p).sum(axis=1, keepdims=True))
        return float(-(goal * log_p).sum() / len(goal))

    return float(np.exp(minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded").x))


def wilson_interval(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """The score interval of a share (Wilson 1927); (0, 1) where nothing was counted."""
    if not n:
        return 0.0, 1.0
    share, spread = hits / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z * np.sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))
