"""Judge an expression model on labelled faces: the head that was trained on those labels, against them."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from fer_core import metrics
from fer_core.dataset import LabelledFaces
from fer_core.emotion.onnx_model import OnnxEmotion
from fer_core.errors import DataError
from fer_core.types import EXPRESSIONS, FloatArray

Labels = Literal["fer2013", "ferplus"]
HEAD_OF: dict[str, str] = {"fer2013": "fer2013", "ferplus": "votes"}
_BATCH = 256
_TIMED_FACES = 200


@dataclass(frozen=True)
class Evaluation:
    """Shares from 0 to 1. confusion: rows are the truth, columns what was told, in EXPRESSIONS order; ece: top-label,
    15 bins; ms_per_face: at batch 1 on one thread, median."""

    accuracy: float
    macro_f1: float
    balanced_accuracy: float
    per_class_recall: dict[str, float | None]
    confusion: list[list[int]]
    ece: float
    n: int
    ms_per_face: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON; shares rounded to 4 digits."""
        plain = asdict(self)
        return {key: round(value, 4) if isinstance(value, float) else value for key, value in plain.items()}


def evaluate(
    data: LabelledFaces,
    model: OnnxEmotion,
    *,
    labels: Labels = "fer2013",
    split: str | None = None,
    flawed: bool = False,
    tell: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Judge `model` (on one thread) on a split; None is test where there is one, else validation, else train.

    Pictures flagged as leaked or ambiguous are left out unless `flawed`. Raises DataError where nothing is left.
    """
    rows = data.of_split(split)
    rows = rows if flawed else rows[~rows.flawed]
    rows = rows.majority() if labels == "ferplus" else rows
    if not len(rows):
        raise DataError("no picture is left to judge: all are flagged, or none has a majority")
    told = _predicted(rows, model, HEAD_OF[labels], tell)
    matrix = metrics.confusion(rows.label, told.argmax(axis=1), len(EXPRESSIONS))
    figures = metrics.class_figures(matrix)
    return Evaluation(
        figures.accuracy, figures.macro_f1, figures.balanced_accuracy,
        dict(zip(EXPRESSIONS, figures.per_class_recall, strict=True)), matrix.tolist(),
        metrics.expected_calibration_error(told, rows.label), len(rows), _ms_per_face(rows, model),
    )  # fmt: skip


def _predicted(rows: LabelledFaces, model: OnnxEmotion, head: str, tell: Callable[[int, int], None] | None) -> FloatArray:
    parts = []
    for start in range(0, len(rows), _BATCH):
        parts.append(model.probabilities(rows.image[start : start + _BATCH], head))
        if tell:
            tell(min(start + _BATCH, len(rows)), len(rows))
    return np.concatenate(parts)


def _ms_per_face(rows: LabelledFaces, model: OnnxEmotion) -> float:
    times = []
    for image in rows.image[:_TIMED_FACES]:
        since = time.perf_counter()
        model.probabilities(image[None])
        times.append(time.perf_counter() - since)
    return round(1000 * float(np.median(times)), 3)


def open_model(path: Path | None) -> OnnxEmotion:
    """The model file to judge, on one thread; None is the one in models/."""
    from fer_core import weights

    model = OnnxEmotion(path or weights.get(weights.card("expression")), threads=1)
    if model.labels != EXPRESSIONS:
        raise DataError(f"{path}: the model has classes of its own, not {', '.join(EXPRESSIONS)}")
    return model
