"""How a worker speaks with the app: over HTTP with a token, or within one process.

The app may be away, restarted, or newer: what can't be handed over now is handed over later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode

from fer_core import link as http
from fer_core.errors import AppAwayError, AppRefusedError, InputError
from fer_core.types import Role
from fer_core.watch.message import VERSION

if TYPE_CHECKING:
    from fer_core.watch.plan import Plan  # it loads a package for pictures

_WAIT_S = 20.0
_LATER = (429, 500, 503)


class Away(Exception):
    """The app can't be reached, or can't answer now; the text says why in a sentence."""


class Refused(Away):
    """The app answers, but not to this worker: its token is wrong or revoked, its version too old."""


@dataclass(frozen=True)
class Taken:
    """Which messages the app has from now on (by id), and why it will never take others."""

    taken: Sequence[str] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What the app says to a sign of life: the version of its plan, and whether it would like a still."""

    plan: str
    still: bool = False


class Link(Protocol):
    """The app, for one camera. Every call raises Away."""

    def plan(self) -> "Plan":
        """What is to be done."""
        ...

    def hand(self, messages: Sequence[Mapping[str, Any]]) -> Taken:
        """Give messages, oldest first."""
        ...

    def beat(self, told: Mapping[str, Any]) -> Answer:
        """A sign of life with the camera's health."""
        ...

    def still(self, jpeg: bytes) -> None:
        """Give the still that was asked for."""
        ...


class HttpLink:
    """The app at an address. One thread at a time. InputError for what is no address of an app."""

    def __init__(self, server: str, token: str, store: str, role: Role, door: str) -> None:
        self._http = http.Link(server, token, _WAIT_S)
        self._camera = {"store": store, "role": role, "door": door}

    def plan(self) -> "Plan":
        from fer_core.watch.plan import plan_of

        try:
            return plan_of(self._asked("POST", "/api/live/plan", self._camera | {"version": VERSION}))
        except InputError as error:
            raise Refused(str(error)) from error

    def hand(self, messages: Sequence[Mapping[str, Any]]) -> Taken:
        told = self._asked("POST", "/api/live/messages", {"store": self._camera["store"], "messages": list(messages)})
        return Taken(list(told.get("taken", ())), {one["id"]: one["why"] for one in told.get("refused", ())})

    def beat(self, told: Mapping[str, Any]) -> Answer:
        answer = self._asked("POST", "/api/live/beat", {**self._camera, "version": VERSION, **told})
        return Answer(str(answer.get("plan", "")), bool(answer.get("still")))

    def still(self, jpeg: bytes) -> None:
        self._send("PUT", f"/api/live/still?{urlencode(self._camera)}", jpeg, {"Content-Type": "image/jpeg"})

    def close(self) -> None:
        """Let go of the connection; the next request opens another."""
        self._http.close()

    def _asked(self, method: str, path: str, content: Mapping[str, Any]) -> dict[str, Any]:
        answer = self._send(method, path, content)
        if not isinstance(answer, dict):
            raise Away("what answers at this address is not Moodgate")
        return answer

    def _send(self, method: str, path: str, body: Mapping[str, Any] | bytes, headers: Mapping[str, str] | None = None) -> Any:
        try:
            return self._http.ask(method, path, body, headers).body
        except AppAwayError as error:
            raise Away(str(error)) from error
        except AppRefusedError as error:
            if error.status in _LATER:
                raise Away(str(error)) from error
            raise Refused(str(error)) from error
