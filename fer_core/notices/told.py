"""A notice in a language: its sentences with the shop's facts filled in, short for the sign and whole for the page."""

from dataclasses import dataclass

from fer_core.notices.notice import Camera, Notice
from fer_core.notices.words import Words, words_of


@dataclass(frozen=True)
class Part:
    """A heading and its paragraphs, plain text."""

    head: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """A notice in one language. short: the sign's parts; whole: the page's, which the law asks for."""

    language: str
    title: str
    lead: str
    short: tuple[Part, ...]
    whole: tuple[Part, ...]
    more: str


def tell(notice: Notice, language: str) -> Told:
    """The notice in that language, one of LANGUAGES."""
    words = words_of(language)
    why = Part(words.purpose_head, (notice.purpose.get(language) or words.purpose,))
    kept = Part(words.kept_head, (templates(notice, words), f"{films(notice, words)} {figures(notice, words)}", words.staff))
    sums = notice.mode == "aggregate"
    objecting = Part(words.object_head, ((words.object_sums if sums else words.object).format(contact=notice.contact),))
    whole = (
        Part(words.who_head, (notice.controller, *notice.address.splitlines())),
        Part(words.contact_head, (notice.contact,)),
        why,
        Part(words.basis_head, (basis(notice, words) + ".",)),
        kept,
        objecting,
        Part(words.rights_head, (words.rights_sums if sums else words.rights,)),
        *([Part(words.cameras_head, tuple(camera(one, words) for one in notice.cameras))] if notice.cameras else []),
    )
    return Told(language, words.title, words.lead_sums if sums else words.lead, (why, kept, objecting), whole, words.more)


def templates(notice: Notice, words: Words) -> str:
    """What is computed from a face, by the store's privacy mode."""
    return {"aggregate": words.templates_sums, "opt-in": words.templates_agreed}.get(notice.mode, words.templates)


def films(notice: Notice, words: Words) -> str:
    """What becomes of the films."""
    if not notice.films_days:
        return words.films_gone_pictures if notice.evidence else words.films_gone
    period = words.period_one if notice.films_days == 1 else words.period_many
    kept = words.films_kept_pictures if notice.evidence else words.films_kept
    return kept.format(period=period.format(days=notice.films_days))


def figures(notice: Notice, words: Words) -> str:
    """What becomes of the visits' numbers, or of the sums."""
    sums = notice.mode == "aggregate"
    if not notice.retention_days:
        return words.figures_sums_open if sums else words.figures_open
    after = words.after_one if notice.retention_days == 1 else words.after_many
    return (words.figures_sums if sums else words.figures).format(after=after.format(days=notice.retention_days))


def basis(notice: Notice, words: Words) -> str:
    """The legal basis, with the article where the region's law is known here; without a full stop."""
    sentence = words.interests if notice.basis == "interests" else words.consent
    article = (words.interests_by if notice.basis == "interests" else words.consent_by).get(notice.region)
    return f"{sentence} ({article})" if article else sentence


def camera(one: Camera, words: Words) -> str:
    """The camera as that language calls it."""
    if one.role == "floor":
        return f"{words.floor}: {one.door}" if one.door else words.floor
    role = words.entry if one.role == "entry" else words.exit
    return f"{role}, {words.door} {one.door}" if one.door else role
