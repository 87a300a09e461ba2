"""What commands share: where data lie, how names become instances, how progress and tables look."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from fer_core import detect, embed, emotion
from fer_core.embed import NoEmbedder
from fer_core.errors import InputError, OutputError
from fer_core.pipeline import Engine, Tell
from fer_core.pipeline import Progress as FilmProgress
from fer_core.settings import Settings
from fer_core.store import data_folder as data_folder
from fer_core.types import EXPRESSIONS

ERRORS = Console(stderr=True, highlight=False)


def tell(sentence: str) -> None:
    """Say something on stderr."""
    ERRORS.print(sentence, markup=False, soft_wrap=True)


def engine_of(
    settings: Settings, detector: str | None = None, embedder: str | None = None, emotion_model: str | None = None
) -> Engine:
    """Backends by name; None is the default one, for which the next steps in where its weights can't be had.

    The embedder "" is none at all: there are sums only, and no code is computed from a face.

    The named ones are opened first: a wrong name is told before any model is loaded.

    Raises UnknownBackendError and WeightsError.
    """
    named_detector = detect.open_detector(detector, settings.detect) if detector else None
    named_embedder = embed.open_embedder(embedder) if embedder else None
    named_emotion = emotion.open_emotion(emotion_model) if emotion_model else None
    if named_emotion and named_emotion.labels != EXPRESSIONS:
        raise InputError(f"{emotion_model}: reviews need the expressions {', '.join(EXPRESSIONS)}, not the model's own classes")
    if embedder == NoEmbedder.name:
        finder = named_detector or detect.open_default(settings.detect, tell)
        return Engine(finder, NoEmbedder(), named_emotion or emotion.open_default(tell), settings)
    chosen_detector = named_detector or detect.open_default(settings.detect, tell)
    chosen_embedder = named_embedder or embed.open_default(tell)
    return Engine(
        chosen_detector,
        chosen_embedder,
        named_emotion or emotion.open_default(tell),
        settings,
        None if named_embedder else embed.open_second(chosen_embedder.name, tell),
    )


@contextmanager
def film_progress() -> Iterator[Tell]:
    """A progress bar a film on stderr; where stderr is no terminal, nothing moves."""
    columns = (
        TextColumn("{task.description}"), BarColumn(bar_width=28), TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("[dim]{task.fields[found]}"), TimeRemainingColumn(),
    )  # fmt: skip
    tasks: dict[Path, TaskID] = {}
    with Progress(*columns, console=ERRORS, disable=not ERRORS.is_terminal) as bars:

        def show(progress: FilmProgress) -> None:
            if progress.film not in tasks:
                what = "entrance" if progress.role == "entry" else "exit"
                label = f"{what} [bold]{escape(progress.film.name)}[/bold]"
                tasks[progress.film] = bars.add_task(label, total=progress.total_s, found="")
            found = f"{progress.people} people"
            bars.update(tasks[progress.film], completed=progress.done_s, total=progress.total_s, found=found)

        yield show


def print_json(value: Mapping[str, Any] | Sequence[Any]) -> None:
    """One JSON document on stdout."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Write a file whole or not at all: beside it, then moved into place. OutputError says why it can't be."""
    part = path.with_name(f".part-{os.getpid()}-{path.name}")
    try:
        write(part)
        os.replace(part, path)
    except OSError as error:
        raise OutputError(f"{path}: can't be written ({error.strerror or error})") from error
    finally:
        part.unlink(missing_ok=True)
