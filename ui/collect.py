"""The page Collect: make a collection, label its faces, hold labellers against each other, take the set away."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import streamlit as st

from fer_core import collect
from fer_core.collect import Collection
from fer_core.errors import DataError, InputError
from server import collecting
from ui import collect_agreement, collect_label, collect_make, collect_out, resources
from ui.audit import Noted, note_once
from ui.collect_common import change
from ui.notices import leave, sentence, tell
from ui.plain import counted, escape
from ui.settings_common import typed_confirmation

CHOSEN, _SEEN = "collection", "_collections_seen"
_TABS: Mapping[str, Callable[[Collection], None]] = MappingProxyType(
    {"Label": collect_label.show, "Agreement": collect_agreement.show, "Export": collect_out.show}
)
_NEW = "New collection"
_WIDTH = 1000
"""Pixels; a face and its bars belong close together."""
_WHAT = (
    "Faces cut from your own films, with the expression model’s guess. People confirm or correct it, and the result is a set "
    "to train and to judge a model on. What they name is the *apparent* expression: what a face looks like to them."
)


def show() -> None:
    """Draw the page."""
    _expire()
    tell()
    st.title("Collect", anchor=False)
    with st.container(width=_WIDTH):
        st.markdown(_WHAT)
        known = collect.folders(_parent())
        if known:
            _tabs(known)
        else:
            collect_make.show()


def _parent() -> Path:
    return resources.services().folder / collecting.COLLECTIONS


def _expire() -> None:
    """What may not be kept any longer goes before anything of it is shown."""
    try:
        gone = collecting.forget(resources.services().folder, resources.store())
    except InputError as error:
        st.error(sentence(error), icon=":material/error:")
        return
    if gone:
        leave(f"Deleted, because they may not be kept any longer: {', '.join(gone)}")


def _tabs(known: list[Path]) -> None:
    chosen = _choose(known)
    for tab, name in zip(st.tabs([*_TABS, _NEW], key="collect_tab", bind="query-params"), [*_TABS, _NEW], strict=True):
        if not tab.open:
            continue
        with tab:
            if name == _NEW:
                collect_make.show()
            else:
                _drawn(chosen, _TABS[name])


def _choose(known: list[Path]) -> Path:
    """The collection that the page is about; one that has come since the last look is chosen."""
    names = {path.name: path for path in known}
    seen = st.session_state.get(_SEEN, names.keys())
    fresh = [name for name in names if name not in seen]
    if fresh or st.session_state.get(CHOSEN) not in names:
        st.session_state[CHOSEN] = (fresh or list(names))[0]
    st.session_state[_SEEN] = tuple(names)
    return names[st.selectbox("Collection", list(names), key=CHOSEN, persist_state="session")]


def _drawn(folder: Path, draw: Callable[[Collection], None]) -> None:
    try:
        found = collect.read(folder)
        note_once("collection.label", store=found.store, subject=found.name)
        st.caption(about(found))
        draw(found)
    except DataError as error:
        st.error(sentence(error), icon=":material/error:")
        _delete_damaged(folder)


def _delete_damaged(folder: Path) -> None:
    if typed_confirmation(folder.name, "Delete this collection", f"damaged_{folder.name}"):
        change(lambda: collect.delete(folder), f"{folder.name} is deleted.", Noted("collection.delete", subject=folder.name))


def about(found: Collection) -> str:
    """A collection in a line: 84 faces of 12 people · North · allowed by Ana until 1 March 2027."""
    until = found.consent.until
    end = f"until {until.day} {until:%B %Y}" if until else "without an end"
    people = counted(found.people, "person", "people")
    return escape(f"{counted(found.n, 'face')} of {people} · {found.store} · allowed by {found.consent.by} {end}")
