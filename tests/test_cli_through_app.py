"""`review` through a running app: a real server in a thread (or a process), real films of toy faces, a real database."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import duckdb
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse

from fer_core.__main__ import main
from fer_core.cli import common, through_app
from fer_core.cli.through_app import Asked, at_work, review_there
from fer_core.errors import AppAwayError, AppRefusedError, CancelledError, InputError
from fer_core.link import Link
from fer_core.pipeline import Film
from server import lifespan, routes, tokens
from server.accounts import Caller
from server.announcing import announce
from server.services import services
from tests.days import count, python
from tests.test_cli import refused
from tests.test_pipeline import engine
from tests.test_review_routes import films  # noqa: F401  the fixture

HORSE = "correct horse battery"


class Server:
    """The app's routes on a port of their own. `before` may answer in a request's place, or spoil it: (scope, receive) →
    None, an ASGI application, or another receive."""

    def __init__(self):
        self.before = lambda scope, receive: None
        self._port = socket.socket()
        self._port.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._port.getsockname()[1]}"
        config = uvicorn.Config(self, log_level="error", lifespan="on", timeout_graceful_shutdown=2)
        self._app = Starlette(routes=routes(), lifespan=lambda app: lifespan(app, url=lambda: self.url))
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._port]}, daemon=True)

    async def __call__(self, scope, receive, send):
        other = self.before(scope, receive) if scope["type"] == "http" else None
        if isinstance(other, PlainTextResponse):
            await other(scope, receive, send)
        else:
            await self._app(scope, other or receive, send)

    def start(self):
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def stop(self):
        self._server.should_exit = True
        self._thread.join(20)
        self._port.close()


@pytest.fixture
def app(store, monkeypatch):
    """A running app with toy backends on an empty database."""
    monkeypatch.setattr(common, "engine_of", lambda settings, *names: engine(review=settings.review))
    services().jobs.start()  # now: the server's own start leaves the machine to others first
    server = Server().start()
    yield server
    server.stop()


@pytest.fixture
def patience(monkeypatch):
    """Nobody waits long for an app that has gone away."""
    monkeypatch.setattr(through_app, "_PAUSES_S", (0.01, 0.01, 0.01))
    monkeypatch.setattr(through_app, "_LOOKS_S", (0.01,))
    monkeypatch.setattr(through_app, "PIECE_BYTES", 4096)


def command(films, *more):  # noqa: F811
    times = ["--entry-start", "2026-03-02T10:00:00+00:00", "--exit-start", "2026-03-02T10:10:00+00:00"]
    return [str(one) for one in ("review", *films, *times, "--store", "A", *more)]


def asked(films, **more):  # noqa: F811
    return Asked("A", (Film(films[0], "entry"), Film(films[1], "exit")), **more)


# ---- the way it goes ------------------------------------------------------------------------------------------------


def test_the_same_is_told_as_without_the_app(app, films, tmp_path, capsys):  # noqa: F811
    assert main(command(films, "--db", tmp_path / "own" / "own.duckdb", "--json", "--out", tmp_path / "own.csv")) == 0
    own = json.loads(capsys.readouterr().out)
    assert main(command(films, "--server", app.url, "--json", "--out", tmp_path / "app.csv")) == 0
    told = json.loads(capsys.readouterr().out)
    assert own.pop("seconds") >= 0 and told.pop("seconds") >= 0
    assert told == own and told["visits"] == 2
    assert columns(tmp_path / "app.csv") == columns(tmp_path / "own.csv")
    assert count(services().store, "visits") == 2 and services().uploads.all() == []


def columns(path):
    """The table without what differs from one writing to the next."""
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT * EXCLUDE (visit_id, entry_appearance_id, exit_appearance_id, created_at) FROM read_csv(?)", [str(path)]
        )
        return [one[0] for one in found.description], found.fetchall()


def test_the_same_table_is_shown(app, films, tmp_path, capsys):  # noqa: F811
    assert main(command(films, "--db", tmp_path / "own" / "own.duckdb")) == 0
    own = capsys.readouterr().out.rpartition("Written")[0]
    assert main(command(films, "--server", f"{app.url}/")) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(own) and f"by the app at {app.url}" in shown.replace("\n", "") and "positive" in own


def test_types_survive_into_parquet(app, films, tmp_path, capsys):  # noqa: F811
    for name, more in (("own", ["--db", tmp_path / "own.duckdb"]), ("app", ["--server", app.url])):
        assert main(command(films, *more, "--out", tmp_path / f"{name}.parquet")) == 0
    with duckdb.connect() as connection:
        own, told = (connection.execute(f"DESCRIBE FROM '{tmp_path}/{name}.parquet'").fetchall() for name in ("own", "app"))
    assert told == own
    capsys.readouterr()


def test_a_sample_store(app, films, capsys):  # noqa: F811
    assert main(command(films, "--server", app.url, "--sample-shop", "--json")) == 0
    services().store.put_store("Real")
    capsys.readouterr()
    said = refused(capsys, *command(films, "--server", app.url, "--sample-shop", "--store", "Real"))
    assert "is a real store here" in said


# ---- broken connections ---------------------------------------------------------------------------------------------


def test_a_film_goes_on_where_it_broke(app, films, patience):  # noqa: F811
    """Every second piece is cut off after its first bytes, and a server before the app says now and then that it is away."""
    seen = {"PATCH": 0, "GET": 0}

    def before(scope, receive):
        method = scope["method"]
        seen[method] = seen.get(method, 0) + 1
        if method == "GET" and seen["GET"] % 3 == 2:
            return PlainTextResponse("Bad gateway", 502)
        return cut(receive) if method == "PATCH" and seen["PATCH"] % 2 else None

    def cut(receive):
        left = [1]

        async def short():
            message = await receive() if left else {"type": "http.disconnect"}
            left.clear()
            return message | ({"body": message["body"][:700]} if message.get("body") else {})

        return short

    app.before = before
    told, table = review_there(Link(app.url), asked(films))
    assert told["visits"] == len(table) == 2 and seen["PATCH"] > 4


def test_an_app_that_goes_away_in_between(app, films, patience):  # noqa: F811
    app.before = lambda scope, receive: PlainTextResponse("", 503) if scope["method"] == "PATCH" else None
    with pytest.raises(AppAwayError, match="doesn’t answer"):
        review_there(Link(app.url), asked(films))
    app.before = lambda scope, receive: (
        PlainTextResponse("", 503) if scope["method"] == "GET" and scope["path"].startswith("/api/reviews/") else None
    )
    with pytest.raises(AppAwayError, match="the review goes on there once it runs again"):
        review_there(Link(app.url), asked(films))


def test_the_answer_to_the_beginning_is_lost(app, films, patience):  # noqa: F811
    lost = []

    def before(scope, receive):
        if scope["path"] == "/api/reviews" and services().uploads.all() and not lost:
            lost.append(1)
            made, upload = services(), services().uploads.all
            entry, leave = (str(made.uploads.path_of(one.id)) for one in upload())
            rows = [[{"path": path, "start": None, "door": ""}] for path in (entry, leave)]
            payload = dict(zip(("entry", "exit"), rows, strict=True)) | dict.fromkeys(("detector", "embedder", "emotion"))
            made.jobs.submit("review", "A", "t", {"store": "A", **payload, "sample": False, "by": ""})
            return PlainTextResponse("", 502)
        return None

    app.before = before
    told, _ = review_there(Link(app.url), asked(films))
    assert told["visits"] == 2 and len(services().jobs.list()) == 1


# ---- stopped --------------------------------------------------------------------------------------------------------


@pytest.fixture
def slow(app, monkeypatch):
    """Jobs get no further than the loading of their models until the event is set."""
    event = threading.Event()

    def engine_of(settings, *_names):
        event.wait(30)
        return engine(review=settings.review)

    monkeypatch.setattr(common, "engine_of", engine_of)
    yield event
    event.set()


def test_ctrl_c_ends_the_job_and_takes_the_films_away(app, slow, films, patience):  # noqa: F811
    waits = []

    def wait(_seconds):
        if services().jobs.list() and not waits:
            waits.append(1)
            raise KeyboardInterrupt
        slow.set()
        time.sleep(0.01)

    with pytest.raises(KeyboardInterrupt):
        review_there(Link(app.url), asked(films), wait)
    (job,) = services().jobs.list()
    assert job.state == "cancelled" and services().uploads.all() == [] and count(services().store, "visits") == 0


def test_ctrl_c_while_a_film_is_sent(app, films, patience, capsys):  # noqa: F811
    def before(scope, receive):
        if scope["method"] == "PATCH":
            raise_in_client.set()
            return PlainTextResponse("", 503)
        return None

    raise_in_client = threading.Event()

    def wait(_seconds):
        raise KeyboardInterrupt

    app.before = before
    with pytest.raises(KeyboardInterrupt):
        review_there(Link(app.url), asked(films), wait)
    assert raise_in_client.is_set() and services().uploads.all() == [] and services().jobs.list() == []


def test_one_that_is_stopped_on_the_page(app, slow, films, patience):  # noqa: F811
    def wait(_seconds):
        for job in services().jobs.list():
            services().jobs.cancel(job.id)
        slow.set()
        time.sleep(0.01)

    with pytest.raises(CancelledError):
        review_there(Link(app.url), asked(films), wait)


# ---- refused --------------------------------------------------------------------------------------------------------


def test_a_film_that_is_none_is_told_before_anything_is_sent(app, films, tmp_path, capsys):  # noqa: F811
    (tmp_path / "bad.mp4").write_text("no film" * 100)
    assert "bad.mp4" in refused(capsys, *command((films[0], tmp_path / "bad.mp4"), "--server", app.url))
    assert services().uploads.all() == []


def test_a_job_that_fails_leaves_no_films(app, films, monkeypatch, capsys, patience):  # noqa: F811
    def engine_of(*_names):
        raise InputError("the weights can't be had")

    monkeypatch.setattr(common, "engine_of", engine_of)
    assert refused(capsys, *command(films, "--server", app.url)) == "error: the weights can't be had"
    assert services().uploads.all() == [] and services().jobs.list()[0].state == "failed"


def test_what_the_app_would_refuse_is_told_before_the_films_travel(app, films, capsys):  # noqa: F811
    services().store.put_store("A")
    services().store.put_region("A", "eu")
    assert "notice" in refused(capsys, *command(films, "--server", app.url)).lower()
    services().store.put_store("B")
    assert "known are yunet" in refused(capsys, *command(films, "--server", app.url, "--store", "B", "--detector", "yolo"))
    assert services().uploads.all() == []


@pytest.mark.parametrize(("more", "sentence"), [
    (["--db", "a.duckdb"], "--db can’t be told"), (["--side", "320", "--samples", "3"], "--samples and --side can’t be told"),
    (["--token-file", "gone"], "no token can be read there"),
])  # fmt: skip
def test_options_that_dont_go_together(films, more, sentence, capsys):  # noqa: F811
    assert sentence in refused(capsys, *command(films, "--server", "http://127.0.0.1:1", *more))


def test_nobody_and_somebody_else_there(films, capsys, app):  # noqa: F811
    assert "Connection refused" in refused(capsys, *command(films, "--server", "http://127.0.0.1:9"))
    assert "is no address" in refused(capsys, *command(films, "--server", "shop.example"))
    for status in (200, 404):  # an older one shows its pages there, or nothing
        app.before = lambda scope, receive, status=status: PlainTextResponse("<html>", status)
        assert "or one too old" in refused(capsys, *command(films, "--server", app.url))


def test_tokens(app, films, tmp_path, capsys):  # noqa: F811
    made = services()
    anna = made.accounts.account(made.accounts.setup("Anna", HORSE, Caller("127.0.0.1", "a browser")))
    made.store.put_store("A")
    path = tmp_path / "token"
    there = command(films, "--server", app.url)
    assert "--token-file gives it" in refused(capsys, *there)
    path.write_text("mg_" + "A" * 43)
    assert "unknown there, or was revoked" in refused(capsys, *there, "--token-file", path)
    path.write_text(tokens.make(made.accounts, anna, "A", "sums", "reader"))
    assert "may not upload films" in refused(capsys, *there, "--token-file", path)
    path.write_text(tokens.make(made.accounts, anna, "A", "footage", "recorder"))
    assert "that store" in refused(capsys, *there, "--store", "B", "--token-file", path)
    assert "may not make" in refused(capsys, *there, "--sample-shop", "--token-file", path)
    assert made.uploads.all() == []
    assert main([*there, "--json", "--token-file", str(path)]) == 0
    assert json.loads(capsys.readouterr().out)["visits"] == 2


# ---- the app that has the database open -----------------------------------------------------------------------------

PROCESS = """
import sys
from fer_core.cli import common
from tests.test_cli_through_app import Server
from tests.test_pipeline import engine

common.engine_of = lambda settings, *names: engine(review=settings.review)
server = Server().start()
print("ready", flush=True)
sys.stdin.read()
server.stop()
"""


@contextlib.contextmanager
def another_process(folder):
    environment = os.environ | {"MOODGATE_DATA": str(folder), "MOODGATE_NO_SAMPLE": "1"}
    started = python(PROCESS)
    with subprocess.Popen(started, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as process:  # noqa: S603
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def test_the_app_that_has_the_database_open_does_it(films, tmp_path, capsys, patience, monkeypatch):  # noqa: F811
    folder = tmp_path / "data"
    monkeypatch.setenv("MOODGATE_DATA", str(folder))
    with another_process(folder) as process:
        assert main(command(films)) == 0
        shown = capsys.readouterr().out.replace("\n", "")
        assert "2 visits" in shown and "by the app at http://127.0.0.1:" in shown
        assert "--samples can’t be told" in refused(capsys, *command(films, "--samples", "3"))
        told = json.loads((folder / "server.json").read_text())
        for changed in ({"instance": "another"}, {"url": "http://127.0.0.1:9"}, {"database": "another.duckdb"}, {"url": 7}):
            (folder / "server.json").write_text(json.dumps(told | changed))
            assert f"PID {process.pid}" in refused(capsys, *command(films))
        (folder / "server.json").write_text(json.dumps(told))
        process.stdin.close()  # an orderly end takes the word back
        process.wait(30)
    assert not (folder / "server.json").exists()


def test_nobody_says_that_he_is_there(tmp_path):
    assert at_work(tmp_path / "moodgate.duckdb", None) is None
    for content in ("", "[]", "{}", '{"url": 7, "instance": "x", "database": "moodgate.duckdb"}'):
        (tmp_path / "server.json").write_text(content)
        assert at_work(tmp_path / "moodgate.duckdb", None) is None
    announce(tmp_path, "http://127.0.0.1:9", "moodgate.duckdb")
    assert at_work(tmp_path / "moodgate.duckdb", None) is None


def test_a_film_that_shrinks_while_it_is_sent(app, films, tmp_path, patience):  # noqa: F811
    film = Path(shutil.copy(films[0], tmp_path / "in.mp4"))

    def before(scope, receive):
        if scope["method"] == "PATCH":
            film.write_bytes(b"")
        return None

    app.before = before
    with pytest.raises(InputError, match="became shorter"):
        review_there(Link(app.url), asked((film, films[1])))
    assert services().uploads.all() == []


def test_an_answer_of_another_kind(app, films, patience):  # noqa: F811
    class Odd(Link):
        def ask(self, method, path, body=None, headers=None):
            found = super().ask(method, path, body, headers)
            return found._replace(body=[]) if path == "/upload" else found

    with pytest.raises(AppRefusedError, match="something else than"):
        review_there(Odd(app.url), asked(films))
