"""The connection check: runs in the browser, and asks the server for one connection to try."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from ui import live_refused
from ui.live_answer import answer

_KEY = "live_check"
_ANSWER = "live_check_answer"
_MOST_SIGNS = 20_000
_HTML = """
<div class="check">
  <div class="tools">
    <button type="button">Check the connection</button>
    <span class="words">Looks at the camera, the codec and the way through the network, and says what is wrong.</span>
  </div>
  <ul aria-live="polite"></ul>
</div>
"""


def show(servers: Sequence[dict[str, Any]]) -> None:
    """Draw the button; servers: the ICE servers, [{"urls": …, "username": …, "credential": …}]."""

    def offered() -> None:
        told = offer_of(st.session_state[_KEY].get("offer"))
        if told is not None:
            ticket, sdp = told
            st.session_state[_ANSWER] = {"ticket": ticket} | answer(sdp, servers)

    data = {"kinds": live_refused.KINDS, "servers": list(servers), "answer": st.session_state.get(_ANSWER)}
    _component()(key=_KEY, data=data, on_offer_change=offered)


def offer_of(told: Any) -> tuple[str, str] | None:
    """The ticket and the session description that the browser tells, or None where it isn't of the expected shape."""
    if not isinstance(told, dict):
        return None
    ticket, sdp = told.get("ticket"), told.get("sdp")
    if not isinstance(ticket, str) or not isinstance(sdp, str) or len(ticket) > 64 or len(sdp) > _MOST_SIGNS:
        return None
    return ticket, sdp


@functools.cache
def _component() -> Any:
    here = Path(__file__)
    css, js = here.with_name("live.css").read_text(encoding="utf-8"), here.with_suffix(".js").read_text(encoding="utf-8")
    return st.components.v2.component("moodgate_live_check", html=_HTML, css=css, js=js)
