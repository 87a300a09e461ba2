"""Memory of the live page's session over many pictures, all that a viewer can have running included.

    python -m benchmarks.live_memory --pictures 10000 --out benchmarks/reports/live-memory-DATE.json

Two drawn people; every picture goes the whole way of the page's stream: engine, drawing with bars, audience recording. Told is
the resident memory after the first 500 pictures, and the most and the last that it was beyond that afterwards.
"""

import argparse
import gc
from fractions import Fraction
from pathlib import Path

import av

from benchmarks import live
from fer_core import detect, emotion
from fer_core.live import LiveEngine, LiveStyle
from fer_core.settings import DetectSettings
from ui.live_audience import AudienceMode
from ui.live_session import LiveSession

_FIRST, _EVERY = 500, 250
_LIMIT_MB = 30.0


def resident_mb() -> float:
    """This process's resident memory."""
    gc.collect()
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise OSError("no VmRSS")


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description="Memory of the live page's session")
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--people", type=int, default=2)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    session = LiveSession(LiveEngine(detect.open_default(DetectSettings(), print), emotion.open_default(print)))
    session.style = LiveStyle(bars=True)
    session.taker = mode = AudienceMode()
    mode.audience.begin("all of it")
    told: list[float] = []
    for number, image in zip(range(arguments.pictures), live.drawn(arguments.people), strict=False):
        frame = av.VideoFrame.from_ndarray(image, format="bgr24")
        frame.pts, frame.time_base = round(number / live.RATE * 90_000), Fraction(1, 90_000)
        session.on_frame(frame)
        if number + 1 >= _FIRST and (number + 1 - _FIRST) % _EVERY == 0:
            told.append(round(resident_mb(), 1))
    beyond = [value - told[0] for value in told]
    report = {
        **live.stamp("live_memory"), "pictures": arguments.pictures, "people": arguments.people, "after_first_500_mb": told[0],
        "most_beyond_mb": round(max(beyond), 1), "last_beyond_mb": round(beyond[-1], 1), "limit_mb": _LIMIT_MB,
        "points_recorded": sum(len(run.points) for run in [mode.audience.end()] if run) or None,
    }  # fmt: skip
    live.write(report, arguments.out)


if __name__ == "__main__":
    main()
