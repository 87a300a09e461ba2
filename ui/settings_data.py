"""The data: what is past its time, all of it as files, the sample stores taken away."""

import tempfile
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from fer_core import queries
from fer_core.errors import MoodgateError, OutputError
from fer_core.queries import Filter
from fer_core.store import Store
from server import forgetting
from ui import account, resources, settings_receipts
from ui.audit import actor, later, note
from ui.notices import sentence
from ui.plain import counted, escape
from ui.recomputing import latest, progress
from ui.settings_common import change

EVERYTHING = Filter(voided=True)
TABLES = ("visits", "appearances", "hourly")
MOST_EXPORTED = 250_000
"""Visits in one download. More: larger downloads; the server holds the packed file in memory (450 bytes a visit)."""
_FORMATS = ("Parquet, in folders by store and day", "CSV, a file for each table")


def show() -> None:
    """Draw the tab."""
    _retention()
    if account.may("purge"):
        settings_receipts.show()
    _export()
    _sample()


def _retention() -> None:
    st.subheader("Retention", anchor=False)
    limits = [(name, resources.ask("store", name)["retention_days"]) for name in map(str, resources.stores()["store"])]
    limited = [(name, days) for name, days in limits if days]
    if not limited:
        st.info(
            "All stores keep their visits for ever. Set a number of days in the tab “Stores”.", icon=":material/all_inclusive:"
        )
        return
    frame = pd.DataFrame(
        {"Store": [name for name, _ in limited], "Keeps visits for": [counted(int(d), "day") for _, d in limited]}
    )
    st.dataframe(frame, hide_index=True, key="retention_table", alt="How long stores keep their visits")
    st.caption("What is past its time goes by itself within a day; here it can go now. Visits go with everything of theirs.")
    st.button("Delete now what is past its time", key="purge", icon=":material/auto_delete:", on_click=_purge)
    progress("purge", "", purged)


def purged(result: dict[str, Any]) -> str:
    """What a retention deleted, in a sentence."""
    deleted: dict[str, int] = result.get("deleted", {})
    words = {"visits": "visit", "appearances": "appearance", "footage": "film record", "corrections": "correction"}
    said = [counted(deleted.get(table, 0), word) for table, word in words.items()]
    if not any(deleted.values()):
        return "Nothing was past its time."
    said += [counted(deleted["tallies"], "sum by hour", "sums by hour")] if deleted.get("tallies") else []
    return f"Deleted: {', '.join(said)}."


def _purge() -> None:
    try:
        job = latest("purge", "")
        if job is None or not job.active:
            resources.services().jobs.submit("purge", "", "Delete what is past its time", {"by": actor()})
    except MoodgateError as error:
        st.error(sentence(error))


# ---- export


def _export() -> None:
    st.subheader("Export of everything", anchor=False)
    n = resources.ask("count", EVERYTHING)
    if not n:
        st.info("There is nothing to export yet.", icon=":material/inventory_2:")
        return
    parquet = st.radio("Format", _FORMATS, key="export_format") == _FORMATS[0]
    st.caption(f"{counted(n, 'visit')}, with all appearances. In the sums by hour, hours of few visits show their number only.")
    with st.container(horizontal=True):
        if n <= MOST_EXPORTED:
            _download(parquet)
        here = st.button("Write to a folder on the server", key="export_folder", icon=":material/folder:")
    if n > MOST_EXPORTED:
        st.caption(f"A download holds {MOST_EXPORTED:,} visits at most; the folder holds any number.")
    if here:
        _write(parquet)


def _download(parquet: bool) -> None:
    st.download_button(
        "Download all",
        _deferred(parquet_zip if parquet else csv_zip, later("export.all", detail={"as": "download"})),
        file_name=f"moodgate-{'parquet' if parquet else 'csv'}.zip",
        mime="application/zip",
        key="export_all",
        icon=":material/download:",
        on_click="ignore",
    )


def _write(parquet: bool) -> None:
    """Into a new folder beside the database, with progress; it is whole or not there at all."""
    bar = st.progress(0.0, text="Writing")
    try:
        note("export.all", detail={"as": "folder"})
        folder = written(resources.store(), resources.services().folder / "exports", parquet, lambda done: _show(bar, done))
    except MoodgateError as error:
        st.error(sentence(error))
    else:
        st.success(escape(f"Everything is in {folder}"), icon=":material/folder:")
    bar.empty()


def _show(bar: Any, done: float) -> None:
    bar.progress(done)


def written(store: Store, exports: Path, parquet: bool, tell: Callable[[float], None]) -> Path:
    """The new folder with everything in it; tell hears the share that is done (0 to 1). OutputError."""
    folder = exports / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}-{'parquet' if parquet else 'csv'}"
    try:
        exports.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{exports}: can't be made ({error.strerror})") from error

    def share(done: int, total: int) -> None:
        tell(done / max(total, 1))

    if parquet:
        queries.export_all(store, folder, EVERYTHING, tell=share)
    else:
        folder.mkdir(exist_ok=True)
        for done, table in enumerate(TABLES, 1):
            queries.export(store, table, folder / f"{table}.csv", EVERYTHING)
            share(done, len(TABLES))
    return folder


def _deferred(make: Callable[[Store, Path], Path], noted: Callable[[], None]) -> Callable[[], bytes]:
    store = resources.store()

    def made() -> bytes:
        noted()
        with tempfile.TemporaryDirectory(prefix="moodgate-export-") as folder:
            return make(store, Path(folder)).read_bytes()

    return made


def parquet_zip(store: Store, folder: Path) -> Path:
    """Everything as Parquet, visits, appearances and series in folders by store and day, packed: the archive in `folder`."""
    queries.export_all(store, folder / "all", EVERYTHING)
    return _packed(folder, folder / "all")


def csv_zip(store: Store, folder: Path) -> Path:
    """The tables as CSV, packed: the archive in `folder`."""
    tables = folder / "tables"
    tables.mkdir()
    for table in TABLES:
        queries.export(store, table, tables / f"{table}.csv", EVERYTHING)
    return _packed(folder, tables)


def _packed(folder: Path, source: Path) -> Path:
    archive = folder / "all.zip"
    # Parquet is packed already; text shrinks to a fifth
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for path in sorted(source.rglob("*")):
            if path.is_file():
                packed.write(path, path.relative_to(source))
    return archive


# ---- sample stores


def _sample() -> None:
    st.subheader("Sample data", anchor=False)
    known = resources.stores()
    names = [str(name) for name in known[known["is_sample"]]["store"]]
    if not names:
        st.caption("There is no sample store here. The page “Analyse footage” makes one.")
        return
    st.caption(f"Made up, with no real person in it: {escape(', '.join(names))}.")
    sure = st.checkbox("Yes, remove all of it", key="sample_sure")
    if st.button("Remove the sample data", key="sample_remove", icon=":material/delete:"):
        if not sure:
            st.error("Tick the box first: the sample data will be gone.")
            return
        change(lambda: _remove(names), f"{counted(len(names), 'sample store')} removed.")


def _remove(names: list[str]) -> None:
    for name in names:
        forgetting.forget_store(resources.services(), name, actor())
