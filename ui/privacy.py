"""The page Privacy: where a store lies, its notice with sign and record, and the documents."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import streamlit as st

from fer_core.notices import REGIONS
from ui import account, audit, opt_out, privacy_documents, privacy_notice, privacy_record, resources, settings_receipts
from ui.notices import tell
from ui.places import SETTINGS
from ui.privacy_common import Chosen, chosen_store, region_words
from ui.settings_common import change, choose_store

TABS: Mapping[str, Callable[[Chosen], None]] = MappingProxyType(
    {
        "Notice": privacy_notice.show,
        "Record": privacy_record.show,
        "Opt-out": opt_out.show,
        "Deletions": lambda _chosen: settings_receipts.show(),
        "Documents": privacy_documents.show,
    }
)
_WIDTH = 900
"""Pixels, as in the settings."""


def show() -> None:
    """Draw the page."""
    tell()
    st.title("Privacy", anchor=False)
    with st.container(width=_WIDTH):
        if resources.stores().empty:
            st.info("There is no store yet. Make the first one on the page Settings.", icon=":material/storefront:")
            account.link(SETTINGS)
            settings_receipts.show()  # that of the last store, too
            return
        name = choose_store()
        if name is None:
            return
        chosen = chosen_store(name)
        _region(chosen)
        for tab, draw in zip(st.tabs(list(TABS), key="privacy_tab", bind="query-params"), TABS.values(), strict=True):
            if tab.open:
                with tab:
                    draw(chosen)


def _region(chosen: Chosen) -> None:
    names = list(REGIONS)
    index = names.index(chosen.region) if chosen.region in REGIONS else 0
    picked = st.selectbox(
        "Region", names, index, lambda key: REGIONS[key].title, key=f"region_{chosen.store_id}",
        help="Where the store is. It decides whether visitors must be told before films are analysed.",
    )  # fmt: skip
    if picked != chosen.region:
        change(lambda: _set_region(chosen, picked), f"The region of {chosen.name} is saved.")
    st.caption(region_words(picked, is_sample=chosen.is_sample))


def _set_region(chosen: Chosen, region: str) -> None:
    resources.store().put_region(chosen.name, region)
    audit.note("notice.region", store=chosen.name, detail={"region": region})
