"""What several charts share: words for tooltips, scales, the line at zero, the mark of a hidden cell."""

from typing import Any, Literal, TypeAlias

import altair as alt
import pandas as pd

from fer_core.types import REVIEWS
from ui.plain import number, percent
from ui.theme import ACCENT, GROUP_COLOURS, MUTED, REVIEW_COLOURS, review_label

Chart: TypeAlias = Any
"""Any of Altair's charts: a single one, or layers."""

TIME_BRUSH, CELLS_BRUSH, GROUP_BRUSH = "time", "cells", "group"
"""Names of the selections that the charts offer."""
LEAST_SPAN = 0.1
"""The scale of a change reaches at least this far to both sides, so that noise about 0 does not fill the picture."""
HIDDEN = "not shown: too few visits"
MOST_GROUPS = len(GROUP_COLOURS)
"""Groups that one chart can tell apart by colour."""


def with_words(frame: pd.DataFrame, low: str = "change_low", high: str = "change_high") -> pd.DataFrame:
    """The frame with `words`, the mean change and its interval as text, and `visits`, the count as text."""
    told = zip(frame["mean_change"], frame[low], frame[high], frame["hidden"], strict=True)
    words = [HIDDEN if hidden else interval_words(*numbers) for *numbers, hidden in told]
    visits = [f"{n:,}" for n in frame["n"]]
    return frame.assign(words=pd.Series(words, frame.index, dtype="str"), visits=pd.Series(visits, frame.index, dtype="str"))


def interval_words(mean: float, low: float, high: float) -> str:
    """+0.12 (95 %: +0.05 to +0.19)"""
    if pd.isna(mean):
        return "–"
    return number(mean) if pd.isna(low) else f"{number(mean)} (95 %: {number(low)} to {number(high)})"


def change_scale(frame: pd.DataFrame, low: str = "change_low", high: str = "change_high") -> alt.Scale:
    """A scale for changes with 0 in it, around what the frame holds."""
    return alt.Scale(domain=list(change_ends(frame, low, high)), nice=True, clamp=True)


def change_ends(frame: pd.DataFrame, low: str = "change_low", high: str = "change_high") -> tuple[float, float]:
    """Where that scale begins and ends, before it is rounded."""
    values = pd.concat([frame["mean_change"], frame[low], frame[high]]).dropna()
    least, most = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    return max(-2.0, min(least, -LEAST_SPAN)), min(2.0, max(most, LEAST_SPAN))


def zero_line(axis: str) -> Chart:
    """A dashed line at a change of 0; axis is "x" or "y"."""
    rule = alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(color=MUTED, strokeDash=[3, 3])
    return rule.encode(**{axis: alt.X("zero:Q") if axis == "x" else alt.Y("zero:Q")})


def group_colour(frame: pd.DataFrame) -> alt.Color:
    """A colour for each group, with a legend where there is more than one."""
    names = sorted(frame["group"].unique())
    legend = (
        alt.Legend(title=None, orient="top", columns=2, labelLimit=220, symbolType="stroke", symbolOpacity=1)
        if len(names) > 1
        else None
    )
    return alt.Color("group:N", scale=alt.Scale(domain=names, range=list(GROUP_COLOURS[: max(1, len(names))])), legend=legend)


def interval(name: str, *encodings: Literal["x", "y"]) -> alt.Parameter:
    """A selection by dragging over these axes."""
    look = alt.BrushConfig(fill=ACCENT, fillOpacity=0.12, stroke=ACCENT, strokeWidth=2, strokeOpacity=1)
    return alt.selection_interval(name=name, encodings=list(encodings), mark=look)


def review_rows(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """A row for each review of each cell that is not hidden: the keys, review (with its sign), count, share, words, its
    place in the order, and where it starts and ends when the shares are stacked."""
    shown = frame[~frame["hidden"].astype(bool) & (frame["n"] > 0)]
    long = shown.melt([*keys, "n"], list(REVIEWS), "name", "count").dropna(subset=["count"])
    looks = long["name"].map({str(name): review_label(name) for name in REVIEWS})
    share = long["count"] / long["n"]
    words = [
        f"{percent(value)} ({count:,.0f} of {n:,})" for value, count, n in zip(share, long["count"], long["n"], strict=True)
    ]
    end = share.groupby([long[key] for key in keys]).cumsum() if len(long) else share
    return long.assign(
        start=end - share,
        end=end,
        review=looks.astype("str"),
        place=long["name"].map({name: place for place, name in enumerate(REVIEWS)}).astype("int64"),
        share=share,
        words=pd.Series(words, long.index, dtype="str"),
    )


def review_colour() -> alt.Color:
    """The reviews' own colours, with their signs in the legend."""
    scale = alt.Scale(domain=[review_label(name) for name in REVIEW_COLOURS], range=list(REVIEW_COLOURS.values()))
    return alt.Color("review:N", scale=scale, legend=alt.Legend(title=None, orient="top", symbolType="square", columns=2))
