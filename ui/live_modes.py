"""What the live page can do with the stream: a mode takes the pictures, and says what stands beside and below them."""

from typing import Any, ClassVar, Protocol

import streamlit as st

from fer_core.live import LiveResult
from fer_core.types import FloatArray, UInt8Array
from ui import resources
from ui.live_readings import readings
from ui.live_session import LiveSession, Taker
from ui.plain import escape


class Mode(Taker, Protocol):
    """One per mode and browser session; `take` and `ended` are called by the camera's thread, the rest by the page's."""

    name: ClassVar[str]
    every_s: ClassVar[float]
    """Time after which `html` is drawn anew while the stream runs."""

    def controls(self, session: LiveSession, *, playing: bool) -> None:
        """Draw the buttons above what stands beside the picture."""

    def html(self, session: LiveSession) -> str:
        """What stands beside the picture while the stream runs."""

    def below(self, session: LiveSession) -> None:
        """Draw what came of it."""

    def token(self) -> Any:
        """Something that changes where the whole page has to be drawn anew."""


class Look:
    """The readings of everybody in the picture; nothing is written down."""

    name: ClassVar[str] = "Look"
    every_s: ClassVar[float] = 0.7

    def take(self, image: UInt8Array, result: LiveResult) -> tuple[FloatArray, ...]:
        return ()

    def ended(self) -> None:
        """Nothing is kept."""

    def controls(self, session: LiveSession, *, playing: bool) -> None:
        """None."""

    def html(self, session: LiveSession) -> str:
        return readings(session.latest, session.history, session.delay_ms)

    def below(self, session: LiveSession) -> None:
        """Nothing."""

    def token(self) -> Any:
        return None


def running(session: LiveSession, mode: Mode) -> None:
    """Draw what stands beside the running stream, and go on drawing it."""
    version = resources.store().version(), mode.token()
    st.fragment(_running, run_every=mode.every_s)(session, mode, version)


def _running(session: LiveSession, mode: Mode, version: tuple[int, Any]) -> None:
    """The whole page where the database changed, and so perhaps the staff, or where the mode has come to an end."""
    if (resources.store().version(), mode.token()) != version:
        st.rerun()
    if session.trouble:
        st.error(escape(session.trouble))
    st.html(mode.html(session))
