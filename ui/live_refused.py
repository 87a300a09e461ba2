"""What is said where the browser gives no camera: one sentence for each of the browser's reasons."""

import functools
from pathlib import Path
from typing import Any

import streamlit as st

DENIED = (
    "The browser did not let this page use the camera. Allow it at the page’s address and press Start again, or take a clip."
)
MISSING = "There is no camera here. Plug one in and press Start again, or take a clip."
BUSY = "The camera is there but gives no picture: another program may be using it. Close that and press Start again."
UNSAFE = "Browsers give the camera only to pages under https or on this computer (localhost). Use such an address, or a clip."

KINDS = {
    "NotAllowedError": DENIED, "NotFoundError": MISSING, "OverconstrainedError": MISSING, "NotReadableError": BUSY,
    "AbortError": BUSY, "SecurityError": UNSAFE, "mediaDevices": UNSAFE, "getUserMedia": UNSAFE,
}  # fmt: skip
"""By a part of the browser's own message."""
_HTML = '<div class="refused" role="alert" hidden></div>'
_CSS = """.refused { padding: 0.8rem 1rem; border-radius: 0.5rem; border-left: 0.3rem solid #D55E00;
  background: color-mix(in srgb, #D55E00 14%, transparent); color: var(--st-text-color); }"""


def watch() -> None:
    """Draw the sentence as soon as the camera's part of the page shows such an error, for as long as it shows it."""
    _component()(key="live_refused", data={"kinds": KINDS})


@functools.cache
def _component() -> Any:
    js = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
    return st.components.v2.component("moodgate_live_refused", html=_HTML, css=_CSS, js=js)
