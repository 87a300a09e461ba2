"""Making a camera, changing where it is, removing it; the command line of a worker on another machine."""

from typing import Any

import pandas as pd
import streamlit as st

from fer_core.errors import InputError, MoodgateError
from fer_core.types import Role
from ui import account, resources
from ui.audit import Noted
from ui.camera_words import ROLES, Card, command
from ui.notices import sentence
from ui.places import ACCOUNT
from ui.plain import escape
from ui.settings_common import change

_ADDRESS_HELP = (
    "rtsp://…, http://… (MJPEG or MPEG-TS), the number of a camera at this machine such as 0, or the path of a film on this "
    "machine, which is played in real time as a test. A user and a password stand in it as rtsp://user:password@camera/…; they "
    "are kept encrypted and never shown again. Leave it empty where a worker on another machine reads the camera."
)
_PLACEHOLDER = "rtsp://user:password@192.168.1.20/stream"
_SAVE_ANYWAY = "Save it even if the camera doesn’t answer now"


def new(store: str, cameras: pd.DataFrame) -> None:
    """The form of a new camera, open where the store has none."""
    with st.expander("New camera", icon=":material/add:", expanded=cameras.empty):
        st.caption("What it films and its door can’t be changed later, for visits name them. Add another one instead.")
        role: Role = st.radio(
            "It films the", list(ROLES), key="new_camera_role", format_func=ROLES.__getitem__, horizontal=True
        )
        floor = role == "floor"
        with st.form(f"new_camera_{store}", border=False):
            door = st.text_input(
                "What is it called?" if floor else "Door", key=f"new_camera_door_{floor}", max_chars=100,
                placeholder="Tills" if floor else "North; empty if there is one only",
            )  # fmt: skip
            address = _address("new_camera_address")
            anyway = st.checkbox(_SAVE_ANYWAY, key="new_camera_anyway")
            with st.container(horizontal=True):
                add = st.form_submit_button("Add the camera", key="new_camera_save", type="primary")
                test = st.form_submit_button("Test the address", key="new_camera_test")
    if test:
        _test(address)
    elif add:
        _add(store, cameras, role, " ".join(door.split()), address.strip(), anyway=anyway)


def _address(key: str) -> str:
    return st.text_input("Address", key=key, max_chars=2000, placeholder=_PLACEHOLDER, help=_ADDRESS_HELP, autocomplete="off")


def _add(store: str, cameras: pd.DataFrame, role: Role, door: str, address: str, *, anyway: bool) -> None:
    if role == "floor" and not door:
        st.error("A floor camera needs a name, such as “Tills”.")
    elif ((cameras["role"] == role) & (cameras["door"] == door)).any():
        where = f"called {escape(door)}" if role == "floor" else f"at {'door ' + escape(door) if door else 'the nameless door'}"
        st.error(f"There is a camera of the {ROLES[role]} {where} already.")
    elif not address or anyway or _answers(address):
        noted = Noted("camera.make", store, detail={"role": role, "address": bool(address)})
        change(lambda: _make(store, role, door, address), "The camera is added.", noted)


def _make(store: str, role: Role, door: str, address: str) -> None:
    opened = resources.store()
    if address:
        opened.put_source(store, role, door, address)
    opened.put_camera(store, role, door, name=door if role == "floor" else None)
    _forget_fields()


def _forget_fields() -> None:
    """The address, with its password, leaves the session as soon as it is kept."""
    for key in [key for key in st.session_state if str(key).startswith(("new_camera_", "camera_address_"))]:
        del st.session_state[key]


def _answers(address: str) -> bool:
    """Whether a picture comes from there; the sentence that says why not is shown."""
    why = _tried(address)
    if why:
        st.error(why)
        st.caption(f"Nothing was saved. Put it right, or tick “{_SAVE_ANYWAY}”.")
    return not why


def _test(address: str) -> None:
    if not address.strip():
        st.error("There is no address to test.")
        return
    why = _tried(address)
    (st.error if why else st.success)(why or "A picture came: the address is good.")


def _tried(address: str) -> str:
    """What keeps the camera from being opened, as a sentence of markdown; "" for nothing."""
    with st.spinner("Opening the camera, for up to 5 s …"):
        try:
            why = resources.watchers().check(address.strip())
        except MoodgateError as error:
            return sentence(error)
    return sentence(InputError(why)) if why else ""


# ---- one that is there


def change_one(store: str, card: Card) -> None:
    """Its name and its address."""
    with st.form(f"camera_form_{card.key}", border=False):
        name = st.text_input("Name", card.name, key=f"camera_name_{card.key}", max_chars=100)
        if st.form_submit_button("Save the name", key=f"camera_save_{card.key}"):
            _rename(store, card, name)
    unknown = "The app knows no address of it: a worker elsewhere reads it."
    st.caption(f"Its address: {escape(card.shown)}" if card.shown else unknown)
    with st.form(f"camera_address_form_{card.key}", border=False):
        address = _address(f"camera_address_{card.key}")
        anyway = st.checkbox(_SAVE_ANYWAY, key=f"camera_anyway_{card.key}")
        with st.container(horizontal=True):
            save = st.form_submit_button("Save this address", key=f"camera_address_save_{card.key}")
            test = st.form_submit_button("Test it", key=f"camera_test_{card.key}")
    if test:
        _test(address)
    elif save and not address.strip():
        st.error("Type the new address, or forget the old one in the tab “Remove”.")
    elif save and (anyway or _answers(address)):
        noted = Noted("camera.address", store, card.key)
        change(lambda: _move(store, card, address.strip()), "The address is saved.", noted)


def _rename(store: str, card: Card, name: str) -> None:
    if not name.strip():
        st.error("A camera needs a name.")
        return
    noted = Noted("camera.change", store, card.key)
    change(lambda: resources.store().put_camera(store, card.role, card.door, name=name), "The camera is saved.", noted)


def _move(store: str, card: Card, address: str) -> None:
    resources.store().put_source(store, card.role, card.door, address)
    _forget_fields()


def elsewhere(store: str, card: Card) -> None:
    """How a worker on another machine reads it."""
    st.markdown("A small computer beside the camera can read it and hand over what it sees; pictures never leave that machine.")
    st.markdown(
        "1. Make a token of this store for the purpose “report what a live camera saw” (page Your account), and put it into a "
        "file `token.txt` on that machine."
    )
    account.link(ACCOUNT)
    st.markdown("2. Install Moodgate there, and run, with the camera’s own address:")
    line = command("rtsp://user:password@camera/stream", server_address(), store, card.role, card.door)
    st.code(line, language="bash", wrap_lines=True)
    if card.shown:
        st.caption("This app has the camera’s address itself. Forget it here (tab “Remove”) before a worker reads it.")


def server_address() -> str:
    """Where this app is, as the browser that looks at it has it."""
    address = str(getattr(st.context, "url", "") or "")
    parts = address.split("/")
    return "/".join(parts[:3]) if len(parts) > 2 else "http://localhost:8501"


def remove(store: str, card: Card, row: dict[Any, Any]) -> None:
    """Forget its address, or the camera altogether."""
    if card.shown:
        st.markdown("The app stops reading the camera and forgets its address; what it has seen stays.")
        if st.button("Forget the address", key=f"camera_forget_{card.key}", icon=":material/link_off:"):
            noted = Noted("camera.address", store, card.key, {"forgotten": True})
            change(lambda: _forget(store, card), f"The address of {card.name} is forgotten.", noted)
    st.markdown("A camera of which nothing was ever seen can be deleted, with its zones.")
    if st.button("Delete the camera", key=f"camera_delete_{card.key}", icon=":material/delete:", disabled=bool(row["films"])):
        noted = Noted("camera.delete", store, card.key, {"role": card.role})
        change(lambda: _delete(store, card), f"{card.name} is deleted.", noted)
    if row["films"]:
        st.caption("Films of this camera are in the database, and visits name it: it stays.")


def _forget(store: str, card: Card) -> None:
    if card.running:
        resources.watchers().stop(store, card.role, card.door)
    resources.store().put_source(store, card.role, card.door, None)


def _delete(store: str, card: Card) -> None:
    if card.running:
        resources.watchers().stop(store, card.role, card.door)
    resources.store().delete_camera(store, card.role, card.door)
