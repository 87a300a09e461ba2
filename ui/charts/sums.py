"""Sums of stores that follow nobody: the shares of the apparent expressions over time."""

import altair as alt
import pandas as pd

from fer_core.queries import Grain
from fer_core.types import EXPRESSIONS
from ui.charts.over_time import STEPS, time_axis, when_words
from ui.charts.parts import HIDDEN, Chart
from ui.plain import percent
from ui.theme import EXPRESSION_COLOURS, MUTED

_HEIGHT = 280


def expressions_over_time(frame: pd.DataFrame, grain: Grain) -> Chart:
    """The expressions' shares in each bucket of `queries.tallies`, stacked, of one moment; hidden buckets are their number."""
    told = _told(frame, grain)
    order = [name for name in EXPRESSIONS if name in set(told["expression"].dropna())]
    colour = alt.Color(
        "expression:N",
        sort=order,
        scale=alt.Scale(domain=order, range=[EXPRESSION_COLOURS[name] for name in order]),
        legend=alt.Legend(title=None, orient="top", symbolType="square", columns=4),
    )
    tooltip = [alt.Tooltip("when:N", title="when"), alt.Tooltip("expression:N"), alt.Tooltip("words:N", title="share")]
    bars = alt.Chart(told[~told["hidden"]]).mark_rect(stroke=None)
    bars = bars.encode(
        x=time_axis(told, grain), x2="until:T", y2="end:Q", color=colour, tooltip=tooltip,
        y=alt.Y("start:Q", title="share of people", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])),
    )  # fmt: skip
    few = alt.Chart(told[told["hidden"]]).mark_text(color=MUTED, fontSize=10, dy=-6, align="left", dx=2)
    few = few.encode(x=time_axis(told, grain), y=alt.datum(0), text="people:N", tooltip=[tooltip[0], tooltip[2]])
    return alt.layer(bars, few).properties(height=_HEIGHT)


def _told(frame: pd.DataFrame, grain: Grain) -> pd.DataFrame:
    """The frame with words, where each share begins and ends, and all times told as UTC; shares of nothing are left out."""
    frame = frame[frame["hidden"].astype(bool) | (frame["share"] > 0)].reset_index(drop=True)
    buckets = pd.to_datetime(frame["bucket"]).astype("datetime64[ms]")
    end = frame.groupby("bucket")["share"].cumsum()
    words = [
        HIDDEN if hidden else f"{percent(share)} (of {n:,} people)"
        for hidden, share, n in zip(frame["hidden"], frame["share"], frame["n"], strict=True)
    ]
    return frame.assign(
        hidden=frame["hidden"].astype(bool),
        when=pd.Series([when_words(bucket, grain) for bucket in buckets], frame.index, dtype="str"),
        until=(buckets + STEPS[grain]).dt.tz_localize("UTC"),
        bucket=buckets.dt.tz_localize("UTC"),
        words=pd.Series(words, frame.index, dtype="str"),
        people=pd.Series([f"{n:,}" for n in frame["n"]], frame.index, dtype="str"),
        start=end - frame["share"],
        end=end,
    )
