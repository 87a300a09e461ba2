"""The zones of a camera: masks, in which nothing is looked at, and on the floor the named ones in which faces are counted."""

from typing import Any

import pandas as pd
import streamlit as st

from fer_core.errors import DataError
from fer_core.types import Role
from fer_core.zones import ZONE_KINDS
from ui import camera_drafts, resources, zones
from ui.audit import Noted
from ui.camera_drafts import Draft
from ui.camera_stills import still
from ui.notices import sentence
from ui.plain import counted, escape
from ui.settings_common import change
from ui.zones import Part

MASKS, MEASURES = "Masked zones", "Measuring zones"
_ABOUT = {
    MASKS: "Faces whose middle lies in a mask are dropped before anything is read from them: a staff desk, a screen, the "
    "street outside. Masks count from now on, for the live camera and for films.",
    MEASURES: "In each measuring zone the faces, their seconds and their apparent expressions are counted by the hour, and "
    "compared on the page Trends. Nobody is recognised.",
}
_DESK = (
    "At a service desk only the visitor’s side is measured: draw the zone there, and mask the side where staff stand, so that "
    "nothing is ever read from their faces."
)


def show(store: str, key: str, row: dict[Any, Any]) -> None:
    """Draw the zones of the camera of that id; row: its row of `queries.cameras`."""
    role, door = row["role"], str(row["door"])
    kind = MASKS
    if role == "floor":
        chosen = st.segmented_control("Draw", (MASKS, MEASURES), default=MASKS, key=f"zone_sort_{key}", required=True)
        kind = chosen or MASKS
    measuring = kind == MEASURES
    masks = camera_drafts.masks(row["zones"])
    saved = camera_drafts.measures(resources.store().measuring_of(store, role, door)) if measuring else masks
    own = camera_drafts.draft(f"draft_{measuring}_{key}", saved)
    st.caption(_ABOUT[kind])
    if measuring and any(part.kind == "service desk" for part in own.parts):
        st.info(_DESK, icon=":material/support_agent:")
    picture = still(store, role, door, key)
    behind = [part.corners for part in masks] if measuring else []
    zones.editor(f"zones_{measuring}_{key}", picture, own.parts, own.round, own.take, measuring=measuring, behind=behind)
    if measuring:
        _names(key, own)
    _typed(f"{measuring}_{key}", own)
    _end(store, (key, role, door), own, measuring=measuring)


def _end(store: str, camera: tuple[str, Role, str], own: Draft, *, measuring: bool) -> None:
    key, role, door = camera
    with st.container(horizontal=True):
        if st.button("Save the zones", key=f"zones_save_{key}", type="primary", disabled=not own.changed):
            noted = Noted("camera.measuring" if measuring else "camera.zones", store, key, {"zones": len(own.parts)})
            done = f"{counted(len(own.parts), 'zone')} of this camera saved."
            change(lambda: _save(store, role, door, own, measuring=measuring), done, noted)
        st.button("Undo", key=f"zones_undo_{key}", icon=":material/undo:", disabled=not own.steps, on_click=own.undo)
        st.button("Discard changes", key=f"zones_discard_{key}", disabled=not own.changed, on_click=own.discard)


def _save(store: str, role: Role, door: str, own: Draft, *, measuring: bool) -> None:
    if not measuring:
        resources.store().put_camera(store, role, door, zones=[part.corners for part in own.parts])
        return
    unnamed = [place for place, part in enumerate(own.parts, 1) if not part.name.strip()]
    if unnamed:
        raise DataError(f"zone {unnamed[0]} has no name yet: name it below the picture")
    resources.store().put_measuring(store, role, door, camera_drafts.measuring_zones(own.parts))


# ---- names, and zones without a mouse


def _names(key: str, own: Draft) -> None:
    """A row for each zone: its name and what it is."""
    for place, part in enumerate(own.parts, 1):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            here = f"{key}_{part.number}_{own.round}"
            st.text_input(
                f"Name of zone {place}", part.name, key=f"zone_name_{here}", max_chars=80, placeholder="Till 1",
                on_change=_called, args=(own, part, here),
            )  # fmt: skip
            st.selectbox(
                f"Zone {place} is a", ZONE_KINDS, ZONE_KINDS.index(part.kind), key=f"zone_kind_{here}", on_change=_called,
                args=(own, part, here),
            )  # fmt: skip
    if not own.parts:
        st.caption("Draw a zone, and name it here: “Till 1”, “New arrivals”.")


def _called(own: Draft, part: Part, here: str) -> None:
    own.call(part.number, st.session_state[f"zone_name_{here}"], st.session_state[f"zone_kind_{here}"])


def _typed(key: str, own: Draft) -> None:
    with st.expander("Without a mouse: zones as numbers", icon=":material/keyboard:"):
        _rectangle(key, own)
        for place, part in enumerate(own.parts, 1):
            with st.container(horizontal=True, vertical_alignment="center"):
                corners = ", ".join(f"{x:.0%} {y:.0%}" for x, y in part.corners)
                st.markdown(escape(f"Zone {place}{' ' + part.name if part.name else ''}: {corners}"), width="stretch")
                st.button("Remove", key=f"zone_remove_{key}_{place}", on_click=own.remove, args=(part.number,))
        if own.parts:
            _corners(key, own)


def _rectangle(key: str, own: Draft) -> None:
    st.caption("A rectangle, in per cent of the picture’s width and height from its upper left corner.")
    fields = {"left": 0.0, "top": 0.0, "right": 25.0, "bottom": 25.0}
    columns = st.columns(4)
    values = [
        column.number_input(f"{name.title()} %", 0.0, 100.0, start, 1.0, "%g", f"zone_{name}_{key}")
        for column, (name, start) in zip(columns, fields.items(), strict=True)
    ]
    if not st.button("Add this zone", key=f"zone_add_{key}"):
        return
    try:
        own.add(zones.rectangle(*values))
    except ValueError as error:
        st.error(str(error))
        return
    st.rerun()


def _corners(key: str, own: Draft) -> None:
    st.caption("Every corner of every zone: change the numbers, add and delete rows, then take them over.")
    names = {name: st.column_config.NumberColumn(name, min_value=0.0, max_value=100.0) for name in camera_drafts.COLUMNS[1:]}
    table: pd.DataFrame = st.data_editor(
        camera_drafts.corner_table(own.parts), key=f"zone_corners_{key}_{own.round}_{len(own.steps)}", hide_index=True,
        num_rows="dynamic", column_config=names, alt="The corners of the zones",
    )  # fmt: skip
    if not st.button("Take these corners over", key=f"zone_corners_take_{key}"):
        return
    try:
        own.put(camera_drafts.parts_of(table, own.parts))
    except ValueError as error:
        st.error(sentence(error))
        return
    st.rerun()
