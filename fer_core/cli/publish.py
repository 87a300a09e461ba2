"""`publish`: a finished run → files for others, each checked against the original, each with its card."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table

from fer_core.cli import common
from fer_core.dataset import SPLITS, LabelledFaces
from fer_core.errors import DataError, InputError
from fer_core.types import EXPRESSIONS, IntArray

if TYPE_CHECKING:
    from fer_core.publish.files import Proof, Published
    from fer_core.publish.keras_file import Run

_HELD_OUT = 10
"""One training face in so many is judged on where the data have no validation split."""


def run(arguments: argparse.Namespace) -> None:
    """Export, check, write; a table or JSON of the files on stdout."""
    from fer_core.publish import files, keras_file, model_card

    formats = list(dict.fromkeys(arguments.formats or files.FORMATS))
    rounded = [kind for kind in formats if kind in files.NEED_FACES]
    if rounded and not arguments.data:
        others = " ".join(kind for kind in files.FORMATS if kind not in files.NEED_FACES)
        raise InputError(f"{rounded[0]} is made and checked on faces: name them with --data, or choose --formats {others}")
    figures = _figures(arguments.report)
    opened = keras_file.open_run(arguments.run_folder)
    data = _data(arguments.data, opened) if arguments.data else None
    words = model_card.Words(
        arguments.title or f"Expression model {arguments.name}", arguments.licence, _trained_on(arguments, data, opened)
    )
    proof = proof_of(data, opened.heads) if data else files.made_up(opened)
    made = files.publish(opened, arguments.out, arguments.name, formats, proof, words, figures=figures, tell=common.tell)
    if arguments.json:
        common.print_json([_as_dict(one) for one in made])
    else:
        _show(made, checked_on_faces=data is not None)


def proof_of(data: LabelledFaces, heads: tuple[str, ...]) -> "Proof":
    """Calibration on the training split, judging on the validation split, else on a part of the training split.

    Flawed pictures are in neither. The head `votes` is judged by the voters' majority where there are votes.
    """
    from fer_core.publish.files import Proof

    usable = data[~data.flawed]
    train = usable[usable.split == SPLITS["train"]]
    judged = usable[usable.split == SPLITS["validation"]]
    if not len(judged):
        held = np.arange(len(train)) % _HELD_OUT == 0
        train, judged = train[~held], train[held]
    if not len(judged):
        raise DataError("the data hold no usable picture of the training or the validation split")
    order = np.random.default_rng(0).permutation(len(train))
    truth = {head: _majority(judged) if head == "votes" else judged.label for head in heads}
    return Proof(train.image[order], judged.image, truth)


def _majority(data: LabelledFaces) -> IntArray:
    from fer_core.publish.limits import NOT_JUDGED

    if data.votes is None:
        return data.label
    return np.where(data.votes.max(axis=1) > 0.5, data.votes.argmax(axis=1), NOT_JUDGED)


def _data(path: Path, opened: "Run") -> LabelledFaces:
    from fer_core import dataset

    data = dataset.load(path, opened.labels != EXPRESSIONS)
    if data.labels != opened.labels:
        raise DataError(f"{path}: holds the classes {', '.join(data.labels)}, but the model's are {', '.join(opened.labels)}")
    return data


def _trained_on(arguments: argparse.Namespace, data: LabelledFaces | None, opened: "Run") -> str:
    """The given words, else the data's name and size where they are those that the run was trained on."""
    from fer_core.publish.model_card import NOT_STATED
    from fer_core.train import folder

    known = opened.report.get("origin", {}).get("data")
    if arguments.trained_on or data is None or (known and known != folder.digest(data)):
        return arguments.trained_on or NOT_STATED
    return f"{arguments.data.resolve().name}, training split ({int((data.split == SPLITS['train']).sum()):,} pictures)"


def _figures(report: Path | None) -> dict[str, Any]:
    """The judged model's figures for the card; DataError where the file is no such report."""
    from fer_core.publish.model_card import judged_figures

    if report is None:
        return {}
    try:
        return judged_figures(json.loads(report.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise DataError(f"{report}: not a readable report ({error})") from error
    except DataError as error:
        raise DataError(f"{report}: {error}") from error


def _as_dict(one: "Published") -> dict[str, Any]:
    return {
        "format": one.format, "file": str(one.file), "size_bytes": one.card.size_bytes, "sha256": one.card.sha256,
        "agreement": one.agreement.figures(),
    }  # fmt: skip


def _show(made: "list[Published]", *, checked_on_faces: bool) -> None:
    heads = list(made[0].agreement.same)
    table = Table(title=f"checked on {made[0].agreement.n} {'faces' if checked_on_faces else 'made-up pictures'}")
    table.add_column("file", no_wrap=True)
    for column in ("MB", *(f"{head} same" for head in heads), *(f"{head} lost" for head in heads)):
        table.add_column(column, justify="right")
    for one in made:
        same = [f"{one.agreement.same[head]:.2%}" for head in heads]
        lost = [f"{one.agreement.lost[head]:.2f}" if one.agreement.judged[head] else "–" for head in heads]
        table.add_row(one.file.name, f"{one.card.size_bytes / 1e6:.2f}", *same, *lost)
    Console().print(table)
