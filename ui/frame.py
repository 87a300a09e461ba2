"""The frame around every page: page config, navigation, the shared filters, and what is said when nothing works."""

from pathlib import Path

import streamlit as st

from fer_core.errors import MoodgateError
from ui import filters, resources
from ui.places import PLACES, Place
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
    page = st.navigation([st.Page(place.path, title=place.title, icon=place.icon) for place in PLACES])
    try:
        resources.services()
    except MoodgateError as error:
        _out_of_order(error)
        return
    if _around(next(place for place in PLACES if place.title == page.title)):
        page.run()


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
