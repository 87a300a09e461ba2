"""What the made-up shops' visitors say at the exit button: made up as well, and not alike in all shops."""

import numpy as np
import pandas as pd

from fer_core.sample.rhythm import SHOPS, Shop
from fer_core.types import FloatArray

SAYS = 0.3
"""Share of visitors who press a face."""
_HONEST = (1.1, 0.45, 0.0)
"""By the place in SHOPS, how much of an answer hangs on the change of the face; 0 is chance."""
_FACES = (0.1, 0.22, 0.5)
"""Shares of answers up to the first, second and third face: most people press a glad one."""
_BEFORE_S, _SPREAD_S = 4.0, 2.5
"""The tablet stands a few steps before the exit's camera."""
_PLAYING = 0.04
"""Answers of nobody's, for each visitor's: children at the tablet."""


def answers_of(shop: Shop, visits: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Answers to the visits, a row each: door, local_at, value (1 to 4). visits: exit_door, exit_local_at, change."""
    said = visits[rng.random(len(visits)) < SAYS]
    before = pd.to_timedelta(rng.normal(-_BEFORE_S, _SPREAD_S, len(said)), unit="s")
    own = pd.DataFrame(
        {"door": said["exit_door"], "local_at": said["exit_local_at"] + before, "value": _values(shop, said["change"], rng)}
    )
    playing = visits[rng.random(len(visits)) < SAYS * _PLAYING]
    later = pd.to_timedelta(rng.uniform(-1800, -120, len(playing)), unit="s")
    other = {
        "door": playing["exit_door"],
        "local_at": playing["exit_local_at"] + later,
        "value": rng.integers(1, 5, len(playing)),
    }
    found = pd.concat([own, pd.DataFrame(other)], ignore_index=True)
    return found.assign(local_at=found["local_at"].dt.floor("s"), key=[f"answer {number}" for number in range(len(found))])


def _values(shop: Shop, change: pd.Series, rng: np.random.Generator) -> FloatArray:
    """(n,) faces: the rank of what is partly the change and partly chance."""
    share = _HONEST[SHOPS.index(shop)]
    mood = share * change.to_numpy() + rng.normal(0, 0.35, len(change))
    return 1 + np.searchsorted(np.quantile(mood, _FACES) if len(mood) else np.array([0.0, 0, 0]), mood)
