"""Faces of successive pictures become tracks: SORT (Bewley et al. 2016) from the library `trackers`.

At five pictures a second a walker's face may not overlap with itself, so that places are compared by distance and size
instead of by overlap: somebody else who steps into an empty place is mostly nearer or farther, larger or smaller.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fer_core.settings import TrackSettings
from fer_core.types import Faces, FloatArray

_LIBRARY_RATE = 30.0
"""Pictures a second in which the library counts its buffer of lost tracks."""


_LEAST = 1e-3


def nearness(first: FloatArray, second: FloatArray, settings: TrackSettings) -> FloatArray:
    """(n, m) in 0 … 1: how near boxes (n, 4) and (m, 4) lie, in sizes of their faces; 0 beyond `reach` or where one is
    larger than the other by more than `max_growth`."""
    middles = [(boxes[:, :2] + boxes[:, 2:]) / 2 for boxes in (first, second)]
    sides = [np.maximum(boxes[:, 2:] - boxes[:, :2], 0.0) for boxes in (first, second)]
    sizes = [np.maximum(np.sqrt(np.prod(both, axis=1)), 1.0) for both in sides]
    distance = np.linalg.norm(middles[0][:, None] - middles[1][None], axis=2)
    growth = np.maximum(sizes[0][:, None] / sizes[1][None], sizes[1][None] / sizes[0][:, None])
    near = 1 - distance / (settings.reach * np.minimum(sizes[0][:, None], sizes[1][None]))
    return np.where(growth <= settings.max_growth, np.maximum(near, 0.0), 0.0)


def _nearness(settings: TrackSettings) -> Any:
    from trackers import BaseIoU

    class Nearness(BaseIoU):  # type: ignore[misc]
        """`nearness` in the place of the library's overlap."""

        def _compute(self, boxes_1: FloatArray, boxes_2: FloatArray) -> FloatArray:
            return nearness(boxes_1, boxes_2, settings)

    return Nearness()


@dataclass(frozen=True)
class Tracked:
    """What a picture's faces belong to.

    numbers: each face's track (None: none yet). late: for each track that begins here, the row of the picture before in
    which its first face stood.
    """

    numbers: tuple[int | None, ...]
    late: dict[int, int]


class FaceTracker:
    """Gives each face of each picture the number of its track; one instance per film, not shared between threads.

    Numbers rise from 0 in the order in which tracks are found. A track's first face is only numbered in hindsight,
    when its second is seen: `Tracked.late`.
    """

    def __init__(self, settings: TrackSettings, samples_per_s: float) -> None:
        from trackers import SORTTracker

        self._settings = settings
        self._tracker = SORTTracker(
            lost_track_buffer=max(1, round(settings.lost_s * _LIBRARY_RATE)),
            frame_rate=samples_per_s,
            minimum_consecutive_frames=1,
            minimum_iou_threshold=_LEAST,
            track_activation_threshold=settings.min_score,
            iou=_nearness(settings),
        )
        self._time_s = -np.inf
        self._waiting: FloatArray = np.zeros((0, 4), np.float32)
        self._known: set[int] = set()
        self._seen: dict[int, float] = {}

    def update(self, faces: Faces, time_s: float) -> Tracked:
        """Take the next picture's faces, in order of time. ValueError where time doesn't rise."""
        if time_s <= self._time_s:
            raise ValueError(f"pictures must come in order of time: {time_s} s after {self._time_s} s")
        self._time_s = time_s
        numbers = self._numbers(faces, time_s)
        tracked = Tracked(tuple(numbers), self._late(faces, numbers))
        for number in numbers:
            if number is not None:
                self._known.add(number)
                self._seen[number] = time_s
        unnumbered = [row for row, number in enumerate(numbers) if number is None]
        self._waiting = np.full_like(faces.xyxy, np.nan)
        self._waiting[unnumbered] = faces.xyxy[unnumbered]
        return tracked

    def ended(self) -> list[int]:
        """Numbers of tracks that can't be carried on any more; each is told once."""
        gone = [n for n, seen in self._seen.items() if self._time_s - seen > 2 * self._settings.lost_s]
        for number in gone:
            del self._seen[number]
        return gone

    def _numbers(self, faces: Faces, time_s: float) -> list[int | None]:
        import supervision as sv

        detections = sv.Detections(
            xyxy=np.array(faces.xyxy), confidence=np.array(faces.score), data={"row": np.arange(len(faces))}
        )
        told: Any = self._tracker.update(detections, timestamp=time_s)
        numbers: list[int | None] = [None] * len(faces)
        for row, number in zip(told.data.get("row", ()), told.tracker_id, strict=True):
            numbers[int(row)] = int(number) if number >= 0 else None
        return numbers

    def _late(self, faces: Faces, numbers: list[int | None]) -> dict[int, int]:
        """Which unnumbered face of the picture before was the first of a track that begins here: the nearest one."""
        late: dict[int, int] = {}
        for row, number in enumerate(numbers):
            if number is None or number in self._known or not len(self._waiting):
                continue
            distance = np.abs(self._waiting - faces.xyxy[row]).max(axis=1)
            if np.isnan(distance).all():
                continue
            nearest = int(np.nanargmin(distance))
            if distance[nearest] <= 2 * float(np.ptp(faces.xyxy[row][[0, 2]])) and nearest not in late.values():
                late[number] = nearest
        return late
