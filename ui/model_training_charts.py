"""The curves of a training: what it gets wrong, and how much of the pictures held back it reads rightly."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from ui.charts import Chart
from ui.theme import BLUE, GROUP_COLOURS, MUTED

_HELD = "held_"
_HEADS = {"votes": "most voters", "fer2013": "the set’s labels", "classes": "the set’s labels"}
_LOOKS = {"most voters": (GROUP_COLOURS[1], [5, 3]), "the set’s labels": (BLUE, [1, 0])}
_HEIGHT = 220
_TICKS = 8


def curve_frame(curve: Sequence[Mapping[str, float]]) -> pd.DataFrame:
    """epoch, loss, and a column for each accuracy (0 to 1), named by what the answers were held against."""
    rows = []
    for point in curve:
        row = {"epoch": int(point.get("epoch", 0)), "loss": point.get("loss")}
        heads = {key.removeprefix(_HELD): value for key, value in point.items() if key.startswith(_HELD)}
        rows.append(row | {head_word(head): value / 100 for head, value in heads.items()})
    return pd.DataFrame(rows, columns=None if rows else ["epoch", "loss"])


def head_word(head: str) -> str:
    """What a head's answers are held against, in words."""
    return _HEADS.get(head, head.replace("_", " "))


def loss_chart(frame: pd.DataFrame, epochs: int) -> Chart:
    """The loss by epoch; the axis reaches to the last epoch that is to come."""
    y = alt.Y("loss:Q", title="loss", scale=alt.Scale(zero=False))
    tooltip = [alt.Tooltip("epoch:Q"), alt.Tooltip("loss:Q", format=".3f")]
    base = alt.Chart(frame).encode(x=_epochs(epochs), y=y, tooltip=tooltip)
    return alt.layer(base.mark_line(color=BLUE), base.mark_point(filled=True, size=40, color=BLUE)).properties(height=_HEIGHT)


def accuracy_chart(frame: pd.DataFrame, epochs: int) -> Chart:
    """The accuracy on the pictures held back by epoch: a line for each of the model's heads, told by colour and dashes."""
    heads = [str(name) for name in frame.columns if name not in ("epoch", "loss")]
    long = frame.melt(["epoch"], heads, "against", "accuracy").dropna()
    looks = [_LOOKS.get(head, (MUTED, [2, 2])) for head in heads]
    legend = alt.Legend(title=None, orient="top", symbolType="stroke", labelLimit=220) if len(heads) > 1 else None
    colour = alt.Color("against:N", scale=alt.Scale(domain=heads, range=[colour for colour, _ in looks]), legend=legend)
    dash = alt.StrokeDash("against:N", scale=alt.Scale(domain=heads, range=[dashes for _, dashes in looks]), legend=legend)
    tooltip = [alt.Tooltip("epoch:Q"), alt.Tooltip("against:N", title="held against"), alt.Tooltip("accuracy:Q", format=".1%")]
    y = alt.Y("accuracy:Q", title="read rightly", axis=alt.Axis(format=".0%"), scale=alt.Scale(zero=False))
    base = alt.Chart(long).encode(x=_epochs(epochs), y=y, color=colour, tooltip=tooltip)
    return alt.layer(base.mark_line().encode(strokeDash=dash), base.mark_point(filled=True, size=40)).properties(height=_HEIGHT)


def counts_chart(classes: Mapping[str, int]) -> Chart:
    """How many pictures each class of a set has."""
    frame = pd.DataFrame({"class": list(classes), "pictures": list(classes.values())})
    axis = alt.Axis(ticks=False, domain=False, labelLimit=160)
    y = alt.Y("class:N", title=None, sort=list(classes), axis=axis)
    x = alt.X("pictures:Q", title=None, axis=None)
    base = alt.Chart(frame).encode(x=x, y=y, tooltip=["class:N", alt.Tooltip("pictures:Q", format=",")])
    numbers = base.mark_text(align="left", dx=4, color=MUTED).encode(text=alt.Text("pictures:Q", format=","))
    return alt.layer(base.mark_bar(color=BLUE, cornerRadiusEnd=2), numbers).properties(height=alt.Step(22))


def _epochs(epochs: int) -> alt.X:
    last = max(epochs, 2)
    axis = alt.Axis(format="d", tickMinStep=1, tickCount=min(last, _TICKS), grid=False)
    return alt.X("epoch:Q", title="epoch", scale=alt.Scale(domain=[1, last], nice=False), axis=axis)
