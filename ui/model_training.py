"""Training from the app: labelled sets, the form that begins a training, and the runs with their curves."""

import streamlit as st

from ui import model_training_form, model_training_runs, model_training_sets, resources
from ui.notices import tell

_WIDTH = 900
"""Pixels; forms and curves of a whole wide screen are hard to read."""


def show() -> None:
    """Draw the tab."""
    tell()
    services = resources.services()
    with st.container(width=_WIDTH):
        st.caption(
            "A model is trained on pictures of faces that people have labelled. That works in the background, at low "
            "priority; films that are to be analysed go first."
        )
        model_training_runs.at_work(services)
        sets = model_training_sets.known(services)
        model_training_form.form(services, sets)
        model_training_sets.panel(services, sets)
        model_training_runs.ended(services)
