"""Films to pictures: probing and sampling."""

import os
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import av
import numpy as np

from fer_core.errors import FilmError
from fer_core.settings import VideoSettings
from fer_core.types import FilmInfo, Frame, IntArray, UInt8Array
from fer_core.video.clock import Clock, sample_number
from fer_core.video.skipping import Skipper
from fer_core.video.source import open_film, picture_stream

_Timed: TypeAlias = tuple[Any, float]
_DEFAULT = VideoSettings()
_MOST_THREADS = 16
"""Decoding has two threads a processor, for others work beside it: when it gets a processor, a picture should be waiting
to be decoded. Each thread holds a picture, hence a limit."""
_END_SLACK_S, _END_SLACK_PICTURES = 0.3, 2
_LOOSE_SLACK_S = 1.0
_SOUND_SHARE = 0.9
_FIRST_RECORDED_YEAR = 1990


def probe(path: Path, settings: VideoSettings = _DEFAULT) -> FilmInfo:
    """What the film says of itself; its first pictures are decoded, the rest isn't read.

    Raises FilmError for anything that `samples` would refuse before its first picture.
    """
    path = Path(path)
    with open_film(path) as container:
        stream = picture_stream(container, path)
        # Threads would decode several pictures ahead.
        decoding = Decoding(container, stream, settings.samples_per_s, threads="NONE")
        (first, _), _ = _first_two(decoding.pictures(), path, settings)
        height, width = _upright(first, _display_matrix(first)).shape[:2]
        rate = stream.average_rate or stream.guessed_rate
        return FilmInfo(
            path=path,
            width=width,
            height=height,
            duration_s=_duration_s(container, stream),
            frame_rate=float(rate) if rate else None,
            codec=stream.codec_context.name,
            recorded_at=_recorded_at(container, stream),
        )


def samples(path: Path, settings: VideoSettings, *, warn: Callable[[str], None]) -> Generator[Frame, None, None]:
    """The film's pictures at `settings.samples_per_s`: the first, and the first at or after each multiple of the step.

    Times rise strictly and count from the film's first picture (see Clock for films whose time stamps are missing or
    jump). A film with a lower frame rate gives every picture. Lazy: nothing is opened before the first `next`, the film
    is decoded as far as it is read, and closing the generator closes it. Memory does not grow with the film's length.
    Raises FilmError; where the film is damaged or breaks off later, what can be read is given and `warn` is called at
    its end with one sentence that names the file and the second.
    """
    path = Path(path)
    with open_film(path) as container:
        decoding = Decoding(container, picture_stream(container, path), settings.samples_per_s)
        pictures = decoding.pictures()
        opening = _first_two(pictures, path, settings)
        matrix = _display_matrix(opening[0][0])
        last = -1
        for picture, time_s in chain(opening, pictures):
            number = sample_number(time_s, settings.samples_per_s)
            if number > last:
                yield Frame(time_s, _upright(picture, matrix))
                last = number
        if (harm := decoding.harm()) is not None:
            warn(f"{path}: {harm}")


class Decoding:
    """One pass over a film: packets in, pictures with their times out, damage remembered."""

    def __init__(self, container: Any, stream: Any, samples_per_s: float, *, threads: str = "AUTO") -> None:
        stream.thread_type = threads
        if threads != "NONE":
            stream.codec_context.thread_count = min(2 * (os.cpu_count() or 1), _MOST_THREADS)
        self._container, self._stream = container, stream
        self._clock = clock = Clock(stream.time_base, stream.average_rate or stream.guessed_rate)
        self._skipper = Skipper(
            lambda pts: sample_number(clock.at(pts), samples_per_s),
            # One picture alone must not pass for a film because the second was left out.
            lambda: clock.steady and clock.pictures > 1,
        )
        self._all_apart = stream.codec_context.codec.intra_only
        self._least_s = _least_end_s(container, stream, clock.interval_s)
        self._from: int | None = None
        self._to = 0
        self._broken = False
        self._harmed_s: float | None = None

    def pictures(self) -> Iterator[_Timed]:
        """Every decoded picture with its seconds since the first."""
        for packet, needed in self._packets():
            if needed or not (self._all_apart or packet.is_disposable):
                self._stream.codec_context.skip_frame = "DEFAULT" if needed else "NONREF"
                yield from self._decoded(packet)
        yield from self._decoded(None)

    def _packets(self) -> Iterator[tuple[Any, bool]]:
        for packet in self._demuxed():
            if packet.size:  # An empty one says "as before" in AVI and would end the decoder.
                self._note_end(packet)
                yield from self._skipper.plan(packet)
        yield from self._skipper.rest()

    def _demuxed(self) -> Iterator[Any]:
        try:
            yield from self._container.demux(self._stream)
        except av.FFmpegError:
            self._broken = True
        except IndexError:
            return  # PyAV's way of ending a film in which another stream appeared midway (MPEG-TS): all was read.

    def _decoded(self, packet: Any) -> Iterator[_Timed]:
        try:
            pictures = self._stream.decode(packet)
        except av.FFmpegError:
            self._note_harm()
            return
        for picture in pictures:
            yield picture, self._clock.tick(picture.pts)

    def _note_end(self, packet: Any) -> None:
        if packet.is_corrupt:
            self._note_harm()
        if packet.pts is not None:
            self._from = packet.pts if self._from is None else min(self._from, packet.pts)
            self._to = max(self._to, packet.pts + (packet.duration or 0))

    def _end_s(self) -> float:
        # Matroska's duration may count from time stamp 0 instead of from the first picture.
        start = (self._from or 0) if self._stream.duration else 0
        return max(self._clock.last_s, float((self._to - start) * self._stream.time_base))

    def _note_harm(self) -> None:
        if self._harmed_s is None:
            self._harmed_s = self._clock.last_s

    def harm(self) -> str | None:
        """What a person should know of the film once it was read to its end; None where all went well."""
        last_s = self._clock.last_s
        if self._broken or self._end_s() < self._least_s:
            return f"the film breaks off at {last_s:.1f} s: the rest is missing or can't be read"
        if self._harmed_s is not None:
            return f"the film is damaged at {self._harmed_s:.1f} s: pictures there may be missing or broken"
        return None


def _first_two(pictures: Iterator[_Timed], path: Path, settings: VideoSettings) -> tuple[_Timed, _Timed]:
    """The film's first two pictures, taken together because one alone is no film. Raises FilmError."""
    first, second = next(pictures, None), next(pictures, None)
    if first is None:
        raise FilmError(f"{path}: the film holds no picture that can be decoded")
    width, height = first[0].width, first[0].height
    if min(width, height) < settings.min_side_px:
        raise FilmError(f"{path}: the film is too small ({width}×{height} px; at least {settings.min_side_px} px a side)")
    if second is None:
        raise FilmError(f"{path}: a film of one picture holds no passage")
    return first, second


def _display_matrix(picture: Any) -> IntArray | None:
    """The film's display matrix as nine numbers, taken from one picture only: asking ties it into a reference cycle."""
    data = picture.side_data.get("DISPLAYMATRIX")
    return None if data is None else np.frombuffer(bytes(data), np.int32, count=9).astype(np.int64)


def _upright(picture: Any, matrix: IntArray | None) -> UInt8Array:
    """(h, w, 3) uint8 BGR, turned as the display matrix asks: quarter turns and mirrorings."""
    image = picture.to_ndarray(format="bgr24")
    return np.ascontiguousarray(image if matrix is None else _turned(image, matrix))


def _turned(image: UInt8Array, matrix: IntArray) -> UInt8Array:
    """The image under FFmpeg's display matrix: (x, y) goes to (a x + c y, b x + d y), with a, b, c, d at 0, 1, 3, 4."""
    a, b, c, d = (int(matrix[place]) for place in (0, 1, 3, 4))
    across, down = (a, d)
    if abs(b) > abs(a):
        image, across, down = image.transpose(1, 0, 2), c, b
    return image[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1]


def _duration_s(container: Any, stream: Any) -> float | None:
    if stream.duration:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


def _least_end_s(container: Any, stream: Any, interval_s: float) -> float:
    """A film whose pictures end before this was cut off: what it promises less a margin.

    What is promised for the pictures alone holds to a picture or two; what is promised for the whole may be the sound's.
    """
    promised_s = _duration_s(container, stream) or 0.0
    alone = stream.duration or len(container.streams) == 1
    if alone and container.format.name != "avi":  # An AVI's last pictures may be told by no packet: "as before".
        return promised_s - max(_END_SLACK_S, _END_SLACK_PICTURES * interval_s)
    return promised_s * (1.0 if alone else _SOUND_SHARE) - _LOOSE_SLACK_S


def _recorded_at(container: Any, stream: Any) -> datetime | None:
    """The file's own date in UTC; None where there is none or it is a clock's zero."""
    text = container.metadata.get("creation_time") or stream.metadata.get("creation_time")
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    if found is None or found.year < _FIRST_RECORDED_YEAR:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
