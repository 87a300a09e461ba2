"""Judge an expression model on labelled faces: the head that was trained on those labels, against them."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fer_core import metrics, weights
from fer_core.dataset import LabelledFaces
from fer_core.emotion.onnx_model import OnnxEmotion
from fer_core.evaluate.readers import JudgedModel
from fer_core.evaluate.rows import HEAD_OF as HEAD_OF
from fer_core.evaluate.rows import Labels as Labels
from fer_core.evaluate.rows import check_labels, judged_rows
from fer_core.settings import EXPRESSION_FITS
from fer_core.types import EXPRESSIONS, FloatArray, UInt8Array

_BATCH = 256
_TIMED_FACES = 200
_TIMED_BATCH = 16
_RUNS_MODEL = "model"
"""What every run calls its model: only the folder's name tells them apart."""


@dataclass(frozen=True)
class Evaluation:
    """Shares from 0 to 1. confusion: rows are the truth, columns what was told, in the labels' order; ece: top-label,
    15 bins, as the file tells; ms_per_face: at batch 1 on one thread, median."""

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

    Pictures flagged as leaked or ambiguous are left out unless `flawed`. Raises DataError where nothing or one class only
    is left, and where the model's classes are not the data's.
    """
    classes = data.labels
    check_labels(model.name, model.labels, classes)
    rows = judged_rows(data, labels, split, flawed)
    told = _predicted(rows, model, HEAD_OF[labels], tell)
    matrix = metrics.confusion(rows.label, told.argmax(axis=1), len(classes))
    figures = metrics.class_figures(matrix)
    return Evaluation(
        figures.accuracy, figures.macro_f1, figures.balanced_accuracy,
        dict(zip(classes, figures.per_class_recall, strict=True)), matrix.tolist(),
        metrics.expected_calibration_error(told, rows.label), len(rows), ms_per_face(rows.image, model),
    )  # fmt: skip


def _predicted(rows: LabelledFaces, model: OnnxEmotion, head: str, tell: Callable[[int, int], None] | None) -> FloatArray:
    parts = []
    for start in range(0, len(rows), _BATCH):
        parts.append(model.probabilities(rows.image[start : start + _BATCH], head))
        if tell:
            tell(min(start + _BATCH, len(rows)), len(rows))
    return np.concatenate(parts)


def ms_per_face(image: UInt8Array, model: OnnxEmotion, batch: int = 1) -> float:
    """The median time of a face of (n, 48, 48) uint8 in batches of that many, ms, on the model's own threads."""
    times = []
    for start in range(0, min(len(image), _TIMED_FACES), batch):
        since = time.perf_counter()
        model.probabilities(image[start : start + batch])
        times.append((time.perf_counter() - since) / len(image[start : start + batch]))
    return round(1000 * float(np.median(times)), 3)


def ms_per_face_batched(image: UInt8Array, path: Path) -> float:
    """The same in batches of 16 on two threads: a film's faces are read so."""
    return ms_per_face(image, OnnxEmotion(path, threads=2), _TIMED_BATCH)


def open_model(path: Path | None, labels: tuple[str, ...] = EXPRESSIONS) -> JudgedModel:
    """The model file to judge; None is the one in models/, with the fit that reviews use.

    Raises WeightsError where it is no such model, DataError where it tells other classes than `labels`.
    """
    shipped = weights.find(weights.card("expression"))
    own = path is None or (shipped is not None and path.resolve() == shipped.resolve())
    fit = EXPRESSION_FITS["moodgate"] if own else None
    file = path or weights.get(weights.card("expression"))
    run = file.resolve().parent.name
    model = JudgedModel(file, name=f"{run}/{file.name}" if file.stem == _RUNS_MODEL else None, fit=fit)
    check_labels(model.name, model.labels, labels)
    return model
