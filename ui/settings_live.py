"""The live demo's ICE servers: how a browser far from this server finds its way to it."""

import re
from typing import Any, TypeAlias

import streamlit as st

from ui import resources
from ui.audit import Noted
from ui.plain import escape
from ui.settings_common import change

IceServer: TypeAlias = dict[str, Any]
"""As browsers take it: urls, a list; username and credential, where it is a TURN server."""
KEY = "ice_servers"
_NOTED = Noted("setting.change", subject=KEY)
_ADDRESS = re.compile(r"(stuns?|turns?):(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?(\?transport=(udp|tcp))?")


def show() -> None:
    """Draw the tab."""
    st.caption(
        "The live demo sends pictures straight from the browser to this server. On the same machine or network nothing "
        "is needed here. Elsewhere name a STUN server, and behind strict firewalls a TURN server."
    )
    servers: list[IceServer] = resources.ask("setting", KEY, None) or []
    if not servers:
        st.info("No ICE server: the live demo works on this machine and its network.", icon=":material/lan:")
    for place, server in enumerate(servers):
        _server(servers, place, server)
    _new(servers)


def _server(servers: list[IceServer], place: int, server: IceServer) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        login = f" · user {server['username']}, credential kept" if server.get("username") else ""
        st.markdown(escape(", ".join(server["urls"]) + login), width="stretch")
        if st.button("Remove", key=f"ice_remove_{place}"):
            rest = servers[:place] + servers[place + 1 :]
            change(lambda: resources.store().put_setting(KEY, rest), "The server is removed.", _NOTED)


def _new(servers: list[IceServer]) -> None:
    with st.form("ice_new", clear_on_submit=False):
        st.markdown("**Add a server**")
        urls = st.text_area("Addresses, one a line", key="ice_urls", placeholder="stun:stun.example.org:3478", height=80)
        username = st.text_input("User name", key="ice_username", help="TURN servers only.", autocomplete="off")
        credential = st.text_input("Credential", key="ice_credential", type="password", autocomplete="new-password")
        sent = st.form_submit_button("Add the server", key="ice_save", type="primary")
    if not sent:
        return
    try:
        server = ice_server(urls, username, credential)
    except ValueError as error:
        st.error(escape(str(error)))
        return
    change(lambda: resources.store().put_setting(KEY, [*servers, server]), "The server is added.", _NOTED)


def ice_server(urls: str, username: str, credential: str) -> IceServer:
    """A server from what was typed; ValueError, one sentence, for what can't be one."""
    addresses = urls.split()
    if not addresses:
        raise ValueError("Give at least one address, such as stun:stun.example.org:3478.")
    for address in addresses:
        if not _ADDRESS.fullmatch(address):
            raise ValueError(f"“{address}” is no address of a STUN or TURN server, such as stun:stun.example.org:3478.")
    turns = any(address.startswith("turn") for address in addresses)
    if turns and not (username.strip() and credential):
        raise ValueError("A TURN server needs a user name and a credential.")
    login = {"username": username.strip(), "credential": credential} if turns else {}
    return {"urls": addresses, **login}
