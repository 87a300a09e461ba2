"""Milliseconds a picture of the live engine and of its drawing, at 640 × 480.

    python -m benchmarks.live --out benchmarks/reports/live-engine-DATE.json
    python -m benchmarks.live --films FILM… --tile FILM --people 5

Without films, people of the sample are drawn: one, then five, who sway and change their expressions. --films are filled into
640 × 480; --tile sets five copies of one film side by side. Pictures run at 25 a second of their own time, one after the
other without waiting. Minimum and median are told, and the machine's load: on a busy machine the median is the load's.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fer_core import detect, emotion, video
from fer_core.live import LiveEngine, LiveSettings, LiveStyle, draw
from fer_core.sample.cast import LOOKS, MOODS
from fer_core.sample.draw import BOX, figure
from fer_core.sample.scene import shop
from fer_core.settings import DetectSettings, VideoSettings
from fer_core.types import FloatArray, UInt8Array

WIDTH_PX, HEIGHT_PX, RATE = 640, 480, 25
MOST_MS = {1: 20.0, 5: 35.0}
"""The figures: engine, by people in the picture."""
_TURN_S = 1.6
_WARM = 10


# ---- pictures -------------------------------------------------------------------------------------------------------


def drawn(people: int, *, rate: int = RATE) -> Iterator[UInt8Array]:
    """Endless pictures (480, 640, 3) of that many drawn people, side by side, in motion."""
    unit = min(95.0, 0.42 * WIDTH_PX / people)
    moods = [MOODS[name] for name in ("neutral", "happy", "surprise")]
    cast = [[figure(look, mood, unit=unit) for mood in moods] for look in list(LOOKS.values())[:people]]
    back = cv2.resize(shop("entry"), (WIDTH_PX, HEIGHT_PX)).astype(np.float32)
    index = 0
    while True:
        picture, now = back.copy(), index / rate
        for place, figures in enumerate(cast):
            x = WIDTH_PX * (place + 0.5) / people + 0.15 * unit * np.sin(2.1 * now + place)
            y = 0.42 * HEIGHT_PX + 0.1 * unit * np.cos(1.3 * now + 2 * place)
            _paste(
                picture, figures[int(now / _TURN_S + place) % len(figures)], round(x + BOX[0] * unit), round(y + BOX[1] * unit)
            )
        yield np.clip(picture, 0, 255).astype(np.uint8)
        index += 1


def _paste(picture: FloatArray, over: FloatArray, left: int, top: int) -> None:
    """Lay the figure over the picture, in place, where it lies within."""
    x0, y0 = max(0, left), max(0, top)
    part = over[y0 - top : HEIGHT_PX - top, x0 - left : WIDTH_PX - left]
    region = picture[y0 : y0 + part.shape[0], x0 : x0 + part.shape[1]]
    region *= 1 - part[..., 3:]
    region += part[..., :3]


def filled(image: UInt8Array, width: int = WIDTH_PX, height: int = HEIGHT_PX) -> UInt8Array:
    """The middle of the image, as much of it as fills width × height."""
    scale = max(width / image.shape[1], height / image.shape[0])
    large = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    left, top = (large.shape[1] - width) // 2, (large.shape[0] - height) // 2
    return np.ascontiguousarray(large[top : top + height, left : left + width])


def of_film(path: Path) -> Iterator[UInt8Array]:
    """A film's pictures, filled into 640 × 480."""
    for frame in video.samples(path, VideoSettings(samples_per_s=RATE), warn=lambda text: print(text, file=sys.stderr)):
        yield filled(frame.image)


def tiled(path: Path, people: int) -> Iterator[UInt8Array]:
    """Copies of a film side by side in two rows, each some pictures behind the one before."""
    across, down = -(-people // 2), 2
    wide, high = WIDTH_PX // across, HEIGHT_PX // down
    small = [filled(image, wide, high) for image in of_film(path)]
    for index in range(len(small)):
        picture = np.full((HEIGHT_PX, WIDTH_PX, 3), 90, np.uint8)
        for place in range(people):
            x, y = (place % across) * wide, (place // across) * high
            picture[y : y + high, x : x + wide] = small[(index + 7 * place) % len(small)]
        yield picture


# ---- figures --------------------------------------------------------------------------------------------------------


def measured(pictures: Sequence[UInt8Array], engine: LiveEngine) -> dict[str, Any]:
    """Engine and drawing over all the pictures but the first, in which nothing is warm."""
    engine.reset()
    engine_ms, draw_ms, people = [], [], []
    for index, image in enumerate(pictures):
        result = engine.frame(image, index / RATE)
        since = time.perf_counter()
        draw(image, result, LiveStyle())
        draw_ms.append(1e3 * (time.perf_counter() - since))
        engine_ms.append(result.engine_ms)
        people.append(len(result.faces))
    return {
        "pictures": len(pictures), "people": round(float(np.mean(people[_WARM:])), 2),
        "engine_ms": spread(engine_ms[_WARM:]), "draw_ms": spread(draw_ms[_WARM:]),
    }  # fmt: skip


def spread(values: Sequence[float]) -> dict[str, float]:
    """Minimum, median and the ninetieth of a hundred."""
    low, middle, high = np.percentile(values, [0, 50, 90])
    return {"min": round(float(low), 2), "median": round(float(middle), 2), "p90": round(float(high), 2)}


def stamp(name: str) -> dict[str, Any]:
    """When, of which commit, on what, beside what."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607
    return {
        "date": datetime.now(UTC).date().isoformat(), "commit": commit.stdout.strip(), "cores": os.cpu_count(),
        "machine": platform.machine(), "python": platform.python_version(), "command": f"python -m benchmarks.{name}",
        "load_average": [round(value, 2) for value in os.getloadavg()],
    }  # fmt: skip


def write(report: dict[str, Any], out: Path | None) -> None:
    """To stdout, and to the file where one is given."""
    text = json.dumps(report, indent=1) + "\n"
    sys.stdout.write(text)
    if out:
        out.write_text(text)


def _scenes(arguments: argparse.Namespace) -> dict[str, list[UInt8Array]]:
    scenes = {f"drawn, {n}": list(islice(drawn(n), arguments.pictures)) for n in MOST_MS}
    scenes |= {path.name: list(islice(of_film(path), arguments.pictures)) for path in arguments.films}
    if arguments.tile:
        tiles = tiled(arguments.tile, arguments.people)
        scenes[f"{arguments.tile.name}, {arguments.people} tiles"] = list(islice(tiles, arguments.pictures))
    return scenes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--films", type=Path, nargs="*", default=[])
    parser.add_argument("--tile", type=Path)
    parser.add_argument("--people", type=int, default=5)
    parser.add_argument("--pictures", type=int, default=150, help="of each scene at most")
    parser.add_argument("--detector", default="yunet")
    parser.add_argument("--emotion", default="moodgate")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    settings = LiveSettings()
    detector = detect.open_detector(arguments.detector, DetectSettings(max_side_px=settings.side_px))
    engine = LiveEngine(detector, emotion.open_emotion(arguments.emotion), settings)
    report: dict[str, Any] = {
        **stamp("live"), "backends": [arguments.detector, arguments.emotion], "size": [WIDTH_PX, HEIGHT_PX],
        "figures_ms": {f"{people} in the picture": most for people, most in MOST_MS.items()}, "scenes": {},
    }  # fmt: skip
    for name, pictures in _scenes(arguments).items():
        report["scenes"][name] = measured(pictures, engine)
    write(report, arguments.out)


if __name__ == "__main__":
    main()
