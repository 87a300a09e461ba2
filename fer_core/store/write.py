"""A settled day into the tables: inside the caller's transaction, in place of what the same films gave before."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import duckdb

from fer_core.review import Categories
from fer_core.store import modes
from fer_core.store.corrections import apply_corrections
from fer_core.store.rows import (
    Film,
    Ids,
    Row,
    appearance_id,
    appearance_row,
    camera_id,
    first,
    footage_row,
    series_row,
    tally_row,
    text,
    visit_row,
)
from fer_core.store.shops import put_camera, put_store, set_local_times
from fer_core.types import Appearance, AppearanceStatus, Day, Footage, Role


def write_day(cursor: duckdb.DuckDBPyConnection, day: Day, categories: Categories) -> UUID:
    """Write the day's films, appearances, series, visits and sums, after deleting what came of the same films before.

    Corrections of a visit that comes back hold again. `categories` gave the valences. Runs in the caller's transaction;
    returns the store's id. ValueError for a visit whose appearances are not the day's own,
    DataError for what the store's privacy mode may not hold.
    """
    now = datetime.now(UTC)
    store_id = put_store(cursor, day.store)
    modes.refuse_unfit(cursor, store_id, day)
    _forget(cursor, store_id, day)
    ids = Ids()
    backends = {"detector": day.detector, "embedder": day.embedder, "emotion": day.emotion}
    entry_films = _films(ids, store_id, "entry", day.entry_films)
    exit_films = _films(ids, store_id, "exit", day.exit_films)
    for role, door in sorted({(film.role, film.door) for film in (*entry_films, *exit_films)}):
        put_camera(cursor, store_id, role, door)
    append(cursor, "footage", (footage_row(f, store_id, now) | backends for f in (*entry_films, *exit_films)))
    known = _put_appearances(cursor, ids, store_id, entry_films, list(zip(day.entries, day.entry_status, strict=True)), now)
    known |= _put_appearances(cursor, ids, store_id, exit_films, list(zip(day.exits, day.exit_status, strict=True)), now)
    sums = ((tally, (entry_films if tally.role == "entry" else exit_films)[tally.film]) for tally in day.tallies)
    append(cursor, "tallies", (tally_row(*one) | {"store_id": store_id} for one in sums))
    visits = [visit_row(ids, visit, known) for visit in day.visits]
    rest = {
        "store": text(day.store), "store_id": store_id, "is_sample": _is_sample(cursor, store_id), **backends,
        "created_at": now, "categories": categories.name, "categories_version": categories.version,
    }  # fmt: skip
    append(cursor, "visits", (row | rest for row in visits))
    apply_corrections(cursor, [row["visit_id"] for row in visits])
    set_local_times(cursor, store_id, missing_only=True)
    return store_id


def _forget(cursor: duckdb.DuckDBPyConnection, store_id: UUID, day: Day) -> None:
    """Delete what earlier runs made of the day's films; whoever was matched with a deleted one is unmatched again.

    A film is known by its content alone: given as the other camera's by mistake, it is put right by the next run.
    """
    hashes = [film.sha256 for film in (*day.entry_films, *day.exit_films)]
    found = cursor.execute(
        "SELECT footage_id FROM footage WHERE store_id = ? AND sha256 IN (SELECT unnest(?::VARCHAR[]))", [store_id, hashes]
    ).fetchall()
    old = [row[0] for row in found]
    if not old:
        return
    gone = "SELECT appearance_id FROM appearances WHERE footage_id IN (SELECT unnest($1::UUID[]))"
    touched = f"entry_appearance_id IN ({gone}) OR exit_appearance_id IN ({gone})"
    cursor.execute(
        f"UPDATE appearances SET status = 'unmatched' WHERE appearance_id IN ("  # noqa: S608  no outside text in it
        f"SELECT unnest([entry_appearance_id, exit_appearance_id]) FROM visits WHERE {touched})",
        [old],
    )
    cursor.execute(f"DELETE FROM visits WHERE {touched}", [old])  # noqa: S608
    cursor.execute(f"DELETE FROM series WHERE appearance_id IN ({gone})", [old])  # noqa: S608
    cursor.execute("DELETE FROM appearances WHERE footage_id IN (SELECT unnest(?::UUID[]))", [old])
    cursor.execute("DELETE FROM tallies WHERE footage_id IN (SELECT unnest(?::UUID[]))", [old])
    cursor.execute("DELETE FROM footage WHERE footage_id IN (SELECT unnest(?::UUID[]))", [old])


def _films(ids: Ids, store_id: UUID, role: Role, films: tuple[Footage, ...]) -> list[Film]:
    cameras = [camera_id(store_id, role, text(film.door)) for film in films]
    return [
        Film(ids.make("film", store_id, role, film.sha256), camera, role, film)
        for film, camera in zip(films, cameras, strict=True)
    ]


@dataclass(frozen=True)
class Keys:
    """The ids that a day's rows get: of its appearances by the identity of the object, and of its visits in their order."""

    appearances: dict[int, UUID]
    visits: tuple[UUID, ...]


def keys_of(day: Day, store_id: UUID) -> Keys:
    """The ids that `write_day` gives the day's appearances and visits in that store."""
    ids = Ids()
    entry_films = _films(ids, store_id, "entry", day.entry_films)
    exit_films = _films(ids, store_id, "exit", day.exit_films)
    seen = [(a, entry_films[a.film]) for a in day.entries] + [(a, exit_films[a.film]) for a in day.exits]
    found = {id(a): appearance_id(ids, a, film) for a, film in seen}
    return Keys(found, tuple(ids.make("visit", found[id(one.entry)], found[id(one.exit)]) for one in day.visits))


def _is_sample(cursor: duckdb.DuckDBPyConnection, store_id: UUID) -> bool:
    row = first(cursor, "SELECT is_sample FROM stores WHERE store_id = ?", [store_id])
    return bool(row and row[0])


def _put_appearances(
    cursor: duckdb.DuckDBPyConnection,
    ids: Ids,
    store_id: UUID,
    films: list[Film],
    seen: list[tuple[Appearance, AppearanceStatus]],
    now: datetime,
) -> dict[int, tuple[UUID, Film]]:
    """Write a camera's appearances with their series; what each became, by the identity of the object."""
    keys = [appearance_id(ids, a, films[a.film]) for a, _ in seen]
    rows = (
        appearance_row(k, a, films[a.film]) | {"store_id": store_id, "status": s} for k, (a, s) in zip(keys, seen, strict=True)
    )
    append(cursor, "appearances", rows)
    append(cursor, "series", (series_row(k, a, now) for k, (a, _) in zip(keys, seen, strict=True) if len(a.times_s)))
    return {id(a): (key, films[a.film]) for key, (a, _) in zip(keys, seen, strict=True)}


def append(cursor: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Row]) -> None:
    """Add the rows, which all name their columns in the same order."""
    rows = iter(rows)
    opening = next(rows, None)
    if opening is None:
        return
    with cursor.appender(table, columns=list(opening)) as appender:
        for row in itertools.chain([opening], rows):
            appender.append_row(*row.values())
