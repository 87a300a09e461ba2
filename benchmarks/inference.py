"""Time each network on ONNX Runtime and on OpenVINO, alternating in one process.

    python -m benchmarks.inference [--out REPORT]

Ratios of medians: the machine may be in use. Also how far the answers lie apart on faces of noise, and the expression
model's milliseconds a face at batch 1 on one thread and at batch 16 on two.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fit_llr import stamp
from fer_core import inference, weights

NETWORKS = {"expression": (16, 48, 48, 1), "mobilefacenet": (1, 3, 112, 112), "yunet": (1, 3, 384, 640)}
ROUNDS = 30


def open_on(runtime: str, path: Path, threads: int) -> inference.Network:
    """On ONNX Runtime or, where it is installed, on OpenVINO."""
    return inference.open_session(path, threads, varied=runtime == "onnxruntime")


def medians(work: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Milliseconds of each, taken in turns after one round to get warm."""
    spent: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(ROUNDS + 1):
        for name, do in work.items():
            since = time.perf_counter()
            do()
            if turn:
                spent[name].append(time.perf_counter() - since)
    return {name: round(1000 * float(np.median(times)), 3) for name, times in spent.items()}


def compared(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> dict[str, Any] | None:
    """Both runtimes on one thread; None where the network's weights aren't here."""
    path = weights.find(weights.card(name))
    if path is None:
        return None
    pixels = rng.uniform(0, 255, shape).astype(np.float32)
    pixels = pixels if name != "mobilefacenet" else (pixels - 127.5) / 128
    both = {runtime: open_on(runtime, path, 1) for runtime in ("onnxruntime", "openvino")}
    feed = {both["openvino"].get_inputs()[0].name: pixels}
    told = [network.run(None, feed)[0] for network in both.values()]
    times = medians({runtime: lambda network=network: network.run(None, feed) for runtime, network in both.items()})  # type: ignore[misc]
    return {
        "batch": shape[0], "precision": both["openvino"].precision, "ms": times,
        "ratio": round(times["onnxruntime"] / times["openvino"], 2),
        "largest_difference": round(float(np.abs(told[0] - told[1]).max()), 4),
    }  # fmt: skip


def expression_ms(rng: np.random.Generator) -> dict[str, float]:
    """Milliseconds a face: batch 1 on one thread, batches of 16 on two."""
    path = weights.get(weights.card("expression"))
    result = {}
    for name, batch, threads in (("batch_1_one_thread", 1, 1), ("batch_16_two_threads", 16, 2)):
        pixels = rng.uniform(0, 255, (batch, 48, 48, 1)).astype(np.float32)
        for runtime in ("openvino", "onnxruntime"):
            network = open_on(runtime, path, threads)
            spent = medians({"it": lambda network=network, pixels=pixels: network.run(None, {"face": pixels})})["it"]  # type: ignore[misc]
            result[f"{name}_{runtime}"] = round(spent / batch, 3)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    found = {name: compared(name, shape, rng) for name, shape in NETWORKS.items()}
    report = {**stamp(), "networks": found, "expression_ms_a_face": expression_ms(rng)}
    print(json.dumps(report, indent=1))
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
