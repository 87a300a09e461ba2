"""The shared filters as they stand in the address: names, defaults, and the way there and back. No streamlit here."""

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from fer_core.types import REVIEWS
from ui.theme import review_label

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)

PERIOD_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "today": "Today",
        "7d": "Last 7 days",
        "4w": "Last 4 weeks",
        "month": "This month",
        "last-month": "Last month",
        "all": "All",
        "custom": "From … to …",
    }
)
DAYPARTS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"day": (0, 24), "morning": (6, 11), "midday": (11, 14), "afternoon": (14, 18), "evening": (18, 23)}
)
"""Parts of the day: first hour, and the hour at which it ends."""
DAYPART_LABELS: Mapping[str, str] = MappingProxyType(
    {"day": "Whole day"}
    | {name: f"{name.capitalize()}, {start}–{end} h" for name, (start, end) in DAYPARTS.items() if name != "day"}
    | {"custom": "Other hours …"}
)
REVIEW_LABELS: Mapping[str, str] = MappingProxyType({name: review_label(name) for name in REVIEWS})

DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "period": "4w",
        "from": None,
        "to": None,
        "stores": (),
        "doors": (),
        "part": "day",
        "hours": (9, 20),
        "weekdays": (),
        "review": (),
        "quality": 0,
        "match": 0,
    }
)
"""Every filter's name, in the address too, and what it is when nobody chose: days, names, hours, percent."""


def _one(text: str) -> str:
    return text


def _percent(text: str) -> int:
    return min(100, max(0, int(text)))


def _day(text: str) -> date:
    return min(LAST_DAY, max(FIRST_DAY, date.fromisoformat(text)))


def _hours(text: str) -> tuple[int, int]:
    start, end = (int(part) for part in text.split("-"))
    if not 0 <= start < end <= 24:
        raise ValueError("not hours of a day")
    return start, end


def _among(options: Mapping[str, Any] | tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in options:
            raise ValueError(f"not one of {options}")
        return text

    return read


_READERS: Mapping[str, Callable[[str], Any]] = {
    "period": _among(PERIOD_LABELS),
    "from": _day,
    "to": _day,
    "stores": _one,
    "doors": _one,
    "part": _among(DAYPART_LABELS),
    "hours": _hours,
    "weekdays": _among(WEEKDAYS),
    "review": _among(REVIEW_LABELS),
    "quality": _percent,
    "match": _percent,
}
SEVERAL = ("stores", "doors", "weekdays", "review")
"""Filters that hold several names; the address repeats them."""


def read(stands: Mapping[str, list[str]]) -> dict[str, Any]:
    """What an address says, by the keys of DEFAULTS; what can't be understood is passed over."""
    found = {}
    for key in DEFAULTS.keys() & stands.keys():
        values = [value for text in stands[key] for value in _understood(key, text)]
        if values:
            found[key] = tuple(dict.fromkeys(values)) if key in SEVERAL else values[-1]
    return found


def written(chosen: Mapping[str, Any]) -> dict[str, list[str]]:
    """What the address has to say: the filters that are not at their default, as text."""
    idle = {"from", "to"} if chosen["period"] != "custom" else set()
    idle |= {"hours"} if chosen["part"] != "custom" else set()
    return {
        key: _text(key, chosen[key])
        for key, default in DEFAULTS.items()
        if key not in idle and _text(key, chosen[key]) != (_text(key, default) if key != "hours" else None)
    }


def _understood(key: str, text: str) -> list[Any]:
    try:
        return [_READERS[key](text)]
    except ValueError:
        return []


def _text(key: str, value: Any) -> list[str]:
    if key in SEVERAL:
        return [str(one) for one in value]
    if key == "hours":
        return ["-".join(str(hour) for hour in value)]
    return [] if value is None else [str(value)]
