"""The app's own HTTP routes: films in chunks, and a sign of life.

There are no accounts yet, so the server speaks with pages of its own only: the host must be a name of this machine (a
foreign name that points here is DNS rebinding), and what changes something must come from the same origin.
"""

import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias
from urllib.parse import SplitResult, urlsplit

from anyio import CancelScope, to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fer_core.errors import InputError
from server.services import Services, services
from server.uploads import Part, Upload, UploadError

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]

LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
_BLOCK = 1 << 20
_MOST_JSON_BYTES = 1 << 16
_CHUNK_TYPES = ("application/offset+octet-stream", "application/octet-stream")


def routes() -> list[Route]:
    """The routes that the app adds to Streamlit's."""
    return [
        Route("/health", guarded(_health), methods=["GET"]),
        Route("/upload", guarded(_create), methods=["POST"]),
        Route("/upload/{id}", guarded(_tell), methods=["GET"]),  # starlette answers HEAD by it
        Route("/upload/{id}", guarded(_append), methods=["PATCH"]),
        Route("/upload/{id}", guarded(_remove), methods=["DELETE"]),
    ]


# ---- who may ask ----------------------------------------------------------------------------------------------------


def guarded(endpoint: Endpoint) -> Endpoint:
    """The endpoint for our own pages only; what it raises becomes JSON with a sentence under `error`."""

    async def answer(request: Request) -> Response:
        why = refusal(request)
        if why:
            return _sentence(why, 403)
        try:
            return await endpoint(request)
        except UploadError as error:
            return _sentence(str(error), error.status)
        except InputError as error:
            return _sentence(str(error), 503)

    return answer


def refusal(request: Request) -> str:
    """Why the request is not answered, or ""."""
    host = request.headers.get("host", "")
    if _parts(f"//{host}").hostname not in LOOPBACK:
        return "this server answers to localhost only"
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none") or (origin is not None and _parts(origin).netloc != host):
        return "another site's page may not do this"
    if request.method not in ("GET", "HEAD") and origin is None and site != "same-origin":
        return "the request must say by Origin from which page it comes"
    return ""


def _parts(address: str) -> SplitResult:
    """Empty where it is no address."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _sentence(sentence: str, status: int) -> JSONResponse:
    return JSONResponse({"error": sentence}, status)


# ---- what is answered -----------------------------------------------------------------------------------------------


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _create(request: Request) -> Response:
    """{"name": …, "size": bytes} → the new upload."""
    asked = await _json(request)
    name, size = asked.get("name"), asked.get("size")
    if not isinstance(name, str) or not isinstance(size, int) or isinstance(size, bool) or size > sys.maxsize:
        raise UploadError('an upload is begun with {"name": "…", "size": bytes}', 400)
    upload = await to_thread.run_sync(lambda: services().uploads.create(name, size))
    return _told(upload, 201)


async def _tell(request: Request) -> Response:
    return _told(await to_thread.run_sync(services().uploads.get, request.path_params["id"]))


async def _append(request: Request) -> Response:
    """The raw bytes from Upload-Offset on; what has come before a connection breaks is kept."""
    uploads, key = services().uploads, request.path_params["id"]
    if request.headers.get("content-type", "") not in _CHUNK_TYPES:
        raise UploadError(f"a piece of a film comes as {_CHUNK_TYPES[0]}", 415)
    offset = _number(request, "upload-offset")
    appending = uploads.appending(key, offset)
    part = await to_thread.run_sync(appending.__enter__)
    try:
        _refuse_overlong(request, offset, uploads.get(key).size)
        await _copy(request, part)
    finally:
        with CancelScope(shield=True):  # a server that stops must still let go of the file
            await to_thread.run_sync(appending.__exit__, None, None, None)
    return _told(await to_thread.run_sync(uploads.get, key))


def _refuse_overlong(request: Request, offset: int, size: int) -> None:
    if "content-length" in request.headers and offset + _number(request, "content-length") > size:
        raise UploadError("more came than the size that was announced", 413)


async def _copy(request: Request, part: Part) -> None:
    """Into the file in blocks, written by a thread, so that nobody else waits for the disk."""
    block = bytearray()
    try:
        async for piece in request.stream():
            block += piece
            if len(block) >= _BLOCK:
                await to_thread.run_sync(part.write, bytes(block))
                block.clear()
    except ClientDisconnect:
        pass
    if block:
        await to_thread.run_sync(part.write, bytes(block))


async def _remove(request: Request) -> Response:
    await to_thread.run_sync(_discard, services(), request.path_params["id"])
    return Response(status_code=204)


def _discard(made: Services, key: str) -> None:
    upload = made.uploads.get(key)
    if upload.finished and made.jobs.needs(made.uploads.path_of(key)):
        raise UploadError(f"{upload.name}: a job waits for it or is at work on it; cancel that first", 409)
    made.uploads.remove(key)


# ---- little things --------------------------------------------------------------------------------------------------


def _told(upload: Upload, status: int = 200) -> Response:
    told = {"id": upload.id, "name": upload.name, "size": upload.size, "offset": upload.offset, "finished": upload.finished}
    headers = {"Upload-Offset": str(upload.offset), "Upload-Length": str(upload.size), "Cache-Control": "no-store"}
    return JSONResponse(told, status, headers)


def _number(request: Request, header: str) -> int:
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise UploadError(f"the header {header.title()} must be a number of bytes, not {text!r}", 400)
    return int(text)


async def _json(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise UploadError("this must be sent as application/json", 415)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_JSON_BYTES:
            raise UploadError("too long a request", 413)
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UploadError("this is no JSON", 400) from error
    if not isinstance(asked, dict):
        raise UploadError("a JSON object was expected", 400)
    return asked
