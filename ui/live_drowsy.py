"""The live page's mode Drowsiness: eye closure over time and PERCLOS, as a demonstration."""

from typing import Any, ClassVar

import streamlit as st

from fer_core.errors import MoodgateError
from fer_core.live import Drowsiness, EyeReader, EyeState, LiveResult, Moment
from fer_core.types import FloatArray, UInt8Array
from ui.live_readings import STYLE, drawn_curve
from ui.live_session import LiveSession
from ui.notices import sentence
from ui.plain import percent

NO_DEVICE = (
    "A demonstration, no safety device: never rely on it to keep anybody awake, at a wheel or anywhere. The eyes’ contours "
    "come from dlib’s 68-point predictor, which was trained on iBUG 300-W and may not be used commercially."
)
_HELP = (
    "Eye closure is told from the eye aspect ratio (Soukupová and Čech 2016), held against how wide the same eyes were open "
    "in the last minute. PERCLOS is the share of the time seen in which it fell below half of that."
)
_LEVELS = ((1, "shut"), (-1, "open"))
_OVER_S = 60.0


class DrowsyMode:
    """Off until it is switched on; forgets with the stream."""

    name: ClassVar[str] = "Drowsiness"
    every_s: ClassVar[float] = 0.7

    def __init__(self) -> None:
        self._eyes: Drowsiness | None = None

    def take(self, image: UInt8Array, result: LiveResult) -> tuple[FloatArray, ...]:
        eyes = self._eyes
        return eyes.take(image, result) if eyes else ()

    def ended(self) -> None:
        if self._eyes:
            self._eyes.forget()

    def token(self) -> Any:
        return None

    def controls(self, session: LiveSession, *, playing: bool) -> None:
        st.warning(NO_DEVICE, icon=":material/warning:")
        wanted = st.toggle("Measure eye closure", key="live_eyes", help=_HELP)
        if not wanted:
            self._eyes = None
        elif self._eyes is None:
            try:
                self._eyes = Drowsiness(open_eyes())
            except MoodgateError as error:
                st.error(sentence(error))

    def html(self, session: LiveSession) -> str:
        eyes, result = self._eyes, session.latest
        if eyes is None:
            return f"{STYLE}<p>Eye closure is not measured.</p>"
        if result is None:
            return f"{STYLE}<p>Waiting for the first picture …</p>"
        return STYLE + _told(eyes.state, result, eyes.settings.least_s)

    def below(self, session: LiveSession) -> None:
        """Nothing."""


@st.cache_resource(max_entries=1, show_spinner="Loading the eyes’ contours …")
def open_eyes() -> EyeReader:
    """The predictor, shared by all viewers. WeightsError."""
    return EyeReader()


def _told(state: EyeState, result: LiveResult, least_s: float) -> str:
    if state.person is None:
        if result.faces and all(face.landmarks is None for face in result.faces):
            return "<p>This detector gives no landmarks, by which the eyes are found. Choose another one in the options.</p>"
        return "<p>No eyes are seen. Look into the camera.</p>" + _curve(state, result.time_s)
    perclos = f"after {least_s:.0f} s" if state.perclos is None else percent(state.perclos)
    told = (
        (percent(state.closure), "eye closure"), (perclos, "PERCLOS, last minute"), (f"{state.seen_s:.0f} s", "measured"),
        ("closed" if state.closed else "open", f"eyes of person {state.person}"),
    )  # fmt: skip
    spans = "".join(f"<span><b>{value}</b> {words}</span>" for value, words in told)
    return f'<div class="live-numbers">{spans}</div>{_curve(state, result.time_s)}'


def _curve(state: EyeState, now_s: float) -> str:
    moments = [Moment(at, 1, 0, 2 * closure - 1) for at, closure in state.curve]
    alt = f"Eye closure of the last minute, at its end {percent(state.closure)}"
    return drawn_curve(moments, now_s, _OVER_S, "eye closure, last minute", alt, _LEVELS, ends=False)
