"""A toy network on both runtimes: the same answers, whatever the rows and threads."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fer_core import inference
from fer_core.errors import WeightsError

RUNTIMES = ("openvino", "onnxruntime")


@pytest.fixture(params=RUNTIMES)
def runtime(request, monkeypatch):
    if request.param == "openvino":
        pytest.importorskip("openvino")
    monkeypatch.setenv("MOODGATE_RUNTIME", request.param)
    inference._openvino.cache_clear()
    yield request.param
    inference._openvino.cache_clear()


def toy(path, rng=None):
    """(n, 6) → `sum` (n, 1) and `double` (n, 6), with a word of metadata."""
    from onnx import TensorProto, helper, save

    graph = helper.make_graph(
        [
            helper.make_node("ReduceSum", ["x", "axes"], ["sum"], keepdims=1),
            helper.make_node("Add", ["x", "x"], ["double"]),
        ],
        "toy",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 6])],
        [
            helper.make_tensor_value_info("sum", TensorProto.FLOAT, ["n", 1]),
            helper.make_tensor_value_info("double", TensorProto.FLOAT, ["n", 6]),
        ],
        [helper.make_tensor("axes", TensorProto.INT64, [1], [1])],
    )
    network = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    network.ir_version = 8
    network.metadata_props.add(key="labels", value="a,b")
    save(network, path)
    return path


@pytest.mark.parametrize("n", [1, 2, 3, 5, 16, 17])
def test_any_number_of_rows_is_answered(tmp_path, runtime, n):
    network = inference.open_session(toy(tmp_path / "toy.onnx"), exact=True)
    rows = np.random.default_rng(n).normal(size=(n, 6)).astype(np.float32)
    total, double = network.run_rows(None, "x", rows)
    assert network.runtime == runtime
    assert total == pytest.approx(rows.sum(axis=1, keepdims=True), abs=1e-5)
    assert double == pytest.approx(2 * rows)


def test_outputs_come_in_the_order_asked_for(tmp_path, runtime):
    network = inference.open_session(toy(tmp_path / "toy.onnx"), exact=True)
    double, total = network.run(["double", "sum"], {"x": np.ones((2, 6), np.float32)})
    assert double.shape == (2, 6)
    assert total.tolist() == [[6.0], [6.0]]
    assert [told.name for told in network.get_outputs()] == ["sum", "double"]
    assert network.metadata == {"labels": "a,b"}


def test_an_answer_stays_what_it_was_when_the_next_is_asked_for(tmp_path, runtime):
    network = inference.open_session(toy(tmp_path / "toy.onnx"), exact=True)
    first = network.run(["double"], {"x": np.ones((1, 6), np.float32)})[0]
    network.run(["double"], {"x": np.zeros((1, 6), np.float32)})
    assert first.tolist() == [[2.0] * 6]


def test_threads_ask_at_once_and_get_their_own_answers(tmp_path, runtime):
    network = inference.open_session(toy(tmp_path / "toy.onnx"), exact=True)

    def ask(value: int) -> bool:
        rows = np.full((4, 6), value, np.float32)
        return all(bool((network.run_rows(["double"], "x", rows)[0] == 2 * value).all()) for _ in range(20))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, range(8)))


def test_varied_shapes_go_to_onnx_runtime(tmp_path, runtime):
    assert inference.open_session(toy(tmp_path / "toy.onnx"), varied=True).runtime == "onnxruntime"


@pytest.mark.parametrize("content", [b"", b"no network"])
def test_what_is_no_network_is_said_in_a_sentence(tmp_path, runtime, content):
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"broken\.onnx: ONNX Runtime can't load it"):
        inference.open_session(path)


def test_a_runtime_that_computes_something_else_is_not_believed(tmp_path, monkeypatch, caplog):
    pytest.importorskip("openvino")
    path, good = toy(tmp_path / "toy.onnx"), inference._compiled

    class Wrong(inference.Network):
        def run(self, outputs, feed):
            return [-told for told in super().run(outputs, feed)]

    def compiled(core, session, *rest):
        network = good(core, session, *rest)
        return Wrong(session, network._compiled)

    monkeypatch.setattr(inference, "_compiled", compiled)
    with caplog.at_level("ERROR"):
        network = inference.open_session(path)
    assert network.runtime == "onnxruntime"
    assert network.run(["sum"], {"x": np.ones((1, 6), np.float32)})[0].tolist() == [[6.0]]


def test_narrowed_weights_are_widened_before_openvino_sees_them(tmp_path, runtime):
    """Of int8 with scales OpenVINO 2026.4 makes nonsense in bfloat16."""
    from onnx import TensorProto, helper, numpy_helper, save

    rng = np.random.default_rng(0)
    narrow, scale = rng.integers(-127, 128, (4, 3, 3, 3)).astype(np.int8), np.linspace(0.001, 0.01, 4, dtype=np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("DequantizeLinear", ["w/int8", "w/scale"], ["w"], axis=0),
            helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1]),
        ],
        "toy",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 4, 8, 8])],
        [numpy_helper.from_array(narrow, "w/int8"), numpy_helper.from_array(scale, "w/scale")],
    )
    network = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    network.ir_version = 8
    save(network, tmp_path / "narrow.onnx")
    x = rng.normal(size=(64, 3, 8, 8)).astype(np.float32)
    ours = inference.open_session(tmp_path / "narrow.onnx")
    told = ours.run_rows(None, "x", x)[0]
    right = inference.open_session(tmp_path / "narrow.onnx", varied=True).run(None, {"x": x})[0]
    assert ours.runtime == runtime
    assert np.abs(told - right).max() < 0.03 * np.abs(right).max()
