"""The routes of live cameras over ASGI, and the worker's link, the command and a real server together."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer_core.errors import InputError
from fer_core.watch.link import Away, HttpLink, Refused
from fer_core.watch.message import VERSION, Sighting
from fer_core.watch.plan import plan_of
from server import tokens
from server.accounts import LOCAL
from server.services import close_all, services
from tests.shops_of_three import NORTH, SOUTH, everybody, fill
from tests.test_live_days import NAMES, NOON, beat, count, seen, sighting
from tests.test_server_routes import HOME, ask

CAMERA = {"role": "entry", "door": ""}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MOODGATE_DATA", str(tmp_path))
    yield tmp_path
    close_all()


@pytest.fixture
def shop():
    store = services().store
    store.put_store(NORTH)
    return store


def post(path, body, **headers):
    packed = json.dumps(body).encode()
    return ask("POST", path, HOME | {"content-type": "application/json"} | headers, (packed,))


def bearer(purpose="camera", store=NORTH) -> dict:
    """A token of that store, with which a program comes from anywhere."""
    made = services()
    if not made.accounts.exist():
        fill(made.store)
        everybody(made.store)
    return {"authorization": f"Bearer {tokens.make(made.accounts, LOCAL, store, purpose, 'door')}"}


# ---- without accounts, on this machine ------------------------------------------------------------------------------


def test_a_worker_of_this_machine_is_told_its_plan_and_hands_over_what_it_saw(shop):
    answer = post("/api/live/plan", CAMERA | {"store": NORTH, "version": VERSION})
    plan = plan_of(answer.json)
    assert (answer.status, plan.store, plan.role) == (200, NORTH, "entry")
    assert answer.headers["cache-control"] == "no-store", "it may hold face codes"
    given = [sighting("entry", 0, 10.0, "sad"), sighting("exit", 0, 40.0), count("entry", "")]
    told = post("/api/live/messages", {"store": NORTH, "messages": given}).json
    assert told["taken"] == [given[0]["id"], given[1]["id"]]
    assert [one["id"] for one in told["refused"]] == [given[2]["id"]]
    services().live.settle()
    with shop.cursor() as cursor:
        assert cursor.execute("SELECT review FROM visits").fetchall() == [("positive",)]
    told = post("/api/live/beat", CAMERA | {"store": NORTH, "version": VERSION} | beat()).json
    assert told == {"plan": plan.version, "still": False}


def test_a_still_comes_when_it_was_asked_for(shop):
    services().live.ask_still(NORTH, "entry", "")
    assert post("/api/live/beat", CAMERA | {"store": NORTH} | beat()).json["still"] is True
    path = "/api/live/still"
    assert ask("PUT", path, HOME | {"content-type": "image/png"}, (b"x",)).status == 400
    assert services().live.still(NORTH, "entry", "") is None


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        ("plan", CAMERA, 400, "store names the store"),
        ("plan", {"store": NORTH, "role": "roof", "door": ""}, 400, "role is one of"),
        ("plan", {"store": NORTH, "role": "entry", "door": 7}, 400, "door is a short text"),
        ("plan", CAMERA | {"store": NORTH, "version": 0}, 409, "update the worker"),
        ("plan", CAMERA | {"store": "Nowhere"}, 400, "no store"),
        ("messages", {"store": NORTH}, 400, "messages is a list"),
        ("messages", {"store": NORTH, "messages": [7]}, 400, "a message is an object"),
        ("messages", {"store": NORTH, "messages": [{"version": 9}]}, 409, "update the worker"),
        ("messages", {"store": NORTH, "messages": [{}] * 201}, 400, "at most 200"),
        ("beat", CAMERA | {"store": NORTH, "health": {}}, 400, "no sign of life"),
    ],
)
def test_what_is_amiss_is_said(shop, path, body, status, sentence):
    answer = post(f"/api/live/{path}", body)
    assert (answer.status, sentence in answer.json["error"]) == (status, True), answer.json


# ---- with accounts --------------------------------------------------------------------------------------------------


def test_a_token_is_for_its_store_and_purpose_until_it_is_revoked(shop):
    own, films, south = bearer(), bearer("footage"), bearer(store=SOUTH)
    given = {"messages": [sighting("entry", 0, 10.0)]}
    assert post("/api/live/messages", given).status == 401
    assert post("/api/live/messages", given, **own).status == 200, "a token names its store"
    for other in (films, {"authorization": "Bearer mg_" + "x" * 43}):
        assert post("/api/live/messages", given | {"store": NORTH}, **other).status in (401, 403)
    assert post("/api/live/messages", given | {"store": NORTH}, **south).status == 403
    assert post("/api/live/plan", CAMERA | {"store": NORTH}, **south).status == 403
    accounts = services().accounts
    for name, token in tokens.of_stores(accounts, LOCAL):
        if name == NORTH:
            tokens.revoke(accounts, LOCAL, token.id)
    answer = post("/api/live/messages", given, **own)
    assert answer.status == 401 and answer.json["error"]


# ---- the worker's side, against a real server -----------------------------------------------------------------------

ROOT = Path(__file__).parents[1]
SERVER = """
import sys, uvicorn
from starlette.applications import Starlette
import server
from server.services import services
services().live.start()
uvicorn.run(Starlette(routes=server.routes("127.0.0.1")), host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
"""


def linked(url, store=NORTH):
    return HttpLink(url, "", store, "entry", "")


class RealServer:
    """The routes in a process of their own, to be killed and begun again on the same port."""

    def __init__(self, folder, port) -> None:
        self.folder, self.port, self.process = folder, port, None
        self.url = f"http://127.0.0.1:{port}"

    def start(self):
        environment = os.environ | {"MOODGATE_DATA": str(self.folder)}
        command = [sys.executable, "-c", SERVER, str(self.port)]
        self.process = subprocess.Popen(command, env=environment, cwd=ROOT)  # noqa: S603
        link = linked(self.url)
        for _ in range(300):
            try:
                with contextlib.closing(link):
                    link.plan()
                return
            except Refused:
                return
            except Away:
                time.sleep(0.1)
        raise AssertionError("the server never answered")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def server(shop, folder, free_port):
    close_all()
    made = RealServer(folder, free_port)
    made.start()
    yield made
    made.kill()


@pytest.fixture
def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_link_speaks_with_a_real_server_and_says_when_it_is_away(server):
    with contextlib.closing(linked(server.url)) as link:
        assert link.plan().store == NORTH
        given = [sighting("entry", 0, 10.0), count("entry", "")]
        told = link.hand(given)
        assert list(told.taken) == [given[0]["id"]] and list(told.refused) == [given[1]["id"]]
        assert link.beat(beat()).plan == link.plan().version
        with pytest.raises(Refused, match="nobody asked"):
            link.still(b"\xff\xd8 nobody asked for it")
        with contextlib.closing(linked(server.url, "Nowhere")) as lost, pytest.raises(Refused, match="no store"):
            lost.plan()
        server.kill()
        with pytest.raises(Away, match="answer"):
            link.beat(beat())
        server.start()
        assert list(link.hand(given).taken) == [given[0]["id"]]


def test_an_address_that_is_none_is_refused():
    for server in ("shop", "ftp://shop", "http://shop.example"):
        with pytest.raises(InputError):
            HttpLink(server, "", NORTH, "entry", "")


def test_numbers_survive_the_way_there_and_back():
    template = np.random.default_rng(1).normal(size=128).astype(np.float32)
    one = replace(seen("entry", 0, 3.0), template=template / np.linalg.norm(template))
    told = json.loads(json.dumps(Sighting.of(NOON, one, NAMES).as_json()))
    assert np.allclose(told["template"], one.template, atol=1e-5)
