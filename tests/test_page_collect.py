"""The page Collect with the real services: leave, films, labelling by one and by two, agreement, export, the end."""

from datetime import timedelta

import pytest

from fer_core import collect, dataset, queries
from fer_core.collect import SKIP, Consent
from fer_core.types import EXPRESSIONS
from server import collecting
from server import services as house
from tests.app_pages import checked, open_app
from tests.films import write_film
from tests.test_collect import some_cuts
from tests.test_page_analyse import upload
from tests.test_page_analyse import words as other_words
from ui.collect_label import bars
from ui.places import COLLECT

ODD = """O'Neil <b>&"x"</b>"""
TODAY = collecting.today()
CONSENT = Consent("Ana", TODAY, TODAY + timedelta(days=30))


@pytest.fixture
def services(store):
    store.put_camera(ODD, "entry", "", name="Front <1>")
    return house.services()


@pytest.fixture
def spring(services):
    """A collection of six faces, and leave to keep them."""
    collecting.allow(services.store, services.folder, ODD, CONSENT)
    return collect.create(services.folder / "collections" / "Spring", ODD, EXPRESSIONS, CONSENT, some_cuts())


def words(app):
    return "\n".join([other_words(app), *(one.value.replace("\\", "") for one in app.success)])


def page(tmp_path, tab=None):
    return open_app(tmp_path, COLLECT, address={"collect_tab": tab} if tab else None)


def as_labeller(tmp_path, name):
    app = page(tmp_path)
    app.text_input(key="labeller_typed").input(name)
    return press(app, "Start labelling")


def press(app, label):
    (found,) = [one for one in app.button if one.label == label]
    return checked(found.click().run())


def buttons(app):
    return [one.label for one in app.button]


# ---- leave ----------------------------------------------------------------------------------------------------------


def test_without_a_store_the_page_says_where_to_make_one(store, tmp_path):
    assert "there is none yet" in words(page(tmp_path))


def test_leave_is_asked_for_in_plain_words(services, tmp_path):
    app = page(tmp_path)
    assert "nobody has allowed it for this store" in words(app)
    assert "Moodgate keeps no picture of a face unless somebody allows it" in words(app)
    assert "Cut the faces" not in buttons(app)
    press(app, "Allow it")
    assert "Tick the box first" in words(app)
    app.checkbox(key=f"consent_sure_{ODD}").check()
    press(app, "Allow it")
    assert "needs the name of who allows it" in words(app)
    app.text_input(key=f"consent_by_{ODD}").input(ODD)
    press(app, "Allow it")
    kept = collecting.consent_of(services.store, ODD)
    assert (kept.by, kept.on, kept.until) == (ODD, TODAY, TODAY + timedelta(days=90))
    assert f"**{ODD}** allows pictures of faces for {ODD} until" in words(app)
    assert "Cut the faces" in buttons(app)


def test_withdrawn_leave_takes_the_collections(services, spring, tmp_path):
    app = page(tmp_path, "New collection")
    press(app, "Withdraw the consent")
    assert "Tick the box first" in words(app)
    app.checkbox(key=f"withdraw_sure_{ODD}").check()
    press(app, "Withdraw the consent")
    assert not spring.folder.exists()
    assert "nobody has allowed it" in words(app)


def test_what_has_ended_goes_before_it_is_shown(services, spring, tmp_path):
    ended = Consent("Ana", TODAY - timedelta(days=9), TODAY - timedelta(days=1))
    collect.renew(spring, consent=ended)
    app = page(tmp_path)
    assert "Spring" in app.toast[0].value
    assert not spring.folder.exists()


# ---- a new collection -----------------------------------------------------------------------------------------------


def test_an_upload_becomes_a_job(services, tmp_path):
    collecting.allow(services.store, services.folder, ODD, CONSENT)
    film = upload(services, write_film(tmp_path / "in.mp4", 10))
    app = page(tmp_path)
    assert "Before it can start: Add a film." in words(app)
    checked(app.button(key=f"take-entry-{film}").click().run())
    camera = next(one for one in app.selectbox if one.label == "Filmed by")
    assert camera.options == ["Front <1> (entrance)", "another camera, without zones"]
    checked(app.number_input(key="collect_most").set_value(3).run())
    press(app, "Cut the faces")
    (job,) = services.jobs.list()
    assert (job.kind, job.store, job.payload["classes"], job.payload["per_person"]) == ("collect", ODD, list(EXPRESSIONS), 3)
    path = str(services.uploads.path_of(film))
    assert job.payload["entry"] == [{"role": "entry", "path": path, "name": "in.mp4", "door": "", "zones": True}]
    assert (job.payload["exit"], job.payload["keep_films"]) == ([], False)
    assert f"take-entry-{film}" not in [one.key for one in app.button]
    assert collect.check_name(job.payload["name"]).startswith("ONeil")


def test_a_film_without_zones_and_own_classes(services, tmp_path):
    collecting.allow(services.store, services.folder, ODD, CONSENT)
    film = upload(services, write_film(tmp_path / "in.mp4", 10))
    app = page(tmp_path)
    checked(app.button(key=f"take-entry-{film}").click().run())
    next(one for one in app.selectbox if one.label == "Filmed by").select_index(1).run()
    checked(app.radio(key="collect_kind").set_value("My own classes").run())
    assert "Name your classes." in words(app)
    app.text_area(key="collect_classes").input("pleased\nskip").run()
    assert "'skip' can't be a class" in words(app)
    checked(app.text_area(key="collect_classes").input("pleased\n\nannoyed ").run())
    press(app, "Cut the faces")
    (job,) = services.jobs.list()
    assert job.payload["classes"] == ["pleased", "annoyed"]
    assert job.payload["entry"][0]["zones"] is False


def test_a_name_that_is_taken_is_told(services, spring, tmp_path):
    app = page(tmp_path, "New collection")
    name = next(one for one in app.text_input if one.label == "Name of the collection")
    name.input("SPRING").run()
    assert "There is a collection SPRING already; choose another name." in words(app)
    assert next(one for one in app.button if one.label == "Cut the faces").disabled


# ---- labelling ------------------------------------------------------------------------------------------------------


def test_faces_are_labelled_one_after_the_other(services, spring, tmp_path):
    app = page(tmp_path)
    press(app, "Start labelling")
    assert "needs a name" in words(app)
    app = as_labeller(tmp_path, " Ana  B ")
    order = spring.order().tolist()
    assert "0 of 6 faces" in str(app.get("progress")[0].proto.text)
    press(app, "Yes, happy")
    press(app, "sad")
    press(app, "Skip")
    press(app, "Not a face")
    said = spring.log.read().of("Ana B")
    assert said == dict(zip(order, ["happy", "sad", "skip", "not-a-face"], strict=False))
    press(app, "Undo")
    press(app, "Undo")
    assert spring.log.read().of("Ana B") == dict(zip(order, ["happy", "sad"], strict=False))
    press(app, "fear")  # the face that was undone last comes back first
    assert spring.log.read().of("Ana B")[order[2]] == "fear"


def test_every_answer_has_its_key(services, spring, tmp_path):
    app = as_labeller(tmp_path, "Ana")
    keys = {one.label: one.proto.shortcut for one in app.button if one.proto.shortcut}
    assert keys == {name: str(place) for place, name in enumerate(EXPRESSIONS, 1)} | {
        "Yes, happy": "enter", "Skip": "s", "Not a face": "n",
    }  # fmt: skip
    press(app, "Yes, happy")
    assert next(one for one in app.button if one.label == "Undo").proto.shortcut == "u"


def test_the_guess_can_be_hidden(services, spring, tmp_path):
    app = as_labeller(tmp_path, "Ana")
    checked(app.toggle(key="guess_shown").set_value(False).run())
    assert "Yes, happy" not in buttons(app)
    assert "happy" in buttons(app)


def test_a_second_labeller_sees_nothing_of_the_first(services, spring, tmp_path):
    spring.log.say(int(spring.order()[0]), "Ana", "disgust")
    app = as_labeller(tmp_path, "ben")
    assert "Ana" not in words(app).replace("allowed by Ana", "")
    press(app, "happy")
    press(app, "Somebody else")
    assert "So far: Ana, ben." in words(app)
    app.text_input(key="labeller_typed").input("BEN")
    press(app, "Start labelling")
    assert "**ben** labels · 1 of 6 faces" in str(app.get("progress")[0].proto.text)


def test_the_end_and_the_skipped_ones(services, spring, tmp_path):
    for face in range(6):
        spring.log.say(face, "Ana", SKIP if face < 2 else "happy")
    app = as_labeller(tmp_path, "Ana")
    assert "Every face has an answer from Ana" in words(app)
    press(app, "Look at 2 skipped faces again")
    press(app, "sad")
    press(app, "Skip")
    assert spring.log.read().of("Ana") == {0: "sad", 1: SKIP, 2: "happy", 3: "happy", 4: "happy", 5: "happy"}
    assert "Look at 1 skipped face again" in buttons(app)


def test_own_classes_show_the_guess_and_take_none(services, tmp_path):
    collect.create(services.folder / "collections" / "Own", ODD, ("pleased", "annoyed"), CONSENT, some_cuts())
    app = as_labeller(tmp_path, "Ana")
    assert "The model knows other classes than yours" in words(app)
    assert [label for label in buttons(app) if label.startswith("Yes")] == []
    press(app, "annoyed")


def test_bars_show_what_somebody_typed_as_it_is():
    drawn = bars({"<b>": 0.25, "b": 0.75})
    assert "<b>" not in drawn
    assert "&lt;b&gt;" in drawn
    assert "width:75%" in drawn


def test_a_damaged_collection_is_told_and_can_go(services, spring, tmp_path):
    (spring.folder / "faces.npz").write_bytes(b"")
    app = page(tmp_path)
    assert "not readable as a collection's faces" in words(app)
    app.text_input(key="damaged_Spring_typed").input("Spring")
    press(app, "Delete this collection")
    assert not spring.folder.exists()


# ---- agreement, export, the end -------------------------------------------------------------------------------------


def both(found):
    for face in range(6):
        found.log.say(face, "Ana", "happy")
        found.log.say(face, ODD, "sad" if face < 2 else "happy")


def test_agreement_of_nobody_and_of_one(services, spring, tmp_path):
    assert "Nobody has labelled a face yet" in words(page(tmp_path, "Agreement"))
    spring.log.say(0, "Ana", "happy")
    assert "needs a second person" in words(page(tmp_path, "Agreement"))


def test_agreement_and_a_third_look(services, spring, tmp_path):
    both(spring)
    app = page(tmp_path, "Agreement")
    labellers, pairs = (table.value for table in app.dataframe)
    assert labellers["Answered"].tolist() == ["6 of 6", "6 of 6"]
    assert pairs.iloc[0].tolist() == [f"Ana and {ODD}", 6, "67 %", "0.00"]
    assert "Labellers differ on 2 faces; 2 of them without a third look." in words(app)
    assert f"Ana: **happy**  \n{ODD}: **sad**" in words(app)
    checked(app.selectbox(key="settle_0_None").set_value("sad").run())
    assert "needs a name" in words(app)
    assert spring.log.read().settled == {}
    app.text_input(key="third_look").input("Cem").run()
    checked(app.selectbox(key="settle_0_None").set_value("sad").run())
    assert spring.log.read().settled == {0: "sad"}
    assert "1 of them without a third look" in words(app)


def test_the_set_is_counted_and_offered(services, spring, tmp_path):
    assert "nothing to export" in words(page(tmp_path, "Export"))
    both(spring)
    app = page(tmp_path, "Export")
    assert app.dataframe[0].value["Faces"].tolist() == [0, 0, 0, 4, 0, 0, 0]
    assert "2 faces without a majority" in words(app)
    assert "Download the labelled set" in [one.label for one in app.get("download_button")]
    press(app, "Offer it for training")
    assert len(dataset.load(spring.folder / "labelled.npz")) == 6


def test_everything_is_deleted_once_its_name_is_typed(services, spring, tmp_path):
    both(spring)
    app = page(tmp_path, "Export")
    press(app, "Delete the collection")
    assert "not the same" in words(app)
    app.text_input(key="collection_delete_Spring_typed").input("Spring")
    press(app, "Delete the collection")
    assert not spring.folder.exists()
    assert queries.setting(services.store, collect.setting_key(ODD))["allowed"] is True
