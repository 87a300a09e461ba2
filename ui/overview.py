"""The page Overview: the chosen period and today at a glance, a trend, what needs attention."""

from dataclasses import replace
from datetime import datetime

import pandas as pd
import streamlit as st

from fer_core import queries
from fer_core.queries import Filter
from ui import account, captions, charts, filters, resources
from ui.empty import nothing_here
from ui.figure import figure
from ui.glance import Card, cards
from ui.places import TRENDS
from ui.plain import counted, escape
from ui.trends import natural_grain
from ui.versus import period_words, with_days

_ICONS = {"job": ":material/error:", "camera": ":material/videocam_off:", "match": ":material/person_search:"}
_FIRST_FEW = 5


def show() -> None:
    """Draw the page."""
    st.title("Overview", anchor=False)
    chosen = filters.current()
    summary = resources.summary(chosen)
    if not summary.n:
        nothing_here(chosen)
        _attention(chosen)
        return
    _today(chosen)
    before = queries.before(chosen)
    span = with_days(chosen)
    st.subheader(period_words(span) if span else "All visits", anchor=False)
    _cards(cards(summary, resources.summary(before) if before else None), f"against {period_words(before)}" if before else "")
    left, right = st.columns([2, 1])
    with left:
        _trend(chosen, summary.n)
    with right:
        _attention(chosen)


def _today(chosen: Filter) -> None:
    """Today so far, against yesterday up to the same hour; only where the period holds more than today."""
    day = filters.today()
    inside = (chosen.first is None or chosen.first < day) and (chosen.last is None or chosen.last >= day)
    now = replace(chosen, first=day, last=day)
    if not inside or not resources.summary(now).n:
        return
    hours = (0, datetime.now().hour + 1) if chosen.hours == (0, 24) else chosen.hours
    yesterday = queries.before(replace(now, hours=hours))
    st.subheader("Today so far", anchor=False)
    shown = cards(resources.summary(now), resources.summary(yesterday) if yesterday else None)
    _cards(
        [
            card
            for card in shown
            if card.label in ("Visits", "Estimated change") or "ositive" in card.label or "egative" in card.label
        ],
        "against yesterday by this time",
    )


def _cards(shown: list[Card], against: str) -> None:
    for start in range(0, len(shown), 4):
        row = st.container(horizontal=True)
        for card in shown[start : start + 4]:
            with row.container(border=True, width="stretch", height="stretch", gap="xxsmall"):
                st.metric(
                    card.label,
                    card.value,
                    card.delta or None,
                    delta_color=card.tone,
                    delta_arrow=card.arrow,
                    help=card.help or None,
                )
                st.caption(card.below or " ")
    if against and any(card.delta for card in shown):
        st.caption(f"Differences {against}. Blue is better, orange worse; what has no arrow could be chance.")


def _trend(chosen: Filter, visits: int) -> None:
    grain = natural_grain(chosen, visits)
    frame = resources.trend(chosen, grain)
    chart, words = charts.change_over_time(frame, grain, selectable=False), captions.over_time(frame, grain)
    figure(f"Estimated change by {grain}", chart, words, frame, f"estimated-change-by-{grain}")
    account.link(TRENDS, "All trends")


def _attention(chosen: Filter) -> None:
    frame = resources.attention(chosen)
    with st.container(border=True, key="attention"):
        st.subheader("What needs attention", anchor=False)
        if frame.empty:
            st.caption("Nothing: no job has failed, and every camera sees usable faces.")
        _rows(frame.head(_FIRST_FEW))
        if len(frame) > _FIRST_FEW:
            with st.expander(f"{counted(len(frame) - _FIRST_FEW, 'more point')}"):
                _rows(frame.iloc[_FIRST_FEW:])


def _rows(frame: pd.DataFrame) -> None:
    for row in frame.itertuples():
        place = " · ".join(escape(str(name)) for name in (row.store, row.what) if name)
        st.markdown(f"{_ICONS.get(row.kind, ':material/movie:')} **{place}**  \n{escape(str(row.sentence))}")
