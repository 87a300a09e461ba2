"""What was raised: what stands now, drawn anew every few seconds, and what is over."""

from typing import Any

import pandas as pd
import streamlit as st

from fer_core import queries
from fer_core.store.alerts import AlertRow, Message
from ui import account, resources
from ui.notices import leave
from ui.plain import counted, day_and_time, escape

_EVERY = "10s"
_STATES = {"waiting": "waiting", "sent": "sent", "failed": "given up"}


def show(name: str) -> None:
    """Draw the tab of a store."""
    st.fragment(_draw, run_every=_EVERY)(name)


def _draw(name: str) -> None:
    found = queries.alerts(resources.store(), name)
    zone = str(resources.ask("store", name)["time_zone"])
    channels = _channel_names(name)
    standing = [one for one in found if one.ended_at is None]
    if not standing:
        st.success("Nothing stands: no rule of this store is met now.", icon=":material/check_circle:")
    for one in standing:
        _standing(one, zone, channels)
    over = [one for one in found if one.ended_at is not None]
    st.subheader("History", anchor=False)
    if not over:
        st.caption("No alert has ended yet.")
        return
    table = pd.DataFrame([_row(one, zone, channels) for one in over])
    st.dataframe(table, hide_index=True, key="alerts_history", alt="The alerts of this store that are over, the newest first")
    if len(found) >= queries.MOST_ALERTS:
        st.caption(f"The newest {queries.MOST_ALERTS} are shown.")


def _channel_names(name: str) -> dict[str, str]:
    """The channels' names, for whom they are shown."""
    if not account.may("settings"):
        return {}
    return {one.key: one.name for one in resources.store().alert_channels(name)}


def _standing(one: AlertRow, zone: str, channels: dict[str, str]) -> None:
    with st.container(border=True, key=f"alert_{one.key}"):
        seen = "" if one.seen_at is None else f" · seen {day_and_time(one.seen_at, zone)}"
        st.markdown(f":material/notifications_active: **{escape(one.sentence)}**")
        st.caption(f"Since {day_and_time(one.raised_at, zone)}{seen}")
        if channels and one.messages:
            st.caption(escape("; ".join(_message(message, channels) for message in one.messages)))
        if one.seen_at is None and account.may("settings"):
            st.button("Seen", key=f"alert_seen_{one.key}", icon=":material/visibility:", on_click=_see, args=(one,))


def _see(one: AlertRow) -> None:
    resources.store().see_alerts(one.store, one.key)
    leave("Marked as seen.")


def _row(one: AlertRow, zone: str, channels: dict[str, str]) -> dict[str, Any]:
    told = {"Told": "; ".join(_message(message, channels) for message in one.messages)} if channels else {}
    return {
        "Raised": day_and_time(one.raised_at, zone),
        "What": one.sentence,
        "Over": day_and_time(one.ended_at, zone),
        "Seen": "yes" if one.seen_at else "no",
    } | told


def _message(message: Message, channels: dict[str, str]) -> str:
    """To whom, about what, and what came of it."""
    name = channels.get(message.channel, "a channel that is gone")
    about = "" if message.event == "raised" else " (over)"
    tries = f" after {counted(message.tries, 'try', 'tries')}" if message.tries > 1 else ""
    said = f": {message.said}" if message.said else ""
    return f"{name}{about} {_STATES[message.state]}{tries}{said}"
