"""The live page without a camera: `AppTest` has no browser, so that the stream itself is for benchmarks/live_browser.py."""

from pathlib import Path

import cv2
import pytest
from streamlit.testing.v1 import AppTest

from fer_core import weights
from server import services
from tests.drawn_face import drawn_face
from tests.films import write_film
from ui.live import AUTOMATIC, ice_servers

PAGE = str(Path(__file__).parents[1] / "pages" / "live.py")


@pytest.fixture
def page(tmp_path, monkeypatch):
    if weights.find(weights.card("yunet")) is None:
        pytest.skip("no weights of yunet on this machine (FER_CORE_MODELS)")
    monkeypatch.setenv("MOODGATE_DATA", str(tmp_path / "data"))
    # AppTest's stand-in for the runtime knows no sessions, and the component asks for one.
    monkeypatch.setattr("streamlit_webrtc.component.get_this_session_info", lambda: None)
    yield AppTest.from_file(PAGE, default_timeout=60)
    services.close_all()


def html_of(page):
    return "".join(element.proto.body for element in page.get("html"))


def chosen(page, source):
    page.run()
    page.segmented_control(key="live_source").set_value(source).run()
    assert not page.exception
    return page


def drawn(number, width, height):
    return drawn_face(size=(width, height), middle=(width // 2 + number, height // 2), height=150)


def test_camera(page):
    page.run()
    assert not page.exception
    assert "Press Start" in page.info[0].value
    assert {toggle.label for toggle in page.toggle} == {"Mirror", "Blur faces", "Bars in the picture", "Landmarks"}
    session = page.session_state["live_session"]
    assert (session.style.mirror, session.style.hide, session.style.bars) == (True, "none", True)


def test_switches_count_from_the_next_picture_on(page):
    page.run()
    session = page.session_state["live_session"]
    page.toggle(key="live_mirror").set_value(False)
    page.toggle(key="live_blur").set_value(True)
    page.toggle(key="live_bars").set_value(False).run()
    assert page.session_state["live_session"] is session
    assert (session.style.mirror, session.style.hide, session.style.bars) == (False, "blur", False)


def test_backend_that_cannot_be_had(page, monkeypatch):
    page.run()
    assert page.selectbox(key="live_detector").value == AUTOMATIC
    monkeypatch.setenv("FER_CORE_MODELS", "")
    page.selectbox(key="live_detector").set_value("haar").run()
    assert not page.exception
    if page.error:
        assert page.error[0].value.endswith((".", "\\."))
    page.selectbox(key="live_detector").set_value(AUTOMATIC).run()
    assert not page.error


def test_every_name_is_offered(page):
    from fer_core import detect, emotion

    page.run()
    assert tuple(page.selectbox(key="live_detector").options) == (AUTOMATIC, *detect.names())
    assert tuple(page.selectbox(key="live_model").options) == (AUTOMATIC, *emotion.names())


def test_clip(page, tmp_path):
    chosen(page, "Clip")
    assert "Choose a film" in page.info[0].value
    film = write_film(tmp_path / "a_*clip*.mp4", 8, rate=10, size=(320, 240), draw=drawn)
    page.file_uploader(key="live_clip").set_value((film.name, film.read_bytes(), "video/mp4")).run()
    page.toggle(key="live_play").set_value(True).run()
    assert not page.exception
    assert "has ended" in page.success[0].value
    assert "data:image/jpeg" in html_of(page)
    assert len(page.session_state["live_session"].latest.faces) == 1


def test_clip_that_is_none(page):
    chosen(page, "Clip")
    page.file_uploader(key="live_clip").set_value(("a_*clip*.mp4", b"no film", "video/mp4")).run()
    page.toggle(key="live_play").set_value(True).run()
    assert not page.exception
    assert page.error[0].value.startswith("A\\_\\*clip\\*\\.mp4\\: is not a film")
    assert "/" not in page.error[0].value


def test_picture(page):
    chosen(page, "Picture")
    packed = cv2.imencode(".png", drawn(0, 320, 240))[1].tobytes()
    page.file_uploader(key="live_picture").set_value(("face.png", packed, "image/png")).run()
    assert not page.exception
    assert "data:image/jpeg" in html_of(page)
    assert 'class="live-face"' in html_of(page)


def test_picture_that_is_none(page):
    chosen(page, "Picture")
    page.file_uploader(key="live_picture").set_value(("face.png", b"no picture", "image/png")).run()
    assert not page.exception
    assert "is not a picture" in page.error[0].value


@pytest.mark.parametrize(
    ("kept", "used"),
    [
        (None, []),
        ("nonsense", []),
        ([{"urls": ["stun:stun.example.org:3478"]}, {"username": "u"}, 7], [{"urls": ["stun:stun.example.org:3478"]}]),
    ],
)
def test_ice_servers(tmp_path, monkeypatch, kept, used):
    monkeypatch.setenv("MOODGATE_DATA", str(tmp_path / "data"))
    try:
        if kept is not None:
            services.services().store.put_setting("ice_servers", kept)
        assert ice_servers() == used
    finally:
        services.close_all()
