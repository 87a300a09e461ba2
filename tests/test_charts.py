"""The charts, their captions, their data as files, and what is selected in them: pure functions on frames."""

import io
import json
import re
from datetime import date
from typing import Any

import pandas as pd
import pytest

from fer_core.queries import DWELL_BINS, Filter, Summary
from fer_core.types import EXPRESSIONS, REVIEWS
from ui import brushes, captions, charts, theme
from ui.charts.over_time import when_words
from ui.charts.parts import interval_words
from ui.downloads import csv_of
from ui.glance import cards

ODD = '=cmd|"<b>Süd</b>'
COUNTS = dict.fromkeys(REVIEWS, 5.0)


def cell(mean: float | None = 0.1, n: int = 20, *, hidden: bool = False, **more: Any) -> dict[str, Any]:
    """A row as `queries.trend` and `queries.groups` give it."""
    values = {"mean_change": mean, "change_low": mean and mean - 0.05, "change_high": mean and mean + 0.05} | COUNTS
    shown = dict.fromkeys(values) if hidden else values
    return {"group": "all visits", "n": n, "hidden": hidden, "sample": False} | shown | more


def frame(*rows: dict[str, Any], **first: str) -> pd.DataFrame:
    """The rows with the types that the queries give, empty or not."""
    columns = [*first, *(name for name in cell() if name not in first)]
    made = pd.DataFrame(list(rows), columns=columns)
    floats = ["mean_change", "change_low", "change_high", *REVIEWS]
    return made.astype(dict.fromkeys(floats, "float64") | {"n": "int64", "hidden": "bool"} | first)


def trend(*rows: dict[str, Any]) -> pd.DataFrame:
    return frame(*rows, bucket="datetime64[us]", group="str")


def groups(*rows: dict[str, Any]) -> pd.DataFrame:
    return frame(*rows, group="str")


def heat(*rows: tuple[int, int, int, float | None]) -> pd.DataFrame:
    made = pd.DataFrame(rows, columns=["weekday", "hour", "n", "mean_change"]).astype({"mean_change": "float64"})
    hidden = made["mean_change"].isna()
    return made.astype({"weekday": "int64", "hour": "int64", "n": "int64"}).assign(positive_share=0.5, hidden=hidden)


def dwell(*rows: tuple[str, float | None]) -> pd.DataFrame:
    made = pd.DataFrame(rows, columns=["bin", "mean_change"]).astype({"mean_change": "float64", "bin": "str"})
    low, high = made["mean_change"] - 0.1, made["mean_change"] + 0.1
    return made.assign(n=20, low=low, high=high, hidden=made["mean_change"].isna()).astype({"n": "int64"})


def mix(*rows: tuple[str, str | None, int, float | None]) -> pd.DataFrame:
    made = pd.DataFrame(rows, columns=["moment", "expression", "n", "share"]).astype({"share": "float64", "n": "int64"})
    return made.assign(hidden=made["expression"].isna())


def day(number: int) -> pd.Timestamp:
    return pd.Timestamp(2026, 3, number)


TWO_DAYS = trend(cell(0.1, bucket=day(2)), cell(-0.2, bucket=day(5)), cell(n=4, hidden=True, bucket=day(6)))
TWO_SHOPS = groups(cell(0.1, group=ODD), cell(0.3, group="North"), cell(n=3, hidden=True, group="Tiny"))
WEEK = heat((0, 9, 30, 0.2), (5, 14, 30, -0.4), (6, 12, 3, None))
STAYS = dwell(("under 1 min", 0.3), ("over 1 h", -0.1), ("2–5 min", None))
MIX = mix(("entrance", "happy", 5, 0.25), ("entrance", "neutral", 15, 0.75), ("exit", "happy", 20, 1.0))
PERIODS = ("now", "then")

EMPTY = {
    "change": lambda: charts.change_over_time(trend(), "day"),
    "reviews": lambda: charts.reviews_over_time(trend(), "week"),
    "compared": lambda: charts.compared(trend(), trend(), "day", pd.Timedelta(days=7), PERIODS),
    "heat": lambda: charts.week_heat(heat()),
    "mix": lambda: charts.expression_mix(mix()),
    "dwell": lambda: charts.change_by_dwell(dwell()),
    "groups": lambda: charts.change_by_group(groups()),
    "group reviews": lambda: charts.reviews_by_group(groups()),
}
FULL = {
    "change": lambda: charts.change_over_time(TWO_DAYS, "day"),
    "reviews": lambda: charts.reviews_over_time(TWO_DAYS, "day"),
    "compared": lambda: charts.compared(TWO_DAYS, TWO_DAYS, "day", pd.Timedelta(days=7), PERIODS),
    "heat": lambda: charts.week_heat(WEEK),
    "mix": lambda: charts.expression_mix(MIX),
    "dwell": lambda: charts.change_by_dwell(STAYS),
    "groups": lambda: charts.change_by_group(TWO_SHOPS),
    "group reviews": lambda: charts.reviews_by_group(TWO_SHOPS),
}
ALL_HIDDEN = {
    "change": lambda: charts.change_over_time(trend(cell(n=2, hidden=True, bucket=day(2))), "day"),
    "reviews": lambda: charts.reviews_over_time(trend(cell(n=2, hidden=True, bucket=day(2))), "day"),
    "heat": lambda: charts.week_heat(heat((6, 12, 3, None))),
    "mix": lambda: charts.expression_mix(mix(("entrance", None, 3, None), ("exit", None, 3, None))),
    "dwell": lambda: charts.change_by_dwell(dwell(("2–5 min", None))),
    "groups": lambda: charts.change_by_group(groups(cell(n=3, hidden=True, group="Tiny"))),
    "group reviews": lambda: charts.reviews_by_group(groups(cell(n=3, hidden=True, group="Tiny"))),
}


def spec(chart: charts.Chart) -> dict[str, Any]:
    """The chart as the browser gets it, checked against Vega-Lite's schema."""
    return json.loads(chart.to_json())


def values(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for rows in found.get("datasets", {}).values() for row in rows]


def params(found: dict[str, Any]) -> set[str]:
    return {one["name"] for one in found.get("params", [])}


@pytest.mark.parametrize("name", EMPTY)
def test_a_chart_of_nothing(name):
    spec(EMPTY[name]())


@pytest.mark.parametrize("name", ALL_HIDDEN)
def test_a_chart_of_hidden_cells(name):
    told = values(spec(ALL_HIDDEN[name]()))
    assert not [row for row in told if row.get("mean_change") or row.get("share")]


@pytest.mark.parametrize("name", FULL)
def test_a_chart_takes_the_page_s_theme(name):
    text = FULL[name]().to_json()
    assert not re.search(r'"(background|labelColor|titleColor)"', text)
    assert not re.search(r'"(black|white|#000000|#ffffff)"', text, re.IGNORECASE)


@pytest.mark.parametrize(
    ("name", "offered"),
    [("change", {"time"}), ("reviews", {"time"}), ("heat", {"cells"}), ("groups", {"group"}), ("mix", set()), ("dwell", set())],
)
def test_selections(name, offered):
    assert params(spec(FULL[name]())) == offered


def test_a_chart_that_is_not_to_be_selected_in():
    assert not params(spec(charts.change_over_time(TWO_DAYS, "day", selectable=False)))


def test_the_line_breaks_where_nobody_came():
    rows = [row for row in values(spec(FULL["change"]())) if row.get("group") == "all visits"]
    gaps = {row["bucket"][:10] for row in rows if row["mean_change"] is None and not row["hidden"]}
    assert gaps == {"2026-03-03", "2026-03-04"}


def test_hidden_cells_have_their_count_and_no_value():
    rows = [row for row in values(spec(FULL["change"]())) if row.get("hidden")]
    assert {row["visits"] for row in rows} == {"4"}
    assert {row["words"] for row in rows} == {"not shown: too few visits"}
    assert {row["mean_change"] for row in rows} == {None}


def test_times_stay_those_of_the_store():
    text = FULL["change"]().to_json()
    assert '"type": "utc"' in text
    assert "2026-03-02T00:00:00.000+00:00" in text or "2026-03-02T00:00:00+00:00" in text


def test_the_other_period_lies_under_the_first():
    rows = values(spec(charts.compared(TWO_DAYS, TWO_DAYS, "day", pd.Timedelta(days=7), PERIODS)))
    at = {(row["period"], row["bucket"][:10]): row["at"][:10] for row in rows if row.get("at")}
    assert (at["now", "2026-03-02"], at["then", "2026-03-02"]) == ("2026-03-02", "2026-03-09")


def test_shares_are_stacked_to_the_whole():
    rows = [row for row in values(spec(FULL["reviews"]())) if row.get("review")]
    assert sorted({(round(row["start"], 2), round(row["end"], 2)) for row in rows}) == [
        (0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1)
    ]  # fmt: skip
    assert next(row["words"] for row in rows) == "25 % (5 of 20)"


def test_every_expression_has_its_place():
    rows = values(spec(FULL["mix"]()))
    assert {row["expression"] for row in rows} == set(EXPRESSIONS)
    assert sum(row["n"] for row in rows) == 40


def test_stays_stand_in_order_of_length():
    text = FULL["dwell"]().to_json()
    assert [name for name in DWELL_BINS if name in ("under 1 min", "2–5 min", "over 1 h")] == json.loads(
        re.search(r'"domain": (\[\s*"under[^]]*\])', text)[1]
    )


def test_groups_begin_with_the_best():
    text = FULL["groups"]().to_json()
    order = json.loads(re.search(r'"domain": (\[\s*"North[^]]*\])', text)[1])
    assert order == ["North", ODD, "Tiny"]


def test_nothing_is_said_by_colour_alone():
    assert len(set(theme.REVIEW_SIGNS.values())) == len(REVIEWS)
    labels = {row["review"] for row in values(spec(FULL["group reviews"]())) if row.get("review")}
    assert labels == {"▲ positive", "● neutral", "▼ negative", "? uncertain"}


@pytest.mark.parametrize(
    ("grain", "words"),
    [
        ("hour", "Mon 2 March 2026, 14:00"),
        ("day", "Mon 2 March 2026"),
        ("week", "week of 2 March 2026"),
        ("month", "March 2026"),
    ],
)
def test_times_in_words(grain, words):
    assert when_words(pd.Timestamp(2026, 3, 2, 14), grain) == words


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((None, None, None), "–"),
        ((0.12, None, None), "+0.12"),
        ((-0.12, -0.2, 0.0), "−0.12 (95 %: −0.20 to +0.00)"),
    ],
)
def test_intervals_in_words(numbers, words):
    assert interval_words(*(float("nan") if number is None else number for number in numbers)) == words


# ---- captions


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (captions.over_time(trend(), "day"), captions.NOTHING),
        (captions.over_time(trend(cell(bucket=day(2))), "day"), "Mon 2 March 2026: +0.10."),
        (
            captions.over_time(TWO_DAYS, "day"),
            "Highest: Mon 2 March 2026 (+0.10); lowest: Thu 5 March 2026 (−0.20). 1 day with fewer than 10 visits: count only.",
        ),
        (captions.reviews(groups()), captions.NOTHING),
        (captions.reviews(TWO_SHOPS), "Of 40 visits: 25 % positive, 25 % neutral, 25 % negative, 25 % uncertain."),
        (captions.week(heat()), captions.NOTHING),
        (
            captions.week(WEEK),
            "Highest: Mon, 9–10 h (+0.20); lowest: Sat, 14–15 h (−0.40). 1 hour with fewer than 10 visits: count only.",
        ),
        (captions.mix(mix()), captions.NOTHING),
        (captions.mix(MIX), "The largest difference: happy, 25 % at the entrance and 100 % at the exit."),
        (captions.dwell(dwell()), captions.NOTHING),
        (
            captions.dwell(STAYS),
            "Highest: stays of under 1 min (+0.30); lowest: stays of over 1 h (−0.10). "
            "1 cell with fewer than 10 visits: count only.",
        ),
        (captions.side_by_side(groups(cell(group="North"))), "North: +0.10 (20 visits)."),
        (
            captions.side_by_side(groups(cell(hidden=True, n=3))),
            "Every cell has fewer than 10 visits: only their counts are shown.",
        ),
        (captions.against(trend(), trend(), PERIODS), captions.NOTHING),
        (captions.against(TWO_DAYS, trend(), PERIODS), "Only now has visits to show."),
        (captions.against(trend(), TWO_DAYS, PERIODS), "Only then has visits to show."),
        (
            captions.against(trend(cell(0.1, bucket=day(2))), trend(cell(0.3, bucket=day(1))), PERIODS),
            "+0.10 in now, +0.30 in then: 0.20 lower.",
        ),
    ],
)  # fmt: skip
def test_captions(said, expected):
    assert said == expected


# ---- files


def test_data_as_a_file():
    text = csv_of(TWO_SHOPS)
    back = pd.read_csv(io.BytesIO(text))
    assert list(back["group"]) == ["'" + ODD, "North", "Tiny"]  # a spreadsheet doesn't take it for a formula
    assert list(back["n"]) == [20, 20, 3]
    assert back.loc[2, ["mean_change", *REVIEWS]].isna().all()
    assert csv_of(groups()).decode().startswith("group,n,hidden")


# ---- selections


MARCH = Filter(first=date(2026, 3, 1), last=date(2026, 3, 31))


def ms(moment: str) -> float:
    return pd.Timestamp(moment, tz="UTC").timestamp() * 1000


@pytest.mark.parametrize(
    ("selection", "grain", "days"),
    [
        ({}, "day", None),
        ({"bucket": []}, "day", None),
        ({"bucket": [ms("2026-03-03T05:00"), ms("2026-03-05T01:00")]}, "day", (4, 5)),
        ({"bucket": [ms("2026-03-05T01:00"), ms("2026-03-03T00:00")]}, "day", (3, 5)),
        ({"bucket": [ms("2026-03-05T01:00"), ms("2026-03-05T03:00")]}, "day", (5, 5)),
        ({"bucket": [ms("2026-03-05T01:00"), ms("2026-03-18T00:00")]}, "week", (9, 22)),
        ({"bucket": [ms("2026-03-05T01:00"), ms("2026-03-06T00:00")]}, "week", (2, 8)),
        ({"bucket": [ms("2026-03-12T00:00"), ms("2026-03-13T00:00")]}, "month", (1, 31)),
        ({"bucket": [ms("2026-01-20T00:00"), ms("2026-03-03T00:00")]}, "month", (1, 31)),
        ({"bucket": [ms("2026-03-03T05:10"), ms("2026-03-05T01:00")]}, "hour", (3, 5)),
        ({"bucket": [ms("2026-02-20T00:00"), ms("2026-03-02T00:00")]}, "day", (1, 2)),
        ({"bucket": [ms("2026-05-01T00:00"), ms("2026-05-03T00:00")]}, "day", None),
    ],
)
def test_a_stretch_of_time(selection, grain, days):
    found = brushes.time_brush(selection, grain, MARCH)
    assert (found and dict(found.fields)) == (days and {"first": date(2026, 3, days[0]), "last": date(2026, 3, days[1])})


@pytest.mark.parametrize(
    ("grain", "ends", "days"),
    [
        ("day", ("2026-03-03T05:00", "2026-03-05T01:00"), (3, 5)),
        ("day", ("2026-03-03T05:00", "2026-03-05T00:00"), (3, 4)),
        ("day", ("2026-03-03T00:00", "2026-03-03T00:00"), (3, 3)),
        ("week", ("2026-03-05T05:00", "2026-03-09T00:00"), (2, 8)),
    ],
)
def test_bars_are_selected_by_touching(grain, ends, days):
    found = brushes.time_brush({"bucket": [ms(end) for end in ends]}, grain, MARCH, dots=False)
    assert [value.day for _, value in found.fields] == list(days)


@pytest.mark.parametrize(
    ("selection", "fields"),
    [
        ({}, None),
        ({"day": ["Mon"], "hour": []}, None),
        ({"day": ["Tue", "Mon"], "hour": [11, 9, 10]}, {"weekdays": (0, 1), "hours": (9, 12)}),
    ],
)
def test_cells_of_the_week(selection, fields):
    found = brushes.cells_brush(selection)
    assert (found and dict(found.fields)) == fields


@pytest.mark.parametrize(
    ("selection", "by", "fields"),
    [
        ([], "store", None),
        ([{"group": ODD}], "store", {"stores": (ODD,)}),
        ([{"group": "A · North · front"}], "door", {"stores": ("A · North",), "doors": ("front",)}),
        ([{"group": "(no name)"}], "door", {"stores": ("One",), "doors": ("",)}),
    ],
)
def test_a_group(selection, by, fields):
    found = brushes.group_brush(selection, by, Filter(stores=("One",)))
    assert (found and dict(found.fields)) == fields


def test_a_chart_is_not_narrowed_by_its_own_selection():
    time = brushes.time_brush({"bucket": [ms("2026-03-03"), ms("2026-03-05")]}, "day", MARCH)
    week = brushes.cells_brush({"day": ["Mon"], "hour": [9]})
    narrowed = brushes.narrowed(MARCH, [time, week], charts.TIME_BRUSH)
    assert (narrowed.first, narrowed.weekdays, narrowed.hours) == (MARCH.first, (0,), (9, 10))
    both = brushes.narrowed(MARCH, [time, week])
    assert (both.first, both.last, both.hours) == (date(2026, 3, 3), date(2026, 3, 5), (9, 10))


def test_selections_as_shared_filters():
    time = brushes.time_brush({"bucket": [ms("2026-03-03"), ms("2026-03-05")]}, "day", MARCH)
    week = brushes.cells_brush({"day": ["Mon", "Tue"], "hour": [9]})
    shop = brushes.group_brush([{"group": "(no name)"}], "door", Filter(stores=("One",)))
    assert brushes.as_choice([]) == {}
    assert brushes.as_choice([time, week, shop]) == {
        "period": "custom", "from": date(2026, 3, 3), "to": date(2026, 3, 5), "weekdays": ("mon", "tue"),
        "part": "custom", "hours": (9, 10), "stores": ("One",), "doors": (),
    }  # fmt: skip


# ---- the figures at a glance


def summed(n: int = 100, positive: int | None = 50, mean: float | None = 0.2, **more: Any) -> Summary:
    rest = None if positive is None else (n - positive) // 2
    told: dict[str, Any] = {"n": n, "positive": positive, "neutral": rest, "negative": rest, "uncertain": positive and 0}
    told |= {
        "mean_change": mean,
        "change_se": mean and 0.02,
        "median_dwell_s": mean and 600.0,
        "seen_entries": 2 * n,
        "seen_exits": n,
    }
    return Summary(**(told | {"matched": n, "unusable": 0, "hidden": positive is None} | more))


def glance(now: Summary, then: Summary | None = None) -> dict[str, Any]:
    return {card.label: card for card in cards(now, then)}


def test_figures_without_a_period_before():
    found = glance(summed())
    assert [(card.value, card.below) for card in found.values()] == [
        ("100", ""),
        ("+0.20", "95 %: +0.16 to +0.24"),
        ("10 min", ""),
        ("50 %", "100 of 200 people"),
        ("50 %", "95 %: 40 % to 60 %"),
        ("25 %", "95 %: 18 % to 34 %"),
        ("25 %", "95 %: 18 % to 34 %"),
        ("0 %", "95 %: 0 % to 4 %"),
    ]
    assert not [card for card in found.values() if card.delta]


@pytest.mark.parametrize(
    ("then", "label", "delta", "tone", "arrow"),
    [
        (summed(50), "Visits", "+100 %", "off", "up"),
        (summed(200), "Visits", "−50 %", "off", "down"),
        (summed(), "Visits", "+0 %", "off", "off"),
        (summed(mean=0.1), "Estimated change", "+0.10", "blue", "up"),
        (summed(mean=0.3), "Estimated change", "−0.10", "orange", "down"),
        (summed(mean=0.21), "Estimated change", "−0.01", "off", "off"),
        (summed(median_dwell_s=660.0), "Median stay", "−1 min", "off", "down"),
        (summed(positive=20), "▲ Positive", "+30.0 points", "blue", "up"),
        (summed(positive=48), "▲ Positive", "+2.0 points", "off", "off"),
        (summed(positive=20), "▼ Negative", "−15.0 points", "blue", "down"),
        (summed(positive=96), "▼ Negative", "+23.0 points", "orange", "up"),
        (summed(positive=96), "● Neutral", "+23.0 points", "off", "up"),
        (summed(matched=199), "Coverage", "−49.5 points", "orange", "down"),
    ],
)  # fmt: skip
def test_figures_against_the_period_before(then, label, delta, tone, arrow):
    card = glance(summed(), then)[label]
    assert (card.delta, card.tone, card.arrow) == (delta, tone, arrow)


def test_hidden_figures_have_no_value_and_no_difference():
    few = glance(summed(4, None, None, median_dwell_s=None), summed())
    for label in ("Estimated change", "Median stay", "▲ Positive", "? Uncertain"):
        assert (few[label].value, few[label].below, few[label].delta) == ("–", "fewer than 10 visits: not shown", "")
    before = glance(summed(), summed(4, None, None))
    assert {before[label].delta for label in ("Estimated change", "Median stay", "▲ Positive")} == {""}


def test_nothing_at_all():
    nothing = Summary(0, 0, 0, 0, 0, None, None, None, 0, 0, 0, 0, False)
    assert {card.value for card in cards(nothing, nothing)} == {"0", "–"}
