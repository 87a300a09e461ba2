"""The pictures that a head is judged on, and why there may be none."""

from typing import Literal

import numpy as np

from fer_core.dataset import LabelledFaces
from fer_core.errors import DataError
from fer_core.types import BoolArray, IntArray

Labels = Literal["fer2013", "ferplus"]
HEAD_OF: dict[str, str] = {"fer2013": "fer2013", "ferplus": "votes"}
"""The head that was trained on those labels."""
SOLE_MAJORITY = 0.5
"""Share of all ten votes above which an expression is the majority's, as in `LabelledFaces.majority`."""


def judged_rows(data: LabelledFaces, labels: Labels, split: str | None, flawed: bool) -> LabelledFaces:
    """The pictures of a split that are judged by those labels; None is test where there is one, else validation, else train.

    Leaked and ambiguous pictures are left out unless `flawed`. DataError where nothing, or one class only, is left.
    """
    rows = data.of_split(split)
    rows = rows if flawed else rows[~rows.flawed]
    rows = rows.majority() if labels == "ferplus" else rows
    if not len(rows):
        raise DataError("no picture is left to judge: all are flagged, or none has a majority")
    found = np.unique(rows.label)
    if len(found) == 1:
        raise DataError(f"these pictures hold one class only, {data.labels[int(found[0])]}: nothing can be told apart")
    return rows


def majority(rows: LabelledFaces) -> tuple[BoolArray, IntArray]:
    """(n,) bool which of the rows have a majority of the voters, and (n,) int64 the expression most of them named."""
    if rows.votes is None:
        return np.zeros(len(rows), bool), rows.label
    return rows.votes.max(axis=1) > SOLE_MAJORITY, rows.votes.argmax(axis=1).astype(np.int64)


def check_labels(name: str, labels: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    """DataError where a model's classes are not those of the data, in their order."""
    if labels != wanted:
        raise DataError(f"{name}: the model tells {', '.join(labels)}, and the data are labelled {', '.join(wanted)}")
