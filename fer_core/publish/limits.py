"""Whether an exported file still says what the model says: the same top class, and no accuracy lost."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fer_core.errors import DataError
from fer_core.types import FloatArray, IntArray

SAME_TOP = 0.98
"""Least share of faces whose top class must be the original's, for each head."""
POINTS_LOST = 0.5
"""Most percentage points of accuracy that a head may lose."""
NOT_JUDGED = -1
"""The truth of a face that counts for the agreement only."""


@dataclass(frozen=True)
class Agreement:
    """An exported file against its original, by head.

    n: faces; same: share of them with the same top class; judged: faces with a truth; accuracy: the exported file's,
    share of those; lost: percentage points of accuracy that the original has more, negative where it has less.
    """

    n: int
    same: dict[str, float]
    judged: dict[str, int]
    accuracy: dict[str, float]
    lost: dict[str, float]

    def figures(self) -> dict[str, float]:
        """For a card; shares with 4 digits, points with 2."""
        found: dict[str, float] = {"agreement_n": self.n}
        for head, share in self.same.items():
            found[f"{head}_same_top_class"] = round(share, 4)
            if self.judged[head]:
                found[f"{head}_n"] = self.judged[head]
                found[f"{head}_accuracy"] = round(self.accuracy[head], 4)
                found[f"{head}_points_lost"] = round(self.lost[head], 2)
        return found


def compare(
    original: Mapping[str, FloatArray], exported: Mapping[str, FloatArray], truth: Mapping[str, IntArray] | None = None
) -> Agreement:
    """Both say (n, k) by head; truth (n,) by head, NOT_JUDGED where there is none, may lack heads.

    DataError where heads or shapes differ, or the exported file says something that is no share.
    """
    if original.keys() != exported.keys():
        raise DataError(f"the exported file tells {', '.join(exported)}, not {', '.join(original)}")
    for head, rows in exported.items():
        if rows.shape != original[head].shape or not np.isfinite(rows).all():
            raise DataError(f"the exported file's {head} are {rows.shape}, expected {original[head].shape} finite numbers")
    top = {head: (original[head].argmax(axis=1), exported[head].argmax(axis=1)) for head in original}
    n = len(next(iter(original.values())))
    same = {head: float((was == now).mean()) if n else 1.0 for head, (was, now) in top.items()}
    right = {head: _right(*top[head], (truth or {}).get(head, np.full(n, NOT_JUDGED))) for head in top}
    return Agreement(
        n, same, {head: judged for head, (judged, _, _) in right.items()},
        {head: now / max(1, judged) for head, (judged, _, now) in right.items()},
        {head: 100 * (was - now) / max(1, judged) for head, (judged, was, now) in right.items()},
    )  # fmt: skip


def _right(was: IntArray, now: IntArray, truth: IntArray) -> tuple[int, int, int]:
    """(faces judged, right before, right now)."""
    judged = truth != NOT_JUDGED
    return int(judged.sum()), int((was == truth)[judged].sum()), int((now == truth)[judged].sum())


def check(name: str, found: Agreement) -> Agreement:
    """What was found; DataError where the file called `name` in the sentence says too often something else."""
    for head, share in found.same.items():
        if share < SAME_TOP:
            raise DataError(
                f"{name}: the top class of {head} is the original's on {share:.1%} of {found.n} faces only; "
                f"{SAME_TOP:.0%} are needed"
            )
        if found.lost[head] > POINTS_LOST:
            raise DataError(
                f"{name}: {head} loses {found.lost[head]:.1f} points of accuracy on {found.judged[head]} faces; "
                f"{POINTS_LOST} are allowed"
            )
    return found
