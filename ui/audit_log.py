"""The page Audit: the log of who did what, filtered and in pages, verified, and taken away as CSV."""

from datetime import date

import pandas as pd
import streamlit as st

from fer_core import queries
from fer_core.errors import MoodgateError
from fer_core.queries import AuditFilter
from fer_core.store import audit
from fer_core.store.audit import ACTIONS, Verdict
from ui import resources
from ui.audit import later, note
from ui.downloads import csv_of
from ui.notices import sentence
from ui.plain import counted, escape

SIZES = (50, 100, 250, 500)
MOST_EXPORTED = 200_000
"""Rows in one CSV file. More: larger files, held in the server's memory (500 bytes a row)."""


def show() -> None:
    """Draw the page."""
    st.title("Audit", anchor=False)
    st.markdown(
        "Who looked at visits, exported, deleted or changed something, and when. Rows are only ever added, and each carries "
        "the hash of the one before: what is changed or taken out later is found."
    )
    _verification()
    actions, stores = queries.audit_choices(resources.store())
    if not actions:
        st.info("Nothing has been noted yet. The first change, export or look at a visit will be.", icon=":material/history:")
        return
    chosen = _filters(actions, stores)
    if chosen is None:
        return
    _log(chosen)


def _verification() -> None:
    with st.container(border=True):
        st.subheader("Is it whole?", anchor=False)
        st.caption("The same is done by the command: python -m fer_core audit verify")
        if st.button("Verify the log", key="audit_verify", icon=":material/verified:", type="primary"):
            try:
                found = audit.verify(resources.store())
                note("audit.verify", detail={"ok": found.ok, "rows": found.rows})
            except MoodgateError as error:
                st.error(sentence(error))
                return
            _verdict(found)


def _verdict(found: Verdict) -> None:
    if found.ok:
        st.success(escape(found.sentence), icon=":material/check_circle:")
    else:
        st.error("**The audit log is broken.**", icon=":material/gpp_bad:")
        st.markdown("\n".join(f"- {escape(one[:1].upper() + one[1:])}" for one in found.broken))
    for one in found.notes:
        st.info(escape(one), icon=":material/info:")
    st.caption("The hash of its last row. Written down elsewhere, it proves later that nothing before it was changed:")
    st.code(found.hash, language=None, wrap_lines=True)


def _filters(actions: tuple[str, ...], stores: tuple[str, ...]) -> AuditFilter | None:
    """What the page's own filters choose; None, and a sentence, for days in the wrong order."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        done = st.multiselect("What was done", actions, key="audit_actions", format_func=words, width=270)
        where = st.multiselect("Store", stores, key="audit_stores", width=190)
        first = st.date_input("From (UTC)", None, key="audit_first", format="DD/MM/YYYY", width=135)
        last = st.date_input("To (UTC)", None, key="audit_last", format="DD/MM/YYYY", width=135)
    if isinstance(first, date) and isinstance(last, date) and last < first:
        st.error("The period ends before it begins: choose a later end.")
        return None
    return AuditFilter(tuple(done), tuple(where), first, last)


def _log(chosen: AuditFilter) -> None:
    n = queries.audit_count(resources.store(), chosen)
    if not n:
        st.info("No row of the log fits the filters.", icon=":material/filter_alt_off:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        size = st.selectbox("Rows a page", SIZES, key="audit_size", width=110)
        _download(chosen, n)
    pages = -(-n // size)
    page = min(int(st.session_state.get("audit_page", 1) or 1), pages)
    frame = queries.audit_page(resources.store(), chosen, (page - 1) * size, size)
    first = (page - 1) * size + 1
    st.caption(f"Rows {first:,} to {first + len(frame) - 1:,} of {n:,}, the newest first. Times are UTC.")
    st.dataframe(table_of(frame), hide_index=True, key="audit_table", alt="The rows of the audit log that fit the filters")
    if pages > 1:
        st.pagination(pages, key="audit_page", persist_state="page", max_visible_pages=7)


def words(action: str) -> str:
    """An action for people; one nobody has words for as it is called."""
    return ACTIONS.get(action, action)


def table_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of `queries.audit_page` for people."""
    rows = [
        {
            "No.": row["seq"], "When": f"{row['at']:%Y-%m-%d %H:%M:%S}", "Who": row["actor"], "Did what": words(row["action"]),
            "Store": row["store"], "Of what": row["subject"], "Particulars": "" if row["detail"] == "{}" else row["detail"],
        }
        for row in frame.to_dict("records")
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _download(chosen: AuditFilter, n: int) -> None:
    if n > MOST_EXPORTED:
        st.caption(f"At most {counted(MOST_EXPORTED, 'row')} fit a CSV: narrow the filters.")
        return
    store, noted = resources.store(), later("export.audit", detail={"rows": n})

    def made() -> bytes:
        noted()
        return csv_of(queries.audit_page(store, chosen, 0, MOST_EXPORTED))

    st.download_button(
        "These rows as CSV", made, "audit.csv", "text/csv", key="audit_csv", icon=":material/download:", on_click="ignore",
        help="Every row that fits the filters, with its hash. The export is noted, too.",
    )  # fmt: skip
