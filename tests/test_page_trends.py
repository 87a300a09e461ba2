"""The page Trends on a filled store: empty, one visit, many; every widget that changes something."""

from datetime import timedelta

import pytest

from fer_core import queries
from fer_core.queries import Filter
from tests.app_pages import NOON, checked, fill, open_app
from tests.days import make_day
from tests.floors import count_on_the_floor
from ui import trends, trends_zones, versus
from ui.places import TRENDS


def headings(app) -> list[str]:
    return [one.value for one in app.subheader]


def captions(app) -> str:
    return "\n".join(one.value for one in app.caption)


def charts(app) -> int:
    return len(app.get("vega_lite_chart"))


def test_no_visits(store, tmp_path):
    app = open_app(tmp_path, TRENDS)
    assert not charts(app)
    assert "no visits yet" in app.markdown[0].value


def test_one_visit_is_a_count_everywhere(store, tmp_path):
    fill(store, 1)
    app = open_app(tmp_path, TRENDS)
    assert charts(app) == 7
    assert "+0\\.50" not in captions(app)
    assert captions(app).count("fewer than 10 visits") >= 5


def test_many_visits(store, tmp_path):
    fill(store, 24)
    fill(store, 10, 'South "<b>', start_at=NOON - timedelta(days=3))
    app = open_app(tmp_path, TRENDS)
    assert headings(app) == [
        "Estimated change by day", "The week", "Apparent expressions", "Stores side by side", "Reviews of the stores",
        "Change by length of stay", "One period against another",
    ]  # fmt: skip
    assert "Of 34 visits\\: 26 % positive, 26 % neutral, 24 % negative, 24 % uncertain" in captions(app)
    assert r'South "\<b\>' in captions(app)
    assert len(app.get("download_button")) == 7


@pytest.mark.parametrize(
    ("key", "value", "heading"),
    [
        ("measure", "reviews", "Reviews by day"),
        ("sides", "doors", "Doors side by side"),
        ("grain_day_2", "hour", "Estimated change by hour"),
        ("grain_day_2", "week", "Estimated change by week"),
        ("grain_day_2", "month", "Estimated change by month"),
        ("lines", "stores", "Estimated change by day"),
        ("lines", "doors", "Estimated change by day"),
    ],
)
def test_widgets(store, tmp_path, key, value, heading):
    fill(store, 24)
    fill(store, 24, "South", start_at=NOON - timedelta(days=3))
    app = open_app(
        tmp_path,
        TRENDS,
        period="custom",
        **{"from": (NOON - timedelta(days=4)).date(), "to": (NOON - timedelta(days=2)).date()},
    )
    group = next(one for one in app.get("button_group") if one.key == key)
    checked(group.set_value(value).run())
    assert heading in headings(app)
    if value == "stores":
        assert "South" in captions(app)


def test_against_another_period(store, tmp_path):
    fill(store, 24)
    fill(store, 12, start_at=NOON - timedelta(days=30))
    app = open_app(tmp_path, TRENDS)
    assert "+0\\.12 in" in captions(app)
    checked(app.selectbox(key="versus").set_value(versus.YEAR).run())
    assert "has visits to show" in captions(app)
    checked(app.selectbox(key="versus").set_value(versus.OTHER).run())
    assert "Choose the first day" in app.info[-1].value
    checked(app.date_input(key="versus_from").set_value((NOON - timedelta(days=40)).date()).run())
    assert "+0\\.12 in" in captions(app)


def test_visits_without_a_time_of_day(store, tmp_path):
    store.write_day(make_day("North", visits=12))
    app = open_app(tmp_path, TRENDS, period="all")
    assert "12 visits without a time of day" in captions(app)
    assert "Of 12 visits" in captions(app)
    assert app.selectbox(key="versus").disabled


def test_filters_reach_the_charts(store, tmp_path):
    fill(store, 24)
    fill(store, 12, "South")
    app = open_app(tmp_path, TRENDS, stores=("South",))
    assert "Of 12 visits" in captions(app)
    app.multiselect(key="filter_stores").set_value([]).run()
    assert "Of 36 visits" in captions(app)


@pytest.mark.parametrize(
    ("days", "visits", "grain"),
    [
        (1, 300, "hour"),
        (2, 20, "day"),
        (28, 1000, "day"),
        (28, 100, "week"),
        (28, 3, "day"),
        (300, 9000, "week"),
        (800, 9000, "month"),
    ],
)
def test_steps_of_time_suit_the_period(store, tmp_path, days, visits, grain):
    day = NOON.date()
    assert trends.natural_grain(Filter(first=day - timedelta(days=days - 1), last=day), visits) == grain


# ---- zones on the shop floor


def test_measuring_zones_are_compared(store, tmp_path):
    fill(store, 24)
    for hours in (1, 2):
        count_on_the_floor(store, "North", {"": 40, "Till": 20, "Shelf": 4}, NOON - timedelta(days=2, hours=hours))
    app = open_app(tmp_path, TRENDS)
    assert headings(app)[-5:] == [
        "Zones on the shop floor", "Apparent expressions in the zones", "People an hour in the zones",
        "Seconds each in the zones", "People an hour in the zones, by hour",
    ]  # fmt: skip
    assert "Most\\: Tills · whole picture, 40\\.0 people an hour; fewest\\: Tills · Shelf, 4\\.0" in captions(app)
    assert "1 zone with fewer than 10 people" in captions(app)
    assert len(app.dataframe) == 4


def test_zones_stand_alone_where_no_visit_is(store, tmp_path):
    count_on_the_floor(store, "North", {"Till <b>": 20}, NOON - timedelta(days=2))
    app = open_app(tmp_path, TRENDS)
    assert headings(app)[0] == "Zones on the shop floor" and charts(app) == 4
    app = open_app(tmp_path, TRENDS, period="today")
    assert not charts(app) and "No floor camera counted anybody" in app.info[0].value


def test_zones_of_two_stores_carry_their_names(store):
    for name in ("North", "South"):
        count_on_the_floor(store, name, {"": 20}, NOON - timedelta(days=2))
    frame = trends_zones.named(queries.zones(store), Filter())
    assert set(frame["group"]) == {"North · Tills · whole picture", "South · Tills · whole picture"}
    assert trends_zones.zone_sums(frame)["each_s"].tolist() == [20.0, 20.0]
    assert trends_zones.zone_sums(frame.iloc[:0]).empty and trends_zones.mix_words(frame.iloc[:0]) == ""
