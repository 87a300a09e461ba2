"""The part of the page Trends for stores that keep sums: what was to be seen at each camera, hour by hour, of nobody."""

import pandas as pd
import streamlit as st

from fer_core.queries import Filter, Grain
from ui import captions, charts, resources
from ui.figure import figure

_HINT = (
    "People who passed the cameras, shared out among the apparent expressions. Nobody is followed: whether the same people "
    "came and left, these sums can’t say. Filters of reviews and quality don’t apply."
)
_NONE = "No sums in this period: films of stores that keep sums bring them."
_MOST_HOURS = 48
"""Hours that the chart may hold before it shows days."""


def kept(chosen: Filter) -> bool:
    """Whether any of the chosen stores keeps sums, or has some."""
    return bool(resources.ask("sums_kept", chosen))


def show(chosen: Filter) -> None:
    """Draw the sums of the filter, entrance and exit side by side."""
    hourly: pd.DataFrame = resources.ask("tallies", chosen, "hour")
    grain: Grain = "hour" if hourly["bucket"].nunique() <= _MOST_HOURS else "day"
    frame = hourly if grain == "hour" else resources.ask("tallies", chosen, grain)
    if frame.empty:
        st.subheader("Apparent expressions at the cameras", anchor=False)
        st.info(_NONE, icon=":material/search_off:")
        return
    for place, moment in zip(st.columns(2), ("entrance", "exit"), strict=True):
        own = frame[frame["moment"] == moment].reset_index(drop=True)
        with place:
            chart = charts.expressions_over_time(own, grain)
            title = f"At the {moment}: apparent expressions by {grain}"
            figure(title, chart, captions.sums(own, grain), own, f"sums-{moment}-by-{grain}", hint=_HINT)
