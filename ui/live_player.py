"""A film that plays beside the camera, from the viewer's own computer: the server never has it."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import streamlit as st

_KEY = "live_player"
_LONGEST_NAME = 60
_HTML = """
<div class="player">
  <div class="tools">
    <button type="button">Choose a film to show</button>
    <span class="words" role="status">It plays here and stays on this computer.</span>
    <input type="file" accept="video/*" tabindex="-1" aria-hidden="true">
  </div>
  <video controls playsinline hidden></video>
</div>
"""


@dataclass(frozen=True)
class Heard:
    """What the film did: it began or ended; name is that of its file."""

    kind: Literal["play", "ended"]
    name: str


def show(take: Callable[[Heard], None]) -> None:
    """Draw the button and the film; `take` is called before the page is drawn anew."""

    def event() -> None:
        told = heard(st.session_state[_KEY].get("event"))
        if told is not None:
            take(told)

    _component()(key=_KEY, data={}, on_event_change=event)


def heard(told: Any) -> Heard | None:
    """What the browser tells, or None where it isn't of the expected shape: it comes from outside."""
    if not isinstance(told, dict) or not isinstance(told.get("name"), str):
        return None
    name = " ".join(told["name"].split())[:_LONGEST_NAME]
    if told.get("kind") == "play":
        return Heard("play", name)
    return Heard("ended", name) if told.get("kind") == "ended" else None


@functools.cache
def _component() -> Any:
    here = Path(__file__)
    css, js = here.with_name("live.css").read_text(encoding="utf-8"), here.with_suffix(".js").read_text(encoding="utf-8")
    return st.components.v2.component("moodgate_live_player", html=_HTML, css=css, js=js)
