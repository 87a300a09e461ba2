"""Live: who is in a masked zone, outside hours or staff is dropped before anything is read; and the page's gallery."""

import gc
import weakref
from datetime import UTC, datetime, time

import cv2
import numpy as np
import pytest

from fer_core.errors import DataError, InputError
from fer_core.gate import Gate, Hours, Zone
from fer_core.live import HIDING, LiveEngine, LiveSettings, LiveStyle, draw, read_picture
from fer_core.store import Store
from fer_core.types import EXPRESSIONS
from server import services
from server.live_staff import StaffOf, staff_gate, staffed
from tests.shops_of_three import NORTH, SOUTH
from tests.test_gallery import AXES
from tests.test_live import STEP_S, fed, numbers, picture, stamped
from tests.test_page_live import chosen, drawn, html_of, page  # noqa: F401  (a fixture)
from tests.test_people import put
from tests.toys import ToyDetector, ToyEmbedder, ToyEmotion
from ui import live_staff
from ui.live_readings import readings
from ui.live_session import LiveSession

LEFT_HALF = Zone("till", ((0, 0), (0.5, 0), (0.5, 1), (0, 1)))
ADA, BEN = (40, "ada", "happy"), (200, "ben", "sad")


class Asked(ToyEmbedder):
    """Counts what it was asked, and whether a template is still held by anybody."""

    def __init__(self):
        self.asked, self.made = 0, []

    def embed(self, image, faces):
        self.asked += len(faces)
        codes = super().embed(image, faces)
        self.made.append(weakref.ref(codes))
        return codes

    @property
    def held(self):
        gc.collect()
        return sum(code() is not None for code in self.made)


class Shown(ToyEmotion):
    """Counts what it was asked, and remembers the people, by their blue and green."""

    def __init__(self):
        super().__init__()
        self.people = set()

    def predict(self, image, faces):
        codes = ToyEmbedder().embed(image, faces)
        self.people |= {name for name, axis in AXES.items() if (codes @ axis > 0.9).any()}
        return super().predict(image, faces)


def staff(*names):
    return Gate(is_staff=lambda template: any(float(template @ AXES[name]) > 0.9 for name in names))


def live(gate=None, settings=None):
    """An engine, its embedder and its model."""
    embedder, model = Asked(), Shown()
    return LiveEngine(ToyDetector(), model, settings, gate=gate, embedder=embedder), embedder, model


def boxes(found):
    return [[round(float(value)) for value in xyxy] for xyxy in found]


# ---- zones and hours ------------------------------------------------------------------------------------------------


def test_faces_in_masked_zones_are_dropped_before_anything():
    engine, embedder, model = live(Gate(masks=(LEFT_HALF,), is_staff=lambda _: False))
    result = fed(engine, picture(ADA, BEN), 6)
    assert (numbers(result), model.people, embedder.asked) == ([1], {"ben"}, 1)
    assert {moment.number for moment in engine.history()} == {1}
    assert len(result.dropped) == 1 and not len(result.waiting) and not len(result.unread)


def test_faces_outside_hours_are_dropped_before_anything():
    engine, embedder, model = live(Gate(hours=Hours(time(9), time(18)), is_staff=lambda _: False))
    night, noon = (datetime(2026, 3, 2, hour, tzinfo=UTC) for hour in (3, 12))
    for index in range(6):
        result = engine.frame(picture(ADA, BEN), index * STEP_S, night)
    assert (result.faces, len(result.unread), embedder.asked, model.asked) == ((), 0, 0, 0)
    assert len(result.dropped) == 2
    for index in range(6, 12):
        result = engine.frame(picture(ADA, BEN), index * STEP_S, noon)
    assert numbers(result) == [1, 2]


def test_without_a_moment_the_hours_are_those_of_now():
    now = datetime.now(UTC)
    other = Hours(time((now.hour + 6) % 24), time((now.hour + 12) % 24))
    engine, _, model = live(Gate(hours=other))
    assert fed(engine, picture(ADA)).faces == () and model.asked == 0
    assert read_picture(picture(ADA), ToyDetector(), model, gate=Gate(hours=other)).faces == () and model.asked == 0


@pytest.mark.parametrize("how", [how for how in HIDING if how != "none"])
def test_who_is_not_read_is_hidden_all_the_same(how):
    image = picture(ADA, BEN)
    engine, _, _ = live(Gate(masks=(LEFT_HALF,), is_staff=staff("ben").is_staff))
    told = draw(image, fed(engine, image, 6), LiveStyle(mirror=False, hide=how))
    for left in (40, 200):
        inside = np.s_[92:128, left + 12 : left + 48]
        assert cv2.Laplacian(told[inside], cv2.CV_64F).var() < 0.3 * cv2.Laplacian(image[inside], cv2.CV_64F).var()


# ---- staff ----------------------------------------------------------------------------------------------------------


def test_staff_are_followed_and_never_read():
    engine, embedder, model = live(staff("ada"))
    for index in range(40):
        result = engine.frame(picture((40 + index, "ada", "happy"), BEN), index * STEP_S)
    assert model.people == {"ben"}
    assert (len(result.staff), len(result.waiting), len(result.unread)) == (1, 0, 0)
    assert boxes(result.staff)[0] == pytest.approx([79, 80, 139, 140], abs=5), "the box goes with them"
    assert [EXPRESSIONS[face.leading] for face in result.faces] == ["sad"]
    assert {moment.number for moment in engine.history()} == {result.faces[0].number}
    assert engine.latest() is result
    assert embedder.asked == 3, "staff once, the other one again after a second"


def test_nobody_is_read_before_they_were_judged():
    engine, embedder, model = live(staff("ada"), LiveSettings(most_judged=1))
    image = picture(ADA, BEN)
    first = engine.frame(image, 0.0)
    assert (len(first.unread), embedder.asked, model.asked) == (2, 0, 0), "nobody has a number yet"
    second = engine.frame(image, STEP_S)
    assert (len(second.staff) + len(second.faces), len(second.waiting), embedder.asked) == (1, 1, 1)
    third = engine.frame(image, 2 * STEP_S)
    assert (len(third.staff), len(third.faces), len(third.waiting)) == (1, 1, 0)
    assert model.people == {"ben"}


def test_who_has_no_good_shot_goes_on_waiting():
    engine, embedder, model = live(staff("ada"))
    blurred = cv2.GaussianBlur(picture(ADA, BEN), (0, 0), 9)
    result = fed(engine, blurred, 10)
    assert (result.faces, len(result.waiting), embedder.asked, model.asked) == ((), 2, 0, 0)
    assert "Waiting for a clear view" in readings(result, engine.history(), None)
    assert not np.array_equal(draw(blurred, result, LiveStyle(mirror=False)), blurred)
    assert numbers(fed(engine, picture(ADA, BEN), 6, since=0.4))
    assert model.people == {"ben"}


def test_a_template_is_dropped_at_once():
    engine, embedder, _ = live(staff("ada"))
    for index in range(30):
        engine.frame(picture(ADA, BEN), index * STEP_S)
        assert embedder.held == 0
    read_picture(picture(ADA, BEN), ToyDetector(), ToyEmotion(), gate=staff("ada"), embedder=embedder)
    assert embedder.asked > 3 and embedder.held == 0


def test_without_a_gallery_nothing_is_embedded_and_nothing_changes():
    engine, embedder, model = live(Gate())
    plain = LiveEngine(ToyDetector(), ToyEmotion())
    for index in range(30):
        told, usual = (one.frame(picture(ADA, BEN), index * STEP_S) for one in (engine, plain))
        assert numbers(told) == numbers(usual) and boxes(told.unread) == boxes(usual.unread)
        assert not len(told.staff) + len(told.waiting) + len(told.dropped)
    assert embedder.asked == 0 and model.people == {"ada", "ben"} and engine.history() == plain.history()
    read_picture(picture(ADA), ToyDetector(), model, embedder=embedder)
    assert embedder.asked == 0


@pytest.mark.parametrize("away_s", [0.5, 3.0])
def test_who_is_met_again_is_judged_again(away_s):
    engine, embedder, model = live(staff("ada"), LiveSettings(judge_again_s=99))
    fed(engine, picture(BEN), 5)
    assert (embedder.asked, model.people) == (1, {"ben"})
    for index in range(round(away_s / STEP_S)):
        engine.frame(picture(), 0.2 + index * STEP_S)
    # staff step into the very place in which somebody was lost from sight
    result = fed(engine, picture((200, "ada", "sad")), 5, since=0.2 + away_s)
    assert (embedder.asked, model.people, result.faces, len(result.staff)) == (2, {"ben"}, (), 1)
    fed(engine, picture(), 25, since=0.5 + away_s)
    assert numbers(fed(engine, picture(BEN), 5, since=1.6 + away_s))
    assert embedder.asked == 3


def test_a_box_that_slips_to_staff_is_noticed_and_what_was_read_goes():
    engine, _, model = live(staff("ada"), LiveSettings(judge_again_s=0.4))
    fed(engine, picture(BEN), 5)
    assert engine.history()
    result = fed(engine, picture((200, "ada", "sad")), 15, since=0.2)
    assert (result.faces, len(result.staff), engine.history()) == ((), 1, ())
    before = model.asked
    fed(engine, picture((200, "ada", "sad")), 15, since=0.8)
    assert model.asked == before


def test_another_gate_is_a_new_beginning():
    engine, embedder, model = live()
    fed(engine, picture(ADA, BEN), 5)
    gate = staff("ada")
    engine.use(ToyDetector(), model, gate=gate, embedder=embedder)
    assert (engine.latest(), engine.history()) == (None, ())
    model.people.clear()
    result = fed(engine, picture(ADA, BEN), 5, since=0.2)
    engine.use(ToyDetector(), model, gate=gate, embedder=embedder)
    assert engine.latest() is result and model.people == {"ben"}, "the same gate changes nothing"
    engine.use(ToyDetector(), model)
    assert engine.latest() is None


def test_a_gate_that_knows_staff_needs_an_embedder():
    for make in (lambda: LiveEngine(ToyDetector(), ToyEmotion(), gate=staff("ada")),
                 lambda: LiveEngine(ToyDetector(), ToyEmotion()).use(ToyDetector(), ToyEmotion(), gate=staff("ada")),
                 lambda: read_picture(picture(ADA), ToyDetector(), ToyEmotion(), gate=staff("ada"))):  # fmt: skip
        with pytest.raises(ValueError, match="needs an embedder"):
            make()


def test_one_picture_is_gated_too():
    model, embedder = Shown(), Asked()
    gate = staff("ada")
    result = read_picture(picture(ADA, BEN), ToyDetector(), model, gate=gate, embedder=embedder)
    assert (numbers(result), model.people, len(result.staff), embedder.asked) == ([1], {"ben"}, 1, 2)
    blurred = cv2.GaussianBlur(picture(ADA, BEN), (0, 0), 9)
    unclear = read_picture(blurred, ToyDetector(), model, gate=gate, embedder=embedder)
    assert (unclear.faces, len(unclear.waiting), embedder.asked) == ((), 2, 2)


# ---- drawing --------------------------------------------------------------------------------------------------------


def test_staff_are_a_plain_box_with_a_word_and_in_no_count(monkeypatch):
    engine, _, _ = live(staff("ada"))
    image = picture(ADA)
    result = fed(engine, image, 6)
    words = []
    monkeypatch.setattr(cv2, "putText", lambda image, text, *rest: words.append(text))
    draw(image, result, LiveStyle(bars=True))
    assert words == ["staff"], "no bars"
    told = readings(result, engine.history(), None)
    assert "0</b> faces" in told and "Only staff are seen" in told and 'live-bar"' not in told and "<img" not in told


# ---- the store's gallery --------------------------------------------------------------------------------------------


@pytest.fixture
def opened(tmp_path):
    with Store.open(tmp_path / "moodgate.duckdb") as made:
        made.put_store(NORTH)
        made.put_store(SOUTH)
        yield made


def test_the_store_is_asked_at_each_comparison(opened):
    key = put(opened, "Ada", made={"toy": AXES["ada"]})
    gate = staff_gate(opened, NORTH, "toy")
    assert gate == staff_gate(opened, NORTH, "toy") != staff_gate(opened, SOUTH, "toy")
    assert gate.is_staff(AXES["ada"]) and not gate.is_staff(AXES["ben"])
    put(opened, "Ben", made={"toy": AXES["ben"]})
    assert gate.is_staff(AXES["ben"])
    opened.revoke_person(NORTH, key)
    assert not gate.is_staff(AXES["ada"])


def test_staff_of_another_embedder_stop_the_stream(opened):
    put(opened, "Ada", made={"toy": AXES["ada"]})
    engine, _, model = live(staff_gate(opened, NORTH, "toy"))
    session = LiveSession(engine)
    put(opened, "Ben", made={"other": AXES["ben"]})
    with pytest.raises(InputError, match="1 person of the staff"):
        staff_gate(opened, NORTH, "toy")
    for index in range(4):
        told = session.on_frame(stamped(picture(BEN), index * STEP_S))
    assert "of the staff can’t be recognised" in session.trouble
    assert told.to_ndarray(format="bgr24").max() == 0 and model.asked == 0


def test_a_store_that_keeps_sums_only_by_now_stops_the_stream(opened):
    put(opened, "Ada", made={"toy": AXES["ada"]})
    engine, _, model = live(staff_gate(opened, NORTH, "toy"))
    session = LiveSession(engine)
    opened.set_privacy_mode(NORTH, "aggregate")
    for index in range(4):
        told = session.on_frame(stamped(picture(BEN), index * STEP_S))
    assert "keeps sums only now" in session.trouble
    assert told.to_ndarray(format="bgr24").max() == 0 and model.asked == 0


def test_which_stores_have_a_gallery(opened):
    assert opened.staffed_stores() == []
    key = put(opened)
    put(opened, "Gast", kind="staff", store_name=SOUTH)
    assert opened.staffed_stores() == [NORTH, SOUTH] == staffed(opened, [NORTH, SOUTH, "nowhere"])
    assert staffed(opened, [SOUTH]) == [SOUTH]
    opened.set_privacy_mode(SOUTH, "aggregate")
    assert staffed(opened, [NORTH, SOUTH]) == [NORTH], "sums only: no code of a face is made"
    opened.revoke_person(NORTH, key)
    assert NORTH not in opened.staffed_stores()


# ---- the page -------------------------------------------------------------------------------------------------------


class Judging(ToyEmbedder):
    """Says that everybody is Ada."""

    def embed(self, image, faces):
        return np.tile(AXES["ada"], (len(faces), 1))


@pytest.fixture
def toy_embedder(monkeypatch):
    monkeypatch.setattr(live_staff, "embedders", lambda: (Judging(),))


def sentences(app):
    return " ".join(caption.value for caption in app.caption)


def engine_gate(app):
    return app.session_state["live_session"].engine._judge.gate


def test_the_page_without_a_gallery_is_as_before(page, monkeypatch):  # noqa: F811
    monkeypatch.setattr(live_staff, "embedders", lambda: pytest.fail("nobody is to be told apart"))
    services.services().store.put_store(NORTH)
    page.run()
    assert not page.exception and "left out" not in sentences(page)
    assert engine_gate(page) == Gate() and not [box for box in page.selectbox if box.key == "live_store"]


def test_the_only_gallery_is_used_and_said(page, toy_embedder):  # noqa: F811
    store = services.services().store
    store.put_store("North *1*")
    store.put_store(SOUTH)
    put(store, "Ada", store_name="North *1*", made={"toy": AXES["ada"]})
    page.run()
    assert not page.exception and "Staff of North \\*1\\* are left out" in sentences(page)
    assert engine_gate(page).is_staff == StaffOf(store, "North *1*", "toy")
    chosen(page, "Picture")
    packed = cv2.imencode(".png", drawn(0, 320, 240))[1].tobytes()
    page.file_uploader(key="live_picture").set_value(("face.png", packed, "image/png")).run()
    assert not page.exception
    told = html_of(page)
    assert "data:image/jpeg" in told and 'class="live-face"' not in told
    assert "Only staff are seen" in told or "Waiting for a clear view" in told


def test_of_several_galleries_one_is_chosen(page, toy_embedder):  # noqa: F811
    store = services.services().store
    for name in (NORTH, SOUTH):
        store.put_store(name)
        put(store, "Ada", store_name=name, made={"toy": AXES["ada"]})
    page.run()
    assert "left out" not in sentences(page) and engine_gate(page) == Gate()
    page.selectbox(key="live_store").set_value(SOUTH).run()
    assert not page.exception and f"Staff of {SOUTH} are left out" in sentences(page)
    assert engine_gate(page).is_staff == StaffOf(store, SOUTH, "toy")
    store.delete_store(SOUTH)
    page.run()
    assert not page.exception and engine_gate(page).is_staff == StaffOf(store, NORTH, "toy")


def test_staff_that_cannot_be_recognised_stop_the_page(page, monkeypatch):  # noqa: F811
    store = services.services().store
    store.put_store(NORTH)
    put(store, "Ada", made={"other": AXES["ada"]})
    monkeypatch.setattr(live_staff, "embedders", lambda: (Judging(),))
    page.run()
    assert not page.exception and "can’t be recognised" in page.error[0].value
    assert "live_session" not in page.session_state

    def missing():
        raise DataError("the embedder went away")

    monkeypatch.setattr(live_staff, "embedders", missing)
    page.run()
    assert "The embedder went away" in page.error[0].value
