"""The sign's letters: DejaVu Sans, which Matplotlib's wheel carries (free licence, all European scripts)."""

import functools
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from fer_core.errors import DataError

FAMILY = "DejaVu"
_PACKAGE = "matplotlib"
_FOLDER = "matplotlib/mpl-data/fonts/ttf"
FILES = {"": "DejaVuSans.ttf", "B": "DejaVuSans-Bold.ttf"}
"""By fpdf2's name of the style."""
_LAYOUT = frozenset("\n ")


def font_file(style: str) -> Path:
    """The font's file; found without importing Matplotlib. DataError where the package or the file is missing."""
    try:
        found = Path(str(metadata.distribution(_PACKAGE).locate_file(f"{_FOLDER}/{FILES[style]}")))
    except metadata.PackageNotFoundError as error:
        raise DataError(f"the sign's font comes with the package {_PACKAGE}, which is not installed") from error
    if not found.is_file():
        raise DataError(f"the sign's font {FILES[style]} is missing in the package {_PACKAGE}")
    return found


@functools.cache
def _letters() -> frozenset[int]:
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    with TTFont(font_file("B")) as bold, TTFont(font_file("")) as regular:
        return frozenset(bold.getBestCmap()) & frozenset(regular.getBestCmap())


def check_letters(texts: Iterable[str]) -> None:
    """DataError that names a sign which the font can't show, such as a Chinese one: it would be an empty box."""
    strange = sorted({sign for text in texts for sign in text if sign not in _LAYOUT and ord(sign) not in _letters()})
    if strange:
        raise DataError(f"the sign can't show {' '.join(strange[:5])}: its font has European letters only")
