"""The page Validity and the settings of the exit button: empty, too few, many; every widget that changes something."""

import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from fer_core.types import REVIEWS
from tests.app_pages import NOON, checked, metrics, open_app
from tests.days import count, rows
from tests.test_validity import FACE_OF, day_of
from ui import settings_exit
from ui.places import VALIDITY

ROOT = Path(__file__).parents[1]
ODD = '<b>"Süd" $2$'
START = NOON - timedelta(days=2)


def fill(store, reviews, faces=None, name="North", door=""):
    """A day of visits, and what those said who left."""
    store.write_day(day_of(name, reviews, START, door=door))
    button = store.exit_button(store.switch_on_exit_button(name, door, ["en"]))
    for place, review in enumerate(reviews):
        face = faces[place] if faces else FACE_OF.get(review, 2)
        store.put_answer(button, uuid.uuid4(), START + timedelta(seconds=57 + 120 * place), face)


def said(app):
    kinds = (app.error, app.warning, app.info, app.success, app.caption, app.markdown)
    return "\n".join(one.value.replace("\\", "") for kind in kinds for one in kind)


def charts(app):
    return len(app.get("vega_lite_chart"))


def test_empty_tells_how_to_begin(store, tmp_path):
    app = open_app(tmp_path, VALIDITY)
    assert not charts(app) and "switch it on for a store and a door" in said(app)
    assert "nobody knows how far the reviews can be trusted" in said(app)


def test_too_few_show_counts_only(store, tmp_path):
    fill(store, ["positive"] * 8)
    app = open_app(tmp_path, VALIDITY)
    assert "Too few answers yet: 8 of at least 100" in said(app)
    assert metrics(app)["Answers"] == "8" and "Kappa" not in metrics(app)
    assert "Faces with fewer than 10 visits show their count only" in said(app)
    assert "100 %" not in said(app)


def test_many(store, tmp_path):
    fill(store, [*REVIEWS, "positive", "negative"] * 20)
    app = open_app(tmp_path, VALIDITY)
    assert charts(app) == 4
    assert "In this store the reviews agree nearly always with what visitors say" in said(app)
    assert metrics(app)["Kappa"] == "+1.00" and metrics(app)["Answers"] == "120"
    assert "- **20** · The review is uncertain" in said(app)
    assert len(app.get("download_button")) == 5


def test_a_store_at_a_time(store, tmp_path):
    fill(store, ["positive"] * 12)
    fill(store, ["negative"] * 15, name=ODD)
    app = open_app(tmp_path, VALIDITY)
    box = app.selectbox(key="validity_store")
    assert box.options == sorted([ODD, "North"]) and metrics(app)["Answers"] == "15"
    assert metrics(checked(box.set_value("North").run()))["Answers"] == "12"


def test_a_new_answer_is_seen_at_once(store, tmp_path):
    fill(store, ["positive"] * 12)
    app = open_app(tmp_path, VALIDITY)
    (button,) = store.exit_buttons("North")
    store.put_answer(button, uuid.uuid4(), START, 1)
    assert metrics(checked(app.run()))["Answers"] == "13"


def test_filters(store, tmp_path):
    fill(store, ["positive"] * 12)
    app = open_app(tmp_path, VALIDITY, review=("negative",))
    assert metrics(app)["Answers"] == "12" and "The filter of reviews does not apply here" in said(app)
    app = open_app(tmp_path, VALIDITY, weekdays=(("mon", "tue", "wed", "thu", "fri", "sat", "sun")[NOON.weekday()],))
    assert "No answer fits the filters" in said(app)


# ---- settings -------------------------------------------------------------------------------------------------------


def settings():
    app = AppTest.from_file(str(ROOT / "pages" / "settings.py"), default_timeout=30)
    app.query_params["tab"] = "Exit button"
    return checked(app.run())


def click(app, key):
    return checked(app.button(key=key).click().run())


@pytest.fixture
def door(store):
    store.put_store("North")
    store.put_camera("North", "exit", "Main")
    return store


def test_no_exit_camera(store):
    store.put_store("North")
    assert "This store has no exit camera yet" in said(settings())


def test_on_new_and_off(door):
    app = settings()
    assert "Door Main** · off" in said(app)
    app = click(app, "exit_on_North_Main")
    (first,) = (one.value for one in app.code)
    assert "/exit/" in first and "on since" in said(app)
    secret = first.rsplit("/", 1)[1]
    assert door.exit_button(secret).languages == ("en",)
    app = click(app, "exit_seen_North_Main")
    assert not app.code and not settings().code
    app = click(app, "exit_new_North_Main")
    assert door.exit_button(secret) is None and app.code[0].value != first
    app = click(app, "exit_off_North_Main")
    assert not app.code and door.exit_buttons("North") == () and count(door, "settings") == 0


def test_languages(door):
    app = settings()
    box = next(one for one in app.multiselect if one.key.startswith("exit_languages"))
    checked(box.set_value([]).run())
    app = click(app, "exit_on_North_Main")
    assert "and one is needed" in said(app) and door.exit_buttons("North") == ()
    box = next(one for one in app.multiselect if one.key.startswith("exit_languages"))
    checked(box.set_value(["de", "tr"]).run())
    app = click(app, "exit_on_North_Main")
    assert door.exit_buttons("North")[0].languages == ("de", "tr")
    box = next(one for one in app.multiselect if one.key.startswith("exit_languages"))
    checked(box.set_value(["fr"]).run())
    click(app, "exit_speak_North_Main")
    assert door.exit_buttons("North")[0].languages == ("fr",)


@pytest.mark.parametrize(("page", "address"), [
    ("http://localhost:8501/settings?tab=x", "http://localhost:8501/exit/s"), ("https://shop.example/", "https://shop.example/exit/s"),
    (None, "http://localhost:8501/exit/s"),
])  # fmt: skip
def test_address(page, address):
    assert settings_exit.address("s", page) == address


def test_the_secret_is_nowhere_in_the_database(door):
    app = click(settings(), "exit_on_North_Main")
    secret = app.code[0].value.rsplit("/", 1)[1]
    assert all(secret not in str(row) for table in ("settings", "audit") for row in rows(door, f"FROM {table}"))
