"""Toy days for tests of the store and of whatever reads from it: no film is read, everything is made up and seeded."""

import hashlib
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from fer_core.store import Store
from fer_core.types import EXPRESSIONS, REVIEWS, Appearance, Day, Footage, Review, Role, Visit

MORNING = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)


def make_footage(
    name: str = "entry.mp4",
    role: Role = "entry",
    *,
    content: str | None = None,
    start_at: datetime | None = None,
    door: str = "",
    warnings: tuple[str, ...] = (),
) -> Footage:
    """A film of ten minutes; its bytes are `content`, by default its name."""
    sha256 = hashlib.sha256((content or name).encode("utf-8", "replace")).hexdigest()
    return Footage(Path("/somewhere/private") / name, sha256, role, door, start_at, 600.0, 1280, 720, warnings)


def make_appearance(
    role: Role = "entry",
    best_s: float = 10.0,
    *,
    film: int = 0,
    samples: int = 12,
    usable: bool = True,
    leading: str = "happy",
    seed: int = 0,
) -> Appearance:
    """Somebody in the picture for two seconds around best_s; the leading expression has 0.7 on average."""
    rng = np.random.default_rng([seed, int(best_s * 1000), role == "exit"])
    template = rng.normal(size=128)
    series = rng.dirichlet(np.ones(len(EXPRESSIONS)), samples) * 0.3
    series[:, EXPRESSIONS.index(leading)] += 0.7
    return Appearance(
        role=role,
        film=film,
        intervals=((best_s - 1.0, best_s + 1.0),),
        best_s=best_s,
        x=100.5 + best_s,
        y=200.25,
        size_px=90.0,
        quality=0.8,
        faces=10,
        template=template / np.linalg.norm(template) if usable else None,
        times_s=best_s - 1.0 + np.arange(samples) * 0.15,
        series=series,
        weight=rng.uniform(0.1, 1.0, samples),
    )


def make_visit(
    entry: Appearance,
    exit: Appearance,
    *,
    review: Review = "positive",
    change: float = 0.5,
    match_probability: float = 0.9,
    entry_start: datetime | None = None,
    exit_start: datetime | None = None,
) -> Visit:
    """A visit of those two; its times of day follow from the films' starts, where both are given."""
    timed = entry_start is not None and exit_start is not None
    return Visit(
        entry=entry,
        exit=exit,
        match_probability=match_probability,
        runner_up=0.05,
        entry_valence=-0.1,
        exit_valence=-0.1 + change,
        change=change,
        change_se=0.1,
        camera_offset=0.0,
        review=review,
        entered_at=entry_start + timedelta(seconds=entry.best_s) if timed and entry_start else None,
        exited_at=exit_start + timedelta(seconds=exit.best_s) if timed and exit_start else None,
    )


def make_day(
    store: str = "Main Street",
    *,
    visits: int = 3,
    unmatched: int = 1,
    entry: Footage | None = None,
    exit: Footage | None = None,
    start_at: datetime | None = None,
    samples: int = 12,
) -> Day:
    """A day of one entrance film and one exit film: so many visits, reviews in turn, and lone appearances at both.

    start_at: the start of the entrance film; the exit film starts a quarter of an hour later. Each camera also has one
    unusable appearance.
    """
    later = start_at + timedelta(minutes=15) if start_at else None
    entry = entry or make_footage("entry.mp4", "entry", start_at=start_at)
    exit = exit or make_footage("exit.mp4", "exit", start_at=later)
    matched = [
        (make_appearance("entry", 10.0 + 20.0 * i, samples=samples), make_appearance("exit", 15.0 + 20.0 * i, samples=samples))
        for i in range(visits)
    ]
    lone = {role: [make_appearance(role, 500.0 + 5 * i) for i in range(unmatched)] for role in ("entry", "exit")}
    bad = {role: make_appearance(role, 590.0, samples=0, usable=False) for role in ("entry", "exit")}
    statuses = ("matched",) * visits + ("unmatched",) * unmatched + ("unusable",)
    return Day(
        store=store,
        entry_films=(entry,),
        exit_films=(exit,),
        entries=(*(one for one, _ in matched), *lone["entry"], bad["entry"]),
        exits=(*(one for _, one in matched), *lone["exit"], bad["exit"]),
        entry_status=statuses,
        exit_status=statuses,
        visits=tuple(
            make_visit(
                *pair, review=REVIEWS[i % 4], change=0.5 - 0.25 * (i % 4), entry_start=entry.start_at, exit_start=exit.start_at
            )
            for i, pair in enumerate(matched)
        ),
        detector="toy-detector",
        embedder="toy-embedder",
        emotion="toy-emotion",
        seconds=1.0,
    )


def empty_day(store: str = "Main Street") -> Day:
    """Both films were read and nobody was in them."""
    return Day(store, (make_footage(),), (make_footage("exit.mp4", "exit"),), (), (), (), (), (), "d", "e", "m")


def rows(store: Store, sql: str) -> list[tuple]:
    """All that the database answers."""
    with store.cursor() as cursor:
        return cursor.execute(sql).fetchall()


def count(store: Store, table: str) -> int:
    """How many rows the table has."""
    return rows(store, f"SELECT count(*) FROM {table}")[0][0]  # noqa: S608


def python(code: str, *arguments: object) -> list[str]:
    """The command line of another process that can import the engine and the toy days."""
    root = Path(__file__).parents[1]
    head = f"import sys; sys.path[:0] = [{str(root)!r}]\n"
    return [sys.executable, "-c", head + code, *map(str, arguments)]
