"""Labelled faces from disk and back: FER2013 as .npz or .csv, a folder a class, pictures with a labels file.

Every loader gives the same `LabelledFaces`; what can't be used raises `DataError` with one sentence.
"""

import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.dataset import folders
from fer_core.dataset.faces import FACE_PX, SPLIT_WORDS, LabelledFaces
from fer_core.errors import DataError, OutputError
from fer_core.types import EXPRESSIONS, FloatArray, UInt8Array

VOTERS = 10
"""People who labelled each picture of FER+."""
FERPLUS = (
    "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF",
)  # fmt: skip
"""FER+'s columns; the last is "not a face"."""
_FERPLUS_COLUMNS = (4, 5, 6, 1, 3, 2, 0)
"""Where FER+ keeps each of EXPRESSIONS."""
_FERPLUS_FILE = "fer2013new.csv"


def load(path: Path, own_classes: bool = False) -> LabelledFaces:
    """Read labelled faces.

    - .npz: arrays image, label, and if there are usage (the split), ferplus_votes, ambiguous, leaked; or as `save` writes
    - .csv of FER2013: emotion, pixels, Usage; with FER+'s votes where `fer2013new.csv` lies beside it
    - a folder with one folder a class, in or above folders train, validation, test where there are any
    - a folder with a `labels.csv`, or that file itself: columns file, label (or expression, or emotion), and if given
      split, group (or person); files are looked for beside it and in `images` beside it

    Class names are those of EXPRESSIONS or their nouns (anger, happiness, …). Others raise DataError, unless
    `own_classes`: then the classes are the names found, sorted, and stand in `labels`. Pictures become grey, 48 × 48.

    Raises DataError where the file is missing, of another kind, or damaged.
    """
    if not os.path.exists(path):  # unlike Path.exists, False for names that can't be
        raise DataError(f"{path}: no such file or folder")
    with _naming(path):
        if path.is_dir():
            return folders.load_folder(path, own_classes)
        if path.suffix.lower() == ".npz":
            return _load_npz(path, own_classes)
        if path.suffix.lower() == ".csv":
            return _load_csv(path, own_classes)
    raise DataError(f"{path}: expected an .npz, a .csv, or a folder with one folder a class")


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Every DataError names the data it is about, once; what the disk refuses becomes one."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{error.filename or path}: can't be read ({error.strerror or error})") from error
    except DataError as error:
        if str(error).startswith((f"{path}:", f"{path},", f"{path}{os.sep}")):
            raise
        raise DataError(f"{path}: {error}") from error


def _load_npz(path: Path, own_classes: bool) -> LabelledFaces:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            data = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"not a readable .npz ({error})") from error
    missing = {"image", "label"} - data.keys()
    if missing:
        raise DataError(f"lacks the arrays {', '.join(sorted(missing))}")
    labels = tuple(str(name) for name in data["labels"]) if "labels" in data else EXPRESSIONS
    if labels != EXPRESSIONS and not own_classes:
        raise DataError(f"its classes are {', '.join(labels)}, not {', '.join(EXPRESSIONS)}")
    n = data["label"].size
    group = tuple(str(name) for name in data["group"]) if "group" in data else None
    split = _whole(data.get("usage", np.zeros(n, np.uint8)), "usage")
    return LabelledFaces(data["image"], _whole(data["label"], "label"), split, _flags(data, n), _votes(data, n), labels, group)


def _whole(numbers: np.ndarray, name: str) -> np.ndarray:
    if not np.issubdtype(numbers.dtype, np.integer):
        raise DataError(f"the array {name} must hold whole numbers, not {numbers.dtype}")
    return numbers.astype(np.int64)


def _flags(data: dict[str, np.ndarray], n: int) -> np.ndarray:
    flawed = np.zeros(n, bool)
    for name in {"leaked", "ambiguous", "flawed"} & data.keys():
        if data[name].shape != (n,):
            raise DataError(f"the array {name} must be ({n},), not {data[name].shape}")
        flawed |= data[name].astype(bool)
    return flawed


def _votes(data: dict[str, np.ndarray], n: int) -> FloatArray | None:
    """The shares as `save` wrote them, or FER+'s counts (n, 10), in which -1 stands for no votes."""
    if "votes" in data:
        return data["votes"].astype(np.float32)
    return _shares(data["ferplus_votes"], n) if "ferplus_votes" in data else None


def _shares(raw: np.ndarray, n: int) -> FloatArray:
    if raw.shape != (n, len(FERPLUS)):
        raise DataError(f"FER+ votes must be ({n}, {len(FERPLUS)}), not {raw.shape}")
    counts = np.clip(raw, 0, None).astype(np.float32)
    return counts[:, _FERPLUS_COLUMNS] / np.float32(VOTERS)


def _load_csv(path: Path, own_classes: bool) -> LabelledFaces:
    columns = folders.columns_of(path)
    if {"file"} <= columns:
        return folders.load_labels(path, own_classes)
    if not {"emotion", "pixels"} <= columns:
        raise DataError("expected the columns emotion, pixels and Usage of FER2013, or file and label")
    images, labels, splits = [], [], []
    for line, row in folders.rows_of(path):
        image, label, split = _csv_row(row, f"{path}, line {line}")
        images.append(image)
        labels.append(label)
        splits.append(split)
    if not labels:
        raise DataError("holds no rows")
    n, beside = len(labels), path.with_name(_FERPLUS_FILE)
    votes = _shares(_ferplus(beside), n) if beside.exists() else None
    return LabelledFaces(
        np.stack(images), np.array(labels, np.int64), np.array(splits, np.int64), np.zeros(n, bool), votes
    )  # fmt: skip


def _csv_row(row: dict[str, str], where: str) -> tuple[UInt8Array, int, int]:
    try:
        pixels = [int(value) for value in row["pixels"].split()]
        label = int(row["emotion"])
    except ValueError as error:
        raise DataError(f"{where}: the label or the pixels are not numbers") from error
    if len(pixels) != FACE_PX * FACE_PX or min(pixels) < 0 or max(pixels) > 255:
        raise DataError(f"{where}: expected {FACE_PX * FACE_PX} pixels of 0 to 255, found {len(pixels)}")
    if not 0 <= label < len(EXPRESSIONS):
        raise DataError(f"{where}: the label {label} is not one of 0 to {len(EXPRESSIONS) - 1}")
    usage = row.get("usage") or "Training"
    if usage.lower() not in SPLIT_WORDS:
        raise DataError(f"{where}: unknown Usage {usage!r}")
    return np.array(pixels, np.uint8).reshape(FACE_PX, FACE_PX), label, SPLIT_WORDS[usage.lower()]


def _ferplus(path: Path) -> np.ndarray:
    """FER+'s own file, a row for each of FER2013's .csv in the same order (microsoft/FERPlus): (n, 10) counts."""
    wanted = [name.lower() for name in FERPLUS]
    if not set(wanted) <= folders.columns_of(path):
        raise DataError(f"{path}: expected FER+'s columns {', '.join(FERPLUS)}")
    try:
        return np.array([[int(row[name]) for name in wanted] for _, row in folders.rows_of(path)])
    except ValueError as error:
        raise DataError(f"{path}: the votes are not numbers") from error


def save(data: LabelledFaces, path: Path) -> None:
    """Write an .npz that `load` reads back to the same; whole or not at all. OutputError says why it can't be."""
    arrays: dict[str, Any] = {
        "image": data.image, "label": data.label.astype(np.uint8 if len(data.labels) < 256 else np.int64),
        "usage": data.split.astype(np.uint8), "flawed": data.flawed, "labels": np.array(data.labels),
    }  # fmt: skip
    if data.votes is not None:
        arrays["votes"] = data.votes
    if data.group is not None:
        arrays["group"] = np.array(data.group, dtype=np.str_)
    part = path.with_name(f"part-{os.getpid()}-{path.name}")
    try:
        with part.open("wb") as file:
            np.savez_compressed(file, **arrays)
        os.replace(part, path)
    except OSError as error:
        raise OutputError(f"{path}: can't be written ({error.strerror or error})") from error
    finally:
        part.unlink(missing_ok=True)
