"""How many of the staff a gallery recognises, and how many visitors it takes for staff, at the levels that the app uses.

    python -m benchmarks.staff_gallery FACES [--embedder mobilefacenet] [--rounds 300] [--half odd]

FACES holds images/ and labels.csv (person, file, expression). People whose sha1(name) is odd are judged on; with --half even
those whom the fit saw (fit_llr.py): their counts of false accepts by level are what `settings.FALSE_ACCEPTS` holds. Whoever
has five pictures or more can be staff: three are enrolled as somebody would upload them, the last two are seen by a camera
(`fit_llr.as_filmed`). Everybody else is a visitor, seen alike. A passage is the quality-weighted mean of somebody's seen
pictures, as of a track's best shots; a single shot is the hard case. Each round draws a gallery of each size; whoever of the
possible staff isn't drawn is a visitor of that round. Intervals: 95 % over people (bootstrap of the people's own shares). They
are photographs of public figures: other days, ages and lights lie between two of one person, which is harder than the staff of
a shop within some weeks. Writes a dated report.
"""

import argparse
import csv
import hashlib
import json
import zlib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.fit_llr import REPORTS, as_filmed, middle_face, stamp
from fer_core.detect import Detector, open_detector
from fer_core.embed import Embedder, open_embedder
from fer_core.enrolling import Portrait, distinct, odd, portrait_of, template_of
from fer_core.errors import DataError
from fer_core.gallery import level_for
from fer_core.quality import shot_of
from fer_core.settings import DetectSettings, GallerySettings, QualitySettings, fit_for
from fer_core.types import FloatArray, Frame

SIZES = (1, 5, 10, 20, 40)
LEVELS = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
ENROLLED = 3
STAFF_HAS = 5
SEED = 7


@dataclass(frozen=True, eq=False)
class Seen:
    """One person before the camera: each shot's code (k, d) and quality (k,)."""

    codes: FloatArray
    quality: FloatArray

    @property
    def passage(self) -> FloatArray:
        """The template of all shots together."""
        mean = np.average(self.codes, axis=0, weights=self.quality)
        return np.asarray(mean / np.linalg.norm(mean))


def pictures(faces: Path, odd_half: bool) -> dict[str, list[Path]]:
    """The files of each person of that half."""
    of: dict[str, list[Path]] = defaultdict(list)
    with (faces / "labels.csv").open(newline="", encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            if int(hashlib.sha1(row["person"].encode()).hexdigest(), 16) % 2 == odd_half:  # noqa: S324  (splits only)
                of[row["person"]].append(faces / "images" / row["file"])
    return {name: sorted(files) for name, files in sorted(of.items())}


def seen_of(files: list[Path], detector: Detector, embedder: Embedder) -> Seen | None:
    """The pictures as a camera shows them; None where no shot is usable."""
    limits, codes, quality = QualitySettings(), [], []
    for place, file in enumerate(files):
        rng = np.random.default_rng(zlib.crc32(file.name.encode()))
        image = as_filmed(cv2.imread(str(file)), place % 2 == 1, rng)
        face = middle_face(image, detector)
        if not len(face):
            continue
        shot = shot_of(Frame(0.0, image), face, 0, 0.0, limits)
        if shot.quality >= limits.min_usable:
            codes.append(embedder.embed(shot.patch, shot.face)[0])
            quality.append(shot.quality)
    return Seen(np.array(codes, np.float64), np.array(quality)) if codes else None


def enrolled(files: list[Path], detector: Detector, embedder: Embedder, why: dict[str, int]) -> list[Portrait]:
    """Portraits that make a template; [] where the app would refuse them, counted in `why`."""
    looked = [portrait_of(cv2.imread(str(file)), detector, [embedder]) for file in files]
    for one in looked:
        if not one.usable:
            why[one.said] = why.get(one.said, 0) + 1
    found = distinct(looked)[:ENROLLED]
    try:
        template_of(found)
    except DataError:
        word = "looks like several people" if odd(found) else "too few usable pictures"
        why[word] = why.get(word, 0) + 1
        return []
    return found


def interval(shares: FloatArray, weights: FloatArray, rng: np.random.Generator) -> list[float]:
    """95 % interval of the weighted mean of the people's own shares; of none and of all by the rule of three."""
    if not shares.any():
        return [0.0, round(min(1.0, 3 / len(shares)), 4)]
    if shares.min() == 1:
        return [round(max(0.0, 1 - 3 / len(shares)), 4), 1.0]
    draws = rng.integers(len(shares), size=(1000, len(shares)))
    told = (shares[draws] * weights[draws]).sum(axis=1) / np.maximum(weights[draws].sum(axis=1), 1)
    return [round(float(value), 4) for value in np.percentile(told, [2.5, 97.5])]


def counted(hits: FloatArray, trials: FloatArray, rng: np.random.Generator) -> dict[str, Any]:
    """Share of hits by person, over all of them, with interval."""
    shares = hits / np.maximum(trials, 1)
    return {"share": round(float(hits.sum() / max(1.0, trials.sum())), 4), "interval": interval(shares, trials, rng)}


@dataclass(frozen=True, eq=False)
class Scores:
    """LLR of every search with every possible member of staff. single, passage: (searches, staff); person (searches,) the
    place of whoever is searched among the possible staff, -1 for a visitor; who (searches,) a number of the person."""

    llr: FloatArray
    person: np.ndarray
    who: np.ndarray


def scores(templates: FloatArray, staff: list[Seen], visitors: list[Seen], embedder: str, *, single: bool) -> Scores:
    fit, rows, person, who = fit_for(embedder), [], [], []
    for number, one in enumerate([*staff, *visitors]):
        codes = one.codes if single else one.passage[None]
        rows.append(fit.slope * codes @ templates.T + fit.intercept)
        person += [number if number < len(staff) else -1] * len(codes)
        who += [number] * len(codes)
    return Scores(np.concatenate(rows), np.array(person), np.array(who))


def judged(told: Scores, size: int, level: float, rounds: int) -> dict[str, Any]:
    """Staff caught and visitors dropped by random galleries of that size."""
    rng, people, n = np.random.default_rng(SEED), int(told.who.max()) + 1, told.llr.shape[1]
    hits, trials, false, others = (np.zeros(people) for _ in range(4))
    for _ in range(rounds):
        drawn = rng.choice(n, size, replace=False)
        known = told.llr[:, drawn].max(axis=1) >= level
        inside = np.isin(told.person, drawn)
        np.add.at(hits, told.who[inside], known[inside])
        np.add.at(trials, told.who[inside], 1)
        np.add.at(false, told.who[~inside], known[~inside])
        np.add.at(others, told.who[~inside], 1)
    met = trials > 0
    return {"caught": counted(hits[met], trials[met], rng), "visitors_dropped": counted(false, others, rng)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("faces", type=Path)
    parser.add_argument("--embedder", default="mobilefacenet")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--half", choices=("odd", "even"), default="odd")
    parser.add_argument("--out", type=Path, default=REPORTS)
    asked = parser.parse_args()
    detector, embedder = open_detector("yunet", DetectSettings()), open_embedder(asked.embedder)
    templates, staff, visitors, why, nobody = [], [], [], dict[str, int](), 0
    for files in pictures(asked.faces, asked.half == "odd").values():
        given = enrolled(files[:-2], detector, embedder, why) if len(files) >= STAFF_HAS else []
        seen = seen_of(files[-2:] if given else files, detector, embedder)
        if seen is None:
            nobody += 1
        elif given:
            templates.append(template_of(given)[embedder.name])
            staff.append(seen)
        else:
            visitors.append(seen)
    settings = GallerySettings()
    report: dict[str, Any] = {
        **stamp(), "embedder": asked.embedder, "half": asked.half, "rounds": asked.rounds, "possible_staff": len(staff),
        "visitors": len(visitors),
        "people_without_usable_shot": nobody, "pictures_enrolled_each": ENROLLED, "refused": why,
        "false_accept_aimed_at": {"staff": settings.staff_false_accept, "guests": settings.guest_false_accept}, "galleries": [],
    }  # fmt: skip
    for single in (False, True):
        told = scores(np.stack(templates).astype(np.float64), staff, visitors, embedder.name, single=single)
        report["one_shot_pairs" if single else "passage_pairs"] = pairs(told)
        for kind, aim in (("staff", settings.staff_false_accept), ("guests", settings.guest_false_accept)):
            for size in (size for size in SIZES if size <= len(staff)):
                level = level_for(embedder.name, size, aim)
                found = {"kind": kind, "seen_by": "one shot" if single else "passage of two shots", "people": size}
                report["galleries"].append(found | {"level": round(level, 3), **judged(told, size, level, asked.rounds)})
    asked.out.mkdir(parents=True, exist_ok=True)
    suffix = "" if asked.embedder == "mobilefacenet" else f"-{asked.embedder.replace(':', '-')}"
    suffix += "" if asked.half == "odd" else "-fit"
    text = json.dumps(report, indent=1)
    (asked.out / f"staff-gallery{suffix}-{report['date']}.json").write_text(text + "\n", encoding="utf-8")
    print(text)


def pairs(told: Scores) -> dict[str, Any]:
    """Of all comparisons of one template with one person before the camera: accept rates by level."""
    same = told.person[:, None] == np.arange(told.llr.shape[1])
    rates = {
        f"{level:g}": {
            "true_accept": round(float((told.llr[same] >= level).mean()), 4),
            "false_accept": float(f"{(told.llr[~same] >= level).mean():.3g}"),
        }
        for level in LEVELS
    }
    return {"same": int(same.sum()), "different": int((~same).sum()), "at_llr": rates}


if __name__ == "__main__":
    main()
