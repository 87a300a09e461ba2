"""What visitors say against what was read: a table of four faces, and both over the days."""

from collections.abc import Mapping
from types import MappingProxyType

import altair as alt
import pandas as pd

from fer_core.types import REVIEWS
from ui.charts.parts import HIDDEN, Chart, change_scale
from ui.plain import number, percent
from ui.theme import BLUE, MUTED, review_label

FACES: Mapping[int, str] = MappingProxyType({1: "1 very unhappy", 2: "2 unhappy", 3: "3 happy", 4: "4 very happy"})
_ROW = 54
_BLUES = ("#E3EEF6", "#9CC7E4", "#4D9CCF", "#0072B2", "#00507E")
"""From no share to the whole; the words on it change from black to white where both can be read."""
_WHITE_FROM = 0.55
_ANSWER = (1.0, 4.0)


def said_and_read(frame: pd.DataFrame) -> Chart:
    """The table of `fer_core.validity.Validity`: of those who pressed a face, the shares of each review; a hidden row shows
    its count."""
    rows = _shares(frame)
    read = alt.X("review:N", title=None, sort=_labels(), scale=alt.Scale(domain=_labels()), axis=_reviews_axis())
    said = alt.Y("face:N", title=None, sort=list(FACES.values()), scale=alt.Scale(domain=list(FACES.values())), axis=_axis())
    tooltip = [
        alt.Tooltip("face:N", title="said"),
        alt.Tooltip("review:N", title="read"),
        alt.Tooltip("words:N", title="visits"),
    ]
    base = alt.Chart(rows).encode(x=read, y=said, tooltip=tooltip)
    scale = alt.Scale(domain=[0, 0.25, 0.5, 0.75, 1], range=list(_BLUES))
    cells = base.mark_rect(cornerRadius=3).encode(color=alt.Color("share:Q", scale=scale, legend=None))
    ink = alt.condition(f"datum.share >= {_WHITE_FROM}", alt.value("#FFFFFF"), alt.value("#111111"))
    words = base.mark_text(fontSize=12).encode(text="percent:N", color=ink)
    hidden = frame[frame["hidden"].astype(bool)]
    lines = [f"{n:,} visits: {HIDDEN.split(': ')[1]}" for n in hidden["n"]]
    counts = alt.Chart(hidden.assign(face=hidden["said"].map(FACES), text=pd.Series(lines, hidden.index, dtype="str")))
    text = counts.mark_text(color=MUTED, fontSize=11, align="left", dx=4).encode(x=alt.value(0), y=said, text="text:N")
    return alt.layer(cells, words, text).properties(height=alt.Step(_ROW))


def answers_over_time(days: pd.DataFrame) -> Chart:
    """The mean answer of each day of `Validity.days`, with its 95 % interval; a hidden day shows its count."""
    told = _told(days)
    time = alt.X("bucket:T", title=None, scale=alt.Scale(type="utc"), axis=alt.Axis(grid=False, format="%-d %b", tickCount=8))
    # the same scale for every layer: one without any would stretch it to 0
    scale = alt.Scale(domain=list(_ANSWER), clamp=True, zero=False, nice=False)
    y = alt.Y("mean_answer:Q", title="mean answer", scale=scale, axis=_faces_axis())
    base = alt.Chart(told[told["mean_answer"].notna()]).encode(x=time, tooltip=_tooltip())
    bars = base.mark_rule(strokeWidth=3, color=BLUE, opacity=0.45).encode(
        y=alt.Y("answer_low:Q", scale=scale), y2="answer_high:Q"
    )
    line = base.mark_line(strokeWidth=1.5, color=BLUE, opacity=0.6).encode(y=y)
    points = base.mark_point(filled=True, size=60, color=BLUE, opacity=1).encode(y=y)
    hidden = alt.Chart(told[told["hidden_answers"].astype(bool)]).mark_text(color=MUTED, fontSize=10)
    counts = hidden.encode(x=time, y=alt.YDatum(1.1, scale=scale), text="answers:Q", tooltip=_tooltip())
    return alt.layer(bars, line, points, counts).properties(height=300)


def days_side_by_side(days: pd.DataFrame) -> Chart:
    """A point a day of `Validity.days`: mean answer across, mean change up, both with their 95 % intervals."""
    told = _told(days)
    shown = told[told["mean_answer"].notna() & told["mean_change"].notna()]
    across_scale, up_scale = alt.Scale(domain=_reach(shown), clamp=True, zero=False, nice=False), change_scale(shown)
    x = alt.X("mean_answer:Q", title="mean answer", scale=across_scale)
    y = alt.Y("mean_change:Q", title="estimated change", scale=up_scale)
    base = alt.Chart(shown).encode(tooltip=_tooltip())
    across = base.mark_rule(color=BLUE, opacity=0.25).encode(
        x=alt.X("answer_low:Q", scale=across_scale), x2="answer_high:Q", y=y
    )
    up = base.mark_rule(color=BLUE, opacity=0.25).encode(x=x, y=alt.Y("change_low:Q", scale=up_scale), y2="change_high:Q")
    points = base.mark_point(filled=True, size=60, color=BLUE, opacity=1).encode(x=x, y=y)
    return alt.layer(across, up, points).properties(height=300)


def _labels() -> list[str]:
    return [review_label(name) for name in REVIEWS]


def _axis() -> alt.Axis:
    return alt.Axis(ticks=False, domain=False, labelLimit=120, grid=False, labelFontSize=11)


def _reviews_axis() -> alt.Axis:
    """Sign over word, so that all four fit on a phone."""
    lines = "split(datum.label, ' ')"
    return alt.Axis(
        orient="top",
        ticks=False,
        domain=False,
        labelAngle=0,
        labelOverlap=False,
        labelFlush=False,
        labelExpr=lines,
        grid=False,
        labelFontSize=10,
    )


def _faces_axis() -> alt.Axis:
    return alt.Axis(values=[1, 2, 3, 4], format="d")


def _reach(shown: pd.DataFrame) -> list[float]:
    if shown.empty:
        return list(_ANSWER)
    low, high = shown["answer_low"].fillna(shown["mean_answer"]), shown["answer_high"].fillna(shown["mean_answer"])
    return [float(low.min()), float(high.max())] if low.min() < high.max() else list(_ANSWER)


def _shares(frame: pd.DataFrame) -> pd.DataFrame:
    """A row for each face and review that is shown: face, review, share (0 to 1), percent and words of it."""
    shown = frame[~frame["hidden"].astype(bool) & (frame["n"] > 0)]
    long = shown.melt(["said", "n"], list(REVIEWS), "name", "count")
    share = (long["count"] / long["n"]).astype("float64")
    words = [f"{percent(one)} ({count:,.0f})" for one, count in zip(share, long["count"], strict=True)]
    return pd.DataFrame(
        {
            "face": long["said"].map(FACES).astype("str"),
            "review": long["name"].map({str(name): review_label(name) for name in REVIEWS}).astype("str"),
            "share": share,
            "percent": pd.Series([percent(one) for one in share], long.index, dtype="str"),
            "words": pd.Series(words, long.index, dtype="str"),
        }
    )


def _told(days: pd.DataFrame) -> pd.DataFrame:
    buckets = pd.to_datetime(days["bucket"]).astype("datetime64[ms]")
    rows = list(days.itertuples())
    columns = {
        "when": [f"{one:%a} {one.day} {one:%B %Y}" for one in buckets],
        "answer_words": [_words(row.hidden_answers, row.mean_answer, row.answer_low, row.answer_high, ".2f") for row in rows],
        "change_words": [_words(row.hidden, row.mean_change, row.change_low, row.change_high, "+.2f") for row in rows],
        "visits": [f"{row.n:,}" for row in rows],
    }
    told = {name: pd.Series(values, days.index, dtype="str") for name, values in columns.items()}
    return days.assign(bucket=buckets.dt.tz_localize("UTC"), **told)


def _words(hidden: bool, mean: float, low: float, high: float, pattern: str) -> str:
    if hidden:
        return HIDDEN
    return (
        number(mean, pattern)
        if pd.isna(low)
        else f"{number(mean, pattern)} (95 %: {number(low, pattern)} to {number(high, pattern)})"
    )


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("when:N", title="when"),
        alt.Tooltip("answers:Q"),
        alt.Tooltip("answer_words:N", title="mean answer"),
        alt.Tooltip("visits:N"),
        alt.Tooltip("change_words:N", title="estimated change"),
    ]
