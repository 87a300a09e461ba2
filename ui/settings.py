"""The settings: a tab for each kind, drawn only while it is open."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import streamlit as st

from ui import settings_categories, settings_data, settings_exit, settings_live, settings_stores
from ui.notices import tell

TABS: Mapping[str, Callable[[], None]] = MappingProxyType(
    {
        "Stores": settings_stores.show,
        "Categories": settings_categories.show,
        "Data": settings_data.show,
        "Exit button": settings_exit.show,
        "Live": settings_live.show,
    }
)
_WIDTH = 900
"""Pixels; forms of a whole wide screen are hard to read."""


def show() -> None:
    """Draw the page."""
    tell()
    st.title("Settings", anchor=False)
    for tab, draw in zip(st.tabs(list(TABS), key="tab", bind="query-params"), TABS.values(), strict=True):
        if tab.open:
            with tab, st.container(width=_WIDTH):
                draw()
