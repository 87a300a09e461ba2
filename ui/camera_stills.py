"""A still to draw zones on: of the running camera, with faces made unrecognisable, or of an uploaded picture or film."""

import time

import streamlit as st

from fer_core.errors import FilmError, MoodgateError
from fer_core.types import Role
from ui import resources, zones
from ui.notices import sentence
from ui.zones import Still

_EVERY = "1s"
_PATIENCE_S = 20.0
_LATE = "The camera has sent no still: is it running? Its state stands in the list above."


def still(store: str, role: Role, door: str, key: str) -> Still:
    """The session's still of that camera; nothing of it is kept on the disk. An empty ground where there is none."""
    with st.container(horizontal=True, vertical_alignment="center"):
        clicked = st.button("Take a still", key=f"still_take_{key}", icon=":material/photo_camera:")
        st.caption("From the camera as it runs; faces come pixelated. It lives in this browser session only.", width="stretch")
    if clicked:
        _ask(store, role, door, key)
    if f"asked_{key}" in st.session_state:
        st.fragment(_waiting, run_every=_EVERY)(store, role, door, key)
    _uploaded(key)
    found: Still = st.session_state.get(f"still_{key}", Still())
    return found


def _ask(store: str, role: Role, door: str, key: str) -> None:
    try:
        resources.live().ask_still(store, role, door)
    except MoodgateError as error:
        st.error(sentence(error))
        return
    st.session_state[f"asked_{key}"] = time.monotonic()


def _waiting(store: str, role: Role, door: str, key: str) -> None:
    """Wait for the still that was asked for, and draw the page anew when it has come."""
    asked = st.session_state.get(f"asked_{key}")
    if asked is None:
        return
    taken = resources.live().still(store, role, door)
    if taken is not None:
        del st.session_state[f"asked_{key}"]
        _keep(key, "still.jpg", taken)
        st.rerun()
    if time.monotonic() - asked > _PATIENCE_S:
        st.warning(_LATE, icon=":material/videocam_off:")
        return
    st.info("Waiting for the camera …", icon=":material/hourglass_top:")


def _uploaded(key: str) -> None:
    with st.expander("Or draw on a picture or a film", icon=":material/image:"):
        given = st.file_uploader(
            "A picture or a short film of this camera, to draw on", key=f"still_file_{key}",
            help="Only its first picture is used, in this browser session; nothing is stored. Without one, draw on the blank.",
        )  # fmt: skip
        if given is not None and st.session_state.get(f"still_given_{key}") != given.file_id:
            st.session_state[f"still_given_{key}"] = given.file_id
            _keep(key, given.name, given.getvalue())


def _keep(key: str, name: str, content: bytes) -> None:
    try:
        st.session_state[f"still_{key}"] = zones.still_of(name, content)
    except FilmError as error:
        st.error(sentence(error))
