"""Labelled sets on the page: which there are, what is in them, adding one, deleting one."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import streamlit as st

from fer_core.errors import InputError
from server import sets
from server.services import Services
from server.sets import LabelledSet, Look
from ui.model_training_charts import counts_chart
from ui.notices import leave, sentence
from ui.plain import counted, day_and_time, escape

MOST_MB = 500
"""Megabytes of an upload, which the server holds in memory. More: larger sets, and a server that needs more."""
_UPLOAD, _IN_PLACE = "Upload a file", "Files on this machine"
_ORIGINS = {"upload": "uploaded", "folder": "taken over from this machine", "collection": "labelled faces of a collection"}
_TURN = "_set_turn"
NEWEST = "_newest_set"
"""The key of the set that was added last, for the form to choose it."""


def known(services: Services) -> list[LabelledSet]:
    """Every set, each with a look where it can be looked into."""
    return [one if one.look else _looked(one) for one in sets.all_sets(services.folder)]


def _looked(one: LabelledSet) -> LabelledSet:
    return replace(one, look=_look(str(one.data), _changed(one.data))) if one.origin == "collection" else one


@st.cache_data(max_entries=50, show_spinner="Looking at the pictures …")
def _look(path: str, changed_ns: int) -> Look | None:
    try:
        return sets.look(Path(path))
    except InputError:
        return None


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


# ---- what there is --------------------------------------------------------------------------------------------------


def panel(services: Services, found: list[LabelledSet]) -> None:
    """Draw the sets, and the form that adds one."""
    st.subheader("Labelled sets", anchor=False)
    for one in found:
        _one(services, one)
    if not found:
        st.info("A training needs a labelled set, and there is none yet. Add one here.", icon=":material/photo_library:")
    _adding(services, first=not found)


def _one(services: Services, one: LabelledSet) -> None:
    with st.expander(
        f"**{escape(one.name)}** · {escape(summary(one))}", icon=":material/photo_library:", key=f"set-{key_of(one)}"
    ):
        st.caption(escape(_made(one)))
        if one.look:
            _contents(one.look)
        else:
            st.error("What is there can’t be read as a labelled set; nothing can be trained on it.")
        if one.origin != "collection":
            _deleting(services, one)


def key_of(one: LabelledSet) -> str:
    """Tells a set's widgets apart from those of others."""
    return f"{one.origin}-{one.name}"


def summary(one: LabelledSet) -> str:
    """1,200 pictures · 7 classes"""
    if not one.look:
        return "damaged"
    classes = sum(1 for n in one.look.classes.values() if n)
    return f"{counted(one.look.n, 'picture')} · {counted(classes, 'class', 'classes')}"


def _made(one: LabelledSet) -> str:
    when = f" on {day_and_time(one.made_at, st.context.timezone or 'UTC')}" if one.made_at else ""
    return f"{one.source}, {_ORIGINS[one.origin]}{when}" if one.source else _ORIGINS[one.origin]


def _contents(look: Look) -> None:
    words = ", ".join(f"{name} {n:,}" for name, n in look.classes.items())
    st.altair_chart(counts_chart(look.classes), width="stretch", alt=f"Pictures of each class: {words}")
    if len(look.splits) > 1:
        st.caption("Splits: " + escape(", ".join(f"{name} {n:,}" for name, n in look.splits.items())))
    for line in look.findings:
        st.markdown(f":material/info: {escape(line)}")
    if look.flawed:
        st.caption(f"The labels of {counted(look.flawed, 'flawed picture')} are not learnt.")
    elif not look.findings:
        st.markdown(":material/check: Nothing amiss was found in it.")


def _deleting(services: Services, one: LabelledSet) -> None:
    with st.popover("Delete", icon=":material/delete:", type="tertiary"):
        st.write("Its pictures will be gone. Models that were trained on it stay.")
        st.button("Yes, delete it", key=f"set-delete-{one.name}", on_click=_delete, args=(services, one))


def _delete(services: Services, one: LabelledSet) -> None:
    if services.jobs.needs(one.data):
        leave(f"A training needs {one.name}: stop that first.")
        return
    try:
        sets.remove(services.folder, one.name)
    except InputError as error:
        leave(str(error))
    else:
        leave(f"The set {one.name} is deleted.")


# ---- adding one -----------------------------------------------------------------------------------------------------


def _adding(services: Services, first: bool) -> None:
    turn = st.session_state.get(_TURN, 0)
    with st.expander("Add a set", icon=":material/add:", expanded=first, key=f"set-add-{turn}"):
        st.markdown(
            "A **.zip** with a folder for each class, or with pictures and a `labels.csv` (columns `file` and `label`); "
            "an **.npz** with the arrays `image` and `label`; or the **.csv** of FER2013. The pictures show one face each, "
            "cut out."
        )
        way = st.segmented_control("From where", (_UPLOAD, _IN_PLACE), default=_UPLOAD, key="set-way", required=True)
        if way == _UPLOAD:
            _upload(services, turn)
        else:
            _in_place(services, turn)


def _upload(services: Services, turn: int) -> None:
    kinds = [ending.removeprefix(".") for ending in sets.ENDINGS]
    file = st.file_uploader("The set", kinds, key=f"set-file-{turn}", max_upload_size=MOST_MB)
    if file is None:
        return
    name = _name(Path(file.name).stem, f"{turn}-{file.file_id}")
    if st.button("Add this set", key="set-add-upload", type="primary"):
        _make(lambda tell: sets.add(services.folder, sets.folder_name(name), file, file.name, tell))


def _in_place(services: Services, turn: int) -> None:
    typed = st.text_input("File or folder", key=f"set-path-{turn}", placeholder="/media/faces/fer2013.npz").strip()
    if not typed:
        st.caption("Large sets that lie on this machine need no upload. Their own files stay as they are.")
        return
    name = _name(Path(typed).stem, f"{turn}-{typed}")
    if st.button("Add this set", key="set-add-path", type="primary"):
        _make(lambda tell: sets.take(services.folder, sets.folder_name(name), Path(typed), tell))


def _name(stem: str, key: str) -> str:
    proposed = " ".join("".join(c if c.isalnum() or c in "-_" else " " for c in stem).split()).lstrip("- ")
    return st.text_input("Name of the set", proposed[:60].strip(), key=f"set-name-{key}", max_chars=60)


def _make(make: Callable[[sets.Tell], LabelledSet]) -> None:
    """Do it with a bar that shows how far it is; then draw the page anew, or say what is wrong."""
    bar = st.progress(0.0, "Taking it in")

    def tell(what: str, share: float | None) -> None:
        bar.progress(share or 0.0, what[:1].upper() + what[1:])

    try:
        made = make(tell)
    except InputError as error:
        bar.empty()
        st.error(sentence(error), icon=":material/error:")
        return
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
    st.session_state[NEWEST] = key_of(made)
    leave(f"The set {made.name} is there: {summary(made)}.")
    st.rerun()
