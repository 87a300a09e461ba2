"""Before all of Streamlit's own addresses: files of pages and what is sent to them need an account, too.

Streamlit serves what pages show and offer under addresses that nobody can guess, to whoever has them. Here they need
somebody who is signed in. The page's own connection stays open to all, for it draws the login; what it draws, says `ui`.
"""

from anyio import to_thread
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fer_core.errors import InputError
from server.accounts import is_local, of_request
from server.asking import same_origin, sentence
from server.services import services

CLOSED = ("/media/", "/_stcore/upload_file", "/_stcore/agent", "/_stcore/metrics", "/app/static")
"""Parts of addresses that need an account."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",  # not no-referrer: a form's Origin would then be null
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' data: blob:; "
    "connect-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'self'",
}
"""What every answer says that doesn't say it itself. Streamlit's pages need inline scripts, and their charts `eval`: what is
left of the policy is that no page loads anything from elsewhere, sends anything elsewhere, or stands in another's frame."""


class Gate:
    """Middleware for `st.App`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""
        if scope["type"] == "websocket" and not await to_thread.run_sync(_may_look, HTTPConnection(scope)):
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if any(part in scope["path"] for part in CLOSED) and not await to_thread.run_sync(_known, HTTPConnection(scope)):
            await sentence("sign in first", 401)(scope, receive, told)
        else:
            await self._app(scope, receive, told)


def _may_look(request: HTTPConnection) -> bool:
    """Whether a page may be drawn at all: by no other origin's script, and before there are accounts on this machine alone.

    Streamlit itself lets the pages of all of this machine's ports in, and a cookie is sent to every port.
    """
    if not same_origin(request):
        return False
    try:
        open_to_all = services().accounts.exist()
    except InputError:
        open_to_all = False  # the page says on this machine what is wrong
    return open_to_all or is_local(request.client.host if request.client else None, request.headers)


def _known(request: HTTPConnection) -> bool:
    try:
        account = of_request(request)
    except InputError:
        return False
    return account is not None and not account.must_change
