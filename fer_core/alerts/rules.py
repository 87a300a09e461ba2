"""What is looked for: three kinds of rules with their limits, as they are typed and as they are kept."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from types import MappingProxyType
from typing import Any, ClassVar, Literal, TypeAlias, get_args

from fer_core.errors import DataError
from fer_core.settings import PrivacySettings

Kind: TypeAlias = Literal["negative", "silent", "unusable"]
KINDS: tuple[Kind, ...] = get_args(Kind)

MOST_MINUTES = 1440
_MOST_COUNT = 1_000_000
_MOST_PAUSE_MIN = 10_080
LEAST_VISITS = PrivacySettings().min_cell_visits


@dataclass(frozen=True)
class Negative:
    """Too many negative reviews: a share above `share` (0 to 1) of at least `visits` visits that ended in `minutes` minutes.

    A higher share or more visits: fewer alerts. More minutes: later ones, about more visits.
    """

    kind: ClassVar[Kind] = "negative"
    share: float = 0.3
    minutes: int = 60
    visits: int = 20

    def __post_init__(self) -> None:
        _share(self.share)
        _whole(self.minutes, "minutes", 1, MOST_MINUTES)
        _whole(self.visits, "the number of visits", 1, _MOST_COUNT)


@dataclass(frozen=True)
class Silent:
    """A camera that sends no picture, or always the same one, for `seconds` s.

    camera: as `Seen.camera`, "" for every one of the store. open_only: not outside the store's opening hours.
    """

    kind: ClassVar[Kind] = "silent"
    seconds: int = 60
    camera: str = ""
    open_only: bool = True

    def __post_init__(self) -> None:
        _whole(self.seconds, "seconds", 15, 86_400)
        _camera(self.camera, self.open_only)


@dataclass(frozen=True)
class Unusable:
    """A camera that sees faces and can use few: less than `share` (0 to 1) of at least `faces` faces in `minutes` minutes.

    A lower share or more faces: fewer alerts. camera, open_only: as of `Silent`.
    """

    kind: ClassVar[Kind] = "unusable"
    share: float = 0.5
    minutes: int = 15
    faces: int = 50
    camera: str = ""
    open_only: bool = True

    def __post_init__(self) -> None:
        _share(self.share)
        _whole(self.minutes, "minutes", 1, MOST_MINUTES)
        _whole(self.faces, "the number of faces", 1, _MOST_COUNT)
        _camera(self.camera, self.open_only)


Limits: TypeAlias = Negative | Silent | Unusable


@dataclass(frozen=True)
class Rule:
    """Limits, and the cool-down: for so many minutes after it was raised the same is not raised again.

    A longer cool-down: fewer alerts of something that comes and goes. DataError for what can't be.
    """

    limits: Limits
    pause_min: int = 30

    def __post_init__(self) -> None:
        _whole(self.pause_min, "the cool-down in minutes", 0, _MOST_PAUSE_MIN)

    @property
    def kind(self) -> Kind:
        return self.limits.kind

    @property
    def camera(self) -> str | None:
        """The camera it is about, "" for every one; None where it is about visits."""
        return None if isinstance(self.limits, Negative) else self.limits.camera

    @property
    def open_only(self) -> bool:
        """Whether it is looked at in opening hours only."""
        return not isinstance(self.limits, Negative) and self.limits.open_only

    def kept(self) -> dict[str, Any]:
        """What JSON can say of it; `rule_of` takes it back."""
        return asdict(self.limits) | {"pause_min": self.pause_min}


def rule_of(kind: str, kept: Mapping[str, Any]) -> Rule:
    """The rule that was kept. DataError for another kind, or for what was no rule."""
    if kind not in USUAL:
        raise DataError(f"a rule is one of {', '.join(KINDS)}, not {kind!r}")
    usual = USUAL[kind]
    given = {field.name: kept[field.name] for field in fields(usual) if field.name in kept}
    return Rule(replace(usual, **given), kept.get("pause_min", 30))


def check_cells(rule: Rule, *, is_sample: bool) -> None:
    """DataError for a rule that would tell of fewer visits than may be told of; sample stores are exempt."""
    if isinstance(rule.limits, Negative) and rule.limits.visits < LEAST_VISITS and not is_sample:
        raise DataError(f"a rule about reviews needs at least {LEAST_VISITS} visits, or it would tell of single people")


def _share(value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not 0 <= value <= 1:
        raise DataError("a share lies between 0 and 100 %")


def _whole(value: object, what: str, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise DataError(f"{what} must be a whole number from {least:,} to {most:,}")


def _camera(camera: object, open_only: object) -> None:
    if not isinstance(camera, str) or not isinstance(open_only, bool):
        raise DataError("a rule names a camera, or none for all of them")


USUAL: Mapping[str, Limits] = MappingProxyType({"negative": Negative(), "silent": Silent(), "unusable": Unusable()})
"""By kind, the limits from which a form starts."""
