"""Temperatures (Guo et al. 2017): the one within a model's file, and what pictures that training held back still ask for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fer_core import metrics
from fer_core.dataset import SPLITS, LabelledFaces
from fer_core.evaluate.readers import Reader, Tell, quiet, read
from fer_core.evaluate.rows import majority
from fer_core.settings import TrainSettings
from fer_core.types import FloatArray, IntArray

LEAST = 100
"""Fewest pictures on which a temperature is fitted."""


@dataclass(frozen=True)
class Holdout:
    """Which part of the training split training held back: the seed and the share of its settings."""

    seed: int = TrainSettings.seed
    share: float = TrainSettings.holdout_share


def held_out(data: LabelledFaces, holdout: Holdout | None = None) -> LabelledFaces:
    """The pictures of the training split that `train` with those settings never learned from, without flagged ones."""
    how = holdout or Holdout()
    usable = data[data.split == SPLITS["train"]]
    held = np.random.default_rng(how.seed).random(len(usable)) < how.share
    held[:1] = True
    return usable[held & ~usable.flawed]


def temperatures(reader: Reader, held: LabelledFaces, tell: Tell = quiet) -> dict[str, float]:
    """Each head's temperature (Guo et al. 2017) against hard labels: the voters' majority for votes, else the data's own.

    The one within the file may have been fitted to the voters' shares, which is another thing: a face that six of ten call sad
    is to get 0.6 then, though the answer sad is always right. Heads with fewer than LEAST pictures are left out.
    """
    told = read(reader, held.image, "calibration", tell)
    sure, voted = majority(held)
    goals = {"votes": (sure, voted), "fer2013": (np.ones(len(held), bool), held.label)}
    return {
        head: metrics.fit_temperature(metrics.logarithm(told[head][of]), np.eye(len(reader.labels))[truth[of]])
        for head, (of, truth) in goals.items()
        if of.sum() >= LEAST
    }


def within_file(path: Path) -> dict[str, float]:
    """Each head's temperature that a network's file carries: what its logits are divided by before the softmax.

    Heads whose file doesn't show it so (quantized ones, foreign ones) are left out; 1 where nothing stands in between.
    """
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path).graph
    makers = {name: node for node in graph.node for name in node.output}
    numbers = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    numbers |= {node.output[0]: numpy_helper.to_array(node.attribute[0].t) for node in graph.node if node.op_type == "Constant"}
    found = {told.name: _divisor(makers, numbers, told.name) for told in graph.output}
    return {name: divisor for name, divisor in found.items() if divisor}


def _divisor(makers: Mapping[str, Any], numbers: Mapping[str, np.ndarray], output: str) -> float | None:
    softmax = makers.get(output)
    if softmax is None or softmax.op_type != "Softmax":
        return None
    scaled = makers.get(softmax.input[0])
    if scaled is None or scaled.op_type not in ("Mul", "Div"):
        return 1.0 if scaled is not None and scaled.op_type in ("Add", "Gemm", "MatMul") else None
    factor = next((float(numbers[name].item()) for name in scaled.input if name in numbers and numbers[name].size == 1), 0.0)
    if factor <= 0:
        return None
    return factor if scaled.op_type == "Div" else 1 / factor


def calibration(told: FloatArray, truth: IntArray, inside: float | None = None, left: float | None = None) -> dict[str, Any]:
    """ECE and reliability of the answers as the file tells them, and without and with a temperature.

    inside: the temperature in the file, which `ece_uncalibrated` and `reliability_uncalibrated` are without; left: what the
    held-out pictures ask for on top, which `ece_refitted` is with. Keys are None where that temperature is not known.
    """
    raw = None if inside is None else metrics.tempered(told, 1 / inside)
    mended = None if left is None else metrics.tempered(told, left)
    return {
        "ece": _ece(told, truth),
        "ece_uncalibrated": _ece(raw, truth),
        "temperature": None if inside is None else round(inside, 3),
        "ece_refitted": _ece(mended, truth),
        "temperature_left": None if left is None else round(left, 3),
        "reliability": _bins(told, truth),
        "reliability_uncalibrated": None if raw is None else _bins(raw, truth),
    }


def _ece(told: FloatArray | None, truth: IntArray) -> float | None:
    return None if told is None else round(metrics.expected_calibration_error(told, truth), 4)


def _bins(told: FloatArray, truth: IntArray) -> list[dict[str, float]]:
    return [
        {
            "low": round(one.low, 4), "high": round(one.high, 4), "n": one.n, "confidence": round(one.confidence, 4),
            "accuracy": round(one.accuracy, 4),
        }
        for one in metrics.reliability(told, truth)
    ]  # fmt: skip
