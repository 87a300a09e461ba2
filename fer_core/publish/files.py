"""A run's model in every format that is asked for: written, read back, held against the original, given its card."""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from fer_core.errors import DataError, OutputError
from fer_core.publish import int8, keras_file, limits, litert, model_card, onnx_file
from fer_core.publish.keras_file import Run
from fer_core.publish.limits import Agreement
from fer_core.publish.model_card import Words
from fer_core.types import FloatArray, IntArray, UInt8Array
from fer_core.weights import ModelCard


@dataclass(frozen=True)
class Format:
    """ending: of the file; mark: added to the name, so that each file has a card of its own; made: for the card."""

    ending: str
    mark: str
    made: str


FORMATS: dict[str, Format] = {
    "onnx": Format(".onnx", "", "Format: ONNX that computes in float32; kernels are kept as int8 with a scale a channel."),
    "int8": Format(".onnx", "-int8", "Format: ONNX in int8, calibrated on {faces} training faces ({recipe})."),
    "litert": Format(".tflite", "-litert", "Format: LiteRT that computes in float32; weights are kept as float16."),
    "litert-int8": Format(
        ".tflite", "-litert-int8", "Format: LiteRT, weights in int8, activations rounded picture by picture."
    ),
    "keras": Format(".keras", "-keras", "Format: Keras 3."),
}
NEED_FACES = ("int8", "litert-int8")
"""Formats that round: only faces tell whether they round too much."""
_PROBES = 64


@dataclass(frozen=True)
class Proof:
    """The faces that exported files are calibrated on and held against the original on, none of them in both.

    calibration (n, h, w) uint8, may be empty; judged (m, h, w) uint8; truth (m,) by head, `limits.NOT_JUDGED` where there
    is none.
    """

    calibration: UInt8Array
    judged: UInt8Array
    truth: Mapping[str, IntArray] = field(default_factory=dict)


@dataclass(frozen=True)
class Published:
    """One exported file with its card, and how it agrees with the original."""

    format: str
    file: Path
    card: ModelCard
    agreement: Agreement


def made_up(run: Run) -> Proof:
    """Pictures of noise and slopes in the place of faces: they tell whether a file is broken, not how good it is."""
    rng, (height, width) = np.random.default_rng(0), run.model.input_shape[1:3]
    slope = np.linspace(0, 255, width)[None, None] * rng.uniform(0.2, 1, (_PROBES, 1, 1))
    noise = rng.normal(0, 40, (_PROBES, height, width))
    faces = np.clip(slope + noise, 0, 255).astype(np.uint8)
    return Proof(faces[:0], faces)


def publish(
    run: Run,
    out: Path,
    name: str,
    formats: Sequence[str],
    proof: Proof,
    words: Words,
    *,
    figures: Mapping[str, Any] | None = None,
    tell: Callable[[str], None] = lambda sentence: None,
) -> list[Published]:
    """Write the run's model to the folder `out` as NAME.onnx, NAME-int8.onnx, … each with its card beside it.

    All are written and checked elsewhere first: where one can't be made, or says something else than the original
    (`limits`), nothing changes in `out`. `figures` go into every card, beside those of the agreement.
    Raises DataError, and OutputError where `out` can't be written.
    """
    _check(run, name, formats, proof)
    export = _Export(run, name, proof, keras_file.read(run.model, proof.judged), words, figures or {})
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".part-", dir=out) as folder:
            made = []
            for kind in formats:
                tell(f"{kind} …")
                made.append(export.publish(Path(folder), kind))
            _move(made, out)
    except OSError as error:
        raise OutputError(f"{out}: can't be written ({error.strerror or error})") from error
    return [replace(one, file=out / one.file.name) for one in made]


def _move(made: Sequence[Published], out: Path) -> None:
    """Into place; a card comes after its file."""
    for one in made:
        os.replace(one.file, out / one.file.name)
        os.replace(one.file.with_suffix(".toml"), out / f"{one.card.name}.toml")


def _check(run: Run, name: str, formats: Sequence[str], proof: Proof) -> None:
    """What would fail after minutes fails at once."""
    if name != Path(name).name or name.startswith(".") or not name.strip():
        raise DataError(f"{name!r} can't be the name of a model: it becomes the name of its files")
    unknown = [kind for kind in formats if kind not in FORMATS]
    if unknown or not formats:
        raise DataError(f"unknown format {unknown[0]!r}: known are {', '.join(FORMATS)}" if unknown else "no format is named")
    if "int8" in formats and len(proof.calibration) < int8.MIN_FACES:
        raise DataError(f"int8 needs at least {int8.MIN_FACES} training faces to calibrate on, not {len(proof.calibration)}")
    size, wanted = proof.judged.shape[1:], tuple(run.model.input_shape[1:3])
    if not len(proof.judged) or size != wanted:
        raise DataError(f"the model is checked on faces of {wanted}, not on {len(proof.judged)} of {size}")


@dataclass(frozen=True)
class _Export:
    """What is the same for every format. original: what the model says of the judged faces."""

    run: Run
    name: str
    proof: Proof
    original: Mapping[str, FloatArray]
    words: Words
    figures: Mapping[str, Any]

    def publish(self, folder: Path, kind: str) -> Published:
        """The file in that format, checked, and its card, both in `folder`."""
        form = FORMATS[kind]
        path = folder / f"{self.name}{form.mark}{form.ending}"
        recipe = self._write(path, kind)
        found = self._agreement(path, kind)
        made = form.made.format(faces=min(len(self.proof.calibration), int8.CALIBRATION_FACES), recipe=recipe)
        figures = {**self.figures, **found.figures()}
        card = model_card.describe(self.run, path, path.stem, self.words, made=made, figures=figures)
        return Published(kind, path, model_card.write(card, path.with_suffix(".toml")), found)

    def _write(self, path: Path, kind: str) -> str:
        """The file in that format; gives int8's recipe in words, "" for the others."""
        if kind == "onnx":
            self._write_onnx(path)
        elif kind == "int8":
            return self._write_int8(path)
        elif kind == "keras":
            shutil.copyfile(self.run.file, path)
        else:
            litert.write(self.run.model, path, heads=self.run.heads, small=kind == "litert-int8")
        return ""

    def _write_onnx(self, path: Path, packed: Literal["float16", "int8"] = "int8") -> None:
        onnx_file.write(self.run.model, path, heads=self.run.heads, labels=self.run.labels, packed=packed)

    def _write_int8(self, path: Path) -> str:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "float.onnx"
            self._write_onnx(source, "float16")
            faces = self.proof.calibration
            return str(int8.quantize_within(source, path, faces, lambda made: self._agreement(made, "int8")))

    def _agreement(self, path: Path, kind: str) -> Agreement:
        told = _read(path, self.proof.judged)
        return limits.check(kind, limits.compare(self.original, told, self.proof.truth))


def _read(path: Path, faces: UInt8Array) -> Mapping[str, FloatArray]:
    """What the file says, read as those who get it will read it."""
    if path.suffix == ".keras":
        return keras_file.read(keras_file.open_model(path), faces)
    return (onnx_file if path.suffix == ".onnx" else litert).read(path, faces)
