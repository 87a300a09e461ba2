"""Measuring zones of floor cameras side by side and over time. Frames are those of `queries.zones`, with a `group` each."""

import altair as alt
import pandas as pd

from fer_core.queries import Grain
from fer_core.types import EXPRESSIONS
from ui.charts import parts
from ui.charts.over_time import time_axis, when_words
from ui.charts.parts import Chart
from ui.plain import percent
from ui.theme import BLUE, EXPRESSION_COLOURS, MUTED

_ROW = 34
_FEW = "{:,} people: too few to be shown"


def zone_mix(frame: pd.DataFrame) -> Chart:
    """The expressions' shares in each zone, stacked; a hidden zone shows its number."""
    shown = frame[~frame["hidden"].astype(bool) & (frame["share"] > 0)].reset_index(drop=True)
    end = shown.groupby("group")["share"].cumsum()
    words = [f"{percent(share)} (of {n:,} people)" for share, n in zip(shown["share"], shown["n"], strict=True)]
    told = shown.assign(start=end - shown["share"], end=end, words=pd.Series(words, shown.index, dtype="str"))
    order = [name for name in EXPRESSIONS if name in set(told["expression"].dropna())]
    colour = alt.Color(
        "expression:N", sort=order, scale=alt.Scale(domain=order, range=[EXPRESSION_COLOURS[name] for name in order]),
        legend=alt.Legend(title=None, orient="top", symbolType="square", columns=4),
    )  # fmt: skip
    tooltip = [alt.Tooltip("group:N", title="zone"), alt.Tooltip("expression:N"), alt.Tooltip("words:N", title="share")]
    axis = alt.Axis(format="%", tickCount=5)
    bars = alt.Chart(told).mark_bar(height={"band": 0.62}).encode(
        x=alt.X("start:Q", title="share of people", axis=axis, scale=alt.Scale(domain=[0, 1])), x2="end:Q", y=_zones(frame),
        color=colour, tooltip=tooltip,
    )  # fmt: skip
    return alt.layer(bars, _few(frame)).properties(height=alt.Step(_ROW))


def zone_rates(frame: pd.DataFrame, column: str, title: str) -> Chart:
    """A number of each zone as bars: column, of `zone_sums`; title: what it is, for the axis."""
    shown = frame[frame[column].notna()].reset_index(drop=True)
    words = pd.Series([f"{value:,.1f}" for value in shown[column]], shown.index, dtype="str")
    told = shown.assign(words=words)
    tooltip = [alt.Tooltip("group:N", title="zone"), alt.Tooltip("words:N", title=title)]
    x = alt.X(f"{column}:Q", title=title, axis=alt.Axis(tickCount=5))
    base = alt.Chart(told).encode(x=x, y=_zones(frame), tooltip=tooltip)
    bars = base.mark_bar(height={"band": 0.5}, color=BLUE, cornerRadiusEnd=2)
    return alt.layer(bars, _few(frame[frame[column].isna()], frame)).properties(height=alt.Step(_ROW))


def zones_over_time(frame: pd.DataFrame, grain: Grain) -> Chart:
    """People an hour in each zone over time, of `trends_zones.zone_sums`; numbers are shown however few they are."""
    buckets = pd.to_datetime(frame["bucket"]).astype("datetime64[ms]")
    told = frame.assign(
        when=pd.Series([when_words(bucket, grain) for bucket in buckets], frame.index, dtype="str"),
        bucket=buckets.dt.tz_localize("UTC"),
        words=pd.Series([f"{value:,.1f}" for value in frame["per_hour"]], frame.index, dtype="str"),
    )
    titles = {"group": "zone", "when": "when", "words": "people an hour"}
    tooltip = [alt.Tooltip(f"{name}:N", title=title) for name, title in titles.items()]
    y = alt.Y("per_hour:Q", title="people an hour", scale=alt.Scale(zero=True))
    base = alt.Chart(told).encode(x=time_axis(told, grain), y=y, color=parts.group_colour(told), tooltip=tooltip)
    return alt.layer(base.mark_line(strokeWidth=2), base.mark_point(filled=True, size=40, opacity=1)).properties(height=280)


def _zones(frame: pd.DataFrame) -> alt.Y:
    order = sorted(frame["group"].unique())
    axis = alt.Axis(labelLimit=170, ticks=False, domain=False)
    return alt.Y("group:N", title=None, sort=order, scale=alt.Scale(domain=order), axis=axis)


def _few(frame: pd.DataFrame, every: pd.DataFrame | None = None) -> Chart:
    hidden = frame[frame["hidden"].astype(bool)]
    words = pd.Series([_FEW.format(n) for n in hidden["n"]], hidden.index, dtype="str")
    text = alt.Chart(hidden.assign(text=words)).mark_text(color=MUTED, fontSize=11, align="left", dx=4)
    return text.encode(x=alt.value(0), y=_zones(frame if every is None else every), text="text:N")
