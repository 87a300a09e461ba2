"""Time each stage of one film, decoding alone beside it, and the peak of memory."""

import resource
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from fer_core import video
from fer_core.pipeline import Engine, Film, FilmAnalysis
from fer_core.types import Faces, Frame
from fer_core.video.source import open_film, picture_stream

ROUNDS, ENOUGH_S = 5, 10.0


@dataclass(frozen=True)
class Bench:
    """Seconds; ratio is total_s over decode_s. Stages overlap: they add up to more than total_s.

    decode_s: every frame, with threads, nothing else. frames are the film's, samples those looked at. peak_rss_mb
    (10⁶ bytes) is the process's, models and all.
    """

    decode_s: float
    total_s: float
    ratio: float
    stages: dict[str, float]
    frames: int
    samples: int
    faces: int
    tracks: int
    peak_rss_mb: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def decode_all(path: Path) -> tuple[int, float]:
    """Decode every frame with threads and throw it away: (frames, seconds)."""
    since, frames = time.perf_counter(), 0
    with open_film(path) as container:
        stream = picture_stream(container, path)
        stream.thread_type = "AUTO"
        packets = container.demux(stream)
        while (packet := _decodable(lambda: next(packets, None))) is not None:
            frames += len(_decodable(packet.decode) or ())
    return frames, time.perf_counter() - since


def _decodable(step: Callable[[], Any]) -> Any:
    """What the step gives; None where the film is damaged there."""
    try:
        return step()
    except av.FFmpegError:
        return None


def warm_up(engine: Engine) -> None:
    """Let every model run once and the tracker be loaded, so that loading is not counted."""
    image = np.full((480, 640, 3), 127, np.uint8)
    landmarks = np.array([[[260, 200], [340, 200], [300, 250], [270, 300], [330, 300]]], np.float32)
    face = Faces(np.array([[200, 100, 400, 350]], np.float32), np.ones(1, np.float32), landmarks)
    engine.detector.detect(image)
    engine.embedder.embed(image, face)
    engine.emotion.predict(image, face)
    with FilmAnalysis(Film(Path(), "entry"), 0, engine) as analysis:
        analysis.take(Frame(0.0, image))


def bench(path: Path, engine: Engine, *, tell: Callable[[str], None] = lambda _: None, rounds: int = ROUNDS) -> Bench:
    """Time one film, and give the round of the median ratio. Raises FilmError where it can't be read.

    A short film is over before a busy machine has shown itself, so that it is timed several times; a long one once.
    """
    video.probe(path)
    warm_up(engine)
    done: list[Bench] = []
    since = time.perf_counter()
    while len(done) < rounds and (not done or time.perf_counter() - since < ENOUGH_S):
        done.append(_round(path, engine, tell))
    return sorted(done, key=lambda one: one.ratio)[len(done) // 2]


def _round(path: Path, engine: Engine, tell: Callable[[str], None]) -> Bench:
    tell("decoding alone …")
    frames, decode_s = decode_all(path)
    tell("the whole …")
    since = time.perf_counter()
    frames_ahead = video.ahead(video.samples(path, engine.settings.video, warn=tell), engine.settings.video.ahead)
    with FilmAnalysis(Film(path, "entry"), 0, engine) as analysis, closing(frames_ahead) as decoded:
        waited = 0.0
        while True:
            clock = time.perf_counter()
            frame = next(decoded, None)
            waited += time.perf_counter() - clock
            if frame is None:
                break
            analysis.take(frame)
        tracks = len(analysis.done())
    total_s = time.perf_counter() - since
    stages = {name: round(spent, 4) for name, spent in analysis.stages.items()}
    stages["waiting for decoding"] = round(waited, 4)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return Bench(
        round(decode_s, 4), round(total_s, 4), round(total_s / decode_s, 3), stages, frames, analysis.samples,
        analysis.faces, tracks, round(peak, 1),
    )  # fmt: skip
