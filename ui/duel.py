"""Two models on the same labelled pictures: who is right how often, where they part. No streamlit here."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias, get_args

import numpy as np
import pandas as pd

from fer_core.dataset import LabelledFaces
from fer_core.errors import DataError
from fer_core.metrics import mcnemar_exact, wilson_interval
from fer_core.types import BoolArray, FloatArray, IntArray, UInt8Array

Part: TypeAlias = Literal[
    "they disagree", "only the first is right", "only the second is right", "both are wrong", "all pictures"
]
PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True, eq=False)
class Duel:
    """image (n, 48, 48) uint8; truth (n,) int64 into labels; first, second (n, k) float32: probabilities in that order."""

    labels: tuple[str, ...]
    image: UInt8Array
    truth: IntArray
    first: FloatArray
    second: FloatArray

    def __len__(self) -> int:
        return len(self.truth)

    @cached_property
    def told(self) -> tuple[IntArray, IntArray]:
        """(n,) each: the leading class of the first and of the second."""
        return self.first.argmax(axis=1), self.second.argmax(axis=1)

    @cached_property
    def right(self) -> tuple[BoolArray, BoolArray]:
        """(n,) each: whether the first and the second are right."""
        return self.told[0] == self.truth, self.told[1] == self.truth

    @property
    def agreement(self) -> float:
        """Share of pictures on which both say the same."""
        return float((self.told[0] == self.told[1]).mean())

    def accuracy(self, which: Literal[0, 1]) -> tuple[float, float, float]:
        """The share that one of them tells rightly, with its 95 % interval (Wilson 1927)."""
        hits = int(self.right[which].sum())
        return hits / len(self), *wilson_interval(hits, len(self))

    @property
    def chance(self) -> float:
        """How probable so uneven a count of pictures that only one tells rightly is by chance alone."""
        return mcnemar_exact(self.rows(PARTS[1]).size, self.rows(PARTS[2]).size)

    def rows(self, part: Part) -> IntArray:
        """The pictures of that kind, those on which the less sure of the two is surest first: mistakes made in good faith."""
        first, second = self.right
        wanted = {
            "they disagree": self.told[0] != self.told[1],
            "only the first is right": first & ~second,
            "only the second is right": second & ~first,
            "both are wrong": ~first & ~second,
            "all pictures": np.ones(len(self), bool),
        }[part]
        sure = np.minimum(self.first.max(axis=1), self.second.max(axis=1))
        parted = self.told[0] != self.told[1]
        found = np.flatnonzero(wanted)
        return found[np.lexsort((-sure[found], ~parted[found]))]

    def recalls(self, names: tuple[str, str]) -> pd.DataFrame:
        """label, head (the model's name), recall, n: a row for each class that occurs and each model."""
        rows = [
            (label, name, float(right[mine].mean()), int(mine.sum()))
            for place, label in enumerate(self.labels)
            if (mine := self.truth == place).any()
            for name, right in zip(names, self.right, strict=True)
        ]
        return pd.DataFrame(rows, columns=["label", "head", "recall", "n"])


def subject(data: LabelledFaces, *, split: str | None, voted: bool, most: int, seed: int = 0) -> LabelledFaces:
    """The pictures to compare on: of that split (None: all), without flawed ones, at most so many, drawn by that seed.

    voted: held against the majority of the set's voters. DataError where nothing is left.
    """
    rows = data if split is None else data.of_split(split)
    rows = rows[~rows.flawed]
    rows = rows.majority() if voted else rows
    if not len(rows):
        raise DataError("no picture is left to compare on: all are flagged, or none has a majority")
    if len(rows) <= most:
        return rows
    return rows[np.sort(np.random.default_rng(seed).choice(len(rows), most, replace=False))]


def duel(data: LabelledFaces, told: tuple[FloatArray, FloatArray], labels: tuple[tuple[str, ...], tuple[str, ...]]) -> Duel:
    """Both models' answers held against the set, all in the order of the set's classes.

    labels: of the first and of the second. DataError, one sentence, where set and models don't speak of the same classes.
    """
    for name, own in zip(("first", "second"), labels, strict=True):
        if set(own) != set(data.labels):
            raise DataError(
                f"the {name} model tells {', '.join(own)}, but the set’s classes are {', '.join(data.labels)}: choose a model "
                "and a set of the same classes"
            )
    first, second = (rows[:, [own.index(label) for label in data.labels]] for rows, own in zip(told, labels, strict=True))
    return Duel(tuple(data.labels), data.image, data.label, first, second)
