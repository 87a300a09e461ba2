"""Live cameras in the database: where they are, what is measured in their pictures, and what was counted."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import duckdb

from fer_core.errors import DataError, InputError
from fer_core.store import shops
from fer_core.store.database import Database
from fer_core.store.rows import camera_id, first, text
from fer_core.store.sealing import seal, unseal
from fer_core.types import EXPRESSIONS, FloatArray, Role
from fer_core.zones import MeasuringZone, checked, zone_of

KNOWN_FOR = timedelta(days=30)
"""How long the ids of messages are kept, by which one that comes twice is known."""
_LONGEST_SOURCE = 2000


@dataclass(frozen=True)
class LiveCamera:
    """A camera as it may be shown: shown is its address without user and password, or "" where the app doesn't know it.

    running: whether the app is to read it.
    """

    store: str
    role: Role
    door: str
    name: str
    shown: str
    running: bool


@dataclass(frozen=True)
class Counted:
    """One count of a live camera for the sums. hour_at: the beginning of its hour (UTC). expressions (7,): sum to 1."""

    key: UUID
    role: Role
    door: str
    zone: str
    hour_at: datetime
    faces: float
    seconds: float
    expressions: FloatArray


class Live(Database):
    """What the database knows of live cameras. DataError for no such store, or camera."""

    def live_cameras(self, store: str | None = None) -> list[LiveCamera]:
        """The cameras that have an address or a role on the floor, of one store or of all, by store, role and door."""
        sql = (
            "SELECT stores.name, role, door, cameras.name, source, running FROM cameras JOIN stores USING (store_id) "
            "WHERE (source IS NOT NULL OR role = 'floor') AND (? IS NULL OR stores.name = ?) ORDER BY 1, 2, 3"
        )
        with self.cursor() as cursor:
            rows = cursor.execute(sql, [store, store]).fetchall()
        return [
            LiveCamera(shop, role, door, name, self._shown(source), bool(running))
            for shop, role, door, name, source, running in rows
        ]

    def put_source(self, store: str, role: Role, door: str, address: str | None) -> None:
        """Keep a camera's address, sealed; None forgets it and stops the camera. InputError for what is no address."""
        if address is not None and len(address) > _LONGEST_SOURCE:
            raise DataError("a camera’s address is at most 2,000 characters long")
        if address is not None:
            _check(address)
        sealed = None if address is None else seal(self.path, address.strip())
        with self._transaction() as cursor:
            key = shops.put_camera(cursor, shops.known_store(cursor, store), role, door)
            cursor.execute("UPDATE cameras SET source = ? WHERE camera_id = ?", [sealed, key])
            if address is None:
                cursor.execute("UPDATE cameras SET running = false WHERE camera_id = ?", [key])

    def run_camera(self, store: str, role: Role, door: str, on: bool) -> None:
        """Say whether the app is to read the camera. DataError for one without an address."""
        with self._transaction() as cursor:
            key = camera_id(shops.known_store(cursor, store), role, text(door))
            row = first(cursor, "SELECT source FROM cameras WHERE camera_id = ?", [key])
            if row is None or (on and row[0] is None):
                raise DataError("this camera has no address that the app could read")
            cursor.execute("UPDATE cameras SET running = ? WHERE camera_id = ?", [on, key])

    def source_of(self, store: str, role: Role, door: str) -> str | None:
        """The camera's whole address, password included: for whoever opens it, never for a page or a log."""
        with self.cursor() as cursor:
            store_id = shops.find_store(cursor, store)
            key = camera_id(store_id, role, text(door)) if store_id else None
            row = first(cursor, "SELECT source FROM cameras WHERE camera_id = ?", [key])
        return unseal(self.path, row[0]) if row and row[0] else None

    def measuring_of(self, store: str, role: Role, door: str) -> tuple[MeasuringZone, ...]:
        """The named zones in which a camera counts; none for a camera that isn't there."""
        with self.cursor() as cursor:
            store_id = shops.find_store(cursor, store)
            key = camera_id(store_id, role, text(door)) if store_id else None
            row = first(cursor, "SELECT measuring FROM cameras WHERE camera_id = ?", [key])
        return tuple(zone_of(one) for one in json.loads(row[0])) if row and row[0] else ()

    def put_measuring(self, store: str, role: Role, door: str, zones: Iterable[MeasuringZone]) -> None:
        """Give a floor camera its named zones, in place of those it had. DataError, also for another camera's."""
        if role != "floor":
            raise DataError("measuring zones are for floor cameras: at a door visitors are counted by their visits")
        told = json.dumps([zone.as_json() for zone in checked(zones)])
        with self._transaction() as cursor:
            key = shops.put_camera(cursor, shops.known_store(cursor, store), role, door)
            cursor.execute("UPDATE cameras SET measuring = ? WHERE camera_id = ?", [told, key])

    # ---- what was counted

    def put_counts(self, store: str, counts: Sequence[Counted], now: datetime) -> list[UUID]:
        """Add counts to the sums, each once however often it comes; the ids of those that are new."""
        with self._transaction() as cursor:
            store_id = shops.known_store(cursor, store)
            new = _unknown(cursor, store_id, [one.key for one in counts], now)
            for one in counts:
                if one.key in new:
                    _add(cursor, store_id, one)
        return list(new)

    def put_sightings(self, store: str, keys: Sequence[UUID], now: datetime) -> None:
        """Keep the ids of sightings whose day is settled, so that none of them counts again."""
        with self._transaction(counted=False) as cursor:
            _unknown(cursor, shops.known_store(cursor, store), keys, now)

    def known_sightings(self, store: str, keys: Sequence[UUID]) -> set[UUID]:
        """Which of these ids have been taken before."""
        sql = "SELECT sighting_id FROM sightings WHERE sighting_id IN (SELECT unnest(?::UUID[]))"
        with self.cursor() as cursor:
            return {UUID(str(key)) for (key,) in cursor.execute(sql, [list(keys)]).fetchall()}

    def counted_between(self, store: str, begin: datetime, end: datetime) -> dict[Role, float]:
        """How many faces the cameras of each role counted in the hours that began in that time; for whole pictures."""
        sql = (
            "SELECT role, sum(faces) FROM tallies JOIN cameras USING (camera_id) JOIN stores ON stores.store_id = "
            "tallies.store_id WHERE stores.name = ? AND zone = '' AND hour_at >= ? AND hour_at < ? GROUP BY role"
        )
        with self.cursor() as cursor:
            return {role: float(faces) for role, faces in cursor.execute(sql, [store, begin, end]).fetchall()}

    def _shown(self, sealed: str | None) -> str:
        address = unseal(self.path, sealed) if sealed else None
        if address is None:
            return "an address of before, which can’t be read any more" if sealed else ""
        from fer_core.cameras import address_of  # it loads packages for pictures

        try:
            return address_of(address).shown
        except InputError:  # a film that was moved away
            return address if "://" not in address else "an address that is no longer good"


def _check(address: str) -> None:
    from fer_core.cameras import address_of

    address_of(address)


def _unknown(cursor: duckdb.DuckDBPyConnection, store_id: UUID, keys: Sequence[UUID], now: datetime) -> set[UUID]:
    """Those of the ids that were not known; they are from now on."""
    sql = (
        "INSERT INTO sightings SELECT DISTINCT unnest(?::UUID[]), ?, ?::TIMESTAMPTZ ON CONFLICT DO NOTHING "
        "RETURNING sighting_id"
    )
    cursor.execute("DELETE FROM sightings WHERE taken_at < ?", [now - KNOWN_FOR])
    return {UUID(str(key)) for (key,) in cursor.execute(sql, [list(keys), store_id, now]).fetchall()}


def _add(cursor: duckdb.DuckDBPyConnection, store_id: UUID, one: Counted) -> None:
    key = shops.put_camera(cursor, store_id, one.role, one.door)
    at = [store_id, key, one.zone, one.hour_at]
    same = "store_id = ? AND camera_id = ? AND zone = ? AND hour_at = ? AND footage_id IS NULL"
    known = first(cursor, f"SELECT 1 FROM tallies WHERE {same}", at)  # noqa: S608  a literal
    for name, share in zip(EXPRESSIONS, one.expressions.tolist(), strict=True):
        faces, seconds = one.faces * share, one.seconds * share
        if known:
            cursor.execute(
                f"UPDATE tallies SET faces = faces + ?, seconds = seconds + ? WHERE {same} AND expression = ?",  # noqa: S608
                [faces, seconds, *at, name],
            )
        else:
            cursor.execute(
                "INSERT INTO tallies (store_id, camera_id, zone, hour_at, expression, faces, seconds) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                [*at, name, faces, seconds],
            )
