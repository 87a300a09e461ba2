"""The folder of a run: its state, its checkpoint, and how both change together or not at all."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fer_core.dataset import LabelledFaces
from fer_core.errors import DataError
from fer_core.settings import TrainSettings

STATE = "state.json"


@dataclass
class State:
    """What `state.json` holds: the recipe, what it is made from, the curve, and the checkpoint's name."""

    out: Path
    settings: dict[str, Any]
    labels: tuple[str, ...]
    origin: dict[str, Any]
    curve: list[dict[str, float]] = field(default_factory=list)
    file: str = ""

    @classmethod
    def open(cls, out: Path, settings: TrainSettings, labels: tuple[str, ...], *, origin: dict[str, Any]) -> "State":
        """The run in `out`, or a new one. DataError where it is damaged, or a run of another recipe or other data."""
        new = cls(out, json.loads(json.dumps(dataclasses.asdict(settings))), labels, origin)
        path = out / STATE
        if not path.exists():
            return new
        try:
            kept = json.loads(path.read_text())
            same = (kept["settings"], tuple(kept["labels"]), kept["origin"]) == (new.settings, labels, origin)
            new.curve, new.file = kept["curve"], kept["checkpoint"]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}: damaged ({error}); remove the folder, or choose another") from error
        if not same:
            raise DataError(f"{out} holds a run with other settings or other data: choose another folder or the same ones")
        return new

    @property
    def epochs(self) -> int:
        """Epochs done."""
        return len(self.curve)

    @property
    def checkpoint(self) -> Path:
        """The file of the last epoch."""
        return self.out / self.file

    def save(self, model: Any, point: dict[str, float]) -> None:
        """One more epoch: its checkpoint under a new name, then the state that names it, then the old one goes."""
        name = f"checkpoint-{int(point['epoch']):04d}.keras"
        part = self.out / f"part-{name}"
        model.save(part)
        os.replace(part, self.out / name)
        self.file, self.curve = name, [*self.curve, point]
        write(self.out / STATE, {
            "settings": self.settings, "labels": list(self.labels), "origin": self.origin,
            "checkpoint": self.file, "curve": self.curve,
        })  # fmt: skip
        for old in self.out.glob("checkpoint-*.keras"):
            if old.name != name:
                old.unlink()


def load_model(path: Path) -> Any:
    """A checkpoint with its optimizer. DataError where it is missing or damaged."""
    import zipfile

    import keras

    try:
        return keras.models.load_model(path)
    except (ValueError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: the run's checkpoint can't be read ({error}); begin in another folder") from error


@contextmanager
def finished(out: Path) -> Iterator[tuple[Path, Path]]:
    """Paths for model.keras and model.onnx, which come to stand there together after the block."""
    parts = out / "part-model.keras", out / "part-model.onnx"
    yield parts
    for part in parts:
        os.replace(part, out / part.name.removeprefix("part-"))


def write(path: Path, content: dict[str, Any]) -> None:
    """JSON, whole or not at all."""
    part = path.with_name(f"part-{path.name}")
    part.write_text(json.dumps(content, indent=1))
    os.replace(part, path)


def digest(data: LabelledFaces) -> str:
    """sha256 of pictures, labels and splits."""
    seen = hashlib.sha256()
    for part in (data.image, data.label, data.split, data.flawed):
        seen.update(part.tobytes())
    return seen.hexdigest()
