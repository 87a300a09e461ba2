"""The people whom a made-up shop's cameras see, and how their faces look."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from fer_core.sample.rhythm import Plan, Shop, plan
from fer_core.types import FloatArray, IntArray

SAMPLES, STEP_S = 8, 0.25
"""Pictures in which a face is read, and the time between them."""
_ALONE = {"unmatched": 0.08, "ambiguous": 0.02}
"""For each visit, people whom one camera only saw."""
_USUAL = (0.05, 0.02, 0.03, 0.2, 0.1, 0.06, 0.54)
"""Shares of EXPRESSIONS in which people come."""
_GLAD = (-0.9, -0.7, -0.6, 1.3, -0.9, 0.1, 0.0)
"""What an inclination of 1 adds to the logarithms of those shares."""
_UNMOVED = 0.3
"""Share of people who leave as they came, whatever happened."""


@dataclass(frozen=True, eq=False)
class Seen:
    """The people before a shop's cameras of one role, a row each: those of the visits first, then those seen here only.

    day, door (n,) as in Plan; at_s (n,): seconds since the local midnight. status (n,): an AppearanceStatus. series
    (n, SAMPLES, 7) rows summing to 1, weight (n, SAMPLES), quality (n,) 0 to 1.
    """

    day: IntArray
    at_s: FloatArray
    door: IntArray
    status: Any
    series: FloatArray
    weight: FloatArray
    quality: FloatArray

    @property
    def mean(self) -> FloatArray:
        """(n, 7): the weighted means of the series."""
        total = (self.series * self.weight[:, :, None]).sum(axis=1)
        return np.asarray(total / total.sum(axis=1, keepdims=True))


@dataclass(frozen=True, eq=False)
class Drawn:
    """A shop's weeks up to the day `last`. sides: by role. match, runner_up (n,): probabilities, a visit a row."""

    shop: Shop
    last: date
    visits: Plan
    sides: dict[str, Seen]
    match: FloatArray
    runner_up: FloatArray


def drawn(shop: Shop, last: date, rng: np.random.Generator) -> Drawn:
    """The shop's weeks that end on that day."""
    visits = plan(shop, last, rng)
    usual = np.log(np.array(_USUAL))
    came = _chosen(np.tile(usual, (len(visits), 1)), rng)
    left = _chosen(usual + visits.mood[:, None] * np.array(_GLAD), rng)
    left = np.where(rng.random(len(visits)) < _UNMOVED, came, left)
    sides = {
        "entry": _passers(shop, visits, visits.came_s, visits.doors[:, 0], came, rng),
        "exit": _passers(shop, visits, visits.came_s + visits.stay_s, visits.doors[:, 1], left, rng),
    }
    match = 1 - 0.5 * rng.beta(0.6, 8, len(visits))
    return Drawn(shop, last, visits, sides, match, (1 - match) * rng.uniform(0.1, 0.9, len(visits)))


def _chosen(logits: FloatArray, rng: np.random.Generator) -> IntArray:
    """One of each row's columns, drawn by its share (Gumbel's way)."""
    return np.asarray((logits + rng.gumbel(size=logits.shape)).argmax(axis=1))


def _passers(shop: Shop, visits: Plan, at_s: FloatArray, door: IntArray, leading: IntArray, rng: np.random.Generator) -> Seen:
    """The visits' people, and among them some more who were seen by these cameras only."""
    bad = np.array([share for _, _, share in shop.doors])[door]
    chance = {**{name: np.full(len(visits), share) for name, share in _ALONE.items()}, "unusable": bad / (1 - bad)}
    extra = {name: np.flatnonzero(rng.random(len(visits)) < share) for name, share in chance.items()}
    like = np.concatenate([np.arange(len(visits)), *extra.values()])
    status = np.repeat(["matched", *extra], [len(visits), *(len(rows) for rows in extra.values())])
    moved = np.where(status == "matched", 0.0, rng.uniform(-240, 0, len(like)))
    quality = np.where(status == "unusable", rng.uniform(0.02, 0.2, len(like)), rng.beta(6, 3, len(like)))
    weight = rng.uniform(0.3, 1.0, (len(like), SAMPLES))
    return Seen(visits.day[like], at_s[like] + moved, door[like], status, _series(leading[like], rng), weight, quality)


def _series(leading: IntArray, rng: np.random.Generator) -> FloatArray:
    """(n, SAMPLES, 7), rows summing to 1: a face's own bias, a wavering from picture to picture, and what leads."""
    n = len(leading)
    logits = rng.normal(0, 0.5, (n, 1, 7)) + rng.normal(0, 0.35, (n, SAMPLES, 7))
    logits[np.arange(n), :, leading] += rng.normal(3.0, 0.7, (n, 1))
    shares = np.exp(logits)
    # as the store keeps them, so that a visit recomputed from its series comes out as it was
    return np.asarray((shares / shares.sum(axis=2, keepdims=True)).astype(np.float16).astype(np.float64))
