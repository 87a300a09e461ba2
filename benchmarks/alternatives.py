"""The engine beside what people would use instead, on the same pictures of the same films, in one run of one process.

    python -m benchmarks.alternatives ../shared/films/street_1080p.mp4 ../shared/films/corridor_three.gif --fer-path FOLDER

Films are sampled as the engine samples them; decoding is timed apart and counted once for everybody. What finds faces only is
held against our detector, what reads expressions as well against our detector and expression model; the whole engine (tracks,
templates and expressions) stands beside them. Each rival's rounds alternate with rounds of ours on all pictures, so that what
else the machine does falls on both. Rivals see pictures as filmed, as they do by default, and once more scaled as our detector
scales them, with the thresholds that they have by default (deepface also puts a border of half its size round a picture).
Rivals too slow for --limit see fewer pictures, evenly spread; their seconds are then scaled up to all of them. On a busy
machine the processor's seconds say more than the clock's.

`fer` is installed apart, as it would exchange OpenCV: `pip install --no-deps --target FOLDER fer facenet-pytorch torch
torchvision` and what torch needs. Nothing is downloaded: a detector of deepface whose weights don't come with a package is
listed with what it says, except for dlib's landmarks and YuNet's network, which are put where deepface looks for them.
"""

import argparse
import importlib.util
import json
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.fit_llr import stamp
from fer_core import video, weights
from fer_core.cli import common
from fer_core.detect import Detector, deepface
from fer_core.geometry import iou, scaled_to
from fer_core.pipeline import Engine, Film, FilmAnalysis
from fer_core.settings import Settings, VideoSettings
from fer_core.types import Faces, FloatArray, Frame, UInt8Array

REPORTS = Path(__file__).parent / "reports"
FACES, READ, WHOLE = "faces", "faces, expressions", "tracks, templates, expressions"
SAME_FACE = 0.4
PACKAGES = ("deepface", "dlib-bin", "facenet-pytorch", "fer", "mtcnn", "numpy", "onnxruntime", "opencv-contrib-python-headless",
            "tensorflow", "torch", "torchvision")  # fmt: skip
FAILURES = (ImportError, ValueError, OSError, RuntimeError, AttributeError, cv2.error)
"""What the packages raise where they lack a package, weights, or a part of OpenCV."""

Work = Callable[[Sequence[Frame]], list[FloatArray]]
"""Pictures in, each one's boxes (n, 4) px out."""


@dataclass(frozen=True)
class Rival:
    """One thing to time; does is FACES, READ or WHOLE, and says what of ours it is held against."""

    name: str
    does: str
    work: Work


Maker = tuple[str, Callable[[], list[Rival]]]


def each(look: Callable[[UInt8Array], Any]) -> Work:
    """The work of something that is asked picture by picture for rows left, top, right, bottom."""
    return lambda pictures: [np.array(look(one.image), np.float32).reshape(-1, 4) for one in pictures]


def corners(boxes: Any) -> list[tuple[float, float, float, float]]:
    """Left, top, width, height to left, top, right, bottom."""
    return [(x, y, x + wide, y + high) for x, y, wide, high in boxes]


# ---- ours -----------------------------------------------------------------------------------------------------------


class _Noting(Detector):
    """The detector, with every box written down."""

    def __init__(self, detector: Detector) -> None:
        self._detector, self.boxes = detector, list[FloatArray]()

    @property
    def name(self) -> str:
        return self._detector.name

    def detect(self, image: UInt8Array) -> Faces:
        faces = self._detector.detect(image)
        self.boxes.append(faces.xyxy)
        return faces


def ours(engine: Engine) -> list[Rival]:
    """Our detector, it with the expression model, and the whole engine."""

    def read(image: UInt8Array) -> FloatArray:
        faces = engine.detector.detect(image)
        engine.emotion.predict(image, faces)
        return faces.xyxy

    def whole(pictures: Sequence[Frame]) -> list[FloatArray]:
        noting = _Noting(engine.detector)
        with FilmAnalysis(Film(Path("film"), "entry"), 0, replace(engine, detector=noting)) as analysis:
            for picture in pictures:
                analysis.take(picture)
            analysis.done()
        return noting.boxes

    name = f"ours ({engine.detector.name})"
    found = each(lambda image: engine.detector.detect(image).xyxy)
    return [Rival(name, FACES, found), Rival(name, READ, each(read)), Rival(name, WHOLE, whole)]


# ---- theirs ---------------------------------------------------------------------------------------------------------


def fer_rivals(name: str, **options: Any) -> list[Rival]:
    """The package `fer` with those options of its class."""
    from fer.fer import FER

    default = Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml"
    if not options and not default.exists():  # it would fail at the first picture and not say why
        raise FileNotFoundError(f"fer opens OpenCV's {default.name} by default, which OpenCV {cv2.__version__} comes without")
    if options.get("mtcnn"):
        import facenet_pytorch  # noqa: F401  FER hides why it can't import it
    model = FER(**options)
    faces = each(lambda image: corners(model.find_faces(image)))
    return [
        Rival(name, FACES, faces),
        Rival(name, READ, each(lambda image: corners(face["box"] for face in model.detect_emotions(image)))),
    ]


def own_cascade() -> str:
    """The Haar cascade that comes with `fer` and that it doesn't use."""
    spec = importlib.util.find_spec("fer")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("No module named 'fer'")
    return str(Path(spec.submodule_search_locations[0]) / "data" / "haarcascade_frontalface_default.xml")


def deepface_rivals(backend: str) -> list[Rival]:
    """deepface's extract_faces with one of its detectors: faces found, cut out and turned upright."""
    from deepface.modules import detection, modeling  # deepface.DeepFace would switch TensorFlow to another Keras for good

    modeling.build_model("face_detector", backend)

    def look(image: UInt8Array) -> list[tuple[float, float, float, float]]:
        told = detection.extract_faces(image.copy(), detector_backend=backend, enforce_detection=False)
        areas = [tuple(face["facial_area"][side] for side in "xywh") for face in told]
        height, width = image.shape[:2]
        # Where it finds nobody, it tells the whole picture.
        return corners(area for area in areas if area[2] < width - 1 or area[3] < height - 1)

    return [Rival(f"deepface {backend}", FACES, each(look))]


def everybody() -> Iterator[Maker]:
    """Every rival's name and how to open it."""
    yield "fer, MTCNN", lambda: fer_rivals("fer, MTCNN", mtcnn=True)
    yield "fer, Haar (its default)", lambda: fer_rivals("fer, Haar (its default)")
    yield "fer, Haar from its own file", lambda: fer_rivals("fer, Haar from its own file", cascade_file=own_cascade())
    for backend in deepface.known():
        yield f"deepface {backend}", lambda backend=backend: deepface_rivals(backend)


def opened(makers: Iterable[Maker], picture: Frame) -> tuple[list[Rival], list[dict[str, str]]]:
    """Those that open and answer to a picture; and of the others, what they say."""
    rivals, refused = list[Rival](), list[dict[str, str]]()
    for name, make in makers:
        try:
            made = make()
            for rival in made:
                rival.work([picture])
            rivals += made
        except FAILURES as error:
            says = " ".join(str(error).split()).replace(os.environ.get("DEEPFACE_HOME") or "$HOME", "$DEEPFACE_HOME")
            refused.append({"name": name, "needs": need_of(error), "says": says})
    return rivals, refused


def need_of(error: Exception) -> str:
    """What would help: a package, a download, or something else."""
    text = str(error).lower()
    if isinstance(error, FileNotFoundError):
        return "a file"
    if isinstance(error, ImportError) or "pip install" in text:
        return "a package"
    return "a download" if "download" in text else "something else"


def put_weights(folder: Path) -> None:
    """Put what comes with installed packages, and our YuNet, where deepface would download it to."""
    spec = importlib.util.find_spec("face_recognition_models")
    packages = Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else folder
    landmarks, yunet = "shape_predictor_5_face_landmarks.dat", "face_detection_yunet_2023mar.onnx"
    found = {landmarks: packages / "models" / landmarks, yunet: weights.find(weights.card("yunet"))}
    for name, source in found.items():
        if source is not None and source.is_file() and not (folder / name).exists():
            shutil.copy(source, folder / name)


# ---- timing ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Limits:
    """How many rounds, about how long one may take, and how many samples of a film at most."""

    rounds: int = 3
    round_s: float = 10.0
    samples: int = 100


@dataclass(frozen=True)
class Timed:
    """One round: boxes by picture, seconds of the clock and of the processor."""

    boxes: list[FloatArray]
    clock_s: float
    cpu_s: float


def timed(work: Work, pictures: Sequence[Frame]) -> Timed:
    clock, processor = time.perf_counter(), time.process_time()
    boxes = work(pictures)
    return Timed(boxes, time.perf_counter() - clock, time.process_time() - processor)


def few(work: Work, pictures: Sequence[Frame], limit_s: float) -> list[int]:
    """The places of as many pictures, evenly spread, as fit in the limit; three at least where there are as many."""
    work(pictures[:1])  # the first of its size may build a graph
    one_s = timed(work, pictures[:1]).clock_s
    count = int(min(len(pictures), max(3, limit_s / max(one_s, 1e-6))))
    return sorted({round(place) for place in np.linspace(0, len(pictures) - 1, count)})


def beside(rival: Rival, own: Rival, shown: Sequence[Frame], filmed: Sequence[Frame], limits: Limits) -> dict[str, Any]:
    """One rival's figures for the pictures it is shown; ours sees them as filmed, before each of its rounds."""
    places = few(rival.work, shown, limits.round_s)
    chosen = [shown[place] for place in places]
    rounds = [(timed(own.work, filmed), timed(rival.work, chosen)) for _ in range(limits.rounds)]
    share = len(filmed) / len(chosen)
    seconds = float(np.median([theirs.clock_s for _, theirs in rounds]))
    ratios = [share * theirs.clock_s / mine.clock_s for mine, theirs in rounds]
    boxes, factor = rounds[0][1].boxes, filmed[0].image.shape[1] / chosen[0].image.shape[1]
    height, width = chosen[0].image.shape[:2]
    return {
        "name": rival.name, "does": rival.does, "size": f"{width}x{height}", "pictures": len(chosen),
        "faces": sum(map(len, boxes)), "seconds": round(share * seconds, 3),
        "cpu_s": round(share * float(np.median([theirs.cpu_s for _, theirs in rounds])), 3),
        "faces_per_s": round(sum(map(len, boxes)) / seconds, 1),
        "times_ours": round(float(np.median(ratios)), 2), "times_ours_range": [round(min(ratios), 2), round(max(ratios), 2)],
        "times_ours_cpu": round(float(np.median([share * b.cpu_s / max(a.cpu_s, 1e-9) for a, b in rounds])), 2),
        **shared_faces([box * factor for box in boxes], [rounds[0][0].boxes[place] for place in places]),
    }  # fmt: skip


def shared_faces(theirs: list[FloatArray], own: list[FloatArray]) -> dict[str, int]:
    """How many faces of ours they found as well and how many they missed, and how many only they told."""
    counts = {"both": 0, "only_ours": 0, "only_theirs": 0}
    for told, mine in zip(theirs, own, strict=True):
        table = iou(mine, told) if len(told) and len(mine) else np.zeros((len(mine), len(told)))
        met = int((table >= SAME_FACE).any(axis=1).sum())
        counts["both"] += met
        counts["only_ours"] += len(mine) - met
        counts["only_theirs"] += int((~(table >= SAME_FACE).any(axis=0)).sum())
    return counts


def read_film(film: Path, settings: VideoSettings, most: int) -> tuple[list[Frame], float]:
    """The film's samples, `most` at most, and the seconds that reading them took."""
    since = time.perf_counter()
    frames = video.samples(film, settings, warn=common.tell)
    pictures = [frame for _, frame in zip(range(most), frames, strict=False)]
    return pictures, time.perf_counter() - since


def compared(film: Path, mine: list[Rival], rivals: list[Rival], limits: Limits) -> dict[str, Any]:
    """One film's figures: ours, then everybody's."""
    settings = Settings()
    pictures, reading_s = read_film(film, settings.video, limits.samples)
    small = [Frame(one.time_s, scaled_to(one.image, settings.detect.max_side_px)[0]) for one in pictures]
    sizes = [pictures] if small[0].image is pictures[0].image else [pictures, small]
    own = {rival.does: rival for rival in mine}
    rows = [beside(rival, rival, pictures, pictures, replace(limits, round_s=math.inf)) for rival in mine]
    for rival in rivals:
        common.tell(f"{film.name}: {rival.name}, {rival.does} …")
        rows += [beside(rival, own[rival.does], shown, pictures, limits) for shown in sizes]
    film_s = pictures[-1].time_s + 1 / settings.video.samples_per_s
    for row in rows:
        row["film_s"] = round(reading_s + row["seconds"], 3)
        row["s_per_film_s"] = round(row["film_s"] / film_s, 3)
    return {
        "film": film.name, "samples": len(pictures), "seconds_of_film": round(film_s, 2), "reading_s": round(reading_s, 3),
        "rows": rows,
    }  # fmt: skip


# ---- report ---------------------------------------------------------------------------------------------------------

COLUMNS = ("picture", "seen", "faces", "both", "s", "film s", "faces/s", "× ours", "cpu ×")
HEAD = f"{'':26} {'does':30}" + "".join(f"{column:>10}" for column in COLUMNS)


def line(row: dict[str, Any]) -> str:
    keys = ("size", "pictures", "faces", "both", "seconds", "film_s", "faces_per_s", "times_ours", "times_ours_cpu")
    return f"{row['name']:26} {row['does']:30}" + "".join(f"{row[key]!s:>10}" for key in keys)


def table(report: dict[str, Any]) -> str:
    """The report for a person."""
    lines = []
    for film in report["films"]:
        told = f"{film['samples']} samples of {film['seconds_of_film']} s, read in {film['reading_s']} s"
        lines += ["", f"{film['film']}: {told}", HEAD, *map(line, film["rows"])]
    same = {(no["needs"], no["says"]): list[str]() for no in report["refused"]}
    for no in report["refused"]:
        same[no["needs"], no["says"]].append(no["name"])
    told = (f"  {', '.join(names)}: needs {needs}: {says[:150]}" for (needs, says), names in same.items())
    return "\n".join([*lines, "", "not here:", *told])


def versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def confine(threads: int) -> None:
    """Every library to so many threads, and the process to so many cores where the system can; and no download.

    Threads that wait don't spin, as ours never do: on a busy machine spinning makes PyTorch ten times slower than it is.
    """
    os.environ |= {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"}
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[name] = str(threads)
    for name in ("http_proxy", "https_proxy"):
        os.environ[name] = "http://127.0.0.1:9"
    cv2.setNumThreads(threads)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    films = Path(__file__).parents[2] / "shared" / "films"
    parser.add_argument("films", type=Path, nargs="*", default=[films / "street_1080p.mp4", films / "corridor_three.gif"])
    parser.add_argument("--fer-path", type=Path, help="the folder in which fer, facenet-pytorch and torch are installed")
    parser.add_argument("--rounds", type=int, default=Limits.rounds)
    parser.add_argument("--most", type=int, default=Limits.samples, help="samples of a film at most")
    parser.add_argument("--limit", type=float, default=Limits.round_s, help="seconds a round of a rival may take about")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=REPORTS / f"alternatives-{datetime.now(UTC).date()}.json")
    asked = parser.parse_args()
    confine(asked.threads)
    if asked.fer_path:
        sys.path.append(str(asked.fer_path))  # behind the installed packages: it must not exchange them
    with tempfile.TemporaryDirectory() as home:
        os.environ.setdefault("DEEPFACE_HOME", home)
        put_weights(weights.prepare_deepface())
        mine = ours(common.engine_of(Settings()))
        first = read_film(asked.films[0], Settings().video, 1)[0][0]
        rivals, refused = opened(everybody(), first)
        limits = Limits(asked.rounds, asked.limit, asked.most)
        figures = [compared(film, mine, rivals, limits) for film in asked.films]
    report = {
        **stamp(), "command": "python -m benchmarks.alternatives", "threads": asked.threads, **asdict(limits),
        "samples_per_s": Settings().video.samples_per_s, "load": os.getloadavg()[0], "versions": versions(), "films": figures,
        "refused": refused,
    }  # fmt: skip
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(table(report))


if __name__ == "__main__":
    main()
