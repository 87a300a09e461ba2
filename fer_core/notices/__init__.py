"""What visitors are told, and the documents that a data protection officer asks for.

    notice = Notice("North", "Ana’s Shop Ltd", "privacy@shop.example", "https://shop.example/notice", languages=("en", "pl"))
    Path("sign.pdf").write_bytes(sign.pdf(notice, "A3"))

A `Notice` holds the facts that only the shop knows; the sentences are in `words/`, one file a language. `sign` puts it on
paper, the server on a public page. Where a store's region asks for it, `missing` says which cameras may not run yet.
"""

from dataclasses import replace
from typing import Any

from fer_core.notices.notice import BASES, LONGEST, Camera, Notice, camera_words, is_address, only_here
from fer_core.notices.regions import REGIONS, UNSET, Region
from fer_core.notices.rule import Standing, missing, refuse_missing, standing, uncovered
from fer_core.notices.told import Part, Told, tell
from fer_core.notices.words import LANGUAGES

__all__ = [
    "BASES",
    "LANGUAGES",
    "LONGEST",
    "REGIONS",
    "UNSET",
    "Camera",
    "Notice",
    "Part",
    "Region",
    "Standing",
    "Told",
    "camera_words",
    "is_address",
    "missing",
    "of_record",
    "only_here",
    "refuse_missing",
    "standing",
    "tell",
    "uncovered",
]


def of_record(record: dict[str, Any]) -> Notice:
    """The notice of a row of `queries.notices`, under the name that the store has today."""
    return replace(Notice.from_json(record["content"]), store=record["store"])
