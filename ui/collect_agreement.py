"""How far labellers agree, and a third look at the faces on which they don't."""

from typing import Any

import pandas as pd
import streamlit as st

from fer_core.collect import NOT_A_FACE, SKIP, Collection, Cuts, Disagreement, Labels, agreements, disagreements
from fer_core.errors import InputError
from ui.collect_common import LABELLER, cuts_of, picture, spoken
from ui.notices import sentence
from ui.plain import DASH, counted, escape, number

_SIDE_PX = 132
_A_PAGE = 12
_THIRD = "third_look"
_REFUSED = "_settle_refused"
_KAPPA = (
    "Kappa (Cohen) is the agreement beyond what chance would give: 1 is full agreement, 0 is chance. Above 0.6 is commonly "
    "called substantial. Skipped faces don’t count."
)


def show(found: Collection) -> None:
    """Draw the tab."""
    labels = found.log.read()
    if not labels.labellers:
        st.info("Nobody has labelled a face yet.", icon=":material/label_off:")
        return
    _progress(found, labels)
    if len(labels.labellers) < 2:
        st.info("Agreement needs a second person who labels the same faces.", icon=":material/group_add:")
        return
    _pairs(found, labels)
    st.fragment(_third_look)(found, cuts_of(found))


def _progress(found: Collection, labels: Labels) -> None:
    said = {name: list(labels.of(name).values()) for name in labels.labellers}
    frame = pd.DataFrame(
        {
            "Labeller": list(said),
            "Answered": [f"{len(answers):,} of {found.n:,}" for answers in said.values()],
            "Skipped": [answers.count(SKIP) for answers in said.values()],
            "Not a face": [answers.count(NOT_A_FACE) for answers in said.values()],
        }
    )
    st.dataframe(frame, hide_index=True, key="labellers_table", alt="How far each labeller is")


def _pairs(found: Collection, labels: Labels) -> None:
    st.subheader("Agreement", anchor=False)
    pairs = agreements(labels, found.classes)
    frame = pd.DataFrame(
        {
            "Labellers": [f"{pair.first} and {pair.second}" for pair in pairs],
            "Both answered": [pair.n for pair in pairs],
            "Agree": [DASH if pair.agree is None else f"{100 * pair.agree:.0f} %" for pair in pairs],
            "Kappa": [number(pair.kappa, ".2f") for pair in pairs],
        }
    )
    st.dataframe(frame, hide_index=True, key="agreement_table", alt="Agreement of every two labellers")
    st.caption(_KAPPA)


# ---- the third look -------------------------------------------------------------------------------------------------


def _third_look(found: Collection, cuts: Cuts) -> None:
    st.subheader("A third look", anchor=False)
    differing = disagreements(found.log.read())
    if not differing:
        st.success("There is no face on which labellers differ.", icon=":material/check:")
        return
    left = sum(one.settled is None for one in differing)
    st.markdown(
        f"Labellers differ on {counted(len(differing), 'face')}; {left:,} of them without a third look. What is chosen here "
        "counts before all other answers."
    )
    st.text_input("Who takes the third look?", st.session_state.get(LABELLER, ""), key=_THIRD, max_chars=60, width=320)
    if refused := st.session_state.pop(_REFUSED, ""):
        st.error(sentence(InputError(refused)), icon=":material/error:")
    pages = -(-len(differing) // _A_PAGE)
    page = st.pagination(pages, key="third_page") if pages > 1 else 1
    with st.container(horizontal=True, gap="small"):
        for one in differing[(page - 1) * _A_PAGE : page * _A_PAGE]:
            _card(found, cuts, one)


def _card(found: Collection, cuts: Cuts, one: Disagreement) -> None:
    with st.container(border=True, width=168, gap="small"):
        st.image(picture(cuts.image[one.face], _SIDE_PX), width=_SIDE_PX, alt=f"Face {one.face + 1}")
        said = "  \n".join(f"{escape(name)}: **{escape(spoken(says))}**" for name, says in one.answers.items())
        st.markdown(said)
        options = [*found.classes, NOT_A_FACE, SKIP]
        key = f"settle_{one.face}_{one.settled}"
        st.selectbox(
            "Third look", options, options.index(one.settled) if one.settled else None, key=key, placeholder="Decide …",
            format_func=_option, on_change=_settle, args=(found, one.face, key), label_visibility="collapsed",
        )  # fmt: skip


def _option(says: Any) -> str:
    return "leave it out" if says == SKIP else spoken(str(says))


def _settle(found: Collection, face: int, key: str) -> None:
    says = st.session_state[key]
    try:
        if says is None:
            return
        found.log.say(face, st.session_state.get(_THIRD, ""), says, settles=True)
    except InputError as error:
        st.session_state[_REFUSED] = str(error)
        st.session_state[key] = None
