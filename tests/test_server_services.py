"""One database a process and folder: opened at first use, served by the app's lifespan, seeded once."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from fer_core.errors import NotAStoreError, StoreLockedError
from fer_core.store import Store
from server import lifespan
from server.lifespan import prepare, seed, tidy
from server.services import close_all, data_folder, services
from server.uploads import STALE_S
from tests.days import make_day, python, rows

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MOODGATE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MOODGATE_NO_SAMPLE", "1")
    yield tmp_path / "data"
    close_all()


def upload(made, name="film.mp4", data=b"12345"):
    key = made.uploads.create(name, len(data)).id
    with made.uploads.appending(key, 0) as part:
        part.write(data)
    return made.uploads.path_of(key)


def leave(made, state, films, **payload):
    """A review of those films that ended so, as a row."""
    key = made.jobs.submit(
        "review", "Main Street", "a day", {"entry": [{"path": str(f)} for f in films], "exit": [], **payload}
    )
    made.store.update_job(key, state=state)
    return key


# ---- services -------------------------------------------------------------------------------------------------------


def test_one_for_each_folder(folder, tmp_path):
    made = services()
    assert services() is made and made.folder == folder
    other = services(tmp_path / "other")
    assert other is not made and services(tmp_path / "other") is other
    assert (folder / "moodgate.duckdb").exists()


def test_the_data_folder_is_the_command_lines(monkeypatch):
    from fer_core.cli import common

    for value in ("", "/somewhere/else"):
        monkeypatch.setenv("MOODGATE_DATA", value)
        assert data_folder() == common.data_folder()


def test_many_threads_open_it_once():
    found = []
    threads = [threading.Thread(target=lambda: found.append(services())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(map(id, found))) == 1


def test_closed_and_opened_again(folder):
    first = services()
    first.store.put_store("Main Street")
    close_all()
    close_all()
    with Store.open(folder / "moodgate.duckdb") as store:
        assert rows(store, "SELECT name FROM stores") == [("Main Street",)]
    assert services() is not first


def test_what_cant_be_opened_is_told_and_tried_again(folder):
    folder.mkdir()
    database = folder / "moodgate.duckdb"
    database.write_text("something else altogether")
    for _ in range(2):
        with pytest.raises(NotAStoreError, match="not a DuckDB file"):
            services()
    database.unlink()
    assert services().store.version() == 0


HOLDER = """
from pathlib import Path
from fer_core.store import Store
store = Store.open(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""


def test_a_database_that_another_process_holds(folder):
    command = python(HOLDER, folder / "moodgate.duckdb")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as holder:  # noqa: S603
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(StoreLockedError, match=str(holder.pid)):
            services()
    assert services().store.version() == 0


def test_films_of_an_ended_job_can_be_deleted():
    made = services()
    first, second = upload(made), upload(made)
    failed = leave(made, "failed", [first, second, Path("/gone.mp4")])
    waiting = leave(made, "queued", [second])
    assert made.discard_films(failed) == 1
    assert not first.exists() and second.exists()
    assert made.discard_films(waiting) == 0
    made.jobs.cancel(waiting)
    assert made.discard_films(waiting) == 1


# ---- start and stop -------------------------------------------------------------------------------------------------


def run_app(during=lambda: None):
    async def live():
        async with lifespan(None) as state:
            assert state == {}
            await asyncio.to_thread(during)

    asyncio.run(live())


def test_the_app_opens_works_and_closes(folder):
    seen = []

    def during():
        made = services()
        key = made.jobs.submit("recompute", "Main Street", "", {"store": "Main Street"})
        seen.append(made.jobs.wait(key, 30))

    run_app(during)
    assert seen[0].state == "failed" and "no store" in seen[0].error
    with Store.open(folder / "moodgate.duckdb") as store:
        assert rows(store, "SELECT state FROM jobs") == [("failed",)]


def test_the_app_starts_although_the_database_cant_be_opened(folder, caplog):
    folder.mkdir()
    (folder / "moodgate.duckdb").write_text("something else altogether")

    def during():
        with pytest.raises(NotAStoreError):
            services()
        (folder / "moodgate.duckdb").unlink()
        made = services()  # opened at last, it is served as well
        key = made.jobs.submit("purge", "", "", {})
        assert made.jobs.wait(key, 30).state == "done"

    run_app(during)
    assert "not a DuckDB file" in caplog.text


def test_a_new_database_is_seeded_once(monkeypatch):
    made = services()
    assert not seed(made)
    monkeypatch.delenv("MOODGATE_NO_SAMPLE")
    assert seed(made)
    assert [(job.kind, job.store) for job in made.jobs.list()] == [("sample", "Sample shop"), ("history", "")]
    with made.store.cursor() as cursor:
        cursor.execute("DELETE FROM jobs")  # as the button that removes the sample data
    assert not seed(made)


def test_a_database_with_a_store_is_not_seeded(monkeypatch):
    monkeypatch.delenv("MOODGATE_NO_SAMPLE")
    made = services()
    made.store.put_store("Main Street")
    assert not seed(made)
    assert made.jobs.list() == []


def test_tidying_deletes_what_a_killed_process_left_and_keeps_what_is_wanted():
    made = services()
    names = ("done", "kept", "failed", "orphan", "fresh")
    films = {name: upload(made, f"{name}.mp4") for name in names}
    leave(made, "done", [films["done"]])
    leave(made, "done", [films["kept"]], keep_films=True)
    leave(made, "failed", [films["failed"]])
    then = time.time() - STALE_S - 60
    for name in names[:-1]:
        for path in (films[name], films[name].with_suffix(".json")):
            if path.exists():
                os.utime(path, (then, then))
    tidy(made)
    assert {name for name, film in films.items() if film.exists()} == {"kept", "failed", "fresh"}


def test_preparing_twice_does_no_harm():
    made = services()
    prepare(made)
    prepare(made)
    assert sum(thread.name == "jobs" for thread in threading.enumerate()) == 1


APP = """
import asyncio
from server import lifespan
from server.services import services
from tests.days import make_day

async def live():
    async with lifespan(None):
        services().store.write_day(make_day())
        print("ready", flush=True)
        await asyncio.sleep(600)

asyncio.run(live())
"""


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_whatever_ends_the_app_the_database_opens_again(folder, ending):
    with subprocess.Popen(python(APP), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as app:  # noqa: S603
        assert app.stdout.readline() == "ready\n"
        os.kill(app.pid, ending)
    made = services()
    assert rows(made.store, "SELECT count(*) FROM visits") == [(len(make_day().visits),)]


# ---- the house ------------------------------------------------------------------------------------------------------


def test_the_server_knows_no_streamlit():
    for path in (ROOT / "server").glob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert "import streamlit" not in source and "from ui" not in source and "from pages" not in source, path.name


def test_the_apps_start_loads_no_engine(folder):
    heavy = (
        "cv2",
        "av",
        "scipy",
        "tensorflow",
        "onnxruntime",
        "pandas",
        "streamlit",
        "fer_core.pipeline",
        "fer_core.cli.common",
    )
    start = "import sys, server; from server.services import services; services()"
    code = f"{start}; print([m for m in {heavy!r} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S603
    assert result.stdout.strip() == "[]"
