"""Drawing of what the live engine found: a pure function from a picture and a result to a new picture."""

import unicodedata
from dataclasses import dataclass
from typing import Literal, TypeAlias

import cv2
import numpy as np

from fer_core.live.types import PALETTE, LiveFace, LiveResult
from fer_core.types import FloatArray, UInt8Array

Hiding: TypeAlias = Literal["none", "blur", "pixelate"]
Colour: TypeAlias = tuple[int, int, int]
Box: TypeAlias = tuple[int, int, int, int]

HIDING: tuple[Hiding, ...] = ("none", "blur", "pixelate")
_CELLS = 7
_GROWN = 0.18
_MOST_PANELS = 3
_LEAST_SHARE = 0.1
"""Faces lower than this share of the picture have no bars in it."""
_NARROW = 70
_SHADE = 0.3
_GREY = (190, 190, 190)
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_LONGEST_LABEL = 10
_PANEL_WIDTH, _ROW, _LABEL_WIDTH = 150, 15, 66


@dataclass(frozen=True)
class LiveStyle:
    """How the picture is shown: mirrored like a looking-glass, faces made unrecognisable, bars beside the faces, five points
    in each of them."""

    mirror: bool = True
    hide: Hiding = "none"
    bars: bool = True
    landmarks: bool = False


def draw(image: UInt8Array, result: LiveResult, style: LiveStyle) -> UInt8Array:
    """A new picture of the same size: box, number and leading apparent expression of each face, with bars where asked.

    The largest faces have bars, as far as there is room. Words are never mirrored. Faces are hidden in the picture before
    anything is drawn, those without an expression too. Staff and people who wait to be judged have a plain grey box with that
    word. Any size works; what has no room is left out.
    """
    shown = hidden(image, result, style.hide) if style.hide != "none" else image.copy()
    if style.mirror:
        shown = cv2.flip(shown, 1)
    width = result.size[0] if style.mirror else None
    scale = float(np.clip(min(result.size) / 480, 0.45, 3.0))
    boxes = [_box(face.xyxy, width) for face in result.faces]
    plain = [("staff", _box(xyxy, width)) for xyxy in result.staff]
    plain += [("waiting", _box(xyxy, width)) for xyxy in result.waiting]
    told = [_draw_box(shown, word, box, _GREY, scale) for word, box in plain]
    told += [_draw_face(shown, face, box, result.labels, scale) for face, box in zip(result.faces, boxes, strict=True)]
    for points in _marks(result, width) if style.landmarks else ():
        _draw_points(shown, points, scale)
    for outline in result.outlines:
        _draw_outline(shown, _turned(outline, width), scale)
    if style.bars:
        _draw_bars(shown, result, boxes, [*boxes, *(box for _, box in plain), *told], scale)
    return shown


def hidden(image: UInt8Array, result: LiveResult, how: Hiding) -> UInt8Array:
    """A copy in which every face is a few soft spots ("blur") or squares ("pixelate")."""
    found = image.copy()
    others = (result.unread, result.staff, result.waiting, result.dropped)
    for xyxy in [*(face.xyxy for face in result.faces), *(xyxy for boxes in others for xyxy in boxes)]:
        left, top, right, bottom = _grown(xyxy, image.shape)
        if right <= left or bottom <= top:
            continue
        few = cv2.resize(found[top:bottom, left:right], (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
        smooth = cv2.INTER_CUBIC if how == "blur" else cv2.INTER_NEAREST
        found[top:bottom, left:right] = cv2.resize(few, (right - left, bottom - top), interpolation=smooth)
    return found


def colour_of(place: int) -> Colour:
    """Blue, green, red of that place in `PALETTE`."""
    told = PALETTE[place % len(PALETTE)]
    red, green, blue = (int(told[at : at + 2], 16) for at in (1, 3, 5))
    return blue, green, red


def _grown(xyxy: FloatArray, shape: tuple[int, ...]) -> Box:
    wide, high = _GROWN * float(xyxy[2] - xyxy[0]), _GROWN * float(xyxy[3] - xyxy[1])
    left, top = max(0, round(float(xyxy[0]) - wide)), max(0, round(float(xyxy[1]) - high))
    return left, top, min(shape[1], round(float(xyxy[2]) + wide)), min(shape[0], round(float(xyxy[3]) + high))


def _box(xyxy: FloatArray, mirrored_in: int | None) -> Box:
    left, top, right, bottom = (round(float(value)) for value in xyxy)
    return (left, top, right, bottom) if mirrored_in is None else (mirrored_in - right, top, mirrored_in - left, bottom)


def _marks(result: LiveResult, mirrored_in: int | None) -> list[FloatArray]:
    """The five points of everybody who is seen just now."""
    found = [face.landmarks for face in result.faces if face.seen_s == result.time_s and face.landmarks is not None]
    return [_turned(points, mirrored_in) for points in found]


def _turned(points: FloatArray, mirrored_in: int | None) -> FloatArray:
    return points if mirrored_in is None else np.column_stack([mirrored_in - 1 - points[:, 0], points[:, 1]])


def _draw_points(image: UInt8Array, points: FloatArray, scale: float) -> None:
    for x, y in np.round(points).astype(int).tolist():
        cv2.circle(image, (x, y), max(2, round(3.5 * scale)), _BLACK, -1, cv2.LINE_AA)
        cv2.circle(image, (x, y), max(1, round(2.2 * scale)), _WHITE, -1, cv2.LINE_AA)


def _draw_outline(image: UInt8Array, points: FloatArray, scale: float) -> None:
    corners = [np.round(points).astype(np.int32)]
    cv2.polylines(image, corners, True, _BLACK, max(2, round(3 * scale)), cv2.LINE_AA)
    cv2.polylines(image, corners, True, _WHITE, max(1, round(scale)), cv2.LINE_AA)


def _draw_face(image: UInt8Array, face: LiveFace, box: Box, labels: tuple[str, ...], scale: float) -> Box:
    """Draw the box of somebody who was read; where the name stands."""
    narrow, leading = _narrow(box, scale), face.leading
    text = f"{face.number} {_drawable(labels[leading])}" + ("" if narrow else f" {100 * face.probabilities[leading]:.0f}%")
    return _draw_box(image, text, box, colour_of(face.colour), scale)


def _drawable(label: str) -> str:
    """The label in signs that OpenCV's font has, cut to what a panel has room for."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode()
    return (plain or "class")[:_LONGEST_LABEL]


def _narrow(box: Box, scale: float) -> bool:
    return box[2] - box[0] < _NARROW * scale


def _draw_box(image: UInt8Array, text: str, box: Box, colour: Colour, scale: float) -> Box:
    """Draw the box and its words; where they stand."""
    left, top, right, bottom = box
    narrow, thick = _narrow(box, scale), max(1, round(2 * scale))
    cv2.rectangle(image, (left, top), (right, bottom), _BLACK, thick + 2, cv2.LINE_AA)
    cv2.rectangle(image, (left, top), (right, bottom), colour, thick, cv2.LINE_AA)
    size = (0.42 if narrow else 0.55) * scale
    (wide, high), low = cv2.getTextSize(text, _FONT, size, max(1, round(scale)))
    x = max(0, min(left, image.shape[1] - wide - 8))
    y = top - low - 4 if top - high - low - 8 >= 0 else top + high + 6
    paper = x, y - high - 4, x + wide + 8, y + low + 2
    cv2.rectangle(image, paper[:2], paper[2:], colour, -1)
    cv2.putText(image, text, (x + 4, y), _FONT, size, _ink(colour), max(1, round(scale)), cv2.LINE_AA)
    return paper


def _ink(paper: Colour) -> Colour:
    return _BLACK if 0.114 * paper[0] + 0.587 * paper[1] + 0.299 * paper[2] > 120 else _WHITE


def _draw_bars(image: UInt8Array, result: LiveResult, boxes: list[Box], taken: list[Box], scale: float) -> None:
    """Panels of the largest faces, each where it covers neither a face nor a name."""
    height = {place: box[3] - box[1] for place, box in enumerate(boxes)}
    large = [place for place in height if height[place] >= _LEAST_SHARE * image.shape[0]]
    size = round(_PANEL_WIDTH * scale), round((_ROW * len(result.labels) + 6) * scale)
    for place in sorted(large, key=lambda place: -height[place])[:_MOST_PANELS]:
        corner = _room(boxes[place], size, image.shape, taken)
        if corner is not None:
            taken = [*taken, (*corner, corner[0] + size[0], corner[1] + size[1])]
            _draw_panel(image, result.faces[place], result.labels, corner, scale)


def _room(box: Box, size: tuple[int, int], shape: tuple[int, ...], taken: list[Box]) -> tuple[int, int] | None:
    """The left upper corner of a free place beside the box, or None."""
    left, top, right, bottom = box
    gap = 6
    below = max(0, min(top, shape[0] - size[1]))
    across = max(0, min(left, shape[1] - size[0]))
    places = [(right + gap, below), (left - gap - size[0], below), (across, bottom + gap)]
    return next((at for at in places if _free(at, size, shape, taken)), None)


def _free(at: tuple[int, int], size: tuple[int, int], shape: tuple[int, ...], taken: list[Box]) -> bool:
    left, top, right, bottom = at[0], at[1], at[0] + size[0], at[1] + size[1]
    inside = left >= 0 and top >= 0 and right <= shape[1] and bottom <= shape[0]
    return inside and all(right <= b[0] or left >= b[2] or bottom <= b[1] or top >= b[3] for b in taken)


def _draw_panel(image: UInt8Array, face: LiveFace, labels: tuple[str, ...], corner: tuple[int, int], scale: float) -> None:
    wide, row = round(_PANEL_WIDTH * scale), _ROW * scale
    x, y = corner
    paper = image[y : y + round(row * len(labels) + 6 * scale), x : x + wide]
    cv2.convertScaleAbs(paper, paper, _SHADE)
    begin, room = x + round(_LABEL_WIDTH * scale), wide - round((_LABEL_WIDTH + 6) * scale)
    for place, label in enumerate(labels):
        base = round(y + 3 * scale + row * (place + 0.78))
        leading = place == face.leading
        cv2.putText(image, _drawable(label), (x + 4, base), _FONT, 0.38 * scale, _WHITE, max(1, round(scale)), cv2.LINE_AA)
        end = begin + max(1, round(room * float(face.probabilities[place])))
        ink = colour_of(face.colour) if leading else (190, 190, 190)
        cv2.rectangle(image, (begin, base - round(8 * scale)), (end, base), ink, -1)
