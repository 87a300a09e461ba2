"""What a background job is: as a page sees it (`Job`), and as the handler that does it sees it (`Task`)."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from fer_core.errors import CancelledError, InputError
from fer_core.store import Store

State: TypeAlias = Literal["queued", "running", "done", "failed", "cancelled"]
Json: TypeAlias = dict[str, Any]


class JobError(InputError):
    """A job that can't be had or started as asked."""


@dataclass(frozen=True)
class Progress:
    """How far a running job is; share lies in 0 … 1, speed is in film seconds per second, None: not known (yet)."""

    stage: str = ""
    share: float | None = None
    speed: float | None = None
    left_s: float | None = None


@dataclass(frozen=True)
class Job:
    """A job at one moment. Moments are aware, in UTC; stage, share, speed and left_s are told while it runs.

    error is the sentence that says why it failed, result what it brought (empty until it is done), payload what it was
    given.
    """

    id: str
    kind: str
    store: str
    title: str
    state: State
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    stage: str = ""
    share: float | None = None
    speed: float | None = None
    left_s: float | None = None
    error: str | None = None
    result: Json = field(default_factory=dict)
    payload: Json = field(default_factory=dict)

    @property
    def active(self) -> bool:
        """Whether it waits or runs, and so may be cancelled."""
        return self.state in ("queued", "running")


class Task:
    """One run of a job, in the hands of its handler. `tell` and `check` are cheap: call them at every picture."""

    def __init__(self, job: Job, stopping: threading.Event) -> None:
        self.job = job
        self.stop = threading.Event()
        self.progress = Progress("starting")
        self.after: list[Callable[[], None]] = []
        self._stopping = stopping

    @property
    def payload(self) -> Json:
        return self.job.payload

    def tell(self, stage: str, share: float | None = None, speed: float | None = None, left_s: float | None = None) -> None:
        """Say how far it is; see Progress."""
        self.progress = Progress(stage, share, speed, left_s)

    def cancelled(self) -> bool:
        """Whether to stop soon, because a person or the end of the process asks for it."""
        return self.stop.is_set() or self._stopping.is_set()

    def check(self) -> None:
        """CancelledError where it is to stop."""
        if self.cancelled():
            raise CancelledError("stopped; nothing was written")

    def afterwards(self, do: Callable[[], None]) -> None:
        """Have that done once the job stands as done in the database: what a killed run would miss, such as its films."""
        self.after.append(do)


Handler: TypeAlias = Callable[[Task], Json]
"""Does a job of one kind and gives its result (JSON). InputError's sentence becomes the job's error; CancelledError ends it.

It must bear being killed anywhere and started again from the beginning.
"""


# ---- rows -----------------------------------------------------------------------------------------------------------

_SELECT = (
    "SELECT job_id::VARCHAR, kind, store, title, state, created_at, started_at, finished_at, error, "
    "payload::VARCHAR, result::VARCHAR FROM jobs"
)


def read_jobs(store: Store, rest: str, *parameters: object) -> list[Job]:
    """The jobs of the database; `rest` is the SQL after FROM jobs, a literal of ours."""
    with store.cursor() as cursor:
        return [_job(row) for row in cursor.execute(f"{_SELECT} {rest}", list(parameters)).fetchall()]


def _job(row: tuple[Any, ...]) -> Job:
    key, kind, store, title, state, created_at, started_at, finished_at, error, payload, result = row
    return Job(
        id=key, kind=kind, store=store or "", title=title or "", state=state, created_at=created_at, started_at=started_at,
        finished_at=finished_at, error=error, payload=_mapping(payload), result=_mapping(result),
    )  # fmt: skip


def _mapping(text: str | None) -> Json:
    value = json.loads(text) if text else {}
    return value if isinstance(value, dict) else {}


def shown(result: Mapping[str, Any]) -> Json:
    """A result without the runner's own notes, whose keys begin with an underscore."""
    return {key: value for key, value in result.items() if not key.startswith("_")}
