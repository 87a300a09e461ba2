"""Stores and their cameras: made, changed, renamed, deleted with everything that is theirs."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import time
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import duckdb

from fer_core.errors import DataError
from fer_core.store import accounts, answers, notices
from fer_core.store.rows import ROOT, camera_id, first, text
from fer_core.types import CAMERA_ROLES, Role

if TYPE_CHECKING:
    from fer_core.gate import Week

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Keys of opening hours."""
OpeningHours = Mapping[str, Sequence[str]]
"""By weekday: when it opens and when it closes, "HH:MM" on the store's clock; a day that is not named is closed."""
Zones = Sequence[Sequence[Sequence[float]]]
"""Polygons, each of three or more corners [x, y] in shares (0 to 1) of the picture's width and height."""

_LONGEST_NAME = 200
_MOST_DAYS = 36_500
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")
_OWN_TABLES = (
    "visits", "appearances", "footage", "cameras", "camera_offsets", "corrections", "answers", "notices", "tokens", "people",
    "templates", "tallies", "evidence", "alert_rules", "alerts", "stores",
)  # fmt: skip
"""What goes with a store, by store_id; series and jobs go too."""


def put_store(cursor: duckdb.DuckDBPyConnection, name: str) -> UUID:
    """The id of the store of that name, which is made where there is none."""
    known = find_store(cursor, name)
    if known:
        return known
    store_id = uuid5(ROOT, f"store\x1f{text(name)}")
    while first(cursor, "SELECT 1 FROM stores WHERE store_id = ?", [store_id]):
        store_id = uuid5(store_id, "another")  # the store that had this name once was renamed and keeps its id
    cursor.execute("INSERT INTO stores (store_id, name) VALUES (?, ?)", [store_id, text(name)])
    return store_id


def find_store(cursor: duckdb.DuckDBPyConnection, name: str) -> UUID | None:
    """The id of the store of that name."""
    row = first(cursor, "SELECT store_id FROM stores WHERE name = ?", [text(name)])
    return UUID(str(row[0])) if row else None


def known_store(cursor: duckdb.DuckDBPyConnection, name: str) -> UUID:
    """The id of the store of that name; DataError where there is none."""
    found = find_store(cursor, name)
    if found is None:
        raise DataError(f"there is no store {name!r}")
    return found


def name_of(cursor: duckdb.DuckDBPyConnection, store_id: UUID) -> str | None:
    """The name of the store of that id; None where there is none."""
    row = first(cursor, "SELECT name FROM stores WHERE store_id = ?", [store_id])
    return str(row[0]) if row else None


def check_name(name: str) -> None:
    """DataError for a name that nobody could read or choose."""
    kinds = [unicodedata.category(sign) for sign in name]
    if not any(kind[0] not in "CZ" for kind in kinds):
        raise DataError("a store needs a name")
    if len(name) > _LONGEST_NAME:
        raise DataError(f"a store's name may have {_LONGEST_NAME} characters, not {len(name)}")
    if any(kind in ("Cc", "Zl", "Zp") for kind in kinds):
        raise DataError("a store's name must fit on one line")


def change_store(cursor: duckdb.DuckDBPyConnection, store_id: UUID, changes: Mapping[str, Any]) -> None:
    """Set the given columns of `stores`, those of value None left out, and what follows from them elsewhere."""
    given = {name: value for name, value in changes.items() if value is not None}
    if "time_zone" in given:
        check_zone(cursor, given["time_zone"])
    if "opening_hours" in given:
        given["opening_hours"] = _opening_hours(given["opening_hours"])
    if "retention_days" in given:
        given["retention_days"] = _retention_days(given["retention_days"])
    for name, value in given.items():
        cursor.execute(f"UPDATE stores SET {name} = ? WHERE store_id = ?", [value, store_id])  # noqa: S608  our own names
    if given.get("evidence") is False:
        cursor.execute("DELETE FROM evidence WHERE store_id = ?", [store_id])
    if "is_sample" in given:
        cursor.execute("UPDATE visits SET is_sample = ? WHERE store_id = ?", [given["is_sample"], store_id])
    if "time_zone" in given:
        set_local_times(cursor, store_id, missing_only=False)


def check_zone(cursor: duckdb.DuckDBPyConnection, time_zone: str) -> None:
    """DataError unless the IANA database has it."""
    known = first(cursor, "SELECT count(*) FROM pg_timezone_names() WHERE name = ?", [time_zone])
    if not known or not known[0]:
        raise DataError(f"{time_zone!r} is no time zone of the IANA database, such as Europe/Vienna")


def set_local_times(cursor: duckdb.DuckDBPyConnection, store_id: UUID, *, missing_only: bool) -> None:
    """Fill `local_at` of the store's visits and appearances from their UTC times and the store's time zone."""
    row = first(cursor, "SELECT time_zone FROM stores WHERE store_id = ?", [store_id])
    zone = row[0] if row else "UTC"
    only = " AND local_at IS NULL" if missing_only else ""
    for table, moment in (("visits", "entered_at"), ("appearances", "seen_at")):
        cursor.execute(
            f"UPDATE {table} SET local_at = {moment} AT TIME ZONE ? "  # noqa: S608  both names are literals above
            f"WHERE store_id = ? AND {moment} IS NOT NULL{only}",
            [zone, store_id],
        )


def rename_store(cursor: duckdb.DuckDBPyConnection, old: str, new: str) -> None:
    """Give the store another name wherever it stands; see `Store.rename_store`."""
    check_name(new)
    store_id = known_store(cursor, old)
    refuse_at_work(cursor, old, "renamed")
    if text(new) == text(old):
        return
    if find_store(cursor, new):
        raise DataError(f"there is a store {new!r} already")
    cursor.execute("UPDATE stores SET name = ? WHERE store_id = ?", [text(new), store_id])
    cursor.execute("UPDATE visits SET store = ? WHERE store_id = ?", [text(new), store_id])
    for job_id, payload in cursor.execute("SELECT job_id, payload FROM jobs WHERE store = ?", [text(old)]).fetchall():
        asked = json.loads(payload) if payload else {}
        if "store" in asked:  # or a repeated job would make the old store again
            asked["store"] = text(new)
        cursor.execute("UPDATE jobs SET store = ?, payload = ? WHERE job_id = ?", [text(new), json.dumps(asked), job_id])


def delete_store(cursor: duckdb.DuckDBPyConnection, name: str) -> None:
    """Delete the store and all that is its; see `Store.delete_store`."""
    store_id = known_store(cursor, name)
    refuse_at_work(cursor, name, "deleted")
    forget_store(cursor, store_id, name)


def forget_store(cursor: duckdb.DuckDBPyConnection, store_id: UUID, name: str) -> None:
    """Delete every row of the store, whatever is at work; what a job of it still does comes to nothing."""
    accounts.forget_store(cursor, store_id)
    answers.switch_off(cursor, store_id)
    notices.forget(cursor, store_id)
    own = "SELECT appearance_id FROM appearances WHERE store_id = ?"
    cursor.execute(f"DELETE FROM series WHERE appearance_id IN ({own})", [store_id])  # noqa: S608  a literal above
    for table in _OWN_TABLES:
        cursor.execute(f"DELETE FROM {table} WHERE store_id = ?", [store_id])  # noqa: S608  a literal above
    cursor.execute("DELETE FROM jobs WHERE store = ?", [text(name)])
    # settings that name the store by its id; and the leave to keep faces (`collect.setting_key`), which names a person
    cursor.execute("DELETE FROM settings WHERE contains(key, ?) OR key = ?", [str(store_id), f"collect_consent:{text(name)}"])


def delete_camera(cursor: duckdb.DuckDBPyConnection, store_id: UUID, role: Role, door: str) -> None:
    """Take a camera away of which nothing was ever seen. DataError for any other, and for none."""
    key = camera_id(store_id, role, text(door))
    if first(cursor, "SELECT 1 FROM cameras WHERE camera_id = ?", [key]) is None:
        raise DataError("there is no such camera any more")
    for table in ("footage", "appearances", "tallies"):
        if first(cursor, f"SELECT 1 FROM {table} WHERE camera_id = ? LIMIT 1", [key]):  # noqa: S608  literals
            raise DataError("what this camera has seen is in the database, so it stays; it can be stopped")
    cursor.execute("DELETE FROM camera_offsets WHERE entry_camera_id = ? OR exit_camera_id = ?", [key, key])
    cursor.execute("DELETE FROM cameras WHERE camera_id = ?", [key])


def put_camera(
    cursor: duckdb.DuckDBPyConnection,
    store_id: UUID,
    role: Role,
    door: str,
    *,
    name: str | None = None,
    zones: Zones | None = None,
) -> UUID:
    """Make the camera of that store, role and door, or change what is given of it; its id."""
    if role not in CAMERA_ROLES:
        raise DataError(f"a camera films {', '.join(CAMERA_ROLES)}, not {role!r}")
    key = camera_id(store_id, role, text(door))
    usual = f"{role} {text(door)}".strip()
    cursor.execute(
        "INSERT INTO cameras (camera_id, store_id, name, role, door) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [key, store_id, usual, role, text(door)],
    )
    if name is not None:
        cursor.execute("UPDATE cameras SET name = ? WHERE camera_id = ?", [text(name).strip() or usual, key])
    if zones is not None:
        cursor.execute("UPDATE cameras SET zones = ? WHERE camera_id = ?", [_zones_json(zones), key])
    return key


def zones(
    cursor: duckdb.DuckDBPyConnection, store_id: UUID | None, role: Role, door: str
) -> tuple[tuple[tuple[float, float], ...], ...]:
    """The camera's polygons; none for a camera or store that isn't there."""
    key = camera_id(store_id, role, text(door)) if store_id else None
    row = first(cursor, "SELECT zones FROM cameras WHERE camera_id = ?", [key])
    found = json.loads(row[0]) if row and row[0] else []
    return tuple(tuple((x, y) for x, y in zone) for zone in found)


def week(cursor: duckdb.DuckDBPyConnection, store_id: UUID | None) -> "Week | None":
    """The store's opening hours; None where they are not known."""
    from fer_core.gate import Week

    row = first(cursor, "SELECT opening_hours, time_zone FROM stores WHERE store_id = ?", [store_id]) if store_id else None
    if not row or not row[0]:
        return None
    spans = {WEEKDAYS.index(day): [time.fromisoformat(at.replace("24:00", "00:00")) for at in span]
             for day, span in json.loads(row[0]).items()}  # fmt: skip
    return Week({day: (begin, end) for day, (begin, end) in spans.items()}, str(row[1]))


def refuse_at_work(cursor: duckdb.DuckDBPyConnection, name: str, what: str) -> None:
    """DataError while a job of the store waits or runs; what: what can't be done to it."""
    row = first(cursor, "SELECT count(*) FROM jobs WHERE store = ? AND state IN ('queued', 'running')", [text(name)])
    if row and row[0]:
        raise DataError(f"{name!r} can't be {what} while a job of it is waiting or running; let it end, or cancel it")


def _opening_hours(hours: OpeningHours) -> str | None:
    """As JSON in the order of the week; None for no day at all."""
    for day, span in hours.items():
        if day not in WEEKDAYS:
            raise DataError(f"{day!r} is no day of the week; they are {', '.join(WEEKDAYS)}")
        if len(span) != 2 or not all(isinstance(at, str) and _CLOCK.fullmatch(at) for at in span):
            raise DataError(f"{day}: opening hours are two times such as 09:00 and 18:00, not {span!r}")
        if span[0] >= span[1]:
            raise DataError(f"{day}: the store closes at {span[1]}, which is not after {span[0]}, when it opens")
    return json.dumps({day: list(hours[day]) for day in WEEKDAYS if day in hours}) if hours else None


def _retention_days(days: int) -> int | None:
    if not 0 <= days <= _MOST_DAYS:
        raise DataError(f"visits can be kept for 1 to {_MOST_DAYS:,} days, or for ever (0), not for {days}")
    return days or None


def _zones_json(given: Zones) -> str | None:
    """As JSON; None for no zone."""
    for zone in given:
        if len(zone) < 3:
            raise DataError(f"a zone needs at least three corners, not {len(zone)}")
        if any(len(corner) != 2 or not all(0 <= share <= 1 for share in corner) for corner in zone):
            raise DataError("a zone's corners are pairs of shares of the picture, each from 0 to 1")
    return json.dumps([[[float(x), float(y)] for x, y in zone] for zone in given]) if len(given) else None
