"""Fit how the cosines of two embedders go together into one log-likelihood ratio of "same person".

    python -m benchmarks.fit_pair ../shared/faces [--first mobilefacenet] [--second dlib] [--out REPORT]

The photographs are those of fit_llr: people of the even half, every second one in the other camera's light. Logistic
regression on both cosines, both kinds of pairs weighing the same; a straight line is too steep for faces that speak against
each other and too flat for those that speak for each other, so its value is then brought to the log-likelihood ratio that was
counted there (isotonic regression over bins). Reports the share of same people found at given rates of
false accepts, for each embedder alone and for both; the fit for those rates is made on one half of the people and counted
on the other, both ways.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.optimize import isotonic_regression

from benchmarks.fit_llr import as_filmed, fitted, middle_face, pairs_of, photographs, stamp
from fer_core.detect import open_detector
from fer_core.embed import Embedder, open_embedder
from fer_core.settings import DetectSettings

BINS = (-np.inf, -12, -9, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, np.inf)
"""Edges between which the values of the line are counted."""
SPLITS = 4
"""Times that the people are halved anew for the counting."""
FALSE_ACCEPTS = (0.01, 0.003, 0.001, 0.0003, 0.0001)


def rows_of(faces: Path, embedders: list[Embedder], people: int, seed: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """(n,) whose photograph each is, and for each embedder (n, d) rows."""
    import cv2

    rng, detector = np.random.default_rng(seed), open_detector("yunet", DetectSettings())
    who: list[str] = []
    rows: list[list[np.ndarray]] = [[] for _ in embedders]
    for place, (name, file) in enumerate(photographs(faces, people, 6, rng)):
        image = as_filmed(cv2.imread(str(file)), bool(place % 2), rng)
        face = middle_face(image, detector)
        if len(face):
            who.append(name)
            for own, embedder in zip(rows, embedders, strict=True):
                own.append(embedder.embed(image, face)[0])
    return np.array(who), [np.array(own) for own in rows]


def crossed(who: np.ndarray, rows: list[np.ndarray], rng: np.random.Generator) -> tuple[list[np.ndarray], np.ndarray]:
    """Scores of each alone and of both together, never by a fit on the same people; and who is the same."""
    half = np.isin(who, rng.permutation(np.unique(who))[::2])
    scores: list[list[np.ndarray]] = [[] for _ in range(len(rows) + 1)]
    truth = []
    for fit_on in (half, ~half):
        given = np.column_stack([pairs_of(who[fit_on], own[fit_on])[0] for own in rows])
        line = np.array(fitted(given, pairs_of(who[fit_on], rows[0][fit_on])[1]))
        told = np.column_stack([pairs_of(who[~fit_on], own[~fit_on])[0] for own in rows])
        truth.append(pairs_of(who[~fit_on], rows[0][~fit_on])[1])
        for place in range(len(rows)):
            scores[place].append(told[:, place])
        scores[-1].append(told @ line[:-1] + line[-1])
    return [np.concatenate(part) for part in scores], np.concatenate(truth)


def steps(score: np.ndarray, truth: np.ndarray) -> list[tuple[float, float]]:
    """(value of the line, log-likelihood ratio counted there), both rising; half a pair is added to every count."""
    place = np.digitize(score, BINS[1:-1])
    same, other = (np.bincount(place[rows], minlength=len(BINS) - 1) for rows in (truth, ~truth))
    ratio = np.log((same + 0.5) / truth.sum()) - np.log((other + 0.5) / (~truth).sum())
    rising = isotonic_regression(ratio, weights=same + 1.0).x
    middle = np.array([score[place == k].mean() if (place == k).any() else np.nan for k in range(len(BINS) - 1)])
    return [(round(float(x), 2), round(float(y), 2)) for x, y in zip(middle, rising, strict=True) if np.isfinite(x)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("faces", type=Path)
    parser.add_argument("--first", default="mobilefacenet")
    parser.add_argument("--second", default="dlib")
    parser.add_argument("--people", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    names = [arguments.first, arguments.second]
    who, rows = rows_of(arguments.faces, [open_embedder(name) for name in names], arguments.people, arguments.seed)
    same = pairs_of(who, rows[0])[1]
    line = fitted(np.column_stack([pairs_of(who, own)[0] for own in rows]), same)
    scores, truth = crossed(who, rows, np.random.default_rng(arguments.seed))
    again = [crossed(who, rows, np.random.default_rng(arguments.seed + more)) for more in range(SPLITS)]
    worth = steps(np.concatenate([told[-1] for told, _ in again]), np.concatenate([real for _, real in again]))
    found = {
        name: {
            f"{far:g}": round(float((score[truth] >= np.quantile(score[~truth], 1 - far)).mean()), 4) for far in FALSE_ACCEPTS
        }
        for name, score in zip([*names, "+".join(names)], scores, strict=True)
    }
    fit = dict(zip(("first", "second", "intercept"), (round(value, 2) for value in line), strict=True))
    report = {
        **stamp(),
        "embedders": names,
        "photographs": len(who),
        "fit": fit,
        "steps": worth,
        "true_accept_at_false_accept": found,
    }
    print(json.dumps(report, indent=1))
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
