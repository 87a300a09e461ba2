"""`evaluate`: one head's figures, and on request the whole report as HTML or JSON."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TaskID
from rich.table import Table

from fer_core.cli import common
from fer_core.dataset import LabelledFaces
from fer_core.errors import InputError, OutputError

if TYPE_CHECKING:
    from fer_core.evaluate import Evaluation, JudgedModel, ReportOptions

Tell = Callable[[str, int, int], None]


def run(arguments: argparse.Namespace) -> None:
    """Judge; write the reports asked for; tell the head's figures on stdout."""
    from fer_core import dataset, evaluate

    _check(arguments)
    data = dataset.load(arguments.data, arguments.own_classes)
    model = evaluate.open_model(arguments.model, data.labels)
    with _bars() as tell:
        result = evaluate.evaluate(
            data, model, labels=arguments.labels, split=arguments.split, flawed=arguments.flawed,
            tell=lambda done, total: tell("judging", done, total),
        )  # fmt: skip
        if arguments.report:
            _write(evaluate.report(data, model, _options(arguments, data), tell), arguments.report)
    if arguments.json:
        common.print_json(result.as_dict())
    else:
        _show(result)


def _check(arguments: argparse.Namespace) -> None:
    """Before the work, what would else be told after it."""
    if not arguments.report and (arguments.faces or arguments.mini_xception or arguments.against):
        raise InputError("--faces, --mini-xception and --against are parts of a report: name its file with --report")
    for file in arguments.report:
        if file.suffix.lower() not in (".html", ".json"):
            raise InputError(f"{file}: a report ends in .html or .json")
        if file.is_dir() or not file.absolute().parent.is_dir():
            raise OutputError(f"{file}: can't be written (no such folder, or one of that name)")


def _options(arguments: argparse.Namespace, data: LabelledFaces) -> "ReportOptions":
    from fer_core import detect, evaluate
    from fer_core.evaluate.others import MiniXception
    from fer_core.settings import DetectSettings

    return evaluate.ReportOptions(
        split=arguments.split, flawed=arguments.flawed, data_name=arguments.data.resolve().name, faces=arguments.faces,
        detector=detect.open_default(DetectSettings(), common.tell) if arguments.faces else None,
        others=[MiniXception(arguments.mini_xception)] if arguments.mini_xception else [],
        against=_against(arguments.against, data),
    )  # fmt: skip


def _against(path: Path | None, data: LabelledFaces) -> "JudgedModel | None":
    from fer_core import evaluate

    return evaluate.open_model(path, data.labels) if path else None


def _write(report: dict[str, Any], files: list[Path]) -> None:
    """Each whole or not at all."""
    from fer_core import evaluate
    from fer_core.evaluate import page

    for file in files:
        text = page.html(report) if file.suffix.lower() == ".html" else evaluate.written(report)

        def put(part: Path, text: str = text) -> None:
            part.write_text(text, encoding="utf-8")

        common.write_whole(file, put)
        common.tell(f"written: {file}")


@contextmanager
def _bars() -> Iterator[Tell]:
    """A bar a step on stderr; where stderr is no terminal, nothing moves."""
    tasks: dict[str, TaskID] = {}
    with Progress(console=common.ERRORS, disable=not common.ERRORS.is_terminal) as bars:

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(escape(what), total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield tell


def _show(result: "Evaluation") -> None:
    console = Console()
    console.print(
        f"{result.n} faces: accuracy {result.accuracy:.2%}, macro-F1 {result.macro_f1:.3f}, balanced accuracy "
        f"{result.balanced_accuracy:.3f}, ECE {result.ece:.3f}, {result.ms_per_face:.2f} ms a face"
    )
    console.print(_confusion(result.confusion, result.per_class_recall))


def _confusion(matrix: list[list[int]], recall: dict[str, float | None]) -> Table:
    table = Table(title="what was told (columns) of what was true (rows)")
    table.add_column("")
    for name in (*recall, "recall"):
        table.add_column(escape(name), justify="right")
    for (name, share), row in zip(recall.items(), matrix, strict=True):
        table.add_row(escape(name), *map(str, row), "–" if share is None else f"{share:.0%}")
    return table
