"""The route of evidence pictures: for who may see them, of their own stores, and never for keeps."""

from collections.abc import Mapping
from functools import partial

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from fer_core.store import Store
from fer_core.store.evidence import file_of
from fer_core.store.scope import Scoped
from server.accounts import Account
from server.asking import account_of, sentence
from server.services import services

PATH = "/evidence/{id}"
ACTION = "pictures"
HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Disposition": "inline",
    "Content-Security-Policy": "default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
_GONE = "there is no such picture (any more)"


async def evidence(request: Request) -> Response:
    """The PNG of that id; 404 where it is gone, is another store's, or never was."""
    account, key = account_of(request), request.path_params["id"]
    found = await to_thread.run_sync(partial(picture, services().store, account, key))
    return Response(found, media_type="image/png", headers=dict(HEADERS)) if found else sentence(_GONE, 404)


def picture(store: Store, account: Account, key: str) -> bytes | None:
    """The picture, if it is one of a visit that the account may see; noted in the audit log. ForbiddenError, OutputError."""
    from fer_core import queries  # it brings pandas

    row = queries.evidence_picture(Scoped(store, account.scope), key)
    if row is None:
        return None
    try:
        found = file_of(store.path, row["evidence_id"]).read_bytes()
    except OSError:
        return None
    store.audit(account.name, "visit.picture", store=row["store"], subject=row["visit_id"], detail={"role": row["role"]})
    return found
