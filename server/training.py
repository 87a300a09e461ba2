"""The job that trains an expression model: a child process works, and this follows it by the run's folder.

Training in the server's process would starve the pages. A run stands in its folder, with a checkpoint after every epoch:
a stopped or killed one goes on from there when the job is begun again. Jobs are done one after the other, and a training
takes hours; so it gives way to any other job that waits, and goes on behind it.
"""

import logging
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from fer_core.errors import CancelledError, InputError
from fer_core.store import Store
from server import expression, runs
from server.job import Job, Json, Task, read_jobs
from server.runs import Asked, Run, asked_of
from server.workshop import Workshop

if TYPE_CHECKING:
    from server.services import Services

LOG = logging.getLogger(__name__)
KIND = "train"
_ROOT = Path(__file__).parents[1]
PROGRAM = (sys.executable, "-m", "server.child")
"""What runs a command of `fer_core` as a child."""
_LOOK_S = 0.5
_PATIENCE_S = 20.0
"""How long a job that waits lets the epoch be finished that is under way. More: less is trained twice, films wait longer."""
_TERM_S = 10.0
_LINES = 40


class Child:
    """A command of ours at work in a process of its own; what it says last is kept."""

    def __init__(self, arguments: list[str], program: tuple[str, ...] = PROGRAM) -> None:
        self._process = subprocess.Popen(  # noqa: S603
            [*program, *arguments], cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        self._said: deque[str] = deque(maxlen=_LINES)
        self._reader = Thread(target=self._read, name="training's words", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stderr is not None  # noqa: S101
        for line in self._process.stderr:
            self._said.append(line.decode("utf-8", "replace").strip())

    def ended(self, within_s: float) -> bool:
        """Whether it has ended by then."""
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """End it, if it hasn't; it is gone for sure afterwards."""
        if not self.ended(0):
            self._process.terminate()
            if not self.ended(_TERM_S):
                self._process.kill()
                self._process.wait()
        self._reader.join(_TERM_S)
        for pipe in (self._process.stdin, self._process.stderr):
            if pipe:
                pipe.close()

    def complaint(self) -> str:
        """The sentence that says why it failed, or "" where it didn't. After `stop`."""
        code = self._process.returncode
        said = [line for line in self._said if line]
        return complaint(code, said) if code else ""


def complaint(code: int, said: list[str]) -> str:
    """Why a child failed, from its exit code (negative: the signal) and the lines that it wrote last."""
    last = said[-1] if said else ""
    error = next((line.removeprefix("error: ") for line in reversed(said) if line.startswith("error: ")), "")
    if code == 2 and error:
        return error
    if any("No space left" in line for line in said):
        return "the disk is full: make some room, and continue the training"
    if code == -9:
        return "the training was killed by the system, most likely for want of memory; close other programs and continue it"
    LOG.warning("a training ended with %s: %s", code, "\n".join(said))
    return f"the training broke off: {last}" if last else f"the training broke off without a word (exit code {code})"


# ---- the handler ----------------------------------------------------------------------------------------------------


def train(shop: Workshop, task: Task, program: tuple[str, ...] = PROGRAM) -> Json:
    """{"data", "name", "epochs", "base", "own_classes"} → a run in models/NAME; goes on where there is one already."""
    asked = asked_of(task.payload)
    _give_way(shop.store, task, patient_until=0.0)
    out = runs.begin(shop.folder, asked)
    if not runs.read(out).finished:
        task.tell("reading the pictures", _share(runs.read(out)))
        _follow(shop, task, out, Child(asked.arguments(out), program))
    run = runs.read(out)
    if not run.finished:
        raise InputError("the training ended without a model")
    return {"run": run.name, "epochs": run.done, "last": dict(run.curve[-1]) if run.curve else {}}


def _follow(shop: Workshop, task: Task, out: Path, child: Child) -> None:
    """Until the child ends, of itself or because it is to stop."""
    clock, patient_until = _Clock(runs.read(out).done), None
    try:
        while not child.ended(_LOOK_S):
            task.check()
            run = runs.read(out)
            if clock.see(run.done):
                patient_until = 0.0 if patient_until else None  # an epoch is whole: nothing is lost by stopping now
            patient_until = _give_way(shop.store, task, patient_until)
            if run.done or clock.epoch_s:
                task.tell(_stage(run), _share(run), None, clock.left_s(run))
    finally:
        child.stop()
    why = child.complaint()
    if why:
        raise InputError(why)


def _stage(run: Run) -> str:
    return f"epoch {run.done + 1} of {run.epochs}" if run.done < run.epochs else "writing the model"


def _share(run: Run) -> float | None:
    return min(run.done / run.epochs, 1.0) if run.epochs else None


class _Clock:
    """How long an epoch takes, from when epochs were seen to end."""

    def __init__(self, done: int) -> None:
        self._done, self._first, self._ends = done, done, [time.monotonic()]

    def see(self, done: int) -> bool:
        """Whether an epoch has ended since the last look."""
        ended = done > self._done
        if ended:
            self._done = done
            self._ends.append(time.monotonic())
        return ended

    @property
    def epoch_s(self) -> float | None:
        """None until two have ended: the first begins with the reading of the pictures."""
        n = self._done - self._first
        return (self._ends[-1] - self._ends[1]) / (n - 1) if n > 1 and len(self._ends) > 2 else None

    def left_s(self, run: Run) -> float | None:
        """Until the last epoch ends."""
        if self.epoch_s is None:
            return None
        return max(0.0, self.epoch_s * (run.epochs - run.done) - (time.monotonic() - self._ends[-1]))


def _give_way(store: Store, task: Task, patient_until: float | None) -> float | None:
    """Let others go first: queue this job behind them, and leave (CancelledError), once `patient_until` has passed.

    Gives until when to be patient: None where nobody waits.
    """
    waiting = [job for job in read_jobs(store, "WHERE state = 'queued'") if job.kind != KIND]
    if not waiting:
        return None
    if patient_until is None:
        return time.monotonic() + _PATIENCE_S
    if time.monotonic() < patient_until:
        return patient_until
    behind = max(job.created_at for job in waiting) + timedelta(microseconds=1)
    store.update_job(task.job.id, created_at=max(behind, datetime.now(UTC)))
    raise CancelledError("the training lets other jobs go first")


# ---- for pages ------------------------------------------------------------------------------------------------------


def job_of(services: "Services", name: str) -> Job | None:
    """The newest job that trains or trained the run of that name."""
    jobs = (job for job in services.jobs.list(limit=None) if job.kind == KIND)
    return next((job for job in jobs if job.payload.get("name") == name), None)


def taken(services: "Services", name: str) -> bool:
    """Whether there is a run of that name, or one is queued, whatever its capitals."""
    queued = {str(job.payload.get("name")).casefold() for job in services.jobs.list(limit=None) if _waits(job)}
    return runs.taken(services.folder, name) or name.casefold() in queued


def _waits(job: Job) -> bool:
    return job.active and job.kind == KIND


def start(services: "Services", asked: Asked) -> str:
    """Queue a training; gives the job's id. InputError where the name is taken."""
    if taken(services, asked.name):
        raise InputError(f"there is a model {asked.name} already; choose another name")
    return _submit(services, asdict(asked))


def resume(services: "Services", run: Run) -> None:
    """Go on with a run that was stopped or failed, by its old job where that is still known."""
    job = job_of(services, run.name)
    if job and job.active:
        return
    if job and job.state != "done":
        services.jobs.retry(job.id)
    elif run.asked:
        _submit(services, asdict(run.asked))
    else:
        raise InputError(f"nobody knows what {run.name} was to learn from: continue it on the command line")


def discard(services: "Services", name: str) -> None:
    """Delete a run with its model. InputError while it is trained or waits for that, and while its model is in use."""
    from fer_core import queries

    job = job_of(services, name)
    if job and job.active:
        raise InputError(f"{name} is being trained: stop that first")
    if queries.setting(services.store, expression.SETTING, None) == f"{expression.RUNS}/{name}":
        raise InputError(f"{name} reads the expressions of reviews: choose another model first")
    runs.remove(services.folder, name)


def _submit(services: "Services", payload: Mapping[str, Any]) -> str:
    return services.jobs.submit(KIND, "", f"Training: {payload['name']}", payload)
