"""The page Audit, the receipts in the settings, and that what people do on the pages is noted."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from fer_core.store import Store, anchor
from server import services as house
from tests.days import make_day, rows
from ui import audit_log, downloads, places, settings_receipts

ROOT = Path(__file__).parents[1]
ODD = "<b>“Q&A”</b> *1* $2$"
START = datetime.now(UTC).replace(hour=8, minute=0, second=0, microsecond=0) - timedelta(days=2)
NOBODY = "nobody signed in"


@pytest.fixture
def filled(store: Store) -> Store:
    store.write_day(make_day("Main Street", visits=4, start_at=START))
    return store


def page(name: str = "audit", **address: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=30)
    for key, value in address.items():
        app.query_params[key] = value
    return checked(app.run())


def checked(app: AppTest) -> AppTest:
    assert not app.exception, app.exception[0].message
    return app


def click(app: AppTest, key: str) -> AppTest:
    return checked(app.button(key=key).click().run())


def said(app: AppTest) -> str:
    kinds = (app.error, app.warning, app.info, app.success, app.toast, app.caption, app.markdown)
    return "\n".join(one.value.replace("\\", "") for kind in kinds for one in kind)


def noted(store: Store) -> list[tuple[str, str, str]]:
    """Who did what of which store, the oldest first."""
    return rows(store, "SELECT actor, action, store FROM audit ORDER BY seq")


def test_the_page_is_in_the_navigation() -> None:
    assert any(place.file == "audit.py" and not place.filtered for place in places.PLACES)


# ---- the log


def test_an_empty_log_says_so_and_can_be_verified(store: Store) -> None:
    app = page()
    assert "Nothing has been noted yet" in said(app) and not app.dataframe
    app = click(app, "audit_verify")
    assert "empty and nothing is missing" in said(app)
    assert noted(store) == [(NOBODY, "audit.verify", "")]


def test_rows_are_shown_newest_first_in_words(store: Store) -> None:
    store.audit(ODD, "visit.view", store=ODD, subject="x")
    store.audit("Ana", "something.new", detail={"n": 1})
    frame = page().dataframe[0].value
    assert list(frame["No."]) == [2, 1]
    assert list(frame["Did what"]) == ["something.new", "looked at a visit"]
    assert list(frame["Who"]) == ["Ana", ODD] and list(frame["Particulars"]) == ['{"n":1}', ""]


def test_the_filters(store: Store) -> None:
    for action, name in (("visit.view", "A"), ("visit.view", ODD), ("delete.store", "A")):
        store.audit("Ana", action, store=name)
    app = page()
    assert set(app.multiselect(key="audit_actions").options) == {"looked at a visit", "deleted a store"}
    checked(app.multiselect(key="audit_actions").set_value(["visit.view"]).run())
    assert list(app.dataframe[0].value["No."]) == [2, 1]
    checked(app.multiselect(key="audit_stores").set_value([ODD]).run())
    assert list(app.dataframe[0].value["No."]) == [2]
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    app.date_input(key="audit_first").set_value(tomorrow)
    assert "No row of the log fits" in said(checked(app.run()))
    app.date_input(key="audit_last").set_value(tomorrow - timedelta(days=3))
    assert "ends before it begins" in checked(app.run()).error[0].value


def test_pages_of_the_log(store: Store) -> None:
    for _ in range(53):
        store.audit("Ana", "visit.view")
    app = page()
    assert "Rows 1 to 50 of 53" in said(app)
    app.session_state["audit_page"] = 2
    assert list(checked(app.run()).dataframe[0].value["No."]) == [3, 2, 1]
    app.selectbox(key="audit_size").set_value(100)
    assert len(checked(app.run()).dataframe[0].value) == 53  # the second page is no more


def test_a_broken_log_is_told_with_its_particulars(store: Store) -> None:
    for _ in range(4):
        store.audit("Ana", "visit.view")
    path = store.path
    house.close_all()
    with duckdb.connect(str(path)) as connection:
        connection.execute("DELETE FROM audit WHERE seq = 2")
    anchor.path_of(path).unlink()
    app = click(page(), "audit_verify")
    assert "The audit log is broken" in app.error[0].value
    assert "Row 2 is missing." in said(app) and "was removed" in said(app)


def test_a_whole_log_shows_its_last_hash(store: Store) -> None:
    last = store.audit("Ana", "visit.view")
    app = click(page(), "audit_verify")
    assert "The audit log is whole: 1 row," in said(app) and app.code[0].value == last.hash


EXPORT = """
from fer_core.queries import AuditFilter
from ui import audit_log
audit_log._download(AuditFilter(actions=("visit.view",)), 1)
"""


@pytest.fixture
def clicked(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What the download buttons that are drawn would give, each clicked once."""
    taken: list[bytes] = []
    monkeypatch.setattr(st, "download_button", lambda label, data, *given, **more: taken.append(data()))
    return taken


def test_the_export_is_noted_and_holds_no_formula(store: Store, clicked: list[bytes]) -> None:
    store.audit("=HYPERLINK(1)", "visit.view")
    store.audit("Ana", "delete.store")
    checked(AppTest.from_string(EXPORT, default_timeout=30).run())
    lines = clicked[0].decode().splitlines()
    assert len(lines) == 2 and lines[0].startswith("seq,at,actor") and "'=HYPERLINK(1)" in lines[1]
    assert noted(store)[-1] == (NOBODY, "export.audit", "")


def test_too_many_rows_for_a_file(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_log, "MOST_EXPORTED", 0)
    store.audit("Ana", "visit.view")
    assert "narrow the filters" in said(page())


# ---- what is noted


def test_a_look_at_a_visit_is_noted_once(filled: Store) -> None:
    visit = rows(filled, "SELECT visit_id::VARCHAR FROM visits ORDER BY ALL")[0][0]
    app = page("visits", visit=visit)
    checked(app.run())
    assert noted(filled) == [(NOBODY, "visit.view", "Main Street")]
    assert rows(filled, "SELECT subject FROM audit") == [(visit,)]
    del app.query_params["visit"]
    checked(app.run())
    app.query_params["visit"] = visit
    checked(app.run())
    assert len(noted(filled)) == 2
    assert not page("visits", visit="nonsense").exception and len(noted(filled)) == 2


def test_no_visit_is_shown_that_cannot_be_noted(filled: Store) -> None:
    anchor.path_of(filled.path).mkdir()
    visit = rows(filled, "SELECT visit_id::VARCHAR FROM visits")[0][0]
    app = page("visits", visit=visit)
    assert "audit.anchor" in said(app) and not app.header


def test_corrections_are_noted_without_their_reason(filled: Store) -> None:
    visit = rows(filled, "SELECT visit_id::VARCHAR FROM visits WHERE review = 'positive'")[0][0]
    app = page("visits", visit=visit)
    app.radio(key="visit_what").set_value("void")
    app.text_area(key="visit_reason").set_value("a secret reason")
    click(app, "visit_save")
    click(app, "visit_undo")
    assert [action for _, action, _ in noted(filled)] == ["visit.view", "visit.void", "visit.undo"]
    assert not rows(filled, "SELECT 1 FROM audit WHERE detail LIKE '%secret%'")


def test_settings_are_noted(filled: Store) -> None:
    app = page("settings", tab="Stores")
    app.number_input(key="store_days_Main Street").set_value(90)
    click(app, "store_save_Main Street")
    app.text_input(key="store_name_Main Street").set_value(ODD)
    click(app, "store_save_Main Street")
    app = page("cameras")
    app.text_input(key="new_camera_door_False").set_value("North")
    click(app, "new_camera_save")
    app = page("settings", tab="Live")
    app.text_area(key="ice_urls").set_value("stun:stun.example.org")
    click(app, "ice_save")
    found = [(action, name) for _, action, name in noted(filled)]
    assert found == [("store.change", "Main Street"), ("store.rename", ODD), ("camera.make", ODD), ("setting.change", "")]
    assert '"retention_days":90' in rows(filled, "SELECT detail FROM audit ORDER BY seq")[0][0]


def test_what_is_refused_is_not_noted(filled: Store) -> None:
    filled.put_store("Other")
    app = page("settings", tab="Stores")
    app.text_input(key="store_name_Main Street").set_value("Other")
    click(app, "store_save_Main Street")
    assert app.error and noted(filled) == []


CHART = """
import pandas as pd
from ui import downloads
downloads.csv_button(pd.DataFrame({"a": [1]}), "moodgate-trend", "key")
"""


def test_a_charts_export_is_noted_when_it_is_asked_for(store: Store, clicked: list[bytes]) -> None:
    checked(AppTest.from_string(CHART, default_timeout=30).run())
    assert clicked == [b"a\n1\n"]
    assert rows(store, "SELECT action, subject FROM audit") == [("export.chart", "moodgate-trend")]
    assert downloads.csv_of(pd.DataFrame({"a": ["=1"]})) == b"a\n'=1\n"


def test_a_purge_is_noted_with_who_asked(filled: Store) -> None:
    filled.put_store("Main Street", retention_days=1)
    jobs = house.services().jobs
    key = jobs.submit("purge", "", "Delete what is past its time", {"by": "Ana"})
    jobs.start()
    assert jobs.wait(key, 30).state == "done"
    assert noted(filled) == [("Ana", "delete.retention", "Main Street")]


# ---- receipts


def test_no_receipt_yet(filled: Store) -> None:
    assert "Nothing has been deleted yet" in said(page("settings", tab="Data"))


def test_a_deletion_by_the_page_leaves_a_receipt(filled: Store) -> None:
    filled.write_day(make_day(ODD, visits=1))
    app = page("settings", tab="Stores")
    checked(app.selectbox(key="settings_store").set_value(ODD).run())
    app.text_input(key=f"store_delete_{ODD}_typed").set_value(ODD)
    click(app, f"store_delete_{ODD}")
    assert noted(filled) == [(NOBODY, "delete.store", ODD)]
    app = page("settings", tab="Data")
    frame = next(one.value for one in app.dataframe if "File written anew" in one.value)
    assert list(frame["Stores"]) == [ODD] and list(frame["Visits deleted"]) == [1] and list(frame["By"]) == [NOBODY]
    assert "Receipt of a deletion" in app.code[0].value and "took the place of the old one" in app.code[0].value
    assert settings_receipts.WORDS["store"] in app.code[0].value
