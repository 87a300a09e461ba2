"""Who may ask a route of ours, and how it is refused.

A browser must come from a page of our own (what changes something says so by Origin), and be signed in with the right that
the route asks for; a program shows its token. Before there are accounts the host must be a name of this machine, too: a
foreign name that points here is DNS rebinding.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias
from urllib.parse import SplitResult, urlsplit

from anyio import to_thread
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response

from fer_core.errors import ForbiddenError, InputError
from server.accounts import LOOPBACK, Account, bearer, of_request
from server.services import services
from server.uploads import UploadError

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]
PUBLIC = "public"
"""Stands where an action would for routes that ask for no account."""
_MOST_JSON_BYTES = 1 << 16


class RequestError(InputError):
    """A request that can't be done as it is asked; `status` is HTTP's number for it."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


def guarded(endpoint: Endpoint, action: str) -> Endpoint:
    """The endpoint for whoever may do `action` (PUBLIC: everybody); what it raises becomes JSON with a sentence under
    `error`. The endpoint finds the account by `account_of`."""

    async def answer(request: Request) -> Response:
        try:
            why = refusal(request) or await to_thread.run_sync(_stranger, request)
            if why:
                return sentence(why, 403)
            if action != PUBLIC:
                account = await to_thread.run_sync(of_request, request)
                if account is None:
                    return sentence("sign in first", 401)
                account.need(action)
                request.state.account = account
            return await endpoint(request)
        except (UploadError, RequestError) as error:
            return sentence(str(error), error.status)
        except ForbiddenError as error:
            return sentence(str(error), 403)
        except InputError as error:
            return sentence(str(error), 503)

    return answer


def account_of(request: Request) -> Account:
    """Who asks, at an endpoint that `guarded` let the request come to."""
    account: Account = request.state.account
    return account


async def json_of(request: Request, most_bytes: int = _MOST_JSON_BYTES) -> dict[str, Any]:
    """The JSON object that was sent. RequestError: 415 not sent as JSON, 413 too long, 400 something else."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise RequestError("this must be sent as application/json", 415)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most_bytes:
            raise RequestError("too long a request", 413)
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestError("this is no JSON", 400) from error
    if not isinstance(asked, dict):
        raise RequestError("a JSON object was expected", 400)
    return asked


def refusal(request: Request) -> str:
    """Why a page that isn't ours may not ask this, or ""."""
    host, origin = request.headers.get("host", ""), request.headers.get("origin")
    site = request.headers.get("sec-fetch-site")
    if not _parts(f"//{host}").hostname:
        return "the request must say by Host whom it asks"
    if site not in (None, "same-origin", "none") or not same_origin(request):
        return "another site's page may not do this"
    if request.method not in ("GET", "HEAD") and origin is None and site != "same-origin" and not bearer(request):
        return "the request must say by Origin from which page it comes"
    return ""


def same_origin(request: HTTPConnection) -> bool:
    """Whether it comes from a page of the host that it asks, or from none: browsers name the page, programs don't."""
    origin = request.headers.get("origin")
    return origin is None or _parts(origin).netloc == request.headers.get("host", "")


def _stranger(request: Request) -> str:
    """Why the host that was asked for isn't answered, or ""."""
    if _parts(f"//{request.headers.get('host', '')}").hostname in LOOPBACK:
        return ""
    try:
        known = services().accounts.exist()
    except InputError:
        known = False
    return "" if known else "this server answers to localhost only"


def _parts(address: str) -> SplitResult:
    """Empty where it is no address."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def sentence(text: str, status: int) -> JSONResponse:
    """A refusal, for people."""
    return JSONResponse({"error": text}, status)
