"""The page Trends: every chart of the chosen visits, each with what is selected in the others put to its filter."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar, get_args

import pandas as pd
import streamlit as st

from fer_core.queries import By, Filter, Grain
from ui import captions, charts, filters, resources, trends_sums, trends_zones
from ui.brushes import Brush, as_choice, cells_brush, group_brush, narrowed, time_brush
from ui.charts import CELLS_BRUSH, GROUP_BRUSH, TIME_BRUSH
from ui.charts.parts import MOST_GROUPS
from ui.empty import nothing_here
from ui.figure import figure
from ui.plain import counted, escape
from ui.versus import versus

T = TypeVar("T")
GRAINS: tuple[Grain, ...] = get_args(Grain)
MEASURES = ("estimated change", "reviews")
SPLITS: Mapping[str, By | None] = MappingProxyType({"all visits": None, "stores": "store", "doors": "door"})
MOST_BUCKETS = 1500
"""Points over time that one chart may hold. More: finer lines over long periods, a slower browser."""
_DAYS: Mapping[Grain, float] = MappingProxyType({"hour": 1 / 12, "day": 1, "week": 7, "month": 30})
"""Length of a step in days; of a day, twelve hours count."""
_LEAST_A_STEP = 15
"""Visits a step of time should have on average; fewer than 10 are not shown."""
_TIME_HINT = "Drag over a stretch of time: the other charts then show that stretch only. A click beside it lifts it again."
_CELLS_HINT = "Drag over hours and days: the other charts then show those only. A click beside them lifts it again."
_GROUP_HINT = "Click a dot: the other charts then show that one only; with Shift several. A click beside lifts it again."


def show() -> None:
    """Draw the page."""
    st.title("Trends", anchor=False)
    chosen = filters.current()
    summary = resources.summary(chosen)
    sums = trends_sums.kept(chosen)
    zones = trends_zones.kept(chosen)
    if not summary.n:
        if sums or not zones:
            (trends_sums.show if sums else nothing_here)(chosen)
        if zones:
            trends_zones.show(chosen)
        return
    asked = _options(chosen, summary.n)
    brushes = _brushes(chosen, asked)
    _selection_bar(brushes)
    _over_time(narrowed(chosen, brushes, TIME_BRUSH), asked)
    if summary.undated:
        st.caption(f"{counted(summary.undated, 'visit')} without a time of day can’t stand in the charts over time.")
    inner = narrowed(chosen, brushes)
    _pair(lambda: _week(narrowed(chosen, brushes, CELLS_BRUSH)), lambda: _mix(inner))
    sides = narrowed(chosen, brushes, GROUP_BRUSH)
    _pair(lambda: _sides(sides, asked.sides), lambda: _side_reviews(sides, asked.sides))
    _pair(lambda: _dwell(inner), lambda: versus(inner, asked.grain))
    if sums:
        trends_sums.show(chosen)
    if zones:
        trends_zones.show(chosen)


def _pair(first: Callable[[], None], second: Callable[[], None]) -> None:
    left, right = st.columns(2)
    with left:
        first()
    with right:
        second()


# ---- what is asked for


class Options(NamedTuple):
    """How fine the time is, what is drawn over it, whether the lines are split, and what stands side by side."""

    grain: Grain
    measure: str
    by: By | None
    sides: By


def _options(chosen: Filter, visits: int) -> Options:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        natural = natural_grain(chosen, visits)
        grain = _choice("Time in steps of", GRAINS, natural, f"grain_{natural}_{_days(chosen)}")
        measure = _choice("Over time", MEASURES, MEASURES[0], "measure")
        split = _choice("Lines for", tuple(SPLITS), "all visits", "lines") if measure == MEASURES[0] else "all visits"
        sides = _choice("Side by side", ("stores", "doors"), "stores", "sides")
    return Options(_fitting(grain, chosen), measure, SPLITS[split], "door" if sides == "doors" else "store")


def _choice(label: str, options: tuple[T, ...], default: T, key: str) -> T:
    return st.segmented_control(label, options, default=default, key=key, required=True)


def natural_grain(filter: Filter, visits: int) -> Grain:
    """The steps that suit the length of time, coarser where so few visits would leave most of them hidden."""
    days = _days(filter)
    finest = 0 if days <= 2 else 1 if days <= 62 else 2 if days <= 400 else 3
    long_enough = [grain for grain in GRAINS[finest:] if _DAYS[grain] <= days]
    wanted = (grain for grain in long_enough if visits * _DAYS[grain] >= _LEAST_A_STEP * days)
    return next(wanted, "day" if finest < 2 else GRAINS[finest])


def _fitting(grain: Grain, filter: Filter) -> Grain:
    if grain != "hour" or _days(filter) * 24 <= MOST_BUCKETS:
        return grain
    st.caption(f"Hours are shown for up to {MOST_BUCKETS // 24} days; here are the days.")
    return "day"


def _days(filter: Filter) -> int:
    """The days from the first visit of the period to its last."""
    span = resources.span(filter.stores)
    first = max(span[0], filter.first or span[0]) if span else filter.first
    last = min(span[1], filter.last or span[1]) if span else filter.last
    return max(1, (last - first).days + 1) if first and last else 1


# ---- what is selected in the charts


def _key(chart: str, *parts: Any) -> str:
    """The key of a chart's selection: another filter, another split, or the button that lifts all forget it."""
    return f"brush_{chart}_{st.session_state.get('brushes_lifted', 0)}_{abs(hash((filters.current(), *parts)))}"


def _selected(chart: str, *parts: Any) -> Any:
    state = st.session_state.get(_key(chart, *parts)) or {}
    return (state.get("selection") or {}).get(chart) or {}


def _brushes(chosen: Filter, asked: Options) -> list[Brush]:
    found = (
        time_brush(_selected(TIME_BRUSH, asked.grain, asked.measure), asked.grain, chosen, dots=asked.measure == MEASURES[0]),
        cells_brush(_selected(CELLS_BRUSH)),
        group_brush(_selected(GROUP_BRUSH, asked.sides) or [], asked.sides, chosen),
    )
    return [brush for brush in found if brush]


def _selection_bar(brushes: list[Brush]) -> None:
    if not brushes:
        st.caption("Select in a chart over time, in the week, or side by side, and the other charts follow.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Selected in the charts:** " + " · ".join(escape(brush.words) for brush in brushes), width="content")
        st.button("Keep as filter", key="brush_keep", icon=":material/filter_alt:", on_click=_keep, args=(brushes,))
        st.button("Lift", key="brush_lift", icon=":material/close:", on_click=_lift)


def _keep(brushes: list[Brush]) -> None:
    filters.choose(**as_choice(brushes))


def _lift() -> None:
    st.session_state["brushes_lifted"] = st.session_state.get("brushes_lifted", 0) + 1


# ---- the charts


def _over_time(filter: Filter, asked: Options) -> None:
    grain, measure, by, _ = asked
    whole = resources.trend(filter, grain)
    if measure == "reviews":
        frame, chart, words = whole, charts.reviews_over_time(whole, grain), captions.reviews(whole)
    else:
        frame = whole if by is None else _largest(resources.trend(filter, grain, by))
        chart, words = charts.change_over_time(frame, grain), captions.over_time(frame, grain)
    title = f"{measure.capitalize()} by {grain}"
    name = f"{measure.replace(' ', '-')}-by-{grain}"
    figure(title, chart, words, frame, name, key=_key(TIME_BRUSH, grain, measure), brush=TIME_BRUSH, hint=_TIME_HINT)


def _largest(frame: pd.DataFrame) -> pd.DataFrame:
    """The groups with the most visits, as many as can be told apart."""
    totals = frame.groupby("group")["n"].sum()
    if len(totals) <= MOST_GROUPS:
        return frame
    st.caption(f"The {MOST_GROUPS} of {len(totals)} with the most visits.")
    return frame[frame["group"].isin(totals.nlargest(MOST_GROUPS).index)].reset_index(drop=True)


def _week(filter: Filter) -> None:
    frame = resources.heat(filter)
    chart, words = charts.week_heat(frame), captions.week(frame)
    figure("The week", chart, words, frame, "week", key=_key(CELLS_BRUSH), brush=CELLS_BRUSH, hint=_CELLS_HINT)


def _mix(filter: Filter) -> None:
    frame = resources.mix(filter)
    hint = "The leading apparent expression of each visit, at the entrance and at the exit."
    figure("Apparent expressions", charts.expression_mix(frame), captions.mix(frame), frame, "expressions", hint=hint)


def _dwell(filter: Filter) -> None:
    frame = resources.by_dwell(filter)
    hint = "Dots are means, lines their 95 % intervals. Visits of films without a start time have no length."
    figure("Change by length of stay", charts.change_by_dwell(frame), captions.dwell(frame), frame, "length-of-stay", hint=hint)


def _sides(filter: Filter, by: By) -> None:
    frame = resources.groups(filter, by)
    key, words = _key(GROUP_BRUSH, by), captions.side_by_side(frame)
    title = f"{by.capitalize()}s side by side"
    figure(title, charts.change_by_group(frame), words, frame, f"{by}s", key=key, brush=GROUP_BRUSH, hint=_GROUP_HINT)


def _side_reviews(filter: Filter, by: By) -> None:
    frame = resources.groups(filter, by)
    figure(f"Reviews of the {by}s", charts.reviews_by_group(frame), captions.reviews(frame), frame, f"{by}s-reviews")
