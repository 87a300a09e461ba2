"""A film ten times as long takes no more memory: the whole pipeline in a process of its own, toy backends."""

import json
import subprocess
import sys
from pathlib import Path

from tests import films
from tests.test_pipeline import write_film

ROOT = Path(__file__).parents[1]
CHILD = """
import json, resource, sys
from pathlib import Path
from fer_core import pipeline
from tests.test_pipeline import engine
_, seen = pipeline.analyze_film(pipeline.Film(Path(sys.argv[1]), "entry"), 0, engine())
print(json.dumps({"people": len(seen), "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000}))
"""
ALLOWED_MB = 50


def run(film: Path) -> dict[str, float]:
    command = [sys.executable, "-c", CHILD, str(film)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)  # noqa: S603


def test_memory_does_not_grow_with_the_film(tmp_path):
    # after more than `join_gap_s` the same person is a new one
    walks = [(0.5, "ada", "happy", 20), (3.5, "ben", "sad", 150)]
    short = write_film(tmp_path / "short.mp4", walks, seconds=14, size=(640, 480))
    long = films.looped(short, tmp_path / "long.mp4", 10)
    once, tenfold = run(short), run(long)
    assert once["people"] == 2
    assert tenfold["people"] >= 10
    assert tenfold["peak_mb"] <= once["peak_mb"] + ALLOWED_MB
