"""MTCNN's weights out of the files of the package `mtcnn` 1.0, read as data: nothing of that package is run.

The package keeps each network as a pickled list of arrays, in joblib's layout within an LZ4 frame: each array's pickled
description is followed by a byte that counts the padding, the padding, and the array's own bytes. A pickle can call
whatever it names, so this reader knows three names and refuses all others.
"""

import importlib.util
import io
import pickle
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.errors import WeightsError
from fer_core.types import FloatArray

_CONVOLUTIONS = {
    "pnet": ((3, 3, 10), (3, 10, 16), (3, 16, 32)),
    "rnet": ((3, 3, 28), (3, 28, 48), (2, 48, 64)),
    "onet": ((3, 3, 32), (3, 32, 64), (3, 64, 64), (2, 64, 128)),
}
_HEADS: dict[str, tuple[tuple[int, ...], ...]] = {
    "pnet": ((1, 1, 32, 4), (1, 1, 32, 2)),
    "rnet": ((128, 4), (128, 2)),
    "onet": ((256, 4), (256, 10), (256, 2)),
}
_DENSE = {"rnet": (576, 128), "onet": (1152, 256)}
_ALLOWED = {("numpy", "ndarray"): np.ndarray, ("numpy", "dtype"): np.dtype}
_WRAPPER = ("joblib.numpy_pickle", "NumpyArrayWrapper")
_BROKEN = (
    OSError, RuntimeError, pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError,
)  # fmt: skip
"""What LZ4 and pickle raise on bytes that are not theirs."""


def read(network: str) -> list[FloatArray]:
    """The arrays of "pnet", "rnet" or "onet", in the package's order, float32.

    Convolutions (height, width, in, out), their biases (out) and slopes (1, 1, out); then the dense layer (in, out), its
    bias and slopes; then the heads: box, landmarks (O-Net only), no face and face. WeightsError where the package, its
    file or LZ4 is missing, or the file holds anything else.
    """
    path = _folder() / f"{network}.lz4"
    try:
        arrays = _unpacked(path)
    except _BROKEN as error:
        raise WeightsError(f"{path}: MTCNN's weights can't be read: {type(error).__name__} ({error}).") from error
    if [a.shape for a in arrays] != _shapes(network):
        raise WeightsError(f"{path}: these are not the weights of mtcnn 1.0: the shapes of the {len(arrays)} arrays differ.")
    return arrays


def _folder() -> Path:
    """Where the package keeps its weights; found without importing it, for it imports TensorFlow."""
    spec = importlib.util.find_spec("mtcnn")
    for folder in [] if spec is None else spec.submodule_search_locations or []:
        if (path := Path(folder) / "assets" / "weights").is_dir():
            return path
    raise WeightsError("The detector mtcnn needs the package mtcnn, which brings its weights, and it isn't installed.")


def _shapes(network: str) -> list[tuple[int, ...]]:
    """The shapes that `read` promises."""
    shapes: list[tuple[int, ...]] = []
    for side, given, told in _CONVOLUTIONS[network]:
        shapes += [(side, side, given, told), (told,), (1, 1, told)]
    if network in _DENSE:
        shapes += [_DENSE[network], _DENSE[network][1:], _DENSE[network][1:]]
    for head in _HEADS[network]:
        shapes += [head, head[-1:]]
    return shapes


def _unpacked(path: Path) -> list[FloatArray]:
    try:
        import lz4.frame  # type: ignore[import-untyped]
    except ImportError as error:
        raise WeightsError(f"The detector mtcnn needs the package lz4 to unpack its weights: {error}.") from error
    wrappers = _Reader(io.BytesIO(lz4.frame.decompress(path.read_bytes()))).load()
    return [wrapper.array for wrapper in wrappers]


class _Reader(pickle.Unpickler):
    """Reads a pickle that names nothing but NumPy's array, its dtype and joblib's wrapper of an array.

    joblib ends a pickle frame after each wrapper's description, and a stream without `peek` is never read ahead of a
    frame: so when a wrapper gets its description, the stream stands at its array's bytes.
    """

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream)
        self._stream = stream

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == _WRAPPER:
            return type("Wrapper", (_Wrapper,), {"stream": self._stream})
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return _ALLOWED[module, name]


class _Wrapper:
    """Stands in for joblib's wrapper: takes its array from the stream when it is told the shape."""

    stream: io.BytesIO
    array: FloatArray

    def __setstate__(self, state: dict[str, Any]) -> None:
        if state["dtype"] != np.float32 or state["order"] != "C":
            raise pickle.UnpicklingError(f"an array of {state['dtype']} in the order {state['order']}")
        self.stream.read(self.stream.read(1)[0])
        size = prod(state["shape"]) * np.dtype(np.float32).itemsize
        self.array = np.frombuffer(self.stream.read(size), np.float32).reshape(state["shape"])
