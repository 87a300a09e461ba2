"""`LabelledFaces`: pictures of faces, what people said of them, and which are to be trusted."""

from dataclasses import dataclass, replace

import numpy as np

from fer_core.errors import DataError
from fer_core.types import EXPRESSIONS, BoolArray, FloatArray, IntArray, UInt8Array

FACE_PX = 48
"""Side of a FER2013 picture."""

SPLITS = {"train": 0, "validation": 1, "test": 2}
SPLIT_WORDS = {
    "train": 0, "training": 0, "validation": 1, "val": 1, "valid": 1, "publictest": 1, "test": 2, "privatetest": 2,
}  # fmt: skip
"""What others call the splits, in lower case."""


@dataclass(frozen=True, eq=False)
class LabelledFaces:
    """n grey faces with a label each; n = 0 is legal.

    image (n, 48, 48) uint8; label (n,) int64 into labels; split (n,) int64, the numbers of SPLITS; flawed (n,) bool:
    not to be trusted (the same picture stands under several labels, or in the training split too, …); votes
    (n, len(labels)) float32, the share of all voters for each label (rows may sum to less than 1: other answers), or
    None; labels: the classes, a shop's own or EXPRESSIONS; group: a name a row (who or what is shown), or None.

    Raises DataError where these don't fit together.
    """

    image: UInt8Array
    label: IntArray
    split: IntArray
    flawed: BoolArray
    votes: FloatArray | None = None
    labels: tuple[str, ...] = EXPRESSIONS
    group: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        n = len(self.label)
        if self.image.shape != (n, FACE_PX, FACE_PX) or self.image.dtype != np.uint8:
            raise DataError(f"images must be ({n}, {FACE_PX}, {FACE_PX}) uint8, not {self.image.shape} {self.image.dtype}")
        if len(set(self.labels)) != len(self.labels) or not self.labels:
            raise DataError(f"the classes must be named, each once, not {', '.join(self.labels) or 'none'}")
        self._check_numbers("labels", self.label, len(self.labels))
        self._check_numbers("splits", self.split, len(SPLITS))
        if self.flawed.shape != (n,) or self.flawed.dtype != np.bool_:
            raise DataError(f"the flaws must be ({n},) bool, not {self.flawed.shape} {self.flawed.dtype}")
        if self.group is not None and len(self.group) != n:
            raise DataError(f"the groups must be {n} names, not {len(self.group)}")
        self._check_votes()

    def _check_numbers(self, name: str, numbers: np.ndarray, classes: int) -> None:
        n = len(self.label)
        if numbers.shape != (n,) or not np.issubdtype(numbers.dtype, np.integer):
            raise DataError(f"{name} must be ({n},) whole numbers, not {numbers.shape} {numbers.dtype}")
        if n and not (numbers.min() >= 0 and numbers.max() < classes):
            raise DataError(f"{name} must lie between 0 and {classes - 1}, not {numbers.min()} … {numbers.max()}")

    def _check_votes(self) -> None:
        wanted = (len(self.label), len(self.labels))
        if self.votes is None:
            return
        if self.votes.shape != wanted:
            raise DataError(f"votes must be {wanted}, not {self.votes.shape}")
        if not ((self.votes >= 0) & (self.votes <= 1)).all():  # false for what is not a number, too
            raise DataError("votes must be shares from 0 to 1")

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, rows: np.ndarray) -> "LabelledFaces":
        """The rows of a mask (n,) bool or of row numbers."""
        votes = None if self.votes is None else self.votes[rows]
        group = None if self.group is None else tuple(self.group[row] for row in np.arange(len(self))[rows])
        return replace(
            self, image=self.image[rows], label=self.label[rows], split=self.split[rows], flawed=self.flawed[rows],
            votes=votes, group=group,
        )  # fmt: skip

    def of_split(self, split: str | None) -> "LabelledFaces":
        """The rows of one split; None means test where there is one, else validation, else train."""
        if split is not None and split not in SPLITS:
            raise DataError(f"unknown split {split!r}: known are {', '.join(SPLITS)}")
        wanted = SPLITS[split] if split else int(self.split.max(initial=0))
        rows = self.split == wanted
        if not rows.any():
            raise DataError(f"the data holds no picture of the split {split or 'train'!r}")
        return self[rows]

    def majority(self) -> "LabelledFaces":
        """Relabelled by FER+: the rows whose top expression has more than half of all votes."""
        if self.votes is None:
            raise DataError("these data carry no FER+ votes: use --labels fer2013")
        rows = self.votes.max(axis=1) > 0.5
        return replace(self[rows], label=self.votes[rows].argmax(axis=1))

    def counts(self) -> dict[str, dict[str, int]]:
        """Pictures of each class in each split that has any: {"train": {"angry": 3, …}, …}."""
        return {
            name: dict(zip(self.labels, np.bincount(self.label[rows], minlength=len(self.labels)).tolist(), strict=True))
            for name, number in SPLITS.items()
            if (rows := self.split == number).any()
        }

    def check_classes(self) -> None:
        """DataError where nothing can be learned or judged: no picture, or one class only."""
        found = np.unique(self.label)
        if len(found) == 0:
            raise DataError("holds no pictures")
        if len(found) == 1:
            raise DataError(f"holds one class only, {self.labels[int(found[0])]}; at least two are needed")
