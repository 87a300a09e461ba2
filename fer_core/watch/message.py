"""What a live camera tells the app of one person: an appearance with moments instead of seconds of a film, as JSON."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import numpy as np

from fer_core.errors import InputError
from fer_core.types import EXPRESSIONS, ROLES, Appearance, FloatArray

VERSION = 1
"""Of the form. A worker of an older form is told to be updated."""
_PLAIN = ("best_s", "x", "y", "size_px", "quality", "faces")
_LONGEST = 10_000
_DIGITS = 5


@dataclass(frozen=True, eq=False)
class Sighting:
    """One person passing a live camera. sighting_id is made once, so that a message that comes twice counts once.

    seconds in the appearance run from begun_at (aware, UTC), the moment at which the camera's run began.
    """

    sighting_id: UUID
    camera: str
    begun_at: datetime
    appearance: Appearance
    embedder: str

    @classmethod
    def of(cls, camera: str, begun_at: datetime, appearance: Appearance, embedder: str) -> "Sighting":
        """A new one."""
        return cls(uuid4(), camera, begun_at, appearance, embedder)

    def as_json(self) -> dict[str, Any]:
        """Numbers and words only; `sighting_of` is its way back."""
        seen = self.appearance
        numbers = {name: getattr(seen, name) for name in _PLAIN}
        return numbers | {
            "version": VERSION, "sighting_id": str(self.sighting_id), "camera": self.camera, "role": seen.role,
            "door": seen.door, "begun_at": self.begun_at.astimezone(UTC).isoformat(), "embedder": self.embedder,
            "intervals": [list(pair) for pair in seen.intervals], "times_s": _numbers(seen.times_s),
            "template": None if seen.template is None else _numbers(seen.template),
            "series": [_numbers(row) for row in seen.series], "weight": _numbers(seen.weight),
        }  # fmt: skip


def sighting_of(given: Any) -> Sighting:
    """The sighting in JSON that came from elsewhere. InputError in one sentence where it is none."""
    if not isinstance(given, Mapping):
        raise InputError("a sighting is an object with the fields that the API's description names")
    if given.get("version") != VERSION:
        raise InputError(f"this is form {given.get('version')!r} of a sighting, and the app knows {VERSION}: update the worker")
    try:
        return _read(given)
    except KeyError as error:
        raise InputError(f"a sighting without {error.args[0]!r}") from error
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"a sighting that can't be used: {error}") from error


def _read(given: Mapping[str, Any]) -> Sighting:
    role = given["role"]
    if role not in ROLES:
        raise ValueError(f"its role is {role!r}, not one of {', '.join(ROLES)}")
    begun_at = datetime.fromisoformat(_word(given, "begun_at"))
    if begun_at.tzinfo is None:
        raise ValueError("begun_at needs a time zone")
    template = None if given["template"] is None else _array(given["template"], "template")
    if template is not None and not math.isclose(float(np.linalg.norm(template)), 1.0, abs_tol=1e-2):
        raise ValueError("its template is not of length 1")
    series = np.array([_array(row, "series") for row in _rows(given["series"])], np.float32).reshape(-1, len(EXPRESSIONS))
    if len(series) and (series.min() < 0 or not np.allclose(series.sum(axis=1), 1, atol=1e-2)):
        raise ValueError("its series does not hold probabilities that sum to 1")
    seen = Appearance(
        role=role, film=0, intervals=_intervals(given["intervals"]), best_s=_number(given, "best_s"), x=_number(given, "x"),
        y=_number(given, "y"), size_px=_number(given, "size_px"), quality=_number(given, "quality"),
        faces=int(_number(given, "faces")), template=template, times_s=_array(given["times_s"], "times_s"),
        series=series, weight=_array(given["weight"], "weight"), door=_word(given, "door"),
    )  # fmt: skip
    return Sighting(
        UUID(_word(given, "sighting_id")), _word(given, "camera"), begun_at.astimezone(UTC), seen, _word(given, "embedder")
    )


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
