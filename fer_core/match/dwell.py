"""What the clocks say: how long people stay, as known beforehand and as the day itself shows.

Where the sure pairs of a day show how long this shop's visitors stay, that is worth more than a general prior: empirical
Bayes (Robbins 1956), with a share of the general prior kept for those who stay otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import gaussian_kde, lognorm, t

from fer_core.settings import MatchSettings
from fer_core.types import FloatArray

IMPOSSIBLE = -1e6
_FAR_OUT = 5.0
_QUARTILES_OF_A_NORMAL = 1.349


@dataclass(frozen=True)
class DwellTimes:
    """Student's t of the logarithm of the seconds stayed: what `pairs` sure pairs show."""

    middle: float
    spread: float
    pairs: int

    def density(self, dwell_s: FloatArray) -> FloatArray:
        """Per second, for dwell times above 0."""
        wide = self.spread * np.sqrt(1 + 1 / self.pairs)
        return np.asarray(t.pdf(np.log(dwell_s), self.pairs - 1, self.middle, wide) / dwell_s)


def scores(entry_at: FloatArray, exit_at: FloatArray, settings: MatchSettings) -> FloatArray:
    """(n, m) what the general prior says of each pair: a log-normal dwell time against its own peak, floored; exits before
    entrances are impossible. Times in seconds of one clock; NaN where unknown, which says nothing."""
    dwell = exit_at[None, :] - entry_at[:, None]
    middle, sigma = np.log(settings.dwell_median_s), settings.dwell_sigma
    with np.errstate(invalid="ignore"):
        spread = (np.log(np.maximum(dwell, 1.0)) - middle) / sigma
        told = np.maximum(-0.5 * spread**2, settings.dwell_floor)
    return _possible(dwell, told, settings)


def learn(
    entry_at: FloatArray, exit_at: FloatArray, sure: Sequence[tuple[int, int]], settings: MatchSettings
) -> DwellTimes | None:
    """From sure pairs (places of entrance and exit); None where there are too few of them.

    Those far out (5 spreads by the quartiles) are left out; no spread is believed that is smaller than the clocks' error.
    """
    stayed = np.array([exit_at[j] - entry_at[i] for i, j in sure], np.float64)
    stayed = stayed[np.isfinite(stayed) & (stayed > 1.0)]
    if len(stayed) < settings.dwell_least_pairs:
        return None
    logs = np.log(stayed)
    low, middle, high = np.quantile(logs, (0.25, 0.5, 0.75))
    clocks = settings.clock_slack_s / float(np.exp(middle))
    usual = logs[np.abs(logs - middle) <= _FAR_OUT * max((high - low) / _QUARTILES_OF_A_NORMAL, clocks)]
    return DwellTimes(float(usual.mean()), max(float(usual.std()), clocks), len(usual))


def learned_scores(entry_at: FloatArray, exit_at: FloatArray, learned: DwellTimes, settings: MatchSettings) -> FloatArray:
    """(n, m) log-likelihood ratios: how likely a visitor stays that long, against how likely anybody leaves just then."""
    dwell = exit_at[None, :] - entry_at[:, None]
    seconds = np.where(dwell > 1.0, dwell, 1.0)
    general = lognorm.pdf(seconds, settings.dwell_sigma, scale=settings.dwell_median_s)
    stays = (1 - settings.dwell_odd_share) * learned.density(seconds) + settings.dwell_odd_share * general
    told = np.log(stays) - np.log(_leaving(exit_at))[None, :]
    return _possible(dwell, np.clip(told, settings.dwell_floor, -settings.dwell_floor), settings)


def _leaving(exit_at: FloatArray) -> FloatArray:
    """(m,) exits per second about each exit, as a share of all; of two at one moment or fewer, one in the whole time."""
    known = exit_at[np.isfinite(exit_at)]
    rate = np.full(len(exit_at), 1 / max(float(np.ptp(known)) if len(known) else 0.0, 1.0))
    if len(known) > 2 and np.ptp(known) > 0:
        rate[np.isfinite(exit_at)] = gaussian_kde(known)(known)
    return rate


def _possible(dwell: FloatArray, told: FloatArray, settings: MatchSettings) -> FloatArray:
    with np.errstate(invalid="ignore"):
        told = np.where(dwell < -settings.clock_slack_s, IMPOSSIBLE, told)
    return np.where(np.isnan(dwell), 0.0, told)
