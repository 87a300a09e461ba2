"""The sentences of a notice in each language, read from the TOML files in `words/`; one file more is one language more."""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from string import Formatter

_FOLDER = Path(__file__).with_name("words")
LANGUAGES: Mapping[str, str] = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "it": "Italiano",
    "nl": "Nederlands",
    "pl": "Polski",
}
"""By ISO 639-1 code, what the language calls itself; English first, it is what the others were written from."""


@dataclass(frozen=True)
class Words:
    """A language's sentences; `{…}` is filled in. Those that end on _sums are for stores that keep sums only, templates_agreed
    for those that recognise only people who agreed, those on _pictures for those that keep evidence pictures. interests_by and
    consent_by are the articles of law by region."""

    name: str
    title: str
    lead: str
    lead_sums: str
    purpose_head: str
    purpose: str
    kept_head: str
    templates: str
    templates_sums: str
    templates_agreed: str
    films_gone: str
    films_kept: str
    films_gone_pictures: str
    films_kept_pictures: str
    period_one: str
    period_many: str
    figures: str
    figures_open: str
    figures_sums: str
    figures_sums_open: str
    after_one: str
    after_many: str
    staff: str
    object_head: str
    object: str
    object_sums: str
    more: str
    who_head: str
    contact_head: str
    basis_head: str
    interests: str
    consent: str
    rights_head: str
    rights: str
    rights_sums: str
    cameras_head: str
    entry: str
    exit: str
    floor: str
    door: str
    since: str
    interests_by: Mapping[str, str]
    consent_by: Mapping[str, str]


def placeholders(sentence: str) -> frozenset[str]:
    """The names in braces."""
    return frozenset(name for _, name, _, _ in Formatter().parse(sentence) if name)


@functools.cache
def words_of(language: str) -> Words:
    """The sentences of that language. ValueError for a code that is not in LANGUAGES or a file that is not complete."""
    if language not in LANGUAGES:
        raise ValueError(f"{language!r} is no language of notices; they are {', '.join(LANGUAGES)}")
    raw = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    known = {one.name for one in fields(Words)}
    if raw.keys() != known:
        raise ValueError(f"words/{language}.toml: missing or unknown: {sorted(raw.keys() ^ known)}")
    return Words(**raw)
