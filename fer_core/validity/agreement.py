"""How often visitors and reviews say the same: kappa with its interval, and the table behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from fer_core import metrics
from fer_core.settings import PrivacySettings
from fer_core.types import REVIEWS, FloatArray, IntArray
from fer_core.validity.pairing import PAIRED

LEAST_ANSWERS = 100
"""Answers beside a review below which no agreement is told. More: narrower intervals, later."""
_Z_95 = 1.96

CLASSES = ("positive", "neutral", "negative")
SAID_AS: Mapping[int, str] = MappingProxyType({1: "negative", 2: "neutral", 3: "neutral", 4: "positive"})
"""The class of each face."""


@dataclass(frozen=True)
class Agreement:
    """How often both say the same of three classes: a share (0 to 1), Cohen's kappa (−1 to 1; None where both only ever name
    one class), each with its 95 % interval. n answers with a review."""

    n: int
    share: float
    share_low: float
    share_high: float
    kappa: float | None
    low: float | None
    high: float | None


def agreement_of(told: pd.DataFrame) -> Agreement | None:
    judged = told[told["why"] == PAIRED]
    if len(judged) < LEAST_ANSWERS:
        return None
    place = {name: number for number, name in enumerate(CLASSES)}
    said = judged["value"].map(SAID_AS).map(place).to_numpy()
    return agreement(metrics.confusion(said, judged["verdict"].map(place).to_numpy(), len(CLASSES)))


def agreement(matrix: IntArray) -> Agreement:
    """Of a square table of counts, rows what was said, columns what was read.

    Cohen 1960; the interval of kappa is the large-sample one of Fleiss, Cohen and Everitt 1969, of the share Wilson's.
    """
    n, hits = int(matrix.sum()), int(np.trace(matrix))
    low, high = metrics.wilson_interval(hits, n)
    share = hits / n if n else 0.0
    by_chance = float(matrix.sum(axis=0) @ matrix.sum(axis=1)) / n**2 if n else 1.0
    if by_chance >= 1.0:
        return Agreement(n, share, low, high, None, None, None)
    kappa = metrics.cohens_kappa(matrix)
    half = _Z_95 * _kappa_se(matrix / n, kappa, by_chance) / np.sqrt(n)
    return Agreement(n, share, low, high, kappa, float(max(-1.0, kappa - half)), float(min(1.0, kappa + half)))


def _kappa_se(p: FloatArray, kappa: float, by_chance: float) -> float:
    """Kappa's standard error times √n (Fleiss, Cohen and Everitt 1969), of a table of shares."""
    said, read = p.sum(axis=1), p.sum(axis=0)
    rest = p * (read[:, None] + said[None, :]) ** 2
    on = float((np.diag(p) * (1 - (said + read) * (1 - kappa)) ** 2).sum())
    off = (1 - kappa) ** 2 * float(rest.sum() - np.trace(rest))
    return float(np.sqrt(max(0.0, on + off - (kappa - by_chance * (1 - kappa)) ** 2)) / (1 - by_chance))


def table(told: pd.DataFrame) -> pd.DataFrame:
    """What was read, by the face that was pressed: said, n, the counts of REVIEWS, hidden."""
    rows = told.dropna(subset=["verdict"])
    counts = pd.crosstab(rows["value"], rows["verdict"]).reindex(index=list(SAID_AS), columns=list(REVIEWS), fill_value=0)
    hidden = _hidden(rows[~rows["is_sample"].astype(bool)]["value"].value_counts().reindex(list(SAID_AS), fill_value=0))
    shown = counts.astype("float64").mask(hidden.to_numpy()[:, None].repeat(len(REVIEWS), axis=1))
    found = shown.assign(n=counts.sum(axis=1), hidden=hidden).rename_axis("said").rename_axis(None, axis=1)
    return found.reset_index()[["said", "n", *REVIEWS, "hidden"]]


def _hidden(n: pd.Series) -> pd.Series:
    """The rows of fewer than may be shown, and the next larger ones until nothing can be told of them by subtraction."""
    least = PrivacySettings().min_cell_visits
    hidden = (n > 0) & (n < least)
    for said in n[n > 0].sort_values(kind="stable").index:
        if 0 < n[hidden].sum() < least:
            hidden[said] = True
    return hidden
