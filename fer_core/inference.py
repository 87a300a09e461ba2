"""One way to open a network: on OpenVINO where it is installed and can run it, else on ONNX Runtime.

OpenVINO computes in bfloat16 where the processor has units for it: three to nine times as fast for these networks
(benchmarks/inference.py).
"""

import logging
import os
from collections import deque
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.errors import WeightsError

LOG = logging.getLogger(__name__)
SMALL_NETWORK_THREADS = 1
"""Threads of a network of a few milliseconds: threads that wait for each other cost more than they bring, and films are
decoded beside it."""
RUNTIME = "MOODGATE_RUNTIME"
"""Set to `onnxruntime`, OpenVINO is left alone."""


PACKED = ("/float16", "/int8")
"""How the names of weights end that lie narrowed in the files that `publish` writes."""
_OPEN_SIDE, _PROBES = 64, 4
"""Of the noise on which two runtimes are compared: an open side, and how many rows."""
_LIKE = 0.99
"""Least cosine of two runtimes' answers to one input."""


def usual(n: int) -> int:
    """The least usual size of a batch that holds n rows: 1, 2, the multiples of 4 up to 32, then the powers of 2."""
    return 1 << (n - 1).bit_length() if n <= 4 or n > 32 else -(-n // 4) * 4


class Network:
    """A network opened for inference; calls from several threads are safe and run side by side.

    inputs and outputs are as ONNX Runtime describes them (name, shape, type); metadata is the file's own. runtime is
    "openvino" or "onnxruntime", precision "bfloat16" or "float32".
    """

    def __init__(self, session: Any, compiled: Any = None, precision: str = "float32") -> None:
        self._session, self._compiled, self.precision = session, compiled, precision
        self.runtime = "openvino" if compiled else "onnxruntime"
        self._idle: deque[Any] = deque()
        self._places = {told.name: place for place, told in enumerate(session.get_outputs())}

    def get_inputs(self) -> Sequence[Any]:
        """name, shape (an open side is a word or None) and type of each input."""
        return list(self._session.get_inputs())

    def get_outputs(self) -> Sequence[Any]:
        """name, shape and type of each output."""
        return list(self._session.get_outputs())

    @property
    def metadata(self) -> Mapping[str, str]:
        """What the file says of itself."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    def run_rows(self, outputs: Sequence[str] | None, name: str, rows: np.ndarray) -> list[Any]:
        """`run` for one input (n, …) of any n: OpenVINO prepares itself for each new n, so n is rounded up to a usual one."""
        n = len(rows)
        spare = 0 if self._compiled is None else usual(n) - n
        given = np.concatenate([rows, np.zeros((spare, *rows.shape[1:]), rows.dtype)]) if spare else rows
        return [told[:n] for told in self.run(outputs, {name: given})]

    def prepare(self, feed: Mapping[str, np.ndarray]) -> None:
        """Run inputs of these shapes once on every stream: OpenVINO prepares each when it first meets a shape."""
        if self._compiled is None:
            return
        streams = self._compiled.get_property("NUM_STREAMS")
        requests = [self._compiled.create_infer_request() for _ in range(int(streams))]
        for request in requests:
            request.start_async(dict(feed))
        for request in requests:
            request.wait()

    def run(self, outputs: Sequence[str] | None, feed: Mapping[str, np.ndarray]) -> list[Any]:
        """The outputs of those names (None: all, in order) for arrays by the names of the inputs."""
        names = list(outputs) if outputs is not None else list(self._places)
        if self._compiled is None:
            return list(self._session.run(names, dict(feed)))
        try:
            request = self._idle.pop()
        except IndexError:
            request = self._compiled.create_infer_request()
        request.infer(dict(feed), share_inputs=True)
        told = [np.array(request.get_output_tensor(self._places[name]).data) for name in names]
        self._idle.append(request)
        return told


def open_session(
    model: Path | bytes, threads: int = SMALL_NETWORK_THREADS, *, exact: bool = False, varied: bool = False
) -> Network:
    """Open a network on the processor; `exact` forbids bfloat16, `varied` OpenVINO, which prepares itself for every new shape.

    WeightsError in one sentence where a file is no network. Waiting threads don't spin: they would take the processor from
    decoding and from other sessions.
    """
    core = None if varied else _openvino()
    session = _session(model, threads, optimised=core is None)
    if core is None:
        return Network(session)
    name = "a network made here" if isinstance(model, bytes) else model.name
    try:
        network = _compiled(core, session, model, threads, exact)
        if _alike(network, session):
            return network
        LOG.warning("OpenVINO computes something else than ONNX Runtime for %s: ONNX Runtime is used", name)
    except RuntimeError as error:  # OpenVINO's only kind: an operation it hasn't
        LOG.info("OpenVINO can't run %s: %s", name, error)
    return Network(_session(model, threads, optimised=True))


def _alike(network: Network, session: Any) -> bool:
    """Whether both say the same of noise. Its plugin has got narrowed weights in bfloat16 wrong, without a word."""
    rng = np.random.default_rng(0)
    feed = {}
    for given in session.get_inputs():
        sides = [side if isinstance(side, int) else _OPEN_SIDE for side in given.shape]
        if given.type != "tensor(float)" or not sides:
            return True
        if not isinstance(given.shape[0], int):
            sides[0] = _PROBES
        feed[given.name] = rng.uniform(0, 255, sides).astype(np.float32)
    for ours, theirs in zip(network.run(None, feed), session.run(None, feed), strict=True):
        a, b = (np.asarray(told, np.float64).ravel() for told in (ours, theirs))
        if not float(a @ b) >= _LIKE * float(np.linalg.norm(a) * np.linalg.norm(b)):
            return False
    return True


def widen(network: Any) -> None:
    """Weights that lie narrowed in an ONNX network become float32 again, in place."""
    from onnx import numpy_helper

    weights = {weight.name: weight for weight in network.graph.initializer}
    for node in [node for node in network.graph.node if node.input and node.input[0].endswith(PACKED)]:
        weight, *scale = [weights[name] for name in node.input]
        wide = numpy_helper.to_array(weight).astype(np.float32)
        if scale:
            wide = wide * numpy_helper.to_array(scale[0])[(...,) + (None,) * (wide.ndim - 1)]
            network.graph.initializer.remove(scale[0])
        weight.CopyFrom(numpy_helper.from_array(wide, node.output[0]))
        network.graph.node.remove(node)


def _session(model: Path | bytes, threads: int, *, optimised: bool) -> Any:
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if not optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    broken = (state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf, state.NoSuchFile)
    try:
        given = model if isinstance(model, bytes) else str(model)
        return onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])
    except (*broken, state.NotImplemented) as error:
        where = "a network made here" if isinstance(model, bytes) else model
        raise WeightsError(f"{where}: ONNX Runtime can't load it: {str(error).splitlines()[0]}") from error


@cache
def _openvino() -> Any:
    """OpenVINO's core, one a process; None where it isn't installed or isn't wanted."""
    if os.environ.get(RUNTIME, "").lower() == "onnxruntime":
        return None
    os.environ.setdefault("OPENVINO_TELEMETRY", "0")
    try:
        import openvino
    except ImportError:
        return None
    return openvino.Core()


def _compiled(core: Any, session: Any, model: Path | bytes, threads: int, exact: bool) -> Network:
    """Streams beside each other, so that threads which ask at the same time needn't wait for one another."""
    wide = exact or "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    streams = max(1, (os.cpu_count() or 1) // threads)
    settings = {
        "INFERENCE_PRECISION_HINT": "f32" if wide else "bf16",
        "INFERENCE_NUM_THREADS": streams * threads,
        "NUM_STREAMS": streams,
        "ENABLE_CPU_PINNING": False,
    }
    return Network(session, core.compile_model(_read(core, model), "CPU", settings), "float32" if wide else "bfloat16")


def _read(core: Any, model: Path | bytes) -> Any:
    """The network for OpenVINO, with plain weights."""
    content = model if isinstance(model, bytes) else model.read_bytes()
    if not any(mark.encode() in content for mark in PACKED):
        return core.read_model(content)
    import onnx

    network = onnx.load_from_string(content)
    widen(network)
    return core.read_model(network.SerializeToString())
