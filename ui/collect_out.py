"""The labelled set, to take away or to train on; and the end of the collection."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from fer_core import collect
from fer_core.collect import Collection
from fer_core.errors import MoodgateError
from ui.audit import Noted, later
from ui.collect_common import change
from ui.notices import sentence
from ui.plain import counted, escape
from ui.settings_common import typed_confirmation


def show(found: Collection) -> None:
    """Draw the tab."""
    _set(found)
    _delete(found)


def _set(found: Collection) -> None:
    result = collect.outcome(found.log.read(), found.classes, found.n)
    said = result.label >= 0
    if not said.any():
        st.info("Nobody has labelled a face yet, so there is nothing to export.", icon=":material/label_off:")
        return
    sure = result.label[said & ~result.is_open]
    counts = np.bincount(sure, minlength=len(found.classes))
    frame = pd.DataFrame({"Class": list(found.classes), "Faces": counts})
    st.dataframe(frame, hide_index=True, key="export_table", alt="Faces of each class in the labelled set", width=320)
    n_open = int((said & result.is_open).sum())
    if n_open:
        text = f"{counted(n_open, 'face')} without a majority: a third look in the tab “Agreement” would settle them."
        st.caption(f"{text} They are in the .npz, marked as flawed, and not among the pictures.")
    lone = [name for name, n in zip(found.classes, counts, strict=True) if not n]
    if lone:
        st.caption(f"No face yet: {escape(', '.join(lone))}.")
    with st.container(horizontal=True):
        _download(found)
        help_ = "Writes the set into the collection’s own folder, where the training finds it. It goes with the collection."
        if st.button("Offer it for training", key="offer", icon=":material/model_training:", help=help_):
            noted = Noted("collection.offer", found.store, found.name)
            change(lambda: collect.offer(found), f"{found.name} can be trained on now.", noted)
    st.caption(
        "The archive holds the pictures (48 × 48, grey) with a labels.csv, and faces.npz with everybody’s votes; who labelled "
        "isn’t in it. What was downloaded is not deleted when the consent ends: see to that yourself."
    )


def _download(found: Collection) -> None:
    st.download_button(
        "Download the labelled set",
        _packed(found, later("export.collection", store=found.store, subject=found.name)),
        file_name=f"{found.name}.zip",
        mime="application/zip",
        key="export_set",
        icon=":material/download:",
        type="primary",
        on_click="ignore",
    )


def _packed(found: Collection, noted: Callable[[], None]) -> Callable[[], bytes]:
    def made() -> bytes:
        noted()
        with tempfile.TemporaryDirectory(prefix="moodgate-set-") as folder:
            path = Path(folder) / "set.zip"
            collect.export_zip(found, path)
            return path.read_bytes()

    return made


def _delete(found: Collection) -> None:
    with st.expander("Delete everything", icon=":material/delete:"):
        st.warning("The faces, what everybody said of them, and the set go for ever.", icon=":material/warning:")
        try:
            if typed_confirmation(found.name, "Delete the collection", f"collection_delete_{found.name}"):
                noted = Noted("collection.delete", found.store, found.name)
                change(lambda: collect.delete(found.folder), f"{found.name} is deleted.", noted)
        except MoodgateError as error:
            st.error(sentence(error), icon=":material/error:")
