"""Cameras: name, role and door, and the zones in which faces are dropped."""

from typing import Any

import pandas as pd
import streamlit as st

from fer_core.errors import FilmError
from fer_core.types import Role
from ui import resources, zones
from ui.audit import Noted
from ui.notices import sentence
from ui.plain import counted, escape
from ui.settings_common import change, choose, choose_store
from ui.zones import Still, Zone

ROLES: dict[Role, str] = {"entry": "entrance", "exit": "exit"}


def show() -> None:
    """Draw the tab."""
    store = choose_store()
    if store is None:
        return
    cameras = resources.ask("cameras", store)
    _new(store, cameras)
    if cameras.empty:
        st.info("This store has no camera yet. One appears with its first film, or is added above.", icon=":material/videocam:")
        return
    rows = {str(row["camera_id"]): row for row in cameras.to_dict("records")}
    chosen = choose("Camera", {key: label(row) for key, row in rows.items()}, f"camera_{store}")
    _camera(store, rows[chosen])
    _zones(store, chosen, rows[chosen])


def label(row: dict[Any, Any]) -> str:
    """A camera in a select box: its name, what it films, how many zones it masks."""
    door = f", door {row['door']}" if row["door"] else ""
    masked = f" · {counted(len(row['zones']), 'zone')}" if row["zones"] else ""
    return f"{row['name']} ({ROLES[row['role']]}{door}){masked}"


def _new(store: str, cameras: pd.DataFrame) -> None:
    with st.expander("New camera", icon=":material/add:", expanded=cameras.empty):
        st.caption("Films find their camera by role and door, so these two can’t be changed later. Add another camera instead.")
        with st.form(f"new_camera_{store}", border=False, clear_on_submit=True):
            role = st.radio("It films the", list(ROLES), key="new_camera_role", format_func=ROLES.__getitem__, horizontal=True)
            door = st.text_input("Door", key="new_camera_door", max_chars=100, placeholder="North; empty if there is one only")
            name = st.text_input("Name", key="new_camera_name", max_chars=100, placeholder="Camera over the north door")
            sent = st.form_submit_button("Add the camera", key="new_camera_save", type="primary")
    if not sent:
        return
    door = " ".join(door.split())
    if ((cameras["role"] == role) & (cameras["door"] == door)).any():
        st.error(
            f"There is a camera of the {ROLES[role]} at {'door ' + escape(door) if door else 'the nameless door'} already."
        )
    else:
        noted = Noted("camera.make", store, detail={"role": role})
        change(
            lambda: resources.store().put_camera(store, role, door, name=name.strip() or None), "The camera is added.", noted
        )


def _camera(store: str, row: dict[Any, Any]) -> None:
    key = row["camera_id"]
    with st.form(f"camera_form_{key}"):
        name = st.text_input("Name", row["name"], key=f"camera_name_{key}", max_chars=100)
        sent = st.form_submit_button("Save the name", key=f"camera_save_{key}")
    if sent and not name.strip():
        st.error("A camera needs a name.")
    elif sent:
        noted = Noted("camera.change", store, str(key))
        change(lambda: resources.store().put_camera(store, row["role"], row["door"], name=name), "The camera is saved.", noted)


# ---- zones


def _zones(store: str, key: str, row: dict[Any, Any]) -> None:
    st.subheader("Masked zones", anchor=False)
    st.caption(
        "Faces whose middle lies in a zone are dropped before anything is read from them: a staff desk, a screen, the "
        "street outside. Zones count for films analysed from now on."
    )
    draft, round_ = _draft(key, row)
    zones.editor(f"zones_{key}", _still(key), draft, round_, lambda drawn: _set(key, drawn, touched=False))
    _typed(key, draft)
    saved = [[list(corner) for corner in zone] for zone in row["zones"]]
    with st.container(horizontal=True):
        if st.button("Save the zones", key=f"zones_save_{key}", type="primary", disabled=draft == saved):
            noted = Noted("camera.zones", store, key, {"zones": len(draft)})
            change(lambda: _save(store, key, row, draft), f"{counted(len(draft), 'zone')} of this camera saved.", noted)
        st.button("Discard changes", key=f"zones_discard_{key}", disabled=draft == saved, on_click=_set, args=(key, saved))


def _draft(key: str, row: dict[Any, Any]) -> tuple[list[Zone], int]:
    """The zones as they stand in this session, and the number of the last change that didn't come from the picture."""
    if f"draft_{key}" not in st.session_state:
        _set(key, [[list(corner) for corner in zone] for zone in row["zones"]])
    return st.session_state[f"draft_{key}"], st.session_state[f"round_{key}"]


def _set(key: str, drawn: list[Zone], *, touched: bool = True) -> None:
    st.session_state[f"draft_{key}"] = drawn
    st.session_state[f"round_{key}"] = st.session_state.get(f"round_{key}", 0) + touched


def _save(store: str, key: str, row: dict[Any, Any], draft: list[Zone]) -> None:
    resources.store().put_camera(store, row["role"], row["door"], zones=draft)
    del st.session_state[f"draft_{key}"]


def _still(key: str) -> Still:
    """The session's still of that camera: made of an uploaded film or picture, which is never kept on the disk."""
    kept = f"still_{key}"
    given = st.file_uploader(
        "A picture or a short film of this camera, to draw on",
        key=f"still_file_{key}",
        help="Only its first picture is used, in this browser session; nothing is stored. Without one, draw on the blank.",
    )
    if given is not None and st.session_state.get(kept, (None, None))[0] != given.file_id:
        try:
            st.session_state[kept] = (given.file_id, zones.still_of(given.name, given.getvalue()))
        except FilmError as error:
            st.error(sentence(error))
    return st.session_state.get(kept, (None, Still()))[1]


def _typed(key: str, draft: list[Zone]) -> None:
    with st.expander("Without a mouse: type a zone", icon=":material/keyboard:"):
        st.caption("A rectangle, in per cent of the picture’s width and height from its upper left corner.")
        fields = {"left": 0.0, "top": 0.0, "right": 25.0, "bottom": 25.0}
        columns = st.columns(4)
        values = [
            column.number_input(f"{name.title()} %", 0.0, 100.0, start, 1.0, "%g", f"zone_{name}_{key}")
            for column, (name, start) in zip(columns, fields.items(), strict=True)
        ]
        if st.button("Add this zone", key=f"zone_add_{key}"):
            _add(key, draft, values)
        for place, zone in enumerate(draft):
            with st.container(horizontal=True, vertical_alignment="center"):
                corners = ", ".join(f"{x:.0%} {y:.0%}" for x, y in zone)
                st.markdown(escape(f"Zone {place + 1}: {corners}"), width="stretch")
                rest = draft[:place] + draft[place + 1 :]
                st.button("Remove", key=f"zone_remove_{key}_{place}", on_click=_set, args=(key, rest))


def _add(key: str, draft: list[Zone], values: list[float]) -> None:
    try:
        zone = zones.rectangle(*values)
    except ValueError as error:
        st.error(str(error))
        return
    _set(key, [*draft, zone])
    st.rerun()
