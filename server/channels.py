"""The ways by which alerts leave the house: a webhook and e-mail. Each sends one message and says what came back.

A manager may name any address, inside the shop's network too, for that is where receivers stand; so what comes back is told
as a status and nothing of the answer is shown, a redirect is not followed, and the link-local network, where clouds keep
their machines' credentials, is not spoken to. No sending takes longer than `sending.LONGEST_S`.
"""

import contextlib
import hashlib
import hmac
import http.client
import json
import re
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any, Literal, TypeAlias, get_args
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from fer_core.errors import DataError
from server import sending
from server.sending import Outcome, explained, in_time, refuse_link_local

Event: TypeAlias = Literal["raised", "ended", "test"]
Security: TypeAlias = Literal["starttls", "tls", "none"]
SECURITIES: tuple[Security, ...] = get_args(Security)
SIGNATURE = "Moodgate-Signature"
"""The header with `t=SECONDS,v1=HEX`: HMAC-SHA256 with the webhook's secret of SECONDS, a full stop and the body."""
MOST_RECIPIENTS = 20

_LONGEST_ADDRESS = 2000
_AGENT = "Moodgate"
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")
_PLAIN = re.compile(r"[!-~]+")


@dataclass(frozen=True)
class Telling:
    """What is said of an alert. id: the alert's; moments aware; zone: the store's time zone; kind: the rule's, or "test"."""

    id: str
    event: Event
    store: str
    zone: str
    kind: str
    sentence: str
    raised_at: datetime
    ended_at: datetime | None = None

    def body(self) -> bytes:
        """As JSON, the same at every try: whoever has had this id with this event may pass over it."""
        return json.dumps(
            {
                "id": self.id,
                "event": f"alert.{self.event}",
                "test": self.event == "test",
                "store": self.store,
                "kind": self.kind,
                "sentence": self.sentence,
                "raised_at": _iso(self.raised_at),
                "ended_at": _iso(self.ended_at) if self.ended_at else None,
            },
            ensure_ascii=False,
        ).encode()

    @property
    def subject(self) -> str:
        """An e-mail's subject."""
        lead = {"raised": "Alert", "ended": "Over", "test": "Test"}[self.event]
        return f"[Moodgate] {lead}: {self.store}: {self.sentence}"[:200]

    def text(self) -> str:
        """An e-mail's text."""
        since = f"Since {self._local(self.raised_at)}"
        until = f", over since {self._local(self.ended_at)}" if self.ended_at else ""
        lead = "This is a test. Nothing has happened.\n\n" if self.event == "test" else ""
        return (
            f"{lead}{self.store}\n\n{self.sentence}\n\n{since}{until}.\n\nSent by Moodgate; rules stand on its page Alerts.\n"
        )

    def _local(self, moment: datetime) -> str:
        there = moment.astimezone(ZoneInfo(self.zone))
        return f"{there:%a} {there.day} {there:%B %Y, %H:%M} ({self.zone})"


# ---- webhook --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Webhook:
    """An address that is told by POST, and the secret by which it knows that it is us. DataError for what is no address."""

    address: str = field(repr=False)
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        _check_address(self.address)

    @property
    def shown(self) -> str:
        """The address without its path, which often is a secret of its own."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}{'/…' if parts.path.strip('/') or parts.query else ''}"

    def details(self) -> dict[str, Any]:
        """What is sealed; `channel_of` takes it back."""
        return asdict(self)

    def send(self, telling: Telling, now: datetime, context: ssl.SSLContext | None = None) -> Outcome:
        """POST it. context: whom to trust, by default the system's authorities."""
        body, parts = telling.body(), urlsplit(self.address)
        connection = _connection(parts, context)
        headers = {
            "Content-Type": "application/json", "User-Agent": _AGENT, "Connection": "close",
            SIGNATURE: signature(self.secret, body, now),
        }  # fmt: skip
        with explained() as outcome, in_time(lambda: connection.sock), contextlib.closing(connection):
            connection.connect()
            refuse_link_local(connection.sock)
            connection.request("POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, headers)
            outcome.append(_answered(connection.getresponse().status))
        return outcome[-1]


def signature(secret: str, body: bytes, now: datetime) -> str:
    """The value of the header SIGNATURE."""
    at = int(now.timestamp())
    told = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={told}"


def _connection(parts: SplitResult, context: ssl.SSLContext | None) -> http.client.HTTPConnection:
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "https":
        context = context or ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=sending.STEP_S, context=context)
    return http.client.HTTPConnection(host, port, timeout=sending.STEP_S)


def _answered(status: int) -> Outcome:
    more = ", and redirects are not followed" if 300 <= status < 400 else ""
    return Outcome(200 <= status < 300, f"answered {status}{more}")


def _check_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        whole = False
    if not whole or not _PLAIN.fullmatch(address) or len(address) > _LONGEST_ADDRESS:
        raise DataError(
            "a webhook’s address begins with https:// or http:// and holds no space, such as https://shop.example/alerts"
        )
    if parts.username is not None or parts.fragment:
        raise DataError("a webhook’s address holds no user, password or #: its messages are signed with a secret of their own")


# ---- e-mail ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mail:
    """An SMTP server, and from whom to whom. user "" for a server that asks for none. DataError for what can't be."""

    host: str
    port: int
    security: Security
    sender: str
    recipients: tuple[str, ...]
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not _PLAIN.fullmatch(self.host) or "/" in self.host or len(self.host) > 253:
            raise DataError("an e-mail channel needs the name of an SMTP server, such as smtp.example.org")
        if isinstance(self.port, bool) or not 1 <= self.port <= 65_535:
            raise DataError("an SMTP server’s port lies between 1 and 65,535")
        if self.security not in SECURITIES:
            raise DataError(f"the connection is secured by one of {', '.join(SECURITIES)}, not {self.security!r}")
        if not 1 <= len(self.recipients) <= MOST_RECIPIENTS:
            raise DataError(f"an e-mail channel needs 1 to {MOST_RECIPIENTS} recipients")
        wrong = [one for one in (self.sender, *self.recipients) if not _MAIL.fullmatch(one)]
        if wrong:
            raise DataError(f"{wrong[0]!r} is no e-mail address")
        if self.user and self.security == "none":
            raise DataError("user and password are sent over TLS only: choose STARTTLS or TLS")

    @property
    def shown(self) -> str:
        """To whom, by which server."""
        more = f" and {len(self.recipients) - 1} more" if len(self.recipients) > 1 else ""
        return f"{self.recipients[0]}{more}, by {self.host}:{self.port}"

    def details(self) -> dict[str, Any]:
        """What is sealed; `channel_of` takes it back."""
        return asdict(self)

    def send(self, telling: Telling, now: datetime, context: ssl.SSLContext | None = None) -> Outcome:
        """Hand it to the server. context: whom to trust, by default the system's authorities."""
        context = context or ssl.create_default_context()
        direct = self.security == "tls"
        server = smtplib.SMTP_SSL(timeout=sending.STEP_S, context=context) if direct else smtplib.SMTP(timeout=sending.STEP_S)
        server._host = self.host  # type: ignore[attr-defined]  # the certificate's name, which smtplib takes from its constructor only
        with explained() as outcome, in_time(lambda: server.sock), contextlib.closing(server):
            server.connect(self.host, self.port)
            refuse_link_local(server.sock)
            if self.security == "starttls":
                server.starttls(context=context)
            if self.user:
                server.login(self.user, self.password)
            refused = server.send_message(self._message(telling, now), self.sender, list(self.recipients))
            outcome.append(_accepted(len(self.recipients), len(refused)))
            with contextlib.suppress(OSError, smtplib.SMTPException):
                server.quit()
        return outcome[-1]

    def _message(self, telling: Telling, now: datetime) -> EmailMessage:
        made = EmailMessage()
        made["From"], made["To"] = self.sender, ", ".join(self.recipients)
        made["Subject"] = " ".join(telling.subject.split())
        made["Date"] = format_datetime(now.astimezone(UTC))
        made["Message-ID"] = make_msgid(idstring=f"{telling.id}.{telling.event}", domain=self.sender.rpartition("@")[2])
        made["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday notice answers
        made.set_content(telling.text())
        return made


def _accepted(recipients: int, refused: int) -> Outcome:
    if not refused:
        return Outcome(True, "accepted by the mail server")
    return Outcome(True, f"accepted by the mail server for {recipients - refused} of {recipients} recipients")


# ---- both -----------------------------------------------------------------------------------------------------------

Channel: TypeAlias = Webhook | Mail
KINDS: tuple[str, ...] = ("webhook", "email")


def channel_of(kind: str, details: Mapping[str, Any]) -> Channel:
    """The channel of those details. DataError for another kind, or for what can't be one."""
    try:
        if kind == "webhook":
            return Webhook(**details)
        if kind == "email":
            return Mail(**{**details, "recipients": tuple(details["recipients"])})
    except (TypeError, KeyError) as error:
        raise DataError("the channel’s details are not whole") from error
    raise DataError(f"a channel is one of {', '.join(KINDS)}, not {kind!r}")


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
