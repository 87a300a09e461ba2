"""Camera offsets: the lasting difference of valence between two cameras, switched, shown, set from a calibration film."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from fer_core.settings import ReviewSettings
from ui import resources
from ui.audit import Noted, note
from ui.plain import DASH, number
from ui.settings_common import change

_KEPT = """
SELECT came.door AS entry_door, gone.door AS exit_door, kept.value, kept.se, kept.visits, kept.days, kept.source
FROM camera_offsets AS kept JOIN stores USING (store_id)
JOIN cameras AS came ON came.camera_id = kept.entry_camera_id JOIN cameras AS gone ON gone.camera_id = kept.exit_camera_id
WHERE stores.name = ? ORDER BY ALL"""


def offsets(name: str, known: Mapping[str, Any]) -> None:
    """Draw the offsets of a store and their switch."""
    least = ReviewSettings()
    with st.container(border=True):
        st.subheader("Camera offset", anchor=False)
        st.caption(
            "Two cameras never see alike. The lasting difference between the exit’s and the entrance’s valence can be taken "
            f"off every change. It is estimated from at least {least.min_offset_visits} visits of {least.min_offset_days} "
            "days; until then it is 0."
        )
        st.toggle(
            "Take the offset off new and recomputed visits",
            bool(known["offset_enabled"]),
            key=f"offset_on_{name}",
            on_change=_switch,
            args=(name,),
        )
        kept = kept_offsets(name)
        if kept.empty:
            st.info("No pair of cameras has visits yet, so there is nothing to estimate from.", icon=":material/balance:")
        else:
            st.dataframe(_table(kept), hide_index=True, key=f"offsets_{name}", alt="Camera offsets of this store")
        if st.button("Estimate again from the visits", key=f"offset_refresh_{name}", icon=":material/refresh:"):
            change(
                lambda: resources.store().refresh_offsets(name), "The offsets are estimated anew.", Noted("offset.change", name)
            )
        with st.expander("Set from a calibration film", icon=":material/tune:"):
            _calibration(name)


def _switch(name: str) -> None:
    on = bool(st.session_state[f"offset_on_{name}"])
    resources.store().put_store(name, offset_enabled=on)
    note("offset.change", store=name, detail={"on": on})


def kept_offsets(name: str) -> pd.DataFrame:
    """A store's offsets: entry_door, exit_door, value, se, visits and days they come from, source."""
    with resources.store().cursor() as cursor:
        found: pd.DataFrame = cursor.execute(_KEPT, [name]).df()
    return found


def _table(kept: pd.DataFrame) -> pd.DataFrame:
    rows = [
        {
            "Entrance": row["entry_door"] or DASH,
            "Exit": row["exit_door"] or DASH,
            "Offset": number(row["value"]),
            "± error": number(row["se"], ".2f"),
            "n visits": f"{row['visits']:,}" if row["source"] == "visits" else DASH,
            "Days": f"{row['days']:,}" if row["source"] == "visits" else DASH,
            "From": _source(row),
        }
        for row in kept.to_dict("records")
    ]
    return pd.DataFrame(rows)


def _source(row: dict[Any, Any]) -> str:
    if row["source"] != "visits":
        return "calibration film"
    least = ReviewSettings()
    enough = row["visits"] >= least.min_offset_visits and row["days"] >= least.min_offset_days
    return "visits" if enough else "too few visits yet"


def _calibration(name: str) -> None:
    cameras = resources.ask("cameras", name)
    doors = {role: [str(door) for door in cameras[cameras["role"] == role]["door"]] or [""] for role in ("entry", "exit")}
    st.caption("Film the same faces with both cameras, analyse both films, and enter exit less entrance here.")
    with st.form(f"calibrate_{name}", border=False):
        came = st.selectbox("Entrance door", doors["entry"], key=f"calibrate_entry_{name}", format_func=_door)
        gone = st.selectbox("Exit door", doors["exit"], key=f"calibrate_exit_{name}", format_func=_door)
        value = st.number_input("Offset (exit less entrance)", -2.0, 2.0, 0.0, 0.01, key=f"calibrate_value_{name}")
        error = st.number_input("Its standard error", 0.0, 2.0, 0.05, 0.01, key=f"calibrate_se_{name}")
        with st.container(horizontal=True):
            kept = st.form_submit_button("Save the calibration", key=f"calibrate_save_{name}")
            gone_again = st.form_submit_button("Forget the calibration", key=f"calibrate_forget_{name}", type="tertiary")
    store, noted = resources.store(), Noted("offset.change", name, detail={"value": value if kept else None})
    if kept:
        change(lambda: store.set_calibrated_offset(name, came, gone, value, error), "The calibration is saved.", noted)
    elif gone_again:
        change(
            lambda: store.set_calibrated_offset(name, came, gone, None),
            "The calibration is forgotten; the visits count again.",
            noted,
        )


def _door(door: str) -> str:
    return door or "(without a name)"
