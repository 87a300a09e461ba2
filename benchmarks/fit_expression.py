"""Fit the expression model to faces as a shop's camera sees them, and its valence error by its confidence.

    python -m benchmarks.fit_expression ../shared/faces [--emotion moodgate] [--out REPORT]

The photographs are people's of the even half (sha1 of the name), brought to a camera's size, light and compression. Vector
scaling: one power and a shift each for happy, surprise and neutral, and one for the four negative expressions together, of
which there are too few to fit apart. Classes weigh with the fourth root of their rarity, between the shares of the
photographs and equal ones: with the shares as they are, two of three negative faces would be read as neutral. Prints
`settings.ExpressionFit` and `ReviewSettings.model_error`; the recalls are also given for the odd half, never fitted on.
"""

import argparse
import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy.optimize import minimize

from benchmarks.fit_llr import as_filmed, middle_face, stamp
from fer_core.detect import open_detector
from fer_core.emotion import open_emotion
from fer_core.emotion.base import CropModel, face_crops, fitted
from fer_core.settings import DetectSettings, ExpressionFit, ReviewSettings
from fer_core.types import EXPRESSIONS

LABELS = {"anger": "angry", "disgust": "disgust", "contempt": "disgust", "fear": "fear", "happiness": "happy",
          "sadness": "sad", "surprise": "surprise", "neutral": "neutral"}  # fmt: skip
UPPER = (0.5, 0.7, 0.9, 1.01)
RARITY = 0.1
STIFFNESS = 1e-3


def photographs(faces: Path) -> list[tuple[bool, str, Path]]:
    """(odd half, expression, file) of every labelled photograph."""
    with (faces / "labels.csv").open(newline="", encoding="utf-8") as handle:
        return [
            (
                bool(int(hashlib.sha1(row["person"].encode()).hexdigest(), 16) % 2),  # noqa: S324  (splits, secures nothing)
                LABELS[row["expression"]],
                faces / "images" / row["file"],
            )
            for row in csv.DictReader(handle)
            if row["expression"] in LABELS
        ]


def told_of(faces: Path, model: CropModel, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n, 7) the model's own probabilities, (n,) labels, (n,) odd half."""
    rng, detector = np.random.default_rng(seed), open_detector("yunet", DetectSettings())
    rows, labels, odd = [], [], []
    for place, (half, label, file) in enumerate(photographs(faces)):
        image = as_filmed(cv2.imread(str(file)), bool(place % 2), rng)
        crops = face_crops(image, middle_face(image, detector))
        if crops:
            rows.append(model.probabilities(np.stack(crops))[0])
            labels.append(EXPRESSIONS.index(label))
            odd.append(half)
    return np.array(rows), np.array(labels), np.array(odd)


def spread(line: np.ndarray) -> ExpressionFit:
    """The five numbers that are fitted, as a fit of seven."""
    power, negative, happy, surprise, neutral = (float(value) for value in line)
    return ExpressionFit(float(np.exp(power)), (negative, negative, negative, happy, negative, surprise, neutral))


def fit(rows: np.ndarray, labels: np.ndarray) -> ExpressionFit:
    """The fit that makes the labels likeliest."""
    weight = (1 / np.bincount(labels, minlength=len(EXPRESSIONS)).clip(1))[labels] ** RARITY
    weight /= weight.sum()

    def loss(line: np.ndarray) -> float:
        told = fitted(rows, spread(line))
        likely = np.log(np.maximum(told[np.arange(len(labels)), labels], 1e-12))
        shift = np.array(spread(line).shift)
        return float(-(weight * likely).sum() + STIFFNESS * (shift**2).sum())

    return spread(minimize(loss, np.zeros(5), method="Nelder-Mead", options={"maxiter": 4000, "xatol": 1e-4, "fatol": 1e-7}).x)


def recalls(rows: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Share of negative, happy and other (neutral, surprise) faces that are read as such."""
    sign = np.array(ReviewSettings().valence)
    told = np.stack([rows[:, sign == side].sum(axis=1) for side in (-1, 0, 1)], axis=1).argmax(axis=1) - 1
    truth = sign[labels]
    return {
        name: round(float((told[truth == side] == side).mean()), 3)
        for name, side in (("negative", -1), ("neutral", 0), ("happy", 1))
    }


def model_error(rows: np.ndarray, labels: np.ndarray) -> list[tuple[float, float]]:
    """Root mean square of told less labelled valence, by the upper end of the confidence."""
    valence, confidence = np.array(ReviewSettings().valence), rows.max(axis=1)
    error, lower, table = rows @ valence - valence[labels], 0.0, []
    for upper in UPPER:
        here = (confidence >= lower) & (confidence < upper)
        table.append((upper, round(float(np.sqrt(np.mean(error[here] ** 2))), 3)))
        lower = upper
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("faces", type=Path)
    parser.add_argument("--emotion", default="moodgate")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    model = open_emotion(arguments.emotion)
    if not isinstance(model, CropModel):
        raise SystemExit(f"{arguments.emotion}: no model of face crops")
    rows, labels, odd = told_of(arguments.faces, model, arguments.seed)
    found = fit(rows[~odd], labels[~odd])
    after = fitted(rows, found)
    report: dict[str, Any] = {
        **stamp(), "emotion": arguments.emotion, "fitted_on": int((~odd).sum()),
        "sharpness": round(found.sharpness, 3), "shift": [round(value, 2) for value in found.shift],
        "model_error": model_error(after[~odd], labels[~odd]),
        "recall": {
            name: {"before": recalls(rows[of], labels[of]), "after": recalls(after[of], labels[of])}
            for name, of in (("even", ~odd), ("odd", odd))
        },
    }  # fmt: skip
    print(json.dumps(report, indent=1))
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
