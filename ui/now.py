"""The page Now: who is in, how the last minutes went against what is usual, the zones, the cameras; it follows by itself."""

from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st

from fer_core.queries import Filter, Mood
from ui import account, now_words, resources
from ui.camera_words import STATES, Card, heading, sentence
from ui.now_words import against, mood_bar, mood_words, usual_words
from ui.places import ANALYSE, CAMERAS, TRENDS, VISITS
from ui.plain import DASH, counted, day_and_time, escape, local, number
from ui.settings_common import choose_store

_EVERY = "2s"
_STEP_S = 5
"""Questions are asked for moments of so many seconds, so that all who look share the answers."""
_SOON = "Being matched anew, for somebody was just seen: {}."


def show() -> None:
    """Draw the page."""
    st.title("Now", anchor=False)
    store = choose_store()
    if store is None:
        return
    st.html(now_words.STYLE)
    st.fragment(_moment, run_every=_EVERY)(store)
    with st.container(horizontal=True):
        for place in (VISITS, TRENDS, CAMERAS):
            account.link(place)


def _moment(store: str) -> None:
    now = datetime.now(UTC)
    known = resources.ask("store", store)
    zone = str(known["time_zone"])
    asked = now.replace(microsecond=0) - timedelta(seconds=now.second % _STEP_S)
    live = resources.live()
    states, today = live.cameras(store), resources.ask_now("came_today", store, asked.replace(second=0))
    st.caption(escape(f"{day_and_time(now, zone)} on the store’s clock") + (" · sample data" if known["is_sample"] else ""))
    trouble = live.trouble(store)
    if trouble:
        st.warning(escape(f"The live day can’t be written at the moment: {trouble}"), icon=":material/error:")
    zones = _zones_of(store, local(now, zone))
    if not states and not today and zones.empty:
        _nothing()
        return
    _figures(live.inside(store), today, states, live.waiting(store))
    _moods(store, asked, local(now, zone))
    left, right = st.columns([1, 1])
    with left:
        _reviews(store, asked, zone)
    with right:
        _zones(zones)
    _cameras(store, states, now)


def _nothing() -> None:
    with st.container(border=True, key="now_nothing"):
        st.subheader("Nothing is going on here yet", anchor=False)
        st.markdown(
            "This page shows the store as its cameras see it: who is in, how the last visits went, and whether every camera "
            "works. To begin:"
        )
        st.markdown(
            "1. Add the cameras of the entrance and the exit on the page Cameras, and start them.\n"
            "2. Without a camera at hand, give the path of a film on this machine as the address: it is played in real time.\n"
            "3. Reviews appear here seconds after the first person has left."
        )
        with st.container(horizontal=True):
            account.link(CAMERAS)
            account.link(ANALYSE, "Analyse films instead")


def _figures(inside: int | None, today: int, states: list[Any], waiting: int) -> None:
    live = sum(one.health.get("state") == "live" for one in states)
    figures = {
        "People in": (DASH if inside is None else f"{inside:,}", "Those who came today less those who left, by the cameras."),
        "Visits today": (f"{today:,}", "Visits with a review, of today on the store’s clock."),
        "Cameras live": (f"{live} of {len(states)}", "Of the cameras that were heard of in the last 24 hours."),
    }
    with st.container(horizontal=True, key="now_figures"):
        for label, (value, about) in figures.items():
            st.metric(label, value, help=about, border=True, width="stretch")
    st.caption(_SOON.format(counted(waiting, "sighting")) if waiting else " ")


def _moods(store: str, asked: datetime, at: datetime) -> None:
    about = "The estimated change of the apparent expression from coming to leaving."
    st.subheader("The last minutes", anchor=False, help=about)
    moods: dict[int, Mood] = resources.ask_now("last_minutes", store, asked)
    usual: Mood = resources.ask("usual", store, asked.replace(minute=0, second=0))
    with st.container(horizontal=True, key="now_moods"):
        for minutes, mood in moods.items():
            with st.container(border=True, width="stretch", height="stretch", gap="xsmall", key=f"now_mood_{minutes}"):
                _mood(minutes, mood, usual)
    st.caption(escape(usual_words(usual, at)))


def _mood(minutes: int, mood: Mood, usual: Mood) -> None:
    found = against(mood, usual)
    st.metric(
        f"Last {minutes} minutes", number(mood.mean_change), found.text or None, delta_color=found.tone, delta_arrow=found.arrow
    )
    st.html(mood_bar(mood))
    st.caption(escape(mood_words(mood)))


def _reviews(store: str, asked: datetime, zone: str) -> None:
    if not account.may("visits"):
        return
    with st.container(border=True, height="stretch", key="now_reviews"):
        st.subheader("Last reviews", anchor=False)
        rows = resources.ask_now("last_reviews", store, asked)
        if rows:
            st.html(now_words.reviews_table(rows, zone))
        else:
            st.caption("Nobody has left in the last 24 hours, as far as the cameras have seen.")


def _zones_of(store: str, at: datetime) -> Any:
    filter = Filter((store,), at.date(), at.date(), hours=(at.hour, at.hour + 1))
    return resources.ask("zones", filter)


def _zones(frame: Any) -> None:
    with st.container(border=True, height="stretch", key="now_zones"):
        st.subheader("Zones in this hour", anchor=False, help="What floor cameras counted; nobody is recognised there.")
        if frame.empty:
            st.caption("No floor camera has counted anybody in this hour.")
        else:
            st.html(now_words.zones_table(frame))


def _cameras(store: str, states: list[Any], now: datetime) -> None:
    st.subheader("Cameras", anchor=False)
    if not states:
        st.caption("No camera was heard of in the last 24 hours.")
    names = {(row["role"], str(row["door"])): row for row in resources.ask("cameras", store).to_dict("records")}
    for one in states:
        row = names.get((one.role, one.door), {"camera_id": f"{one.role} {one.door}", "name": one.role})
        card = Card(str(row["camera_id"]), str(row["name"]), one.role, one.door, "", True, one)
        word, colour, icon = STATES[card.state]
        with st.container(horizontal=True, vertical_alignment="center", key=f"now_camera_{card.key}"):
            st.badge(word, icon=icon, color=colour)
            st.markdown(f"{heading(card)}  \n:small[{escape(sentence(card, now))}]", width="stretch")
