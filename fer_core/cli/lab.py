"""`train`, `bench`: the lab's commands."""

import argparse
import json
from dataclasses import replace

from rich.console import Console
from rich.table import Table

from fer_core.cli import common
from fer_core.cli.review import settings_of
from fer_core.errors import InputError
from fer_core.settings import TrainSettings

_RECIPE = (
    "base", "base_px", "freeze", "grow", "teacher_share", "class_balance", "fer2013_weight", "peak_rate", "warmup_share",
    "dropout", "epochs", "batch", "blocks", "squeeze", "deep_stem", "mixed_precision", "seed",
)  # fmt: skip
_AT_LEAST_ONE = ("epochs", "batch", "blocks")
_SHARES = ("teacher_share", "class_balance", "warmup_share", "dropout")


def run_train(arguments: argparse.Namespace) -> None:
    from rich.progress import Progress

    from fer_core import dataset, train

    settings = _recipe(arguments)
    data = dataset.load(arguments.data, own_classes=arguments.own_classes)
    with Progress(console=common.ERRORS, disable=not common.ERRORS.is_terminal) as bars:
        task = bars.add_task("training")
        model = train.train(
            data, arguments.out, settings, teacher=arguments.teacher, tell=common.tell,
            progress=lambda done, total: bars.update(task, completed=done, total=total),
        )  # fmt: skip
    report = json.loads((arguments.out / "report.json").read_text())
    if arguments.json:
        common.print_json({"model": str(model), **report})
    else:
        Console().print(f"finished: {model} ({model.stat().st_size / 1e6:.1f} MB), sha256 {report['sha256']}")


def _recipe(arguments: argparse.Namespace) -> TrainSettings:
    """The standard recipe with what was given. InputError for numbers that can't be."""
    given = {name: getattr(arguments, name) for name in _RECIPE}
    given["widths"] = tuple(arguments.widths) if arguments.widths else None
    settings = replace(TrainSettings(), **{name: value for name, value in given.items() if value is not None})
    if min(*(getattr(settings, name) for name in _AT_LEAST_ONE), *settings.widths) < 1:
        raise InputError("epochs, batch, blocks and widths must be at least 1")
    wrong = [name for name in _SHARES if not 0 <= getattr(settings, name) <= 1]
    if wrong:
        raise InputError(f"{' and '.join(wrong).replace('_', ' ')} must lie between 0 and 1")
    if settings.base and settings.grow:
        raise InputError("--base and --grow exclude each other: a network has one beginning")
    return settings


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
