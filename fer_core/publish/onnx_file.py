"""A Keras network as an ONNX file: named outputs, the names of the classes inside, large weights kept packed."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from fer_core.errors import DataError
from fer_core.inference import PACKED, open_session, widen
from fer_core.types import EXPRESSIONS, FloatArray, UInt8Array

HEADS = ("votes", "fer2013")
INPUT = "face"
LABELS = "labels"
"""The key under which a file names its classes, separated by commas."""
_LARGE_WEIGHT = 1024
"""Numbers from which a weight is kept as float16."""
_FLOAT16_MAX = 65504.0
_BATCH = 64
__all__ = ["HEADS", "INPUT", "LABELS", "name_classes", "read", "widen", "write"]


def write(
    model: Any,
    path: Path,
    *,
    heads: Sequence[str] = HEADS,
    labels: Sequence[str] = EXPRESSIONS,
    packed: Literal["float16", "int8"] = "float16",
) -> None:
    """Write the network as ONNX that computes in float32: input `face` as the model's own, one output a head, so named.

    Its weights lie in the file as `packed` and are widened when it is opened: as float16 half the size and the same answers
    to 0.001; as int8 with a scale for each channel a quarter, and the same first class on 99.7 % of the faces.
    `labels` name the columns. DataError where heads or labels don't fit the network.
    """
    import onnx

    _check_names(model, heads, labels)
    model(np.zeros((1, *model.input_shape[1:]), np.float32))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning)  # tf2onnx looking at NumPy
        model.export(path, format="onnx", verbose=False)
    network = onnx.load(path)
    _rename(network.graph, heads)
    _pack(network.graph, packed)
    name_classes(network, labels)
    onnx.checker.check_model(network)
    onnx.save(network, path)


def read(path: Path, faces: UInt8Array, *, threads: int = 1) -> Mapping[str, FloatArray]:
    """What the file says of grey faces (n, h, w) uint8: (n, k) float32 by the name of the output, on ONNX Runtime."""
    session = open_session(path, threads, varied=True)  # float32, as those who get the file will run it
    names = [output.name for output in session.get_outputs()]
    given = session.get_inputs()[0].name
    parts = [
        session.run(names, {given: faces[start : start + _BATCH, ..., None].astype(np.float32)})
        for start in range(0, len(faces), _BATCH)
    ]
    return {name: np.concatenate([part[place] for part in parts]) for place, name in enumerate(names)}


def name_classes(network: Any, labels: Sequence[str]) -> None:
    """Write the names of the classes into an ONNX network, in place."""
    for entry in [entry for entry in network.metadata_props if entry.key == LABELS]:
        network.metadata_props.remove(entry)
    network.metadata_props.add(key=LABELS, value=",".join(labels))


def _check_names(model: Any, heads: Sequence[str], labels: Sequence[str]) -> None:
    widths = [int(output.shape[-1]) for output in model.outputs]
    if len(widths) != len(heads):
        raise DataError(f"the network has {len(widths)} outputs, but {len(heads)} names for them ({', '.join(heads)})")
    if set(widths) != {len(labels)} or len(set(labels)) != len(labels):
        columns = " and ".join(map(str, sorted(set(widths))))
        raise DataError(f"the network tells {columns} classes, but {len(set(labels))} different names are given for them")
    if any("," in label or label != label.strip() or not label for label in labels):
        raise DataError("a class's name must not be empty, hold a comma, or begin or end with a space")


def _pack(graph: Any, kind: str) -> None:
    """Every large weight narrowed, with a node behind it that widens it and that runtimes fold away at opening.

    Only kernels of convolutions go as int8: their first axis is the channel that a scale belongs to.
    """
    from onnx import numpy_helper

    kernels = {node.input[1] for node in graph.node if node.op_type == "Conv"} if kind == "int8" else set()
    nodes = []
    for weight in list(graph.initializer):
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < _LARGE_WEIGHT or np.abs(values).max() > _FLOAT16_MAX:
            continue
        narrow = _as_int8 if weight.name in kernels else _as_float16
        nodes.append(narrow(graph, weight, values))
    nodes += graph.node
    del graph.node[:]
    graph.node.extend(nodes)


def _as_float16(graph: Any, weight: Any, values: FloatArray) -> Any:
    from onnx import TensorProto, helper, numpy_helper

    name = weight.name
    weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name + PACKED[0]))
    return helper.make_node("Cast", [weight.name], [name], to=TensorProto.FLOAT)


def _as_int8(graph: Any, weight: Any, values: FloatArray) -> Any:
    from onnx import helper, numpy_helper

    name, flat = weight.name, values.reshape(len(values), -1)
    scale = np.maximum(np.abs(flat).max(axis=1), np.finfo(np.float32).tiny) / 127
    narrow = np.clip(np.round(flat / scale[:, None]), -127, 127).astype(np.int8).reshape(values.shape)
    weight.CopyFrom(numpy_helper.from_array(narrow, name + PACKED[1]))
    graph.initializer.append(numpy_helper.from_array(scale.astype(np.float32), f"{name}/scale"))
    return helper.make_node("DequantizeLinear", [weight.name, f"{name}/scale"], [name], axis=0)


def _rename(graph: Any, names: Sequence[str]) -> None:
    """The export calls the outputs `output_0`, …: give them their names, wherever they are used."""
    for output, name in zip(graph.output, names, strict=True):
        old, output.name = output.name, name
        for node in graph.node:
            node.output[:] = [name if value == old else value for value in node.output]
            node.input[:] = [name if value == old else value for value in node.input]
    old = graph.input[0].name
    graph.input[0].name = INPUT
    for node in graph.node:
        node.input[:] = [INPUT if value == old else value for value in node.input]
