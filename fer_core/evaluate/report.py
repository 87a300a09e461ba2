"""The report of a judged model: one JSON document of at most 150 kB, which `page` and the Models page draw.

    {"model": {"name", "sha256", "date", "size_bytes", "ms_per_face", "ms_per_face_batched"},
     "data": {"name", "split", "n", "n_majority", "left_out"},
     "heads": {"votes": H, "fer2013": H},            without votes among the data: fer2013 alone, on their own labels
     "heads_agree", "labels_agree", "why",
     "second_domain": {…} | None, "robustness": […], "groups": […], "others": […], "against": {…} | None}

H is `heads.head_figures`, the others what the functions of those names give. ms_per_face: at batch 1 on one thread;
ms_per_face_batched: in batches of 16 on two.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from fer_core import weights
from fer_core.dataset import SPLITS, LabelledFaces
from fer_core.detect import Detector
from fer_core.errors import DataError
from fer_core.evaluate import domains, robustness
from fer_core.evaluate.calibration import Holdout, held_out, temperatures, within_file
from fer_core.evaluate.compare import compare
from fer_core.evaluate.groups import group_figures
from fer_core.evaluate.heads import head_figures
from fer_core.evaluate.judging import ms_per_face, ms_per_face_batched
from fer_core.evaluate.others import others
from fer_core.evaluate.readers import JudgedModel, Reader, Tell, quiet, read
from fer_core.evaluate.rows import check_labels, judged_rows, majority
from fer_core.settings import TrainSettings
from fer_core.types import EXPRESSIONS, FloatArray

MOST_DISAGREEMENTS = 20
_NUMBERS = re.compile(r"\[\s+((?:-?[\d.e+-]+,\s+)*-?[\d.e+-]+)\s+\]")


@dataclass(frozen=True)
class ReportOptions:
    """What is judged beside the heads.

    split, flawed: as for `evaluate`; data_name: how the data are called; faces and detector: the second domain's folder
    and what finds the faces in it; others: models people use instead; against: another model, compared picture by picture.
    """

    split: str | None = None
    flawed: bool = False
    data_name: str = ""
    faces: Path | None = None
    detector: Detector | None = None
    others: Sequence[Reader] = ()
    against: JudgedModel | None = None


@dataclass(frozen=True)
class _Told:
    """The judged rows, which of them have a majority, what both heads said of the pictures and of their mirror images."""

    rows: LabelledFaces
    sure: np.ndarray
    truth: dict[str, np.ndarray]
    plain: dict[str, FloatArray]
    mirrored: dict[str, FloatArray]

    def of(self, head: str) -> np.ndarray:
        """Which rows that head is judged on."""
        return self.sure if head == "votes" else np.ones(len(self.rows), bool)


def report(data: LabelledFaces, model: JudgedModel, options: ReportOptions | None = None, tell: Tell = quiet) -> dict[str, Any]:
    """Judge a model in every way. Raises DataError where the data or the folder of photographs can't be used."""
    asked, classes = options or ReportOptions(), data.labels
    check_labels(model.name, model.labels, classes)
    portraits = _portraits(asked, classes, tell)
    told = _told(judged_rows(data, "fer2013", asked.split, asked.flawed), model, tell)
    heads = _heads(told, within_file(model.path), _temperatures(data, told, model, tell))
    main = next(iter(heads))
    return {
        "model": _model(model, told),
        "data": _data(data, told, asked),
        "heads": heads,
        **_agreement(told),
        "second_domain": domains.second_domain(portraits, model, model.fit, tell) if portraits else None,
        "robustness": _robustness(told, model, tell),
        "groups": _groups(told, main),
        "others": others(told.rows, asked.others, tell),
        "against": _against(told, asked.against, main, tell),
    }


def _portraits(asked: ReportOptions, classes: tuple[str, ...], tell: Tell) -> domains.Portraits | None:
    """First, for it fails soonest."""
    if asked.faces is None or asked.detector is None:
        return None
    if classes != EXPRESSIONS:
        raise DataError(f"{asked.faces}: photographs can only be read by a model of {', '.join(EXPRESSIONS)}")
    return domains.portraits(asked.faces, asked.detector, tell)


def _told(rows: LabelledFaces, model: JudgedModel, tell: Tell) -> _Told:
    sure, voted = majority(rows)
    plain = read(model, rows.image, "both heads", tell)
    mirrored = read(model, np.ascontiguousarray(rows.image[:, :, ::-1]), "both heads, mirrored", tell)
    return _Told(rows, sure, {"votes": voted, "fer2013": rows.label}, plain, mirrored)


def _temperatures(data: LabelledFaces, told: _Told, model: JudgedModel, tell: Tell) -> dict[str, float]:
    """None for data judged on the training split itself: there is nothing else to fit on."""
    if int(told.rows.split[0]) == SPLITS["train"]:
        return {}
    return temperatures(model, held_out(data, _holdout(model.path)), tell)


def _holdout(model: Path) -> Holdout:
    """What the run beside the model held back; the usual part where there is no run."""
    beside = model.with_name("settings.json")
    try:
        told = json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else {}
        return Holdout(int(told["seed"]), float(told["holdout_share"]))
    except (OSError, ValueError, TypeError, KeyError):
        return Holdout(TrainSettings.seed, TrainSettings.holdout_share)


def _heads(told: _Told, inside: dict[str, float], left: dict[str, float]) -> dict[str, Any]:
    """The head reviews use first."""
    judged = [head for head in ("votes", "fer2013") if told.of(head).any()]
    return {
        head: head_figures(
            told.plain[head][told.of(head)], told.mirrored[head][told.of(head)], told.truth[head][told.of(head)],
            told.rows.labels, inside.get(head), left.get(head),
        )
        for head in judged
    }  # fmt: skip


def _model(model: JudgedModel, told: _Told) -> dict[str, Any]:
    card = model.path.with_suffix(".toml")
    written = weights.read_card(card).date if card.is_file() else ""
    changed = datetime.fromtimestamp(model.path.stat().st_mtime, UTC).date().isoformat()
    return {
        "name": model.name, "sha256": weights.sha256_of(model.path), "date": written or changed,
        "judged": datetime.now(UTC).date().isoformat(), "size_bytes": model.path.stat().st_size,
        "ms_per_face": ms_per_face(told.rows.image, model),
        "ms_per_face_batched": ms_per_face_batched(told.rows.image, model.path),
    }  # fmt: skip


def _data(data: LabelledFaces, told: _Told, asked: ReportOptions) -> dict[str, Any]:
    split = int(told.rows.split[0])
    return {
        "name": asked.data_name, "split": next(name for name, place in SPLITS.items() if place == split),
        "n": len(told.rows), "n_majority": int(told.sure.sum()),
        "left_out": int((data.split == split).sum()) - len(told.rows), "labels": list(data.labels),
    }  # fmt: skip


def _agreement(told: _Told) -> dict[str, Any]:
    """How often the two heads and the two sets of labels say the same, and why no single answer can serve both."""
    if not told.sure.any():
        return {"heads_agree": None, "labels_agree": None, "why": "The data carry no votes: only their own labels are judged."}
    heads = float((told.plain["votes"].argmax(axis=1) == told.plain["fer2013"].argmax(axis=1)).mean())
    labels = float((told.truth["votes"] == told.truth["fer2013"])[told.sure].mean())
    why = (
        f"The set's own labels and the majority of the voters name the same expression on {100 * labels:.0f} % of the "
        f"{int(told.sure.sum()):,} pictures with a majority, so one answer can't be right on both: the votes head says what "
        f"most people see, the fer2013 head what the set's first labellers wrote down; the two heads say the same of "
        f"{100 * heads:.0f} % of all pictures."
    )
    return {"heads_agree": round(heads, 4), "labels_agree": round(labels, 4), "why": why}


def _robustness(told: _Told, model: JudgedModel, tell: Tell) -> list[dict[str, Any]]:
    """Both heads on the same pictures: those with a majority, where there are votes."""
    rows = told.sure if told.sure.any() else told.of("fer2013")
    truths = {head: told.truth[head][rows] for head in ("votes", "fer2013") if told.of(head).any()}
    return robustness.robustness(told.rows.image[rows], truths, model, tell)


def _groups(told: _Told, head: str) -> list[dict[str, Any]]:
    of = told.of(head)
    names = told.rows[of].group
    return [] if names is None else group_figures(names, told.plain[head][of], told.truth[head][of], head)


def _against(told: _Told, other: JudgedModel | None, head: str, tell: Tell) -> dict[str, Any] | None:
    if other is None:
        return None
    of = told.of(head)
    answers = read(other, told.rows.image[of], other.name, tell)[head]
    found = compare(told.truth[head][of], told.plain[head][of], answers, other.labels)
    return {"name": other.name, "head": head, **found.as_dict(MOST_DISAGREEMENTS)}


def written(document: dict[str, Any]) -> str:
    """The document as JSON text, a list of numbers on one line."""
    text = json.dumps(document, ensure_ascii=False, indent=1)
    return _NUMBERS.sub(lambda found: "[" + re.sub(r"\s+", " ", found.group(1)) + "]", text) + "\n"
