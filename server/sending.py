"""What every sending to somebody else's server keeps to: how long, not to where, and in which words it failed."""

import contextlib
import http.client
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address

STEP_S, LONGEST_S = 10.0, 20.0
"""How long a step and how long the whole may take."""


@dataclass(frozen=True)
class Outcome:
    """Whether it arrived, and what came back, in a few words that go on after the channel's name."""

    ok: bool
    said: str


class LinkLocalError(OSError):
    """The address leads into the link-local network."""


def refuse_link_local(connected: socket.socket | None) -> None:
    """By the address that was reached, not by the name: a name may change its mind between two questions."""
    if connected is None:
        raise ConnectionError
    found = ip_address(str(connected.getpeername()[0]).partition("%")[0])
    plain = getattr(found, "ipv4_mapped", None) or found
    if plain.is_link_local:
        raise LinkLocalError


@contextlib.contextmanager
def in_time(connected: Callable[[], socket.socket | None]) -> Iterator[None]:
    """End the connection after LONGEST_S, however slowly the other side goes on: a timeout is for each step only."""

    def end() -> None:
        found = connected()
        with contextlib.suppress(OSError):
            if found is not None:
                socket.socket.shutdown(found, socket.SHUT_RDWR)  # not a TLS socket's own, which another thread reads from

    timer = threading.Timer(LONGEST_S, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextlib.contextmanager
def explained() -> Iterator[list[Outcome]]:
    """A list for the outcome; what goes wrong before there is one is put into it in words that quote nobody."""
    outcome: list[Outcome] = []
    try:
        yield outcome
    except (OSError, http.client.HTTPException, smtplib.SMTPException, ValueError) as error:
        if not outcome:
            outcome.append(Outcome(False, _words(error)))


def _words(error: Exception) -> str:
    code = _code(error)
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words + code
    return f"didn’t answer as it should{code}"


def _code(error: Exception) -> str:
    """What an SMTP server said, as a number."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = sorted({status for status, _ in error.recipients.values()})
        return f" ({', '.join(map(str, codes))})"
    return f" ({error.smtp_code})" if isinstance(error, smtplib.SMTPResponseException) else ""


_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (LinkLocalError, "lies in the link-local network, to which nothing is sent"),
    (smtplib.SMTPAuthenticationError, "refused user and password"),
    (smtplib.SMTPRecipientsRefused, "refused all recipients"),
    (smtplib.SMTPSenderRefused, "refused the sender"),
    (smtplib.SMTPNotSupportedError, "doesn’t offer that security or login"),
    (smtplib.SMTPServerDisconnected, "ended the connection"),
    (smtplib.SMTPException, "refused the message"),
    (ssl.SSLCertVerificationError, "has a certificate that can’t be trusted"),
    (ssl.SSLError, "doesn’t speak TLS there"),
    (socket.gaierror, "can’t be found: no such name"),
    (UnicodeError, "can’t be found: no such name"),
    (TimeoutError, f"didn’t answer within {STEP_S:.0f} s"),
    (ConnectionRefusedError, "can’t be reached: the connection was refused"),
    (http.client.RemoteDisconnected, "ended the connection without an answer"),
    (ConnectionError, "ended the connection"),
    (http.client.HTTPException, "didn’t answer in HTTP"),
    (OSError, "can’t be reached"),
)
