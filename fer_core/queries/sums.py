"""The sums that the charts draw: over time, by weekday and hour, by length of stay, by store and door.

Changes are those of valence less the camera offset, what the reviews go by. A cell of fewer visits than
PrivacySettings.min_cell_visits is hidden: it has its n, and no value. Visits of sample stores are exempt; `sample` is true
of cells that hold nothing else. Days and hours are those of the store's own clock; the hour that comes twice in autumn is
one cell.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import pandas as pd

from fer_core.queries.cells import COUNTS, INTERVAL, LEAST, cells, counted, grouped
from fer_core.queries.filters import EVERYTHING, Filter, Source, Where
from fer_core.queries.frames import frame_of
from fer_core.queries.lists import rows_of
from fer_core.queries.questions import Question
from fer_core.store.scope import reads
from fer_core.types import EXPRESSIONS, REVIEWS

Grain: TypeAlias = Literal["hour", "day", "week", "month"]
By: TypeAlias = Literal["store", "door"]

BUCKETS: Mapping[Grain, str] = {
    "hour": "date_trunc('hour', local_at)",
    "day": "local_at::DATE::TIMESTAMP",
    "week": "date_trunc('week', local_at::DATE)::TIMESTAMP",
    "month": "date_trunc('month', local_at::DATE)::TIMESTAMP",
}
_GROUPS: Mapping[By | None, dict[str, str]] = {
    None: {},
    "store": {"store": "store"},
    "door": {"store": "store", "door": "entry_door"},
}
DWELL_BINS: Mapping[str, float] = MappingProxyType(
    {
        "under 1 min": 60,
        "1–2 min": 120,
        "2–5 min": 300,
        "5–10 min": 600,
        "10–20 min": 1200,
        "20–30 min": 1800,
        "30–60 min": 3600,
        "over 1 h": float("inf"),
    }
)
"""Lengths of stay in their order, with their upper ends in s, which belong to the next."""
MOMENTS = ("entrance", "exit")
UNNAMED_DOOR = "(no name)"


@dataclass(frozen=True)
class Summary:
    """What a filter's visits come to; None stands for a value that is hidden, or that there is nothing to make of.

    n visits; of them positive, neutral, negative, uncertain. mean_change −2 to 2, change_se the standard error of that
    mean (None for one visit). median_dwell_s in s, of those with start times.

    Of the appearances, whatever the filter's reviews, qualities and probabilities: everybody that the entrances and the
    exits saw, the entrances that were matched (matched of seen_entries is the coverage), and those of both that had no
    usable face. undated: visits without a time of day. sample: all of it is sample data.
    """

    n: int
    positive: int | None
    neutral: int | None
    negative: int | None
    uncertain: int | None
    mean_change: float | None
    change_se: float | None
    median_dwell_s: float | None
    seen_entries: int
    seen_exits: int
    matched: int
    unusable: int
    hidden: bool
    undated: int | None = 0
    sample: bool = False


@reads("sums")
def summary(source: Source, filter: Filter = EVERYTHING) -> Summary:
    """The visits and the appearances of the filter in one row; all zeros and None where there are none."""
    values = {
        **COUNTS,
        "mean_change": "avg(net)",
        "change_se": "stddev_samp(net) / sqrt(count(net))",
        "median_dwell_s": "median(dwell_s) FILTER (isfinite(dwell_s))",
        "undated": counted("local_at IS NULL AND verdict IS NOT NULL"),
    }
    visits = _only(source, cells(filter, {}, values, columns=("dwell_s", "local_at")))
    seen = _only(source, _seen(filter))
    counts = {name: None if visits[name] is None else int(visits[name]) for name in REVIEWS}
    return Summary(**(visits | counts | seen))


@reads("sums")
def trend(source: Source, filter: Filter = EVERYTHING, grain: Grain = "day", by: By | None = None) -> pd.DataFrame:
    """Sums by time: bucket (its start), group, n, positive, neutral, negative, uncertain, mean_change, change_low,
    change_high (95 %), hidden, sample. A week starts on Monday.

    group is the store, or the door by which they came, with its store before it unless the filter has just one; or
    "all visits". Visits without a time of day are left out: `Summary.undated` counts them. Times without a visit have no row.
    """
    keys = {"bucket": BUCKETS[grain]} | _GROUPS[by]
    told = {"bucket": "bucket", "group": _label(filter, by)}
    return frame_of(source, cells(filter, keys, {**COUNTS, **INTERVAL}, given=("local_at IS NOT NULL",), told=told))


@reads("sums")
def groups(source: Source, filter: Filter = EVERYTHING, by: By = "store") -> pd.DataFrame:
    """Stores or doors side by side: the columns of `trend` without the bucket; visits without a time of day count."""
    return frame_of(source, cells(filter, _GROUPS[by], {**COUNTS, **INTERVAL}, told={"group": _label(filter, by)}))


@reads("sums")
def heat(source: Source, filter: Filter = EVERYTHING) -> pd.DataFrame:
    """Weekday (0 is Monday) × hour of the store's clock: weekday, hour, n, mean_change, positive_share (0 to 1), hidden,
    sample. Hours without a visit have no row."""
    keys = {"weekday": "isodow(local_at) - 1", "hour": "hour(local_at)"}
    share = "count_if(verdict = 'positive') / nullif(count(verdict), 0)"
    values = {"mean_change": "avg(net)", "positive_share": share}
    return frame_of(source, cells(filter, keys, values, given=("local_at IS NOT NULL",)))


@reads("sums")
def by_dwell(source: Source, filter: Filter = EVERYTHING) -> pd.DataFrame:
    """Change by length of stay: bin (a key of DWELL_BINS), n, mean_change, low, high (95 %), hidden, sample.

    In order of length; visits without start times are left out, and bins without a visit have no row.
    """
    *inner, last = DWELL_BINS
    whens = " ".join(f"WHEN dwell_s < {DWELL_BINS[name]:.0f} THEN {place}" for place, name in enumerate(inner))
    values = {"mean_change": INTERVAL["mean_change"], "low": INTERVAL["change_low"], "high": INTERVAL["change_high"]}
    keys = {"bin": f"CASE {whens} ELSE {len(inner)} END"}
    found = frame_of(source, cells(filter, keys, values, given=("isfinite(dwell_s)",)))
    found["bin"] = pd.Series([(*inner, last)[place] for place in found["bin"]], found.index, dtype="str")
    return found


@reads("sums")
def mix(source: Source, filter: Filter = EVERYTHING) -> pd.DataFrame:
    """The leading apparent expressions at entrance and exit: moment (one of MOMENTS), expression, n, share (of the visits
    that have one at that moment), hidden, sample. Expressions that don't occur have no row.

    The cell is the whole of the filter's visits: where it is hidden, each moment has one row, with the cell's n and neither
    expression nor share.
    """
    sides = dict(zip(MOMENTS, ("entry_expression", "exit_expression"), strict=True))
    pairs = frame_of(source, grouped(filter, {name: name for name in sides.values()}, {}))
    others, picked, everyone = (int(pairs[name].sum()) for name in ("others", "picked", "everyone"))
    few = 0 < others < LEAST
    hidden = few or 0 < picked < LEAST
    n = everyone if few else int(pairs["n"].sum())
    rows = [row for moment, name in sides.items() for row in ([(moment, None, n)] if hidden else _led(pairs, moment, name))]
    found = pd.DataFrame(rows, columns=["moment", "expression", "n"]).astype(
        {"moment": "str", "expression": "str", "n": "int64"}
    )
    share = found["n"] / found.groupby("moment")["n"].transform("sum")
    return found.assign(share=float("nan") if hidden else share, hidden=hidden, sample=bool(everyone and not others))


def _led(pairs: pd.DataFrame, moment: str, column: str) -> list[tuple[str, str, int]]:
    """How many of a moment each expression leads."""
    counts = [(name, int(pairs.loc[pairs[column] == name, "n"].sum())) for name in EXPRESSIONS]
    return [(moment, name, n) for name, n in counts if n]


def _seen(filter: Filter) -> Question:
    where = Where(filter).of_appearances("appearances")
    statuses = "count_if(status = 'matched') AS matched, count_if(status = 'unusable') AS unusable"
    # by role first: two conditions at once on every row take twice as long
    roles = f"SELECT role, count(*) AS n, {statuses} FROM appearances WHERE {where} GROUP BY role"  # noqa: S608
    told = {
        "seen_entries": "n * (role = 'entry')::INTEGER",
        "seen_exits": "n * (role = 'exit')::INTEGER",
        "matched": "matched * (role = 'entry')::INTEGER",
        "unusable": "unusable",
    }
    sums = ", ".join(f"coalesce(sum({sql}), 0)::BIGINT AS {name}" for name, sql in told.items())
    return Question(f"SELECT {sums} FROM ({roles})", where.parameters)  # noqa: S608


def _label(filter: Filter, by: By | None) -> str:
    """A group's name; it is put together of the sums, not of each visit."""
    if by is None:
        return "'all visits'"
    door = f"CASE door WHEN '' THEN '{UNNAMED_DOOR}' ELSE door END"
    return "store" if by == "store" else door if len(filter.stores) == 1 else f"store || ' · ' || {door}"


def _only(source: Source, question: Question) -> dict[str, Any]:
    return rows_of(source, question.sql, question.parameters)[0]
