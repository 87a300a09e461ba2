"""The page Cameras: a store's cameras, whether they run and how they are, and their zones."""

from collections.abc import Callable

import streamlit as st

from ui import camera_forms, camera_list, camera_zones, resources
from ui.camera_words import label
from ui.notices import tell
from ui.settings_common import choose, choose_store

_WIDTH = 980
_ABOUT = (
    "Cameras at the entrance and the exit make visits: each review stands in the database seconds after somebody has left. "
    "Cameras on the shop floor count apparent expressions and recognise nobody."
)
_NONE = (
    "This store has no camera yet. One is added above, or appears with its first film. To try it without a camera, give the "
    "path of a film on this machine as the address: it is played in real time."
)


def show() -> None:
    """Draw the page."""
    tell()
    st.title("Cameras", anchor=False)
    with st.container(width=_WIDTH):
        st.caption(_ABOUT)
        store = choose_store()
        if store is not None:
            _of(store)


def _of(store: str) -> None:
    cameras = resources.ask("cameras", store)
    camera_forms.new(store, cameras)
    if cameras.empty:
        st.info(_NONE, icon=":material/videocam:")
        return
    camera_list.show(store)
    st.subheader("Set up", anchor=False)
    rows = {str(row["camera_id"]): row for row in cameras.to_dict("records")}
    chosen = choose("Camera", {key: label(row) for key, row in rows.items()}, f"camera_{store}")
    card = next(card for card in camera_list.cards(store) if card.key == chosen)
    draw: dict[str, Callable[[], None]] = {
        "Zones": lambda: camera_zones.show(store, chosen, rows[chosen]),
        "Name and address": lambda: camera_forms.change_one(store, card),
        "On another machine": lambda: camera_forms.elsewhere(store, card),
        "Remove": lambda: camera_forms.remove(store, card, rows[chosen]),
    }
    for tab, show_it in zip(st.tabs(list(draw), key="camera_tab", bind="query-params"), draw.values(), strict=True):
        if tab.open:
            with tab:
                show_it()
