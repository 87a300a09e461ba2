"""The frame: navigation, shared filters and the address, the badge of sample data, a database that can't be opened."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from fer_core.store import Store
from server import services as house
from tests.app_pages import checked, metrics, open_app
from tests.days import make_day
from ui import address, filters, trouble
from ui.places import PLACES, SETTINGS, TRENDS

ROOT = Path(__file__).parents[1]
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
ODD = 'A "quoted" <b>shop</b> *x* $y$'


def fill(store: Store, name: str = "North", *, visits: int = 12, days_ago: int = 2) -> None:
    store.write_day(make_day(name, visits=visits, start_at=NOON - timedelta(days=days_ago)))


# ---- the address


@pytest.mark.parametrize(
    ("stands", "expected"),
    [
        ({}, {}),
        ({"period": ["all"]}, {"period": "all"}),
        ({"period": ["tomorrow"], "quality": ["a lot"], "hours": ["20-9"], "from": ["2026-13-01"]}, {}),
        ({"stores": ["A", "B", "A"], "weekdays": ["mon", "someday"]}, {"stores": ("A", "B"), "weekdays": ("mon",)}),
        ({"from": ["2026-03-01"], "hours": ["9-20"]}, {"from": date(2026, 3, 1), "hours": (9, 20)}),
        ({"quality": ["900"], "match": ["-4"]}, {"quality": 100, "match": 0}),
        ({"elsewhere": ["x"]}, {}),
    ],
)
def test_an_address_is_understood(stands, expected):
    assert address.read(stands) == expected


def test_what_is_written_is_read_back():
    chosen = {
        "period": "custom", "from": date(2026, 3, 1), "to": date(2026, 3, 9), "stores": (ODD, "B"), "doors": ("front",),
        "part": "custom", "hours": (9, 20), "weekdays": ("sun",), "review": ("negative",), "quality": 30, "match": 90,
    }  # fmt: skip
    assert address.read(address.written(chosen)) == chosen
    assert address.written(address.DEFAULTS) == {}


def test_a_link_opens_the_view_that_was_sent(store, tmp_path):
    fill(store, ODD)
    fill(store, "North")
    app = open_app(tmp_path, address={"period": "all", "stores": [ODD], "review": ["positive"], "match": "50", "visit": "7"})
    assert app.multiselect(key="filter_stores").value == [ODD]
    assert app.selectbox(key="filter_period").value == "all"
    assert app.slider(key="filter_match").value == 50
    assert metrics(app)["Visits"] == "3"
    assert app.query_params["visit"] == "7"  # other pages keep theirs


def test_a_choice_stands_in_the_address_and_stays_over_pages(store, tmp_path):
    fill(store)
    app = open_app(tmp_path)
    app.selectbox(key="filter_period").set_value("7d").run()
    app.slider(key="filter_quality").set_value(20).run()
    assert (app.query_params["period"], app.query_params["quality"]) == ("7d", "20")
    app.query_params.clear()  # as the browser does at a change of page
    checked(app.switch_page(str(SETTINGS.path)).run())
    assert not [one for one in app.selectbox if one.key == "filter_period"]
    checked(app.switch_page(str(TRENDS.path)).run())
    assert app.selectbox(key="filter_period").value == "7d"
    assert (app.query_params["period"], app.query_params["quality"]) == ("7d", "20")


def test_the_back_button_brings_the_earlier_view(store, tmp_path):
    fill(store)
    app = open_app(tmp_path)
    app.selectbox(key="filter_period").set_value("7d").run()
    app.selectbox(key="filter_period").set_value("all").run()
    app.query_params["period"] = "7d"
    app.run()
    assert app.selectbox(key="filter_period").value == "7d"


def test_a_late_address_does_not_undo_a_choice(store, tmp_path):
    fill(store)
    app = open_app(tmp_path)
    app.selectbox(key="filter_period").set_value("7d").run()
    app.query_params.clear()  # the browser hadn't got the new address when the next choice was made
    app.slider(key="filter_match").set_value(40).run()
    assert app.query_params["period"] == "7d"
    assert app.query_params["match"] == "40"


# ---- the filters


def test_reset(store, tmp_path):
    fill(store)
    fill(store, "South")
    app = open_app(tmp_path, address={"period": "all", "stores": ["South"], "weekdays": ["mon", "sun"], "part": "evening"})
    app.button(key="reset").click().run()
    assert app.session_state[filters.KEPT] == dict(address.DEFAULTS)
    assert app.multiselect(key="filter_stores").value == []
    assert app.query_params == {}
    assert app.button(key="reset").disabled


@pytest.mark.parametrize(
    ("chosen", "n"),
    [
        ({}, "28"),
        ({"period": "all"}, "39"),
        ({"period": "today"}, "16"),
        ({"period": "custom", "from": (NOON - timedelta(days=40)).date(), "to": (NOON - timedelta(days=39)).date()}, "11"),
        ({"stores": ("North",)}, "12"),
        ({"review": ("positive",)}, "7"),
        ({"weekdays": (address.WEEKDAYS[NOON.weekday()],)}, "16"),
        ({"part": "morning"}, None),
        ({"part": "midday"}, "28"),
        ({"part": "custom", "hours": (12, 13)}, "28"),
        ({"quality": 90}, None),
        ({"match": 95}, None),
        ({"match": 85}, "28"),
    ],
)
def test_every_filter_filters(store, tmp_path, chosen, n):
    fill(store, "North", visits=12, days_ago=2)
    fill(store, "South", visits=16, days_ago=0)
    fill(store, "Old", visits=11, days_ago=40)
    app = open_app(tmp_path, **chosen)
    shown = [metric.value for metric in app.metric if metric.label == "Visits"]
    assert (shown[-1] if shown else None) == n


def test_doors(store, tmp_path):
    store.write_day(make_day("North", visits=12, start_at=NOON - timedelta(days=1)))
    store.put_camera("North", "entry", "Garden gate")
    app = open_app(tmp_path)
    assert app.multiselect(key="filter_doors").options == ["Garden gate"]
    app.multiselect(key="filter_doors").set_value(["Garden gate"]).run()
    assert not app.metric
    assert "No visit fits the filters" in app.info[0].value


def test_dates_the_wrong_way_round(store, tmp_path):
    fill(store)
    app = open_app(tmp_path, address={"period": "custom", "from": "2026-03-09", "to": "2026-03-01"})
    said = "The first day (9 March 2026) is after the last day (1 March 2026). Swap them."
    assert [error.value for error in app.error] == [said, said]  # beside the dates and, for phones, on the page
    assert not app.metric
    app.date_input(key="filter_from").set_value(date(2026, 2, 28)).run()
    assert not app.error


def test_own_dates_begin_with_the_period_that_was_shown(store, tmp_path):
    fill(store)
    app = open_app(tmp_path, period="7d")
    app.selectbox(key="filter_period").set_value("custom").run()
    days = [app.date_input(key=f"filter_{key}").value for key in ("from", "to")]
    assert days[1] - days[0] == timedelta(days=6)


def test_a_store_that_is_gone_is_forgotten(store, tmp_path):
    fill(store, "North")
    fill(store, "South")
    app = open_app(tmp_path, stores=("South", "North"))
    store.delete_store("South")
    checked(app.run())
    assert app.multiselect(key="filter_stores").value == ["North"]
    assert app.query_params["stores"] == "North"


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("today", date(2026, 3, 31), date(2026, 3, 31)),
        ("7d", date(2026, 3, 25), date(2026, 3, 31)),
        ("4w", date(2026, 3, 4), date(2026, 3, 31)),
        ("month", date(2026, 3, 1), date(2026, 3, 31)),
        ("last-month", date(2026, 2, 1), date(2026, 2, 28)),
        ("all", None, None),
    ],
)
def test_periods(period, first, last):
    assert filters.PERIODS[period](date(2026, 3, 31)) == (first, last)
    assert set(address.PERIOD_LABELS) == {*filters.PERIODS, "custom"}


# ---- the rest of the frame


def test_every_page_is_there(store, tmp_path):
    assert all(place.path.is_file() for place in PLACES)


def test_pages_without_filters_have_none(store, tmp_path):
    fill(store)
    app = open_app(tmp_path, SETTINGS)
    assert not app.sidebar.selectbox


def test_sample_data_is_marked(store, tmp_path):
    fill(store, "Real")
    assert not sample_words(open_app(tmp_path))
    store.put_store("Made up", is_sample=True)
    fill(store, "Made up")
    assert sample_words(open_app(tmp_path))
    assert not sample_words(open_app(tmp_path, stores=("Real",)))


def sample_words(app: AppTest) -> list[str]:
    return [caption.value for caption in app.caption if "Made-up visits" in caption.value]


def test_a_database_that_is_in_use(tmp_path, monkeypatch):
    monkeypatch.setenv("MOODGATE_DATA", str(tmp_path))
    house.close_all()
    holder = "import sys; from pathlib import Path; from fer_core.store import Store\n"
    holder += "with Store.open(Path(sys.argv[1])): print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", holder, str(tmp_path / "moodgate.duckdb")],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout and process.stdout.readline() == "open\n"
        app = open_app(tmp_path)
        assert app.title[0].value == "The database can’t be opened"
        assert f"PID {process.pid}" in app.error[0].value
        process.communicate("")
    checked(app.button(key="try_again").click().run())
    assert app.title[0].value == "Overview"
    house.close_all()


def test_a_database_of_a_newer_version(store, tmp_path):
    with store.cursor() as cursor:
        cursor.execute("UPDATE meta SET version = 99")
    house.close_all()
    app = open_app(tmp_path)
    assert app.title[0].value == "The database can’t be opened"
    assert "newer" in app.error[0].value


def test_no_traceback_for_anybody():
    def script(kind: str) -> None:
        from fer_core.errors import InputError
        from ui.trouble import on_script_error

        on_script_error(InputError("The film *x* is broken.") if kind == "known" else ValueError("secret"))

    known = AppTest.from_function(script, kwargs={"kind": "known"}).run()
    assert known.error[0].value == r"The film \*x\* is broken\."
    unknown = AppTest.from_function(script, kwargs={"kind": "unknown"}).run()
    assert "secret" not in unknown.error[0].value
    assert trouble.LOG.name == "ui.trouble"


def test_importing_the_frame_loads_no_model_package():
    heavy = ("tensorflow", "torch", "cv2", "dlib", "onnxruntime", "deepface", "mtcnn", "keras", "av")
    code = f"import sys, app, ui.frame, ui.overview, ui.trends; print([m for m in {heavy!r} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S603
    assert result.stdout.strip() == "[]"
