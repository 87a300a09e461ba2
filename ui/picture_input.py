"""One picture for a tab to look at: a file, the camera, or the drawn sample. It is looked at and forgotten."""

import hashlib
from typing import NamedTuple

import cv2
import numpy as np
import streamlit as st

from fer_core.errors import DataError
from fer_core.live.draw import colour_of
from fer_core.types import Faces, UInt8Array
from ui.live_still import PICTURE_TYPES, picture_of
from ui.notices import sentence

FILE, CAMERA, SAMPLE = "File", "Camera", "Drawn sample"
_MOST_MB = 200
_FONT = cv2.FONT_HERSHEY_SIMPLEX


class Picture(NamedTuple):
    """A picture (h, w, 3) uint8 BGR, and a word that tells it from all others."""

    word: str
    image: UInt8Array


def given_picture(key: str) -> Picture | None:
    """The picture that somebody gave; None, and a sentence where it can't be read, without one."""
    source = st.segmented_control("Picture", (FILE, CAMERA, SAMPLE), default=FILE, key=f"{key}_source", required=True)
    if source == SAMPLE:
        return Picture("sample", _sample())
    if source == CAMERA:
        given = st.camera_input("Take a picture", key=f"{key}_camera")
    else:
        given = st.file_uploader("Choose a picture", type=PICTURE_TYPES, key=f"{key}_file", max_upload_size=_MOST_MB)
    if given is None:
        st.caption("A JPEG, PNG or WebP with a face in it. It is looked at in memory and forgotten: nothing is stored.")
        return None
    content = given.getvalue()
    try:
        return Picture(hashlib.blake2b(content, digest_size=16).hexdigest(), picture_of(given.name, content))
    except DataError as error:
        st.error(sentence(error))
        return None


@st.cache_data(max_entries=1, show_spinner="Drawing the people …")
def _sample() -> UInt8Array:
    from fer_core.sample.picture import sample_picture

    return sample_picture()


def boxed(image: UInt8Array, faces: Faces) -> UInt8Array:
    """A copy with a numbered box round each face, from 1, and its landmarks where there are any."""
    shown, scale = image.copy(), max(0.5, max(image.shape[:2]) / 640)
    thick = max(1, round(2 * scale))
    for row, xyxy in enumerate(np.round(faces.xyxy).astype(int).tolist()):
        cv2.rectangle(shown, xyxy[:2], xyxy[2:], (0, 0, 0), thick + 2, cv2.LINE_AA)
        cv2.rectangle(shown, xyxy[:2], xyxy[2:], colour_of(row), thick, cv2.LINE_AA)
        for point in [] if faces.landmarks is None else np.round(faces.landmarks[row]).astype(int).tolist():
            cv2.circle(shown, point, thick, (255, 255, 255), -1, cv2.LINE_AA)
        _number(shown, str(row + 1), xyxy[0], xyxy[1], 0.6 * scale, colour_of(row))
    return shown


def _number(shown: UInt8Array, text: str, left: int, top: int, size: float, paper: tuple[int, int, int]) -> None:
    """The number on a plate at the upper left corner of its box, inside the picture."""
    (wide, high), _ = cv2.getTextSize(text, _FONT, size, 2)
    x, y = max(0, left), max(high + 8, top)
    cv2.rectangle(shown, (x, y - high - 8), (x + wide + 8, y), paper, -1)
    dark = 0.114 * paper[0] + 0.587 * paper[1] + 0.299 * paper[2] > 120
    cv2.putText(shown, text, (x + 4, y - 4), _FONT, size, (0, 0, 0) if dark else (255, 255, 255), 2, cv2.LINE_AA)
