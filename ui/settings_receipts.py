"""Receipts of deletions: what went, whether its bytes are gone, and files that belong to nobody."""

import pandas as pd
import streamlit as st

from fer_core.store import receipts
from fer_core.store.receipts import WORDS, Receipt
from ui import resources
from ui.plain import counted, escape

_MOST = 20


def show() -> None:
    """Draw them, the newest first."""
    st.subheader("Receipts of deletions", anchor=False)
    found = receipts.latest(resources.store().path, _MOST)
    if not found:
        st.info("Nothing has been deleted yet. Each deletion leaves a receipt here.", icon=":material/receipt_long:")
        return
    st.dataframe(table_of(found), hide_index=True, key="receipts_table", alt="The latest deletions")
    titles = {receipt.key: title(receipt) for receipt in found}
    chosen = st.selectbox("Receipt", list(titles), format_func=lambda key: titles.get(key, key), key="receipt_chosen")
    _one(next(receipt for receipt in found if receipt.key == chosen))
    st.caption("All of them lie in the folder receipts beside the database, as JSON and as text.")


def title(receipt: Receipt) -> str:
    """A receipt in a select box."""
    return f"{_when(receipt)}, {', '.join(receipt.stores) or 'no store'}: {receipt.key}"


def table_of(found: list[Receipt]) -> pd.DataFrame:
    """The receipts, a row each."""
    rows = [
        {
            "When (UTC)": _when(one), "What": WORDS[one.what], "Stores": ", ".join(one.stores), "By": one.actor,
            "Visits deleted": one.gone.get("visits", 0), "File written anew": "✓ yes" if one.rewritten else "✗ not yet",
        }
        for one in found
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _one(receipt: Receipt) -> None:
    n = sum(len(names) for names in receipt.files.found.values())
    if n:
        said = f"{counted(n, 'file')} or folders without an owner were found; the receipt names them."
        st.warning(escape(said), icon=":material/folder_off:")
    st.code(receipt.text(), language=None, wrap_lines=True)
    st.download_button(
        "This receipt as text", receipt.text(), f"{receipt.name}.txt", "text/plain", key="receipt_text",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def _when(receipt: Receipt) -> str:
    return receipt.at[:16].replace("T", " ")
