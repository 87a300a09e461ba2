"""What a report's figures say, in sentences: one under each chart."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from ui.model_report import Second
from ui.plain import DASH, counted, number

NOTHING = "The report says nothing about this."
NO_GROUPS = "The set names no groups."
NO_OTHERS = "No other model was judged with it; evaluate takes --against and --mini-xception."
NO_SECOND = "It was not judged on other people; evaluate takes --faces."
ABOUT_HEADS: Mapping[str, str] = {
    "votes": "What ten voters of FER+ see. Reviews read this one. Held against the voters’ majority.",
    "fer2013": "FER2013’s own labels, for comparison with the literature. Held against these labels.",
}

ABOUT_ECE = "How far, on average, how sure it is lies from how often it is right; below, before its temperature was fitted."


def points(value: float | None) -> str:
    """A share to a tenth of a per cent: 89.7 %."""
    return DASH if value is None or pd.isna(value) else f"{100 * value:.1f} %"


def interval(told: Mapping[str, float]) -> str:
    """The accuracy's 95 % interval; nothing where it isn't known."""
    low, high = told.get("accuracy_low"), told.get("accuracy_high")
    return "" if low is None or high is None else f"{100 * low:.1f} to {points(high)}"


def about_model(told: Mapping[str, Any]) -> list[str]:
    """Name, day, size and pace of the judged model."""
    day = told.get("judged") or told.get("date")
    parts = [str(told.get("name") or "this model"), f"judged {_day(day)}" if day else ""]
    parts.append(f"{told['size_bytes'] / 1e6:.1f} MB" if _is_number(told.get("size_bytes")) else "")
    alone, batched = told.get("ms_per_face"), told.get("ms_per_face_batched")
    parts.append(f"{number(alone, '.1f')} ms a face" if _is_number(alone) else "")
    parts.append(f"{number(batched, '.1f')} ms in batches" if _is_number(batched) else "")
    return [part for part in parts if part]


def about_data(told: Mapping[str, Any]) -> str:
    """On which pictures it was judged."""
    name, split, out = (told.get(key) for key in ("name", "split", "left_out"))
    missing = sum(map(_count, out.values())) if isinstance(out, Mapping) else _count(out)
    parts = [f"On {name or 'labelled faces'}" + (f", split {split}" if split else "")]
    parts += [counted(n, "picture")] if (n := _count(told.get("n"))) else []
    parts += [f"{counted(missing, 'other')} left out as leaked or ambiguous"] if missing else []
    return "; ".join(parts) + "."


def _count(value: Any) -> int:
    return int(value) if _is_number(value) else 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _day(text: Any) -> str:
    try:
        day = date.fromisoformat(str(text)[:10])
    except ValueError:
        return str(text)
    return f"{day.day} {day:%B %Y}"


# ---- a sentence a chart ---------------------------------------------------------------------------------------------


def confusion(frame: pd.DataFrame) -> str:
    """The mistake that is made most often."""
    wrong = frame[(frame["truth"] != frame["told"]) & (frame["n"] > 0)]
    if wrong.empty:
        return "No picture was mistaken." if frame["n"].sum() else NOTHING
    worst = wrong.loc[wrong["share"].idxmax()]
    return f"Most often mistaken: {worst['truth']} told as {worst['told']}, {points(worst['share'])} of {worst['truth']}."


def recall(frame: pd.DataFrame) -> str:
    """The class found best and the one found worst."""
    return _ends(frame, "recall", lambda row: f"{row['label']} ({row['head']}, {points(row['recall'])})", "Found best", "worst")


def areas(frame: pd.DataFrame, what: str) -> str:
    """The mean area, the largest and the smallest."""
    each = frame.drop_duplicates("label").dropna(subset=["area"])
    if each.empty:
        return NOTHING
    words = _ends(each, "area", lambda row: f"{row['label']} {row['area']:.2f}", "Largest", "smallest")
    return f"Mean {what} {each['area'].mean():.3f}. {words}"


def reliability(told: Mapping[str, float]) -> str:
    """The calibration error, before and after temperature."""
    if "ece" not in told:
        return NOTHING
    before = f", {told['ece_uncalibrated']:.3f} before" if "ece_uncalibrated" in told else ""
    by = f" (temperature {told['temperature']:.2f}{before})" if "temperature" in told else ""
    return f"How sure it is and how often it is right differ by {told['ece']:.3f} on average{by}."


def abstention(frame: pd.DataFrame) -> str:
    """What is won where only the surer half is told."""
    if frame.empty:
        return NOTHING
    whole, half = (frame.loc[(frame["kept"] - share).abs().idxmin()] for share in (1.0, 0.5))
    surest = f"of the surest {100 * half['kept']:.0f} %, {points(half['accuracy'])}"
    return f"Of all pictures it tells {points(whole['accuracy'])} rightly; {surest}."


def robustness(frame: pd.DataFrame) -> str:
    """What spoils most."""
    votes = frame[frame["head"] == "votes"] if (frame["head"] == "votes").any() else frame
    return _ends(votes, "accuracy", lambda row: f"{row['what']} ({points(row['accuracy'])})", "Least harm", "most")


def groups(frame: pd.DataFrame) -> str:
    """The best and the worst read group."""
    if frame.empty:
        return NO_GROUPS
    return _ends(frame, "accuracy", lambda row: f"{row['group']} ({points(row['accuracy'])})", "Read best", "worst")


def others(frame: pd.DataFrame) -> str:
    """Who leads on each set of labels."""
    if frame.empty:
        return NO_OTHERS
    best = [frame.loc[part["accuracy"].idxmax()] for _, part in frame.groupby("head", sort=False)]
    return "Best: " + "; ".join(f"{row['name']} on {row['head']} ({points(row['accuracy'])})" for row in best) + "."


def second(told: Second | None) -> str:
    """The balanced accuracy on other people."""
    if told is None:
        return NO_SECOND
    spread = "" if told.low is None or told.high is None else f" (95 %: {points(told.low)} to {points(told.high)})"
    return f"{told.name}, {counted(told.n, 'picture')}: balanced accuracy {points(told.balanced_accuracy)}{spread}."


def _ends(frame: pd.DataFrame, value: str, words: Any, most: str, least: str) -> str:
    known = frame.dropna(subset=[value])
    if known.empty:
        return NOTHING
    top, bottom = known.loc[known[value].idxmax()], known.loc[known[value].idxmin()]
    return f"{most}: {words(top)}." if len(known) == 1 else f"{most}: {words(top)}; {least}: {words(bottom)}."
