"""A track → one passage a person: where its faces stop being alike, the tracker went over to somebody else.

A few shots spread over the track's time are embedded and compared with their neighbours; between two that differ, the
place of the change is found by bisection. The same codes, with those of the best shots, make the template.
"""

from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from fer_core.embed import Embedder
from fer_core.quality import ShotKeeper
from fer_core.settings import Settings, TrackSettings, fit_for
from fer_core.types import FloatArray, Shot


@dataclass(frozen=True, eq=False)
class Passage:
    """One person's part of a track. template is None where no shot was usable; then best is only the least bad one. It is
    None as well where none may be made, or kept.

    chosen are the shots that the template was made of, or would have been, the best first.
    """

    start_s: float
    end_s: float
    faces: int
    shots: list[Shot]
    best: Shot
    template: FloatArray | None
    chosen: list[Shot]


@dataclass
class Codes:
    """Embeddings of a track's shots, one a moment, each made once; some are asked for while the track still lasts."""

    embedder: Embedder
    settings: TrackSettings
    known: dict[float, FloatArray] = field(default_factory=dict)
    asked: dict[float, Future[FloatArray]] = field(default_factory=dict)
    due_s: float = -np.inf

    def ask(self, shot: Shot, pool: Executor) -> None:
        """Let the pool embed this shot if it is time for another: ever rarer, so that a long track costs no more than
        the logarithm of its length."""
        if shot.time_s < self.due_s:
            return
        self.due_s = shot.time_s + self.settings.probe_s * 2 ** (len(self.asked) // self.settings.probes)
        self.asked[shot.time_s] = pool.submit(self.embedder.embed, shot.patch, shot.face)

    def collect(self) -> None:
        """Wait for what was asked for."""
        for time_s, future in self.asked.items():
            self.known[time_s] = future.result()[0]

    def has(self, shot: Shot) -> bool:
        """True where the embedding of the shot's moment is known."""
        return shot.time_s in self.known

    def of(self, shots: list[Shot]) -> FloatArray:
        """(n, d) rows of length 1."""
        fresh = [shot for shot in shots if not self.has(shot)]
        rows = self.embedder.embed_many([s.patch for s in fresh], [s.face for s in fresh])
        self.known.update({shot.time_s: row for shot, row in zip(fresh, rows, strict=True)})
        return np.stack([self.known[shot.time_s] for shot in shots])


def split_by_appearance(keeper: ShotKeeper, codes: Codes, settings: Settings) -> list[Passage]:
    """The passages of a track, in order of time; one where nothing speaks against one person, or nothing can be told."""
    codes.collect()
    usable = [shot for shot in keeper.shots if shot.quality >= settings.quality.min_usable]
    cuts = _changes(usable, codes, settings)
    bounds = [-np.inf, *cuts, np.inf]
    return [passage for begin, end in pairwise(bounds) if (passage := _passage(keeper, begin, end, codes, settings))]


def whole_track(keeper: ShotKeeper, settings: Settings) -> list[Passage]:
    """The track as one passage without a template, where none may be made; nobody then knows of a change of person."""
    usable = [shot for shot in keeper.best if shot.quality >= settings.quality.min_usable]
    best = max(keeper.best, key=lambda shot: shot.quality)
    chosen = sorted(usable, key=lambda shot: -shot.quality)
    return [Passage(keeper.first_s, keeper.last_s, keeper.faces, keeper.shots, best, None, chosen)]


def _changes(usable: list[Shot], codes: Codes, settings: Settings) -> list[float]:
    """Times at which somebody else's part begins."""
    if len(usable) < 2:
        return []
    probes = _probes(usable, codes, settings.track.probes)
    codes.of([usable[place] for place in probes])
    fit, cuts = fit_for(codes.embedder.name), []
    for low, high in pairwise(probes):
        first, second = codes.of([usable[low], usable[high]])
        if fit.slope * float(first @ second) + fit.intercept < settings.track.same_llr:
            cuts.append(_bisected(usable, int(low), int(high), codes))
    return cuts


def _probes(usable: list[Shot], codes: Codes, fewest: int) -> list[int]:
    """Places of the shots that are compared: those embedded already, and others where these leave a gap."""
    known = [place for place, shot in enumerate(usable) if codes.has(shot)]
    times = np.array([usable[place].time_s for place in known])
    apart_s = (usable[-1].time_s - usable[0].time_s) / (2 * max(1, fewest - 1))
    even = np.unique(np.linspace(0, len(usable) - 1, fewest).round().astype(int))
    missing = [int(place) for place in even if not np.any(np.abs(times - usable[place].time_s) <= apart_s)]
    return sorted({*known, *missing})


def _bisected(usable: list[Shot], low: int, high: int, codes: Codes) -> float:
    first, second = codes.of([usable[low], usable[high]])
    while high - low > 1:
        middle = (low + high) // 2
        (code,) = codes.of([usable[middle]])
        low, high = (middle, high) if code @ first >= code @ second else (low, middle)
    return usable[high].time_s


def _passage(keeper: ShotKeeper, begin: float, end: float, codes: Codes, settings: Settings) -> Passage | None:
    shots = [shot for shot in keeper.shots if begin <= shot.time_s < end]
    if not shots:
        return None
    whole = len(shots) == len(keeper.shots)
    candidates = [shot for shot in keeper.best if begin <= shot.time_s < end] or shots
    faces = keeper.faces if whole else round(keeper.faces * len(shots) / len(keeper.shots))
    chosen = _template_shots(shots, candidates, codes, settings)
    best = max(chosen or candidates, key=lambda shot: shot.quality)
    template = _template(chosen, codes) if chosen else None
    start_s = keeper.first_s if np.isneginf(begin) else shots[0].time_s
    end_s = keeper.last_s if np.isposinf(end) else shots[-1].time_s
    return Passage(start_s, end_s, faces, shots, best, template, sorted(chosen, key=lambda shot: -shot.quality))


def _template_shots(shots: list[Shot], candidates: list[Shot], codes: Codes, settings: Settings) -> list[Shot]:
    """The best shots and the probes that are not far below the very best; empty where none is usable."""
    limits = settings.quality
    ranked = sorted(candidates, key=lambda shot: -shot.quality)[: limits.best_shots]
    if not ranked or ranked[0].quality < limits.min_usable:
        return []
    floor = max(limits.min_usable, limits.relative_floor * ranked[0].quality)
    probes = [shot for shot in shots if codes.has(shot)]
    taken = {shot.time_s for shot in ranked}
    return [s for s in (*ranked, *(p for p in probes if p.time_s not in taken)) if s.quality >= floor]


def _template(shots: list[Shot], codes: Codes) -> FloatArray:
    """Quality-weighted mean of the shots' embeddings, to length 1."""
    mean = np.average(codes.of(shots), axis=0, weights=[shot.quality for shot in shots])
    return np.asarray(mean / np.linalg.norm(mean), np.float32)
