"""What the database knows about a store that a data protection officer asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from fer_core import queries
from fer_core.notices.notice import Camera, Notice
from fer_core.notices.regions import UNSET
from fer_core.notices.rule import standing, uncovered
from fer_core.privacy import USUAL, WORDS, Mode, mode_of
from fer_core.queries import Source

_BACKENDS = ("detector", "embedder", "emotion")


@dataclass(frozen=True)
class Facts:
    """A store at one moment.

    cameras: with the number of masked areas of each. uncovered: cameras without a standing notice. visits and span: what is
    stored now. backends: the names that its films were analysed with, by kind. collecting: who allowed that pictures of
    faces are kept, "" for nobody. evidence: whether pixelated pictures of visits are kept for a day.
    """

    store: str
    region: str = UNSET
    is_sample: bool = False
    time_zone: str = "UTC"
    cameras: Mapping[Camera, int] = field(default_factory=dict)
    uncovered: tuple[Camera, ...] = ()
    opening_hours: Mapping[str, Any] = field(default_factory=dict)
    retention_days: int | None = None
    visits: int = 0
    span: tuple[date, date] | None = None
    backends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    collecting: str = ""
    evidence: bool = False
    notice: Notice | None = None
    recorded_at: datetime | None = None
    recorded_by: str = ""
    mode: Mode = USUAL

    @property
    def unmasked(self) -> tuple[Camera, ...]:
        """The cameras without a masked area."""
        return tuple(one for one, masks in self.cameras.items() if not masks)


def facts(source: Source, store: str) -> Facts:
    """Those of the store of that name. DataError for no such store."""
    known, setup = queries.store(source, store), queries.notice_setup(source, store)
    stored = queries.notice_stored(source, store)
    rows = queries.cameras(source, store).to_dict("records")
    cameras = {Camera(row["role"], row["door"]): len(row["zones"]) for row in rows}
    record = queries.standing_notice(source, setup["store_id"])
    return Facts(
        store, setup["region"], bool(known["is_sample"]), known["time_zone"], cameras,
        uncovered(standing(source, store), cameras), known["opening_hours"] or {}, _days(known["retention_days"]),
        stored["visits"], (stored["first"], stored["last"]) if stored["first"] else None,
        {kind: tuple(stored[kind] or ()) for kind in _BACKENDS}, _collecting(source, store), _evidence(known),
        Notice.from_json(record["content"]) if record else None,
        record["recorded_at"] if record else None, record["recorded_by"] if record else "", mode_of(known["privacy_mode"]),
    )  # fmt: skip


def doubts(facts: Facts) -> list[str]:
    """What the standing notice says that no longer holds, in sentences."""
    notice = facts.notice
    if notice is None:
        return []
    said = []
    if notice.region != facts.region:
        said.append("The region was changed since: other law may apply.")
    if notice.mode != facts.mode:
        here, there = WORDS[facts.mode].title, WORDS[notice.mode].title
        said.append(f"The store's privacy mode is “{here}”, and the notice says what is done in “{there}”.")
    if notice.retention_days != facts.retention_days:
        said.append("The store keeps its visits for another time than the notice says.")
    if facts.collecting and not notice.films_days:
        said.append("The notice says that no picture is kept, but pictures of faces may be collected in this store.")
    if facts.evidence and not notice.evidence:
        said.append("The notice says that no picture is kept, but this store keeps pixelated pictures of visits for 24 hours.")
    if notice.evidence and not facts.evidence:
        said.append("The notice says that pixelated pictures are kept for 24 hours, and none are.")
    if facts.unmasked:
        said.append("The notice says that staff are not scored: mask the areas where staff stand (page Cameras).")
    return said


def _days(found: Any) -> int | None:
    return int(found) if found is not None else None


def _evidence(known: Mapping[str, Any]) -> bool:
    return bool(known["evidence"]) and known["privacy_mode"] != "aggregate"


def _collecting(source: Source, store: str) -> str:
    leave = queries.setting(source, f"collect_consent:{store}", None)
    return str(leave.get("by") or "somebody") if isinstance(leave, dict) and leave.get("allowed") is True else ""
