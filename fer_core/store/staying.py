"""What was deleted stays deleted: a day that is to be written loses first what a tombstone speaks of.

The same film gives the same visits again. Spans are known by store, door and moment; single visits by hashes of their ids;
and both by their films and the seconds in them, for a film may be given with another start, and another detector or embedder
makes other ids. Then whoever passed in those seconds is left out: rather one too many than one that was deleted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb

from fer_core.store import shops
from fer_core.store.deleting import Span, typed
from fer_core.store.rows import text
from fer_core.store.tombstones import Passage, Tombstone, hashed, standing
from fer_core.store.write import Keys, keys_of
from fer_core.types import Appearance, AppearanceStatus, Day, Footage, Tally

_SLACK_S = 0.25
"""How much later or earlier somebody may be found by another detector, at five pictures a second."""


def without_deleted(cursor: duckdb.DuckDBPyConnection, database: Path, day: Day) -> Day:
    """The day without the visits and appearances that were deleted from its store; the same day where none was.

    Whoever was deleted takes the other end of the visit along, as the deletion did. OutputError where the tombstones can't
    be read.
    """
    store_id = shops.find_store(cursor, day.store)
    stones = standing(cursor, database, str(store_id)) if store_id else []
    if store_id is None or not stones:
        return day
    keys = keys_of(day, store_id)
    struck = set[int]()
    for films, seen in ((day.entry_films, day.entries), (day.exit_films, day.exits)):
        for stone in stones:
            struck |= _struck(stone, films, seen, keys)
    hidden = {one for stone in stones for one in stone.visits}
    for visit, key in zip(day.visits, keys.visits, strict=True):
        if {id(visit.entry), id(visit.exit)} & struck or hashed(str(key), str(store_id)) in hidden:
            struck |= {id(visit.entry), id(visit.exit)}
    return replace(_without(day, struck), tallies=tuple(one for one in day.tallies if not _sum_gone(one, day, stones)))


def left_out(day: Day, written: Day) -> tuple[str, ...]:
    """A sentence of what `without_deleted` took out of the day; none where it took out nothing."""
    visits = len(day.visits) - len(written.visits)
    lone = len(day.entries) + len(day.exits) - len(written.entries) - len(written.exits) - 2 * visits
    parts = [_counted(visits, "visit")] * (visits > 0) + [_counted(lone, "lone appearance")] * (lone > 0)
    if not parts:
        return ()
    return (f"{' and '.join(parts)} of these films had been deleted, and stay so: they were not written again.",)


def _counted(n: int, word: str) -> str:
    return f"{n:,} {word}{'s' * (n != 1)}"


def _struck(stone: Tombstone, films: Sequence[Footage], seen: Sequence[Appearance], keys: Keys) -> set[int]:
    """Identities of the appearances that the tombstone speaks of."""
    found = {id(one) for one in seen if stone.kind == "span" and _in_span(stone, films[one.film], one)}
    by_film = {hashed(film.sha256, stone.store): place for place, film in enumerate(films)}
    for passage in stone.passages:
        place = by_film.get(passage.film)
        if place is not None:
            found |= set(_passing(passage, stone.store, [one for one in seen if one.film == place], keys))
    return found


def _in_span(stone: Tombstone, film: Footage, one: Appearance) -> bool:
    if film.start_at is None or (stone.door is not None and hashed(text(film.door), stone.store) != stone.door):
        return False
    start = film.start_at if film.start_at.tzinfo else film.start_at.replace(tzinfo=UTC)
    begin, end = (datetime.fromisoformat(at or stone.at) for at in (stone.begin, stone.end))
    return begin <= start + timedelta(seconds=float(one.best_s)) < end


def _passing(passage: Passage, store: str, seen: Sequence[Appearance], keys: Keys) -> Iterator[int]:
    """Who is that, by the hash; else whoever was seen best in those seconds of the film."""
    same = [one for one in seen if passage.seen and hashed(str(keys.appearances[id(one)]), store) == passage.seen]
    slack = _SLACK_S if passage.seen else 0.0
    within = (one for one in seen if passage.begin_s - slack <= one.best_s < passage.end_s + slack)
    return (id(one) for one in (same or within))


def _without(day: Day, struck: set[int]) -> Day:
    entries, entry_status = _left(day.entries, day.entry_status, struck)
    exits, exit_status = _left(day.exits, day.exit_status, struck)
    visits = tuple(one for one in day.visits if id(one.entry) not in struck and id(one.exit) not in struck)
    return replace(
        day, entries=entries, exits=exits, entry_status=entry_status, exit_status=exit_status, visits=visits
    )  # fmt: skip


def _sum_gone(one: Tally, day: Day, stones: Sequence[Tombstone]) -> bool:
    """Whether a span that was deleted touches the hour and the door of that sum."""
    door = text((day.entry_films if one.role == "entry" else day.exit_films)[one.film].door)
    return any(
        stone.kind == "span"
        and stone.door in (None, hashed(door, stone.store))
        and datetime.fromisoformat(stone.begin or stone.at) < one.hour_at + timedelta(hours=1)
        and one.hour_at < datetime.fromisoformat(stone.end or stone.at)
        for stone in stones
    )


def _left(
    seen: Sequence[Appearance], status: Sequence[AppearanceStatus], struck: set[int]
) -> tuple[tuple[Appearance, ...], tuple[AppearanceStatus, ...]]:
    kept = [(one, known) for one, known in zip(seen, status, strict=True) if id(one) not in struck]
    return tuple(one for one, _ in kept), tuple(known for _, known in kept)


# ---- what a tombstone is to remember --------------------------------------------------------------------------------


def passages_in(cursor: duckdb.DuckDBPyConnection, store: UUID, span: Span) -> list[Passage]:
    """The seconds of the store's films that a span covers, at its doors."""
    doors = None if span.doors is None else list(span.doors)
    values: dict[str, Any] = {"store": store, "begin": span.begin, "end": span.end, "doors": doors}
    found = cursor.execute(
        typed(
            "SELECT sha256, epoch_us($begin::TIMESTAMPTZ) / 1e6 - epoch_us(start_at) / 1e6, "
            "epoch_us($end::TIMESTAMPTZ) / 1e6 - epoch_us(start_at) / 1e6, duration_s "
            "FROM footage JOIN cameras USING (camera_id) WHERE footage.store_id = $store AND start_at IS NOT NULL "
            "AND ($doors IS NULL OR list_contains($doors, door)) ORDER BY ALL"
        ),
        values,
    ).fetchall()
    # up to the film's end: a span that goes on behind it must not reach what a longer copy shows there
    return [Passage(sha256, max(0.0, begin), end) for sha256, begin, end, length in found if end > 0 and begin <= length]


def passages_of(cursor: duckdb.DuckDBPyConnection, store: UUID, visit_ids: Sequence[str]) -> list[Passage]:
    """Where and when the people of those visits passed, with the ids of their appearances."""
    found = cursor.execute(
        "SELECT sha256, start_s, end_s, appearance_id::VARCHAR FROM appearances JOIN footage USING (footage_id) "
        "WHERE appearance_id IN (SELECT unnest([entry_appearance_id, exit_appearance_id]) FROM visits "
        "WHERE store_id = $store AND visit_id::VARCHAR IN (SELECT unnest($ids::VARCHAR[]))) ORDER BY ALL",
        {"store": store, "ids": list(visit_ids)},
    ).fetchall()
    return [Passage(*row) for row in found]
