"""How far labellers agree, where they don't, and what is to be believed of each face."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from fer_core.collect.labels import NOT_A_FACE, SKIP, Labels
from fer_core.metrics import cohens_kappa, confusion
from fer_core.types import IntArray


@dataclass(frozen=True, eq=False)
class Agreement:
    """Two labellers on the n faces that both answered, skips left out.

    agree (0 to 1) and kappa (Cohen 1960, -1 to 1) are None where n is 0; matrix (k, k) int64: rows are what the first
    said, columns the second, over the classes and "not a face".
    """

    first: str
    second: str
    n: int
    agree: float | None
    kappa: float | None
    matrix: IntArray


@dataclass(frozen=True)
class Disagreement:
    """A face on which labellers differ: what each said, and what a third look said (None: nobody has looked yet)."""

    face: int
    answers: dict[str, str]
    settled: str | None


@dataclass(frozen=True, eq=False)
class Outcome:
    """What is believed of each of n faces.

    votes (n, k + 1) int64: how many said each class, and last "not a face"; label (n,) int64: the class, -1 where nobody
    has said one, or where it is no face; is_open (n,) bool: labellers are evenly divided, and nobody has settled it.
    """

    votes: IntArray
    label: IntArray
    is_open: np.ndarray


def agreements(labels: Labels, classes: Sequence[str]) -> list[Agreement]:
    """Every pair of labellers."""
    return [_agreement(labels, first, second, (*classes, NOT_A_FACE)) for first, second in combinations(labels.labellers, 2)]


def _agreement(labels: Labels, first: str, second: str, words: Sequence[str]) -> Agreement:
    place = {word: number for number, word in enumerate(words)}
    said, heard = labels.of(first), labels.of(second)
    both = [face for face in sorted(said.keys() & heard.keys()) if SKIP not in (said[face], heard[face])]
    rows, columns = (np.array([place[answers[face]] for face in both], np.int64) for answers in (said, heard))
    matrix = confusion(rows, columns, len(words))
    n = len(both)
    agree = float(np.trace(matrix)) / n if n else None
    return Agreement(first, second, n, agree, cohens_kappa(matrix) if n else None, matrix)


def disagreements(labels: Labels) -> list[Disagreement]:
    """The faces on which labellers differ, those first at which nobody has taken a third look; skips say nothing."""
    settled = labels.settled
    found = [
        Disagreement(face, said, settled.get(face))
        for face, said in sorted(_answers(labels).items())
        if len(set(said.values())) > 1
    ]
    return sorted(found, key=lambda one: one.settled is not None)


def outcome(labels: Labels, classes: Sequence[str], faces: int) -> Outcome:
    """What a third look said, else what most labellers said, of each face."""
    words = (*classes, NOT_A_FACE)
    votes = np.zeros((faces, len(words)), np.int64)
    for face, said in _answers(labels).items():
        for word, count in Counter(said.values()).items():
            votes[face, words.index(word)] = count
    best = votes.max(axis=1, initial=0)
    is_open = (votes == best[:, None]).sum(axis=1) > 1
    is_open &= best > 0
    label = np.where(best > 0, votes.argmax(axis=1), -1)
    for face, word in labels.settled.items():
        label[face], is_open[face] = (words.index(word) if word != SKIP else -1), False
    label[label == len(classes)] = -1
    return Outcome(votes, label, is_open)


def _answers(labels: Labels) -> dict[int, dict[str, str]]:
    """What each labeller said of each face, without skips."""
    found: dict[int, dict[str, str]] = {}
    for name in labels.labellers:
        for face, says in labels.of(name).items():
            if says != SKIP:
                found.setdefault(face, {})[name] = says
    return found
