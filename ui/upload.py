"""The drop area: films of any size, sent in chunks to the server's own upload route, with progress, pause and resume.

`st.file_uploader` would hold every film in the server's memory; here the browser reads and sends 8 MB at a time and goes
on where it stopped. What has arrived is told to Python by the upload's id.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from fer_core.video import FILM_ENDINGS

ROUTE = "/upload"
_MOST_TICKETS = 200
_HTML = """
<div class="box">
  <div class="ask">
    <div class="what">
      <div class="title"></div>
      <div class="hint">Drop films here. Any size; a broken connection is no loss.</div>
    </div>
    <button type="button" class="choose">Choose films</button>
    <input type="file" multiple tabindex="-1" aria-hidden="true">
  </div>
  <ul class="films" aria-label="Films being sent"></ul>
  <div class="status" role="status"></div>
</div>
"""


@dataclass(frozen=True)
class Arrived:
    """A film that has arrived whole: the upload's id and the name it had in the browser."""

    id: str
    name: str


def drop_area(area: str, title: str, take: Callable[[Arrived], None]) -> None:
    """Draw a drop area; `take` is called once for each film that has arrived, before the page is drawn anew.

    area tells this browser tab's areas apart; it is part of the widget's key.
    """
    key = f"upload-{area}"
    tickets: list[str] = st.session_state.setdefault(f"tickets-{area}", [])

    def arrived() -> None:
        for film in news(st.session_state[key].get("arrived"), tickets):
            take(film)

    data = {"area": area, "title": title, "url": ROUTE, "accept": _accepted(), "taken": list(tickets)}
    _component()(key=key, data=data, on_arrived_change=arrived)


def news(told: Any, tickets: list[str]) -> list[Arrived]:
    """What the browser tells of films, less what it has told before; their tickets are added to `tickets`.

    The browser repeats itself until it sees its tickets come back, so that no message is lost. What isn't of the
    expected shape is passed over: it comes from outside.
    """
    found = []
    for film in told if isinstance(told, list) else []:
        if not isinstance(film, dict):
            continue
        ticket, upload, name = (film.get(word) for word in ("ticket", "id", "name"))
        if not (isinstance(ticket, str) and isinstance(upload, str) and isinstance(name, str)) or ticket in tickets:
            continue
        tickets.append(ticket)
        found.append(Arrived(upload, name))
    del tickets[:-_MOST_TICKETS]
    return found


@functools.cache
def _component() -> Any:
    here = Path(__file__)
    css, js = (here.with_suffix(ending).read_text(encoding="utf-8") for ending in (".css", ".js"))
    return st.components.v2.component("moodgate_upload", html=_HTML, css=css, js=js)


@functools.cache
def _accepted() -> str:
    return ",".join(["video/*", "image/gif", *sorted(FILM_ENDINGS)])
