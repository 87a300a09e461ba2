"""Workers: a camera's pictures become messages that reach the app, whatever goes away and comes back meanwhile."""

import threading
import time
from datetime import UTC, datetime
from datetime import time as clock_time
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from fer_core.cameras import address_of
from fer_core.errors import InputError
from fer_core.gate import Week
from fer_core.pipeline import Engine
from fer_core.settings import CameraSettings
from fer_core.types import EXPRESSIONS, Frame
from fer_core.watch.analysis import LiveAnalysis, still_of
from fer_core.watch.link import Answer, Away, Refused, Taken
from fer_core.watch.message import Count, Sighting
from fer_core.watch.outbox import Outbox
from fer_core.watch.plan import Plan, plan_of
from fer_core.watch.worker import MemoryBox, Watch
from fer_core.zones import MeasuringZone
from tests.toys import GREY, ToyDetector, ToyEmbedder, ToyEmotion, paint

BEGUN = datetime(2026, 3, 2, 12, tzinfo=UTC)
ENGINE = Engine(ToyDetector(), ToyEmbedder(), ToyEmotion())
SIZE = (320, 240)
FAST = CameraSettings(samples_per_s=10, first_pause_s=0.05, longest_pause_s=0.1)
WAIT_S = 20.0


def plan(role="entry", mode="visit", **more) -> Plan:
    return Plan("Main Street", role, "", mode, **more)


def picture(*people) -> np.ndarray:
    """people: (left px, person, expression)."""
    image = np.full((SIZE[1], SIZE[0], 3), GREY, np.uint8)
    for left, person, expression in people:
        paint(image, left, 60, 96, person, expression)
    return image


def run(analysis, pictures, since=0.0, step_s=0.2) -> list:
    found = []
    for index, image in enumerate(pictures):
        analysis.take(Frame(since + index * step_s, image))
        found += analysis.messages()
    return found


def walk(person, expression, left=40, pictures=12) -> list:
    return [picture((left + 4 * index, person, expression)) for index in range(pictures)]


AWAY = [picture()] * 40


# ---- pictures to messages -------------------------------------------------------------------------------------------


def test_an_empty_run_tells_nothing():
    with LiveAnalysis(plan(), ENGINE, BEGUN) as analysis:
        assert run(analysis, []) + analysis.last_messages() == []


def test_who_left_the_picture_is_told_of_before_the_run_ends():
    with LiveAnalysis(plan(), ENGINE, BEGUN) as analysis:
        found = run(analysis, walk("ada", "happy") + AWAY)
        deadline = time.monotonic() + WAIT_S
        while not found and time.monotonic() < deadline:
            found += analysis.messages()
        (one,) = found
        assert isinstance(one, Sighting)
        assert (one.role, one.begun_at, one.appearance.expression, one.backends.embedder) == ("entry", BEGUN, "happy", "toy")
        assert one.appearance.template is not None and one.appearance.looks == ()
        assert analysis.last_messages() == []


def test_who_is_still_there_is_told_of_at_the_end_of_the_run():
    with LiveAnalysis(plan(), ENGINE, BEGUN) as analysis:
        assert run(analysis, walk("ada", "sad")) == []
        (one,) = analysis.last_messages()
        assert one.appearance.expression == "sad"


@pytest.mark.parametrize("given", [plan("floor"), plan(mode="aggregate")])
def test_where_nobody_is_recognised_people_are_counts(given):
    class Never(ToyEmbedder):
        def embed(self, image, faces):
            pytest.fail("no code may be made")

    with LiveAnalysis(given, Engine(ToyDetector(), Never(), ToyEmotion()), BEGUN) as analysis:
        found = run(analysis, walk("ada", "happy")) + analysis.last_messages()
    (one,) = found
    assert isinstance(one, Count)
    assert (one.zone, one.faces, EXPRESSIONS[int(one.expressions.argmax())]) == ("", 1.0, "happy")
    assert one.seconds == pytest.approx(2.4, abs=0.3)


def test_zones_count_who_stayed_in_them():
    left = MeasuringZone("tea", "shelf", ((0, 0), (0.5, 0), (0.5, 1), (0, 1)))
    right = MeasuringZone("till", "till", ((0.5, 0), (1, 0), (1, 1), (0.5, 1)))
    with LiveAnalysis(plan("floor", measuring=(left, right)), ENGINE, BEGUN) as analysis:
        stay = [picture((30, "ada", "happy"))] * 15
        found = run(analysis, stay) + analysis.last_messages()
        by = {one.zone: one for one in found}
        assert set(by) == {"", "tea"} and by["tea"].seconds == pytest.approx(3.0, abs=0.3)


def test_who_stays_long_is_counted_once_and_their_time_goes_on():
    with LiveAnalysis(plan("floor"), ENGINE, BEGUN) as analysis:
        stay = [picture((100, "ada", "happy"))] * 160
        found = run(analysis, stay, step_s=0.5) + analysis.last_messages()
    assert [one.faces for one in found] == [1.0, 0.0]
    assert sum(one.seconds for one in found) == pytest.approx(80, abs=2)


def test_who_did_not_agree_is_a_count_and_who_did_a_sighting():
    ada = ToyEmbedder().embed(picture((40, "ada", "happy")), ToyDetector().detect(picture((40, "ada", "happy"))))[0]
    given = plan(mode="opt-in", guests=({"toy": ada},))
    pictures = [picture((20, "ada", "happy"), (190, "ben", "sad"))] * 12
    with LiveAnalysis(given, ENGINE, BEGUN) as analysis:
        found = run(analysis, pictures) + analysis.last_messages()
    assert sorted(type(one).__name__ for one in found) == ["Count", "Sighting"]
    assert next(one for one in found if isinstance(one, Sighting)).appearance.expression == "happy"


def test_masks_hours_and_staff_are_left_out():
    ada = ToyEmbedder().embed(picture((40, "ada", "happy")), ToyDetector().detect(picture((40, "ada", "happy"))))[0]
    half = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    closed = Week({0: (clock_time(13), clock_time(18))})
    pictures = [picture((20, "ada", "happy"), (190, "ben", "sad"))] * 12
    for given, left in ((plan(masks=(half,)), ["sad"]), (plan(hours=closed), []), (plan(staff=({"toy": ada},)), ["sad"])):
        with LiveAnalysis(given, ENGINE, BEGUN) as analysis:
            found = run(analysis, pictures) + analysis.last_messages()
        assert [one.appearance.expression for one in found] == left


def test_staff_who_cannot_be_recognised_stop_the_camera():
    with pytest.raises(InputError, match="of the staff"):
        LiveAnalysis(plan(staff=({"other": np.ones(3)},)), ENGINE, BEGUN)


def test_faces_in_a_still_are_coarse_blocks():
    image = picture((40, "ada", "happy"), (190, "ben", "sad"))
    shown = cv2.imdecode(np.frombuffer(still_of(image, ENGINE), np.uint8), cv2.IMREAD_COLOR)
    changed = np.abs(shown.astype(int) - image.astype(int)).mean(axis=2)
    assert changed[70:140, 60:120].mean() > 15 and changed[70:140, 210:270].mean() > 15
    assert changed[:20].mean() < 3


def test_a_plan_comes_back_as_it_was():
    zone = MeasuringZone("tea", "shelf", ((0, 0), (1, 0), (1, 1)))
    given = plan(
        "exit", "opt-in", masks=(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)),), measuring=(zone,), time_zone="Europe/Vienna",
        hours=Week({2: (clock_time(9), clock_time(18, 30))}, "Europe/Vienna"), staff=({"toy": np.eye(5)[0]},), guests=(),
    )  # fmt: skip
    got = plan_of(given.as_json())
    assert got.as_json() == given.as_json() and got.version == given.version != plan("exit").version
    for broken in ({}, None, given.as_json() | {"role": "roof"}, given.as_json() | {"masks": 7}):
        with pytest.raises(InputError, match="another version"):
            plan_of(broken)


# ---- at work --------------------------------------------------------------------------------------------------------


class App:
    """The app as a worker sees it: it may be away, and it may lose an answer on the way."""

    def __init__(self, given: Plan) -> None:
        self.given, self.away, self.refuses, self.loses = given, threading.Event(), "", 0
        self.taken: list[dict] = []
        self.beats: list[dict] = []
        self.stills: list[bytes] = []
        self.wants_still = False

    def _here(self) -> None:
        if self.refuses:
            raise Refused(self.refuses)
        if self.away.is_set():
            raise Away("the app is away")

    def plan(self):
        self._here()
        return self.given

    def hand(self, messages):
        self._here()
        known = {one["id"] for one in self.taken}
        self.taken += [dict(one) for one in messages if one["id"] not in known]
        if self.loses:
            self.loses -= 1
            raise Away("the answer was lost")
        return Taken([one["id"] for one in messages])

    def beat(self, told):
        self._here()
        self.beats.append(dict(told))
        return Answer(self.given.version, self.wants_still)

    def still(self, jpeg):
        self.wants_still = False
        self.stills.append(jpeg)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Three people, one after the other, in nine seconds."""
    path = tmp_path_factory.mktemp("film") / "door.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "8", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt, stream.time_base = *SIZE, "yuv444p", Fraction(1, 10)
        shown = [*walk("ada", "happy"), *AWAY[:18], *walk("ben", "sad"), *AWAY[:18], *walk("cem", "happy"), *AWAY[:18]]
        for image in shown:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
    return address_of(str(path))


def watched(film, app, box=None, **more) -> Watch:
    return Watch(film, app, lambda _: ENGINE, box if box is not None else MemoryBox(), name="here", settings=FAST, **more)


def until(condition) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert condition()


def test_a_film_played_as_a_camera_is_handed_over_to_its_end(film):
    app = App(plan())
    worker = watched(film, app)
    assert worker.over.wait(WAIT_S)
    worker.close()
    assert [one["kind"] for one in app.taken] == ["sighting"] * 3
    told = worker.told()
    assert (told["people"], told["waiting"], told["health"]["state"], worker.why) == (3, 0, "over", "")


def test_what_is_seen_while_the_app_is_away_waits_and_comes_in_order_once(film, tmp_path):
    app = App(plan())
    box = Outbox(tmp_path / "out")
    worker = watched(film, app, box)
    until(lambda: app.beats)
    app.away.set()
    until(lambda: len(box) == 3)
    assert app.taken == [] and worker.why == "the app is away"
    app.loses = 1
    app.away.clear()
    assert worker.over.wait(WAIT_S)
    worker.close()
    begun = [one["intervals"][0][0] for one in app.taken]
    assert len(begun) == 3 and begun == sorted(begun) and len(box) == 0


def test_a_killed_worker_loses_nothing_that_was_in_its_outbox(film, tmp_path):
    app = App(plan())
    app.loses = 99
    box = Outbox(tmp_path / "out")
    worker = watched(film, app, box)
    until(lambda: len(box) == 3)
    worker.close()  # the box is as a kill would leave it
    app.loses = 0
    again = watched(film, app, Outbox(tmp_path / "out"))
    until(lambda: len({one["id"] for one in app.taken}) >= 3)
    again.close()
    assert len({one["id"] for one in app.taken[:3]}) == 3


def test_without_a_plan_nothing_is_read(film):
    app = App(plan())
    app.away.set()
    worker = watched(film, app)
    until(lambda: worker.why)
    assert worker.told()["health"]["state"] == "connecting"
    worker.close()
    assert app.taken == []


def test_a_camera_that_may_not_run_says_why(film):
    app = App(plan(refused="no notice hangs there"))
    worker = watched(film, app)
    until(lambda: any("no notice" in one["health"]["why"] for one in app.beats))
    worker.close()
    assert app.taken == []


def test_a_new_plan_holds_from_now_on(film):
    app = App(plan("floor", refused="not yet"))
    worker = watched(film, app)
    until(lambda: app.beats)
    app.given = plan("floor")
    assert worker.over.wait(WAIT_S)
    worker.close()
    assert [one["kind"] for one in app.taken] == ["count"] * 3


def test_a_still_is_sent_when_it_is_wanted(film):
    app = App(plan())
    app.wants_still = True
    worker = watched(film, app)
    until(lambda: app.stills)
    worker.close()
    assert app.stills[0].startswith(b"\xff\xd8")


def test_an_engine_that_cannot_be_had_is_told(film):
    app = App(plan())

    def none(_):
        raise InputError("the weights are missing")

    worker = Watch(film, app, none, MemoryBox(), name="here", settings=FAST)
    until(lambda: any(one["health"]["why"] == "the weights are missing" for one in app.beats))
    worker.close()


def test_a_worker_that_stumbles_begins_again(film, caplog):
    app, stumbled = App(plan()), []

    def engine(_):
        if not stumbled:
            stumbled.append(1)
            raise RuntimeError("a surprise")
        return ENGINE

    worker = Watch(film, app, engine, MemoryBox(), name="here", settings=FAST)
    assert worker.over.wait(WAIT_S)
    worker.close()
    assert len(app.taken) == 3 and "stumbled" in caplog.text
    caplog.clear()
