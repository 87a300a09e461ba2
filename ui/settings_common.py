"""What the tabs of the settings share: trying a change, choosing a store, asking before something is deleted."""

import zlib
from collections.abc import Callable, Mapping

import streamlit as st

from fer_core.errors import MoodgateError
from ui import resources
from ui.audit import Noted
from ui.notices import leave, sentence
from ui.plain import escape

STORE = "settings_store"
"""The key of the store chosen in the settings, the same in all tabs."""
_NEXT = "_next_store"


def choose_next(name: str) -> None:
    """Let the next run have that store chosen: a widget's value can't be set in the run that drew it."""
    st.session_state[_NEXT] = name


def change(action: Callable[[], object], done: str, noted: Noted | None = None) -> None:
    """Do it, and draw the page anew with the sentence `done`; where it is refused, say why, here.

    noted: the row that it leaves in the audit log.
    """
    try:
        action()
        if noted:
            noted.keep()
    except MoodgateError as error:
        st.error(sentence(error))
        return
    leave(done)
    st.rerun()


def choose_store(label: str = "Store") -> str | None:
    """A select box of the stores; None, and a sentence, where there is none. The choice is kept over the tabs."""
    names = [str(name) for name in resources.stores()["store"]]
    if not names:
        words = "There is no store yet. Make the first one on the page Settings, in the tab “Stores”."
        st.info(words, icon=":material/storefront:")
        return None
    if _NEXT in st.session_state:
        st.session_state[STORE] = st.session_state.pop(_NEXT)
    if st.session_state.get(STORE) not in names:
        st.session_state[STORE] = names[0]
    chosen: str = st.selectbox(label, names, key=STORE, persist_state="session")
    return chosen


def choose(label: str, options: Mapping[str, str], key: str, default: str | None = None) -> str:
    """A select box of options (by id, the words shown for each); the choice outlives a change of the words.

    options has at least one; default: an id, else the first one.
    """
    kept = f"{key}_kept"
    wanted = st.session_state.get(kept, default)
    names = list(options)
    # a browser tells a choice by its words: with other words it has to be another widget
    widget = f"{key}_{zlib.crc32(repr(options).encode())}"
    index = names.index(wanted) if wanted in options else 0
    chosen: str = st.selectbox(label, names, index, options.__getitem__, widget)
    st.session_state[kept] = chosen
    return chosen


def choose_next_of(key: str, name: str) -> None:
    """Let the next run's `choose` of that key have that option chosen."""
    st.session_state[f"{key}_kept"] = name


def typed_confirmation(word: str, label: str, key: str) -> bool:
    """A field in which `word` has to be typed and a button; True in the run after a click with the right word in it."""
    typed = st.text_input(f"Type {escape(word)} to confirm", key=f"{key}_typed", autocomplete="off")
    clicked = st.button(label, key=key, icon=":material/delete:")
    if clicked and typed.strip() != word.strip():
        st.error("What was typed is not the same: nothing was deleted.")
        return False
    return clicked
