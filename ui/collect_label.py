"""Labelling: one face at a time, the model's guess beside it, a key for every answer.

A key acts on the face that was shown when it was pressed: the buttons carry that face in their keys, so that a press which
comes in while the next face is on its way answers nothing unseen.
"""

from html import escape as html
from typing import Any

import streamlit as st

from fer_core.collect import NOT_A_FACE, SKIP, Collection, Cuts, Labels, same_person
from fer_core.errors import InputError
from ui.collect_common import LABELLER, cuts_of, picture
from ui.notices import sentence
from ui.plain import counted, escape
from ui.theme import BLUE, EXPRESSION_COLOURS

_SIDE_PX = 288
_AGAIN = "_labelled_again"
"""The faces to which this session comes back before it goes on, by collection."""
_REFUSED = "_label_refused"
_STYLE = """<style>
.guess{display:grid;gap:.3rem;font-size:.95rem}
.guess div{display:grid;grid-template-columns:minmax(4.5rem,max-content) 1fr 3rem;align-items:center;gap:.6rem}
.guess .top{font-weight:700}
.guess span:last-child{text-align:right;font-variant-numeric:tabular-nums}
.guess i{display:block;height:.75rem;border-radius:.2rem}
.guess .bar{border-radius:.2rem;background:color-mix(in srgb,currentColor 13%,transparent)}
</style>"""


def show(found: Collection) -> None:
    """Draw the tab."""
    cuts = cuts_of(found)
    if not st.session_state.get(LABELLER):
        _who(found)
        return
    st.fragment(_draw)(found, cuts)


def _who(found: Collection) -> None:
    st.markdown("Several people can label the same faces, each by themselves: nobody sees what others have said.")
    with st.form("labeller_form", border=False):
        typed = st.text_input("Your name, or a short sign for it", key="labeller_typed", max_chars=60, width=360)
        sent = st.form_submit_button("Start labelling", type="primary")
    known = found.log.read().names
    if known:
        st.caption(f"So far: {escape(', '.join(known))}. Type the same name to go on where you stopped.")
    if not sent:
        return
    try:
        st.session_state[LABELLER] = same_person(typed, known)
    except InputError as error:
        st.error(sentence(error), icon=":material/error:")
        return
    st.session_state[_AGAIN] = {}
    st.rerun()


def _again(found: Collection) -> list[int]:
    known: dict[str, list[int]] = st.session_state.setdefault(_AGAIN, {})
    return known.setdefault(f"{found.folder} {found.created_at}", [])


def _come_back(found: Collection, faces: list[int]) -> None:
    _again(found)[:] = faces


def _draw(found: Collection, cuts: Cuts) -> None:
    name: str = st.session_state[LABELLER]
    if not name:
        st.rerun()
    labels = found.log.read()
    _head(found, labels, name)
    if refused := st.session_state.pop(_REFUSED, ""):
        st.error(sentence(InputError(refused)), icon=":material/error:")
    face = _next(found, labels, name)
    if face is None:
        _all_done(found, labels, name)
        return
    left, right = st.columns([2, 3], gap="medium")
    with right:
        guess = _guess(found, cuts, face)
        _answers(found, face, guess, labels.last(name) is not None)
    with left:  # last, so that whoever sees the face finds its keys there
        st.image(picture(cuts.image[face], _SIDE_PX), width=_SIDE_PX, alt=f"Face {face + 1}, to be labelled")


def _head(found: Collection, labels: Labels, name: str) -> None:
    done = len(labels.of(name))
    with st.container(horizontal=True, vertical_alignment="center"):
        text = f"**{escape(name)}** labels · {done:,} of {counted(found.n, 'face')}"
        st.progress(min(done / found.n, 1.0), text=text, width="stretch")
        st.button("Somebody else", key="labeller_change", type="tertiary", on_click=_leave)
    if labels.damaged:
        lines = counted(labels.damaged, "line")
        st.warning(f"{lines} of the label log can’t be read, and were passed over.", icon=":material/warning:")


def _leave() -> None:
    st.session_state[LABELLER] = ""


def _next(found: Collection, labels: Labels, name: str) -> int | None:
    """The face to be shown: one to which this person came back, else the first without an answer."""
    again = _again(found)
    if again:
        return again[0]
    answered = labels.of(name)
    return next((int(face) for face in found.order() if int(face) not in answered), None)


# ---- the guess ------------------------------------------------------------------------------------------------------


def _guess(found: Collection, cuts: Cuts, face: int) -> str | None:
    """Draw the model's guess, if it is wanted; the class to be accepted, None where there is none."""
    wanted = st.toggle("Show the model’s guess", True, key="guess_shown", help="Without it nothing sways your answer.")
    if not wanted:
        return None
    shares = dict(zip(cuts.guess_labels, map(float, cuts.guess[face]), strict=True))
    best = max(shares, key=lambda name: shares[name])
    st.html(_STYLE + bars(shares))
    if best in found.classes:
        return best
    st.caption("The model knows other classes than yours; this is how it reads the face in its own.")
    return None


def bars(shares: dict[str, float]) -> str:
    """The shares as bars, HTML; the largest in bold."""
    best = max(shares, key=lambda name: shares[name])
    return f'<div class="guess">{"".join(_bar(name, share, name == best) for name, share in shares.items())}</div>'


def _bar(name: str, share: float, top: bool) -> str:
    colour = EXPRESSION_COLOURS.get(name, BLUE)
    bar = f'<span class="bar"><i style="width:{100 * share:.0f}%;background:{colour}"></i></span>'
    return f"<div{' class=top' * top}><span>{html(name)}</span>{bar}<span>{100 * share:.0f} %</span></div>"


# ---- answers --------------------------------------------------------------------------------------------------------


def _answers(found: Collection, face: int, guess: str | None, can_undo: bool) -> None:
    turn = f"{found.name}_{face}_{len(_again(found))}"

    def button(label: str, shortcut: str, says: str, **kinds: Any) -> None:
        key = f"say_{says}_{shortcut}_{turn}"
        st.button(label, key=key, shortcut=shortcut, on_click=_say, args=(found, face, says), **kinds)

    with st.container(horizontal=True, gap="small"):
        for place, name in enumerate(found.classes, 1):
            button(escape(name), str(place), name)
    with st.container(horizontal=True, gap="small"):
        if guess:
            button(f"Yes, {escape(guess)}", "Enter", guess, type="primary")
        button("Skip", "S", SKIP, help="You can’t tell.")
        button("Not a face", "N", NOT_A_FACE)
        if can_undo:
            st.button("Undo", key=f"undo_{turn}", shortcut="U", on_click=_undo, args=(found,))


def _say(found: Collection, face: int, says: str) -> None:
    name, again = st.session_state[LABELLER], _again(found)
    try:
        if face in found.log.read().of(name) and face not in again:
            return  # a second press came before the next face was there
        found.log.say(face, name, says)
    except InputError as error:
        st.session_state[_REFUSED] = str(error)
        return
    _come_back(found, [other for other in again if other != face])


def _undo(found: Collection) -> None:
    try:
        face = found.log.undo(st.session_state[LABELLER])
    except InputError as error:
        st.session_state[_REFUSED] = str(error)
        return
    if face is not None:
        _come_back(found, [face, *(other for other in _again(found) if other != face)])


def _all_done(found: Collection, labels: Labels, name: str) -> None:
    skipped = [face for face, says in labels.of(name).items() if says == SKIP]
    st.success(f"Every face has an answer from {escape(name)}. Thank you.", icon=":material/check:")
    with st.container(horizontal=True):
        if skipped:
            label = f"Look at {counted(len(skipped), 'skipped face')} again"
            st.button(label, key="again", on_click=_come_back, args=(found, skipped))
        st.button("Undo the last", key="undo_last", shortcut="U", on_click=_undo, args=(found,))
