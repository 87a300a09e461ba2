"""Live cameras under load, and when something goes away.

    python -m benchmarks.cameras four --day DAY --day DAY --day DAY --day DAY --out benchmarks/reports/four-cameras-DATE.json
    python -m benchmarks.cameras away --day DAY --out benchmarks/reports/cameras-away-DATE.json

four: four days' entrance films as four cameras 1280 × 720 at once, then their exit films, read by this process as the app does.
Told are the age of every picture when it was looked at, and which visits differ from those of the same encoded films.

away: one day through a real server and real `watch` commands, entrance first. The camera is away for 30 s, the server for
60 s, and the worker is killed, the camera at a moment at which nobody is in the picture, and it goes on where it was.
Told is how long each took to come back, and which visits were lost or came twice; not counted is who passed the exit while
no worker was there to see them.

The films are sent as MPEG-TS over HTTP by processes of their own (ffmpeg, which must be installed), encoded beforehand.
"""

import argparse
import contextlib
import csv
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.live_day import moments_of, same_visits
from benchmarks.storeday import commit
from fer_core.cameras import Camera, Picture
from fer_core.cli import common
from fer_core.settings import Settings
from fer_core.store import Store
from fer_core.types import Role
from server.live_days import LiveDays
from server.watchers import Watchers

ROOT = Path(__file__).parents[1]
_STORE = "Bench"
_ROLES: tuple[Role, Role] = ("entry", "exit")
_SIZE = (1280, 720)
_LEAST_QUIET_S = 0.8
_KEY_EVERY = 5
"""Pictures from one key picture to the next: a camera that goes on shows at most so many again."""


# ---- cameras --------------------------------------------------------------------------------------------------------


def encoded(film: Path, folder: Path, size: tuple[int, int] | None) -> Path:
    """The film as a camera would send it: 25 pictures a second, many of them key pictures, none held back."""
    path = folder / f"{film.parent.name}-{film.stem}.ts"
    if not path.exists():
        scale = ["-vf", f"scale={size[0]}:{size[1]}"] if size else []
        command = ["ffmpeg", "-loglevel", "error", "-y", "-i", str(film), *scale, "-r", "25", "-c:v", "libx264"]
        command += ["-preset", "veryfast", "-tune", "zerolatency", "-g", str(_KEY_EVERY), "-crf", "20", "-an", "-f", "mpegts"]
        part = path.with_suffix(".part")
        subprocess.run([*command, str(part)], check=True)  # noqa: S603
        part.replace(path)
    return path


def serve(film: Path, port: int, begin_s: float) -> None:
    """Send the film to whoever asks, at its own pace: second begin_s of it when the first one asked."""
    first = [0.0]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            first[0] = first[0] or time.monotonic()
            at_s = begin_s + time.monotonic() - first[0]
            command = ["ffmpeg", "-loglevel", "quiet", "-re", "-ss", f"{at_s:.2f}", "-i", str(film), "-c", "copy"]
            sending = subprocess.Popen([*command, "-f", "mpegts", "pipe:1"], stdout=subprocess.PIPE)  # noqa: S603
            assert sending.stdout  # noqa: S101
            with contextlib.suppress(OSError):
                while piece := os.read(sending.stdout.fileno(), 1 << 16):
                    self.wfile.write(piece)
            sending.kill()

        def log_message(self, *_: object) -> None:
            return

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


@contextlib.contextmanager
def camera(film: Path, port: int, begin_s: float = 0.0) -> Iterator[str]:
    """A camera in a process of its own; its address."""
    command = [sys.executable, "-m", "benchmarks.cameras", "serve", str(film), str(port), f"{begin_s:.2f}"]
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True)  # noqa: S603
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}/camera.ts"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for(port: int) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise SystemExit(f"nothing listens at {port}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# ---- four at once ---------------------------------------------------------------------------------------------------


def four(days: Sequence[Path], films: Path) -> dict[str, Any]:
    """All entrance films at once, then all exit films."""
    ages: list[float] = []
    _watch_ages(ages)
    engine = common.engine_of(Settings())
    sent = {(day.name, role): encoded(day / f"{role}.mp4", films, _SIZE) for day in days for role in _ROLES}
    with tempfile.TemporaryDirectory() as place, Store.open(Path(place) / "live.duckdb") as store:
        live = LiveDays(store, Path(place) / "live")
        watchers = Watchers(store, live, lambda _: engine)
        live.start()
        watchers.begin()
        for day in days:
            store.put_store(day.name)
        began = {role: _played(role, days, sent, store, live, watchers) for role in _ROLES}
        time.sleep(5)
        for day in days:
            live.end(day.name)
        found = [_compared(day, {role: sent[day.name, role] for role in _ROLES}, store, engine, began) for day in days]
        watchers.close()
        live.close()
    return {
        "cameras": len(days), "size": _SIZE, "pictures": len(ages), "age_median_s": round(float(np.median(ages)), 3),
        "age_p99_s": round(float(np.quantile(ages, 0.99)), 3), "age_max_s": round(max(ages), 3), "days": found,
    }  # fmt: skip


def _watch_ages(ages: list[float]) -> None:
    taken = Camera.next

    def noted(self: Camera, timeout_s: float) -> Picture | None:
        picture = taken(self, timeout_s)
        if picture is not None:
            ages.append(time.monotonic() - picture.time_s)
        return picture

    Camera.next = noted  # type: ignore[method-assign]


def _played(
    role: Role, days: Sequence[Path], sent: dict[tuple[str, Role], Path], store: Store, live: LiveDays, watchers: Watchers
) -> datetime:
    with contextlib.ExitStack() as cameras:
        for day in days:
            address = cameras.enter_context(camera(sent[day.name, role], _free_port()))
            store.put_source(day.name, role, "", address)
        began = datetime.now(UTC)
        for day in days:
            watchers.start(day.name, role, "")
        time.sleep(max(_length_s(sent[day.name, role]) for day in days) + 6)
        for day in days:
            watchers.stop(day.name, role, "")
    return began


def _length_s(film: Path) -> float:
    import av

    with av.open(str(film)) as container:
        return float((container.duration or 0) / 1e6)


def _compared(day: Path, sent: dict[Role, Path], store: Store, engine: Any, began: dict[Role, datetime]) -> dict[str, Any]:
    told = same_visits(sent, moments_of(store, day.name), engine, began["exit"] - began["entry"])
    return {"day": day.name, **told}


# ---- something goes away --------------------------------------------------------------------------------------------


class App:
    """The real server in a process of its own."""

    def __init__(self, data: Path) -> None:
        self.data, self.port = data, _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port)]
        command += ["--server.headless", "true", "--server.fileWatcherType", "none"]
        environment = os.environ | {"MOODGATE_DATA": str(self.data), "MOODGATE_NO_SAMPLE": "1"}
        with (self.data / "app.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)  # noqa: S603
        _wait_for(self.port)

    def kill(self) -> None:
        assert self.process  # noqa: S101
        self.process.kill()
        self.process.wait()


class Worker:
    """A `watch` command in a process of its own."""

    def __init__(self, app: App, role: Role, address: str) -> None:
        self.role, self.address, self.app = role, address, app
        self.log = app.data / f"{role}.log"
        self.process = self._begun()

    def _begun(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "fer_core", "watch", self.address, "--store", _STORE, "--role", self.role]
        command += ["--server", self.app.url, "--outbox", str(self.app.data / f"outbox-{self.role}")]
        with self.log.open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, stderr=log, stdout=log)  # noqa: S603

    def kill_and_begin(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process = self._begun()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)

    def states(self) -> list[str]:
        """What it told so far, line by line."""
        return self.log.read_text(encoding="utf-8").splitlines()


def away(day: Path, films: Path) -> dict[str, Any]:
    """One day, with everything away once."""
    sent = {role: encoded(day / f"{role}.mp4", films, None) for role in _ROLES}
    quiet = quiet_moments(day)
    began: dict[Role, datetime] = {}
    with tempfile.TemporaryDirectory() as place:
        app = App(Path(place))
        with Store.open(Path(place) / "moodgate.duckdb") as store:
            store.put_store(_STORE)
        app.start()
        began["entry"], told = _with_camera_away(app, sent["entry"], quiet["entry"])
        began["exit"], more = _with_app_and_worker_away(app, sent["exit"])
        app.kill()
        with Store.open(Path(place) / "moodgate.duckdb") as store:
            live = LiveDays(store, Path(place) / "live")
            live.end(_STORE)
            moments = moments_of(store, _STORE)
            with store.cursor() as cursor:
                counted = dict(cursor.execute("SELECT role, count(*) FROM appearances GROUP BY role").fetchall())
        engine = common.engine_of(Settings())
        unseen = more.pop("unseen_s")
        compared = same_visits(sent, moments, engine, began["exit"] - began["entry"], loose=True, unseen=unseen)
    return {"day": day.name, **told, **more, "appearances": counted, **compared}


def quiet_moments(day: Path) -> dict[Role, list[float]]:
    """Seconds of each film at which nobody has been in the picture for a while, and nobody comes for a while."""
    seen: dict[str, list[float]] = {role: [] for role in _ROLES}
    with (day / "paths.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            seen[row["camera"]].append(float(row["time_s"]))
    found: dict[Role, list[float]] = {}
    for role in _ROLES:
        times = np.unique(np.array(seen[role]))
        gaps = np.flatnonzero(np.diff(times) >= _LEAST_QUIET_S)
        found[role] = [float((times[place] + times[place + 1]) / 2) for place in gaps]
    return found


def _with_camera_away(app: App, film: Path, quiet: list[float]) -> tuple[datetime, dict[str, Any]]:
    port, cut_s = _free_port(), next(at for at in quiet if at > 20)
    with camera(film, port) as address:
        worker, began = _begun(app, "entry", address)
        _sleep_until(began, cut_s)
    time.sleep(30)
    with camera(film, port, cut_s):
        back = time.monotonic()
        lines = len(worker.states())
        while not any(line.endswith(": live") for line in worker.states()[lines:]):
            time.sleep(0.05)
        back_s = time.monotonic() - back
        time.sleep(_length_s(film) - cut_s + 6)
        worker.stop()
    return began, {"camera_away_s": 30, "camera_back_s": round(back_s, 1)}


def _with_app_and_worker_away(app: App, film: Path) -> tuple[datetime, dict[str, Any]]:
    with camera(film, _free_port()) as address:
        worker, began = _begun(app, "exit", address)
        _sleep_until(began, 12)
        app.kill()
        _sleep_until(began, 12 + 60)
        app.start()
        back = time.monotonic()
        while _waiting(app.data / "outbox-exit"):
            time.sleep(0.05)
        app_back_s = time.monotonic() - back
        _sleep_until(began, 12 + 60 + 20)
        lines, killed = len(worker.states()), datetime.now(UTC)
        worker.kill_and_begin()
        while not any(line.endswith(": live") for line in worker.states()[lines:]):
            time.sleep(0.05)
        worker_back_s = (datetime.now(UTC) - killed).total_seconds()
        _sleep_until(began, _length_s(film) + 6)
        worker.stop()
    killed_s = (killed - began).total_seconds()
    return began, {
        "app_away_s": 60, "app_back_s": round(app_back_s, 1), "worker_back_s": round(worker_back_s, 1),
        "unseen_s": (killed_s, killed_s + worker_back_s),
    }  # fmt: skip


def _begun(app: App, role: Role, address: str) -> tuple[Worker, datetime]:
    """A worker, once it reads its camera, and that moment."""
    worker = Worker(app, role, address)
    while not any(line.endswith(": live") for line in worker.states()):
        time.sleep(0.05)
    return worker, datetime.now(UTC)


def _sleep_until(began: datetime, second: float) -> None:
    time.sleep(max(0.0, second - (datetime.now(UTC) - began).total_seconds()))


def _waiting(outbox: Path) -> int:
    return len(list(outbox.glob("*.message")))


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description="Live cameras under load, and when something goes away")
    kinds = parser.add_subparsers(dest="kind", required=True)
    for kind in ("four", "away"):
        sub = kinds.add_parser(kind)
        sub.add_argument("--day", type=Path, action="append", required=True)
        sub.add_argument("--films", type=Path, default=Path("runs/cameras"), help="where encoded films are kept")
        sub.add_argument("--out", type=Path)
    sub = kinds.add_parser("serve")
    sub.add_argument("film", type=Path)
    sub.add_argument("port", type=int)
    sub.add_argument("begin_s", type=float)
    arguments = parser.parse_args()
    if arguments.kind == "serve":
        serve(arguments.film, arguments.port, arguments.begin_s)
        return
    arguments.films.mkdir(parents=True, exist_ok=True)
    found = four(arguments.day, arguments.films) if arguments.kind == "four" else away(arguments.day[0], arguments.films)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    report = {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit(),
        "machine": machine,
        "kind": arguments.kind,
        **found,
    }
    print(json.dumps(report, indent=1))
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
