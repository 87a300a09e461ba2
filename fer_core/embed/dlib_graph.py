"""Turns a network read from dlib's file into an ONNX model, computing what dlib computes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from fer_core.embed.dlib_file import AddPrev, Affine, Con, Fc, Layer, Mark, Network, Pair, Pool, Relu
from fer_core.types import FloatArray

Value: TypeAlias = tuple[str, tuple[int, int, int]]
"""A tensor's name and its channels, rows and columns."""

_OPSET, _IR_VERSION = 17, 8
_SPREAD = 256.0
"""dlib divides by it, whatever the file says."""


def onnx_model(network: Network, dim: int) -> bytes:
    """An ONNX model from rgb (n, rows, columns, 3) uint8 to codes (n, dim) float32, for any n.

    ValueError where the layers don't fit each other, or don't end in a matrix with dim outputs.
    """
    from onnx import TensorProto, helper

    graph = _Graph()
    value = graph.pixels("rgb", network.mean, network.size)
    name, shape = graph.run(value, folded(network.layers))
    if shape != (dim, 1, 1) or not isinstance(network.layers[-1], Fc):
        raise ValueError(f"it does not end in {dim} numbers")
    given = helper.make_tensor_value_info("rgb", TensorProto.UINT8, ["n", *network.size, 3])
    told = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", dim])
    made = helper.make_graph(graph.nodes, "dlib", [given], [told], graph.constants)
    opsets = [helper.make_opsetid("", _OPSET)]
    return bytes(helper.make_model(made, opset_imports=opsets, ir_version=_IR_VERSION).SerializeToString())


def folded(layers: Sequence[Layer]) -> list[Layer]:
    """The layers with each affine one worked into the convolution below it. ValueError where there is none."""
    made: list[Layer] = []
    for layer in layers:
        if isinstance(layer, Affine):
            below = made.pop() if made else layer
            if not isinstance(below, Con) or len(below.bias) != len(layer.gamma):
                raise ValueError("an affine layer stands on no convolution of as many channels")
            layer = _scaled(below, layer)
        made.append(layer)
    return made


def _scaled(con: Con, affine: Affine) -> Con:
    gamma = affine.gamma.astype(np.float64)
    weight = (con.weight * gamma[:, None, None, None]).astype(np.float32)
    return replace(con, weight=weight, bias=(con.bias * gamma + affine.beta).astype(np.float32))


class _Graph:
    """Nodes and constants so far; what the marks remember is known while `run` runs."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, operator: str, inputs: list[str], shape: tuple[int, int, int], **attributes: Any) -> Value:
        from onnx import helper

        name = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name, shape

    def constant(self, values: Any) -> str:
        from onnx import numpy_helper

        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def pixels(self, name: str, mean: FloatArray, size: Pair) -> Value:
        """(n, rows, columns, 3) uint8 → (n, 3, rows, columns), (x − mean) / 256."""
        from onnx import TensorProto

        shape = (3, *size)
        planes, _ = self.add("Transpose", [name], shape, perm=[0, 3, 1, 2])
        real, _ = self.add("Cast", [planes], shape, to=TensorProto.FLOAT)
        centred, _ = self.add("Sub", [real, self.constant(mean.astype(np.float32).reshape(1, 3, 1, 1))], shape)
        return self.add("Mul", [centred, self.constant(np.float32(1 / _SPREAD))], shape)

    def run(self, value: Value, layers: Sequence[Layer]) -> Value:
        """The value after all layers.

        The file doesn't tell tags from skips. A residual block is [tag] … add_prev; one that halves the picture is
        [tag] … [tag] [skip to the first tag] pool add_prev, which adds the second tag. So a mark right after a mark goes
        back to the one remembered before, and add_prev adds the one remembered last.
        """
        remembered: list[Value] = []
        before: Layer | None = None
        for layer in layers:
            if isinstance(layer, Mark):
                value = self._marked(remembered, value, again=isinstance(before, Mark))
            elif isinstance(layer, AddPrev):
                if not remembered:
                    raise ValueError("an add_prev layer stands on no tag")
                value = self._sum(value, remembered.pop())
            else:
                value = self._one(value, layer)
            before = layer
        return value

    def _marked(self, remembered: list[Value], value: Value, *, again: bool) -> Value:
        if not again:
            remembered.append(value)
            return value
        if len(remembered) < 2:
            raise ValueError("a skip layer has no tag to go back to")
        return remembered.pop(-2)

    def _one(self, value: Value, layer: Layer) -> Value:
        match layer:
            case Con():
                return self._con(value, layer)
            case Pool():
                return self._pool(value, layer)
            case Fc():
                return self._fc(value, layer)
            case Relu():
                return self.add("Relu", [value[0]], value[1])
            case _:
                raise ValueError(f"a layer {type(layer).__name__} where none can be")

    def _con(self, value: Value, con: Con) -> Value:
        name, (channels, *size) = value
        filters, wanted, *window = con.weight.shape
        if wanted != channels:
            raise ValueError(f"a convolution of {wanted} channels stands on {channels}")
        shape = filters, *_swept(size, window, con.stride, con.padding)
        inputs = [name, self.constant(con.weight), self.constant(con.bias)]
        return self.add("Conv", inputs, shape, kernel_shape=window, strides=con.stride, pads=con.padding * 2)

    def _pool(self, value: Value, pool: Pool) -> Value:
        name, (channels, *size) = value
        window = tuple(of_pool or whole for of_pool, whole in zip(pool.window, size, strict=True))
        shape = channels, *_swept(size, window, pool.stride, pool.padding)
        operator = "MaxPool" if pool.largest else "AveragePool"
        return self.add(operator, [name], shape, kernel_shape=window, strides=pool.stride, pads=pool.padding * 2)

    def _fc(self, value: Value, fc: Fc) -> Value:
        name, shape = value
        inputs, outputs = fc.weight.shape
        if shape != (inputs, 1, 1):
            raise ValueError(f"a matrix of {inputs} inputs stands on {shape}")
        flat, _ = self.add("Flatten", [name], shape)
        return self.add("MatMul", [flat, self.constant(fc.weight)], (outputs, 1, 1))

    def _sum(self, one: Value, other: Value) -> Value:
        channels, rows, columns = (max(pair) for pair in zip(one[1], other[1], strict=True))
        shape = channels, rows, columns
        return self.add("Add", [self._padded(one, shape), self._padded(other, shape)], shape)

    def _padded(self, value: Value, shape: tuple[int, int, int]) -> str:
        """The value with zeros after its channels, below and to the right."""
        name, small = value
        if small == shape:
            return name
        more = np.subtract(shape, small)
        return self.add("Pad", [name, self.constant(np.array([0, 0, 0, 0, 0, *more], np.int64))], shape)[0]


def _swept(size: Sequence[int], window: Sequence[int], stride: Pair, padding: Pair) -> Pair:
    """Rows and columns of what a window gives."""
    rows, columns = (
        (whole + 2 * more - wide) // step + 1 for whole, wide, step, more in zip(size, window, stride, padding, strict=True)
    )
    if min(rows, columns) < 1:
        raise ValueError(f"a window {tuple(window)} stands on a picture {tuple(size)}")
    return rows, columns
