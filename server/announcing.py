"""Where the running app can be asked, written beside its database for programs of this machine."""

import contextlib
import json
import logging
import os
from pathlib import Path
from uuid import uuid4

from server.accounts import LOOPBACK

LOG = logging.getLogger(__name__)
FILE = "server.json"
INSTANCE = uuid4().hex
"""This process, as /health tells it too: who finds another one at the address has found another app."""


def url_of(address: str | None, port: int, certificate: str | None = None) -> str:
    """The server's own address for programs of this machine. address: where it listens, None for everywhere."""
    host = (address or "").strip("[]")
    if host in ("", "0.0.0.0", "::") or host in LOOPBACK:  # noqa: S104  nothing is bound here
        host = "::1" if host == "::1" else "127.0.0.1"
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if certificate else 'http'}://{shown}:{port}"


def announce(folder: Path, url: str, database: str) -> None:
    """Say in the data folder that this process is there, has that database open, and where it can be asked."""
    told = {"pid": os.getpid(), "url": url, "instance": INSTANCE, "database": database}
    draft = folder / f"{FILE}.{INSTANCE}"
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(told, file)
        os.replace(draft, folder / FILE)
    except OSError as error:  # programs then can't find the app by themselves; all else works
        LOG.warning("%s: can't be written (%s)", folder / FILE, error.strerror or error)
        draft.unlink(missing_ok=True)


def withdraw(folder: Path) -> None:
    """Take it back, where it is this process that said so."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        path = folder / FILE
        if json.loads(path.read_text(encoding="utf-8"))["instance"] == INSTANCE:
            path.unlink()
