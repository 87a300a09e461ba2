"""The live page in a real browser with a drawn person before its camera. Left out where `tests/test_browser.py` is."""

import re

import pytest

from fer_core import weights
from tests.test_browser import CHROMIUM, LONG_MS, app_on, free_port, playwright, pytestmark

__all__ = ["pytestmark"]
assert playwright


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    from benchmarks import live, live_browser

    if weights.find(weights.card("yunet")) is None:
        pytest.skip("no weights of yunet on this machine (FER_CORE_MODELS)")
    return live_browser.write_webcam(tmp_path_factory.mktemp("webcam") / "one.y4m", live.drawn(1, rate=30), 5)


@pytest.fixture
def page(camera, tmp_path):
    from benchmarks import live_browser

    port = free_port()
    with app_on(tmp_path, port, MOODGATE_NO_SAMPLE="1"), live_browser.browser_with(camera, str(CHROMIUM)) as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 1400})
        page.set_default_timeout(LONG_MS)
        page.goto(f"http://127.0.0.1:{port}/live")
        page.frame_locator("iframe[title*='webrtc']").first.get_by_role("button", name="Start").click()
        page.locator(".live-numbers").first.wait_for()
        yield page


def test_two_expressions_a_room_and_the_connection(page):
    page.get_by_text("Before / after", exact=True).click()
    for _ in range(4):  # on a busy machine too few pictures may come while an expression is held, and the page says so
        page.get_by_role("button", name=re.compile("^(timer )?(Begin|Again)$")).click()
        page.get_by_text("Hold the first expression").wait_for()
        page.get_by_role("button", name="Again").wait_for()
        page.wait_for_timeout(1000)
        if page.get_by_text("Why.").count():
            break
    assert page.get_by_text("readings · second:", exact=False).count() == 1
    page.get_by_text("Audience", exact=True).click()
    page.get_by_role("button", name="Record").click()
    page.get_by_text("recorded").wait_for()
    for _ in range(4):  # a key that falls into a redraw is lost
        page.keyboard.press("m")
        page.wait_for_timeout(2500)
        if page.get_by_text("1 mark", exact=True).count():
            break
    page.get_by_text("1 mark", exact=True).wait_for()
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("Valence of the room").first.wait_for()
    page.wait_for_timeout(2500)  # the page is still being drawn, and a link that is drawn anew is another one
    with page.expect_download() as loading:
        page.get_by_role("button", name="All charts as PNG").click()
    assert loading.value.path().read_bytes().startswith(b"\x89PNG")
    page.get_by_text("Connection check").click()
    page.get_by_role("button", name="Check the connection").click()
    page.locator("li.good, li.bad").nth(3).wait_for()
    told = " ".join(page.locator("li.good, li.bad").all_inner_texts())
    for words in ("gives pictures, 640 × 480", "Both sides know the codec", "A connection to the server stands",
                  "pictures a second come back"):  # fmt: skip
        assert words in told, told
    assert page.get_by_text("✗").count() == 0 and page.get_by_text("Traceback").count() == 0
