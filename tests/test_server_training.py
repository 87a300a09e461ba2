"""Trainings as jobs: followed, stopped, gone on with, giving way; with a toy trainer, and once with the real one."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from fer_core import dataset
from fer_core.dataset import LabelledFaces
from fer_core.errors import InputError
from fer_core.store import Store
from server import runs, training
from server.handlers import kinds
from server.jobs import JobRunner
from server.runs import Asked, asked_of
from server.services import Services
from server.training import complaint, discard, job_of, resume, start
from server.uploads import Uploads
from server.workshop import Workshop
from tests.days import python

TOY = """
import json, os, sys, time
out, epochs = sys.argv[sys.argv.index("--out") + 1], int(sys.argv[sys.argv.index("--epochs") + 1])
speed = json.load(open(sys.argv[2]))
def write(name, what):
    with open(f"{out}/part-{name}", "w") as file: file.write(what)
    os.replace(f"{out}/part-{name}", f"{out}/{name}")
with open(f"{out}/pids.txt", "a") as file: file.write(f"{os.getpid()} ")
try: curve = json.load(open(f"{out}/state.json"))["curve"]
except OSError: curve = []
for line in speed.get("says", []): print(line, file=sys.stderr)
if "exit" in speed: sys.exit(speed["exit"])
while len(curve) < epochs:
    time.sleep(speed["epoch_s"])
    curve.append({"epoch": len(curve) + 1, "loss": 1 / (1 + len(curve)), "held_fer2013": 50.0})
    write("state.json", json.dumps({"settings": {"epochs": epochs}, "labels": ["a", "b"], "curve": curve}))
write("model.onnx", "toy"); write("report.json", json.dumps({"held_back": 3}))
"""
"""A trainer that learns nothing: an epoch each `epoch_s`; it dies with `exit` where its data say so, after its `says`."""


@pytest.fixture(autouse=True)
def looked_at_often(monkeypatch):
    monkeypatch.setattr(training, "_LOOK_S", 0.05)


@pytest.fixture
def toy(tmp_path):
    script = tmp_path / "toy.py"
    script.write_text(TOY)
    return sys.executable, str(script)


@pytest.fixture
def data(tmp_path):
    def made(**speed) -> str:
        path = tmp_path / f"{len(list(tmp_path.glob('*.speed')))}.speed"
        path.write_text(json.dumps(speed))
        return str(path)

    return made


@contextmanager
def at_work(store, folder: Path, program: tuple[str, ...] = training.PROGRAM, **handlers):
    """Services whose jobs run, with that trainer."""
    uploads = Uploads(folder / "uploads")
    shop = Workshop(folder, store, uploads)
    runner = JobRunner(store, kinds(shop) | {"train": partial(training.train, shop, program=program), **handlers})
    runner.start()
    try:
        yield Services(folder, store, runner, uploads)
    finally:
        assert runner.stop()


def until(what, timeout_s: float = 30.0):
    """What it gives once that is true of something."""
    end = time.monotonic() + timeout_s
    while not (found := what()):
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)
    return found


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1][:3]


def pids(folder: Path, name: str) -> list[int]:
    path = folder / "models" / name / "pids.txt"
    return list(map(int, path.read_text().split())) if path.exists() else []


# ---- what is asked --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "sentence"),
    [
        ({}, "doesn’t say"),
        ({"data": "x", "name": "a"}, "doesn’t say"),
        ({"data": "x", "name": "a", "epochs": "many"}, "doesn’t say"),
        ({"data": "x", "name": 5, "epochs": 1}, "doesn’t say"),
        ({"data": "", "name": "a", "epochs": 1}, "no set"),
        ({"data": "x", "name": "../a", "epochs": 1}, "the name of the model may have"),
        ({"data": "x", "name": " a", "epochs": 1}, "can't be the name"),
        ({"data": "x", "name": "a", "epochs": 0}, "1 to 1000 epochs"),
        ({"data": "x", "name": "a", "epochs": 1, "base": "resnet"}, "moodgate or scratch"),
    ],
)
def test_a_payload_that_says_too_little_is_refused(payload, sentence):
    with pytest.raises(InputError, match=sentence):
        asked_of(payload)


def test_the_command_line_of_a_training():
    asked = asked_of({"data": "set.npz", "name": "mine", "epochs": 3, "own_classes": True, "unknown": 1})
    out = Path("models/mine")
    assert asked.arguments(out) == [
        "train", "set.npz", "--out", str(out), "--epochs", "3", "--base", "moodgate", "--own-classes",
    ]  # fmt: skip
    tiny = replace(asked, base="scratch", own_classes=False, widths=(4, 8), blocks=1, batch=16)
    assert tiny.arguments(out)[6:] == ["--widths", "4", "8", "--blocks", "1", "--batch", "16"]
    assert asked_of(json.loads(json.dumps(asdict(tiny)))) == tiny


@pytest.mark.parametrize(
    ("code", "said", "sentence"),
    [
        (1, [], "the training broke off without a word (exit code 1)"),
        (2, ["epoch 1", "error: a.npz: holds nothing"], "a.npz: holds nothing"),
        (1, ["Traceback …", "KeyError: 'x'"], "the training broke off: KeyError: 'x'"),
        (1, ["OSError: [Errno 28] No space left on device: 'part'"], "the disk is full"),
        (-9, ["epoch 1"], "want of memory"),
    ],
)
def test_why_a_child_failed(code, said, sentence):
    assert sentence in complaint(code, said)


# ---- runs -----------------------------------------------------------------------------------------------------------


def test_no_run_at_all(tmp_path):
    assert runs.all_runs(tmp_path) == []
    (tmp_path / "models" / "not a run").mkdir(parents=True)
    (tmp_path / "models" / "file").write_text("")
    assert runs.all_runs(tmp_path) == []


@pytest.mark.parametrize("state", ["", "{", "[]", '{"curve": 3}', '{"curve": [3], "settings": null}', '{"labels": null}'])
def test_a_damaged_run_is_read_as_far_as_it_goes(tmp_path, state):
    place = runs.begin(tmp_path, Asked("x", "mine", 7))
    (place / "state.json").write_text(state)
    run = runs.read(place)
    assert (run.name, run.done, run.epochs, run.finished) == ("mine", 0, 7, False)
    assert runs.all_runs(tmp_path) == [run]


@pytest.mark.parametrize("name", ["", ".", "..", "../models", "gone", "not a run"])
def test_only_a_run_is_deleted(tmp_path, name):
    (tmp_path / "models" / "not a run").mkdir(parents=True)
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(InputError, match="no run"):
        runs.remove(tmp_path, name)
    place = tmp_path / "models" / "v1.2"
    place.mkdir()
    (place / "state.json").write_text("{}")  # begun on the command line
    runs.remove(tmp_path, "v1.2")
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["not a run"]


# ---- with a toy trainer ---------------------------------------------------------------------------------------------


def test_a_training_is_followed_to_its_model(store, tmp_path, toy, data):
    with at_work(store, tmp_path, toy) as services:
        key = start(services, Asked(data(epoch_s=0.4), "mine", 3, "scratch"))
        seen = until(lambda: (job := services.jobs.get(key)).stage.startswith("epoch 3") and job)
        assert seen.share == pytest.approx(2 / 3)
        job = services.jobs.wait(key, 30)
        assert (job.state, job.title, job.error) == ("done", "Training: mine", None)
        assert job.result == {"run": "mine", "epochs": 3, "last": {"epoch": 3, "loss": 1 / 3, "held_fer2013": 50.0}}
    (run,) = runs.all_runs(tmp_path)
    assert run.finished and run.labels == ("a", "b") and run.report == {"held_back": 3}
    assert run.asked == Asked(run.asked.data, "mine", 3, "scratch")
    assert not alive(pids(tmp_path, "mine")[0])


def test_a_stopped_training_goes_on_where_it_was(store, tmp_path, toy, data):
    with at_work(store, tmp_path, toy) as services:
        key = start(services, Asked(data(epoch_s=0.3), "mine", 8))
        until(lambda: runs.read(tmp_path / "models" / "mine").done)
        services.jobs.cancel(key)
        assert services.jobs.wait(key, 20).state == "cancelled"
        (pid,) = pids(tmp_path, "mine")
        assert not alive(pid)
        stopped = runs.read(tmp_path / "models" / "mine")
        assert not stopped.finished and 0 < stopped.done < 8
        resume(services, stopped)
        resume(services, stopped)  # a second press does nothing
        assert services.jobs.wait(key, 30).state == "done"
        assert [point["epoch"] for point in runs.read(stopped.folder).curve] == list(range(1, 9))
        assert len(services.jobs.list()) == 1


def test_a_run_without_its_job_goes_on_by_what_it_was_asked(store, tmp_path, toy, data):
    place = runs.begin(tmp_path, Asked(data(epoch_s=0.01), "mine", 2))
    with at_work(store, tmp_path, toy) as services:
        resume(services, runs.read(place))
        assert services.jobs.wait(job_of(services, "mine").id, 20).state == "done"
        (place / "run.json").unlink()
        (place / "model.onnx").unlink()
        store.update_job(job_of(services, "mine").id, payload={"name": "other"})
        with pytest.raises(InputError, match="on the command line"):
            resume(services, runs.read(place))


def test_a_child_that_fails_ends_the_job_with_its_last_sentence(store, tmp_path, toy, data):
    with at_work(store, tmp_path, toy) as services:
        key = start(services, Asked(data(exit=2, says=["reading", "error: mine.npz: holds one class only: happy"]), "a", 2))
        assert services.jobs.wait(key, 20).error == "mine.npz: holds one class only: happy"
        key = start(services, Asked(data(exit=0), "b", 2))
        assert services.jobs.wait(key, 20).error == "the training ended without a model"
        key = start(services, Asked(data(epoch_s=60), "c", 2))
        os.kill(until(lambda: pids(tmp_path, "c"))[0], signal.SIGKILL)
        assert "want of memory" in services.jobs.wait(key, 20).error


def test_a_training_lets_films_go_first_and_goes_on_behind_them(store, tmp_path, toy, data, monkeypatch):
    monkeypatch.setattr(training, "_PATIENCE_S", 0.2)
    order = []

    def film(task):
        order.append((task.payload["film"], [pid for pid in pids(tmp_path, "one") if alive(pid)]))
        return {}

    with at_work(store, tmp_path, toy, film=film) as services:
        first = start(services, Asked(data(epoch_s=0.4), "one", 6))
        second = start(services, Asked(data(epoch_s=0.01), "two", 1))
        until(lambda: pids(tmp_path, "one"))
        film_key = services.jobs.submit("film", "", "a film", {"film": "a.mp4"})
        assert services.jobs.wait(film_key, 20).state == "done"
        assert order == [("a.mp4", [])]  # the child is gone while films have the machine
        assert services.jobs.wait(first, 30).state == "done" == services.jobs.wait(second, 30).state
    assert runs.read(tmp_path / "models" / "one").done == 6
    assert len(pids(tmp_path, "one")) >= 2
    assert len(pids(tmp_path, "two")) == 1


def test_names_are_taken_once_and_a_run_at_work_stays(store, tmp_path, toy, data):
    with at_work(store, tmp_path, toy) as services:
        key = start(services, Asked(data(epoch_s=0.2), "Mine", 3))
        with pytest.raises(InputError, match="a model Mine already"):
            start(services, Asked(data(epoch_s=0.2), "Mine", 3))
        with pytest.raises(InputError, match="stop that first"):
            discard(services, "Mine")
        services.jobs.wait(key, 20)
        with pytest.raises(InputError, match="a model mine already"):
            start(services, Asked(data(epoch_s=0.2), "mine", 3))
        discard(services, "Mine")
        assert runs.all_runs(tmp_path) == [] == list((tmp_path / "models").iterdir())
        with pytest.raises(InputError, match="no run Mine"):
            discard(services, "Mine")


def test_a_stopped_server_takes_its_training_up_again(store, tmp_path, toy, data):
    with at_work(store, tmp_path, toy) as services:
        key = start(services, Asked(data(epoch_s=0.3), "mine", 6))
        until(lambda: runs.read(tmp_path / "models" / "mine").done)
    assert not alive(pids(tmp_path, "mine")[0])
    assert services.jobs.get(key).state == "queued"
    with at_work(store, tmp_path, toy) as services:
        assert services.jobs.wait(key, 30).state == "done"
    assert len(pids(tmp_path, "mine")) == 2


# ---- with the real one ----------------------------------------------------------------------------------------------

KILLED = """
from server.services import services
from server.runs import Asked
from server import training
made = services()
made.jobs.start()
training.start(made, Asked(sys.argv[1], "real", 3, "scratch", widths=(4, 8), blocks=1, batch=16))
print("begun", flush=True)
sys.stdin.read()
"""


def test_a_real_training_outlives_the_kill_of_its_server(tmp_path, monkeypatch):
    monkeypatch.setenv("MOODGATE_DATA", str(tmp_path))
    file = tmp_path / "faces.npz"
    dataset.save(toy_faces(), file)
    place = tmp_path / "models" / "real"
    with subprocess.Popen(python(KILLED, file), stdin=subprocess.PIPE) as server:  # noqa: S603
        try:
            until(lambda: (place / "state.json").exists(), 300)
        finally:
            server.kill()
    before = runs.read(place)
    with Store.open(tmp_path / "moodgate.duckdb") as store, at_work(store, tmp_path) as services:
        key = services.jobs.list()[0].id
        job = services.jobs.wait(key, 300)
        assert (job.state, job.error) == ("done", None)
    run = runs.read(place)
    assert run.finished and run.done == 3 and run.curve[: before.done] == before.curve
    assert (place / "model.onnx").stat().st_size > 1000


def toy_faces(n: int = 96) -> LabelledFaces:
    """Bright faces are happy, dark ones sad."""
    rng = np.random.default_rng(1)
    label = np.where(rng.random(n) < 0.5, 3, 4)
    image = np.clip(rng.normal(np.where(label == 3, 200, 60)[:, None, None], 20, (n, 48, 48)), 0, 255).astype(np.uint8)
    return LabelledFaces(image, label.astype(np.int64), np.zeros(n, np.int64), np.zeros(n, bool))


def test_a_child_dies_with_its_server_and_works_at_low_priority():
    code = "import server.child, time; server.child.begin(); print('up', flush=True); time.sleep(60)"
    child = subprocess.Popen(python(code), stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
    assert child.stdout.readline() == b"up\n"
    assert os.getpriority(os.PRIO_PROCESS, child.pid) >= 15
    child.stdin.close()
    assert child.wait(20) == 86
    child.stdout.close()
