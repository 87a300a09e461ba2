"""The live page's modes without a camera: what they draw, and what becomes of pictures that the session is given."""

import asyncio

import numpy as np
import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription

from fer_core.errors import WeightsError
from fer_core.live import LiveFace, LiveResult
from fer_core.review import Categories
from fer_core.types import EXPRESSIONS
from server import services
from tests.films import write_film
from tests.test_live_modes import MARKS, Lids, face, result
from tests.test_page_live import chosen, drawn, html_of, page
from ui import live_answer, live_check, live_drowsy, live_player
from ui.live_audience import AudienceMode
from ui.live_before_after import BeforeAfterMode
from ui.live_drowsy import DrowsyMode
from ui.live_player import Heard
from ui.live_session import LiveSession

assert page  # the fixture


def in_mode(page, name, source="Camera"):
    """The page in that mode, and the mode."""
    chosen(page, source)
    page.segmented_control(key=f"live_mode_{source}").set_value(name).run()
    assert not page.exception
    return page.session_state["live_modes"][name]


def fed(mode, seconds, expression="happy", since=0.0, step=0.1):
    for index in range(round(seconds / step)):
        at = since + index * step
        mode.take(None, result(at, face(1, expression, at=at)))


def test_every_mode_is_offered_where_it_works(page):
    page.run()
    assert page.segmented_control(key="live_mode_Camera").options == ["Look", "Before / after", "Audience", "Drowsiness"]
    chosen(page, "Clip")
    assert page.segmented_control(key="live_mode_Clip").options == ["Look", "Audience", "Drowsiness"]
    chosen(page, "Picture")
    assert [one.key for one in page.segmented_control] == ["live_source"]


def test_nothing_can_be_begun_without_a_camera(page):
    in_mode(page, "Before / after")
    assert page.button(key="live_hold").disabled and "Hold one expression" in page.caption[-1].value
    in_mode(page, "Audience")
    assert page.button(key="live_record").disabled and page.button(key="live_mark").disabled


def test_the_mode_has_the_pictures_and_the_one_before_is_told(page):
    audience = in_mode(page, "Audience")
    session = page.session_state["live_session"]
    assert session.taker is audience
    audience.audience.begin()
    fed(audience, 1.0)
    look = in_mode(page, "Look")
    assert session.taker is look and audience.audience.under_way is None and len(audience.audience.runs) == 1


def test_the_outcome_of_two_expressions(page):
    mode = in_mode(page, "Before / after")
    mode.held.start()
    fed(mode, 7.0, "sad")
    assert mode.token() == "under way"
    fed(mode, 8.0, "happy", since=7.0)
    assert mode.token() == "done"
    page.run()
    assert not page.exception
    told = " ".join(one.value for one in page.markdown)
    assert "▲ positive" in told and "first" in told and "rose by" in told
    assert page.button(key="live_hold").label == "Again"
    mode.ended()
    assert mode.held.outcome is not None, "it stays when the camera is stopped"


def test_why_there_is_no_outcome(page):
    mode = in_mode(page, "Before / after")
    mode.held.start()
    for index in range(40):
        mode.take(None, result(index * 0.1))
    page.run()
    assert "Nobody was seen" in page.warning[0].value


def test_the_ring_counts_down():
    mode, session = BeforeAfterMode(), LiveSession(None)
    session.engine = type("Engine", (), {"latest": staticmethod(lambda: None)})()
    mode.held.start()
    fed(mode, 1.3)
    assert "<b>2</b>" in mode.html(session) and "Get ready for the first" in mode.html(session)
    fed(mode, 2.0, since=1.3)
    assert "Hold the first" in mode.html(session)
    mode.ended()
    assert mode.token() == "idle"


def test_a_run_is_compared_and_taken_away(page):
    mode = in_mode(page, "Audience")
    for name in ("first *film*", ""):
        mode._heard(Heard("play", name))
        fed(mode, 6.0, "happy")
        mode._heard(Heard("ended", name))
    page.run()
    assert not page.exception
    assert page.multiselect(key="live_runs").value == ["first *film*", "run 2"]
    assert "No peak with a prominence of 0\\.15" in " ".join(one.value for one in page.caption)
    page.number_input(key="live_least").set_value(2).run()
    assert not page.exception and "fewer than 2 faces" in " ".join(one.value for one in page.caption)
    page.multiselect(key="live_runs").set_value([]).run()
    assert not page.exception and "at least one run" in " ".join(one.value for one in page.info)
    page.button(key="live_forget").click().run()
    assert not page.exception and mode.audience.runs == () and not page.multiselect


def test_marks_by_a_button(page, monkeypatch):
    mode = in_mode(page, "Audience")
    mode.audience.begin()
    fed(mode, 1.0)
    page.run()
    page.text_input(key="live_mark_words").set_value("a joke")
    page.button(key="live_mark").click().run()
    page.button(key="live_stop").click().run()
    assert not page.exception
    assert [mark.words for mark in mode.audience.runs[0].marks] == ["a joke"]
    assert page.text_input(key="live_mark_words").value == ""


def test_a_clip_is_a_run(page, tmp_path):
    mode = in_mode(page, "Audience", "Clip")
    film = write_film(tmp_path / "room.mp4", 12, rate=10, size=(320, 240), draw=drawn)
    page.file_uploader(key="live_clip").set_value((film.name, film.read_bytes(), "video/mp4")).run()
    page.toggle(key="live_play").set_value(True).run()
    assert not page.exception
    assert [run.name for run in mode.audience.runs] == ["room.mp4"]
    assert max(point.faces for point in mode.audience.runs[0].points) == 1
    assert page.multiselect(key="live_runs").value == ["room.mp4"]


def test_drowsiness_is_off_and_says_what_it_is_not(page, monkeypatch):
    monkeypatch.setattr(live_drowsy, "open_eyes", Lids)
    mode = in_mode(page, "Drowsiness")
    assert "no safety device" in page.warning[0].value and "commercially" in page.warning[0].value
    assert page.toggle(key="live_eyes").value is False
    assert mode.take(None, result(0.0, face(landmarks=MARKS))) == (), "nothing is measured"
    page.toggle(key="live_eyes").set_value(True).run()
    assert not page.exception
    assert len(mode.take(None, result(0.1, face(at=0.1, landmarks=MARKS)))) == 2
    told = mode.html(one_result(result(0.1, face(at=0.1, landmarks=MARKS))))
    assert "PERCLOS" in told and "eyes of person 1" in told and "data:image/svg+xml" in told
    page.toggle(key="live_eyes").set_value(False).run()
    assert mode.take(None, result(0.2, face(at=0.2, landmarks=MARKS))) == ()


def test_eyes_that_cannot_be_read_are_told(page, monkeypatch):
    def missing():
        raise WeightsError("the predictor went away")

    monkeypatch.setattr(live_drowsy, "open_eyes", missing)
    in_mode(page, "Drowsiness")
    page.toggle(key="live_eyes").set_value(True).run()
    assert not page.exception and "The predictor went away" in page.error[0].value


def one_result(told):
    """A session that has just that result."""
    session = LiveSession(None)
    session.engine = type("Engine", (), {"latest": staticmethod(lambda: told), "history": staticmethod(tuple)})()
    return session


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (None, "Waiting for the first picture"),
        (result(0.0), "No eyes are seen"),
        (result(0.0, face()), "gives no landmarks"),
    ],
)
def test_what_is_said_without_eyes(told, words, monkeypatch):
    mode = DrowsyMode()
    assert "not measured" in mode.html(one_result(told))
    mode._eyes = live_drowsy.Drowsiness(Lids())
    assert words in mode.html(one_result(told))


def test_the_room_is_told_while_it_is_written_down():
    mode = AudienceMode()
    now = one_result(result(0.0, face()))
    assert "Waiting" in mode.html(one_result(None))
    assert "1</b> face<" in mode.html(now) and "recorded" not in mode.html(now)
    mode.audience.begin()
    fed(mode, 2.0)
    mode.audience.mark()
    told = mode.html(now)
    assert "0:01</b> recorded" in told and "1</b> mark<" in told and "data:image/svg+xml" in told


def test_categories_of_ones_own(page):
    chosen(page, "Picture")
    assert not [box for box in page.selectbox if box.key == "live_categories"]
    classes = ("low", "low", "low", "<glad>", "low", "moved", "calm")
    services.services().store.put_categories(Categories("moods", 1, classes, (-1, -1, -1, 0.5, -1, 0.25, 0)))
    page.run()
    page.selectbox(key="live_categories").set_value("moods").run()
    assert not page.exception
    session = page.session_state["live_session"]
    assert session.categories.name == "moods" and session.engine._review.valence[3] == 0.5
    page.file_uploader(key="live_picture").set_value(("face.png", png(), "image/png")).run()
    assert not page.exception
    told = html_of(page)
    assert "&lt;glad&gt;" in told and "moved" in told and "disgust" not in told
    page.selectbox(key="live_categories").set_value("the seven expressions").run()
    assert page.session_state["live_session"].categories is None and "disgust" in html_of(page)


def png():
    import cv2

    return cv2.imencode(".png", drawn(0, 320, 240))[1].tobytes()


# ---- what browsers tell ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "heard"),
    [
        (None, None),
        ("play", None),
        ({"kind": "play"}, None),
        ({"kind": "shout", "name": "a"}, None),
        ({"kind": "play", "name": " a\n b " + 90 * "c"}, Heard("play", ("a b " + 90 * "c")[:60])),
        ({"kind": "ended", "name": ""}, Heard("ended", "")),
    ],
)
def test_what_the_player_tells(told, heard):
    assert live_player.heard(told) == heard


@pytest.mark.parametrize(
    ("told", "offer"),
    [
        (None, None),
        ({"ticket": "1"}, None),
        ({"ticket": 1, "sdp": "v=0"}, None),
        ({"ticket": "1" * 65, "sdp": "v=0"}, None),
        ({"ticket": "1", "sdp": "v" * 20_001}, None),
        ({"ticket": "1", "sdp": "v=0"}, ("1", "v=0")),
    ],
)
def test_what_the_check_offers(told, offer):
    assert live_check.offer_of(told) == offer


@pytest.mark.parametrize("sdp", ["", "no offer", "v=0\r\nm=video x y z\r\n", "v=0\r\nm=application x y z\r\n"])
def test_an_offer_that_is_none(sdp):
    assert live_answer.answer(sdp, []) == {"why": live_answer.UNREAD}
    assert live_answer._places.acquire(timeout=5), "its place is free again"
    live_answer._places.release()


def test_too_many_checks_at_once(monkeypatch):
    monkeypatch.setattr(live_answer, "_places", live_answer.threading.BoundedSemaphore(1))
    live_answer._places.acquire()
    assert live_answer.answer("m=application", []) == {"why": live_answer.BUSY}


def test_a_word_goes_there_and_back():
    async def checked():
        peer, heard = RTCPeerConnection(), asyncio.Event()
        channel = peer.createDataChannel("check")
        channel.on("open", lambda: channel.send("42"))
        channel.on("message", lambda words: heard.set() if words == "42" else None)
        await peer.setLocalDescription(await peer.createOffer())
        told = await asyncio.to_thread(live_answer.answer, peer.localDescription.sdp, [])
        await peer.setRemoteDescription(RTCSessionDescription(told["sdp"], "answer"))
        await asyncio.wait_for(heard.wait(), 20)
        await peer.close()

    asyncio.run(checked())
    assert live_answer._places.acquire(timeout=25)
    live_answer._places.release()


def test_labels_of_a_model_of_its_own_have_no_valence_in_a_run():
    mode = AudienceMode()
    mode.audience.begin()
    row = np.array([0.75, 0.25], np.float32)
    for index in range(10):
        told = LiveFace(1, 0, np.zeros(4, np.float32), row, None)
        mode.take(None, LiveResult(index * 0.1, (9, 9), ("a", "b"), (told,), np.zeros((0, 4)), 1.0, 1.0, 9.0))
    run = mode.audience.end()
    assert run.labels == ("a", "b") != EXPRESSIONS and run.points[0].shares == pytest.approx((0.75, 0.25))
    assert np.isnan(run.points[0].valence)
