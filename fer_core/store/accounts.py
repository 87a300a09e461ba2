"""Accounts, their sessions and the tokens of programs, as rows: inside the caller's transaction.

Nothing here can be used to sign in: of a password there is an Argon2id hash, of a session and a token the SHA-256 of 256
random bits, for which no slow hash is needed.
"""

import hashlib
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import duckdb

from fer_core.errors import DataError
from fer_core.store.rows import first, text

_LONGEST_NAME = 100
_SECRET_BYTES = 32
_CHANGEABLE = ("name", "role", "stores", "subject", "disabled", "password", "must_change")


@dataclass(frozen=True)
class Row:
    """An account. password: Argon2id's own notation, "" for none; stores: ids of its own; subject: who it is at the
    OpenID provider (a subject or a verified e-mail address), None: nobody."""

    id: UUID
    name: str
    role: str
    password: str
    stores: tuple[UUID, ...]
    subject: str | None
    must_change: bool
    disabled: bool
    created_at: datetime


@dataclass(frozen=True)
class Session:
    """A browser that is signed in. digest: SHA-256 of its token; moments aware; agent: what the browser calls itself."""

    digest: str
    account_id: UUID
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    agent: str


@dataclass(frozen=True)
class Token:
    """What a program shows in place of an account: good for one store and one purpose."""

    id: UUID
    store_id: UUID
    purpose: str
    name: str
    created_by: UUID
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


def new_secret() -> str:
    """256 random bits, for a cookie or a token; told once and kept nowhere."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def digest_of(secret: str) -> str:
    """Under which a secret is kept: its SHA-256."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def plain_name(name: str) -> str:
    """A name as it is kept: one way of writing each letter (NFKC), single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text(name)).split())


# ---- accounts -------------------------------------------------------------------------------------------------------


def any_account(cursor: duckdb.DuckDBPyConnection) -> bool:
    """Whether there is one at all."""
    return first(cursor, "SELECT 1 FROM accounts LIMIT 1") is not None


def put_account(
    cursor: duckdb.DuckDBPyConnection,
    name: str,
    role: str,
    *,
    password: str = "",
    stores: Sequence[UUID] = (),
    subject: str | None = None,
    must_change: bool = False,
    now: datetime,
) -> UUID:
    """Make an account; its id. DataError for a name or subject that is unfit or taken."""
    name, subject = _free_name(cursor, name), _free_subject(cursor, subject)
    key = uuid4()
    cursor.execute(
        "INSERT INTO accounts (account_id, name, role, password, stores, subject, must_change, created_at) "
        "VALUES (?, ?, ?, ?, ?::UUID[], ?, ?, ?)",
        [key, name, role, password, [str(one) for one in stores], subject, must_change, now],
    )
    return key


def change_account(cursor: duckdb.DuckDBPyConnection, key: UUID, changes: Mapping[str, Any]) -> None:
    """Set those columns. DataError for no such account, ValueError for a column that can't be changed."""
    unknown = changes.keys() - set(_CHANGEABLE)
    if unknown:
        raise ValueError(f"accounts have no {', '.join(sorted(unknown))} to change")
    values = dict(changes)
    if "name" in values:
        values["name"] = _free_name(cursor, values["name"], key)
    if "subject" in values:
        values["subject"] = _free_subject(cursor, values["subject"], key)
    if "stores" in values:
        values["stores"] = [str(one) for one in values["stores"]]
    sets = ", ".join(f"{name} = ?{'::UUID[]' * (name == 'stores')}" for name in values)
    changed = first(cursor, f"UPDATE accounts SET {sets} WHERE account_id = ?", [*values.values(), key])  # noqa: S608  our names
    if not changed or not changed[0]:
        raise DataError("there is no such account any more")


def remove_account(cursor: duckdb.DuckDBPyConnection, key: UUID) -> None:
    """Delete an account with its sessions; the tokens that it made stay."""
    end_sessions(cursor, key)
    cursor.execute("DELETE FROM accounts WHERE account_id = ?", [key])


def accounts(cursor: duckdb.DuckDBPyConnection) -> list[Row]:
    """All of them by name."""
    return _rows(cursor, "ORDER BY lower(name)", [])


def account(cursor: duckdb.DuckDBPyConnection, key: UUID) -> Row | None:
    """The account of that id."""
    return next(iter(_rows(cursor, "WHERE account_id = ?", [key])), None)


def by_name(cursor: duckdb.DuckDBPyConnection, name: str) -> Row | None:
    """The account of that name, whatever its capitals."""
    wanted = plain_name(name).casefold()
    return next((row for row in accounts(cursor) if row.name.casefold() == wanted), None)


def by_subject(cursor: duckdb.DuckDBPyConnection, subject: str) -> Row | None:
    """The account of who is that at the OpenID provider."""
    return next(iter(_rows(cursor, "WHERE subject = ?", [_plain_subject(subject)])), None)


def forget_store(cursor: duckdb.DuckDBPyConnection, store_id: UUID) -> None:
    """Take a deleted store from all accounts, and delete its tokens: a new store of that name gets the same id."""
    cursor.execute("DELETE FROM tokens WHERE store_id = ?", [store_id])
    for row in accounts(cursor):
        if store_id in row.stores:
            change_account(cursor, row.id, {"stores": [one for one in row.stores if one != store_id]})


def _rows(cursor: duckdb.DuckDBPyConnection, rest: str, values: list[Any]) -> list[Row]:
    columns = "account_id, name, role, password, stores, subject, must_change, disabled, created_at"
    found = cursor.execute(f"SELECT {columns} FROM accounts {rest}", values).fetchall()  # noqa: S608  literals of ours
    return [
        Row(UUID(str(key)), name, role, password, tuple(UUID(str(one)) for one in stores), *rest)
        for key, name, role, password, stores, *rest in found
    ]


def _free_name(cursor: duckdb.DuckDBPyConnection, given: str, own: UUID | None = None) -> str:
    name = plain_name(given)
    if not name or len(name) > _LONGEST_NAME or any(unicodedata.category(sign).startswith("C") for sign in name):
        raise DataError(f"an account needs a name of 1 to {_LONGEST_NAME} characters that can be seen")
    other = by_name(cursor, name)
    if other and other.id != own:
        raise DataError(f"there is an account {name!r} already")
    return name


def _plain_subject(subject: str) -> str:
    return text(subject).strip().casefold() if "@" in subject else text(subject).strip()


def _free_subject(cursor: duckdb.DuckDBPyConnection, given: str | None, own: UUID | None = None) -> str | None:
    subject = _plain_subject(given or "")
    other = by_subject(cursor, subject) if subject else None
    if other and other.id != own:
        raise DataError("another account has that name at the OpenID provider already")
    return subject or None


# ---- sessions -------------------------------------------------------------------------------------------------------


def put_session(cursor: duckdb.DuckDBPyConnection, made: Session) -> None:
    """Keep a new session, and forget those that are over."""
    cursor.execute("DELETE FROM sessions WHERE expires_at < ?", [made.created_at])
    cursor.execute(
        "INSERT INTO sessions (digest, account_id, created_at, seen_at, expires_at, agent) VALUES (?, ?, ?, ?, ?, ?)",
        [made.digest, made.account_id, made.created_at, made.seen_at, made.expires_at, text(made.agent)[:200]],
    )


def session(cursor: duckdb.DuckDBPyConnection, digest: str) -> Session | None:
    """The session of that digest."""
    return next(iter(_sessions(cursor, "WHERE digest = ?", [digest])), None)


def sessions(cursor: duckdb.DuckDBPyConnection, key: UUID) -> list[Session]:
    """An account's sessions, the latest first."""
    return _sessions(cursor, "WHERE account_id = ? ORDER BY seen_at DESC", [key])


def seen(cursor: duckdb.DuckDBPyConnection, digest: str, now: datetime) -> None:
    """Note that the session is in use."""
    cursor.execute("UPDATE sessions SET seen_at = ? WHERE digest = ?", [now, digest])


def end_session(cursor: duckdb.DuckDBPyConnection, digest: str) -> None:
    """Its cookie is worth nothing from now on."""
    cursor.execute("DELETE FROM sessions WHERE digest = ?", [digest])


def end_sessions(cursor: duckdb.DuckDBPyConnection, key: UUID, but: str = "") -> None:
    """End all sessions of an account, that of the digest `but` excepted."""
    cursor.execute("DELETE FROM sessions WHERE account_id = ? AND digest <> ?", [key, but])


def _sessions(cursor: duckdb.DuckDBPyConnection, rest: str, values: list[Any]) -> list[Session]:
    columns = "digest, account_id, created_at, seen_at, expires_at, agent"
    found = cursor.execute(f"SELECT {columns} FROM sessions {rest}", values).fetchall()  # noqa: S608  literals of ours
    return [Session(digest, UUID(str(key)), *others) for digest, key, *others in found]


# ---- tokens ---------------------------------------------------------------------------------------------------------


def put_token(
    cursor: duckdb.DuckDBPyConnection, digest: str, store_id: UUID, purpose: str, name: str, by: UUID, now: datetime
) -> UUID:
    """Keep a new token; its id. DataError for a name that is none."""
    name = plain_name(name)
    if not name or len(name) > _LONGEST_NAME:
        raise DataError(f"a token needs a name of 1 to {_LONGEST_NAME} characters")
    key = uuid4()
    cursor.execute(
        "INSERT INTO tokens (token_id, digest, store_id, purpose, name, created_by, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [key, digest, store_id, purpose, name, by, now],
    )
    return key


def tokens(cursor: duckdb.DuckDBPyConnection) -> list[Token]:
    """All tokens, the newest first, revoked ones too."""
    return _tokens(cursor, "ORDER BY created_at DESC", [])


def token(cursor: duckdb.DuckDBPyConnection, digest: str) -> Token | None:
    """The token of that digest that is good."""
    return next(iter(_tokens(cursor, "WHERE digest = ? AND revoked_at IS NULL", [digest])), None)


def used(cursor: duckdb.DuckDBPyConnection, key: UUID, now: datetime) -> None:
    """Note that the token was used."""
    cursor.execute("UPDATE tokens SET used_at = ? WHERE token_id = ?", [now, key])


def revoke(cursor: duckdb.DuckDBPyConnection, key: UUID, now: datetime) -> None:
    """The token is good for nothing from now on."""
    cursor.execute("UPDATE tokens SET revoked_at = ? WHERE token_id = ? AND revoked_at IS NULL", [now, key])


def _tokens(cursor: duckdb.DuckDBPyConnection, rest: str, values: list[Any]) -> list[Token]:
    columns = "token_id, store_id, purpose, name, created_by, created_at, used_at, revoked_at"
    found = cursor.execute(f"SELECT {columns} FROM tokens {rest}", values).fetchall()  # noqa: S608  literals of ours
    return [
        Token(UUID(str(key)), UUID(str(store)), purpose, name, UUID(str(by)), *moments)
        for key, store, purpose, name, by, *moments in found
    ]
