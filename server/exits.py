"""The exit button's routes: a page for the tablet at the exit, and the answers that it sends.

Neither asks for a login: the secret in the address is the right to answer at one door, and to nothing else. A browser may
come from any address here, unlike for all other routes; another site's page may not.
"""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from fer_core.errors import InputError
from fer_core.store.answers import VALUES, Button
from server.exit_page import page, policy
from server.flood import Flood
from server.services import services

BURST, PER_S = 60, 0.5
"""Requests of one device at once (a tablet that was offline has some to catch up with), and a second in the long run."""
LONGEST_WAIT_S = 7 * 86_400
"""How old an answer may be that comes late."""
_MOST_BYTES = 512
_SHAPE = 'an answer is {"id": "a random UUID", "value": 1 to 4, "ago_s": seconds since it was given}'
_UNKNOWN = "there is no exit button at this address (any more)"
_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}


class BadAnswerError(Exception):
    """What was sent is no answer; its text says why, status is HTTP's."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


def exit_routes() -> list[Route]:
    """The tablet's page and where it sends its answers to; with a memory of their own of who asks too often."""
    flood = Flood(BURST, PER_S)
    return [
        Route("/exit/{secret}", _within(flood, _page), methods=["GET"]),
        Route("/exit/{secret}", _within(flood, _take), methods=["POST"]),
    ]


def _within(flood: Flood, endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        wait = flood.wait_s(request.client.host if request.client else "")
        if wait:
            why = "too many answers from this device; try again later"
            return _sentence(request, why, 429, {"Retry-After": str(wait)})
        try:
            return await endpoint(request)
        except BadAnswerError as error:
            return _sentence(request, str(error), error.status)
        except InputError:  # its sentence names files, which is nobody's business out there
            return _sentence(request, "answers can’t be kept right now; try again later", 503)

    return answer


async def _page(request: Request) -> Response:
    button = await _button(request)
    headers = _HEADERS | {"Content-Security-Policy": policy(), "X-Frame-Options": "DENY"}
    return HTMLResponse(page(button.languages), headers=headers)


async def _take(request: Request) -> Response:
    """{"id": …, "value": …, "ago_s": …} → {"counted": whether it was new}."""
    _refuse_other_sites(request)
    key, value, ago = _checked(await _json(request))
    button = await _button(request)
    at = (datetime.now(UTC) - timedelta(seconds=ago)).replace(microsecond=0)
    counted = await to_thread.run_sync(lambda: services().store.put_answer(button, key, at, value))
    return JSONResponse({"counted": counted}, headers=_HEADERS)


async def _button(request: Request) -> Button:
    secret = request.path_params["secret"]
    found = await to_thread.run_sync(lambda: services().store.exit_button(secret))
    if found is None:
        raise BadAnswerError(_UNKNOWN, 404)
    return found


def _refuse_other_sites(request: Request) -> None:
    """A browser says from where it comes: whoever says nothing is no other site's page."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    own = site == "same-origin" or (site is None and (origin is None or _place(origin) == request.headers.get("host")))
    if not own:
        raise BadAnswerError("another site’s page may not do this", 403)


def _place(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


async def _json(request: Request) -> Any:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise BadAnswerError("an answer must be sent as application/json", 415)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BYTES:
            raise BadAnswerError("too long an answer", 413)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadAnswerError("this is no JSON") from error


def _checked(asked: Any) -> tuple[UUID, int, float]:
    """Its id, value and age in seconds; BadAnswerError for anything else than exactly these three."""
    if not isinstance(asked, dict) or set(asked) != {"id", "value", "ago_s"}:
        raise BadAnswerError(_SHAPE)
    key, value, ago = asked["id"], asked["value"], asked["ago_s"]
    if isinstance(value, bool) or not isinstance(value, int) or value not in VALUES:
        raise BadAnswerError("value must be 1, 2, 3 or 4")
    if isinstance(ago, bool) or not isinstance(ago, int | float) or not (0 <= ago <= LONGEST_WAIT_S):
        raise BadAnswerError(f"ago_s must be a number of seconds from 0 to {LONGEST_WAIT_S:,}")
    return _uuid(key), value, float(ago)


def _uuid(key: object) -> UUID:
    try:
        found = UUID(key) if isinstance(key, str) else None
    except ValueError:
        found = None
    if found is None or str(found) != key:
        raise BadAnswerError("id must be a UUID in small letters, such as 6f1c2a9e-0b77-4c55-9d0e-3f1d2c4b5a69")
    return found


def _sentence(request: Request, sentence: str, status: int, more: dict[str, str] | None = None) -> Response:
    if request.method != "POST":
        return PlainTextResponse(f"{sentence[:1].upper()}{sentence[1:]}.", status, _HEADERS | (more or {}))
    return JSONResponse({"error": sentence}, status, _HEADERS | (more or {}))
