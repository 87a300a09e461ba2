"""A real RTSP server (VLC, which doesn't run as root): read, cut off, brought back. Left out where it isn't installed."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from fer_core.cameras import Camera, address_of
from fer_core.settings import CameraSettings
from tests.films import moving, write_film

pytestmark = pytest.mark.skipif(not shutil.which("cvlc"), reason="VLC isn't installed (Debian: vlc-bin vlc-plugin-base)")
QUICK = CameraSettings(samples_per_s=10, open_s=5, silent_s=3, first_pause_s=0.2, longest_pause_s=0.5)
PATIENCE_S = 40.0
SECRET = "g3heim"  # noqa: S105  of a camera made here


@pytest.fixture(scope="module")
def film():
    """Half a minute of moving pictures that anybody may read."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        path = write_film(folder / "door.mp4", 300, rate=10, size=(320, 240), draw=moving)
        path.chmod(0o644)
        yield path


@contextmanager
def vlc(film, port, *more):
    """The film, again and again, at rtsp://127.0.0.1:port/door."""
    other = ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []
    command = [*other, "cvlc", "-q", "-I", "dummy", "--loop", str(film), "--sout", f"#rtp{{sdp=rtsp://:{port}/door}}"]
    environment = os.environ | {"HOME": str(film.parent)}
    process = subprocess.Popen(  # noqa: S603
        [*command, *more], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield
    finally:
        os.killpg(process.pid, 9)
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert condition()


def test_an_rtsp_camera_is_read_cut_off_and_met_again(film):
    port = free_port()
    with Camera(address_of(f"rtsp://127.0.0.1:{port}/door"), QUICK) as camera:
        until(lambda: camera.health().state == "retrying")
        with vlc(film, port):
            until(lambda: camera.health().state == "live")
            first = camera.next(PATIENCE_S)
            assert first is not None and first.image.shape == (240, 320, 3)
        until(lambda: camera.health().state == "retrying")
        assert camera.health().why
        with vlc(film, port):
            until(lambda: camera.health().state == "live")
            again = camera.next(PATIENCE_S)
            assert again is not None and again.run > first.run and again.at > first.at


def test_a_wrong_password_is_one_sentence_without_it(film):
    port = free_port()
    with vlc(film, port, "--sout-rtsp-user", "eye", "--sout-rtsp-pwd", SECRET):
        with Camera(address_of(f"rtsp://eye:wrong-{SECRET}@127.0.0.1:{port}/door"), QUICK) as camera:
            until(lambda: "not the right ones" in camera.health().why)
            assert SECRET not in camera.health().why
        with Camera(address_of(f"rtsp://eye:{SECRET}@127.0.0.1:{port}/door"), QUICK) as camera:
            until(lambda: camera.health().state == "live")
