"""The documents, filled from the settings, to be downloaded and read."""

import streamlit as st

from fer_core.errors import MoodgateError
from fer_core.notices.documents import DOCUMENTS, written
from fer_core.notices.text import page
from fer_core.weights import MODELS, ModelCard, read_card
from server.expression import chosen as chosen_model
from ui import resources
from ui.notices import sentence
from ui.privacy_common import Chosen


def show(chosen: Chosen) -> None:
    """Draw the tab."""
    for name, document in DOCUMENTS.items():
        with st.container(border=True):
            st.markdown(f"**{document.title}**")
            st.caption(document.about)
            try:
                text = written(resources.store(), name, chosen.name, "md", own_cards())
            except MoodgateError as error:
                st.error(sentence(error), icon=":material/error:")
            else:
                _draw(name, document.title, text)


def _draw(name: str, title: str, text: str) -> None:
    with st.container(horizontal=True):
        for label, ending, mime, data in (
            ("HTML", "html", "text/html", page(title, text)),
            ("Markdown", "md", "text/markdown", text),
        ):
            st.download_button(
                label, data, f"{name}.{ending}", mime, key=f"document_{name}_{ending}", icon=":material/download:",
                on_click="ignore",
            )  # fmt: skip
    with st.expander("Read it here", icon=":material/article:"):
        st.markdown(text)


def own_cards() -> tuple[ModelCard, ...]:
    """The card of the expression model in use, where it is one of the shop's own and has a card."""
    path = chosen_model(resources.store(), resources.services().folder).path
    card = path.with_suffix(".toml") if path else None
    return (read_card(card),) if card and card.parent != MODELS and card.is_file() else ()
