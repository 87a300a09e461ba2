"""Finding and opening films: everything that can be wrong before the first picture."""

import os
import re
import stat
from pathlib import Path
from typing import Any

import av

from fer_core.errors import FilmError

# fmt: off
FILM_ENDINGS = frozenset((
    ".3g2", ".3gp", ".asf", ".avi", ".dv", ".flv", ".gif", ".h264", ".h265", ".hevc", ".ivf", ".m2ts", ".m4v",
    ".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".ogg", ".ogv", ".ts", ".vob",
    ".webm", ".wmv",
))
# fmt: on
"""The endings by which a folder's films are known; a file named by itself may have any."""

# Playlists (hls, dash, concat, sdp) are left out on purpose: an uploaded one would open other files and addresses.
_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif,apng,mpegts,mpeg,mpegvideo,h264,hevc,vvc,av1,obu,ivf,m4v,mjpeg,mpjpeg,"
    "smjpeg,asf,flv,live_flv,kux,ogg,mxf,gxf,dv,nut,rm,wtv,yuv4mpegpipe,dhav,vc1,swf,"
    # What holds no passage, read so that the sentence can say what it is.
    "jpeg_pipe,png_pipe,bmp_pipe,webp_pipe,tiff_pipe,image2,mp3,aac,wav,flac,w64,aiff,amr,caf"
)
_HEAD_BYTES = 12


def films_in(path: Path) -> list[Path]:
    """The film itself, or the films of a folder (not of its subfolders) in natural order of their names: 2 before 10.

    Raises FilmError where there is no such file or folder, or no film in it.
    """
    path = Path(path)
    if not stat.S_ISDIR(_status(path).st_mode):
        return [path]
    try:
        names = [name for name in os.listdir(path) if Path(name).suffix.lower() in FILM_ENDINGS and not name.startswith(".")]
    except OSError as error:
        raise FilmError(f"{path}: the folder can't be read ({error.strerror})") from error
    films = [path / name for name in sorted(names, key=_natural) if (path / name).is_file()]
    if not films:
        raise FilmError(f"{path}: the folder holds no film")
    return films


def _natural(name: str) -> tuple[list[str | int], str]:
    parts = re.split(r"(\d+)", name.casefold())
    return [int(part) if part.isdecimal() else part for part in parts], name


def _status(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FilmError(f"{path}: no such file or folder") from error
    except OSError as error:
        raise FilmError(f"{path}: can't be read ({error.strerror})") from error


def open_film(path: Path) -> Any:
    """PyAV's container of that film; the caller closes it. Raises FilmError."""
    status = _status(path)
    if stat.S_ISDIR(status.st_mode):
        raise FilmError(f"{path}: is a folder where a film was expected")
    if not stat.S_ISREG(status.st_mode):
        raise FilmError(f"{path}: is not a file")
    if not status.st_size:
        raise FilmError(f"{path}: the file is empty")
    head = _head(path)
    options = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}
    try:
        # With its protocol spelled out a name like 12:30.mp4 is not taken for an address.
        return av.open(f"file:{path}", container_options=options, metadata_errors="replace")
    except av.FFmpegError as error:
        raise FilmError(f"{path}: {_refusal(head)}") from error


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except OSError as error:
        raise FilmError(f"{path}: can't be read ({error.strerror})") from error


def _refusal(head: bytes) -> str:
    if head[4:8] in (b"ftyp", b"mdat", b"wide"):
        return "an MP4 film without its index (moov): the recording was not closed, or only a part of the file was copied"
    return "is not a film in a known format, or is damaged from its beginning"


def picture_stream(container: Any, path: Path) -> Any:
    """The stream with the film's pictures; a song's cover doesn't count. Raises FilmError."""
    cover = av.stream.Disposition.attached_pic
    streams = [stream for stream in container.streams.video if not stream.disposition & cover]
    if not streams:
        only = "sound only" if container.streams.audio else "no pictures"
        raise FilmError(f"{path}: the film holds {only}")
    best = container.streams.best("video")
    stream = best if best in streams else streams[0]
    if stream.codec_context is None:
        raise FilmError(f"{path}: the film's pictures are in an unknown format, or its index is damaged")
    return stream
