"""Entrances × exits → pairs, with people left alone.

Tracks are matched, not faces: the cosine of two templates becomes a log-likelihood ratio, time adds what it knows (first
what is known of shops, then what the day's own sure pairs tell), and one assignment is solved on the matrix augmented with
a dummy for everybody, so that nobody is forced to match.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.special import logsumexp

from fer_core.match import dwell
from fer_core.match.dwell import IMPOSSIBLE
from fer_core.settings import LlrFit, MatchSettings, PairFit
from fer_core.types import Appearance, FloatArray

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
    faces = np.where(llr >= settings.min_llr, llr, IMPOSSIBLE) + log_prior(len(rows), len(cols), settings)
    score = faces
    if entry_at is not None and exit_at is not None:
        came, left = entry_at[rows], exit_at[cols]
        score = faces + dwell.scores(came, left, settings)
        stayed = [(i, j) for i, j, probability, _ in _assigned(score, settings) if probability >= settings.dwell_sure]
        learned = dwell.learn(came, left, stayed, settings)
        score = score if learned is None else faces + dwell.learned_scores(came, left, learned, settings)
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
    if second.fit.steps:
        both = np.interp(both, *np.transpose(second.fit.steps))
    return np.where(np.isnan(other), alone, np.clip(both, -settings.max_llr, settings.max_llr))


def _templates(appearances: Sequence[Appearance], rows: list[int]) -> FloatArray:
    return np.stack([np.asarray(appearances[row].template, np.float64) for row in rows])


def _assigned(log_odds: FloatArray, settings: MatchSettings) -> list[tuple[int, int, float, float]]:
    n, m = log_odds.shape
    alone = np.log((1 - settings.max_false_share) / settings.max_false_share)
    augmented = np.zeros((n + m, n + m))
    augmented[:n, :m] = log_odds
    augmented[:n, m:] = np.where(np.eye(n, dtype=bool), alone, IMPOSSIBLE)
    augmented[n:, :m] = np.where(np.eye(m, dtype=bool), 0.0, IMPOSSIBLE)
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
