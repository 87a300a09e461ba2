"""When a film began: what its name and its metadata propose, and what a person's date and time mean in a store's zone."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from fer_core.errors import InputError

_FIRST_YEAR, _LAST_YEAR = 1980, 2200
_APART = timedelta(minutes=2)
_DATE = r"(?<!\d)(?P<year>\d{4})(?P<dash>[-_.]?)(?P<month>\d\d)(?P=dash)(?P<day>\d\d)"
_CLOCK = r"(?P<hour>\d\d)(?P<colon>[-_.:h]?)(?P<minute>\d\d)(?:[-_.:m]?(?P<second>\d\d))?s?"
_ZONE = r"(?:\.\d+|\d{3})?(?P<zone>Z|[+-]\d\d:?\d\d)?(?![A-Za-z0-9])"
_DATE_AND_TIME = re.compile(_DATE + r"(?:T|[ _.-]+at[ _.-]+|[ _.-]{1,3}|(?<=\d{8}))" + _CLOCK + _ZONE, re.IGNORECASE)
_DATE_ONLY = re.compile(_DATE + r"(?!\d)")


@dataclass(frozen=True)
class Named:
    """What a name says: a day, perhaps a time, and perhaps the zone that both are in (None: the store's clock)."""

    day: date
    clock: time | None = None
    zone: timezone | None = None


@dataclass(frozen=True)
class Proposal:
    """A start to be confirmed, on the store's clock. source is a sentence for a person."""

    day: date | None
    clock: time | None
    source: str


def start_in_name(name: str) -> Named | None:
    """The first date (and time) in a film's name, such as 2026-03-02_10-00-00, 20260302_100000 or 20260302T100000Z.

    None where there is none; numbers that are no date, such as 20261399, are passed over.
    """
    for found in _DATE_AND_TIME.finditer(name):
        day, clock = _day(found), _clock(found)
        if day and clock:
            return Named(day, clock, _zone(found))
    days = (_day(found) for found in _DATE_ONLY.finditer(name))
    return next((Named(day) for day in days if day), None)


def propose(name: str, recorded_at: datetime | None, zone: ZoneInfo) -> Proposal:
    """What the name says, else what the file's metadata say (`recorded_at`, aware); the name is what people choose."""
    named = start_in_name(name)
    written = _local(recorded_at, zone) if recorded_at else None
    if named and named.clock:
        moment = datetime.combine(named.day, named.clock, named.zone or zone).astimezone(zone)
        return Proposal(
            moment.date(), moment.time().replace(fold=0), "start proposed from the file’s name" + _but(moment, written)
        )
    if written:
        return Proposal(written.date(), written.time(), "start proposed from the file’s metadata")
    if named:
        return Proposal(named.day, None, "the file’s name says the day, not the time")
    return Proposal(None, None, "the file doesn’t say when it was taken")


def moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """That time of day in UTC. InputError for one that the change to summer time leaves out.

    An hour that comes twice, when summer time ends, is taken the first time.
    """
    local = datetime.combine(day, clock, zone)
    found = local.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise InputError(f"On {day.day} {day:%B %Y} the clocks of {zone.key} skip {clock:%H:%M}: there is no such time.")
    return found


def comes_twice(day: date, clock: time, zone: ZoneInfo) -> bool:
    """True in the hour that comes twice when summer time ends."""
    local = datetime.combine(day, clock, zone)
    return local.utcoffset() > local.replace(fold=1).utcoffset()  # type: ignore[operator]  # never None with a zone


def _but(moment: datetime, written: datetime | None) -> str:
    """The other opinion, where both speak and disagree."""
    if written is None or abs(moment - written) < _APART:
        return ""
    return f"; its metadata say {written.day} {written:%B %Y, %H:%M:%S}"


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(microsecond=0, fold=0)


def _day(found: re.Match[str]) -> date | None:
    try:
        day = date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None
    return day if _FIRST_YEAR <= day.year < _LAST_YEAR else None


def _clock(found: re.Match[str]) -> time | None:
    try:
        return time(int(found["hour"]), int(found["minute"]), int(found["second"] or 0))
    except ValueError:
        return None


def _zone(found: re.Match[str]) -> timezone | None:
    text = found["zone"] or ""
    if text in ("Z", "z"):
        return UTC
    if not text or "T" not in found[0].upper():  # 20260302_1000-1030 is a span of time, not a zone
        return None
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    if minutes >= 24 * 60:
        return None
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
