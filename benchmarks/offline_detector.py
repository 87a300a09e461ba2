"""The offline detector beside the package that it stands in for: `mtcnn` on TensorFlow against our own on ONNX Runtime.

    python -m benchmarks.offline_detector ../shared/films/single_face.mp4 ../shared/films/street_1080p.mp4 --every 10

Both see the same pictures (scaled as `DetectSettings.max_side_px` says), in turn, so that what else the machine does falls
on both. Times are a picture's, after a first one that isn't counted: the clock's median and least, and the processor's
median, which a busy machine disturbs less. Each --min-face adds a run of ours at that least size. The report goes to
benchmarks/reports/offline-detector-DATE.json and says the date, the commit and the machine.
"""

import argparse
import json
import os
import platform
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import av
import numpy as np

from fer_core.detect.base import Detector, ScalingDetector, by_side
from fer_core.detect.mtcnn import Mtcnn
from fer_core.geometry import iou
from fer_core.settings import DetectSettings
from fer_core.types import Faces

REPORTS = Path(__file__).parent / "reports"
ORIGINAL, OURS = "original", "ours"


class Original(ScalingDetector):
    """The package's own code, asked for what ours is."""

    def __init__(self, settings: DetectSettings) -> None:
        super().__init__(ORIGINAL, settings)
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        from mtcnn import MTCNN

        self._model = MTCNN()

    def find(self, image: np.ndarray) -> Faces:
        asked = {"fit_to_image": False, "box_format": "xyxy", "output_type": "numpy", "threshold_onet": self.settings.min_score}
        rows = self._model.detect_faces(np.ascontiguousarray(image[:, :, ::-1]), **asked)
        return Faces(rows[:, 1:5], rows[:, 5], by_side(rows[:, 6:16].reshape(-1, 2, 5).transpose(0, 2, 1)))


def pictures(film: Path, every: int, most: int) -> Iterator[np.ndarray]:
    with av.open(str(film)) as opened:
        for number, frame in enumerate(opened.decode(video=0)):
            if number % every == 0 and number // every < most:
                yield frame.to_ndarray(format="bgr24")


def timed(detector: Detector, picture: np.ndarray) -> tuple[Faces, float, float]:
    """The faces, and the milliseconds of the clock and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    faces = detector.detect(picture)
    return faces, 1000 * (time.perf_counter() - clock), 1000 * (time.process_time() - processor)


def compared(film: Path, detectors: dict[str, Detector], shown: list[np.ndarray]) -> dict[str, Any]:
    """One film's figures, by detector, and how far ours is from the original."""
    for detector in detectors.values():
        detector.detect(shown[0])
    runs = {name: [] for name in detectors}
    for picture in shown:
        for name, detector in detectors.items():
            runs[name].append(timed(detector, picture))
    figures = {name: summed(told) for name, told in runs.items()}
    for key in ("ms_median", "cpu_ms_median"):
        figures[OURS][f"original_over_ours_{key}"] = round(figures[ORIGINAL][key] / figures[OURS][key], 2)
    height, width = shown[0].shape[:2]
    return {
        "film": film.name, "size": f"{width}x{height}", "pictures": len(shown), **figures,
        "difference": difference([r[0] for r in runs[ORIGINAL]], [r[0] for r in runs[OURS]]),
    }  # fmt: skip


def summed(told: list[tuple[Faces, float, float]]) -> dict[str, Any]:
    clock, processor = (np.array([row[i] for row in told]) for i in (1, 2))
    return {
        "faces": sum(len(row[0]) for row in told), "ms_median": round(float(np.median(clock)), 1),
        "ms_least": round(float(clock.min()), 1), "cpu_ms_median": round(float(np.median(processor)), 1),
    }  # fmt: skip


def difference(theirs: list[Faces], ours: list[Faces]) -> dict[str, Any]:
    """Least IoU and most score and landmark difference over the pictures in which both found as many faces."""
    alike = [(a, b) for a, b in zip(theirs, ours, strict=True) if len(a) == len(b)]
    overlap, score, landmark = 1.0, 0.0, 0.0
    for a, b in ((a, b) for a, b in alike if len(a)):
        table = iou(a.xyxy, b.xyxy)
        same = table.argmax(axis=1)
        overlap = min(overlap, float(table.max(axis=1).min()))
        score = max(score, float(np.abs(a.score - b.score[same]).max()))
        landmark = max(landmark, float(np.abs(a.landmarks - b.landmarks[same]).max()))
    return {
        "pictures_with_other_counts": len(theirs) - len(alike), "least_iou": round(overlap, 5),
        "most_score": round(score, 5), "most_landmark_px": round(landmark, 4),
    }  # fmt: skip


def stamp() -> dict[str, Any]:
    """When, of which commit, on what."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607
    packages = {name: metadata.version(name) for name in ("mtcnn", "tensorflow", "onnxruntime", "opencv-python", "numpy")}
    return {
        "date": datetime.now(UTC).date().isoformat(), "commit": commit.stdout.strip(), "cores": os.cpu_count(),
        "machine": platform.machine(), "python": platform.python_version(), "load": os.getloadavg()[0], **packages,
    }  # fmt: skip


def opened(min_faces: list[int]) -> tuple[dict[str, Detector], dict[str, float]]:
    """The detectors by name, ours first; and how many seconds opening ours and the original took, imports included."""
    seconds, detectors = {}, {}
    for name, kind in ((OURS, Mtcnn), (ORIGINAL, Original)):
        start = time.perf_counter()
        detectors[name] = kind(DetectSettings())
        seconds[name] = round(time.perf_counter() - start, 2)
    detectors |= {f"{OURS}_{least}px": Mtcnn(DetectSettings(mtcnn_min_face_px=least)) for least in min_faces}
    return detectors, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("films", type=Path, nargs="+")
    parser.add_argument("--every", type=int, default=10, help="frames from one picture to the next")
    parser.add_argument("--most", type=int, default=12, help="pictures of a film at most")
    parser.add_argument("--min-face", type=int, nargs="*", default=[24, 28, 32], metavar="PX")
    parser.add_argument("--out", type=Path, default=REPORTS / f"offline-detector-{datetime.now(UTC).date()}.json")
    asked = parser.parse_args()
    detectors, seconds = opened(asked.min_face)
    films = [compared(film, detectors, list(pictures(film, asked.every, asked.most))) for film in asked.films]
    report = {**stamp(), "command": "python -m benchmarks.offline_detector", "opening_s": seconds, "films": films}
    print(json.dumps(report, indent=1))
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
