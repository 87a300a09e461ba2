"""The films on the form, one box each: what the film is, what is wrong with it, when it began and at which door."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from fer_core.types import Role
from ui.films import ROLE_WORDS, Chosen, Look, fault_of
from ui.plain import duration, escape

FIRST_DAY, LAST_DAY = date(1980, 1, 1), date(2199, 12, 31)
DAY_FORMAT = "DD/MM/YYYY"
_ICONS: dict[Role, str] = {"entry": ":material/login:", "exit": ":material/logout:"}


@dataclass
class Form:
    """What one browser session has put on the form. day is that of films which don't say one; said waits to be shown."""

    films: list[Chosen] = field(default_factory=list)
    day: date | None = None
    said: str = ""
    turn: int = 0
    """Counts the days that came from a film, so that the widget is drawn anew with its new value."""

    def of(self, role: Role) -> list[Chosen]:
        return [film for film in self.films if film.role == role]

    def add(self, film: Chosen) -> None:
        """Put a film on the form; one that is there already in that role stays as it is."""
        if all(other.key != film.key for other in self.films):
            self.films.append(film)

    def remove(self, film: Chosen) -> None:
        self.films = [other for other in self.films if other is not film]

    def set_day(self, day: date | None) -> None:
        """The day of all films."""
        self.day = day
        for film in self.films:
            film.day, film.turn = day, film.turn + 1

    def take_day(self) -> None:
        """Take the day of the first film that says one, until a person has chosen; and give it to films that don't."""
        if self.day is None:
            self.day = next((film.proposal.day for film in self.films if film.proposal and film.proposal.day), None)
            self.turn += self.day is not None
        for film in self.films:
            if film.day is None and self.day:
                film.day, film.turn = self.day, film.turn + 1

    def swap(self) -> None:
        """Entrances become exits, and exits entrances; doors belong to the role and go."""
        for film in self.films:
            film.role, film.door = "exit" if film.role == "entry" else "entry", ""


def film_rows(form: Form, role: Role, zone: ZoneInfo, doors: Sequence[str]) -> None:
    """The boxes of one role's films."""
    known = sorted({*doors, *(film.door for film in form.of(role) if film.door)})
    for film in form.of(role):
        with st.container(border=True, gap="small"):
            _head(form, film)
            fault = fault_of(film, zone)
            if fault:
                st.error(escape(fault), icon=":material/error:")
            if not film.look.error:
                _fields(film, zone, known)


def _head(form: Form, film: Chosen) -> None:
    source = film.proposal.source if film.proposal and not film.look.error else ""
    small = " · ".join(part for part in (told(film.look), source) if part)
    with st.container(horizontal=True, vertical_alignment="center"):
        name = f"{_ICONS[film.role]} {ROLE_WORDS[film.role].capitalize()} · **{escape(film.name)}**"
        st.markdown(f"{name}  \n:small[:gray[{escape(small)}]]", width="stretch")
        st.button("Remove", key=f"remove-{film.key}", type="tertiary", on_click=form.remove, args=(film,))


def _fields(film: Chosen, zone: ZoneInfo, doors: Sequence[str]) -> None:
    """Side by side where there is room, below one another on a phone.

    The film's values are the widgets' defaults, not put into the session's state: a widget that comes to be while films
    arrive, one after the other, would now and then answer with nothing before it has heard of its value.
    """
    clock = f"On the store’s clock ({zone.key})."
    door = "Choose one, or type its name. Only needed where a store has several entrances or exits."

    def wired(what: str) -> dict[str, Any]:
        key = f"{what}-{film.turn}-{film.key}"
        return {"key": key, "on_change": _write, "args": (film, what, key)}

    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        off = film.unknown
        st.date_input("Day", film.day, FIRST_DAY, LAST_DAY, format=DAY_FORMAT, width=160, disabled=off, **wired("day"))
        st.time_input("Start time", film.clock, step=1, help=clock, width=150, disabled=off, **wired("clock"))
        place = doors.index(film.door) if film.door else None
        st.selectbox("Door", doors, place, placeholder="Any", help=door, accept_new_options=True, width=210, **wired("door"))
        if film.clock:
            st.checkbox("Start unknown", film.unknown, **wired("unknown"))


def _write(film: Chosen, what: str, key: str) -> None:
    value = st.session_state[key]
    setattr(film, what, (value or "").strip() if what == "door" else value)


# ---- words ----------------------------------------------------------------------------------------------------------


def told(look: Look) -> str:
    """A film's length, picture and bytes: 12 min 3 s · 1920 × 1080 · 340 MB."""
    picture = f"{look.width} × {look.height}" if look.width else ""
    length = "" if look.error else duration(look.duration_s) if look.duration_s else "length unknown"
    return " · ".join(part for part in (length, picture, size(look.size_bytes) if look.size_bytes else "") if part)


def size(count: int) -> str:
    """Bytes in kB, MB or GB."""
    if count < 10**6:
        return f"{max(1, round(count / 1e3))} kB" if count else "0 kB"
    return f"{count / 1e6:.{1 if count < 10**7 else 0}f} MB" if count < 10**9 else f"{count / 1e9:.2f} GB"
