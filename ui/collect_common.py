"""What the tabs of the page Collect share: a collection's faces, one of them as a picture, and the words for answers."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from fer_core.collect import NOT_A_FACE, SKIP, Collection, Cuts
from fer_core.errors import MoodgateError
from fer_core.types import UInt8Array
from ui.audit import Noted
from ui.notices import leave, sentence

LABELLER = "_labeller"
"""Who labels in this browser session."""
_WORDS = {SKIP: "skipped", NOT_A_FACE: "not a face"}


def cuts_of(found: Collection) -> Cuts:
    """Its faces; read once, and forgotten when anything is deleted. DataError where they can't be read."""
    return _cuts(found, str(found.folder), found.created_at.isoformat())


@st.cache_resource(ttl=600, max_entries=4, show_spinner="Reading the faces …")
def _cuts(_found: Collection, folder: str, made: str) -> Cuts:
    return _found.cuts()


def change(action: Callable[[], object], done: str, noted: Noted | None = None) -> None:
    """Do it, forget all faces that were read, and draw the page anew; where it is refused, say why, here.

    noted: the row that it leaves in the audit log.
    """
    try:
        action()
        if noted:
            noted.keep()
    except MoodgateError as error:
        st.error(sentence(error), icon=":material/error:")
        return
    finally:
        _cuts.clear()
    leave(done)
    st.rerun()


def picture(face: UInt8Array, side_px: int) -> UInt8Array:
    """The face, smoothly enlarged: 48 pixels as they are would be seen as a chequerboard."""
    import cv2

    return np.asarray(cv2.resize(face, (side_px, side_px), interpolation=cv2.INTER_CUBIC), np.uint8)


def spoken(says: str) -> str:
    """An answer in words."""
    return _WORDS.get(says, says)
