"""The cards of the models as a document for people: what each is, what it was trained on, how good it is and isn't."""

from collections.abc import Iterable, Mapping
from typing import Any

from fer_core.notices.text import plain, table
from fer_core.weights import ModelCard

_KINDS: Mapping[str, tuple[str, str]] = {
    "detector": ("Finding faces", "Says where in a picture a face is."),
    "embedder": ("Comparing faces", "Computes the code (template) by which entrance and exit of one person are paired."),
    "emotion": ("Reading apparent expressions", "Estimates the shares of seven expressions of one face."),
}
_NOT = (
    "Not for judging a single person, not for employees, not for deciding anything about anybody. An apparent expression is "
    "how a face looks to others; it says nothing certain about what a person feels."
)


def markdown(cards: Iterable[ModelCard], used: Mapping[str, tuple[str, ...]]) -> str:
    """The document. used: by kind, the names of the models that a store's films were analysed with."""
    known = list(cards)
    parts = ["# Model cards\n", f"{_NOT}\n"]
    for kind, (title, does) in _KINDS.items():
        parts += [f"## {title}\n", f"{does} {_used(used.get(kind, ()))}\n"]
        parts += [_card(card) for card in known if card.kind == kind]
    return "\n".join(parts)


def _used(names: tuple[str, ...]) -> str:
    return f"Used for the films so far: {plain(', '.join(names))}." if names else "Not used for any film yet."


def _card(card: ModelCard) -> str:
    rows = [
        ("Name", plain(card.name)),
        ("Source", plain(card.source)),
        ("Licence", plain(card.licence)),
        ("Trained on", plain(card.trained_on or "not stated")),
        ("Input", plain(card.input)),
        ("Classes", plain(", ".join(card.labels))),
        ("Figures", plain(", ".join(f"{name} {_figure(value)}" for name, value in card.figures.items()))),
        ("Measured", plain(card.date)),
        ("SHA-256", f"`{card.sha256}`" if card.sha256 else ""),
        ("Notes", plain(card.notes)),
    ]
    return f"### {plain(card.title)}\n\n" + table(("", ""), [row for row in rows if row[1]])


def _figure(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
