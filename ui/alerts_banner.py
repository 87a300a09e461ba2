"""The line above every page that says what stands and nobody has seen yet; it comes and goes by itself."""

import streamlit as st

from fer_core import queries
from fer_core.errors import MoodgateError
from fer_core.store.alerts import AlertRow
from ui import resources
from ui.places import ALERTS
from ui.plain import escape

_EVERY = "15s"


def show() -> None:
    """Draw it, now and again; nothing where there is nothing to say."""
    st.fragment(_draw, run_every=_EVERY)()


def _draw() -> None:
    try:
        found = queries.alerts_unseen(resources.store())
    except MoodgateError:  # the page itself says why: a session that has ended, a database that is in use
        return
    if found:
        with st.container(key="alert_banner", horizontal=True, vertical_alignment="center"):
            st.warning(words(found), icon=ALERTS.icon)
            st.page_link(ALERTS.path, label="To the alerts", icon=":material/arrow_forward:")


def words(found: list[AlertRow]) -> str:
    """The newest alert, and how many more there are, as markdown. found: at least one."""
    newest, more = found[0], len(found) - 1
    ending = f" And {more:,} more." if more else ""
    return f"**{escape(newest.store)}**: {escape(newest.sentence)}{ending}"
