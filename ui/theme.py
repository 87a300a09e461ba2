"""Colours, signs and words of the reviews; told apart by people who see colours differently, on white and on black."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from fer_core.types import Review

REVIEW_COLOURS: Mapping[Review, str] = MappingProxyType(
    {"positive": "#0072B2", "neutral": "#7F7F7F", "negative": "#D55E00", "uncertain": "#B07AA1"}
)
REVIEW_SIGNS: Mapping[Review, str] = MappingProxyType({"positive": "▲", "neutral": "●", "negative": "▼", "uncertain": "?"})
"""A sign beside every colour, so that nothing is said by colour alone."""

EXPRESSION_COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "angry": "#D55E00",
        "disgust": "#8C6D1F",
        "fear": "#B07AA1",
        "happy": "#0072B2",
        "sad": "#56B4E9",
        "surprise": "#E69F00",
        "neutral": "#9A9A9A",
    }
)
ACCENT = "#009E73"
MUTED = "#888888"
"""For what is there and has no value: hidden cells, lines at zero. Legible on white and on black."""
DIVERGING = ("#D55E00", "#E9A36B", "#B9B9B9", "#6BA9D6", "#0072B2")
"""From worse to better, by the colours of the reviews; the middle is grey on white and on black."""
BLUE = "#1F86C7"
"""What isn't a review: a little lighter than theirs, for thin lines on black."""
GROUP_COLOURS = (BLUE, "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C6D1F", "#7F7F7F")
"""Stores or doors side by side."""


def review_label(review: str) -> str:
    """The review with its sign: ▲ positive."""
    return f"{REVIEW_SIGNS[cast(Review, review)]} {review}"
