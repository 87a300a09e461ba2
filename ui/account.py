"""Who looks at this page: by the cookie that came with its connection, looked up anew whenever it is asked."""

from collections.abc import Mapping

import streamlit as st

import server.services
from fer_core.errors import ForbiddenError
from server.accounts import COOKIE, LOCAL, Account, Accounts, is_local
from server.guard import Who
from server.rights import PAGES
from ui.places import Place

_HERE = "127.0.0.1"


def accounts() -> Accounts:
    """The accounts of the open database. Raises what `server.services` raises."""
    return server.services.services().accounts


def asker() -> Who:
    """Says who looks at this page, also later and from another thread."""
    token, local = cookie(), from_here()

    def who() -> Account | None:
        known = accounts()
        if not known.exist():
            return LOCAL if local else None
        return known.account(token)

    return who


def who() -> Account | None:
    """Who looks at this page; None for nobody."""
    return asker()()


def current() -> Account:
    """Who looks at this page: before there are accounts the local administrator. ForbiddenError for nobody."""
    account = who()
    if account is None:
        raise ForbiddenError("nobody is signed in here any more; load the page again")
    return account


def may(action: str) -> bool:
    """Whether who looks at this page may do that, a key of `rights.ACTIONS`: to leave out what would be refused."""
    account = who()
    return account is not None and account.may(action)


def may_open(account: Account, place: Place) -> bool:
    """Whether the page is one of the account's: before there are accounts, nobody has one of their own."""
    if place.file == "account.py" and not account.id:
        return False
    return account.may(PAGES.get(place.file, ""))


def cookie() -> str:
    """The session's token, as the page's connection brought it; "" for none."""
    return st.context.cookies.get(COOKIE, "")


def link(place: Place, label: str = "") -> None:
    """A link to a page, for whom it is one of theirs: to any other Streamlit knows no page."""
    account = who()
    if account and may_open(account, place):
        st.page_link(place.path, label=label or place.title, icon=place.icon)


def from_here() -> bool:
    """Whether the page is looked at on this machine, and through no proxy."""
    headers = headers_of_page()
    return not headers or is_local(st.context.ip_address or _HERE, headers)


def headers_of_page() -> Mapping[str, str]:
    """The headers of the page's connection, with small letters; none in a test."""
    return {name.lower(): value for name, value in st.context.headers.to_dict().items()}
