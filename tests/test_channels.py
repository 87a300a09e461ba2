"""Webhooks and e-mail against real servers: what arrives, and what is said of what doesn't."""

import hashlib
import hmac
import json
import socket
import threading
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest

from fer_core.errors import DataError
from server import sending
from server.channels import Mail, Telling, Webhook, channel_of, signature
from tests.receivers import HOST, certificate, http_receiver, smtp_sink

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
ODD = "O’Neil & <b>"
TELLING = Telling("7d3a", "raised", ODD, "Europe/Vienna", "silent", "The camera “exit” has sent no picture for 2 min.", NOW)
SECRET = "not for the log"  # noqa: S105


@pytest.fixture(scope="module")
def trust(tmp_path_factory):
    """For a server, and for a client that trusts it."""
    return certificate(tmp_path_factory.mktemp("certificate"))


def hook(port: int, path: str = "/in?a=1", scheme: str = "http") -> Webhook:
    return Webhook(f"{scheme}://{HOST}:{port}{path}", SECRET)


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


# ---- webhook


def test_a_webhook_is_told_and_can_verify_it():
    with http_receiver() as got:
        outcome = hook(got.port).send(TELLING, NOW)
    assert outcome.ok and outcome.said == "answered 200"
    ((path, headers, body),) = got.requests
    assert path == "/in?a=1" and headers["content-type"] == "application/json" and headers["host"] == f"{HOST}:{got.port}"
    assert json.loads(body) == {
        "id": "7d3a", "event": "alert.raised", "test": False, "store": ODD, "kind": "silent", "sentence": TELLING.sentence,
        "raised_at": "2026-03-14T12:00:00Z", "ended_at": None,
    }  # fmt: skip
    at, told = (part.partition("=")[2] for part in headers["moodgate-signature"].split(","))
    assert at == str(int(NOW.timestamp()))
    assert hmac.compare_digest(told, hmac.new(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest())
    assert SECRET not in str(headers)


def test_a_signature_known_beforehand():
    # printf '1700000000.{}' | openssl dgst -sha256 -hmac key
    assert signature("key", b"{}", datetime.fromtimestamp(1_700_000_000, UTC)) == (
        "t=1700000000,v1=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae"
    )


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 410, 500, 503])
def test_anything_but_2xx_is_a_failure_told_by_its_status_alone(status):
    with http_receiver() as elsewhere, http_receiver() as got:
        got.status, got.headers = status, {"Location": f"http://{HOST}:{elsewhere.port}/"}
        outcome = hook(got.port).send(TELLING, NOW)
    assert not outcome.ok and str(status) in outcome.said and "secret" not in outcome.said
    assert len(got.requests) == 1 and not elsewhere.requests


def test_https_is_verified(trust):
    server, client = trust
    with http_receiver(server) as got:
        assert hook(got.port, scheme="https").send(TELLING, NOW, client).ok
        refused = hook(got.port, scheme="https").send(TELLING, NOW)
        assert not refused.ok and "certificate" in refused.said and len(got.requests) == 1


def test_nobody_there():
    assert "refused" in hook(closed_port()).send(TELLING, NOW).said
    assert "no such name" in Webhook("http://nowhere.invalid/", SECRET).send(TELLING, NOW).said
    assert "no such name" in Webhook(f"http://{'x' * 80}.invalid/", SECRET).send(TELLING, NOW).said


def serve_bytes(answer: bytes, hold: threading.Event | None = None):
    """A server that says that to whoever comes first, and holds the line while `hold` is not set. (socket, thread)"""
    listening = socket.create_server((HOST, 0))

    def talk() -> None:
        found, _ = listening.accept()
        with found:
            found.settimeout(5)
            found.recv(65_536)
            found.sendall(answer)
            if hold:
                hold.wait(10)

    thread = threading.Thread(target=talk)
    thread.start()
    return listening, thread


@pytest.mark.parametrize(
    ("answer", "said"),
    [(b"", "ended the connection"), (b"SSH-2.0-x\r\n\r\n", "HTTP"), (b"HTTP/1.1 999999 \r\n\r\n", "HTTP")],
)
def test_what_is_no_web_server(answer, said):
    listening, thread = serve_bytes(answer)
    with listening:
        outcome = hook(listening.getsockname()[1]).send(TELLING, NOW)
        thread.join()
    assert not outcome.ok and said in outcome.said


@pytest.mark.parametrize("kind", ["webhook", "mail"])
def test_whoever_never_ends_is_left(monkeypatch, kind):
    monkeypatch.setattr(sending, "LONGEST_S", 0.3)
    hold = threading.Event()
    listening = socket.create_server((HOST, 0))

    def talk() -> None:
        found, _ = listening.accept()
        with found:
            while not hold.wait(0.02):
                try:
                    found.sendall(b"2")
                except OSError:
                    return

    thread = threading.Thread(target=talk)
    thread.start()
    port = listening.getsockname()[1]
    made = hook(port) if kind == "webhook" else mail(port, "none")
    with listening:
        outcome = made.send(TELLING, NOW)
        hold.set()
        thread.join()
    assert not outcome.ok


def test_a_silent_server(monkeypatch):
    monkeypatch.setattr(sending, "STEP_S", 0.2)
    hold = threading.Event()
    listening, thread = serve_bytes(b"", hold)
    with listening:
        outcome = hook(listening.getsockname()[1]).send(TELLING, NOW)
        hold.set()
        thread.join()
    assert not outcome.ok and "didn’t answer within" in outcome.said


@pytest.mark.parametrize("peer", ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1%eth0"])
def test_the_link_local_network_is_not_spoken_to(peer):
    class Reached:
        def getpeername(self):
            return (peer, 80)

    with sending.explained() as outcome:
        sending.refuse_link_local(Reached())
    assert "link-local" in outcome[0].said


@pytest.mark.parametrize(
    "address",
    [
        "", "shop.example", "ftp://shop.example/", "file:///etc/passwd", "http://", "http:///x", "https://user@shop.example/",
        "https://user:pw@shop.example/", "https://shop.example/a b", "https://shop.example/\r\nX: y", "https://shop.example/#x",
        "https://shop.example:0/", "https://shop.example:99999/", "https://[::1/", "https://exämple.org/",
        "https://x/" + "a" * 2000,
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_webhook(address):
    with pytest.raises(DataError):
        Webhook(address, SECRET)


def test_what_is_shown_and_kept_of_a_webhook():
    made = Webhook("https://hooks.example:8443/T0/verysecret?x=1", SECRET)
    assert made.shown == "https://hooks.example:8443/…" and Webhook("http://a/", SECRET).shown == "http://a"
    assert channel_of("webhook", json.loads(json.dumps(made.details()))) == made
    assert SECRET not in repr(made) and "verysecret" not in repr(made)


# ---- e-mail


def mail(port: int, security: str, user: str = "", password: str = "", recipients=("ana@shop.example",)) -> Mail:
    return Mail(HOST, port, security, "moodgate@shop.example", tuple(recipients), user, password)


@pytest.mark.parametrize(
    ("security", "login"), [("none", False), ("starttls", False), ("starttls", True), ("tls", False), ("tls", True)]
)
def test_a_mail_arrives(trust, security, login):
    server, client = trust
    user = ("till", SECRET) if login else None
    with smtp_sink(security, server, user) as got:
        outcome = mail(got.port, security, *(user or ())).send(TELLING, NOW, client)
    assert outcome.ok and outcome.said == "accepted by the mail server"
    ((sender, recipients, text),) = got.messages
    assert sender == "moodgate@shop.example" and recipients == ["ana@shop.example"]
    message = message_from_bytes(text, policy=default)
    assert message["Subject"] == f"[Moodgate] Alert: {ODD}: {TELLING.sentence}" and message["Auto-Submitted"]
    assert (
        TELLING.sentence in message.get_content() and "Since Sat 14 March 2026, 13:00 (Europe/Vienna)." in message.get_content()
    )
    assert got.logins == ([(b"till", SECRET.encode())] if login else [])


def test_refusals_of_a_mail_server(trust):
    server, client = trust
    with smtp_sink("starttls", server, ("till", SECRET)) as got:
        assert "user and password (535)" in mail(got.port, "starttls", "till", "wrong").send(TELLING, NOW, client).said
        assert not mail(got.port, "starttls").send(TELLING, NOW, client).ok
        assert "certificate" in mail(got.port, "starttls", "till", SECRET).send(TELLING, NOW).said
        assert "certificate" not in mail(got.port, "none").send(TELLING, NOW).said
        assert not got.messages
    with smtp_sink("none") as got:
        assert "doesn’t offer" in mail(got.port, "starttls").send(TELLING, NOW, client).said
        assert "TLS" in mail(got.port, "tls").send(TELLING, NOW, client).said
        got.refused = frozenset(("ben@shop.example",))
        both = mail(got.port, "none", recipients=("ana@shop.example", "ben@shop.example")).send(TELLING, NOW)
        assert both.ok and "1 of 2" in both.said
        assert "all recipients (550)" in mail(got.port, "none", recipients=("ben@shop.example",)).send(TELLING, NOW).said
    assert "refused" in mail(closed_port(), "none").send(TELLING, NOW).said


def test_a_store_s_name_makes_no_header():
    odd = Telling("x", "test", "A\r\nBcc: eve@x.example", "UTC", "test", "S\nT", NOW)
    with smtp_sink("none") as got:
        assert mail(got.port, "none").send(odd, NOW).ok
    message = message_from_bytes(got.messages[0][2], policy=default)
    assert message["Bcc"] is None and message["Subject"].startswith("[Moodgate] Test: A Bcc: eve@x.example")
    assert "This is a test. Nothing has happened." in message.get_content()


@pytest.mark.parametrize(
    "change",
    [
        {"host": ""}, {"host": "a b"}, {"host": "x/y"}, {"port": 0}, {"port": 65_536}, {"port": True}, {"security": "ssl"},
        {"sender": "nobody"}, {"sender": "a@b\r\nX: y"}, {"recipients": ()}, {"recipients": ("ana",)},
        {"recipients": ("ana@shop.example",) * 21}, {"security": "none", "user": "u"}, {"recipients": ("änn@shop.example",)},
    ],
)  # fmt: skip
def test_what_is_no_mail_channel(change):
    usual = {"host": "smtp.example", "port": 587, "security": "starttls", "sender": "a@b.c", "recipients": ("d@e.f",)}
    Mail(**usual)
    with pytest.raises(DataError):
        Mail(**usual | change)


def test_what_is_shown_and_kept_of_mail():
    made = mail(587, "starttls", "till", SECRET, ("ana@shop.example", "ben@shop.example"))
    assert made.shown == f"ana@shop.example and 1 more, by {HOST}:587" and SECRET not in repr(made)
    assert channel_of("email", json.loads(json.dumps(made.details()))) == made


@pytest.mark.parametrize(
    ("kind", "details"), [("", {}), ("fax", {}), ("webhook", {}), ("email", {"host": "x"}), ("webhook", {"x": 1})]
)
def test_details_that_are_not_whole(kind, details):
    with pytest.raises(DataError):
        channel_of(kind, details)


def test_a_telling_that_it_is_over():
    over = Telling("x", "ended", "A", "UTC", "silent", "S.", NOW, NOW.replace(hour=13))
    assert json.loads(over.body())["ended_at"] == "2026-03-14T13:00:00Z" and over.subject == "[Moodgate] Over: A: S."
    assert "over since Sat 14 March 2026, 13:00 (UTC)" in over.text()
