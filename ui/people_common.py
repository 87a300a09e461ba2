"""What the parts of the page People share: the chosen store, the words for kinds, and the embedders of today."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import streamlit as st

from fer_core import embed
from fer_core.embed import Embedder
from fer_core.errors import InputError, WeightsError
from fer_core.privacy import Mode
from fer_core.store.people import PersonKind

KINDS: Mapping[PersonKind, str] = MappingProxyType({"staff": "Staff", "guest": "Guest"})
"""Kinds of people in plain words."""


@dataclass(frozen=True)
class Chosen:
    """A store: its name, privacy mode and time zone."""

    name: str
    mode: Mode
    zone: str


def embedders() -> tuple[Embedder, ...]:
    """Those that read films today, the one that recognises people first. WeightsError where none can be had."""
    found, why = _opened()
    if not found:
        raise WeightsError(why)
    return found


def embedder_in_use() -> str:
    """The name of the one that recognises people; "" where none can be had."""
    found, _ = _opened()
    return found[0].name if found else ""


@st.cache_resource(max_entries=1, ttl=3600, show_spinner="Loading the embedder …")
def _opened() -> tuple[tuple[Embedder, ...], str]:
    """The embedders, or why not."""
    try:
        first = embed.open_default(lambda _: None)
        # the second opinion steps in where the first can't be had: whoever is enrolled under both stays recognised
        second = embed.open_second(first.name, lambda _: None)
    except InputError as error:
        return (), str(error)
    return (first, second) if second else (first,), ""
