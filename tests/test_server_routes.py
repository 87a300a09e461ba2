"""The upload route over ASGI, and over a real server where memory counts."""

import asyncio
import http.client
import json
import re
import subprocess
from pathlib import Path

import pytest
from starlette.applications import Starlette

from server import routes
from server.announcing import INSTANCE
from server.services import close_all, services
from tests.days import python

HOME = {"host": "localhost:8501", "origin": "http://localhost:8501"}
CHUNK = {"content-type": "application/offset+octet-stream"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MOODGATE_DATA", str(tmp_path))
    yield tmp_path
    close_all()


class Answer:
    """Status, headers and body of a response."""

    def __init__(self, messages):
        self.status = messages[0]["status"]
        self.headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
        self.body = b"".join(message.get("body", b"") for message in messages[1:])

    @property
    def json(self):
        return json.loads(self.body)


def ask(method, path, headers=HOME, body=(b"",), broken=False):
    """Drive the routes as a server would; `broken`: the browser goes away after the body's pieces."""
    sent = []
    pieces = [{"type": "http.request", "body": piece, "more_body": True} for piece in body]
    pieces.append({"type": "http.disconnect"} if broken else {"type": "http.request", "body": b"", "more_body": False})

    async def receive():
        return pieces.pop(0) if pieces else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http", "path": path,
        "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": pairs, "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8501),
    }  # fmt: skip
    asyncio.run(Starlette(routes=routes())(scope, receive, send))
    return Answer(sent)


def begin(name="film.mp4", size=10, headers=HOME):
    body = json.dumps({"name": name, "size": size}).encode()
    return ask("POST", "/upload", headers | {"content-type": "application/json"}, [body])


def patch(key, offset, *body, broken=False, **headers):
    return ask("PATCH", f"/upload/{key}", HOME | CHUNK | {"upload-offset": str(offset)} | headers, body, broken)


# ---- the way it goes ------------------------------------------------------------------------------------------------


def test_health():
    answer = ask("GET", "/health")
    assert (answer.status, answer.json) == (200, {"status": "ok", "instance": INSTANCE})


def test_a_film_in_pieces(folder):
    begun = begin("Entrance <1>.mp4", 10)
    assert begun.status == 201 and begun.json["offset"] == 0
    key = begun.json["id"]
    assert patch(key, 0, b"01", b"23").json == {
        "id": key, "name": "Entrance <1>.mp4", "size": 10, "offset": 4, "finished": False,
    }  # fmt: skip
    head = ask("HEAD", f"/upload/{key}")
    assert (head.status, head.headers["upload-offset"], head.headers["upload-length"]) == (200, "4", "10")
    assert head.headers["cache-control"] == "no-store"
    assert patch(key, 4, b"456789").json["finished"]
    assert ask("GET", f"/upload/{key}").json["offset"] == 10
    assert services().uploads.path_of(key).read_bytes() == b"0123456789"
    assert services().uploads.folder == folder / "uploads"


def test_a_broken_connection_keeps_what_came():
    key = begin().json["id"]
    patch(key, 0, b"01", b"23", broken=True)
    assert ask("GET", f"/upload/{key}").json["offset"] == 4
    assert patch(key, 4, b"456789").json["finished"]


def test_a_repeated_piece_is_a_conflict_that_tells_where_to_go_on():
    key = begin().json["id"]
    patch(key, 0, b"0123")
    again = patch(key, 0, b"0123")
    assert (again.status, again.json["error"]) == (409, "film.mp4: goes on at byte 4, not at 0")


def test_removed():
    key = begin().json["id"]
    assert ask("DELETE", f"/upload/{key}").status == 204
    for answer in (ask("GET", f"/upload/{key}"), ask("DELETE", f"/upload/{key}"), patch(key, 0, b"0")):
        assert (answer.status, answer.json["error"]) == (404, "there is no such upload (any more)")


def test_a_film_that_a_job_waits_for_stays():
    key = begin(size=2).json["id"]
    patch(key, 0, b"01")
    made = services()
    job = made.jobs.submit("review", "Main Street", "a day", {"entry": [{"path": str(made.uploads.path_of(key))}]})
    answer = ask("DELETE", f"/upload/{key}")
    assert answer.status == 409 and "cancel that first" in answer.json["error"]
    made.jobs.cancel(job)
    assert ask("DELETE", f"/upload/{key}").status == 204


# ---- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [
    b"", b"no json", b"[]", b"null", b"{}", b'{"name": "a"}', b'{"name": 1, "size": 1}', b'{"name": "a", "size": "1"}',
    b'{"name": "a", "size": 1.5}', b'{"name": "a", "size": true}', b'{"name": "a", "size": 0}', b'{"name": "a", "size": -5}',
    b"\xff\xfe", b"[" * 60_000,
])  # fmt: skip
def test_bad_beginnings(body):
    answer = ask("POST", "/upload", HOME | {"content-type": "application/json"}, [body])
    assert answer.status == 400 and answer.json["error"]


def test_beginnings_that_are_too_much(folder):
    assert begin(size=9 * 10**9).status == 413
    assert begin(name="x" * 70_000).status == 413
    assert begin(size=10**400).status == 400
    assert not list(folder.glob("uploads/*"))


def test_a_form_of_another_page_cant_begin():
    body = [b'{"name": "a", "size": 1}']
    for kind in ("", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        assert ask("POST", "/upload", HOME | {"content-type": kind}, body).status == 415


@pytest.mark.parametrize("offset", ["", "-1", "1.5", "x", "٣", "9" * 30, "0x0"])
def test_bad_offsets(offset):
    key = begin().json["id"]
    headers = HOME | CHUNK | {"upload-offset": offset.encode().decode("latin-1")}
    answer = ask("PATCH", f"/upload/{key}", headers, [b"1"])
    assert answer.status == 400 and "Upload-Offset must be a number" in answer.json["error"]


def test_more_than_was_announced():
    key = begin().json["id"]
    patch(key, 0, b"01")
    assert patch(key, 2, b"234567890").status == 413
    assert patch(key, 2, **{"content-length": "9"}).status == 413  # told beforehand: nothing is read
    assert ask("GET", f"/upload/{key}").json["offset"] == 2
    assert patch(key, 2, b"23456789").json["finished"]


def test_a_piece_of_another_kind():
    key = begin().json["id"]
    assert patch(key, 0, b"1", **{"content-type": "text/plain"}).status == 415
    assert patch(key, 0, b"").json["offset"] == 0


@pytest.mark.parametrize("path", ["/upload/x", "/upload/" + "0" * 32, "/upload/..%2f..%2fetc"])
def test_unknown_uploads(path):
    for method in ("GET", "HEAD", "DELETE"):
        assert ask(method, path).status == 404
    assert ask("PATCH", path, HOME | CHUNK | {"upload-offset": "0"}, [b"1"]).status == 404


def test_a_database_that_cant_be_opened(folder):
    (folder / "moodgate.duckdb").write_text("something else altogether")
    answer = begin()
    assert answer.status == 503 and "not a DuckDB file" in answer.json["error"]


# ---- who may ask ----------------------------------------------------------------------------------------------------

SAME = {"sec-fetch-site": "same-origin"}


@pytest.mark.parametrize("headers", [
    HOME, HOME | SAME, {"host": "localhost:8501"} | SAME, {"host": "127.0.0.1", "origin": "http://127.0.0.1"},
    {"host": "[::1]:8501", "origin": "http://[::1]:8501"}, {"host": "LOCALHOST:8501"} | SAME,
    {"host": "localhost", "origin": "https://localhost"},
])  # fmt: skip
def test_our_own_pages_may(headers):
    assert begin(headers=headers).status == 201


@pytest.mark.parametrize("headers", [
    {}, {"host": ""}, {"host": "evil.example", "origin": "http://evil.example"}, {"host": "evil.example"} | SAME,
    {"host": "localhost.evil.example"} | SAME, {"host": "192.168.0.9:8501"} | SAME, {"host": "[bad"} | SAME,
    {"host": "localhost:8501"}, {"host": "localhost:8501", "origin": "null"},
    {"host": "localhost:8501", "origin": "http://localhost:9999"}, {"host": "localhost:8501", "origin": "http://evil.example"},
    HOME | {"sec-fetch-site": "cross-site"}, HOME | {"sec-fetch-site": "same-site"},
    {"host": "localhost:8501", "sec-fetch-site": "none"}, {"host": "localhost:8501", "origin": ""},
    {"host": "localhost:8501", "origin": "http://[bad"},
])  # fmt: skip
def test_others_may_not(headers, folder):
    answer = begin(headers=headers)
    assert answer.status == 403 and answer.json["error"]
    assert not list(folder.glob("uploads/*"))


def test_looking_needs_no_origin_but_our_host():
    key = begin().json["id"]
    assert ask("GET", f"/upload/{key}", {"host": "localhost:8501"}).status == 200
    assert ask("GET", f"/upload/{key}", {"host": "localhost:8501", "sec-fetch-site": "cross-site"}).status == 403
    assert ask("GET", f"/upload/{key}", {"host": "evil.example"}).status == 403
    assert ask("GET", "/health", {"host": "evil.example"}).status == 403


def test_streamlit_takes_the_routes(tmp_path):
    import streamlit as st

    script = tmp_path / "script.py"
    script.write_text("")
    assert st.App(script, routes=routes())


# ---- memory ---------------------------------------------------------------------------------------------------------

SERVER = """
import socket, uvicorn
from starlette.applications import Starlette
from server import lifespan, routes

port = socket.socket()
port.bind(("127.0.0.1", 0))
port.listen()  # so that who reads the number may connect
print(port.getsockname()[1], flush=True)
config = uvicorn.Config(Starlette(routes=routes(), lifespan=lifespan), log_level="error")
uvicorn.Server(config).run(sockets=[port])
"""
MB = 1 << 20


def most_rss(pid):
    """MB."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def send(port, megabytes):
    home = {"Origin": f"http://127.0.0.1:{port}"}
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = json.dumps({"name": "film.mp4", "size": megabytes * MB})
    link.request("POST", "/upload", body, home | {"Content-Type": "application/json"})
    key = json.loads(link.getresponse().read())["id"]
    piece = bytes(8 * MB)
    for offset in range(0, megabytes * MB, len(piece)):
        link.request("PATCH", f"/upload/{key}", piece, home | CHUNK | {"Upload-Offset": str(offset)})
        told = json.loads(link.getresponse().read())
    link.close()
    return told


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_200_mb_leave_memory_flat(folder, monkeypatch):
    monkeypatch.setenv("MOODGATE_NO_SAMPLE", "1")
    with subprocess.Popen(python(SERVER), stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        try:
            port = int(server.stdout.readline())
            assert send(port, 8)["finished"]
            before = most_rss(server.pid)
            assert send(port, 200)["finished"]
            grown = most_rss(server.pid) - before
        finally:
            server.terminate()
    assert grown < 30
    assert sorted(path.stat().st_size for path in (folder / "uploads").glob("*.mp4")) == [8 * MB, 200 * MB]
