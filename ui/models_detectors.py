"""The tab Detectors: all of them on one picture, what they find and how long they take."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from fer_core import detect
from ui.detectors import REPEATS, Found, measured
from ui.live_still import as_html
from ui.picture_input import Picture, boxed, given_picture
from ui.plain import counted, escape, number

_COLUMNS = 2


def show() -> None:
    """Draw the tab."""
    st.markdown("Every detector looks at the same picture: how many faces it finds, where, and how long it takes.")
    names = st.multiselect("Detectors", detect.names(), default=detect.names(), key="detectors_names")
    picture = given_picture("detectors")
    if picture is None:
        return
    if not names:
        st.info("Choose at least one detector.", icon=":material/face:")
        return
    found = _all(names, picture)
    _table(found)
    _pictures(found, picture)


def _all(names: Sequence[str], picture: Picture) -> list[Found]:
    bar, found = st.progress(0.0), []
    for place, name in enumerate(names):
        bar.progress(place / len(names), text=f"{escape(name)} looks at the picture …")
        found.append(measured(name, picture.word, picture.image))
    bar.empty()
    return found


def frame_of(found: Sequence[Found]) -> pd.DataFrame:
    """detector, faces, ms, least and most sure: a row for each that could be had."""
    rows = [
        (one.name, len(one.faces), one.ms, min(one.faces.score, default=None), max(one.faces.score, default=None))
        for one in found
        if not one.why
    ]
    return pd.DataFrame(rows, columns=["detector", "faces", "ms", "least", "most"])


def _table(found: Sequence[Found]) -> None:
    frame = frame_of(found)
    if len(frame):
        scores = [_scores(low, high) for low, high in zip(frame["least"], frame["most"], strict=True)]
        told = frame[["detector", "faces"]].astype("str").assign(ms=[number(ms, ",.0f") for ms in frame["ms"]], scores=scores)
        st.table(told, hide_index=True, border="horizontal")
        st.caption(
            f"ms: the median of {REPEATS} looks on this machine, after one to warm up. The picture’s longer side is brought to "
            "at most 640 px first. Scores of different detectors don’t compare."
        )
    missing = [one for one in found if one.why]
    if missing:
        lines = [f"- **{escape(one.name)}** can’t be had here: {escape(short(one.why))}" for one in missing]
        st.info("\n".join([*lines, "", "The tab “Installed” says where each comes from."]), icon=":material/block:")


def short(why: str) -> str:
    """The first part of why a detector can't be had, without what packages add; a sentence."""
    return why.partition(";")[0].partition("\n")[0].rstrip(".") + "."


def _scores(low: float | None, high: float | None) -> str:
    return number(high, ".2f") if low == high else f"{number(low, '.2f')} to {number(high, '.2f')}"


def _pictures(found: Sequence[Found], picture: Picture) -> None:
    shown = [one for one in found if not one.why]
    columns = st.columns(_COLUMNS)
    for place, one in enumerate(shown):
        with columns[place % _COLUMNS]:
            alt = f"{one.name}: {counted(len(one.faces), 'face')}"
            st.markdown(f"**{escape(one.name)}** · {counted(len(one.faces), 'face')} · {number(one.ms, ',.0f')} ms")
            st.html(as_html(boxed(picture.image, one.faces)).replace("what the engine sees", alt))
