"""Counts of what was told for what is true, and the figures that they give."""

from dataclasses import dataclass

import numpy as np

from fer_core.types import FloatArray, IntArray


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
    """Accuracy, macro-F1 and balanced accuracy (Brodersen et al. 2010) over the classes that occur in the truth."""
    hits, true, told = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    here = true > 0
    recall = hits[here] / true[here]
    f1 = 2 * hits[here] / (true[here] + told[here])
    every = tuple(float(h / t) if t else None for h, t in zip(hits, true, strict=True))
    return ClassFigures(float(hits.sum() / max(1, true.sum())), _mean(f1), _mean(recall), every)


def cohens_kappa(matrix: IntArray) -> float:
    """Agreement of two labellers beyond chance (Cohen 1960), −1 to 1, from their confusion matrix.

    0 where nothing was counted; 1 where both only ever named one and the same class.
    """
    n = int(matrix.sum())
    if not n:
        return 0.0
    agreed = float(np.trace(matrix)) / n
    by_chance = float(matrix.sum(axis=0) @ matrix.sum(axis=1)) / n**2
    return 1.0 if by_chance >= 1.0 else (agreed - by_chance) / (1.0 - by_chance)


def _mean(values: FloatArray) -> float:
    return float(values.mean()) if values.size else 0.0
