"""One viewer's live stream: what the camera's thread calls, and what the page reads. No streamlit here."""

import threading
import time
from collections import deque
from dataclasses import replace
from typing import Protocol

import av
import numpy as np

from fer_core.errors import MoodgateError
from fer_core.live import LiveEngine, LiveResult, LiveStyle, Moment, draw, mapped
from fer_core.review import Categories
from fer_core.types import FloatArray, UInt8Array

_REMEMBERED = 300


class Taker(Protocol):
    """What a mode does with each picture; called in the camera's thread."""

    def take(self, image: UInt8Array, result: LiveResult) -> tuple[FloatArray, ...]:
        """Take the picture and its result, before any categories; lines (m, 2) px to be drawn into it."""
        ...

    def ended(self) -> None:
        """The stream is over, or begins anew."""
        ...


class LiveSession:
    """Takes a stream's pictures in its thread and keeps the newest outcome for the page's thread.

    `style`, `categories` (those shown instead of the seven) and `taker` (the mode) may be set at any time and count from the
    next picture on. `trouble` is a sentence for a person where the
    engine gave up on the last picture, else "".
    """

    def __init__(self, engine: LiveEngine) -> None:
        self.engine = engine
        self.style = LiveStyle()
        self.categories: Categories | None = None
        self.taker: Taker | None = None
        self.trouble = ""
        self._lock = threading.Lock()
        self._leads: deque[float] = deque(maxlen=_REMEMBERED)
        self._delays_ms: deque[float] = deque(maxlen=30)

    def on_frame(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The picture with what was found drawn into it; black where the engine failed, so that nobody is shown unhidden."""
        begun = time.perf_counter()
        stamp = frame.time if frame.time is not None else begun
        image = frame.to_ndarray(format="bgr24")
        try:
            shown = draw(image, self.take(image, stamp), self.style)
            self.trouble = ""
        except MoodgateError as error:
            shown, self.trouble = np.zeros_like(image), str(error)
        told = av.VideoFrame.from_ndarray(shown, format="bgr24")
        self._note(stamp, begun)
        return told

    def take(self, image: UInt8Array, time_s: float) -> LiveResult:
        """What is to be drawn of the picture (h, w, 3) uint8 BGR seen at time_s, once engine and mode have had it.

        MoodgateError as the engine's.
        """
        result, taker = self.engine.frame(image, time_s), self.taker
        lines = taker.take(image, result) if taker else ()
        return mapped(replace(result, outlines=lines) if lines else result, self.categories)

    def on_ended(self) -> None:
        """The stream is over: forget everything."""
        self.forget()

    def forget(self) -> None:
        """Forget everybody, the curve and the measured delays."""
        self.engine.reset()
        if self.taker:
            self.taker.ended()
        with self._lock:
            self._leads.clear()
            self._delays_ms.clear()
        self.trouble = ""

    @property
    def latest(self) -> LiveResult | None:
        result = self.engine.latest()
        return result and mapped(result, self.categories)

    @property
    def history(self) -> tuple[Moment, ...]:
        return self.engine.history()

    @property
    def delay_ms(self) -> float | None:
        """Median time of the last pictures between their arrival here and their being drawn; None before the first.

        Arrival is told from the pictures' own time stamps: the one that waited least is taken not to have waited.
        """
        with self._lock:
            return float(np.median(self._delays_ms)) if self._delays_ms else None

    def _note(self, stamp: float, begun: float) -> None:
        done = time.perf_counter()
        with self._lock:
            self._leads.append(begun - stamp)
            waited = self._leads[-1] - min(self._leads)
            self._delays_ms.append(1e3 * (waited + done - begun))
