"""Accuracy by the groups that a set names: whether a model serves some people worse."""

from typing import Any

import numpy as np

from fer_core import metrics
from fer_core.types import FloatArray, IntArray


def group_figures(groups: tuple[str, ...], told: FloatArray, truth: IntArray, head: str) -> list[dict[str, Any]]:
    """A row a group, in the order of their names: accuracy with its interval (Wilson 1927).

    groups: a name for each of told (n, k) and truth (n,); pictures with no name ("") are left out.
    """
    names, right = np.array(groups, dtype=object), told.argmax(axis=1) == truth
    return [_row(name, right[names == name], head) for name in sorted({name for name in groups if name})]


def _row(name: str, right: np.ndarray, head: str) -> dict[str, Any]:
    hits, n = int(right.sum()), len(right)
    low, high = metrics.wilson_interval(hits, n)
    return {
        "group": name, "n": n, "accuracy": round(hits / n, 4), "low": round(low, 4), "high": round(high, 4), "head": head,
    }  # fmt: skip
