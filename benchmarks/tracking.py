"""IDF1, HOTA, MOTA and identity switches of the engine's tracking on made-up shop days.

    python -m benchmarks.tracking --days runs/days --kind busy --people odd --seeds 1-3 --out benchmarks/reports/FILE.json

Judged at the sampled pictures against paths.csv, by the library `trackers` (its numbers follow TrackEval). Three stages: `raw`,
the tracker's numbers; `split`, its tracks after a change of appearance has cut them; `joined`, broken tracks joined again: what
the engine calls an appearance. Each twice: against all faces, and against the visible ones, those less than half covered by
somebody who stands in front (what is told of the others is left out as well). Days that aren't there need --tool and --faces.
"""

import argparse
import csv
import json
import os
import platform
import subprocess
import sys
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks import storeday
from fer_core import match, video
from fer_core.cli import common
from fer_core.pipeline import Engine, Film
from fer_core.pipeline.film import FilmAnalysis
from fer_core.pipeline.passages import Codes, Passage, split_by_appearance
from fer_core.settings import Settings, fit_for
from fer_core.track import FaceTracker, Tracked
from fer_core.types import Appearance, Faces, FloatArray, IntArray, Role

FACE_WIDTH, FACE_HEIGHT = 0.78, 1.0
"""A face's share of its photograph's side: the medians of YuNet's boxes on one day of even people (99 % overlap by half)."""
MOMENT_S = 0.05
HIDDEN = 0.5
OVERLAP = 0.5
STAGES = ("raw", "split", "joined")

Marks = dict[int, FloatArray]
"""One picture's boxes (4,) px by identity."""


@dataclass(frozen=True)
class Picture:
    """One sampled picture: the true boxes, the covered share of each, and the boxes told, by stage."""

    truth: Marks
    hidden: dict[int, float]
    told: dict[str, Marks]


# ---- what the engine tells ------------------------------------------------------------------------------------------


class _Recorder(FaceTracker):
    """The tracker, with every numbered box written down."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.track, settings.video.samples_per_s)
        self.boxes: dict[float, Marks] = {}
        self.before: tuple[float, FloatArray] = (0.0, np.zeros((0, 4), np.float32))

    def update(self, faces: Faces, time_s: float) -> Tracked:
        tracked = super().update(faces, time_s)
        self.boxes[time_s] = {n: faces.xyxy[row] for row, n in enumerate(tracked.numbers) if n is not None}
        for number, row in tracked.late.items():
            self.boxes[self.before[0]][number] = self.before[1][row]
        self.before = (time_s, faces.xyxy)
        return tracked


class _Tracking(FilmAnalysis):
    """A film's analysis that splits tracks and reads no expressions."""

    def __init__(self, film: Film, engine: Engine) -> None:
        super().__init__(film, 0, engine)
        self.tracker: _Recorder = _Recorder(engine.settings)
        self.passages: list[tuple[int, Passage]] = []

    def _finish(self, *numbers: int) -> None:
        for number in numbers:
            codes = Codes(self.engine.embedder, self.engine.settings.track)
            parts = split_by_appearance(self.keepers.pop(number), codes, self.engine.settings)
            self.passages += [(number, part) for part in parts]

    def finish(self) -> list[Appearance]:
        self._finish(*sorted(self.keepers))
        return []


@dataclass
class Told:
    """What was told of a film: boxes by moment and track, each track's parts (begin, place), and each part's person."""

    boxes: dict[float, Marks]
    parts: dict[int, list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))
    person: dict[int, int] = field(default_factory=dict)

    def split(self, moment: float) -> Marks:
        """One moment's boxes by the part to which they belong; those of parts too short to count are left out."""
        found = {}
        for number, box in self.boxes[moment].items():
            begun = [place for begin, place in self.parts[number] if begin <= moment] or [p for _, p in self.parts[number][:1]]
            if begun and begun[-1] in self.person:
                found[begun[-1]] = box
        return found

    def at(self, moment: float) -> dict[str, Marks]:
        """All stages of one moment."""
        split = self.split(moment)
        return {
            "raw": self.boxes[moment],
            "split": split,
            "joined": {self.person[place]: box for place, box in split.items()},
        }


def _stand_in(part: Passage, place: int, role: Role) -> Appearance:
    """An appearance for the joining, which carries the part's place where the times of its expressions would be."""
    return Appearance(
        role=role, film=0, intervals=((part.start_s, part.end_s),), best_s=part.best.time_s, x=0.0, y=0.0, size_px=0.0,
        quality=part.best.quality, faces=part.faces, template=part.template, times_s=np.array([place]),
        series=np.zeros((1, 7)), weight=np.ones(1),
    )  # fmt: skip


def told_of(film: Film, engine: Engine) -> Told:
    """Track one film as the engine does."""
    frames = video.samples(film.path, engine.settings.video, warn=lambda text: print(text, file=sys.stderr))
    with _Tracking(film, engine) as analysis, closing(video.ahead(frames, engine.settings.video.ahead)) as decoded:
        for frame in decoded:
            analysis.take(frame)
        analysis.finish()
    told, seen = Told(analysis.tracker.boxes), list[Appearance]()
    for place, (number, part) in enumerate(analysis.passages):
        told.parts[number].append((part.start_s, place))
        if part.faces >= engine.settings.track.min_faces:
            seen.append(_stand_in(part, place, film.role))
    for person, one in enumerate(match.join_broken(seen, fit_for(engine.embedder.name), engine.settings.match)):
        told.person.update({int(place): person for place in one.times_s})
    return told


# ---- what is true ---------------------------------------------------------------------------------------------------


def face_of(square: FloatArray) -> FloatArray:
    """The face (4,) px in its photograph's square (4,) px."""
    middle, side = (square[:2] + square[2:]) / 2, float(square[2] - square[0])
    half = np.array([FACE_WIDTH, FACE_HEIGHT]) * side / 2
    return np.concatenate([middle - half, middle + half])


def covered(face: FloatArray, squares: list[FloatArray]) -> float:
    """The largest share of the face that one of the squares covers."""
    area = float(np.prod(face[2:] - face[:2]))
    corners = [(np.maximum(face[:2], s[:2]), np.minimum(face[2:], s[2:])) for s in squares]
    return max((float(np.prod(np.maximum(low - high, 0.0))) / area for high, low in corners), default=0.0)


def truth_of(folder: Path, role: Role) -> list[tuple[float, int, FloatArray]]:
    """(time_s, visitor, square px) of one camera, those in front last within a moment."""
    with (folder / "paths.csv").open(newline="") as handle:
        return [
            (float(row["time_s"]), int(row["visitor"]), np.array([float(row[key]) for key in ("x0", "y0", "x1", "y1")]))
            for row in csv.DictReader(handle)
            if row["camera"] == role
        ]


def pictures_of(truth: list[tuple[float, int, FloatArray]], told: Told) -> list[Picture]:
    """Every sampled picture, what is true beside what was told."""
    times, pictures = np.array([time_s for time_s, _, _ in truth]), []
    for moment in sorted(told.boxes):
        here = [truth[row] for row in np.flatnonzero(np.abs(times - moment) < MOMENT_S)]
        faces = {visitor: face_of(square) for _, visitor, square in here}
        hidden = {v: covered(faces[v], [square for _, _, square in here[row + 1 :]]) for row, (_, v, _) in enumerate(here)}
        pictures.append(Picture(faces, hidden, told.at(moment)))
    return pictures


# ---- figures --------------------------------------------------------------------------------------------------------


def _arrays(marks: Marks) -> tuple[IntArray, FloatArray]:
    return np.array(list(marks), np.int64), np.array(list(marks.values()), np.float64).reshape(-1, 4)


def overlap(first: Marks, second: Marks) -> FloatArray:
    """(n, m) intersection over union."""
    from trackers.eval import box_iou

    if not first or not second:
        return np.zeros((len(first), len(second)))
    return box_iou(_arrays(first)[1], _arrays(second)[1])


def visible(truth: Marks, hidden: dict[int, float], told: Marks) -> tuple[Marks, Marks]:
    """Truth less the covered faces, and what was told less what stands for one of them."""
    found, names = overlap(truth, told), list(truth)
    rows, columns = linear_sum_assignment(found, maximize=True)
    pairs = [(r, c) for r, c in zip(rows, columns, strict=True) if found[r, c] >= OVERLAP]
    dropped = {c for r, c in pairs if hidden[names[r]] >= HIDDEN}
    seen = {name: box for name, box in truth.items() if hidden[name] < HIDDEN}
    return seen, {name: box for place, (name, box) in enumerate(told.items()) if place not in dropped}


Figures = dict[str, dict[str, Any]]
"""The library's three families of one film."""


def figures_of(pairs: list[tuple[Marks, Marks]]) -> Figures:
    """CLEAR, identity and HOTA figures of one film: (true, told) of every picture, overlapping by half where it matters."""
    from trackers.eval import compute_clear_metrics, compute_hota_metrics, compute_identity_metrics

    true = [_arrays(truth)[0] for truth, _ in pairs]
    told = [_arrays(marks)[0] for _, marks in pairs]
    alike = [overlap(truth, marks) for truth, marks in pairs]
    return {
        "clear": compute_clear_metrics(true, told, alike, threshold=OVERLAP),
        "identity": compute_identity_metrics(true, told, alike, threshold=OVERLAP),
        "hota": compute_hota_metrics(true, told, alike),
    }


def pooled(films: list[Figures]) -> dict[str, float]:
    """The figures of all films together: counts are added, never means of means."""
    from trackers.eval import aggregate_clear_metrics, aggregate_hota_metrics, aggregate_identity_metrics

    clear = aggregate_clear_metrics([film["clear"] for film in films])
    identity = aggregate_identity_metrics([film["identity"] for film in films])
    hota = aggregate_hota_metrics([film["hota"] for film in films])
    told = {
        **{key: identity[key] for key in ("IDF1", "IDP", "IDR")},
        **{key: hota[key] for key in ("HOTA", "DetA", "AssA", "LocA")},
        **{key: clear[key] for key in ("MOTA", "CLR_Re", "CLR_Pr", "IDSW", "Frag", "CLR_TP", "CLR_FN", "CLR_FP")},
    }
    return {key: round(value, 4) for key, value in told.items()}


def report_of(films: list[list[Picture]]) -> dict[str, Any]:
    """The pooled figures of all stages, against all faces and against the visible ones."""
    report: dict[str, Any] = {"faces": sum(len(p.truth) for film in films for p in film)}
    report["hidden_faces"] = sum(share >= HIDDEN for film in films for p in film for share in p.hidden.values())
    for stage in STAGES:
        report[stage] = {
            "all": pooled([figures_of([(p.truth, p.told[stage]) for p in film]) for film in films]),
            "visible": pooled([figures_of([visible(p.truth, p.hidden, p.told[stage]) for p in film]) for film in films]),
        }
    return report


# ---- command --------------------------------------------------------------------------------------------------------


def parser_of(description: str) -> argparse.ArgumentParser:
    """The options of a benchmark on made-up days."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--tool", type=Path, help="storeday.py; only for days that aren't there yet")
    parser.add_argument("--faces", type=Path, help="its photographs; only for days that aren't there yet")
    parser.add_argument("--days", type=Path, default=Path("runs/days"))
    parser.add_argument("--kind", choices=storeday.KINDS, default="busy")
    parser.add_argument("--people", choices=("even", "odd"), default="odd")
    parser.add_argument("--seeds", type=storeday.seeds_of, default=storeday.seeds_of("1-3"))
    for backend in ("detector", "embedder", "emotion"):
        parser.add_argument(f"--{backend}")
    parser.add_argument("--out", type=Path)
    return parser


def stamp(name: str, arguments: argparse.Namespace, engine: Engine) -> dict[str, Any]:
    """When, of which commit, on what, with what."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607
    return {
        "date": datetime.now(UTC).date().isoformat(), "commit": commit.stdout.strip(), "cores": os.cpu_count(),
        "machine": platform.machine(), "python": platform.python_version(), "command": f"python -m benchmarks.{name}",
        "kind": arguments.kind, "people": arguments.people, "seeds": arguments.seeds, "days": len(arguments.seeds),
        "backends": [engine.detector.name, engine.embedder.name, engine.emotion.name],
    }  # fmt: skip


def write(report: dict[str, Any], out: Path | None) -> None:
    """To stdout, and to the file where one is given."""
    text = json.dumps(report, indent=1) + "\n"
    sys.stdout.write(text)
    if out:
        out.write_text(text)


def main() -> None:
    arguments = parser_of(__doc__.split("\n")[0]).parse_args()
    engine = common.engine_of(Settings(), arguments.detector, arguments.embedder, arguments.emotion)
    films = []
    for seed in arguments.seeds:
        folder = storeday.make_day(arguments, seed)
        for film in (Film(folder / "entry.mp4", "entry"), Film(folder / "exit.mp4", "exit")):
            films.append(pictures_of(truth_of(folder, film.role), told_of(film, engine)))
            print(folder.name, film.role, len(films[-1]), "pictures", file=sys.stderr, flush=True)
    shares = {"face_width": FACE_WIDTH, "face_height": FACE_HEIGHT, "overlap": OVERLAP, "hidden_from": HIDDEN}
    write({**stamp("tracking", arguments, engine), **shares, **report_of(films)}, arguments.out)


if __name__ == "__main__":
    main()
