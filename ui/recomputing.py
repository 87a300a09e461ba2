"""The progress of a store's latest background job of one kind, drawn anew every second while it runs."""

from collections.abc import Callable

import streamlit as st

from server.job import Job, Json
from ui import resources
from ui.jobs import progress_words
from ui.plain import escape

_ENDS = {"failed": st.error, "cancelled": st.warning, "done": st.success}


def latest(kind: str, store: str) -> Job | None:
    """The newest job of that kind and store, or None."""
    jobs = resources.services().jobs.list()
    return next((job for job in jobs if job.kind == kind and job.store == store), None)


def progress(kind: str, store: str, brought: Callable[[Json], str]) -> None:
    """Draw it; nothing where there was none. When it ends, the whole page is drawn once more.

    brought says what a finished job did, from its result: one sentence.
    """
    job = latest(kind, store)
    if job is not None:
        st.fragment(_draw, run_every="1s" if job.active else None)(kind, store, brought, job.active)


def _draw(kind: str, store: str, brought: Callable[[Json], str], was_active: bool) -> None:
    job = latest(kind, store)
    if job is None:
        return
    if was_active and not job.active:
        st.rerun()
    if job.active:
        st.progress(
            min(max(job.share or 0.0, 0.0), 1.0), text=escape(progress_words(job) if job.stage else "Waits in the queue")
        )
        st.button("Cancel", key=f"cancel_{job.id}", on_click=resources.services().jobs.cancel, args=(job.id,))
    else:
        _ENDS[job.state](escape(ending(job, brought)))


def ending(job: Job, brought: Callable[[Json], str]) -> str:
    """How a job ended, in a sentence."""
    if job.state == "done":
        return brought(job.result)
    if job.state == "cancelled":
        return "Cancelled: nothing was changed."
    return f"It failed: {job.error or 'no cause is known'}."
