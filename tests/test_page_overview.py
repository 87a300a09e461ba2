"""The page Overview on a filled store: empty, one visit, many; today, the period before, what needs attention."""

from datetime import UTC, datetime, timedelta

from server import services as house
from tests.app_pages import NOON, checked, fill, metrics, open_app
from tests.days import make_day, make_footage

NOW = datetime.now(UTC)


def markdown(app) -> str:
    return "\n".join(one.value for one in app.markdown)


def test_no_visits_and_two_ways_to_begin(store, tmp_path):
    app = open_app(tmp_path)
    assert [one.value for one in app.subheader] == ["Analyse footage", "Try the sample day", "What needs attention"]
    assert not app.metric
    checked(app.button(key="run_sample").click().run())
    assert [job.kind for job in house.services().jobs.list()] == ["sample"]
    assert "on their way: 1 job" in app.info[0].value
    assert not [one for one in app.button if one.key == "run_sample"]


def test_one_visit_shows_its_count_and_no_value(store, tmp_path):
    fill(store, 1)
    found = metrics(open_app(tmp_path))
    assert found["Visits"] == "1"
    assert {found[label] for label in ("Estimated change", "Median stay", "▲ Positive", "? Uncertain")} == {"–"}


def test_many_visits(store, tmp_path):
    fill(store, 40)
    app = open_app(tmp_path)
    found = metrics(app)
    assert found == {
        "Visits": "40", "Estimated change": "+0.12", "Median stay": "15 min", "Coverage": "95 %",
        "▲ Positive": "25 %", "● Neutral": "25 %", "▼ Negative": "25 %", "? Uncertain": "25 %",
    }  # fmt: skip
    words = [caption.value for caption in app.caption]
    assert words.count("95 %: 14 % to 40 %") == 4  # Wilson's interval of 10 in 40
    assert not [one for one in app.metric if one.delta]
    assert any("+0\\.12" in text for text in words)  # the chart's sentence


def test_against_the_period_before(store, tmp_path):
    fill(store, 40)
    fill(store, 20, start_at=NOON - timedelta(days=30))
    app = open_app(tmp_path)
    by_label = {one.label: one for one in app.metric}
    assert by_label["Visits"].delta == "+100 %"
    assert by_label["▲ Positive"].delta == "+0.0 points"
    assert any(caption.value.startswith("Differences against") for caption in app.caption)
    assert not [one for one in open_app(tmp_path, period="all").metric if one.delta]


def test_today_stands_above_the_period(store, tmp_path):
    fill(store, 24)
    assert "Today so far" not in [one.value for one in open_app(tmp_path).subheader]
    fill(store, 12, start_at=NOW.replace(hour=0, minute=0, second=0))
    app = open_app(tmp_path)
    assert [one.value for one in app.metric if one.label == "Visits"] == ["12", "36"]
    assert "Today so far" not in [one.value for one in open_app(tmp_path, period="today").subheader]


def test_nothing_in_the_period_and_the_way_out(store, tmp_path):
    fill(store, 12, start_at=NOON - timedelta(days=300))
    app = open_app(tmp_path, match=50)
    assert "No visit fits the filters" in app.info[0].value
    app.button(key="show_all").click().run()
    assert metrics(app)["Visits"] == "12"
    app = open_app(tmp_path, match=100)
    app.button(key="reset_here").click().run()
    assert app.slider(key="filter_match").value == 0


def test_visits_without_a_time_of_day_are_counted(store, tmp_path):
    store.write_day(make_day("North", visits=12))
    app = open_app(tmp_path, period="all")
    assert metrics(app)["Visits"] == "12"
    assert "of them 12 without a time of day" in [caption.value for caption in app.caption]


def test_what_needs_attention(store, tmp_path):
    start = NOON - timedelta(days=1)
    odd = make_footage("a *film* <b>.mp4", start_at=start, warnings=("The film ends <i>early</i>.",))
    store.write_day(make_day("North", visits=12, entry=odd, start_at=start))
    app = open_app(tmp_path)
    assert r"a \*film\* \<b\>\.mp4" in markdown(app)
    assert r"The film ends \<i\>early\</i\>\." in markdown(app)


def test_nothing_needs_attention(store, tmp_path):
    fill(store, 12)
    assert any(caption.value.startswith("Nothing: no job has failed") for caption in open_app(tmp_path).caption)
