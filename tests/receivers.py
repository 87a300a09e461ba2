"""Real receivers of alerts for tests: an HTTP server and an SMTP server in threads of their own, with certificates."""

import asyncio
import contextlib
import ssl
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"


@dataclass
class Got:
    """What a receiver has had: (path, headers by small name, body) of each request."""

    port: int
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def http_receiver(tls: ssl.SSLContext | None = None, port: int = 0) -> Iterator[Got]:
    """A server that keeps what is posted to it and answers `status`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(got.status)
            for name, value in got.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"a secret of the receiver's")
            got.arrived.set()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((HOST, port), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that refuses the certificate
    got = Got(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Mails:
    """What an SMTP server has had: (sender, recipients, text) of each message, and who logged in."""

    port: int = 0
    messages: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    refused: frozenset[str] = frozenset()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.messages.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        return "250 OK"


@contextlib.contextmanager
def smtp_sink(security: str, context: ssl.SSLContext | None = None, login: tuple[str, str] | None = None) -> Iterator[Mails]:
    """An SMTP server that keeps what it gets; with a login it takes nothing without it."""
    got = Mails()

    def check(server, session, envelope, mechanism, data):
        got.logins.append((data.login, data.password))
        return AuthResult(success=login == (data.login.decode(), data.password.decode()), handled=False)

    settings = {"authenticator": check, "auth_required": True, "auth_require_tls": security == "starttls"} if login else {}
    if security == "starttls":
        settings |= {"tls_context": context, "require_starttls": True}
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        loop.create_server(lambda: _smtp(got, loop, settings), HOST, 0, ssl=context if security == "tls" else None)
    )
    got.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield got
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(_ended(server))
        loop.close()


def _smtp(got, loop, settings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of logins without STARTTLS, which TLS from the start has no need of
        return SMTP(got, loop=loop, **settings)


async def _ended(server):
    server.close()
    await server.wait_closed()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """For a server on HOST, and for a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    plain = serialization.NoEncryption(), serialization.Encoding.PEM
    path.write_bytes(
        key.private_bytes(plain[1], serialization.PrivateFormat.PKCS8, plain[0]) + made.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cadata=made.public_bytes(serialization.Encoding.PEM).decode())
