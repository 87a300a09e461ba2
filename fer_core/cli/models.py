"""`models`, `sample`, `export`: weights, drawn footage, tables to files."""

import argparse
import os
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn
from rich.table import Table

from fer_core import weights
from fer_core.cli import common
from fer_core.errors import InputError, WeightsMismatchError
from fer_core.weights import ModelCard

_COLOURS = {"installed": "green", "missing": "yellow", "unverified": "yellow", "mismatch": "red"}


def run(arguments: argparse.Namespace) -> None:
    cards = [weights.card(name) for name in arguments.names] or list(weights.cards().values())
    actions = {"list": _list, "verify": _verify, "fetch": _fetch}
    actions[arguments.action](cards, arguments)


def _list(cards: list[ModelCard], arguments: argparse.Namespace) -> None:
    if arguments.json:
        common.print_json([{**asdict(card), "status": weights.status(card)} for card in cards])
        return
    table = Table(header_style="bold")
    for name in ("name", "kind", "here", "size", "licence", "trained on", "sha256"):
        table.add_column(name, overflow="fold", justify="right" if name == "size" else "left")
    for card in sorted(cards, key=lambda card: (card.kind, card.name)):
        status = weights.status(card)
        size = f"{card.size_bytes / 1e6:.1f} MB" if card.size_bytes else "–"
        table.add_row(
            card.name, card.kind, f"[{_COLOURS.get(status, 'green')}]{status}[/]", size, card.licence, card.trained_on,
            card.sha256[:12] or ("–" if card.managed_by else "unknown"),
        )  # fmt: skip
    Console().print(table)


def _verify(cards: list[ModelCard], arguments: argparse.Namespace) -> None:
    """All are told; one that is not what its card says makes the command fail, a missing one does not."""
    found = {card.name: weights.status(card) for card in cards}
    if arguments.json:
        common.print_json(found)
    else:
        for name, status in found.items():
            Console(highlight=False).print(f"{name:16s} [{_COLOURS.get(status, 'green')}]{status}[/]")
    wrong = [card for card in cards if found[card.name] == "mismatch"]
    if wrong:
        weights.find(wrong[0])
        raise WeightsMismatchError(f"weights of {wrong[0].name} changed while they were verified")


def _fetch(cards: list[ModelCard], arguments: argparse.Namespace) -> None:
    wanted = cards if arguments.names else [card for card in cards if card.url and (card.sha256 or arguments.trust)]
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    done: dict[str, str] = {}
    with Progress(*columns, console=common.ERRORS, disable=not common.ERRORS.is_terminal) as bars:
        for card in wanted:
            task = bars.add_task(card.name, total=card.size_bytes or None)
            path = weights.find(card)
            if path is None:
                path = weights.fetch(
                    card,
                    trust=arguments.trust,
                    progress=lambda n, total, task=task: bars.update(task, completed=n, total=total),  # type: ignore[misc]
                )
            done[card.name] = str(path)
    if arguments.json:
        common.print_json(done)
    else:
        for name, where in done.items():
            known = weights.card(name).sha256
            note = "" if known else f", trusted as sha256 {weights.sha256_of(Path(where))}"
            Console(highlight=False).print(f"{name}: {where}{note}", soft_wrap=True)


def run_sample(arguments: argparse.Namespace) -> None:
    from fer_core import sample

    day = sample.write_sample(arguments.folder, seed=arguments.seed, tell=common.tell)
    told = {"folder": str(day.folder), "visits": day.visits, "one_sided": day.one_sided}
    if arguments.json:
        common.print_json(told)
    else:
        words = f"{day.visits + day.one_sided} drawn shoppers, {day.visits} of them seen by both cameras: {day.folder}"
        Console(highlight=False).print(words, soft_wrap=True)


def run_export(arguments: argparse.Namespace) -> None:
    from fer_core import queries
    from fer_core.store import Store

    path = arguments.db or common.data_folder() / "moodgate.duckdb"
    if not os.path.exists(path):  # unlike Path.exists, False for names that can't be
        raise InputError(f"{path}: no such database")
    with Store.open(path, create=False) as store:
        rows = queries.export(store, arguments.table, arguments.out)
    if arguments.json:
        common.print_json({"table": arguments.table, "rows": rows, "out": str(arguments.out)})
    else:
        Console(highlight=False).print(f"{rows} rows of {arguments.table} written to {arguments.out}", soft_wrap=True)
