"""One camera, read in a thread of its own: opened, read, opened again; only the newest picture waits."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import numpy as np

from fer_core.cameras.address import Address
from fer_core.cameras.clock import WallClock
from fer_core.cameras.health import Health, Pace, State
from fer_core.cameras.opening import Broken, Opened, opened
from fer_core.settings import CameraSettings
from fer_core.types import UInt8Array

_LOOK_PX = 16


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture: image (h, w, 3) uint8 BGR; at, when it was filmed (aware, UTC); time_s, seconds of a clock that never
    jumps; run: rises by one each time the camera was opened again or changed its size, for nobody can be followed
    across that."""

    image: UInt8Array
    at: datetime
    time_s: float
    run: int


class Camera:
    """Read a camera until it is closed. `next` gives the newest picture that was not taken; any thread may ask for health."""

    def __init__(
        self,
        address: Address,
        settings: CameraSettings | None = None,
        *,
        open_it: Callable[[Address, CameraSettings], Opened] = opened,
    ) -> None:
        self.address, self.settings = address, settings or CameraSettings()
        self._open_it = open_it
        self._fresh = threading.Condition()
        self._waiting: Picture | None = None
        self._closed = threading.Event()
        self._state: State = "connecting"
        self._why, self._breaks, self._run = "", 0, 0
        self._size = (0, 0)
        self._came, self._taken = Pace(), Pace()
        self._last_s: float | None = None
        self._delay_s = 0.0
        self._clock = WallClock()
        self._still = _Stillness(self.settings.frozen_s)
        self._thread = threading.Thread(target=self._read_on, name=f"camera {address.shown}", daemon=True)
        self._thread.start()

    def next(self, timeout_s: float) -> Picture | None:
        """The newest picture that was not taken yet; None where none came in that time, or the camera is over."""
        with self._fresh:
            self._fresh.wait_for(lambda: self._waiting is not None or self.over, timeout_s)
            picture, self._waiting = self._waiting, None
            if picture is not None:
                now_s = time.monotonic()
                self._taken.note(now_s)
                self._delay_s = now_s - picture.time_s
            return picture

    @property
    def over(self) -> bool:
        """True when no picture will come any more: closed, or a film at its end."""
        return self._closed.is_set() or self._state == "over"

    def health(self) -> Health:
        """How the camera is at this moment."""
        with self._fresh:
            now_s = time.monotonic()
            silent_s = None if self._last_s is None else now_s - self._last_s
            return Health(
                self._state, self._why, self._came.per_s(now_s), self._taken.per_s(now_s), self._delay_s, silent_s,
                self._breaks, *self._size,
            )  # fmt: skip

    def close(self) -> None:
        """End the thread; a camera that hangs is left to end by its own time limit."""
        self._closed.set()
        with self._fresh:
            self._fresh.notify_all()
        self._thread.join(self.settings.silent_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- the thread -------------------------------------------------------------------------------------------------

    def _read_on(self) -> None:
        failures = 0
        while not self._closed.is_set():
            came = self._read_once()
            if self._closed.is_set() or self._state == "over":
                break
            failures = 0 if came else failures + 1
            self._closed.wait(self._pause_s(failures))
            self._breaks += 1
        with self._fresh:
            self._fresh.notify_all()

    def _read_once(self) -> bool:
        """Open the camera and read it until it breaks; whether a picture came."""
        came = False
        try:
            with self._open_it(self.address, self.settings) as source:
                self._run += 1
                for image, filmed_s in source.pictures(self._closed):
                    self._put(image, filmed_s)
                    came = True
            if self.address.kind == "film":
                self._tell("over", "")
            else:
                self._tell("retrying", "the camera ended its film")
        except Broken as error:
            self._tell("retrying", self.address.hide(str(error)))
        return came

    def _put(self, image: UInt8Array, filmed_s: float) -> None:
        now_s = time.monotonic()
        size = (image.shape[1], image.shape[0])
        with self._fresh:
            if size != self._size and self._size != (0, 0):
                self._run += 1
            self._size = size
            self._came.note(now_s)
            self._last_s = now_s
            frozen = self._still.frozen(image, now_s)
            self._state, self._why = ("frozen", "the picture has not changed for a while") if frozen else ("live", "")
            self._waiting = Picture(image, self._clock.at(filmed_s), filmed_s, self._run)
            self._fresh.notify_all()

    def _tell(self, state: State, why: str) -> None:
        with self._fresh:
            self._state, self._why = state, why
            self._fresh.notify_all()

    def _pause_s(self, failures: int) -> float:
        """Growing, and never the same for all cameras, which would come back together."""
        longest = min(self.settings.longest_pause_s, self.settings.first_pause_s * 2 ** max(0, failures - 1))
        return longest * random.uniform(0.75, 1.0)  # noqa: S311  no secret


class _Stillness:
    """Whether the picture stands still to the last grey: a real sensor always trembles."""

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._look: UInt8Array | None = None
        self._since_s = 0.0

    def frozen(self, image: UInt8Array, now_s: float) -> bool:
        look = image[:: max(1, image.shape[0] // _LOOK_PX), :: max(1, image.shape[1] // _LOOK_PX)]
        if self._look is None or not np.array_equal(look, self._look):
            self._look, self._since_s = look.copy(), now_s
        return now_s - self._since_s > self._after_s
