"""One's own account: what it may do, its password, where it is signed in; and the tokens of its stores' programs."""

import streamlit as st

from fer_core.errors import MoodgateError
from server.accounts import Account
from server.rights import ACTIONS
from ui import account, account_tokens
from ui.account_forms import form
from ui.notices import leave, sentence, tell
from ui.plain import counted, day_and_time, escape

_WIDTH = 760


def show() -> None:
    """Draw the page."""
    tell()
    own = account.current()
    st.title("Your account", anchor=False)
    with st.container(width=_WIDTH):
        if own.must_change:
            st.warning("Choose a password of your own first. The one you came in with was told to you by somebody.")
            _password(own)
            return
        _about(own)
        _password(own)
        _sessions(own)
        if own.may("tokens"):
            account_tokens.show(own)


def _about(own: Account) -> None:
    stores = "all stores" if own.stores is None else ", ".join(own.stores) or "no store yet"
    st.markdown(f"**{escape(own.name)}** · {escape(own.role)} · {escape(stores)}")
    allowed = [words for action, words in ACTIONS.items() if own.may(action)]
    st.caption("You may " + (escape("; ".join(allowed)) if len(allowed) < len(ACTIONS) else "do everything") + ".")
    form("logout", "Sign out", first=False)


def _password(own: Account) -> None:
    if own.role == "demo":
        return
    st.subheader("Password", anchor=False)
    with st.form("own_password", border=False):
        old = st.text_input("Old password", type="password", autocomplete="current-password", key="password_old")
        new = st.text_input("New password", type="password", autocomplete="new-password", key="password_new")
        again = st.text_input("New password again", type="password", autocomplete="new-password", key="password_again")
        if not st.form_submit_button("Change the password"):
            return
    if new != again:
        st.error("The two new passwords are not the same.")
        return
    try:
        account.accounts().change_password(own, old, new)
    except MoodgateError as error:
        st.error(sentence(error))
        return
    leave("The password is changed. All other sessions of yours are ended.")
    st.rerun()


def _sessions(own: Account) -> None:
    st.subheader("Signed in", anchor=False)
    found = account.accounts().sessions(own)
    zone = st.context.timezone or "UTC"
    rows = [
        {
            "Browser": one.agent or "unknown",
            "Since": day_and_time(one.created_at, zone),
            "Last used": day_and_time(one.seen_at, zone),
            "": "this one" if one.digest == own.session else "",
        }
        for one in found
    ]
    st.dataframe(rows, hide_index=True, key="own_sessions", alt=f"You are signed in at {counted(len(found), 'place')}")
    with st.container(horizontal=True):
        if st.button("End all others", key="end_others", disabled=len(found) < 2):
            account.accounts().end_everywhere(own, but_here=True)
            leave("All other sessions are ended.")
            st.rerun()
        if st.button("Sign out everywhere", key="end_all"):
            account.accounts().end_everywhere(own)
            st.rerun()
