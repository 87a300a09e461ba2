"""The page Privacy: a region, a notice, its sign, the record, the documents; every refusal a sentence."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from fer_core import queries
from fer_core.notices import Camera, Notice, sign
from tests.app_pages import open_app
from tests.days import count, make_day, rows
from ui.places import PRIVACY, SETTINGS

ROOT = Path(__file__).parents[1]
ODD = "<b>“Q&A”</b> *1* $2$"


@pytest.fixture
def filled(store):
    store.write_day(make_day(ODD, visits=2))
    return store


def page(tab: str = "Notice") -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / "privacy.py"), default_timeout=60)
    app.query_params["privacy_tab"] = tab
    return checked(app.run())


def checked(app: AppTest) -> AppTest:
    assert not app.exception, app.exception[0].message
    return app


def said(app: AppTest) -> str:
    kinds = (app.error, app.warning, app.info, app.success, app.toast, app.caption, app.markdown)
    return "\n".join(one.value.replace("\\", "") for kind in kinds for one in kind)


def field(app: AppTest, kind: str, name: str):
    return next(one for one in app.get(kind) if one.key and one.key.startswith(name))


def save(app: AppTest) -> AppTest:
    return checked(field(app, "button", "notice_save").click().run())


def write(app: AppTest, **changes: str) -> AppTest:
    texts = {"controller": "Łódź Mode", "contact": "privacy@shop.example", "page": "https://shop.example/n"} | changes
    for name, text in texts.items():
        field(app, "text_input", f"notice_{name}").set_value(text)
    return checked(app.run())


def draft(store, **changes):
    asked = {"store": ODD, "controller": "Ana", "contact": "a@b.example", "page": "https://shop.example/n"}
    notice = Notice(**(asked | changes))
    store.put_notice_draft(ODD, notice.as_json())
    return notice


def test_without_a_store_it_says_where_to_make_one(store, tmp_path):
    assert "no store yet" in said(open_app(tmp_path, PRIVACY))


def test_the_page_stands_in_the_app(filled, tmp_path):
    app = open_app(tmp_path, PRIVACY)
    assert app.title[0].value == "Privacy" and "region is not set" in said(app)


def test_a_region_is_saved_and_says_what_it_asks(filled):
    app = page("Record")
    assert "region is not set" in said(app) and "can’t be analysed" not in said(app)
    app = checked(field(app, "selectbox", "region").set_value("eu").run())
    assert queries.notice_setup(filled, ODD)["region"] == "eu"
    text = said(app)
    assert "Visitors must be told" in text and "Films can’t be analysed yet" in text and ODD in text


def test_the_settings_say_that_no_region_is_set(filled):
    app = AppTest.from_file(str(ROOT / SETTINGS.path), default_timeout=60)
    app.query_params["tab"] = "Stores"
    assert "The region is not set" in said(checked(app.run()))


def test_a_sample_store_needs_no_notice(filled):
    filled.put_store(ODD, is_sample=True)
    assert "needs no notice" in said(page("Record"))


def test_a_notice_is_written_seen_saved_and_found_again(filled):
    app = page()
    assert "the notice needs the name" in said(app).lower() and field(app, "button", "notice_save").disabled
    app = write(app)
    field(app, "multiselect", "notice_languages").set_value(["pl", "en"])
    app = checked(app.run())
    field(app, "text_input", "notice_purpose_pl").set_value("Liczymy.")
    field(app, "number_input", "notice_films").set_value(3)
    app = checked(app.run())
    assert len(app.get("imgs")) == 1 or len(app.get("image")) == 1
    app = save(app)
    kept = Notice.from_json(queries.notice_setup(filled, ODD)["draft"])
    assert (kept.controller, kept.languages, kept.purpose, kept.films_days) == (
        "Łódź Mode",
        ("pl", "en"),
        {"pl": "Liczymy."},
        3,
    )
    assert kept.cameras == (Camera("entry"), Camera("exit")) and kept.store == ODD
    assert field(page(), "text_input", "notice_controller").value == "Łódź Mode"


@pytest.mark.parametrize(("changes", "sentence"), [
    ({"contact": " "}, "needs a contact"), ({"page": "shop"}, "whole address"), ({"controller": "小店"}, "can't show"),
    ({"page": "http://localhost:8501/notice/x"}, "Only this machine"),
])  # fmt: skip
def test_what_is_amiss_is_said_beside_the_form(filled, changes, sentence):
    assert sentence in said(write(page(), **changes))


def test_legitimate_interests_come_with_a_warning_of_article_9(filled):
    assert "Art. 9" in said(page())


# ---- the record


def record(app: AppTest, by: str = "Ana", sure: bool = True) -> AppTest:
    field(app, "text_input", "notice_by").set_value(by)
    box = field(app, "checkbox", "notice_sure")
    (box.check if sure else box.uncheck)()
    return checked(field(app, "button", "notice_record_save").click().run())


def test_nothing_is_recorded_before_it_is_written(filled):
    assert "Save the notice in the tab" in said(page("Record"))


def test_a_notice_is_recorded_told_and_withdrawn(filled):
    draft(filled)
    filled.put_region(ODD, "uk")
    app = page("Record")
    assert "Tick the box first" in record(app, sure=False).error[0].value
    assert "needs the name" in record(page("Record"), by="  ").error[0].value
    app = record(page("Record"))
    text = said(app)
    assert "Ana recorded on" in text and "the entrance camera and the exit camera" in text
    assert "Films can’t be analysed yet" not in text and count(filled, "notices") == 1
    kept = queries.notices(filled, ODD)[0]["content"]
    assert (kept["region"], len(kept["cameras"])) == ("uk", 2)
    assert "staff are not scored" in text  # no area is masked
    app = checked(field(app, "button", "notice_withdraw").click().run())
    assert "No notice is recorded" in said(app) and "Films can’t be analysed yet" in said(app)
    actions = [row[0] for row in rows(filled, "SELECT action FROM audit ORDER BY seq")]
    assert actions == ["notice.record", "notice.withdraw"]


def test_only_the_chosen_cameras_are_told_of(filled):
    draft(filled)
    filled.put_region(ODD, "eu")
    app = page("Record")
    field(app, "multiselect", "notice_cameras").set_value([field(app, "multiselect", "notice_cameras").value[0]])
    app = record(app)
    assert "for the exit camera on the page Privacy" in said(app)


def test_a_store_without_cameras_says_where_to_add_them(store):
    store.put_store(ODD)
    draft(store)
    assert "no camera yet" in said(page("Record"))


# ---- the documents


def test_the_documents_can_be_read_and_downloaded(filled):
    app = page("Documents")
    text = said(app)
    for title in ("Data protection impact assessment", "What is stored where", "Model cards"):
        assert title in text
    assert "No notice is recorded: visitors are not told." in text
    assert len(app.get("download_button")) == 6


def test_the_sign_can_be_downloaded(filled):
    draft(filled)
    assert len(page().get("download_button")) == 2 * len(sign.PAPERS)
