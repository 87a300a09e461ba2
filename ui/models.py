"""The page Models: a tab for each thing that one can ask of the models, drawn only while it is open."""

from collections.abc import Callable

import streamlit as st

from ui import model_training, models_detectors, models_installed, models_judged, models_try, models_versus
from ui.notices import tell


def tabs() -> dict[str, Callable[[], None]]:
    """What draws each tab, by its name."""
    return {
        "Installed": models_installed.show,
        "Judged": models_judged.show,
        "Side by side": models_versus.show,
        "Try a picture": models_try.show,
        "Detectors": models_detectors.show,
        "Training": model_training.show,
    }


def show() -> None:
    """Draw the page."""
    tell()
    st.title("Models", anchor=False)
    found = tabs()
    for tab, draw in zip(st.tabs(list(found), key="view", bind="query-params"), found.values(), strict=True):
        if tab.open:
            with tab:
                draw()
