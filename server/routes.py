"""The app's own HTTP routes: films in chunks, accounts, and a sign of life. Who may ask what, see `server.asking`."""

import sys

from anyio import CancelScope, to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server import evidence, notice_page
from server.account_routes import account_routes
from server.announcing import INSTANCE
from server.asking import PUBLIC, account_of, guarded, json_of
from server.exits import exit_routes
from server.guard import GuardedUploads
from server.live_routes import live_routes
from server.review_routes import review_routes
from server.services import Services, services
from server.uploads import Part, Upload, UploadError

_BLOCK = 1 << 20
_CHUNK_TYPES = ("application/offset+octet-stream", "application/octet-stream")


def routes(address: str | None = None) -> list[Route]:
    """The routes that the app adds to Streamlit's. address: at which the server listens; None: at all of the machine's."""
    return [
        Route("/health", guarded(_health, PUBLIC), methods=["GET"]),
        Route("/upload", guarded(_create, "footage"), methods=["POST"]),
        Route("/upload/{id}", guarded(_tell, "footage"), methods=["GET"]),  # starlette answers HEAD by it
        Route("/upload/{id}", guarded(_append, "footage"), methods=["PATCH"]),
        Route("/upload/{id}", guarded(_remove, "footage"), methods=["DELETE"]),
        *review_routes(),
        *live_routes(),
        Route("/api/openapi.json", guarded(_described, PUBLIC), methods=["GET"]),
        Route(evidence.PATH, guarded(evidence.evidence, evidence.ACTION), methods=["GET"]),
        Route(notice_page.PATH, notice_page.notice, methods=["GET"]),  # for everybody, from anywhere
        *account_routes(address),
        *exit_routes(),  # for tablets, from anywhere
    ]


# ---- what is answered -----------------------------------------------------------------------------------------------


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok", "instance": INSTANCE})


async def _described(_request: Request) -> Response:
    from server.openapi import description

    return JSONResponse(description(), headers={"Cache-Control": "no-cache"})


async def _create(request: Request) -> Response:
    """{"name": …, "size": bytes} → the new upload."""
    asked = await json_of(request)
    name, size = asked.get("name"), asked.get("size")
    if not isinstance(name, str) or not isinstance(size, int) or isinstance(size, bool) or size > sys.maxsize:
        raise UploadError('an upload is begun with {"name": "…", "size": bytes}', 400)
    upload = await to_thread.run_sync(lambda: _uploads(request).create(name, size))
    return _told(upload, 201)


async def _tell(request: Request) -> Response:
    return _told(await to_thread.run_sync(_uploads(request).get, request.path_params["id"]))


async def _append(request: Request) -> Response:
    """The raw bytes from Upload-Offset on; what has come before a connection breaks is kept."""
    uploads, key = _uploads(request), request.path_params["id"]
    if request.headers.get("content-type", "") not in _CHUNK_TYPES:
        raise UploadError(f"a piece of a film comes as {_CHUNK_TYPES[0]}", 415)
    offset = _number(request, "upload-offset")
    appending = await to_thread.run_sync(uploads.appending, key, offset)
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
    await to_thread.run_sync(_discard, services(), _uploads(request), request.path_params["id"])
    return Response(status_code=204)


def _discard(made: Services, uploads: GuardedUploads, key: str) -> None:
    upload = uploads.get(key)
    if upload.finished and made.jobs.needs(uploads.path_of(key)):
        raise UploadError(f"{upload.name}: a job waits for it or is at work on it; cancel that first", 409)
    uploads.remove(key)


def _uploads(request: Request) -> GuardedUploads:
    """The uploads of whoever asks."""
    account = account_of(request)
    return GuardedUploads(services().uploads, lambda: account)


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
