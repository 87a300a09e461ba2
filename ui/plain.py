"""Plain words for numbers, moments and names: what several pages say the same way."""

import math
import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd

DASH = "–"
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:$&^])")


def escape(text: str) -> str:
    """Text that somebody typed, such that markdown shows it as it is, on one line."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def missing(value: object) -> bool:
    """Whether a cell of a table or of the database holds nothing: None, NaN, NaT."""
    return value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def number(value: float | None, pattern: str = "+.2f") -> str:
    """A number by that pattern with a true minus sign, or a dash for none."""
    if value is None or missing(value):
        return DASH
    told = format(value, pattern)
    nothing = told.startswith("-") and not told.strip("-0.,")
    return format(0.0, pattern) if nothing else told.replace("-", "−")


def percent(value: float | None) -> str:
    """A share (0 to 1) as a whole percentage; what is not quite 0 or 100 % is never rounded to it."""
    if value is None or missing(value):
        return DASH
    if 0 < value < 0.01:
        return "under 1 %"
    if 0.99 < value < 1:
        return "over 99 %"
    return f"{value:.0%}".replace("%", " %")


def clock(seconds: float) -> str:
    """A place in a film: 75 s is 1:15, 3675 s is 1:01:15."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def duration(seconds: float | None) -> str:
    """A length of time in the two largest units: 45 s, 3 min 20 s, 2 h 5 min."""
    if seconds is None or missing(seconds):
        return DASH
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    said = [f"{value} {unit}" for value, unit in parts if value]
    return " ".join(said[:2]) or "0 s"


def local(moment: datetime, zone: str) -> datetime:
    """The moment on a store's clock; one without a zone is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("UTC"))
    return aware.astimezone(ZoneInfo(zone))


def day_and_time(moment: datetime | None, zone: str) -> str:
    """A moment on a store's clock: Sat 14 March 2026, 09:12; a dash for none."""
    if moment is None or missing(moment):
        return DASH
    there = local(moment, zone)
    return f"{there:%a} {there.day} {there:%B %Y, %H:%M}"


def counted(n: int, one: str, many: str | None = None) -> str:
    """1 visit, 1,200 visits."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"
