"""The labelled pictures that two models are compared on: uploaded for the moment, kept by the app, or a path of the server."""

import tempfile
from pathlib import Path
from typing import Any

import streamlit as st

from fer_core.dataset import LabelledFaces
from fer_core.errors import DataError, InputError, MoodgateError
from server import expression, sets, unpack
from ui import resources
from ui.notices import sentence

UPLOAD, KEPT, PATH = "Upload", "Kept here", "Path on the server"
TYPES = ["npz", "csv", "zip"]
MOST_MB = 200
_PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".csv", ".npz")
_KEEP_S = 1800


def given_set(own: bool) -> tuple[str, LabelledFaces] | None:
    """The chosen set with a word that tells it from others; None, and a sentence where something is wrong, without one.

    own: its classes are its own, and not among the seven expressions.
    """
    kept = {one.name: one.data for one in sets.all_sets(resources.services().folder)}
    sources = [UPLOAD, *([KEPT] if kept else []), PATH]
    source = st.segmented_control("Labelled pictures", sources, default=UPLOAD, key="duel_source", required=True)
    try:
        if source == UPLOAD:
            return _uploaded(own)
        return _kept(kept, own) if source == KEPT else _on_server(own)
    except MoodgateError as error:
        st.error(sentence(error))
        return None


def _uploaded(own: bool) -> tuple[str, LabelledFaces] | None:
    given = st.file_uploader("A labelled set", type=TYPES, key="duel_file", max_upload_size=MOST_MB)
    if given is None:
        st.caption(
            "An .npz with image and label, FER2013’s .csv, or a .zip of a folder a class. It is looked at and forgotten; to "
            "keep one, add it on the tab “Training”."
        )
        return None
    return f"{given.file_id} {own}", _from_upload(given.file_id, given.name, own, given)


def _kept(kept: dict[str, Path], own: bool) -> tuple[str, LabelledFaces]:
    name = st.selectbox("Set", list(kept), key="duel_set")
    return _from_path(kept[name], own)


def _on_server(own: bool) -> tuple[str, LabelledFaces] | None:
    typed = st.text_input(
        "Path", key="duel_path", placeholder="/data/faces or /data/fer2013.npz",
        help="A folder with a folder a class, a collection, an .npz or a FER2013 .csv on the machine that the app runs on.",
    ).strip()  # fmt: skip
    if not typed:
        return None
    if "\0" in typed or len(typed) > 4000:
        raise InputError("that can’t be a path")
    return _from_path(Path(typed).expanduser(), own)


def _from_path(path: Path, own: bool) -> tuple[str, LabelledFaces]:
    stamp = expression.stamp_of(path)
    return f"{path} {stamp} {own}", _load(str(path), stamp, own)


@st.cache_resource(ttl=_KEEP_S, max_entries=2, show_spinner="Reading the pictures …")
def _load(path: str, stamp: int, own: bool) -> LabelledFaces:
    from fer_core import dataset

    return dataset.load(Path(path), own)


@st.cache_resource(ttl=_KEEP_S, max_entries=2, show_spinner="Reading the pictures …")
def _from_upload(file_id: str, name: str, own: bool, _given: Any) -> LabelledFaces:
    """The set in an upload, which lies on the disk for as long as it is read. DataError names it as its owner does."""
    from fer_core import dataset

    with tempfile.TemporaryDirectory(prefix="moodgate-set-") as folder:
        path = Path(folder) / f"set{Path(name).suffix.lower()}"
        try:
            if path.suffix == ".zip":
                path.mkdir()
                unpack.unpack(_given, path, _PICTURES, name)
                path = sets.heart_of(path, name)
            else:
                path.write_bytes(_given.getbuffer())
            return dataset.load(path, own)
        except InputError as error:
            raise DataError(str(error).replace(f"{path}/", "").replace(str(path), name).replace(folder, name)) from error
