"""How much a store may learn of its visitors: its privacy mode, chosen for each store.

In sums only, no code is computed from any face, so that nobody can be found again, not even at the exit. In same visits,
the usual mode, codes live in memory until a day is settled. In opt-in, visits are only those of people who agreed to be
recognised; whoever else passes counts in the sums.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

from fer_core.errors import DataError

Mode: TypeAlias = Literal["aggregate", "visit", "opt-in"]
MODES: tuple[Mode, ...] = get_args(Mode)
USUAL: Mode = "visit"


@dataclass(frozen=True)
class About:
    """A mode in plain words. title: a few; does: what is done with a face; loses: what a change to it deletes."""

    title: str
    does: str
    loses: str


WORDS: Mapping[Mode, About] = MappingProxyType(
    {
        "aggregate": About(
            "Sums only",
            "No code is computed from any face, and nobody is followed from the entrance to the exit. What is kept are sums: "
            "how many people passed each camera in an hour, and with which apparent expressions. There are no visits and no "
            "reviews. Staff are left out by masked areas and opening hours only.",
            "All visits go, with their appearances, corrections and expressions over time, and so does everybody who agreed to "
            "be recognised, staff and guests, with their face codes. The leave to keep faces for labelling ends, and the "
            "collected faces go. Sums stay.",
        ),
        "visit": About(
            "Same visit",
            "A code is computed from each face to find the same person again at the exit. It stays in memory and is gone when "
            "the day is settled. Visits and their reviews are kept for the store’s retention.",
            "The people who agreed to be recognised as guests go, with their face codes: this mode compares nobody with them.",
        ),
        "opt-in": About(
            "Only people who agreed",
            "A code is computed from each face in memory, compared with those of the people who agreed, and dropped at once if "
            "it is none of theirs. Only they have visits and reviews; everybody else counts in sums.",
            "All visits go, with their appearances, corrections and expressions over time: nobody can tell afterwards which "
            "of them are of people who agreed.",
        ),
    }
)
"""The modes in plain words."""

GUESTS_GO: frozenset[Mode] = frozenset(("aggregate", "visit"))
"""Modes that may not hold a gallery of guests."""
STAFF_GO: frozenset[Mode] = frozenset(("aggregate",))
"""Modes that may not hold a gallery of staff, nor collected faces: there is nothing they could be compared with."""
VISITS_GO: frozenset[Mode] = frozenset(("aggregate", "opt-in"))
"""Modes that may not hold the visits of a mode before."""


def mode_of(value: str) -> Mode:
    """The mode of that name. DataError for another word."""
    if value not in MODES:
        raise DataError(f"{value!r} is no privacy mode; they are {', '.join(MODES)}")
    return value


def computes_templates(mode: Mode) -> bool:
    """Whether a code may be computed from a face at all, and be it for a moment."""
    return mode != "aggregate"


def keeps_sums(mode: Mode) -> bool:
    """Whether the mode writes sums by camera, hour and expression."""
    return mode != "visit"
