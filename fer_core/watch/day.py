"""A live day: everybody whom a store's cameras saw since it began → the day as films would have given it."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from fer_core import match as matching
from fer_core import pipeline
from fer_core.pipeline.day import OffsetOf
from fer_core.settings import Settings, fit_for
from fer_core.types import Appearance, Day, Footage, Role
from fer_core.watch.message import Backends, Sighting

LIVE = "live:"
"""What the content hash of a live camera's day begins with, in the place of a film's."""


def settled(
    store: str, start_at: datetime, sightings: Iterable[Sighting], settings: Settings, offset: OffsetOf | None = None
) -> Day:
    """The store's day, matched and reviewed over all that was seen since start_at (aware), in whatever order it came.

    The same sightings give the same ids of visits and appearances, so that a day may be written again and again while it
    grows. Sightings of other backends than most have no template that could be compared: they are unusable.
    """
    seen = sorted(sightings, key=lambda one: (one.begun_at, one.appearance.start_s, str(one.key)))
    backends = Counter(one.backends for one in seen).most_common(1)[0][0] if seen else Backends("", "", "")
    films: dict[Role, list[Footage]] = {"entry": [], "exit": []}
    people: dict[Role, list[Appearance]] = {"entry": [], "exit": []}
    for role in films:
        for door in sorted({one.door for one in seen if one.role == role}):
            own = [_moved(one, start_at, len(films[role]), backends) for one in seen if (one.role, one.door) == (role, door)]
            films[role].append(_footage(role, door, start_at, own))
            people[role] += matching.join_broken(own, fit_for(backends.embedder), settings.match)
    opinion = pipeline.opinion_made(people["entry"], people["exit"], backends.embedder, backends.second)
    result = pipeline.settle_by(
        people["entry"], people["exit"], films["entry"], films["exit"], settings, backends.embedder, opinion, offset
    )
    visits, entry_status, exit_status = result
    return Day(
        store=store, entry_films=tuple(films["entry"]), exit_films=tuple(films["exit"]), entries=tuple(people["entry"]),
        exits=tuple(people["exit"]), entry_status=entry_status, exit_status=exit_status, visits=visits,
        detector=backends.detector, embedder="+".join(filter(None, (backends.embedder, backends.second))),
        emotion=backends.emotion,
    )  # fmt: skip


def _moved(one: Sighting, start_at: datetime, film: int, backends: Backends) -> Appearance:
    """The sighting's appearance on the day's clock."""
    by_s, seen = (one.begun_at - start_at).total_seconds(), one.appearance
    strange = one.backends.embedder != backends.embedder
    return replace(
        seen, film=film, intervals=tuple((begin + by_s, end + by_s) for begin, end in seen.intervals),
        best_s=seen.best_s + by_s, times_s=seen.times_s + by_s, template=None if strange else seen.template,
        second=None if one.backends.second != backends.second else seen.second,
    )  # fmt: skip


def _footage(role: Role, door: str, start_at: datetime, seen: Sequence[Appearance]) -> Footage:
    name = f"live {role} {door}".strip() + start_at.strftime(" %Y-%m-%d")
    content = hashlib.sha256(f"{role}\x1f{door}\x1f{start_at.isoformat()}".encode()).hexdigest()
    return Footage(
        path=Path(name.replace("/", "-")), sha256=LIVE + content, role=role, door=door, start_at=start_at,
        duration_s=max((one.end_s for one in seen), default=0.0), width=0, height=0,
    )  # fmt: skip
