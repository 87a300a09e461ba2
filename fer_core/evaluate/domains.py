"""A second domain: photographs of other people with other labels, cut as reviews cut faces, read in three classes.

A folder with images/ and labels.csv (person, file, expression). The votes head's seven shares are added up as reviews count
them: happy; neutral with surprise (both of valence 0); the four negative ones. Photographs labelled surprise are left
out, for they are neither; a face read as surprised thus counts as neutral, which can only cost.
"""

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fer_core import metrics
from fer_core.detect import Detector
from fer_core.emotion.base import face_crops, fitted
from fer_core.errors import DataError
from fer_core.evaluate.readers import Reader, Tell, quiet, read
from fer_core.settings import ExpressionFit
from fer_core.types import EXPRESSIONS, Faces, FloatArray, IntArray, UInt8Array

CLASSES = ("happiness", "neutral", "negative")
CLASS_OF = {
    "happiness": "happiness", "neutral": "neutral", "anger": "negative", "contempt": "negative", "disgust": "negative",
    "fear": "negative", "sadness": "negative",
}  # fmt: skip
_TOLD_AS = {"happy": 0, "neutral": 1, "surprise": 1, "angry": 2, "disgust": 2, "fear": 2, "sad": 2}
SIZES_PX = (24, 32, 48, 64, 96)
"""Heights of a face at which photographs are read again."""
MOST_SMALL = 1000
"""Photographs that are read at all SIZES_PX at the most."""
_CROP_PX = 48


@dataclass(frozen=True)
class Photograph:
    """One of the folder: whose, where, and which of CLASSES it shows (−1: none of them)."""

    person: str
    file: Path
    label: int


@dataclass(frozen=True)
class Portraits:
    """n faces found in photographs.

    face (n, 48, 48) uint8; label (n,) into CLASSES; person: n names; small: for each of SIZES_PX the faces of the rows
    `small_rows` as a camera would show them at that height. without_face: photographs of those classes in which no face
    was found; other: photographs of other classes.
    """

    name: str
    face: UInt8Array
    label: IntArray
    person: tuple[str, ...]
    without_face: int
    other: int
    small: dict[int, UInt8Array]
    small_rows: IntArray


def photographs(folder: Path) -> list[Photograph]:
    """The folder's labelled photographs. DataError says in a sentence what is wrong with it."""
    table = folder / "labels.csv"
    try:
        with table.open(newline="", encoding="utf-8") as handle:
            reader = csv.DictReader(handle)
            if not {"person", "file", "expression"} <= set(reader.fieldnames or ()):
                raise DataError(f"{table}: expected the columns person, file and expression")
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{table}: can't be read ({getattr(error, 'strerror', None) or error})") from error
    return [_photograph(folder, row, f"{table}, line {line}") for line, row in enumerate(rows, start=2)]


def _photograph(folder: Path, row: dict[str, str], where: str) -> Photograph:
    if not (row["person"] and row["file"] and row["expression"]):
        raise DataError(f"{where}: the row is too short")
    file = folder / "images" / row["file"]
    if not file.is_file():
        raise DataError(f"{where}: the picture {row['file']} is missing")
    name = CLASS_OF.get(row["expression"].strip().lower(), "")
    return Photograph(row["person"], file, CLASSES.index(name) if name else -1)


def portraits(folder: Path, detector: Detector, tell: Tell = quiet) -> Portraits:
    """The middle face of each photograph, cut as reviews do. DataError where too little is left."""
    every = photographs(folder)
    wanted = [one for one in every if one.label >= 0]
    small_of = _small_sample([one.label for one in wanted])
    faces: list[UInt8Array] = []
    kept, small_rows = list[Photograph](), list[int]()
    small: dict[int, list[UInt8Array]] = {px: [] for px in SIZES_PX}
    for place, photograph in enumerate(wanted):
        image = _picture(photograph.file)
        face = _middle(image, detector)
        if len(face):
            faces += face_crops(image, face)
            if place in small_of:
                small_rows.append(len(kept))
                for px in SIZES_PX:
                    small[px] += face_crops(*_at_height(image, face, px))
            kept.append(photograph)
        if place % 64 == 0 or place + 1 == len(wanted):
            tell("finding the second domain's faces", place + 1, len(wanted))
    label = np.array([one.label for one in kept], np.int64)
    if len(set(label.tolist())) < 2:
        raise DataError(f"{folder}: faces of {len(set(label.tolist()))} of the classes {', '.join(CLASSES)} were found")
    return Portraits(
        folder.name, np.stack(faces), label, tuple(one.person for one in kept), len(wanted) - len(kept),
        len(every) - len(wanted), {px: _stacked(crops) for px, crops in small.items()}, np.array(small_rows, np.int64),
    )  # fmt: skip


def _picture(file: Path) -> UInt8Array:
    image = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR) if file.stat().st_size else None
    if image is None:
        raise DataError(f"{file}: not a readable picture")
    return image.astype(np.uint8, copy=False)


def _stacked(crops: Sequence[UInt8Array]) -> UInt8Array:
    return np.stack(crops) if crops else np.zeros((0, _CROP_PX, _CROP_PX), np.uint8)


def _middle(image: UInt8Array, detector: Detector) -> Faces:
    """The face nearest to the middle; none where none is found."""
    faces = detector.detect(image)
    if not len(faces):
        return faces
    away = (faces.xyxy[:, :2] + faces.xyxy[:, 2:]) / 2 - np.array(image.shape[1::-1]) / 2
    return faces[[int(np.hypot(*away.T).argmin())]]


def _at_height(image: UInt8Array, face: Faces, px: int) -> tuple[UInt8Array, Faces]:
    """The photograph scaled such that the face is that high, and the face in it."""
    share = px / float(face.xyxy[0, 3] - face.xyxy[0, 1])
    kind = cv2.INTER_AREA if share < 1 else cv2.INTER_LINEAR
    height, width = (max(1, round(side * share)) for side in image.shape[:2])
    seen = cv2.resize(image, (width, height), interpolation=kind).astype(np.uint8, copy=False)
    scale = np.array([width / image.shape[1], height / image.shape[0]], np.float32)
    marks = None if face.landmarks is None else face.landmarks * scale
    return seen, Faces(face.xyxy * np.tile(scale, 2), face.score, marks)


def _small_sample(labels: Sequence[int]) -> set[int]:
    """Places of at most MOST_SMALL photographs, as many of each class as there are up to an equal share of the rest."""
    of = np.array(labels, np.int64)
    rng, left, chosen = np.random.default_rng(0), MOST_SMALL, set[int]()
    classes = sorted(set(labels), key=lambda one: int((of == one).sum()))
    for place, one in enumerate(classes):
        rows = rng.permutation(np.flatnonzero(of == one))[: left // (len(classes) - place)]
        left -= len(rows)
        chosen |= set(rows.tolist())
    return chosen


def three_classes(told: FloatArray) -> FloatArray:
    """(n, 7) shares of EXPRESSIONS added up to (n, 3) of CLASSES."""
    joined = np.zeros((len(told), len(CLASSES)), np.float64)
    for place, name in enumerate(EXPRESSIONS):
        joined[:, _TOLD_AS[name]] += told[:, place]
    return joined


def second_domain(faces: Portraits, reader: Reader, fit: ExpressionFit | None = None, tell: Tell = quiet) -> dict[str, Any]:
    """Balanced accuracy of the votes head on the portraits, its interval drawn over people, and by size of the face.

    `fitted` is with the fit that reviews use, on the people whose sha1(name) is odd alone: it was made on the even ones.
    `plain_odd` is without it on the same people. `leading` names the class of the leading one of the seven instead of
    adding up shares.
    """
    told = read(reader, faces.face, "second domain", tell)["votes"]
    person = np.unique(faces.person, return_inverse=True)[1].astype(np.int64)
    odd = np.array([is_odd(name) for name in faces.person], bool)
    answer = three_classes(told).argmax(axis=1)
    here = _balanced(answer, faces.label, person)
    fits: dict[str, Any] = {"fitted": None, "plain_odd": None}
    if fit is not None and odd.any():
        mended = three_classes(fitted(told, fit)).argmax(axis=1)
        fits["fitted"] = _balanced(mended[odd], faces.label[odd], person[odd])
        fits["plain_odd"] = _balanced(answer[odd], faces.label[odd], person[odd])
    return {
        "name": faces.name, "labels": list(CLASSES), **here, **fits, "leading": _leading(told, faces.label),
        "without_face": faces.without_face, "other_labels": faces.other, "by_size": _by_size(faces, reader, tell),
    }  # fmt: skip


def is_odd(name: str) -> bool:
    """Whether a person is of the half that nothing is ever fitted on: sha1 of the name is odd."""
    return bool(int(hashlib.sha1(name.encode()).hexdigest(), 16) % 2)  # noqa: S324  (splits, secures nothing)


def _balanced(told: IntArray, truth: IntArray, person: IntArray) -> dict[str, Any]:
    matrix = metrics.confusion(truth, told, len(CLASSES))
    figures = metrics.class_figures(matrix)
    low, high = metrics.bootstrap_balanced_accuracy(truth, told, len(CLASSES), person)
    recall = {
        name: None if share is None else round(share, 4) for name, share in zip(CLASSES, figures.per_class_recall, strict=True)
    }
    return {
        "n": len(truth), "people": len(np.unique(person)), "confusion": matrix.tolist(),
        "balanced_accuracy": round(figures.balanced_accuracy, 4), "low": round(low, 4), "high": round(high, 4),
        "per_class_recall": recall,
    }  # fmt: skip


def _leading(told: FloatArray, truth: IntArray) -> float:
    answer = np.array([_TOLD_AS[name] for name in EXPRESSIONS])[told.argmax(axis=1)]
    return round(metrics.class_figures(metrics.confusion(truth, answer, len(CLASSES))).balanced_accuracy, 4)


def _by_size(faces: Portraits, reader: Reader, tell: Tell) -> list[dict[str, Any]]:
    truth, rows = faces.label[faces.small_rows], []
    for px, crops in faces.small.items():
        told = three_classes(read(reader, crops, f"second domain at {px} px", tell)["votes"]).argmax(axis=1)
        figures = metrics.class_figures(metrics.confusion(truth, told, len(CLASSES)))
        rows.append({"px": px, "n": len(truth), "balanced_accuracy": round(figures.balanced_accuracy, 4)})
    return rows
