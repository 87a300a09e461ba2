"""What the tabs of the page Privacy share: the chosen store and its notice as it is being written."""

from dataclasses import dataclass, replace
from typing import Any

from fer_core.errors import DataError
from fer_core.notices import REGIONS, Camera, Notice
from fer_core.privacy import USUAL, Mode, mode_of
from ui import resources


@dataclass(frozen=True)
class Chosen:
    """A store with what its notice needs. draft: what the form kept, or what hangs; None for a store without either."""

    name: str
    store_id: str
    region: str
    is_sample: bool
    retention_days: int | None
    cameras: tuple[Camera, ...]
    draft: Notice | None
    mode: Mode = USUAL
    evidence: bool = False


def chosen_store(name: str) -> Chosen:
    """The store of that name as the database has it now."""
    setup, known = resources.ask("notice_setup", name), resources.ask("store", name)
    cameras = tuple(Camera(row["role"], row["door"]) for row in resources.ask("cameras", name).to_dict("records"))
    days = known["retention_days"]
    made = Chosen(
        name, setup["store_id"], setup["region"], bool(known["is_sample"]), int(days) if days else None, cameras, None,
        mode_of(known["privacy_mode"]), resources.store().keeps_evidence(name),
    )  # fmt: skip
    return replace(made, draft=_draft(made, setup["draft"]))


def up_to_date(chosen: Chosen, notice: Notice) -> Notice:
    """The notice with what the settings say today: name, region, retention, privacy mode, all cameras."""
    return replace(
        notice, store=chosen.name, region=chosen.region, retention_days=chosen.retention_days, cameras=chosen.cameras,
        mode=chosen.mode, evidence=chosen.evidence,
    )  # fmt: skip


def standing(chosen: Chosen) -> dict[str, Any] | None:
    """The record that stands, as `queries.notices` tells it."""
    found: dict[str, Any] | None = resources.ask("standing_notice", chosen.store_id)
    return found


def _draft(chosen: Chosen, content: Any) -> Notice | None:
    record = standing(chosen)
    told = content if content is not None else record["content"] if record else None
    try:
        return up_to_date(chosen, Notice.from_json(told)) if told else None
    except DataError:  # written by a version with other fields: the form begins anew
        return None


def region_words(region: str, *, is_sample: bool = False) -> str:
    """What a store's region asks for, in a sentence or two; plain text."""
    known = REGIONS.get(region, REGIONS["unset"])
    if is_sample:
        return "A sample store shows nobody real: it needs no notice."
    if known.asks:
        return f"Visitors must be told ({known.law}). Films of a camera are analysed once a notice is recorded for it."
    if region == "other":
        return "Moodgate asks for no notice here. Other law may: a sign is right in any case."
    return "The region is not set, so that Moodgate asks for no notice. The law may: set the region on the page Privacy."
