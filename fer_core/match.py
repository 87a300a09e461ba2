"""Entrances × exits → pairs, with people left alone.

Tracks are matched, not faces: the cosine of two templates becomes a log-likelihood ratio, time adds what it knows, and
one assignment is solved on the matrix augmented with a dummy for everybody, so that nobody is forced to match.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.special import logsumexp

from fer_core.settings import LlrFit, MatchSettings, PairFit
from fer_core.types import Appearance, FloatArray

_IMPOSSIBLE = -1e6
_ROUNDS = 300


@dataclass(frozen=True)
class Pair:
    """An entrance and an exit (places in their lists) taken for the same person.

    probability is the pair's; runner_up that of the likeliest other partner of either.
    """

    entry: int
    exit: int
    probability: float
    runner_up: float


@dataclass(frozen=True)
class Matching:
    """Who belongs to whom: sure pairs, and those too close to another to be told."""

    pairs: tuple[Pair, ...]
    ambiguous: tuple[Pair, ...]


@dataclass(frozen=True, eq=False)
class SecondOpinion:
    """Another embedder's templates of the same appearances, in the order of their lists, and how both go together.

    entries (n, d), exits (m, d): rows of length 1; NaN where it knows nothing.
    """

    entries: FloatArray
    exits: FloatArray
    fit: PairFit


def llr_of(cosine: FloatArray, fit: LlrFit, settings: MatchSettings) -> FloatArray:
    """Log-likelihood ratio of "same person" for each cosine (−1 … 1), limited to ± max_llr."""
    return np.clip(fit.slope * cosine + fit.intercept, -settings.max_llr, settings.max_llr)


def time_scores(entry_at: FloatArray, exit_at: FloatArray, settings: MatchSettings) -> FloatArray:
    """(n, m) what the clocks say of each pair: a log-normal dwell time against its own peak, floored; exits before
    entrances are impossible. Times in seconds of one clock; NaN where unknown, which says nothing."""
    dwell = exit_at[None, :] - entry_at[:, None]
    middle, sigma = np.log(settings.dwell_median_s), settings.dwell_sigma
    with np.errstate(invalid="ignore"):
        spread = (np.log(np.maximum(dwell, 1.0)) - middle) / sigma
        score = np.maximum(-0.5 * spread**2, settings.dwell_floor)
        score = np.where(dwell < -settings.clock_slack_s, _IMPOSSIBLE, score)
    return np.where(np.isnan(dwell), 0.0, score)


def log_prior(n: int, m: int, settings: MatchSettings) -> float:
    """Log odds of one more pair among n entrances and m exits before any face is looked at.

    When a share s of the people is seen by both cameras and all pairings are equally likely, k pairs weigh
    (s / (1 − s))ᵏ (m − k)! / m!; at the expected k, one more pair weighs s / (1 − s) over the exits that are left.
    """
    share = settings.matched_share
    return float(np.log(share / (1 - share)) - np.log((1 - share) * max(n, m) + 1))


def match(
    entries: Sequence[Appearance],
    exits: Sequence[Appearance],
    fit: LlrFit,
    settings: MatchSettings,
    *,
    entry_at: FloatArray | None = None,
    exit_at: FloatArray | None = None,
    second: SecondOpinion | None = None,
) -> Matching:
    """Match usable appearances; those without a template are left out. entry_at (n,), exit_at (m,): seconds of one
    clock, NaN where unknown."""
    rows = [i for i, seen in enumerate(entries) if seen.usable]
    cols = [j for j, seen in enumerate(exits) if seen.usable]
    if not rows or not cols:
        return Matching((), ())
    llr = _likeness(entries, exits, rows, cols, fit, settings, second)
    score = np.where(llr >= settings.min_llr, llr, _IMPOSSIBLE)
    if entry_at is not None and exit_at is not None:
        score = score + time_scores(entry_at[rows], exit_at[cols], settings)
    score = score + log_prior(len(rows), len(cols), settings)
    pairs = [Pair(rows[i], cols[j], probability, runner_up) for i, j, probability, runner_up in _assigned(score, settings)]
    sure = [pair for pair in pairs if pair.probability >= np.exp(settings.min_margin) * pair.runner_up]
    return Matching(tuple(sure), tuple(pair for pair in pairs if pair not in sure))


def _likeness(
    entries: Sequence[Appearance],
    exits: Sequence[Appearance],
    rows: list[int],
    cols: list[int],
    fit: LlrFit,
    settings: MatchSettings,
    second: SecondOpinion | None,
) -> FloatArray:
    """(n, m) what the faces say: both embedders where both know the pair, else the first alone."""
    cosine = _templates(entries, rows) @ _templates(exits, cols).T
    alone = llr_of(cosine, fit, settings)
    if second is None:
        return alone
    other = second.entries[rows] @ second.exits[cols].T
    both = second.fit.first * cosine + second.fit.second * other + second.fit.intercept
    return np.where(np.isnan(other), alone, np.clip(both, -settings.max_llr, settings.max_llr))


def _templates(appearances: Sequence[Appearance], rows: list[int]) -> FloatArray:
    return np.stack([np.asarray(appearances[row].template, np.float64) for row in rows])


def _assigned(log_odds: FloatArray, settings: MatchSettings) -> list[tuple[int, int, float, float]]:
    n, m = log_odds.shape
    alone = np.log((1 - settings.max_false_share) / settings.max_false_share)
    augmented = np.zeros((n + m, n + m))
    augmented[:n, :m] = log_odds
    augmented[:n, m:] = np.where(np.eye(n, dtype=bool), alone, _IMPOSSIBLE)
    augmented[n:, :m] = np.where(np.eye(m, dtype=bool), 0.0, _IMPOSSIBLE)
    found = zip(*linear_sum_assignment(augmented, maximize=True), strict=True)
    chance = pair_probabilities(log_odds)
    result = []
    for i, j in found:
        if i < n and j < m:
            others = np.concatenate([np.delete(chance[i], j), np.delete(chance[:, j], i), [0.0]])
            result.append((int(i), int(j), float(chance[i, j]), float(others.max())))
    return result


def pair_probabilities(log_odds: FloatArray) -> FloatArray:
    """(n, m) each pair's share among all ways of pairing and staying alone.

    Mean-field marginals of partial matchings by alternate scaling (Sinkhorn 1967) with a dummy of weight 1 for each
    person: rows and columns sum to at most 1, the rest is the chance of staying alone.
    """
    n, m = log_odds.shape
    a, b = np.zeros(n), np.zeros(m)
    for _ in range(_ROUNDS):
        before = a
        a = -logsumexp(np.column_stack([np.zeros(n), log_odds + b]), axis=1)
        b = -logsumexp(np.column_stack([np.zeros(m), log_odds.T + a]), axis=1)
        if np.abs(a - before).max(initial=0.0) < 1e-6:
            break
    return np.minimum(np.exp(a[:, None] + log_odds + b), 1.0)


# ---- broken tracks of one camera ------------------------------------------------------------------------------------


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
    mixed = better.quality * np.asarray(better.template) + other.quality * np.asarray(other.template)
    order = np.argsort(np.concatenate([first.times_s, second.times_s]), kind="stable")
    return replace(
        better,
        intervals=tuple(sorted((*first.intervals, *second.intervals))),
        faces=first.faces + second.faces,
        template=mixed / np.linalg.norm(mixed),
        times_s=np.concatenate([first.times_s, second.times_s])[order],
        series=np.concatenate([first.series, second.series])[order],
        weight=np.concatenate([first.weight, second.weight])[order],
        looks=tuple(
            sorted((*first.looks, *second.looks), key=lambda look: -look.quality)[: max(len(first.looks), len(second.looks))]
        ),
    )
