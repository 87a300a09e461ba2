"""Pooled figures on made-up shop days: match precision and recall, review accuracy, share uncertain, with intervals.

    python -m benchmarks.storeday --tool ../shared/tools/storeday.py --faces ../shared/faces --kind quiet --seeds 1-10

Days are rendered once into --days and kept. Fit on --people even, score on --people odd. The report (--out) says the
date, the commit and the machine.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from fer_core import metrics, pipeline
from fer_core.cli import common
from fer_core.pipeline import Engine, Film
from fer_core.settings import Settings
from fer_core.types import Day

KINDS = {
    "quiet": ["--visitors", "40"],
    "busy": ["--visitors", "60", "--busy", "3"],
    "glad": ["--visitors", "30", "--mood", "glad"],
    "long": ["--visitors", "200"],
}


def make_day(arguments: argparse.Namespace, seed: int) -> Path:
    """The day's folder, rendered where it isn't there yet."""
    folder = arguments.days / f"{arguments.people}_{arguments.kind}_{seed}"
    if not (folder / "day.json").exists() or not (folder / "truth.csv").exists():
        command = [sys.executable, arguments.tool, "make", "--faces", arguments.faces, "--out", folder]
        command += [*KINDS[arguments.kind], "--people", arguments.people, "--seed", seed]
        subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    return folder


def review(folder: Path, engine: Engine) -> Day:
    """The day through the whole engine, start times given."""
    starts = json.loads((folder / "day.json").read_text())
    films = [
        Film(folder / "entry.mp4", "entry", datetime.fromisoformat(starts["entry_start"])),
        Film(folder / "exit.mp4", "exit", datetime.fromisoformat(starts["exit_start"])),
    ]
    return pipeline.review_day("bench", films, engine)


def table_of(day: Day) -> pd.DataFrame:
    """What the tool scores."""
    return pd.DataFrame(
        [
            {
                "entry_time_s": v.entry.best_s, "exit_time_s": v.exit.best_s, "entry_x": v.entry.x, "entry_y": v.entry.y,
                "exit_x": v.exit.x, "exit_y": v.exit.y, "review": v.review,
            }
            for v in day.visits
        ],
        columns=["entry_time_s", "exit_time_s", "entry_x", "entry_y", "exit_x", "exit_y", "review"],
    )  # fmt: skip


def score(tool: Path, folder: Path, table: pd.DataFrame) -> Counter[str]:
    """Counts of one day, by the tool: told, both, right, certain, correct."""
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        table.to_csv(file.name, index=False)
        command = [sys.executable, str(tool), "score", "--day", str(folder), "--visits", file.name, "--json"]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603
    right = round(told["match_recall"] * told["visitors_both"])
    certain = round(right * (1 - told["uncertain"]))
    return Counter(
        told=told["visits_told"], both=told["visitors_both"], right=right, certain=certain,
        correct=round(told["review_accuracy"] * certain),
    )  # fmt: skip


def pooled(counts: Counter[str]) -> dict[str, Any]:
    """Shares with Wilson's 95 % intervals."""
    shares = {
        "match_precision": (counts["right"], counts["told"]),
        "match_recall": (counts["right"], counts["both"]),
        "review_accuracy": (counts["correct"], counts["certain"]),
        "uncertain": (counts["right"] - counts["certain"], counts["right"]),
    }
    return {
        name: {"value": round(hits / max(1, n), 4), "interval": [round(x, 4) for x in metrics.wilson_interval(hits, n)], "n": n}
        for name, (hits, n) in shares.items()
    }


def seeds_of(text: str) -> list[int]:
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


def commit() -> str:
    """The commit that is checked out, with a plus where files differ from it; empty outside a checkout."""
    try:
        told = ["git", "rev-parse", "--short", "HEAD"], ["git", "status", "--porcelain", "--untracked-files=no"]
        head, changes = (subprocess.run(c, check=True, capture_output=True, text=True).stdout.strip() for c in told)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head + ("+" if changes else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tool", type=Path, required=True)
    parser.add_argument("--faces", type=Path, required=True)
    parser.add_argument("--days", type=Path, default=Path("runs/days"))
    parser.add_argument("--kind", choices=KINDS, default="quiet")
    parser.add_argument("--people", choices=("even", "odd"), default="odd")
    parser.add_argument("--seeds", type=seeds_of, default=seeds_of("1-10"))
    for backend in ("detector", "embedder", "emotion"):
        parser.add_argument(f"--{backend}")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    engine = common.engine_of(Settings(), arguments.detector, arguments.embedder, arguments.emotion)
    total, reviews, seconds = Counter[str](), Counter[str](), 0.0
    for seed in arguments.seeds:
        folder = make_day(arguments, seed)
        day = review(folder, engine)
        counts = score(arguments.tool, folder, table_of(day))
        total += counts
        reviews += Counter(visit.review for visit in day.visits)
        seconds += day.seconds
        print(folder.name, dict(counts), f"{day.seconds:.1f} s", file=sys.stderr, flush=True)
    report = {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit(),
        "command": "python -m benchmarks.storeday",
        "kind": arguments.kind,
        "people": arguments.people,
        "seeds": arguments.seeds,
        "backends": [engine.detector.name, engine.embedder.name, engine.emotion.name],
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "days": len(arguments.seeds),
        "seconds": round(seconds, 1),
        "reviews": dict(reviews),
        **pooled(total),
    }
    print(json.dumps(report, indent=1))
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
