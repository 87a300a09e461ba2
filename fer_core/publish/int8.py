"""An ONNX file in int8: a third of float32's size and more than twice as fast on processors with int8 instructions.

Static quantisation (Jacob et al. 2018) by ONNX Runtime: weights int8 with a scale a channel, activations uint8 with a range
a tensor that calibration faces show. uint8 activations with int8 weights are the pair for which ONNX Runtime has fast
kernels; int8 activations ran no faster than float. Weights take 7 of the 8 bits: processors without VNNI add pairs of
products in 16 bits, which larger ones would overflow. The first convolution and what follows the pooled features stay
float32: they cost next to no time, and their rounding would reach every answer. The rest is in `rewrite`.
"""

import contextlib
import io
import logging
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.errors import DataError
from fer_core.publish import onnx_file, rewrite
from fer_core.types import UInt8Array

MIN_FACES = 32
CALIBRATION_FACES = 256
"""Faces looked at. More: steadier ranges, more memory (about 2 MB each)."""
_OPERATIONS = ("Conv", "Add", "Concat", "AveragePool", "MaxPool", "Relu", "Clip")
_BATCH = 32


@dataclass(frozen=True)
class Recipe:
    """A way to int8. float_convolutions: how many from the front stay float32; percentile: share of the values, in per cent,
    that a tensor's range holds (100: all); more lets single values make the steps coarse for all others."""

    float_convolutions: int
    percentile: float

    def __str__(self) -> str:
        plural = "" if self.float_convolutions == 1 else "s"
        return f"ranges of {self.percentile:g} % of the values, first {self.float_convolutions} convolution{plural} in float32"


RECIPES = (Recipe(1, 99.99), Recipe(1, 99.999), Recipe(3, 99.999), Recipe(7, 99.999))
"""The fastest first."""


def quantize(source: Path, target: Path, faces: UInt8Array, recipe: Recipe = RECIPES[0]) -> None:
    """Write the ONNX file `source` in int8, same input and outputs, calibrated on grey faces (n, h, w) uint8.

    DataError where there are fewer than MIN_FACES of them.
    """
    from onnxruntime import quantization as q

    if len(faces) < MIN_FACES:
        raise DataError(f"int8 needs at least {MIN_FACES} faces to calibrate on, not {len(faces)}")
    with tempfile.TemporaryDirectory() as folder, _hushed():
        network = _prepared(source, Path(folder))
        q.quantize_static(
            network, target, _Faces(faces[:CALIBRATION_FACES], network.graph.input[0].name),
            quant_format=q.QuantFormat.QDQ, op_types_to_quantize=list(_OPERATIONS), per_channel=True, reduce_range=True,
            activation_type=q.QuantType.QUInt8, weight_type=q.QuantType.QInt8,
            nodes_to_exclude=_kept_float(network, recipe.float_convolutions),
            calibrate_method=q.CalibrationMethod.Percentile, extra_options={"CalibPercentile": recipe.percentile},
        )  # fmt: skip
    _carry_metadata(source, target)


def quantize_within(source: Path, target: Path, faces: UInt8Array, check: Callable[[Path], object]) -> Recipe:
    """Write it by the first of RECIPES that passes `check`, which raises DataError; the last one's error is raised."""
    for recipe in RECIPES[:-1]:
        quantize(source, target, faces, recipe)
        try:
            check(target)
        except DataError as error:
            logging.getLogger(__name__).info("int8 by %s: %s", recipe, error)
        else:
            return recipe
    quantize(source, target, faces, RECIPES[-1])
    check(target)
    return RECIPES[-1]


class _Faces:
    """Batches of faces as ONNX Runtime's calibration asks for them: all of one size, so the last few are left out."""

    def __init__(self, faces: UInt8Array, name: str) -> None:
        parts = (faces[start : start + _BATCH] for start in range(0, len(faces) - _BATCH + 1, _BATCH))
        self._batches = ({name: part[..., None].astype(np.float32)} for part in parts)

    def get_next(self) -> dict[str, Any] | None:
        return next(self._batches, None)


@contextlib.contextmanager
def _hushed() -> Any:
    """The calibration prints to stdout, which is for results, and logs advice that was followed."""
    log = logging.getLogger()
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        log.setLevel(level)


def _prepared(source: Path, folder: Path) -> Any:
    """The network with plain float32 weights, optimised, its shapes known, its shortcuts merged."""
    import onnx
    from onnxruntime.quantization.shape_inference import quant_pre_process

    network = onnx.load(source)
    onnx_file.widen(network)
    onnx.save(network, folder / "wide.onnx")
    quant_pre_process(folder / "wide.onnx", folder / "ready.onnx", skip_symbolic_shape=True)
    network = onnx.load(folder / "ready.onnx")
    rewrite.pools_as_convolutions(network)
    rewrite.merge_shortcuts(network)
    return onnx.shape_inference.infer_shapes(network)


def _kept_float(network: Any, convolutions: int) -> list[str]:
    """The nodes up to that many convolutions from the front, and all that give no picture but one number a channel."""
    nodes, known = list(network.graph.node), rewrite.shapes(network)
    places = [place for place, node in enumerate(nodes) if node.op_type == "Conv"]
    front = places[min(convolutions, len(places)) - 1] + 1 if places and convolutions else 0
    return [node.name for place, node in enumerate(nodes) if place < front or not _is_picture(known.get(node.output[0], ()))]


def _is_picture(shape: tuple[int, ...]) -> bool:
    return len(shape) == 4 and shape[2] * shape[3] != 1


def _carry_metadata(source: Path, target: Path) -> None:
    """The source's words on itself, the names of its classes among them."""
    import onnx

    network = onnx.load(target)
    del network.metadata_props[:]
    network.metadata_props.extend(onnx.load(source, load_external_data=False).metadata_props)
    onnx.save(network, target)
