"""What visitors are told: a notice with the facts that only the shop knows, checked at construction."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

from fer_core.errors import DataError
from fer_core.notices.regions import REGIONS, UNSET
from fer_core.notices.words import LANGUAGES
from fer_core.privacy import USUAL, Mode, mode_of
from fer_core.types import CAMERA_ROLES

BASES: Mapping[str, str] = {"interests": "Legitimate interests", "consent": "Explicit consent"}
"""Legal bases by the name of their sentence in `Words`, with the words of the form."""
LONGEST = {"controller": 120, "address": 200, "contact": 120, "page": 300, "purpose": 300}
"""Characters that fit on a sign."""
MOST_CAMERAS = 200
_MOST_DAYS = 36_500


@dataclass(frozen=True)
class Camera:
    """A camera as its shop speaks of it: role is "entry", "exit" or "floor", door "" where there is only one."""

    role: str
    door: str = ""

    def __post_init__(self) -> None:
        if self.role not in CAMERA_ROLES or not isinstance(self.door, str):
            raise DataError(f"a camera films {', '.join(CAMERA_ROLES)}, not {self.role!r}")


@dataclass(frozen=True)
class Notice:
    """What stands on the sign and on the public page.

    controller, address, contact: who is responsible, where, and whom to write to or call. page: the public page's address.
    purpose: own sentences by language, in place of the standard one. basis: a key of BASES. retention_days: how long visits
    are kept (None: until somebody deletes them). films_days: how long the shop itself keeps the films (0: they go once they
    are analysed). mode: the store's privacy mode. evidence: whether pixelated pictures of visits are kept for a day. languages:
    of LANGUAGES, in the order of the sign.

    Raises DataError, one sentence that names what is missing or unfit.
    """

    store: str
    controller: str
    contact: str
    page: str
    address: str = ""
    region: str = UNSET
    basis: str = "interests"
    purpose: Mapping[str, str] = field(default_factory=dict)
    retention_days: int | None = None
    films_days: int = 0
    cameras: tuple[Camera, ...] = ()
    languages: tuple[str, ...] = ("en",)
    mode: Mode = USUAL
    evidence: bool = False

    def __post_init__(self) -> None:
        for name in ("controller", "contact", "page", "address", "store"):
            object.__setattr__(self, name, _tidy(getattr(self, name), name))
        object.__setattr__(self, "purpose", {key: _tidy(text, "purpose") for key, text in self.purpose.items() if text.strip()})
        _check_filled(self)
        _check_choices(self)

    def as_json(self) -> dict[str, Any]:
        """Plain values; `from_json` takes them back."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: Any) -> Self:
        """DataError for anything that `as_json` wouldn't say."""
        try:
            cameras = tuple(Camera(one["role"], one["door"]) for one in told["cameras"])
            return cls(**(told | {"cameras": cameras, "languages": tuple(told["languages"])}))
        except (TypeError, KeyError, AttributeError) as error:
            raise DataError("this is no notice that Moodgate has written") from error


def _tidy(text: Any, name: str) -> str:
    """The text on single-spaced lines, without characters that nobody can see. DataError for one that is too long."""
    if not isinstance(text, str):
        raise DataError(f"the {name} of a notice must be text")
    lines = (" ".join("".join(sign if sign.isprintable() else " " for sign in line).split()) for line in text.splitlines())
    tidy = "\n".join(line for line in lines if line)
    if len(tidy) > LONGEST.get(name, 200):
        raise DataError(f"the {name} may have {LONGEST.get(name, 200)} characters, not {len(tidy)}")
    return tidy


def _check_filled(notice: Notice) -> None:
    for name, words in (("controller", "the name of who is responsible"), ("contact", "a contact (e-mail or telephone)")):
        if not getattr(notice, name):
            raise DataError(f"the notice needs {words}")
    if not is_address(notice.page):
        raise DataError("the public page needs a whole address, such as https://shop.example/notice")
    if not notice.languages:
        raise DataError("choose at least one language")


def _check_choices(notice: Notice) -> None:
    mode_of(notice.mode)
    if notice.region not in REGIONS:
        raise DataError(f"{notice.region!r} is no region; they are {', '.join(REGIONS)}")
    if notice.basis not in BASES:
        raise DataError(f"{notice.basis!r} is no legal basis; they are {', '.join(BASES)}")
    unknown = [code for code in (*notice.languages, *notice.purpose) if code not in LANGUAGES]
    if unknown or len(set(notice.languages)) < len(notice.languages):
        raise DataError(f"languages are chosen from {', '.join(LANGUAGES)}, each once")
    if len(notice.cameras) > MOST_CAMERAS:
        raise DataError(f"a notice can name {MOST_CAMERAS} cameras at most")
    for days in (notice.retention_days or 0, notice.films_days):
        if isinstance(days, bool) or not isinstance(days, int) or not 0 <= days <= _MOST_DAYS:
            raise DataError(f"days of keeping are a number from 0 to {_MOST_DAYS:,}, not {days!r}")


def is_address(text: str) -> bool:
    """Whether it is a whole address of the web: http or https, with a host, without spaces."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not any(sign.isspace() for sign in text)
    except ValueError:
        return False


def only_here(address: str) -> bool:
    """Whether the address leads to the visitor's own device instead of the shop's server."""
    host = (urlsplit(address).hostname or "").lower()
    return host in ("localhost", "::1") or host.endswith(".localhost") or host.startswith("127.")


def camera_words(cameras: Sequence[Camera]) -> str:
    """The cameras in English: the entrance camera and the exit camera of the door “North”."""
    roles = {"entry": "entrance", "exit": "exit", "floor": "floor"}
    said = [f"the {roles[one.role]} camera" + (f" of the door “{one.door}”" if one.door else "") for one in cameras]
    return " and ".join(filter(None, (", ".join(said[:-1]), said[-1]))) if said else "no camera"
