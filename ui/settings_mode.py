"""A store's privacy mode: what each does with a face, and what a change deletes, told before it does."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

import server.services
from fer_core.privacy import MODES, WORDS, Mode, computes_templates, mode_of
from server import collecting
from ui import resources
from ui.audit import actor
from ui.plain import counted
from ui.settings_common import change, typed_confirmation

_LOST = {
    "visits": ("visit", "visits"), "appearances": ("appearance", "appearances"), "corrections": ("correction", "corrections"),
    "guests": ("person who agreed", "people who agreed"), "staff": ("person of the staff", "people of the staff"),
    "collections": ("collection of faces", "collections of faces"),
}  # fmt: skip


def mode(name: str, known: Mapping[str, Any]) -> None:
    """Draw the section of that store; known: as `queries.store` tells it."""
    now = mode_of(known["privacy_mode"])
    with st.expander(f"Privacy mode: {WORDS[now].title.lower()}", icon=":material/visibility_off:"):
        picked: Mode = st.radio(
            "How much this store may learn of its visitors",
            MODES,
            MODES.index(now),
            format_func=lambda one: WORDS[one].title,
            captions=[WORDS[one].does for one in MODES],
            key=f"mode_{name}_{now}",
        )
        if picked != now:
            _ask(name, picked)


def _ask(name: str, picked: Mode) -> None:
    lost = resources.ask("mode_losses", name, picked) | {"collections": _collections(name, picked)}
    st.warning(lost_words(picked, lost), icon=":material/warning:")
    st.caption("The notice must say what is done: look at it on the page Privacy, print the sign anew, and record it.")
    title, key = WORDS[picked].title, f"mode_set_{name}_{picked}"
    label = f"Change to “{title}”"
    sure = typed_confirmation(name, label, key) if any(lost.values()) else st.button(label, key=key, type="primary")
    if sure:
        done = f"{name} is in the mode “{title}” now."
        change(lambda: _change(name, picked), done)


def _collections(name: str, picked: Mode) -> int:
    return 0 if computes_templates(picked) else collecting.kept_of(resources.services().folder, name)


def _change(name: str, picked: Mode) -> None:
    try:
        resources.store().set_privacy_mode(name, picked, actor=actor())
    finally:
        # who may change the mode need not be one who collects: the app itself takes away what may not be kept any longer
        made = server.services.services()
        collecting.forget(made.folder, made.store)


def lost_words(mode: Mode, lost: Mapping[str, int]) -> str:
    """What a change to that mode deletes, with its counts."""
    counts = [counted(n, *_LOST[what]) for what, n in lost.items() if n]
    if not counts:
        return f"{WORDS[mode].loses} Here there is nothing of it now: nothing is deleted."
    listed = " and ".join(filter(None, (", ".join(counts[:-1]), counts[-1])))
    return f"{WORDS[mode].loses} Deleted for ever: {listed}."
