import threading

import numpy as np
import pytest

from fer_core.types import Frame
from fer_core.video import ahead


def made(n: int, log: list[str] | None = None, fail_at: int | None = None):
    try:
        for number in range(n):
            if number == fail_at:
                raise OSError("broken")
            yield Frame(float(number), np.zeros((2, 2, 3), np.uint8))
    finally:
        if log is not None:
            log.append("closed")


@pytest.mark.parametrize("n", [0, 1, 50])
def test_same_frames_in_the_same_order(n):
    assert [frame.time_s for frame in ahead(made(n), 3)] == [float(k) for k in range(n)]


def test_a_failure_comes_after_the_frames_before_it():
    frames, got = ahead(made(9, fail_at=4), 2), []
    with pytest.raises(OSError, match="broken"):
        got.extend(frame.time_s for frame in frames)
    taken = ahead(made(9, fail_at=4), 2)
    assert [next(taken).time_s for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(OSError, match="broken"):
        next(taken)


def test_closed_early_nothing_is_left_running():
    log: list[str] = []
    frames = ahead(made(1000, log), 2)
    next(frames)
    frames.close()
    assert log == ["closed"]
    assert not [thread for thread in threading.enumerate() if thread.name == "decode"]


def test_no_more_than_depth_are_made_before_they_are_asked_for():
    seen: list[int] = []

    def counted():
        for number, frame in enumerate(made(100)):
            seen.append(number)
            yield frame

    frames = ahead(counted(), 3)
    next(frames)
    threading.Event().wait(0.3)
    assert len(seen) <= 1 + 3 + 1
    frames.close()
