"""The page Validity: what visitors say at the exit button, set against the reviews of the same store."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from fer_core import validity
from fer_core.queries import Filter, Source, scope_of
from fer_core.queries.answers import answer_state, answers
from fer_core.validity import Validity
from ui import account, captions, charts, filters, resources
from ui.charts import said
from ui.downloads import csv_button
from ui.figure import figure
from ui.places import SETTINGS
from ui.plain import counted, escape, number, percent
from ui.validity_words import correlation_words, days_words, figures, left_out, table_words

_TABLE_HINT = (
    "Each row: who pressed that face, and how their visits were reviewed. For kappa the outer faces stand for negative and "
    "positive, both inner ones for neutral, and uncertain reviews are left out."
)
_KAPPA_HINT = (
    "Cohen’s kappa: agreement beyond what chance alone would give. 0 is chance, 1 always the same. Line: 95 % interval. It "
    "says that the two differ, not which of them is right."
)
_TIME_HINT = "Dots are the means of a day’s answers, from 1 (very unhappy) to 4 (very happy); lines are 95 % intervals."
_SIDE_HINT = "A dot a day, with the 95 % intervals of both means. All answers count here, also those without a visit."


def show() -> None:
    """Draw the page."""
    st.title("Validity", anchor=False)
    chosen = filters.current()
    if not _state()[0]:
        _switch_on()
        return
    store = _store(chosen)
    if store is None:
        st.info("No answer fits the filters.", icon=":material/filter_alt_off:")
        if filters.changed() or chosen.first or chosen.last:
            st.button("Show the whole time", key="show_all", type="primary", on_click=filters.choose, kwargs={"period": "all"})
        return
    if chosen.reviews:
        st.caption("The filter of reviews does not apply here: with it an answer would only ever meet reviews of one kind.")
    _draw(judged(replace(chosen, stores=(store,), reviews=())))


def _draw(found: Validity) -> None:
    st.info(f"**{escape(validity.sentence(found))}**", icon=":material/fact_check:")
    _metrics(found)
    left, right = st.columns([3, 2])
    with left:
        frame = found.table if found.table["n"].any() else found.table.iloc[:0]
        words = table_words(found)
        figure(
            "What visitors say (rows) and what was read",
            said.said_and_read(frame),
            words,
            frame,
            "said-and-read",
            hint=_TABLE_HINT,
            table=True,
        )
    with right:
        _left_out(found)
    days = found.days
    figure("What visitors say by day", said.answers_over_time(days), days_words(days), days, "answers-by-day", hint=_TIME_HINT)
    left, right = st.columns(2)
    with left:
        _read_by_day(days)
    with right:
        both, words = days.dropna(subset=["mean_answer", "mean_change"]), correlation_words(found.by_day, "day")
        figure("Days: said against read", said.days_side_by_side(both), words, both, "said-against-read", hint=_SIDE_HINT)


def _read_by_day(days: pd.DataFrame) -> None:
    read = days[days["n"] > 0].assign(group="all visits").reset_index(drop=True)
    chart, words = charts.change_over_time(read, "day", selectable=False), captions.over_time(read, "day")
    figure("What was read by day", chart, words, read, "read-by-day")


def _metrics(found: Validity) -> None:
    agreed = found.agreement
    with st.container(horizontal=True):
        _metric("Answers", f"{found.answers:,}", f"{found.judged:,} set against a certain review")
        if agreed:
            span = f"{percent(agreed.share_low)} to {percent(agreed.share_high)}"
            _metric("Same of three classes", percent(agreed.share), f"95 %: {span}; n = {agreed.n:,}")
            span = (
                "can’t be told"
                if agreed.kappa is None
                else f"95 %: {number(agreed.low)} to {number(agreed.high)}; n = {agreed.n:,}"
            )
            _metric("Kappa", number(agreed.kappa), span, _KAPPA_HINT)
        for name, one in (("day", found.by_day), ("hour", found.by_hour)):
            span = f"95 %: {number(one.low)} to {number(one.high)}" if one.value is not None else "too few"
            _metric(
                f"Correlation by {name}", number(one.value), f"{span}; {counted(one.cells, name)}", correlation_words(one, name)
            )


def _metric(label: str, value: str, below: str, hint: str = "") -> None:
    with st.container(border=True, width="stretch", height="stretch", gap="xxsmall"):
        st.metric(label, value, help=hint or None)
        st.caption(escape(below))


def _left_out(found: Validity) -> None:
    frame = left_out(found)
    with st.container(border=True, height="stretch", key="left_out"):
        st.subheader("Left out of the agreement", anchor=False)
        if frame.empty:
            st.caption("Nothing: every answer stands beside a review.")
        else:
            lines = [f"- **{row.answers:,}** · {escape(str(row.reason))}" for row in frame.itertuples()]
            st.markdown("\n".join(lines))
            st.caption(f"{counted(int(frame['answers'].sum()), 'answer')} of {found.answers:,}.")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("All figures of this page", width="stretch")
            csv_button(figures(found), "moodgate-validity", "csv_validity")


# ---- what is asked for


def _store(chosen: Filter) -> str | None:
    """The store that is judged: one at a time, for what holds in one says nothing of another; None without answers."""
    counts = answering(chosen)
    names = sorted(counts)
    if len(names) < 2:
        return names[0] if names else None
    name: str = st.selectbox("Store", names, names.index(max(counts, key=counts.__getitem__)), key="validity_store")
    return name


def answering(chosen: Filter) -> dict[str, int]:
    """How many answers fit, by the stores' names."""
    source = resources.store()
    return _answering(source, str(source.path), _state(), scope_of(source).key, chosen)


def judged(chosen: Filter) -> Validity:
    """`fer_core.validity.judge`, from the cache where nothing was written and nobody has answered since."""
    source = resources.store()
    return _judged(source, str(source.path), source.version(), _state(), scope_of(source).key, chosen)


def _state() -> tuple[int, float]:
    return answer_state(resources.store())


@st.cache_data(ttl=3600, max_entries=50, show_spinner=False)
def _answering(_source: Source, path: str, state: tuple[int, float], scope: str, chosen: Filter) -> dict[str, int]:
    return {str(name): int(n) for name, n in answers(_source, chosen)["store"].value_counts().items()}


@st.cache_data(ttl=3600, max_entries=50, show_spinner="Setting answers against reviews")
def _judged(_source: Source, path: str, version: int, state: tuple[int, float], scope: str, chosen: Filter) -> Validity:
    return validity.judge(_source, chosen)


def _switch_on() -> None:
    """What stands here until somebody has answered: what it is good for, and how to begin."""
    st.info(
        "No visitor has said anything yet, so nobody knows how far the reviews can be trusted.",
        icon=":material/sentiment_satisfied:",
    )
    st.markdown(
        "The **exit button** is a page with four faces for a tablet at the exit. Visitors press one as they leave. This page "
        "then sets what they say against the reviews of the same visits.\n\n"
        "1. Go to Settings, tab “Exit button”, and switch it on for a store and a door.\n"
        "2. Open the address shown there on the tablet, in full screen.\n"
        f"3. Come back after {validity.LEAST_ANSWERS} answers. Only the face and the time are kept."
    )
    account.link(SETTINGS)
