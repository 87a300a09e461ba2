"""The charts of a report: pure functions, a part of its document → a chart of Altair as a dictionary (Vega-Lite).

Text, lines and grounds are left to the page, which is light or dark. Colours are told apart by people who see colours
differently, on white and on black (Okabe and Ito 2008); no line or mark is told apart by its colour alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

COLOURS = ("#D55E00", "#8C6D1F", "#CC79A7", "#1F86C7", "#56B4E9", "#E69F00", "#9A9A9A", "#009E73")
DASHES = ([1, 0], [6, 2], [2, 2], [8, 2, 2, 2], [4, 1], [10, 3], [1, 2], [5, 5])
HEAD_COLOURS = {"votes": "#1F86C7", "fer2013": "#E69F00"}
HEAD_SHAPES = {"votes": "circle", "fer2013": "diamond"}
MUTED = "#888888"
WIDTH, HEIGHT = 400, 300
_NARROW = 270
"""Width of a chart with long names beside it."""
_CELL = 46
_BRIGHT = 0.55
"""Share from which the colour of a cell asks for dark letters."""

Spec = dict[str, Any]
Rows = list[dict[str, Any]]


def confusion(matrix: Sequence[Sequence[int]], labels: Sequence[str]) -> Spec:
    """Truth (rows) against what was told (columns): the share of the row, and the count."""
    import altair as alt

    base = _chart(_cells(matrix, labels)).encode(
        x=alt.X("told:N", title="told by the model", sort=list(labels), axis=alt.Axis(labelAngle=-40, ticks=False)),
        y=alt.Y("truth:N", title="labelled", sort=list(labels), axis=alt.Axis(ticks=False)),
        tooltip=[
            alt.Tooltip("truth:N", title="labelled"), alt.Tooltip("told:N"), alt.Tooltip("n:Q", format=",", title="pictures"),
            alt.Tooltip("share:Q", format=".1%", title="share of the row"),
        ],
    )  # fmt: skip
    colour = alt.Color("share:Q", scale=alt.Scale(scheme="cividis", domain=[0, 1]), legend=None)
    ink = alt.condition(alt.datum.share > _BRIGHT, alt.value("#14202B"), alt.value("#FFFFFF"))
    share = base.mark_text(fontSize=12, fontWeight=600, dy=-6).encode(text=alt.Text("share:Q", format=".0%"), color=ink)
    count = base.mark_text(fontSize=10, dy=9).encode(text=alt.Text("n:Q", format=","), color=ink)
    size = alt.Step(_CELL)
    return _spec(alt.layer(base.mark_rect().encode(color=colour), share, count).properties(width=size, height=size))


def _cells(matrix: Sequence[Sequence[int]], labels: Sequence[str]) -> Rows:
    return [
        {"truth": truth, "told": told, "n": n, "share": n / max(1, sum(row))}
        for truth, row in zip(labels, matrix, strict=True)
        for told, n in zip(labels, row, strict=True)
    ]


def roc(curves: Mapping[str, Mapping[str, Any]]) -> Spec:
    """False positive rate against true positive rate, a line a class; the legend tells the areas."""
    named = {f"{name} {one['auc']:.3f}": (one["fpr"], one["tpr"]) for name, one in curves.items()}
    return _lines(named, "false positive rate", "true positive rate", "area", _diagonal())


def precision_recall(curves: Mapping[str, Mapping[str, Any]]) -> Spec:
    """Recall against precision in steps, a line a class; the legend tells the average precisions."""
    named = {f"{name} {one['average_precision']:.3f}": (one["recall"], one["precision"]) for name, one in curves.items()}
    return _lines(named, "recall", "precision", "average precision", None, "step-before")


def _lines(
    named: Mapping[str, tuple[Sequence[float], Sequence[float]]], x: str, y: str, legend: str, below: Any, step: Any = "linear"
) -> Spec:
    """A line a name; a click on the legend shows one alone."""
    import altair as alt

    values = [{"name": name, "x": a, "y": b} for name, (xs, ys) in named.items() for a, b in zip(xs, ys, strict=True)]
    names, picked = list(named), alt.selection_point(fields=["name"], bind="legend")
    words = alt.Legend(title=legend, orient="bottom", columns=3, symbolType="stroke", symbolStrokeWidth=2)
    lines = _chart(values).mark_line(strokeWidth=2, interpolate=step).encode(
        x=_x("x", x), y=_y("y", y), opacity=alt.condition(picked, alt.value(1), alt.value(0.12)),
        color=alt.Color("name:N", scale=alt.Scale(domain=names, range=list(COLOURS[: len(names)])), legend=words),
        strokeDash=alt.StrokeDash("name:N", scale=alt.Scale(domain=names, range=list(DASHES[: len(names)])), legend=words),
        order=alt.Order("x:Q"), tooltip=["name:N", alt.Tooltip("x:Q", format=".3f", title=x),
                                         alt.Tooltip("y:Q", format=".3f", title=y)],
    ).add_params(picked)  # fmt: skip
    drawn = alt.layer(below, lines) if below is not None else lines
    return _spec(drawn.properties(width=WIDTH, height=HEIGHT))


def reliability(head: Mapping[str, Any]) -> Spec:
    """Confidence against accuracy, the size of a mark by its answers: as the file tells, and without its temperature."""
    import altair as alt

    kinds = {"as told": head["reliability"], "without temperature": head.get("reliability_uncalibrated") or []}
    values = [{**one, "kind": kind} for kind, bins in kinds.items() for one in bins]
    names = [kind for kind, bins in kinds.items() if bins]
    colours = alt.Scale(domain=names, range=["#1F86C7", MUTED][: len(names)])
    shapes = alt.Scale(domain=names, range=["circle", "square"][: len(names)])
    below = alt.Legend(title=None, orient="bottom", symbolOpacity=1)
    marks = _chart(values).mark_point(filled=True, opacity=0.85).encode(
        x=_x("confidence", "confidence"), y=_y("accuracy", "share that is right"),
        size=alt.Size("n:Q", scale=alt.Scale(range=[20, 500]), legend=None),
        color=alt.Color("kind:N", scale=colours, legend=below), shape=alt.Shape("kind:N", scale=shapes, legend=below),
        tooltip=["kind:N", alt.Tooltip("n:Q", format=","), alt.Tooltip("confidence:Q", format=".3f"),
                 alt.Tooltip("accuracy:Q", format=".3f")],
    )  # fmt: skip
    return _spec(alt.layer(_diagonal(), marks).properties(width=WIDTH, height=HEIGHT))


def abstention(rows: Rows) -> Spec:
    """Share of the pictures that are answered against the accuracy on them."""
    import altair as alt

    low = min((row["accuracy"] for row in rows), default=0.0)
    y = alt.Y(
        "accuracy:Q", title="accuracy on them", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[int(low * 10) / 10, 1])
    )
    line = _chart(rows).mark_line(point=True, color="#1F86C7").encode(
        x=alt.X("kept:Q", title="answered, the surest first", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])), y=y,
        tooltip=[alt.Tooltip("kept:Q", format=".0%", title="answered"), alt.Tooltip("accuracy:Q", format=".1%"),
                 alt.Tooltip("threshold:Q", format=".2f", title="confidence from")],
    )  # fmt: skip
    return _spec(line.properties(width=WIDTH, height=HEIGHT))


def robustness(rows: Rows) -> Spec:
    """A row a level, a mark a head: colour and shape tell which."""
    import altair as alt

    values = [
        {"what": f"{row['kind']}: {row['level']}", "head": head, "accuracy": row[head]}
        for row in rows
        for head in HEAD_COLOURS
        if row[head] is not None
    ]
    order = list(dict.fromkeys(value["what"] for value in values))
    heads = [head for head in HEAD_COLOURS if any(value["head"] == head for value in values)]
    colours = alt.Scale(domain=heads, range=[HEAD_COLOURS[head] for head in heads])
    shapes = alt.Scale(domain=heads, range=[HEAD_SHAPES[head] for head in heads])
    top = alt.Legend(title=None, orient="top", symbolOpacity=1)
    marks = _chart(values).mark_point(filled=True, size=90, opacity=1).encode(
        x=_x("accuracy", "accuracy", "%"),
        y=alt.Y("what:N", title=None, sort=order, axis=alt.Axis(labelLimit=220, grid=True, ticks=False)),
        color=alt.Color("head:N", scale=colours, legend=top), shape=alt.Shape("head:N", scale=shapes, legend=top),
        tooltip=["what:N", "head:N", alt.Tooltip("accuracy:Q", format=".1%")],
    )  # fmt: skip
    return _spec(marks.properties(width=_NARROW, height=alt.Step(24)))


def groups(rows: Rows) -> Spec:
    """Accuracy by group with its 95 % interval."""
    import altair as alt

    base = _chart(rows).encode(
        y=alt.Y("group:N", title=None, sort=[row["group"] for row in rows], axis=alt.Axis(labelLimit=220)),
        tooltip=["group:N", alt.Tooltip("n:Q", format=","), alt.Tooltip("accuracy:Q", format=".1%"),
                 alt.Tooltip("low:Q", format=".1%"), alt.Tooltip("high:Q", format=".1%")],
    )  # fmt: skip
    bars = base.mark_rule(strokeWidth=3, opacity=0.5, color="#1F86C7").encode(x=_x("low", "accuracy", "%"), x2="high:Q")
    marks = base.mark_point(filled=True, size=90, opacity=1, color="#1F86C7").encode(x=_x("accuracy", "accuracy", "%"))
    return _spec(alt.layer(bars, marks).properties(width=_NARROW, height=alt.Step(26)))


def _chart(rows: Rows) -> Any:
    import altair as alt

    return alt.Chart({"values": rows})


def _x(name: str, title: str, pattern: str = ".1f") -> Any:
    """A horizontal axis from 0 to 1."""
    import altair as alt

    return alt.X(f"{name}:Q", title=title, axis=alt.Axis(format=pattern), scale=alt.Scale(domain=[0, 1]))


def _y(name: str, title: str) -> Any:
    """An upright axis from 0 to 1."""
    import altair as alt

    return alt.Y(f"{name}:Q", title=title, axis=alt.Axis(format=".1f"), scale=alt.Scale(domain=[0, 1]))


def _diagonal() -> Any:

    ends = _chart([{"x": 0, "y": 0}, {"x": 1, "y": 1}])
    return ends.mark_line(color=MUTED, strokeDash=[3, 3], strokeWidth=1).encode(x="x:Q", y="y:Q")


def _spec(chart: Any) -> Spec:
    """The chart as a dictionary, without Altair's own size and looks: those are the page's."""
    told: Spec = chart.to_dict()
    return {key: value for key, value in told.items() if key not in ("config", "$schema")}
