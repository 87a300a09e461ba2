"""The routes by which workers of live cameras speak with the app: see `fer_core.watch.link` for the other side."""

from collections.abc import Mapping
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fer_core.errors import ForbiddenError, InputError
from fer_core.types import CAMERA_ROLES, Role
from fer_core.watch.message import VERSION
from server.accounts import Account
from server.asking import RequestError, account_of, guarded, json_of
from server.services import services

ACTION = "camera"
_MOST_BYTES, _MOST_STILL, _MOST_MESSAGES = 8 << 20, 4 << 20, 200
_LONGEST = 200
_NEW = {"Cache-Control": "no-store"}
_Camera = tuple[str, Role, str]


def live_routes() -> list[Route]:
    """The routes of /api/live."""
    return [
        Route("/api/live/plan", guarded(_plan, ACTION), methods=["POST"]),
        Route("/api/live/messages", guarded(_messages, ACTION), methods=["POST"]),
        Route("/api/live/beat", guarded(_beat, ACTION), methods=["POST"]),
        Route("/api/live/still", guarded(_still, ACTION), methods=["PUT"]),
    ]


async def _plan(request: Request) -> Response:
    """{"role", "door"} → how that camera is to be read."""
    asked = await json_of(request)
    camera = _camera(account_of(request), asked)
    _check_version(asked)
    plan = await to_thread.run_sync(lambda: _asked(lambda: services().live.plan(*camera)))
    return JSONResponse(plan.as_json(), headers=_NEW)


async def _messages(request: Request) -> Response:
    """{"messages": […]} → {"taken": [ids], "refused": [{"id", "why"}]}."""
    asked = await json_of(request, _MOST_BYTES)
    store, messages = _store(account_of(request), asked), asked.get("messages")
    if not isinstance(messages, list) or len(messages) > _MOST_MESSAGES:
        raise RequestError(f"messages is a list of at most {_MOST_MESSAGES}", 400)
    for one in messages:
        if isinstance(one, Mapping):
            _check_version(one)
    told = await to_thread.run_sync(lambda: _asked(lambda: services().live.take(store, messages)))
    refused = [{"id": key, "why": why} for key, why in told.refused.items()]
    return JSONResponse({"taken": list(told.taken), "refused": refused}, headers=_NEW)


async def _beat(request: Request) -> Response:
    """{"role", "door", "worker", "health", …} → {"plan": its version, "still": whether one is wanted}."""
    asked = await json_of(request)
    camera = _camera(account_of(request), asked)
    _check_version(asked)
    answer = await to_thread.run_sync(lambda: _asked(lambda: services().live.beat(*camera, asked)))
    return JSONResponse({"plan": answer.plan, "still": answer.still}, headers=_NEW)


async def _still(request: Request) -> Response:
    """The bytes of the still that was asked for."""
    camera = _camera(account_of(request), request.query_params)
    if request.headers.get("content-type", "") != "image/jpeg":
        raise RequestError("a still comes as image/jpeg", 415)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_STILL:
            raise RequestError("a still is a JPEG of at most 4 MB", 413)
    await to_thread.run_sync(lambda: _asked(lambda: services().live.put_still(*camera, bytes(body))))
    return Response(status_code=204)


def _asked(ask: Any) -> Any:
    """What is at fault in the request is told as such."""
    try:
        return ask()
    except ForbiddenError:
        raise
    except InputError as error:
        raise RequestError(str(error), 400) from error


def _check_version(asked: Mapping[str, Any]) -> None:
    """A worker of another version is told so, before anything else is wrong with what it says."""
    if asked.get("version", VERSION) != VERSION:
        why = f"the worker speaks form {asked.get('version')!r}, and the app knows {VERSION}: update the worker"
        raise RequestError(why, 409)


def _camera(account: Account, asked: Mapping[str, Any]) -> _Camera:
    role, door = asked.get("role"), asked.get("door", "")
    if role not in CAMERA_ROLES:
        raise RequestError(f"role is one of {', '.join(CAMERA_ROLES)}", 400)
    if not isinstance(door, str) or len(door) > _LONGEST:
        raise RequestError("door is a short text", 400)
    return _store(account, asked), role, door


def _store(account: Account, asked: Mapping[str, Any]) -> str:
    """The store that is spoken of: a token's own, and any other only for whoever may see it."""
    named = asked.get("store")
    if named is None and account.stores is not None and len(account.stores) == 1:
        return account.stores[0]
    if not isinstance(named, str) or not named:
        raise RequestError("store names the store", 400)
    if not account.sees(named):
        raise ForbiddenError("this token is not for that store")
    return named
