"""The HTTP API as OpenAPI 3.1 describes it: what programs may ask, what they send, and what they are told."""

from typing import Any

from fer_core import __version__
from server.openapi_schemas import SCHEMAS, Schema, reference, text

_CHUNKS = "application/offset+octet-stream"
_SAYS = """Films sent and reviewed, and live cameras. Every refusal is a JSON object with one sentence under `error`.

A program shows a token (`Authorization: Bearer mg_…`), which the page Accounts makes for one store and one purpose. Before
there are accounts none is needed on the machine itself; a request that changes something then names by `Origin` the address
that it asks. There are no version numbers in the addresses: fields may be added, and what is there keeps its meaning."""
_LICENCE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
_REFUSALS = {
    400: "what was sent can’t be used", 401: "no token, or one that is unknown or revoked", 403: "the token may not do that",
    404: "there is no such thing, or it belongs to somebody else", 409: "it can’t be done now", 413: "it is too long",
    415: "it was sent as another type", 503: "the database can’t be opened", 507: "there is no room on the disk",
}  # fmt: skip
_ALWAYS = (401, 403, 503)
NOT_DESCRIBED = ("/account/", "/exit/", "/notice/", "/evidence/")
"""How the addresses begin that belong to our own pages and to visitors’ screens, and are no API."""


def description() -> dict[str, Any]:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Moodgate", "version": __version__, "description": _SAYS, "license": _LICENCE},
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [{"name": name} for name in ("films", "reviews", "live cameras", "about")],
        "paths": {**_about(), **_films(), **_reviews(), **_live()},
        "components": {
            "schemas": SCHEMAS,
            "responses": {str(status): _refusal(says) for status, says in _REFUSALS.items()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "a token of the page Accounts"}},
        },
    }  # fmt: skip


# ---- paths ----------------------------------------------------------------------------------------------------------


def _about() -> Schema:
    document = {"200": {"description": "this document", "content": {"application/json": {"schema": {"type": "object"}}}}}
    return {
        "/health": {"get": _call("about", "Whether the server runs", "health", {200: "Health"}, (403,), open_to_all=True)},
        "/api/openapi.json": {
            "get": _call("about", "This description", "description", {}, (403,), open_to_all=True) | {"responses": document},
        },
    }  # fmt: skip


def _films() -> Schema:
    refused = (400, 404, 409, 413, 415, 507)
    append = _call("films", "Send the next bytes of a film", "append", {200: "Upload"}, refused)
    append["description"] = "What came before a connection broke is kept; after 409 ask where the film goes on."
    append["parameters"] = [_header("Upload-Offset", "the byte at which these begin: as many as have come")]
    append["requestBody"] = {
        "required": True, "content": {kind: {"schema": {}} for kind in (_CHUNKS, "application/octet-stream")},
    }  # fmt: skip
    begin = _call("films", "Begin to send a film", "begin", {201: "Upload"}, (400, 413, 415, 507), takes="NewUpload")
    return {
        "/upload": {"post": begin},
        "/upload/{id}": {
            "parameters": [_id("the upload’s")],
            "get": _call("films", "How much of a film has come", "upload", {200: "Upload"}, (404,)),
            "patch": append,
            "delete": _call("films", "Delete a film", "remove", {}, (404, 409), empty=True),
        },
    }  # fmt: skip


def _reviews() -> Schema:
    begin = _call("reviews", "Have a day’s films reviewed", "review", {201: "Review", 200: "Review"},
                  (400, 404, 409, 413, 415), takes="NewReview")  # fmt: skip
    begin["description"] = (
        "200: the very same review waits or runs already, or it was only checked. The films are deleted once it is done."
    )
    begin["responses"]["200"]["content"]["application/json"]["schema"] = {"oneOf": [reference("Review"), reference("Checked")]}
    return {
        "/api/reviews": {"post": begin},
        "/api/reviews/{id}": {
            "parameters": [_id("the review’s")],
            "get": _call("reviews", "How far a review is, and what it found", "look", {200: "Review"}, (404,)),
            "delete": _call("reviews", "End a review that waits or runs", "end", {200: "Review"}, (404,)),
        },
        "/api/reviews/{id}/visits": {
            "parameters": [_id("the review’s")],
            "get": _call("reviews", "The visits that a review gave", "visits", {200: "Visits"}, (404, 409)),
        },
    }  # fmt: skip


def _live() -> Schema:
    tag = "live cameras"
    still = _call(tag, "Give the still that was asked for", "still", {}, (400, 404, 409, 413, 415), empty=True)
    still["parameters"] = [
        {"name": name, "in": "query", "required": name != "store", "schema": SCHEMAS["Camera"]["properties"][name]}
        for name in ("store", "role", "door")
    ]
    still["requestBody"] = {"required": True, "content": {"image/jpeg": {"schema": {}}}}
    told = (400, 404, 409, 413, 415)
    says = "Tell who was seen; each message counts once"
    messages = _call(tag, says, "messages", {200: "Taken"}, told, takes="Messages")
    return {
        "/api/live/plan": {"post": _call(tag, "How a camera is to be read", "plan", {200: "Plan"}, told, takes="Camera")},
        "/api/live/messages": {"post": messages},
        "/api/live/beat": {"post": _call(tag, "A sign of life", "beat", {200: "Wanted"}, told, takes="Beat")},
        "/api/live/still": {"put": still},
    }  # fmt: skip


# ---- pieces ---------------------------------------------------------------------------------------------------------


def _call(
    tag: str, summary: str, name: str, gives: dict[int, str], refuses: tuple[int, ...], *, takes: str = "",
    open_to_all: bool = False, empty: bool = False,
) -> Schema:  # fmt: skip
    """gives: schemas by status; refuses: statuses beside those that every closed route has; empty: 204 is all it says."""
    answers = {str(status): _answer(schema) for status, schema in gives.items()}
    refused = sorted({*refuses, *(() if open_to_all else _ALWAYS)})
    answers |= {"204": {"description": "done"}} if empty else {}
    answers |= {str(status): {"$ref": f"#/components/responses/{status}"} for status in refused}
    made: Schema = {"tags": [tag], "summary": summary, "operationId": name, "responses": answers}
    if takes:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": reference(takes)}}}
    return made | ({"security": []} if open_to_all else {})


def _answer(schema: str) -> Schema:
    return {"description": "as asked", "content": {"application/json": {"schema": reference(schema)}}}


def _refusal(says: str) -> Schema:
    return {"description": says, "content": {"application/json": {"schema": reference("Error")}}}


def _id(whose: str) -> Schema:
    return {"name": "id", "in": "path", "required": True, "description": f"{whose} id", "schema": text()}


def _header(name: str, says: str) -> Schema:
    return {"name": name, "in": "header", "required": True, "description": says, "schema": {"type": "integer", "minimum": 0}}
