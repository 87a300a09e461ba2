"""The login: name and password, an OpenID provider where one is configured, and the demo account on this machine."""

import streamlit as st

from server.account_routes import demo_offered
from ui import account
from ui.account_forms import Field, form, problem
from ui.plain import escape

_WIDTH = 420
_HERE = "127.0.0.1"


def show() -> None:
    """Draw the page for somebody who isn't signed in."""
    with st.container(width=_WIDTH):
        if not account.accounts().exist():
            _not_yet()
            return
        st.title("Sign in", anchor=False)
        problem()
        fields = [Field("account", "Name"), Field("password", "Password", "password", "current-password")]
        form("login", "Sign in", fields)
        _openid()
        _demo()
        st.caption("Forgotten the password? An administrator can set a new one.")


def _not_yet() -> None:
    st.title("Not set up yet", anchor=False)
    st.info(
        "There are no accounts here yet. Open this page on the machine itself, at localhost, and make the first one on "
        "the page Accounts.",
        icon=":material/lock:",
    )


def _openid() -> None:
    if not configured():
        return
    if not st.user.is_logged_in:
        st.button("Sign in with your organisation", key="openid", icon=":material/login:", on_click=st.login)
        return
    if st.query_params.get("out"):  # signed out here, so there as well
        st.logout()
        return
    found = account.accounts().ticket(st.user.to_dict())
    if found is None:
        st.error("You are signed in there, but no account here belongs to you. An administrator can make one.")
        st.button("Sign out there", key="openid_out", on_click=st.logout)
        return
    ticket, name = found
    form("enter", f"Go on as {name}", hidden={"ticket": ticket})


def configured() -> bool:
    """Whether .streamlit/secrets.toml names an OpenID provider."""
    try:
        return "auth" in st.secrets
    except FileNotFoundError:
        return False


def _demo() -> None:
    offered = demo_offered(
        st.get_option("server.address"), st.context.ip_address or _HERE, account.headers_of_page()
    )  # fmt: skip
    if offered and account.accounts().demo_open():
        st.divider()
        form("demo", "Look at the sample shop", first=False)
        st.caption(escape("Without a password; only on this machine, and nothing but the sample stores and the live demo."))
