"""Films that a person has chosen, looked at before any work begins: what each one is, and what speaks against them together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import streamlit as st

from fer_core.errors import InputError
from fer_core.types import Role
from ui.starts import Proposal, comes_twice, moment, propose

ROLE_WORDS: dict[Role, str] = {"entry": "entrance", "exit": "exit"}
_MOST_LOOKS = 500
_NIGHT = timedelta(hours=36)


@dataclass(frozen=True)
class Look:
    """What a film says of itself; error is the sentence where it can't be used, and then the rest is empty."""

    size_bytes: int = 0
    sha256: str = ""
    width: int = 0
    height: int = 0
    duration_s: float | None = None
    recorded_at: datetime | None = None
    error: str = ""


@dataclass
class Chosen:
    """A film on the form. upload is the upload's id, "" for a film in a folder of the server; day and clock are the store's.

    unknown: nobody knows its start, whatever day and clock say. turn counts the values that came from elsewhere than its
    widgets, which are then drawn anew.
    """

    path: Path
    role: Role
    name: str
    upload: str = ""
    door: str = ""
    day: date | None = None
    clock: time | None = None
    unknown: bool = False
    turn: int = 0
    proposal: Proposal | None = None
    look: Look = field(default_factory=Look)

    @property
    def key(self) -> str:
        """Tells its widgets apart from those of the form's other films."""
        return f"{self.role}-{self.path}"

    def settle(self, zone: ZoneInfo) -> None:
        """Look at it and propose a start; what a person has changed stays, also when the store's zone is another."""
        self.look = look(self.path, self.name)
        found = propose(self.name, self.look.recorded_at, zone)
        if found == self.proposal:
            return
        old = self.proposal
        if old is None or (self.day, self.clock) == (old.day or self.day, old.clock):
            self.day, self.clock, self.turn = found.day or self.day, found.clock, self.turn + 1
        self.proposal = found

    def start(self, zone: ZoneInfo) -> datetime | None:
        """Its start in UTC, None where a person left it unknown. InputError for a time that the clocks skip."""
        known = self.day and self.clock and not self.unknown
        return moment(self.day, self.clock, zone) if known else None  # type: ignore[arg-type]


def look(path: Path, name: str) -> Look:
    """Look at a film; remembered until the file changes. `name` stands in the sentence in place of the server's path."""
    try:
        status = path.stat()
    except OSError:
        return Look(error=f"{name}: the file is no longer there.")
    return _look(str(path), name, status.st_size, status.st_mtime_ns)


@st.cache_data(max_entries=_MOST_LOOKS, show_spinner="Looking at the film …")
def _look(path: str, name: str, size_bytes: int, changed_ns: int) -> Look:
    from fer_core.pipeline import Film, check_film

    try:
        checked = check_film(Film(Path(path), "entry"))
    except InputError as error:
        return Look(size_bytes, error=f"{str(error).replace(path, name)}.")
    info = checked.info
    return Look(size_bytes, checked.sha256, info.width, info.height, info.duration_s, info.recorded_at)


# ---- what speaks against it -----------------------------------------------------------------------------------------


def missing(films: Sequence[Chosen]) -> list[str]:
    """Sentences that ask for what is not there yet."""
    return [f"Add a film of the {word}." for role, word in ROLE_WORDS.items() if all(film.role != role for film in films)]


def faults(films: Sequence[Chosen], zone: ZoneInfo) -> list[str]:
    """Sentences that keep the films from being analysed; what is wrong with one film alone stands beside that film."""
    marked = ["Remove or mend the films marked above."] if any(fault_of(film, zone) for film in films) else []
    return marked + _twice(films)


def fault_of(film: Chosen, zone: ZoneInfo) -> str:
    """The sentence that says why this film can't be analysed as it stands, or "" where nothing is wrong."""
    if film.look.error:
        return film.look.error
    if film.clock and not film.day and not film.unknown:
        return f"{film.name}: choose the day as well, or tick that the start is unknown."
    try:
        film.start(zone)
    except InputError as error:
        return str(error)
    return ""


def swapped(films: Sequence[Chosen], zone: ZoneInfo) -> str:
    """A sentence where all exits end before the entrances begin, as `pipeline.check_films` would refuse; else ""."""
    if any(fault_of(film, zone) for film in films):
        return ""
    begins = [film.start(zone) for film in films if film.role == "entry"]
    ends = [_end(film, zone) for film in films if film.role == "exit"]
    known_begins, known_ends = [b for b in begins if b], [e for e in ends if e]
    if not begins or not ends or len(known_begins) < len(begins) or len(known_ends) < len(ends):
        return ""
    if max(known_ends) >= min(known_begins):
        return ""
    return (
        f"The exit films end at {_told(max(known_ends), zone)}, before the entrance films begin at "
        f"{_told(min(known_begins), zone)}. Were the films swapped, or is a start time wrong?"
    )


def doubts(films: Sequence[Chosen], zone: ZoneInfo, now: datetime) -> list[str]:
    """Sentences that are worth a second look, and don't keep anybody from starting."""
    found = []
    starts = [(film, at) for film in films if not fault_of(film, zone) and (at := film.start(zone))]
    for film, at in starts:
        if at > now:
            found.append(f"{film.name} would begin in the future, on {_told(at, zone)}.")
        if film.day and film.clock and comes_twice(film.day, film.clock, zone):
            found.append(f"{film.name}: the clocks show {film.clock:%H:%M} twice that night; the first time is meant.")
    if starts and len(starts) < len(films):
        found.append("Some films have no start time. Visits then have no time of day, and only faces tell who is who.")
    moments = [at for _, at in starts]
    if moments and max(moments) - min(moments) > _NIGHT:
        found.append("These films begin more than a day apart. People are matched within one day, so analyse each day alone.")
    return found


def _twice(films: Iterable[Chosen]) -> list[str]:
    seen: dict[str, Chosen] = {}
    found = []
    for film in films:
        other = seen.setdefault(film.look.sha256 or film.key, film)
        if other is film:
            continue
        if other.role != film.role:
            found.append(f"{film.name}: the same film is given as entrance and as exit.")
        else:
            found.append(f"{film.name}: the same film as {_which(other, film)}, given twice.")
    return found


def _which(other: Chosen, film: Chosen) -> str:
    return other.name if other.name != film.name else "another one of that name"


def _end(film: Chosen, zone: ZoneInfo) -> datetime | None:
    start, duration_s = film.start(zone), film.look.duration_s
    return start + timedelta(seconds=duration_s) if start and duration_s is not None else None


def _told(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local:%H:%M:%S} on {local.day} {local:%B %Y}"
