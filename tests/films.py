"""Small films for tests: every picture carries its number, so that a test can tell which picture it was given."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

Picture = Callable[[int, int, int], np.ndarray]
TICKS_PER_S = 12_000
_COLUMNS, _ROWS = 8, 2


def numbered(number: int, width: int = 64, height: int = 48) -> np.ndarray:
    """(height, width, 3) uint8: the number's 16 bits as bright and dark fields, two rows of eight, highest first."""
    bits = [(number >> place) & 1 for place in range(_COLUMNS * _ROWS - 1, -1, -1)]
    image = np.full((height, width, 3), 128, np.uint8)
    for place, bit in enumerate(bits):
        image[_field(place, width, height)] = 230 if bit else 25
    return image


def number_in(image: np.ndarray) -> int:
    """The number that `numbered` drew, also after lossy coding; the picture must be upright."""
    height, width = image.shape[:2]
    bright = [image[_field(place, width, height)].mean() > 128 for place in range(_COLUMNS * _ROWS)]
    return sum(int(bit) << (_COLUMNS * _ROWS - 1 - place) for place, bit in enumerate(bright))


def _field(place: int, width: int, height: int) -> tuple[slice, slice]:
    row, column = divmod(place, _COLUMNS)
    wide, high = width // _COLUMNS, height // _ROWS
    return slice(row * high, (row + 1) * high), slice(column * wide, (column + 1) * wide)


def moving(number: int, width: int = 160, height: int = 120) -> np.ndarray:
    """A blotchy texture that pans and flickers: encoders look far for references in it."""
    rng = np.random.default_rng(7)
    coarse = rng.integers(0, 255, (height // 4, 2 * width // 4, 3), dtype=np.uint8)
    texture = coarse.repeat(4, axis=0).repeat(4, axis=1)
    image = np.roll(texture, -3 * number, axis=1)[:, :width]
    return 255 - image if (number // 2) % 2 else image


def write_film(
    path: Path,
    pictures: int | Sequence[float] = 20,
    *,
    rate: int = 10,
    codec: str = "libx264",
    size: tuple[int, int] = (64, 48),
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    container: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
    turn: tuple[float, bool] = (0, False),
    draw: Picture = numbered,
) -> Path:
    """A film of that many pictures, or one whose pictures stand at those seconds (variable frame rate).

    turn: degrees counter-clockwise that a player has to turn the coded picture, then whether to mirror it.
    """
    times = [k / rate for k in range(pictures)] if isinstance(pictures, int) else list(pictures)
    # These keep no time stamps of their own: only whole pictures.
    ticks = rate if path.suffix in (".avi", ".h264") or codec == "mpeg2video" else TICKS_PER_S
    with av.open(str(path), "w", options=container or {}) as film:
        film.metadata.update(metadata or {})
        stream = film.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = Fraction(1, ticks)
        if turn != (0, False):
            stream.set_display_rotation(turn[0], hflip=turn[1])
        for number, time_s in enumerate(times):
            frame = av.VideoFrame.from_ndarray(draw(number, *size), format="bgr24")
            frame.pts, frame.time_base = round(time_s * ticks), Fraction(1, ticks)
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    return path


def write_sound(path: Path, seconds: int = 1) -> Path:
    """A film with sound only."""
    with av.open(str(path), "w") as film:
        stream = film.add_stream("aac", rate=16_000)
        for block in range(seconds * 16):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1000), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 16_000, block * 1000
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    return path


def cut_off(source: Path, path: Path, share: float) -> Path:
    """The first part of a film's bytes. An MP4 keeps its index only where it was written in front (see FRONT)."""
    whole = source.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    return path


def without_index(source: Path, path: Path) -> Path:
    """An MP4 whose recording was never closed: its pictures, and no word on where they lie."""
    whole = source.read_bytes()
    path.write_bytes(whole[: whole.index(b"moov") - 4])
    return path


FRONT = {"movflags": "faststart"}
"""Options of write_film (`container`) that put an MP4's index in front of its pictures."""


def looped(source: Path, path: Path, times: int) -> Path:
    """The film, so many times end to end, without coding it again."""
    with av.open(str(path), "w") as film:
        stream: Any = None
        for turn in range(times):
            with av.open(str(source)) as once:
                picture = once.streams.video[0]
                stream = stream or film.add_stream_from_template(picture)
                for packet in (packet for packet in once.demux(picture) if packet.size):
                    packet.pts += turn * picture.duration
                    packet.dts += turn * picture.duration
                    packet.stream = stream
                    film.mux(packet)
    return path
