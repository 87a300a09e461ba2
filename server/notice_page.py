"""The public page of a notice, without login: plain HTML, no script, nothing from elsewhere, light and dark."""

import base64
import hashlib
from collections.abc import Mapping
from functools import partial
from html import escape

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from fer_core.errors import InputError
from fer_core.notices import LANGUAGES, Notice, Told, of_record, tell
from fer_core.store import Store
from server.services import services

PATH = "/notice/{id}"
_UNKNOWN = "There is no notice under this address."
_STYLE = """
:root { color-scheme: light dark; }
body { font: 1.05rem/1.55 system-ui, sans-serif; max-width: 42rem; margin: 0 auto; padding: 1rem 1.2rem 3rem;
  color: #111827; background: #ffffff; overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1rem; padding: .6rem 0; border-bottom: 1px solid #9ca3af; }
nav a { padding: .3rem 0; color: #1d4e89; }
section { padding-top: 1rem; border-bottom: 1px solid #9ca3af; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: .8rem 0; }
h2 { font-size: 1.1rem; margin: 1.4rem 0 .2rem; }
p { margin: .2rem 0 .5rem; }
@media (prefers-color-scheme: dark) {
  body { color: #e5e7eb; background: #111827; }
  nav a { color: #93c5fd; }
  nav, section { border-color: #4b5563; }
}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-cache",  # a withdrawn notice is gone at once
}


async def notice(request: Request) -> Response:
    """The notice that stands for the store of that id; 404 for none, one answer for unknown stores and silent ones."""
    key = request.path_params["id"]
    try:
        html = await to_thread.run_sync(lambda: page_of(services().store, key))
    except InputError:
        return _answer(_sentence("This notice can’t be read now. Please try again later."), 503)
    return _answer(html or _sentence(_UNKNOWN), 200 if html else 404)


def page_of(store: Store, key: str) -> str | None:
    """The page as HTML, or None where no notice stands. Raises StoreError, DataError."""
    from fer_core import queries  # it brings pandas

    record = queries.standing_notice(store, key)
    if record is None:
        return None
    told = of_record(record)
    return html_of(told, [tell(told, language) for language in told.languages], f"{record['recorded_at']:%Y-%m-%d}")


def html_of(notice: Notice, told: list[Told], day: str) -> str:
    """A section for each language, links to them above; day: since when it stands (ISO)."""
    links = " ".join(f'<a href="#{one.language}" lang="{one.language}">{LANGUAGES[one.language]}</a>' for one in told)
    nav = f"<nav>{links}</nav>" if len(told) > 1 else ""
    sections = "".join(map(partial(_section, notice.store, day), told))
    return _document(told[0].language, f"{notice.store}: {told[0].title}", nav + f"<main>{sections}</main>")


def _section(store: str, day: str, told: Told) -> str:
    from fer_core.notices.words import words_of

    parts = "".join(
        f"<h2>{escape(part.head)}</h2>" + "".join(f"<p>{escape(text)}</p>" for text in part.paragraphs) for part in told.whole
    )
    since = words_of(told.language).since.format(day=day)
    return (
        f'<section id="{told.language}" lang="{told.language}"><p>{escape(store)}</p><h1>{escape(told.title)}</h1>'
        f"<p>{escape(told.lead)}</p>{parts}<p><small>{escape(since)}</small></p></section>"
    )


def _document(language: str, title: str, body: str) -> str:
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


def _sentence(text: str) -> str:
    return _document("en", "Moodgate", f"<main><p>{escape(text)}</p></main>")


def _answer(html: str, status: int) -> Response:
    return HTMLResponse(html, status, dict(HEADERS))
