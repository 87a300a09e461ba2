"""The journeys that matter, in a real browser against the real app. They need Playwright and a Chromium
(MOODGATE_CHROMIUM, by default Debian's), and are left out by name where there is none."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from fer_core import sample

playwright = pytest.importorskip("playwright.sync_api", reason="the browser's journeys need the package playwright")
ROOT = Path(__file__).parents[1]
CHROMIUM = Path(os.environ.get("MOODGATE_CHROMIUM", "/usr/bin/chromium"))
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"the browser's journeys need {CHROMIUM}")
LONG_MS = 60_000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def app_on(folder: Path, port: int, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [str(Path(sys.executable).with_name("streamlit")), "run", "app.py", "--server.port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"MOODGATE_DATA": str(folder)} | environment)  # noqa: S603
    try:
        _answering(port)
        yield process
    finally:
        process.kill()
        process.wait(30)


def _answering(port: int) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
            return
        time.sleep(0.2)
    raise AssertionError("the app never answered")


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield opened
        opened.close()


def page_of(browser, port, path=""):
    page = browser.new_page(viewport={"width": 1440, "height": 1400})
    page.set_default_timeout(LONG_MS)
    page.goto(f"http://127.0.0.1:{port}/{path}")
    return page


def test_first_start_shows_the_sample_shop_and_a_visit(browser, tmp_path):
    port = free_port()
    with app_on(tmp_path, port):
        page = page_of(browser, port)
        page.get_by_text("Made-up visits of drawn people").wait_for()
        page.goto(f"http://127.0.0.1:{port}/analyse")
        page.get_by_text("Show the visits").first.click()
        frame = page.locator("[data-testid=stDataFrame]").first
        frame.wait_for()
        page.wait_for_timeout(1500)
        box = frame.bounding_box()
        page.mouse.click(box["x"] + 20, box["y"] + 55)
        page.get_by_text("Why.").wait_for()
        assert page.get_by_text("sample: made up, no real person").count() == 1
        assert "visit=" in page.url


def test_a_day_is_uploaded_cancelled_tried_again_and_survives_a_kill(browser, tmp_path):
    films = tmp_path / "films"
    sample.write_sample(films)
    port, data = free_port(), tmp_path / "data"
    with app_on(data, port, MOODGATE_NO_SAMPLE="1") as process:
        page = page_of(browser, port, "analyse")
        page.get_by_label("Name of the new store").fill("""O'Neil <b>&"x"</b>""")
        page.get_by_label("Name of the new store").press("Enter")
        page.locator("input[type=file]").nth(0).set_input_files(films / "entry.mp4")
        page.locator("input[type=file]").nth(1).set_input_files(films / "exit.mp4")
        page.get_by_text("640 × 360").nth(1).wait_for()
        page.get_by_role("button", name="Start the analysis").click()
        page.get_by_role("button", name="Cancel").first.click()
        page.get_by_text("Cancelled").first.wait_for()
        page.get_by_role("button", name="Try again").first.click()
        page.get_by_role("button", name="Cancel").first.wait_for()
        process.kill()
        process.wait(30)
    with app_on(data, port, MOODGATE_NO_SAMPLE="1"):
        page = page_of(browser, port, "analyse")
        page.get_by_text("8 visits", exact=False).first.wait_for()
        page.get_by_text("Show the visits").first.click()
        page.get_by_text("Visits 1 to 8 of 8", exact=False).wait_for()
        with page.expect_download() as loading:
            page.get_by_role("button", name="CSV").first.click()
        assert len(loading.value.path().read_text().strip().splitlines()) == 9


def test_a_film_that_is_none_is_told_in_a_sentence(browser, tmp_path):
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no film" * 100)
    port = free_port()
    with app_on(tmp_path / "data", port, MOODGATE_NO_SAMPLE="1"):
        page = page_of(browser, port, "analyse")
        page.locator("input[type=file]").nth(0).set_input_files(bad)
        page.get_by_text("bad.mp4:", exact=False).first.wait_for()
        assert page.get_by_text("Traceback").count() == 0
        assert page.get_by_role("button", name="Start the analysis").is_disabled()
