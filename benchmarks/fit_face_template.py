"""Fit FER_TEMPLATE: where FER2013's own pictures have the five landmarks of a face.

    python benchmarks/fit_face_template.py DATA.npz [--pictures 1500] [--detector yunet]

Each picture (48 × 48) is enlarged and framed with its own reflection, so that a face that fills it can be found; the
landmarks come back in pixels of the picture, and their median is the template. Prints it with its spread, and the shares
of a box at which the landmarks lie.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from fer_core.dataset import FACE_PX, load
from fer_core.detect import Detector, open_detector
from fer_core.settings import DetectSettings

ENLARGED = 4
FRAME_PX = 64
"""Width of the border, in pixels of the enlarged picture."""


def landmarks_in(picture: np.ndarray, detector: Detector) -> tuple[np.ndarray, np.ndarray] | None:
    """The surest face's landmarks (5, 2) in the picture's pixels and as shares of its box; None where none is found."""
    large = cv2.resize(picture, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
    framed = cv2.copyMakeBorder(large, *[FRAME_PX] * 4, cv2.BORDER_REFLECT)
    faces = detector.detect(cv2.cvtColor(framed, cv2.COLOR_GRAY2BGR))
    if not len(faces) or faces.landmarks is None:
        return None
    best = int(faces.score.argmax())
    marks, box = faces.landmarks[best], faces.xyxy[best]
    # A resize holds a pixel's middle to be (.5, .5).
    return (marks - FRAME_PX + 0.5) / ENLARGED - 0.5, (marks - box[:2]) / (box[2:] - box[:2])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--pictures", type=int, default=1500)
    parser.add_argument("--detector", default="yunet")
    asked = parser.parse_args()
    data = load(asked.data).of_split("train")
    rows = np.random.default_rng(0).choice(len(data), min(asked.pictures, len(data)), replace=False)
    detector = open_detector(asked.detector, DetectSettings(max_side_px=FACE_PX * ENLARGED + 2 * FRAME_PX))
    found = [pair for row in rows if (pair := landmarks_in(data.image[row], detector))]
    marks, shares = (np.stack(part) for part in zip(*found, strict=True))
    print(f"{len(found)} faces in {len(rows)} pictures")
    for name, values in (("template (px)", marks), ("in the box", shares)):
        middle = np.median(values, axis=0)
        spread = np.median(np.abs(values - middle), axis=0)
        print(f"{name}: median\n{middle.round(3)}\nmedian deviation\n{spread.round(3)}")


if __name__ == "__main__":
    main()
