"""The live page: the viewer's own face with box, apparent expression, bars and a curve. Nothing is stored."""

from typing import Any

import streamlit as st
from streamlit_webrtc import Translations, VideoHTMLAttributes, WebRtcMode, webrtc_streamer

from fer_core import detect, emotion
from fer_core.detect import Detector
from fer_core.emotion import EmotionModel
from fer_core.errors import MoodgateError
from fer_core.live import LiveEngine, LiveSettings, LiveStyle
from fer_core.settings import DetectSettings
from ui import expression_models, live_refused, live_staff, resources
from ui.live_readings import readings
from ui.live_session import LiveSession
from ui.live_still import show_clip, show_picture
from ui.notices import sentence
from ui.plain import escape

AUTOMATIC = "automatic"
SOURCES = ("Camera", "Clip", "Picture")
_READ_S = 0.7
_CAMERA = {
    "video": {"width": {"ideal": 640}, "height": {"ideal": 480}, "frameRate": {"ideal": 30, "max": 30}},
    "audio": False,
}
_VIDEO: VideoHTMLAttributes = {"autoPlay": True, "playsInline": True, "muted": True, "style": {"width": "100%"}}
_WORDS: Translations = {
    "start": "Start",
    "stop": "Stop",
    "select_device": "Choose camera",
    "device_ask_permission": "The browser asks whether this page may use the camera. Please allow it.",
    "device_access_denied": live_refused.DENIED,
    "device_not_available": live_refused.MISSING,
    "media_api_not_available": live_refused.UNSAFE,
}


def show() -> None:
    """Draw the page."""
    st.title("Live demo")
    st.caption(
        "The apparent expression of a face, as the camera sees it. Pictures are looked at and forgotten: nothing is stored."
    )
    source = st.segmented_control("Source", SOURCES, default="Camera", key="live_source", label_visibility="collapsed")
    style = _style(mirror=source == "Camera")
    guard = live_staff.guard()
    stage = st.container()
    backends = _backends()
    if backends is None or guard is None:
        return
    session = _session(*backends, guard)
    session.style = style
    with stage:
        if source == "Clip":
            show_clip(session, style)
        elif source == "Picture":
            show_picture(*backends, style, guard)
        else:
            _show_camera(session)


def _style(*, mirror: bool) -> LiveStyle:
    """The switches over the picture."""
    with st.container(horizontal=True):
        mirrored = mirror and st.toggle("Mirror", value=True, key="live_mirror")
        blurred = st.toggle("Blur faces", key="live_blur")
        bars = st.toggle("Bars in the picture", value=True, key="live_bars")
    return LiveStyle(mirror=mirrored, hide="blur" if blurred else "none", bars=bars)


def _backends() -> tuple[Detector, EmotionModel] | None:
    """The chosen detector and model; None, and a sentence, where they can't be had."""
    with st.expander("Detector and model"):
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


def _session(detector: Detector, model: EmotionModel, guard: live_staff.Guard) -> LiveSession:
    """This viewer's own session, with the chosen backends in it."""
    session: LiveSession | None = st.session_state.get("live_session")
    if session is None:
        session = st.session_state["live_session"] = LiveSession(LiveEngine(detector, model))
    session.engine.use(detector, model, gate=guard.gate, embedder=guard.embedder)
    return session


def _show_camera(session: LiveSession) -> None:
    left, right = st.columns([3, 2], gap="medium")
    with left:
        context = webrtc_streamer(
            key="live_camera", mode=WebRtcMode.SENDRECV, rtc_configuration={"iceServers": ice_servers()},
            media_stream_constraints=_CAMERA, video_frame_callback=session.on_frame, on_video_ended=session.on_ended,
            translations=_WORDS, video_html_attrs=_VIDEO, media_toggle_controls=False,
        )  # fmt: skip
        live_refused.watch()
    with right:
        if context.state.playing:
            _running(session, resources.store().version())
        elif context.state.signalling:
            st.info(
                "Connecting … Where this takes long, the network lets no video through: it needs ICE servers in the settings."
            )
        else:
            st.info("Press Start and look into the camera. The bars and the curve of the last minute appear here.")


@st.fragment(run_every=_READ_S)
def _running(session: LiveSession, version: int) -> None:
    """The readings, drawn anew while the stream runs; the whole page where the database changed, and so perhaps the staff."""
    if resources.store().version() != version:
        st.rerun()
    if session.trouble:
        st.error(escape(session.trouble))
    st.html(readings(session.latest, session.history, session.delay_ms))


def ice_servers() -> list[dict[str, Any]]:
    """The ICE servers of the settings, [{"urls": …, "username": …, "credential": …}]; none is right on this computer."""
    told = resources.ask("setting", "ice_servers", None)
    return [server for server in told if isinstance(server, dict) and server.get("urls")] if isinstance(told, list) else []
