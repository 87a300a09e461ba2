"""The notice: its form, the sign as it will look, and the sign as files."""

from functools import partial
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from fer_core.errors import DataError
from fer_core.notices import BASES, LANGUAGES, LONGEST, UNSET, Notice, only_here, sign
from ui import audit, resources
from ui.notices import sentence
from ui.plain import counted
from ui.privacy_common import Chosen, up_to_date
from ui.settings_common import change

_LONGEST_KEPT = 3650
_HERE = "http://localhost:8501"
_BIOMETRIC = (
    "Face codes are biometric data. Under GDPR Art. 9 legitimate interests alone don’t allow them: have a lawyer look at it."
)


def show(chosen: Chosen) -> None:
    """Draw the tab: the form on the left, the sign on the right."""
    form, preview = st.columns([3, 2], gap="large")
    with form:
        values = _form(chosen)
        notice = _made(chosen, values)
        if (
            st.button("Save the notice", key=f"notice_save_{chosen.store_id}", type="primary", disabled=notice is None)
            and notice
        ):
            change(lambda: _save(chosen, notice), "The notice is saved. Print the sign, put it up, and record that it hangs.")
    with preview:
        if notice is not None:
            _preview(chosen, notice)


def _made(chosen: Chosen, values: dict[str, Any]) -> Notice | None:
    """The notice of the form; None, and the sentence of what is missing."""
    try:
        return up_to_date(chosen, Notice(store=chosen.name, **values))
    except DataError as error:
        st.info(sentence(error), icon=":material/edit:")
        return None


def _save(chosen: Chosen, notice: Notice) -> None:
    resources.store().put_notice_draft(chosen.name, notice.as_json())
    audit.note("notice.write", store=chosen.name, detail={"languages": list(notice.languages)})


# ---- the form -------------------------------------------------------------------------------------------------------


def _form(chosen: Chosen) -> dict[str, Any]:
    known, key = chosen.draft, chosen.store_id
    values: dict[str, Any] = {
        "controller": st.text_input(
            "Who is responsible", known.controller if known else "", LONGEST["controller"], key=f"notice_controller_{key}",
            placeholder="Ana’s Shop Ltd",
        ),
        "address": st.text_area(
            "Postal address", known.address if known else "", key=f"notice_address_{key}", height=80,
            max_chars=LONGEST["address"],
        ),
        "contact": st.text_input(
            "Contact", known.contact if known else "", LONGEST["contact"], key=f"notice_contact_{key}",
            placeholder="privacy@shop.example", help="Where visitors object: an e-mail address or a telephone number.",
        ),
        "languages": tuple(
            st.multiselect(
                "Languages", list(LANGUAGES), list(known.languages) if known else ["en"], LANGUAGES.__getitem__,
                key=f"notice_languages_{key}", help="In the order of the sign. Two or three can be read best.",
            )
        ),
    }  # fmt: skip
    return values | _law(known, key) | _page(chosen) | {"purpose": _purpose(known, key, values["languages"])} | _kept(chosen)


def _law(known: Notice | None, key: str) -> dict[str, Any]:
    names = list(BASES)
    index = names.index(known.basis) if known else 0
    basis = st.selectbox("Legal basis", names, index, BASES.__getitem__, key=f"notice_basis_{key}")
    if basis == "interests":
        st.caption(_BIOMETRIC)
    return {"basis": basis}


def _page(chosen: Chosen) -> dict[str, Any]:
    known = chosen.draft
    page = st.text_input(
        "Address of the public page", known.page if known else _proposed(chosen.store_id), LONGEST["page"],
        key=f"notice_page_{chosen.store_id}", help="The QR code leads there. Visitors’ telephones must be able to open it.",
    )  # fmt: skip
    if only_here(page):
        st.warning(
            "Only this machine can open that address. Give the one by which visitors reach it.", icon=":material/link_off:"
        )
    return {"page": page}


def _proposed(store_id: str) -> str:
    """The page of this server, as the browser that looks at it calls it."""
    here = urlsplit(st.context.url or _HERE)
    origin = f"{here.scheme}://{here.netloc}" if here.scheme in ("http", "https") and here.netloc else _HERE
    return f"{origin}/notice/{store_id}"


def _purpose(known: Notice | None, key: str, languages: tuple[str, ...]) -> dict[str, str]:
    own = dict(known.purpose) if known else {}
    with st.expander("Purpose in your own words", icon=":material/translate:"):
        st.caption("Empty: the shop wants to learn how visits go, and to improve its service.")
        for code in languages:
            own[code] = st.text_input(
                LANGUAGES[code], own.get(code, ""), LONGEST["purpose"], key=f"notice_purpose_{code}_{key}"
            )  # fmt: skip
    return {code: own.get(code, "") for code in languages}


def _kept(chosen: Chosen) -> dict[str, Any]:
    known = chosen.draft
    days = st.number_input(
        "The shop keeps its films for so many days (0: no)", 0, _LONGEST_KEPT, known.films_days if known else 0,
        key=f"notice_films_{chosen.store_id}",
        help="Films that are sent to Moodgate are deleted once they are analysed, unless "
        "somebody ticks “Keep the uploaded films”. Films in a folder of the shop’s own stay.",
    )  # fmt: skip
    kept = f"after {counted(chosen.retention_days, 'day')}" if chosen.retention_days else "never"
    st.caption(f"Visits are deleted {kept}, as the page Settings says; the notice tells it.")
    if chosen.region == UNSET:
        st.caption("The region is not set: the notice names no article of law.")
    return {"films_days": int(days)}


# ---- the sign -------------------------------------------------------------------------------------------------------


def _preview(chosen: Chosen, notice: Notice) -> None:
    try:
        with st.spinner("Drawing the sign"):
            picture = _picture(notice.as_json())
    except DataError as error:
        st.error(sentence(error), icon=":material/error:")
        return
    st.image(picture, caption="The sign", width="stretch")
    with st.container(horizontal=True):
        for paper in sign.PAPERS:
            for ending, make in (("pdf", sign.pdf), ("png", sign.png)):
                st.download_button(
                    f"{paper} {ending.upper()}", partial(make, notice, paper),
                    f"notice-{paper.lower()}.{ending}", "application/pdf" if ending == "pdf" else "image/png",
                    key=f"notice_{paper}_{ending}_{chosen.store_id}", icon=":material/download:", on_click="ignore",
                )  # fmt: skip


@st.cache_data(ttl=3600, max_entries=30, show_spinner=False)
def _picture(content: dict[str, Any]) -> bytes:
    return sign.png(Notice.from_json(content), dpi=sign.PREVIEW_DPI)
