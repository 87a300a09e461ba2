"""A chart's data as a file. (The chart itself as a PNG is in the menu that stands above each chart.)"""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from ui.audit import later

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_of(frame: pd.DataFrame) -> bytes:
    """The frame as CSV, UTF-8; a name that a spreadsheet would take for a formula gets an apostrophe before it."""
    text = frame.select_dtypes(["object", "str"]).columns
    safe = frame.assign(**{str(name): [_harmless(cell) for cell in frame[name]] for name in text})
    text_of: str = safe.to_csv(index=False)
    return text_of.encode("utf-8")


def csv_button(frame: pd.DataFrame, name: str, key: str) -> None:
    """A small button that downloads the frame as NAME.csv; what is hidden in the chart is empty in the file, too."""
    st.download_button(
        "CSV",
        data=_noted(frame, name),
        file_name=f"{name}.csv",
        mime="text/csv",
        key=key,
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        disabled=frame.empty,
        help="The chart’s data as a table. A picture (PNG) is in the menu above the chart.",
    )


def _noted(frame: pd.DataFrame, name: str) -> Callable[[], bytes]:
    noted = later("export.chart", subject=name)

    def made() -> bytes:
        noted()
        return csv_of(frame)

    return made


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
