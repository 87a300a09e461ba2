"""The frame around every page: page config, navigation, the shared filters, and what is said when nothing works."""

from pathlib import Path
from typing import Literal

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from fer_core.errors import MoodgateError
from server.accounts import Account
from ui import account, account_login, account_page, alerts_banner, filters, resources
from ui.places import ACCOUNT, ALERTS, PLACES, Place
from ui.plain import escape

LOGO, ICON = (Path(__file__).with_name(name) for name in ("logo.svg", "icon.svg"))
ABOUT = (
    "**Moodgate** tells a shop how visits went: the apparent expression at the exit held against the same person’s own at "
    "the entrance. It is an estimate made from pictures and says nothing about what somebody feels."
)


def run() -> None:
    """Draw the frame and, in it, the chosen page."""
    st.set_page_config(page_title="Moodgate", page_icon=str(ICON), layout="wide", menu_items={"About": ABOUT})
    st.logo(LOGO, size="large")
    try:
        own, problem = account.who(), None
    except MoodgateError as error:
        own, problem = None, error
    pages, position = _pages(own)
    page = st.navigation(pages, position=position)
    if problem:
        _out_of_order(problem)
    elif own is None:
        account_login.show()
    elif own.must_change:
        account_page.show()
    else:
        _draw(page, own)


def _draw(page: StreamlitPage, own: Account) -> None:
    """The page with what stands above it."""
    place = next(place for place in PLACES if place.title == page.title)
    if own.may("sums") and place != ALERTS:
        alerts_banner.show()
    if _around(place):
        page.run()


def _pages(own: Account | None) -> tuple[list[StreamlitPage], Literal["sidebar", "hidden"]]:
    """The pages in the navigation. Who isn't signed in has them all, unseen: so no address is wrong, and none is drawn."""
    closed = own is None or own.must_change
    places = [place for place in PLACES if own is None or own.must_change or account.may_open(own, place)]
    pages = [st.Page(place.path, title=place.title, icon=place.icon) for place in places or [ACCOUNT]]
    return pages, "hidden" if closed else "sidebar"


def _around(place: Place) -> bool:
    """The filters and the badge where they belong; False where the page can't be drawn with what was chosen."""
    if not place.filtered:
        return True
    problem = filters.draw(place.file)
    if problem:
        st.title(place.title, anchor=False)
        st.error(problem)
        return False
    if resources.is_sample(filters.current()):
        _sample_badge()
    return True


def _sample_badge() -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge("Sample data", icon=":material/science:", color="orange")
        st.caption("Made-up visits of drawn people are among these. They can be removed on the page Settings.")


def _out_of_order(error: MoodgateError) -> None:
    st.title("The database can’t be opened")
    st.error(escape(str(error)))
    st.write("Nothing was changed. Mend this, then try again.")
    st.button("Try again", key="try_again", type="primary")
