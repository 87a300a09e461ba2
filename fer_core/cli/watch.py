"""`watch`: a live camera, read here, for the app to show. It goes on until Ctrl-C, or the end of a film."""

import argparse
import fcntl
import hashlib
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fer_core.cameras import address_of
from fer_core.cli import common
from fer_core.cli.through_app import at_work
from fer_core.errors import InputError, OutputError
from fer_core.link import read_token
from fer_core.pipeline import Engine
from fer_core.settings import CameraSettings, Settings
from fer_core.watch.link import HttpLink
from fer_core.watch.outbox import Outbox
from fer_core.watch.plan import Plan
from fer_core.watch.worker import Engines, Watch

_LOOK_S = 1.0


def run(arguments: argparse.Namespace) -> None:
    address = address_of(arguments.source)
    server = arguments.server or _at_work()
    token = read_token(arguments.token_file) if arguments.token_file else ""
    link = HttpLink(server, token, arguments.store, arguments.role, arguments.camera)
    folder = arguments.outbox or _outbox(server, arguments)
    with _alone(folder), _stopping() as stop:
        box = Outbox(folder)
        waiting = len(box)
        if waiting:
            common.tell(f"{waiting} messages of before wait for the app, and go first")
        name = f"{socket.gethostname()} ({address.kind})"
        settings = CameraSettings(samples_per_s=arguments.samples or CameraSettings.samples_per_s)
        worker = Watch(address, link, _engines(arguments), box, name=name, settings=settings)
        try:
            _follow(worker, stop)
        finally:
            worker.close()
            link.close()
            told = worker.told()
            if not len(box):
                box.close_day()
    common.tell(f"{told['people']} people were seen; {told['waiting']} messages still wait for the app")
    if arguments.json:
        common.print_json({"people": told["people"], "waiting": told["waiting"], "state": told["health"]["state"]})


def _follow(worker: Watch, stop: threading.Event) -> None:
    """Tell every change of the camera's state until it is over."""
    before = ""
    while not stop.wait(_LOOK_S) and not worker.over.is_set():
        health = worker.told()["health"]
        now = f"{health['state']}: {health['why']}" if health["why"] else health["state"]
        if now != before:
            common.tell(f"{worker.address.shown}: {now}")
        before = now


def _engines(arguments: argparse.Namespace) -> Engines:
    made: dict[bool, Engine] = {}

    def engine(plan: Plan) -> Engine:
        if plan.recognises not in made:
            embedder = arguments.embedder or None if plan.recognises else ""
            made[plan.recognises] = common.engine_of(Settings(), arguments.detector, embedder, arguments.emotion)
        return made[plan.recognises]

    return engine


def _at_work() -> str:
    """The address of the app that runs on this machine. InputError where none does."""
    link = at_work(common.data_folder() / "moodgate.duckdb", None)
    if link is None:
        raise InputError("no app runs here to take what the camera sees: start it, or name it with --server")
    with link:
        return link.url


def _outbox(server: str, arguments: argparse.Namespace) -> Path:
    named = "\x1f".join((server, arguments.store, arguments.role, arguments.camera))
    return common.data_folder() / "outbox" / hashlib.sha256(named.encode()).hexdigest()[:16]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One worker an outbox: two would hand over each other's messages."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (folder / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InputError("this camera is being watched by another process of this machine already") from error
            yield
    except OSError as error:
        raise OutputError(f"{folder}: the outbox can't be used ({error.strerror})") from error


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set, so that what was seen is handed over or kept."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
