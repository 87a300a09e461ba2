"""Which answer was given by which visitor: by the moment and the door alone."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from fer_core.types import FloatArray, IntArray

REACH_S = 60.0
"""Farthest that an answer may lie from an exit. More: more answers find a visit, and more a stranger's."""
TIE_S = 1.0
"""Two exits whose distances from an answer differ by less are equally near. More: surer pairs, fewer of them."""
LEFT_OUT: Mapping[str, str] = MappingProxyType(
    {
        "nobody": "nobody was seen leaving within a minute",
        "several": "several people left, or several answers were given, equally near",
        "taken": "another answer is nearer to the same exit",
        "no_visit": "whoever left then is no visit of this filter: not recognised, or of too poor a picture or match",
        "uncertain": "the review is uncertain",
    }
)
"""Why an answer counts in no agreement, as words."""
PAIRED = ""
"""What stands for the reason of an answer that has its visit."""


def with_reviews(said: pd.DataFrame, read: pd.DataFrame) -> pd.DataFrame:
    """The answers with the verdict (or null) of whoever left then, and `why` there is no certain one: a key of LEFT_OUT, or
    empty. said, read: of `fer_core.queries.answers`, its answers and exits."""
    verdict, why = np.full(len(said), None, dtype=object), np.full(len(said), "nobody", dtype=object)
    leaving = dict(iter(read.groupby(["store", "door"])))
    places = said.assign(place=np.arange(len(said)))
    for key, rows in places.groupby(["store", "door"]):
        if key not in leaving:
            continue
        found, reason = pair(rows["at_s"].to_numpy(), leaving[key]["at_s"].to_numpy())
        reviews = leaving[key]["verdict"].astype(object).to_numpy()[np.maximum(found, 0)]
        place, paired = rows["place"].to_numpy(), reason == PAIRED
        lone = paired & pd.isna(reviews)
        verdict[place[paired & ~lone]] = reviews[paired & ~lone]
        why[place] = np.where(lone, "no_visit", np.where(paired & (reviews == "uncertain"), "uncertain", reason))
    return said.assign(verdict=verdict, why=why)


def pair(answers_s: FloatArray, exits_s: FloatArray) -> tuple[IntArray, Any]:
    """One door's answers one to one with its exits: for each answer the exit's place (−1 for none) and why there is none.

    They belong together where each is the other's nearest, within REACH_S, and no other is as near (within TIE_S).
    """
    near, apart, second = _nearest(answers_s, exits_s)
    back, back_apart, back_second = _nearest(exits_s, answers_s)
    here = np.maximum(near, 0)
    if not len(exits_s):
        return near, np.full(len(answers_s), "nobody", dtype=object)
    tied = (second - apart < TIE_S) | ((back_second - back_apart)[here] < TIE_S) & (back_apart[here] > apart - TIE_S)
    taken = back[here] != np.arange(len(answers_s))
    why = np.select([apart > REACH_S, tied, taken], ["nobody", "several", "taken"], PAIRED).astype(object)
    return np.where(why == PAIRED, near, -1), why


def _nearest(points: FloatArray, among: FloatArray) -> tuple[IntArray, FloatArray, FloatArray]:
    """For each point the place of the nearest among the others (−1 for none), its distance, and that of the second."""
    order = np.argsort(among, kind="stable")
    padded = np.concatenate([[-np.inf, -np.inf], among[order], [np.inf, np.inf]])
    places = np.concatenate([[-1, -1], order, [-1, -1]])
    around = np.searchsorted(among[order], points)[:, None] + np.arange(4)  # the two before and the two after
    apart = np.abs(padded[around] - points[:, None])
    best = np.argsort(apart, axis=1, kind="stable")[:, :2]
    distance = np.take_along_axis(apart, best, axis=1)
    near = places[np.take_along_axis(around, best[:, :1], axis=1)[:, 0]]
    return near, distance[:, 0], np.where(np.isfinite(distance[:, 1]), distance[:, 1], np.finfo(float).max)
