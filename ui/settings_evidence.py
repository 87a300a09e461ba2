"""Evidence pictures of a store: off, unless somebody asks for them."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from ui import resources
from ui.audit import Noted
from ui.settings_common import change

WORDS = (
    "Off, no picture of a visitor is kept. On, Moodgate keeps two pictures of each visit that is analysed from now on, one of "
    "the entrance and one of the exit, to check whether they show the same person. The picture is made of coarse blocks "
    "before it is written, at most 12 × 12 over the face, and it is deleted after 24 hours, or sooner with its visit. Managers "
    "of the store and administrators see them on the visit’s page; they are in no export."
)
DOUBT = (
    "Blocks hide a face from people, not from every program: such a picture is still one of a person. The notice must say so, "
    "and the purpose must need it."
)


def show(name: str, known: Mapping[str, Any]) -> None:
    """Draw the switch."""
    on = bool(known["evidence"])
    with st.expander(f"Evidence pictures: {'on' if on else 'off'}", icon=":material/blur_on:"):
        st.markdown(WORDS)
        st.warning(DOUBT, icon=":material/gpp_maybe:")
        wanted = st.toggle("Keep pixelated pictures for 24 hours", on, key=f"evidence_{name}")
        if on and not wanted:
            st.caption("Those that there are go at once.")
        if st.button("Save", key=f"evidence_save_{name}", disabled=wanted == on):
            done = "Pictures are kept for 24 hours from now on." if wanted else "No picture is kept; those that were are gone."
            noted = Noted("store.change", name, detail={"evidence": wanted})
            change(lambda: resources.store().put_store(name, evidence=wanted), done, noted)
