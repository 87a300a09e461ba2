"""One sentence for a person: an error's, beside the widget; a success's, across the next run."""

import streamlit as st

from ui.plain import escape

_LEFT = "_notice"


def sentence(error: Exception) -> str:
    """The error's text as a sentence of markdown: a capital letter, a full stop, nothing of it read as markup."""
    text = " ".join(str(error).split())
    text = text[:1].upper() + text[1:]
    return escape(text if text.endswith((".", "!", "?")) else text + ".")


def leave(text: str) -> None:
    """Keep a sentence for the next `tell`: what was done is said although the page is drawn anew. Plain text."""
    st.session_state[_LEFT] = text


def tell() -> None:
    """Say the sentence that was left, once."""
    text = st.session_state.pop(_LEFT, None)
    if text:
        st.toast(escape(text), icon=":material/check:")
