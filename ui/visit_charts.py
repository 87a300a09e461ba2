"""The charts of one visit: an appearance over time, and the change held against its threshold."""

from typing import Any, TypeAlias

import altair as alt
import pandas as pd

from fer_core.review import Change, valence_of
from fer_core.settings import ReviewSettings
from fer_core.types import EXPRESSIONS
from ui.plain import clock
from ui.theme import ACCENT, EXPRESSION_COLOURS, MUTED

Chart: TypeAlias = Any
"""Any of Altair's charts: a single one, layers, one above the other."""

_LINE = "#56B4E9"
_SIGNED = "datum.value ? format(datum.value, '+') : '0'"
# the axis counts seconds of the film; people read minutes and seconds
_CLOCK = (
    "(datum.value < 3600 ? '' : floor(datum.value / 3600) + ':') + "
    "format(floor(datum.value / 60) % 60, datum.value < 3600 ? '.0f' : '02.0f') + ':' + "
    "(datum.value % 1 == 0 ? format(datum.value % 60, '02.0f') : format(datum.value % 60, '04.1f'))"
)


def appearance_frame(series: pd.DataFrame, settings: ReviewSettings) -> pd.DataFrame:
    """`queries.series` with the columns valence (−1 to 1) and film_time (minutes and seconds) put to it."""
    values = valence_of(series[list(EXPRESSIONS)].to_numpy("float64"), settings)
    return series.assign(valence=values, film_time=[clock(second) for second in series["time_s"]])


def expressions_chart(frame: pd.DataFrame, best_s: float) -> Chart:
    """The seven probabilities, one on the other, over the film's time; the best moment (s of the film) is a dashed line.

    frame is that of `appearance_frame`, with at least one row.
    """
    long = frame.melt(["time_s", "film_time"], list(EXPRESSIONS), "expression", "share")
    long["place"] = long["expression"].map({name: place for place, name in enumerate(EXPRESSIONS)})
    # an area of one moment has no width
    drawn = alt.Chart(long).mark_area(opacity=0.85) if len(frame) > 1 else alt.Chart(long).mark_bar(width=24)
    areas = drawn.encode(
        x=_time(frame, best_s),
        y=alt.Y("share:Q", stack="zero", scale=alt.Scale(domain=[0, 1]), axis=_axis("share", format="%", tickCount=3)),
        color=_colours(),
        order=alt.Order("place:Q"),
        tooltip=[_FILM_TIME, alt.Tooltip("expression:N", title="apparent expression"), _share("share")],
    )
    return alt.layer(areas, _best(frame, best_s)).properties(height=230)


def valence_chart(frame: pd.DataFrame, best_s: float) -> Chart:
    """The valence (−1 to 1) over the film's time, under `expressions_chart` of the same appearance."""
    line = (
        alt.Chart(frame)
        .mark_line(point=alt.OverlayMarkDef(size=36, color=_LINE), color=_LINE)
        .encode(
            x=_time(frame, best_s, _IN_FILM),
            y=alt.Y("valence:Q", scale=alt.Scale(domain=[-1, 1]), axis=_axis("valence", values=[-1, 0, 1], labelExpr=_SIGNED)),
            tooltip=[_FILM_TIME, alt.Tooltip("valence:Q", format="+.2f"), _share("weight", "weight", ".2f")],
        )
    )
    zero = alt.Chart(pd.DataFrame({"valence": [0.0]})).mark_rule(color=MUTED, opacity=0.6).encode(y="valence:Q")
    return alt.layer(zero, line, _best(frame, best_s, _IN_FILM)).properties(height=180)


def change_chart(change: Change, settings: ReviewSettings, colour: str) -> Chart:
    """The estimated change with its standard error, and the band of ±threshold in which a review is neutral."""
    net = change.raw - change.offset
    reach = max(1.1, abs(net) + change.se + 0.1, settings.threshold + 0.2)
    axis = alt.Axis(title=None, labelExpr=_SIGNED, tickCount=5, grid=False)
    x = alt.X("low:Q", scale=alt.Scale(domain=[-reach, reach], nice=False), axis=axis)
    limits = pd.DataFrame({"low": [-settings.threshold], "high": [settings.threshold]})
    one = pd.DataFrame({"low": [net - change.se], "high": [net + change.se], "net": [net], "se": [change.se]})
    tooltip = [alt.Tooltip(f"{name}:Q", title=title, format=".2f") for name, title in _CHANGE.items()]
    within = f"within ±{settings.threshold:.2f}"
    band = alt.Chart(limits.assign(what=within)).mark_rect(opacity=0.3, color=MUTED).encode(x=x, x2="high:Q", tooltip=_what())
    edges = (
        alt.Chart(pd.DataFrame({"low": [-settings.threshold, settings.threshold]}))
        .mark_rule(strokeDash=[3, 3], color=MUTED)
        .encode(x=x)
    )
    bar = alt.Chart(one).mark_rule(strokeWidth=4, color=colour).encode(x=x, x2="high:Q", tooltip=tooltip)
    dot = alt.Chart(one).mark_point(filled=True, size=190, opacity=1, color=colour)
    point = dot.encode(x=alt.X("net:Q", scale=alt.Scale(domain=[-reach, reach], nice=False), axis=axis), tooltip=tooltip)
    return alt.layer(band, edges, bar, point).properties(height=90)


_CHANGE = {"net": "estimated change", "se": "standard error"}
_IN_FILM = "time in the film"
_FILM_TIME = alt.Tooltip("film_time:N", title=_IN_FILM)


def _time(frame: pd.DataFrame, best_s: float, title: str | None = None) -> alt.X:
    # seconds of a long film lie near each other and far from 0: the axis has to follow the data
    low, high = min(frame["time_s"].min(), best_s), max(frame["time_s"].max(), best_s)
    domain = [low, high] if high > low else [low - 0.5, low + 0.5]
    axis = alt.Axis(title=title, labelExpr=_CLOCK, tickCount=5, grid=False, labels=title is not None)
    return alt.X("time_s:Q", scale=alt.Scale(domain=domain, nice=False), axis=axis)


def _axis(title: str, **options: Any) -> alt.Axis:
    return alt.Axis(title=title, minExtent=44, **options)


def _colours() -> alt.Color:
    scale = alt.Scale(domain=list(EXPRESSION_COLOURS), range=list(EXPRESSION_COLOURS.values()))
    return alt.Color("expression:N", scale=scale, legend=alt.Legend(title=None, orient="top", columns=4, symbolType="square"))


def _share(name: str, title: str | None = None, pattern: str = ".0%") -> alt.Tooltip:
    return alt.Tooltip(f"{name}:Q", title=title or name, format=pattern)


def _what() -> list[alt.Tooltip]:
    return [alt.Tooltip("what:N", title=" ")]


def _best(frame: pd.DataFrame, best_s: float, title: str | None = None) -> Chart:
    moment = pd.DataFrame({"time_s": [best_s], "what": [f"best moment, {clock(best_s)}"]})
    rule = alt.Chart(moment).mark_rule(strokeDash=[5, 4], strokeWidth=2, color=ACCENT)
    return rule.encode(x=_time(frame, best_s, title), tooltip=_what())
