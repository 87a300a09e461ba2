"""Everything there is to say about one head on labelled pictures, as the part H of a report."""

from typing import Any

import numpy as np

from fer_core import metrics
from fer_core.evaluate.calibration import calibration
from fer_core.types import FloatArray, IntArray

POINTS = 60
"""Points of a curve at the most."""


def head_figures(
    told: FloatArray,
    mirrored: FloatArray,
    truth: IntArray,
    labels: tuple[str, ...],
    inside: float | None = None,
    left: float | None = None,
) -> dict[str, Any]:
    """The figures of one head, shares from 0 to 1 rounded to 4 digits.

    told and mirrored (n, k): the answers to the pictures and to their mirror images; truth (n,) into labels. What ends in
    _flip is of the mean of both (flip averaging), all else of the plain answers as the file tells them. inside and left:
    temperatures, see `calibration`.
    """
    matrix = metrics.confusion(truth, told.argmax(axis=1), len(labels))
    plain = metrics.class_figures(matrix)
    both = metrics.class_figures(metrics.confusion(truth, (told + mirrored).argmax(axis=1), len(labels)))
    low, high = metrics.wilson_interval(int(np.diag(matrix).sum()), len(truth))
    balanced = metrics.bootstrap_balanced_accuracy(truth, told.argmax(axis=1), len(labels))
    shares = {
        "accuracy": plain.accuracy, "accuracy_low": low, "accuracy_high": high, "accuracy_flip": both.accuracy,
        "macro_f1": plain.macro_f1, "macro_f1_flip": both.macro_f1, "balanced_accuracy": plain.balanced_accuracy,
        "balanced_accuracy_low": balanced[0], "balanced_accuracy_high": balanced[1],
    }  # fmt: skip
    return {
        "labels": list(labels),
        "n": len(truth),
        **{key: round(value, 4) for key, value in shares.items()},
        "per_class_recall": {
            name: None if share is None else round(share, 4) for name, share in zip(labels, plain.per_class_recall, strict=True)
        },
        "confusion": matrix.tolist(),
        **curves(told, truth, labels),
        **calibration(told, truth, inside, left),
        "abstention": abstention(told, truth),
    }


def curves(told: FloatArray, truth: IntArray, labels: tuple[str, ...]) -> dict[str, Any]:
    """Each class against the rest: ROC and precision-recall; a class that never occurs has none."""
    roc, pr = {}, {}
    for place, name in enumerate(labels):
        score, positive = told[:, place], truth == place
        if found := metrics.roc(score, positive):
            roc[name] = {**_points(found, "fpr", "tpr"), "auc": round(found.area, 4)}
        if found := metrics.precision_recall(score, positive):
            pr[name] = {**_points(found, "recall", "precision"), "average_precision": round(found.area, 4)}
    area = metrics.macro_auc(told, truth)
    return {"roc": roc, "precision_recall": pr, "macro_auc": None if area is None else round(area, 4)}


def abstention(told: FloatArray, truth: IntArray) -> list[dict[str, float]]:
    """Accuracy on the surest share of the answers, and the confidence from which one answers then."""
    return [
        {"kept": round(one.kept, 4), "accuracy": round(one.accuracy, 4), "threshold": round(one.threshold, 4)}
        for one in metrics.abstention(told, truth)
    ]


def _points(curve: metrics.Curve, x: str, y: str) -> dict[str, list[float]]:
    thin = metrics.thinned(curve, POINTS)
    return {x: [round(float(v), 4) for v in thin.x], y: [round(float(v), 4) for v in thin.y]}
