"""MTCNN's three networks (Zhang et al. 2016, figure 2) as ONNX graphs, made in memory from the arrays of `mtcnn_weights`.

All take pixels as they are, blue-green-red from 0 to 255: the order of the colours and the mapping of pixels to
(p − 127.5) / 128 are folded into the first convolution, which has no padding. In place of two probabilities there is one
logit, their difference before the softmax. P-Net takes (1, h, w, 3) and gives (1, 5, h', w'): box (4), logit. R-Net takes
(n, 24, 24, 3) and gives (n, 5). O-Net takes (n, 48, 48, 3) and gives (n, 15): box, landmarks (10: five x, five y), logit.
All float32.

ONNX Runtime's PReLU is slower than a convolution. But PReLU rises with x where its slope isn't negative, and is the larger
of x and slope · x where it is: so a layer that is pooled is pooled first, with a second plane, slope · x, for each falling
channel, and PReLU sees a quarter of the numbers.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fer_core.types import FloatArray, IntArray

MIDDLE, SPREAD = 127.5, 128.0
"""A pixel p counts as (p − MIDDLE) / SPREAD."""
_OPSET, _IR_VERSION = 17, 8
_PLANES = 16
"""ONNX Runtime pools planes in blocks of at most that many; where some are left over, it takes a slower way."""


@dataclass
class _Graph:
    """Nodes and constants in the making; each method appends a layer to the value named `last`."""

    last: str
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def constant(self, values: FloatArray | IntArray) -> str:
        from onnx import numpy_helper

        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> list[str]:
        """A node on the inputs (`last` where there are none given); its first output becomes `last`."""
        from onnx import helper

        names = [f"value{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs) or [self.last], names, **attributes))
        self.last = names[0]
        return names

    def convolution(self, weights: FloatArray, bias: FloatArray, idle: int = 0) -> None:
        """weights (out, in, height, width), bias (out,), then that many planes of zeros; the picture's edge isn't padded."""
        filters = np.pad(weights, [(0, idle)] + [(0, 0)] * 3)
        self.add("Conv", self.last, self.constant(filters), self.constant(np.pad(bias, (0, idle))))

    def prelu(self, slopes: FloatArray) -> None:
        """slopes (channels, 1, 1) or (units,)."""
        self.add("PRelu", self.last, self.constant(slopes))

    def pooled(self, weights: FloatArray, bias: FloatArray, slopes: FloatArray, side: int, same: bool) -> IntArray:
        """Convolution, PReLU and the maximum over side × side at stride 2; returns which channel each plane is."""
        rising, falling = np.flatnonzero(slopes >= 0), np.flatnonzero(slopes < 0)
        order = np.concatenate([rising, falling])
        planes = np.concatenate([weights[order], weights[falling] * slopes[falling, None, None, None]])
        idle = -len(planes) % _PLANES
        self.convolution(planes, np.concatenate([bias[order], bias[falling] * slopes[falling]]), idle)
        self.add("MaxPool", kernel_shape=[side] * 2, strides=[2, 2], auto_pad="SAME_UPPER" if same else "VALID")
        parts = np.array([len(rising), len(falling), len(falling)] + [idle] * bool(idle))
        up, down, other, *_ = self.add("Split", self.last, self.constant(parts), outputs=len(parts), axis=1)
        grown = self.add("PRelu", up, self.constant(slopes[rising, None, None]))
        self.add("Concat", *grown, *self.add("Max", down, other), axis=1)
        return order

    def model(self, shape: list[int | str], told: list[int | str]) -> bytes:
        """The graph from `input` to `last`, serialised."""
        from onnx import TensorProto, helper

        given = helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)
        output = helper.make_tensor_value_info(self.last, TensorProto.FLOAT, told)
        graph = helper.make_graph(self.nodes, "mtcnn", [given], [output], self.constants)
        opsets = [helper.make_opsetid("", _OPSET)]
        return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION).SerializeToString())


def pnet(arrays: list[FloatArray]) -> bytes:
    """The proposal network, looking at every other 12 × 12 px."""
    graph = _Graph("input")
    graph.add("Transpose", perm=[0, 3, 1, 2])
    order = graph.pooled(*_first(arrays), side=2, same=True)
    for start, channels in ((3, order), (6, np.arange(16))):
        graph.convolution(_turned(arrays[start])[:, channels], arrays[start + 1])
        graph.prelu(arrays[start + 2].reshape(-1, 1, 1))
    weights, bias = _head(arrays[9:])
    graph.convolution(weights.T[:, :, None, None], bias)
    return graph.model([1, "h", "w", 3], [1, 5, "rows", "columns"])


def rnet(arrays: list[FloatArray]) -> bytes:
    """The refining network."""
    return _judge(arrays, 24, ((3, True), (3, False), None))


def onet(arrays: list[FloatArray]) -> bytes:
    """The output network."""
    return _judge(arrays, 48, ((3, True), (3, False), (2, True), None))


def _judge(arrays: list[FloatArray], side_px: int, pools: tuple[tuple[int, bool] | None, ...]) -> bytes:
    """A network that looks at one square: convolutions, each with its pooling (side, same) or None, and two dense layers."""
    graph = _Graph("input")
    graph.add("Transpose", perm=[0, 3, 1, 2])
    order = np.arange(3)
    for number, pool in enumerate(pools):
        weights, bias, slopes = _first(arrays) if number == 0 else _layer(arrays, number)
        if pool is None:
            graph.convolution(weights[:, order], bias)
            graph.prelu(slopes[:, None, None])
        else:
            order = graph.pooled(weights[:, order], bias, slopes, *pool)
    rest = arrays[3 * len(pools) :]
    graph.add("Flatten")
    graph.add("Gemm", graph.last, graph.constant(_planes_first(rest[0], len(slopes))), graph.constant(rest[1]))
    graph.prelu(rest[2])
    weights, bias = _head(rest[3:])
    graph.add("Gemm", graph.last, graph.constant(weights), graph.constant(bias))
    return graph.model(["n", side_px, side_px, 3], ["n", len(bias)])


def _layer(arrays: list[FloatArray], number: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weights (out, in, height, width), bias and slopes of that convolution."""
    weights, bias, slopes = arrays[3 * number : 3 * number + 3]
    return _turned(weights), bias, slopes.ravel()


def _first(arrays: list[FloatArray]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The first convolution, for pixels from 0 to 255 in blue-green-red."""
    weights, bias, slopes = _layer(arrays, 0)
    turned = weights[:, ::-1] / np.float32(SPREAD)
    return turned, bias - turned.sum(axis=(1, 2, 3)) * np.float32(MIDDLE), slopes


def _turned(weights: FloatArray) -> FloatArray:
    """(height, width, in, out) as (out, in, height, width)."""
    return weights.transpose(3, 2, 0, 1)


def _planes_first(weights: FloatArray, channels: int) -> FloatArray:
    """Dense weights for features that lie (x, y, channel), for features that lie (channel, y, x)."""
    side = round((len(weights) / channels) ** 0.5)
    return weights.reshape(side, side, channels, -1).transpose(2, 1, 0, 3).reshape(weights.shape)


def _head(arrays: list[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Weights (in, out) and bias of all last layers in one, the two of the softmax as their difference."""
    weights = [array.reshape(-1, array.shape[-1]) for array in arrays[::2]]
    biases = list(arrays[1::2])
    weights[-1], biases[-1] = (layer[..., 1:] - layer[..., :1] for layer in (weights[-1], biases[-1]))
    return np.concatenate(weights, axis=1), np.concatenate(biases)
