"""People who agreed to be recognised, and their templates: staff, who are never scored, and guests of opt-in stores.

A person has one template for each embedder and no picture. Who takes the consent back loses the templates at once; what
stays is that somebody did, and when, without a name.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Literal, TypeAlias, get_args
from uuid import UUID, uuid4

import duckdb
import numpy as np

from fer_core.errors import DataError
from fer_core.privacy import GUESTS_GO, computes_templates, mode_of
from fer_core.store.rows import first, text
from fer_core.store.tombstones import hashed
from fer_core.types import FloatArray

PersonKind: TypeAlias = Literal["staff", "guest"]
KINDS: tuple[PersonKind, ...] = get_args(PersonKind)
_LONGEST_NAME = 100
_GONE = "there is no such person in that store (any more)"


# ---- reading --------------------------------------------------------------------------------------------------------


def embedders(cursor: duckdb.DuckDBPyConnection, store_id: UUID) -> dict[str, tuple[str, ...]]:
    """By person's id, of which embedders there are templates; who has none isn't there."""
    rows = cursor.execute(
        "SELECT person_id::VARCHAR, list_sort(list(embedder)) FROM templates WHERE store_id = ? GROUP BY 1", [store_id]
    ).fetchall()
    return {person: tuple(names) for person, names in rows}


def gallery(cursor: duckdb.DuckDBPyConnection, store_id: UUID | None, kind: PersonKind) -> dict[str, dict[str, FloatArray]]:
    """The templates (d,) float32 of each person of that kind who agrees, by the person's id and by embedder; none for a
    store that isn't there."""
    rows = cursor.execute(
        "SELECT person_id::VARCHAR, embedder, template FROM people JOIN templates USING (person_id) "
        "WHERE people.store_id = ? AND kind = ? AND revoked_at IS NULL ORDER BY person_id, embedder",
        [store_id, kind],
    ).fetchall()
    found: dict[str, dict[str, FloatArray]] = {}
    for person, embedder, template in rows:
        found.setdefault(person, {})[embedder] = np.array(template, np.float32)
    return found


def staffed(cursor: duckdb.DuckDBPyConnection) -> list[str]:
    """The names of the stores with a template of somebody of the staff who agrees, in order."""
    rows = cursor.execute(
        "SELECT DISTINCT stores.name FROM people JOIN templates USING (person_id) JOIN stores ON stores.store_id = "
        "people.store_id WHERE kind = 'staff' AND revoked_at IS NULL ORDER BY 1"
    ).fetchall()
    return [str(name) for (name,) in rows]


# ---- writing --------------------------------------------------------------------------------------------------------


def enrol(
    cursor: duckdb.DuckDBPyConnection,
    store_id: UUID,
    kind: PersonKind,
    name: str,
    consented_at: datetime,
    by: str,
    made: Mapping[str, FloatArray],
) -> str:
    """Note that somebody agreed on that day, and keep the templates; the person's id. DataError."""
    _refuse_by_mode(cursor, store_id, kind)
    called, recorder = _name(name), " ".join(by.split())
    if consented_at.tzinfo is None or consented_at > datetime.now(UTC):
        raise DataError("the consent needs the day on which it was given, and that day must have come")
    if not recorder:
        raise DataError("the consent needs the name of who records it")
    known = first(
        cursor, "SELECT 1 FROM people WHERE store_id = ? AND kind = ? AND lower(name) = lower(?) AND revoked_at IS NULL",
        [store_id, kind, called],
    )  # fmt: skip
    if known:
        raise DataError(f"{name.strip()!r} is enrolled already: enrol the person again from the list, or choose another name")
    key = uuid4()
    cursor.execute(
        "INSERT INTO people (person_id, store_id, kind, name, consented_at, recorded_by) VALUES (?, ?, ?, ?, ?, ?)",
        [key, store_id, kind, called, consented_at, text(recorder)],
    )
    _put_templates(cursor, store_id, key, made)
    return str(key)


def renew(cursor: duckdb.DuckDBPyConnection, store_id: UUID, person_id: str, made: Mapping[str, FloatArray]) -> None:
    """Put other templates in the place of all that the person has. DataError for nobody of that id who agrees."""
    key = _key(person_id)
    row = first(cursor, "SELECT kind FROM people WHERE person_id = ? AND store_id = ? AND revoked_at IS NULL", [key, store_id])
    if not row:
        raise DataError(_GONE)
    _refuse_by_mode(cursor, store_id, row[0])
    cursor.execute("DELETE FROM templates WHERE person_id = ?", [key])
    _put_templates(cursor, store_id, key, made)


def revoke(cursor: duckdb.DuckDBPyConnection, store_id: UUID, person_id: str, now: datetime) -> None:
    """Delete the templates and the name; that and when the consent was taken back stays. DataError for nobody of that id."""
    key = _key(person_id)
    if not first(cursor, "SELECT 1 FROM people WHERE person_id = ? AND store_id = ? AND revoked_at IS NULL", [key, store_id]):
        raise DataError(_GONE)
    cursor.execute("DELETE FROM templates WHERE person_id = ?", [key])
    cursor.execute("UPDATE people SET name = '', recorded_by = '', revoked_at = ? WHERE person_id = ?", [now, key])


def delete(cursor: duckdb.DuckDBPyConnection, store_id: UUID, person_id: str) -> None:
    """Delete the person with everything, the record of a revocation too. DataError for nobody of that id."""
    key = _key(person_id)
    if not first(cursor, "SELECT 1 FROM people WHERE person_id = ? AND store_id = ?", [key, store_id]):
        raise DataError(_GONE)
    cursor.execute("DELETE FROM templates WHERE person_id = ?", [key])
    cursor.execute("DELETE FROM people WHERE person_id = ?", [key])


def revoke_hashed(cursor: duckdb.DuckDBPyConnection, store_id: UUID, hashes: tuple[str, ...], now: datetime) -> None:
    """As `revoke`, of everybody whose hashed id (`tombstones.hashed`) is among these; others are passed over."""
    rows = cursor.execute(
        "SELECT person_id::VARCHAR FROM people WHERE store_id = ? AND revoked_at IS NULL", [store_id]
    ).fetchall()
    for (person,) in rows:
        if hashed(person, str(store_id)) in hashes:
            revoke(cursor, store_id, person, now)


def refuse_revoked(cursor: duckdb.DuckDBPyConnection, store_id: UUID, relied_on: Collection[str]) -> None:
    """DataError where somebody of these ids doesn't agree (any more): what was made with their templates may not be kept."""
    (left,) = first(
        cursor, "SELECT count(*) FROM people WHERE store_id = ? AND revoked_at IS NULL "
        "AND person_id::VARCHAR IN (SELECT unnest(?::VARCHAR[]))", [store_id, sorted(relied_on)],
    ) or (0,)  # fmt: skip
    if left < len(relied_on):
        raise DataError(
            "somebody took back the consent to be recognised while these films were looked at, so nothing of them was "
            "written: run the job again"
        )


def _refuse_by_mode(cursor: duckdb.DuckDBPyConnection, store_id: UUID, kind: PersonKind) -> None:
    """DataError where the store's privacy mode allows no templates of such people."""
    if kind not in KINDS:
        raise DataError(f"a person is enrolled as {' or '.join(KINDS)}, not as {kind!r}")
    (mode,) = first(cursor, "SELECT privacy_mode FROM stores WHERE store_id = ?", [store_id]) or ("",)
    if not computes_templates(mode_of(mode)):
        raise DataError("this store keeps sums only: no face code may be made in it, so nobody can be enrolled")
    if kind == "guest" and mode in GUESTS_GO:
        raise DataError("guests are enrolled only in a store that keeps visits of people who agreed, and of nobody else")


def _put_templates(cursor: duckdb.DuckDBPyConnection, store_id: UUID, key: UUID, made: Mapping[str, FloatArray]) -> None:
    if not made:
        raise DataError("nobody can be enrolled without a face code")
    for embedder, template in made.items():
        row = np.asarray(template, np.float64)
        if row.ndim != 1 or not np.isclose(np.linalg.norm(row), 1.0, atol=1e-3):
            raise ValueError(f"a template is one row of length 1, not {row.shape}")
        cursor.execute(
            "INSERT INTO templates (person_id, store_id, embedder, template, made_at) VALUES (?, ?, ?, ?, ?)",
            [key, store_id, text(embedder), row.tolist(), datetime.now(UTC)],
        )


def _name(name: str) -> str:
    """The name on one line. DataError for none, and for too long a one."""
    found = text(" ".join(name.split()))
    if not found or len(found) > _LONGEST_NAME:
        raise DataError(f"a person needs a name of 1 to {_LONGEST_NAME} characters")
    return found


def _key(person_id: str) -> UUID:
    try:
        return UUID(person_id)
    except ValueError as error:
        raise DataError(_GONE) from error
