"""The services as an account may use them: what pages get in place of the real ones.

Reading goes through `Scoped` cursors, so that no query reaches another store. Calls that write, jobs and uploads are asked
by the tables of `server.rights`; what is in no table is for administrators alone. Who asks is looked up at every call: a
page that was drawn before its session ended can do nothing afterwards.
"""

import contextlib
import functools
import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias, cast

import duckdb

from fer_core.errors import ForbiddenError
from fer_core.store import Store
from fer_core.store.scope import Scope, Scoped
from fer_core.types import Role
from server.accounts import Account, Accounts
from server.jobs import Job, JobError, JobRunner
from server.live_days import LiveDays
from server.live_heard import CameraState
from server.rights import CALLS, JOBS, KINDS, ONLY_WITH, Rule
from server.sending import Outcome
from server.services import Services
from server.uploads import Upload, UploadError, Uploads

Who: TypeAlias = Callable[[], Account | None]
"""Who asks, at this moment; None: nobody (any more)."""

_UNKNOWN = Rule("", "none")
_GONE = "there is no such upload (any more)"


def guarded(services: Services, who: Who) -> Services:
    """The services for whoever `who` says it is, at each call."""
    return cast(Services, GuardedServices(services, who))


def present(who: Who) -> Account:
    """Who asks. ForbiddenError where it is nobody, or one that has to choose another password first."""
    account = who()
    if account is None:
        raise ForbiddenError("nobody is signed in here any more; load the page again")
    if account.must_change:
        raise ForbiddenError("choose another password first")
    return account


class GuardedServices:
    """`Services` behind an account."""

    def __init__(self, services: Services, who: Who) -> None:
        self._services, self._who = services, who
        self.store = GuardedStore(services.store, who)
        self.jobs = GuardedJobs(services, who)
        self.uploads = GuardedUploads(services.uploads, who)
        self.alerting = GuardedAlerting(services, who)
        self.live = GuardedLive(services, who)
        self.watchers = GuardedWatchers(services, who)

    @property
    def folder(self) -> Path:
        present(self._who)
        return self._services.folder

    @property
    def accounts(self) -> Accounts:
        """As they are: each of its calls asks by itself who calls."""
        return self._services.accounts

    def discard_films(self, job_id: str) -> int:
        self.jobs.allowed(job_id)
        return self._services.discard_films(job_id)


class GuardedStore:
    """`Store` behind an account: a source for queries, and the methods that the account may call."""

    def __init__(self, store: Store, who: Who) -> None:
        self._store, self._who = store, who

    @property
    def path(self) -> Path:
        return self._store.path

    @property
    def scope(self) -> Scope:
        return present(self._who).scope

    def version(self) -> int:
        return self._store.version()

    @contextlib.contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with Scoped(self._store, self.scope).cursor() as cursor:
            yield cursor

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        method = getattr(self._store, name)

        @functools.wraps(method)
        def asked(*arguments: Any, **named: Any) -> Any:
            given = inspect.signature(method).bind(*arguments, **named).arguments
            account = present(self._who)
            _check_call(self._store, account, name, given)
            if account.id and "actor" in inspect.signature(method).parameters:
                given["actor"] = account.name  # nobody writes in another's name
            return method(**given)

        return asked


def _check_call(store: Store, account: Account, name: str, given: Mapping[str, Any]) -> None:
    rule = CALLS.get(name, _UNKNOWN)
    account.need(rule.action)
    if name == "put_source":
        _check_source(account, given.get("address"))
    for argument, action in ((key, action) for (call, key), action in ONLY_WITH.items() if call == name):
        if given.get(argument) is not None:
            account.need(action)
    if account.stores is None or rule.where == "none":
        return
    if not _reaches(store, account, rule, given):
        raise ForbiddenError("this account may not do that to that store")


def _reaches(store: Store, account: Account, rule: Rule, given: Mapping[str, Any]) -> bool:
    """Whether the call stays within the account's stores."""
    if rule.where == "store":
        return account.sees(str(next((given[key] for key in ("store", "name", "old") if key in given), "")))
    if rule.where == "visit":
        return _finds(store, account, "SELECT 1 FROM visits WHERE visit_id::VARCHAR = ?", str(given.get("visit_id")))
    if rule.where == "map":
        with store.cursor() as cursor:
            found = cursor.execute("SELECT name FROM stores WHERE categories = ?", [given["categories"].name]).fetchall()
        return all(account.sees(str(name)) for (name,) in found)
    return False


def _finds(store: Store, account: Account, sql: str, value: str) -> bool:
    with Scoped(store, account.scope).cursor() as cursor:
        return cursor.execute(sql, [value]).fetchone() is not None


# ---- jobs -----------------------------------------------------------------------------------------------------------


class GuardedJobs:
    """`JobRunner` behind an account: the jobs of its stores; those of no store are of who sees all."""

    def __init__(self, services: Services, who: Who) -> None:
        self._jobs, self._uploads, self._who = services.jobs, services.uploads, who

    def submit(self, kind: str, store: str, title: str, payload: Mapping[str, Any]) -> str:
        self.check(kind, store, payload)
        account = present(self._who)
        if not account.may("server files"):
            self._check_films(account, payload)
        return self._jobs.submit(kind, store, title, payload)

    def check(self, kind: str, store: str, payload: Mapping[str, Any]) -> None:
        """ForbiddenError unless the account may have that done, whatever films it is done to."""
        account = present(self._who)
        rule = JOBS.get(kind, _UNKNOWN)
        account.need(rule.action)
        if payload.get("sample"):
            account.need(ONLY_WITH["put_store", "is_sample"])
        if account.stores is not None:
            named = {store, str(payload.get("store", store))}
            if rule.where == "every" or (rule.where == "store" and not all(account.sees(one) for one in named)):
                raise ForbiddenError("this account may not have that done to that store")

    def list(self, limit: int | None = 50) -> "list[Job]":
        account = present(self._who)
        return [job for job in self._jobs.list(None) if self._sees(account, job)][:limit]

    def get(self, key: str) -> Job:
        account, job = present(self._who), self._jobs.get(key)
        if not self._sees(account, job):
            raise JobError("there is no such job any more")
        return job

    def allowed(self, key: str) -> Job:
        """The job, where the account may submit its like. JobError, ForbiddenError."""
        job = self.get(key)
        present(self._who).need(JOBS.get(job.kind, _UNKNOWN).action)
        return job

    def cancel(self, key: str) -> None:
        self.allowed(key)
        self._jobs.cancel(key)

    def retry(self, key: str) -> None:
        self.allowed(key)
        self._jobs.retry(key)

    def wait(self, key: str, timeout_s: float | None = None) -> Job:
        self.get(key)
        return self._jobs.wait(key, timeout_s)

    def needs(self, path: Path) -> bool:
        present(self._who)
        return self._jobs.needs(path)

    def _sees(self, account: Account, job: Job) -> bool:
        own = account.stores is None or (bool(job.store) and account.sees(job.store))
        return own and any(account.may(one) for one in KINDS["jobs"])

    def _check_films(self, account: Account, payload: Mapping[str, Any]) -> None:
        """Films are the account's own uploads, and no other file of the server."""
        given = [one for role in ("entry", "exit") for one in payload.get(role) or ()]
        for one in given:
            key = self._uploads.id_of(Path(str(one.get("path") if isinstance(one, dict) else one)))
            if key is None or not owns(account, self._uploads.get(key)):
                raise ForbiddenError("this account may only have films analysed that it has uploaded")


# ---- alerts ---------------------------------------------------------------------------------------------------------


class GuardedAlerting:
    """`Alerting` behind an account: a test by a channel of its stores, and nothing else."""

    def __init__(self, services: Services, who: Who) -> None:
        self._services, self._who = services, who

    def test(self, store: str, channel: str) -> Outcome:
        _of_store(present(self._who), "settings", store)
        return self._services.alerting.test(store, channel)


# ---- live cameras ---------------------------------------------------------------------------------------------------


class GuardedLive:
    """`LiveDays` behind an account: what its stores' cameras say, and stills for whoever sets cameras up."""

    def __init__(self, services: Services, who: Who) -> None:
        self._services, self._who = services, who

    def cameras(self, store: str) -> list[CameraState]:
        return self._seen("sums", store).cameras(store)

    def inside(self, store: str) -> int | None:
        return self._seen("sums", store).inside(store)

    def waiting(self, store: str) -> int:
        return self._seen("sums", store).waiting(store)

    def trouble(self, store: str) -> str:
        return self._seen("sums", store).trouble(store)

    def end(self, store: str) -> None:
        self._seen("cameras", store).end(store)

    def ask_still(self, store: str, role: Role, door: str) -> None:
        self._seen("cameras", store).ask_still(store, role, door)

    def still(self, store: str, role: Role, door: str) -> bytes | None:
        return self._seen("cameras", store).still(store, role, door)

    def _seen(self, action: str, store: str) -> LiveDays:
        _of_store(present(self._who), action, store)
        return self._services.live


class GuardedWatchers:
    """`Watchers` behind an account: the cameras of its stores."""

    def __init__(self, services: Services, who: Who) -> None:
        self._services, self._who = services, who

    def start(self, store: str, role: Role, door: str) -> None:
        _of_store(present(self._who), "cameras", store)
        self._services.watchers.start(store, role, door)

    def stop(self, store: str, role: Role, door: str) -> None:
        _of_store(present(self._who), "cameras", store)
        self._services.watchers.stop(store, role, door)

    def check(self, text: str) -> str:
        account = present(self._who)
        account.need("cameras")
        _check_source(account, text)
        return self._services.watchers.check(text)


def _of_store(account: Account, action: str, store: str) -> None:
    account.need(action)
    if not account.sees(store):
        raise ForbiddenError("this account may not do that to that store")


def _check_source(account: Account, text: str | None) -> None:
    """ForbiddenError for the path of a film, where the account may not choose files of the server."""
    if text is not None and "://" not in text and not text.strip().isdecimal():
        account.need("server files")


# ---- uploads --------------------------------------------------------------------------------------------------------


def owns(account: Account, upload: Upload) -> bool:
    """Whether the upload is the account's own; an administrator's are all."""
    return account.role == "administrator" or bool(account.id and upload.owner == account.id)


class GuardedUploads:
    """`Uploads` behind an account: its own. Another's is not there."""

    def __init__(self, uploads: Uploads, who: Who) -> None:
        self._uploads, self._who = uploads, who

    @property
    def folder(self) -> Path:
        return self._uploads.folder

    @property
    def max_bytes(self) -> int:
        return self._uploads.max_bytes

    def create(self, name: str, size: int) -> Upload:
        account = present(self._who)
        account.need("footage")
        return self._uploads.create(name, size, account.id)

    def appending(self, key: str, offset: int) -> Any:
        self.get(key)
        return self._uploads.appending(key, offset)

    def get(self, key: str) -> Upload:
        account = present(self._who)
        account.need("footage")
        upload = self._uploads.get(key)
        if not owns(account, upload):
            raise UploadError(_GONE, 404)
        return upload

    def all(self) -> list[Upload]:
        account = present(self._who)
        return [one for one in self._uploads.all() if account.may("footage") and owns(account, one)]

    def finished(self, key: str) -> bool:
        return self.get(key).finished

    def path_of(self, key: str) -> Path:
        self.get(key)
        return self._uploads.path_of(key)

    def name_of(self, path: Path) -> str | None:
        return self._uploads.name_of(path) if self.id_of(path) else None

    def id_of(self, path: Path) -> str | None:
        account, key = present(self._who), self._uploads.id_of(path)
        return key if key and owns(account, self._uploads.get(key)) else None

    def remove(self, key: str) -> None:
        self.get(key)
        self._uploads.remove(key)

    def discard(self, path: Path) -> bool:
        key = self.id_of(path)
        if key:
            self.remove(key)
        return key is not None

    def purge(self, wanted: Collection[str] = (), older_than_s: float = 0.0) -> int:
        raise ForbiddenError("uploads are tidied by the server itself")


__all__ = ["GuardedJobs", "GuardedServices", "GuardedStore", "GuardedUploads", "JobRunner", "guarded", "owns", "present"]
