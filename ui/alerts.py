"""The page Alerts: what was raised, the rules by which it is, and the channels by which somebody is told."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import streamlit as st

from ui import account, alerts_channels, alerts_history, alerts_rules, resources
from ui.notices import tell
from ui.places import SETTINGS
from ui.settings_common import choose_store

_WIDTH = 900
TABS: Mapping[str, Callable[[str], None]] = MappingProxyType(
    {"Alerts": alerts_history.show, "Rules": alerts_rules.show, "Channels": alerts_channels.show}
)


def show() -> None:
    """Draw the page."""
    tell()
    st.title("Alerts", anchor=False)
    with st.container(width=_WIDTH):
        if resources.stores().empty:
            st.info("There is no store yet. Make the first one on the page Settings.", icon=":material/storefront:")
            account.link(SETTINGS)
            return
        name = choose_store()
    if name is None:
        return
    if not account.may("settings"):
        with st.container(width=_WIDTH):
            alerts_history.show(name)
        return
    for tab, draw in zip(st.tabs(list(TABS), key="alerts_tab", bind="query-params"), TABS.values(), strict=True):
        if tab.open:
            with tab, st.container(width=_WIDTH):
                draw(name)
