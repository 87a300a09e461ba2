"""Fit the log-likelihood ratio of "same person" on the cosine of two photographs, for one embedder.

    python benchmarks/fit_llr.py FACES [--embedder mobilefacenet] [--people 400] [--photographs 6] [--pairs PAIRS.csv]

FACES holds images/ and labels.csv (person, file, expression). Only people whose sha1(name) is even are used, so that the odd
ones are left to score on. Every photograph is brought to a random size, every second one to an exit camera's light and
tint. A logistic regression on all pairs, both kinds weighing the same in sum (so that no prior is left in it), gives
slope and intercept; the accept rates are those of a fit on one half of the people, on the other half, both ways. PAIRS.csv
(file_x, file_y, Decision, beside its pictures) is judged with the fit, never fitted on. Writes a dated report.
"""

import argparse
import csv
import hashlib
import json
import os
import platform
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from scipy.optimize import minimize

from fer_core.detect import Detector, open_detector
from fer_core.embed import Embedder, open_embedder
from fer_core.settings import DetectSettings
from fer_core.types import Faces

REPORTS = Path(__file__).parent / "reports"
EXIT_LIGHT = 0.78 * np.array([0.86, 0.97, 1.06])
SIDES_PX = (150, 260)
LLRS = (0.0, 2.0, 4.0)


def photographs(faces: Path, people: int, each: int, rng: np.random.Generator) -> list[tuple[str, Path]]:
    """(person, file) of that many people of the even half with two photographs or more."""
    of: dict[str, list[Path]] = {}
    with (faces / "labels.csv").open(newline="", encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            if int(hashlib.sha1(row["person"].encode()).hexdigest(), 16) % 2 == 0:  # noqa: S324  (splits, secures nothing)
                of.setdefault(row["person"], []).append(faces / "images" / row["file"])
    names = sorted(name for name, files in of.items() if len(files) >= 2)
    rng.shuffle(names)
    return [(name, file) for name in names[:people] for file in sorted(of[name])[:each]]


def as_filmed(image: np.ndarray, exit_camera: bool, rng: np.random.Generator) -> np.ndarray:
    """The photograph at a random size, noisy and compressed, as one of two cameras would show it."""
    side = int(rng.integers(*SIDES_PX))
    seen = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    seen = seen * (EXIT_LIGHT if exit_camera else 1.0) + rng.normal(0, 1.5, seen.shape)
    _, packed = cv2.imencode(".jpg", np.clip(seen, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 80])
    return cv2.imdecode(packed, cv2.IMREAD_COLOR)


def middle_face(image: np.ndarray, detector: Detector) -> Faces:
    """The face nearest to the middle; none where none is found."""
    faces = detector.detect(image)
    if not len(faces):
        return faces
    away = (faces.xyxy[:, :2] + faces.xyxy[:, 2:]) / 2 - np.array(image.shape[1::-1]) / 2
    return faces[int(np.hypot(*away.T).argmin())]


def pairs_of(people: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cosine and "same person" of every pair of rows."""
    i, j = np.triu_indices(len(rows), 1)
    return np.einsum("nd,nd->n", rows[i], rows[j]), people[i] == people[j]


def fitted(cosines: np.ndarray, same: np.ndarray) -> list[float]:
    """The log-likelihood ratio's weights of each cosine, (n,) or (n, k), and of 1: logistic regression, both kinds weighing
    one half."""
    given = np.column_stack([cosines, np.ones(len(cosines))])
    weight = np.where(same, 0.5 / same.sum(), 0.5 / (~same).sum())
    sign = np.where(same, -1.0, 1.0)

    def loss(line: np.ndarray) -> float:
        return float(weight @ np.logaddexp(0, sign * (given @ line)))

    return [float(value) for value in minimize(loss, np.zeros(given.shape[1]), method="BFGS").x]


def rates(people: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> dict[str, dict[str, float]]:
    """True and false accept rates at LLRS, fitted on one half of the people and counted on the other, both ways."""
    half = np.isin(people, rng.permutation(np.unique(people))[::2])
    llr, same = [], []
    for fit_on in (half, ~half):
        slope, intercept = fitted(*pairs_of(people[fit_on], rows[fit_on]))
        cosine, truth = pairs_of(people[~fit_on], rows[~fit_on])
        llr.append(slope * cosine + intercept)
        same.append(truth)
    score, truth = np.concatenate(llr), np.concatenate(same)

    def share(of: np.ndarray, limit: float) -> float:
        return float((score[of] >= limit).mean())

    return {f"{limit:g}": {"true_accept": share(truth, limit), "false_accept": share(~truth, limit)} for limit in LLRS}


def judged(pairs: Path, detector: Detector, embedder: Embedder, line: tuple[float, float]) -> dict[str, float]:
    """How many of the table's pairs the fit tells rightly at an LLR of 0."""
    with pairs.open(newline="", encoding="utf-8") as handle:
        table = [(row["file_x"], row["file_y"], row["Decision"].strip() == "Yes") for row in csv.DictReader(handle)]
    codes = {}
    for name in sorted({name for row in table for name in row[:2]}):
        image = cv2.imread(str(pairs.parent / name))
        face = middle_face(image, detector)
        if len(face):
            codes[name] = embedder.embed(image, face)[0]
    known = [row for row in table if row[0] in codes and row[1] in codes]
    cosine = np.array([codes[x] @ codes[y] for x, y, _ in known])
    same = np.array([truth for *_, truth in known])
    right = (line[0] * cosine + line[1] >= 0) == same
    best = max(float(((cosine >= limit) == same).mean()) for limit in cosine)
    return {
        "pairs": len(known), "of": len(table), "accuracy": float(right.mean()), "true_accept": float(right[same].mean()),
        "false_accept": float(1 - right[~same].mean()), "accuracy_at_best_threshold": best,
    }  # fmt: skip


def stamp() -> dict[str, object]:
    """When, of which commit, on what."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607
    return {
        "date": datetime.now(UTC).date().isoformat(), "commit": commit.stdout.strip(), "cores": os.cpu_count(),
        "machine": platform.machine(), "python": platform.python_version(), "opencv": cv2.__version__,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", type=Path)
    parser.add_argument("--embedder", default="mobilefacenet")
    parser.add_argument("--people", type=int, default=400)
    parser.add_argument("--photographs", type=int, default=6, help="at most, a person")
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--out", type=Path, default=REPORTS)
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    detector, embedder = open_detector("yunet", DetectSettings()), open_embedder(asked.embedder)
    people, rows, spent = [], [], []
    for place, (name, file) in enumerate(photographs(asked.faces, asked.people, asked.photographs, rng)):
        image = as_filmed(cv2.imread(str(file)), place % 2 == 1, rng)
        face = middle_face(image, detector)
        since = time.perf_counter()
        codes = embedder.embed(image, face)
        spent.append(time.perf_counter() - since)
        people += [name] * len(face)
        rows += list(codes)
    who, codes = np.array(people), np.array(rows, np.float64)
    line = fitted(*pairs_of(who, codes))
    cosine, same = pairs_of(who, codes)
    report = {
        **stamp(), "embedder": asked.embedder, "slope": line[0], "intercept": line[1], "people": len(set(people)),
        "photographs": len(codes), "same_pairs": int(same.sum()), "different_pairs": int((~same).sum()),
        "mean_cosine_same": float(cosine[same].mean()), "mean_cosine_different": float(cosine[~same].mean()),
        "at_llr": rates(who, codes, rng), "ms_per_face_median": 1000 * float(np.median(spent)),
    }  # fmt: skip
    if asked.pairs:
        report["pairs_table"] = judged(asked.pairs, detector, embedder, line)
    asked.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, indent=1)
    (asked.out / f"llr-{asked.embedder.replace(':', '-')}-{report['date']}.json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
