"""The page People: staff, who are never scored, and guests who agreed; enrolled with consent, deleted at once."""

from typing import Any

import pandas as pd
import streamlit as st

from fer_core.errors import MoodgateError
from fer_core.privacy import GUESTS_GO, computes_templates
from fer_core.store.receipts import Receipt
from ui import account, audit, people_enrol, resources
from ui.notices import sentence, tell
from ui.people_common import KINDS, Chosen, embedder_in_use
from ui.places import SETTINGS
from ui.plain import counted, day_and_time, escape
from ui.settings_common import choose_store

_WIDTH = 900
_RECEIPT = "people_receipt"
"""The store and the sentence of the last deletion: it stands there until the next one, to be written down."""
_ABOUT = (
    "Staff are recognised before anything else is read from their faces: no expression of theirs is ever estimated. Everybody "
    "agrees first, and may take that back at any time. No picture is kept, only a face code made of several."
)


def show() -> None:
    """Draw the page."""
    tell()
    st.title("People", anchor=False)
    with st.container(width=_WIDTH):
        st.caption(_ABOUT)
        if resources.stores().empty:
            st.info("There is no store yet. Make the first one on the page Settings.", icon=":material/storefront:")
            account.link(SETTINGS)
            return
        name = choose_store()
        if name is not None:
            _of(name)


def _of(name: str) -> None:
    audit.note_once("people.view", store=name)
    chosen = Chosen(name, resources.store().privacy_mode_of(name), resources.ask("store", name)["time_zone"])
    _mode(chosen)
    store, receipt = st.session_state.get(_RECEIPT, ("", ""))
    if store == name:
        st.success(escape(receipt), icon=":material/receipt_long:")
    known = resources.ask("people", name)
    agreed = [one for one in known if one["revoked_at"] is None]
    _list(chosen, agreed, [one for one in known if one["revoked_at"] is not None])
    if agreed:
        _ending(chosen, agreed)
    if computes_templates(chosen.mode):
        people_enrol.show(chosen, agreed)


def _mode(chosen: Chosen) -> None:
    if not computes_templates(chosen.mode):
        st.info(
            "This store keeps sums only: no face code is made, so nobody can be recognised or enrolled. Staff are left out by "
            "masked areas and opening hours.", icon=":material/functions:",
        )  # fmt: skip
    elif chosen.mode in GUESTS_GO:
        st.caption(
            "Guests can be enrolled where the store’s privacy mode keeps visits of people who agreed, and of nobody else."
        )


# ---- the list -------------------------------------------------------------------------------------------------------


def _list(chosen: Chosen, agreed: list[dict[str, Any]], revoked: list[dict[str, Any]]) -> None:
    if not agreed:
        st.info("Nobody is enrolled in this store.", icon=":material/badge:")
    else:
        read_by = resources.store().embedders_of(chosen.name)
        today = embedder_in_use() if computes_templates(chosen.mode) else ""
        rows = [_row(chosen, one, read_by.get(one["person_id"], ()), today) for one in agreed]
        st.dataframe(pd.DataFrame(rows), hide_index=True, key="people_list", alt="The people enrolled in this store")
        again = sum(bool(today) and today not in read_by.get(one["person_id"], ()) for one in agreed)
        if again:
            st.warning(
                f"{counted(again, 'person', 'people')} can’t be recognised any more, for the pictures were read by another "
                f"embedder than today’s ({escape(today)}): enrol them again below.", icon=":material/sync_problem:",
            )  # fmt: skip
    if revoked:
        last = max(one["revoked_at"] for one in revoked)
        many = counted(len(revoked), "person", "people")
        st.caption(
            f"{many} took the consent back, last on {day_and_time(last, chosen.zone)}. Their names and face codes are gone."
        )


def _row(chosen: Chosen, one: dict[str, Any], read_by: tuple[str, ...], today: str) -> dict[str, str]:
    state = "No face code" if not read_by else "Enrol again" if today and today not in read_by else "Ready"
    return {
        "Name": one["name"],
        "As": KINDS[one["kind"]],
        "Agreed on": day_and_time(one["consented_at"], chosen.zone).rsplit(",", 1)[0],
        "Recorded by": one["recorded_by"],
        "Recognised": state,
    }


# ---- the end --------------------------------------------------------------------------------------------------------


def _ending(chosen: Chosen, agreed: list[dict[str, Any]]) -> None:
    with st.expander("Take a consent back", icon=":material/person_remove:"):
        st.caption(
            "The face code is deleted at once, with the name. What stays is that somebody took the consent back, and when."
        )
        names = {one["person_id"]: f"{one['name']} ({KINDS[one['kind']].lower()})" for one in agreed}
        person = st.selectbox("Person", list(names), format_func=lambda key: names.get(key, key), key="people_person")
        everything = st.checkbox("Delete the record of the consent as well", key="people_everything")
        sure = st.checkbox("Yes, delete the face code", key="people_sure")
        if st.button("Delete", key="people_delete", icon=":material/delete:") and person:
            if sure:
                _end(chosen, person, everything=everything)
            else:
                st.error("Tick the box first: a deleted face code can’t be had back.")


def _end(chosen: Chosen, person: str, *, everything: bool) -> None:
    opened = resources.store()
    try:
        made = (opened.delete_person if everything else opened.revoke_person)(chosen.name, person, actor=audit.actor())
    except MoodgateError as error:
        st.error(sentence(error))
        return
    for key in ("people_sure", "people_everything"):
        st.session_state.pop(key, None)
    st.session_state[_RECEIPT] = chosen.name, receipt_sentence(made)
    st.rerun()


def receipt_sentence(receipt: Receipt) -> str:
    """What a person is told whose face code was deleted."""
    n = receipt.gone.get("templates", 0)
    which = "it" if n == 1 else "them"
    left = (
        f"no byte of {which} is left in the database" if receipt.rewritten else f"the bytes of {which} go with the next purge"
    )
    return f"{counted(n, 'face code')} deleted, and {left}. Receipt {receipt.key}, {receipt.at[:10]}."
