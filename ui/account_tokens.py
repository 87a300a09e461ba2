"""Tokens for programs: made, shown once, listed, revoked."""

import streamlit as st

from fer_core.errors import MoodgateError
from server import tokens
from server.accounts import Account
from server.rights import PURPOSES
from ui import account, resources
from ui.notices import leave, sentence
from ui.plain import day_and_time, escape

_FRESH = "_fresh_token"


def show(own: Account) -> None:
    """Draw the tokens of the account's stores."""
    st.subheader("Tokens for programs", anchor=False)
    st.caption("A camera or a script shows a token in place of a password. It is good for one store and one purpose.")
    _fresh()
    _make(own)
    _list(own)


def _fresh() -> None:
    secret = st.session_state.pop(_FRESH, None)
    if secret:
        st.success("This is the token. It is shown this once; keep it where the program finds it.", icon=":material/key:")
        st.code(secret, language=None)


def _make(own: Account) -> None:
    names = [str(name) for name in resources.stores()["store"]]
    if not names:
        return
    with st.form("new_token", border=False):
        columns = st.columns(3)
        store = columns[0].selectbox("Store", names, key="token_store")
        purpose = columns[1].selectbox(
            "What for", list(PURPOSES), format_func=lambda key: PURPOSES[key][0], key="token_purpose"
        )
        name = columns[2].text_input("Name", key="token_name", max_chars=100, placeholder="Camera at the door")
        if not st.form_submit_button("Make a token"):
            return
    try:
        st.session_state[_FRESH] = tokens.make(account.accounts(), own, store, purpose, name)
    except MoodgateError as error:
        st.error(sentence(error))
        return
    st.rerun()


def _list(own: Account) -> None:
    zone = st.context.timezone or "UTC"
    for store, one in tokens.of_stores(account.accounts(), own):
        if one.revoked_at:
            continue
        used = f"last used {day_and_time(one.used_at, zone)}" if one.used_at else "never used"
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{escape(one.name)}** · {escape(store)} · {escape(PURPOSES[one.purpose][0])} · {escape(used)}")
            if st.button("Revoke", key=f"revoke-{one.id}"):
                tokens.revoke(account.accounts(), own, one.id)
                leave("The token is revoked.")
                st.rerun()
