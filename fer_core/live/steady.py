"""How steady an expression is held."""

from collections.abc import Sequence

import numpy as np

from fer_core.types import FloatArray


def steadiness(readings: Sequence[FloatArray], least: int = 2) -> float | None:
    """1 less the mean total variation distance, ½ Σ |p − p̄|, of the readings (k,) from their mean p̄: 0 to 1.

    1 is one and the same expression all the time; two expressions in turn, each surely, are 0.5. None for fewer than
    `least` readings. The readings are those of some seconds and not smoothed, else the number would praise the smoothing.
    """
    if len(readings) < max(1, least):
        return None
    rows = np.asarray(readings, np.float64)
    return float(1 - np.abs(rows - rows.mean(axis=0)).sum(axis=1).mean() / 2)
