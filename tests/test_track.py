import numpy as np
import pytest

from fer_core.settings import TrackSettings
from fer_core.track import FaceTracker, nearness
from fer_core.types import Faces

STEP = 0.2


def boxes(*lefts: float, side: float = 60.0, top: float = 100.0) -> Faces:
    rows = [[left, top, left + side, top + side] for left in lefts]
    return Faces(np.array(rows).reshape(-1, 4), np.full(len(rows), 0.9))


def run(pictures: list[Faces], tracker: FaceTracker | None = None) -> list[list[int | None]]:
    """Numbers of every face, those in hindsight filled in."""
    tracker = tracker or FaceTracker(TrackSettings(), 1 / STEP)
    told: list[list[int | None]] = []
    for place, faces in enumerate(pictures):
        tracked = tracker.update(faces, place * STEP)
        for number, row in tracked.late.items():
            told[-1][row] = number
        told.append(list(tracked.numbers))
    return told


def test_nobody():
    assert run([Faces.none()] * 3) == [[], [], []]


def test_one_walker_is_one_track_from_the_first_face():
    told = run([boxes(20 * step) for step in range(10)])
    assert told == [[0]] * 10


def test_two_side_by_side_stay_two():
    told = run([boxes(20 * step, 300 + 20 * step) for step in range(8)])
    first, second = {row[0] for row in told}, {row[1] for row in told}
    assert len(first) == len(second) == 1
    assert first != second


def test_short_hiding_is_bridged_and_a_long_one_is_not():
    hidden = [boxes(100)] * 4 + [Faces.none()] + [boxes(100)] * 4
    assert {n for row in run(hidden) for n in row} == {0}
    gone = [boxes(100)] * 4 + [Faces.none()] * 20 + [boxes(100)] * 4
    assert len({n for row in run(gone) for n in row}) == 2


def test_ended_tells_each_track_once():
    tracker = FaceTracker(TrackSettings(), 1 / STEP)
    for step in range(4):
        tracker.update(boxes(100), step * STEP)
    assert tracker.ended() == []
    for step in range(4, 30):
        tracker.update(Faces.none(), step * STEP)
    assert tracker.ended() == [0]
    assert tracker.ended() == []


def test_time_must_rise():
    tracker = FaceTracker(TrackSettings(), 1 / STEP)
    tracker.update(boxes(0), 1.0)
    with pytest.raises(ValueError, match="order of time"):
        tracker.update(boxes(0), 1.0)


def test_somebody_larger_in_the_same_place_is_somebody_else():
    told = run([boxes(100)] * 4 + [boxes(90, side=90, top=90)] * 4)
    assert {row[0] for row in told[:4]} != {row[0] for row in told[4:]}


def test_a_walker_whose_face_never_overlaps_with_itself_is_one_track():
    assert run([boxes(65 * step) for step in range(8)]) == [[0]] * 8


def test_nearness():
    one = np.array([[0, 0, 10, 10]], np.float32)
    settings = TrackSettings()
    assert nearness(one, one, settings).tolist() == [[1.0]]
    assert nearness(one[:0], one, settings).shape == (0, 1)
    assert nearness(one, one + 100, settings).tolist() == [[0.0]]
    assert nearness(one, one * 3, settings).tolist() == [[0.0]]
