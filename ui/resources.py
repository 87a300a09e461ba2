"""What all sessions share: the open database, the jobs, the uploads, and the answers to questions.

An answer is kept under the question, its filter, what who asks may read, the database's path and its version, so that it
is never older than the last write, and never somebody else's.
"""

from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

import server.services
from fer_core import queries
from fer_core.queries import By, Filter, Grain, Summary, scope_of
from fer_core.store import Store
from server.guard import guarded
from ui import account


def services() -> server.services.Services:
    """The process's services for its data folder, opened at first use; as far as who looks at this page may use them.

    Raises StoreError or OutputError where the database can't be opened; the frame says so before any page is drawn.
    """
    opened, who = server.services.services(), account.asker()
    return guarded(opened, who) if opened.accounts.exist() or not account.from_here() else opened


def store() -> Store:
    """The open database, the same for all sessions and threads."""
    return services().store


def live() -> Any:
    """The live days and cameras of this process (`server.live_days.LiveDays`), as far as who looks may see them."""
    return services().live


def watchers() -> Any:
    """What reads cameras in this process (`server.watchers.Watchers`), as far as who looks may use it."""
    return services().watchers


def ask(question: str, *arguments: Any) -> Any:
    """`queries.<question>(store, *arguments)`, from the cache where nothing was written since.

    arguments are plain hashable values and Filters. The answer is the caller's own copy.
    """
    opened = store()
    return _answer(question, str(opened.path), opened.version(), scope_of(opened).key, arguments)


@st.cache_data(ttl=3600, max_entries=300, show_spinner=False)
def _answer(question: str, path: str, version: int, scope: str, arguments: tuple[Any, ...]) -> Any:
    return getattr(queries, question)(store(), *arguments)


def ask_now(question: str, *arguments: Any) -> Any:
    """As `ask`, of questions whose arguments are other ones every few seconds: the answers are kept that long only."""
    opened = store()
    return _answer_now(question, str(opened.path), opened.version(), scope_of(opened).key, arguments)


@st.cache_data(ttl=10, max_entries=100, show_spinner=False)
def _answer_now(question: str, path: str, version: int, scope: str, arguments: tuple[Any, ...]) -> Any:
    return getattr(queries, question)(store(), *arguments)


def stores() -> pd.DataFrame:
    """All stores by name: store, time_zone, is_sample."""
    found: pd.DataFrame = ask("stores")
    return found


def doors(chosen: tuple[str, ...] = ()) -> list[str]:
    """The names of the doors of these stores (all where none is given), each once, without the nameless one."""
    found = ask("doors", chosen)
    return sorted({str(door) for door in found["door"] if door})


def span(stores: tuple[str, ...] = ()) -> tuple[date, date] | None:
    """The first and last day with a visit of these stores, all of them where none is named."""
    found: tuple[date, date] | None = ask("span", stores)
    return found


def summary(filter: Filter) -> Summary:
    """`queries.summary`"""
    found: Summary = ask("summary", filter)
    return found


def trend(filter: Filter, grain: Grain, by: By | None = None) -> pd.DataFrame:
    """`queries.trend`"""
    return _frame("trend", filter, grain, by)


def heat(filter: Filter) -> pd.DataFrame:
    """`queries.heat`"""
    return _frame("heat", filter)


def mix(filter: Filter) -> pd.DataFrame:
    """`queries.mix`"""
    return _frame("mix", filter)


def by_dwell(filter: Filter) -> pd.DataFrame:
    """`queries.by_dwell`"""
    return _frame("by_dwell", filter)


def groups(filter: Filter, by: By) -> pd.DataFrame:
    """`queries.groups`"""
    return _frame("groups", filter, by)


def _frame(question: str, *arguments: Any) -> pd.DataFrame:
    found: pd.DataFrame = ask(question, *arguments)
    return found


def attention(filter: Filter) -> pd.DataFrame:
    """What somebody should look at, as `queries.attention`; at most ten seconds old, for failed jobs change no version."""
    opened = store()
    found: pd.DataFrame = _attention(str(opened.path), opened.version(), scope_of(opened).key, filter)
    return found


@st.cache_data(ttl=10, max_entries=50, show_spinner=False)
def _attention(path: str, version: int, scope: str, filter: Filter) -> pd.DataFrame:
    return queries.attention(store(), filter)


def is_sample(filter: Filter) -> bool:
    """Whether the filter shows made-up data of a sample store."""
    known = stores()
    shown = known[known["store"].isin(filter.stores)] if filter.stores else known
    return bool(shown["is_sample"].any())
