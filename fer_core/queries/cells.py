"""Sums of visits by cells, as SQL: one shape for all of them, so that a small cell is hidden in one place."""

from collections.abc import Mapping, Sequence

from fer_core.queries.filters import VERDICT, Filter, Where
from fer_core.queries.questions import Question
from fer_core.settings import PrivacySettings
from fer_core.types import REVIEWS


def counted(condition: str) -> str:
    """How many rows meet a condition: twice as fast as count(*) FILTER, and null for no rows at all but for the 0 here."""
    return f"coalesce(count_if({condition}), 0)"


Z_95 = 1.96
LEAST = PrivacySettings().min_cell_visits
MEAN = "avg(net)"
HALF = f"{Z_95} * stddev_samp(net) / sqrt(count(net))"
"""Half the 95 % interval of the mean change, from the standard error of the mean; null for a single visit."""
COUNTS: Mapping[str, str] = {name: counted(f"verdict = '{name}'") + "::DOUBLE" for name in REVIEWS}
INTERVAL: Mapping[str, str] = {
    "mean_change": MEAN,
    "change_low": f"{MEAN} - {HALF}",
    "change_high": f"{MEAN} + {HALF}",
}

_NET = "change - coalesce(camera_offset, 0)"
_COUNTS = {"everyone": "count(*)", "n": "count(*)", "others": counted("NOT is_sample"), "picked": counted("NOT is_sample")}
_PICKED = {"n": "count(verdict)", "picked": counted("NOT is_sample AND verdict IS NOT NULL")}
"""The counts that differ where the filter has reviews."""


def cells(
    filter: Filter,
    keys: Mapping[str, str],
    values: Mapping[str, str],
    *,
    given: Sequence[str] = (),
    columns: Sequence[str] = (),
    told: Mapping[str, str] | None = None,
) -> Question:
    """The visits summed by `keys` (SQL of a visit's columns, by name): the keys, n, the `values`, hidden, sample.

    told: what is shown of the keys, SQL of their names, by name; where it is None the keys themselves, and always the
    order. values: aggregates over verdict (null: not one of the filter's reviews), net (the change less the camera offset;
    null where it is no number) and the `columns` asked for. given: further conditions.

    Hidden is a cell of fewer visits than PrivacySettings.min_cell_visits, not counting those of sample stores: its values
    are null. n is the number of visits with one of the filter's reviews; where even all reviews together are too few, it
    is that of all of them, or else the filter would turn the number into the value that is withheld.
    """
    raw = grouped(filter, keys, values, given=given, columns=columns)
    few, hidden = (f"{count} BETWEEN 1 AND {LEAST - 1:d}" for count in ("others", "picked"))
    judged = f"SELECT *, {few} AS few, {few} OR {hidden} AS hidden FROM ({raw.sql})"  # noqa: S608
    shown = "".join(f"CASE WHEN NOT hidden THEN {name} END AS {name}, " for name in values)
    told = {name: f'"{name}"' for name in keys} if told is None else told
    names = "".join(f'{sql} AS "{name}", ' for name, sql in told.items())
    sql = (
        f"SELECT {names}CASE WHEN few THEN everyone ELSE n END AS n, {shown}"  # noqa: S608
        f"hidden, everyone > 0 AND others = 0 AS sample FROM ({judged})"
    )
    return Question(sql, raw.parameters, ", ".join(f'"{name}" NULLS LAST' for name in told))


def grouped(
    filter: Filter,
    keys: Mapping[str, str],
    values: Mapping[str, str],
    *,
    given: Sequence[str] = (),
    columns: Sequence[str] = (),
) -> Question:
    """What `cells` is made of, with nothing hidden: not for anybody's eyes. The keys, n and everyone (visits with one of the
    filter's reviews, and with any), picked and others (the same without those of sample stores), the values."""
    where = Where(filter).of_visits()
    for condition in given:
        where.add(condition)
    names = "".join(f'"{name}", ' for name in keys)
    counts = _COUNTS | (_PICKED if filter.reviews else {})
    sums = ", ".join(f"{sql} AS {name}" for name, sql in (counts | dict(values)).items())
    by = f"GROUP BY {', '.join(str(place + 1) for place in range(len(keys)))}" if keys else ""
    sql = f"SELECT {names}{sums} FROM ({_rows(where, keys, columns)}) {by}"  # noqa: S608
    return Question(sql, where.parameters)


def _rows(where: Where, keys: Mapping[str, str], columns: Sequence[str]) -> str:
    """A visit a row: its keys, verdict, net and the columns; what the filter's reviews leave out has null in all but keys."""
    pick = where.picked()
    told = {"verdict": VERDICT, "net": f"CASE WHEN isfinite({_NET}) THEN {_NET} END"} | {name: name for name in columns}
    if pick != "true":
        told = {name: f"CASE WHEN {pick} THEN {sql} END" for name, sql in told.items()}
    named = ", ".join(f'{sql} AS "{name}"' for name, sql in (dict(keys) | told).items())
    return f"SELECT {named}, is_sample FROM visits WHERE {where}"  # noqa: S608  values are parameters
