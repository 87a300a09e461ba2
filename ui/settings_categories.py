"""A shop's own categories: named maps from the seven expressions to class names and valences, in versions."""

from typing import Any

import pandas as pd
import streamlit as st

from fer_core.errors import MoodgateError
from fer_core.review import Categories
from fer_core.types import EXPRESSIONS
from ui import resources
from ui.audit import Noted, note
from ui.maps import STANDARD, behind, newest, standard
from ui.notices import sentence
from ui.plain import counted, escape, number
from ui.recomputing import progress
from ui.settings_common import change, choose, choose_next_of, choose_store

_NEW = "A new map"


def show() -> None:
    """Draw the tab."""
    st.caption(
        "A map turns the seven apparent expressions into a shop’s own classes, and gives each a valence from −1 (bad) to 1 "
        "(good). A visit’s change is the change of that valence. Saving makes a new version; old ones are kept."
    )
    maps = newest()
    _editor(maps)
    _use(maps)


def _editor(maps: dict[str, Categories]) -> None:
    st.subheader("Maps", anchor=False)
    own = [name for name in maps if name != STANDARD]
    chosen = choose("Map", {name: _titled(maps, name) for name in [*own, _NEW]}, "map_chosen")
    start = maps.get(chosen) or standard()
    with st.form(f"map_{chosen}_{start.version}", border=True):
        name = st.text_input("Name of the map", "" if chosen == _NEW else chosen, key=f"map_name_{chosen}", max_chars=60)
        table = st.data_editor(
            map_table(start),
            key=f"map_table_{chosen}_{start.version}",
            hide_index=True,
            disabled=["Expression"],
            column_config={
                "Class": st.column_config.TextColumn(max_chars=40),
                "Valence": st.column_config.NumberColumn(step=0.05, format="%.2f", help="−1 to 1"),
            },
            alt="The seven expressions with their class and valence",
        )
        sent = st.form_submit_button("Save as a new version", key="map_save", type="primary")
    if sent:
        _save(name, table)


def _titled(maps: dict[str, Categories], name: str) -> str:
    return f"{name}, version {maps[name].version}" if name in maps else name


def map_table(categories: Categories) -> pd.DataFrame:
    """A map as seven rows of Expression, Class, Valence."""
    return pd.DataFrame(
        {"Expression": list(EXPRESSIONS), "Class": list(categories.classes), "Valence": [float(v) for v in categories.valence]}
    )


def map_of(name: str, table: pd.DataFrame) -> Categories:
    """The map that the table says; ValueError, one sentence, for what can't be one."""
    name = " ".join(name.split())
    if not name:
        raise ValueError("Give the map a name.")
    if name.casefold() == STANDARD:
        raise ValueError("“standard” is the built-in map: choose another name.")
    for row in table.to_dict("records"):
        if pd.isna(row["Class"]) or not str(row["Class"]).strip():
            raise ValueError(f"The expression “{row['Expression']}” needs a class.")
        if pd.isna(row["Valence"]) or not -1 <= row["Valence"] <= 1:
            raise ValueError(f"The valence of “{row['Expression']}” must lie between −1 and 1.")
    if table["Valence"].nunique() == 1:
        raise ValueError("All seven valences are the same, so no visit could ever change: make at least one differ.")
    classes = tuple(" ".join(str(label).split()) for label in table["Class"])
    return Categories(name, 1, classes, tuple(float(value) for value in table["Valence"]))


def _save(name: str, table: pd.DataFrame) -> None:
    try:
        given = map_of(name, table)
    except ValueError as error:
        st.error(escape(str(error)))
        return
    users = _stores_using(given.name)
    hint = " Recompute the stores that use it, for their old visits to follow." if users else " Choose it for a store below."
    change(lambda: _put(given), f"The map {given.name} is saved.{hint}", Noted("categories.make", subject=given.name))


def _put(given: Categories) -> None:
    resources.store().put_categories(given)
    choose_next_of("map_chosen", given.name)


def _stores_using(name: str) -> list[str]:
    return [store for store in resources.stores()["store"] if resources.ask("store", str(store))["categories"] == name]


# ---- a store's map


def _use(maps: dict[str, Categories]) -> None:
    st.subheader("Used by a store", anchor=False)
    store = choose_store()
    if store is None:
        return
    used = resources.ask("store", store)["categories"] or STANDARD
    names = list(maps) if used in maps else [*maps, used]
    chosen = choose("Map of this store", {name: _titled(maps, name) for name in names}, f"map_of_{store}", used)
    _classes(maps.get(chosen) or standard())
    if st.button("Use this map", key=f"map_use_{store}", disabled=chosen == used):
        noted = Noted("categories.use", store, chosen)
        said = f"{store} uses the map {chosen} for new visits. Recompute its old ones below."
        change(lambda: resources.store().use_categories(store, None if chosen == STANDARD else chosen), said, noted)
    _recompute(store, maps.get(used) or standard())


def _classes(categories: Categories) -> None:
    by_class: dict[str, list[str]] = {}
    for expression, label, valence in zip(EXPRESSIONS, categories.classes, categories.valence, strict=True):
        by_class.setdefault(label, []).append(f"{expression} {number(valence, 'g')}")
    lines = [f"**{escape(label)}**: {escape(', '.join(members))}" for label, members in by_class.items()]
    st.caption(" · ".join(lines))


def _recompute(store: str, used: Categories) -> None:
    old, fixed = behind(store, used)
    if old:
        said = f"{counted(old, 'visit')} of {store} still have the numbers of another map or version."
        st.info(escape(said), icon=":material/update:")
    else:
        st.caption("All visits of this store that can follow have this map’s numbers.")
    if fixed:
        st.caption(f"{counted(fixed, 'visit')} can’t follow: their expressions over time are no longer kept.")
    st.button(
        "Recompute the store’s old visits",
        key=f"recompute_{store}",
        icon=":material/calculate:",
        on_click=_submit,
        args=(store,),
        help="A background job: it goes on when this page is left. Visits whose expressions over time are gone stay.",
    )
    progress("recompute", store, recomputed)


def recomputed(result: dict[str, Any]) -> str:
    """What the job brought, in a sentence."""
    return f"Done: {counted(int(result.get('visits', 0)), 'visit')} recomputed."


def _submit(store: str) -> None:
    try:
        services = resources.services()
        if any(job.active and job.kind == "recompute" and job.store == store for job in services.jobs.list()):
            return  # a second click
        services.jobs.submit("recompute", store, f"Recompute the visits of {store}", {"store": store})
        note("recompute", store=store)
    except MoodgateError as error:
        st.error(sentence(error))
