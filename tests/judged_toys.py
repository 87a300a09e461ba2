"""Toy models and toy data to judge: bright faces are happy, dark ones sad, those in between neutral."""

import csv
from pathlib import Path

import cv2
import numpy as np
from onnx import TensorProto, helper, numpy_helper

from fer_core.dataset import LabelledFaces
from fer_core.types import EXPRESSIONS
from tests import contracts
from tests.drawn_face import drawn_face

MIDDLE = {"happy": 220.0, "neutral": 130.0, "sad": 40.0}
PX = 48 * 48


def brightness_network(path: Path, *, temperatures=(1.0, 1.0), labels=EXPRESSIONS, middle=MIDDLE) -> Path:
    """A network of two heads, votes and fer2013, that reads nothing but the mean brightness; logits over a temperature."""
    levels = np.array([middle.get(name, -400.0) for name in labels], np.float32)
    # −(x − m)² / s, without x², which is the same for all
    slope, shift = 2 * levels / 2000, -(levels**2) / 2000
    nodes, constants = [helper.make_node("Flatten", ["face"], ["row"])], []
    for head, temperature in zip(("votes", "fer2013"), temperatures, strict=True):
        constants += [
            numpy_helper.from_array(np.tile(slope / PX, (PX, 1)).astype(np.float32), f"{head}_w"),
            numpy_helper.from_array(shift.astype(np.float32), f"{head}_b"),
            numpy_helper.from_array(np.float32(1 / temperature), f"{head}_t"),
        ]
        nodes += [
            helper.make_node("MatMul", ["row", f"{head}_w"], [f"{head}_0"]),
            helper.make_node("Add", [f"{head}_0", f"{head}_b"], [f"{head}_1"]),
            helper.make_node("Mul", [f"{head}_1", f"{head}_t"], [f"{head}_2"]),
            helper.make_node("Softmax", [f"{head}_2"], [head]),
        ]
    told = [helper.make_tensor_value_info(head, TensorProto.FLOAT, [None, len(labels)]) for head in ("votes", "fer2013")]
    given = [helper.make_tensor_value_info("face", TensorProto.FLOAT, [None, 48, 48, 1])]
    graph = helper.make_graph(nodes, "toy", given, told, constants)
    return contracts.save_network(graph, path, **({} if labels == EXPRESSIONS else {"labels": ", ".join(labels)}))


def bright_faces(n: int = 240, *, votes: bool = True, groups: bool = False, seed: int = 1) -> LabelledFaces:
    """Half of them of the training split, half of validation; one in ten is labelled neutral whatever the voters say."""
    rng = np.random.default_rng(seed)
    names = list(MIDDLE)
    kind = rng.integers(0, len(names), n)
    level = np.array([MIDDLE[name] for name in names])[kind] + rng.normal(0, 18, n)
    image = np.clip(rng.normal(level[:, None, None], 10, (n, 48, 48)), 0, 255).astype(np.uint8)
    seen = np.array([EXPRESSIONS.index(name) for name in names])[kind]
    label = np.where(rng.random(n) < 0.1, EXPRESSIONS.index("neutral"), seen).astype(np.int64)
    shares = np.eye(7, dtype=np.float32)[seen] * np.where(rng.random(n) < 0.1, 0.4, 0.8)[:, None].astype(np.float32)
    group = tuple("ab"[place // 2 % 2] for place in range(n)) if groups else None
    return LabelledFaces(image, label, np.arange(n) % 2, np.zeros(n, bool), shares if votes else None, group=group)


def photograph_folder(folder: Path, people: int = 12) -> Path:
    """Drawn faces, bright, middling and dark, as labelled photographs of several people."""
    (folder / "images").mkdir(parents=True)
    shown = {"happiness": 1.3, "neutral": 0.8, "anger": 0.25}
    rows = []
    for place in range(people * 2):
        name = list(shown)[place % 3]
        picture = np.clip(drawn_face() * shown[name], 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / "images" / f"{place}.png"), picture)
        rows.append({"person": f"person {place // 2}", "file": f"{place}.png", "expression": name})
    write_labels(folder, [*rows, {"person": "x", "file": "0.png", "expression": "surprise"}])
    return folder


def write_labels(folder: Path, rows: list[dict[str, str]]) -> None:
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, ["person", "file", "expression"])
        writer.writeheader()
        writer.writerows(rows)
