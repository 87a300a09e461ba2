"""A live camera's pictures → messages: appearances as people leave the picture, or counts where nobody is recognised."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np

from fer_core.pipeline import Engine, Film, FilmAnalysis, with_second, without_templates
from fer_core.pipeline.passages import Passage
from fer_core.types import Appearance, FloatArray, Frame, UInt8Array
from fer_core.watch.message import Backends, Count, Message, Sighting
from fer_core.watch.plan import Plan

_LONGEST_S = 60.0
"""How long somebody stays in a floor camera's picture before they are told of, and told of again."""
_LEAST_S = 1.0
"""How long somebody has to be in a zone to count there. More: fewer of those who only walk by."""


class LiveAnalysis(FilmAnalysis):
    """One run of one camera: pictures in, messages out. begun_at: the moment of second 0. InputError as `Plan.gate`."""

    def __init__(self, plan: Plan, engine: Engine, begun_at: datetime) -> None:
        engine = engine if plan.recognises else without_templates(engine)
        gate = plan.gate("" if engine.aggregate else engine.embedder.name)
        super().__init__(Film(Path("live"), plan.role, begun_at, plan.door, gate), 0, engine)
        self.plan, self.begun_at = plan, begun_at
        second = engine.second.name if engine.second else ""
        self.backends = Backends(engine.detector.name, engine.embedder.name, engine.emotion.name, second)
        self.counts: list[Count] = []
        self.people = self.usable = 0
        self.size = (1, 1)
        self._continued: set[int] = set()
        self._again: set[float] = set()

    def take(self, frame: Frame) -> None:
        """Take the next picture."""
        self.size = frame.image.shape[1], frame.image.shape[0]
        for number in self._long(frame.time_s):
            self._continued.add(number)
            self._finish(number)
        super().take(frame)
        for number in self._continued & self.keepers.keys():
            self._again.add(self.keepers[number].first_s)
        self._continued -= self.keepers.keys()

    def messages(self) -> list[Message]:
        """What there is to tell since this was last asked."""
        return self._told(self.fresh())

    def last_messages(self) -> list[Message]:
        """What is left to tell at the end of the run."""
        return self._told(self.finish())

    def _long(self, time_s: float) -> list[int]:
        """Who has been in the picture for so long that they are told of before they leave: where nobody is recognised."""
        if not self.engine.aggregate:
            return []
        return [number for number, keeper in self.keepers.items() if time_s - keeper.first_s > _LONGEST_S]

    def _told(self, appearances: Sequence[Appearance]) -> list[Message]:
        with self.clock:
            counts, self.counts = self.counts, []
        return [*counts, *(Sighting.of(self.begun_at, one, self.backends) for one in appearances)]

    def read(self, passages: list[Passage]) -> list[Appearance]:
        """Appearances of who may be recognised; everybody else is counted."""
        with self.clock:
            self.people += len(passages)
            self.usable += sum(bool(passage.chosen) for passage in passages)
        counted = [one for one in passages if self._is_counted(one)]
        for passage in counted:
            self._count(passage)
        return with_second(super().read([one for one in passages if not self._is_counted(one)]), self.engine.second)

    def _is_counted(self, passage: Passage) -> bool:
        """Whether nobody may recognise that person; where people have to agree first, those who did have a template."""
        return self.engine.aggregate or (self.plan.guests is not None and passage.template is None)

    def _count(self, passage: Passage) -> None:
        shots = passage.shots if passage.chosen else []
        if not shots:
            return
        rows, weight = self._series(shots), np.array([max(shot.quality, 0.01) for shot in shots])
        middles = np.array([shot.center for shot in shots], np.float32)
        middles = (middles / np.array(self.size)).astype(np.float32)
        lasted_s = passage.end_s - passage.start_s + 1 / self.engine.settings.video.samples_per_s
        with self.clock:
            faces = float(passage.start_s not in self._again)
        inside = {"": np.ones(len(shots), bool)} | {zone.name: zone.holds(middles) for zone in self.plan.measuring}
        for zone, rows_in in inside.items():
            seconds = lasted_s * float(rows_in.mean())
            if zone and seconds < _LEAST_S:
                continue
            mean = np.average(rows[rows_in], axis=0, weights=weight[rows_in])
            first_s = shots[int(rows_in.argmax())].time_s
            self._put(zone, first_s, faces, seconds, mean)

    def _put(self, zone: str, time_s: float, faces: float, seconds: float, mean: FloatArray) -> None:
        at = self.begun_at + timedelta(seconds=time_s)
        count = Count(uuid4(), self.plan.role, self.plan.door, at, zone, faces, seconds, np.asarray(mean, np.float32))
        with self.clock:
            self.counts.append(count)


def still_of(image: UInt8Array, engine: Engine) -> bytes:
    """The picture as a JPEG with every face in it as coarse blocks: for drawing zones on."""
    import cv2

    found, shown = engine.detector.detect(image), image.copy()
    for xyxy in found.xyxy:
        width, height = (xyxy[2:] - xyxy[:2]) / 4
        left, top, right, bottom = (
            int(np.clip(value, 0, limit)) for value, limit in zip(
                (xyxy[0] - width, xyxy[1] - height, xyxy[2] + width, xyxy[3] + height), (image.shape[1], image.shape[0]) * 2,
                strict=True,
            )
        )  # fmt: skip
        if right - left > 1 and bottom - top > 1:
            small = cv2.resize(shown[top:bottom, left:right], (8, 8), interpolation=cv2.INTER_AREA)
            shown[top:bottom, left:right] = cv2.resize(
                small, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST
            )  # fmt: skip
    return bytes(cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes())
