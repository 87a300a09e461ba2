"""A running app asked over HTTP, by a real server of our own that answers as it is told."""

import http.server
import json
import socket
import threading

import pytest

from fer_core.errors import AppAwayError, AppRefusedError, InputError
from fer_core.link import Link, read_token

TOKEN = "mg_" + "a" * 43


class Told(http.server.BaseHTTPRequestHandler):
    """Answers what the server's list says, and keeps what it was asked."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        status, said, headers = self.server.says.pop(0)
        if status == 0:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(said))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_PATCH = do_DELETE = answer

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def app():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Told) as server:
        server.asked, server.says, server.daemon_threads = [], [], True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        server.url = f"http://127.0.0.1:{server.server_port}"
        yield server
        server.shutdown()


def says(app, status=200, said=None, **headers):
    app.says.append((status, said if isinstance(said, bytes) else json.dumps(said).encode(), headers))


def test_json_goes_and_comes_with_the_token(app):
    says(app, 201, {"id": "x"})
    with Link(app.url, TOKEN) as link:
        answer = link.ask("POST", "/upload", {"name": "Café.mp4"})
    assert (answer.status, answer.body) == (201, {"id": "x"})
    method, path, headers, body = app.asked[0]
    assert (method, path, json.loads(body)) == ("POST", "/upload", {"name": "Café.mp4"})
    assert headers["Authorization"] == f"Bearer {TOKEN}" and headers["Content-Type"] == "application/json"
    assert headers["Origin"] == app.url and headers["Host"] == app.url.removeprefix("http://")


def test_bytes_go_as_they_are_and_nothing_may_come_back(app):
    says(app, 204, b"")
    with Link(f"{app.url}/shop/") as link:
        assert link.ask("PATCH", "/upload/1", b"\0\xff", {"Upload-Offset": "7"}).body is None
    method, path, headers, body = app.asked[0]
    assert (method, path, body, headers["Upload-Offset"]) == ("PATCH", "/shop/upload/1", b"\0\xff", "7")
    assert "Authorization" not in headers


def test_a_kept_connection_that_has_aged_is_opened_again_but_nothing_is_begun_twice(app):
    says(app, 200, {})
    says(app, 0)
    says(app, 200, {"again": True})
    says(app, 0)
    with Link(app.url) as link:
        link.ask("GET", "/a")
        assert link.ask("GET", "/b").body == {"again": True}
        with pytest.raises(AppAwayError, match="doesn’t answer"):
            link.ask("POST", "/c", {})
    assert [one[1] for one in app.asked] == ["/a", "/b", "/b", "/c"]


@pytest.mark.parametrize(("status", "said", "kind", "sentence"), [
    (403, {"error": "not that store"}, AppRefusedError, "not that store"),
    (401, {"error": "sign in first"}, AppRefusedError, "the app asks for a token"),
    (404, b"<html>", AppRefusedError, "refused with the status 404"),
    (200, b"<html>", AppRefusedError, "is no Moodgate"),
    (302, b"", AppRefusedError, "sends on to another address"),
    (400, {"error": 7}, AppRefusedError, "status 400"),
    (503, {"error": "the database is locked"}, AppRefusedError, "the database is locked"),
    (503, b"<html>upstream", AppAwayError, "status 503"),
    (500, b"Internal Server Error", AppAwayError, "status 500"),
    (0, b"", AppAwayError, "doesn’t answer"),
])  # fmt: skip
def test_refusals(app, status, said, kind, sentence):
    says(app, status, said, Location="http://evil.example/")
    with Link(app.url) as link, pytest.raises(kind, match=sentence) as caught:
        link.ask("GET", "/x")
    assert app.url in str(caught.value) and "\n" not in str(caught.value) and len(app.asked) == 1


def test_an_unknown_token_is_told_as_such(app):
    says(app, 401, {"error": "sign in first"})
    with Link(app.url, TOKEN) as link, pytest.raises(AppRefusedError, match="unknown there, or was revoked") as caught:
        link.ask("GET", "/x")
    assert TOKEN not in str(caught.value) and caught.value.status == 401


def test_nobody_there():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        with pytest.raises(AppAwayError, match="Connection refused"):
            Link(url).ask("GET", "/x")


@pytest.mark.parametrize(("url", "sentence"), [
    ("", "is no address"), ("shop.example", "is no address"), ("ftp://shop.example", "is no address"),
    ("https://", "is no address"), ("https://shop.example:x", "is no address"), ("https://shop.example?a=b", "is no address"),
    ("https://me:secret@shop.example", "is no address"), ("https://me:secret@shop.example:x", "is no address"),
    ("http://shop.example", "by https only"), ("http://192.168.1.9:8501", "by https only"), ("http://[bad", "is no address"),
])  # fmt: skip
def test_addresses_that_cant_be_one(url, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        Link(url)
    assert "secret" not in str(caught.value)


def test_tokens_in_files(tmp_path):
    path = tmp_path / "token"
    path.write_text(f"  {TOKEN}\n")
    assert read_token(path) == TOKEN
    for content in (b"", b"hello", f"{TOKEN} {TOKEN}".encode(), b"\xff\xfe", f"{TOKEN}\r\nX-Evil: 1".encode()):
        path.write_bytes(content)
        with pytest.raises(InputError, match="token"):
            read_token(path)
    with pytest.raises(InputError, match="No such file"):
        read_token(tmp_path / "gone")
