"""Tests of channels: sent at once, marked as tests; what came back is shown until the next one."""

from collections.abc import Iterable, Sequence

import streamlit as st

from fer_core.errors import MoodgateError
from server.sending import Outcome
from ui import audit, resources
from ui.notices import sentence
from ui.plain import escape

_TOLD = "_alert_tests"


def test_through(store: str, channels: Sequence[str]) -> None:
    """Send a test by each of those channels, and keep what came back."""
    told: dict[str, Outcome] = {}
    with st.spinner("Sending a test …"):
        for key in channels:
            try:
                told[key] = resources.services().alerting.test(store, key)
                audit.note("alert.test", store=store, subject=key, detail={"arrived": told[key].ok})
            except MoodgateError as error:
                told[key] = Outcome(False, str(error))
    st.session_state[_TOLD] = told


def show_outcomes(channels: Iterable[tuple[str, str]]) -> None:
    """What came back from the last test by each of those channels, given by key and name."""
    told = st.session_state.get(_TOLD, {})
    for key, name in channels:
        if key in told:
            said = f"{escape(name)}: {sentence(ValueError(told[key].said))}"
            if told[key].ok:
                st.success(f"The test arrived. {said}", icon=":material/check:")
            else:
                st.error(f"The test didn’t arrive. {said}", icon=":material/error:")
