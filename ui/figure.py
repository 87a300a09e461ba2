"""A chart on a page: its heading, the sentence that says what is seen, and its data to download."""

from typing import Any

import pandas as pd
import streamlit as st

from ui.charts import Chart
from ui.downloads import csv_button
from ui.plain import escape


def figure(
    title: str, chart: Chart, sentence: str, frame: pd.DataFrame, name: str, *, key: str = "", brush: str = "", hint: str = "",
    table: bool = False,
) -> None:  # fmt: skip
    """Draw the chart with everything around it; where the frame is empty, the sentence alone.

    name: of the file to download, without its ending. With a brush (one of the names in `ui.charts`) what is selected in
    the chart is kept in the session under the key. hint: how to read or use the chart, behind a question mark. table: the
    frame stands under the chart as well, for keyboards and screen readers.
    """
    with st.container(border=True, height="stretch", key=f"figure_{name}"):
        st.subheader(title, anchor=False, help=hint or None)
        if frame.empty:
            st.info(escape(sentence), icon=":material/search_off:")
            return
        selecting: dict[str, Any] = {"on_select": "rerun", "selection_mode": brush} if brush else {}
        st.altair_chart(chart, key=key or f"chart_{name}", width="stretch", alt=f"{title}. {sentence}", **selecting)
        with st.container(horizontal=True, wrap=False, vertical_alignment="center"):
            st.caption(escape(sentence), width="stretch")
            csv_button(frame, f"moodgate-{name}", f"csv_{name}")
        if table:
            with st.expander("The numbers as a table"):
                st.dataframe(frame, hide_index=True, width="stretch", key=f"table_{name}")
