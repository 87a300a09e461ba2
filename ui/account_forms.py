"""The forms that set or take the cookie: plain HTML, sent to the server's own routes, for a page can set no such cookie."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

import streamlit as st

from server.account_routes import PROBLEMS

_STYLE = """<style>
.mg-form { display: flex; flex-direction: column; gap: .9rem; margin: 0; }
.mg-form label { display: flex; flex-direction: column; gap: .25rem; font-size: .875rem; }
.mg-form input { font: inherit; font-size: 1rem; color: inherit; background: transparent; padding: .5rem .75rem;
  border: 1px solid color-mix(in srgb, currentColor 45%, transparent); border-radius: .5rem; }
.mg-form button { font: inherit; cursor: pointer; padding: .45rem 1rem; border-radius: .5rem; align-self: flex-start; }
.mg-form button.mg-first { color: #fff; background: #0B6E83; border: 1px solid #0B6E83; }
.mg-form button.mg-second { color: inherit; background: transparent;
  border: 1px solid color-mix(in srgb, currentColor 45%, transparent); }
.mg-form button:hover { filter: brightness(1.1); }
.mg-form input:focus-visible, .mg-form button:focus-visible { outline: 3px solid #4DB6C9; outline-offset: 1px; }
</style>"""


class Field(NamedTuple):
    """A field of a form. kind: as HTML calls it; fill: what a password manager may put there.

    name: none that a form or document has itself, such as "name": Streamlit takes those away.
    """

    name: str
    label: str
    kind: str = "text"
    fill: str = "username"


def form(
    route: str, button: str, fields: Sequence[Field] = (), *, first: bool = True, hidden: Mapping[str, str] | None = None
) -> None:
    """Draw a form that is sent to /account/`route`. hidden: values that go with it."""
    inputs = "".join(
        f'<label>{escape(one.label)}<input name="{one.name}" type="{one.kind}" autocomplete="{one.fill}" required '
        f'maxlength="256"></label>'
        for one in fields
    )
    kept = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in (hidden or {}).items())
    kind = "mg-first" if first else "mg-second"
    st.html(
        f'{_STYLE}<form class="mg-form" method="post" action="account/{route}">{inputs}{kept}'
        f'<button type="submit" class="{kind}">{escape(button)}</button></form>'
    )


def problem() -> None:
    """Say what was wrong with the form that was sent; the address holds no more than which of our sentences it is."""
    code = st.query_params.get("problem", "")
    if code not in PROBLEMS:
        return
    wait = st.query_params.get("s", "")
    rest = f" ({int(wait)} s)" if code == "wait" and wait.isascii() and wait.isdigit() and len(wait) < 5 else ""
    st.error(PROBLEMS[code] + rest, icon=":material/error:")
