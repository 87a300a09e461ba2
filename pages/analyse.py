"""Analyse footage: a store's films → a background job → visits."""

import streamlit as st

from ui import resources
from ui.footage import footage_form
from ui.jobs import job_list

services = resources.services()
st.title("Analyse footage", anchor=False)
st.markdown(
    "Films of the people who come in and of those who leave, of one day and one store. Moodgate finds who left among those "
    "who came, and how the apparent expression changed."
)
footage_form(services)
st.header("Analyses", anchor=False)
job_list(services)
