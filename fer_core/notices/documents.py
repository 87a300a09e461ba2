"""The documents that can be downloaded, one literal table: what each is called, and who writes it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal, TypeAlias

from fer_core import weights
from fer_core.notices import assessment, dictionary, model_cards
from fer_core.notices.facts import facts
from fer_core.notices.text import page
from fer_core.queries import Source
from fer_core.weights import ModelCard

Form: TypeAlias = Literal["md", "html"]
Write: TypeAlias = Callable[[Source, str, tuple[ModelCard, ...]], str]


@dataclass(frozen=True)
class Document:
    """title and about: for people; write: the database, a store's name and models of the shop's own → Markdown."""

    title: str
    about: str
    write: Write


def _assessment(source: Source, store: str, _own: Iterable[ModelCard]) -> str:
    return assessment.markdown(facts(source, store), datetime.now(UTC).date())


def _dictionary(source: Source, _store: str, _own: Iterable[ModelCard]) -> str:
    return dictionary.markdown(source)


def _cards(source: Source, store: str, own: tuple[ModelCard, ...]) -> str:
    return model_cards.markdown((*own, *weights.cards().values()), facts(source, store).backends)


DOCUMENTS: Mapping[str, Document] = MappingProxyType(
    {
        "impact-assessment": Document(
            "Data protection impact assessment",
            "A draft in the order of GDPR Art. 35, filled from this store’s settings; to be checked and signed.",
            _assessment,
        ),
        "what-is-stored": Document(
            "What is stored where", "Every file, table and column in plain words, and how long it stays.", _dictionary
        ),
        "model-cards": Document(
            "Model cards", "What the models are, what they were trained on, their figures and limits.", _cards
        ),
    }
)
"""By the name of the file."""


def written(source: Source, name: str, store: str, form: Form, own: tuple[ModelCard, ...] = ()) -> str:
    """A document of DOCUMENTS as Markdown or as a page of HTML that loads nothing; own: cards of the shop's own models.

    Raises DataError for no such store, WeightsError for a card that can't be read.
    """
    document = DOCUMENTS[name]
    markdown = document.write(source, store, own)
    return markdown if form == "md" else page(document.title, markdown)
