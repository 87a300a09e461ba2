"""The privacy mode on the Settings page, and the sums on the page Trends."""

from datetime import timedelta

import numpy as np
import pytest

from fer_core import collect, notices
from fer_core.notices import Camera, Notice, tell
from fer_core.notices.documents import written
from fer_core.notices.facts import doubts, facts
from fer_core.privacy import MODES, WORDS
from fer_core.store import receipts
from fer_core.types import EXPRESSIONS
from server import collecting
from server import services as house
from tests.app_pages import NOON, checked, fill, open_app
from tests.days import count, rows
from tests.sums import sums_day
from tests.test_collect import some_cuts
from tests.test_page_settings import click, page, said
from tests.test_server_collecting import CONSENT
from ui import settings_mode
from ui.places import OVERVIEW, TRENDS

START = NOON - timedelta(days=2)


def choose(app, name, now, mode):
    return checked(app.radio(key=f"mode_{name}_{now}").set_value(mode).run())


def aggregate(store, name="North", people=0, **changes):
    store.put_store(name, **changes)
    store.set_privacy_mode(name, "aggregate")
    if people:
        store.write_day(sums_day(name, people, leave=people // 2, start_at=START))


# ---- settings


def test_switching_down_says_what_goes_and_asks(store):
    fill(store, 3)
    app = choose(page(), "North", "visit", "aggregate")
    assert "Deleted for ever: 3 visits and 10 appearances." in " ".join(one.value for one in app.warning)
    click(app, "mode_set_North_aggregate")
    assert "not the same: nothing was deleted" in said(app)
    assert store.privacy_mode_of("North") == "visit"
    app.text_input(key="mode_set_North_aggregate_typed").set_value("North")
    app = click(app, "mode_set_North_aggregate")
    assert store.privacy_mode_of("North") == "aggregate"
    assert count(store, "visits") == 0
    assert "mode “Sums only” now" in " ".join(one.value for one in app.toast) + said(app)
    ((actor,),) = rows(store, "SELECT actor FROM audit WHERE action = 'store.mode'")
    assert actor


def test_people_and_collected_faces_go_with_the_codes(store):
    services = house.services()
    store.put_store("North")
    store.put_store("South")
    store.enrol_person("North", "staff", "Ada", START, "Bo", {"toy": np.array([1.0, 0.0])})
    for name in ("North", "South"):
        collecting.allow(store, services.folder, name, CONSENT)
        collect.create(services.folder / "collections" / name, name, EXPRESSIONS, CONSENT, some_cuts())
    app = choose(page(), "North", "visit", "aggregate")
    said_before = " ".join(one.value for one in app.warning)
    assert "Deleted for ever: 1 person of the staff and 1 collection of faces." in said_before
    app.text_input(key="mode_set_North_aggregate_typed").set_value("North")
    click(app, "mode_set_North_aggregate")
    assert count(store, "people") == count(store, "templates") == 0
    assert [path.name for path in collect.folders(services.folder / "collections")] == ["South"]
    assert rows(store, "SELECT subject FROM audit WHERE action = 'collection.delete'") == [("North",)]
    (kept,) = receipts.latest(store.path)
    assert (kept.gone["people"], kept.gone["templates"], kept.rewritten) == (1, 1, True)


def test_an_empty_store_changes_with_one_click(store):
    store.put_store("North")
    app = choose(page(), "North", "visit", "opt-in")
    assert "nothing is deleted" in " ".join(one.value for one in app.warning)
    click(app, "mode_set_North_opt-in")
    assert store.privacy_mode_of("North") == "opt-in"


def test_words_of_losses():
    lost = {"visits": 1, "appearances": 0, "corrections": 0, "guests": 2, "staff": 0, "collections": 0}
    assert settings_mode.lost_words("aggregate", lost).endswith("Deleted for ever: 1 visit and 2 people who agreed.")
    assert settings_mode.lost_words("visit", dict.fromkeys(lost, 0)).endswith("nothing is deleted.")


# ---- trends


def headings(app):
    return [one.value for one in app.subheader]


def captions(app):
    return "\n".join(one.value for one in app.caption)


def test_a_store_of_sums_shows_them(store, tmp_path):
    aggregate(store, people=28)
    app = open_app(tmp_path, TRENDS)
    assert headings(app) == ["At the entrance: apparent expressions by hour", "At the exit: apparent expressions by hour"]
    assert "Of 28 people\\: " in captions(app) and "Of 14 people\\: " in captions(app)
    assert len(app.get("vega_lite_chart")) == 2
    assert len(app.get("download_button")) == 2


def test_few_people_and_none(store, tmp_path):
    aggregate(store, people=9)
    app = open_app(tmp_path, TRENDS)
    assert "Fewer than 10 people at a time\\: only their numbers are shown" in captions(app)
    app = open_app(tmp_path, TRENDS, period="today")
    assert "No sums in this period" in app.info[0].value


def test_sums_stand_below_the_visits_of_others(store, tmp_path):
    fill(store, 24, "South")
    aggregate(store, people=28)
    app = open_app(tmp_path, TRENDS)
    assert headings(app)[0] == "Estimated change by day"
    assert headings(app)[-1] == "At the exit: apparent expressions by hour"
    app = open_app(tmp_path, TRENDS, stores=("South",))
    assert not any("At the" in one for one in headings(app))


def test_many_hours_become_days(store, tmp_path):
    aggregate(store)
    for hour in range(50):
        store.write_day(sums_day("North", 1, start_at=NOON - timedelta(hours=hour)))
    app = open_app(tmp_path, TRENDS)
    assert headings(app)[0] == "At the entrance: apparent expressions by day"


def test_the_overview_points_to_the_sums(store, tmp_path):
    aggregate(store, people=20)
    app = open_app(tmp_path, OVERVIEW)
    assert "a store keeps sums" in app.info[0].value


# ---- notice and documents


def notice(**changes):
    asked = {"store": "North", "controller": "Łódź Mode", "contact": "privacy@shop.example", "page": "https://shop.example/n"}
    return Notice(**(asked | {"cameras": (Camera("entry"),), "retention_days": 90} | changes))


@pytest.mark.parametrize("language", notices.LANGUAGES)
def test_each_mode_is_told_in_each_language(language):
    whole = {mode: [text for part in tell(notice(mode=mode), language).whole for text in part.paragraphs] for mode in MODES}
    assert len({str(one) for one in whole.values()}) == 3
    assert tell(notice(mode="aggregate"), language).lead != tell(notice(), language).lead
    assert not any("{" in text for one in whole.values() for text in one)
    assert "privacy@shop.example" in str(whole["aggregate"])


def test_a_notice_of_before_is_one_of_visits_and_doubted(store):
    old = notice().as_json()
    del old["mode"]
    assert Notice.from_json(old).mode == "visit"
    store.put_camera("North", "entry", "")
    store.record_notice("North", old, "Ana")
    assert not any("privacy mode" in one for one in doubts(facts(store, "North")))
    store.set_privacy_mode("North", "aggregate")
    (doubt,) = (one for one in doubts(facts(store, "North")) if "privacy mode" in one)
    assert WORDS["aggregate"].title in doubt and WORDS["visit"].title in doubt


def test_the_assessment_says_what_the_mode_does(store):
    aggregate(store, people=20)
    told = written(store, "impact-assessment", "North", "md")
    assert "computes no code from any face" in " ".join(told.split())
    assert "Templates of faces are biometric" not in told
    assert "Sums only" in told
    store.set_privacy_mode("North", "opt-in")
    told = " ".join(written(store, "impact-assessment", "North", "md").split())
    assert "drops it at once" in told and "until they take their consent back" in told
    assert "Not used for any film yet" in written(store, "model-cards", "North", "md")
