"""Who was enrolled in a store, by name: staff, and guests who agreed. Never a template."""

from typing import Any

from fer_core.queries.filters import Source, utf8
from fer_core.queries.lists import rows_of
from fer_core.store.scope import reads

_MOMENTS = ("consented_at", "revoked_at")


@reads("people")
def people(source: Source, store: str) -> list[dict[str, Any]]:
    """Staff first, by name; who took the consent back last: person_id, kind ("staff", "guest"), name ("" once revoked),
    consented_at, recorded_by (the account that noted the consent), revoked_at (None: the consent stands); moments aware."""
    return rows_of(
        source,
        "SELECT person_id::VARCHAR AS person_id, kind, p.name AS name, consented_at, recorded_by, revoked_at FROM people AS p "
        "JOIN stores AS s USING (store_id) WHERE s.name = $name "
        "ORDER BY revoked_at NULLS FIRST, kind DESC, lower(p.name), person_id",
        {"name": utf8((store,))[0]}, utc=_MOMENTS,
    )  # fmt: skip
