"""What stands where there is nothing to draw: why, and what to do about it."""

from datetime import date

import streamlit as st

from fer_core.queries import Filter
from server.handlers import SAMPLE_SHOP
from server.jobs import Job
from ui import account, filters, resources
from ui.places import ANALYSE, TRENDS
from ui.plain import counted, escape

_EVERY = "2s"


def nothing_here(chosen: Filter) -> None:
    """Say why there is no visit: because none fits the filters, or because there is none yet."""
    if resources.ask("count", Filter(voided=True)):
        _none_fits(chosen)
    else:
        _none_yet()


def _none_fits(chosen: Filter) -> None:
    span = resources.span(chosen.stores)
    reach = f" There are visits from {_day(span[0])} to {_day(span[1])}." if span else ""
    st.info(f"No visit fits the filters.{reach}", icon=":material/filter_alt_off:")
    with st.container(horizontal=True):
        if chosen.first or chosen.last:
            st.button("Show the whole time", key="show_all", type="primary", on_click=filters.choose, kwargs={"period": "all"})
        if filters.changed():
            st.button("Reset the filters", key="reset_here", on_click=filters.reset)


def _none_yet() -> None:
    busy = [job for job in resources.services().jobs.list() if job.active]
    if busy:
        st.fragment(_waiting, run_every=_EVERY)(resources.store().version())
        return
    if resources.ask("sums_kept", filters.current()):
        st.info("There are no visits here: a store keeps sums. They stand on the page Trends.", icon=":material/bar_chart:")
        account.link(TRENDS)
        return
    if not account.may("footage"):
        st.info("There are no visits here yet.", icon=":material/movie:")
        return
    st.markdown("There are no visits yet. There are two ways to begin:")
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.subheader("Analyse footage", anchor=False)
        st.write("Choose the films of your entrance and your exit. Moodgate finds the visits in them.")
        st.page_link(ANALYSE.path, label=ANALYSE.title, icon=ANALYSE.icon)
    with right.container(border=True, height="stretch"):
        st.subheader("Try the sample day", anchor=False)
        st.write("Two drawn films of a shop without any real person, analysed like any other: about a minute.")
        may = account.may("stores")
        st.button("Run the sample day", key="run_sample", icon=":material/science:", on_click=_run_sample, disabled=not may)


def _run_sample() -> None:
    resources.services().jobs.submit("sample", SAMPLE_SHOP, "The sample day", {})


def _waiting(version: int) -> None:
    """The work that is under way; the page is drawn anew when it has brought something, or ends."""
    active: list[Job] = [job for job in resources.services().jobs.list() if job.active]
    if resources.store().version() != version or not active:
        st.rerun()
    st.info(
        f"The first visits are on their way: {counted(len(active), 'job')} to do. This page follows.",
        icon=":material/hourglass_top:",
    )
    for job in active[:3]:
        st.progress(min(max(job.share or 0.0, 0.0), 1.0), text=escape(job.title))


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
