"""How long the app takes in a browser: its start, and a page after a change of the filters.

    python -m benchmarks.app_browser --visits 1000000 --data FOLDER --chromium /usr/bin/chromium [--out REPORT]

Needs the package playwright. Makes the visits in FOLDER (kept for the next time), starts the app on it and drives a headless
Chromium on the same machine. The start counts from the process's beginning to the first page's numbers; a change from the
click on a store in the filter until everything that follows from it is drawn. With --uploads two more browsers send films
through the upload route meanwhile. Goals: start 3 s; median change 1 s, with uploads 1.5 s.
"""

import argparse
import contextlib
import http.client
import json
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.made_visits import NAMES, make_visits
from benchmarks.storeday import commit

CHUNK = 4 << 20
TUS = {"Content-Type": "application/offset+octet-stream"}
SETTLED = """() => !document.querySelector('[data-stale=true]') && !document.querySelector('[data-testid=stStatusWidget]')
    && !document.querySelector('[data-testid=stSkeleton]')"""


@contextlib.contextmanager
def app_on(data: Path, port: int) -> Iterator[float]:
    """The app on that folder; gives the moment at which its process began."""
    command = [str(Path(sys.executable).with_name("streamlit")), "run", "app.py", "--server.port", str(port)]
    environment = os.environ | {"MOODGATE_DATA": str(data), "MOODGATE_NO_SAMPLE": "1"}
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        yield began
    finally:
        process.terminate()
        process.wait(30)


def opened(page: Any, url: str) -> None:
    """Open the page as soon as the server answers, and wait until its numbers are drawn."""
    for _ in range(600):
        try:
            page.goto(url)
            break
        except Exception as error:
            if "ERR_CONNECTION_REFUSED" not in str(error):
                raise
            time.sleep(0.05)
    page.locator("[data-testid=stMetricValue], canvas, svg.marks").first.wait_for(timeout=60_000)


def changes(page: Any, count: int) -> list[float]:
    """Seconds that each of so many changes of the store filter took to be drawn."""
    taken = []
    for name in NAMES[:count]:
        box = page.locator("[data-testid=stMultiSelect]").first
        box.locator("input").click()
        option = page.get_by_role("option", name=name, exact=True)
        option.wait_for()
        began = time.perf_counter()
        option.click()
        box.get_by_text(name, exact=True).first.wait_for()
        page.wait_for_timeout(150)  # the run has begun by then; the least that can be measured
        page.wait_for_function(SETTLED, timeout=60_000)
        taken.append(time.perf_counter() - began)
        page.keyboard.press("Escape")
    return taken


def upload(port: int, stop: threading.Event, sent: list[int], faults: list[str]) -> None:
    """Send one film after the other until told to stop, each thrown away in the end."""
    headers = {"Origin": f"http://127.0.0.1:{port}"}
    chunk = bytes(CHUNK)
    while not stop.is_set():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        body = json.dumps({"name": "film.mp4", "size": 32 * CHUNK})
        connection.request("POST", "/upload", body, headers | {"Content-Type": "application/json"})
        answer = connection.getresponse()
        place = json.loads(answer.read())
        if answer.status >= 400:
            faults.append(str(place))
            return
        for part in range(32):
            if stop.is_set():
                break
            connection.request("PATCH", f"/upload/{place['id']}", chunk, headers | TUS | {"Upload-Offset": str(part * CHUNK)})
            answer = connection.getresponse()
            answer.read()
            if answer.status >= 400:
                faults.append(f"PATCH answered {answer.status}")
            sent.append(CHUNK)
        connection.request("DELETE", f"/upload/{place['id']}", headers=headers)
        connection.getresponse().read()
        connection.close()


def measured(data: Path, port: int, chromium: str, count: int, uploads: int) -> dict[str, Any]:
    """Start of the app, and changes on both pages, with so many uploads going on."""
    from playwright.sync_api import sync_playwright

    url, stop, sent, faults = f"http://127.0.0.1:{port}/", threading.Event(), list[int](), list[str]()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        with app_on(data, port) as began:
            opened(page, url)
            result: dict[str, Any] = {"start_s": round(time.perf_counter() - began, 2)}
            senders = [threading.Thread(target=upload, args=(port, stop, sent, faults)) for _ in range(uploads)]
            for sender in senders:
                sender.start()
            for name in ("", "trends"):
                opened(page, f"{url}{name}?period=all")
                page.wait_for_function(SETTLED, timeout=60_000)
                taken = changes(page, count)
                result[name or "overview"] = {
                    "median_s": round(statistics.median(taken), 3), "all_s": [round(value, 3) for value in taken]
                }  # fmt: skip
            stop.set()
            for sender in senders:
                sender.join()
        browser.close()
    return result | {"uploads": uploads, "uploaded_mb": round(sum(sent) / 1e6), "upload_faults": faults}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--visits", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--port", type=int, default=8622)
    parser.add_argument("--changes", type=int, default=8)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    database = arguments.data / "moodgate.duckdb"
    if not database.exists():
        arguments.data.mkdir(parents=True, exist_ok=True)
        make_visits(database, arguments.visits)
    report = {
        "date": datetime.now(UTC).date().isoformat(), "commit": commit(), "machine": platform.machine(),
        "cores": os.cpu_count(), "load_before": round(os.getloadavg()[0], 2), "visits": arguments.visits,
        "runs": [
            measured(arguments.data, arguments.port, arguments.chromium, arguments.changes, uploads) for uploads in (0, 2)
        ],
    }  # fmt: skip
    print(json.dumps(report, indent=1))
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
