"""Charts of the live page's audience mode: valence and shares of expressions over a run's time.

The frames are those of `ui.live_audience`: run, time_s, faces, valence and a column for each class; a point of too few faces
has its count and no values.
"""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from ui.charts.curves import class_colours
from ui.charts.parts import Chart
from ui.theme import GROUP_COLOURS, MUTED

_CLOCK = "floor(datum.value / 60) + ':' + format(floor(datum.value % 60), '02')"
HEIGHT = 320
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [12, 4], [4, 4])
_SIGNED = "datum.value > 0 ? '+' + datum.value : datum.value < 0 ? '−' + (-datum.value) : '0'"
PEAK_SHAPES = {"high": "triangle-up", "low": "triangle-down"}


def valence_over_time(frame: pd.DataFrame, marks: pd.DataFrame, peaks: pd.DataFrame) -> Chart:
    """Mean valence of the room, a line a run, broken where too few were seen.

    marks: run, time_s, words: dotted lines. peaks: run, time_s, valence, prominence, kind: triangles up and down.
    """
    names = list(dict.fromkeys(frame["run"]))
    base = alt.Chart(frame).mark_line(strokeWidth=2.2, invalid="break-paths-show-domains")
    line = base.encode(
        x=_time(), y=_valence(), color=_colour(names), strokeDash=_dash(names),
        tooltip=["run:N", _seconds(), alt.Tooltip("valence:Q", format="+.2f"), alt.Tooltip("faces:Q")],
    )  # fmt: skip
    zero = alt.Chart(pd.DataFrame({"valence": [0.0]})).mark_rule(color=MUTED, opacity=0.6).encode(y="valence:Q")
    return alt.layer(zero, *_marked(marks, names), line, *_peaked(peaks, names)).properties(height=280)


def shares_over_time(frame: pd.DataFrame, labels: Sequence[str]) -> Chart:
    """Mean shares of the classes in one run, one on the other."""
    long = frame.melt(["time_s", "faces"], list(labels), "expression", "share").dropna(subset=["share"])
    long["place"] = long["expression"].map({name: place for place, name in enumerate(labels)}).astype("int64")
    scale = alt.Scale(domain=list(labels), range=class_colours(labels))
    legend = alt.Legend(title=None, orient="top", columns=4, symbolType="square")
    axis = alt.Axis(format="%", tickCount=3)
    x, y = alt.Scale(nice=False, zero=True), alt.Scale(domain=[0, 1])
    told = [_seconds(), "expression:N", alt.Tooltip("share:Q", format=".0%"), alt.Tooltip("faces:Q")]
    return (
        alt.Chart(_stacked(long, float(frame["time_s"].diff().median()) if len(frame) > 1 else 0.5))
        .mark_rect(strokeWidth=0)
        .encode(
            x=alt.X("start_s:Q", title=_TIME, axis=_clock(), scale=x),
            x2="end_s:Q",
            y=alt.Y("low:Q", title="mean share", scale=y, axis=axis),
            y2="high:Q",
            color=alt.Color("expression:N", scale=scale, legend=legend),
            tooltip=told,
        )
        .properties(height=HEIGHT)
    )


def _stacked(long: pd.DataFrame, step_s: float) -> pd.DataFrame:
    """Where each share begins and ends, in time and on top of those before it: a stack of areas would bridge the gaps."""
    ordered = long.sort_values(["time_s", "place"])
    high = ordered.groupby("time_s")["share"].cumsum()
    start, end = ordered["time_s"] - step_s / 2, ordered["time_s"] + step_s / 2
    return ordered.assign(start_s=start, end_s=end, low=high - ordered["share"], high=high.clip(upper=1.0))


def faces_over_time(frame: pd.DataFrame) -> Chart:
    """How many faces stand behind each point, a line a run."""
    names = list(dict.fromkeys(frame["run"]))
    most = int(frame["faces"].max()) + 1 if len(frame) else 1
    axis = alt.Axis(format="d", values=list(range(0, most + 1, max(1, most // 5))))
    y = alt.Y("faces:Q", title="faces", axis=axis, scale=alt.Scale(domain=[0, most], nice=False))
    drawn = alt.Chart(frame).mark_line(interpolate="step", strokeWidth=2)
    return drawn.encode(
        x=_time(), y=y, color=_colour(names), strokeDash=_dash(names), tooltip=["run:N", _seconds(), "faces:Q"]
    ).properties(height=HEIGHT)


def together(charts: Sequence[Chart], width: int = 900) -> Chart:
    """The charts one below the other, for a picture of them all."""
    sized = [chart.properties(width=width) for chart in charts]
    return alt.vconcat(*sized).resolve_scale(color="independent", strokeDash="independent").configure(background="white")


def _marked(marks: pd.DataFrame, names: Sequence[str]) -> list[Chart]:
    if marks.empty:
        return []
    told = ["run:N", _seconds(), "words:N"]
    rules = alt.Chart(marks).mark_rule(strokeDash=[2, 3], strokeWidth=1.5)
    rules = rules.encode(x=_time(), color=_colour(names), tooltip=told)
    return [rules, *(_words(marks[marks["run"] == name], names, place) for place, name in enumerate(names))]


def _words(marks: pd.DataFrame, names: Sequence[str], place: int) -> Chart:
    """The words of one run's marks, each run's in a line of its own."""
    text = alt.Chart(marks).mark_text(align="left", baseline="top", dx=4, dy=2 + 13 * place, fontSize=11, limit=110)
    return text.encode(x=_time(), y=alt.value(0), text="words:N", color=_colour(names))


def _peaked(peaks: pd.DataFrame, names: Sequence[str]) -> list[Chart]:
    if peaks.empty:
        return []
    shape = alt.Shape("kind:N", scale=alt.Scale(domain=list(PEAK_SHAPES), range=list(PEAK_SHAPES.values())), legend=None)
    told = [
        "run:N", _seconds(), "kind:N", alt.Tooltip("valence:Q", format="+.2f"), alt.Tooltip("prominence:Q", format=".2f"),
    ]  # fmt: skip
    points = alt.Chart(peaks).mark_point(filled=True, size=130, opacity=1, stroke="white", strokeWidth=0.8)
    return [points.encode(x=_time(), y=_valence(), color=_colour(names), shape=shape, tooltip=told)]


_TIME = "time since the beginning"


def _clock() -> alt.Axis:
    return alt.Axis(labelExpr=_CLOCK, grid=False, tickMinStep=1, tickCount=8)


def _time() -> alt.X:
    return alt.X("time_s:Q", title=_TIME, axis=_clock(), scale=alt.Scale(nice=False, zero=True))


def _seconds() -> alt.Tooltip:
    return alt.Tooltip("time_s:Q", title="seconds", format=".1f")


def _valence() -> alt.Y:
    axis = alt.Axis(values=[-1, -0.5, 0, 0.5, 1], labelExpr=_SIGNED)
    return alt.Y("valence:Q", title="mean apparent valence", scale=alt.Scale(domain=[-1, 1]), axis=axis)


def _legend(names: Sequence[str]) -> alt.Legend | None:
    if len(names) < 2:
        return None
    return alt.Legend(title=None, orient="top", columns=3, symbolType="stroke", symbolStrokeWidth=3, labelLimit=220)


def _colour(names: Sequence[str]) -> alt.Color:
    colours = [GROUP_COLOURS[place % len(GROUP_COLOURS)] for place in range(len(names))]
    return alt.Color("run:N", scale=alt.Scale(domain=list(names), range=colours), legend=_legend(names))


def _dash(names: Sequence[str]) -> alt.StrokeDash:
    dashes = [_DASHES[place % len(_DASHES)] for place in range(len(names))]
    return alt.StrokeDash("run:N", scale=alt.Scale(domain=list(names), range=dashes), legend=_legend(names))
