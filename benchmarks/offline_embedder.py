"""Compare the embedder `dlib`, whose network ONNX Runtime runs, with dlib's own run of it, and its ways of cutting faces out.

    python benchmarks/offline_embedder.py FACES [--people 1000] [--photographs 12] [--rounds 20]

FACES holds images/ and labels.csv (person, file, expression); people and pictures are drawn as benchmarks/fit_llr.py draws
them, from the half of the people that is fitted on. On the same 16 chips: milliseconds a face at batch 1 and 16 (the median
of the rounds) and the largest difference of a number. On all photographs:
the share of same pairs accepted at equal shares of different pairs, by the detector's landmarks and by dlib's predictor,
without and with the mirror image. Writes a dated report.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from fit_llr import REPORTS, as_filmed, middle_face, pairs_of, photographs, stamp

from fer_core import geometry
from fer_core.detect import open_detector
from fer_core.embed.base import unit_rows
from fer_core.embed.dlib_align import CHIP_PX, TEMPLATE
from fer_core.embed.dlib_resnet import DlibResNet, weights_path
from fer_core.settings import DetectSettings
from fer_core.types import Faces

BATCHES = (1, 16)
FALSE_ACCEPTS = (0.01, 0.003, 0.001)


def ms_a_face(run: Callable[[], object], faces: int, rounds: int) -> float:
    """Median time of some rounds, by the clock, after one that doesn't count."""
    run()
    spent = []
    for _ in range(rounds):
        since = time.perf_counter()
        run()
        spent.append(1000 * (time.perf_counter() - since) / faces)
    return float(np.median(spent))


def networks(embedder: DlibResNet, chips: list[np.ndarray], rounds: int) -> dict[str, object]:
    """Times of both on the same chips, and how far their numbers lie apart."""
    import dlib

    own = dlib.face_recognition_model_v1(str(weights_path()))
    rgb = [np.ascontiguousarray(chip[:, :, ::-1]) for chip in chips]
    rows, known = embedder.descriptors(chips), np.array(own.compute_face_descriptor(rgb))
    cosine = (unit_rows(rows) * unit_rows(known)).sum(axis=1)
    report: dict[str, object] = {
        "largest_difference": float(np.abs(rows - known).max()), "largest_number": float(np.abs(known).max()),
        "least_cosine": float(cosine.min()),
    }  # fmt: skip
    for batch in BATCHES:
        ours = ms_a_face(lambda n=batch: embedder.descriptors(chips[:n]), batch, rounds)
        theirs = ms_a_face(lambda n=batch: own.compute_face_descriptor(rgb[:n]), batch, max(3, rounds // 4))
        report[f"batch_{batch}"] = {"onnxruntime_ms": ours, "dlib_ms": theirs, "ratio": theirs / ours}
    return report


def true_accepts(people: np.ndarray, rows: np.ndarray) -> dict[str, float]:
    """Share of same pairs above the cosine that lets each share of FALSE_ACCEPTS of the different pairs pass."""
    cosine, same = pairs_of(people, rows)
    different = np.sort(cosine[~same])[::-1]
    return {f"{share:g}": float((cosine[same] >= different[int(share * len(different))]).mean()) for share in FALSE_ACCEPTS}


def alignments(embedder: DlibResNet, shots: list[tuple[str, np.ndarray, Faces]]) -> dict[str, dict[str, float]]:
    """True accepts by way of cutting the faces out."""
    people = np.array([name for name, *_ in shots])
    cut = {
        "landmarks": [geometry.align(image, face.landmarks[0], TEMPLATE, CHIP_PX) for _, image, face in shots],
        "predictor": [embedder.chips(image, face)[0] for _, image, face in shots],
    }
    told = {}
    for name, chips in cut.items():
        rows = unit_rows(embedder.descriptors(chips))
        mirrored = unit_rows(embedder.descriptors([chip[:, ::-1] for chip in chips]))
        told[name] = true_accepts(people, rows.astype(np.float64))
        told[f"{name}, mirrored"] = true_accepts(people, unit_rows(rows + mirrored).astype(np.float64))
    return told


def filmed(faces: Path, people: int, each: int) -> list[tuple[str, np.ndarray, Faces]]:
    """(person, picture, its middle face) of every photograph in which a face is found."""
    rng, detector = np.random.default_rng(0), open_detector("yunet", DetectSettings())
    shots = []
    for place, (name, file) in enumerate(photographs(faces, people, each, rng)):
        image = as_filmed(cv2.imread(str(file)), place % 2 == 1, rng)
        shots.append((name, image, middle_face(image, detector)))
    return [shot for shot in shots if len(shot[2])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", type=Path)
    parser.add_argument("--people", type=int, default=1000, help="at most")
    parser.add_argument("--photographs", type=int, default=12, help="at most, a person")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--out", type=Path, default=REPORTS)
    asked = parser.parse_args()
    embedder, shots = DlibResNet(), filmed(asked.faces, asked.people, asked.photographs)
    some = shots[: max(BATCHES)]
    images, faces = [image for _, image, _ in some], [face for *_, face in some]
    report = {
        **stamp(), "people": len({name for name, *_ in shots}), "photographs": len(shots),
        "networks": networks(embedder, [chip for pair in zip(images, faces, strict=True) for chip in embedder.chips(*pair)],
                             asked.rounds),
        "embed_ms_a_face": {
            "1": ms_a_face(lambda: embedder.embed(images[0], faces[0]), 1, asked.rounds),
            str(len(some)): ms_a_face(lambda: embedder.embed_many(images, faces), len(some), asked.rounds),
        },
        "true_accept_at_false_accept": alignments(embedder, shots),
    }  # fmt: skip
    text = json.dumps(report, indent=1)
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / f"offline-embedder-{report['date']}.json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
