"""Stores: made, named, timed, limited, deleted."""

import json
from collections.abc import Mapping
from datetime import time
from typing import Any
from zoneinfo import available_timezones

import pandas as pd
import streamlit as st

from server import collecting, forgetting
from ui import resources, settings_evidence
from ui.audit import Noted, actor
from ui.plain import escape
from ui.privacy_common import region_words
from ui.settings_common import change, choose_next, choose_store, typed_confirmation
from ui.settings_mode import mode
from ui.settings_offsets import offsets

DAYS: Mapping[str, str] = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
_OPENS, _CLOSES = time(9, 0), time(18, 0)
_HOURS = "No day ticked means that they are not known. Outside of them whoever passes counts as staff and is left out."
_MOST_DAYS = 36_500


def show() -> None:
    """Draw the tab."""
    _new()
    name = choose_store()
    if name is None:
        return
    known = resources.ask("store", name)
    if known["is_sample"]:
        st.caption(":material/science: A sample store: its visits are made up. It can be removed in the tab “Data”.")
    else:
        st.caption(f":material/privacy_tip: {region_words(resources.ask('notice_setup', name)['region'])}")
    _store(name, known)
    mode(name, known)
    settings_evidence.show(name, known)
    offsets(name, known)
    _delete(name)


def zones() -> list[str]:
    """The time zones to choose from: UTC, then the places of the IANA database by name."""
    return ["UTC", *sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))]


def _new() -> None:
    empty = resources.stores().empty
    with (
        st.expander("New store", icon=":material/add:", expanded=empty),
        st.form("new_store", border=False, clear_on_submit=True),
    ):
        name = st.text_input("Name", key="new_store_name", max_chars=200, placeholder="Main Street")
        zone = st.selectbox("Time zone", zones(), index=_index(st.context.timezone), key="new_store_zone")
        sent = st.form_submit_button("Make the store", key="new_store_save", type="primary")
    if sent:
        _make(name.strip(), zone)


def _make(name: str, zone: str) -> None:
    if not name:
        st.error("A store needs a name.")
    elif name in set(resources.stores()["store"]):
        st.error(f"There is a store {escape(name)} already.")
    else:
        choose_next(name)
        change(
            lambda: resources.store().put_store(name, time_zone=zone), f"The store {name} is made.", Noted("store.make", name)
        )


def _index(zone: str | None) -> int:
    known = zones()
    return known.index(zone) if zone in known else 0


def _store(name: str, known: Mapping[str, Any]) -> None:
    with st.form(f"store_{name}"):
        new = st.text_input("Name", name, key=f"store_name_{name}", max_chars=200)
        choices = zones()
        zone = known["time_zone"]
        choices = choices if zone in choices else [zone, *choices]
        zone = st.selectbox(
            "Time zone", choices, choices.index(zone), key=f"store_zone_{name}", help="Times are shown on this clock."
        )
        st.markdown("Opening hours", help=_HOURS)
        table = st.data_editor(
            hours_table(known["opening_hours"]),
            key=f"store_hours_{name}",
            hide_index=True,
            disabled=["Day"],
            column_config={
                "Open": st.column_config.CheckboxColumn(width="small"),
                "From": st.column_config.TimeColumn(format="HH:mm", step=60),
                "Until": st.column_config.TimeColumn(format="HH:mm", step=60),
            },
            alt="Opening hours by day of the week",
        )
        days = st.number_input(
            "Keep visits for so many days (0: for ever)",
            0,
            _MOST_DAYS,
            int(known["retention_days"] or 0),
            key=f"store_days_{name}",
            help="Older visits, with everything of theirs, and sums go when the retention runs: see the tab “Data”.",
        )
        sent = st.form_submit_button("Save", key=f"store_save_{name}", type="primary")
    if sent:
        _save(name, new.strip(), zone, table, int(days))


def hours_table(hours: Any) -> pd.DataFrame:
    """Opening hours (a mapping, its JSON, or None) as seven rows of Day, Open, From, Until."""
    known = json.loads(hours) if isinstance(hours, str) else hours or {}
    rows = [
        {"Day": word, "Open": day in known, **dict(zip(("From", "Until"), _span(known.get(day)), strict=True))}
        for day, word in DAYS.items()
    ]
    return pd.DataFrame(rows)


def _span(span: Any) -> tuple[time, time]:
    if not span:
        return _OPENS, _CLOSES
    first, last = ("23:59" if at == "24:00" else at for at in span)
    return time.fromisoformat(first), time.fromisoformat(last)


def hours_of(table: pd.DataFrame) -> dict[str, list[str]]:
    """The table as `put_store` takes it: the open days only. ValueError, one sentence, for a day that can't be."""
    found = {}
    for day, row in zip(DAYS, table.to_dict("records"), strict=True):
        if not row["Open"]:
            continue
        if pd.isna(row["From"]) or pd.isna(row["Until"]):
            raise ValueError(f"{DAYS[day]} is open: say from when and until when.")
        if row["From"] >= row["Until"]:
            raise ValueError(f"On {DAYS[day]} the store must close after it opens.")
        until = "24:00" if row["Until"] >= time(23, 59) else f"{row['Until']:%H:%M}"  # no clock shows 24:00
        found[day] = [f"{row['From']:%H:%M}", until]
    return found


def _save(name: str, new: str, zone: str, table: pd.DataFrame, days: int) -> None:
    try:
        hours = hours_of(table)
    except ValueError as error:
        st.error(str(error))
        return
    if not new:
        st.error("A store needs a name.")
        return
    said = {"time_zone": zone, "opening_hours": bool(hours), "retention_days": days} | ({"was": name} if new != name else {})
    noted = Noted("store.change" if new == name else "store.rename", new, detail=said)
    change(lambda: _write(name, new, zone, hours, days), f"{new} is saved.", noted)


def _write(name: str, new: str, zone: str, hours: dict[str, list[str]], days: int) -> None:
    store = resources.store()
    if new != name:
        store.rename_store(name, new)
        collecting.rename(store, resources.services().folder, name, new)
        choose_next(new)
    store.put_store(new, time_zone=zone, opening_hours=hours, retention_days=days)


def _delete(name: str) -> None:
    with st.expander("Delete this store", icon=":material/delete:"):
        gone = "Its cameras, films’ records, visits, corrections and collected faces go with it, for ever."
        st.warning(gone, icon=":material/warning:")
        if typed_confirmation(name, "Delete the store", f"store_delete_{name}"):
            change(lambda: _forget(name), f"{name} is deleted.")


def _forget(name: str) -> None:
    forgetting.forget_store(resources.services(), name, actor())
