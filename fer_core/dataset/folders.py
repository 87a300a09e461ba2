"""Pictures in folders: one folder a class, or a file that lists them with their labels; splits wherever they stand."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fer_core.dataset.faces import FACE_PX, SPLIT_WORDS, SPLITS, LabelledFaces
from fer_core.errors import DataError
from fer_core.types import EXPRESSIONS, UInt8Array

LABELS_FILE = "labels.csv"
_LABEL_COLUMNS = ("label", "expression", "emotion")
_GROUP_COLUMNS = ("group", "person")
_PICTURE_FOLDERS = (".", "images")
_PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".webp"}
_CLASS_WORDS = {
    "anger": "angry", "happiness": "happy", "sadness": "sad", "surprised": "surprise", "fearful": "fear",
    "disgusted": "disgust",
}  # fmt: skip


@dataclass(frozen=True)
class _Entry:
    """One picture to read; group is None where nobody names one."""

    file: Path
    name: str
    split: int
    group: str | None = None


@dataclass
class _Listing:
    """What a folder holds: pictures, and every class name with the place it was first read at."""

    entries: list[_Entry] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

    def add_name(self, name: str, where: str) -> str:
        """The name as it is kept: an expression's, or as it was first spelled."""
        low = name.casefold()
        known = _CLASS_WORDS.get(low, low)
        kept = known if known in EXPRESSIONS else next((n for n in self.names if n.casefold() == low), name)
        self.names.setdefault(kept, where)
        return kept

    def labels(self, own_classes: bool) -> tuple[str, ...]:
        """EXPRESSIONS where every name is one of them; else the names, sorted, where the caller takes them."""
        others = [name for name in self.names if name not in EXPRESSIONS]
        if not others:
            return EXPRESSIONS
        if not own_classes:
            raise DataError(f"{self.names[others[0]]} is none of {', '.join(EXPRESSIONS)}")
        return tuple(sorted(self.names))


def load_folder(path: Path, own_classes: bool) -> LabelledFaces:
    """A folder with a labels file, or with a folder a class; each in or above the splits' folders, if there are any."""
    listing = _Listing()
    if (path / LABELS_FILE).is_file():
        _list_file(path / LABELS_FILE, 0, listing)
    elif splits := _split_folders(path):
        for split, folder in splits:
            _list_split(folder, split, listing)
    else:
        _list_classes(path, 0, listing)
    labels = listing.labels(own_classes)
    if not listing.entries:
        wanted = "one folder a class" if own_classes else f"folders named {', '.join(EXPRESSIONS)}"
        raise DataError(f"holds no pictures in {wanted}, and no {LABELS_FILE}")
    return _read(listing, labels)


def load_labels(path: Path, own_classes: bool) -> LabelledFaces:
    """The pictures that a labels file lists."""
    listing = _Listing()
    _list_file(path, 0, listing)
    return _read(listing, listing.labels(own_classes))


def _folders(path: Path) -> list[Path]:
    """Folders in it, by name, without those that systems leave behind (.git, __MACOSX)."""
    return sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith((".", "__")))


def _split_folders(path: Path) -> list[tuple[int, Path]]:
    return [(SPLIT_WORDS[p.name.lower()], p) for p in _folders(path) if p.name.lower() in SPLIT_WORDS]


def _list_split(folder: Path, split: int, listing: _Listing) -> None:
    before = len(listing.entries)
    if (folder / LABELS_FILE).is_file():
        _list_file(folder / LABELS_FILE, split, listing)
    else:
        _list_classes(folder, split, listing)
    if len(listing.entries) == before:
        raise DataError(f"{folder}: this split holds no pictures")


def _list_classes(path: Path, split: int, listing: _Listing) -> None:
    for folder in _folders(path):
        name = listing.add_name(folder.name, f"{folder}: the folder's name")
        for inner_split, inner in _split_folders(folder) or [(split, folder)]:
            files = sorted(file for file in inner.iterdir() if file.suffix.lower() in _PICTURES)
            listing.entries += [_Entry(file, name, inner_split) for file in files]


# ---- labels files ---------------------------------------------------------------------------------------------------


def columns_of(path: Path) -> set[str]:
    """Names of a .csv's columns, in lower case."""
    with path.open(newline="", encoding="utf-8-sig") as handle:
        try:
            return {name.strip().lower() for name in next(csv.reader(handle), [])}
        except (csv.Error, UnicodeDecodeError) as error:
            raise DataError(f"{path}: not a readable .csv ({error})") from error


def rows_of(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """A .csv's rows with their line numbers, keys in lower case; short rows are an error."""
    with path.open(newline="", encoding="utf-8-sig") as handle:
        reader = csv.reader(handle)
        try:
            names = [name.strip().lower() for name in next(reader, [])]
            for row in reader:
                if row and len(row) < len(names):
                    raise DataError(f"{path}, line {reader.line_num}: holds {len(row)} values, not {len(names)}")
                if row:
                    yield reader.line_num, {name: value.strip() for name, value in zip(names, row, strict=False)}
        except csv.Error as error:
            raise DataError(f"{path}, line {reader.line_num}: not a readable .csv ({error})") from error
        except UnicodeDecodeError as error:
            raise DataError(f"{path}: not a readable .csv ({error})") from error


def _list_file(path: Path, split: int, listing: _Listing) -> None:
    columns = columns_of(path)
    label = next((name for name in _LABEL_COLUMNS if name in columns), None)
    group = next((name for name in _GROUP_COLUMNS if name in columns), None)
    if "file" not in columns or label is None:
        raise DataError(f"{path}: expected the columns file and label (or expression, or emotion)")
    missing = []
    for line, row in rows_of(path):
        where = f"{path}, line {line}"
        if not row["file"] or not row[label]:
            raise DataError(f"{where}: names no {label if row['file'] else 'file'}")
        file = _picture(path.parent, row["file"], where)
        if file is None:
            missing.append(f"line {line}: no picture {row['file']!r}")
            continue
        name = listing.add_name(row[label], f"{where}: the {label} {row[label]!r}")
        listing.entries.append(_Entry(file, name, _split_of(row, split, where), row[group] if group else None))
    if missing:
        raise DataError(f"{path}, {missing[0]}" + (f", and {len(missing) - 1} more are missing" if missing[1:] else ""))
    if not listing.entries:
        raise DataError(f"{path}: holds no rows")


def _split_of(row: dict[str, str], default: int, where: str) -> int:
    word = row.get("split", "").lower()
    if word and word not in SPLIT_WORDS:
        raise DataError(f"{where}: unknown split {row['split']!r}; known are {', '.join(SPLITS)}")
    return SPLIT_WORDS.get(word, default)


def _picture(folder: Path, name: str, where: str) -> Path | None:
    """The file beside the labels or in `images`; None where there is none. What leads out of the folder is refused."""
    if "\0" in name:
        return None
    for inner in _PICTURE_FOLDERS:
        file = folder / inner / name
        if not file.resolve().is_relative_to(folder.resolve()):
            raise DataError(f"{where}: the file {name!r} lies outside the folder of the labels")
        if file.is_file():
            return file
    return None


# ---- pictures -------------------------------------------------------------------------------------------------------


def _read(listing: _Listing, labels: tuple[str, ...]) -> LabelledFaces:
    entries, n = listing.entries, len(listing.entries)
    place = {name: number for number, name in enumerate(labels)}
    named = any(entry.group is not None for entry in entries)
    return LabelledFaces(
        np.stack([read_picture(entry.file) for entry in entries]),
        np.array([place[entry.name] for entry in entries], np.int64),
        np.array([entry.split for entry in entries], np.int64),
        np.zeros(n, bool),
        labels=labels,
        group=tuple(entry.group or "" for entry in entries) if named else None,
    )


def read_picture(path: Path) -> UInt8Array:
    """A picture file as (48, 48) uint8, grey; DataError where it is none."""
    import cv2

    try:
        data = np.fromfile(path, np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if data.size else None
    except cv2.error as error:
        raise DataError(f"{path}: not a readable picture ({error.err})") from error
    if image is None:
        raise DataError(f"{path}: not a readable picture")
    return np.asarray(cv2.resize(image, (FACE_PX, FACE_PX), interpolation=cv2.INTER_AREA), np.uint8)
