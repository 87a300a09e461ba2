"""What an account may read: of which stores, and which kinds of answers.

A `Scoped` source lends cursors in which every table is shadowed by a temporary view that holds the rows of the scope's
stores and no others. So whatever a query says, and whether it takes a filter or not, it can't reach another store's row:
a table that no rule is known for is empty. Which questions may be asked at all stands at the questions (`reads`).
"""

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Concatenate, Literal, ParamSpec, Protocol, TypeAlias, TypeVar, get_args
from uuid import UUID

import duckdb

from fer_core.errors import ForbiddenError

Kind: TypeAlias = Literal["setup", "sums", "visits", "answers", "jobs", "audit", "people", "pictures"]
"""What is told: the setup; sums of visits; single visits and appearances; what visitors say; jobs; the audit log; who was
enrolled (never the templates); evidence pictures."""
KINDS: frozenset[Kind] = frozenset(get_args(Kind))
_P = ParamSpec("_P")
_R = TypeVar("_R")

_OWN = "store_id IN ({stores})"
_NAMES = "SELECT name FROM {db}.stores WHERE store_id IN ({stores})"
RULES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("stores", "visits", "appearances", "footage", "cameras", "camera_offsets", "answers"), _OWN),
        **dict.fromkeys(("corrections", "notices", "tallies", "alert_rules", "alerts"), _OWN),
        "series": "appearance_id IN (SELECT appearance_id FROM {db}.appearances WHERE store_id IN ({stores}))",
        "jobs": f"store IN ({_NAMES})",
        "categories": "true",
        "meta": "true",
        "settings": f"""key IN ('ice_servers', 'emotion_model')
            OR key IN (SELECT 'collect_consent:' || name FROM ({_NAMES}))
            OR key IN (SELECT unnest(['notice_region:' || id, 'notice_draft:' || id])
                       FROM (SELECT store_id::VARCHAR AS id FROM ({{stores}})))""",  # noqa: S608  literals
        "audit": "{audit}",
        "people": f"{{people}} AND {_OWN}",
        "evidence": f"{{pictures}} AND {_OWN}",
        **dict.fromkeys(("accounts", "sessions", "tokens", "templates", "sightings"), "false"),
    }
)
"""The rows of each table that a scope's stores may see, as SQL."""
_ROWIDS = ("corrections", "notices")
"""Tables whose queries order by rowid, which a view has only when asked."""


class Source(Protocol):
    """Something to read from; as `queries.Source`."""

    def cursor(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A cursor of the caller's own."""
        ...


@dataclass(frozen=True)
class Scope:
    """Ids of stores (None: all), or with `sample` the sample stores; the kinds of answers."""

    stores: tuple[UUID, ...] | None = None
    sample: bool = False
    kinds: frozenset[Kind] = KINDS

    @property
    def everything(self) -> bool:
        """Whether no row is withheld."""
        return self.stores is None and not self.sample and self.kinds == KINDS

    @property
    def key(self) -> str:
        """The scope as a cache's key."""
        return f"{self.stores} {self.sample} {sorted(self.kinds)}"

    def of(self, db: str) -> str:
        """A SELECT of the ids of its stores from the database of that (quoted) name."""
        conditions = ["is_sample"] if self.sample else []
        if self.stores is not None:
            ids = ", ".join(f"'{UUID(str(one))}'::UUID" for one in self.stores)
            conditions.append(f"store_id IN ({ids})" if ids else "false")
        return f"SELECT store_id FROM {db}.stores WHERE {' AND '.join(conditions) or 'true'}"  # noqa: S608  ids and literals


ALL = Scope()


class Scoped:
    """A source that shows what the scope allows, and takes no writes."""

    def __init__(self, source: Source, scope: Scope) -> None:
        self._source, self.scope = source, scope

    @contextlib.contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor in which the tables hold the scope's rows only."""
        with self._source.cursor() as cursor:
            if not self.scope.everything:
                cursor.execute(_views(self.scope, _database(cursor)))
            yield cursor


def scope_of(source: Source) -> Scope:
    """The scope of a source; that of one that isn't scoped is everything."""
    scope = getattr(source, "scope", ALL)
    if not isinstance(scope, Scope):
        raise TypeError(f"a source's scope is a Scope, not {scope!r}")
    return scope


def row_key(source: Source, key: str) -> str:
    """The fastest column that tells a table's rows apart: rowid, or where views stand in for the tables `key`."""
    return "rowid" if scope_of(source).everything else key


def check(source: Source, kind: Kind) -> None:
    """ForbiddenError where the source's scope has no answers of that kind."""
    if kind not in scope_of(source).kinds:
        raise ForbiddenError(_REFUSED[kind])


def reads(kind: Kind) -> Callable[[Callable[Concatenate[Source, _P], _R]], Callable[Concatenate[Source, _P], _R]]:
    """Mark a question by the kind of its answers; asked of a source whose scope lacks it, it is a ForbiddenError."""

    def marked(question: Callable[Concatenate[Source, _P], _R]) -> Callable[Concatenate[Source, _P], _R]:
        @functools.wraps(question)
        def asked(source: Source, /, *arguments: _P.args, **named: _P.kwargs) -> _R:
            check(source, kind)
            return question(source, *arguments, **named)

        asked.reads = kind  # type: ignore[attr-defined]
        return asked

    return marked


_REFUSED: Mapping[Kind, str] = {
    "setup": "this account may not see how the stores are set up",
    "sums": "this account may not see the visits’ sums",
    "visits": "this account may not see single visits",
    "answers": "this account may not see what visitors say at the exit",
    "jobs": "this account may not see the jobs",
    "audit": "this account may not read the audit log",
    "people": "this account may not see who was enrolled",
    "pictures": "this account may not see pictures of visits",
}


def _database(cursor: duckdb.DuckDBPyConnection) -> str:
    row = cursor.execute("SELECT current_database()").fetchone()
    return '"' + str(row[0] if row else "").replace('"', '""') + '".main'


@functools.lru_cache(maxsize=256)
def _views(scope: Scope, db: str) -> str:
    # with the database's name, or else a view would mean itself
    told = {kind: "true" if kind in scope.kinds else "false" for kind in ("audit", "people", "pictures")}
    words = {"db": db, "stores": scope.of(db), **told}
    return "".join(
        f"CREATE OR REPLACE TEMP VIEW {table} AS SELECT {'rowid, ' * (table in _ROWIDS)}* FROM {db}.{table} "  # noqa: S608
        f"WHERE {rule.format(**words)};"
        for table, rule in RULES.items()
    )
