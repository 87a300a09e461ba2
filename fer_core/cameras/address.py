"""Where a camera is, and what of it may be shown."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from fer_core.errors import InputError

Kind: TypeAlias = Literal["rtsp", "http", "device", "film"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_SCHEMES: dict[str, Kind] = {"rtsp": "rtsp", "rtsps": "rtsp", "http": "http", "https": "http"}
_MOST_DEVICES = 64
_LONGEST = 2000
_HOST = re.compile(r"[^\s/@:]+|\[[0-9a-fA-F:.%]+\]")
_HIDDEN = "…"


@dataclass(frozen=True, repr=False)
class Address:
    """A camera's address. opened is what FFmpeg is given; it may hold a password, so that it is never written or shown:
    shown is what people and logs see."""

    kind: Kind
    opened: str
    shown: str

    def __repr__(self) -> str:
        return f"Address({self.kind}, {self.shown})"

    def hide(self, text: str) -> str:
        """A sentence that may quote the address, without its user and password."""
        text = text.replace(self.opened, self.shown)
        for secret in _secrets(self.opened) if self.kind in ("rtsp", "http") else ():
            text = text.replace(secret, _HIDDEN)
        return text


def address_of(text: str) -> Address:
    """The address in what somebody typed: rtsp://…, http://…, a device's number such as 0, or the path of a film.

    InputError, which never quotes a password, for anything else.
    """
    text = text.strip()
    if not text or "\0" in text or len(text) > _LONGEST:
        raise InputError("a camera's address is rtsp://…, http://…, the number of a device such as 0, or a film's path")
    if text.isdecimal():
        return _device(int(text))
    parts = urlsplit(text)
    if "://" in text:
        return _url(text, parts)
    if not Path(text).is_file():
        raise InputError(f"{text}: no such film, and no address of a camera (rtsp://…, http://…, or a device's number)")
    return Address("film", text, text)


def _device(number: int) -> Address:
    if number >= _MOST_DEVICES:
        raise InputError(f"there is no device {number}: numbers begin at 0")
    return Address("device", f"/dev/video{number}", f"device {number}")


def _url(text: str, parts: SplitResult) -> Address:
    kind = _SCHEMES.get(parts.scheme.lower())
    if kind is None:
        raise InputError(f"{parts.scheme}:// is no kind of camera that is known; use rtsp:// or http://")
    shown = _shown(parts)
    try:
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise InputError(f"{shown}: its port is no number from 1 to 65535") from error
    if not host or not _HOST.fullmatch(host if ":" not in host else f"[{host}]"):
        raise InputError(f"{shown}: names no camera (after rtsp:// comes the camera's name or number in the network)")
    return Address(kind, text, shown)


def _shown(parts: SplitResult) -> str:
    """The address without user, password and what stands behind the question mark, where cameras put passwords too."""
    place = parts.netloc.rpartition("@")[2]
    who = f"{_HIDDEN}@" if "@" in parts.netloc else ""
    return urlunsplit((parts.scheme, who + place, parts.path, _HIDDEN if parts.query else "", ""))


def _secrets(opened: str) -> list[str]:
    parts = urlsplit(opened)
    given = parts.netloc.rpartition("@")[0]
    _, _, password = given.partition(":")
    values = [given, password, parts.query, *(pair.partition("=")[2] for pair in parts.query.split("&"))]
    found = {value for one in values for value in (one, unquote(one)) if len(value) > 2}
    return sorted(found, key=len, reverse=True)
