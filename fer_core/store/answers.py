"""What visitors say at an exit: the answers of the exit button, and the secret addresses under which tablets give them.

A button belongs to a store and a door. Its secret is told once, when it is switched on; the settings keep its SHA-256
only, which is enough for 192 random bits. An answer is a row of store, door, moment and one of four faces: nothing tells
who gave it, or from which device.
"""

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import duckdb

from fer_core.errors import DataError
from fer_core.store.rows import first, text

VALUES = (1, 2, 3, 4)
"""The faces, from very unhappy to very happy."""
LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pl", "pt", "tr", "uk")
"""Languages in which the tablet can ask, by ISO 639-1."""

_KEY = "exit_button:"
_SECRET_BYTES = 24


@dataclass(frozen=True)
class Button:
    """An exit button that is switched on. languages: of LANGUAGES, the first one is shown. since: UTC."""

    store_id: UUID
    store: str
    door: str
    languages: tuple[str, ...]
    since: datetime


def switch_on(cursor: duckdb.DuckDBPyConnection, store_id: UUID, door: str, languages: Sequence[str]) -> str:
    """Give the door a button with a new secret, which is returned and told never again; an earlier one is revoked."""
    chosen = _languages(languages)
    switch_off(cursor, store_id, door)
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    told = {"store_id": str(store_id), "door": text(door), "languages": chosen, "since": datetime.now(UTC).isoformat()}
    cursor.execute("INSERT INTO settings (key, value) VALUES (?, ?)", [_key(secret), json.dumps(told)])
    return secret


def switch_off(cursor: duckdb.DuckDBPyConnection, store_id: UUID, door: str | None = None) -> None:
    """Revoke the door's address, with None those of all the store's doors; the answers stay."""
    for key, button in _found(cursor):
        if button.store_id == store_id and (door is None or text(door) == button.door):
            cursor.execute("DELETE FROM settings WHERE key = ?", [key])


def speak(cursor: duckdb.DuckDBPyConnection, store_id: UUID, door: str, languages: Sequence[str]) -> None:
    """Let the door's button ask in these languages, at its old address."""
    chosen = _languages(languages)
    for key, button in _found(cursor):
        if (button.store_id, button.door) == (store_id, text(door)):
            told = {"store_id": str(store_id), "door": button.door, "languages": chosen, "since": button.since.isoformat()}
            cursor.execute("UPDATE settings SET value = ? WHERE key = ?", [json.dumps(told), key])


def button_of(cursor: duckdb.DuckDBPyConnection, secret: str) -> Button | None:
    """The button of that secret; None for one that was revoked or never was."""
    return next((button for _, button in _found(cursor, _key(secret))), None)


def buttons(cursor: duckdb.DuckDBPyConnection, store_id: UUID) -> tuple[Button, ...]:
    """The store's buttons by door."""
    own = (button for _, button in _found(cursor) if button.store_id == store_id)
    return tuple(sorted(own, key=lambda button: button.door))


def put_answer(cursor: duckdb.DuckDBPyConnection, button: Button, key: UUID, at: datetime, value: int) -> bool:
    """Keep an answer; False where the button has had one of that key, which is then counted once only.

    at: aware. DataError for a value that is none of VALUES.
    """
    if value not in VALUES or isinstance(value, bool):
        raise DataError(f"an answer is one of {', '.join(map(str, VALUES))}, not {value!r}")
    # a device makes up its own keys: under the door's name no other door's answer can be taken for it
    answer_id = uuid5(button.store_id, f"answer\x1f{button.door}\x1f{key}")
    if first(cursor, "SELECT 1 FROM answers WHERE answer_id = ?", [answer_id]):
        return False
    cursor.execute(
        'INSERT INTO answers (answer_id, store_id, door, "at", value) VALUES (?, ?, ?, ?, ?)',  # AT is a word of DuckDB's own
        [answer_id, button.store_id, button.door, at.astimezone(UTC), value],
    )
    return True


def _key(secret: str) -> str:
    return _KEY + hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _found(cursor: duckdb.DuckDBPyConnection, key: str | None = None) -> list[tuple[str, Button]]:
    """The buttons of stores that are there, with the keys of their settings; that of one key only, where it is given."""
    sql = "SELECT key, value FROM settings WHERE starts_with(key, ?) AND (? IS NULL OR key = ?)"
    names = {
        UUID(str(store_id)): str(name) for store_id, name in cursor.execute("SELECT store_id, name FROM stores").fetchall()
    }
    rows = [(str(found), json.loads(value)) for found, value in cursor.execute(sql, [_KEY, key, key]).fetchall()]
    return [(found, _button(told, names)) for found, told in rows if UUID(told["store_id"]) in names]


def _button(told: dict[str, Any], names: dict[UUID, str]) -> Button:
    store_id = UUID(told["store_id"])
    since = datetime.fromisoformat(told["since"])
    return Button(store_id, names[store_id], told["door"], tuple(told["languages"]), since)


def _languages(given: Sequence[str]) -> list[str]:
    unknown = [name for name in given if name not in LANGUAGES]
    if unknown or not given:
        told = f"not {unknown[0]!r}" if unknown else "and one is needed"
        raise DataError(f"the exit button speaks {', '.join(LANGUAGES)}, {told}")
    return list(dict.fromkeys(given))
