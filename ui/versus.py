"""One period held against another."""

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import streamlit as st

from fer_core import queries
from fer_core.queries import Filter, Grain
from ui import captions, charts, resources
from ui.address import FIRST_DAY, LAST_DAY
from ui.figure import figure

JUST_BEFORE, YEAR, OTHER = "the period just before", "52 weeks earlier", "another period"
_WAYS = (JUST_BEFORE, YEAR, OTHER)


def versus(chosen: Filter, grain: Grain) -> None:
    """The filter's period against another one of the same length."""
    now = with_days(chosen)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        way = st.selectbox("Hold the period against", _WAYS, key="versus", width=240, disabled=now is None)
        start = _start(way)
    if now is None:
        return
    then = earlier(now, way, start)
    if then is None:
        st.info("Choose the first day of the other period.", icon=":material/event:")
        return
    _draw(now, then, grain)


def with_days(filter: Filter) -> Filter | None:
    """The filter with both its days, taken from the visits themselves where it has none; None without a dated visit."""
    span = resources.span(filter.stores)
    if span is None:
        return None
    return replace(filter, first=filter.first or span[0], last=filter.last or span[1])


def ends(filter: Filter) -> tuple[date, date]:
    """Its first and last day; ValueError where one is open."""
    if filter.first is None or filter.last is None:
        raise ValueError("a period with both its days is needed")
    return filter.first, filter.last


def earlier(now: Filter, way: str, start: date | None) -> Filter | None:
    """The other period: as long as the first, its weekdays under the same weekdays where that can be."""
    if way == JUST_BEFORE:
        return queries.before(now)
    first, last = ends(now)
    if way == YEAR:
        return replace(now, first=first - timedelta(weeks=52), last=last - timedelta(weeks=52))
    return replace(now, first=start, last=start + (last - first)) if start else None


def _start(way: str) -> date | None:
    if way != OTHER:
        return None
    return st.date_input(
        "which begins on", None, key="versus_from", min_value=FIRST_DAY, max_value=LAST_DAY, format="DD/MM/YYYY", width=160
    )


def _draw(now: Filter, then: Filter, grain: Grain) -> None:
    names = (period_words(now), period_words(then))
    frames = resources.trend(now, grain), resources.trend(then, grain)
    shift = pd.Timedelta(ends(now)[0] - ends(then)[0])
    words = captions.against(*frames, names)
    both = pd.concat([frame.assign(period=name) for frame, name in zip(frames, names, strict=True)], ignore_index=True)
    chart = charts.compared(*frames, grain, shift, names)
    figure("One period against another", chart, words, both, "periods")


def period_words(filter: Filter) -> str:
    """3 to 30 March 2026, as short as can be."""
    first, last = ends(filter)
    if first == last:
        return f"{first.day} {first:%b %Y}"
    start = f"{first.day}" if (first.year, first.month) == (last.year, last.month) else f"{first.day} {first:%b}"
    start += f" {first:%Y}" if first.year != last.year else ""
    return f"{start} – {last.day} {last:%b %Y}"
