"""A running Moodgate, asked over HTTP: one request, JSON or bytes in, JSON out.

Nothing but this crosses the network for us: no redirect is followed, no proxy is looked for, and only this machine itself is
spoken to without TLS.
"""

import http.client
import json
import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from fer_core.errors import AppAwayError, AppRefusedError, InputError

LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
TOKEN = re.compile(r"mg_[A-Za-z0-9_-]{20,200}")
"""What a token looks like."""
_AWAY = (408, 425, 429, 500, 502, 503, 504)
"""Statuses that say, without a sentence of ours, that a server before the app waits for it."""
_MOST_BYTES = 256 * 2**20


class Answer(NamedTuple):
    """status: 200 … 299; body: the JSON, None where there is none."""

    status: int
    body: Any


class Link:
    """The app at one address. An instance belongs to one thread; it keeps its connection open between requests."""

    def __init__(self, url: str, token: str = "", timeout_s: float = 60.0) -> None:
        """url: such as https://shop.example. token: one of the app's, "" where it asks for none. timeout_s: of each wait for
        the network; more is kinder to slow lines. InputError for an address that can't be one."""
        self.url, self._timeout_s = url.rstrip("/"), timeout_s
        self._scheme, self._host, self._port, self._netloc, self._path = _parts(url)
        self._token = token
        self._connection: http.client.HTTPConnection | None = None

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer. A mapping is sent as JSON, bytes as they are.

        AppAwayError where nobody answers, AppRefusedError for every status of 300 and more.
        """
        sent = json.dumps(body).encode() if isinstance(body, Mapping) else body
        kind = {"Content-Type": "application/json"} if isinstance(body, Mapping) else {}
        if method == "POST":
            self.close()  # on a fresh connection a failure is told, never mended by sending the same once more
        status, told = self._exchange(method, path, sent, self._own() | kind | dict(headers or {}))
        said = _json(told)
        if status >= 300:
            raise self._refusal(status, said)
        if told and said is None:
            raise AppRefusedError(f"{self.url}: what answers there is no Moodgate", status)
        return Answer(status, said)

    def close(self) -> None:
        """Let go of the connection; the next request opens another."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> "Link":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    # ---- inside ----

    def _own(self) -> dict[str, str]:
        shown = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        return shown | {"Host": self._netloc, "Origin": f"{self._scheme}://{self._netloc}", "Accept": "application/json"}

    def _exchange(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        kept = self._connection is not None
        try:
            return self._once(method, path, body, headers)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as error:
            if not kept:
                raise self._away(error) from error
        except (OSError, http.client.HTTPException) as error:
            raise self._away(error) from error
        try:  # a connection that was kept may have been closed for its age: that is no sign of the app being away
            return self._once(method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            raise self._away(error) from error

    def _once(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = self._opened()
        try:
            self._connection.request(method, self._path + path, body, headers)
            response = self._connection.getresponse()
            return response.status, response.read(_MOST_BYTES)
        except BaseException:  # Ctrl-C too: what comes later would be taken for the next request's answer
            self.close()
            raise

    def _opened(self) -> http.client.HTTPConnection:
        if self._scheme == "http":
            return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=self._timeout_s, context=ssl.create_default_context()
        )

    def _away(self, error: Exception) -> AppAwayError:
        return AppAwayError(f"{self.url}: the app doesn’t answer ({_cause(error)})")

    def _refusal(self, status: int, said: Any) -> AppAwayError | AppRefusedError:
        sentence = said.get("error") if isinstance(said, dict) else None
        if not isinstance(sentence, str):
            if status in _AWAY:
                return AppAwayError(f"{self.url}: the app doesn’t answer (status {status})")
            if status < 400:
                return AppRefusedError(f"{self.url}: sends on to another address; give that one", status)
            return AppRefusedError(f"{self.url}: refused with the status {status}", status)
        if status == 401:
            why = "the token is unknown there, or was revoked" if self._token else "the app asks for a token"
            return AppRefusedError(f"{self.url}: {why}", status, sentence)
        return AppRefusedError(f"{self.url}: {sentence}", status, sentence)


def read_token(path: Path) -> str:
    """The token in a file that holds nothing else. InputError where there is none."""
    try:
        found = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no text"
        raise InputError(f"{path}: no token can be read there ({why})") from error
    if not TOKEN.fullmatch(found):
        raise InputError(f"{path}: holds no token; one begins with mg_ and stands in the file alone")
    return found


def _parts(url: str) -> tuple[str, str, int, str, str]:
    """Scheme, host, port, host and port as a browser names them, and the path before every route's."""
    try:
        found = urlsplit(url)
        host, port = found.hostname or "", found.port
    except ValueError:
        raise InputError(f"{_unsaid(url)!r} is no address of an app, such as https://shop.example") from None
    if found.scheme not in ("http", "https") or not host or found.username or found.query or found.fragment:
        raise InputError(f"{_unsaid(url)!r} is no address of an app, such as https://shop.example")
    if found.scheme == "http" and host not in LOOPBACK:
        raise InputError(f"{url}: another machine is spoken to by https only")
    usual = 80 if found.scheme == "http" else 443
    shown = f"[{host}]" if ":" in host else host
    return found.scheme, host, port or usual, shown if port in (None, usual) else f"{shown}:{port}", found.path.rstrip("/")


def _unsaid(url: str) -> str:
    """The address without a password that may stand in it."""
    return re.sub(r"//[^/@]*@", "//…@", url)


def _json(told: bytes) -> Any:
    try:
        return json.loads(told) if told else None
    except (ValueError, RecursionError):
        return None


def _cause(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate can’t be trusted: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "it took too long"
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__
