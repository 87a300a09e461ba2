"""A second opinion on who is who: another embedder looks at the best shots of everybody, once the films are read.

Two networks trained on different pictures err on different people: together they find more of the same people at the
same rate of false accepts than either alone (benchmarks/fit_pair.py).
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from fer_core.embed import Embedder
from fer_core.match import SecondOpinion
from fer_core.settings import PAIR_FITS
from fer_core.types import Appearance, FloatArray, Look, UInt8Array

_AT_ONCE = 8
"""Appearances whose pictures are unpacked at the same time."""


def second_opinion(
    entries: Sequence[Appearance], exits: Sequence[Appearance], first: str, embedder: Embedder | None
) -> SecondOpinion | None:
    """The templates of the usable appearances by `embedder`; None without one, or where nobody fitted it beside `first`.

    What was made already (`Appearance.second`) is taken as it is.
    """
    fit = PAIR_FITS.get((first, embedder.name)) if embedder else None
    if embedder is None or fit is None:
        return None
    return SecondOpinion(_templates(entries, embedder), _templates(exits, embedder), fit)


def opinion_made(entries: Sequence[Appearance], exits: Sequence[Appearance], first: str, second: str) -> SecondOpinion | None:
    """The second opinion of templates that were all made before, by the embedder named `second`; None as above."""
    fit = PAIR_FITS.get((first, second))
    dim = next((len(one.second) for one in (*entries, *exits) if one.second is not None), 0)
    if fit is None or not dim:
        return None
    return SecondOpinion(_made(entries, dim), _made(exits, dim), fit)


def _made(seen: Sequence[Appearance], dim: int) -> FloatArray:
    rows = np.full((len(seen), dim), np.nan, np.float64)
    for place, one in enumerate(seen):
        if one.usable and one.second is not None and len(one.second) == dim:
            rows[place] = one.second
    return rows


def with_second(seen: Sequence[Appearance], embedder: Embedder | None) -> list[Appearance]:
    """The appearances with the templates of the second opinion made now, and without the looks that they were made of."""
    if embedder is None:
        return [replace(one, looks=()) for one in seen]
    rows = _templates(seen, embedder)
    told = [None if np.isnan(row).any() else row for row in rows]
    return [replace(one, looks=(), second=row) for one, row in zip(seen, told, strict=True)]


def _templates(seen: Sequence[Appearance], embedder: Embedder) -> FloatArray:
    """(n, d) rows of length 1, NaN for who has no looks or is not usable."""
    rows = np.full((len(seen), embedder.dim), np.nan, np.float64)
    known = [place for place, one in enumerate(seen) if one.usable and one.looks]
    for start in range(0, len(known), _AT_ONCE):
        places = known[start : start + _AT_ONCE]
        looks = [(place, look) for place in places for look in seen[place].looks]
        images = [_unpacked(look) for _, look in looks]
        codes = embedder.embed_many(images, [look.face for _, look in looks])
        for place in places:
            own = [row for row, (other, _) in enumerate(looks) if other == place]
            mean = np.average(codes[own], axis=0, weights=[max(looks[row][1].quality, 0.01) for row in own])
            rows[place] = mean / np.linalg.norm(mean)
    return rows


def _unpacked(look: Look) -> UInt8Array:
    return np.asarray(cv2.imdecode(np.frombuffer(look.jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)
