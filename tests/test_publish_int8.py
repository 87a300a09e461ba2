"""The rewrites before int8 on toy graphs, and int8 of the project's own model on the pictures of FER2013."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from fer_core import dataset, weights
from fer_core.cli.publish import proof_of
from fer_core.emotion.onnx_model import OnnxEmotion
from fer_core.publish import int8, limits, onnx_file, rewrite
from fer_core.types import EXPRESSIONS

FER2013 = Path(__file__).parents[2] / "shared" / "fer2013" / "fer2013.npz"


def toy_graph(*, short=1, strides=1, twice=False, pool=(2, 2), size=8, pads=0):
    """face → pool → the sum of a 3 × 3 and a second convolution → told."""
    rng, step = np.random.default_rng(0), [strides, strides]
    weights = {"w": rng.normal(size=(5, 3, 3, 3)), "b": rng.normal(size=5), "s": rng.normal(size=(5, 3, short, short))}
    nodes = [
        helper.make_node("AveragePool", ["face"], ["p"], kernel_shape=[pool[0]] * 2, strides=[pool[1]] * 2, pads=[pads] * 4),
        helper.make_node("Conv", ["p", "w", "b"], ["long"], kernel_shape=[3, 3], pads=[1] * 4, strides=step),
        helper.make_node("Conv", ["p", "s"], ["short"], kernel_shape=[short] * 2, pads=[short // 2] * 4, strides=step),
        helper.make_node("Add", ["short", "long"], ["sum"]),
        helper.make_node("Add", ["sum", "short"] if twice else ["sum", "sum"], ["told"]),
    ]
    values = [helper.make_tensor_value_info("told", TensorProto.FLOAT, ["n", 5, None, None])]
    face = helper.make_tensor_value_info("face", TensorProto.FLOAT, ["n", 3, size, size])
    kept = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()]
    opset = [helper.make_opsetid("", 15)]
    return helper.make_model(helper.make_graph(nodes, "toy", [face], values, kept), opset_imports=opset, ir_version=8)


def told_by(network):
    import onnxruntime

    face = np.random.default_rng(1).normal(size=(2, 3, 8, 8)).astype(np.float32)
    session = onnxruntime.InferenceSession(network.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"face": face})[0]


def test_rewritten_graphs_say_the_same():
    network = toy_graph()
    before = told_by(network)
    assert (rewrite.pools_as_convolutions(network), rewrite.merge_shortcuts(network)) == (1, 1)
    onnx.checker.check_model(network)
    assert [node.op_type for node in network.graph.node] == ["Conv", "Concat", "Conv", "Add"]
    assert np.allclose(told_by(network), before, atol=1e-4)


@pytest.mark.parametrize("made", [{"short": 3}, {"strides": 2}, {"twice": True}], ids=str)
def test_sums_of_another_kind_are_left_alone(made):
    network = toy_graph(**made)
    assert rewrite.merge_shortcuts(network) == 0
    assert network == toy_graph(**made)


@pytest.mark.parametrize("made", [{"pool": (3, 2)}, {"size": 9}, {"pads": 1}, {"size": 2}], ids=str)
def test_pools_of_another_kind_are_left_alone(made):
    assert rewrite.pools_as_convolutions(toy_graph(**made)) == 0


# the project's own model


@pytest.mark.skipif(not FER2013.is_file(), reason="no fer2013.npz in ../shared/fer2013")
def test_int8_of_our_own_model_agrees_with_it_on_the_validation_split(tmp_path):
    source, small = weights.get(weights.card("expression")), tmp_path / "small.onnx"
    proof = proof_of(dataset.load(FER2013), OnnxEmotion(source).heads)
    was = onnx_file.read(source, proof.judged)
    recipe = int8.quantize_within(
        source, small, proof.calibration,
        lambda made: limits.check("int8", limits.compare(was, onnx_file.read(made, proof.judged), proof.truth)),
    )  # fmt: skip
    assert recipe in int8.RECIPES[:2]
    network = onnx.load(source)
    onnx_file.widen(network)
    as_float16 = sum(onnx.numpy_helper.to_array(weight).nbytes / 2 for weight in network.graph.initializer)
    assert small.stat().st_size < 0.7 * as_float16
    assert OnnxEmotion(small).labels == EXPRESSIONS
