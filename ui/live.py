"""The live page: the viewer's own face with box, apparent expression, bars and a curve. Nothing is stored."""

from typing import Any

import streamlit as st
from streamlit_webrtc import Translations, VideoHTMLAttributes, WebRtcMode, webrtc_streamer

from fer_core.detect import Detector
from fer_core.emotion import EmotionModel
from fer_core.live import LiveEngine
from fer_core.review import Categories
from fer_core.settings import ReviewSettings
from ui import live_check, live_options, live_refused, live_staff, resources
from ui.live_audience import AudienceMode
from ui.live_before_after import BeforeAfterMode
from ui.live_drowsy import DrowsyMode
from ui.live_modes import Look, Mode, running
from ui.live_options import AUTOMATIC
from ui.live_session import LiveSession
from ui.live_still import show_clip, show_picture

__all__ = ["AUTOMATIC", "ice_servers", "show"]

SOURCES = ("Camera", "Clip", "Picture")
MODES: tuple[type[Mode], ...] = (Look, BeforeAfterMode, AudienceMode, DrowsyMode)
"""What may be done with the camera's pictures."""
CLIP_MODES: tuple[type[Mode], ...] = (Look, AudienceMode, DrowsyMode)
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
    with st.container(horizontal=True):
        source = st.segmented_control("Source", SOURCES, default="Camera", key="live_source", label_visibility="collapsed")
        mode = _mode(source or "Camera")
    style = live_options.style(mirror=source not in ("Clip", "Picture"))
    guard = live_staff.guard()
    stage = st.container()
    with st.expander("Options"):
        backends = live_options.backends()
        categories = live_options.categories()
    if source not in ("Clip", "Picture"):
        with st.expander("Connection check"):
            live_check.show(ice_servers())
    if backends is None or guard is None:
        return
    session = _session(*backends, guard, categories)
    session.style = style
    _take(session, mode)
    with stage:
        if source == "Clip":
            show_clip(session, style, mode)
        elif source == "Picture":
            show_picture(*backends, style, guard, categories)
        else:
            _show_camera(session, mode)


def _mode(source: str) -> Mode:
    """The mode that is chosen, this browser session's own."""
    offered = {"Camera": MODES, "Clip": CLIP_MODES}.get(source, ())
    names, key = [one.name for one in offered], f"live_mode_{source}"
    chosen = st.segmented_control("Mode", names, default=names[0], key=key, label_visibility="collapsed") if names else None
    kind = next((one for one in offered if one.name == chosen), Look)
    made: dict[str, Mode] = st.session_state.setdefault("live_modes", {})
    return made.setdefault(kind.name, kind())


def _take(session: LiveSession, mode: Mode) -> None:
    """Let the mode have the pictures; the one before is told that they are over."""
    if session.taker is not mode:
        before, session.taker = session.taker, mode
        if before is not None:
            before.ended()


def _session(detector: Detector, model: EmotionModel, guard: live_staff.Guard, categories: Categories | None) -> LiveSession:
    """This viewer's own session, with the chosen backends in it."""
    session: LiveSession | None = st.session_state.get("live_session")
    if session is None:
        session = st.session_state["live_session"] = LiveSession(LiveEngine(detector, model))
    review = ReviewSettings(valence=categories.valence) if categories else ReviewSettings()
    session.engine.use(detector, model, review, gate=guard.gate, embedder=guard.embedder)
    session.categories = categories
    return session


def _show_camera(session: LiveSession, mode: Mode) -> None:
    left, right = st.columns([3, 2], gap="medium")
    with left:
        context = webrtc_streamer(
            key="live_camera", mode=WebRtcMode.SENDRECV, rtc_configuration={"iceServers": ice_servers()},
            media_stream_constraints=_CAMERA, video_frame_callback=session.on_frame, on_video_ended=session.on_ended,
            translations=_WORDS, video_html_attrs=_VIDEO, media_toggle_controls=False,
        )  # fmt: skip
        live_refused.watch()
    with right:
        mode.controls(session, playing=context.state.playing)
        if context.state.playing:
            running(session, mode)
        elif context.state.signalling:
            st.info(
                "Connecting … Where this takes long, the network lets no video through: it needs ICE servers in the settings. "
                "The connection check below says more."
            )
        else:
            st.info("Press Start and look into the camera. The readings appear here.")
    mode.below(session)


def ice_servers() -> list[dict[str, Any]]:
    """The ICE servers of the settings, [{"urls": …, "username": …, "credential": …}]; none is right on this computer."""
    told = resources.ask("setting", "ice_servers", None)
    return [server for server in told if isinstance(server, dict) and server.get("urls")] if isinstance(told, list) else []
