"""Who walks before which camera when, and what is true of it."""

from dataclasses import dataclass

import numpy as np

from fer_core.sample.cast import CAST, Part
from fer_core.types import Role

FPS = 10
PRESENCE_S = 2.6
"""How long one shopper walks toward one camera."""
_STEP_S = 3.2
_FIRST_S = 0.8
_TAIL_S = 0.6
_VALENCE = {"happy": 1, "neutral": 0, "surprise": 0, "sad": -1, "angry": -1}


@dataclass(frozen=True)
class Walk:
    """One shopper before one camera, from start_s for PRESENCE_S; x at both ends, as a share of the picture's width."""

    part: Part
    role: Role
    start_s: float
    from_x: float
    to_x: float
    phase: float

    @property
    def end_s(self) -> float:
        return round(self.start_s + PRESENCE_S, 2)

    @property
    def expression(self) -> str:
        shown = self.part.entry if self.role == "entry" else self.part.exit
        assert shown is not None  # noqa: S101  (walks are made of parts with that role)
        return shown


def review_of(part: Part) -> str:
    """positive, neutral or negative: the sign of the change of valence; empty for who is seen by one camera only."""
    if part.entry is None or part.exit is None:
        return ""
    change = _VALENCE[part.exit] - _VALENCE[part.entry]
    return "positive" if change > 0 else "negative" if change < 0 else "neutral"


def planned(seed: int) -> tuple[list[Part], dict[Role, list[Walk]]]:
    """The day's shoppers, and their walks by camera in order of time. One pair comes in side by side."""
    rng = np.random.default_rng(seed)
    came = [CAST[i] for i in rng.permutation(len(CAST))]
    left = sorted(came, key=lambda part: came.index(part) + rng.normal(0, 1.5))
    abreast = int(rng.integers(2, len(CAST) - 4))
    walks: dict[Role, list[Walk]] = {
        "entry": _walks([part for part in came if part.entry], "entry", rng, abreast),
        "exit": _walks([part for part in left if part.exit], "exit", rng, None),
    }
    return came, walks


def _walks(parts: list[Part], role: Role, rng: np.random.Generator, abreast: int | None) -> list[Walk]:
    walks, start = [], _FIRST_S
    for place, part in enumerate(parts):
        beside = 0 if abreast is None else {abreast: -1, abreast + 1: 1}.get(place, 0)
        from_x = 0.5 + 0.07 * beside + (0.0 if beside else float(rng.uniform(-0.06, 0.06)))
        to_x = 0.5 + 0.21 * beside + (0.0 if beside else float(rng.uniform(-0.22, 0.22)))
        walks.append(Walk(part, role, round(start, 1), from_x, to_x, float(rng.uniform(0, 2 * np.pi))))
        start += 0.1 if beside < 0 else _STEP_S
    return walks


def length_s(walks: list[Walk]) -> float:
    """How long that camera's film is."""
    return round(max(walk.end_s for walk in walks) + _TAIL_S, 1)
