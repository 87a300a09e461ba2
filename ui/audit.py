"""Notes for the audit log, in the name of whoever looks at the page. The page that shows them is `ui.audit_log`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from ui import account, resources

_ONCE = "_noted"


@dataclass(frozen=True)
class Noted:
    """A row to be added once what it tells of is done: see `note`."""

    action: str
    store: str = ""
    subject: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)

    def keep(self) -> None:
        """Add it. Raises what `note` raises."""
        note(self.action, store=self.store, subject=self.subject, detail=self.detail)


def actor() -> str:
    """The name of the signed-in account, for `Store.audit` and deletions. ForbiddenError for nobody."""
    return account.current().name


def note(action: str, *, store: str = "", subject: str = "", detail: Mapping[str, Any] | None = None) -> None:
    """Add a row to the audit log in the name of whoever is signed in; see `Store.audit`.

    Raises OutputError, ForbiddenError.
    """
    resources.store().audit(actor(), action, store=store, subject=subject, detail=detail)


def note_once(action: str, *, store: str = "", subject: str = "") -> None:
    """As `note`; a page that is drawn again and again for the same thing is noted once, until `left`."""
    if st.session_state.get(_ONCE) != (action, store, subject):
        note(action, store=store, subject=subject)
        st.session_state[_ONCE] = (action, store, subject)


def left() -> None:
    """What `note_once` noted is no longer looked at: the next look is noted again."""
    st.session_state.pop(_ONCE, None)


def later(action: str, *, store: str = "", subject: str = "", detail: Mapping[str, Any] | None = None) -> Callable[[], None]:
    """As `note`, to be called when a download is asked for: that is done by a thread which knows of no page."""
    opened, who = resources.store(), actor()

    def noted() -> None:
        opened.audit(who, action, store=store, subject=subject, detail=detail)

    return noted
