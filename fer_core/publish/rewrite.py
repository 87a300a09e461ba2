"""Rewrites of an ONNX graph that leave its answers as they are and spare int8 rounding and time.

In int8 every node rounds what it hands on. Where a block's convolution and its shortcut's cancel each other, the sum of
two coarsely rounded numbers is mostly rounding: one convolution over both inputs adds them up exactly, in int32. And ONNX
Runtime's int8 pooling is slower than a convolution that does the same.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

_LARGEST_POOL = 256
"""Channels up to which a pool becomes a convolution: its weights grow with their square."""


def shapes(network: Any) -> dict[str, tuple[int, ...]]:
    """The shape of every value that can be told, an open dimension as 0."""
    import onnx

    inferred = onnx.shape_inference.infer_shapes(network).graph
    values = [*inferred.value_info, *inferred.input, *inferred.output]
    return {value.name: tuple(d.dim_value for d in value.type.tensor_type.shape.dim) for value in values}


def pools_as_convolutions(network: Any) -> int:
    """Average pools that tile a picture become convolutions, in place; gives how many."""
    from onnx import helper, numpy_helper

    known, done = shapes(network), 0
    for node in network.graph.node:
        size = _tile_of(node, known.get(node.input[0], ())) if node.op_type == "AveragePool" else 0
        if not size:
            continue
        channels = known[node.input[0]][1]
        weight = np.zeros((channels, channels, size, size), np.float32)
        weight[np.arange(channels), np.arange(channels)] = 1 / size**2
        node.op_type = "Conv"
        node.input.append(f"{node.output[0]}/mean")
        network.graph.initializer.append(numpy_helper.from_array(weight, node.input[1]))
        del node.attribute[:]
        node.attribute.append(helper.make_attribute("kernel_shape", [size, size]))
        node.attribute.append(helper.make_attribute("strides", [size, size]))
        done += 1
    return done


def _tile_of(pool: Any, shape: tuple[int, ...]) -> int:
    """The side of the squares that the pool cuts the picture into; 0 where it does otherwise, or leaves one number."""
    given = _attributes(pool)
    kernel, strides = given.get("kernel_shape", []), given.get("strides", [])
    if len(shape) != 4 or len(kernel) != 2 or kernel != strides or kernel[0] != kernel[1] or any(given.get("pads", [])):
        return 0
    size, (_, channels, height, width) = int(kernel[0]), shape
    tiles = height % size == 0 == width % size and height * width > size**2
    return size if tiles and 0 < channels <= _LARGEST_POOL else 0


def merge_shortcuts(network: Any) -> int:
    """A 1 × 1 and a k × k convolution that are added become one over both inputs, in place; gives how many."""
    done = 0
    for add in [node for node in network.graph.node if node.op_type == "Add"]:
        pair = _mergeable(network.graph, add)
        if pair:
            _merge(network.graph, add, *pair)
            done += 1
    return done


def _mergeable(graph: Any, add: Any) -> tuple[Any, Any] | None:
    """(the shortcut's convolution, the block's) where both give the sum alone, at a step of 1 and equal size."""
    makers = {name: node for node in graph.node for name in node.output}
    pair = [makers[name] for name in add.input if name in makers and makers[name].op_type == "Conv"]
    if len(pair) != 2 or any(_uses(graph, conv.output[0]) != 1 or not _plain(graph, conv) for conv in pair):
        return None
    short, block = sorted(pair, key=lambda conv: _side(graph, conv))
    return (short, block) if _side(graph, short) == 1 else None


def _plain(graph: Any, conv: Any) -> bool:
    """Whether it is dense, goes by steps of 1, keeps the picture's size and has weights of its own."""
    given, side = _attributes(conv), _side(graph, conv)
    dense = given.get("group", 1) == 1 and set(given.get("strides", [1])) | set(given.get("dilations", [1])) == {1}
    same = side % 2 == 1 and set(given.get("pads", [0])) == {side // 2}
    return dense and same and all(_uses(graph, name) == 1 for name in conv.input[1:])


def _side(graph: Any, conv: Any) -> int:
    """The kernel's side; 0 where it is no square or the weights are computed."""
    shape = next((tuple(weight.dims) for weight in graph.initializer if weight.name == conv.input[1]), ())
    return int(shape[2]) if len(shape) == 4 and shape[2] == shape[3] else 0


def _merge(graph: Any, add: Any, short: Any, block: Any) -> None:
    from onnx import helper, numpy_helper

    weights = {weight.name: numpy_helper.to_array(weight) for weight in graph.initializer}
    both = f"{add.output[0]}/both"
    edge = _side(graph, block) // 2
    small = np.pad(weights[short.input[1]], ((0, 0), (0, 0), (edge, edge), (edge, edge)))
    weight = np.concatenate([weights[block.input[1]], small], axis=1)
    bias = sum((weights[conv.input[2]] for conv in (short, block) if len(conv.input) > 2), np.zeros(len(weight), np.float32))
    graph.initializer.extend([numpy_helper.from_array(weight, f"{both}_weight"), numpy_helper.from_array(bias, f"{both}_bias")])
    merged = helper.make_node("Conv", [both, f"{both}_weight", f"{both}_bias"], [add.output[0]], name=f"{add.name}/merged")
    merged.attribute.extend(block.attribute)
    concat = helper.make_node("Concat", [block.input[0], short.input[0]], [both], name=f"{add.name}/both", axis=1)
    _replace(graph, add, [concat, merged])
    _drop(graph, (short, block))


def _replace(graph: Any, old: Any, new: Iterable[Any]) -> None:
    """The new nodes in the place of the old one."""
    place = next(place for place, node in enumerate(graph.node) if node.output[0] == old.output[0])
    del graph.node[place]
    for offset, node in enumerate(new):
        graph.node.insert(place + offset, node)


def _drop(graph: Any, nodes: Iterable[Any]) -> None:
    """The nodes and the weights that were only theirs."""
    gone = {name for node in nodes for name in node.input[1:]}
    made = {node.output[0] for node in nodes}
    for node in [node for node in graph.node if node.output[0] in made]:
        graph.node.remove(node)
    for weight in [weight for weight in graph.initializer if weight.name in gone]:
        graph.initializer.remove(weight)
    for value in [value for value in graph.value_info if value.name in made]:
        graph.value_info.remove(value)


def _uses(graph: Any, name: str) -> int:
    inside = sum(list(node.input).count(name) for node in graph.node)
    return inside + sum(output.name == name for output in graph.output)


def _attributes(node: Any) -> dict[str, Any]:
    from onnx import helper

    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
