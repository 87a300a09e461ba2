"""Stores, doors, lengths of stay and expressions side by side."""

import altair as alt
import pandas as pd

from fer_core.queries import DWELL_BINS
from fer_core.queries.sums import MOMENTS
from fer_core.types import EXPRESSIONS
from ui.charts import parts
from ui.charts.parts import HIDDEN, Chart
from ui.plain import percent
from ui.theme import BLUE, MUTED

_TWO_LINES = "split(replace(replace(datum.label, 'over ', 'over\u00a0'), 'under ', 'under\u00a0'), ' ')"
_MOMENT_COLOURS = ("#8F8F8F", BLUE)
_ROW = 34


def change_by_dwell(frame: pd.DataFrame) -> Chart:
    """The mean change of `queries.by_dwell` by length of stay, with its 95 % interval; hidden ones show their count."""
    told = parts.with_words(frame, "low", "high")
    axis = alt.Axis(labelAngle=0, labelOverlap=False, labelLimit=60, labelExpr=_TWO_LINES, grid=False)
    x = alt.X("bin:O", title="length of stay", sort=list(DWELL_BINS), scale=alt.Scale(domain=_present(frame)), axis=axis)
    y = alt.Y("mean_change:Q", title="estimated change", scale=parts.change_scale(frame, "low", "high"))
    tooltip = [alt.Tooltip("bin:N", title="stay"), alt.Tooltip("visits:N"), alt.Tooltip("words:N", title="estimated change")]
    shown, hidden = told[~told["hidden"].astype(bool)], told[told["hidden"].astype(bool)]
    base = alt.Chart(shown).encode(x=x, tooltip=tooltip)
    bars = base.mark_rule(strokeWidth=3, color=BLUE, opacity=0.45).encode(y=alt.Y("low:Q"), y2="high:Q")
    points = base.mark_point(filled=True, size=110, color=BLUE, opacity=1).encode(y=y)
    counts = (
        alt.Chart(hidden).mark_text(color=MUTED, fontSize=11).encode(x=x, y=alt.datum(0.0), text="visits:N", tooltip=tooltip)
    )
    return alt.layer(parts.zero_line("y"), bars, points, counts).properties(height=300)


def change_by_group(frame: pd.DataFrame) -> Chart:
    """The mean change of `queries.groups`, the best first, with its 95 % interval; offers the selection GROUP_BRUSH."""
    told = parts.with_words(frame)
    x = alt.X("mean_change:Q", title="estimated change", scale=parts.change_scale(frame))
    tooltip = [alt.Tooltip("group:N", title="of"), alt.Tooltip("visits:N"), alt.Tooltip("words:N", title="estimated change")]
    shown, hidden = told[~told["hidden"].astype(bool)], told[told["hidden"].astype(bool)]
    base = alt.Chart(shown).encode(y=_groups(frame), tooltip=tooltip)
    bars = base.mark_rule(strokeWidth=3, color=BLUE, opacity=0.45).encode(x=alt.X("change_low:Q"), x2="change_high:Q")
    brush = alt.selection_point(name=parts.GROUP_BRUSH, fields=["group"])
    points = base.mark_point(filled=True, size=110, color=BLUE).encode(
        x=x, opacity=alt.condition(brush, alt.value(1), alt.value(0.35))
    )
    counts = alt.Chart(hidden.assign(text=hidden["visits"] + " visits")).mark_text(color=MUTED, fontSize=11)
    counts = counts.encode(x=alt.datum(0.0), y=_groups(frame), text="text:N", tooltip=tooltip)
    return alt.layer(parts.zero_line("x"), bars, points.add_params(brush), counts).properties(height=alt.Step(_ROW))


def reviews_by_group(frame: pd.DataFrame) -> Chart:
    """The shares of the reviews of `queries.groups`, in the same order; a hidden one shows its count."""
    rows = parts.review_rows(frame, ["group"])
    y = _groups(frame)
    axis = alt.Axis(format="%", tickCount=5)
    bars = (
        alt.Chart(rows)
        .mark_bar(height={"band": 0.62})
        .encode(
            x=alt.X("share:Q", title="share of visits", stack="zero", axis=axis, scale=alt.Scale(domain=[0, 1])),
            y=y,
            color=parts.review_colour(),
            order=alt.Order("place:Q"),
            tooltip=[alt.Tooltip("group:N", title="of"), alt.Tooltip("review:N"), alt.Tooltip("words:N", title="visits")],
        )
    )
    hidden = frame[frame["hidden"].astype(bool)]
    words = [f"{n} visits: {HIDDEN.split(': ')[1]}" for n in hidden["n"]]
    counts = alt.Chart(hidden.assign(text=pd.Series(words, hidden.index, dtype="str")))
    text = counts.mark_text(color=MUTED, fontSize=11, align="left", dx=4).encode(x=alt.value(0), y=y, text="text:N")
    return alt.layer(bars, text).properties(height=alt.Step(_ROW))


def expression_mix(frame: pd.DataFrame) -> Chart:
    """The leading apparent expressions of `queries.mix` at the entrance and at the exit; nothing where they are hidden."""
    rows = _all_expressions(frame)
    scale = alt.Scale(domain=list(MOMENTS), range=list(_MOMENT_COLOURS))
    y = alt.Y("expression:N", title=None, sort=list(EXPRESSIONS), axis=alt.Axis(ticks=False, domain=False))
    base = alt.Chart(rows).encode(
        x=alt.X("share:Q", title="share of visits", axis=alt.Axis(format="%", tickCount=5)),
        y=y,
        yOffset=alt.YOffset("moment:N", sort=list(MOMENTS)),
        tooltip=[alt.Tooltip("moment:N", title="at the"), alt.Tooltip("expression:N"), alt.Tooltip("words:N", title="visits")],
    )
    colour = alt.Color(
        "moment:N", scale=scale, sort=list(MOMENTS), legend=alt.Legend(title=None, orient="top", symbolType="square")
    )
    return base.mark_bar(cornerRadiusEnd=2).encode(color=colour).properties(height=300)


def _present(frame: pd.DataFrame) -> list[str]:
    return [name for name in DWELL_BINS if name in set(frame["bin"])]


def _groups(frame: pd.DataFrame) -> alt.Y:
    order = frame.sort_values("mean_change", ascending=False, na_position="last")["group"]
    axis = alt.Axis(labelLimit=160, ticks=False, domain=False)
    return alt.Y("group:N", title=None, sort=list(order), scale=alt.Scale(domain=list(order)), axis=axis)


def _all_expressions(frame: pd.DataFrame) -> pd.DataFrame:
    """A row for each moment and expression, of 0 visits where it didn't occur; none where all is hidden."""
    shown = frame[~frame["hidden"].astype(bool)]
    if shown.empty:
        return shown.assign(words=pd.Series(dtype="str"))
    every = pd.MultiIndex.from_product([MOMENTS, EXPRESSIONS], names=["moment", "expression"])
    full = shown.set_index(["moment", "expression"])[["n", "share"]].reindex(every, fill_value=0).reset_index()
    words = [f"{percent(share)} ({n:,.0f})" for share, n in zip(full["share"], full["n"], strict=True)]
    return full.assign(words=pd.Series(words, full.index, dtype="str"))
