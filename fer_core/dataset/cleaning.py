"""What is wrong with labelled faces: copies, leaks between splits, contradicting labels, blanks, no faces.

found = examine(data)
found.counts()          # {"identical": 1236, …}
clean = cleaned(data, found)
"""

from dataclasses import dataclass, field, fields, replace

import numpy as np

from fer_core.dataset.alike import AlikeSettings, Tell, clusters, identical
from fer_core.dataset.faces import SPLITS, LabelledFaces
from fer_core.types import BoolArray, IntArray

KINDS = {
    "identical": "the same picture, byte for byte, as one before it",
    "alike": "the same photograph as one before it, cut, packed, lit or mirrored otherwise",
    "leaked": "the same photograph as one of an earlier split (train before validation before test)",
    "ambiguous": "the same photograph stands under several labels",
    "flat": "blank, or nearly without contrast",
    "rejected": "fewer than half of the voters named one of the classes (or nobody voted)",
}
"""Every kind of flaw with its meaning, in the order of Findings."""


@dataclass(frozen=True)
class CleaningSettings:
    """When a picture counts as flawed."""

    alike: AlikeSettings = field(default_factory=AlikeSettings)
    min_contrast: float = 8.0
    """Standard deviation of the grey levels (0 to 255); raising it takes dark and foggy faces for blanks."""
    min_named: float = 0.5
    """Share of the voters who must name one of the classes; raising it rejects what only few could read."""


@dataclass(frozen=True, eq=False)
class Findings:
    """What is wrong with n pictures: a flag (n,) bool for each of KINDS.

    twin (n,) int64: the row of the first picture of the same photograph, the picture itself where there is no other;
    same (n,) int64: as twin, of the same bytes only. The first is the first of the earliest split, so that of a picture
    in train and test the one in test is the copy. identical and alike exclude each other; the others do not.
    """

    same: IntArray
    twin: IntArray
    identical: BoolArray
    alike: BoolArray
    leaked: BoolArray
    ambiguous: BoolArray
    flat: BoolArray
    rejected: BoolArray

    def __post_init__(self) -> None:
        n = len(self.twin)
        for item in fields(self):
            if (shape := getattr(self, item.name).shape) != (n,):
                raise ValueError(f"{item.name} must be ({n},), not {shape}")

    def of_kind(self, kind: str) -> BoolArray:
        """The flags (n,) of one of KINDS."""
        flags: dict[str, BoolArray] = {name: getattr(self, name) for name in KINDS}
        return flags[kind]

    @property
    def any(self) -> BoolArray:
        """(n,) bool: flagged for at least one reason."""
        return np.logical_or.reduce([self.of_kind(kind) for kind in KINDS])

    def counts(self, rows: BoolArray | None = None) -> dict[str, int]:
        """How many pictures of each kind; of these rows (n,) bool only, where given."""
        return {kind: int((self.of_kind(kind) if rows is None else self.of_kind(kind) & rows).sum()) for kind in KINDS}

    def by_split(self, data: LabelledFaces) -> dict[str, dict[str, int]]:
        """`counts` of each split that has pictures, and how many have any flaw: {"train": {"identical": 3, …}, …}."""
        found = {}
        for name, number in SPLITS.items():
            rows = data.split == number
            if rows.any():
                found[name] = {**self.counts(rows), "any": int((self.any & rows).sum())}
        return found


def examine(data: LabelledFaces, settings: CleaningSettings | None = None, tell: Tell | None = None) -> Findings:
    """Look every picture through; nothing is changed. `tell` hears how many are done, of how many.

    Blank pictures are compared byte for byte only: between them a correlation says nothing.
    """
    settings = settings or CleaningSettings()
    order = np.lexsort((np.arange(len(data)), data.split))
    flat = _contrast(data) < settings.min_contrast
    same = _in_order(identical(data.image[order]), order)
    twin = _twins(data, same, flat, order, settings.alike, tell)
    rows = np.arange(len(data))
    copy = same != rows
    rejected = np.zeros(len(data), bool) if data.votes is None else data.votes.sum(axis=1) < settings.min_named
    return Findings(
        same, twin, copy, (twin != rows) & ~copy, leaked(twin, data.split), ambiguous(twin, data.label), flat, rejected
    )


def _in_order(first: IntArray, order: IntArray) -> IntArray:
    """From places in an order to rows: first (n,) holds places, and stands in their order."""
    rows = np.empty_like(first)
    rows[order] = order[first]
    return rows


def _twins(
    data: LabelledFaces, same: IntArray, flat: BoolArray, order: IntArray, settings: AlikeSettings, tell: Tell | None
) -> IntArray:
    """Photographs are compared once: the first of each set of identical pictures stands for all of them."""
    firsts = order[(same == np.arange(len(data)))[order] & ~flat[order]]
    twin = np.arange(len(data))
    twin[firsts] = firsts[clusters(data.image[firsts], settings, tell)]
    return twin[same]


def _contrast(data: LabelledFaces) -> np.ndarray:
    """(n,) standard deviation of each picture's grey levels."""
    return np.array([picture.std() for picture in data.image], np.float64)


def leaked(twin: IntArray, split: IntArray) -> BoolArray:
    """(n,) bool: the picture's twin (as in Findings) lies in an earlier split."""
    return np.asarray(split[twin] < split)


def ambiguous(twin: IntArray, label: IntArray) -> BoolArray:
    """(n,) bool: pictures with this twin (as in Findings) stand under several labels."""
    several = np.zeros(len(twin), bool)
    np.logical_or.at(several, twin, label != label[twin])
    return several[twin]


def cleaned(data: LabelledFaces, findings: Findings, *, drop: bool = False) -> LabelledFaces:
    """The same data with what was found marked as flawed, beside what was; or, with `drop`, without all of these.

    Of several copies the first stays as it is, unless they stand under several labels.
    """
    flawed = data.flawed | findings.any
    return data[~flawed] if drop else replace(data, flawed=flawed)
