"""Zones while they are worked on: kept in the session, with every step back, and as a table."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pandas as pd
import streamlit as st

from fer_core.zones import ZONE_KINDS, MeasuringZone, ZoneKind
from ui.zones import Part, Zone

_MOST_STEPS = 50
COLUMNS = ("Zone", "Across %", "Down %")
"""Of the table of corners: the zone's place from 1, and where the corner is in the picture, from its upper left one."""


@dataclass
class Draft:
    """The zones as they stand in this session. round: the number of the last change that didn't come from the picture."""

    parts: list[Part]
    saved: list[Part]
    round: int = 0
    steps: list[list[Part]] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether there is anything to save."""
        return [_plain(part) for part in self.parts] != [_plain(part) for part in self.saved]

    def put(self, parts: Sequence[Part], *, drawn: bool = False) -> None:
        """Another state; drawn: it came from the picture, which knows it."""
        self.steps = [*self.steps, self.parts][-_MOST_STEPS:]
        self.parts, self.round = list(parts), self.round + (not drawn)

    def undo(self) -> None:
        """Take the last change back."""
        if self.steps:
            self.parts, self.round = self.steps.pop(), self.round + 1

    def discard(self) -> None:
        """Back to what is saved."""
        self.put(self.saved)

    def take(self, drawn: list[tuple[int, Zone]]) -> None:
        """What was drawn, by the zones' numbers; a new one is a shelf without a name."""
        known = {part.number: part for part in self.parts}
        self.put([replace(known.get(key, Part(key, zone)), corners=zone) for key, zone in drawn], drawn=True)

    def add(self, corners: Zone) -> None:
        """A new zone, last."""
        self.put([*self.parts, Part(1 + max((part.number for part in self.parts), default=-1), corners)])

    def remove(self, number: int) -> None:
        """Take that zone away."""
        self.put([part for part in self.parts if part.number != number])

    def call(self, number: int, name: str, kind: ZoneKind) -> None:
        """Give the zone of that number another name or kind."""
        changed = [replace(part, name=name, kind=kind) if part.number == number else part for part in self.parts]
        if changed != self.parts:
            self.put(changed, drawn=True)  # the picture is told the names anyway, and the fields keep the focus


def draft(key: str, saved: Sequence[Part]) -> Draft:
    """The session's draft of that key; a new one of what is saved where there is none, or other zones were saved since."""
    kept = st.session_state.get(key)
    if kept is None or [_plain(part) for part in kept.saved] != [_plain(part) for part in saved]:
        kept = st.session_state[key] = Draft(list(saved), list(saved), kept.round + 1 if kept else 0)
    found: Draft = kept
    return found


def masks(zones: Sequence[Sequence[Sequence[float]]]) -> list[Part]:
    """Masks as parts."""
    return [Part(place, [list(corner) for corner in zone]) for place, zone in enumerate(zones)]


def measures(zones: Sequence[MeasuringZone]) -> list[Part]:
    """Measuring zones as parts."""
    return [Part(at, [list(corner) for corner in zone.corners], zone.name, zone.kind) for at, zone in enumerate(zones)]


def measuring_zones(parts: Sequence[Part]) -> list[MeasuringZone]:
    """Parts as measuring zones. DataError for one without a name."""
    return [MeasuringZone(part.name.strip(), part.kind, tuple((x, y) for x, y in part.corners)) for part in parts]


def corner_table(parts: Sequence[Part]) -> pd.DataFrame:
    """All corners as rows of COLUMNS."""
    rows = [(place, round(100 * x, 1), round(100 * y, 1)) for place, part in enumerate(parts, 1) for x, y in part.corners]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({COLUMNS[0]: "int64", COLUMNS[1]: "float64", COLUMNS[2]: "float64"})


def parts_of(table: pd.DataFrame, parts: Sequence[Part]) -> list[Part]:
    """The table's zones, with the names of those in the same place. ValueError, one sentence, for what is no zone."""
    found: dict[int, Zone] = {}
    for zone, across, down in table[list(COLUMNS)].itertuples(index=False):
        if pd.isna(zone) or pd.isna(across) or pd.isna(down):
            raise ValueError("Every corner needs its zone’s number and both percentages.")
        if zone < 1 or not (0 <= across <= 100 and 0 <= down <= 100):
            raise ValueError("Zones are counted from 1, and corners lie between 0 and 100 %.")
        found.setdefault(int(zone), []).append([round(across / 100, 4), round(down / 100, 4)])
    few = [zone for zone, corners in found.items() if len(corners) < 3]
    if few:
        raise ValueError(f"Zone {few[0]} needs at least three corners.")
    old = dict(enumerate(parts, 1))
    last = max((part.number for part in parts), default=-1)
    fresh = {zone: Part(last + place, []) for place, zone in enumerate(sorted(found), 1)}
    return [replace(old.get(zone, fresh[zone]), corners=corners) for zone, corners in sorted(found.items())]


def _plain(part: Part) -> tuple[str, str, list[list[float]]]:
    return part.name, part.kind if part.kind in ZONE_KINDS else "", [list(map(float, corner)) for corner in part.corners]
