"""A Keras network as a LiteRT file (.tflite), for phones and small computers beside the camera."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.errors import DataError
from fer_core.types import FloatArray, UInt8Array

_BATCH = 64


def write(model: Any, path: Path, *, heads: Sequence[str], small: bool = False) -> None:
    """Write the network as .tflite: input `face` of any number of rows, outputs named as `heads` in its signature.

    It computes in float32 from weights kept as float16. `small`: weights of int8, and activations that are rounded by
    each picture's own range while it computes, which needs no calibration and loses less than ranges fixed beforehand.
    DataError where Keras doesn't run on TensorFlow, the one backend whose way there we have tried.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        raise DataError("LiteRT files are made by Keras on TensorFlow: set KERAS_BACKEND=tensorflow")
    import tensorflow as tf

    told = dict(zip(heads, model.outputs, strict=True))
    options: dict[str, Any] = {"optimizations": [tf.lite.Optimize.DEFAULT]}
    if not small:
        options["target_spec"] = {"supported_types": [tf.float16]}
    keras.Model(model.inputs, told).export(path, format="litert", verbose=False, **options)


def read(path: Path, faces: UInt8Array, *, threads: int = 1) -> Mapping[str, FloatArray]:
    """What the file says of grey faces (n, h, w) uint8: (n, k) float32 by the name of the output.

    DataError where it can't be opened, or the package ai-edge-litert is missing.
    """
    run = _runner(path, threads)
    given = next(iter(run.get_input_details()))
    parts = [
        run(**{given: faces[start : start + _BATCH, ..., None].astype(np.float32)}) for start in range(0, len(faces), _BATCH)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in run.get_output_details()}


def _runner(path: Path, threads: int) -> Any:
    """The file's only signature: it knows the outputs by name, which the plain list of them has lost."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise DataError("LiteRT files are read with the package ai-edge-litert: install it with pip") from error
    try:
        return Interpreter(str(path), num_threads=threads).get_signature_runner()
    except (ValueError, RuntimeError) as error:
        raise DataError(f"{path}: LiteRT can't open it ({str(error).splitlines()[0]})") from error
