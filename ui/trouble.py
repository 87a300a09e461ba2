"""What is said when a page fails: one sentence, never a traceback."""

import logging

import streamlit as st

from fer_core.errors import MoodgateError
from ui.plain import escape

LOG = logging.getLogger(__name__)


def on_script_error(error: Exception) -> bool:
    """Say in one sentence what went wrong, instead of a traceback, which goes to the log. True: it has been shown."""
    if isinstance(error, MoodgateError):
        st.error(escape(str(error)))
    else:
        LOG.error("a page failed", exc_info=error)
        st.error("Something went wrong on our side, and nothing was changed. Load the page again; the log says more.")
    return True
