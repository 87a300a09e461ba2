"""`data check`: what lies in a labelled set and what is wrong with it; its card, and the set with its flaws marked."""

import argparse
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from fer_core import dataset
from fer_core.cli import common
from fer_core.dataset import DataCard, Findings, LabelledFaces
from fer_core.errors import DataError, InputError

_CARD_ENDINGS = (".toml", ".md")


def run(arguments: argparse.Namespace) -> None:
    """Check a set. Bad input, one class only among it, is told before anything is written."""
    for path in arguments.card:
        _check_name(path, _CARD_ENDINGS)
    if arguments.out:
        _check_name(arguments.out, (".npz",))
    data = dataset.load(arguments.data, own_classes=arguments.own_classes)
    try:
        data.check_classes()
    except DataError as error:
        raise DataError(f"{arguments.data}: {error}") from error
    found = _examined(data)
    words = dataset.Words(
        arguments.name or arguments.data.resolve().stem, arguments.source, arguments.licence, tuple(arguments.limit)
    )
    card = dataset.describe(data, found, arguments.data, words)
    kept = _write(arguments, data, found, card)
    if arguments.json:
        common.print_json({**card.as_dict(), "kept": kept})
    else:
        _show(card, arguments, kept)


def _check_name(path: Path, endings: tuple[str, ...]) -> None:
    if path.suffix.lower() not in endings:
        raise InputError(f"{path}: the name must end in {' or '.join(endings)}")


def _examined(data: LabelledFaces) -> Findings:
    with Progress(console=common.ERRORS, disable=not common.ERRORS.is_terminal) as bars:
        task = bars.add_task("looking for copies")
        return dataset.examine(data, tell=lambda done, total: bars.update(task, completed=done, total=total))


def _write(arguments: argparse.Namespace, data: LabelledFaces, found: Findings, card: DataCard) -> int:
    """Cards and cleaned data where asked for; gives how many pictures are without a flaw."""
    clean = dataset.cleaned(data, found, drop=arguments.drop)
    kept = int((~clean.flawed).sum())
    if arguments.out and not kept:
        raise DataError(f"{arguments.data}: no picture would be left for {arguments.out}: all are flawed")
    if arguments.out:
        dataset.save(clean, arguments.out)
    for path in arguments.card:
        dataset.write_card(card, path)
    return kept


def _show(card: DataCard, arguments: argparse.Namespace, kept: int) -> None:
    console = Console(highlight=False)
    console.print(f"[bold]{escape(card.name)}[/]: {card.pictures:,} pictures, {len(card.labels)} classes", soft_wrap=True)
    console.print(_table("pictures of each class", card.counts, card.labels))
    console.print(_table("what was found", card.findings, (*dataset.KINDS, "any")))
    for kind, meaning in dataset.KINDS.items():
        console.print(f"{kind}: [dim]{meaning}[/]", soft_wrap=True)
    console.print(f"{kept:,} pictures are without a flaw; the set itself marks {card.marked:,} as flawed", soft_wrap=True)
    for path in (*arguments.card, *([arguments.out] if arguments.out else [])):
        console.print(f"written: {escape(str(path))}", soft_wrap=True)


def _table(title: str, counts: Mapping[str, Mapping[str, int]], rows: tuple[str, ...]) -> Table:
    table = Table(title=title, header_style="bold")
    table.add_column("")
    for split in counts:
        table.add_column(split, justify="right")
    for row in rows:
        table.add_row(escape(row), *(f"{counts[split].get(row, 0):,}" for split in counts))
    return table
