"""Weekday × hour."""

import altair as alt
import pandas as pd

from ui.charts import parts
from ui.charts.parts import HIDDEN, Chart
from ui.plain import number, percent
from ui.theme import DIVERGING, MUTED

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def week_heat(frame: pd.DataFrame) -> Chart:
    """The mean change of `queries.heat` by weekday and hour of the store's clock; offers the selection CELLS_BRUSH.

    A hidden cell is a frame around its count.
    """
    told = _told(frame)
    hours = list(range(int(frame["hour"].min()), int(frame["hour"].max()) + 1)) if len(frame) else []
    axis = alt.Axis(labelAngle=0, labelOverlap="greedy", ticks=False, domain=False)
    x = alt.X("hour:O", title="hour of the day", scale=alt.Scale(domain=hours), axis=axis)
    y = alt.Y(
        "day:O",
        title=None,
        sort=list(WEEKDAYS),
        scale=alt.Scale(domain=list(WEEKDAYS)),
        axis=alt.Axis(ticks=False, domain=False),
    )
    tooltip = [alt.Tooltip("when:N", title="when"), alt.Tooltip("visits:N")]
    tooltip += [alt.Tooltip("words:N", title="estimated change"), alt.Tooltip("positive:N", title="positive")]
    brush = parts.interval(parts.CELLS_BRUSH, "x", "y")
    bright = alt.condition(brush, alt.value(1), alt.value(0.35))
    shown, hidden = told[~told["hidden"].astype(bool)], told[told["hidden"].astype(bool)]
    seen = (
        alt.Chart(shown)
        .mark_rect(cornerRadius=2)
        .encode(x=x, y=y, color=_colour(frame), opacity=bright, tooltip=tooltip)
        .add_params(brush)
    )
    frames = alt.Chart(hidden).mark_rect(filled=False, stroke=MUTED, strokeDash=[2, 2], cornerRadius=2)
    counts = alt.Chart(hidden).mark_text(color=MUTED, fontSize=10)
    layers = [seen, frames.encode(x=x, y=y, tooltip=tooltip), counts.encode(x=x, y=y, text="visits:N", tooltip=tooltip)]
    return alt.layer(*layers).properties(height=alt.Step(34))


def _colour(frame: pd.DataFrame) -> alt.Color:
    largest = float(frame["mean_change"].abs().max()) if frame["mean_change"].notna().any() else 0.0
    reach = max(parts.LEAST_SPAN, largest)
    scale = alt.Scale(domain=[-reach, -reach / 2, 0, reach / 2, reach], range=list(DIVERGING))
    legend = alt.Legend(orient="top", title="estimated change", gradientLength=200, format="+.2~f", values=[-reach, 0, reach])
    return alt.Color("mean_change:Q", scale=scale, legend=legend)


def _told(frame: pd.DataFrame) -> pd.DataFrame:
    rows = list(frame.itertuples())
    columns = {
        "day": [WEEKDAYS[row.weekday] for row in rows],
        "when": [f"{WEEKDAYS[row.weekday]}, {row.hour}–{row.hour + 1} h" for row in rows],
        "visits": [f"{row.n:,}" for row in rows],
        "words": [HIDDEN if row.hidden else number(row.mean_change) for row in rows],
        "positive": [percent(None if row.hidden else row.positive_share) for row in rows],
    }
    return frame.assign(**{name: pd.Series(values, frame.index, dtype="str") for name, values in columns.items()})
