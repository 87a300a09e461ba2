"""One picture by itself, and the reading of faces that it shares with the engine."""

import time
from datetime import datetime

import numpy as np

from fer_core import geometry
from fer_core.detect import Detector
from fer_core.embed import Embedder
from fer_core.emotion import EmotionModel
from fer_core.gate import Gate
from fer_core.live.judging import Judge
from fer_core.live.types import PALETTE, LiveFace, LiveResult, LiveSettings
from fer_core.review import valence_of
from fer_core.settings import ReviewSettings
from fer_core.types import EXPRESSIONS, Faces, FloatArray, UInt8Array, check_image

_MARGIN = 0.4


def read_picture(
    image: UInt8Array,
    detector: Detector,
    emotion: EmotionModel,
    review: ReviewSettings | None = None,
    *,
    gate: Gate | None = None,
    embedder: Embedder | None = None,
    moment: datetime | None = None,
) -> LiveResult:
    """One picture by itself: every face that the gate admits, numbered from the left, as it is.

    embedder: needed where the gate knows staff (ValueError); each face is then judged, and only who isn't staff is read.
    moment: when it was taken, aware, for the gate's hours; None: now.
    """
    check_image(image)
    since, judge = time.perf_counter(), Judge(gate or Gate(), embedder)
    size = image.shape[1], image.shape[0]
    found, dropped = judge.passed(detector.detect(image), size, moment)
    found = found[np.argsort(found.xyxy[:, 0], kind="stable")]
    told = [judge.admits(image, found, row) if judge.asks else True for row in range(len(found))]
    faces, staff, waiting = (found[[row for row, one in enumerate(told) if one is told_so]] for told_so in (True, False, None))
    people = _people(image, faces, emotion, review or ReviewSettings())
    ms = 1e3 * (time.perf_counter() - since)
    nobody = np.zeros((0, 4), np.float32)
    return LiveResult(
        0.0, size, emotion.labels, people, nobody, ms, ms, 0.0, staff=staff.xyxy, waiting=waiting.xyxy, dropped=dropped
    )


def _people(image: UInt8Array, faces: Faces, emotion: EmotionModel, review: ReviewSettings) -> tuple[LiveFace, ...]:
    rows = expressions(image, faces, emotion, LiveSettings.patch_px)
    seven = emotion.labels == EXPRESSIONS
    valence = valence_of(rows, review).tolist() if seven else [None] * len(faces)
    return tuple(
        LiveFace(place + 1, place % len(PALETTE), faces.xyxy[place], frozen(rows[place]), valence[place])
        for place in range(len(faces))
    )


def expressions(image: UInt8Array, faces: Faces, emotion: EmotionModel, side_px: int) -> FloatArray:
    """(n, k) for the faces, each cut out first: a whole picture would be shrunk anew for each of them."""
    patches, inside = [], []
    for row in range(len(faces)):
        patch, offset, scale = geometry.cut(image, faces.xyxy[row], _MARGIN, side_px)
        patches.append(patch)
        inside.append(faces[row].moved(offset, scale))
    return emotion.predict_many(patches, inside)


def frozen(values: FloatArray) -> FloatArray:
    """A copy, float32, that can't be written to."""
    found = np.array(values, np.float32)
    found.setflags(write=False)
    return found
