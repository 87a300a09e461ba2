"""What the charts of the page Validity show, in one sentence each; and its figures as a table. Plain text."""

import pandas as pd

from fer_core.validity import LEFT_OUT, SAID_AS, Correlation, Validity
from ui.charts.said import FACES
from ui.plain import counted, number, percent

NOTHING_BESIDE = "No answer could be set against a review yet."


def table_words(found: Validity) -> str:
    """What is read most often of those who pressed the outermost faces."""
    rows = found.table[~found.table["hidden"].astype(bool) & (found.table["n"] > 0)]
    few = " Faces with fewer than 10 visits show their count only." if found.table["hidden"].any() else ""
    if rows.empty:
        return (NOTHING_BESIDE + few).strip() if not found.table["n"].any() else few.strip()
    ends = rows.iloc[[0, -1]] if len(rows) > 1 else rows
    told = [_mostly(row) for row in ends.to_dict("records")]
    said = "; ".join(told)
    return f"{said[:1].upper()}{said[1:]}.{few}"


def _mostly(row: dict[str, float]) -> str:
    name = SAID_AS[int(row["said"])]
    who = f"{counted(int(row['n']), 'visitor')} who pressed {FACES[int(row['said'])]}"
    return f"of {who}, {percent(row[name] / row['n'])} were read as {name}"


def days_words(days: pd.DataFrame) -> str:
    """The best and the worst day by what was said."""
    shown = days.dropna(subset=["mean_answer"])
    few = int(days["hidden_answers"].sum())
    ending = f" {counted(few, 'day')} with fewer than 10 answers: count only." if few else ""
    if shown.empty:
        return ending.strip() or "No answers."
    best, worst = (shown.loc[place] for place in (shown["mean_answer"].idxmax(), shown["mean_answer"].idxmin()))
    said = [f"{one['bucket'].day} {one['bucket']:%b} ({number(one['mean_answer'], '.2f')})" for one in (best, worst)]
    return f"Best: {said[0]}; worst: {said[1]}, of 1 to 4.{ending}"


def correlation_words(found: Correlation, unit: str) -> str:
    """Spearman's correlation with its interval, or that there is too little of it."""
    if found.value is None:
        return f"Too few {unit}s with enough answers and visits to tell a correlation ({found.cells})."
    span = f"95 % interval {number(found.low)} to {number(found.high)}"
    return f"Spearman’s correlation over {found.cells:,} {unit}s: {number(found.value)} ({span})."


def left_out(found: Validity) -> pd.DataFrame:
    """Why answers stand in no agreement: reason, answers; without what never happened."""
    rows = [(words[:1].upper() + words[1:], found.left_out[name]) for name, words in LEFT_OUT.items() if found.left_out[name]]
    return pd.DataFrame(rows, columns=["reason", "answers"]).astype({"answers": "int64", "reason": "str"})


def figures(found: Validity) -> pd.DataFrame:
    """All that is told, as a table to download: figure, value, low, high (of the 95 % interval), n."""
    rows: list[tuple[str, float | None, float | None, float | None, int]] = []
    if found.agreement:
        agreed = found.agreement
        rows.append(("agreement", agreed.share, agreed.share_low, agreed.share_high, agreed.n))
        rows.append(("kappa", agreed.kappa, agreed.low, agreed.high, agreed.n))
    for name, one in (("by day", found.by_day), ("by hour", found.by_hour)):
        rows.append((f"Spearman {name}", one.value, one.low, one.high, one.cells))
    rows += [("answers", None, None, None, found.answers), ("answers set against a review", None, None, None, found.judged)]
    rows += [(f"left out: {words}", None, None, None, found.left_out[name]) for name, words in LEFT_OUT.items()]
    return pd.DataFrame(rows, columns=["figure", "value", "low", "high", "n"]).astype(
        {"figure": "str", "value": "float64", "low": "float64", "high": "float64", "n": "int64"}
    )
