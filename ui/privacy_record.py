"""The record: that the notice hangs, for which cameras, since when and by whom; what it says that no longer holds."""

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from fer_core.notices import Camera, Notice, camera_words, missing, of_record
from fer_core.notices import standing as standing_of
from fer_core.notices.facts import doubts, facts
from ui import audit, resources
from ui.plain import day_and_time, escape
from ui.privacy_common import Chosen, standing
from ui.settings_common import change

_NOT_YET = "Save the notice in the tab “Notice” first."


def show(chosen: Chosen) -> None:
    """Draw the tab."""
    _state(chosen)
    if chosen.draft is None:
        st.info(_NOT_YET, icon=":material/edit:")
    else:
        _record(chosen, chosen.draft)
    _history(chosen)


def _state(chosen: Chosen) -> None:
    record = standing(chosen)
    if record is None:
        st.info("No notice is recorded for this store.", icon=":material/visibility_off:")
    else:
        _standing(chosen, record)
    why = missing(standing_of(resources.store(), chosen.name), chosen.cameras)
    if why:
        st.warning(f"Films can’t be analysed yet. {escape(why)}.", icon=":material/gpp_maybe:")
    for doubt in doubts(facts(resources.store(), chosen.name)):
        st.warning(escape(doubt), icon=":material/warning:")
    if record is not None:
        _withdrawal(chosen)


def _standing(chosen: Chosen, record: dict[str, Any]) -> None:
    notice = of_record(record)
    since = day_and_time(record["recorded_at"], resources.ask("store", chosen.name)["time_zone"])
    words = (
        f"{escape(record['recorded_by'])} recorded on {since} that the notice hangs for {escape(camera_words(notice.cameras))}."
    )
    st.success(words, icon=":material/verified_user:")
    st.link_button("Open the public page", f"/notice/{chosen.store_id}", icon=":material/open_in_new:")


def _withdrawal(chosen: Chosen) -> None:
    with st.expander("Withdraw it", icon=":material/delete:"):
        st.caption(
            "The public page is then gone. Where the region asks for a notice, films can’t be analysed until the next one."
        )
        if st.button("Withdraw the notice", key=f"notice_withdraw_{chosen.store_id}"):
            change(lambda: _withdraw(chosen), "The notice is withdrawn.")


def _withdraw(chosen: Chosen) -> None:
    resources.store().withdraw_notice(chosen.name)
    audit.note("notice.withdraw", store=chosen.name)


def _record(chosen: Chosen, notice: Notice) -> None:
    st.subheader("Record that it hangs", anchor=False)
    if not chosen.cameras:
        st.info("The store has no camera yet. Add its cameras on the page Cameras.", icon=":material/videocam_off:")
        return
    key = chosen.store_id
    with st.form(f"notice_record_{key}", border=False):
        cameras = st.multiselect(
            "Cameras", chosen.cameras, list(chosen.cameras), _camera_name, key=f"notice_cameras_{key}",
            help="Cameras that are not named here count as not told of.",
        )  # fmt: skip
        by = st.text_input("Who put it up", key=f"notice_by_{key}", max_chars=100, width=320)
        sure = st.checkbox("The sign hangs where people read it before they are filmed.", key=f"notice_sure_{key}")
        sent = st.form_submit_button("Record it", key=f"notice_record_save_{key}", type="primary")
    if sent and not sure:
        st.error("Tick the box first: the record says that the sign hangs.")
    elif sent:
        change(lambda: _write(chosen, notice, tuple(cameras), by), "The notice is recorded, and its public page is open.")


def _write(chosen: Chosen, notice: Notice, cameras: tuple[Camera, ...], by: str) -> None:
    content = replace(notice, cameras=cameras).as_json()
    resources.store().record_notice(chosen.name, content, by)
    audit.note("notice.record", store=chosen.name, detail={"cameras": len(cameras), "languages": list(notice.languages)})


def _camera_name(camera: Camera) -> str:
    words = {"entry": "Entrance", "exit": "Exit", "floor": "Shop floor"}[camera.role]
    return f"{words}, {camera.door}" if camera.door else words


def _history(chosen: Chosen) -> None:
    records = resources.ask("notices", chosen.name)
    if not records:
        return
    zone = resources.ask("store", chosen.name)["time_zone"]
    rows = [
        {
            "Recorded": day_and_time(row["recorded_at"], zone),
            "By": row["recorded_by"],
            "Cameras": len(row["cameras"]),
            "Languages": ", ".join(row["languages"]),
            "Withdrawn": day_and_time(row["withdrawn_at"], zone),
        }
        for row in records
    ]
    st.subheader("Earlier and now", anchor=False)
    st.dataframe(pd.DataFrame(rows), hide_index=True, key="notice_history", alt="The notices recorded for this store")
