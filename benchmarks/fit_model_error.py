"""The expression model's own valence error by its confidence, against the voters of the validation split.

    python -m benchmarks.fit_model_error ../shared/fer2013/fer2013.npz

Prints `ReviewSettings.model_error`: upper end of the confidence, root mean square of told less voted valence.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from fer_core import dataset, evaluate
from fer_core.errors import DataError
from fer_core.settings import ReviewSettings

UPPER = (0.5, 0.7, 0.9, 1.01)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", default="validation")
    parser.add_argument("--model", type=Path)
    arguments = parser.parse_args()
    rows = dataset.load(arguments.data).of_split(arguments.split)
    if rows.votes is None:
        raise DataError(f"{arguments.data}: carries no votes to hold the model against")
    votes = rows.votes
    shared = votes.sum(axis=1)
    keep = ~rows.flawed & (shared > 0.5)
    model, valence = evaluate.open_model(arguments.model), np.array(ReviewSettings().valence)
    told = model.probabilities(rows.image[keep])
    error = told @ valence - (votes[keep] / shared[keep][:, None]) @ valence
    confidence, lower, table = told.max(axis=1), 0.0, []
    for upper in UPPER:
        here = (confidence >= lower) & (confidence < upper)
        table.append((upper, round(float(np.sqrt(np.mean(error[here] ** 2))), 3), int(here.sum())))
        lower = upper
    print(json.dumps({"model_error": [row[:2] for row in table], "n": [row[2] for row in table]}))


if __name__ == "__main__":
    main()
