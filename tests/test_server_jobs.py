"""The runner of background jobs, with toy handlers and a real database."""

import logging
import os
import signal
import subprocess
import threading
from contextlib import contextmanager

import pytest

from fer_core.errors import FilmError, InputError, OutputError
from fer_core.store import Store
from server.jobs import MAX_STARTS, JobError, JobRunner
from tests.days import count, make_day, python, rows


class Gate:
    """A handler that waits until it is let through, and tells what it was given."""

    def __init__(self):
        self.begun, self.open, self.payloads = threading.Event(), threading.Event(), []

    def __call__(self, task):
        self.payloads.append(task.payload)
        task.tell("waiting", 0.25, 3.0, 12.0)
        self.begun.set()
        while not self.open.wait(0.01):
            task.check()
        return {"visits": 3}


def add(task):
    return {"sum": task.payload["a"] + task.payload["b"]}


def refuse(task):
    raise FilmError("entry.mp4: the film holds sound only")


def break_down(task):
    return {"ratio": 1 / 0}


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "moodgate.duckdb") as opened:
        yield opened


@contextmanager
def running(store, **handlers):
    runner = JobRunner(store, handlers)
    runner.start()
    try:
        yield runner
    finally:
        assert runner.stop()


def test_no_job_at_all(store):
    with running(store, add=add) as runner:
        assert runner.list() == []


def test_a_job_is_queued_done_and_remembered(store):
    runner = JobRunner(store, {"add": add})
    key = runner.submit("add", "Main <Street>", "a \"title\" & 'more'", {"a": 1, "b": 2})
    waiting = runner.get(key)
    assert (waiting.state, waiting.store, waiting.title) == ("queued", "Main <Street>", "a \"title\" & 'more'")
    assert waiting.active and waiting.started_at is None and waiting.created_at.tzinfo
    runner.start()
    done = runner.wait(key, 20)
    assert (done.state, done.result, done.error, done.payload) == ("done", {"sum": 3}, None, {"a": 1, "b": 2})
    assert done.created_at <= done.started_at <= done.finished_at
    runner.stop()
    assert JobRunner(store, {}).get(key) == done


def test_jobs_run_in_the_order_of_their_coming_and_are_listed_newest_first(store):
    order = []
    with running(store, note=lambda task: order.append(task.payload["n"]) or {}) as runner:
        keys = [runner.submit("note", "", f"job {n}", {"n": n}) for n in range(5)]
        runner.wait(keys[-1], 20)
        assert order == [0, 1, 2, 3, 4]
        assert [job.id for job in runner.list()] == keys[::-1]
        assert [job.id for job in runner.list(limit=2)] == keys[:2:-1]
        assert len(runner.list(limit=None)) == 5


def test_progress_is_told_while_it_runs_and_costs_no_write(store):
    gate = Gate()
    with running(store, gate=gate) as runner:
        key = runner.submit("gate", "", "slow", {})
        assert gate.begun.wait(20)
        version = store.version()
        job = runner.get(key)
        assert (job.state, job.stage, job.share, job.speed, job.left_s) == ("running", "waiting", 0.25, 3.0, 12.0)
        assert job.result == {}  # the runner's own notes are its own
        assert runner.list() == [job]
        gate.open.set()
        done = runner.wait(key, 20)
        assert (done.stage, done.share, done.left_s) == ("", None, None)
        assert store.version() == version


def test_cancel_of_a_running_and_of_a_waiting_job(store):
    gate = Gate()
    with running(store, gate=gate) as runner:
        first, second = (runner.submit("gate", "", "slow", {"n": n}) for n in range(2))
        assert gate.begun.wait(20)
        runner.cancel(second)
        assert runner.get(second).state == "cancelled"
        runner.cancel(first)
        assert runner.wait(first, 20).state == "cancelled"
        assert runner.get(first).finished_at
        runner.cancel(first)  # again: stays as it is
    assert gate.payloads == [{"n": 0}]


def test_cancel_of_a_done_job_changes_nothing(store):
    with running(store, add=add) as runner:
        key = runner.submit("add", "", "sum", {"a": 1, "b": 1})
        done = runner.wait(key, 20)
        runner.cancel(key)
        runner.retry(key)
        assert runner.get(key) == done


def test_a_users_mistake_is_told_in_its_own_words_and_can_be_tried_again(store):
    failing = [True]

    def maybe(task):
        return refuse(task) if failing[0] else {"visits": 1}

    with running(store, maybe=maybe) as runner:
        key = runner.submit("maybe", "", "day", {})
        failed = runner.wait(key, 20)
        assert (failed.state, failed.error) == ("failed", "entry.mp4: the film holds sound only")
        failing[0] = False
        runner.retry(key)
        done = runner.wait(key, 20)
        assert (done.state, done.error, done.result) == ("done", None, {"visits": 1})
        assert done.created_at > failed.created_at
        assert len(runner.list()) == 1


def test_our_own_failure_is_logged_and_ends_the_job_alone(store, caplog):
    with running(store, break_down=break_down, add=add) as runner:
        broken = runner.submit("break_down", "", "day", {})
        good = runner.submit("add", "", "sum", {"a": 1, "b": 1})
        assert runner.wait(good, 20).state == "done"
        error = runner.get(broken).error
    assert error == "Moodgate itself failed: ZeroDivisionError: division by zero; the log says more"
    assert any(record.exc_info for record in caplog.records if record.levelno == logging.ERROR)


def test_a_result_that_is_no_json_is_a_failure_of_ours(store, caplog):
    with running(store, bad=lambda task: {"moment": object()}, add=add) as runner:
        bad, good = runner.submit("bad", "", "", {}), runner.submit("add", "", "", {"a": 1, "b": 1})
        assert runner.wait(good, 20).state == "done"
        assert runner.get(bad).error.startswith("Moodgate itself failed: TypeError")
    assert caplog.records


def test_what_is_done_afterwards_comes_after_the_row(store, caplog):
    seen = []

    def handler(task):
        task.afterwards(lambda: seen.append(runner.get(task.job.id).state))
        task.afterwards(lambda: refuse(task))
        task.afterwards(lambda: seen.append("last"))
        return {}

    with running(store, handler=handler, add=add) as runner:
        runner.submit("handler", "", "", {})
        runner.wait(runner.submit("add", "", "", {"a": 1, "b": 1}), 20)
    assert seen == ["done", "last"]
    assert "sound only" in caplog.text


@pytest.mark.parametrize("key", ["", "no-uuid", "'; DROP TABLE jobs", "676ecc4a-330d-41f3-ad19-07ea29c3dac4"])
def test_unknown_jobs(store, key):
    runner = JobRunner(store, {})
    for ask in (runner.get, runner.cancel, runner.retry):
        with pytest.raises(JobError, match="no such job"):
            ask(key)


def test_unknown_kinds_and_payloads_that_are_no_json(store):
    runner = JobRunner(store, {"add": add})
    with pytest.raises(JobError, match="'dance'; known are add"):
        runner.submit("dance", "", "", {})
    with pytest.raises(TypeError):
        runner.submit("add", "", "", {"a": object()})
    assert runner.list() == []


def test_a_job_whose_row_went_meanwhile_ends_quietly(store, caplog):
    gate = Gate()
    with running(store, gate=gate, add=add) as runner:
        runner.submit("gate", "", "", {})
        assert gate.begun.wait(20)
        with store.cursor() as cursor:
            cursor.execute("DELETE FROM jobs")
        gate.open.set()
        assert runner.wait(runner.submit("add", "", "", {"a": 1, "b": 1}), 20).state == "done"
    assert "there is no job" in caplog.text


def test_needs_finds_a_file_in_what_waits(store, tmp_path):
    runner = JobRunner(store, {"add": add})
    film = tmp_path / 'a "b" ö.mp4'
    key = runner.submit("add", "", "", {"entry": [{"path": str(film)}]})
    assert runner.needs(film) and not runner.needs(tmp_path / "other.mp4")
    runner.cancel(key)
    assert not runner.needs(film)


# ---- the end of a process -------------------------------------------------------------------------------------------


def leave_running(store, key, **notes):
    """The row as a killed process leaves it."""
    store.update_job(key, state="running", result={"_starts": 1, **notes})


def test_an_orderly_stop_queues_the_running_job_again(store):
    gate = Gate()
    with running(store, gate=gate) as runner:
        key = runner.submit("gate", "", "slow", {})
        assert gate.begun.wait(20)
    assert JobRunner(store, {}).get(key).state == "queued"
    gate.open.set()
    for _ in range(MAX_STARTS + 1):  # however often: no fault of the job's
        with running(store, gate=gate) as runner:
            job = runner.wait(key, 20)
    assert (job.state, job.result) == ("done", {"visits": 3})


def test_what_a_killed_process_left_starts_again(store, caplog):
    dead = JobRunner(store, {"add": add})
    first, second = (dead.submit("add", "", f"sum {n}", {"a": n, "b": 1}) for n in range(2))
    leave_running(store, first)
    with running(store, add=add) as runner:
        assert runner.wait(second, 20).result == {"sum": 2}
        assert runner.get(first).result == {"sum": 1}
    assert "starts again" in caplog.text


def test_what_was_cancelled_when_the_process_died_stays_cancelled(store):
    dead = JobRunner(store, {"add": add})
    key = dead.submit("add", "", "sum", {"a": 1, "b": 1})
    leave_running(store, key, _cancel=True)
    with running(store, add=add) as runner:
        assert runner.get(key).state == "cancelled"


def test_a_job_that_kills_its_process_again_and_again_is_given_up(store):
    dead = JobRunner(store, {"add": add})
    key = dead.submit("add", "", "sum", {"a": 1, "b": 1})
    leave_running(store, key, _starts=MAX_STARTS)
    with running(store, add=add) as runner:
        job = runner.get(key)
        assert job.state == "failed" and "given up" in job.error
        runner.retry(key)
        assert runner.wait(key, 20).state == "done"


def test_a_job_of_a_newer_version_fails_with_a_sentence(store):
    key = JobRunner(store, {"future": add}).submit("future", "", "", {})
    with running(store, add=add) as runner:
        assert "no job of the kind 'future'" in runner.wait(key, 20).error


class FullDisk(Store):
    """A database whose jobs can't be written while it is full."""

    full = False

    def update_job(self, job_id, **fields):
        if self.full:
            raise OutputError("no room left")
        super().update_job(job_id, **fields)


def test_an_end_that_cant_be_written_is_kept_and_written_later(tmp_path, caplog):
    with FullDisk.open(tmp_path / "moodgate.duckdb") as store:

        def fill(task):
            store.full = True
            return {"visits": 1}

        with running(store, fill=fill, add=add) as runner:
            key = runner.submit("fill", "", "", {})
            assert runner.wait(key, 20).state == "done"
            assert JobRunner(store, {}).get(key).state == "running"
            store.full = False
            runner.wait(runner.submit("add", "", "", {"a": 1, "b": 1}), 20)
            assert JobRunner(store, {}).get(key).result == {"visits": 1}
    assert "no room left" in caplog.text


WORKER = """
import time
from pathlib import Path
from fer_core.store import Store
from server.jobs import JobRunner
from tests.days import make_day

store = Store.open(Path(sys.argv[1]))

def slow(task):
    store.write_day(make_day(visits=3))
    print("written", flush=True)
    time.sleep(600)

runner = JobRunner(store, {"slow": slow})
key = runner.submit("slow", "Main Street", "a day", {"n": 1})
runner.start()
runner.wait(key)
"""


def test_sigkill_in_mid_job_loses_nothing_and_counts_nothing_twice(tmp_path):
    path = tmp_path / "moodgate.duckdb"
    with subprocess.Popen(python(WORKER, path), stdout=subprocess.PIPE, text=True) as worker:  # noqa: S603
        assert worker.stdout.readline() == "written\n"
        os.kill(worker.pid, signal.SIGKILL)

    with Store.open(path) as store:

        def quick(task):
            store.write_day(make_day(visits=3))
            return {"visits": 3}

        with running(store, slow=quick) as runner:
            (job,) = runner.list()
            assert runner.wait(job.id, 20).state == "done"
        assert count(store, "visits") == 3
        assert rows(store, "SELECT state FROM jobs") == [("done",)]


def test_two_threads_submit_and_cancel_while_it_works(store):
    with running(store, add=add) as runner:
        keys = []

        def go():
            for n in range(10):
                key = runner.submit("add", "", "", {"a": n, "b": 1})
                keys.append(key)
                if n % 3 == 0:
                    runner.cancel(key)

        threads = [threading.Thread(target=go) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ended = [runner.wait(key, 30) for key in keys]
    assert {job.state for job in ended} <= {"done", "cancelled"}
    assert all(job.result for job in ended if job.state == "done")


def test_errors_are_input_errors():
    assert issubclass(JobError, InputError)
