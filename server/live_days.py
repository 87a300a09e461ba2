"""The live days of the stores: what cameras told, kept until closing time, and settled again whenever somebody left.

A day's sightings lie encrypted in a folder beside the database. With each exit the whole day is matched and reviewed anew
and written in place of what stood there, so that what was early, late or ambiguous is put right by itself; at closing time
that is done once more, and the templates go with the key that they were encrypted with.
"""

import json
import logging
import shutil
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fer_core.errors import DataError, InputError, MoodgateError
from fer_core.privacy import Mode, computes_templates
from fer_core.settings import Settings
from fer_core.store import Store
from fer_core.store.live import Counted
from fer_core.types import Role
from fer_core.watch.link import Answer, Taken
from fer_core.watch.message import Count, Message, Sighting, message_of
from fer_core.watch.outbox import Outbox
from server.live_heard import CameraState, Heard
from server.workshop import zone_of

if TYPE_CHECKING:
    from fer_core.watch.plan import Plan  # it loads packages for pictures

LOG = logging.getLogger(__name__)
_SETTLE_EVERY_S = 1.0
_LATE = timedelta(minutes=30)
"""How long after closing time the day is settled for good: who is still inside leaves."""
_WITHOUT_HOURS = timedelta(hours=27)
"""Where nobody said when the shop closes: 3 in the morning of the next day."""
_LONGEST = timedelta(hours=48)
_DAY = "day.json"


@dataclass
class LiveDay:
    """One store's day. start_at: midnight, on the store's clock, of the day on which it began, less what came before."""

    store_id: UUID
    box: Outbox
    start_at: datetime
    begun_at: datetime
    sightings: dict[UUID, Sighting] = field(default_factory=dict)
    due: bool = False
    trouble: str = ""


class LiveDays:
    """All stores' live days. Safe for all threads. folder: where they are kept; now: the time of day, aware."""

    def __init__(self, store: Store, folder: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store, self._folder, self._now = store, Path(folder), now
        self._lock, self._settling = threading.RLock(), threading.Lock()
        self._days: dict[UUID, LiveDay] = {}
        self._heard = Heard(now)
        self._wake, self._closed = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        for place in sorted(self._folder.glob("*/" + _DAY)):
            self._opened(place.parent)

    # ---- running ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Settle in a thread of its own from now on."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="live days", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End the thread. Days that aren't over stay where they are, for the next start."""
        self._closed.set()
        self._wake.set()
        if self._thread:
            self._thread.join(30.0)

    def _work(self) -> None:
        while not self._closed.is_set():
            self._wake.wait(10.0)
            self._wake.clear()
            if self._closed.is_set():
                return
            try:
                self.settle()
            except Exception:  # whatever it was, the thread must go on: the day is tried again with the next look
                LOG.exception("the live days could not be settled")
            self._closed.wait(_SETTLE_EVERY_S)

    # ---- taking -----------------------------------------------------------------------------------------------------

    def take(self, store: str, given: Sequence[Any]) -> Taken:
        """Keep messages (JSON); what is kept survives a kill. InputError for one that is no message at all."""
        messages = [message_of(one) for one in given]
        mode, refused = self._store.privacy_mode_of(store), dict[str, str]()
        self.store_id(store)
        for one in messages:
            why = _unfit(one, mode)
            if why:
                refused[str(one.key)] = why
        kept = [one for one in messages if str(one.key) not in refused]
        counts = [one for one in kept if isinstance(one, Count)]
        if counts:
            zone = zone_of(self._store, store)
            self._store.put_counts(store, [_counted(one, zone) for one in counts], self._now())
        seen = [(one, given[place]) for place, one in enumerate(messages) if isinstance(one, Sighting) and one in kept]
        if seen:
            self._keep(store, seen)
        return Taken([str(one.key) for one in kept], refused)

    def _keep(self, store: str, seen: Iterable[tuple[Sighting, Any]]) -> None:
        seen = list(seen)
        known = self._store.known_sightings(store, [one.key for one, _ in seen])
        with self._lock:
            day = self._day(store, min(one.ended_at for one, _ in seen))
            for one, told in seen:
                if one.key in known or one.key in day.sightings:
                    continue
                day.box.put(dict(told))
                day.sightings[one.key] = one
                day.due = True
        self._wake.set()

    # ---- cameras ----------------------------------------------------------------------------------------------------

    def plan(self, store: str, role: Role, door: str) -> "Plan":
        """What a worker is to do with that camera. DataError for no such store."""
        from fer_core.watch.plan import Plan

        self.store_id(store)
        opened, mode = self._store, self._store.privacy_mode_of(store)
        told = role != "floor" and computes_templates(mode)
        return Plan(
            store=store, role=role, door=door, mode=mode, time_zone=zone_of(opened, store),
            masks=tuple(tuple((float(x), float(y)) for x, y in polygon) for polygon in opened.zones_for(store, role, door)),
            measuring=opened.measuring_of(store, role, door) if role == "floor" else (), hours=opened.hours_for(store),
            staff=tuple(opened.templates_of(store, "staff")) if told else (),
            guests=tuple(opened.templates_of(store, "guest")) if told and mode == "opt-in" else None,
            refused=untold(opened, store, role, door),
        )  # fmt: skip

    def beat(self, store: str, role: Role, door: str, told: Mapping[str, Any]) -> Answer:
        """Take a camera's sign of life. DataError for what is none."""
        wanted = self._heard.put(self.store_id(store), store, role, door, told)
        return Answer(self.plan(store, role, door).version, wanted)

    def cameras(self, store: str) -> list[CameraState]:
        """The store's cameras that were heard of within a day."""
        return self._heard.of(self.store_id(store))

    def forget_camera(self, store: str, role: Role, door: str) -> None:
        """The camera was stopped: it is spoken of no more."""
        self._heard.forget(self.store_id(store), role, door)

    def ask_still(self, store: str, role: Role, door: str) -> None:
        """Have a still of the camera, faces as coarse blocks, within seconds: `still` then tells it."""
        self._heard.ask_still(self.store_id(store), role, door)

    def put_still(self, store: str, role: Role, door: str, jpeg: bytes) -> None:
        """Take a still that was asked for. DataError."""
        self._heard.put_still(self.store_id(store), role, door, jpeg)

    def still(self, store: str, role: Role, door: str) -> bytes | None:
        """The still that was asked for, as a JPEG; None where there is none (yet), or none any more."""
        return self._heard.still(self.store_id(store), role, door)

    # ---- settling ---------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Write every day that has changed, and end those that are over."""
        with self._settling:
            for store_id, day in list(self._days.items()):
                name = self._name(store_id)
                if name is None or not computes_templates(self._store.privacy_mode_of(name)):
                    self._forget(day)
                    continue
                over = self._now() >= self._ends_at(name, day)
                if day.due or over:
                    self._write(name, day, over)

    def _write(self, name: str, day: LiveDay, over: bool) -> None:
        from fer_core.watch.day import settled

        with self._lock:
            seen, day.due = list(day.sightings.values()), False
        try:
            own = self._store.categories_of(name)
            rules = Settings()
            rules = replace(rules, review=replace(rules.review, valence=own.valence))
            found = settled(name, day.start_at, seen, rules, partial(self._store.offset_for, name))
            self._store.write_day(found, categories=own, settings=rules.review)
            day.trouble = ""
        except MoodgateError as error:
            day.due, day.trouble = True, str(error)
            LOG.warning("the live day of %s could not be written: %s", name, error)
            return
        except BaseException:
            day.due, day.trouble = True, "the day could not be written; the log says why"
            raise
        if over:
            with self._lock:
                if len(day.sightings) == len(seen):
                    self._store.put_sightings(name, [one.key for one in seen], self._now())
                    self._forget(day)

    def _forget(self, day: LiveDay) -> None:
        """The day's templates go: the messages, and the key with which they could be read."""
        with self._lock:
            self._days.pop(day.store_id, None)
            day.box.close_day()
            shutil.rmtree(self._place(day.store_id), ignore_errors=True)

    def end(self, store: str) -> None:
        """Settle the store's day now, for good. Nothing where there is none."""
        store_id = self.store_id(store)
        with self._settling:
            day = self._days.get(store_id)
            if day is not None:
                self._write(store, day, True)

    # ---- telling ----------------------------------------------------------------------------------------------------

    def waiting(self, store: str) -> int:
        """How many sightings the database doesn't show yet."""
        day = self._days.get(self.store_id(store))
        return len(day.sightings) if day and day.due else 0

    def seen(self, store: str) -> tuple[int, int]:
        """How many came and left since the live day began, as far as sightings tell."""
        day = self._days.get(self.store_id(store))
        with self._lock:
            roles = [one.role for one in day.sightings.values()] if day else []
        return roles.count("entry"), roles.count("exit")

    def inside(self, store: str) -> int | None:
        """How many people are in the store: who came today less who left, at least 0. None where no camera told of any."""
        came, left = self.seen(store)
        now = self._now().astimezone(ZoneInfo(zone_of(self._store, store)))
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        counted = self._store.counted_between(store, midnight, midnight + timedelta(days=1))
        came, left = came + round(counted.get("entry", 0)), left + round(counted.get("exit", 0))
        return max(0, came - left) if came + left else None

    def trouble(self, store: str) -> str:
        """Why the day can't be written at the moment; "" where it can."""
        day = self._days.get(self.store_id(store))
        return day.trouble if day else ""

    # ---- days -------------------------------------------------------------------------------------------------------

    def _day(self, store: str, first_at: datetime) -> LiveDay:
        store_id = self.store_id(store)
        if store_id not in self._days:
            place = self._place(store_id)
            zone = ZoneInfo(zone_of(self._store, store))
            begun = self._now()
            local = min(first_at, begun).astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
            # two days that begin on one date must not be one film
            start = local.astimezone(UTC) + timedelta(microseconds=begun.microsecond + 1)
            box = Outbox(place)
            told = {"store_id": str(store_id), "start_at": start.isoformat(), "begun_at": begun.isoformat()}
            (place / _DAY).write_text(json.dumps(told), encoding="utf-8")
            self._days[store_id] = LiveDay(store_id, box, start, begun)
        return self._days[store_id]

    def _opened(self, place: Path) -> None:
        """A day that was begun before the last stop."""
        try:
            told = json.loads((place / _DAY).read_text(encoding="utf-8"))
            day = LiveDay(
                UUID(told["store_id"]), Outbox(place), datetime.fromisoformat(told["start_at"]),
                datetime.fromisoformat(told["begun_at"]), due=True,
            )  # fmt: skip
            for _, message in day.box.waiting():
                one = message_of(message)
                if isinstance(one, Sighting):
                    day.sightings[one.key] = one
        except (ValueError, KeyError, TypeError, OSError, InputError) as error:
            LOG.warning("a live day in %s can't be read, and goes: %s", place.name, error)
            shutil.rmtree(place, ignore_errors=True)
            return
        self._days[day.store_id] = day
        self._wake.set()

    def _ends_at(self, name: str, day: LiveDay) -> datetime:
        """Half an hour after closing time; without hours, 3 in the morning; never more than two days after it began."""
        hours, zone = self._store.hours_for(name), ZoneInfo(zone_of(self._store, name))
        local = day.begun_at.astimezone(zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        own = hours.days.get(local.weekday()) if hours else None
        if own is None:
            return midnight + _WITHOUT_HOURS
        begin, end = own
        closes = midnight.replace(hour=end.hour, minute=end.minute)
        closes += timedelta(days=1) if end <= begin else timedelta()
        late = closes + _LATE
        return min(late if day.begun_at < late else midnight + _WITHOUT_HOURS, day.begun_at + _LONGEST)

    def store_id(self, store: str) -> UUID:
        """The store's id. DataError for no such store."""
        with self._store.cursor() as cursor:
            row = cursor.execute("SELECT store_id FROM stores WHERE name = ?", [store]).fetchone()
        if row is None:
            raise DataError(f"there is no store {store!r}")
        return UUID(str(row[0]))

    def _name(self, store_id: UUID) -> str | None:
        with self._store.cursor() as cursor:
            row = cursor.execute("SELECT name FROM stores WHERE store_id = ?", [store_id]).fetchone()
        return str(row[0]) if row else None

    def _place(self, store_id: UUID) -> Path:
        return self._folder / str(store_id)


def untold(opened: Store, store: str, role: Role, door: str) -> str:
    """Why the camera may not run: the store's region asks for a notice, and none is recorded for it. "" where it may."""
    from fer_core import notices

    return notices.missing(notices.standing(opened, store), [notices.Camera(role, door)]) or ""


def _unfit(one: Message, mode: Mode) -> str:
    """Why a store of that mode may not take the message; "" where it may."""
    if isinstance(one, Count):
        return "this store counts nobody at its doors" if mode == "visit" and one.role != "floor" else ""
    if not computes_templates(mode):
        return "this store keeps sums only, and this was seen for visits"
    if mode == "opt-in" and one.appearance.template is None:
        return "this store keeps visits of people who agreed only"
    return ""


def _counted(one: Count, zone: str) -> Counted:
    from fer_core.pipeline import hour_of

    return Counted(one.key, one.role, one.door, one.zone, hour_of(one.at, zone), one.faces, one.seconds, one.expressions)
