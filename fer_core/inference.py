"""One way to open a network on ONNX Runtime."""

from pathlib import Path
from typing import Any

from fer_core.errors import WeightsError

SMALL_NETWORK_THREADS = 1
"""Threads of a network of a few milliseconds: threads that wait for each other cost more than they bring, and films are
decoded beside it."""


def open_session(model: Path | bytes, threads: int = SMALL_NETWORK_THREADS) -> Any:
    """An `onnxruntime.InferenceSession` on the processor; calls from several threads are safe.

    WeightsError in one sentence where a file is no network that ONNX Runtime can load. Waiting threads don't spin: they
    would take the processor from decoding and from other sessions.
    """
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    broken = (state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf, state.NoSuchFile)
    try:
        given = model if isinstance(model, bytes) else str(model)
        return onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])
    except (*broken, state.NotImplemented) as error:
        where = "a network made here" if isinstance(model, bytes) else model
        raise WeightsError(f"{where}: ONNX Runtime can't load it: {str(error).splitlines()[0]}") from error
