"""The page Cameras on a real store with toy watchers: every button, every refusal a sentence; zones drawn, typed, undone."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from fer_core import queries
from fer_core.errors import DataError, FilmError
from fer_core.zones import MeasuringZone
from server import services as house
from server.live_heard import CameraState
from tests.days import make_day, rows
from tests.films import write_film
from ui import camera_drafts, camera_words, resources, zones
from ui.camera_drafts import COLUMNS, Draft
from ui.camera_words import Card
from ui.zones import Part

ROOT = Path(__file__).parents[1]
ODD = "<b>“Q&A”</b> *1* $2$"
START = datetime.now(UTC).replace(hour=8, minute=0, second=0, microsecond=0) - timedelta(days=2)
SHOP = "Main Street"
SECRET = "rtsp://ana:pa55word@camera.example/stream"  # noqa: S105
TRIANGLE = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]]


class ToyWatchers:
    """Checks and starts nothing, and remembers what it was asked."""

    def __init__(self, store, why=""):
        self.store, self.why, self.asked = store, why, []

    def check(self, text):
        self.asked.append(text)
        return self.why

    def start(self, *camera):
        if self.why:
            raise DataError(self.why)
        self.store.run_camera(*camera, True)

    def stop(self, *camera):
        self.store.run_camera(*camera, False)


class ToyLive:
    """The cameras' states as they are given; a still once it was asked for."""

    def __init__(self, *states, jpeg=None):
        self.states, self.jpeg, self.wanted = states, jpeg, False

    def cameras(self, store):
        return [one for one in self.states if one.store == store]

    def ask_still(self, *camera):
        self.wanted = True

    def still(self, *camera):
        return self.jpeg if self.wanted else None


def state(role="entry", door="", word="live", why="", **changes):
    health = {
        "state": word, "why": why, "pictures_per_s": 25.0, "taken_per_s": 5.0, "delay_s": 0.1, "silent_s": 0.2, "breaks": 0,
        "width": 1280, "height": 720,
    }  # fmt: skip
    told = {"worker": "this app", "delay_s": 0.1, "faces_per_min": 12.0, "usable": 0.5, "people": 7, "message": why} | changes
    return CameraState(store=SHOP, role=role, door=door, health=health, at=datetime.now(UTC), **told)


@pytest.fixture
def filled(store):
    store.write_day(make_day(SHOP, visits=4, start_at=START))
    return store


@pytest.fixture
def toys(filled, monkeypatch):
    """Toy watchers and a toy live day in place of the real ones; the test may change them."""
    watchers, live = ToyWatchers(filled), ToyLive()
    monkeypatch.setattr(resources, "watchers", lambda: watchers)
    monkeypatch.setattr(resources, "live", lambda: live)
    return watchers, live


def page(tab: str = "Zones") -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / "cameras.py"), default_timeout=30)
    app.query_params["camera_tab"] = tab
    return checked(app.run())


def checked(app: AppTest) -> AppTest:
    assert not app.exception, app.exception[0].message
    return app


def click(app: AppTest, key: str) -> AppTest:
    return checked(app.button(key=key).click().run())


def said(app: AppTest) -> str:
    kinds = (app.error, app.warning, app.info, app.success, app.toast, app.caption, app.markdown)
    return "\n".join(one.value.replace("\\", "") for kind in kinds for one in kind)


def chooser(app: AppTest):
    return next(one for one in app.selectbox if one.label == "Camera")


def key_of(store, role, door="") -> str:
    known = queries.cameras(store, SHOP).set_index(["role", "door"])
    return str(known.loc[(role, door), "camera_id"])


def choose(app: AppTest, store, role, door="") -> AppTest:
    place = list(queries.cameras(store, SHOP)["camera_id"]).index(key_of(store, role, door))
    return checked(chooser(app).select_index(place).run())


# ---- none, and new ones


def test_without_a_store_or_a_camera_the_page_says_how_to_begin(store):
    assert "no store yet" in said(page())
    store.put_store(SHOP)
    assert "the path of a film" in said(page())


def test_a_camera_is_added_named_and_not_doubled(filled, toys):
    app = page()
    app = checked(app.radio(key="new_camera_role").set_value("exit").run())
    app.text_input(key="new_camera_door_False").set_value(" North  side ")
    app = click(app, "new_camera_save")
    assert rows(filled, "SELECT name, role FROM cameras WHERE door = 'North side'") == [("exit North side", "exit")]
    app = checked(app.radio(key="new_camera_role").set_value("exit").run())
    app.text_input(key="new_camera_door_False").set_value("North side")
    assert "already" in click(app, "new_camera_save").error[0].value
    assert rows(filled, "SELECT action FROM audit") == [("camera.make",)]


def test_a_floor_camera_needs_a_name_of_its_own(filled, toys):
    app = checked(page().radio(key="new_camera_role").set_value("floor").run())
    assert "needs a name" in click(app, "new_camera_save").error[0].value
    app.text_input(key="new_camera_door_True").set_value(ODD)
    click(app, "new_camera_save")
    assert rows(filled, "SELECT name, door FROM cameras WHERE role = 'floor'") == [(ODD, ODD)]


def test_an_address_is_tested_before_it_is_saved_and_its_password_never_shown(filled, toys):
    watchers, _ = toys
    watchers.why = "the camera doesn't answer"
    app = page()
    app.text_input(key="new_camera_door_False").set_value("North")
    app.text_input(key="new_camera_address").set_value(SECRET)
    app = click(app, "new_camera_test")
    assert "The camera doesn't answer." in app.error[0].value.replace("\\", "")
    app = click(app, "new_camera_save")
    assert "Nothing was saved" in said(app) and "North" not in set(queries.cameras(filled, SHOP)["door"])
    app.checkbox(key="new_camera_anyway").set_value(True)
    app = click(app, "new_camera_save")
    assert watchers.asked == [SECRET, SECRET]
    assert filled.source_of(SHOP, "entry", "North") == SECRET
    assert "rtsp://…@camera.example/stream" in said(app) and "pa55word" not in said(app)
    assert not app.session_state["new_camera_address"]
    assert not rows(filled, "SELECT 1 FROM audit WHERE detail LIKE '%pa55%' OR subject LIKE '%pa55%'")


def test_what_is_no_address_is_a_sentence(filled, toys):
    app = page()
    app.text_input(key="new_camera_address").set_value("ftp://x")
    app.text_input(key="new_camera_door_False").set_value("North")
    app = click(app, "new_camera_save")
    assert "is no kind of camera" in app.error[0].value.replace("\\", "")
    assert "North" not in set(queries.cameras(filled, SHOP)["door"])


# ---- running


def test_a_camera_is_started_and_stopped_and_its_state_told(filled, toys):
    _, live = toys
    filled.put_source(SHOP, "entry", "", SECRET)
    key = key_of(filled, "entry")
    app = page()
    assert "It is not read at the moment." in said(app) and "No worker has reported" in said(app)
    app = click(app, f"camera_start_{key}")
    assert filled.live_cameras(SHOP)[0].running and "It is being started" in said(app)
    live.states = (state(),)
    told = said(checked(app.run()))
    assert "5.0 pictures a second looked at, 0.1 s late, 12 faces a minute, 50 % usable, last picture 0 s ago." in told
    live.states = (state(word="retrying", why="the camera asks for a user and a password"),)
    assert "The camera asks for a user and a password (last heard of 0 s ago)." in said(checked(app.run()))
    click(app, f"camera_stop_{key}")
    assert not filled.live_cameras(SHOP)[0].running
    assert [one for (one,) in rows(filled, "SELECT action FROM audit ORDER BY seq")] == ["camera.start", "camera.stop"]


def test_starting_is_refused_in_a_sentence(filled, toys):
    watchers, _ = toys
    filled.put_source(SHOP, "entry", "", "rtsp://camera.example/a")
    watchers.why = "record the notice first"
    app = click(page(), f"camera_start_{key_of(filled, 'entry')}")
    assert "Record the notice first." in said(app) and not filled.live_cameras(SHOP)[0].running
    assert not rows(filled, "SELECT 1 FROM audit")


def test_without_a_notice_the_real_watchers_refuse(filled):
    filled.put_source(SHOP, "entry", "", "rtsp://camera.example/a")
    filled.put_region(SHOP, "eu")
    app = click(page(), f"camera_start_{key_of(filled, 'entry')}")
    assert "where visitors must be told" in said(app) and not filled.live_cameras(SHOP)[0].running


# ---- one camera


def test_a_camera_is_renamed(filled, toys):
    app = page("Name and address")
    key = key_of(filled, "entry")
    app.text_input(key=f"camera_name_{key}").set_value(" ")
    assert "needs a name" in click(app, f"camera_save_{key}").error[0].value
    app.text_input(key=f"camera_name_{key}").set_value(ODD)
    click(app, f"camera_save_{key}")
    assert queries.cameras(filled, SHOP)["name"].tolist().count(ODD) == 1


def test_an_address_is_given_and_forgotten(filled, toys):
    app, key = page("Name and address"), key_of(filled, "entry")
    assert "Type the new address" in click(app, f"camera_address_save_{key}").error[0].value
    app.text_input(key=f"camera_address_{key}").set_value(SECRET)
    app = click(app, f"camera_address_save_{key}")
    assert filled.source_of(SHOP, "entry", "") == SECRET and "pa55word" not in said(app)
    click(page("Remove"), f"camera_forget_{key}")
    assert filled.source_of(SHOP, "entry", "") is None


def test_only_a_camera_that_saw_nothing_is_deleted(filled, toys):
    filled.put_camera(SHOP, "floor", "Tills")
    app = page("Remove")
    assert app.button(key=f"camera_delete_{key_of(filled, 'entry')}").disabled
    app = choose(app, filled, "floor", "Tills")
    click(app, f"camera_delete_{key_of(filled, 'floor', 'Tills')}")
    assert "floor" not in set(queries.cameras(filled, SHOP)["role"])
    with pytest.raises(DataError, match="so it stays"):
        filled.delete_camera(SHOP, "entry", "")
    with pytest.raises(DataError, match="no such camera"):
        filled.delete_camera(SHOP, "floor", "Tills")


def test_the_command_line_of_a_worker_elsewhere_is_ready_to_copy(filled, toys):
    code = page("On another machine").code[0].value
    assert code.startswith("python -m fer_core watch rtsp://") and "--role entry" in code and f"--store '{SHOP}'" in code
    odd = camera_words.command("0", "http://a", "O'Neil; rm", "floor", "$(x)")
    assert "--camera '$(x)'" in odd and "--store 'O'\"'\"'Neil; rm'" in odd


@pytest.mark.parametrize(
    ("card", "word", "sentence"),
    [
        (Card("k", "A", "entry", "", "", False, None), "unheard", "No worker has reported"),
        (Card("k", "A", "entry", "", "x", True, None), "starting", "being started"),
        (Card("k", "A", "entry", "", "x", False, state()), "off", "not read"),
        (Card("k", "A", "entry", "", "", True, state(word="odd")), "connecting", "Last heard of"),
        (Card("k", "A", "entry", "", "", True, state(usable=None)), "live", "12 faces a minute, last picture"),
        (Card("k", "A", "entry", "", "", True, state(word="gone", why="silent")), "gone", "Silent (last heard"),
    ],
)
def test_states_in_words(card, word, sentence):
    assert card.state == word and sentence in camera_words.sentence(card, datetime.now(UTC))


# ---- zones


def test_masks_are_typed_removed_undone_and_saved(filled, toys):
    app, key = page(), key_of(filled, "entry")
    assert app.button(key=f"zones_save_{key}").disabled and app.button(key=f"zones_undo_{key}").disabled
    app.number_input(key=f"zone_left_False_{key}").set_value(30.0)
    assert "right edge" in click(app, f"zone_add_False_{key}").error[0].value
    app.number_input(key=f"zone_right_False_{key}").set_value(60.0)
    app = click(click(app, f"zone_add_False_{key}"), f"zone_add_False_{key}")
    app = click(app, f"zone_remove_False_{key}_2")
    app = click(app, f"zones_undo_{key}")
    app = click(app, f"zone_remove_False_{key}_1")
    app = click(app, f"zones_save_{key}")
    saved = queries.cameras(filled, SHOP).set_index("camera_id").loc[key, "zones"]
    assert saved == [[[0.3, 0.0], [0.6, 0.0], [0.6, 0.25], [0.3, 0.25]]]
    app = click(click(app, f"zone_remove_False_{key}_1"), f"zones_discard_{key}")
    assert app.button(key=f"zones_save_{key}").disabled
    click(click(app, f"zone_remove_False_{key}_1"), f"zones_save_{key}")
    assert queries.cameras(filled, SHOP).set_index("camera_id").loc[key, "zones"] == []


def test_corners_are_changed_in_the_table(filled, toys):
    filled.put_camera(SHOP, "entry", "", zones=[TRIANGLE])
    app, key = page(), key_of(filled, "entry")
    app.session_state[f"zone_corners_False_{key}_0_0"] = {
        "edited_rows": {0: {COLUMNS[1]: 20.0}}, "added_rows": [{COLUMNS[0]: 1, COLUMNS[1]: 10.0, COLUMNS[2]: 60.0}],
        "deleted_rows": [],
    }  # fmt: skip
    click(click(app, f"zone_corners_take_False_{key}"), f"zones_save_{key}")
    assert filled.zones_for(SHOP, "entry", "") == (((0.2, 0.1), (0.5, 0.1), (0.5, 0.5), (0.1, 0.6)),)


def test_measuring_zones_are_named_and_saved_and_a_desk_is_explained(filled, toys):
    filled.put_camera(SHOP, "floor", "Tills", zones=[TRIANGLE])
    key = key_of(filled, "floor", "Tills")
    app = choose(page(), filled, "floor", "Tills")
    app = checked(app.segmented_control(key=f"zone_sort_{key}").set_value("Measuring zones").run())
    app = click(app, f"zone_add_True_{key}")
    assert "Zone 1 has no name yet" in click(app, f"zones_save_{key}").error[0].value
    app = checked(app.text_input(key=f"zone_name_{key}_0_1").set_value(" Desk ").run())
    assert "only the visitor’s side" not in said(app)
    app = checked(app.selectbox(key=f"zone_kind_{key}_0_1").set_value("service desk").run())
    assert "only the visitor’s side" in said(app)
    click(app, f"zones_save_{key}")
    corners = ((0.0, 0.0), (0.25, 0.0), (0.25, 0.25), (0.0, 0.25))
    assert filled.measuring_of(SHOP, "floor", "Tills") == (MeasuringZone("Desk", "service desk", corners),)
    assert filled.zones_for(SHOP, "floor", "Tills") == (tuple(map(tuple, TRIANGLE)),)
    assert rows(filled, "SELECT action FROM audit") == [("camera.measuring",)]


def test_a_still_of_the_camera_is_asked_for_and_drawn_on(filled, toys):
    _, live = toys
    picture = io.BytesIO()
    Image.new("RGB", (640, 480), "teal").save(picture, "JPEG")
    live.jpeg = picture.getvalue()
    app, key = page(), key_of(filled, "entry")
    app = click(app, f"still_take_{key}")
    still = app.session_state[f"still_{key}"]
    assert (still.width, still.height) == (640, 480) and f"asked_{key}" not in app.session_state


def test_a_still_that_does_not_come_is_waited_for_and_given_up(filled, toys):
    app, key = page(), key_of(filled, "entry")
    app = click(app, f"still_take_{key}")
    assert "Waiting for the camera" in said(app)
    app.session_state[f"asked_{key}"] -= 30.0
    assert "sent no still" in said(checked(app.run()))


def test_a_saved_mask_reaches_the_next_films_gate(filled):
    from server.handlers import Workshop
    from server.reviewing import films_of

    filled.put_camera(SHOP, "entry", "", zones=[[[0.0, 0.0], [1.0, 0.0], [1.0, 0.5]]])
    services = house.services()
    payload = {"store": SHOP, "entry": [{"path": "a.mp4"}], "exit": [{"path": "b.mp4"}]}
    came, gone = films_of(Workshop(services.folder, filled, services.uploads), payload)
    assert came.gate.masks[0].corners == ((0.0, 0.0), (1.0, 0.0), (1.0, 0.5)) and not gone.gate.masks


@pytest.mark.parametrize(
    ("told", "zones_"),
    [
        (None, None),
        ({"round": 3, "zones": []}, []),
        ({"round": 3, "zones": [TRIANGLE]}, [TRIANGLE]),
        ({"round": 2, "zones": [TRIANGLE]}, None),
        ({"round": 3, "zones": [TRIANGLE[:2]]}, None),
        ({"round": 3, "zones": [[[0.1, 2.0]] * 3]}, None),
        ({"round": 3, "zones": [[["x", True]] * 3]}, None),
        ({"round": 3, "zones": "drawn"}, None),
    ],
)
def test_what_a_browser_tells_of_zones_is_checked(told, zones_):
    assert zones.drawn_zones(told, 3) == zones_


@pytest.mark.parametrize(
    ("ids", "found"),
    [([], None), (None, None), ([7], [(7, TRIANGLE)]), (["a"], None), ([True], None), ([-1], None), ([1, 2], None)],
)
def test_the_zones_numbers_are_checked_too(ids, found):
    assert zones.drawn_parts({"round": 1, "zones": [TRIANGLE], "ids": ids}, 1) == found
    assert zones.drawn_parts({"round": 2, "zones": [TRIANGLE], "ids": ids}, 1) is None


def test_a_draft_keeps_names_over_drawing_and_takes_steps_back():
    draft = Draft([Part(0, TRIANGLE, "A", "till")], [])
    draft.take([(0, TRIANGLE), (1, TRIANGLE[::-1])])
    draft.call(1, "B", "shelf")
    draft.take([(1, TRIANGLE[::-1])])
    assert [(part.name, part.kind) for part in draft.parts] == [("B", "shelf")] and draft.round == 0
    draft.undo()
    assert [part.name for part in draft.parts] == ["A", "B"] and draft.round == 1
    draft.undo(), draft.undo(), draft.undo()
    assert [part.name for part in draft.parts] == ["A"] and draft.changed


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [({"Down %": None}, "both percentages"), ({"Zone": 0}, "counted from 1"), ({"Across %": 101.0}, "between 0 and 100")],
)
def test_a_table_of_corners_is_checked(changes, sentence):
    table = camera_drafts.corner_table([Part(0, TRIANGLE)])
    assert camera_drafts.parts_of(table, [Part(0, TRIANGLE)]) == [Part(0, TRIANGLE)]
    with pytest.raises(ValueError, match=sentence):
        camera_drafts.parts_of(table.astype(object).assign(**changes), [])
    with pytest.raises(ValueError, match="at least three"):
        camera_drafts.parts_of(table.iloc[:2], [])


def test_a_new_zone_in_the_table_takes_no_others_name():
    parts = [Part(3, TRIANGLE, "A"), Part(5, TRIANGLE, "B")]
    table = camera_drafts.corner_table([*parts, Part(6, TRIANGLE)])
    assert [(one.number, one.name) for one in camera_drafts.parts_of(table, parts)][:2] == [(3, "A"), (5, "B")]
    assert camera_drafts.parts_of(table, parts)[2].number not in (3, 5)
    assert camera_drafts.parts_of(pd.DataFrame(columns=list(COLUMNS)), parts) == []


def test_a_still_is_made_of_a_picture_and_of_a_film(tmp_path):
    picture = io.BytesIO()
    Image.new("RGB", (1920, 1080), "teal").save(picture, "PNG")
    still = zones.still_of("shop.PNG", picture.getvalue())
    assert (still.width, still.height) == (960, 540) and still.address.startswith("data:image/jpeg;base64,")
    film = write_film(tmp_path / "shop.mp4", size=(160, 120))
    assert zones.still_of("shop.mp4", film.read_bytes()).width == 160


@pytest.mark.parametrize("name", ["broken.jpg", "broken.mp4"])
def test_a_still_of_nothing_is_a_sentence_without_our_paths(name):
    with pytest.raises(FilmError) as error:
        zones.still_of(name, b"no picture at all, only words")
    assert str(error.value).startswith(f"{name}: ") and "/" not in str(error.value)


def test_a_bad_still_is_told_beside_the_field(filled, toys):
    app, key = page(), key_of(filled, "entry")
    checked(app.file_uploader(key=f"still_file_{key}").set_value([("bad.png", b"nothing", "image/png")]).run())
    assert "not a picture" in app.error[0].value
