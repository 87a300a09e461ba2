"""Where a shop stands, as far as the law of notices is concerned; and whether its cameras may run yet.

Sources: GDPR Art. 13 and AI Act Art. 50(3) (EU, EEA), UK GDPR Art. 13, Swiss Federal Act on Data Protection Art. 19.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

UNSET = "unset"


@dataclass(frozen=True)
class Region:
    """title: for select boxes. within: as in "lies in …". law: what asks for the notice. asks: whether it is asked for."""

    title: str
    within: str
    law: str
    asks: bool


REGIONS: Mapping[str, Region] = MappingProxyType(
    {
        UNSET: Region("Not set", "no known region", "", False),
        "eu": Region("European Union or EEA", "the EU or EEA", "GDPR Art. 13 and AI Act Art. 50(3)", True),
        "uk": Region("United Kingdom", "the United Kingdom", "UK GDPR Art. 13", True),
        "ch": Region("Switzerland", "Switzerland", "Federal Act on Data Protection Art. 19", True),
        "other": Region("Elsewhere", "another region", "", False),
    }
)
