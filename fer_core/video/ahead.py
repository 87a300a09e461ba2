"""Frames decoded ahead in a thread of their own, so that decoding and detecting share the processors."""

import queue
import threading
from collections.abc import Generator, Iterable

from fer_core.types import Frame

_POLL_S = 0.1


class _Decoding(threading.Thread):
    """Fills a bounded queue until the frames end, fail, or nobody wants them; then None."""

    def __init__(self, frames: Iterable[Frame], depth: int) -> None:
        super().__init__(name="decode", daemon=True)
        self.frames = frames
        self.waiting: queue.Queue[Frame | None] = queue.Queue(maxsize=depth)
        self.unwanted = threading.Event()
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            for frame in self.frames:
                self._put(frame)
                if self.unwanted.is_set():
                    break
        except BaseException as error:  # whatever it is, it is raised again in the reader's thread
            self.failure = error
        finally:
            if isinstance(self.frames, Generator):
                self.frames.close()
            self._put(None)

    def _put(self, item: Frame | None) -> None:
        while not self.unwanted.is_set():
            try:
                self.waiting.put(item, timeout=_POLL_S)
                return
            except queue.Full:
                continue


def ahead(frames: Iterable[Frame], depth: int) -> Generator[Frame, None, None]:
    """The same frames in the same order, up to `depth` of them made before they are asked for.

    What `frames` raises is raised here, after the frames before it. Closed early, the thread ends and `frames` is closed.
    """
    decoding = _Decoding(frames, depth)
    decoding.start()
    try:
        while (frame := decoding.waiting.get()) is not None:
            yield frame
        if decoding.failure is not None:
            raise decoding.failure
    finally:
        decoding.unwanted.set()
        decoding.join()
