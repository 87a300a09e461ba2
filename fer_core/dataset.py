"""Labelled faces from disk: FER2013 as .npz or .csv, or a folder a class.

Every loader gives the same `LabelledFaces`; what can't be used raises `DataError` with one sentence.
"""

import csv
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from fer_core.errors import DataError
from fer_core.types import EXPRESSIONS, FloatArray, IntArray, UInt8Array

FACE_PX = 48
"""Side of a FER2013 picture."""
VOTERS = 10
"""People who labelled each picture of FER+."""

SPLITS = {"train": 0, "validation": 1, "test": 2}
_SPLIT_WORDS = {
    "train": 0, "training": 0, "validation": 1, "val": 1, "valid": 1, "publictest": 1, "test": 2, "privatetest": 2,
}  # fmt: skip
_CLASS_WORDS = {
    "anger": "angry", "happiness": "happy", "sadness": "sad", "surprised": "surprise", "fearful": "fear",
    "disgusted": "disgust",
}  # fmt: skip
_FERPLUS_COLUMNS = (4, 5, 6, 1, 3, 2, 0)
"""Where FER+ (neutral happiness surprise sadness anger disgust fear ...) keeps each of EXPRESSIONS."""
_PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".webp"}


@dataclass(frozen=True)
class LabelledFaces:
    """n grey faces with a label each.

    image (n, 48, 48) uint8; label (n,) int64 into EXPRESSIONS; split (n,) int64 into SPLITS; votes (n, 7) float32, the
    share of ten voters for each of EXPRESSIONS (rows may sum to less than 1: other answers), or None; flawed (n,)
    bool: the same picture stands under several labels, or in the training split too.
    """

    image: UInt8Array
    label: IntArray
    split: IntArray
    flawed: np.ndarray
    votes: FloatArray | None = None

    def __post_init__(self) -> None:
        n = len(self.label)
        if self.image.shape != (n, FACE_PX, FACE_PX) or self.image.dtype != np.uint8:
            raise DataError(f"images must be ({n}, {FACE_PX}, {FACE_PX}) uint8, not {self.image.shape} {self.image.dtype}")
        if n and not (self.label.min() >= 0 and self.label.max() < len(EXPRESSIONS)):
            raise DataError(
                f"labels must lie between 0 and {len(EXPRESSIONS) - 1}, not {self.label.min()} … {self.label.max()}"
            )
        if self.votes is not None and self.votes.shape != (n, len(EXPRESSIONS)):
            raise DataError(f"votes must be ({n}, {len(EXPRESSIONS)}), not {self.votes.shape}")

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, rows: np.ndarray) -> "LabelledFaces":
        votes = None if self.votes is None else self.votes[rows]
        return LabelledFaces(self.image[rows], self.label[rows], self.split[rows], self.flawed[rows], votes)

    def of_split(self, split: str | None) -> "LabelledFaces":
        """The rows of one split; None means test where there is one, else validation, else train."""
        if split is not None and split not in SPLITS:
            raise DataError(f"unknown split {split!r}: known are {', '.join(SPLITS)}")
        wanted = SPLITS[split] if split else int(self.split.max(initial=0))
        rows = self.split == wanted
        if not rows.any():
            raise DataError(f"the data holds no picture of the split {split or 'train'!r}")
        return self[rows]

    def majority(self) -> "LabelledFaces":
        """Relabelled by FER+: the rows whose top expression has more than half of all ten votes."""
        if self.votes is None:
            raise DataError("these data carry no FER+ votes: use --labels fer2013")
        rows = self.votes.max(axis=1) > 0.5
        found = self[rows]
        assert found.votes is not None  # noqa: S101  (self.votes is not None)
        return LabelledFaces(found.image, found.votes.argmax(axis=1), found.split, found.flawed, found.votes)


def load(path: Path) -> LabelledFaces:
    """Read labelled faces: an .npz with FER2013's arrays, a FER2013 .csv, or a folder with one folder a class.

    Raises DataError where the file is missing, of another kind, or damaged.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    if path.is_dir():
        return _load_folder(path)
    loaders = {".npz": _load_npz, ".csv": _load_csv}
    if path.suffix.lower() not in loaders:
        raise DataError(f"{path}: expected an .npz, a .csv, or a folder with one folder a class")
    return loaders[path.suffix.lower()](path)


def _load_npz(path: Path) -> LabelledFaces:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            data = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path}: not a readable .npz ({error})") from error
    missing = {"image", "label"} - data.keys()
    if missing:
        raise DataError(f"{path}: lacks the arrays {', '.join(sorted(missing))}")
    n = len(data["label"])
    flawed = np.zeros(n, bool)
    for name in ("leaked", "ambiguous"):
        flawed |= data.get(name, flawed).astype(bool)
    split = data.get("usage", np.zeros(n)).astype(np.int64)
    return LabelledFaces(data["image"], data["label"].astype(np.int64), split, flawed, _votes(data.get("ferplus_votes")))


def _votes(raw: np.ndarray | None) -> FloatArray | None:
    if raw is None:
        return None
    counts = np.clip(raw, 0, None).astype(np.float32)
    return counts[:, _FERPLUS_COLUMNS] / np.float32(VOTERS)


def _load_csv(path: Path) -> LabelledFaces:
    images, labels, splits = [], [], []
    with path.open(newline="", encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        if not {"emotion", "pixels"} <= set(reader.fieldnames or ()):
            raise DataError(f"{path}: expected the columns emotion, pixels and Usage of FER2013")
        for line, row in enumerate(reader, start=2):
            image, label, split = _csv_row(row, f"{path}, line {line}")
            images.append(image)
            labels.append(label)
            splits.append(split)
    if not labels:
        raise DataError(f"{path}: holds no rows")
    return _labelled(images, labels, splits)


def _csv_row(row: dict[str, str], where: str) -> tuple[UInt8Array, int, int]:
    try:
        pixels = np.array((row["pixels"] or "").split(), dtype=np.int64)
        label = int(row["emotion"])
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}: the label or the pixels are not numbers") from error
    if pixels.size != FACE_PX * FACE_PX or pixels.min() < 0 or pixels.max() > 255:
        raise DataError(f"{where}: expected {FACE_PX * FACE_PX} pixels of 0 to 255, found {pixels.size}")
    if not 0 <= label < len(EXPRESSIONS):
        raise DataError(f"{where}: the label {label} is not one of 0 to {len(EXPRESSIONS) - 1}")
    usage = (row.get("Usage") or "Training").strip().lower()
    if usage not in _SPLIT_WORDS:
        raise DataError(f"{where}: unknown Usage {row.get('Usage')!r}")
    return pixels.astype(np.uint8).reshape(FACE_PX, FACE_PX), label, _SPLIT_WORDS[usage]


def _load_folder(path: Path) -> LabelledFaces:
    images, labels, splits = [], [], []
    for split, folder in _split_folders(path):
        for label, picture in _class_pictures(folder):
            image = cv2.imdecode(np.fromfile(picture, np.uint8), cv2.IMREAD_GRAYSCALE) if picture.stat().st_size else None
            if image is None:
                raise DataError(f"{picture}: not a readable picture")
            images.append(cv2.resize(image, (FACE_PX, FACE_PX), interpolation=cv2.INTER_AREA))
            labels.append(label)
            splits.append(split)
    if not labels:
        raise DataError(f"{path}: holds no pictures in folders named {', '.join(EXPRESSIONS)}")
    return _labelled(images, labels, splits)


def _split_folders(path: Path) -> list[tuple[int, Path]]:
    found = [(_SPLIT_WORDS[d.name.lower()], d) for d in sorted(path.iterdir()) if d.is_dir() and d.name.lower() in _SPLIT_WORDS]
    return found or [(0, path)]


def _class_pictures(folder: Path) -> Iterable[tuple[int, Path]]:
    for sub in sorted(p for p in folder.iterdir() if p.is_dir()):
        name = _CLASS_WORDS.get(sub.name.lower(), sub.name.lower())
        if name not in EXPRESSIONS:
            raise DataError(f"{sub}: the folder's name is none of {', '.join(EXPRESSIONS)}")
        for picture in sorted(sub.iterdir()):
            if picture.suffix.lower() in _PICTURES:
                yield EXPRESSIONS.index(name), picture


def _labelled(images: list[UInt8Array], labels: list[int], splits: list[int]) -> LabelledFaces:
    n = len(labels)
    return LabelledFaces(np.stack(images), np.array(labels, np.int64), np.array(splits, np.int64), np.zeros(n, bool))
