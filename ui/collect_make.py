"""A new collection: whose leave there is to keep faces, which films, which classes; and the button that queues the job."""

import re
from collections.abc import Sequence
from itertools import chain, count
from typing import Any

import pandas as pd
import streamlit as st

from fer_core import collect
from fer_core.errors import InputError
from fer_core.types import EXPRESSIONS, ROLES, Role
from server import collecting
from server.job import Json
from server.reviewing import uploaded_films
from server.services import Services
from ui import account, collect_consent, resources
from ui.audit import actor
from ui.camera_words import label
from ui.film_places import folder_panel, take_upload, uploads_panel
from ui.film_rows import Form, told
from ui.films import Chosen, look
from ui.notices import leave, sentence
from ui.places import SETTINGS
from ui.plain import counted, escape
from ui.recomputing import progress
from ui.upload import drop_area

_FORM = "collect_form"
_OTHER = "another camera, without zones"
_SEVEN, _OWN = "The seven expressions", "My own classes"
_WORDS: dict[Role, str] = {"entry": "entrance", "exit": "exit"}


def show() -> None:
    """Draw the tab."""
    services = resources.services()
    names = [str(name) for name in resources.stores()["store"]]
    if not names:
        st.info("A collection belongs to a store, and there is none yet.", icon=":material/storefront:")
        account.link(SETTINGS, "Make a store on the page Settings")
        return
    store = st.selectbox("Store", names, key="collect_store", persist_state="session")
    if collect_consent.draw(services, store):
        _films(services, store)
    progress(collecting.KIND, store, brought)


def brought(result: Json) -> str:
    """What a finished job brought, in a sentence."""
    faces, people = counted(int(result.get("faces", 0)), "face"), counted(int(result.get("people", 0)), "person", "people")
    return f"{result.get('collection', '')}: {faces} of {people}, ready in the tab “Label”."


# ---- films ----------------------------------------------------------------------------------------------------------


def _films(services: Services, store: str) -> None:
    form: Form = st.session_state.setdefault(_FORM, Form())
    st.subheader("Films", anchor=False)
    drop_area("collect", "Films of one or more cameras", lambda film: take_upload(form, services.uploads, "entry", film.id))
    cameras = _cameras(resources.ask("cameras", store))
    chosen = [(film, _row(form, film, list(cameras), store)) for film in form.films]
    folder_panel(form)
    uploads_panel(form, services.uploads, _in_jobs(services))
    if form.said:
        st.error(sentence(InputError(form.said)), icon=":material/error:")
        form.said = ""
    _rest(services, form, store, [payload_of(film, cameras[camera]) for film, camera in chosen])


def _cameras(known: pd.DataFrame) -> dict[str, tuple[Role, str, bool]]:
    """What a camera is called, and its role, door, and whether its zones count."""
    found: dict[str, tuple[Role, str, bool]] = {
        label(row): (row["role"], str(row["door"]), True) for row in known.to_dict("records") if row["role"] in ROLES
    }
    return found | {_OTHER: ("entry", "", False)}


def _row(form: Form, film: Chosen, cameras: Sequence[str], store: str) -> str:
    """A film's box; the camera that filmed it."""
    film.look = look(film.path, film.name)
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{escape(film.name)}**  \n:small[:gray[{escape(told(film.look))}]]", width="stretch")
            camera = _camera(film, cameras, store)
            st.button("Remove", key=f"remove-{film.key}", type="tertiary", on_click=form.remove, args=(film,))
        if film.look.error:
            st.error(escape(film.look.error), icon=":material/error:")
    return camera


def _camera(film: Chosen, cameras: Sequence[str], store: str) -> str:
    fitting = next((place for place, name in enumerate(cameras) if f"({_WORDS[film.role]}" in name), 0)
    help_ = "Faces in the zones that are drawn for this camera are left out."
    key = f"camera-{store}-{film.key}"
    return str(st.selectbox("Filmed by", cameras, fitting, key=key, help=help_, width=340))


def payload_of(film: Chosen, camera: tuple[Role, str, bool]) -> Json:
    """A film as the job takes it, with its role."""
    role, door, zones = camera
    return {"role": role, "path": str(film.path), "name": film.name, "door": door, "zones": zones}


def _in_jobs(services: Services) -> set[str]:
    """Ids of the uploads that a waiting or running job needs."""
    jobs = [job for job in services.jobs.list() if job.active]
    return {path.name.partition(".")[0] for job in jobs for path in uploaded_films(services.uploads, job.payload)}


# ---- the rest, and the button ---------------------------------------------------------------------------------------


def _rest(services: Services, form: Form, store: str, films: list[Json]) -> None:
    proposed = _proposed(services, store)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = f"collect_name_{store}_{proposed}"
        name = st.text_input("Name of the collection", proposed, key=key, max_chars=60, width=420)
        per_person = int(st.number_input("Faces of one person at most", 1, 30, 8, key="collect_most", width=220))
    typed = [line for line in _classes() if line.strip()]
    help_ = "Otherwise uploaded films are deleted as soon as the faces are cut. Films in a folder are never deleted."
    keep = st.checkbox("Keep the uploaded films", key="collect_keep", help=help_)
    lacking = _lacking(form, typed)
    options: dict[str, Any] = {"name": name, "classes": list(typed), "per_person": per_person, "keep_films": keep}
    try:
        options["name"] = _free(services, name)
        if typed:
            options["classes"] = list(collect.check_classes(typed))
    except InputError as error:
        st.error(sentence(error), icon=":material/error:")
        lacking = lacking or ["Mend what is marked above."]
    given = (services, form, store, films, options)
    st.button("Cut the faces", key="collect_start", type="primary", disabled=bool(lacking), on_click=_submit, args=given)
    if lacking:
        st.caption("Before it can start: " + " ".join(lacking))


def _lacking(form: Form, classes: Sequence[str]) -> list[str]:
    """Sentences that ask for what is not there yet."""
    found = [] if form.films else ["Add a film."]
    if any(film.look.error for film in form.films):
        found.append("Remove the films marked above.")
    return found if classes else [*found, "Name your classes."]


def _proposed(services: Services, store: str) -> str:
    """A name that a folder may have and none has: the store and the month."""
    safe = re.sub(r"[^\w -]", "", store).strip()[:30]
    name, parent = f"{safe} {collecting.today():%B %Y}".strip(), services.folder / collecting.COLLECTIONS
    more = (f"{name} {number}" for number in count(2))
    return next(one for one in chain([name], more) if not collect.taken(parent, one))


def _free(services: Services, name: str) -> str:
    checked = collect.check_name(name)
    if collect.taken(services.folder / collecting.COLLECTIONS, checked):
        raise InputError(f"there is a collection {checked} already; choose another name")
    return checked


def _classes() -> Sequence[str]:
    kind = st.radio("Classes", (_SEVEN, _OWN), key="collect_kind", horizontal=True)
    if kind == _SEVEN:
        return EXPRESSIONS
    help_ = f"Two to {collect.MOST_CLASSES}. Each gets the key of its place, from 1 on."
    area = st.text_area("One class a line", key="collect_classes", placeholder="pleased\nindifferent\nannoyed", help=help_)
    return area.splitlines()


def _submit(services: Services, form: Form, store: str, films: list[Json], options: dict[str, Any]) -> None:
    """Queue the job; the form is emptied only then."""
    payload = {
        "store": store,
        "by": actor(),
        **options,
        **{role: [f for f in films if f["role"] == role] for role in ("entry", "exit")},
    }
    title = f"{store}: faces for {options['name']}"
    try:
        services.jobs.submit(collecting.KIND, store, title, payload)
    except InputError as error:
        form.said = str(error)
        return
    st.session_state[_FORM] = Form()
    leave(f"Queued: {title}")
