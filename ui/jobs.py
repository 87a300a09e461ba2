"""The background jobs as a page shows them: the running one, the queue, the history. Their state is the server's."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import streamlit as st

from fer_core.errors import InputError
from server.jobs import Job, JobError
from server.reviewing import uploaded_films
from server.services import Services
from ui import address
from ui.notices import leave, sentence
from ui.plain import counted, day_and_time, duration, escape

_EVERY = "1s"
_HISTORY = 20
_OUTCOMES = {"done": ("✓", "Done"), "failed": ("✗", "Failed"), "cancelled": ("–", "Cancelled")}


def job_list(services: Services) -> None:
    """Draw the jobs. While one waits or runs the list draws itself anew every second, and the page once when all is done."""
    busy = any(job.active for job in services.jobs.list())
    st.fragment(_draw, run_every=_EVERY if busy else None)(services, busy)


def _draw(services: Services, was_busy: bool) -> None:
    jobs = services.jobs.list()
    active = [job for job in jobs if job.active]
    if was_busy != bool(active):
        st.rerun()  # the timer begins or ends, and the page's other parts follow
    running = [job for job in active if job.state == "running"]
    queue = sorted((job for job in active if job.state == "queued"), key=lambda job: job.created_at)
    for job in running:
        _running(services, job)
    for place, job in enumerate(queue, 1):
        _queued(services, job, place)
    ended = [job for job in jobs if not job.active]
    if active and ended:
        st.subheader("Earlier", anchor=False)
    for job in ended[:_HISTORY]:
        _ended(services, job)
    if len(ended) > _HISTORY:
        st.caption(f"The latest {_HISTORY} are shown.")
    if not jobs:
        st.info("Nothing has been analysed yet. Choose films above, or try it with the sample day.", icon=":material/movie:")


def _running(services: Services, job: Job) -> None:
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{escape(job.title)}**", width="stretch")
            st.button(
                "Cancel",
                key=f"cancel-{job.id}",
                disabled=job.stage == "stopping",
                on_click=services.jobs.cancel,
                args=(job.id,),
            )
        st.progress(min(max(job.share or 0.0, 0.0), 1.0), text=escape(progress_words(job)))


def _queued(services: Services, job: Job, place: int) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{escape(job.title)}**  \nWaits, number {place} in the queue", width="stretch")
        st.button("Cancel", key=f"cancel-{job.id}", on_click=services.jobs.cancel, args=(job.id,))


def progress_words(job: Job) -> str:
    """How far a running job is: entrance film 1 of 2 · 45 % · 3.2 × speed · 2 min left."""
    words = [job.stage[:1].upper() + job.stage[1:]]
    if job.share is not None:
        words.append(f"{job.share:.0%}".replace("%", " %"))
    if job.speed is not None:
        words.append(f"{job.speed:.1f} × speed")
    if job.left_s is not None:
        words.append(f"{duration(max(job.left_s, 1.0))} left")
    return " · ".join(words)


# ---- history --------------------------------------------------------------------------------------------------------


def _ended(services: Services, job: Job) -> None:
    sign, word = _OUTCOMES[job.state]
    when = day_and_time(job.finished_at, st.context.timezone or "UTC")
    brought = f"  \n{escape(outcome(job))}" if job.state == "done" else ""
    with st.container(border=True, gap="small"):
        st.markdown(f"**{escape(job.title)}**  \n{sign} {word} · {escape(when)}{brought}")
        if job.state == "failed" and job.error:
            st.error(sentence(JobError(job.error)), icon=":material/error:")
        for warning in job.result.get("warnings", []):
            st.warning(sentence(JobError(warning)), icon=":material/warning:")
        _actions(services, job)


def outcome(job: Job) -> str:
    """What a finished job brought, in a sentence; counts only, so that few visits tell nothing of anybody."""
    found = job.result
    if "tallied_entries" in found and not found.get("embedder"):
        return f"Sums only: {found['tallied_entries']:,} came and {found['tallied_exits']:,} left."
    visits = counted(int(found.get("visits", 0)), "visit")
    if "entries" not in found:
        return f"{visits}." if "visits" in found else "Finished."
    if not found["entries"] or not found["exits"]:
        return f"{visits}: {_nobody(found)}"
    unclear = sum(found[f"{word}_{role}"] for word in ("ambiguous", "unusable") for role in ("entries", "exits"))
    more = f" {counted(unclear, 'appearance')} could not be told apart or had no usable picture." if unclear else ""
    return (
        f"{visits}. {found['entries']:,} came and {found['exits']:,} left; without a partner: "
        f"{counted(found['unmatched_entries'], 'entrance')}, {counted(found['unmatched_exits'], 'exit')}.{more}"
    )


def _nobody(found: Mapping[str, Any]) -> str:
    if found["entries"] == found["exits"]:
        return "no usable face was seen in the films."
    if found["entries"]:
        return f"{found['entries']:,} came, and no usable face was seen in the exit films."
    return f"{found['exits']:,} left, and no usable face was seen in the entrance films."


def _actions(services: Services, job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if job.state == "done" and job.store and job.result.get("visits"):
            st.page_link("pages/visits.py", label="Show the visits", icon=":material/groups:", query_params=visits_of(job))
        if job.state in ("failed", "cancelled"):
            st.button("Try again", key=f"retry-{job.id}", on_click=services.jobs.retry, args=(job.id,))
        kept = uploaded_films(services.uploads, job.payload)
        if kept:
            label = f"Delete {counted(len(kept), 'uploaded film')}"
            st.button(label, key=f"forget-{job.id}", type="tertiary", on_click=_forget, args=(services, job))


def visits_of(job: Job) -> dict[str, list[str]]:
    """The shared filters, as the address writes them, that show this job's visits."""
    first, last = job.result.get("first"), job.result.get("last")
    chosen = dict(address.DEFAULTS) | {"period": "all", "stores": [job.store]}
    if first and last:
        chosen |= {"period": "custom", "from": date.fromisoformat(first), "to": date.fromisoformat(last)}
    return address.written(chosen)


def _forget(services: Services, job: Job) -> None:
    try:
        services.discard_films(job.id)
    except InputError as error:
        leave(str(error))
