"""The report of a judged model, as `python -m fer_core evaluate DATA --report FILE` writes it, read and checked for drawing.

Shares lie in 0 … 1. What a report doesn't tell is an empty frame, an empty mapping or None; what it tells wrongly is
refused whole, with one sentence.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from fer_core.errors import DataError

MOST_BYTES = 5_000_000
ROC_COLUMNS = ("label", "false_positives", "true_positives", "area")
PRECISION_COLUMNS = ("label", "recall", "precision", "area")
RELIABILITY_COLUMNS = ("low", "high", "n", "confidence", "accuracy")
ABSTENTION_COLUMNS = ("kept", "accuracy", "threshold")
ROBUSTNESS_COLUMNS = ("kind", "level", "n", "votes", "fer2013")
GROUP_COLUMNS = ("group", "n", "accuracy", "low", "high")
OTHER_COLUMNS = ("name", "fer2013", "votes", "macro_f1", "n")
FIGURES = (
    "accuracy", "accuracy_low", "accuracy_high", "accuracy_flip", "macro_f1", "macro_f1_flip", "balanced_accuracy",
    "macro_auc", "ece", "ece_uncalibrated", "temperature",
)  # fmt: skip


@dataclass(frozen=True)
class Head:
    """One output, judged against the labels it was trained for.

    figures: those of FIGURES that are known. confusion: a row for each pair, with truth, told, n and the share of its truth.
    roc, precision_recall, reliability (before: without temperature), abstention: the columns of the constants above, a row
    a point.
    """

    labels: tuple[str, ...]
    n: int
    figures: Mapping[str, float]
    recall: Mapping[str, float]
    confusion: pd.DataFrame
    roc: pd.DataFrame
    precision_recall: pd.DataFrame
    reliability: pd.DataFrame
    before: pd.DataFrame
    abstention: pd.DataFrame


@dataclass(frozen=True)
class Second:
    """Judged on other people with other labels."""

    name: str
    n: int
    balanced_accuracy: float
    low: float | None
    high: float | None
    confusion: pd.DataFrame


@dataclass(frozen=True)
class Report:
    """A judged model. model and data are as they stand in the file; heads by name, `votes` first."""

    model: Mapping[str, Any]
    data: Mapping[str, Any]
    heads: Mapping[str, Head]
    agree: float | None
    why: str
    second: Second | None
    robustness: pd.DataFrame
    groups: pd.DataFrame
    others: pd.DataFrame


def beside(model: Path) -> Path | None:
    """The report that lies beside a model's file: NAME.report.json; in a training's own folder also judged.json, report.json.

    A training's own report.json is another thing until the model is judged, and is passed over.
    """
    own = ("judged.json", "report.json") if model.name == "model.onnx" else ()
    places = (model.parent / name for name in (f"{model.stem}.report.json", *own))
    return next((path for path in places if path.is_file() and (path.name != "report.json" or _tells_heads(path))), None)


def _tells_heads(path: Path) -> bool:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(told, dict) and "heads" in told


def read_report(path: Path) -> Report:
    """The report in that file. DataError, one sentence, where it can't be read or is none."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{path.name}: too large for a report of a judged model")
        return report_of(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise DataError(f"{path.name}: this report can’t be read ({error.strerror or error})") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise DataError(f"{path.name}: not a report of a judged model ({what})") from error


def report_of(told: Any) -> Report:
    """The report in what JSON told. KeyError, TypeError, ValueError, AttributeError for anything else."""
    judged = dict(told["heads"].items())
    if not judged:
        raise ValueError("no head was judged")
    heads = {name: _head(judged[name]) for name in sorted(judged, key=lambda name: (name != "votes", name))}
    return Report(
        model=dict(told["model"]), data=dict(told["data"]), heads=heads, agree=_number(told.get("heads_agree")),
        why=str(told.get("why") or ""), second=_second(told.get("second_domain")),
        robustness=_frame(told.get("robustness"), ROBUSTNESS_COLUMNS, texts=("kind", "level")),
        groups=_frame(told.get("groups"), GROUP_COLUMNS, texts=("group",)),
        others=_frame(told.get("others"), OTHER_COLUMNS, texts=("name",)),
    )  # fmt: skip


def _head(told: Mapping[str, Any]) -> Head:
    labels = tuple(str(label) for label in told["labels"])
    figures = {name: value for name in FIGURES if (value := _number(told.get(name))) is not None}
    recall = {
        str(label): value
        for label, share in (told.get("per_class_recall") or {}).items()
        if (value := _number(share)) is not None
    }
    return Head(
        labels, int(told["n"]), figures, recall, confusion_frame(labels, told["confusion"]),
        _curves(told.get("roc"), labels, ("fpr", "tpr", "auc"), ROC_COLUMNS),
        _curves(told.get("precision_recall"), labels, ("recall", "precision", "average_precision"), PRECISION_COLUMNS),
        _reliability(told.get("reliability")), _reliability(told.get("reliability_uncalibrated")),
        _frame(told.get("abstention"), ABSTENTION_COLUMNS).dropna(subset=["kept", "accuracy"]),
    )  # fmt: skip


def _reliability(rows: Any) -> pd.DataFrame:
    return _frame(rows, RELIABILITY_COLUMNS).dropna(subset=["confidence", "accuracy"])


def confusion_frame(labels: Sequence[str], matrix: Sequence[Sequence[int]]) -> pd.DataFrame:
    """A confusion matrix (rows are the truth) as rows: truth, told, n, share (of that truth; 0 where there was none)."""
    if len(matrix) != len(labels) or any(len(row) != len(labels) for row in matrix):
        raise ValueError(f"a confusion matrix of {len(labels)} classes must have as many rows and columns")
    rows = [
        (truth, told, int(n), int(n) / max(1, sum(row)))
        for truth, row in zip(labels, matrix, strict=True)
        for told, n in zip(labels, row, strict=True)
    ]
    return pd.DataFrame(rows, columns=["truth", "told", "n", "share"])


def _curves(told: Any, labels: Sequence[str], names: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """The points of every class's curve, one under the other; names: of x, y and the area in the file."""
    x, y, area = names
    parts = [
        pd.DataFrame(
            {
                columns[0]: label,
                columns[1]: _floats(one[x]),
                columns[2]: _floats(one[y]),
                columns[3]: _number(one.get(area)),
            }
        )
        for label in labels
        if (one := (told or {}).get(label))
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(columns))


def _floats(values: Sequence[Any]) -> list[float]:
    return [float(value) for value in values]


def _second(told: Any) -> Second | None:
    if not told:
        return None
    labels = [str(label) for label in told["labels"]]
    return Second(
        str(told["name"]), int(told["n"]), float(told["balanced_accuracy"]), _number(told.get("low")),
        _number(told.get("high")), confusion_frame(labels, told["confusion"]),
    )  # fmt: skip


def _frame(rows: Any, columns: Sequence[str], texts: Sequence[str] = ()) -> pd.DataFrame:
    """A list of mappings as a frame of those columns: texts as they are, all else as numbers, NaN where nothing is told."""
    kinds: dict[str, Callable[[Any], Any]] = {name: (str if name in texts else _or_nan) for name in columns}
    found = [{name: kinds[name](row.get(name)) for name in columns} for row in rows or ()]
    return pd.DataFrame(found, columns=list(columns))


def _or_nan(value: Any) -> float:
    number = _number(value)
    return float("nan") if number is None else number


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or (value is not None and not isinstance(value, int | float)):
        raise TypeError(f"{value!r} stands where a number belongs")
    return None if value is None else float(value)
