"""A visit's evidence pictures, for who may see them: pixelated, and gone after a day."""

from datetime import UTC, datetime

import streamlit as st

from fer_core import queries
from fer_core.errors import MoodgateError
from ui import account, resources
from ui.notices import sentence
from ui.plain import day_and_time

WORDS = "pixelated; gone after 24 hours"
_PLACES = {"entry": "At the entrance", "exit": "At the exit"}


def show(visit_id: str, zone: str) -> None:
    """Draw those that there are; nothing for a visit without any, and for who may not see them.

    The browser fetches them by a route of ours, which asks who it is: what Streamlit itself serves is open to whoever knows
    the address.
    """
    if not account.may("pictures"):
        return
    try:
        found = queries.evidence(resources.store(), visit_id)  # not from the cache: they end by themselves
    except MoodgateError as error:
        st.error(sentence(error))
        return
    if not found:
        return
    st.subheader("Pictures", anchor=False)
    for one, column in zip(found, st.columns(2, gap="large"), strict=False):
        with column:
            words = _PLACES[one["role"]]
            st.html(f'<img src="/evidence/{one["evidence_id"]}" alt="{words}, {WORDS}" style="max-width:100%;width:260px">')
            st.caption(f"{words}: {WORDS}, at {day_and_time(one['expires_at'], zone)} ({_left(one['expires_at'])}).")
    st.caption("Looking at them is noted in the audit log. They are in no export.")


def _left(expires_at: datetime) -> str:
    hours = (expires_at - datetime.now(UTC)).total_seconds() / 3600
    return "in less than an hour" if hours < 1 else f"in {hours:.0f} h"
