"""Sentiment over time: the mean change with its interval, the reviews' shares, one period held against another.

The buckets are a store's own clock, without a zone. They are drawn as UTC throughout, or else the browser would move them
into its own zone.
"""

from collections.abc import Mapping
from types import MappingProxyType

import altair as alt
import pandas as pd

from fer_core.queries import Grain
from ui.charts import parts
from ui.charts.parts import Chart
from ui.theme import BLUE, MUTED

HEIGHT = 300
STEPS: Mapping[Grain, pd.DateOffset] = MappingProxyType(
    {
        "hour": pd.DateOffset(hours=1),
        "day": pd.DateOffset(days=1),
        "week": pd.DateOffset(weeks=1),
        "month": pd.DateOffset(months=1),
    }
)
_FREQUENCIES: Mapping[Grain, str] = {"hour": "h", "day": "D", "week": "7D", "month": "MS"}
_WORDS: Mapping[Grain, str] = {
    "hour": "%a {day} %B %Y, %H:00",
    "day": "%a {day} %B %Y",
    "week": "week of {day} %B %Y",
    "month": "%B %Y",
}
_PERIODS = (BLUE, "#E69F00")
_TICKS: Mapping[Grain, str] = {"hour": "%a %-d, %H:%M", "day": "%-d %b", "week": "%-d %b", "month": "%b %Y"}
_MOST_TICKS = 8
_MOST_COUNTS = 62
"""Hidden buckets up to which their counts are written; more of them would write over each other."""
_MOST_BANDS = 3
"""Groups up to which the intervals are drawn: more of them hide each other."""


def when_words(bucket: pd.Timestamp, grain: Grain) -> str:
    """A bucket of time for people: Tue 3 March 2026; week of 2 March 2026."""
    words: str = bucket.strftime(_WORDS[grain].format(day=bucket.day))
    return words


def change_over_time(frame: pd.DataFrame, grain: Grain, *, selectable: bool = True) -> Chart:
    """The mean change of each bucket of `queries.trend`, by group, with its 95 % interval.

    selectable: it offers the selection TIME_BRUSH. The line breaks where there is no visit, or no value to show.
    """
    told, gaps = _told(frame, grain), _told(_with_gaps(frame, grain), grain)
    colour, time = parts.group_colour(frame), time_axis(told, grain)
    y = alt.Y("mean_change:Q", title="estimated change", scale=parts.change_scale(frame))
    drawn = alt.Chart(gaps).encode(x=time, y=y, color=colour)
    lines = drawn.mark_line(strokeWidth=2, interpolate="linear")
    points = (
        alt.Chart(told).mark_point(filled=True, size=45, opacity=1).encode(x=time, y=y, color=colour, tooltip=_tooltip(frame))
    )
    layers = [
        parts.zero_line("y"),
        _bands(gaps, time, colour),
        lines,
        _hidden(told, time, parts.change_ends(frame)[0]),
        _brushed(points, selectable),
    ]
    return alt.layer(*layers).properties(height=HEIGHT)


def reviews_over_time(frame: pd.DataFrame, grain: Grain, *, selectable: bool = True) -> Chart:
    """The reviews' shares in each bucket, stacked; of `queries.trend` without groups. selectable: it offers TIME_BRUSH."""
    told = _told(frame, grain)
    rows = parts.review_rows(told, ["bucket", "until", "when"])
    # rectangles, for bars from one moment to another do not stack
    bars = (
        alt.Chart(rows)
        .mark_rect(stroke=None)
        .encode(
            x=time_axis(told, grain),
            x2="until:T",
            y=alt.Y("start:Q", title="share of visits", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])),
            y2="end:Q",
            color=parts.review_colour(),
            tooltip=[alt.Tooltip("when:N", title="when"), alt.Tooltip("review:N"), alt.Tooltip("words:N", title="visits")],
        )
    )
    hidden = _hidden(told, time_axis(told, grain), 0.0)
    return alt.layer(hidden, _brushed(bars, selectable)).properties(height=HEIGHT)


def compared(now: pd.DataFrame, then: pd.DataFrame, grain: Grain, shift: pd.Timedelta, names: tuple[str, str]) -> Chart:
    """The mean change of one period held against another's, which is moved on by `shift` to lie under the first.

    names: of the two periods, for the legend; all is of `queries.trend` without groups.
    """
    ends = [_with_gaps(one, grain).assign(period=name) for one, name in zip((now, then), names, strict=True)]
    both = _told(pd.concat(ends, ignore_index=True), grain)
    both["at"] = both["bucket"] + pd.to_timedelta([shift if name == names[1] else pd.Timedelta(0) for name in both["period"]])
    colours = alt.Scale(domain=list(names), range=list(_PERIODS))
    colour = alt.Color(
        "period:N",
        scale=colours,
        legend=alt.Legend(title=None, orient="top", columns=1, symbolType="circle", symbolOpacity=1, symbolDash=[1, 0]),
    )
    dash = alt.StrokeDash("period:N", scale=alt.Scale(domain=list(names), range=[[1, 0], [5, 3]]), legend=None)
    shape = alt.Shape("period:N", scale=alt.Scale(domain=list(names), range=["circle", "diamond"]), legend=None)
    y = alt.Y("mean_change:Q", title="estimated change", scale=parts.change_scale(both))
    base = alt.Chart(both).encode(x=time_axis(both, grain, "at"), color=colour)
    bands = base.mark_area(opacity=0.15).encode(y=alt.Y("change_low:Q"), y2="change_high:Q")
    lines = base.mark_line(strokeWidth=2).encode(y=y, strokeDash=dash)
    tooltip = [alt.Tooltip("period:N", title=" "), *_tooltip(now.assign(group=""))]
    points = alt.Chart(both.dropna(subset=["mean_change"])).mark_point(filled=True, size=45, opacity=1)
    points = points.encode(x=time_axis(both, grain, "at"), y=y, color=colour, shape=shape, tooltip=tooltip)
    at = time_axis(both, grain, "at")
    counts = [
        _hidden(both[both["period"] == name], at, parts.change_ends(both)[0], colour=colour_of, row=row)
        for row, (name, colour_of) in enumerate(zip(names, _PERIODS, strict=True))
    ]
    return alt.layer(parts.zero_line("y"), bands, lines, *counts, points).properties(height=HEIGHT)


def time_axis(frame: pd.DataFrame, grain: Grain, column: str = "bucket") -> alt.X:
    """The axis of time: a tick at so many of the buckets' starts, none between them."""
    axis = alt.Axis(grid=False, labelOverlap="greedy", labelFlush=True)
    if len(frame):
        first, last = frame[column].min(), frame[column].max()
        every = pd.date_range(first, last, freq=_FREQUENCIES[grain])
        ticks = every[:: max(1, -(-len(every) // _MOST_TICKS))]
        axis.values = [_moment(tick) for tick in ticks]
        axis.format = "%H:%M" if grain == "hour" and last - first < pd.Timedelta(days=1) else _TICKS[grain]
    return alt.X(f"{column}:T", title=None, scale=alt.Scale(type="utc"), axis=axis)


def _moment(tick: pd.Timestamp) -> alt.DateTime:
    return alt.DateTime(year=tick.year, month=tick.month, date=tick.day, hours=tick.hour, utc=True)


def _brushed(chart: Chart, selectable: bool) -> Chart:
    return chart.add_params(parts.interval(parts.TIME_BRUSH, "x")) if selectable else chart


def _told(frame: pd.DataFrame, grain: Grain) -> pd.DataFrame:
    """The frame with words, the buckets' ends, and all times told as UTC."""
    buckets = pd.to_datetime(frame["bucket"]).astype("datetime64[ms]")
    when = pd.Series([when_words(bucket, grain) for bucket in buckets], frame.index, dtype="str")
    until = (buckets + STEPS[grain]).dt.tz_localize("UTC")
    return parts.with_words(frame).assign(when=when, until=until, bucket=buckets.dt.tz_localize("UTC"))


def _with_gaps(frame: pd.DataFrame, grain: Grain) -> pd.DataFrame:
    """The frame with a row of nothing at each time without a visit: there the lines break."""
    if frame.empty:
        return frame
    every = pd.date_range(frame["bucket"].min(), frame["bucket"].max(), freq=_FREQUENCIES[grain])
    grid = pd.MultiIndex.from_product([every, frame["group"].unique()], names=["bucket", "group"])
    full = frame.set_index(["bucket", "group"]).reindex(grid).reset_index()
    return full.assign(n=full["n"].fillna(0).astype("int64"), hidden=full["hidden"].fillna(False).astype(bool))


def _tooltip(frame: pd.DataFrame) -> list[alt.Tooltip]:
    found = [alt.Tooltip("when:N", title="when"), alt.Tooltip("visits:N"), alt.Tooltip("words:N", title="estimated change")]
    return [alt.Tooltip("group:N", title="of"), *found] if frame["group"].nunique() > 1 else found


def _bands(frame: pd.DataFrame, time: alt.X, colour: alt.Color) -> Chart:
    """The intervals as bands; none where there are many groups."""
    seen = frame if frame["group"].nunique() <= _MOST_BANDS else frame.iloc[:0]
    return alt.Chart(seen).mark_area(opacity=0.18).encode(x=time, y=alt.Y("change_low:Q"), y2="change_high:Q", color=colour)


def _hidden(frame: pd.DataFrame, time: alt.X, foot: float, *, colour: str = MUTED, row: int = 0) -> Chart:
    """The counts of the hidden buckets along the foot of the chart, `row` lines above it; marks where there are many."""
    few = frame[frame["hidden"].astype(bool)]
    marks = alt.Chart(few)
    drawn = (
        marks.mark_text(color=colour, fontSize=10, dy=-6 - 12 * row).encode(text="visits:N")
        if len(few) <= _MOST_COUNTS
        else marks.mark_point(shape="square", size=18, color=colour, yOffset=-6 - 12 * row)
    )
    return drawn.encode(x=time, y=alt.Y("foot:Q"), tooltip=_tooltip(frame)).transform_calculate(foot=str(foot))
