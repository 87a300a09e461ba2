"""The live page's mode Before / after: two expressions held, one review."""

from typing import Any, ClassVar

import pandas as pd
import streamlit as st

from fer_core.live import BeforeAfter, HoldState, LiveResult, Outcome
from fer_core.settings import ReviewSettings
from fer_core.types import EXPRESSIONS, FloatArray, UInt8Array
from ui import theme, visit_charts
from ui.live_readings import STYLE, faces
from ui.live_session import LiveSession
from ui.plain import escape, number, percent
from ui.theme import ACCENT

_WORDS = ("first", "second")
_IDLE = (
    "Hold one expression for three seconds, then another. The change between them is reviewed by the same code as a visit: the "
    "first stands for the entrance, the second for the exit."
)


class BeforeAfterMode:
    """Keeps the newest outcome only."""

    name: ClassVar[str] = "Before / after"
    every_s: ClassVar[float] = 0.3

    def __init__(self) -> None:
        self.held = BeforeAfter()
        self._settings = ReviewSettings()

    def take(self, image: UInt8Array, result: LiveResult) -> tuple[FloatArray, ...]:
        self.held.take(result)
        return ()

    def ended(self) -> None:
        """Break off what is under way; an outcome stays."""
        if self.held.state.phase in ("ready", "hold"):
            self.held.forget()

    def token(self) -> Any:
        return self.held.state.phase if self.held.state.phase in ("idle", "done", "failed") else "under way"

    def controls(self, session: LiveSession, *, playing: bool) -> None:
        again = self.held.outcome is not None or bool(self.held.trouble)
        st.button(
            "Again" if again else "Begin", key="live_hold", type="primary", icon=":material/timer:", disabled=not playing,
            on_click=self._start, args=(session,),
        )  # fmt: skip
        if self.token() == "idle":
            st.caption(_IDLE)
        if self.held.trouble:
            st.warning(escape(self.held.trouble), icon=":material/face_retouching_off:")

    def html(self, session: LiveSession) -> str:
        state, result = self.held.state, session.latest
        if state.phase in ("ready", "hold"):
            return STYLE + _ring(state)
        return STYLE + (faces(result) if result else "")

    def below(self, session: LiveSession) -> None:
        outcome = self.held.outcome
        if outcome is not None:
            _show(outcome, self._settings)

    def _start(self, session: LiveSession) -> None:
        self._settings = ReviewSettings()
        if session.categories is not None:
            self._settings = ReviewSettings(valence=session.categories.valence)
        self.held.start(self._settings)


def _ring(state: HoldState) -> str:
    """The seconds left in a ring, with what to do."""
    share = state.left_s / state.of_s if state.of_s else 0.0
    which = _WORDS[state.which - 1]
    words = f"Get ready for the {which} expression." if state.phase == "ready" else f"Hold the {which} expression …"
    colour = theme.MUTED if state.phase == "ready" else ACCENT
    ring = f"conic-gradient({colour} {360 * share:.0f}deg, color-mix(in srgb, currentColor 12%, transparent) 0)"
    return (
        f'<div class="live-hold" role="timer"><div class="live-ring" style="background:{ring}"><b>{int(state.left_s) + 1}</b>'
        f"</div><p>{words}</p></div>"
    )


def _show(outcome: Outcome, settings: ReviewSettings) -> None:
    change = outcome.change
    words, chart = st.columns([3, 2], gap="large")
    with words:
        st.markdown(f"#### {theme.review_label(change.review)}")
        st.markdown(f"**Why.** {escape(_sentence(outcome))}")
        both = zip(_WORDS, (outcome.first, outcome.second), (change.entry_valence, change.exit_valence), strict=True)
        st.caption(" · ".join(
            f"{which}: {seen.expression} {percent(float(seen.mean.max()))}, valence {number(valence)}, {seen.faces} readings"
            for which, seen, valence in both
        ))  # fmt: skip
    with chart:
        colour = theme.REVIEW_COLOURS[change.review]
        alt = f"The change of {number(change.raw)} with its standard error {change.se:.2f}, held against the threshold."
        st.altair_chart(visit_charts.change_chart(change, settings, colour), key="live_change", width="stretch", alt=alt)
    with st.expander("The numbers"):
        means = {f"{which} expression": seen.mean for which, seen in zip(_WORDS, (outcome.first, outcome.second), strict=True)}
        frame = pd.DataFrame({"apparent expression": EXPRESSIONS, **means})
        shares = {name: st.column_config.NumberColumn(format="percent") for name in means}
        st.dataframe(frame, hide_index=True, key="live_means", column_config=shares)
        st.caption(
            f"Raw change {number(change.raw)}, standard error {change.se:.2f}, threshold ±{settings.threshold:.2f}, "
            f"z {settings.z:.2f}. Nothing of this is stored."
        )


def _sentence(outcome: Outcome) -> str:
    told = outcome.sentence.replace("at the entrance", "first").replace("at the exit", "then").replace("-", "−")
    return told[0].upper() + told[1:]
