"""The page of visits and a visit's own page, on a filled store: list, order, pages, download, corrections."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from fer_core.queries import Filter
from fer_core.review import Change
from fer_core.settings import ReviewSettings
from fer_core.store import Store
from server import services as house
from tests.app_pages import checked
from tests.days import make_day, make_footage, rows
from ui import filters, visit_charts, visit_words, visits

ROOT = Path(__file__).parents[1]
START = datetime.now(UTC).replace(hour=8, minute=0, second=0, microsecond=0) - timedelta(days=2)


def page(visit: str = "", period: str = "7d") -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30).switch_page("pages/visits.py")
    app.session_state[filters.KEPT] = {"period": period}  # what the frame's widgets leave there
    if visit:
        app.query_params["visit"] = visit
    return checked(app.run())


def table(app: AppTest) -> pd.DataFrame:
    return next(one for one in app.dataframe if one.key.startswith("visits_table")).value


def fill(store: Store, visits: int, name: str = "Main Street") -> None:
    store.write_day(make_day(name, visits=visits, start_at=START))


def some_visit(store: Store, review: str = "positive") -> str:
    return str(rows(store, f"SELECT visit_id FROM visits WHERE review = '{review}' LIMIT 1")[0][0])  # noqa: S608


# ---- the list


def test_an_empty_store_says_where_to_begin(store):
    app = page()
    assert "no visits yet" in app.info[0].value
    assert not app.dataframe


def test_one_visit_is_listed_with_its_figures(store):
    fill(store, 1)
    row = table(page()).iloc[0]
    assert row["Store"] == "Main Street" and row["Review"] == "▲ positive" and row["Change"] == "+0.50"
    assert row["Stay"] == "15 min 5 s" and row["Match"] == "90 %" and row["Came in"].endswith("08:00")


def test_a_visit_without_times_is_known_by_its_film(store):
    store.write_day(make_day(visits=1))
    assert table(page(period="all")).iloc[0]["Came in"] == "entry.mp4, 0:10"


def test_many_visits_come_in_pages(store):
    fill(store, 24)
    app = page()
    app.selectbox(key="visits_size").set_value(25).run()
    assert len(table(app)) == 24 and not app.pagination


def test_pages_are_turned_and_a_shorter_list_begins_at_its_first_page(store):
    fill(store, 24)
    fill(store, 20, "Other")
    app = page()
    app.selectbox(key="visits_size").set_value(25).run()
    first = table(app)
    checked(app.pagination[0].set_value(2).run())
    assert len(table(app)) == 19 and "26 to 44 of 44" in app.caption[0].value
    assert first.iloc[0].to_dict() != table(app).iloc[0].to_dict()
    checked(app.toggle(key="visits_ascending").set_value(True).run())
    assert "1 to 25 of 44" in app.caption[0].value


@pytest.mark.parametrize(("column", "first"), [("Change", "+0.50"), ("Stay", "15 min 5 s"), ("Review", "▲ positive")])
def test_any_column_sorts(store, column, first):
    fill(store, 8)
    app = page()
    checked(app.selectbox(key="visits_sort").set_value(column).run())
    down = list(table(app)[column])
    checked(app.toggle(key="visits_ascending").set_value(True).run())
    up = list(table(app)[column])
    assert sorted(down) == sorted(up) and up[0] == down[-1] and first in down


def test_clicks_open_and_sort(store, monkeypatch):
    state: dict[str, object] = {"visits_drawn": 0}
    address: dict[str, str] = {}
    monkeypatch.setattr(visits.st, "session_state", state)
    monkeypatch.setattr(visits.visit.st, "query_params", address)
    state["t"] = {"selection": {"rows": [], "columns": [], "cells": [(1, "Change")]}}
    visits._clicked("t", ["a", "b"], ["Change"])
    assert address == {"visit": "b"}
    state["t"] = {"selection": {"rows": [], "columns": ["Change"], "cells": []}}
    visits._clicked("t", ["a", "b"], ["Change"])
    assert (state["visits_sort"], state["visits_ascending"]) == ("Change", False)
    visits._clicked("t", ["a", "b"], ["Change"])
    assert state["visits_ascending"] is True


def test_the_csv_holds_the_filtered_visits(store):
    fill(store, 8)
    app = page()
    assert app.download_button(key="visits_csv")
    text = visits.csv_of(Filter(reviews=("negative",))).decode()
    assert text.splitlines()[0].startswith("visit_id,store,") and len(text.splitlines()) == 3


def test_too_many_visits_for_a_csv_are_told(store, monkeypatch):
    fill(store, 3)
    monkeypatch.setattr(visits, "MOST_DOWNLOADED", 2)
    app = page()
    assert any("At most 2 visits" in one.value for one in app.caption) and not app.download_button


def test_void_visits_are_hidden_until_asked_for(store):
    fill(store, 3)
    store.void_visit(some_visit(store), "a member of staff")
    app = page()
    assert len(table(app)) == 2
    checked(app.toggle(key="visits_voided").set_value(True).run())
    assert sorted(table(app)["Notes"]) == ["", "", "void"]


def test_names_with_signs_are_shown_as_they_are(store):
    fill(store, 1, "<b>“Q&A”</b> *1* $2$ | `x`")
    app = page()
    assert table(app).iloc[0]["Store"] == "<b>“Q&A”</b> *1* $2$ | `x`"
    opened = page(visit=some_visit(store))
    assert any(r"\<b\>“Q\&A”" in one.value for one in opened.caption)


# ---- a visit


def test_a_visit_says_when_why_and_how_sure(store):
    fill(store, 3)
    store.put_store("Main Street", time_zone="Europe/Vienna")
    app = page(visit=some_visit(store))
    text = "\n".join(one.value.replace("\\", "") for one in (*app.header, *app.caption, *app.markdown))
    assert "Visit of" in text and "Europe/Vienna" in text and "stayed 15 min 5 s" in text
    assert "rose by 0.50 ± 0.10, beyond the threshold" in text
    assert "likely that the same person came and left (90 %)" in text and "next best partner of either was at 5 %" in text
    assert sum(one.type == "vega_lite_chart" or one.type == "arrow_vega_lite_chart" for one in app.main) >= 1


@pytest.mark.parametrize("visit_id", ["nonsense", "00000000-0000-0000-0000-000000000000", "' OR 1=1 --", "<script>"])
def test_an_unknown_visit_is_a_sentence(store, visit_id):
    fill(store, 1)
    app = page(visit=visit_id)
    assert "no visit of this address" in app.warning[0].value


def test_back_leads_to_the_list(store):
    fill(store, 1)
    app = page(visit=some_visit(store))
    checked(app.button(key="visit_back").click().run())
    assert "visit" not in app.query_params and len(table(app)) == 1


def test_a_visit_whose_series_is_gone_says_so(store):
    fill(store, 1)
    with store._transaction() as cursor:
        cursor.execute("DELETE FROM series")
    app = page(visit=some_visit(store))
    assert sum("no longer kept" in one.value for one in app.info) == 2


def test_a_sample_is_marked(store):
    fill(store, 1)
    store.put_store("Main Street", is_sample=True)
    app = page(visit=some_visit(store))
    assert any("no real person" in one.value for one in app.caption)


def test_a_review_is_corrected_kept_beside_the_estimate_and_undone(store):
    fill(store, 3)
    key = some_visit(store)
    app = page(visit=key)
    app.radio(key="visit_what").set_value("negative")
    app.text_area(key="visit_reason").set_value("left *angry* at the till")
    checked(app.button(key="visit_save").click().run())
    assert rows(store, "SELECT review, corrected_review FROM visits WHERE corrected_review IS NOT NULL") == [
        ("positive", "negative")
    ]
    assert any("the estimate itself said" in one.value for one in app.markdown)
    assert any(r"left \*angry\* at the till" in one.value for one in app.markdown)
    checked(app.button(key="visit_undo").click().run())
    assert rows(store, "SELECT count(*) FROM visits WHERE corrected_review IS NOT NULL") == [(0,)]
    assert any("undone" in one.value for one in app.markdown) and not any(b.key == "visit_undo" for b in app.button)


def test_a_visit_is_voided(store):
    fill(store, 3)
    app = page(visit=some_visit(store))
    app.radio(key="visit_what").set_value("void")
    app.text_area(key="visit_reason").set_value("the postman")
    checked(app.button(key="visit_save").click().run())
    assert rows(store, "SELECT count(*) FROM visits WHERE voided") == [(1,)]
    assert any("counts in no sum" in one.value for one in app.info)
    assert "void" not in app.radio(key="visit_what").options


def test_a_correction_without_a_reason_is_refused(store):
    fill(store, 1)
    app = page(visit=some_visit(store))
    checked(app.button(key="visit_save").click().run())
    assert "needs a reason" in app.error[0].value
    assert rows(store, "SELECT count(*) FROM corrections") == [(0,)]


# ---- words and charts


def test_words_for_how_sure_a_match_is():
    assert visit_words.match_words(None, None).startswith("How sure")
    assert "as good as certain" in visit_words.match_words(0.999, 0.0) and "over 99 %" in visit_words.match_words(0.999, 0.0)
    assert "Nobody else came near" in visit_words.match_words(0.96, 0.01)
    assert "rather likely than not" in visit_words.match_words(0.6, 0.3)


def test_an_offset_is_named_in_the_reason():
    row = {
        "entry_valence": 0.1,
        "exit_valence": 0.3,
        "change": 0.2,
        "camera_offset": 0.15,
        "change_se": 0.1,
        "review": "neutral",
    }
    assert "lasting difference of +0.15 was taken off" in visit_words.why(row, ReviewSettings())
    assert "missing" in visit_words.why(row | {"change": None}, ReviewSettings())


def test_charts_bear_one_moment_and_a_large_change(store):
    fill(store, 1)
    series = house.services().store
    frame = pd.DataFrame([[75.2, 1.0, *[1 / 7] * 7]], columns=["time_s", "weight", *visit_charts.EXPRESSIONS])
    one = visit_charts.appearance_frame(frame, ReviewSettings())
    assert one["film_time"][0] == "1:15" and series is not None
    for chart in (visit_charts.expressions_chart(one, 75.2), visit_charts.valence_chart(one, 75.2)):
        assert chart.to_dict()
    change = Change(-1.0, 1.0, 2.0, 0.0, 0.3, "positive")
    assert "2.3" in str(visit_charts.change_chart(change, ReviewSettings(), "#0072B2").to_dict())


def test_films_of_another_zone_are_told_on_the_stores_clock():
    row = {
        "entered_at": datetime(2026, 3, 29, 0, 59, tzinfo=UTC),
        "exited_at": datetime(2026, 3, 29, 1, 1, tzinfo=UTC),
        "dwell_s": 120.0,
    }
    assert visit_words.when(row, "Europe/Vienna").startswith("01:59:00 to 03:01:00 (Europe/Vienna): stayed 2 min")
    assert make_footage().role == "entry"
