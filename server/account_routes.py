"""Signing in and out: what sets and takes the cookie. Plain forms are sent here, and a redirect goes back to the pages.

Each asks for the same origin (`server.asking`), signing in and out too: or another site could sign somebody in as itself.
"""

from collections.abc import Callable, Mapping
from functools import partial
from math import ceil
from types import MappingProxyType
from typing import TypeAlias
from urllib.parse import parse_qs

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from fer_core.errors import DataError
from fer_core.store.accounts import plain_name
from server.accounts import COOKIE, LONGEST, LOOPBACK, Accounts, Caller, LoginError, is_local
from server.asking import PUBLIC, guarded, sentence
from server.passwords import check_password
from server.services import services

PROBLEMS: Mapping[str, str] = MappingProxyType(
    {
        "wrong": "This name and password don’t belong together.",
        "wait": "Too many failed logins. Wait a moment, then try again.",
        "late": "That took too long. Sign in again.",
        "closed": "There is no demo account here.",
        "differ": "The two passwords are not the same.",
        "weak": "Choose a password of at least 10 characters that nobody would try first.",
        "name": "An account needs a name of 1 to 100 characters.",
        "taken": "There are accounts already. Sign in.",
    }
)
"""What the address says after `problem=`, and the sentence for it: nothing that is shown comes from the address itself."""
_MOST_BYTES = 8192
_BACK = "../"
Form: TypeAlias = Mapping[str, str]
Enter: TypeAlias = Callable[[Accounts, Form, Caller], str]
"""Signs in and gives the cookie's token; LoginError or DataError where it can't."""


def account_routes(address: str | None) -> list[Route]:
    """The routes. address: at which the server listens; the demo account is open on this machine alone."""
    here = (address or "").strip("[]") in LOOPBACK
    ways: Mapping[str, tuple[Enter, bool]] = {
        "setup": (_setup, True), "login": (_login, False), "demo": (_demo if here else _closed, True), "enter": (_enter, False),
    }  # fmt: skip
    entering = [
        Route(f"/account/{name}", guarded(partial(_entered, enter, local), PUBLIC), methods=["POST"])
        for name, (enter, local) in ways.items()
    ]
    return [*entering, Route("/account/logout", guarded(_logout, PUBLIC), methods=["POST"])]


def demo_offered(address: str | None, client: str | None, headers: Mapping[str, str]) -> bool:
    """Whether the request may have the demo account at one click: the server listens here alone, and it comes from here."""
    return (address or "").strip("[]") in LOOPBACK and is_local(client, headers)


async def _entered(enter: Enter, local: bool, request: Request) -> Response:
    """Signed in, and back to the pages; or back with what is wrong."""
    if local and not is_local(request.client.host if request.client else None, request.headers):
        return sentence("this can be done on the machine itself only", 403)
    form = await _form(request)
    if form is None:
        return sentence("this must be sent as a form", 400)
    caller = Caller(
        request.client.host if request.client else "",
        request.headers.get("user-agent", ""),
        request.cookies.get(COOKIE, ""),
    )
    try:
        token = await to_thread.run_sync(lambda: enter(services().accounts, form, caller))
    except LoginError as error:
        wait = f"&s={ceil(error.wait_s)}" if error.wait_s else ""
        return _back(f"{'accounts' if enter is _setup else ''}?problem={error.code}{wait}")
    answer = _back("")
    answer.set_cookie(
        COOKIE, token, max_age=int(LONGEST.total_seconds()), path="/", httponly=True, samesite="lax", secure=_is_https(request)
    )
    return answer


def _setup(accounts: Accounts, form: Form, caller: Caller) -> str:
    name, password = plain_name(form.get("account", "")), form.get("password", "")
    if accounts.exist():
        raise LoginError(PROBLEMS["taken"], code="taken")
    if password != form.get("again"):
        raise LoginError(PROBLEMS["differ"], code="differ")
    try:
        check_password(password, name)
    except DataError as error:
        raise LoginError(str(error), code="weak") from error
    try:
        return accounts.setup(name, password, caller)
    except DataError as error:
        raise LoginError(str(error), code="name") from error


def _login(accounts: Accounts, form: Form, caller: Caller) -> str:
    return accounts.login(form.get("account", ""), form.get("password", ""), caller)


def _demo(accounts: Accounts, _form: Form, caller: Caller) -> str:
    return accounts.demo(caller)


def _closed(_accounts: Accounts, _form: Form, _caller: Caller) -> str:
    raise LoginError(PROBLEMS["closed"], code="closed")


def _enter(accounts: Accounts, form: Form, caller: Caller) -> str:
    return accounts.enter(form.get("ticket", ""), caller)


async def _logout(request: Request) -> Response:
    await to_thread.run_sync(lambda: services().accounts.logout(request.cookies.get(COOKIE, "")))
    answer = _back("?out=1")
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=_is_https(request))
    return answer


async def _form(request: Request) -> Form | None:
    """The fields of a form, the first value of each; None for what is none, or too long."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        return None
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BYTES:
            return None
    try:
        fields = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        return None
    return {name: values[0] for name, values in fields.items()}


def _back(query: str) -> Response:
    return RedirectResponse(f"{_BACK}{query}", 303, {"Cache-Control": "no-store"})


def _is_https(request: Request) -> bool:
    """By the connection, or by what a proxy before us says: a cookie that is too careful does no harm."""
    return request.url.scheme == "https" or request.headers.get("x-forwarded-proto", "").startswith("https")
