"""Who allowed that pictures of faces are kept, since when and until when. Without that, nothing is cut or stored.

A store's leave lies in the database's settings under `setting_key(store)`, as JSON:
{"allowed": true, "by": "Ana Gruber", "on": "2026-03-02", "until": "2026-06-01"}; "on" and "until" may be missing or null.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from fer_core.errors import InputError

_LONGEST_NAME = 100


@dataclass(frozen=True)
class Consent:
    """by: the person who allowed it; on: the day of it; until: the last day on which pictures are kept, None: no end.

    Raises InputError for a name that is blank or longer than 100 characters, and for an end before the beginning.
    """

    by: str
    on: date
    until: date | None = None

    def __post_init__(self) -> None:
        name = " ".join(self.by.split())
        if not name or len(name) > _LONGEST_NAME:
            raise InputError(f"the consent needs the name of who allows it, of 1 to {_LONGEST_NAME} characters")
        if self.until and self.until < self.on:
            raise InputError(f"the consent would end on {self.until}, before it begins on {self.on}")
        object.__setattr__(self, "by", name)

    def holds(self, today: date) -> bool:
        """Whether pictures may be kept on that day."""
        return self.until is None or today <= self.until

    def as_json(self) -> dict[str, str | None]:
        """{"by", "on", "until"}, days in ISO; `from_json` takes it back."""
        return {"by": self.by, "on": self.on.isoformat(), "until": self.until.isoformat() if self.until else None}

    @classmethod
    def from_json(cls, told: Any) -> "Consent":
        """Raises InputError for anything that `as_json` wouldn't say."""
        try:
            until = told.get("until")
            return cls(told["by"], date.fromisoformat(told["on"]), date.fromisoformat(until) if until else None)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError("the consent isn't told by who gave it, the day, and the day of its end") from error


def setting_key(store: str) -> str:
    """Under which key of the database's settings a store's leave lies."""
    return f"collect_consent:{store}"


def setting_of(consent: Consent | None) -> dict[str, Any]:
    """The setting's value: the store's leave, or None: it allows nothing."""
    return {"allowed": consent is not None, **(consent.as_json() if consent else {})}


def allowed(setting: Any, store: str, today: date) -> Consent:
    """The store's leave as its setting's value says. InputError, one sentence, where there is none that holds today."""
    if not isinstance(setting, dict) or setting.get("allowed") is not True:
        raise InputError(f"{store}: pictures of faces may not be kept, because nobody has allowed it for this store")
    given = {"on": today.isoformat(), **{key: value for key, value in setting.items() if value is not None}}
    consent = Consent.from_json(given)
    if not consent.holds(today):
        raise InputError(f"{store}: pictures of faces may not be kept any more; the consent ended on {consent.until}")
    return consent
