"""The form of the page Analyse footage: a store, its films, their start times and doors; and the button that queues it all.

What is chosen lies in the session, as `Form`; widgets are filled from it and write back to it, so that another page may be
visited in between. Uploaded films lie on the server's disk and are offered again after a reload.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fer_core.errors import InputError
from fer_core.types import Role
from server.reviewing import uploaded_films
from server.services import Services
from ui import resources
from ui.film_places import folder_panel, take_upload, uploads_panel
from ui.film_rows import DAY_FORMAT, FIRST_DAY, LAST_DAY, Form, film_rows
from ui.films import ROLE_WORDS, Chosen, doubts, faults, missing, swapped
from ui.notices import leave, sentence, tell
from ui.plain import counted, escape
from ui.upload import Arrived, drop_area

NEW = ""
"""Stands for a store that is yet to be named, among names that can't be empty."""
_LONGEST_NAME = 100
_BACKENDS = (("detector", "Face detector"), ("embedder", "Face recognition"), ("emotion", "Expression model"))


@dataclass(frozen=True)
class Shop:
    """The store that the form is about; error says why it can't be used yet."""

    name: str
    zone: ZoneInfo
    is_new: bool = False
    error: str = ""


def footage_form(services: Services) -> None:
    """Draw the form. A press of its button queues a job and empties it."""
    form: Form = st.session_state.setdefault("footage", Form())
    tell()
    shop, corner = _shop()
    for film in form.films:
        film.settle(shop.zone)
    with corner:
        _day(form)
    for column, role in zip(st.columns(2, gap="medium"), ROLE_WORDS, strict=True):
        with column:
            drop_area(role, f"Films of the {ROLE_WORDS[role]}", _taker(services, form, role))
    for role in ROLE_WORDS:
        film_rows(form, role, shop.zone, doors(services, shop.name, role))
    folder_panel(form)
    uploads_panel(form, services.uploads, _in_jobs(services))
    options = _more()
    if form.said:
        st.error(sentence(InputError(form.said)), icon=":material/error:")
        form.said = ""
    _start(services, form, shop, options)


def _taker(services: Services, form: Form, role: Role) -> Callable[[Arrived], None]:
    return lambda film: take_upload(form, services.uploads, role, film.id)


# ---- store and day --------------------------------------------------------------------------------------------------


def doors(services: Services, store: str, role: Role) -> list[str]:
    """The doors of that role which a store's earlier films named."""
    with services.store.cursor() as cursor:
        rows = cursor.execute(
            "SELECT DISTINCT door FROM cameras JOIN stores USING (store_id) "
            "WHERE stores.name = ? AND role = ? AND door <> '' ORDER BY door",
            [store, role],
        ).fetchall()
    return [door for (door,) in rows]


def _shop() -> tuple[Shop, DeltaGenerator]:
    """The store, and the place beside it. Real people never go into a sample store, whose small cells are shown."""
    known = {row.store: (row.time_zone, row.is_sample) for row in resources.stores().itertuples()}
    real = [name for name, (_, is_sample) in known.items() if not is_sample]
    columns = st.columns([2, 2, 1] if not real or st.session_state.get("store") == NEW else [4, 1], vertical_alignment="top")
    with columns[0]:
        name = NEW
        if real:
            name = st.selectbox("Store", [*real, NEW], key="store", format_func=lambda name: name or "New store …")
        shop = Shop(name, ZoneInfo(known[name][0])) if name else _new_name(known)
    if not name:
        with columns[1]:
            shop = Shop(shop.name, _zone(), True, shop.error)
    return shop, columns[-1]


def _new_name(known: dict[str, tuple[str, bool]]) -> Shop:
    typed = st.text_input("Name of the new store", key="new-store", max_chars=_LONGEST_NAME, placeholder="Vienna, Main Street")
    name = " ".join(typed.split())
    twin = next((other for other in known if other.casefold() == name.casefold()), None)
    error = ""
    if twin is not None:
        is_sample = known[twin][1]
        error = f"{twin} is a sample store; real films need a store of their own." if is_sample else ""
        error = error or f"There is a store {twin} already; choose it in the list."
        st.error(escape(error), icon=":material/error:")
    return Shop(name, ZoneInfo("UTC"), True, error or ("" if name else "Name the store."))


def _zone() -> ZoneInfo:
    zones = sorted(available_timezones() - {"localtime", "Factory"})
    here = st.context.timezone if st.context.timezone in zones else "UTC"
    help_ = "Times on the films and in charts are shown on this clock."
    return ZoneInfo(st.selectbox("Time zone", zones, zones.index(here), key="new-zone", help=help_))


def _day(form: Form) -> None:
    form.take_day()
    key = f"footage-day-{form.turn}"

    def write() -> None:
        form.set_day(st.session_state[key])

    help_ = "Sets the day of all films below; a film may have another day of its own."
    st.date_input("Day", form.day, FIRST_DAY, LAST_DAY, key=key, format=DAY_FORMAT, on_change=write, help=help_)


# ---- more, and the button -------------------------------------------------------------------------------------------


def _more() -> dict[str, Any]:
    """The backends by name, None for the default one, and whether uploads are kept."""
    with st.expander("More", icon=":material/tune:"):
        chosen: dict[str, Any] = {}
        for column, (kind, label) in zip(st.columns(3), _BACKENDS, strict=True):
            with column:
                chosen[kind] = _backend(kind, label)
        help_ = "Otherwise uploaded films are deleted as soon as they are analysed. Films in a folder are never deleted."
        chosen["keep_films"] = st.checkbox("Keep the uploaded films", key="keep-films", help=help_)
    return chosen


def _backend(kind: str, label: str) -> str | None:
    from fer_core import detect, embed, emotion

    table = {"detector": detect, "embedder": embed, "emotion": emotion}[kind]
    names: list[str | None] = [None, *table.names()]
    default = f"Default ({table.DEFAULTS[0]})"
    return st.selectbox(label, names, key=f"backend-{kind}", format_func=lambda name: name or default)


def _start(services: Services, form: Form, shop: Shop, options: dict[str, Any]) -> None:
    lacking = missing(form.films) + ([shop.error] if shop.error else [])
    wrong = faults(form.films, shop.zone)
    for line in wrong:
        st.error(escape(line), icon=":material/error:")
    turned = swapped(form.films, shop.zone)
    if turned:
        st.error(escape(turned), icon=":material/error:")
        st.button("Swap entrance and exit films", key="swap", on_click=form.swap, icon=":material/swap_horiz:")
    for line in doubts(form.films, shop.zone, datetime.now(UTC)):
        st.warning(escape(line), icon=":material/warning:")
    sure = _sure(form.films)
    if not (sure or lacking or wrong or turned):
        lacking = ["Tick that the start times are right."]
    with st.container(horizontal=True):
        blocked = bool(lacking or wrong or turned)
        given = (services, form, shop, options)
        st.button("Start the analysis", key="start", type="primary", disabled=blocked, on_click=_submit, args=given)
        help_ = "Draws two short films of made-up people and analyses them into a store of its own, marked as sample."
        st.button("Analyse the sample day", key="sample", help=help_, on_click=_submit_sample, args=(services,))
    if lacking:
        st.caption("Before it can start: " + " ".join(lacking))


def _sure(films: Sequence[Chosen]) -> bool:
    """Proposed times count only once a person has looked at them; a change of any asks anew."""
    given = (film for film in films if film.clock and not film.unknown and not film.look.error)
    starts = [(film.key, str(film.day), str(film.clock)) for film in given]
    if not starts:
        return True
    label = "The start times above are right" if len(starts) > 1 else "The start time above is right"
    return st.checkbox(label, key=f"sure-{zlib.crc32(repr(starts).encode())}")


def _submit_sample(services: Services) -> None:
    services.jobs.submit("sample", "Sample shop", "Sample day", {})


def _submit(services: Services, form: Form, shop: Shop, options: dict[str, Any]) -> None:
    """Queue the job; the form is emptied only then."""
    try:
        if shop.is_new:
            services.store.put_store(shop.name, time_zone=shop.zone.key)
        films = {str(role): _rows(form.of(role), shop.zone) for role in ROLE_WORDS}
        payload: dict[str, Any] = {"store": shop.name, **films, **options}
        services.jobs.submit("review", shop.name, title(shop, form), payload)
    except InputError as error:
        form.said = str(error)
        return
    st.session_state["footage"] = Form()
    st.session_state["store"] = shop.name
    leave(f"Queued: {title(shop, form)}")


def title(shop: Shop, form: Form) -> str:
    """What the job is called: O'Neil, 2 March 2026: 2 entrance films, 1 exit film."""
    day = f", {form.day.day} {form.day:%B %Y}" if form.day else ""
    counts = ", ".join(counted(len(form.of(role)), f"{word} film") for role, word in ROLE_WORDS.items())
    return f"{shop.name}{day}: {counts}"


def _rows(films: Sequence[Chosen], zone: ZoneInfo) -> list[dict[str, Any]]:
    starts = [film.start(zone) for film in films]
    return [
        {"path": str(film.path), "name": film.name, "start": start.isoformat() if start else None, "door": film.door}
        for film, start in zip(films, starts, strict=True)
    ]


def _in_jobs(services: Services) -> set[str]:
    """Ids of the uploads that a waiting or running job needs, or that a finished one kept."""
    jobs = [job for job in services.jobs.list() if job.active or job.state == "done"]
    return {path.name.partition(".")[0] for job in jobs for path in uploaded_films(services.uploads, job.payload)}
