"""How sure a figure is: intervals of shares, and whether two models differ on the same pictures."""

import numpy as np

from fer_core.types import FloatArray, IntArray

ROUNDS = 2000
_SEED = 7


def wilson_interval(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """The score interval of a share (Wilson 1927); (0, 1) where nothing was counted."""
    if not n:
        return 0.0, 1.0
    share, spread = hits / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z * np.sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


def bootstrap_balanced_accuracy(
    truth: IntArray, told: IntArray, classes: int, unit: IntArray | None = None, rounds: int = ROUNDS, seed: int = _SEED
) -> tuple[float, float]:
    """The 95 % percentile interval of the balanced accuracy (Efron and Tibshirani 1993).

    unit (n,) int: what is drawn with everything that belongs to it, for pictures of one person are alike (the cluster
    bootstrap: Field and Welsh 2007); None draws the pictures. A class missing from a round is left out of its mean.
    (0, 1) where nothing was counted.
    """
    if not len(truth):
        return 0.0, 1.0
    units, place = np.unique(np.arange(len(truth)) if unit is None else unit, return_inverse=True)
    hits, here = np.zeros((len(units), classes)), np.zeros((len(units), classes))
    np.add.at(hits, (place, truth), truth == told)
    np.add.at(here, (place, truth), 1.0)
    rng = np.random.default_rng(seed)
    rows = [_balanced(rng.multinomial(len(units), np.full(len(units), 1 / len(units))), hits, here) for _ in range(rounds)]
    low, high = np.quantile(rows, (0.025, 0.975))
    return float(low), float(high)


def _balanced(drawn: IntArray, hits: FloatArray, here: FloatArray) -> float:
    """Balanced accuracy where each unit counts as often as it was drawn."""
    true = drawn @ here
    return float(((drawn @ hits)[true > 0] / true[true > 0]).mean())


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Two-sided exact p-value that two models are right equally often (McNemar 1947, by the binomial distribution).

    only_first, only_second: pictures that one of them alone has right; 1.0 where there are none.
    """
    from scipy.special import bdtr

    n = only_first + only_second
    return min(1.0, 2 * float(bdtr(min(only_first, only_second), n, 0.5))) if n else 1.0
