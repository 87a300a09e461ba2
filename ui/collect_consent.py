"""The leave to keep pictures of faces: asked for in plain words, shown, changed, withdrawn."""

from datetime import timedelta

import streamlit as st

from fer_core.collect import Consent
from fer_core.errors import InputError
from server import collecting
from server.services import Services
from ui.audit import Noted
from ui.collect_common import change
from ui.notices import sentence
from ui.plain import counted, escape

_USUAL = timedelta(days=90)
_LONGEST = timedelta(days=3 * 365)
_WORDS = """
Moodgate keeps no picture of a face unless somebody allows it. To label faces, they have to be kept for a while:

- **What**: small grey pictures (48 × 48 pixels) of people in your films, the moment in the film, and the labels. No names, no
  face codes.
- **Where**: on this machine only, in the folder of Moodgate’s data.
- **How long**: until the day you choose. Then they are deleted by themselves, and earlier if you wish.
- **Whose decision**: the people in the films must know of it, and where the law asks for their consent, have given it.
"""


def draw(services: Services, store: str) -> bool:
    """The state of a store's leave, or the form that asks for it; whether there is one today."""
    try:
        collecting.refuse_sums_only(services.store, store)
    except InputError as error:
        st.info(sentence(error), icon=":material/functions:")
        return False
    try:
        consent = collecting.consent_of(services.store, store)
    except InputError as error:
        st.info(sentence(error), icon=":material/lock:")
        _ask(services, store, None)
        return False
    end = f"until **{consent.until.day} {consent.until:%B %Y}**" if consent.until else "without an end"
    st.success(f"**{escape(consent.by)}** allows pictures of faces for {escape(store)} {end}.", icon=":material/lock_open:")
    with st.expander("Change or withdraw it", icon=":material/edit:"):
        _ask(services, store, consent)
        _withdraw(services, store)
    return True


def _ask(services: Services, store: str, known: Consent | None) -> None:
    today = collecting.today()
    st.markdown(_WORDS)
    with st.form(f"consent_{store}", border=False):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            by = st.text_input("Who allows it", known.by if known else "", key=f"consent_by_{store}", max_chars=100, width=320)
            until = st.date_input(
                "Keep the pictures until", (known.until if known else None) or today + _USUAL, today, today + _LONGEST,
                key=f"consent_until_{store}", format="DD/MM/YYYY", width=200,
            )  # fmt: skip
        sure = st.checkbox(
            f"I may decide this for {escape(store)}, and the people in its films are told.", key=f"consent_sure_{store}"
        )
        sent = st.form_submit_button("Save" if known else "Allow it", type="primary")
    if not sent:
        return
    if not sure:
        st.error("Tick the box first: nothing is kept without it.", icon=":material/error:")
        return
    try:
        consent = Consent(by, known.on if known else today, until)
    except InputError as error:
        st.error(sentence(error), icon=":material/error:")
        return
    noted = Noted("consent.allow", store, detail={"until": str(until)})
    change(lambda: collecting.allow(services.store, services.folder, store, consent), "The consent is saved.", noted)


def _withdraw(services: Services, store: str) -> None:
    st.divider()
    st.markdown("Withdrawn, no face is cut any more, and **all collections of this store are deleted**.")
    sure = st.checkbox("Yes, delete them", key=f"withdraw_sure_{store}")
    if not st.button("Withdraw the consent", key=f"withdraw_{store}", icon=":material/lock:"):
        return
    if not sure:
        st.error("Tick the box first: the faces and labels will be gone.", icon=":material/error:")
        return
    change(
        lambda: _withdrawn(services, store),
        "The consent is withdrawn, and the store’s collections are deleted.",
        Noted("consent.withdraw", store),
    )


def _withdrawn(services: Services, store: str) -> str:
    return counted(collecting.withdraw(services.store, services.folder, store), "collection")
