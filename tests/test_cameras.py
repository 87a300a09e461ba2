"""Live cameras: real streams over HTTP from a small server here, cut off, changed, forbidden, and brought back."""

import base64
import io
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av
import numpy as np
import pytest

from fer_core.cameras import Camera, address_of
from fer_core.cameras import clock as clocks
from fer_core.cameras.health import Pace
from fer_core.errors import InputError
from fer_core.settings import CameraSettings
from tests.films import moving, write_film

QUICK = CameraSettings(samples_per_s=20, open_s=3, silent_s=1, frozen_s=0.6, first_pause_s=0.1, longest_pause_s=0.3)
PATIENCE_S = 20.0
SECRET = "s3cret"  # noqa: S105  of a camera made here


def transport_stream(size=(160, 120), pictures=40, rate=20, draw=moving) -> bytes:
    """An MPEG transport stream of H.264 without pictures held back."""
    held = io.BytesIO()
    with av.open(held, "w", format="mpegts") as out:
        stream = out.add_stream("libx264", rate=rate, options={"tune": "zerolatency", "g": "10", "qp": "20"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for number in range(pictures):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(draw(number, *size), format="bgr24")))
        out.mux(stream.encode(None))
    return held.getvalue()


class Sender:
    """A camera on the network: plays its parts at their own pace to whoever asks, and ends when they are over."""

    def __init__(self, *parts: bytes, status: int = 200, password: str = "", part_s: float = 2.0) -> None:
        self.parts, self.status, self.password, self.part_s = parts, status, password, part_s
        self.asked = 0
        self.cut = threading.Event()


@contextmanager
def serving(sender: Sender, port: int = 0):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sender.asked += 1
            given = self.headers.get("Authorization", "").removeprefix("Basic ")
            known = not sender.password or base64.b64decode(given).decode() == f"eye:{sender.password}"
            self.send_response(sender.status if known else 401)
            if not known:
                self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.end_headers()
            try:
                for part in sender.parts if known and sender.status == 200 else ():
                    self._play(part)
            except OSError:
                return

        def _play(self, part: bytes) -> None:
            step = max(188, len(part) // 40 // 188 * 188)
            for start in range(0, len(part), step):
                if sender.cut.wait(sender.part_s * step / len(part)):
                    return
                self.wfile.write(part[start : start + step])

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        sender.cut.set()
        server.shutdown()
        server.server_close()
        thread.join()


def camera_at(port: int, who: str = "", settings: CameraSettings = QUICK) -> Camera:
    return Camera(address_of(f"http://{who}127.0.0.1:{port}/live.ts"), settings)


def until(camera: Camera, wanted) -> object:
    """The first health of which `wanted` holds; its pictures are taken meanwhile."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        camera.next(0.05)
        if wanted(health := camera.health()):
            return health
    raise AssertionError(f"never: {camera.health()}")


# ---- addresses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "shown"),
    [
        ("rtsp://10.0.0.7:554/stream1", "rtsp", "rtsp://10.0.0.7:554/stream1"),
        (" rtsp://eye:s3cret@door/1 ", "rtsp", "rtsp://…@door/1"),
        ("http://door/video?user=a&pwd=s3cret", "http", "http://door/video?…"),
        ("RTSPS://door", "rtsp", "rtsps://door"),
        ("rtsp://[fe80::1]:554/1", "rtsp", "rtsp://[fe80::1]:554/1"),
        ("0", "device", "device 0"),
    ],
)
def test_addresses(text, kind, shown):
    address = address_of(text)
    assert (address.kind, address.shown) == (kind, shown)
    assert "s3cret" not in f"{address!r} {address}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "a camera's address is"),
        ("a\0b", "a camera's address is"),
        ("99", "no device 99"),
        ("ftp://door/x", "ftp:// is no kind of camera"),
        ("file:///etc/passwd", "file:// is no kind of camera"),
        ("rtsp://", "names no camera"),
        ("rtsp://eye:s3cret@", "names no camera"),
        ("rtsp://eye:s3cret@door:99999/1", "its port is no number"),
        ("nowhere.mp4", "no such film"),
    ],
)
def test_what_is_no_address_is_said_without_its_password(text, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        address_of(text)
    assert "s3cret" not in str(caught.value)


def test_a_sentence_about_a_camera_hides_its_password():
    address = address_of("rtsp://eye:p%40ss-word@door/1?token=abcdef")
    told = address.hide("rtsp://eye:p%40ss-word@door/1?token=abcdef: refused eye:p%40ss-word, p@ss-word, token=abcdef, abcdef")
    assert not any(secret in told for secret in ("ss-word", "abcdef"))


# ---- reading --------------------------------------------------------------------------------------------------------


def test_pictures_come_with_the_time_of_day():
    with serving(Sender(transport_stream())) as port, camera_at(port) as camera:
        pictures = [picture for _ in range(100) if (picture := camera.next(0.2))][:5]
        assert len(pictures) == 5
        assert {picture.image.shape for picture in pictures} == {(120, 160, 3)}
        times = [picture.time_s for picture in pictures]
        assert times == sorted(set(times))
        moments = np.diff([picture.at.timestamp() for picture in pictures])
        assert moments == pytest.approx(np.diff(times), abs=0.01)
        assert abs(pictures[-1].at.timestamp() - time.time()) < PATIENCE_S
        assert (camera.health().width, camera.health().height) == (160, 120)


def test_only_the_newest_picture_waits():
    with serving(Sender(transport_stream(pictures=60), part_s=3.0)) as port, camera_at(port) as camera:
        first = camera.next(PATIENCE_S)
        end = time.monotonic() + PATIENCE_S
        while camera.health().pictures_per_s < 8 and time.monotonic() < end:
            time.sleep(0.05)
        newest = camera.next(1)
        assert newest.time_s - first.time_s > 0.3
        assert camera.next(0) is None or camera.next(0) is None


def test_a_camera_that_breaks_off_is_opened_again_and_its_pictures_belong_to_another_run():
    sender = Sender(transport_stream())
    with serving(sender) as port, camera_at(port) as camera:
        first = camera.next(PATIENCE_S)
        until(camera, lambda health: health.breaks >= 1 and health.state == "live")
        assert sender.asked >= 2
        second = camera.next(PATIENCE_S)
        assert second.run > first.run


def test_a_camera_that_is_away_comes_back():
    sender = Sender(transport_stream())
    with serving(sender) as port:
        camera = camera_at(port)
        assert camera.next(PATIENCE_S)
    with camera:
        away = until(camera, lambda health: health.state == "retrying" and "refuses" in health.why)
        assert away.breaks >= 1
        with serving(Sender(transport_stream()), port):
            until(camera, lambda health: health.state == "live")


def test_another_size_in_mid_stream_begins_another_run():
    parts = transport_stream(), transport_stream((320, 240))
    with serving(Sender(*parts)) as port, camera_at(port) as camera:
        runs = {}
        end = time.monotonic() + PATIENCE_S
        while len(runs) < 2 and time.monotonic() < end:
            picture = camera.next(0.2)
            if picture:
                runs.setdefault(picture.image.shape, picture.run)
    assert set(runs) == {(120, 160, 3), (240, 320, 3)}
    assert runs[240, 320, 3] > runs[120, 160, 3]


def test_a_picture_that_stands_still_is_told():
    def still(_: int, width: int, height: int) -> np.ndarray:
        return moving(0, width, height)

    with serving(Sender(transport_stream(pictures=80, draw=still), part_s=4.0)) as port, camera_at(port) as camera:
        health = until(camera, lambda health: health.state == "frozen")
        assert "not changed" in health.why


@pytest.mark.parametrize(
    ("sender", "who", "sentence"),
    [
        (Sender(b"", password=SECRET), "eye:wr0ng@", "user and a password"),
        (Sender(b"", status=404), "", "no stream at this address"),
        (Sender(b"<html>hello</html>" * 4000, part_s=0.1), "eye:wr0ng@", "no video"),
    ],
    ids=["password", "missing", "no video"],
)
def test_what_is_wrong_with_a_camera_is_one_sentence(sender, who, sentence):
    with serving(sender) as port, camera_at(port, who) as camera:
        health = until(camera, lambda health: health.state == "retrying" and sentence in health.why)
        assert "wr0ng" not in f"{health} {camera.address} {threading.enumerate()}"


def test_the_right_password_opens():
    with serving(Sender(transport_stream(), password=SECRET)) as port, camera_at(port, f"eye:{SECRET}@") as camera:
        assert camera.next(PATIENCE_S)


def test_a_camera_that_says_nothing_is_given_up_and_tried_again():
    sender = Sender(transport_stream(), part_s=1e6)
    with serving(sender) as port, camera_at(port, settings=replace(QUICK, open_s=0.5, silent_s=0.5)) as camera:
        health = until(camera, lambda health: health.breaks >= 1 and health.why)
        assert "doesn't answer" in health.why or "no picture has come" in health.why


def test_a_closed_camera_gives_no_more():
    with serving(Sender(transport_stream())) as port:
        camera = camera_at(port)
        assert camera.next(PATIENCE_S)
        camera.close()
        camera.next(0)
        assert camera.over
        assert camera.next(5) is None


def test_a_film_plays_once_as_a_camera(tmp_path):
    film = write_film(tmp_path / "a.mp4", 8, rate=20)
    with Camera(address_of(str(film)), QUICK) as camera:
        seen = []
        while not camera.over:
            if picture := camera.next(1):
                seen.append(picture.time_s)
        assert seen
        assert camera.health().state == "over"


# ---- clocks ---------------------------------------------------------------------------------------------------------


def test_a_jump_of_the_clock_is_followed(monkeypatch):
    clock = clocks.WallClock()
    before = clock.at(100.0)
    now = time.time
    monkeypatch.setattr(clocks.time, "time", lambda: now() + 3600)
    assert clock.at(100.0) - before == pytest.approx(timedelta(hours=1), abs=timedelta(seconds=5))
    assert clock.jumps == 1
    clock.at(101.0)
    assert clock.jumps == 1


def test_pace_is_of_the_last_ten_seconds():
    pace = Pace()
    for tenth in range(300):
        pace.note(tenth / 10)
    assert pace.per_s(29.9) == pytest.approx(10, rel=0.05)
    assert pace.per_s(60.0) == 0
