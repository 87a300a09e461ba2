"""One film through the engine against decoding it alone, several times.

    python -m benchmarks.film ../shared/films/street_1080p.mp4 --rounds 5 --out benchmarks/reports/FILE.json

Each round is `fer_core bench`: every frame decoded with threads, then film to appearances with the default backends, models
loaded beforehand. The report has every round's ratio and their median. Goal for street_1080p: 1.5 times, 1,000 MB.
"""

import argparse
import json
import statistics
from pathlib import Path

from benchmarks.fit_llr import stamp
from fer_core.bench import bench
from fer_core.cli import common
from fer_core.settings import Settings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("film", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    engine = common.engine_of(Settings())
    rounds = [bench(arguments.film, engine, rounds=1).as_dict() for _ in range(arguments.rounds)]
    report = {
        **stamp(), "film": arguments.film.name, "backends": [engine.detector.name, engine.embedder.name, engine.emotion.name],
        "median_ratio": statistics.median(one["ratio"] for one in rounds),
        "peak_rss_mb": max(one["peak_rss_mb"] for one in rounds), "rounds": rounds,
    }  # fmt: skip
    print(json.dumps(report, indent=1))
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
