"""Toy days of sums only, for tests of stores that follow nobody."""

from datetime import datetime

from fer_core.pipeline import tallies_of
from fer_core.types import EXPRESSIONS, Day
from tests.days import MORNING, make_appearance, make_footage


def sums_day(store: str, people: int, *, leave: int | None = None, start_at: datetime = MORNING, door: str = "") -> Day:
    """A day of one entrance film and one exit film, both from start_at: so many came and left, all expressions in turn."""
    films = [make_footage(f"{role} {door} {start_at}", role, start_at=start_at, door=door) for role in ("entry", "exit")]
    n = {"entry": people, "exit": people if leave is None else leave}
    seen = {role: [_seen(role, place) for place in range(n[role])] for role in n}
    tallies = [one for film in films for one in tallies_of(seen[film.role], [film])]
    return Day(
        store, (films[0],), (films[1],), (), (), (), (), (), "toy-detector", "", "toy-emotion", tallies=tuple(tallies)
    )  # fmt: skip


def _seen(role, place):
    return make_appearance(role, 10.0 + place / 10, leading=EXPRESSIONS[place % len(EXPRESSIONS)], usable=False)
