"""The tab Installed: every model by kind with its card, the expression model in use, and the choice of another."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd
import streamlit as st

from fer_core import weights
from fer_core.errors import InputError
from fer_core.weights import ModelCard
from server import expression
from server.expression import RUNS, STANDARD
from ui import expression_models, resources
from ui.audit import Noted
from ui.plain import DASH, escape
from ui.settings_common import change, choose, choose_next_of

KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "emotion": ("Expression models", "They read the apparent expression of a face that was found."),
        "detector": ("Detectors", "They find the faces in a picture. The tab “Detectors” compares them."),
        "embedder": ("Embedders", "They make the face codes by which who left is recognised among those who came."),
    }
)
_WIDTH = 900
_CHOICE = "models_default"
_SOUND = "green"
_STATES = MappingProxyType(
    {
        "installed": (_SOUND, "check", "installed"),
        "unverified": ("orange", "question_mark", "there, but nobody published a hash to check it by"),
        "missing": ("orange", "download", "not on this machine"),
        "mismatch": ("red", "error", "not the file that its card describes"),
    }
)


def show() -> None:
    """Draw the tab."""
    with st.container(width=_WIDTH):
        _in_use()
        cards = weights.cards()
        for kind, (title, about) in KINDS.items():
            st.subheader(title, anchor=False)
            st.caption(about)
            for card in (card for card in cards.values() if card.kind == kind):
                _card(card)
            if kind == "emotion":
                _others()


# ---- the one in use -------------------------------------------------------------------------------------------------


def _in_use() -> None:
    choice, titles = expression_models.in_use(), expression_models.titles()
    with st.container(border=True):
        st.subheader("In use", anchor=False)
        if choice.note:
            st.warning(escape(choice.note), icon=":material/warning:")
        st.markdown(f"Reviews and the live demo read expressions with **{escape(titles[choice.key])}**.")
        usable = _usable(titles)
        if len(usable) == 1 and choice.key == STANDARD and not choice.note:
            st.caption("There is no other model to choose yet: train one, or put an .onnx file with its card into models/.")
            return
        with st.container(horizontal=True, vertical_alignment="bottom"):
            wanted = choose("Expression model", usable, f"{_CHOICE}_{choice.key}", choice.key)
            if st.button("Use it", key="models_use", type="primary", disabled=wanted == choice.key):
                _use(wanted, titles[wanted])
            back = (
                st.button("Back to the standard one", key="models_standard") if choice.key != STANDARD or choice.note else False
            )
        st.caption(
            "It counts from the next review on; visits of before keep theirs. The thresholds of reviews are fitted to the "
            "standard model, so look at some reviews after a change."
        )
        if back:
            _use(STANDARD, titles[STANDARD])


def _usable(titles: Mapping[str, str]) -> dict[str, str]:
    """The models that reviews can be written with."""
    files = expression.files(resources.services().folder)
    fit = [key for key, path in files.items() if not expression.trouble(path)]
    return {key: titles[key] for key in (STANDARD, *fit) if key in titles}


def _use(key: str, title: str) -> None:
    made = resources.services()
    choose_next_of(f"{_CHOICE}_{key}", key)  # the box is another one for each model in use, and begins with that one
    noted = Noted("model.choose", subject=key)
    change(lambda: expression.choose(made.store, made.folder, key), f"From now on {title} reads the expressions.", noted)


# ---- cards ----------------------------------------------------------------------------------------------------------


def _card(card: ModelCard) -> None:
    colour, icon, state = state_of(card)
    with st.expander(f"**{escape(card.title)}** :{colour}-badge[:material/{icon}: {escape(state)}]"):
        _lines(facts(card))
        if card.notes:
            st.markdown(escape(card.notes))
        if card.figures:
            _figures(card.figures, f"Measured {escape(card.date)}" if card.date else "Measured")
        if state == _STATES["missing"][2] and card.url:
            st.caption("Fetch it, checked by its hash, with the command:")
            st.code(f"python -m fer_core models fetch {card.name}", language="bash")


def state_of(card: ModelCard) -> tuple[str, str, str]:
    """Colour, icon and words of whether its weights can be had."""
    state = weights.status(card)
    return _STATES.get(state, (_SOUND, "package_2", f"comes with {card.managed_by}"))


def facts(card: ModelCard) -> dict[str, str]:
    """What the card says, by name, as plain text."""
    told = {
        "Name": card.name,
        "Licence": card.licence,
        "Size": size_words(card.size_bytes),
        "Origin": card.source,
        "Trained on": card.trained_on,
        "Input": card.input,
        "Classes": ", ".join(card.labels),
        "SHA-256": card.sha256 or ("" if card.managed_by else "unknown"),
    }
    return {name: value for name, value in told.items() if value}


def size_words(size_bytes: int) -> str:
    """3.1 MB; nothing for an unknown size."""
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes else ""


def _lines(told: Mapping[str, str]) -> None:
    st.markdown("\n".join(f"- **{name}:** {escape(value)}" for name, value in told.items()))


def _figures(figures: Mapping[str, Any], title: str) -> None:
    st.caption(title)
    rows = [(name.replace("_", " "), _figure_words(value)) for name, value in figures.items()]
    st.table(pd.DataFrame(rows, columns=["figure", "value"]), hide_index=True, border="horizontal")


def _figure_words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name.replace('_', ' ')} {_figure_words(one)}" for name, one in value.items())
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


# ---- models without a card ------------------------------------------------------------------------------------------


def _others() -> None:
    """Files in models/ without a card, and what was trained here."""
    carded = {card.file for card in weights.cards().values()}
    for key, path in expression.files(resources.services().folder).items():
        if path.name not in carded:
            _uncarded(key, path)


def _uncarded(key: str, path: Path) -> None:
    trained = key.startswith(f"{RUNS}/")
    why = expression.trouble(path)
    badge = ":green-badge[:material/check: fit for reviews]" if not why else ":orange-badge[:material/info: not for reviews]"
    with st.expander(f"**{escape(expression_models.titles()[key])}** {badge}"):
        if why:
            st.markdown(escape(f"Not for reviews: {why}."))
        _lines(_file_facts(path))
        report = _training_report(path.parent / "report.json") if trained else {}
        plain = {name: value for name, value in report.items() if isinstance(value, int | float | str) and name != "sha256"}
        if plain:
            _figures(plain, "What its training told")
        st.caption("Its weights are licensed by you; what the pictures it learned from allow is for you to know.")


def _file_facts(path: Path) -> dict[str, str]:
    try:
        labels = ", ".join(expression.labels_of(path))
    except InputError:
        labels = DASH
    return {"Size": size_words(path.stat().st_size), "Classes": labels, "SHA-256": weights.sha256_of(path)}


def _training_report(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
