"""What is chosen on the live page: the look of the picture, the backends, the classes that are shown."""

import streamlit as st

from fer_core import detect, emotion
from fer_core.detect import Detector
from fer_core.emotion import EmotionModel
from fer_core.errors import MoodgateError
from fer_core.live import LiveSettings, LiveStyle
from fer_core.review import Categories
from fer_core.settings import DetectSettings
from ui import expression_models, maps
from ui.notices import sentence
from ui.plain import escape

AUTOMATIC = "automatic"
SEVEN = "the seven expressions"


def style(*, mirror: bool) -> LiveStyle:
    """The switches over the picture."""
    with st.container(horizontal=True):
        mirrored = mirror and st.toggle("Mirror", value=True, key="live_mirror")
        blurred = st.toggle("Blur faces", key="live_blur")
        bars = st.toggle("Bars in the picture", value=True, key="live_bars")
        landmarks = st.toggle("Landmarks", key="live_landmarks", help="Eyes, nose and corners of the mouth.")
    return LiveStyle(mirror=mirrored, hide="blur" if blurred else "none", bars=bars, landmarks=landmarks)


def backends() -> tuple[Detector, EmotionModel] | None:
    """The chosen detector and model; None, and a sentence, where they can't be had."""
    left, right = st.columns(2)
    detector = left.selectbox("Detector", (AUTOMATIC, *detect.names()), key="live_detector")
    model = right.selectbox("Expression model", (AUTOMATIC, *emotion.names()), key="live_model")
    try:
        return open_detector(detector), open_emotion(model)
    except MoodgateError as error:
        st.error(sentence(error))
        return None


@st.cache_resource(max_entries=8, show_spinner="Loading the detector …")
def open_detector(name: str) -> Detector:
    """The detector of that name, shared by all viewers. UnknownBackendError, WeightsError."""
    settings = DetectSettings(max_side_px=LiveSettings.side_px)
    return detect.open_default(settings, lambda _: None) if name == AUTOMATIC else detect.open_detector(name, settings)


def open_emotion(name: str) -> EmotionModel:
    """The expression model of that name, shared by all viewers; automatic is the one chosen on the page Models, and a
    sentence where it can't be used. UnknownBackendError, WeightsError."""
    if name != AUTOMATIC:
        return expression_models.open_named(name)
    note = expression_models.in_use().note
    if note:
        st.warning(escape(note), icon=":material/warning:")
    return expression_models.open_default()


def categories() -> Categories | None:
    """The map whose classes are shown instead of the seven; None for the seven. Nothing is drawn where there is no map."""
    known = {name: one for name, one in maps.newest().items() if name != maps.STANDARD}
    if not known:
        return None
    if st.session_state.get("live_categories") not in (None, SEVEN, *known):
        st.session_state.pop("live_categories")
    chosen = st.selectbox(
        "Categories", (SEVEN, *known), key="live_categories",
        help="Categories of your own add the seven up to classes with valences of theirs. They are made in the settings.",
    )  # fmt: skip
    return known.get(chosen)
