"""Named measuring zones of a floor camera, and what was seen in them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from fer_core.errors import DataError
from fer_core.types import BoolArray, FloatArray

ZoneKind: TypeAlias = Literal["shelf", "till", "service desk", "fitting room", "other"]
ZONE_KINDS: tuple[ZoneKind, ...] = get_args(ZoneKind)
_LONGEST_NAME = 80
_MOST = 20


@dataclass(frozen=True)
class MeasuringZone:
    """A part of a camera's picture in which faces are counted. corners: (x, y) in shares of its width and height.

    At a service desk the zone is drawn around the visitor's side: who stands on the other one is staff. DataError for what
    is no zone.
    """

    name: str
    kind: ZoneKind
    corners: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > _LONGEST_NAME or "\n" in self.name:
            raise DataError(f"a measuring zone needs a name of up to {_LONGEST_NAME} characters")
        if self.kind not in ZONE_KINDS:
            raise DataError(f"a measuring zone is a {', '.join(ZONE_KINDS)}, not {self.kind!r}")
        if len(self.corners) < 3:
            raise DataError(f"the zone {self.name!r} needs at least three corners, not {len(self.corners)}")
        if any(not 0 <= value <= 1 for corner in self.corners for value in corner):
            raise DataError(f"the zone {self.name!r} has a corner outside the picture")

    def holds(self, middles: FloatArray) -> BoolArray:
        """(n,) bool: which of the points (n, 2), in shares of the picture, lie in it."""
        from fer_core import geometry  # it loads a package for pictures

        return geometry.points_in_polygon(np.asarray(middles, np.float32), np.array(self.corners, np.float32))

    def as_json(self) -> dict[str, Any]:
        """`zone_of` is its way back."""
        return {"name": self.name, "kind": self.kind, "corners": [[float(x), float(y)] for x, y in self.corners]}


def zone_of(given: Any) -> MeasuringZone:
    """The zone in JSON. DataError."""
    try:
        corners = tuple((float(x), float(y)) for x, y in given["corners"])
        return MeasuringZone(str(given["name"]), given["kind"], corners)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"this is no measuring zone: {given!r}") from error


def checked(zones: Iterable[MeasuringZone]) -> tuple[MeasuringZone, ...]:
    """The zones of one camera. DataError for too many, or two of one name."""
    found = tuple(zones)
    names = [zone.name for zone in found]
    if len(found) > _MOST:
        raise DataError(f"a camera has at most {_MOST} measuring zones, not {len(found)}")
    if len(set(names)) < len(names):
        raise DataError("two measuring zones of a camera can’t have the same name")
    return found
