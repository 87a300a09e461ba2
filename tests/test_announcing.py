"""What the running app says beside its database of where it can be asked."""

import asyncio
import json
import os
import stat
from functools import partial

import pytest

from server import lifespan
from server.announcing import FILE, INSTANCE, announce, url_of, withdraw
from server.services import services
from tests.test_server_routes import ask, folder  # noqa: F401  the fixture


@pytest.mark.parametrize(("address", "port", "certificate", "url"), [
    ("127.0.0.1", 8501, None, "http://127.0.0.1:8501"), (None, 80, "", "http://127.0.0.1:80"),
    ("localhost", 1, None, "http://127.0.0.1:1"), ("0.0.0.0", 2, None, "http://127.0.0.1:2"),  # noqa: S104
    ("::", 3, None, "http://127.0.0.1:3"), ("::1", 4, None, "http://[::1]:4"), ("[::1]", 4, None, "http://[::1]:4"),
    ("192.168.1.9", 5, "cert.pem", "https://192.168.1.9:5"),
])  # fmt: skip
def test_where_programs_of_this_machine_reach_it(address, port, certificate, url):
    assert url_of(address, port, certificate) == url


def test_it_stands_there_while_the_server_runs(folder, monkeypatch):  # noqa: F811
    monkeypatch.setenv("MOODGATE_NO_SAMPLE", "1")

    async def live():
        async with lifespan(None, url=lambda: "http://127.0.0.1:4711"):
            return json.loads((folder / FILE).read_text()), stat.S_IMODE((folder / FILE).stat().st_mode)

    told, mode = asyncio.run(live())
    assert told == {"pid": os.getpid(), "url": "http://127.0.0.1:4711", "instance": INSTANCE, "database": "moodgate.duckdb"}
    assert mode == 0o600 and not (folder / FILE).exists()
    assert ask("GET", "/health").json["instance"] == INSTANCE


def test_a_database_that_cant_be_opened_is_not_announced_until_it_can(folder, monkeypatch):  # noqa: F811
    monkeypatch.setenv("MOODGATE_NO_SAMPLE", "1")
    (folder / "moodgate.duckdb").write_text("something else altogether")

    async def live():
        async with lifespan(None, url=lambda: "http://127.0.0.1:4711"):
            before = (folder / FILE).exists()
            (folder / "moodgate.duckdb").unlink()
            services()
            return before, (folder / FILE).exists()

    assert asyncio.run(live()) == (False, True)


def test_nobody_elses_is_taken_back(tmp_path):
    for content in ("", "no json", "[]", "{}", json.dumps({"instance": "another"})):
        (tmp_path / FILE).write_text(content)
        withdraw(tmp_path)
        assert (tmp_path / FILE).read_text() == content
    announce(tmp_path, "http://127.0.0.1:1", "moodgate.duckdb")
    withdraw(tmp_path)
    assert list(tmp_path.iterdir()) == []
    withdraw(tmp_path)


def test_a_folder_that_cant_be_written_is_a_warning(tmp_path, caplog):
    announce(tmp_path / "gone", "http://127.0.0.1:1", "moodgate.duckdb")
    assert "can't be written" in caplog.text


def test_without_an_address_nothing_is_said(folder, monkeypatch):  # noqa: F811
    monkeypatch.setenv("MOODGATE_NO_SAMPLE", "1")

    async def live():
        async with partial(lifespan, None)():
            return (folder / FILE).exists()

    assert asyncio.run(live()) is False
