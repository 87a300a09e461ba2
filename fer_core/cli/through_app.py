"""`review` through a running app: the films go there in pieces, a job reviews them, and the rows come back."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import pandas as pd
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from fer_core.cli import common
from fer_core.errors import AppAwayError, AppError, AppRefusedError, CancelledError, FilmError, InputError
from fer_core.link import Link, read_token
from fer_core.pipeline import Film
from fer_core.queries.wire import from_json

ANNOUNCED = "server.json"
"""The file beside its database in which a running app says where it can be asked."""
PIECE_BYTES = 8 * 2**20
_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0)
"""How long is waited for an app that has gone away, each time anew. More of them: longer restarts are borne."""
_LOOKS_S = (0.3, 0.5, 1.0)
"""How long between two looks at a job; the last one stays."""
_STOPPING_S = 15.0
_CHUNK = "application/offset+octet-stream"
_T = TypeVar("_T")
Wait = Callable[[float], None]
Bars = Callable[[str, str, float, float], None]
"""Told of a thing by a key of its own, what is going on with it, how much of it is done, and how much there is."""
_JOB = "the job"


@dataclass(frozen=True)
class Asked:
    """What is to be reviewed: the films of a store's day; names: of backends, by option; sample: mark the store as made up."""

    store: str
    films: tuple[Film, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    sample: bool = False

    def payload(self, uploads: Sequence[str] = ()) -> dict[str, Any]:
        """As POST /api/reviews wants it; without uploads only to be checked."""
        films: dict[str, list[dict[str, Any]]] = {"entry": [], "exit": []}
        for film, key in zip(self.films, uploads or [""] * len(self.films), strict=True):
            start = film.start_at.isoformat() if film.start_at else None
            films[film.role].append({"start": start, "door": film.door} | ({"upload": key} if key else {}))
        more = ({"sample": True} if self.sample else {}) | ({} if uploads else {"only_check": True})
        return {"store": self.store, **films, **self.names, **more}


# ---- which app ------------------------------------------------------------------------------------------------------


def at_address(url: str, token_file: Path | None) -> Link:
    """The app at that address. InputError for what is no address or no token."""
    return Link(url, read_token(token_file) if token_file else "")


def at_work(database: Path, token_file: Path | None) -> Link | None:
    """The app that has that database open, by what it says beside it; None where none says so, or it doesn't answer."""
    place = database.resolve()
    try:
        told = json.loads(place.with_name(ANNOUNCED).read_text(encoding="utf-8"))
        url, instance, name = (str(told[key]) for key in ("url", "instance", "database"))
        with Link(url, timeout_s=5.0) as link:
            answer = link.ask("GET", "/health").body
    except (OSError, ValueError, KeyError, TypeError, InputError):
        return None
    # another app may have that port by now, for another database
    same = isinstance(answer, dict) and answer.get("instance") == instance and name == place.name
    return at_address(url, token_file) if same else None


# ---- the review -----------------------------------------------------------------------------------------------------


def review_there(link: Link, asked: Asked, wait: Wait = time.sleep) -> tuple[dict[str, Any], pd.DataFrame]:
    """The numbers of `review --json` and the visits' rows, once the app has reviewed the films. Ctrl-C ends its job.

    AppAwayError, AppRefusedError; InputError with the sentence of a job that failed; CancelledError where it was stopped.
    """
    with link:
        try:
            return _reviewed(link, asked, wait)
        except AppRefusedError as error:
            if error.status != 401 or "asks for a token" not in str(error):
                raise
            more = "; its page Accounts makes one to send films for the store, --token-file gives it"
            raise AppRefusedError(f"{error}{more}", 401) from error


def _reviewed(link: Link, asked: Asked, wait: Wait) -> tuple[dict[str, Any], pd.DataFrame]:
    _refuse_old(link)
    link.ask("POST", "/api/reviews", asked.payload())  # what can't be is told before the films have travelled
    uploads: list[str] = []
    job = ""
    try:
        with _bars() as tell:
            for film in asked.films:
                _send(link, film, uploads, tell, wait)
            begun = _patiently(lambda: link.ask("POST", "/api/reviews", asked.payload(uploads)), wait)
            job = str(begun.body["id"])
            done = _ended(link, job, tell, wait)
        for warning in done["warnings"]:
            common.tell(f"warning: {warning}")
        return done["result"], from_json(_patiently(lambda: link.ask("GET", f"/api/reviews/{job}/visits"), wait).body)
    except AppAwayError as error:
        if job:
            raise AppAwayError(f"{error}; the review goes on there once it runs again") from error
        raise
    except (KeyError, TypeError) as error:
        raise AppRefusedError(f"{link.url}: answered something else than this version of Moodgate expects") from error
    except BaseException:  # Ctrl-C too: nothing is to stay behind there
        _undo(link, job, uploads, wait)
        raise


def _refuse_old(link: Link) -> None:
    """AppRefusedError unless a Moodgate answers there that reviews films for others."""
    try:
        told = link.ask("GET", "/api/openapi.json").body
    except AppRefusedError as error:
        if error.said:
            raise
        told = None
    if not isinstance(told, dict) or "/api/reviews" not in told.get("paths", {}):
        raise AppRefusedError(f"{link.url}: no Moodgate answers there, or one too old to review films for others; update it")


def _send(link: Link, film: Film, uploads: list[str], tell: Bars, wait: Wait) -> None:
    """The film, in pieces; where the connection breaks it goes on at the byte that the app names."""
    try:
        with film.path.open("rb") as file:
            size = file.seek(0, 2)
            begin = {"name": film.path.name, "size": size}
            key = str(_patiently(lambda: link.ask("POST", "/upload", begin), wait).body["id"])
            uploads.append(key)
            label, offset = f"sending [bold]{escape(film.path.name)}[/bold]", 0
            while offset < size:
                tell(key, label, offset, size)
                file.seek(offset)
                piece = file.read(min(PIECE_BYTES, size - offset))
                if not piece:
                    raise FilmError(f"{film.path}: became shorter while it was sent")
                offset = _piece(link, key, offset, piece, wait)
            tell(key, label, size, size)
    except OSError as error:
        raise FilmError(f"{film.path}: can’t be read ({error.strerror or error})") from error


def _piece(link: Link, key: str, offset: int, piece: bytes, wait: Wait) -> int:
    """Send a piece; where the film goes on after it, which the app knows best where it broke."""
    for pause in (*_PAUSES_S, None):
        try:
            sent = link.ask("PATCH", f"/upload/{key}", piece, {"Content-Type": _CHUNK, "Upload-Offset": str(offset)})
            return int(sent.body["offset"])
        except (AppAwayError, AppRefusedError) as error:
            clash = isinstance(error, AppRefusedError) and error.status == 409  # the broken piece may still be coming in
            if pause is None or not (clash or isinstance(error, AppAwayError)):
                raise
            wait(pause)
        come = int(_patiently(lambda: link.ask("GET", f"/upload/{key}"), wait).body["offset"])
        if come > offset:
            return come
    raise AssertionError("unreachable")


def _ended(link: Link, job: str, tell: Bars, wait: Wait) -> dict[str, Any]:
    """The job, once it is done."""
    for number in range(10**9):
        told = _patiently(lambda: link.ask("GET", f"/api/reviews/{quote(job)}"), wait).body
        if told["state"] == "done":
            tell(_JOB, "reviewed", 1.0, 1.0)
            return dict(told)
        if told["state"] == "failed":
            raise InputError(str(told["error"]))
        if told["state"] == "cancelled":
            raise CancelledError("the review was stopped in the app; nothing was written")
        what = "waiting for other work" if told["state"] == "queued" else str(told["stage"])
        tell(_JOB, escape(what), float(told["share"] or 0.0), 1.0)
        wait(_LOOKS_S[min(number, len(_LOOKS_S) - 1)])
    raise AssertionError("unreachable")


def _undo(link: Link, job: str, uploads: Sequence[str], wait: Wait) -> None:
    """End the job and delete the films; what can't be reached now the app deletes by itself within days."""
    with contextlib.suppress(AppError, KeyboardInterrupt):
        if job:
            link.ask("DELETE", f"/api/reviews/{job}")
            waited = 0.0
            while waited < _STOPPING_S and link.ask("GET", f"/api/reviews/{job}").body["state"] in ("queued", "running"):
                wait(_LOOKS_S[0])
                waited += _LOOKS_S[0]
        for key in uploads:
            with contextlib.suppress(AppRefusedError):
                link.ask("DELETE", f"/upload/{key}")


def _patiently(do: Callable[[], _T], wait: Wait) -> _T:
    """What `do` gives; an app that has gone away is waited for, longer each time."""
    for pause in _PAUSES_S:
        try:
            return do()
        except AppAwayError:
            wait(pause)
    return do()


@contextlib.contextmanager
def _bars() -> Iterator[Bars]:
    """A progress bar for each thing on stderr; where stderr is no terminal, nothing moves."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
    )
    known: dict[str, Any] = {}
    with Progress(*columns, console=common.ERRORS, disable=not common.ERRORS.is_terminal) as bars:

        def tell(key: str, what: str, done: float, total: float) -> None:
            if key not in known:
                known[key] = bars.add_task(what, total=total)
            bars.update(known[key], description=what, completed=done, total=total)

        yield tell
