"""Films → appearances → visits. Takes instances, never names; the edge turns names into instances.

A film is read once: faces are found, gated by zone and hour, tracked; each face is cut out and judged, and the frame
goes. When a track ends, its best shots make the template, staff is gated by it, and only then are its expressions read.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from fer_core import match as matching
from fer_core import review, video
from fer_core.detect import Detector
from fer_core.embed import Embedder
from fer_core.emotion import EmotionModel
from fer_core.errors import CancelledError, FilmError, InputError
from fer_core.gate import Gate, moment_of
from fer_core.quality import ShotKeeper, hidden_shares, shot_of
from fer_core.settings import Settings, fit_for
from fer_core.track import FaceTracker
from fer_core.types import (
    EXPRESSIONS,
    Appearance,
    AppearanceStatus,
    Day,
    Faces,
    FilmInfo,
    FloatArray,
    Footage,
    Frame,
    Role,
    Shot,
    Visit,
)  # fmt: skip

_HASH_BYTES = 1 << 20


@dataclass(frozen=True)
class Engine:
    """The three backends and every threshold."""

    detector: Detector
    embedder: Embedder
    emotion: EmotionModel
    settings: Settings = field(default_factory=Settings)


@dataclass(frozen=True)
class Film:
    """A film of one camera: its door's name, its start (aware, or None), and what its camera's gate drops."""

    path: Path
    role: Role
    start_at: datetime | None = None
    door: str = ""
    gate: Gate = field(default_factory=Gate)


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


def sha256_of_film(path: Path) -> str:
    """Content hash by which the store knows a film again, whatever its name."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(_HASH_BYTES):
            digest.update(block)
    return digest.hexdigest()


# ---- one film -------------------------------------------------------------------------------------------------------


class FilmAnalysis:
    """One film's way through the engine; feed it frames in order, then take the appearances."""

    def __init__(self, film: Film, place: int, engine: Engine) -> None:
        self.film, self.place, self.engine = film, place, engine
        self.tracker = FaceTracker(engine.settings.track, engine.settings.video.samples_per_s)
        self.keepers: dict[int, ShotKeeper] = {}
        self.spans: dict[int, tuple[float, float]] = {}
        self.before: list[Shot] = []
        self.faces = 0
        self.samples = 0
        self.end_s = 0.0
        self.appearances: list[Appearance] = []
        self.stages = dict.fromkeys(("detect", "track", "cut", "embed", "expression"), 0.0)

    def take(self, frame: Frame) -> None:
        """Take the next sampled frame."""
        clock = time.perf_counter()
        faces = self._admitted(self.engine.detector.detect(frame.image), frame)
        clock = self._spent("detect", clock)
        numbers, late = self.tracker.update(faces, frame.time_s)
        clock = self._spent("track", clock)
        hidden = hidden_shares(faces.xyxy)
        quality = self.engine.settings.quality
        shots = [shot_of(frame, faces, row, float(hidden[row]), quality) for row in range(len(faces))]
        self._keep(shots, numbers, late)
        self._spent("cut", clock)
        self.before = shots
        self.faces += len(faces)
        self.samples += 1
        self.end_s = frame.time_s
        for number in self.tracker.ended():
            self._finish(number)

    def done(self) -> list[Appearance]:
        """All appearances of the film, broken tracks joined, in order of time."""
        for number in sorted(self.keepers):
            self._finish(number)
        fit = fit_for(self.engine.embedder.name)
        return matching.join_broken(self.appearances, fit, self.engine.settings.match)

    def _admitted(self, faces: Faces, frame: Frame) -> Faces:
        height, width = frame.image.shape[:2]
        return faces[self.film.gate.admits(faces, (width, height), moment_of(self.film.start_at, frame.time_s))]

    def _keep(self, shots: list[Shot], numbers: Sequence[int | None], late: dict[int, int]) -> None:
        for shot, number in zip(shots, numbers, strict=True):
            if number is None:
                continue
            if number not in self.keepers:
                self.keepers[number] = ShotKeeper(self.engine.settings.quality)
                self.spans[number] = (shot.time_s, shot.time_s)
                if number in late:
                    first = self.before[late[number]]
                    self.keepers[number].add(first)
                    self.spans[number] = (first.time_s, shot.time_s)
            self.keepers[number].add(shot)
            self.spans[number] = (self.spans[number][0], shot.time_s)

    def _finish(self, number: int) -> None:
        keeper, span = self.keepers.pop(number), self.spans.pop(number)
        if keeper.faces < self.engine.settings.track.min_faces:
            return
        chosen = keeper.template_shots()
        clock = time.perf_counter()
        template = self._template(chosen) if chosen else None
        clock = self._spent("embed", clock)
        if template is not None and not self.film.gate.admits_template(template):
            return
        scored = keeper.shots if template is not None else []
        series = self._series(scored)
        self._spent("expression", clock)
        self.appearances.append(self._appearance(keeper, chosen, span, template, scored, series))

    def _template(self, shots: list[Shot]) -> FloatArray:
        """Quality-weighted mean of the shots' embeddings, to length 1."""
        rows = self.engine.embedder.embed_many([s.patch for s in shots], [s.face for s in shots])
        mean = np.average(rows, axis=0, weights=[s.quality for s in shots])
        return np.asarray(mean / np.linalg.norm(mean), np.float32)

    def _series(self, shots: list[Shot]) -> FloatArray:
        if not shots:
            return np.zeros((0, len(EXPRESSIONS)), np.float32)
        return self.engine.emotion.predict_many([s.patch for s in shots], [s.face for s in shots])

    def _appearance(
        self,
        keeper: ShotKeeper,
        chosen: list[Shot],
        span: tuple[float, float],
        template: FloatArray | None,
        scored: list[Shot],
        series: FloatArray,
    ) -> Appearance:
        best = chosen[0] if chosen else max(keeper.best, key=lambda shot: shot.quality)
        return Appearance(
            role=self.film.role, film=self.place, intervals=(span,), best_s=best.time_s, x=best.center[0],
            y=best.center[1], size_px=best.size_px, quality=best.quality, faces=keeper.faces, template=template,
            times_s=np.array([s.time_s for s in scored]), series=series,
            weight=np.array([max(s.quality, 0.01) for s in scored]), door=self.film.door,
        )  # fmt: skip

    def _spent(self, stage: str, since: float) -> float:
        now = time.perf_counter()
        self.stages[stage] += now - since
        return now


def analyze_film(
    film: Film,
    place: int,
    engine: Engine,
    *,
    tell: Tell | None = None,
    cancelled: Callable[[], bool] | None = None,
    info: FilmInfo | None = None,
) -> tuple[Footage, list[Appearance]]:
    """One film → its appearances; `place` is its place in its camera's list.

    Raises FilmError where it can't be read, CancelledError where `cancelled` says so.
    """
    info = info or video.probe(film.path)
    analysis, warnings = FilmAnalysis(film, place, engine), list[str]()
    for frame in video.samples(film.path, engine.settings.video, warn=warnings.append):
        if cancelled and cancelled():
            raise CancelledError(f"{film.path.name}: stopped; nothing was written")
        analysis.take(frame)
        if tell:
            people = len(analysis.appearances) + len(analysis.keepers)
            tell(Progress(film.path, film.role, frame.time_s, info.duration_s, analysis.faces, people))
    appearances = analysis.done()
    duration_s = max(info.duration_s or 0.0, analysis.end_s)
    if tell:
        tell(Progress(film.path, film.role, duration_s, duration_s, analysis.faces, len(appearances)))
    footage = Footage(
        path=film.path, sha256=sha256_of_film(film.path), role=film.role, door=film.door, start_at=film.start_at,
        duration_s=duration_s, width=info.width, height=info.height, warnings=tuple(warnings),
    )  # fmt: skip
    return footage, appearances


# ---- a store's day --------------------------------------------------------------------------------------------------


def checked(films: Sequence[Film]) -> list[FilmInfo]:
    """Look at every film before any work begins; gives what each says of itself.

    Raises FilmError for a film that can't be read or that is given twice, and InputError where the exits end before
    the entrances begin, or a start carries no time zone.
    """
    infos = [video.probe(film.path) for film in films]
    _check_distinct(films)
    for film in films:
        if film.start_at and film.start_at.tzinfo is None:
            raise InputError(f"{film.path}: the start {film.start_at.isoformat()} needs a time zone, such as +00:00")
    _check_order(films, infos)
    return infos


def _check_distinct(films: Sequence[Film]) -> None:
    seen: dict[str, Film] = {}
    for film in films:
        other = seen.setdefault(sha256_of_film(film.path), film)
        if other is film:
            continue
        if other.role != film.role:
            raise FilmError(f"{film.path}: the same film is given as entrance and as exit")
        raise FilmError(f"{film.path}: the same film as {other.path}, given twice")


def _check_order(films: Sequence[Film], infos: Sequence[FilmInfo]) -> None:
    begins = [film.start_at for film in films if film.role == "entry"]
    ends = [
        film.start_at + timedelta(seconds=info.duration_s) if film.start_at and info.duration_s is not None else None
        for film, info in zip(films, infos, strict=True)
        if film.role == "exit"
    ]
    known_begins, known_ends = [b for b in begins if b], [e for e in ends if e]
    if not begins or not ends or len(known_begins) < len(begins) or len(known_ends) < len(ends):
        return
    if max(known_ends) < min(known_begins):
        last = next(film for film in reversed(films) if film.role == "exit")
        raise InputError(f"{last.path}: the exit films end before the entrance films begin; are the start times swapped?")


def review_day(
    store: str,
    films: Sequence[Film],
    engine: Engine,
    *,
    offset: review.Offset | None = None,
    tell: Tell | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Day:
    """A store's films, entrances and exits of any number, → its day, settled. Templates end with the call's result."""
    started = time.perf_counter()
    infos = dict(zip([film.path for film in films], checked(films), strict=True))
    footage: dict[Role, list[Footage]] = {"entry": [], "exit": []}
    seen: dict[Role, list[Appearance]] = {"entry": [], "exit": []}
    for film in films:
        place = len(footage[film.role])
        told, found = analyze_film(film, place, engine, tell=tell, cancelled=cancelled, info=infos[film.path])
        footage[film.role].append(told)
        seen[film.role] += found
    result = settle(seen["entry"], seen["exit"], footage["entry"], footage["exit"], engine, offset)
    visits, entry_status, exit_status = result
    return Day(
        store=store, entry_films=tuple(footage["entry"]), exit_films=tuple(footage["exit"]),
        entries=tuple(seen["entry"]), exits=tuple(seen["exit"]), entry_status=entry_status, exit_status=exit_status,
        visits=visits, detector=engine.detector.name, embedder=engine.embedder.name, emotion=engine.emotion.name,
        seconds=time.perf_counter() - started,
    )  # fmt: skip


Settled = tuple[tuple[Visit, ...], tuple[AppearanceStatus, ...], tuple[AppearanceStatus, ...]]


def settle(
    entries: Sequence[Appearance],
    exits: Sequence[Appearance],
    entry_films: Sequence[Footage],
    exit_films: Sequence[Footage],
    engine: Engine,
    offset: review.Offset | None = None,
) -> Settled:
    """Match all entrances against all exits and review what matched: visits, and what became of every appearance."""
    settings, fit = engine.settings, fit_for(engine.embedder.name)
    clocks = [_clock(entries, entry_films), _clock(exits, exit_films)]
    found = matching.match(entries, exits, fit, settings.match, entry_at=clocks[0], exit_at=clocks[1])
    visits = tuple(_visit(entries[p.entry], exits[p.exit], p, entry_films, exit_films, settings, offset) for p in found.pairs)
    entry_status = _statuses(entries, {p.entry for p in found.pairs}, {p.entry for p in found.ambiguous})
    exit_status = _statuses(exits, {p.exit for p in found.pairs}, {p.exit for p in found.ambiguous})
    return visits, entry_status, exit_status


def _clock(seen: Sequence[Appearance], films: Sequence[Footage]) -> FloatArray:
    starts = [films[a.film].start_at for a in seen]
    return np.array([s.timestamp() + a.best_s if s else np.nan for s, a in zip(starts, seen, strict=True)])


def _statuses(seen: Sequence[Appearance], matched: set[int], ambiguous: set[int]) -> tuple[AppearanceStatus, ...]:
    def status(place: int) -> AppearanceStatus:
        if not seen[place].usable:
            return "unusable"
        return "matched" if place in matched else "ambiguous" if place in ambiguous else "unmatched"

    return tuple(status(place) for place in range(len(seen)))


def _visit(
    entry: Appearance,
    exit_: Appearance,
    pair: matching.Pair,
    entry_films: Sequence[Footage],
    exit_films: Sequence[Footage],
    settings: Settings,
    offset: review.Offset | None,
) -> Visit:
    change = review.change_between(entry, exit_, settings.review, offset)
    entered = moment_of(entry_films[entry.film].start_at, entry.best_s)
    exited = moment_of(exit_films[exit_.film].start_at, exit_.best_s)
    return Visit(
        entry=entry, exit=exit_, match_probability=pair.probability, runner_up=pair.runner_up,
        entry_valence=change.entry_valence, exit_valence=change.exit_valence, change=change.raw, change_se=change.se,
        camera_offset=change.offset, review=change.review,
        entered_at=entered.astimezone(UTC) if entered and exited else None,
        exited_at=exited.astimezone(UTC) if entered and exited else None,
    )  # fmt: skip
