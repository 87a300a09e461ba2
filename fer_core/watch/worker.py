"""A worker: one camera read, what it sees handed to the app. It comes back by itself from whatever goes wrong.

Two threads: one reads pictures and makes messages, which go into a box; one empties the box and gives signs of life, so that
an app that is away never holds up the camera.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from fer_core.cameras import Address, Camera, Health, Picture
from fer_core.cameras.health import Pace
from fer_core.errors import MoodgateError, OutputError
from fer_core.pipeline import Engine
from fer_core.settings import CameraSettings
from fer_core.types import Frame, UInt8Array
from fer_core.watch.analysis import LiveAnalysis, still_of
from fer_core.watch.link import Answer, Away, Link
from fer_core.watch.message import Message
from fer_core.watch.plan import Plan

LOG = logging.getLogger(__name__)
_BEAT_S, _LOOK_S, _AT_ONCE = 2.0, 0.5, 20
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 4.0

Engines = Callable[[Plan], Engine]
"""The engine for a plan: without an embedder where nobody may be recognised. Raises InputError."""


class Box(Protocol):
    """Messages that wait, oldest first; as `Outbox`."""

    def put(self, message: dict[str, Any]) -> int: ...

    def waiting(self) -> Iterator[tuple[int, dict[str, Any]]]: ...

    def taken(self, number: int) -> None: ...

    def __len__(self) -> int: ...


class MemoryBox:
    """Messages in memory: for a worker in the app's own process, which keeps them safe itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[int, dict[str, Any]] = {}
        self._next = 1

    def __len__(self) -> int:
        return len(self._held)

    def put(self, message: dict[str, Any]) -> int:
        with self._lock:
            number, self._next = self._next, self._next + 1
            self._held[number] = message
            return number

    def waiting(self) -> Iterator[tuple[int, dict[str, Any]]]:
        with self._lock:
            held = list(self._held.items())
        yield from held

    def taken(self, number: int) -> None:
        with self._lock:
            self._held.pop(number, None)


class Watch:
    """Read one camera until `close`. `why` is what is wrong at the moment, or "".

    name: what this worker is called on the Cameras page.
    """

    def __init__(
        self, address: Address, link: Link, engines: Engines, box: Box, *, name: str, settings: CameraSettings | None = None
    ) -> None:
        self.address, self.name = address, name
        self._link, self._engines, self._box = link, engines, box
        self._settings = settings or CameraSettings()
        self._closed, self._wake, self._lock = threading.Event(), threading.Event(), threading.Lock()
        self._plan: Plan | None = None
        self._version = ""
        self._camera: Camera | None = None
        self._image: UInt8Array | None = None
        self._engine: Engine | None = None
        self._faces, self._people = Pace(60.0), 0
        self._usable: deque[tuple[float, int, int]] = deque(maxlen=600)
        self._why_link = self._why_work = ""
        self.over = threading.Event()
        """Set when a film has ended and everything of it was handed over, or after `close`."""
        self._read_all = threading.Event()
        self._threads = [
            threading.Thread(target=self._kept(self._look_on), name=f"watch {address.shown}", daemon=True),
            threading.Thread(target=self._kept(self._tell_on), name=f"tell of {address.shown}", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def why(self) -> str:
        """What is wrong at the moment, in a sentence; "" where nothing is."""
        with self._lock:
            return self._why_work or self._why_link

    def close(self) -> None:
        """End both threads; what was seen and not handed over yet stays in the box."""
        self._closed.set()
        self._wake.set()
        for thread in self._threads:
            thread.join(20.0)

    def told(self) -> dict[str, Any]:
        """The sign of life: the camera's health, and what was seen in the last minute."""
        now_s = time.monotonic()
        camera = self._camera
        health = camera.health() if camera else Health("connecting", self.why)
        recent = [(people, usable) for at_s, people, usable in list(self._usable) if now_s - at_s < 60]
        people = sum(one for one, _ in recent)
        return {
            "worker": self.name, "health": asdict(health) | {"why": health.why or self.why}, "waiting": len(self._box),
            "faces_per_min": 60 * self._faces.per_s(now_s), "people": self._people,
            "usable": sum(one for _, one in recent) / people if people else None,
        }  # fmt: skip

    # ---- reading ----------------------------------------------------------------------------------------------------

    def _look_on(self) -> None:
        while not self._closed.is_set():
            plan = self._planned()
            if plan is not None and self._read_by(plan):
                break
        if self._camera:
            self._camera.close()
        self._read_all.set()
        self._wake.set()

    def _planned(self) -> Plan | None:
        """The plan, once there is one that lets the camera run."""
        self._wake.wait(_LOOK_S)
        self._wake.clear()
        with self._lock:
            plan = self._plan
        if plan is not None and plan.refused:
            self._say(plan.refused)
            if self._camera:
                self._camera.close()
                self._camera = None
            return None
        return plan

    def _read_by(self, plan: Plan) -> bool:
        """Read the camera as long as the plan holds; True when a film is over."""
        try:
            engine = self._engine = self._engines(plan)
            plan.gate("" if not plan.recognises else engine.embedder.name)
        except MoodgateError as error:
            self._say(str(error))
            self._closed.wait(_LONGEST_PAUSE_S)
            return False
        self._say("")
        if self._camera is None:
            self._camera = Camera(self.address, self._settings)
        picture: Picture | None = None
        while not self._closed.is_set() and self._plan is plan and not self._camera.over:
            picture = picture or self._camera.next(_LOOK_S)
            if picture is not None:
                picture = self._run(plan, engine, picture)
        return self._camera.over

    def _run(self, plan: Plan, engine: Engine, first: Picture) -> Picture | None:
        """Follow people through one run of the camera; the picture with which the next run begins, if it did."""
        picture: Picture | None = first
        with LiveAnalysis(plan, engine, first.at) as analysis:
            last_s = first.time_s
            while self._plan is plan and not self._closed.is_set():
                if picture is not None and picture.run != first.run:
                    break
                if picture is not None:
                    self._image, last_s = picture.image, picture.time_s
                    before = analysis.faces
                    analysis.take(Frame(picture.time_s - first.time_s, picture.image))
                    for _ in range(analysis.faces - before):
                        self._faces.note(picture.time_s)
                self._keep(analysis.messages(), analysis)
                if picture is None and (self._over() or time.monotonic() - last_s > self._settings.silent_s):
                    break
                picture = self._next()
            self._keep(analysis.last_messages(), analysis)
        return picture

    def _next(self) -> Picture | None:
        return self._camera.next(_LOOK_S) if self._camera else None

    def _over(self) -> bool:
        return self._camera is None or self._camera.over

    def _keep(self, messages: list[Message], analysis: LiveAnalysis) -> None:
        with analysis.clock:
            people, usable, analysis.people, analysis.usable = analysis.people, analysis.usable, 0, 0
        if people:
            self._people += people
            self._usable.append((time.monotonic(), people, usable))
        for message in messages:
            try:
                self._box.put(message.as_json())
            except OutputError as error:
                LOG.warning("%s", error)
                self._say(str(error))
        if messages:
            self._wake.set()

    def _say(self, why: str) -> None:
        with self._lock:
            self._why_work = why

    # ---- telling ----------------------------------------------------------------------------------------------------

    def _tell_on(self) -> None:
        failures, due_s = 0, 0.0
        while not self._closed.is_set():
            try:
                if time.monotonic() >= due_s:
                    self._answered(self._link.beat(self.told()))
                    due_s = time.monotonic() + _BEAT_S
                self._empty()
                failures = 0
                self._heard("")
            except Away as error:
                failures += 1
                self._heard(str(error))
                self._closed.wait(min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (failures - 1)))
                due_s = 0.0
                continue
            if self._read_all.is_set() and not len(self._box):
                break
            self._closed.wait(_LOOK_S / 2)
        self.over.set()

    def _answered(self, answer: Answer) -> None:
        if answer.plan != self._version:
            plan = self._link.plan()
            with self._lock:
                self._plan, self._version = plan, answer.plan
            self._wake.set()
        if answer.still and self._image is not None and self._engine is not None:
            self._link.still(still_of(self._image, self._engine))

    def _empty(self) -> None:
        """Hand over what waits, in order."""
        batch: list[tuple[int, dict[str, Any]]] = []
        for one in self._box.waiting():
            batch.append(one)
            if len(batch) == _AT_ONCE:
                self._hand(batch)
                batch = []
        if batch:
            self._hand(batch)

    def _hand(self, batch: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
        told = self._link.hand([message for _, message in batch])
        done = {*told.taken, *told.refused}
        for why in set(told.refused.values()):
            LOG.warning("the app will not take what was seen: %s", why)
        for number, message in batch:
            if message["id"] in done:
                self._box.taken(number)

    def _heard(self, why: str) -> None:
        with self._lock:
            if why and why != self._why_link:
                LOG.warning("%s", why)
            self._why_link = why

    def _kept(self, work: Callable[[], None]) -> Callable[[], None]:
        """The work, begun again where something unforeseen ended it: a camera that stands still without a word is worst."""

        def run() -> None:
            while True:
                try:
                    work()
                    return
                except Exception:  # whatever it was, the next try may do better, and the log says what happened
                    LOG.exception("the worker of %s stumbled, and begins again", self.address.shown)
                    self._say("the worker stumbled, and began again")
                    if self._closed.wait(_LONGEST_PAUSE_S):
                        self.over.set()
                        return

        return run
