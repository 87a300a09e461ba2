"""A visit's page: both appearances over time, the change and why it was reviewed so, and what people say of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from fer_core.errors import MoodgateError
from fer_core.settings import ReviewSettings
from fer_core.types import EXPRESSIONS, REVIEWS, Review
from ui import audit, resources, theme, visit_charts, visit_pictures, visit_words
from ui.audit import Noted
from ui.maps import standard, version_of
from ui.notices import leave, sentence
from ui.plain import day_and_time, escape, missing, number, percent
from ui.visit_words import Row

VISIT = "visit"
"""The name under which a visit's id stands in the address."""
_VOID = "void"


def show(visit_id: str) -> None:
    """Draw the page of that visit; a sentence where there is none."""
    st.button("All visits", key="visit_back", icon=":material/arrow_back:", on_click=close)
    row = resources.ask("visit", visit_id)
    if row is None:
        st.warning(
            "There is no visit of this address. It may have been deleted by the store’s retention, or its films were analysed "
            "anew and gave other visits.",
            icon=":material/search_off:",
        )
        return
    try:
        audit.note_once("visit.view", store=row["store"], subject=visit_id)
    except MoodgateError as error:  # nobody looks at a visit unseen
        st.error(sentence(error))
        return
    zone = row["time_zone"] or "UTC"
    _head(row, zone)
    _verdict(row)
    for role, column in zip(("entry", "exit"), st.columns(2, gap="large"), strict=True):
        with column:
            _appearance(row, role)
    visit_pictures.show(visit_id, zone)
    _corrections(row, zone)
    _particulars(row)


def open_(visit_id: str) -> None:
    """Let the next run draw that visit's page."""
    st.query_params[VISIT] = visit_id


def close() -> None:
    """Let the next run draw the list again."""
    st.query_params.pop(VISIT, None)


def _head(row: Row, zone: str) -> None:
    st.header(escape(visit_words.title(row, zone)), anchor=False)
    notes = [f":material/storefront: {escape(row['store'])}"]
    if row["is_sample"]:
        notes.append(":material/science: sample: made up, no real person")
    st.caption(" · ".join([*notes, escape(visit_words.when(row, zone))]))


def _verdict(row: Row) -> None:
    settings = ReviewSettings()
    review: Review = row["corrected_review"] or row["review"]
    words, chart = st.columns([3, 2], gap="large")
    with words:
        st.markdown(f"#### {_badge(review, void=row['voided'])}")
        if row["voided"]:
            st.info("This visit is void: it counts in no sum and no chart.", icon=":material/block:")
        if row["corrected_review"]:
            st.markdown(f"A person set this review; the estimate itself said {_badge(row['review'])}.")
        st.markdown(f"**Why.** {escape(visit_words.why(row, settings))}")
        st.markdown(f"**Match.** {escape(visit_words.match_words(row['match_probability'], row['runner_up']))}")
    change = visit_words.change_of(row)
    with chart:
        if change is not None:
            st.markdown("**Estimated change, with its standard error**")
            colour = theme.REVIEW_COLOURS[row["review"]]
            st.altair_chart(visit_charts.change_chart(change, settings, colour), key="visit_change")
            st.caption(f"The grey band is the threshold of ±{settings.threshold:.2f}: within it a review is neutral.")


def _badge(review: Review, *, void: bool = False) -> str:
    """The review in its colour's sign, struck out for a void visit."""
    words = f"{theme.REVIEW_SIGNS[review]} {review}"
    shade = {"positive": "blue", "neutral": "gray", "negative": "orange", "uncertain": "violet"}[review]
    return f":{shade}-badge[{words}]" + (" :red-badge[✕ void]" if void else "")


def _appearance(row: Row, role: str) -> None:
    st.subheader("At the entrance" if role == "entry" else "At the exit", anchor=False)
    expression = row[f"{role}_expression"]
    st.caption(escape(visit_words.place(row, role)[:1].upper() + visit_words.place(row, role)[1:]))
    series = resources.ask("series", row[f"{role}_appearance_id"])
    if series.empty:
        st.info(_no_series(row), icon=":material/hourglass_empty:")
        return
    used = version_of(row["categories"], row["categories_version"]) or standard()
    settings = replace(ReviewSettings(), valence=used.valence)
    frame, best_s = visit_charts.appearance_frame(series, settings), float(row[f"{role}_time_s"])
    st.markdown(f"Leading apparent expression **{expression}**, valence **{number(row[f'{role}_valence'])}**")
    st.altair_chart(visit_charts.expressions_chart(frame, best_s), key=f"visit_{role}_expressions")
    st.altair_chart(visit_charts.valence_chart(frame, best_s), key=f"visit_{role}_valence")
    if classes := _classes(row, series):
        st.caption("By this store’s categories: " + ", ".join(f"{escape(name)} {percent(share)}" for name, share in classes))


def _no_series(row: Row) -> str:
    if row["is_sample"]:
        return "This visit of the sample history was made up without a film, so there is nothing to show over time."
    return "The expressions over time are no longer kept for this appearance. The numbers of the visit stay."


def _classes(row: Row, series: pd.DataFrame) -> list[tuple[str, float]]:
    """The shares of the store's own classes in an appearance; none for the standard map."""
    used = version_of(row["categories"], row["categories_version"])
    if used is None or used.classes == EXPRESSIONS or not series["weight"].sum():
        return []
    mean = series[list(EXPRESSIONS)].mul(series["weight"], axis=0).sum() / series["weight"].sum()
    return list(used.shares(mean.to_numpy()).items())


def _corrections(row: Row, zone: str) -> None:
    st.subheader("Corrections", anchor=False)
    made = row["corrections"]
    if not made:
        st.caption("Nobody has corrected this visit. A correction is kept beside the estimate and can be undone.")
    for one in made:
        st.markdown(_said(one, zone))
    if any(one["undone_at"] is None or missing(one["undone_at"]) for one in made):
        st.button(
            "Undo the latest correction",
            key="visit_undo",
            icon=":material/undo:",
            on_click=_undo,
            args=(row["visit_id"], row["store"]),
        )
    with st.expander("Correct this visit", icon=":material/edit:"):
        _form(row)


def _undo(visit_id: str, store: str) -> None:
    noted = Noted("visit.undo", store, visit_id)
    _try(lambda: resources.store().undo_correction(visit_id), "The correction is undone.", noted)


def _said(one: dict[str, Any], zone: str) -> str:
    what = "Void" if one["kind"] == _VOID else f"Review set to {one['review']}"
    line = f"**{what}**, {day_and_time(one['made_at'], zone)}: {escape(one['reason'])}"
    if missing(one["undone_at"]):
        return f"- {line}"
    return f"- ~~{line}~~ · undone {day_and_time(one['undone_at'], zone)}"


def _form(row: Row) -> None:
    counts = row["corrected_review"] or row["review"]
    choices = [review for review in REVIEWS if review != counts] + ([] if row["voided"] else [_VOID])
    with st.form("visit_correction", border=False):
        what = st.radio("What is right?", choices, key="visit_what", format_func=_choice, horizontal=True)
        reason = st.text_area("Reason", key="visit_reason", max_chars=500, placeholder="What was seen, and by whom")
        sent = st.form_submit_button("Save the correction", key="visit_save", type="primary")
    if sent and not reason.strip():
        st.error("Say why: a correction needs a reason.")
    elif sent:
        noted = Noted("visit.void" if what == _VOID else "visit.correct", row["store"], row["visit_id"])
        if _try(lambda: _correct(row["visit_id"], what, reason), "The correction is saved; it counts from now on.", noted):
            st.rerun()


def _choice(what: str) -> str:
    return "not a visit: void it" if what == _VOID else f"it was {what}"


def _correct(visit_id: str, what: str, reason: str) -> None:
    if what == _VOID:
        resources.store().void_visit(visit_id, reason)
    else:
        resources.store().correct_visit(visit_id, what, reason)  # type: ignore[arg-type]  # a choice of REVIEWS


def _try(action: Callable[[], object], done: str, noted: Noted) -> bool:
    try:
        action()
        noted.keep()
    except MoodgateError as error:
        st.error(sentence(error))
        return False
    leave(done)
    return True


def _particulars(row: Row) -> None:
    with st.expander("Particulars", icon=":material/info:"):
        pairs = {
            "Visit": row["visit_id"],
            "Detector, embedder, expression model": f"{row['detector']}, {row['embedder']}, {row['emotion']}",
            "Categories": f"{row['categories']}, version {row['categories_version']}",
            "Quality of the poorer appearance": number(row["quality"], ".2f"),
            "Camera offset": number(row["camera_offset"]),
            "Change before the offset": number(row["change"]),
        }
        frame = pd.DataFrame({"what": list(pairs), "value": list(pairs.values())})
        st.dataframe(frame, hide_index=True, key="visit_particulars")
