"""Curves of a judged model: ROC, precision against recall, reliability, abstention. Frames are those of `ui.model_report`.

Classes have a colour and a dash each, so that nothing is said by colour alone; a click in the legend brings one forward.
"""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from ui.charts.parts import Chart
from ui.theme import BLUE, EXPRESSION_COLOURS, GROUP_COLOURS, MUTED

HEIGHT = 360
_WITH_LEGEND = 430
"""The page gives a chart its height with the legend in it."""
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [12, 4], [4, 4], [1, 3], [10, 2, 2, 2])
_UNIT = [0.0, 1.0]


def class_colours(labels: Sequence[str]) -> list[str]:
    """A colour for each class: the expressions' own, or others for a shop's own classes."""
    if set(labels) <= set(EXPRESSION_COLOURS):
        return [EXPRESSION_COLOURS[label] for label in labels]
    return [GROUP_COLOURS[place % len(GROUP_COLOURS)] for place in range(len(labels))]


def roc(frame: pd.DataFrame) -> Chart:
    """True against false positives by threshold, a curve a class, with the area under each in the legend."""
    chance = alt.Chart(pd.DataFrame({"at": _UNIT})).mark_line(color=MUTED, strokeDash=[3, 3])
    chance = chance.encode(x=_share("at", "false positives"), y=_share("at", "true positives"))
    return alt.layer(chance, _by_class(frame, "false_positives", "true_positives")).properties(height=_WITH_LEGEND)


def precision_recall(frame: pd.DataFrame) -> Chart:
    """Precision against recall by threshold, a curve a class, with the average precision of each in the legend."""
    return alt.layer(_by_class(frame, "recall", "precision")).properties(height=_WITH_LEGEND)


def _by_class(frame: pd.DataFrame, x: str, y: str) -> Chart:
    order = frame.drop_duplicates("label").sort_values("area", ascending=False)
    names = {label: f"{label} {area:.2f}" for label, area in zip(order["label"], order["area"], strict=True)}
    told = frame.assign(series=frame["label"].map(names).astype("str"))
    scale = alt.Scale(domain=list(names.values()), range=class_colours(list(order["label"])))
    dash = alt.Scale(domain=list(names.values()), range=[_DASHES[place % len(_DASHES)] for place in range(len(names))])
    picked = alt.selection_point(name="picked", fields=["series"], bind="legend")
    legend = alt.Legend(title=None, orient="top", columns=2, symbolType="stroke", symbolStrokeWidth=3, labelLimit=120)
    return (
        alt.Chart(told)
        .mark_line(strokeWidth=2.2, interpolate="linear")
        .encode(
            x=_share(x),
            y=_share(y),
            color=alt.Color("series:N", scale=scale, legend=legend),
            strokeDash=alt.StrokeDash("series:N", scale=dash, legend=legend),
            opacity=alt.condition(picked, alt.value(1), alt.value(0.12)),
            order=alt.Order(f"{x}:Q"),
            tooltip=[alt.Tooltip("series:N", title="class, area"), _told(x), _told(y)],
        )
        .add_params(picked)
    )


def reliability(frame: pd.DataFrame, before: pd.DataFrame) -> Chart:
    """How often the model is right where it is so sure, held against the line on which both are the same.

    before: the same without temperature, a thin dashed line; may be empty.
    """
    words = [f"{low:.0%} to {high:.0%}" for low, high in zip(frame["low"], frame["high"], strict=True)]
    told = frame.assign(words=pd.Series(words, frame.index, dtype="str"))
    ideal = alt.Chart(pd.DataFrame({"at": _UNIT})).mark_line(color=MUTED, strokeDash=[4, 3])
    ideal = ideal.encode(x=_share("at", "how sure the model is"), y=_share("at", "how often it is right"))
    tooltip = [
        alt.Tooltip("words:N", title="sure by"), alt.Tooltip("n:Q", format=",", title="pictures"),
        _told("confidence", "mean confidence"), _told("accuracy", "right"),
    ]  # fmt: skip
    base = alt.Chart(told).encode(x=_share("confidence", "how sure the model is"), tooltip=tooltip)
    gaps = base.mark_rule(strokeWidth=4, color="#E69F00", opacity=0.6).encode(
        y=_share("accuracy", "how often it is right"), y2=alt.Y2("confidence:Q")
    )
    line = base.mark_line(color=BLUE, strokeWidth=2).encode(y=_share("accuracy", "how often it is right"))
    size = alt.Size("n:Q", scale=alt.Scale(range=[30, 380]), legend=None)
    points = base.mark_point(filled=True, color=BLUE, opacity=1).encode(
        y=_share("accuracy", "how often it is right"), size=size
    )
    past = alt.Chart(before).mark_line(color="#CC79A7", strokeWidth=1.8, strokeDash=[6, 3])
    past = past.encode(x=_share("confidence", "how sure the model is"), y=_share("accuracy", "how often it is right"))
    return alt.layer(ideal, past, gaps, line, points).properties(height=HEIGHT)


def abstention(frame: pd.DataFrame) -> Chart:
    """How often the model is right where it speaks only of the pictures it is surest of."""
    least = min([0.9, *frame["accuracy"]])
    y = alt.Y(
        "accuracy:Q",
        title="right among those told",
        axis=alt.Axis(format="%", tickCount=5),
        scale=alt.Scale(domain=[max(0.0, least - 0.03), 1.0]),
    )
    x = alt.X(
        "kept:Q",
        title="share of pictures told",
        axis=alt.Axis(format="%", tickCount=5),
        scale=alt.Scale(domain=[0, 1], reverse=True),
    )
    tooltip = [_told("kept", "told"), _told("accuracy", "right"), alt.Tooltip("threshold:Q", format=".2f", title="sure from")]
    base = alt.Chart(frame).encode(x=x, y=y, tooltip=tooltip)
    return alt.layer(
        base.mark_line(color=BLUE, strokeWidth=2), base.mark_point(filled=True, color=BLUE, size=40, opacity=1)
    ).properties(height=HEIGHT)


def _share(name: str, title: str | None = None) -> alt.X:
    """An axis of shares from 0 to 1; the same for x and y."""
    axis = alt.Axis(format="%", tickCount=5)
    return alt.X(f"{name}:Q", title=title or name.replace("_", " "), axis=axis, scale=alt.Scale(domain=_UNIT, nice=False))


def _told(name: str, title: str | None = None) -> alt.Tooltip:
    return alt.Tooltip(f"{name}:Q", format=".1%", title=title or name.replace("_", " "))
