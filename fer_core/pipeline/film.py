"""One film → its appearances.

A film is read once: faces are found, gated by zone and hour, tracked; each face is cut out and judged, and the frame
goes. When a track ends, its best shots make the template, staff is gated by it, and only then are its expressions read.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Self

import numpy as np

from fer_core import match as matching
from fer_core import video
from fer_core.detect import Detector
from fer_core.embed import Embedder, NoEmbedder
from fer_core.emotion import EmotionModel
from fer_core.errors import CancelledError, InputError
from fer_core.gate import Gate, moment_of
from fer_core.pipeline.passages import Codes, Passage, split_by_appearance, whole_track
from fer_core.pixelate import picture_of
from fer_core.quality import ShotKeeper, hidden_shares, look_of, shot_of
from fer_core.settings import Settings, fit_for
from fer_core.track import FaceTracker, Tracked
from fer_core.types import (
    EXPRESSIONS,
    Appearance,
    Faces,
    FilmInfo,
    FloatArray,
    Footage,
    Frame,
    Look,
    Role,
    Shot,
)  # fmt: skip
from fer_core.weights import sha256_of

_MOST_PENDING = 8
_READERS = 4
"""Threads that embed and read faces: more than two processors, for each waits now and then."""


@dataclass(frozen=True)
class Engine:
    """The three backends and every threshold; `second`, if there, is asked as well when the day is settled."""

    detector: Detector
    embedder: Embedder
    emotion: EmotionModel
    settings: Settings = field(default_factory=Settings)
    second: Embedder | None = None

    @property
    def aggregate(self) -> bool:
        """Whether no template may be made: there are sums only."""
        return isinstance(self.embedder, NoEmbedder)

    @property
    def embedder_name(self) -> str:
        """The embedder's, with that of the second opinion."""
        return f"{self.embedder.name}+{self.second.name}" if self.second else self.embedder.name


@dataclass(frozen=True)
class Film:
    """A film of one camera: its door's name, its start (aware, or None), and what its camera's gate drops."""

    path: Path
    role: Role
    start_at: datetime | None = None
    door: str = ""
    gate: Gate = field(default_factory=Gate)
    evidence: bool = False


@dataclass(frozen=True)
class Progress:
    """How far one film is: seconds done of total (None: the film doesn't say), faces and people found so far."""

    film: Path
    role: Role
    done_s: float
    total_s: float | None
    faces: int
    people: int


Tell = Callable[[Progress], None]


@dataclass(frozen=True)
class Checked:
    """A film that was looked at: what it says of itself, and the content hash by which the store knows it again."""

    film: Film
    info: FilmInfo
    sha256: str


def check_film(film: Film) -> Checked:
    """Look at one film before any work begins. FilmError where it can't be read, InputError for a start without zone."""
    info = video.probe(film.path)
    if film.start_at and film.start_at.tzinfo is None:
        raise InputError(f"{film.path}: the start {film.start_at.isoformat()} needs a time zone, such as +00:00")
    return Checked(film, info, sha256_of(film.path))


# ---- one film -------------------------------------------------------------------------------------------------------


class FilmAnalysis:
    """One film's way through the engine; feed it frames in order, then take the appearances. Close it, or use `with`.

    Finding and tracking happen in the caller's thread; ended tracks are embedded and read in threads of its own.
    """

    def __init__(self, film: Film, place: int, engine: Engine) -> None:
        self.film, self.place, self.engine = film, place, engine
        self.tracker = FaceTracker(engine.settings.track, engine.settings.video.samples_per_s)
        self.keepers: dict[int, ShotKeeper] = {}
        self.codes: dict[int, Codes] = {}
        self.before: list[Shot] = []
        self.faces = 0
        self.samples = 0
        self.end_s = 0.0
        self.appearances: list[Appearance] = []
        self.pool = ThreadPoolExecutor(_READERS, thread_name_prefix="read-tracks")
        self.clock = threading.Lock()
        self.pending: deque[Future[list[Appearance]]] = deque()
        self.stages = dict.fromkeys(("detect", "track", "cut", "embed", "expression"), 0.0)

    def take(self, frame: Frame) -> None:
        """Take the next sampled frame."""
        clock = time.perf_counter()
        faces = self._admitted(self.engine.detector.detect(frame.image), frame)
        clock = self._spent("detect", clock)
        tracked = self.tracker.update(faces, frame.time_s)
        clock = self._spent("track", clock)
        hidden = hidden_shares(faces.xyxy)
        quality = self.engine.settings.quality
        shots = [shot_of(frame, faces, row, float(hidden[row]), quality) for row in range(len(faces))]
        self._spent("cut", clock)
        self._keep(shots, tracked)
        self.before = shots
        self.faces += len(faces)
        self.samples += 1
        self.end_s = frame.time_s
        for number in self.tracker.ended():
            if number in self.keepers:
                self._finish(number)

    def fresh(self) -> list[Appearance]:
        """The appearances of tracks that were read since this was last asked, without waiting for others."""
        while self.pending and self.pending[0].done():
            self._collect()
        found, self.appearances = self.appearances, []
        return found

    def finish(self) -> list[Appearance]:
        """What `fresh` has not told yet, those included that are still in the picture; broken tracks stay broken."""
        left = sorted(self.keepers, key=lambda number: self.keepers[number].faces)
        for share in (left[reader::_READERS] for reader in range(_READERS)):
            self._finish(*share)
        while self.pending:
            self._collect()
        return self.fresh()

    def done(self) -> list[Appearance]:
        """All appearances of the film, broken tracks joined, in order of time."""
        self.appearances = self.finish()
        if self.engine.aggregate:
            return sorted(self.appearances, key=lambda one: one.start_s)
        fit = fit_for(self.engine.embedder.name)
        return matching.join_broken(self.appearances, fit, self.engine.settings.match)

    def close(self) -> None:
        """End the thread; what it has not read yet is dropped."""
        self.pool.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _admitted(self, faces: Faces, frame: Frame) -> Faces:
        height, width = frame.image.shape[:2]
        return faces[self.film.gate.admits(faces, (width, height), moment_of(self.film.start_at, frame.time_s))]

    def _keep(self, shots: list[Shot], tracked: Tracked) -> None:
        for shot, number in zip(shots, tracked.numbers, strict=True):
            if number is None:
                continue
            if number not in self.keepers:
                self.keepers[number] = ShotKeeper(self.engine.settings.quality)
                self.codes[number] = Codes(self.engine.embedder, self.engine.settings.track)
                if number in tracked.late:
                    self.keepers[number].add(self.before[tracked.late[number]])
            kept = self.keepers[number].add(shot)
            if kept is not None and not self.engine.aggregate and kept.quality >= self.engine.settings.quality.min_usable:
                self.codes[number].ask(shot, self.pool)

    def _finish(self, *numbers: int) -> None:
        """Hand ended tracks to a thread that reads them; a long queue is waited for, so that memory stays bounded."""
        ended = [(self.keepers.pop(number), self.codes.pop(number)) for number in numbers]
        self.pending.append(self.pool.submit(self._read_tracks, ended))
        while self.pending and (len(self.pending) > _MOST_PENDING or self.pending[0].done()):
            self._collect()

    def _collect(self) -> None:
        self.appearances += self.pending.popleft().result()

    def _read_tracks(self, ended: list[tuple[ShotKeeper, Codes]]) -> list[Appearance]:
        """Gate each person's passage by its template; only then are expressions read."""
        clock = time.perf_counter()
        found = [passage for track in ended for passage in self._passages(*track)]
        passages = [self._agreed(passage) for passage in found if self._counts(passage)]
        clock = self._spent("embed", clock)
        appearances = self.read(passages)
        self._spent("expression", clock)
        return appearances

    def read(self, passages: list[Passage]) -> list[Appearance]:
        """What becomes of passages that were gated: appearances, the expressions of all read in one go."""
        scored = [passage.shots if passage.chosen else [] for passage in passages]
        series = self._series([shot for shots in scored for shot in shots])
        parts = np.split(series, np.cumsum([len(shots) for shots in scored])[:-1]) if passages else []
        return [self._appearance(*read) for read in zip(passages, scored, parts, strict=True)]

    def _passages(self, keeper: ShotKeeper, codes: Codes) -> list[Passage]:
        settings = self.engine.settings
        return whole_track(keeper, settings) if self.engine.aggregate else split_by_appearance(keeper, codes, settings)

    def _counts(self, passage: Passage) -> bool:
        """Whether it is long enough, and nobody of the staff."""
        staff = passage.template is not None and not self.film.gate.admits_template(passage.template)
        return passage.faces >= self.engine.settings.track.min_faces and not staff

    def _agreed(self, passage: Passage) -> Passage:
        """The passage without its template where people have to agree first, and this one did not."""
        keeps = passage.template is None or self.film.gate.keeps_template(passage.template)
        return passage if keeps else replace(passage, template=None)

    def _appearance(self, passage: Passage, scored: list[Shot], series: FloatArray) -> Appearance:
        best = passage.best
        return Appearance(
            role=self.film.role, film=self.place, intervals=((passage.start_s, passage.end_s),), best_s=best.time_s,
            x=best.center[0], y=best.center[1], size_px=best.size_px, quality=best.quality, faces=passage.faces,
            template=passage.template, times_s=np.array([s.time_s for s in scored]), series=series,
            weight=np.array([max(s.quality, 0.01) for s in scored]), door=self.film.door, looks=self._looks(passage),
            picture=picture_of(best) if self.film.evidence and passage.template is not None else b"",
        )  # fmt: skip

    def _looks(self, passage: Passage) -> tuple[Look, ...]:
        limits = self.engine.settings.quality
        if self.engine.second is None or passage.template is None:
            return ()
        return tuple(look_of(shot, limits.look_side_px) for shot in passage.chosen[: limits.looks])

    def _series(self, shots: list[Shot]) -> FloatArray:
        if not shots:
            return np.zeros((0, len(EXPRESSIONS)), np.float32)
        return self.engine.emotion.predict_many([s.patch for s in shots], [s.face for s in shots])

    def _spent(self, stage: str, since: float) -> float:
        now = time.perf_counter()
        with self.clock:
            self.stages[stage] += now - since
        return now


def analyze_film(
    film: Film,
    place: int,
    engine: Engine,
    *,
    tell: Tell | None = None,
    cancelled: Callable[[], bool] | None = None,
    checked: Checked | None = None,
) -> tuple[Footage, list[Appearance]]:
    """One film → its appearances; `place` is its place in its camera's list, `checked` what `check_film` said of it.

    Raises FilmError where it can't be read, CancelledError where `cancelled` says so.
    """
    checked = checked or check_film(film)
    info, warnings = checked.info, list[str]()
    frames = video.samples(film.path, engine.settings.video, warn=warnings.append)
    with FilmAnalysis(film, place, engine) as analysis, closing(video.ahead(frames, engine.settings.video.ahead)) as decoded:
        for frame in decoded:
            if cancelled and cancelled():
                raise CancelledError(f"{film.path.name}: stopped; nothing was written")
            analysis.take(frame)
            if tell:
                people = len(analysis.appearances) + len(analysis.pending) + len(analysis.keepers)
                tell(Progress(film.path, film.role, frame.time_s, info.duration_s, analysis.faces, people))
        appearances = analysis.done()
    duration_s = max(info.duration_s or 0.0, analysis.end_s)
    if tell:
        tell(Progress(film.path, film.role, duration_s, duration_s, analysis.faces, len(appearances)))
    footage = Footage(
        path=film.path, sha256=checked.sha256, role=film.role, door=film.door, start_at=film.start_at,
        duration_s=duration_s, width=info.width, height=info.height, warnings=tuple(warnings),
    )  # fmt: skip
    return footage, appearances
