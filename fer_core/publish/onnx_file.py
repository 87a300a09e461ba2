"""A Keras network as an ONNX file: named outputs, the names of the classes inside, large weights kept as float16."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.errors import DataError
from fer_core.inference import open_session
from fer_core.types import EXPRESSIONS, FloatArray, UInt8Array

HEADS = ("votes", "fer2013")
INPUT = "face"
LABELS = "labels"
"""The key under which a file names its classes, separated by commas."""
_LARGE_WEIGHT = 1024
"""Numbers from which a weight is kept as float16."""
_FLOAT16_MAX = 65504.0
_BATCH = 64


def write(model: Any, path: Path, *, heads: Sequence[str] = HEADS, labels: Sequence[str] = EXPRESSIONS) -> None:
    """Write the network as ONNX that computes in float32: input `face` as the model's own, one output a head, so named.

    Its weights lie in the file as float16 and are widened when it is opened: half the size, the same answers to 0.001.
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
    _pack(network.graph)
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


def widen(network: Any) -> None:
    """Weights that lie as float16 behind a Cast become float32 without one, in place: tools look for plain weights."""
    from onnx import TensorProto, numpy_helper

    graph = network.graph
    packed = {weight.name: weight for weight in graph.initializer if weight.data_type == TensorProto.FLOAT16}
    casts = [node for node in graph.node if node.op_type == "Cast" and node.input[0] in packed]
    for node in casts:
        wide = numpy_helper.to_array(packed[node.input[0]]).astype(np.float32)
        graph.initializer.append(numpy_helper.from_array(wide, node.output[0]))
    for weight in [packed[name] for name in {node.input[0] for node in casts}]:
        graph.initializer.remove(weight)
    for node in casts:
        graph.node.remove(node)


def _check_names(model: Any, heads: Sequence[str], labels: Sequence[str]) -> None:
    widths = [int(output.shape[-1]) for output in model.outputs]
    if len(widths) != len(heads):
        raise DataError(f"the network has {len(widths)} outputs, but {len(heads)} names for them ({', '.join(heads)})")
    if set(widths) != {len(labels)} or len(set(labels)) != len(labels):
        columns = " and ".join(map(str, sorted(set(widths))))
        raise DataError(f"the network tells {columns} classes, but {len(set(labels))} different names are given for them")
    if any("," in label or label != label.strip() or not label for label in labels):
        raise DataError("a class's name must not be empty, hold a comma, or begin or end with a space")


def _pack(graph: Any) -> None:
    """Every large weight as float16 with a Cast behind it, which ONNX Runtime folds away at opening."""
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < _LARGE_WEIGHT or np.abs(values).max() > _FLOAT16_MAX:
            continue
        packed = f"{weight.name}/float16"
        casts.append(helper.make_node("Cast", [packed], [weight.name], to=TensorProto.FLOAT))
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), packed))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


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
