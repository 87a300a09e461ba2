"""Figures of a judged model: confusion, recall, robustness, groups, other models. Frames are those of `ui.model_report`."""

import altair as alt
import pandas as pd

from ui.charts.parts import Chart
from ui.theme import BLUE, MUTED

HEADS = ("votes", "fer2013")
HEAD_COLOURS = (BLUE, "#E69F00")
HEAD_SHAPES = ("circle", "diamond")
_ROW = 30
_CELL = 44
_BRIGHT = 0.55
"""Share from which the colour of a cell asks for dark letters."""


def confusion(frame: pd.DataFrame) -> Chart:
    """Truth against what was told: share of the truth and count in each cell.

    Cividis (Nuñez et al. 2018) is read alike by colour-blind people, and its cells carry their own ground for their
    letters, whatever the page's.
    """
    labels = list(dict.fromkeys(frame["truth"]))
    shares = pd.Series([f"{share:.0%}".replace("%", " %") for share in frame["share"]], frame.index, dtype="str")
    counts = pd.Series([f"{n:,}" for n in frame["n"]], frame.index, dtype="str")
    base = alt.Chart(frame.assign(words=shares, count=counts)).encode(
        x=alt.X(
            "told:O", title="told by the model", sort=labels, scale=alt.Scale(domain=labels),
            axis=alt.Axis(labelAngle=-40, labelOverlap=False, ticks=False, domain=False),
        ),
        y=alt.Y(
            "truth:O", title="the set says", sort=labels, scale=alt.Scale(domain=labels),
            axis=alt.Axis(labelOverlap=False, labelFlush=False, ticks=False, domain=False),
        ),
        tooltip=[
            alt.Tooltip("truth:N", title="the set says"), alt.Tooltip("told:N", title="told"),
            alt.Tooltip("words:N", title="share of the row"), alt.Tooltip("count:N", title="pictures"),
        ],
    )  # fmt: skip
    ink = alt.condition(alt.datum.share > _BRIGHT, alt.value("#14202B"), alt.value("#FFFFFF"))
    colour = alt.Color("share:Q", scale=alt.Scale(scheme="cividis", domain=[0, 1]), legend=None)
    cells = base.mark_rect(cornerRadius=2).encode(color=colour)
    share = base.mark_text(fontSize=12, fontWeight=600, dy=-6).encode(text="words:N", color=ink)
    count = base.mark_text(fontSize=10, dy=9).encode(text="count:N", color=ink)
    return alt.layer(cells, share, count).properties(height=alt.Step(_CELL))


def recall(frame: pd.DataFrame) -> Chart:
    """Of each class, the share that each head finds; of `recall_frame`."""
    return _dots(frame, "label", "recall", "share found", list(dict.fromkeys(frame["label"])))


def recall_of_models(frame: pd.DataFrame, names: tuple[str, str]) -> Chart:
    """Of each class, the share that each of two models finds: label, recall, n, and the model's name under head."""
    return _dots(frame, "label", "recall", "share found", list(dict.fromkeys(frame["label"])), names, "model")


def robustness(frame: pd.DataFrame) -> Chart:
    """Each head's accuracy on spoiled pictures; of `robustness_frame`."""
    return _dots(frame, "what", "accuracy", "accuracy", list(dict.fromkeys(frame["what"])))


def others(frame: pd.DataFrame) -> Chart:
    """Accuracy of several models, by the labels they were held against; of `others_frame`."""
    return _dots(frame, "name", "accuracy", "accuracy", list(dict.fromkeys(frame["name"])))


def groups(frame: pd.DataFrame) -> Chart:
    """Accuracy by group with its 95 % interval."""
    words = [f"{low:.1%} to {high:.1%}" for low, high in zip(frame["low"], frame["high"], strict=True)]
    told = frame.assign(words=pd.Series(words, frame.index, dtype="str"))
    tooltip = [
        alt.Tooltip("group:N"), alt.Tooltip("n:Q", format=",", title="pictures"),
        alt.Tooltip("accuracy:Q", format=".1%"), alt.Tooltip("words:N", title="95 %"),
    ]  # fmt: skip
    base = alt.Chart(told).encode(y=_names("group", list(frame["group"])), tooltip=tooltip)
    scale = _scale([*frame["low"].dropna(), *frame["accuracy"].dropna()])
    bars = base.mark_rule(strokeWidth=3, color=BLUE, opacity=0.45).encode(x=alt.X("low:Q", scale=scale), x2="high:Q")
    points = base.mark_point(filled=True, size=110, color=BLUE, opacity=1)
    return alt.layer(bars, points.encode(x=_x("accuracy", "accuracy", scale))).properties(height=alt.Step(_ROW))


def _dots(
    frame: pd.DataFrame, name: str, value: str, title: str, order: list[str], heads: tuple[str, str] = HEADS, of: str = "head"
) -> Chart:
    """A row for each name, with a dot for each head (or model): colour and shape tell which."""
    shown = frame.dropna(subset=[value])
    present = [head for head in heads if head in set(shown["head"])]
    place = [heads.index(head) for head in present]
    legend = alt.Legend(title=None, orient="top", symbolOpacity=1, labelLimit=260, columns=1 if of == "model" else 2)
    scale = _scale(list(shown[value]))
    span = alt.Chart(shown).mark_rule(color=MUTED, opacity=0.5).encode(
        x=alt.X(f"min({value}):Q", scale=scale), x2=f"max({value}):Q", y=_names(name, order)
    )  # fmt: skip
    points = (
        alt.Chart(shown)
        .mark_point(filled=True, size=110, opacity=1)
        .encode(
            x=_x(value, title, scale),
            y=_names(name, order),
            color=alt.Color("head:N", scale=alt.Scale(domain=present, range=[HEAD_COLOURS[p] for p in place]), legend=legend),
            shape=alt.Shape("head:N", scale=alt.Scale(domain=present, range=[HEAD_SHAPES[p] for p in place]), legend=legend),
            tooltip=[
                alt.Tooltip(f"{name}:N", title=" "),
                alt.Tooltip("head:N", title=of),
                alt.Tooltip(f"{value}:Q", format=".1%", title=title),
                *([alt.Tooltip("n:Q", format=",", title="pictures")] if "n" in shown else []),
            ],
        )
    )
    return alt.layer(span, points).properties(height=alt.Step(_ROW))


def _names(name: str, order: list[str]) -> alt.Y:
    axis = alt.Axis(labelLimit=170, labelOverlap=False, labelFlush=False, ticks=False, domain=False, grid=True)
    return alt.Y(f"{name}:N", title=None, sort=order, scale=alt.Scale(domain=order), axis=axis)


def _x(value: str, title: str, scale: alt.Scale) -> alt.X:
    return alt.X(f"{value}:Q", title=title, scale=scale, axis=alt.Axis(format="%", tickCount=5))


def _scale(values: list[float]) -> alt.Scale:
    """Around the values, to the next tenth below; never beyond 0 and 1."""
    low = min(values, default=0.0)
    return alt.Scale(domain=[max(0.0, int(10 * low - 0.2) / 10), 1.0], nice=False)


# ---- frames of a report ---------------------------------------------------------------------------------------------


def recall_frame(recalls: dict[str, dict[str, float]]) -> pd.DataFrame:
    """label, head, recall: from each head's recall by class."""
    rows = [(label, head, share) for head, told in recalls.items() for label, share in told.items()]
    return pd.DataFrame(rows, columns=["label", "head", "recall"])


def robustness_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """what ("blur 2 px"; of the kind "none" the level alone), n, head, accuracy: a row a head."""
    words = [("" if kind == "none" else kind, level) for kind, level in zip(frame["kind"], frame["level"], strict=True)]
    what = [" ".join(part for part in pair if part) for pair in words]
    told = frame.assign(what=pd.Series(what, frame.index, dtype="str"))
    return _by_head(told, ["what", "n"])


def others_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """name, n, macro_f1, head, accuracy: a row for each set of labels that a model was held against."""
    return _by_head(frame, ["name", "n", "macro_f1"])


def _by_head(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    long = frame.melt(keys, list(HEADS), "head", "accuracy").dropna(subset=["accuracy"])
    order = {key: place for place, key in enumerate(dict.fromkeys(frame[keys[0]]))}
    return long.sort_values(keys[0], key=lambda column: column.map(order), kind="stable", ignore_index=True)
