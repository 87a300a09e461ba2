"""Whose staff the live page leaves out: those of a store with a staff gallery."""

from dataclasses import dataclass

import streamlit as st

import server.services
from fer_core.embed import Embedder
from fer_core.errors import MoodgateError
from fer_core.gate import Gate
from server.live_staff import staff_gate, staffed
from ui import resources
from ui.notices import sentence
from ui.people_common import embedders
from ui.plain import escape


@dataclass(frozen=True)
class Guard:
    """What the live engine is given to tell staff by; nothing where there is no gallery."""

    gate: Gate | None = None
    embedder: Embedder | None = None


def guard() -> Guard | None:
    """The chosen store's, with a sentence that says so; None, and a sentence, where its staff can't be recognised."""
    # templates are no page's to read: the gate asks the store itself, for a store that this account may see
    store = server.services.services().store
    name = _chosen(staffed(store, [str(one) for one in resources.stores()["store"]]))
    if not name:
        return Guard()
    try:
        embedder = embedders()[0]
        gate = staff_gate(store, name, embedder.name)
    except MoodgateError as error:
        st.error(sentence(error))
        return None
    st.caption(
        f"Staff of {escape(name)} are left out: a face is first compared with their face codes, and only who is not staff is "
        "read. What was compared is dropped at once."
    )
    return Guard(gate, embedder)


def _chosen(names: list[str]) -> str:
    """The only store, or the one that is chosen of several; "" for none."""
    if len(names) < 2:
        return names[0] if names else ""
    if st.session_state.get("live_store") not in names:
        st.session_state.pop("live_store", None)
    chosen: str | None = st.selectbox(
        "Store", names, index=None, placeholder="No store", key="live_store",
        help="Where the camera stands: that store’s staff are left out.",
    )  # fmt: skip
    return chosen or ""
