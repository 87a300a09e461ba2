"""The list of visits: filtered by the frame, sorted and paged by the database, one click from a visit's page."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd
import streamlit as st

from fer_core import queries
from fer_core.queries import Filter
from fer_core.store import Store
from ui import account, audit, filters, resources, theme, visit
from ui.notices import tell
from ui.places import ANALYSE
from ui.plain import DASH, clock, counted, duration, missing, number, percent

SIZES = (25, 50, 100, 250)
MOST_DOWNLOADED = 200_000
"""Visits in one CSV file. More: larger lists at once; the file is held in the server's memory (400 bytes a visit)."""
COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "Came in": "local_at",
        "Review": "verdict",
        "Change": "change",
        "± error": "change_se",
        "Store": "store",
        "Door": "entry_door",
        "At entrance": "entry_valence",
        "At exit": "exit_valence",
        "Stay": "dwell_s",
        "Match": "match_probability",
        "Quality": "quality",
    }
)
"""The list's columns that can be sorted by, and the database's names for them."""


def show() -> None:
    """Draw the page: the list, or the visit that the address names."""
    tell()
    asked = st.query_params.get(visit.VISIT)
    if asked:
        visit.show(asked)
        return
    audit.left()
    st.title("Visits", anchor=False)
    _list(filters.current())


def _list(chosen: Filter) -> None:
    order = _order_bar()
    chosen = replace(chosen, voided=order["voided"])
    n = resources.ask("count", chosen)
    if not n:
        _nothing(chosen)
        return
    pages = -(-n // order["size"])
    page = _page(pages)
    first = (page - 1) * order["size"]
    frame = resources.ask("visits_page", chosen, COLUMNS[order["sort"]], order["descending"], first, order["size"])
    about, button = st.columns([3, 1], vertical_alignment="center")
    about.caption(
        f"Visits {first + 1:,} to {first + len(frame):,} of {n:,}. Click one to open it; click a column’s head to sort by it."
    )
    with button:
        _download(chosen, n)
    _table(frame, order)
    if pages > 1:
        st.pagination(pages, key=_pages_key(), persist_state="page", max_visible_pages=7)


def _order_bar() -> dict[str, Any]:
    keep: dict[str, Any] = {"persist_state": "session", "on_change": _first_page}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        return {
            "sort": st.selectbox("Sort by", list(COLUMNS), key="visits_sort", width=180, **keep),
            "descending": not st.toggle("Lowest or oldest first", key="visits_ascending", **keep),
            "voided": st.toggle("Show void visits", key="visits_voided", **keep),
            "size": st.selectbox("Rows a page", SIZES, index=1, key="visits_size", width=110, **keep),
        }


def _first_page() -> None:
    st.session_state["visits_turned"] = st.session_state.get("visits_turned", 0) + 1


def _pages_key() -> str:
    """The key of the page numbers: another list has other ones, which begin at 1."""
    return f"visits_page_{st.session_state.get('visits_turned', 0)}"


def _page(pages: int) -> int:
    """The chosen page; where a filter left fewer of them, the first."""
    page = int(st.session_state.get(_pages_key(), 1))
    if page <= pages:
        return page
    _first_page()
    return 1


def _nothing(chosen: Filter) -> None:
    if resources.ask("span", ()) is None and not resources.ask("count", Filter(voided=True)):
        st.info("There are no visits yet. Analyse some footage, or run the sample day there.", icon=":material/movie:")
        account.link(ANALYSE)
        return
    st.info(
        "No visit fits the filters. Choose a longer period, or reset the filters in the side bar.",
        icon=":material/filter_alt_off:",
    )


def _table(frame: pd.DataFrame, order: dict[str, Any]) -> None:
    rows = st.session_state.setdefault("visits_drawn", 0)  # another key forgets the click on the head of a column
    key = f"visits_table_{rows}"
    shown = table_of(frame)
    st.dataframe(
        shown.style.apply(_tint, subset=["Review"]),
        key=key,
        hide_index=True,
        height=38 + 35 * min(len(frame), SIZES[1]),  # longer ones scroll by themselves
        on_select=lambda: _clicked(key, list(frame["visit_id"]), list(shown.columns)),
        selection_mode=["single-row", "single-cell", "single-column"],
        column_config={order["sort"]: st.column_config.Column(f"{order['sort']} {'↓' if order['descending'] else '↑'}")},
        alt="The visits that fit the filters",
    )


def table_of(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of `queries.visits_page` in words and figures for people."""
    rows = [_row(row) for row in frame.to_dict("records")]
    return pd.DataFrame(rows, columns=[*COLUMNS, "Notes"])


def _row(row: dict[Any, Any]) -> dict[str, str]:
    at = row["local_at"]
    return {
        "Came in": f"{row['entry_film']}, {clock(row['entry_time_s'])}" if missing(at) else f"{at:%a %Y-%m-%d %H:%M}",
        "Store": row["store"],
        "Door": row["entry_door"] or DASH,
        "Review": theme.review_label(row["review"] if missing(row["corrected_review"]) else row["corrected_review"]),
        "Change": number(_net(row)),
        "± error": number(row["change_se"], ".2f"),
        "At entrance": number(row["entry_valence"]),
        "At exit": number(row["exit_valence"]),
        "Stay": duration(row["dwell_s"]),
        "Match": percent(row["match_probability"]),
        "Quality": number(row["quality"], ".2f"),
        "Notes": ", ".join(_notes(row)),
    }


def _net(row: dict[Any, Any]) -> float | None:
    if missing(row["change"]):
        return None
    return float(row["change"]) - (0.0 if missing(row["camera_offset"]) else float(row["camera_offset"]))


def _notes(row: dict[Any, Any]) -> list[str]:
    corrected = not missing(row["corrected_review"])
    marks = {"void": row["voided"], "corrected": corrected, "sample": row["is_sample"]}
    return [word for word, holds in marks.items() if holds]


def _tint(column: pd.Series) -> list[str]:
    """The review's colour behind its words, so faint that both light and dark text stand out."""
    colours = {theme.review_label(review): colour for review, colour in theme.REVIEW_COLOURS.items()}
    return [f"background-color: {colours[value]}33" for value in column]


def _clicked(key: str, ids: list[str], columns: list[str]) -> None:
    """A click on a row or cell opens the visit; on a column's head it sorts, a second time the other way round."""
    chosen = st.session_state[key]["selection"]
    places = [*chosen.get("rows", []), *(cell[0] for cell in chosen.get("cells", []))]
    if places:
        visit.open_(ids[places[0]])
    elif (names := [name for name in chosen.get("columns", []) if name in columns]) and names[0] in COLUMNS:
        again = st.session_state.get("visits_sort") == names[0]
        st.session_state["visits_ascending"] = again and not st.session_state.get("visits_ascending", False)
        st.session_state["visits_sort"] = names[0]
        _first_page()
    st.session_state["visits_drawn"] += 1


def _download(chosen: Filter, n: int) -> None:
    if n > MOST_DOWNLOADED:
        st.caption(
            f"At most {counted(MOST_DOWNLOADED, 'visit')} fit a CSV here: narrow the filters, or export all in the settings."
        )
        return
    st.download_button(
        "Whole list as CSV",
        _noted(chosen, n),
        file_name="visits.csv",
        mime="text/csv",
        key="visits_csv",
        icon=":material/download:",
        on_click="ignore",
        help="The filtered list, every column of the table of visits.",
    )


def _noted(chosen: Filter, n: int) -> Callable[[], bytes]:
    noted = audit.later("export.visits", detail={"stores": list(chosen.stores)[:20], "visits": n})
    store = resources.store()

    def made() -> bytes:
        noted()
        return csv_of(chosen, store)

    return made


def csv_of(chosen: Filter, store: Store | None = None) -> bytes:
    """The filtered visits as CSV, UTF-8; store: by default the page's."""
    with tempfile.TemporaryDirectory(prefix="moodgate-") as folder:
        out = Path(folder) / "visits.csv"
        queries.export(store or resources.store(), "visits", out, chosen)
        return out.read_bytes()
