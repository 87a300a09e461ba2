"""Tokens of programs: each good for one store and one purpose, told once, kept hashed, revocable."""

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from fer_core.errors import DataError, ForbiddenError
from fer_core.store import accounts as rows
from fer_core.store.shops import known_store
from server.rights import PURPOSES

if TYPE_CHECKING:
    from server.accounts import Account, Accounts

PREFIX = "mg_"
"""What every token begins with, so that one that slipped into a text is found."""
_USED_EVERY = timedelta(minutes=1)


def make(accounts: "Accounts", by: "Account", store: str, purpose: str, name: str) -> str:
    """A new token, told here only. DataError, ForbiddenError."""
    by.need("tokens")
    if not by.sees(store):
        raise ForbiddenError("this account may not make tokens for that store")
    if purpose not in PURPOSES:
        raise DataError(f"a token is for {', '.join(PURPOSES)}, not for {purpose!r}")
    secret, owner = PREFIX + rows.new_secret(), UUID(by.id) if by.id else UUID(int=0)
    with accounts.store.quietly() as cursor:
        key = rows.put_token(cursor, rows.digest_of(secret), known_store(cursor, store), purpose, name, owner, accounts.now())
    accounts.store.audit(by.name, "token.make", store=store, subject=str(key), detail={"purpose": purpose})
    return secret


def of_stores(accounts: "Accounts", by: "Account") -> list[tuple[str, rows.Token]]:
    """The tokens of the account's stores, with the stores' names, revoked ones too. ForbiddenError."""
    by.need("tokens")
    with accounts.store.cursor() as cursor:
        names = {UUID(str(key)): str(name) for key, name in cursor.execute("SELECT store_id, name FROM stores").fetchall()}
        found = rows.tokens(cursor)
    return [(names[one.store_id], one) for one in found if one.store_id in names and by.sees(names[one.store_id])]


def revoke(accounts: "Accounts", by: "Account", key: UUID) -> None:
    """The token is good for nothing from now on. ForbiddenError for one of another store."""
    own = [(store, one) for store, one in of_stores(accounts, by) if one.id == key]
    if not own:
        raise ForbiddenError("this account may not revoke that token")
    with accounts.store.quietly() as cursor:
        rows.revoke(cursor, key, accounts.now())
    accounts.store.audit(by.name, "token.revoke", store=own[0][0], subject=str(key))


def principal(accounts: "Accounts", secret: str) -> "Account | None":
    """What a program with that token may do; None for one that is unknown, revoked, or of a store that is gone."""
    from server.accounts import PROGRAM, Account

    if not secret.startswith(PREFIX):
        return None
    with accounts.store.cursor() as cursor:
        found = rows.token(cursor, rows.digest_of(secret))
        row = cursor.execute("SELECT name FROM stores WHERE store_id = ?", [found.store_id]).fetchone() if found else None
    if found is None or row is None or found.purpose not in PURPOSES:
        return None
    now = accounts.now()
    if found.used_at is None or now - found.used_at >= _USED_EVERY:
        with accounts.store.quietly() as cursor:
            rows.used(cursor, found.id, now)
    actions = PURPOSES[found.purpose][1]
    role = f"{PROGRAM}{found.purpose}"
    return Account(f"token {found.name}", role, (str(row[0]),), str(found.id), (found.store_id,), actions)
