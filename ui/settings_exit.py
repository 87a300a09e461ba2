"""The exit button: a page of four faces for a tablet at the exit, switched on for a store's door."""

from urllib.parse import urlsplit

import streamlit as st

from fer_core.store.answers import LANGUAGES, Button
from server.exit_words import WORDS
from ui import audit, resources
from ui.plain import day_and_time, escape
from ui.settings_common import change, choose_store

_TOLD = "_exit_address"
"""Where the session keeps the address just made, until its owner has it: (store, door, address)."""


def show() -> None:
    """Draw the tab."""
    st.caption(
        "A tablet at the exit asks visitors how it was, with four faces. Only the face, the door and the time are kept, "
        "nothing about who pressed. The page Validity sets the answers against the reviews."
    )
    store = choose_store()
    if store is None:
        return
    on = {button.door: button for button in resources.store().exit_buttons(store)}
    known = resources.ask("doors", (store,))
    doors = sorted({str(door) for door in known[known["exit"]]["door"]} | set(on))
    if not doors:
        st.info("This store has no exit camera yet. Add one on the page Cameras.", icon=":material/videocam:")
    for door in doors:
        with st.container(border=True):
            _door(store, door, on.get(door))


def address(secret: str, page: str | None) -> str:
    """Where the tablet finds the exit button; page: the address of the app as this browser has it."""
    here = urlsplit(page or "")
    return f"{here.scheme or 'http'}://{here.netloc or 'localhost:8501'}/exit/{secret}"


def _door(store: str, door: str, button: Button | None) -> None:
    key = f"{store}_{door}"
    zone = str(resources.ask("store", store)["time_zone"])
    state = f"on since {day_and_time(button.since, zone)}" if button else "off"
    st.markdown(f"**{escape(f'Door {door}' if door else 'The nameless door')}** · {state}")
    _address(store, door)
    languages = _languages(key, button)
    with st.container(horizontal=True):
        if not button:
            if st.button("Switch on", key=f"exit_on_{key}", type="primary"):
                change(lambda: _make(store, door, languages), "The exit button is on.")
            return
        if st.button("Save the languages", key=f"exit_speak_{key}", disabled=tuple(languages) == button.languages):
            change(lambda: _speak(store, door, languages), "The languages are saved.")
        if st.button("New address", key=f"exit_new_{key}", help="The old one ends at once: for a lost tablet."):
            change(lambda: _make(store, door, languages), "There is a new address; the old one has ended.")
        if st.button("Switch off", key=f"exit_off_{key}", help="The address ends at once. Answers stay."):
            change(lambda: _end(store, door), "The exit button is off.")


def _languages(key: str, button: Button | None) -> list[str]:
    now = list(button.languages) if button else ["en"]
    return st.multiselect(
        "Languages; the first one is shown, visitors can turn to the others",
        LANGUAGES,
        now,
        key=f"exit_languages_{key}_{'_'.join(now)}",
        format_func=lambda code: WORDS[code].name,
    )


def _address(store: str, door: str) -> None:
    told = st.session_state.get(_TOLD)
    if not told or told[:2] != (store, door):
        return
    st.success("Open this address on the tablet, in full screen. It is shown only now: whoever has it can answer here.")
    st.code(told[2], language=None, wrap_lines=True)
    st.button("I have it", key=f"exit_seen_{store}_{door}", on_click=lambda: st.session_state.pop(_TOLD, None))


def _make(store: str, door: str, languages: list[str]) -> None:
    secret = resources.store().switch_on_exit_button(store, door, languages)
    audit.note("setting.change", store=store, detail={"exit button": "new address", "door": door})
    st.session_state[_TOLD] = (store, door, address(secret, st.context.url))


def _speak(store: str, door: str, languages: list[str]) -> None:
    resources.store().speak_at_exit(store, door, languages)
    audit.note("setting.change", store=store, detail={"exit button": "languages", "door": door})


def _end(store: str, door: str) -> None:
    resources.store().switch_off_exit_button(store, door)
    audit.note("setting.change", store=store, detail={"exit button": "off", "door": door})
    st.session_state.pop(_TOLD, None)
