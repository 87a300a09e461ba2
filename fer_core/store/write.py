"""A settled day into the tables: inside the caller's transaction, in place of what the same films gave before."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID, uuid5

import duckdb

from fer_core.store.rows import (
    ROOT,
    Film,
    Ids,
    Row,
    appearance_id,
    appearance_row,
    footage_row,
    series_row,
    text,
    visit_row,
)
from fer_core.types import Appearance, AppearanceStatus, Day, Footage, Role


def write_day(cursor: duckdb.DuckDBPyConnection, day: Day) -> None:
    """Write the day's films, appearances, series and visits, after deleting what came of the same films before.

    Runs in the caller's transaction. ValueError for a visit whose appearances are not the day's own.
    """
    now = datetime.now(UTC)
    store_id = put_store(cursor, day.store)
    _forget(cursor, store_id, day)
    ids = Ids()
    backends = {"detector": day.detector, "embedder": day.embedder, "emotion": day.emotion}
    entry_films = _films(ids, store_id, "entry", day.entry_films)
    exit_films = _films(ids, store_id, "exit", day.exit_films)
    _put_cameras(cursor, store_id, [*entry_films, *exit_films])
    _append(cursor, "footage", (footage_row(f, store_id, now) | backends for f in (*entry_films, *exit_films)))
    known = _put_appearances(cursor, ids, store_id, entry_films, list(zip(day.entries, day.entry_status, strict=True)), now)
    known |= _put_appearances(cursor, ids, store_id, exit_films, list(zip(day.exits, day.exit_status, strict=True)), now)
    rest = {"store": text(day.store), "store_id": store_id, **backends, "created_at": now}
    _append(cursor, "visits", (visit_row(ids, visit, known) | rest for visit in day.visits))
    set_local_times(cursor, store_id, missing_only=True)


def put_store(cursor: duckdb.DuckDBPyConnection, name: str) -> UUID:
    """The id of the store of that name, which is made where there is none."""
    row = cursor.execute("SELECT store_id FROM stores WHERE name = ?", [text(name)]).fetchone()
    if row:
        return UUID(str(row[0]))
    store_id = uuid5(ROOT, f"store\x1f{text(name)}")
    cursor.execute("INSERT INTO stores (store_id, name) VALUES (?, ?)", [store_id, text(name)])
    return store_id


def set_local_times(cursor: duckdb.DuckDBPyConnection, store_id: UUID, *, missing_only: bool) -> None:
    """Fill `local_at` of the store's visits and appearances from their UTC times and the store's time zone."""
    row = cursor.execute("SELECT time_zone FROM stores WHERE store_id = ?", [store_id]).fetchone()
    zone = row[0] if row else "UTC"
    only = " AND local_at IS NULL" if missing_only else ""
    for table, moment in (("visits", "entered_at"), ("appearances", "seen_at")):
        cursor.execute(
            f"UPDATE {table} SET local_at = {moment} AT TIME ZONE ? "  # noqa: S608  both names are literals above
            f"WHERE store_id = ? AND {moment} IS NOT NULL{only}",
            [zone, store_id],
        )


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
    cursor.execute("DELETE FROM footage WHERE footage_id IN (SELECT unnest(?::UUID[]))", [old])


def _films(ids: Ids, store_id: UUID, role: Role, films: tuple[Footage, ...]) -> list[Film]:
    cameras = [uuid5(store_id, f"camera\x1f{role}\x1f{text(film.door)}") for film in films]
    return [
        Film(ids.make("film", store_id, role, film.sha256), camera, role, film)
        for film, camera in zip(films, cameras, strict=True)
    ]


def _put_cameras(cursor: duckdb.DuckDBPyConnection, store_id: UUID, films: list[Film]) -> None:
    for film in {film.camera_id: film for film in films}.values():
        cursor.execute(
            "INSERT INTO cameras (camera_id, store_id, name, role, door) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [film.camera_id, store_id, f"{film.role} {film.door}".strip(), film.role, film.door],
        )


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
    _append(cursor, "appearances", rows)
    _append(cursor, "series", (series_row(k, a, now) for k, (a, _) in zip(keys, seen, strict=True) if len(a.times_s)))
    return {id(a): (key, films[a.film]) for key, (a, _) in zip(keys, seen, strict=True)}


def _append(cursor: duckdb.DuckDBPyConnection, table: str, rows: Iterator[Row]) -> None:
    first = next(rows, None)
    if first is None:
        return
    with cursor.appender(table, columns=list(first)) as appender:
        for row in itertools.chain([first], rows):
            appender.append_row(*row.values())
