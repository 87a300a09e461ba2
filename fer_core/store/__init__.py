"""The database: one DuckDB file, one process that owns it, one settled day a transaction.

    with Store.open(Path("data/moodgate.duckdb")) as store:
        store.write_day(day)

The columns of the tables `visits`, `appearances`, `footage`, `cameras`, `stores` are a stable interface for others who
open the file: columns are added, never renamed. `visits` is a plain table that carries the store's name and the names
of the two films itself, so that it can be read and copied out without a join. Times of day are UTC; `local_at` is the
store's own clock. The verdict that counts is coalesce(corrected_review, review) of a visit that is not voided.
"""

import json
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fer_core.review import Categories, Offset
from fer_core.settings import ReviewSettings
from fer_core.store import categories as maps
from fer_core.store import corrections, jobs, notices, offsets, people, recompute, shops, staying
from fer_core.store import evidence as pictures
from fer_core.store.alerting import Alerts
from fer_core.store.categories import STANDARD
from fer_core.store.forgetting import Forgetting
from fer_core.store.opening import data_folder
from fer_core.store.rows import text
from fer_core.store.shops import WEEKDAYS, OpeningHours, Zones
from fer_core.store.write import append, write_day
from fer_core.types import Day, Review, Role

if TYPE_CHECKING:
    from fer_core.gate import Week  # it loads a package for pictures

__all__ = ["STANDARD", "WEEKDAYS", "OpeningHours", "Store", "Zones", "data_folder"]


class Store(Forgetting, Alerts):
    """An open database, to be shared by all threads of the process: a cursor a call, and one writer at a time.

    Everything that writes does so in one transaction: a failure or a kill leaves the database as it was. Whatever a
    user can mend is a DataError, no room or no right to write an OutputError.
    """

    # ---- days

    def write_day(
        self,
        day: Day,
        *,
        categories: Categories = STANDARD,
        settings: ReviewSettings | None = None,
        relied_on: Collection[str] = (),
    ) -> Day:
        """Write a settled day, and estimate the store's camera offsets anew; `categories` gave the day's valences.

        The same films again (same store, role and bytes) replace what they gave before; corrections of visits that come
        back hold again. Films of earlier runs that are not in this one keep their appearances; visits that touched a
        replaced appearance go, and the partner's status becomes unmatched. Templates are not written. What was deleted from
        the store is not written again (`staying`). Where the store asks for evidence pictures, those of the visits are kept.
        relied_on: ids of the people by whose templates it was made (`enrolling.Enrolled`).

        Returns the day as it was written. Raises OutputError, ValueError for a visit that isn't the day's own, and DataError
        where one of those people has taken the consent back: nothing is written.
        """
        with ExitStack() as undo:
            with self._transaction() as cursor:
                written = staying.without_deleted(cursor, self.path, day)
                store_id = write_day(cursor, written, categories)
                people.refuse_revoked(cursor, store_id, relied_on)
                undo.callback(pictures.put(cursor, self.path, written, store_id))
                offsets.refresh(cursor, store_id, settings or ReviewSettings())
            undo.pop_all()
        self.tidy_evidence()
        return written

    # ---- stores and cameras

    def put_store(
        self,
        name: str,
        *,
        time_zone: str | None = None,
        is_sample: bool | None = None,
        opening_hours: OpeningHours | None = None,
        retention_days: int | None = None,
        offset_enabled: bool | None = None,
        evidence: bool | None = None,
    ) -> None:
        """Make the store of that name, or change what is given of it; None leaves a thing as it is.

        Args:
            name: up to 200 characters on one line.
            time_zone: of the IANA database, such as "Europe/Vienna"; a new one rewrites `local_at` throughout.
            is_sample: marks made-up data, which is exempt from the least size of a cell.
            opening_hours: {"mon": ["09:00", "18:00"], …}, a missing day is closed; {} means unknown.
            retention_days: how long visits are kept; 0 means for ever.
            offset_enabled: whether camera offsets are taken off new (and recomputed) visits.
            evidence: whether two pixelated pictures of each visit are kept for a day; False deletes those that there are.

        Raises DataError.
        """
        shops.check_name(name)
        changes = {
            "time_zone": time_zone, "is_sample": is_sample, "opening_hours": opening_hours,
            "retention_days": retention_days, "offset_enabled": offset_enabled, "evidence": evidence,
        }  # fmt: skip
        with self._transaction() as cursor:
            shops.change_store(cursor, shops.put_store(cursor, name), changes)
        if evidence is False:
            self.tidy_evidence()

    def keeps_evidence(self, store: str) -> bool:
        """Whether that store asks for pictures of its visits; False for one that isn't there."""
        with self.cursor() as cursor:
            return pictures.kept_by(cursor, store)

    def rename_store(self, old: str, new: str) -> None:
        """Another name for a store, wherever it stands; its visits keep their ids.

        Raises DataError for no such store, a name that is taken or unfit, and while a job of the store waits or runs.
        """
        with self._transaction() as cursor:
            shops.rename_store(cursor, old, new)

    def put_camera(self, store: str, role: Role, door: str, *, name: str | None = None, zones: Zones | None = None) -> None:
        """Make the camera of that store, role and door, and the store where there is none, or change what is given of it.

        zones: polygons in shares (0 to 1) of the picture, in which faces are dropped; [] for none. A blank name becomes
        the usual one. Raises DataError.
        """
        shops.check_name(store)
        with self._transaction() as cursor:
            shops.put_camera(cursor, shops.put_store(cursor, store), role, door, name=name, zones=zones)

    def delete_camera(self, store: str, role: Role, door: str) -> None:
        """Take a camera away of which nothing was ever seen. DataError for any other, and for none."""
        with self._transaction() as cursor:
            shops.delete_camera(cursor, shops.known_store(cursor, store), role, door)

    def zones_for(self, store: str, role: Role, door: str) -> tuple[tuple[tuple[float, float], ...], ...]:
        """The polygons in which a camera's faces are dropped, corners (x, y) in shares; none for one that isn't there."""
        with self.cursor() as cursor:
            return shops.zones(cursor, shops.find_store(cursor, store), role, door)

    def hours_for(self, store: str) -> "Week | None":
        """A store's opening hours as a gate takes them; None where they are not known."""
        with self.cursor() as cursor:
            return shops.week(cursor, shops.find_store(cursor, store))

    # ---- corrections

    def correct_visit(self, visit_id: str, review: Review, reason: str) -> None:
        """Let another review count for a visit, beside the original; the reason (up to 2,000 characters) is kept."""
        with self._transaction() as cursor:
            corrections.correct(cursor, visit_id, "review", review, reason)

    def void_visit(self, visit_id: str, reason: str) -> None:
        """Let a visit count nowhere; the reason (up to 2,000 characters) is kept."""
        with self._transaction() as cursor:
            corrections.correct(cursor, visit_id, "void", None, reason)

    def undo_correction(self, visit_id: str) -> None:
        """Take back a visit's latest correction that stands; the one before it holds again. DataError for none."""
        with self._transaction() as cursor:
            corrections.undo(cursor, visit_id)

    # ---- categories

    def put_categories(self, categories: Categories) -> int:
        """Keep a shop's own map as a new version of its name, whatever version it carries; returns the version.

        One that says the same as the newest makes none. Visits are told by the old version until `recompute`.
        DataError for a blank name or class, and for the name of the standard map.
        """
        with self._transaction() as cursor:
            version = maps.put_categories(cursor, categories)
            for store_id in maps.stores_using(cursor, categories.name):
                offsets.refresh(cursor, store_id, ReviewSettings())
        return version

    def use_categories(self, store: str, name: str | None) -> None:
        """Choose a store's map (its newest version counts), None the standard one; old visits wait for `recompute`."""
        with self._transaction() as cursor:
            store_id = shops.known_store(cursor, store)
            maps.use_categories(cursor, store_id, name)
            offsets.refresh(cursor, store_id, ReviewSettings())

    def categories_of(self, store: str) -> Categories:
        """The map that a store uses; the standard one for a store that isn't there."""
        with self.cursor() as cursor:
            return maps.in_use(cursor, shops.find_store(cursor, store))

    def recompute(
        self,
        store: str,
        *,
        tell: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        settings: ReviewSettings | None = None,
    ) -> int:
        """Review a store's visits anew by its categories and camera offsets, from the series kept; how many there were.

        `tell` hears after each chunk how many of how many are done. Others may write meanwhile; all changes come in one
        transaction at the end. Visits whose series are gone stay as they are. Corrections stay.

        Raises DataError for no such store, CancelledError: nothing was changed.
        """
        settings = settings or ReviewSettings()
        with self.cursor() as reading, self.cursor() as writing:
            store_id = shops.known_store(reading, store)
            own = maps.in_use(reading, store_id)
            taken_off = offsets.under(reading, store_id, own, settings)
            recompute.stage(writing)
            for rows in recompute.recomputed(reading, store_id, own, taken_off, settings, tell, cancelled):
                append(writing, "recomputed", rows)
            with self._committed(writing):
                changed = recompute.apply(writing, own)
                offsets.refresh(writing, store_id, settings)
        return changed

    def review_settings(self, store: str, settings: ReviewSettings | None = None) -> ReviewSettings:
        """The settings with the valences of the store's map: what its days are to be reviewed with."""
        return replace(settings or ReviewSettings(), valence=self.categories_of(store).valence)

    # ---- camera offsets

    def offset_for(self, store: str, entry_door: str, exit_door: str) -> Offset:
        """What is to be taken off the changes between two cameras; 0 for too few visits, or where it is switched off."""
        with self.cursor() as cursor:
            return offsets.stored(cursor, shops.find_store(cursor, store), (entry_door, exit_door))

    def refresh_offsets(self, store: str, settings: ReviewSettings | None = None) -> None:
        """Estimate a store's offsets anew from its visits, as `write_day` does; calibrated ones stay."""
        with self._transaction() as cursor:
            offsets.refresh(cursor, shops.known_store(cursor, store), settings or ReviewSettings())

    def set_calibrated_offset(self, store: str, entry_door: str, exit_door: str, value: float | None, se: float = 0.0) -> None:
        """Set a camera pair's offset from a calibration film; None takes it away, and the visits' estimate counts again.

        value: exit less entry of the same faces, -2 to 2. Raises DataError.
        """
        with self._transaction() as cursor:
            store_id = shops.known_store(cursor, store)
            pair = (text(entry_door), text(exit_door))
            for role, door in zip(("entry", "exit"), pair, strict=True):
                shops.put_camera(cursor, store_id, role, door)  # type: ignore[arg-type]
            if value is None:
                offsets.forget_calibration(cursor, store_id, pair)
                offsets.refresh(cursor, store_id, ReviewSettings())
            else:
                offsets.calibrate(cursor, store_id, pair, value, se)

    # ---- notices

    def put_region(self, store: str, region: str) -> None:
        """Set where a store lies, a key of `notices.REGIONS`. DataError for no such store."""
        with self._transaction() as cursor:
            notices.keep(cursor, notices.region_key(shops.known_store(cursor, store)), region)

    def put_notice_draft(self, store: str, content: Mapping[str, Any]) -> None:
        """Keep a notice that is being written: what JSON can say. DataError for no such store."""
        with self._transaction() as cursor:
            notices.keep(cursor, notices.draft_key(shops.known_store(cursor, store)), content)

    def record_notice(self, store: str, content: Mapping[str, Any], by: str) -> str:
        """Record that a notice hangs for the cameras it names; the one before is withdrawn. The record's id.

        content: `Notice.as_json`; by: who put it up. Raises DataError for no such store, no camera, a blank name.
        """
        with self._transaction() as cursor:
            return notices.record(cursor, shops.known_store(cursor, store), content, by)

    def withdraw_notice(self, store: str) -> bool:
        """Take the standing notice away; False where there was none. DataError for no such store."""
        with self._transaction() as cursor:
            return notices.withdraw(cursor, shops.known_store(cursor, store), datetime.now(UTC))

    # ---- settings, jobs

    def put_setting(self, key: str, value: Any) -> None:
        """Keep a setting of the app; value: whatever JSON can say."""
        with self._transaction() as cursor:
            cursor.execute("INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)", [key, text(json.dumps(value))])

    def put_job(self, row: Mapping[str, Any]) -> None:
        """Write a job's row by the columns of `jobs`, in place of what its id had; payload and result: what JSON can say.

        The version stays: no figure hangs on a job. ValueError for an unknown column.
        """
        with self._transaction(counted=False) as cursor:
            jobs.put_job(cursor, row)

    def update_job(self, job_id: str, **fields: Any) -> None:
        """Change those columns of a job; the version stays. DataError for no such job, ValueError for an unknown column."""
        with self._transaction(counted=False) as cursor:
            jobs.update_job(cursor, job_id, fields)
