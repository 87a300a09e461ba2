"""The page of the tablet at the exit: plain HTML, one style, one little script, nothing from anywhere else."""

import base64
import hashlib
import html
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from server.exit_words import WORDS

_FACES = (
    ("#C24E00", "#FFFFFF", "M30 72 Q50 48 70 72", "M26 34 L42 40 M74 34 L58 40"),
    ("#F0B040", "#1A1A1A", "M32 68 Q50 58 68 68", ""),
    ("#7CC4EE", "#1A1A1A", "M32 62 Q50 74 68 62", ""),
    ("#0068A6", "#FFFFFF", "M28 58 Q50 92 72 58 Z", ""),
)
"""From very unhappy to very happy: ground, lines, mouth, brows. Mouths and brows tell them apart without any colour."""


def page(languages: Sequence[str]) -> str:
    """The whole page, which asks in the first of these languages and can be turned to the others."""
    words = {code: WORDS[code]._asdict() for code in languages}
    first = WORDS[languages[0]]
    faces = "".join(_face(number, label) for number, label in enumerate(first.faces, start=1))
    told = html.escape(json.dumps({"words": words, "order": list(languages)}, ensure_ascii=False), quote=True)
    return (
        f'<!doctype html>\n<html lang="{languages[0]}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="robots" content="noindex">\n'
        '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
        f"<title>{html.escape(first.question)}</title>\n<style>{_part('exit.css')}</style>\n</head>\n"
        f'<body data-told="{told}">\n<nav id="languages"{" hidden" if len(languages) < 2 else ""}>{_choices(languages)}</nav>\n'
        f'<main id="ask">\n<h1 id="question">{html.escape(first.question)}</h1>\n<div id="faces">{faces}</div>\n'
        f'<p id="note">{html.escape(first.note)}</p>\n</main>\n'
        '<main id="thanks" hidden><svg viewBox="0 0 100 100" aria-hidden="true"><circle cx="50" cy="50" r="46"/>'
        '<path d="M28 52 L44 68 L74 34"/></svg></main>\n<p id="said" role="status"></p>\n<p id="waiting" hidden></p>\n'
        f"<script>{_part('exit.js')}</script>\n</body>\n</html>\n"
    )


@cache
def policy() -> str:
    """The page's Content-Security-Policy: its own style and script and its own address, nothing else."""
    return (
        f"default-src 'none'; style-src {_digest(_part('exit.css'))}; script-src {_digest(_part('exit.js'))}; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _choices(languages: Sequence[str]) -> str:
    return "".join(f'<button type="button" lang="{code}" data-code="{code}">{WORDS[code].name}</button>' for code in languages)


def _face(number: int, label: str) -> str:
    ground, line, mouth, brows = _FACES[number - 1]
    filled = line if mouth.endswith("Z") else "none"
    return (
        f'<button type="button" class="face" data-value="{number}"><svg viewBox="0 0 100 100" aria-hidden="true">'
        f'<circle cx="50" cy="50" r="47" fill="{ground}" stroke="currentColor" stroke-width="2"/>'
        f'<circle cx="35" cy="44" r="5.5" fill="{line}"/><circle cx="65" cy="44" r="5.5" fill="{line}"/>'
        f'<path d="{mouth}{" " + brows if brows else ""}" fill="{filled}" stroke="{line}" stroke-width="6" '
        f'stroke-linecap="round" stroke-linejoin="round"/></svg><span>{html.escape(label)}</span></button>'
    )


@cache
def _part(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
