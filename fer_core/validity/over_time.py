"""Mean answers and mean changes by day and by hour, and whether they go up and down together."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_core.settings import PrivacySettings
from fer_core.types import FloatArray

LEAST_CELLS, LEAST_DAYS = 10, 5
"""Hours or days, and days among them, below which no correlation is told."""
ROUNDS = 500
_SEED = 7
_Z_95 = 1.96


@dataclass(frozen=True)
class Correlation:
    """Spearman's rank correlation of mean answer and mean change (−1 to 1) with its 95 % interval; None for too few. cells:
    hours or days that it was made of, on so many days."""

    value: float | None
    low: float | None
    high: float | None
    cells: int
    days: int


def cells(said: pd.DataFrame, read: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Means of answers and of changes by store and day ("D") or hour ("h") of its clock, of times with an answer."""
    keys = ["store", "bucket"]
    of_answers = _means(said.assign(bucket=said["local_at"].dt.floor(unit)), keys, "value")
    visits = read.dropna(subset=["verdict"])
    of_visits = _means(visits.assign(bucket=visits["local_at"].dt.floor(unit)), keys, "net")
    names = {"n": "answers", "mean": "mean_answer", "low": "answer_low", "high": "answer_high"}
    changes = {"mean": "mean_change", "low": "change_low", "high": "change_high"}
    both = of_answers.rename(columns=names).join(of_visits.rename(columns=changes)).fillna({"n": 0}).astype({"n": "int64"})
    both[["answer_low", "answer_high"]] = both[["answer_low", "answer_high"]].clip(1.0, 4.0)
    sample = said.groupby("store")["is_sample"].first().astype(bool)
    exempt = both.index.get_level_values("store").map(sample).to_numpy(dtype=bool)
    least = PrivacySettings().min_cell_visits
    for count, hidden, values in (("answers", "hidden_answers", names.values()), ("n", "hidden", changes.values())):
        both[hidden] = (both[count] > 0) & (both[count] < least) & ~exempt
        both.loc[both[hidden], [name for name in values if name != "answers"]] = np.nan
    return both.reset_index()


def _means(frame: pd.DataFrame, keys: list[str], column: str) -> pd.DataFrame:
    """By keys: n rows, their mean, and its 95 % interval; none for a single one."""
    grouped = frame.groupby(keys)[column]
    mean, half = grouped.mean(), _Z_95 * grouped.std() / np.sqrt(grouped.count())
    return pd.DataFrame({"n": grouped.size(), "mean": mean, "low": mean - half, "high": mean + half})


def correlation(found: pd.DataFrame) -> Correlation:
    """Spearman's correlation over the `cells` that show both means, and a percentile interval from a bootstrap that draws
    whole days, for the hours of one are alike (Efron and Tibshirani 1993; the cluster bootstrap: Field and Welsh 2007)."""
    shown = found.dropna(subset=["mean_answer", "mean_change"])
    day = pd.factorize(shown["bucket"].dt.floor("D"))[0]
    days = int(day.max()) + 1 if len(day) else 0
    nothing = Correlation(None, None, None, len(shown), days)
    if len(shown) < LEAST_CELLS or days < LEAST_DAYS:
        return nothing
    pairs = shown[["mean_answer", "mean_change"]].to_numpy(dtype=float)
    value = _spearman(pairs)
    if value is None:
        return nothing
    own, rng = [np.flatnonzero(day == one) for one in range(days)], np.random.default_rng(_SEED)
    draws = (np.concatenate([own[one] for one in rng.integers(days, size=days)]) for _ in range(ROUNDS))
    rounds = [one for rows in draws if (one := _spearman(pairs[rows])) is not None]
    low, high = np.quantile(rounds, (0.025, 0.975))
    return Correlation(value, float(low), float(high), len(shown), days)


def _spearman(pairs: FloatArray) -> float | None:
    """Of the rows (x, y), ties at their middle rank; None where one of both never changes."""
    from scipy.stats import rankdata

    ranks = rankdata(pairs, axis=0) - (len(pairs) + 1) / 2
    spread = float(np.sqrt((ranks[:, 0] ** 2).sum() * (ranks[:, 1] ** 2).sum()))
    return float(ranks[:, 0] @ ranks[:, 1]) / spread if spread else None
