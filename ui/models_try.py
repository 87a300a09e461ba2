"""The tab Try a picture: the faces in it, what both heads say of each, and what in the face they go by."""

from dataclasses import dataclass
from html import escape as html_escape

import cv2
import numpy as np
import streamlit as st

from fer_core import detect
from fer_core.emotion.base import CropModel, face_crops, fitted, summing_to_one
from fer_core.errors import MoodgateError
from fer_core.explain import occlusion_map
from fer_core.types import Faces, FloatArray, UInt8Array
from ui import detectors, expression_models
from ui.detectors import AUTOMATIC
from ui.live_still import as_html
from ui.models_versus import as_png
from ui.notices import sentence
from ui.picture_input import Picture, boxed, given_picture
from ui.plain import counted, escape
from ui.theme import BLUE, EXPRESSION_COLOURS

MOST_FACES = 6
_WIDTH = 900
_LEAST_SPAN = 0.03
"""Differences of probability below this are noise: the map is not stretched any further to fill the colours."""
_FOR, _AGAINST = (0, 159, 230), (233, 180, 86)
"""BGR: orange speaks for the expression, blue against it; told apart by colour-blind eyes as well."""
_PX = 192
_STYLE = """<style>
.heads{border-collapse:collapse;width:100%;font-size:.85rem}
.heads th{font-weight:600;text-align:left;padding:.1rem .5rem .2rem 0}
.heads td{padding:.05rem .5rem .05rem 0;line-height:1.35}
.heads .share{display:flex;align-items:center;gap:.4rem}
.heads .bar{flex:1;height:.65rem;min-width:2rem;border-radius:.2rem;background:color-mix(in srgb,currentColor 14%,transparent)}
.heads .bar i{display:block;height:100%;border-radius:.2rem}
.heads .share span:last-child{width:2.8rem;text-align:right;font-variant-numeric:tabular-nums}
.maps{display:flex;gap:.6rem}.maps figure{margin:0;flex:1;max-width:12rem}
.maps img{width:100%;border-radius:.4rem;display:block}.maps figcaption{font-size:.78rem;margin-top:.2rem}
</style>"""


@dataclass(frozen=True, eq=False)
class Reading:
    """The faces of a picture from the left: crops (n, 48, 48) as the model sees them, rows (n, k) by head, and the rows
    that reviews use."""

    faces: Faces
    crops: UInt8Array
    heads: dict[str, FloatArray]
    used: FloatArray


def show() -> None:
    """Draw the tab."""
    with st.container(width=_WIDTH):
        _page()


def _page() -> None:
    st.markdown("One picture: the faces in it, what the model’s heads say of each, and which parts of the face they go by.")
    titles = expression_models.titles()
    left, right = st.columns(2)
    default = list(titles).index(expression_models.in_use().key)
    key = left.selectbox("Model", list(titles), default, titles.__getitem__, key="try_model")
    name = right.selectbox("Detector", (AUTOMATIC, *detect.names()), key="try_detector")
    picture = given_picture("try")
    if picture is None:
        return
    try:
        model = expression_models.open_by_key(key)
        reading = _read(picture.word, name, key, expression_models.stamp_of(key), picture.image)
    except MoodgateError as error:
        st.error(sentence(error))
        return
    _shown(picture, key, model, reading)


@st.cache_data(max_entries=16, ttl=3600, show_spinner="Looking at the picture …")
def _read(word: str, detector: str, key: str, stamp: int, _image: UInt8Array) -> Reading:
    model = expression_models.open_by_key(key)
    faces = detectors.from_left(detectors.open_detector(detector).detect(_image))
    cut = face_crops(_image, faces)
    crops = np.stack(cut) if cut else np.zeros((0, 48, 48), np.uint8)
    heads = {head: expression_models.probabilities(model, crops, head) for head in expression_models.heads_of(model)}
    first = next(iter(heads.values()))
    used = fitted(summing_to_one(first), model.fit) if model.fit and len(first) else first
    return Reading(faces, crops, heads, used)


def _shown(picture: Picture, key: str, model: CropModel, reading: Reading) -> None:
    n = len(reading.faces)
    st.html(
        as_html(boxed(picture.image, reading.faces)).replace(
            "what the engine sees", f"the picture with {counted(n, 'box', 'boxes')}"
        )
    )
    if not n:
        st.info("No face is found in this picture. Another detector may find one.", icon=":material/search_off:")
        return
    head = next(iter(reading.heads))
    if len(reading.heads) > 1:
        head = st.segmented_control("Explain the head", list(reading.heads), default=head, key="try_head", required=True)
    st.caption(
        "A grey square is slid over the face. Orange: hiding it makes the apparent expression less probable, so it speaks for "
        "it. Blue: it speaks against it. Both are scaled to the strongest."
    )
    for row in range(min(n, MOST_FACES)):
        explained = _explained(picture.word, key, expression_models.stamp_of(key), head, reading.crops[row].tobytes())
        _face(row, model, reading, head, explained)
    if n > MOST_FACES:
        st.caption(f"And {counted(n - MOST_FACES, 'more face')}, which the picture shows.")


@st.cache_data(max_entries=64, ttl=3600, show_spinner="Hiding one part after the other …")
def _explained(word: str, key: str, stamp: int, head: str, crop: bytes) -> FloatArray:
    model = expression_models.open_by_key(key)
    face = np.frombuffer(crop, np.uint8).reshape(48, 48)
    return occlusion_map(face, lambda faces: expression_models.probabilities(model, faces, head))


def _face(row: int, model: CropModel, reading: Reading, head: str, explained: FloatArray) -> None:
    used = reading.used[row]
    place = int(used.argmax())
    with st.container(border=True):
        st.markdown(
            f"**Face {row + 1}: {escape(model.labels[place])}** {100 * float(used[place]):.0f} %"
            + (", as reviews and the live demo read it" if model.fit else "")
        )
        left, right = st.columns([2, 3], vertical_alignment="center")
        told = model.labels[int(reading.heads[head][row].argmax())]
        left.html(_STYLE + _maps(reading.crops[row], explained, told))
        right.html(_STYLE + _bars(model.labels, {name: rows[row] for name, rows in reading.heads.items()}))


def _maps(crop: UInt8Array, explained: FloatArray, told: str) -> str:
    most = float(explained.max())
    said = f"Hiding the brightest orange takes {100 * max(0.0, most):.0f} points from {html_escape(told)}."
    return (
        f'<div class="maps"><figure><img alt="the face as the model sees it" src="{as_png(crop, _PX)}">'
        f"<figcaption>As the model sees it</figcaption></figure>"
        f'<figure><img alt="what speaks for {html_escape(told)} and against it" src="{as_png(overlay(crop, explained), _PX)}">'
        f"<figcaption>{said}</figcaption></figure></div>"
    )


def overlay(crop: UInt8Array, explained: FloatArray) -> UInt8Array:
    """(192, 192, 3) uint8 BGR: the face in grey, what speaks for the expression in orange, against it in blue."""
    large = cv2.resize(crop, (_PX, _PX), interpolation=cv2.INTER_CUBIC)[..., None].astype(np.float32)
    spread = cv2.resize(explained, (_PX, _PX), interpolation=cv2.INTER_LINEAR)[..., None]
    share = spread / max(_LEAST_SPAN, float(np.abs(explained).max()))
    colour = np.where(share > 0, np.array(_FOR, np.float32), np.array(_AGAINST, np.float32))
    weight = 0.7 * np.abs(share)
    return np.clip(np.round(large * (1 - weight) + colour * weight), 0, 255).astype(np.uint8)


def _bars(labels: tuple[str, ...], heads: dict[str, FloatArray]) -> str:
    """A table of bars: a row a class, a column a head, the leading one in bold."""
    top = "".join(f'<th scope="col">{html_escape(name)}</th>' for name in heads)
    rows = "".join(
        f"<tr><td>{html_escape(label)}</td>{''.join(_bar(label, row, place) for row in heads.values())}</tr>"
        for place, label in enumerate(labels)
    )
    return f'<table class="heads"><thead><tr><th scope="col">head</th>{top}</tr></thead><tbody>{rows}</tbody></table>'


def _bar(label: str, row: FloatArray, place: int) -> str:
    share, leading = float(row[place]), int(row.argmax()) == place
    colour = EXPRESSION_COLOURS.get(label, BLUE)
    words = f"{100 * share:.0f} %"
    return (
        f'<td><div class="share"><span class="bar"><i style="width:{100 * share:.0f}%;background:{colour}"></i></span>'
        f"<span>{f'<b>{words}</b>' if leading else words}</span></div></td>"
    )
