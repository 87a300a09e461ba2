"""Training runs on the page: those at work with live curves, those that ended with what they brought."""

from collections.abc import Callable

import streamlit as st

from fer_core.errors import InputError
from server import runs, training
from server.job import Job
from server.jobs import JobError
from server.runs import MODELS, Run
from server.services import Services
from ui.jobs import progress_words
from ui.model_training_charts import accuracy_chart, curve_frame, head_word, loss_chart
from ui.notices import leave, sentence
from ui.plain import DASH, counted, day_and_time, escape, percent

_EVERY = "2s"
_MOST_SHOWN = 30


# ---- at work --------------------------------------------------------------------------------------------------------


def at_work(services: Services) -> None:
    """Draw the runs that are trained or wait for it, anew every two seconds; and the page once when one ends."""
    active = _active(services)
    if active:
        st.fragment(_work, run_every=_EVERY)(services, [job.id for job in active])


def _active(services: Services) -> list[Job]:
    """Trainings that run or wait, in the order in which they are done."""
    jobs = [job for job in services.jobs.list(limit=None) if job.active and job.kind == training.KIND]
    return sorted(jobs, key=lambda job: (job.state != "running", job.created_at))


def _work(services: Services, drawn: list[str]) -> None:
    active = _active(services)
    if [job.id for job in active] != drawn:
        st.rerun()
    for job in active:
        _working(services, job)


def _working(services: Services, job: Job) -> None:
    name = str(job.payload.get("name", ""))
    run = runs.read(services.folder / MODELS / name)
    with st.container(border=True, gap="small", key=f"work-{job.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{escape(name)}**  \n:small[{escape(_origin(job))}]", width="stretch")
            stopping = job.stage == "stopping"
            st.button("Stop", key=f"stop-{job.id}", disabled=stopping, on_click=services.jobs.cancel, args=(job.id,))
        share = job.share if job.share is not None else (run.done / run.epochs if run.epochs else 0.0)
        st.progress(min(max(share, 0.0), 1.0), text=escape(_words(services, job, run)))
        if run.curve:
            curves(run, f"work-{job.id}")
        elif job.state == "running":
            st.caption("The curves begin when the first epoch ends.")


def _origin(job: Job) -> str:
    start = "from our own model" if job.payload.get("base") == "moodgate" else "from scratch"
    return f"on {job.payload.get('set_name') or job.payload.get('data')}, {start}"


def _words(services: Services, job: Job, run: Run) -> str:
    if job.state == "running":
        return progress_words(job)
    done = f"; {counted(run.done, 'epoch')} of {run.epochs} done" if run.done else ""
    busy = any(other.state == "running" for other in services.jobs.list() if other.id != job.id)
    return f"Waits until other work is done{done}" if busy else f"Begins in a moment{done}"


def curves(run: Run, key: str) -> None:
    """Both curves of a run, side by side where there is room."""
    frame = curve_frame(run.curve)
    last = run.curve[-1]
    loss, right = st.columns(2)
    with loss:
        st.markdown(":small[**Loss**: how far off the answers are]")
        said = f"Loss by epoch, lastly {last.get('loss', DASH)}"
        st.altair_chart(loss_chart(frame, run.epochs), width="stretch", key=f"loss-{key}", alt=said)
    with right:
        st.markdown(":small[**Held-back pictures** read rightly]")
        said = "Accuracy on the pictures held back by epoch, lastly " + ", ".join(f"{w} {v}" for w, v in figures(run))
        st.altair_chart(accuracy_chart(frame, run.epochs), width="stretch", key=f"accuracy-{key}", alt=said)


def figures(run: Run) -> list[tuple[str, str]]:
    """What each head's answers are held against, and the share of the held-back pictures it reads rightly: of a finished
    run those of its averaged weights, which are the model's."""
    told = run.report if run.finished else (run.curve[-1] if run.curve else {})
    heads = {key.removeprefix("held_"): value for key, value in told.items() if key.startswith("held_") and key != "held_back"}
    return [(head_word(head), percent(value / 100)) for head, value in heads.items()]


# ---- ended ----------------------------------------------------------------------------------------------------------


def ended(services: Services) -> None:
    """Draw the runs that are not at work: finished, stopped, failed."""
    busy = {str(job.payload.get("name")) for job in _active(services)}
    found = [run for run in runs.all_runs(services.folder) if run.name not in busy]
    if not found:
        return
    st.subheader("Trained models and stopped runs", anchor=False)
    for run in found[:_MOST_SHOWN]:
        with st.container(border=True, gap="small", key=f"run-{run.name}"):
            _finished(services, run) if run.finished else _stopped(services, run)
    if len(found) > _MOST_SHOWN:
        st.caption(f"The latest {_MOST_SHOWN} are shown.")


def _finished(services: Services, run: Run) -> None:
    when = day_and_time(run.changed_at, st.context.timezone or "UTC")
    st.markdown(f"**{escape(run.name)}**  \n✓ Finished · {escape(when)}{_on(run)}")
    with st.container(horizontal=True, gap="medium"):
        for word, value in figures(run):
            st.metric(f"Right, by {word}", value, width="content")
        st.metric("Size", f"{run.model.stat().st_size / 1e6:.1f} MB", width="content")
    held = run.report.get("held_back")
    if held:
        st.caption(f"On {counted(int(held), 'picture')} that were held back from the training and not learnt from.")
    with st.expander("Curves", icon=":material/show_chart:"):
        curves(run, f"run-{run.name}")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Download model.onnx", run.model.read_bytes, f"{run.name}.onnx", "application/octet-stream",
            key=f"download-{run.name}", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        _deleting(services, run)


def _stopped(services: Services, run: Run) -> None:
    job = training.job_of(services, run.name)
    of = f" {run.done} of {run.epochs}" if run.epochs else ""
    word = "✗ Failed" if job and job.state == "failed" else "– Stopped"
    st.markdown(f"**{escape(run.name)}**  \n{word} {'after epoch' + of if run.done else 'before the first epoch'}{_on(run)}")
    if job and job.state == "failed" and job.error:
        st.error(sentence(JobError(job.error)), icon=":material/error:")
    if run.curve:
        with st.expander("Curves", icon=":material/show_chart:"):
            curves(run, f"run-{run.name}")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Continue", key=f"continue-{run.name}", icon=":material/resume:", on_click=_doing(training.resume, services, run)
        )
        _deleting(services, run)


def _on(run: Run) -> str:
    if run.asked is None:
        return ""
    start = "our own model" if run.asked.base == "moodgate" else "scratch"
    said = f"on {run.asked.set_name or run.asked.data}, from {start}, {counted(run.epochs, 'epoch')}"
    return f"  \n:small[{escape(said)}]"


def _deleting(services: Services, run: Run) -> None:
    with st.popover("Delete", icon=":material/delete:", type="tertiary"):
        st.write("The model and all that its training left will be gone." if run.finished else "All of it will be gone.")
        st.button("Yes, delete it", key=f"run-delete-{run.name}", on_click=_doing(training.discard, services, run.name))


def _doing(act: Callable[..., object], *arguments: object) -> Callable[[], None]:
    """The act as a button's callback; what speaks against it is said in the next run."""

    def do() -> None:
        try:
            act(*arguments)
        except InputError as error:
            leave(str(error))

    return do
