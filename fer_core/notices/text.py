"""Markdown for documents: what people typed is shown as it is, and the same text becomes a page of plain HTML."""

import re
from collections.abc import Iterable, Sequence
from html import escape

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~:$&])")
_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.55 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem 1.2rem 4rem;
  color: #111827; background: #fff; overflow-wrap: break-word; }
table { border-collapse: collapse; margin: .6rem 0 1.2rem; }
th, td { border: 1px solid #9ca3af; padding: .3rem .6rem; text-align: left; vertical-align: top; }
code { font-size: .92em; }
h2 { margin-top: 2rem; }
@media (prefers-color-scheme: dark) { body { color: #e5e7eb; background: #111827; } th, td { border-color: #4b5563; } }
@media print { body { max-width: none; } }
"""


def plain(text: object) -> str:
    """What somebody typed, on one line, such that Markdown shows it as it is."""
    return _MARKS.sub(r"\\\1", " ".join(str(text).split()))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are Markdown already, without line ends."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def bullets(lines: Iterable[str]) -> str:
    """A list; lines are Markdown already."""
    return "".join(f"- {line}\n" for line in lines)


def page(title: str, markdown: str) -> str:
    """The Markdown as a page of its own that loads nothing; HTML in it is shown, not obeyed."""
    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )
