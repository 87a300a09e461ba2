"""What the page Now says of moods, zones and reviews: words, differences, and bars as HTML. No streamlit here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from math import hypot
from typing import Any, Literal

import pandas as pd

from fer_core.queries import Mood
from ui.plain import DASH, counted, duration, local, number, percent
from ui.theme import EXPRESSION_COLOURS, REVIEW_COLOURS, REVIEW_SIGNS, review_label

_Z = 1.96
_TOP = 3
WHOLE = "whole picture"
Tone = Literal["blue", "orange", "off"]
Arrow = Literal["up", "down", "off"]


@dataclass(frozen=True)
class Compared:
    """The difference of two means of the change ("" for none), its tone and its arrow; neither for what could be chance."""

    text: str = ""
    tone: Tone = "off"
    arrow: Arrow = "off"


def against(now: Mood, then: Mood) -> Compared:
    """The mean change of now against the usual one."""
    if now.mean_change is None or then.mean_change is None:
        return Compared()
    difference = now.mean_change - then.mean_change
    text = f"{number(difference)} to the usual"
    if abs(difference) <= _Z * hypot(now.change_se or 0.0, then.change_se or 0.0):
        return Compared(text)
    return Compared(text, "blue", "up") if difference > 0 else Compared(text, "orange", "down")


def mood_words(mood: Mood) -> str:
    """12 visits: ▲ 50 %, ● 25 %, ▼ 17 %, ? 8 %; or why there is no more than a number. Plain text."""
    visits = counted(mood.n, "visit")
    if not mood.n:
        return "no visit"
    if mood.hidden:
        return f"{visits}: fewer than 10, count only"
    shares = ", ".join(f"{sign} {percent(getattr(mood, name) / mood.n)}" for name, sign in REVIEW_SIGNS.items())
    return f"{visits}: {shares}"


def usual_words(mood: Mood, at: datetime) -> str:
    """What is usual for the hour of that moment (on the store's clock), in a sentence; plain text."""
    when = f"{at:%A}s, {at.hour}–{at.hour + 1} h"
    if not mood.n:
        return f"There is nothing to compare with: no visit on {when}, in the last eight weeks."
    if mood.hidden:
        return f"Too little to compare with: {counted(mood.n, 'visit')} on {when}, in the last eight weeks."
    change = number(mood.mean_change)
    return f"Usual on {when}: {change} on average; {mood_words(mood)}, on {counted(mood.days or 0, 'day')} of eight weeks."


def mood_bar(mood: Mood) -> str:
    """The reviews' shares as a bar; an empty one where they are hidden."""
    shown = not mood.hidden and mood.n > 0
    parts = [(review_label(name), getattr(mood, name) / mood.n, one) for name, one in REVIEW_COLOURS.items()] if shown else []
    return bar(parts, mood_words(mood))


def bar(parts: Iterable[tuple[str, float, str]], words: str) -> str:
    """Shares (label, 0 to 1, colour) in a row, as HTML; words are for those who see none."""
    spans = "".join(
        f'<span title="{escape(label)} {escape(percent(share))}" style="background:{colour};width:{100 * share:.2f}%"></span>'
        for label, share, colour in parts
        if share > 0
    )
    return f'<div class="now-bar" role="img" aria-label="{escape(words)}">{spans}</div>'


STYLE = """\
<style>
[data-testid="stStatusWidget"] { visibility: hidden; }
.now-bar { background: rgb(128 128 128 / 0.25); border-radius: 4px; display: flex; height: 12px; overflow: hidden; }
.now-bar span { display: block; height: 100%; }
.now-table { border-collapse: collapse; width: 100%; }
.now-table th { font-size: 0.8rem; font-weight: 400; opacity: 0.75; text-align: left; }
.now-table th, .now-table td { border: 0; border-bottom: 1px solid rgb(128 128 128 / 0.3); padding: 0.35rem 0.6rem 0.35rem 0; }
.now-table a { color: inherit; }
.now-table td.n, .now-table th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.now-table .wide { min-width: 7rem; width: 45%; }
.now-table small { opacity: 0.75; }
</style>"""
"""For a page that shows these bars and tables and follows by itself: its top would else say that it runs, every few seconds."""


def reviews_table(rows: Sequence[Mapping[str, Any]], zone: str) -> str:
    """The newest reviews as an HTML table; zone: the store's, for the times."""
    body = "".join(
        f'<tr><td><a href="visits?visit={escape(str(row["visit_id"]))}" target="_self">'
        f"{local(row['exited_at'], zone):%H:%M:%S}</a></td>"
        f"<td>{escape(review_label(row['verdict']))}</td><td class='n'>{escape(number(row['net_change']))}</td>"
        f"<td class='n'>{escape(duration(row['dwell_s']))}</td><td>{escape(_doors(row))}</td></tr>"
        for row in rows
    )
    head = "<tr><th>Left at</th><th>Review</th><th class='n'>Change</th><th class='n'>Stay</th><th>Door</th></tr>"
    return f'<table class="now-table"><caption hidden>The last reviews</caption>{head}{body}</table>'


def _doors(row: Mapping[str, Any]) -> str:
    doors = list(dict.fromkeys(name for name in (row["entry_door"], row["exit_door"]) if name))
    return " → ".join(doors) or DASH


def zone_name(camera: str, zone: str) -> str:
    """A zone with its camera's name: Tills · Till 1."""
    return f"{camera} · {zone or WHOLE}"


def zones_table(frame: pd.DataFrame) -> str:
    """The zones of `queries.zones` as an HTML table: people, seconds each, the mix of expressions."""
    each = frame.groupby(["camera", "zone"], sort=True)
    body = "".join(_zone_row(str(camera), str(zone), own) for (camera, zone), own in each)
    head = "<tr><th>Zone</th><th class='n'>People</th><th class='n'>Seconds each</th><th>Apparent expressions</th></tr>"
    return f'<table class="now-table"><caption hidden>The zones in this hour</caption>{head}{body}</table>'


def _zone_row(camera: str, zone: str, own: pd.DataFrame) -> str:
    n = int(own["n"].iloc[0])
    start = f"<tr><td>{escape(zone_name(camera, zone))}</td><td class='n'>{n:,}</td>"
    if own["hidden"].astype(bool).any():
        return f"{start}<td class='n'>{DASH}</td><td class='wide'><small>fewer than 10 people: count only</small></td></tr>"
    shown = own[own["share"] > 0]
    words = expression_words(shown)
    parts = [(name, share, EXPRESSION_COLOURS[name]) for name, share in zip(shown["expression"], shown["share"], strict=True)]
    each = f"{own['seconds'].sum() / n:.0f}" if n else DASH
    return f"{start}<td class='n'>{each}</td><td class='wide'>{bar(parts, words)}<small>{escape(words)}</small></td></tr>"


def expression_words(frame: pd.DataFrame) -> str:
    """The largest shares of the expressions: 45 % neutral, 30 % happy, 9 % sad."""
    top = frame.sort_values("share", ascending=False).head(_TOP)
    return ", ".join(f"{percent(share)} {name}" for name, share in zip(top["expression"], top["share"], strict=True)) or DASH
