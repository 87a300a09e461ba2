"""Zones of a camera's picture: drawn as polygons on a still, or typed; the still lives in the browser's session only."""

import base64
import functools
import io
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import streamlit as st

from fer_core.errors import FilmError
from fer_core.settings import VideoSettings
from fer_core.zones import ZoneKind

Zone: TypeAlias = list[list[float]]
"""The corners of a polygon, [x, y] each, in shares (0 to 1) of the picture's width and height."""

PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
_LONGEST_PX = 960
_MOST_PIXELS = 50_000_000
_HTML = """
<div class="editor">
  <div class="still"><img alt="A still of this camera" hidden><svg role="group" aria-label="Zones"></svg></div>
  <div class="tools">
    <span class="words" role="status"></span>
    <button type="button" class="close">Close zone</button>
    <button type="button" class="back">Take back a corner</button>
    <button type="button" class="remove">Remove zone</button>
  </div>
</div>
"""


@dataclass(frozen=True)
class Still:
    """A picture to draw on: width and height in px, and its JPEG as a data: address; "" for an empty ground."""

    width: int = 960
    height: int = 540
    address: str = ""


@dataclass(frozen=True)
class Part:
    """A zone as it is drawn. number: its own as long as it is worked on, whatever becomes of the others."""

    number: int
    corners: Zone
    name: str = ""
    kind: ZoneKind = "shelf"


def editor(
    key: str, still: Still, parts: Sequence[Part], round: int, take: Callable[[list[tuple[int, Zone]]], None], *,
    measuring: bool = False, behind: Sequence[Zone] = (),
) -> None:  # fmt: skip
    """Draw the picture with its zones; `take` is given all numbers and corners after each change that a person makes in it.

    round is to be another number whenever `parts` changed otherwise than by `take`: the browser then takes them over.
    measuring: in another colour than masks. behind: zones that are shown and can't be changed.
    """
    widget = f"{key}-{round}"

    def changed() -> None:
        told = drawn_parts(st.session_state[widget].get("zones"), round)
        if told is not None:
            take(told)

    data = {
        "image": still.address, "width": still.width, "height": still.height, "round": round, "measuring": measuring,
        "zones": [part.corners for part in parts], "ids": [part.number for part in parts], "behind": list(behind),
        "names": {str(part.number): part.name for part in parts if part.name},
    }  # fmt: skip
    _component()(key=widget, data=data, on_zones_change=changed)


def drawn_parts(told: Any, round: int) -> list[tuple[int, Zone]] | None:
    """The zones that the browser tells with their numbers, or None where `drawn_zones` has none or the numbers don't fit."""
    zones = drawn_zones(told, round)
    ids = told.get("ids") if zones is not None else None
    if zones is None or not isinstance(ids, list) or len(ids) != len(zones) or len(set(map(repr, ids))) != len(ids):
        return None
    fine = all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in ids)
    return list(zip(ids, zones, strict=True)) if fine else None


def drawn_zones(told: Any, round: int) -> list[Zone] | None:
    """What the browser tells, or None where it is of another round or not of the expected shape: it comes from outside."""
    if not isinstance(told, dict) or told.get("round") != round or not isinstance(told.get("zones"), list):
        return None
    zones = told["zones"]
    return zones if all(_is_zone(zone) for zone in zones) else None


def rectangle(left: float, top: float, right: float, bottom: float) -> Zone:
    """A zone from percentages of the picture; ValueError with a sentence where it has no area."""
    if left >= right:
        raise ValueError("The right edge must lie to the right of the left one.")
    if top >= bottom:
        raise ValueError("The lower edge must lie below the upper one.")
    x0, y0, x1, y1 = (round(value / 100, 4) for value in (left, top, right, bottom))
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]


def still_of(name: str, content: bytes) -> Still:
    """A picture, or a film's first one, made small enough to draw on; nothing of it is kept on disk.

    Raises FilmError, one sentence, for what can't be read.
    """
    image = _picture(name, content) if Path(name).suffix.lower() in PICTURE_ENDINGS else _first_picture(name, content)
    return _packed(image)


def _packed(image: Any) -> Still:
    image.thumbnail((_LONGEST_PX, _LONGEST_PX))
    packed = io.BytesIO()
    image.convert("RGB").save(packed, "JPEG", quality=80)
    address = "data:image/jpeg;base64," + base64.b64encode(packed.getvalue()).decode("ascii")
    return Still(image.width, image.height, address)


def _picture(name: str, content: bytes) -> Any:
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        image = Image.open(io.BytesIO(content))
        if image.width * image.height > _MOST_PIXELS:
            raise FilmError(f"{name}: the picture is too large ({image.width} × {image.height} pixels)")
        return ImageOps.exif_transpose(image)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise FilmError(f"{name}: is not a picture that can be read") from error


def _first_picture(name: str, content: bytes) -> Any:
    from PIL import Image

    from fer_core.video import samples

    with tempfile.TemporaryDirectory(prefix="moodgate-still-") as folder:
        # the person's own name for it stands in the sentence of an error, no path of the server's
        path = Path(folder) / ("film" + Path(name).suffix[:12])
        path.write_bytes(content)
        try:
            frames = samples(path, VideoSettings(), warn=lambda sentence: None)
            frame = next(frames)
            frames.close()
        except FilmError as error:
            raise FilmError(str(error).replace(str(path), name)) from error
    return Image.fromarray(frame.image[..., ::-1])


def _is_zone(zone: Any) -> bool:
    return isinstance(zone, list) and len(zone) >= 3 and all(_is_corner(corner) for corner in zone)


def _is_corner(corner: Any) -> bool:
    return (
        isinstance(corner, list)
        and len(corner) == 2
        and all(isinstance(share, int | float) and not isinstance(share, bool) and 0 <= share <= 1 for share in corner)
    )


@functools.cache
def _component() -> Any:
    here = Path(__file__)
    css, js = (here.with_suffix(ending).read_text(encoding="utf-8") for ending in (".css", ".js"))
    return st.components.v2.component("moodgate_zones", html=_HTML, css=css, js=js)
