"""Background jobs: one worker thread, a queue that lives in the database, progress that lives in memory.

A job that runs when the process is killed starts again at the next start, from its beginning; a handler's writes are such
that nothing is counted twice. The queue is the table `jobs` itself, so that nothing can be lost between the two.
"""

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from fer_core.errors import CancelledError, DataError, InputError, OutputError
from fer_core.store import Store
from server.job import Handler, Job, JobError, Json, Progress, State, Task, read_jobs, shown

__all__ = ["Handler", "Job", "JobError", "JobRunner", "Progress", "State", "Task"]

LOG = logging.getLogger(__name__)
MAX_STARTS = 3
"""How often a job may be cut off by the death of its process before it is given up. More: a job that kills us, kills longer."""


class JobRunner:
    """Runs the jobs of one database, one after the other, each by the handler of its kind. Safe for all threads."""

    def __init__(self, store: Store, handlers: Mapping[str, Handler]) -> None:
        self._store, self._handlers = store, dict(handlers)
        self._lock = threading.RLock()
        self._settled = threading.Condition(self._lock)
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._active: Task | None = None
        self._unsaved: dict[str, Json] = {}
        self._newest = datetime.min.replace(tzinfo=UTC)

    # ---- for pages ----

    def submit(self, kind: str, store: str, title: str, payload: Mapping[str, Any]) -> str:
        """Queue a job and return its id. JobError for a kind that nobody handles, TypeError for a payload that is no JSON."""
        if kind not in self._handlers:
            raise JobError(f"there is no job of the kind {kind!r}; known are {', '.join(self._handlers)}")
        key = str(uuid4())
        with self._lock:
            self._store.put_job({
                "job_id": key, "kind": kind, "store": store, "title": title, "state": "queued",
                "payload": dict(payload), "created_at": self._now(),
            })  # fmt: skip
        self._wake.set()
        return key

    def cancel(self, key: str) -> None:
        """Take a waiting job out of the queue, or ask a running one to stop soon; one that has ended stays as it is."""
        with self._lock:
            if self._active and self._active.job.id == key:
                self._active.stop.set()
                self._save(key, result=self._active.job.result | {"_cancel": True})
            elif self.get(key).state == "queued":
                self._save(key, state="cancelled", finished_at=self._now())
                self._settled.notify_all()

    def retry(self, key: str) -> None:
        """Queue a failed or cancelled job again, as the newest; any other stays as it is."""
        with self._lock:
            if self.get(key).state in ("failed", "cancelled"):
                self._save(
                    key, state="queued", created_at=self._now(), started_at=None, finished_at=None, error=None, result={}
                )  # fmt: skip
        self._wake.set()

    def get(self, key: str) -> Job:
        """The job of that id. JobError where there is none."""
        found = read_jobs(self._store, "WHERE job_id = ?", key) if _is_uuid(key) else []
        if not found:
            raise JobError("there is no such job any more")
        return self._seen(found[0])

    def list(self, limit: int | None = 50) -> "list[Job]":
        """The newest jobs, newest first; None for all."""
        found = read_jobs(self._store, "ORDER BY created_at DESC LIMIT ?", limit)
        return [self._seen(job) for job in found]

    def needs(self, path: Path) -> bool:
        """Whether a job that waits or runs has the file of that path in its payload."""
        sign = json.dumps(str(path))
        return any(sign in json.dumps(job.payload) for job in read_jobs(self._store, "WHERE state IN ('queued', 'running')"))

    def wait(self, key: str, timeout_s: float | None = None) -> Job:
        """The job once it has ended, or as it is when the time is over."""
        with self._settled:
            self._settled.wait_for(lambda: not self.get(key).active, timeout_s)
            return self.get(key)

    # ---- the process's own ----

    def start(self, after_s: float = 0.0) -> None:
        """Take up what an earlier process left, then work in a thread; a second call does nothing.

        after_s: how long to leave the machine to others before the first job.
        """
        with self._lock:
            if self._thread:
                return
            self._recover()
            self._thread = threading.Thread(target=self._loop, args=(after_s,), name="jobs", daemon=True)
            self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> bool:
        """Stop for good; the running job is queued again for the next start. False where its handler would not stop."""
        self._stopping.set()
        self._wake.set()
        thread = self._thread
        if thread and thread is not threading.current_thread():
            thread.join(timeout_s)
        with self._lock:
            left, self._active = self._active, None
        return left is None

    def _recover(self) -> None:
        for job in read_jobs(self._store, "WHERE state = 'running' ORDER BY created_at"):
            if job.result.get("_cancel"):
                self._save(job.id, state="cancelled", finished_at=self._now(), result={})
            elif job.result.get("_starts", 0) >= MAX_STARTS:
                self._fail(job, f"Moodgate was stopped {MAX_STARTS} times while it worked on this; it was given up")
            else:
                LOG.warning("the job %r was cut off and starts again", job.title)
                self._save(job.id, state="queued", started_at=None)

    def _loop(self, after_s: float) -> None:
        self._stopping.wait(after_s)
        while not self._stopping.is_set():
            task = self._take()
            if task:
                self._work(task)
            else:
                self._wake.wait()
                self._wake.clear()

    def _take(self) -> Task | None:
        with self._lock:
            self._save_again()
            found = read_jobs(self._store, "WHERE state = 'queued' ORDER BY created_at")
            waiting = next((job for job in found if self._seen(job).state == "queued"), None)
            if waiting is None or self._stopping.is_set():
                return None
            notes = {"_starts": waiting.result.get("_starts", 0) + 1}
            self._save(waiting.id, state="running", started_at=self._now(), result=notes)
            self._active = Task(replace(waiting, state="running", result=notes), self._stopping)
            return self._active

    def _work(self, task: Task) -> None:
        try:
            handler = self._handlers.get(task.job.kind)
            if handler is None:
                raise JobError(f"this version of Moodgate has no job of the kind {task.job.kind!r}")
            result = handler(task)
            json.dumps(result)  # a result that the database can't take is the handler's failure, and told as such
            ended: Json = {"state": "done", "error": None, "result": result}
        except CancelledError:
            ended = {"state": "cancelled", "result": {}} if task.stop.is_set() else self._requeued(task)
        except InputError as error:
            ended = {"state": "failed", "error": str(error), "result": {}}
        except Exception as error:  # a fault of ours ends the job, and must not end the worker of all others
            LOG.exception("the job %r failed", task.job.title)
            why = f"{type(error).__name__}: {error}".rstrip(": ")
            ended = {"state": "failed", "error": f"Moodgate itself failed: {why}; the log says more", "result": {}}
        self._settle(task, ended)

    def _requeued(self, task: Task) -> Json:
        """An orderly stop is no fault of the job's, and not counted against it."""
        return {"state": "queued", "started_at": None, "result": {"_starts": task.job.result["_starts"] - 1}}

    def _settle(self, task: Task, ended: Json) -> None:
        with self._settled:
            if self._active is not task:
                return  # `stop` has given it up, and the database may be closed
            moment = None if ended["state"] == "queued" else self._now()
            self._save(task.job.id, finished_at=moment, **ended)
            self._active = None
            self._settled.notify_all()
        if ended["state"] == "done":
            self._finish(task)

    def _finish(self, task: Task) -> None:
        for do in task.after:
            try:
                do()
            except InputError as error:
                LOG.warning("after the job %r: %s", task.job.title, error)

    def _fail(self, job: Job, sentence: str) -> None:
        self._save(job.id, state="failed", error=sentence, finished_at=self._now(), result={})

    def _save(self, key: str, **fields: Any) -> None:
        """Write a job's state; where there is no room it is kept in memory, and tried again before the next job.

        A row that is gone went with its store, and is not missed.
        """
        whole = self._unsaved.get(key, {}) | fields
        try:
            self._store.update_job(key, **whole)
        except OutputError as error:
            LOG.warning("a job's state can't be written: %s", error)
            self._unsaved[key] = whole
        except DataError as error:
            LOG.warning("%s; what became of it is not kept", error)
            self._unsaved.pop(key, None)
        else:
            self._unsaved.pop(key, None)

    def _save_again(self) -> None:
        for key, fields in list(self._unsaved.items()):
            self._save(key, **fields)

    def _seen(self, job: Job) -> Job:
        """The row with what only memory knows."""
        job = replace(job, **self._unsaved.get(job.id, {}))
        job = replace(job, result=shown(job.result))
        task = self._active
        if job.state == "running" and task and task.job.id == job.id:
            told = task.progress
            stage = "stopping" if task.stop.is_set() else told.stage
            return replace(job, stage=stage, share=told.share, speed=told.speed, left_s=told.left_s)
        return job

    def _now(self) -> datetime:
        """Now, later than any moment given before: the order of the queue."""
        self._newest = max(datetime.now(UTC), self._newest + timedelta(microseconds=1))
        return self._newest


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except (ValueError, TypeError, AttributeError):
        return False
    return True
