"""Two models on the same pictures: how far they agree, which is right more often, where they differ."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fer_core import metrics
from fer_core.dataset import LabelledFaces
from fer_core.emotion.onnx_model import OnnxEmotion
from fer_core.errors import DataError
from fer_core.evaluate.rows import HEAD_OF, Labels, check_labels, judged_rows
from fer_core.types import FloatArray, IntArray


@dataclass(frozen=True)
class Disagreement:
    """A picture on which two models differ: its place in the compared rows, the names, and how sure each is (0 to 1)."""

    row: int
    truth: str
    first: str
    second: str
    first_confidence: float
    second_confidence: float


@dataclass(frozen=True)
class Comparison:
    """n pictures of which so many have the same answer, and so many are right for both, one alone, or none.

    kappa: agreement beyond chance (Cohen 1960). p_value: of McNemar's exact test, that both are right equally often.
    disagreements: those on which both are surest first, by the less sure of the two.
    """

    n: int
    same: int
    both_right: int
    only_first: int
    only_second: int
    none_right: int
    kappa: float
    p_value: float
    disagreements: tuple[Disagreement, ...]

    @property
    def agreement(self) -> float:
        """Share of the pictures with the same answer."""
        return self.same / self.n if self.n else 0.0

    def as_dict(self, most: int | None = None) -> dict[str, Any]:
        """For JSON, with `most` disagreements; shares rounded to 4 digits."""
        plain = {key: value for key, value in asdict(self).items() if key != "disagreements"}
        listed = [asdict(one) for one in self.disagreements[:most]]
        rounded = [{key: _rounded(value) for key, value in one.items()} for one in listed]
        return {**{key: _rounded(value) for key, value in plain.items()}, "p_value": float(f"{self.p_value:.3g}"),
                "agreement": round(self.agreement, 4), "disagreements": rounded}  # fmt: skip


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value


def compare(truth: IntArray, first: FloatArray, second: FloatArray, labels: tuple[str, ...]) -> Comparison:
    """Compare two models' answers (n, k) to the same pictures of labels (n,). ValueError where the shapes differ."""
    if first.shape != second.shape or first.shape != (len(truth), len(labels)):
        raise ValueError(f"expected two of ({len(truth)}, {len(labels)}), not {first.shape} and {second.shape}")
    one, other = first.argmax(axis=1), second.argmax(axis=1)
    right, other_right = one == truth, other == truth
    only_first, only_second = int((right & ~other_right).sum()), int((other_right & ~right).sum())
    return Comparison(
        len(truth), int((one == other).sum()), int((right & other_right).sum()), only_first, only_second,
        int((~right & ~other_right).sum()), metrics.cohens_kappa(metrics.confusion(one, other, len(labels))),
        metrics.mcnemar_exact(only_first, only_second), _disagreements(truth, first, second, labels),
    )  # fmt: skip


def _disagreements(truth: IntArray, first: FloatArray, second: FloatArray, labels: tuple[str, ...]) -> tuple[Disagreement, ...]:
    one, other = first.argmax(axis=1), second.argmax(axis=1)
    sure, other_sure = first.max(axis=1, initial=0), second.max(axis=1, initial=0)
    rows = np.flatnonzero(one != other)
    rows = rows[np.argsort(-np.minimum(sure, other_sure)[rows], kind="stable")]
    return tuple(
        Disagreement(
            int(r), labels[truth[r]], labels[one[r]], labels[other[r]], float(sure[r]), float(other_sure[r])
        )
        for r in rows
    )  # fmt: skip


def compared(
    data: LabelledFaces,
    first: OnnxEmotion,
    second: OnnxEmotion,
    *,
    labels: Labels = "fer2013",
    split: str | None = None,
    flawed: bool = False,
) -> tuple[LabelledFaces, Comparison]:
    """Both models on the pictures that `evaluate` would judge: those pictures, and the comparison.

    Raises DataError where the two tell different classes, or others than the data's.
    """
    if first.labels != second.labels:
        both = f"{first.name} tells {', '.join(first.labels)}, {second.name} tells {', '.join(second.labels)}"
        raise DataError(f"models of different classes can't be compared: {both}")
    check_labels(first.name, first.labels, data.labels)
    rows = judged_rows(data, labels, split, flawed)
    told = [model.probabilities(rows.image, HEAD_OF[labels]) for model in (first, second)]
    return rows, compare(rows.label, told[0], told[1], first.labels)
