"""What the live engine is set to and what it tells."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from fer_core.types import FloatArray

PALETTE = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#0072B2", "#F0E442")
"""Colours of people, told apart by colour-blind eyes as well (Okabe and Ito 2008); used again from the eighth person on."""


@dataclass(frozen=True)
class LiveSettings:
    """How steady and how costly the live picture is."""

    half_life_s: float = 0.35
    """Time in which an old expression loses half its weight. More: calmer bars that answer later."""
    box_half_life_s: float = 0.04
    """The same for boxes. More: boxes tremble less and trail behind quick movements."""
    expression_every_s: float = 0.09
    """Shortest time between two readings of one face. More: cheaper, bars answer later."""
    most_reads: int = 3
    """Most faces read in one picture; the others have their turn in the next. More: dearer pictures with many people."""
    most_judged: int = 1
    """Most people of whom one picture is compared with the staff gallery. More: a crowd waits less; dearer pictures."""
    judge_again_s: float = 1.0
    """Time after which somebody who is read is compared again. More: cheaper; a box that slips to staff is read for longer."""
    hold_s: float = 0.25
    """How long a face that is missed stays drawn. More: fewer flickers; boxes linger where somebody left."""
    lost_s: float = 0.8
    """How long a person who is gone is waited for before they count as new. More: numbers and colours last longer."""
    samples_per_s: float = 25.0
    """Pictures a second to be expected, for the tracker."""
    side_px: int = 384
    """Longer side of the picture in which faces are looked for. More: smaller faces are found; slower with its square."""
    patch_px: int = 160
    """Longest side of the piece cut out around a face before it is read. More: slower, hardly finer (a face has 48 px)."""
    history_s: float = 60.0
    """How far back the curve goes."""
    history_step_s: float = 0.25
    """Time between two points of one person's curve. More: a coarser curve, less memory."""
    history_most: int = 2400
    """Most points kept, of all people together. More: a crowd's whole minute is kept."""
    steady_s: float = 3.0
    """Time over which steadiness is told. More: a calmer number that answers later."""
    steady_least: int = 6
    """Fewest readings in that time for it. More: it is told later after somebody came."""
    rate_over_s: float = 2.0
    """Time over which pictures a second and milliseconds are averaged. More: calmer numbers."""


@dataclass(frozen=True, eq=False)
class LiveFace:
    """One person in the picture.

    number counts from 1 and stays with the person while they are seen; colour is a place in `PALETTE`, no two people in the
    picture share one before it is used up. xyxy (4,) px. probabilities (k,) in the order of `LiveResult.labels`, smoothed
    over time, summing to 1. valence −1 … 1, or None where the model has classes of its own.

    seen_s: when the face was last found, below the result's time where it is missed just now. landmarks (5, 2) px in the
    order of `Faces`, or None where the detector gives none. reading (k,): the newest one as it was read, not smoothed, of
    the time read_s. steadiness 0 … 1, see `steadiness`; None where too little was read.
    """

    number: int
    colour: int
    xyxy: FloatArray
    probabilities: FloatArray
    valence: float | None
    seen_s: float = float("-inf")
    landmarks: FloatArray | None = None
    reading: FloatArray | None = None
    read_s: float = float("-inf")
    steadiness: float | None = None

    @property
    def leading(self) -> int:
        """Place of the leading apparent expression in `LiveResult.labels`."""
        return int(np.argmax(self.probabilities))


def _no_boxes() -> FloatArray:
    return np.zeros((0, 4), np.float32)


@dataclass(frozen=True, eq=False)
class LiveResult:
    """What one picture held.

    size (width, height) px. faces: the people, by number. unread (m, 4): boxes of faces that have no number or no
    expression yet, so that they can be hidden as well. engine_ms: time spent on this picture; usual_ms: the median of the
    last seconds; fps: pictures a second over the last seconds, 0 for the first.

    staff (m, 4): boxes of staff, whose expression isn't read. waiting (m, 4): of people that have to be judged first.
    dropped (m, 4): of faces in masked zones or outside hours; they are told for hiding alone. outlines (m, 2) px each: lines
    that are to be drawn into the picture, closed.
    """

    time_s: float
    size: tuple[int, int]
    labels: tuple[str, ...]
    faces: tuple[LiveFace, ...]
    unread: FloatArray
    engine_ms: float
    usual_ms: float
    fps: float
    staff: FloatArray = field(default_factory=_no_boxes)
    waiting: FloatArray = field(default_factory=_no_boxes)
    dropped: FloatArray = field(default_factory=_no_boxes)
    outlines: tuple[FloatArray, ...] = ()


class Moment(NamedTuple):
    """One point of one person's curve."""

    time_s: float
    number: int
    colour: int
    valence: float
