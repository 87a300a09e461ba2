"""The one open database of this process, its job runner and its uploads; opened at first use, closed at exit.

Opening can fail, because another process holds the database for instance. The error goes to whoever asked, and the next
one who asks tries again.
"""

import atexit
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fer_core.store import Store
from fer_core.store import data_folder as data_folder
from server.accounts import Accounts
from server.alert_cameras import told_by
from server.alerting import Alerting
from server.handlers import kinds
from server.jobs import JobRunner
from server.live_days import LiveDays
from server.reviewing import uploaded_films
from server.uploads import Uploads
from server.watchers import Engines, Watchers
from server.workshop import Workshop

DATABASE = "moodgate.duckdb"

_lock = threading.RLock()
_open: dict[Path, "Services"] = {}
_serving: list[Callable[["Services"], None]] = []


@dataclass(frozen=True)
class Services:
    """What pages and routes work with. All of it is safe for all threads."""

    folder: Path
    store: Store
    jobs: JobRunner
    uploads: Uploads

    @cached_property
    def accounts(self) -> Accounts:
        """The accounts of this database, and its memory of failed logins."""
        return Accounts(self.store)

    @cached_property
    def alerting(self) -> Alerting:
        """The rules of this database's stores at work, once started."""
        return Alerting(self.store, told_by(self.store, lambda name: self.live.cameras(name)))

    @cached_property
    def live(self) -> LiveDays:
        """The live days of this database's stores."""
        return LiveDays(self.store, self.folder / "live")

    @cached_property
    def watchers(self) -> Watchers:
        """The cameras that this process reads, once begun."""
        return Watchers(self.store, self.live, Engines(self.store, self.folder))

    def discard_films(self, job_id: str) -> int:
        """Delete the uploaded films of a job, but for those that a waiting or running one needs; how many went."""
        films = uploaded_films(self.uploads, self.jobs.get(job_id).payload)
        return sum(self.uploads.discard(film) for film in films if not self.jobs.needs(film))

    def close(self) -> None:
        """Stop the jobs, which start again at the next start, and close the database."""
        self.alerting.stop()
        self.watchers.close()
        self.live.close()
        self.jobs.stop()
        self.store.close()


def services(folder: Path | None = None) -> Services:
    """Those of the data folder, by default of the one that MOODGATE_DATA names; opened where they are not yet.

    Raises StoreLockedError, StoreVersionError, NotAStoreError, OutputError: sentences for a page to show.
    """
    folder = (folder or data_folder()).absolute()
    with _lock:
        if folder not in _open:
            _open[folder] = _opened(folder)
        return _open[folder]


def _opened(folder: Path) -> Services:
    store, uploads = Store.open(folder / DATABASE), Uploads(folder / "uploads")
    shop = Workshop(folder, store, uploads)
    made = Services(folder, store, JobRunner(store, kinds(shop)), uploads)
    shop.needed = made.jobs.needs
    _ = made.accounts, made.alerting, made.live, made.watchers  # now, or two threads would have a memory each
    try:
        for prepare in _serving:
            prepare(made)
    except BaseException:  # whatever it was: nobody would ever close what was opened, and its file would stay locked
        made.close()
        raise
    return made


def serve(prepare: Callable[[Services], None]) -> None:
    """From now on, and until `close_all`, this process is the app's server: `prepare` is told of all that it opens."""
    with _lock:
        _serving[:] = [prepare]
        for known in _open.values():
            prepare(known)


def close_all() -> None:
    """Close what is open; the next use opens it again. Called at exit as well."""
    with _lock:
        _serving.clear()
        while _open:
            _open.popitem()[1].close()


atexit.register(close_all)
