"""The tab Side by side: two models on the same labelled pictures, those on which they part first."""

import base64
from collections.abc import Mapping
from html import escape as html_escape

import cv2
import numpy as np
import streamlit as st

from fer_core.dataset import SPLITS, LabelledFaces
from fer_core.errors import MoodgateError
from fer_core.types import EXPRESSIONS, FloatArray, UInt8Array
from server import expression
from ui import expression_models, resources
from ui.charts import judged
from ui.duel import PARTS, Duel, duel, subject
from ui.duel_data import given_set
from ui.expression_models import HEADS, VOTES
from ui.figure import figure
from ui.judged_words import points
from ui.notices import sentence
from ui.plain import counted, escape

_MOST = (200, 500, 1000, 2000, 5000)
_A_PAGE = 24
_STYLE = """<style>
.duel{display:grid;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr));gap:.8rem;list-style:none;
margin:0!important;padding:0!important}
.duel li{border:1px solid color-mix(in srgb,currentColor 18%,transparent);border-radius:.5rem;padding:.6rem;margin:0!important;
font-size:.82rem;line-height:1.4}
.duel img{width:100%;max-width:9rem;display:block;margin:0 auto .4rem;border-radius:.3rem;image-rendering:auto}
.duel b{font-weight:600}
.duel span{display:block;overflow-wrap:anywhere}
</style>"""


def show() -> None:
    """Draw the tab."""
    st.markdown("Two models look at the same labelled pictures: how often each is right, and where they part.")
    titles = expression_models.titles()
    pair = _pair(titles)
    labels = _classes(pair)
    found = given_set(own=labels is not None and labels != EXPRESSIONS)
    if labels is not None and found is not None:
        _fight(titles, pair, *found)


def _fight(titles: Mapping[str, str], pair: tuple[str, str], word: str, data: LabelledFaces) -> None:
    head, split, most = _options(data)
    try:
        told = _compared(word, data, pair, head, split, most)
    except MoodgateError as error:
        st.error(sentence(error))
        return
    names = _names(titles, pair)
    _summary(told, names)
    _recalls(told, names)
    _pictures(told, names)


def _classes(pair: tuple[str, str]) -> tuple[str, ...] | None:
    """What both models tell; None, and a sentence, where they can't be compared."""
    if pair[0] == pair[1]:
        st.info("Choose two different models.", icon=":material/compare_arrows:")
        return None
    try:
        first, second = (expression_models.open_by_key(key).labels for key in pair)
    except MoodgateError as error:
        st.error(sentence(error))
        return None
    if set(first) != set(second):
        told = f"The first model tells {', '.join(first)}, the second {', '.join(second)}"
        st.error(escape(f"{told}: choose two of the same classes."))
        return None
    return first


def _pair(titles: Mapping[str, str]) -> tuple[str, str]:
    left, right = st.columns(2)
    keys, files = list(titles), expression.files(resources.services().folder)
    fit = [keys.index(key) for key, path in files.items() if not expression.trouble(path)]
    first = left.selectbox("First model", keys, 0, titles.__getitem__, key="duel_first")
    second = right.selectbox("Second model", keys, [*fit, len(keys) - 1][0], titles.__getitem__, key="duel_second")
    return first, second


def _names(titles: Mapping[str, str], pair: tuple[str, str]) -> tuple[str, str]:
    return f"1: {titles[pair[0]]}", f"2: {titles[pair[1]]}"


def _options(data: LabelledFaces) -> tuple[str, str | None, int]:
    """Head, split (None: all) and how many pictures at most."""
    there = [name for name, number in SPLITS.items() if (data.split == number).any()]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        head = st.segmented_control("Head", HEADS, default=VOTES, key="duel_head", required=True)
        split = there[-1]
        if len(there) > 1:
            split = st.segmented_control("Split", there, default=there[-1], key="duel_split", required=True)
        most = st.segmented_control("Pictures at most", _MOST, default=500, key="duel_most", required=True)
    if data.votes is not None:
        against = "the majority of the set’s voters" if head == VOTES else "the set’s own labels"
        st.caption(f"Held against {against}. Pictures that are flagged as leaked or ambiguous are left out.")
    return head, split, most


def _compared(word: str, data: LabelledFaces, pair: tuple[str, str], head: str, split: str | None, most: int) -> Duel:
    models = [expression_models.open_by_key(key) for key in pair]
    rows = subject(data, split=split, voted=head == VOTES and data.votes is not None, most=most)
    asked = f"{word} {split} {most}"
    first, second = (_told(key, expression_models.stamp_of(key), head, asked, rows.image) for key in pair)
    return duel(rows, (first, second), (models[0].labels, models[1].labels))


@st.cache_data(max_entries=8, ttl=3600, show_spinner="The model looks at the pictures …")
def _told(key: str, stamp: int, head: str, asked: str, _faces: UInt8Array) -> FloatArray:
    """(n, k): what the model says of these pictures, which `asked` and the head name."""
    return expression_models.probabilities(expression_models.open_by_key(key), _faces, head)


# ---- what came of it ------------------------------------------------------------------------------------------------


def _summary(told: Duel, names: tuple[str, str]) -> None:
    with st.container(horizontal=True, gap="medium", border=True):
        st.metric("Pictures", f"{len(told):,}", width="content")
        st.metric("They agree on", points(told.agreement), width="content")
        for which, name in enumerate(names):
            share, low, high = told.accuracy(1 if which else 0)
            spread = f"95 %: {points(low)} to {points(high)}"
            st.metric(f"{escape(name)} is right", points(share), spread, delta_color="off", delta_arrow="off", width="content")
        for label, part in (("Only 1 is right", PARTS[1]), ("Only 2 is right", PARTS[2]), ("Both are wrong", PARTS[3])):
            st.metric(label, f"{told.rows(part).size:,}", width="content")
    st.caption(escape(verdict(told, names)))


def verdict(told: Duel, names: tuple[str, str]) -> str:
    """Which of them is right more often, and whether that could be chance."""
    first, second = told.accuracy(0)[0], told.accuracy(1)[0]
    if first == second:
        return "Both are right equally often."
    better = names[0] if first > second else names[1]
    by = f"{100 * abs(first - second):.1f} points"
    if told.chance >= 0.05:
        return (
            f"{better} is right more often by {by}, which could well be chance (p = {told.chance:.2f}, McNemar’s exact test)."
        )
    p = "p < 0.001" if told.chance < 0.001 else f"p = {told.chance:.3f}"
    return f"{better} is right more often by {by}, and hardly by chance ({p}, McNemar’s exact test)."


def _recalls(told: Duel, names: tuple[str, str]) -> None:
    frame = told.recalls(names)
    words = "Of each class of the set, the share that each model finds."
    figure("Found of each class", judged.recall_of_models(frame, names), words, frame, "duel-recall", table=True)


def _pictures(told: Duel, names: tuple[str, str]) -> None:
    st.subheader("The pictures", anchor=False)
    part = st.segmented_control("Those on which", PARTS, default=PARTS[0], key="duel_part", required=True)
    rows = told.rows(part)
    if not rows.size:
        st.success("There is none.", icon=":material/check:")
        return
    pages = -(-rows.size // _A_PAGE)
    page = 1
    if pages > 1:
        page = st.number_input(f"Page, of {pages}", 1, pages, 1, key=f"duel_page_{part}", width=160)
    shown = rows[(page - 1) * _A_PAGE : page * _A_PAGE]
    st.caption(f"{counted(rows.size, 'picture')}, those first on which both are surest. 1 and 2 are the models.")
    st.html(_STYLE + f'<ul class="duel">{"".join(_one(told, int(row)) for row in shown)}</ul>')


def _one(told: Duel, row: int) -> str:
    truth = told.labels[int(told.truth[row])]
    lines = "".join(_answer(told, which, row) for which in (0, 1))
    picture = as_png(told.image[row])
    alt = f"face labelled {html_escape(truth)}"
    return f'<li><img alt="{alt}" src="{picture}"><span>set: <b>{html_escape(truth)}</b></span>{lines}</li>'


def _answer(told: Duel, which: int, row: int) -> str:
    probabilities = (told.first, told.second)[which][row]
    place = int(probabilities.argmax())
    sign, word = ("✓", "right") if told.right[which][row] else ("✗", "wrong")
    share = f"{100 * float(probabilities[place]):.0f} %"
    return f'<span>{which + 1}: <b>{html_escape(told.labels[place])}</b> {share} <i title="{word}">{sign}</i></span>'


def as_png(image: UInt8Array, side_px: int = 144) -> str:
    """A small picture, grey or BGR, as the address of an <img>, enlarged softly."""
    large = cv2.resize(image, (side_px, side_px), interpolation=cv2.INTER_CUBIC)
    packed = cv2.imencode(".png", np.ascontiguousarray(large))[1]
    return f"data:image/png;base64,{base64.b64encode(packed.tobytes()).decode()}"
