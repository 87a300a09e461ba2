"""What the database remembers of its people, and forgets: the audit log, deletions with their receipts, old backups."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from uuid import UUID, uuid4

import duckdb

from fer_core.errors import DataError, OutputError
from fer_core.privacy import Mode, mode_of
from fer_core.store import (
    audit,
    deleting,
    evidence,
    modes,
    offsets,
    orphans,
    people,
    receipts,
    retention,
    shops,
    staying,
    tombstones,
)
from fer_core.store.audit import SYSTEM, Entry
from fer_core.store.deleting import Span
from fer_core.store.live import Live
from fer_core.store.receipts import Receipt
from fer_core.store.tombstones import Kind, Mark, Tombstone

LOG = logging.getLogger(__name__)
_ACTIONS: Mapping[Kind, str] = {"mode": "store.mode"}
"""What the audit log calls them, where it isn't "delete." and the kind."""
_Act = Callable[[duckdb.DuckDBPyConnection], object]


class Forgetting(Live):
    """A database that says who did what, and that what it has deleted is gone."""

    _remembers = False
    """Whether deleted rows still have bytes in the file, which somebody's long reading kept in its place."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        super().__init__(connection, path)
        # taken before a writer's turn: rows of the audit log and moves of its anchor come in one order
        self._auditing = threading.Lock()

    @classmethod
    def open(cls, path: Path, *, create: bool = True) -> Self:
        """As `Database.open`; deletions that an older copy of the database doesn't know are then applied to it."""
        fresh = receipts.size_of(path) == 0
        opened = super().open(path, create=create)
        try:
            opened._catch_up(fresh)
        except BaseException:  # whatever it was: nobody would close what was opened, and its file would stay locked
            opened.close()
            raise
        return opened

    # ---- the audit log

    def audit(
        self, actor: str, action: str, *, store: str = "", subject: str = "", detail: Mapping[str, Any] | None = None
    ) -> Entry:
        """Add a row to the audit log and move its anchor; the version stays.

        action: one of `audit.ACTIONS`, or another word. store: a store's name; subject: an id; detail: counts and names of
        settings, as JSON. None of them may tell of a visitor. Raises OutputError, ValueError for too long a detail.
        """
        with self._auditing:
            audit.begin(self)
            with self._transaction(counted=False) as cursor:
                made = audit.append(cursor, actor, action, store, subject, detail or {})
            audit.fasten(self, made)
        return made

    # ---- deletions

    def delete_store(self, name: str, *, actor: str = SYSTEM) -> Receipt:
        """Delete a store with everything of it: visits, appearances, series, films' rows, cameras, corrections, jobs.

        The file is then written anew (`rewrite`), so that no byte of it is left but its name in the audit log and in the
        receipt; where that can't be had now, the next `purge` sees to it.

        Raises DataError for no such store, and while a job of it waits or runs; OutputError where the store is deleted
        and there is no room to write the file anew.
        """

        def act(cursor: duckdb.DuckDBPyConnection) -> bool:
            shops.delete_store(cursor, name)
            return True

        return self._settle([self._delete("store", name, actor, act)])

    def delete_span(
        self, store: str, begin: datetime, end: datetime, *, door: str | None = None, actor: str = SYSTEM
    ) -> Receipt:
        """Delete the visits that began or ended from begin to before end (aware), and who was seen alone then.

        door: of this door only. What has no time of day can't be found by it and stays. Nothing of it comes back when the
        films are analysed again. Raises DataError for no such store and an end before the beginning.
        """
        if end <= begin:
            raise DataError("the span to be deleted must end after it begins")
        span, passages = Span(begin, end, None if door is None else (door,)), list[tombstones.Passage]()

        def act(cursor: duckdb.DuckDBPyConnection) -> bool:
            store_id = shops.known_store(cursor, store)
            passages.extend(staying.passages_in(cursor, store_id, span))
            deleting.delete_span(cursor, store_id, span)
            return True

        stone = {"begin": begin.astimezone(UTC).isoformat(), "end": end.astimezone(UTC).isoformat(), "door": door}
        return self._settle([self._delete("span", store, actor, act, **stone, passages=passages)])

    def delete_visits(self, store: str, visit_ids: Sequence[str], *, actor: str = SYSTEM) -> Receipt:
        """Delete those visits of a store, with both appearances. DataError for no such store, and where one isn't its own."""
        if not visit_ids:
            raise DataError("no visit was chosen, so none is deleted")
        passages = list[tombstones.Passage]()

        def act(cursor: duckdb.DuckDBPyConnection) -> bool:
            store_id = shops.known_store(cursor, store)
            passages.extend(staying.passages_of(cursor, store_id, visit_ids))
            if deleting.delete_visits(cursor, store_id, visit_ids) < len(set(visit_ids)):
                raise DataError(f"not all of these are visits of {store!r}; none was deleted")
            return True

        return self._settle([self._delete("visits", store, actor, act, visits=tuple(visit_ids), passages=passages)])

    def revoke_person(self, store: str, person_id: str, *, actor: str = SYSTEM) -> Receipt:
        """Delete the templates and the name of somebody who took the consent back; that it was, and when, stays.

        Raises DataError for nobody of that id in the store who agrees.
        """

        def act(cursor: duckdb.DuckDBPyConnection) -> bool:
            people.revoke(cursor, shops.known_store(cursor, store), person_id, datetime.now(UTC))
            return True

        return self._settle([self._delete("people", store, actor, act, people=(person_id,))])

    def delete_person(self, store: str, person_id: str, *, actor: str = SYSTEM) -> Receipt:
        """Delete somebody with everything, the record of a revocation too. DataError for nobody of that id in the store."""

        def act(cursor: duckdb.DuckDBPyConnection) -> bool:
            people.delete(cursor, shops.known_store(cursor, store), person_id)
            return True

        return self._settle([self._delete("people", store, actor, act, people=(person_id,))])

    def set_privacy_mode(self, store: str, mode: str, *, actor: str = SYSTEM) -> Receipt | None:
        """Choose how much a store may learn of its visitors, one of `privacy.MODES`, and delete what that mode may not hold.

        Sums stay. The receipt is kept where anything was deleted; None where it is the store's mode already. Raises DataError
        for no such store or mode, and while a job of the store waits or runs.
        """
        chosen = mode_of(mode)

        def act(cursor: duckdb.DuckDBPyConnection) -> bool:
            shops.refuse_at_work(cursor, store, "given another privacy mode")
            return modes.switch(cursor, shops.known_store(cursor, store), chosen)

        made = self._delete("mode", store, actor, act, mode=chosen)
        return self._settle([made]) if made and made.gone else made

    def privacy_mode_of(self, store: str) -> Mode:
        """The privacy mode of a store; the usual one for a store that isn't there (yet)."""
        with self.cursor() as cursor:
            return modes.stored(cursor, shops.find_store(cursor, store))

    def purge(self, now: datetime, *, actor: str = SYSTEM) -> dict[str, int]:
        """Delete what stores with a retention no longer keep; how many rows went of each table.

        A visit goes by the moment of its entrance, or of its writing where that is unknown, and takes both appearances
        with it; lone appearances, films without appearances, corrections and ended jobs go alike. now: aware. Where
        anything went, the file is written anew (`rewrite`), and a receipt is kept for each store. Evidence pictures whose
        day is over go as well, of all stores (`tidy_evidence`).
        """
        pictures = self.tidy_evidence(now)
        with self.cursor() as cursor:
            stores = retention.limited(cursor)
        counts, made = retention.nothing(), []
        for store_id, days in stores:
            gone, receipt = self._purge_store(store_id, now - timedelta(days=days), actor)
            counts = {table: n + gone[table] for table, n in counts.items()}
            made.append(receipt)
        if any(made) or self._remembers:
            self._settle(made)
        return counts | {"evidence": counts["evidence"] + pictures}

    def tidy_evidence(self, now: datetime | None = None) -> int:
        """Delete the evidence pictures whose time is over or whose visit is gone, and files that no row names; how many
        pictures went. now: aware, by default this moment."""
        moment = now or datetime.now(UTC)
        with self.cursor() as cursor:
            n = evidence.over(cursor, moment)
        if not n and not evidence.folder_of(self.path).is_dir():
            return 0
        with self._transaction(counted=n > 0) as cursor:
            n = evidence.over(cursor, moment)
            evidence.end(cursor, moment)
        with self._transaction(counted=False) as cursor:  # the rows first, for good: a row without its file is no picture
            evidence.sweep(cursor, self.path)
        return n

    def _purge_store(self, store_id: UUID, cut: datetime, actor: str) -> tuple[dict[str, int], Receipt | None]:
        gone = retention.nothing()

        def act(cursor: duckdb.DuckDBPyConnection) -> bool:
            gone.update(retention.purge_until(cursor, store_id, cut))
            return any(gone.values())

        with self.cursor() as cursor:
            name = shops.name_of(cursor, store_id)
        made = self._delete("retention", name, actor, act, end=cut.astimezone(UTC).isoformat()) if name else None
        return gone, made

    def _delete(self, kind: Kind, store: str, actor: str, act: _Act, **stone: Any) -> Receipt | None:
        """Delete in one transaction with its tombstone and its row in the audit log; None where `act` says it had nothing."""
        with self._auditing:
            audit.begin(self)
            with ExitStack() as undo:
                with self._transaction() as cursor:
                    store_id = shops.known_store(cursor, store)
                    before = deleting.census(cursor, [store_id])
                    if not act(cursor):
                        return None
                    if kind != "store":
                        offsets.refresh(cursor, store_id, offsets.USUAL)
                    after = deleting.census(cursor, [store_id])
                    receipt = Receipt(kind, actor, (store,), before, after, begin=stone.get("begin"), end=stone.get("end"))
                    said = tombstones.hidden(stone, str(store_id))
                    undo.callback(tombstones.bury(cursor, self.path, kind, str(store_id), **said))
                    detail = {"rows": receipt.gone} | ({"mode": stone["mode"]} if kind == "mode" else {})
                    entry = audit.append(cursor, actor, _ACTIONS.get(kind, f"delete.{kind}"), store, receipt.key, detail)
                undo.pop_all()
            self._fasten(entry)
        return receipt

    def _fasten(self, entry: Entry) -> None:
        """What was deleted is deleted: an anchor that can't be moved now is moved by the next row."""
        try:
            audit.fasten(self, entry)
        except OutputError as error:
            LOG.warning("the audit log’s anchor stays behind: %s", error)

    def _settle(self, made: Sequence[Receipt | None]) -> Receipt:
        """Write the file anew, look for orphans, keep the receipts; the last one. OutputError, once all else is done."""
        before, trouble = receipts.size_of(self.path), None
        try:
            self._forget()
        except OutputError as error:
            trouble = error
        self.tidy_evidence()
        with self.cursor() as cursor:
            files = orphans.look(self.path.parent, cursor, evidence.folder_of(self.path))
        whole = [
            receipts.sized(replace(one, files=files), self.path, before, rewritten=not self._remembers) for one in made if one
        ]
        for receipt in whole:
            receipts.keep(self.path, receipt)
        if trouble:
            raise trouble
        return whole[-1] if whole else Receipt("retention", SYSTEM, (), {}, {})

    def _forget(self) -> None:
        self._remembers = True
        try:
            self._remembers = not self.rewrite()
        except OutputError as error:
            raise OutputError(f"{error}; the rows are deleted, and the next purge frees their room") from error

    # ---- old backups

    def _catch_up(self, fresh: bool) -> None:
        """Apply the deletions that this copy of the database hasn't seen; a fresh one takes over none."""
        stones = tombstones.read(self.path)
        if not stones:
            return
        with self.cursor() as cursor:
            known = tombstones.mark(cursor)
        newest = max(one.seq for one in stones)
        pending = tombstones.unseen(self.path, known)
        if fresh:
            with self._transaction(counted=False) as cursor:
                tombstones.set_mark(cursor, Mark(uuid4().hex, newest))
        elif pending:
            self._apply(pending, Mark(pending[0].database, newest))

    def _apply(self, pending: Sequence[Tombstone], new: Mark) -> None:
        with self._auditing:
            audit.begin(self)
            with self._transaction() as cursor:
                ids = list(dict.fromkeys(UUID(one.store) for one in pending))
                stores = tuple(name for name in (shops.name_of(cursor, one) for one in ids) if name)
                before = deleting.census(cursor, ids)
                for stone in pending:
                    deleting.again(cursor, stone)
                tombstones.set_mark(cursor, new)
                receipt = Receipt("again", SYSTEM, stores, before, deleting.census(cursor, ids))
                detail = {"deletions": len(pending), "rows": receipt.gone}
                entry = audit.append(cursor, SYSTEM, "delete.again", "", receipt.key, detail)
            self._fasten(entry)
        LOG.warning("an older copy of the database was put back: %s earlier deletions were applied to it", len(pending))
        try:
            self._settle([receipt])
        except OutputError as error:
            LOG.warning("%s", error)
