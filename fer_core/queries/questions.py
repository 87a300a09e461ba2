"""The questions that can be exported, as SQL: what a filter asks of which table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from fer_core.queries.filters import EVERYTHING, VERDICT, Filter, Source, Where
from fer_core.settings import PrivacySettings

__all__ = ["EVERYTHING", "TABLES", "Filter", "Question", "Source", "appearances", "hourly", "visits"]

Render = Callable[[str], str]


@dataclass(frozen=True)
class Question:
    """A SELECT without its order, what it needs, and which of its columns are moments: UTC, or the store's own clock."""

    sql: str
    parameters: dict[str, Any] = field(default_factory=dict)
    order: str = ""
    utc: tuple[str, ...] = ()
    local: tuple[str, ...] = ()

    def ordered(self, utc: Render | None = None, local: Render | None = None) -> str:
        """The whole SELECT; moments go through `utc` and `local`, SQL expressions made of a column's name."""
        moments = [(_quoted(name), utc) for name in self.utc] + [(_quoted(name), local) for name in self.local]
        replaced = ", ".join(f"{render(name)} AS {name}" for name, render in moments if render)
        star = f"* REPLACE ({replaced})" if replaced else "*"
        order = f"ORDER BY {self.order}" if self.order else ""
        return f"SELECT {star} FROM ({self.sql}) AS asked {order}"  # noqa: S608  values are parameters


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


MOMENTS = ("entered_at", "exited_at", "created_at")
"""The columns of `visits` that are UTC."""
_IDS = ", ".join(f"{name}::VARCHAR AS {name}" for name in ("visit_id", "entry_appearance_id", "exit_appearance_id"))
VISIT_COLUMNS = f"* EXCLUDE (store_id) REPLACE ({_IDS}), {VERDICT} AS verdict"
"""What is told of a visit: its row, and the review that counts."""


def visits(filter: Filter, entry_sha256: tuple[str, ...] = ()) -> Question:
    """The table `visits`; with entry_sha256 only those of the entrance films with these bytes."""
    where = Where(filter).of_visits()
    if entry_sha256:
        where.add(
            "entry_appearance_id IN (SELECT appearance_id FROM appearances JOIN footage USING (footage_id) "
            "WHERE sha256 IN (SELECT unnest($entry_sha256::VARCHAR[])))",
            entry_sha256=list(entry_sha256),
        )
    where.add(where.picked())
    return Question(
        f"SELECT {VISIT_COLUMNS} FROM visits WHERE {where}",  # noqa: S608
        where.parameters,
        "store, entered_at NULLS LAST, entry_film, entry_time_s, visit_id",
        utc=MOMENTS,
        local=("local_at",),
    )


def appearances(filter: Filter) -> Question:
    """The table `appearances`, with the names of store, film and door."""
    where = Where(filter).of_appearances("a")
    ids = ", ".join(f"a.{name}::VARCHAR AS {name}" for name in ("appearance_id", "footage_id", "camera_id"))
    return Question(
        f"SELECT s.name AS store, f.film, c.door, a.* EXCLUDE (store_id) REPLACE ({ids}) FROM appearances AS a "  # noqa: S608
        "JOIN stores AS s USING (store_id) JOIN footage AS f USING (footage_id) "
        f"JOIN cameras AS c ON c.camera_id = a.camera_id WHERE {where}",
        where.parameters,
        "store, role, seen_at NULLS LAST, film, best_s, appearance_id",
        utc=("seen_at",),
        local=("local_at",),
    )


_COUNTS = ("positive", "neutral", "negative", "uncertain")
_MEANS = ("change", "entry_valence", "exit_valence", "camera_offset", "dwell_s")


def hourly(filter: Filter) -> Question:
    """Sums of the visits by store and local hour; cells of few visits are blank but for their count."""
    where = Where(filter).of_visits()
    counts = ", ".join(f"count_if({VERDICT} = '{name}') AS {name}" for name in _COUNTS)
    means = ", ".join(f"avg({name}) FILTER (isfinite({name})) AS mean_{name}" for name in _MEANS)
    shown = ", ".join(f"CASE WHEN open THEN {name} END AS {name}" for name in (*_COUNTS, *(f"mean_{m}" for m in _MEANS)))
    sql = (
        f"SELECT store, local_hour, n, is_sample, {shown} FROM ("  # noqa: S608
        "SELECT store, date_trunc('hour', local_at) AS local_hour, count(*) AS n, bool_and(is_sample) AS is_sample, "
        f"{counts}, {means}, bool_and(is_sample) OR count(*) >= {PrivacySettings().min_cell_visits:d} AS open "
        f"FROM visits WHERE {where} GROUP BY ALL)"
    )
    return Question(sql, where.parameters, "store, local_hour NULLS LAST", local=("local_hour",))


TABLES: Mapping[str, Callable[[Filter], Question]] = MappingProxyType(
    {"visits": visits, "appearances": appearances, "hourly": hourly}
)
"""What can be exported."""
