"""The live page's mode Audience: the room's valence and expressions over time, while something is shown to it."""

from typing import Any, ClassVar

import streamlit as st

from fer_core.live import Audience, LiveResult, Moment, Run
from fer_core.types import FloatArray, UInt8Array
from ui import live_player, live_runs
from ui.live_readings import STYLE, drawn_curve
from ui.live_session import LiveSession
from ui.plain import clock, number

_IDLE = (
    "Writes down the mean of everybody in the picture, twice a second, while a film or an advertisement is shown. Nothing but "
    "these means is kept, and they go with this browser tab."
)
_SPAN_S = 60.0


class AudienceMode:
    """Keeps the last runs of this browser session, in memory."""

    name: ClassVar[str] = "Audience"
    every_s: ClassVar[float] = 0.7

    def __init__(self) -> None:
        self.audience = Audience()

    def take(self, image: UInt8Array, result: LiveResult) -> tuple[FloatArray, ...]:
        self.audience.take(result)
        return ()

    def ended(self) -> None:
        self.audience.end()

    def token(self) -> Any:
        newest = self.audience.runs[-1:]
        return newest, self.audience.under_way is None

    def controls(self, session: LiveSession, *, playing: bool) -> None:
        on = self.audience.under_way is not None
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if on:
                st.button("Stop", key="live_stop", type="primary", icon=":material/stop:", on_click=self.ended)
            else:
                st.button(
                    "Record", key="live_record", type="primary", icon=":material/radio_button_checked:", disabled=not playing,
                    on_click=self.audience.begin,
                )  # fmt: skip
            st.button(
                "Mark this moment", key="live_mark", icon=":material/bookmark:", shortcut="m", disabled=not on,
                on_click=self._mark,
            )  # fmt: skip
            st.text_input(
                "Words of the next mark", key="live_mark_words", placeholder="Words of the next mark", disabled=not on,
                label_visibility="collapsed", max_chars=60,
            )  # fmt: skip
        live_player.show(self._heard)
        if not on and not self.audience.runs:
            st.caption(_IDLE)

    def html(self, session: LiveSession) -> str:
        run, result = self.audience.under_way, session.latest
        if result is None:
            return f"{STYLE}<p>Waiting for the first picture …</p>"
        faces = f"<span><b>{len(result.faces)}</b> {'face' if len(result.faces) == 1 else 'faces'}</span>"
        if run is None:
            return f'{STYLE}<div class="live-numbers">{faces}</div>'
        return STYLE + _under_way(run, faces)

    def below(self, session: LiveSession) -> None:
        live_runs.show(self.audience)

    def _mark(self) -> None:
        self.audience.mark(str(st.session_state.get("live_mark_words") or ""))
        st.session_state["live_mark_words"] = ""

    def _heard(self, heard: live_player.Heard) -> None:
        """The film beside the camera began or ended."""
        if heard.kind == "play":
            self.audience.begin(heard.name)
        else:
            self.audience.end()


def _under_way(run: Run, faces: str) -> str:
    known = [point for point in run.points if point.valence == point.valence]
    now = run.points[-1].time_s if run.points else 0.0
    told = [(clock(now), "recorded"), (number(known[-1].valence) if known else "–", "mean valence"),
            (str(len(run.marks)), "mark" if len(run.marks) == 1 else "marks")]  # fmt: skip
    spans = "".join(f"<span><b>{value}</b> {words}</span>" for value, words in told)
    recent = [Moment(point.time_s, 1, 0, point.valence) for point in known if now - point.time_s <= _SPAN_S]
    alt = f"Mean valence of the room over the last minute, at its end {number(recent[-1].valence) if recent else 'unknown'}"
    drawn = drawn_curve(recent, now, _SPAN_S, "mean valence of the room, last minute", alt, ends=False)
    return f'<div class="live-numbers">{faces}{spans}</div>{drawn}'
