"""The cameras of a store with their state, which follows by itself, and the buttons that start and stop them."""

from datetime import UTC, datetime

import streamlit as st

from ui import resources
from ui.audit import Noted
from ui.camera_words import STATES, Card, heading, sentence
from ui.plain import escape
from ui.settings_common import change

_EVERY = "2s"


def cards(store: str) -> list[Card]:
    """All cameras of the store by role and door."""
    live = {(one.role, one.door): one for one in resources.store().live_cameras(store)}
    told = {(one.role, one.door): one for one in resources.live().cameras(store)}
    found = []
    for row in resources.ask("cameras", store).to_dict("records"):
        at = (row["role"], str(row["door"]))
        own = live.get(at)
        shown, running = (own.shown, own.running) if own else ("", False)
        found.append(Card(str(row["camera_id"]), str(row["name"]), *at, shown, running, told.get(at)))
    return found


def show(store: str) -> None:
    """Draw the list; it follows every two seconds."""
    st.fragment(_list, run_every=_EVERY)(store)


def _list(store: str) -> None:
    now = datetime.now(UTC)
    for card in cards(store):
        with st.container(border=True, key=f"camera_{card.key}", gap="xsmall"):
            _one(store, card, now)


def _one(store: str, card: Card, now: datetime) -> None:
    word, colour, icon = STATES[card.state]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(word, icon=icon, color=colour)
        st.markdown(heading(card), width="stretch")
        _button(store, card)
    st.markdown(escape(sentence(card, now)))
    st.caption(escape(f"{card.shown} · {card.reader}" if card.shown else card.reader))


def _button(store: str, card: Card) -> None:
    if not card.shown:
        return
    if card.running:
        if st.button("Stop", key=f"camera_stop_{card.key}", icon=":material/stop:"):
            noted = Noted("camera.stop", store, card.key)
            change(lambda: resources.watchers().stop(store, card.role, card.door), f"{card.name} is stopped.", noted)
    elif st.button("Start", key=f"camera_start_{card.key}", icon=":material/play_arrow:", type="primary"):
        noted = Noted("camera.start", store, card.key)
        change(lambda: resources.watchers().start(store, card.role, card.door), f"{card.name} is being started.", noted)
