"""A visit in sentences: why this review, how sure the match is, when it was."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from fer_core.review import Change, reason
from fer_core.settings import ReviewSettings
from ui.plain import clock, day_and_time, duration, local, missing, percent

Row: TypeAlias = Mapping[str, Any]
"""A visit as `queries.visit` gives it: the columns of the table `visits` by name, and `corrections`."""

_SURE = ((0.99, "as good as certain"), (0.95, "very likely"), (0.8, "likely"), (0.0, "rather likely than not"))
_CLEAR = 0.05


def change_of(row: Row) -> Change | None:
    """The visit's change as the engine knows it, or None where a number is missing."""
    numbers = [row.get(name) for name in ("entry_valence", "exit_valence", "change", "camera_offset", "change_se")]
    if any(missing(number) for number in numbers):
        return None
    before, after, raw, offset, se = (float(number) for number in numbers if number is not None)
    return Change(before, after, raw, offset, se, row["review"])


def why(row: Row, settings: ReviewSettings) -> str:
    """Why the engine gave this review: one sentence with the numbers, and one about the cameras' offset where it counts."""
    change = change_of(row)
    if change is None:
        return "The numbers behind this review are missing."
    sentence = reason(change, settings)
    text = sentence[0].upper() + sentence[1:]
    if change.offset:
        text += f" The two cameras’ lasting difference of {change.offset:+.2f} was taken off the change of {change.raw:+.2f}."
    return text.replace("-", "−")


def match_words(probability: float | None, runner_up: float | None) -> str:
    """How sure it is that both appearances are the same person."""
    if probability is None or missing(probability):
        return "How sure the match is was not kept."
    sure = next(word for least, word in _SURE if probability >= least)
    text = f"It is {sure} that the same person came and left ({percent(probability)})."
    if runner_up is None or missing(runner_up):
        return text
    if runner_up < _CLEAR:
        return f"{text} Nobody else came near (next best: {percent(runner_up)})."
    return f"{text} The next best partner of either was at {percent(runner_up)}."


def title(row: Row, zone: str) -> str:
    """When the visit was, in the store's zone; without a time of day, where in its films."""
    if not missing(row.get("entered_at")):
        return f"Visit of {day_and_time(row['entered_at'], zone)}"
    return f"Visit at {clock(row['entry_time_s'])} of {row['entry_film']}"


def when(row: Row, zone: str) -> str:
    """When the person came, left, and how long that took."""
    if missing(row.get("entered_at")) or missing(row.get("exited_at")):
        return "The films’ start times are not known, so this visit has no time of day and no length."
    came, left = (local(row[name], zone) for name in ("entered_at", "exited_at"))
    until = f"{left:%H:%M:%S}" if came.date() == left.date() else f"{left.day} {left:%B, %H:%M:%S}"
    return f"{came:%H:%M:%S} to {until} ({zone}): stayed {duration(row.get('dwell_s'))}."


def place(row: Row, role: str) -> str:
    """Where one of the two appearances is to be found: door, film, time in the film."""
    door = f"door “{row[f'{role}_door']}”, " if row.get(f"{role}_door") else ""
    return f"{door}film {row[f'{role}_film']}, {clock(row[f'{role}_time_s'])}"
