"""A camera's stream opened with PyAV: newest pictures first, a time limit on every wait, sentences for what goes wrong."""

import errno
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import av

from fer_core.cameras.address import Address
from fer_core.errors import FilmError
from fer_core.settings import CameraSettings, VideoSettings
from fer_core.types import UInt8Array

_SOON = {"fflags": "nobuffer", "analyzeduration": "500000", "probesize": "500000"}
_OPTIONS = {
    "rtsp": {**_SOON, "rtsp_flags": "prefer_tcp", "protocol_whitelist": "rtsp,rtsps,tcp,udp,rtp,tls,crypto"},
    "http": {**_SOON, "protocol_whitelist": "http,https,tcp,tls,crypto"},
    "device": {"protocol_whitelist": "file"},
}
_FORMATS = {"device": "v4l2"}


class Broken(Exception):
    """The camera can't be opened, or broke off; the text says why."""


class Opened(Protocol):
    """An opened camera; `with` closes it."""

    def pictures(self, closed: threading.Event) -> Iterator[tuple[UInt8Array, float]]:
        """(image, when it was filmed in seconds of the monotonic clock) until it ends or `closed`; Broken where it breaks."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


def opened(address: Address, settings: CameraSettings) -> Opened:
    """Open a camera. Broken, with a sentence, where that fails."""
    return _Film(Path(address.opened), settings) if address.kind == "film" else _Stream(address, settings)


class _Stream:
    """A live stream. Every picture is decoded, for the next are built on it; only those to be looked at are turned into
    arrays, and where decoding falls behind, pictures that no other needs are left out."""

    def __init__(self, address: Address, settings: CameraSettings) -> None:
        self._address, self._settings = address, settings
        limits = (settings.open_s, settings.silent_s)
        try:
            self._container = av.open(
                address.opened, format=_FORMATS.get(address.kind), container_options=_OPTIONS[address.kind], timeout=limits,
            )  # fmt: skip
        except (av.FFmpegError, OSError) as error:
            raise Broken(_why_not_opened(error)) from error
        if not self._container.streams.video:
            self._container.close()
            raise Broken("what it sends is no video")

    def pictures(self, closed: threading.Event) -> Iterator[tuple[UInt8Array, float]]:
        stream = self._container.streams.video[0]
        stream.thread_type = "SLICE"  # frame threads hold pictures back
        due_s, step_s = 0.0, 1 / self._settings.samples_per_s
        try:
            for packet in self._container.demux(stream):
                if closed.is_set():
                    return
                for picture in _decoded(packet):
                    now_s = time.monotonic()
                    if now_s >= due_s:
                        due_s = max(due_s + step_s, now_s)
                        yield picture.to_ndarray(format="bgr24"), now_s
        except (av.FFmpegError, OSError) as error:
            raise Broken(_why_broken(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()


def _decoded(packet: Any) -> list[Any]:
    """The packet's pictures; none where it is damaged, as the first packets after joining a stream are."""
    try:
        return list(packet.decode())
    except av.error.InvalidDataError:
        return []


class _Film:
    """A film in the place of a camera: its pictures come when they would have come."""

    def __init__(self, path: Path, settings: CameraSettings) -> None:
        self._path, self._settings = path, settings

    def pictures(self, closed: threading.Event) -> Iterator[tuple[UInt8Array, float]]:
        from fer_core import video

        begun_s = time.monotonic()
        read = VideoSettings(samples_per_s=self._settings.samples_per_s)
        try:
            for frame in video.samples(self._path, read, warn=lambda _: None):
                if closed.wait(max(0.0, begun_s + frame.time_s - time.monotonic())):
                    return
                yield frame.image, begun_s + frame.time_s
        except FilmError as error:
            raise Broken(str(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


def _why_not_opened(error: Exception) -> str:
    """What keeps a camera from being opened, in words."""
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return "the camera asks for a user and a password, and those in its address are not the right ones"
    if isinstance(error, av.error.HTTPNotFoundError):
        return "the camera answers, but there is no stream at this address"
    if isinstance(error, av.error.ExitError | av.error.TimeoutError | TimeoutError):
        return "the camera doesn't answer"
    if isinstance(error, ConnectionRefusedError):
        return "the camera refuses the connection: is it on, and the port right?"
    if isinstance(error, FileNotFoundError):
        return "there is no such device"
    if isinstance(error, av.error.InvalidDataError) or getattr(error, "errno", None) == errno.EIO:
        return "what it sends is no video"
    return f"it can't be opened ({error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__})"


def _why_broken(error: Exception) -> str:
    if isinstance(error, av.error.ExitError | av.error.TimeoutError | TimeoutError):
        return "no picture has come for a while"
    return "the connection broke off"
