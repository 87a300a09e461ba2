"""What administrators do to accounts: make, change, reset, remove. Each call asks who calls."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import duckdb

from fer_core.errors import DataError
from fer_core.store import accounts as rows
from fer_core.store.shops import known_store
from server.accounts import Account, Accounts
from server.passwords import made_up
from server.rights import ROLES, STORES


def listed(accounts: Accounts, by: Account) -> list[Account]:
    """All accounts by name; those that were disabled have no actions. ForbiddenError."""
    from server.accounts import account_of

    by.need("accounts")
    with accounts.store.cursor() as cursor:
        return [account_of(cursor, row) for row in rows.accounts(cursor)]


def details(accounts: Accounts, by: Account) -> list[rows.Row]:
    """The rows, for a page that shows who is disabled or known to an OpenID provider. ForbiddenError."""
    by.need("accounts")
    with accounts.store.cursor() as cursor:
        return rows.accounts(cursor)


def make(accounts: Accounts, by: Account, name: str, role: str, stores: Sequence[str] = (), subject: str | None = None) -> str:
    """Make an account; its first password, told here only, to be changed at the first login. DataError, ForbiddenError."""
    by.need("accounts")
    _check(role)
    password = made_up()
    hash = accounts.passwords.hashed(password)
    with accounts.store.quietly() as cursor:
        ids = _ids(cursor, role, stores)
        key = rows.put_account(
            cursor, name, role, password=hash, stores=ids, subject=subject, must_change=True, now=accounts.now()
        )
    accounts.audit(by.name, "account.make", str(key), {"role": role})
    return password


def change(
    accounts: Accounts,
    by: Account,
    key: UUID,
    *,
    role: str | None = None,
    stores: Sequence[str] | None = None,
    subject: str | None = None,
    disabled: bool | None = None,
) -> None:
    """Change what is given; subject "" takes it away. A disabled account's sessions end. DataError, ForbiddenError."""
    by.need("accounts")
    with accounts.store.quietly() as cursor:
        row = _known(cursor, key)
        given = {"role": role, "disabled": disabled, "subject": subject}
        changes: dict[str, object] = {name: value for name, value in given.items() if value is not None}
        if role is not None:
            _check(role)
        if stores is not None or role is not None:
            changes["stores"] = row.stores if stores is None else _ids(cursor, role or row.role, stores)
        rows.change_account(cursor, key, changes)
        if disabled:
            rows.end_sessions(cursor, key)
        _keep_one(cursor)
    accounts.audit(
        by.name, "account.change", str(key), {name: str(value) for name, value in given.items() if value is not None}
    )


def reset(accounts: Accounts, by: Account, key: UUID) -> str:
    """A new password, told here only, to be changed at the next login; all sessions end. DataError, ForbiddenError."""
    by.need("accounts")
    password = made_up()
    hash = accounts.passwords.hashed(password)
    with accounts.store.quietly() as cursor:
        if _known(cursor, key).role == "demo":
            raise DataError("the demo account has no password")
        rows.change_account(cursor, key, {"password": hash, "must_change": True})
        rows.end_sessions(cursor, key)
    accounts.audit(by.name, "account.reset", str(key))
    return password


def remove(accounts: Accounts, by: Account, key: UUID) -> None:
    """Delete an account with its sessions. DataError for the last administrator, ForbiddenError."""
    by.need("accounts")
    with accounts.store.quietly() as cursor:
        _known(cursor, key)
        rows.remove_account(cursor, key)
        _keep_one(cursor)
    accounts.audit(by.name, "account.remove", str(key))


def _known(cursor: duckdb.DuckDBPyConnection, key: UUID) -> rows.Row:
    row = rows.account(cursor, key)
    if row is None:
        raise DataError("there is no such account any more")
    return row


def _check(role: str) -> None:
    if role not in ROLES:
        raise DataError(f"an account is one of {', '.join(ROLES)}, not {role!r}")


def _ids(cursor: duckdb.DuckDBPyConnection, role: str, stores: Iterable[str]) -> list[UUID]:
    """The ids of the stores for a role that has stores of its own; none for any other."""
    return [known_store(cursor, name) for name in stores] if STORES[role] == "own" else []  # type: ignore[index]


def _keep_one(cursor: duckdb.DuckDBPyConnection) -> None:
    """DataError where no administrator would be left; the caller's transaction is taken back."""
    if not any(row.role == "administrator" and not row.disabled and row.password for row in rows.accounts(cursor)):
        raise DataError("one administrator with a password must remain")
