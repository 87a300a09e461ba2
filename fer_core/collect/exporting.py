"""A collection as a labelled set that `dataset.load` reads: pictures with a labels.csv, and one .npz with the votes."""

import csv
import os
import shutil
import zipfile
from pathlib import Path
from uuid import uuid4

import numpy as np

from fer_core import dataset
from fer_core.collect.agreement import Outcome, outcome
from fer_core.collect.collection import Collection
from fer_core.dataset import LabelledFaces
from fer_core.errors import DataError, InputError, OutputError
from fer_core.types import UInt8Array

SET, OFFERED = "faces.npz", "labelled.npz"
LABELS = "labels.csv"
_COLUMNS = ("file", "label", "person", "labellers", "agreed")


def labelled(collection: Collection) -> LabelledFaces:
    """The faces of which somebody has said a class, as one training split; `group` is the person shown.

    votes are the shares of those who answered. Faces on which labellers are evenly divided, unsettled, are `flawed`;
    skipped ones, and what is no face, are left out. DataError where no face is left.
    """
    cuts, found = collection.cuts(), _outcome(collection)
    rows = np.flatnonzero(found.label >= 0)
    if not len(rows):
        raise DataError(f"{collection.name}: no face has a label yet")
    shares = found.votes[rows] / found.votes[rows].sum(axis=1, keepdims=True).clip(1)
    return LabelledFaces(
        image=cuts.image[rows], label=found.label[rows], split=np.zeros(len(rows), np.int64), flawed=found.is_open[rows],
        votes=shares[:, : len(collection.classes)].astype(np.float32), labels=collection.classes,
        group=tuple(f"person {cuts.person[row] + 1}" for row in rows),
    )  # fmt: skip


def _outcome(collection: Collection) -> Outcome:
    return outcome(collection.log.read(), collection.classes, collection.n)


def export_folder(collection: Collection, out: Path) -> int:
    """Write the set into the new folder `out`, whole or not at all; how many faces it holds.

    images/00001.png …, labels.csv (file, label, person; labellers: how many answered; agreed: the share of them who said
    so) and faces.npz, which holds the votes too. Faces that are `flawed` are in the .npz only. Raises DataError where
    there is no label, InputError where `out` is there already, OutputError.
    """
    data = labelled(collection)
    if out.exists():
        raise InputError(f"{out}: is there already; choose another name")
    part = out.with_name(f".part-{uuid4().hex}")
    try:
        (part / "images").mkdir(parents=True)
        dataset.save(data, part / SET)
        _write_pictures(data, _outcome(collection), part)
        os.rename(part, out)
    except OSError as error:
        raise OutputError(f"{out}: can't be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return len(data)


def _write_pictures(data: LabelledFaces, found: Outcome, folder: Path) -> None:
    answered = found.votes[found.label >= 0].sum(axis=1)
    with (folder / LABELS).open("w", newline="", encoding="utf-8") as handle:
        table = csv.writer(handle)
        table.writerow(_COLUMNS)
        for row in np.flatnonzero(~data.flawed):
            file = f"{row + 1:05}.png"
            _write_picture(data.image[row], folder / "images" / file)
            share = float(data.votes[row, data.label[row]]) if data.votes is not None else 0.0
            group = data.group[row] if data.group else ""
            table.writerow((file, data.labels[data.label[row]], group, int(answered[row]), f"{share:.2f}"))


def _write_picture(image: UInt8Array, path: Path) -> None:
    import cv2

    _, packed = cv2.imencode(".png", image)
    path.write_bytes(packed.tobytes())


def export_zip(collection: Collection, out: Path) -> int:
    """The same as one archive, written whole or not at all; how many faces it holds."""
    folder, part = out.with_name(f".part-{uuid4().hex}"), out.with_name(f".part-{uuid4().hex}.zip")
    try:
        n = export_folder(collection, folder)
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                packed.write(path, path.relative_to(folder))
        os.replace(part, out)
    except OSError as error:
        raise OutputError(f"{out}: can't be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        part.unlink(missing_ok=True)
    return n


def offer(collection: Collection) -> Path:
    """Write the set as `labelled.npz` into the collection's own folder, where trainings look for it, in place of an
    earlier one; it goes with the collection. DataError where there is no label, OutputError."""
    path = collection.folder / OFFERED
    dataset.save(labelled(collection), path)
    return path
