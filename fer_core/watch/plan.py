"""What a worker has to know of its camera: the app's answer to "what am I to do?"."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

import numpy as np

from fer_core.errors import InputError
from fer_core.gallery import Gallery, Templates, staff_gallery
from fer_core.gate import Gate, Week, masking
from fer_core.privacy import Mode, computes_templates, mode_of
from fer_core.settings import GallerySettings
from fer_core.types import CAMERA_ROLES, Role
from fer_core.zones import MeasuringZone, zone_of

Polygon = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Plan:
    """How one camera is to be read. masks: left out before anything is looked for. hours: outside them everybody is staff.

    guests: who agreed to be recognised, where people have to agree; None where nobody has to. It holds face codes: a worker
    keeps it in memory only.
    """

    store: str
    role: Role
    door: str
    mode: Mode
    time_zone: str = "UTC"
    masks: tuple[Polygon, ...] = ()
    measuring: tuple[MeasuringZone, ...] = ()
    hours: Week | None = None
    staff: tuple[Templates, ...] = ()
    guests: tuple[Templates, ...] | None = None
    refused: str = ""
    """Why the camera may not run (no notice hangs there, say); "" where it may."""

    @property
    def recognises(self) -> bool:
        """Whether face codes may be made at all."""
        return self.role != "floor" and computes_templates(self.mode)

    @property
    def version(self) -> str:
        """Another one whenever anything in the plan is another."""
        text = json.dumps(self.as_json(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def gate(self, embedder: str) -> Gate:
        """What the camera drops, staff included, by that embedder ("": none). InputError where staff can't be recognised."""
        gate = masking(self.masks)
        if not embedder or not self.recognises:
            return Gate(gate.masks, self.hours)
        settings = GallerySettings()
        staff = staff_gallery(self.staff, embedder, settings)
        guests = None if self.guests is None else Gallery.of(self.guests, embedder, settings.guest_false_accept)
        return Gate(gate.masks, self.hours, staff.is_known if len(staff) else None, None if guests is None else guests.is_known)

    def as_json(self) -> dict[str, Any]:
        """`plan_of` is its way back."""
        return {
            "store": self.store, "role": self.role, "door": self.door, "mode": self.mode, "time_zone": self.time_zone,
            "masks": [[[float(x), float(y)] for x, y in polygon] for polygon in self.masks],
            "measuring": [zone.as_json() for zone in self.measuring], "hours": _week_json(self.hours),
            "staff": [_codes(one) for one in self.staff],
            "guests": None if self.guests is None else [_codes(one) for one in self.guests], "refused": self.refused,
        }  # fmt: skip


def plan_of(given: Any) -> Plan:
    """The plan in JSON. InputError where it is none: the app may be of another version."""
    try:
        if given["role"] not in CAMERA_ROLES:
            raise ValueError(given["role"])
        guests = given["guests"]
        return Plan(
            store=str(given["store"]), role=given["role"], door=str(given["door"]), mode=mode_of(given["mode"]),
            time_zone=str(given["time_zone"]),
            masks=tuple(tuple((float(x), float(y)) for x, y in polygon) for polygon in given["masks"]),
            measuring=tuple(zone_of(one) for one in given["measuring"]), hours=_week(given["hours"]),
            staff=tuple(_templates(one) for one in given["staff"]),
            guests=None if guests is None else tuple(_templates(one) for one in guests), refused=str(given["refused"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise InputError("the app's answer can't be read: is it of another version than this worker?") from error


def _codes(templates: Templates) -> dict[str, list[float]]:
    return {name: [round(float(value), 6) for value in row] for name, row in templates.items()}


def _templates(given: Mapping[str, list[float]]) -> Templates:
    return {str(name): np.array(row, np.float32) for name, row in given.items()}


def _week_json(hours: Week | None) -> dict[str, Any] | None:
    if hours is None:
        return None
    days = {str(day): [begin.isoformat(), end.isoformat()] for day, (begin, end) in hours.days.items()}
    return {"days": days, "zone": hours.zone}


def _week(given: Any) -> Week | None:
    if given is None:
        return None
    days = {int(day): (time.fromisoformat(begin), time.fromisoformat(end)) for day, (begin, end) in given["days"].items()}
    return Week(days, str(given["zone"]))
