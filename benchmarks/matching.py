"""How long the matching of a day takes by itself, on templates drawn at random.

    python -m benchmarks.matching --visitors 200 --out benchmarks/reports/FILE.json

Everybody's template is a direction of 128 numbers, noisier at the exit; start times are given. Goal: 2 s for 200 visitors.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np

from benchmarks.fit_llr import stamp
from fer_core import match
from fer_core.settings import MatchSettings, fit_for
from fer_core.types import Appearance, Role

NOISE = 0.7


def passing(role: Role, template: np.ndarray, time_s: float) -> Appearance:
    """Somebody who passes at that moment."""
    return Appearance(
        role=role, film=0, intervals=((time_s, time_s + 2),), best_s=time_s + 1, x=0, y=0, size_px=80, quality=0.8, faces=5,
        template=template, times_s=np.array([time_s]), series=np.eye(7, dtype=np.float32)[[6]], weight=np.ones(1),
    )  # fmt: skip


def a_day(role: Role, people: np.ndarray, rng: np.random.Generator) -> list[Appearance]:
    """Everybody once, three seconds apart."""
    seen = people + NOISE * rng.normal(size=people.shape) / np.sqrt(people.shape[1])
    seen /= np.linalg.norm(seen, axis=1, keepdims=True)
    return [passing(role, row, 3.0 * place) for place, row in enumerate(seen)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--visitors", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    people = rng.normal(size=(arguments.visitors, 128))
    people /= np.linalg.norm(people, axis=1, keepdims=True)
    entries, exits = a_day("entry", people, rng), a_day("exit", people, rng)
    at = 3.0 * np.arange(arguments.visitors)
    taken, pairs = [], 0
    for _ in range(arguments.rounds):
        since = time.perf_counter()
        found = match.match(entries, exits, fit_for("mobilefacenet"), MatchSettings(), entry_at=at, exit_at=at + 600)
        taken.append(round(time.perf_counter() - since, 3))
        pairs = len(found.pairs)
    report = {
        **stamp(), "visitors": arguments.visitors, "pairs": pairs, "median_s": statistics.median(taken), "rounds_s": taken
    }  # fmt: skip
    print(json.dumps(report, indent=1))
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
