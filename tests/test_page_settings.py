"""The settings on a filled store: every widget that changes something, every refusal a sentence."""

import time
import zipfile
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from fer_core import queries
from fer_core.review import Categories
from fer_core.types import EXPRESSIONS
from server import services as house
from tests.days import make_day, make_footage, rows
from ui import settings_categories, settings_data, settings_live, settings_stores

ROOT = Path(__file__).parents[1]
ODD = "<b>“Q&A”</b> *1* $2$"
START = datetime.now(UTC).replace(hour=8, minute=0, second=0, microsecond=0) - timedelta(days=2)


@pytest.fixture
def filled(store):
    store.write_day(make_day("Main Street", visits=4, start_at=START))
    return store


def page(tab: str = "Stores") -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / "settings.py"), default_timeout=30)
    app.query_params["tab"] = tab
    return checked(app.run())


def checked(app: AppTest) -> AppTest:
    assert not app.exception, app.exception[0].message
    return app


def click(app: AppTest, key: str) -> AppTest:
    return checked(app.button(key=key).click().run())


def said(app: AppTest) -> str:
    kinds = (app.error, app.warning, app.info, app.success, app.toast, app.caption, app.markdown)
    return "\n".join(one.value.replace("\\", "") for kind in kinds for one in kind)


def edit(app: AppTest, key: str, rows_: dict[int, dict[str, object]]) -> None:
    """As if cells of that table had been typed over."""
    app.session_state[key] = {"edited_rows": rows_, "added_rows": [], "deleted_rows": []}


# ---- stores


def test_without_a_store_the_first_one_is_made(store):
    app = page()
    assert "no store yet" in said(app)
    app.text_input(key="new_store_name").set_value(ODD)
    app.selectbox(key="new_store_zone").set_value("Europe/Vienna")
    app = click(app, "new_store_save")
    assert rows(store, "SELECT name, time_zone FROM stores") == [(ODD, "Europe/Vienna")]
    assert f"The store {ODD} is made." in said(app)


@pytest.mark.parametrize(("name", "sentence"), [("", "needs a name"), ("  ", "needs a name"), ("Main Street", "already")])
def test_a_new_stores_name_is_checked(filled, name, sentence):
    app = page()
    app.text_input(key="new_store_name").set_value(name)
    assert sentence in click(app, "new_store_save").error[0].value
    assert rows(filled, "SELECT count(*) FROM stores") == [(1,)]


def test_a_store_is_renamed_timed_and_limited(filled):
    app = page()
    app.text_input(key="store_name_Main Street").set_value(ODD)
    app.selectbox(key="store_zone_Main Street").set_value("America/New_York")
    app.number_input(key="store_days_Main Street").set_value(90)
    edit(app, "store_hours_Main Street", {0: {"Open": True, "From": "09:30:00"}, 6: {"Open": True, "Until": "23:59:00"}})
    app = click(app, "store_save_Main Street")
    known = queries.store(filled, ODD)
    assert known["opening_hours"] == {"mon": ["09:30", "18:00"], "sun": ["09:00", "24:00"]}
    assert known["time_zone"] == "America/New_York" and known["retention_days"] == 90
    assert app.selectbox(key="settings_store").value == ODD
    assert rows(filled, "SELECT DISTINCT store FROM visits") == [(ODD,)]


def test_a_name_that_is_taken_is_refused_and_nothing_is_lost(filled):
    filled.put_store("Other")
    app = page()
    app.text_input(key="store_name_Main Street").set_value("Other")
    assert "already" in click(app, "store_save_Main Street").error[0].value
    assert rows(filled, "SELECT name FROM stores ORDER BY name") == [("Main Street",), ("Other",)]


def test_hours_the_wrong_way_round_are_a_sentence(filled):
    app = page()
    edit(app, "store_hours_Main Street", {2: {"Open": True, "From": "19:00:00"}})
    assert "On Wednesday the store must close after it opens." in click(app, "store_save_Main Street").error[0].value


def test_opening_hours_go_to_a_table_and_back():
    hours = {"mon": ["08:00", "12:30"], "sun": ["00:00", "24:00"]}
    assert settings_stores.hours_of(settings_stores.hours_table(hours)) == hours
    assert settings_stores.hours_of(settings_stores.hours_table(None)) == {}
    gap = settings_stores.hours_table(hours)
    gap["From"] = [None, *[clock(9)] * 6]
    with pytest.raises(ValueError, match="from when and until when"):
        settings_stores.hours_of(gap)


def test_a_store_is_deleted_only_by_its_typed_name(filled):
    app = page()
    app.text_input(key="store_delete_Main Street_typed").set_value("main street")
    assert "nothing was deleted" in click(app, "store_delete_Main Street").error[0].value
    app.text_input(key="store_delete_Main Street_typed").set_value("Main Street")
    click(app, "store_delete_Main Street")
    assert rows(filled, "SELECT count(*) FROM stores") == [(0,)] == rows(filled, "SELECT count(*) FROM visits")


def test_the_offset_is_shown_switched_and_calibrated(filled):
    app = page()
    assert list(app.dataframe[1].value["n visits"]) == ["4"]
    checked(app.toggle(key="offset_on_Main Street").set_value(False).run())
    assert not queries.store(filled, "Main Street")["offset_enabled"]
    checked(app.toggle(key="offset_on_Main Street").set_value(True).run())
    app.number_input(key="calibrate_value_Main Street").set_value(0.2)
    app = click(app, "calibrate_save_Main Street")
    assert filled.offset_for("Main Street", "", "").value == 0.2
    assert app.dataframe[1].value.iloc[0]["From"] == "calibration film"
    click(app, "calibrate_forget_Main Street")
    assert filled.offset_for("Main Street", "", "").value == 0.0
    assert "estimated anew" in said(click(app, "offset_refresh_Main Street"))


def chooser(app: AppTest, label: str):
    return next(one for one in app.selectbox if one.label == label)


# ---- categories


def test_a_map_is_saved_used_and_old_visits_follow(filled):
    app = page("Categories")
    app.text_input(key="map_name_A new map").set_value(ODD)
    edit(app, "map_table_A new map_1", {0: {"Class": "Cross"}, 6: {"Class": "Calm", "Valence": 0.5}})
    app = click(app, "map_save")
    saved = queries.categories(filled)[0]
    assert (saved.name, saved.version, saved.classes[6], saved.valence[6]) == (ODD, 1, "Calm", 0.5)
    chooser(app, "Map of this store").set_value(ODD).run()
    app = click(app, "map_use_Main Street")
    assert queries.store(filled, "Main Street")["categories"] == ODD
    assert "4 visits of Main Street still have the numbers of another map" in said(app)
    house.services().jobs.start()
    app = click(app, "recompute_Main Street")
    wait_for_jobs()
    assert rows(filled, "SELECT DISTINCT categories FROM visits") == [(ODD,)]
    assert "4 visits recomputed" in said(checked(app.run()))


def test_visits_that_cannot_follow_a_map_are_counted(filled):
    filled.put_categories(Categories("Mine", 1, tuple("abcdefg"), (0.0,) * 6 + (1.0,)))
    filled.use_categories("Main Street", "Mine")
    with filled._transaction() as cursor:
        cursor.execute(
            "DELETE FROM series WHERE appearance_id IN (SELECT entry_appearance_id FROM visits WHERE review = 'neutral')"
        )
    text = said(page("Categories"))
    assert "3 visits of Main Street still have" in text and "1 visit can’t follow" in text


def wait_for_jobs() -> None:
    jobs = house.services().jobs
    until = time.monotonic() + 20
    while any(job.active for job in jobs.list()) and time.monotonic() < until:
        time.sleep(0.02)


def test_a_map_that_says_nothing_new_or_nothing_at_all_is_refused(filled):
    app = page("Categories")
    assert "Give the map a name" in click(app, "map_save").error[0].value
    app.text_input(key="map_name_A new map").set_value("Mine")
    edit(app, "map_table_A new map_1", {1: {"Valence": 1.5}})
    assert "“disgust” must lie between" in click(app, "map_save").error[0].value.replace("\\", "")
    assert queries.categories(filled) == ()


@pytest.mark.parametrize(
    ("name", "changes", "sentence"),
    [
        ("Standard", {}, "built-in"),
        ("M", {"Class": [" ", *EXPRESSIONS[1:]]}, "“angry” needs a class"),
        ("M", {"Class": [None, *EXPRESSIONS[1:]]}, "“angry” needs a class"),
        ("M", {"Valence": [float("nan")] * 7}, "must lie between"),
        ("M", {"Valence": [0.2] * 7}, "all the same|are the same"),
    ],
)
def test_maps_are_checked(name, changes, sentence):
    table = settings_categories.map_table(Categories("x", 1, EXPRESSIONS, (0.0,) * 6 + (1.0,))).assign(**changes)
    with pytest.raises(ValueError, match=sentence):
        settings_categories.map_of(name, table)


def test_a_second_version_of_a_map_starts_from_the_first(filled):
    filled.put_categories(Categories("Mine", 1, tuple("abcdefg"), (0.0,) * 6 + (1.0,)))
    app = page("Categories")
    edit(app, "map_table_Mine_1", {0: {"Valence": -0.25}})
    app = click(app, "map_save")
    saved = queries.categories(filled)[0]
    assert saved.version == 2 and saved.classes == tuple("abcdefg") and saved.valence[0] == -0.25
    assert app.dataframe[0].value["Valence"][0] == -0.25


# ---- data


def test_retention_runs_now_and_counts(filled):
    assert "for ever" in said(page("Data"))
    filled.write_day(make_day("Main Street", visits=2, entry=old("a"), exit=old("b")))
    filled.put_store("Main Street", retention_days=30)
    house.services().jobs.start()
    app = page("Data")
    click(app, "purge")
    wait_for_jobs()
    assert "Deleted: 2 visits" in said(checked(app.run()))
    assert rows(filled, "SELECT count(*) FROM visits") == [(4,)]


def old(name: str):
    role = "entry" if name == "a" else "exit"
    return make_footage(f"{name}.mp4", role, start_at=START - timedelta(days=90))


def test_everything_is_exported_in_both_forms(filled, tmp_path):
    app = page("Data")
    assert app.download_button(key="export_all")
    for make, some in ((settings_data.parquet_zip, ".parquet"), (settings_data.csv_zip, "visits.csv")):
        folder = tmp_path / some.strip(".")
        folder.mkdir()
        names = zipfile.ZipFile(make(filled, folder)).namelist()
        assert any(name.endswith(some) for name in names)
    day = f"{START:%Y-%m-%d}"
    parquet = zipfile.ZipFile(tmp_path / "parquet" / "all.zip").namelist()
    assert any(name.startswith("visits/store=Main%20Street/day=" + day) for name in parquet)


def test_everything_is_written_to_a_folder_on_the_server(filled, tmp_path, monkeypatch):
    monkeypatch.setattr(settings_data, "MOST_EXPORTED", 3)
    app = page("Data")
    assert not app.download_button and "3 visits at most" in said(app)
    assert str(tmp_path / "exports") in said(click(app, "export_folder"))
    app.radio(key="export_format").set_value(app.radio(key="export_format").options[1]).run()
    click(app, "export_folder")
    assert len(list(tmp_path.glob("exports/*-parquet/visits/*/*/*.parquet"))) == 1
    assert len(list(tmp_path.glob("exports/*-csv/visits.csv"))) == 1


def test_a_folder_that_cannot_be_made_is_a_sentence(filled, tmp_path):
    (tmp_path / "exports").write_text("in the way")
    assert "can't be made" in click(page("Data"), "export_folder").error[0].value.replace("\\", "")


def test_void_visits_are_exported_too(filled, tmp_path):
    filled.void_visit(str(rows(filled, "SELECT visit_id FROM visits LIMIT 1")[0][0]), "staff")
    archive = zipfile.ZipFile(settings_data.csv_zip(filled, tmp_path))
    assert len(pd.read_csv(archive.open("visits.csv"))) == 4


def test_an_empty_store_has_nothing_to_export(store):
    app = page("Data")
    assert "nothing to export" in said(app) and not app.download_button


def test_the_sample_data_goes_after_a_confirmation(filled):
    filled.write_day(make_day("Sample shop", visits=2, start_at=START))
    filled.put_store("Sample shop", is_sample=True)
    app = page("Data")
    assert "Tick the box" in click(app, "sample_remove").error[0].value
    app.checkbox(key="sample_sure").check().run()
    app = click(app, "sample_remove")
    assert rows(filled, "SELECT name FROM stores") == [("Main Street",)] and "1 sample store removed" in said(app)
    assert rows(filled, "SELECT count(*) FROM visits") == [(4,)]


# ---- live


def test_ice_servers_are_added_and_removed(store):
    app = page("Live")
    app.text_area(key="ice_urls").set_value("stun:a.example.org:3478\nstun:b.example.org")
    app = click(app, "ice_save")
    app.text_area(key="ice_urls").set_value("turn:c.example.org?transport=tcp")
    app.text_input(key="ice_username").set_value("me")
    app.text_input(key="ice_credential").set_value("secret-word")
    app = click(app, "ice_save")
    assert queries.setting(store, "ice_servers") == [
        {"urls": ["stun:a.example.org:3478", "stun:b.example.org"]},
        {"urls": ["turn:c.example.org?transport=tcp"], "username": "me", "credential": "secret-word"},
    ]
    assert "user me" in said(app) and "secret-word" not in said(app)
    click(app, "ice_remove_0")
    assert len(queries.setting(store, "ice_servers")) == 1


@pytest.mark.parametrize(
    ("urls", "user", "sentence"),
    [
        ("", "", "at least one"),
        ("http://x", "", "no address"),
        ("stun:", "", "no address"),
        ("turn:x", "me", "user name and a cred"),
    ],
)
def test_ice_servers_are_checked(urls, user, sentence):
    with pytest.raises(ValueError, match=sentence):
        settings_live.ice_server(urls, user, "")


def test_a_bad_ice_server_is_a_sentence(store):
    app = page("Live")
    app.text_area(key="ice_urls").set_value("<b>")
    assert "no address" in click(app, "ice_save").error[0].value
    assert queries.setting(store, "ice_servers") is None
