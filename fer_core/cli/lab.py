"""`evaluate`, `train`, `bench`: the lab's commands."""

import argparse
import json
from dataclasses import replace

from rich.console import Console
from rich.table import Table

from fer_core.cli import common
from fer_core.cli.review import settings_of
from fer_core.errors import InputError
from fer_core.settings import TrainSettings
from fer_core.types import EXPRESSIONS


def run_evaluate(arguments: argparse.Namespace) -> None:
    from rich.progress import Progress

    from fer_core import dataset, evaluate

    data, model = dataset.load(arguments.data), evaluate.open_model(arguments.model)
    with Progress(console=common.ERRORS, disable=not common.ERRORS.is_terminal) as bars:
        task = bars.add_task("judging")
        result = evaluate.evaluate(
            data, model, labels=arguments.labels, split=arguments.split, flawed=arguments.flawed,
            tell=lambda done, total: bars.update(task, completed=done, total=total),
        )  # fmt: skip
    if arguments.json:
        common.print_json(result.as_dict())
        return
    console = Console()
    console.print(
        f"{result.n} faces: accuracy {result.accuracy:.2%}, macro-F1 {result.macro_f1:.3f}, balanced accuracy "
        f"{result.balanced_accuracy:.3f}, ECE {result.ece:.3f}, {result.ms_per_face:.2f} ms a face"
    )
    console.print(_confusion(result.confusion, result.per_class_recall))


def _confusion(matrix: list[list[int]], recall: dict[str, float | None]) -> Table:
    table = Table(title="what was told (columns) of what was true (rows)")
    table.add_column("")
    for name in (*EXPRESSIONS, "recall"):
        table.add_column(name, justify="right")
    for name, row in zip(EXPRESSIONS, matrix, strict=True):
        share = recall[name]
        table.add_row(name, *map(str, row), "–" if share is None else f"{share:.0%}")
    return table


def run_train(arguments: argparse.Namespace) -> None:
    from fer_core import dataset, train

    given = {name: getattr(arguments, name) for name in ("epochs", "batch", "blocks", "seed")}
    given["widths"] = tuple(arguments.widths) if arguments.widths else None
    settings = replace(TrainSettings(), **{name: value for name, value in given.items() if value is not None})
    if min(settings.epochs, settings.batch, settings.blocks, *settings.widths) < 1:
        raise InputError("epochs, batch, blocks and widths must be at least 1")
    model = train.train(dataset.load(arguments.data), arguments.out, settings, tell=common.tell)
    report = json.loads((arguments.out / "report.json").read_text())
    if arguments.json:
        common.print_json({"model": str(model), **report})
    else:
        Console().print(f"finished: {model} ({model.stat().st_size / 1e6:.1f} MB), sha256 {report['sha256']}")


def run_bench(arguments: argparse.Namespace) -> None:
    from fer_core import bench

    settings = settings_of(arguments)
    engine = common.engine_of(settings, arguments.detector, arguments.embedder, arguments.emotion)
    result = bench.bench(arguments.film, engine, tell=common.tell)
    if arguments.json:
        common.print_json(result.as_dict())
        return
    table = Table(title=arguments.film.name)
    table.add_column("stage")
    table.add_column("seconds", justify="right")
    for name, spent in sorted(result.stages.items(), key=lambda item: -item[1]):
        table.add_row(name, f"{spent:.2f}")
    table.add_section()
    table.add_row("the whole", f"{result.total_s:.2f}")
    table.add_row("decoding alone, every frame", f"{result.decode_s:.2f}")
    console = Console()
    console.print(table)
    console.print(
        f"{result.ratio:.2f} × decoding alone; {result.samples} of {result.frames} frames looked at, {result.faces} "
        f"faces, {result.tracks} people; peak memory {result.peak_rss_mb:.0f} MB"
    )
