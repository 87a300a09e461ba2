"""What was raised, and by which rules: the newest alerts first."""

from typing import Any

from fer_core.queries.filters import Source, store_ids, utf8
from fer_core.store import alerts as rows
from fer_core.store.alerts import AlertRow, RuleRow
from fer_core.store.scope import reads

MOST_ALERTS = 200
"""How many are told at once, but for those that stand, which all are."""


@reads("sums")
def alerts(source: Source, store: str | None = None, most: int = MOST_ALERTS) -> list[AlertRow]:
    """The newest alerts of a store, or with None of all that may be seen; those that stand are among them."""
    return _asked(source, "true", store, most)


@reads("sums")
def alerts_unseen(source: Source) -> list[AlertRow]:
    """The alerts of all stores that stand and that nobody has seen, the newest first."""
    return _asked(source, "ended_at IS NULL AND seen_at IS NULL", None, MOST_ALERTS)


@reads("sums")
def alert_rules(source: Source, store: str | None = None) -> list[RuleRow]:
    """The rules of a store, or with None of all that may be seen; the oldest first."""
    with source.cursor() as cursor:
        found = rows.rules(cursor)
    return [one for one in found if store is None or [one.store] == utf8((store,))]


def _asked(source: Source, condition: str, store: str | None, most: int) -> list[AlertRow]:
    values: dict[str, Any] = {}
    if store is not None:
        condition, values = f"{condition} AND store_id IN ({store_ids('stores')})", {"stores": utf8((store,))}
    with source.cursor() as cursor:
        standing = rows.alerts(cursor, f"{condition} AND ended_at IS NULL", values)
        over = rows.alerts(cursor, f"{condition} AND ended_at IS NOT NULL", values, max(0, most - len(standing)))
    return sorted([*standing, *over], key=lambda one: one.raised_at, reverse=True)
