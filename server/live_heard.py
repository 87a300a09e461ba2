"""What live cameras' workers say of themselves: their health, and a still where somebody asked for one. In memory only."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from fer_core.errors import DataError
from fer_core.types import Role

GONE = "gone"
"""The state of a camera whose worker is silent."""
_GONE_S, _FORGOTTEN, _STILL_FOR = 15.0, timedelta(hours=24), timedelta(minutes=1)
_MOST_STILL_BYTES = 4 << 20
_WORDS = ("state", "why")
_NUMBERS = ("pictures_per_s", "taken_per_s", "delay_s", "breaks", "width", "height")
_LONGEST = 300
_Key = tuple[UUID, Role, str]


@dataclass(frozen=True)
class CameraState:
    """A camera as it was last heard of, at that moment (aware). health: the fields of `cameras.Health`.

    worker: where it is read. faces_per_min: found in the last minute. usable: share (0 to 1) of the people of the last
    minute with a usable shot; None: nobody. people: since the worker began. message: what is wrong, or "".
    """

    store: str
    role: Role
    door: str
    health: dict[str, Any]
    at: datetime
    worker: str
    delay_s: float
    faces_per_min: float
    usable: float | None
    people: int
    message: str


class Heard:
    """The newest sign of life of each camera. Safe for all threads."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now, self._lock = now, threading.Lock()
        self._states: dict[_Key, CameraState] = {}
        self._wanted: dict[_Key, datetime] = {}
        self._stills: dict[_Key, tuple[datetime, bytes]] = {}

    def put(self, store_id: UUID, store: str, role: Role, door: str, told: Mapping[str, Any]) -> bool:
        """Keep a sign of life; whether a still is wanted. DataError for what is none."""
        state, key, now = _state(store, role, door, told, self._now()), (store_id, role, door), self._now()
        with self._lock:
            self._states[key] = state
            asked = self._wanted.get(key)
            return asked is not None and now - asked < _STILL_FOR

    def of(self, store_id: UUID) -> list[CameraState]:
        """The store's cameras that were heard of within a day, by role and door."""
        now = self._now()
        with self._lock:
            self._states = {key: one for key, one in self._states.items() if now - one.at < _FORGOTTEN}
            found = [one for key, one in self._states.items() if key[0] == store_id]
        return [_aged(one, now) for one in sorted(found, key=lambda one: (one.role, one.door))]

    def forget(self, store_id: UUID, role: Role, door: str) -> None:
        """The camera was stopped: it is spoken of no more."""
        with self._lock:
            self._states.pop((store_id, role, door), None)

    def ask_still(self, store_id: UUID, role: Role, door: str) -> None:
        """Have the worker send a still with its next sign of life."""
        with self._lock:
            self._wanted[store_id, role, door] = self._now()

    def put_still(self, store_id: UUID, role: Role, door: str, jpeg: bytes) -> None:
        """Keep the still that was asked for. DataError for what is no JPEG, is too large, or wasn't asked for."""
        if not jpeg.startswith(b"\xff\xd8") or len(jpeg) > _MOST_STILL_BYTES:
            raise DataError("a still is a JPEG of at most 4 MB")
        key = store_id, role, door
        with self._lock:
            if key not in self._wanted:
                raise DataError("nobody asked for a still of this camera")
            del self._wanted[key]
            self._stills[key] = self._now(), jpeg

    def still(self, store_id: UUID, role: Role, door: str) -> bytes | None:
        """The newest still, for a minute; None where there is none."""
        now = self._now()
        with self._lock:
            self._stills = {key: one for key, one in self._stills.items() if now - one[0] < _STILL_FOR}
            found = self._stills.get((store_id, role, door))
        return found[1] if found else None


def _aged(one: CameraState, now: datetime) -> CameraState:
    """The state as it is now: one that is silent for long is gone."""
    if one.health["state"] == "over" or (now - one.at).total_seconds() <= _GONE_S:
        return one
    why = "nothing was heard of its worker for a while"
    return replace(one, health=one.health | {"state": GONE, "why": why}, message=why, faces_per_min=0.0)


def _state(store: str, role: Role, door: str, told: Mapping[str, Any], now: datetime) -> CameraState:
    try:
        given = told["health"]
        silent = given["silent_s"]
        health: dict[str, Any] = {name: str(given[name])[:_LONGEST] for name in _WORDS}
        health |= {name: float(given[name]) for name in _NUMBERS}
        health["silent_s"] = None if silent is None else float(silent)
        usable = told["usable"]
        return CameraState(
            store=store, role=role, door=door, health=health, at=now, worker=str(told["worker"])[:_LONGEST],
            delay_s=float(health["delay_s"]), faces_per_min=float(told["faces_per_min"]),
            usable=None if usable is None else float(usable), people=int(told["people"]), message=str(health["why"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DataError("this is no sign of life as the API’s description tells it") from error
