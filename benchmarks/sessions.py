"""Many signed-in people at once, and how long a login takes.

    python -m benchmarks.sessions --sessions 50 --data FOLDER [--visits 100000] [--port 8544] [--out REPORT]

Makes the visits and an account for each in FOLDER (kept for the next time), starts the app on it, and signs each account in,
one after the other, over HTTP: that is the login's time, Argon2id and all. Then all of them open their pages at the same
moment as a browser does: the page's file over HTTP, its connection over Streamlit's own websocket protocol with the session's
cookie, and a message that asks for the page to be drawn, whose answers are read to the end. Everything runs on one machine.
Counted as an error: a connection that fails or closes, a page that isn't drawn to its end, that shows an exception or an error,
or that is another than was asked for. Goals: login p95 600 ms; 50 at once without an error.
"""

import argparse
import contextlib
import http.client
import json
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np

from benchmarks.storeday import commit

PASSWORD = "correct horse battery"  # noqa: S105  of made-up accounts on a made-up database
PAGES = ("overview", "trends", "visits")
_FINISHED = 0
_PATIENCE_S = 180.0


@contextlib.contextmanager
def app_on(data: Path, port: int, log: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """The app on that folder, once it answers; log: where what it prints goes."""
    command = [str(Path(sys.executable).with_name("streamlit")), "run", "app.py", "--server.port", str(port)]
    environment = os.environ | {"MOODGATE_DATA": str(data), "MOODGATE_NO_SAMPLE": "1"}
    with contextlib.ExitStack() as open_files:
        out = open_files.enter_context(log.open("wb")) if log else subprocess.DEVNULL
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT)  # noqa: S603
        try:
            for _ in range(600):
                with contextlib.suppress(OSError):
                    if asked(port, "GET", "/health")[0] == 200:
                        break
                time.sleep(0.1)
            yield process
        finally:
            process.terminate()
            process.wait(30)


def asked(port: int, method: str, path: str, body: str = "", **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Status, headers and body of an answer; headers with underscores for hyphens."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
    try:
        link.request(method, path, body or None, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = link.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        link.close()


def sign_in(port: int, name: str, password: str = PASSWORD, way: str = "login", **more: str) -> str:
    """The session's cookie, "moodgate_session=…"; "" where the login was refused."""
    form = urlencode({"account": name, "password": password} | more)
    home = f"http://127.0.0.1:{port}"
    _, headers, _ = asked(port, "POST", f"/account/{way}", form, Origin=home, Content_Type="application/x-www-form-urlencoded")
    return headers.get("Set-Cookie", "").partition(";")[0]


@dataclass
class Drawn:
    """A page as a browser was told to draw it."""

    texts: list[str] = field(default_factory=list)
    kinds: dict[str, int] = field(default_factory=dict)
    finished: bool = False

    def take(self, message: Any) -> bool:
        """One more message of the server's; whether it was the last."""
        kind = message.WhichOneof("type")
        if kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            name = element.WhichOneof("type")
            self.kinds[name] = self.kinds.get(name, 0) + 1
            self.texts.append(getattr(getattr(element, name), "body", "") or getattr(getattr(element, name), "message", ""))
        if kind == "script_finished" and message.script_finished != 2:  # 2: drawn anew
            self.finished = message.script_finished == _FINISHED
            return True
        return False


def draw(socket: Any, page: str) -> Drawn:
    """Ask for a page over an open connection, and take what comes until it is drawn."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    asks, drawn = BackMsg(), Drawn()
    asks.rerun_script.page_name = page
    asks.rerun_script.query_string = "period=all"
    socket.send(asks.SerializeToString())
    while True:
        message = ForwardMsg()
        message.ParseFromString(socket.recv(_PATIENCE_S))
        if drawn.take(message):
            return drawn


def connected(port: int, cookie: str, origin: str | None = None) -> Any:
    """The page's own connection, as a browser with that cookie opens it."""
    from websockets.sync.client import connect
    from websockets.typing import Origin, Subprotocol

    return connect(
        f"ws://127.0.0.1:{port}/_stcore/stream",
        origin=Origin(origin or f"http://127.0.0.1:{port}"),
        subprotocols=[Subprotocol("streamlit")],
        additional_headers={"Cookie": cookie} if cookie else {},
        max_size=None,
        open_timeout=_PATIENCE_S,
        ping_timeout=None,
    )


def visit(port: int, cookie: str, start: threading.Barrier, taken: dict[str, list[float]], errors: list[str]) -> None:
    """One person: waits for all others, then opens the app and goes through its pages."""
    start.wait()
    try:
        asked(port, "GET", "/", Cookie=cookie)
        with connected(port, cookie) as socket:
            for page in PAGES:
                began = time.perf_counter()
                drawn = draw(socket, page)
                taken[page].append(time.perf_counter() - began)
                errors += problems(page, drawn)
    except Exception as error:  # whatever it was, it is counted
        errors.append(f"{type(error).__name__}: {error}"[:300])


def problems(page: str, drawn: Drawn) -> list[str]:
    """What is wrong with a page that was drawn."""
    found = [] if drawn.finished else [f"{page}: was not drawn to its end"]
    found += [f"{page}: showed an {kind}" for kind in ("exception",) if kind in drawn.kinds]
    if not any(text.casefold() == page for text in drawn.texts):
        found.append(f"{page}: another page was drawn: {drawn.texts[:3]}")
    return found


def prepared(folder: Path, sessions: int, visits: int) -> list[str]:
    """The names of the accounts on a database with so many visits, which are made where they are not there yet."""
    from benchmarks.made_visits import make_visits
    from fer_core.store import Store
    from fer_core.store import accounts as rows
    from server.passwords import Passwords

    names = [f"person {number}" for number in range(sessions)]
    database = folder / "moodgate.duckdb"
    if not database.exists():
        folder.mkdir(parents=True, exist_ok=True)
        make_visits(database, visits)
    with Store.open(database) as store, store.quietly() as cursor:
        known, passwords = {row.name for row in rows.accounts(cursor)}, Passwords()
        for name in names:
            if name not in known:
                hash = passwords.hashed(PASSWORD)
                rows.put_account(cursor, name, "administrator", password=hash, now=datetime.now(UTC))
    return names


def spread(values: list[float]) -> dict[str, float]:
    """Median, 95th percentile and most, in seconds."""
    low, high, most = np.percentile(values, [50, 95, 100]) if values else (float("nan"),) * 3
    return {"p50_s": round(float(low), 3), "p95_s": round(float(high), 3), "max_s": round(float(most), 3)}


def measured(port: int, names: list[str]) -> dict[str, Any]:
    """Every login by itself, then everybody at once."""
    logins, cookies, errors = list[float](), list[str](), list[str]()
    for name in names:
        began = time.perf_counter()
        cookies.append(sign_in(port, name))
        logins.append(time.perf_counter() - began)
    errors += [f"{name}: the login was refused" for name, cookie in zip(names, cookies, strict=True) if not cookie]
    taken: dict[str, list[float]] = {page: [] for page in PAGES}
    start = threading.Barrier(len(names) + 1)
    people = [threading.Thread(target=visit, args=(port, cookie, start, taken, errors)) for cookie in cookies]
    for person in people:
        person.start()
    start.wait()
    began = time.perf_counter()
    for person in people:
        person.join()
    return {
        "login": spread(logins) | {"n": len(logins)},
        "pages_at_once": {page: spread(values) | {"drawn": len(values)} for page, values in taken.items()},
        "all_done_s": round(time.perf_counter() - began, 2),
        "errors": len(errors),
        "first_errors": errors[:10],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--visits", type=int, default=100_000)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, default=8544)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    names = prepared(arguments.data, arguments.sessions, arguments.visits)
    report = {
        "command": f"python -m benchmarks.sessions --sessions {arguments.sessions} --visits {arguments.visits}",
        "date": datetime.now(UTC).date().isoformat(), "commit": commit(), "machine": platform.machine(),
        "cores": os.cpu_count(), "load_before": round(os.getloadavg()[0], 2), "sessions": arguments.sessions,
        "visits": arguments.visits, "level": "HTTP for page and login, Streamlit's websocket protocol for what is drawn",
    }  # fmt: skip
    with app_on(arguments.data, arguments.port):
        asked(arguments.port, "GET", "/")
        report |= measured(arguments.port, names)
    print(json.dumps(report, indent=1))
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
