"""The live page without a stream: a clip or a single picture, for browsers that give no camera."""

import base64
import io
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import streamlit as st

from fer_core import geometry, video
from fer_core.detect import Detector
from fer_core.emotion import EmotionModel
from fer_core.errors import DataError, FilmError, MoodgateError
from fer_core.live import LiveStyle, draw, mapped, read_picture
from fer_core.review import Categories
from fer_core.settings import ReviewSettings, VideoSettings
from fer_core.types import UInt8Array
from ui.live_audience import AudienceMode
from ui.live_drowsy import DrowsyMode
from ui.live_modes import Mode
from ui.live_readings import readings
from ui.live_session import LiveSession
from ui.live_staff import Guard
from ui.notices import sentence

FILM_TYPES = sorted(ending.lstrip(".") for ending in video.FILM_ENDINGS)
PICTURE_TYPES = ["jpg", "jpeg", "png", "webp"]
_MOST_MB = 200
_MOST_PIXELS = 50_000_000
_RATE = 12.0
_LATE_S = 0.25
_READ_S = 0.5
_SIDE_PX = 960


def show_clip(session: LiveSession, style: LiveStyle, mode: Mode) -> None:
    """A film of the viewer's, played at its own speed through engine and mode; it is deleted as soon as it has ended."""
    if isinstance(mode, DrowsyMode):
        mode.controls(session, playing=False)
    _clip(session, style, mode)
    mode.below(session)


def _clip(session: LiveSession, style: LiveStyle, mode: Mode) -> None:
    given = st.file_uploader("A clip", type=FILM_TYPES, key="live_clip", max_upload_size=_MOST_MB)
    if given is None:
        st.info("Choose a film with a face in it, up to 200 MB. It is played, looked at and forgotten.")
        return
    if not st.toggle("Play", key="live_play"):
        return
    left, right = st.columns([3, 2])
    with _as_file(given) as path:
        try:
            session.style = replace(style, mirror=False)
            session.forget()
            if isinstance(mode, AudienceMode):
                mode.audience.begin(given.name)
            _play(path, session, mode, left.empty(), right.empty())
        except FilmError as error:
            st.error(sentence(FilmError(str(error).replace(str(path), given.name))))
            return
        finally:
            mode.ended()
    st.success("The clip has ended. Nothing of its pictures was kept.")


def show_picture(
    detector: Detector, emotion: EmotionModel, style: LiveStyle, guard: Guard, categories: Categories | None
) -> None:
    """One picture, taken now or given as a file."""
    taken = st.camera_input("Take a picture", key="live_shot")
    given = taken or st.file_uploader("or choose one", type=PICTURE_TYPES, key="live_picture", max_upload_size=_MOST_MB)
    if given is None:
        return
    try:
        image = picture_of(given.name, given.getvalue())
    except DataError as error:
        st.error(sentence(error))
        return
    try:
        review = ReviewSettings(valence=categories.valence) if categories else None
        read = read_picture(image, detector, emotion, review, gate=guard.gate, embedder=guard.embedder)
        result = mapped(read, categories)
    except MoodgateError as error:
        st.error(sentence(error))
        return
    left, right = st.columns([3, 2])
    left.html(as_html(draw(image, result, replace(style, mirror=False))))
    right.html(readings(result, (), None, stream=False))


def picture_of(name: str, content: bytes) -> UInt8Array:
    """(h, w, 3) uint8 BGR, upright, its longer side at most 960 px. DataError, one sentence, for what can't be read."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content)) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                raise DataError(f"{name}: a picture of more than {_MOST_PIXELS // 1_000_000} million pixels is too large")
            upright = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise DataError(f"{name}: is not a picture that can be read; JPEG, PNG and WebP can") from error
    return geometry.scaled_to(np.ascontiguousarray(upright[..., ::-1]), _SIDE_PX)[0]


def as_html(image: UInt8Array) -> str:
    """The picture inside the page itself: the server's store of media keeps no copy of it."""
    packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
    data = base64.b64encode(packed.tobytes()).decode()
    return f'<img alt="what the engine sees" style="width:100%;border-radius:.5rem" src="data:image/jpeg;base64,{data}">'


@contextmanager
def _as_file(given: Any) -> Iterator[Path]:
    """The upload as a file of the system's temporary folder, for as long as it is played."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"clip{Path(given.name).suffix.lower()}"
        path.write_bytes(given.getbuffer())
        yield path


def _play(path: Path, session: LiveSession, mode: Mode, screen: Any, beside: Any) -> None:
    """Show the film at its own pace; pictures that are late are left out."""
    begun, read = time.monotonic(), -_READ_S
    pictures = video.samples(path, VideoSettings(samples_per_s=_RATE), warn=lambda _: None)
    with closing(pictures):
        for frame in pictures:
            ahead = frame.time_s - (time.monotonic() - begun)
            if ahead < -_LATE_S:
                continue
            time.sleep(max(0.0, ahead))
            image, _ = geometry.scaled_to(frame.image, _SIDE_PX)
            screen.html(as_html(draw(image, session.take(image, frame.time_s), session.style)))
            if frame.time_s - read >= _READ_S:
                beside.html(mode.html(session))
                read = frame.time_s
