"""Opting out: somebody names a door and a time; the visits around it are found, chosen and deleted, with a receipt.

No review and no picture is shown: neither is needed to tell which visit is meant.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from fer_core import queries
from fer_core.errors import MoodgateError
from fer_core.store.receipts import Receipt
from ui import audit, resources
from ui.notices import leave, sentence
from ui.plain import counted, day_and_time, duration, escape
from ui.privacy_common import Chosen

MOST = 40
"""Visits in the list. More: more boxes to tick; a narrower time is of more help."""
_ANY = "any door"
_ASKED, _RECEIPT = "_opt_out_asked", "_opt_out_receipt"


@dataclass(frozen=True)
class Asked:
    """What a visitor named. begin and end: aware, UTC; door: None for any; minutes: how many before and after."""

    store: str
    begin: datetime
    end: datetime
    door: str | None
    minutes: int


def show(chosen: Chosen) -> None:
    """Draw the tab."""
    st.markdown(
        "A visitor who objects names the door and the time. Find the visits around it, tick the right one, delete it. "
        "It stays deleted when the films are analysed again."
    )
    zone = str(resources.ask("store", chosen.name)["time_zone"])
    _receipt(chosen)
    _form(chosen, zone)
    asked: Asked | None = st.session_state.get(_ASKED)
    if asked is not None and asked.store == chosen.name:
        _found(chosen, asked, zone)


# ---- what was named -------------------------------------------------------------------------------------------------


def _form(chosen: Chosen, zone: str) -> None:
    key = chosen.store_id
    doors = [_ANY, *sorted({camera.door for camera in chosen.cameras})]
    with st.form(f"opt_out_{key}"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            door = st.selectbox("Door", doors, key=f"opt_out_door_{key}", format_func=_door_name, width=220)
            day = st.date_input("Day", None, key=f"opt_out_day_{key}", format="DD/MM/YYYY", width=175)
            at = st.time_input("Time", None, key=f"opt_out_time_{key}", step=60, width=120)
            minutes = st.number_input("Minutes before and after", 1, 240, 10, key=f"opt_out_minutes_{key}", width=190)
        st.caption(
            f"On the clock of the store ({escape(zone)}). Visits of films without a start time can’t be found by a time."
        )
        sent = st.form_submit_button("Find the visits", key=f"opt_out_find_{key}", type="primary", icon=":material/search:")
    if sent:
        st.session_state.pop(_ASKED, None)
        st.session_state.pop(_RECEIPT, None)
        _ask(chosen.name, zone, None if door == _ANY else door, day, at, int(minutes))


def _door_name(door: str) -> str:
    return door or "the nameless door"


def _ask(store: str, zone: str, door: str | None, day: Any, at: time | None, minutes: int) -> None:
    if not isinstance(day, date):
        st.error("Say on which day the visit was.")
        return
    if at is None:
        st.error("Say at which time the visit was, as well as the visitor remembers it.")
        return
    begin, end = around(day, at, zone, minutes)
    if begin > datetime.now(UTC):
        st.error("That time is still to come: choose the day and the time of the visit.")
        return
    asked = Asked(store, begin, end, door, minutes)
    try:
        found = _visits(asked)
        audit.note("visit.find", store=store, detail={"visits": len(found), "minutes": minutes, "one_door": door is not None})
    except MoodgateError as error:  # nobody looks at visits unseen
        st.error(sentence(error))
        return
    st.session_state[_ASKED] = asked


def around(day: date, at: time, zone: str, minutes: int) -> tuple[datetime, datetime]:
    """From so many minutes before a time of a store's clock to so many after (UTC); an hour that the clock shows twice in the
    night of its change counts twice."""
    moments = [datetime.combine(day, at, ZoneInfo(zone)).replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
    apart = timedelta(minutes=minutes)
    return min(moments) - apart, max(moments) + apart + timedelta(minutes=1)


def _visits(asked: Asked) -> list[dict[str, Any]]:
    return queries.visits_around(resources.store(), asked.store, asked.begin, asked.end, asked.door, MOST + 1)


# ---- what was found -------------------------------------------------------------------------------------------------


def _found(chosen: Chosen, asked: Asked, zone: str) -> None:
    where = f" at {_door_name(asked.door)}" if asked.door is not None else ""
    st.subheader(escape(f"{day_and_time(asked.begin, zone)} to {day_and_time(asked.end, zone)[-5:]}{where}"), anchor=False)
    try:
        visits = _visits(asked)
        lone = queries.lone_around(resources.store(), asked.store, asked.begin, asked.end, asked.door)
    except MoodgateError as error:
        st.error(sentence(error))
        return
    if len(visits) > MOST:
        st.warning(f"More than {MOST} visits: choose the door, or fewer minutes.", icon=":material/filter_alt:")
    elif visits:
        _choice(chosen, asked, visits, zone)
    else:
        st.info("No visit is stored around that time. Try more minutes, or any door.", icon=":material/search_off:")
    _everything(chosen, asked, len(visits), lone)


def _choice(chosen: Chosen, asked: Asked, visits: list[dict[str, Any]], zone: str) -> None:
    st.caption(f"{counted(len(visits), 'visit')}. Tick each one that is meant.")
    ticked = [one["visit_id"] for one in visits if st.checkbox(escape(line(one, zone)), key=f"opt_out_{one['visit_id']}")]
    sure = st.checkbox("These are the visits that the visitor means. Nobody can bring them back.", key="opt_out_sure")
    label = f"Delete {counted(len(ticked), 'visit')}" if ticked else "Delete"
    if st.button(label, key="opt_out_delete", type="primary", icon=":material/delete:"):
        if not ticked:
            st.error("Tick the visit that is meant.")
        elif not sure:
            st.error("Confirm first that these are the visits that the visitor means.")
        else:
            _delete(chosen, lambda: resources.store().delete_visits(asked.store, ticked, actor=audit.actor()))


def line(visit: dict[str, Any], zone: str) -> str:
    """A visit in a line: when and by which doors, and how long; plain text."""
    came, went = (day_and_time(visit[name], zone) for name in ("entered_at", "exited_at"))
    doors = [f" by {visit[name]}" if visit[name] else "" for name in ("entry_door", "exit_door")]
    seconds = [f":{visit[name]:%S}" for name in ("entered_at", "exited_at")]
    return f"{came}{seconds[0]}{doors[0]}, left {went[-5:]}{seconds[1]}{doors[1]}, after {duration(visit['dwell_s'])}"


def _everything(chosen: Chosen, asked: Asked, visits: int, lone: int) -> None:
    with st.expander("The visitor is in no visit, or can’t tell which", icon=":material/groups:"):
        st.markdown(
            f"{counted(lone, 'person was', 'people were')} seen in that time at one camera only: in no visit, but what their "
            "faces showed is stored. All that was seen in that time can be deleted, visits and people seen alone."
        )
        sure = st.checkbox("Delete everybody seen in that time.", key="opt_out_all_sure")
        if st.button("Delete everything of that time", key="opt_out_all", icon=":material/delete_sweep:"):
            if not visits and not lone:
                st.error("Nothing is stored of that time: there is nothing to delete.")
            elif not sure:
                st.error("Confirm first that everybody seen in that time is to be deleted.")
            else:
                _delete(chosen, lambda: _span(asked))


def _span(asked: Asked) -> Receipt:
    return resources.store().delete_span(asked.store, asked.begin, asked.end, door=asked.door, actor=audit.actor())


def _delete(chosen: Chosen, act: Any) -> None:
    try:
        receipt: Receipt = act()
    except MoodgateError as error:
        st.error(sentence(error))
        return
    st.session_state.pop(_ASKED, None)
    st.session_state[_RECEIPT] = (chosen.name, receipt)
    leave(f"Deleted: {counted(receipt.gone.get('visits', 0), 'visit')}.")
    st.rerun()


def _receipt(chosen: Chosen) -> None:
    store, receipt = st.session_state.get(_RECEIPT) or ("", None)
    if receipt is None or store != chosen.name:
        return
    with st.container(border=True):
        st.success("Deleted. This is the receipt, for the visitor and for your files.", icon=":material/receipt_long:")
        st.code(receipt.text(), language=None, wrap_lines=True)
        st.download_button(
            "This receipt as text", receipt.text(), f"{receipt.name}.txt", "text/plain", key="opt_out_receipt",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
