"""Training runs: folders models/NAME of the data folder, each with what was asked for, how far it came, and its model."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args
from uuid import uuid4

from fer_core.errors import DataError, InputError, OutputError
from server.job import Json
from server.sets import folder_name

MODELS, MODEL = "models", "model.onnx"
_ASKED, _STATE, _REPORT = "run.json", "state.json", "report.json"
Base: TypeAlias = Literal["moodgate", "scratch"]
_MOST_EPOCHS = 1000


@dataclass(frozen=True)
class Asked:
    """What a training is to do. data: the set's file or folder; base: whose weights it begins with.

    own_classes: the set's classes become the model's, and not the seven expressions. widths, blocks and batch are those
    of the recipe where they are empty or None; of use for a network from scratch only.
    """

    data: str
    name: str
    epochs: int
    base: Base = "moodgate"
    own_classes: bool = False
    set_name: str = ""
    widths: tuple[int, ...] = ()
    blocks: int | None = None
    batch: int | None = None

    def __post_init__(self) -> None:
        if not self.data:
            raise InputError("the training has no set to learn from")
        if folder_name(self.name, "the model") != self.name:
            raise InputError(f"{self.name!r} can't be the name of a model")
        if self.base not in get_args(Base):
            raise InputError(f"a training begins with {' or '.join(get_args(Base))}, not with {self.base!r}")
        if not 1 <= self.epochs <= _MOST_EPOCHS:
            raise InputError(f"a training has 1 to {_MOST_EPOCHS} epochs, not {self.epochs}")

    def arguments(self, out: Path) -> list[str]:
        """The command line that trains it: what follows `python -m fer_core`."""
        said = ["train", self.data, "--out", str(out), "--epochs", str(self.epochs)]
        said += ["--base", self.base] if self.base != "scratch" else []
        said += ["--own-classes"] if self.own_classes else []
        said += ["--widths", *map(str, self.widths)] if self.widths else []
        said += ["--blocks", str(self.blocks)] if self.blocks else []
        return said + (["--batch", str(self.batch)] if self.batch else [])


def asked_of(payload: Mapping[str, Any]) -> Asked:
    """A job's payload, or what lies in a run's folder. InputError where it says too little or something impossible."""
    known = {key: payload[key] for key in Asked.__dataclass_fields__ if payload.get(key) is not None}
    try:
        return Asked(**known | {"epochs": int(known["epochs"]), "widths": tuple(map(int, known.get("widths", ())))})
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise InputError("the training doesn’t say what to learn from, under which name, and for how many epochs") from error


@dataclass(frozen=True)
class Run:
    """A run as it stands in its folder. curve: a mapping an epoch, with epoch, loss and held_… (per cent).

    asked is None for a run that wasn't begun by the app; epochs is 0 where nobody knows how many there are to be.
    """

    name: str
    folder: Path
    changed_at: datetime
    asked: Asked | None = None
    epochs: int = 0
    curve: tuple[Mapping[str, float], ...] = ()
    labels: tuple[str, ...] = ()
    report: Json = field(default_factory=dict)
    finished: bool = False

    @property
    def model(self) -> Path:
        return self.folder / MODEL

    @property
    def done(self) -> int:
        """Epochs that it has behind it."""
        return len(self.curve)


def all_runs(folder: Path) -> list[Run]:
    """Every run of the data folder, the newest first."""
    return sorted(map(read, _places(folder)), key=lambda run: run.changed_at, reverse=True)


def _places(folder: Path) -> list[Path]:
    parent = folder / MODELS
    found = [path for path in parent.iterdir() if not path.name.startswith(".")] if parent.is_dir() else []
    return [path for path in found if (path / _ASKED).exists() or (path / _STATE).exists()]


def read(place: Path) -> Run:
    """The run in that folder; what is not there yet, or can't be read, is empty."""
    state, report, said = (_json(place / name) for name in (_STATE, _REPORT, _ASKED))
    try:
        asked = asked_of(said) if said else None
    except InputError:
        asked = None
    curve = state.get("curve")
    epochs = (state.get("settings") or {}).get("epochs")
    return Run(
        name=place.name,
        folder=place,
        changed_at=_changed(place),
        asked=asked,
        epochs=int(epochs or (asked.epochs if asked else 0)),
        curve=tuple(point for point in curve if isinstance(point, dict)) if isinstance(curve, list) else (),
        labels=tuple(map(str, state.get("labels") or ())),
        report=report,
        finished=(place / MODEL).exists() and bool(report),
    )


def _json(path: Path) -> Json:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _changed(place: Path) -> datetime:
    times = [path.stat().st_mtime for name in (_STATE, _ASKED, _REPORT) if (path := place / name).exists()]
    return datetime.fromtimestamp(max(times, default=0.0), UTC)


def taken(folder: Path, name: str) -> bool:
    """Whether something in models/ has that name, whatever its capitals."""
    parent = folder / MODELS
    wanted = folder_name(name, "the model").casefold()
    return parent.is_dir() and any(path.name.casefold() == wanted for path in parent.iterdir())


def begin(folder: Path, asked: Asked) -> Path:
    """The run's folder, made where it isn't there yet, with what was asked for in it. OutputError."""
    place = folder / MODELS / asked.name
    part = place / f"part-{_ASKED}"
    try:
        place.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(asdict(asked), ensure_ascii=False, indent=1), encoding="utf-8")
        os.replace(part, place / _ASKED)
    except OSError as error:
        raise OutputError(f"the run {asked.name} can't be kept ({error.strerror or error})") from error
    return place


def remove(folder: Path, name: str) -> None:
    """Delete a run with its model. DataError where there is none."""
    place = folder / MODELS / name
    if place not in _places(folder):
        raise DataError(f"there is no run {name}")
    gone = place.with_name(f".part-{uuid4().hex}")
    try:
        os.rename(place, gone)
    except OSError as error:
        raise OutputError(f"the run {name} can't be deleted ({error.strerror or error})") from error
    shutil.rmtree(gone, ignore_errors=True)
