"""A finished run's Keras model: the original that every exported file is held against."""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.errors import DataError
from fer_core.types import EXPRESSIONS, FloatArray, UInt8Array

MODEL, REPORT, STATE = "model.keras", "report.json", "state.json"


@dataclass(frozen=True)
class Run:
    """A finished run: its model, the names of its outputs and of their columns, and what its report says."""

    folder: Path
    model: Any
    heads: tuple[str, ...]
    labels: tuple[str, ...]
    report: Mapping[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """The model as Keras keeps it."""
        return self.folder / MODEL


def open_run(folder: Path) -> Run:
    """The run in that folder. DataError where there is none, it is not finished, or its model is of another kind."""
    report = _report(folder)
    model = open_model(folder / MODEL)
    heads = tuple(map(str, model.output_names))
    labels = tuple(report.get("labels", EXPRESSIONS))
    widths = {int(output.shape[-1]) for output in model.outputs}
    if len(model.inputs) != 1 or len(model.input_shape) != 4 or model.input_shape[-1] != 1:
        raise DataError(f"{folder / MODEL}: expected one input of grey pictures (n, h, w, 1), not {model.input_shape}")
    if widths != {len(labels)}:
        raise DataError(f"{folder}: the model tells {sorted(widths)[0]} classes, but its report names {len(labels)}")
    return Run(folder, model, heads, labels, report)


def read(model: Any, faces: UInt8Array) -> Mapping[str, FloatArray]:
    """What the model says of grey faces (n, h, w) uint8: (n, k) float32 by the name of the output."""
    told = model.predict(faces[..., None].astype(np.float32), batch_size=64, verbose=0)
    rows = told if isinstance(told, list) else [told]
    return {str(name): np.asarray(row, np.float32) for name, row in zip(model.output_names, rows, strict=True)}


def _report(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder of a run")
    if not (folder / MODEL).is_file():
        if (folder / STATE).is_file():
            raise DataError(f"{folder}: this run is not finished; go on with `train` and the same settings")
        raise DataError(f"{folder}: holds no run: {MODEL} is missing")
    try:
        report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{folder}: this run is not finished: {REPORT} is missing") from error
    except ValueError as error:
        raise DataError(f"{folder / REPORT}: damaged ({error})") from error
    if not isinstance(report, dict):
        raise DataError(f"{folder / REPORT}: not the report of a run")
    return report


def open_model(path: Path) -> Any:
    """Weights and layers only: no code that the file brings is run (Keras's safe mode)."""
    import keras

    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: Keras can't open it ({str(error).splitlines()[0]})") from error
