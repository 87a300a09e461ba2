"""What a chart shows, in one sentence with its numbers: for those who read, listen, or see no colours. Plain text."""

import pandas as pd

from fer_core.queries import Grain
from ui.charts.over_time import when_words
from ui.charts.week import WEEKDAYS
from ui.plain import counted, number, percent

NOTHING = "Nothing to see: no visit fits."
_LEAST_SHARE = 0.005
_ALL_HIDDEN = "Every cell has fewer than 10 visits: only their counts are shown."


def over_time(frame: pd.DataFrame, grain: Grain) -> str:
    """Highest and lowest bucket of `queries.trend`."""
    shown, ending = _shown(frame), hidden_words(frame, grain)
    if not len(shown):
        return _none(frame)
    best, worst = shown.loc[shown["mean_change"].idxmax()], shown.loc[shown["mean_change"].idxmin()]
    if len(shown) == 1:
        return f"{_of(best)}{when_words(best['bucket'], grain)}: {number(best['mean_change'])}.{ending}"
    high, low = (f"{_of(one)}{when_words(one['bucket'], grain)} ({number(one['mean_change'])})" for one in (best, worst))
    return f"Highest: {high}; lowest: {low}.{ending}"


def reviews(frame: pd.DataFrame) -> str:
    """The shares of all buckets or groups that are shown together."""
    shown = frame[~frame["hidden"].astype(bool)]
    n = int(shown["n"].sum())
    if not n:
        return _none(frame)
    shares = {name: percent(shown[name].sum() / n) for name in ("positive", "neutral", "negative", "uncertain")}
    return f"Of {counted(n, 'visit')}: " + ", ".join(f"{share} {name}" for name, share in shares.items()) + "."


def week(frame: pd.DataFrame) -> str:
    """Best and worst hour of `queries.heat`."""
    shown = _shown(frame)
    if not len(shown):
        return _none(frame)
    best, worst = (shown.loc[place] for place in (shown["mean_change"].idxmax(), shown["mean_change"].idxmin()))
    high, low = (
        f"{WEEKDAYS[int(one['weekday'])]}, {one['hour']}–{one['hour'] + 1} h ({number(one['mean_change'])})"
        for one in (best, worst)
    )
    return f"Highest: {high}; lowest: {low}.{hidden_words(frame, 'hour')}"


def mix(frame: pd.DataFrame) -> str:
    """The expression whose share differs most between entrance and exit."""
    shown = frame[~frame["hidden"].astype(bool)]
    if shown.empty:
        return _none(frame)
    shares = shown.pivot_table(index="expression", columns="moment", values="share", aggfunc="sum").fillna(0.0)
    shares = shares.reindex(columns=["entrance", "exit"], fill_value=0.0)
    name = (shares["exit"] - shares["entrance"]).abs().idxmax()
    before, after = shares.loc[name, "entrance"], shares.loc[name, "exit"]
    return f"The largest difference: {name}, {percent(before)} at the entrance and {percent(after)} at the exit."


def dwell(frame: pd.DataFrame) -> str:
    """Where the change is highest and lowest by length of stay."""
    return _extremes(frame, "bin", "Stays of ")


def side_by_side(frame: pd.DataFrame) -> str:
    """Which store or door has the highest change, which the lowest."""
    return _extremes(frame, "group", "")


def sums(frame: pd.DataFrame, grain: Grain) -> str:
    """The shares of the expressions over all buckets of `queries.tallies` that are shown together, the largest first."""
    hidden = frame["hidden"].astype(bool)
    few = int(hidden.sum())
    ending = f" {counted(few, grain)} with fewer than 10 people: number only." if few else ""
    totals = frame[~hidden].groupby("expression")["faces"].sum().sort_values(ascending=False)
    n = round(float(totals.sum()))
    if not n:
        return "Fewer than 10 people at a time: only their numbers are shown." if few else "Nobody passed here."
    shares = [f"{percent(faces / n)} {name}" for name, faces in totals.items() if faces / n >= _LEAST_SHARE]
    return f"Of {counted(n, 'person', 'people')}: {', '.join(shares)}.{ending}"


def against(now: pd.DataFrame, then: pd.DataFrame, names: tuple[str, str]) -> str:
    """The two periods' mean changes, over what is shown of both."""
    means = [_mean(frame) for frame in (now, then)]
    if means[0] is None or means[1] is None:
        return f"Only {names[0] if means[1] is None else names[1]} has visits to show." if any(means) else NOTHING
    difference = means[0] - means[1]
    word = "higher" if difference > 0 else "lower"
    said = f"{number(means[0])} in {names[0]}, {number(means[1])} in {names[1]}: {number(abs(difference), '.2f')} {word}."
    return said


def hidden_words(frame: pd.DataFrame, grain: Grain | None = None) -> str:
    """How many cells show their count only; empty where none does."""
    n = int(frame["hidden"].sum())
    return f" {counted(n, grain or 'cell')} with fewer than 10 visits: count only." if n else ""


def _shown(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["mean_change"].notna() & ~frame["hidden"].astype(bool)]


def _mean(frame: pd.DataFrame) -> float | None:
    shown = _shown(frame)
    return float((shown["mean_change"] * shown["n"]).sum() / shown["n"].sum()) if len(shown) else None


def _none(frame: pd.DataFrame) -> str:
    return _ALL_HIDDEN if len(frame) else NOTHING


def _of(row: pd.Series) -> str:
    return "" if row["group"] == "all visits" else f"{row['group']}, "


def _extremes(frame: pd.DataFrame, column: str, lead: str) -> str:
    shown = _shown(frame)
    if not len(shown):
        return _none(frame)
    best, worst = (shown.loc[place] for place in (shown["mean_change"].idxmax(), shown["mean_change"].idxmin()))
    if len(shown) == 1:
        return f"{lead}{best[column]}: {number(best['mean_change'])} ({counted(int(best['n']), 'visit')}).{hidden_words(frame)}"
    high, low = (f"{one[column]} ({number(one['mean_change'])})" for one in (best, worst))
    return f"Highest: {lead.lower()}{high}; lowest: {lead.lower()}{low}.{hidden_words(frame)}"
