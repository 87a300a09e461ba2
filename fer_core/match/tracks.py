"""Broken tracks of one camera that are one passage."""

import heapq
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fer_core.settings import LlrFit, MatchSettings
from fer_core.types import Appearance, FloatArray


def join_broken(appearances: Sequence[Appearance], fit: LlrFit, settings: MatchSettings) -> list[Appearance]:
    """Join tracks of one camera that are one passage: the same film, a short pause, never seen at the same moment, and
    alike beyond doubt. Likest first; a joined passage may be joined again."""
    alive = dict(enumerate(sorted(appearances, key=lambda seen: (seen.film, seen.start_s))))
    waiting: list[tuple[float, int, int]] = []
    for place, seen in alive.items():
        for other in range(place + 1, len(alive)):
            if alive[other].film != seen.film or alive[other].start_s > seen.end_s + settings.join_gap_s:
                break
            _propose(waiting, alive, place, other, fit, settings)
    number = len(alive)
    while waiting:
        _, first, second = heapq.heappop(waiting)
        if first not in alive or second not in alive:
            continue
        alive[number] = _joined(alive.pop(first), alive.pop(second))
        for other in list(alive)[:-1]:
            _propose(waiting, alive, other, number, fit, settings)
        number += 1
    return sorted(alive.values(), key=lambda seen: (seen.film, seen.start_s))


def _propose(
    waiting: list[tuple[float, int, int]],
    alive: dict[int, Appearance],
    first: int,
    second: int,
    fit: LlrFit,
    settings: MatchSettings,
) -> None:
    """Put the pair in the queue, likest first, if it may be joined."""
    if not _may_join(alive[first], alive[second], settings):
        return
    llr = fit.slope * _cosine(alive[first], alive[second]) + fit.intercept
    if llr >= settings.join_llr:
        heapq.heappush(waiting, (-llr, first, second))


def _cosine(first: Appearance, second: Appearance) -> float:
    """Of two appearances with templates."""
    return float(np.dot(np.asarray(first.template), np.asarray(second.template)))


def _may_join(first: Appearance, second: Appearance, settings: MatchSettings) -> bool:
    if first.film != second.film or first.template is None or second.template is None:
        return False
    pause = max(first.start_s, second.start_s) - min(first.end_s, second.end_s)
    if pause > settings.join_gap_s:
        return False
    return not any(a[0] <= b[1] and b[0] <= a[1] for a in first.intervals for b in second.intervals)


def _joined(first: Appearance, second: Appearance) -> Appearance:
    better, other = (first, second) if first.quality >= second.quality else (second, first)
    order = np.argsort(np.concatenate([first.times_s, second.times_s]), kind="stable")
    return replace(
        better,
        intervals=tuple(sorted((*first.intervals, *second.intervals))),
        faces=first.faces + second.faces,
        template=_mixed(better.template, other.template, better, other),
        second=_mixed(better.second, other.second, better, other),
        times_s=np.concatenate([first.times_s, second.times_s])[order],
        series=np.concatenate([first.series, second.series])[order],
        weight=np.concatenate([first.weight, second.weight])[order],
        looks=tuple(
            sorted((*first.looks, *second.looks), key=lambda look: -look.quality)[: max(len(first.looks), len(second.looks))]
        ),
    )


def _mixed(one: FloatArray | None, two: FloatArray | None, better: Appearance, other: Appearance) -> FloatArray | None:
    """The mean of two templates of one person, weighted by the quality of their appearances, to length 1."""
    if one is None or two is None:
        return one if two is None else two
    mean = better.quality * np.asarray(one) + other.quality * np.asarray(two)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)
