"""How a reviewed day looks on a terminal: its visits as a table, its numbers as sentences."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fer_core.types import REVIEWS

_COLOURS = {"positive": "green", "neutral": "blue", "negative": "red", "uncertain": "dim"}
_SIGNS = {"positive": "▲", "neutral": "●", "negative": "▼", "uncertain": "?"}
_ROWS_SHOWN = 40


def show(table: pd.DataFrame, told: Mapping[str, Any], where: str) -> None:
    """Print the day. table: its visits; told: its summary; where: the end of “Written …”."""
    console = Console(highlight=False)
    if len(table):
        console.print(_visits_table(table.head(_ROWS_SHOWN)))
    if len(table) > _ROWS_SHOWN:
        console.print(f"[dim]… and {len(table) - _ROWS_SHOWN} more in the database[/dim]")
    console.print(_sentences(told))
    note = (
        "Leading apparent expressions; change of valence (-1 … 1) with its standard error; match: that it was the same "
        "person. No picture and no template was kept. "
    )
    console.print(f"[dim]{note if len(table) else ''}Written {escape(where)}[/dim]")


def count(n: int, what: str) -> str:
    """1 visit, 2 visits."""
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _visits_table(table: pd.DataFrame) -> Table:
    """Fits 80 columns; with start times the hour and how long they stayed, without them seconds of both films."""
    clock = bool(len(table)) and table["entered_at"].notna().all()
    shown = Table(title=f"Visits of {escape(table['store'].iloc[0])}", title_justify="left", box=box.SIMPLE_HEAD)
    shown.header_style = "bold"
    first, second = ("came (UTC)", "stayed") if clock else ("came", "left")
    for name in (first, second, "entrance", "exit", "change", "review", "match"):
        left = name in ("entrance", "exit", "review")
        shown.add_column(name, justify="left" if left else "right", no_wrap=True)
    for row in table.itertuples():
        shown.add_row(
            f"{row.entered_at:%H:%M:%S}" if clock else _minutes(row.entry_time_s),
            _minutes(row.dwell_s if clock else row.exit_time_s),
            row.entry_expression,
            row.exit_expression,
            f"{row.change - row.camera_offset:+.2f} ± {row.change_se:.2f}",
            f"[{_COLOURS[row.review]}]{_SIGNS[row.review]} {row.review}[/]",
            f"{row.match_probability:.0%}",
        )
    return shown


def _minutes(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def _sentences(told: Mapping[str, Any]) -> str:
    if not told["embedder"]:
        return f"Sums only: {told['tallied_entries']} came, {told['tallied_exits']} left; no code was computed from any face."
    came, gone = (told[name] + told[f"unusable_{name}"] for name in ("entries", "exits"))
    if not came or not gone:
        where = "these films" if came == gone else "the entrance films" if not came else "the exit films"
        others = f"; {told['exits']} left" if gone else f"; {told['entries']} came" if came else ""
        return f"Nobody was seen in {where}: no visits{others}."
    parts = ", ".join(f"{told['reviews'][name]} {name}" for name in REVIEWS if told["reviews"].get(name))
    lines = [
        f"{count(told['visits'], 'visit')}{': ' + parts if parts else ''}.",
        f"{told['entries']} came, {told['exits']} left; {count(told['unmatched_entries'], 'entrance')} and "
        f"{count(told['unmatched_exits'], 'exit')} found no partner.",
    ]
    for status, words in (("ambiguous", "too alike to tell"), ("unusable", "without a usable shot")):
        n, m = told[f"{status}_entries"], told[f"{status}_exits"]
        if n or m:
            lines.append(f"{words}: {count(n, 'entrance')}, {count(m, 'exit')}.")
    return " ".join(lines)
