"""What a live camera tells the app, as JSON: of one person an appearance with moments instead of seconds of a film; or, where
nobody is recognised, a count."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import numpy as np

from fer_core.errors import InputError
from fer_core.types import CAMERA_ROLES, EXPRESSIONS, ROLES, Appearance, FloatArray, Role

VERSION = 1
"""Of the form. A worker of an older form is told to be updated."""
_PLAIN = ("best_s", "x", "y", "size_px", "quality", "faces")
_KINDS = ("sighting", "count")
_LONGEST = 10_000
_DAY_S = 86_400.0
_DIGITS = 5


@dataclass(frozen=True)
class Backends:
    """The names of what read the camera; second is that of the second opinion, or "", as embedder is where there is none."""

    detector: str
    embedder: str
    emotion: str
    second: str = ""


@dataclass(frozen=True, eq=False)
class Sighting:
    """One person passing a live camera. key is made once, so that a message that comes twice counts once.

    Seconds in the appearance run from begun_at (aware, UTC), the moment at which the camera's run began.
    """

    key: UUID
    begun_at: datetime
    appearance: Appearance
    backends: Backends

    @classmethod
    def of(cls, begun_at: datetime, appearance: Appearance, backends: Backends) -> "Sighting":
        """A new one."""
        return cls(uuid4(), begun_at, appearance, backends)

    @property
    def role(self) -> Role:
        return self.appearance.role

    @property
    def door(self) -> str:
        return self.appearance.door

    @property
    def ended_at(self) -> datetime:
        """When the person was seen last."""
        return self.begun_at + timedelta(seconds=self.appearance.end_s)

    def as_json(self) -> dict[str, Any]:
        """Numbers and words only; `message_of` is its way back."""
        seen = self.appearance
        numbers = {name: getattr(seen, name) for name in _PLAIN}
        return numbers | {
            "version": VERSION, "kind": "sighting", "id": str(self.key), "role": seen.role, "door": seen.door,
            "begun_at": self.begun_at.astimezone(UTC).isoformat(), "backends": asdict(self.backends),
            "intervals": [list(pair) for pair in seen.intervals], "times_s": _numbers(seen.times_s),
            "template": None if seen.template is None else _numbers(seen.template),
            "second": None if seen.second is None else _numbers(seen.second),
            "series": [_numbers(row) for row in seen.series], "weight": _numbers(seen.weight),
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class Count:
    """Somebody passed a camera, or was in one of its zones, and is not recognised: a number and an expression mix.

    at: when they came (aware, UTC). zone: "" for the camera's whole picture. faces: 1, or 0 for somebody who was counted
    before and is still there. expressions (7,): shares that sum to 1.
    """

    key: UUID
    role: Role
    door: str
    at: datetime
    zone: str
    faces: float
    seconds: float
    expressions: FloatArray

    def as_json(self) -> dict[str, Any]:
        """`message_of` is its way back."""
        return {
            "version": VERSION, "kind": "count", "id": str(self.key), "role": self.role, "door": self.door,
            "at": self.at.astimezone(UTC).isoformat(), "zone": self.zone, "faces": self.faces,
            "seconds": round(self.seconds, _DIGITS), "expressions": _numbers(self.expressions),
        }  # fmt: skip


Message: TypeAlias = Sighting | Count


def message_of(given: Any) -> Message:
    """The message in JSON that came from elsewhere. InputError in one sentence where it is none."""
    if not isinstance(given, Mapping):
        raise InputError("a message is an object with the fields that the API's description names")
    if given.get("version") != VERSION:
        raise InputError(f"this is form {given.get('version')!r} of a message, and the app knows {VERSION}: update the worker")
    try:
        if given["kind"] not in _KINDS:
            raise ValueError(f"its kind is {given['kind']!r}")
        return _sighting(given) if given["kind"] == "sighting" else _count(given)
    except KeyError as error:
        raise InputError(f"a message without {error.args[0]!r}") from error
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"a message that can't be used: {error}") from error


def _sighting(given: Mapping[str, Any]) -> Sighting:
    series = np.array([_array(row, "series") for row in _rows(given["series"])], np.float32).reshape(-1, len(EXPRESSIONS))
    if len(series) and (series.min() < 0 or not np.allclose(series.sum(axis=1), 1, atol=1e-2)):
        raise ValueError("its series does not hold probabilities that sum to 1")
    seen = Appearance(
        role=_role(given, ROLES), film=0, intervals=_intervals(given["intervals"]), best_s=_number(given, "best_s"),
        x=_number(given, "x"), y=_number(given, "y"), size_px=_number(given, "size_px"), quality=_number(given, "quality"),
        faces=int(_number(given, "faces")), template=_template(given, "template"), times_s=_array(given["times_s"], "times_s"),
        series=series, weight=_array(given["weight"], "weight"), door=_word(given, "door"), second=_template(given, "second"),
    )  # fmt: skip
    named = given["backends"]
    backends = Backends(*(_word(named, name) for name in ("detector", "embedder", "emotion", "second")))
    return Sighting(UUID(_word(given, "id")), _moment(given, "begun_at"), seen, backends)


def _count(given: Mapping[str, Any]) -> Count:
    expressions = _array(given["expressions"], "expressions")
    if len(expressions) != len(EXPRESSIONS) or expressions.min() < 0 or abs(float(expressions.sum()) - 1) > 1e-2:
        raise ValueError("its expressions are not seven shares that sum to 1")
    faces, seconds = _number(given, "faces"), _number(given, "seconds")
    if faces not in (0, 1) or not 0 <= seconds <= _DAY_S:
        raise ValueError("it counts one person or none, for at most a day")
    return Count(
        UUID(_word(given, "id")), _role(given, CAMERA_ROLES), _word(given, "door"), _moment(given, "at"), _word(given, "zone"),
        faces, seconds, expressions,
    )  # fmt: skip


def _role(given: Mapping[str, Any], roles: tuple[Role, ...]) -> Role:
    role: Role = given["role"]
    if role not in roles:
        raise ValueError(f"its role is {role!r}, not one of {', '.join(roles)}")
    return role


def _moment(given: Mapping[str, Any], name: str) -> datetime:
    moment = datetime.fromisoformat(_word(given, name))
    if moment.tzinfo is None:
        raise ValueError(f"{name} needs a time zone")
    return moment.astimezone(UTC)


def _template(given: Mapping[str, Any], name: str) -> FloatArray | None:
    if given[name] is None:
        return None
    template = _array(given[name], name)
    if not math.isclose(float(np.linalg.norm(template)), 1.0, abs_tol=1e-2):
        raise ValueError(f"its {name} is not of length 1")
    return template


def _intervals(given: Any) -> tuple[tuple[float, float], ...]:
    pairs = [_array(pair, "intervals") for pair in _rows(given)]
    if not pairs or any(len(pair) != 2 or pair[0] > pair[1] for pair in pairs):
        raise ValueError("its intervals are no pairs of begin and end")
    return tuple((float(begin), float(end)) for begin, end in pairs)


def _rows(given: Any) -> list[Any]:
    if not isinstance(given, list) or len(given) > _LONGEST:
        raise ValueError("a list is missing, or is too long")
    return given


def _array(given: Any, name: str) -> FloatArray:
    values = _rows(given)
    if not all(isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) for value in values):
        raise ValueError(f"{name} holds something that is no number")
    return np.array(values, np.float64 if name == "times_s" else np.float32)


def _number(given: Mapping[str, Any], name: str) -> float:
    value = given[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name} is no number")
    return float(value)


def _word(given: Mapping[str, Any], name: str) -> str:
    value = given[name]
    if not isinstance(value, str) or len(value) > _LONGEST or "\0" in value:
        raise ValueError(f"{name} is no text")
    return value


def _numbers(values: np.ndarray) -> list[float]:
    return [round(float(value), _DIGITS) for value in values]
