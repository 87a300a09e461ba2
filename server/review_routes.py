"""Films reviewed for programs, over HTTP: begun, looked at, ended, and the visits that they gave.

A program with a token to send films sees the reviews that it began itself, and no others; a person those of their stores.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fer_core.errors import InputError
from fer_core.store.scope import Scope, Scoped
from server.accounts import Account
from server.asking import RequestError, account_of, guarded, json_of
from server.guard import GuardedJobs, GuardedUploads
from server.job import Job, JobError
from server.reviewing import moment_of, refuse_real, refuse_untold
from server.services import Services, services

PATH = "/api/reviews"
_FIELDS = {"store", "entry", "exit", "detector", "embedder", "emotion", "sample", "only_check"}
_FILM_FIELDS = {"upload", "start", "door"}
_WORDS = {"entry": "entrance", "exit": "exit"}
_NOT_NUMBERS = {"store", "warnings", "first", "last", "entry_sha256"}
_LONGEST = 300
_NO_STORE = {"Cache-Control": "no-store"}


def review_routes() -> list[Route]:
    """The routes."""
    return [
        Route(PATH, guarded(_begin, "footage"), methods=["POST"]),
        Route(f"{PATH}/{{id}}", guarded(_look, "footage"), methods=["GET"]),
        Route(f"{PATH}/{{id}}", guarded(_end, "footage"), methods=["DELETE"]),
        Route(f"{PATH}/{{id}}/visits", guarded(_visits, "footage"), methods=["GET"]),
    ]


async def _begin(request: Request) -> Response:
    """The films' job: 201, or 200 where the very same one waits or runs already, so that a lost answer may be asked again."""
    asked, account = await json_of(request), account_of(request)
    job, new = await to_thread.run_sync(_submitted, services(), account, asked)
    if job is None:
        return JSONResponse({"checked": True}, headers=_NO_STORE)
    return JSONResponse(told(job), 201 if new else 200, _NO_STORE)


async def _look(request: Request) -> Response:
    job = await to_thread.run_sync(_job, services(), account_of(request), request.path_params["id"])
    return JSONResponse(told(job), headers=_NO_STORE)


async def _end(request: Request) -> Response:
    made, account, key = services(), account_of(request), request.path_params["id"]
    await to_thread.run_sync(_job, made, account, key)
    await to_thread.run_sync(_jobs(made, account).cancel, key)
    return JSONResponse(told(await to_thread.run_sync(_job, made, account, key)), headers=_NO_STORE)


async def _visits(request: Request) -> Response:
    table = await to_thread.run_sync(_table, services(), account_of(request), request.path_params["id"])
    return JSONResponse(table, headers=_NO_STORE)


def told(job: Job) -> dict[str, Any]:
    """A review as the API tells it. result: the numbers of `review --json`, once it is done."""
    numbers = {key: value for key, value in job.result.items() if key not in _NOT_NUMBERS}
    done = job.state == "done"
    return {
        "id": job.id, "store": job.store, "state": job.state, "stage": job.stage, "share": job.share,
        "speed": job.speed, "left_s": job.left_s, "error": job.error, "result": numbers if done else None,
        "warnings": job.result.get("warnings", []), "first": job.result.get("first"), "last": job.result.get("last"),
    }  # fmt: skip


# ---- beginning ------------------------------------------------------------------------------------------------------


def _submitted(made: Services, account: Account, asked: Mapping[str, Any]) -> tuple[Job | None, bool]:
    """The job, and whether it is a new one; None where it was only to be checked."""
    payload, only_check = _payload(made, account, asked), bool(asked.get("only_check"))
    store = str(payload["store"])
    _check(made, account, store, payload)
    if only_check:
        return None, False
    jobs = _jobs(made, account)
    same = next((job for job in jobs.list(None) if job.active and job.kind == "review" and job.payload == payload), None)
    if same:
        return same, False
    counts = ", ".join(_counted(len(payload[role]), f"{word} film") for role, word in _WORDS.items())
    return jobs.get(jobs.submit("review", store, f"{store}: {counts}", payload)), True


def _payload(made: Services, account: Account, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What the job is given: checked, and with the files' paths in place of the uploads' ids."""
    unknown = sorted(set(asked) - _FIELDS)
    if unknown:
        raise RequestError(f"there is no field {unknown[0]!r} here; there are {', '.join(sorted(_FIELDS))}")
    store = _text(asked, "store")
    if not store.strip():
        raise RequestError("the field 'store' must name a store")
    uploads = GuardedUploads(made.uploads, lambda: account)
    only_check = _yes(asked, "only_check")
    films = {role: [_film(uploads, one, only_check) for one in _films(asked, role)] for role in _WORDS}
    names = {key: _text(asked, key) or None for key in ("detector", "embedder", "emotion")}
    return {"store": store, **films, **names, "sample": _yes(asked, "sample"), "by": account.id}


def _films(asked: Mapping[str, Any], role: str) -> list[Mapping[str, Any]]:
    given = asked.get(role)
    if not isinstance(given, list) or not given or not all(isinstance(one, dict) for one in given):
        raise RequestError(f'the field {role!r} must list the films of the {_WORDS[role]}: [{{"upload": id, "start", "door"}}]')
    return given


def _film(uploads: GuardedUploads, given: Mapping[str, Any], only_check: bool) -> dict[str, Any]:
    unknown = sorted(set(given) - _FILM_FIELDS)
    if unknown:
        raise RequestError(f"a film has no field {unknown[0]!r}; it has {', '.join(sorted(_FILM_FIELDS))}")
    start, upload = _text(given, "start"), _text(given, "upload")
    try:
        moment = moment_of(start or None)
    except InputError as error:
        raise RequestError(str(error)) from error
    if moment and not moment.tzinfo:
        raise RequestError(f"the start {start!r} needs a time zone, such as 2026-03-02T10:00:00+00:00")
    path = "" if only_check else str(uploads.path_of(upload))
    return {"path": path, "start": moment.isoformat() if moment else None, "door": _text(given, "door")}


def _check(made: Services, account: Account, store: str, payload: Mapping[str, Any]) -> None:
    """What can be told before the films have come: ForbiddenError, RequestError."""
    from fer_core.pipeline import Film

    films = [Film(Path(one["path"]), role, None, one["door"]) for role in ("entry", "exit") for one in payload[role]]
    jobs = _jobs(made, account)
    jobs.check("review", store, payload)
    try:
        if payload["sample"]:
            refuse_real(made.store, store)
        refuse_untold(made.store, store, films)
    except InputError as error:
        raise RequestError(str(error), 409) from error
    _check_names(payload)


def _check_names(payload: Mapping[str, Any]) -> None:
    """Backends by name only: a path would have the server open any file."""
    from fer_core import detect, embed, emotion

    known = {"detector": detect.names(), "embedder": embed.names(), "emotion": emotion.names()}
    for key, names in known.items():
        given = payload[key]
        variant = key != "emotion" and str(given).startswith("deepface:")
        if given and given not in names and not variant:
            raise RequestError(f"there is no {key} {given!r} here; known are {', '.join(names)}")


# ---- looking --------------------------------------------------------------------------------------------------------


def _job(made: Services, account: Account, key: str) -> Job:
    """The review of that id, where the account may see it. RequestError (404) where there is none."""
    try:
        job = _jobs(made, account).get(key)
    except JobError as error:
        raise RequestError("there is no such review (any more)", 404) from error
    others = account.is_token and job.payload.get("by") != account.id
    if job.kind != "review" or others:
        raise RequestError("there is no such review (any more)", 404)
    return job


def _table(made: Services, account: Account, key: str) -> dict[str, Any]:
    from fer_core.queries import of_films
    from fer_core.queries.wire import as_json

    job = _job(made, account, key)
    if job.state != "done":
        raise RequestError("this review isn’t done", 409)
    if account.is_token:  # its own films' visits, which `_job` has made sure of: no more of the store
        scope = Scope(account.store_ids, kinds=frozenset(("visits",)))
    else:
        account.need("visits")
        scope = account.scope
    found = of_films(Scoped(made.store, scope), job.store, tuple(job.result.get("entry_sha256", ())))
    made.store.audit(account.name, "export.visits", store=job.store, detail={"visits": len(found)})
    return as_json(found)


def _jobs(made: Services, account: Account) -> GuardedJobs:
    return GuardedJobs(made, lambda: account)


# ---- fields ---------------------------------------------------------------------------------------------------------


def _text(given: Mapping[str, Any], key: str) -> str:
    value = given.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise RequestError(f"the field {key!r} must be a text of at most {_LONGEST} characters")
    return value


def _yes(given: Mapping[str, Any], key: str) -> bool:
    value = given.get(key, False)
    if not isinstance(value, bool):
        raise RequestError(f"the field {key!r} must be true or false")
    return value


def _counted(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


__all__ = ["PATH", "review_routes", "told"]
