"""Curves over a threshold: receiver operating characteristic, precision-recall, abstention."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fer_core.types import FloatArray, IntArray

SHARES = tuple(round(1 - 0.05 * step, 2) for step in range(20))
"""Shares of the pictures on which an answer is still given, where nobody names others."""


@dataclass(frozen=True)
class Curve:
    """x and y (m,) from 0 to 1, x never falling, and the area below (the average precision for precision-recall)."""

    x: FloatArray
    y: FloatArray
    area: float


@dataclass(frozen=True)
class Kept:
    """Answering only from that confidence on answers that share of the pictures, with that accuracy."""

    kept: float
    accuracy: float
    threshold: float


def roc(score: FloatArray, positive: FloatArray) -> Curve | None:
    """False positive rate against true positive rate at every distinct score (n,) (Fawcett 2006, algorithms 1 and 3).

    positive (n,) bool. None where one of the two kinds is missing: there is nothing to tell apart.
    """
    hits, false = _cumulated(score, positive)
    if not len(hits) or not hits[-1] or not false[-1]:
        return None
    x, y = np.append(0.0, false / false[-1]), np.append(0.0, hits / hits[-1])
    return Curve(x, y, float(np.trapezoid(y, x)))


def precision_recall(score: FloatArray, positive: FloatArray) -> Curve | None:
    """Recall (x) against precision (y) at every distinct score (n,); None where no picture is positive.

    The area is the average precision as a sum of steps, Σ (R_k − R_{k−1}) P_k (Manning, Raghavan and Schütze 2008, ch. 8):
    straight lines between the points would promise too much (Davis and Goadrich 2006).
    """
    hits, false = _cumulated(score, positive)
    if not len(hits) or not hits[-1]:
        return None
    recall, precision = hits / hits[-1], hits / (hits + false)
    return Curve(recall, precision, float((np.diff(recall, prepend=0.0) * precision).sum()))


def _cumulated(score: FloatArray, positive: FloatArray) -> tuple[FloatArray, FloatArray]:
    """True and false positives at each distinct score, the highest first: equal scores count together."""
    order = np.argsort(-np.asarray(score, np.float64), kind="stable")
    sorted_score, sorted_positive = np.asarray(score)[order], np.asarray(positive, bool)[order]
    ends = np.append(np.flatnonzero(np.diff(sorted_score)), len(order) - 1) if len(order) else np.zeros(0, np.int64)
    return np.cumsum(sorted_positive)[ends].astype(float), np.cumsum(~sorted_positive)[ends].astype(float)


def macro_auc(probability: FloatArray, truth: IntArray) -> float | None:
    """Mean area under each class's one-against-the-rest ROC (Fawcett 2006), over the classes that have one."""
    curves = [roc(probability[:, k], truth == k) for k in range(probability.shape[1])]
    areas = [curve.area for curve in curves if curve]
    return float(np.mean(areas)) if areas else None


def thinned(curve: Curve, most: int = 60) -> Curve:
    """The curve with `most` points at the most, evenly spread along its length, first and last kept; the area stays."""
    if len(curve.x) <= most:
        return curve
    along = np.append(0.0, np.cumsum(np.abs(np.diff(curve.x)) + np.abs(np.diff(curve.y))))
    chosen = np.unique(np.searchsorted(along, np.linspace(0, along[-1], most)).clip(0, len(along) - 1))
    chosen[-1] = len(along) - 1
    return Curve(curve.x[chosen], curve.y[chosen], curve.area)


def abstention(probability: FloatArray, truth: IntArray, shares: Sequence[float] = SHARES) -> tuple[Kept, ...]:
    """Accuracy on the surest share of the answers (accuracy-rejection curve: Nadeem et al. 2009; El-Yaniv and Wiener 2010).

    probability (n, k), truth (n,); shares from 0 to 1, each of one answer at least. Nothing for no pictures.
    """
    if not len(truth):
        return ()
    confidence = probability.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    right = np.cumsum((probability.argmax(axis=1) == truth)[order])
    counts = [max(1, round(share * len(truth))) for share in shares]
    return tuple(Kept(n / len(truth), float(right[n - 1]) / n, float(confidence[order[n - 1]])) for n in counts)
