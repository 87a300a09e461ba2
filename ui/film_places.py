"""Where films come from besides the drop areas: a folder on the server, and uploads that lie there and wait."""

import time
from collections.abc import Set
from pathlib import Path

import streamlit as st

from fer_core.errors import InputError
from fer_core.types import Role
from server.uploads import Upload, Uploads
from ui import account
from ui.film_rows import Form, size
from ui.films import Chosen
from ui.plain import counted, escape

_MOST_SHOWN = 50
_COMING_S = 30.0
"""An unfinished upload to which nothing came for so long was broken off. More: it is offered for deletion later."""
_BUTTONS: tuple[tuple[Role, str], ...] = (("entry", "Entrance"), ("exit", "Exit"))


def folder_panel(form: Form) -> None:
    """A folder's path, the films in it, and which of them are of the entrance and of the exit; for who may look there."""
    if not account.may("server files"):
        return
    with st.expander("Films in a folder on the server", icon=":material/folder:"):
        typed = st.text_input("Folder", key="folder", placeholder="/media/cameras/2026-03-02").strip()
        if not typed:
            st.caption("Large films that lie on this machine already need no upload. They are never deleted.")
            return
        found = _films_in(Path(typed).expanduser())
        if isinstance(found, str):
            st.error(escape(found), icon=":material/error:")
            return
        st.caption(f"{counted(len(found), 'film')} found.")
        names = {str(path): path.name for path in found}
        for role, word in _BUTTONS:
            st.multiselect(f"{word} films", list(names), format_func=names.__getitem__, key=f"folder-{role}")
        st.button("Add these films", key="folder-add", on_click=_add_from_folder, args=(form,))


def _films_in(path: Path) -> list[Path] | str:
    """The films there, or the sentence that says why there are none."""
    from fer_core.video import films_in

    try:
        return [found.absolute() for found in films_in(path)]
    except InputError as error:
        return f"{error}."


def _add_from_folder(form: Form) -> None:
    for role, _ in _BUTTONS:
        for path in st.session_state.get(f"folder-{role}", []):
            form.add(Chosen(Path(path), role, Path(path).name))
        st.session_state[f"folder-{role}"] = []


# ---- uploads --------------------------------------------------------------------------------------------------------


def take_upload(form: Form, uploads: Uploads, role: Role, key: str) -> None:
    """Put a finished upload on the form; where it can't be had any more the form says so."""
    try:
        upload = uploads.get(key)
        form.add(Chosen(uploads.path_of(key), role, upload.name, upload=key))
    except InputError as error:
        form.said = str(error)


def uploads_panel(form: Form, uploads: Uploads, busy: Set[str]) -> None:
    """Films that lie on the server and are in no job (`busy`: ids of those that are), not on the form and not on their way."""
    passed = busy | {film.upload for film in form.films}
    waiting = [upload for upload in uploads.all() if upload.id not in passed and not _is_coming(uploads, upload)]
    if not waiting:
        return
    label = f"Uploaded films not yet analysed: {len(waiting)}"
    with st.expander(label, icon=":material/cloud_done:", expanded=not form.films, key="uploads-panel"):
        for upload in waiting[:_MOST_SHOWN]:
            _waiting(form, uploads, upload)
        if len(waiting) > _MOST_SHOWN:
            st.caption(f"And {len(waiting) - _MOST_SHOWN} more.")


def _is_coming(uploads: Uploads, upload: Upload) -> bool:
    """Whether some browser seems to be sending it right now."""
    if upload.finished:
        return False
    try:
        touched = (uploads.folder / f"{upload.id}.part").stat().st_mtime
    except FileNotFoundError:
        return True  # it came in whole a moment ago
    return time.time() - touched < _COMING_S


def _waiting(form: Form, uploads: Uploads, upload: Upload) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        come = size(upload.size) if upload.finished else f"{size(upload.offset)} of {size(upload.size)} have come"
        told = come if upload.finished else f"{come}. Drop the same film again to go on."
        st.markdown(f"**{escape(upload.name)}**  \n:small[:gray[{escape(told)}]]", width="stretch")
        if upload.finished:
            for role, word in _BUTTONS:
                key = f"take-{role}-{upload.id}"
                st.button(word, key=key, on_click=take_upload, args=(form, uploads, role, upload.id))
        st.button("Delete", key=f"delete-{upload.id}", type="tertiary", on_click=_delete, args=(form, uploads, upload.id))


def _delete(form: Form, uploads: Uploads, key: str) -> None:
    try:
        uploads.remove(key)
    except InputError as error:
        form.said = str(error)
