"""Enrolling: several pictures of one person, each judged in words; a consent with its day; then a face code, and no picture.

A picture is looked at once. The session remembers what is left of it, a `Portrait`, until the person is enrolled.
"""

import hashlib
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from fer_core import enrolling
from fer_core.enrolling import Portrait, portrait_of, template_of
from fer_core.errors import DataError, MoodgateError
from fer_core.privacy import GUESTS_GO
from fer_core.settings import GallerySettings
from ui import audit, resources
from ui.detectors import AUTOMATIC, open_detector
from ui.live_still import PICTURE_TYPES, picture_of
from ui.notices import leave, sentence
from ui.people_common import KINDS, Chosen, embedders
from ui.plain import counted, escape

_MOST_MB = 20
_KEPT = "people_portraits"
_ROUND = "people_round"
"""Counts the people enrolled in this session: widgets of the next one have other keys, and forget the pictures."""
_NEW = "Somebody new"
_SETTINGS = GallerySettings()


def show(chosen: Chosen, agreed: list[dict[str, Any]]) -> None:
    """Draw the form."""
    st.subheader("Enrol a person", anchor=False)
    key = f"{chosen.name}_{st.session_state.setdefault(_ROUND, 0)}"
    person = _whom(agreed, key)
    kind, name = _who(chosen, key) if person is None else (person["kind"], person["name"])
    found = _pictures(key)
    _told(found)
    portraits = [portrait for _, portrait in found]
    day = st.date_input("Agreed on", "today", max_value="today", key=f"people_day_{key}", width=320)
    agrees = st.checkbox(
        "This person was told what the face code is for, agreed to it freely, and knows that it can be taken back at any time.",
        key=f"people_agrees_{key}",
    )
    if st.button("Enrol", key=f"people_enrol_{key}", type="primary", icon=":material/person_add:"):
        if not agrees:
            st.error("Nobody is enrolled without having agreed: tick the box once this person has.")
        elif isinstance(day, date):
            _enrol(chosen, person, (kind, name, day), portraits)


def _whom(agreed: list[dict[str, Any]], key: str) -> dict[str, Any] | None:
    """Somebody who is to be enrolled again; None for somebody new."""
    if not agreed:
        return None
    names = {one["person_id"]: f"{one['name']} ({KINDS[one['kind']].lower()}), again" for one in agreed}
    options = [_NEW, *names]
    chosen = st.selectbox("Whom", options, format_func=lambda one: names.get(one, one), key=f"people_whom_{key}", width=320)
    return next((one for one in agreed if one["person_id"] == chosen), None)


def _who(chosen: Chosen, key: str) -> tuple[str, str]:
    kinds = [kind for kind in KINDS if kind == "staff" or chosen.mode not in GUESTS_GO]
    kind = st.segmented_control(
        "As", kinds, format_func=KINDS.__getitem__, default=kinds[0], key=f"people_kind_{key}", required=True
    )
    name = st.text_input("Name", max_chars=100, key=f"people_name_{key}", width=320, autocomplete="off")
    return str(kind), name


# ---- pictures -------------------------------------------------------------------------------------------------------


def _pictures(key: str) -> list[tuple[str, Portrait]]:
    """The names of the pictures given so far, and what is left of them."""
    st.caption(
        f"Give at least {_SETTINGS.min_shots} pictures of this person alone: from the front and a little from the sides, in "
        "the shop’s light. They are looked at in memory and forgotten."
    )
    kept: dict[str, tuple[str, Portrait]] = st.session_state.setdefault(_KEPT, {}).setdefault(key, {})
    files = st.file_uploader(
        "Pictures", PICTURE_TYPES, accept_multiple_files=True, key=f"people_files_{key}", max_upload_size=_MOST_MB
    )
    _forget_others(key)
    given = {f"file {hash_of(file.getvalue())}": file for file in files[: _SETTINGS.most_shots]}
    for gone in [word for word in kept if word.startswith("file ") and word not in given]:
        del kept[gone]
    for word, file in given.items():
        _look(kept, word, file.name, file.getvalue())
    if st.toggle("Use the camera", key=f"people_camera_{key}"):
        shot = st.camera_input("Take a picture", key=f"people_shot_{key}")
        if shot is not None and len(kept) < _SETTINGS.most_shots:
            content = shot.getvalue()
            _look(kept, f"camera {hash_of(content)}", f"Picture {len(kept) + 1} of the camera", content)
    return list(kept.values())


def _forget_others(key: str) -> None:
    """What was begun for another store or person and not finished."""
    for other in [one for one in st.session_state[_KEPT] if one != key]:
        del st.session_state[_KEPT][other]


def _look(kept: dict[str, tuple[str, Portrait]], word: str, name: str, content: bytes) -> None:
    """Look at a picture that wasn't looked at yet."""
    if word in kept:
        return
    try:
        kept[word] = name, portrait_of(picture_of(name, content), open_detector(AUTOMATIC), embedders())
    except MoodgateError as error:
        kept[word] = name, Portrait(0.0, _capital(str(error).removeprefix(f"{name}: ")), {})


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def hash_of(content: bytes) -> str:
    """A word that tells a picture from all others."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _told(found: list[tuple[str, Portrait]]) -> None:
    strangers = enrolling.odd([portrait for _, portrait in found])
    for place, (name, portrait) in enumerate(found):
        said = "Looks like somebody else than the others." if place in strangers else portrait.said
        good = portrait.usable and place not in strangers
        colour, icon = ("green", ":material/check:") if good else ("orange", ":material/close:")
        st.markdown(f":{colour}[{icon}] **{escape(name)}**: {escape(said)}")
    if found:
        usable = len(enrolling.distinct([portrait for _, portrait in found])) - len(strangers)
        need = "enough" if usable >= _SETTINGS.min_shots else f"at least {_SETTINGS.min_shots} are needed"
        st.caption(f"{counted(max(0, usable), 'usable picture')}: {need}.")


# ---- writing --------------------------------------------------------------------------------------------------------


def _enrol(chosen: Chosen, person: dict[str, Any] | None, who: tuple[str, str, date], portraits: list[Portrait]) -> None:
    kind, name, day = who
    try:
        made = template_of(portraits, _SETTINGS)
        if person:
            resources.store().renew_person(chosen.name, person["person_id"], made)
            key, action = person["person_id"], "people.renew"
        else:
            agreed_at = _moment(day, chosen.zone)
            key = resources.store().enrol_person(chosen.name, kind, name, agreed_at, audit.actor(), made)  # type: ignore[arg-type]
            action = "people.enrol"
        audit.note(action, store=chosen.name, subject=key, detail={"as": kind, "pictures": len(enrolling.distinct(portraits))})
    except MoodgateError as error:
        st.error(sentence(error))
        return
    st.session_state.pop(_KEPT, None)
    st.session_state[_ROUND] += 1
    leave(f"{name.strip()} is enrolled. The pictures are forgotten.")
    st.rerun()


def _moment(day: date, zone: str) -> datetime:
    """The beginning of that day on the store's clock. DataError for a day that has not begun there."""
    moment = datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
    if moment > datetime.now(UTC):
        raise DataError("that day has not come yet")
    return moment
