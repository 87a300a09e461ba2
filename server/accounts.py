"""Accounts as the server knows them: who a request or a page is, signing in and out, sessions, one's own password.

A session is a random token in a cookie, of which the database keeps the SHA-256. It is looked up at every request and
every drawing of a page, so that one that was ended is worth nothing from that moment on.

Until the first account is made everything is open to this machine, and closed to any other.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import duckdb
from starlette.requests import HTTPConnection

from fer_core.errors import DataError, ForbiddenError, InputError
from fer_core.store import Store
from fer_core.store import accounts as rows
from fer_core.store.scope import Scope
from server.passwords import Passwords, check_password
from server.rights import ACTIONS, ANYBODY, MAY, STORES, kinds_of
from server.throttle import Throttle, network_of

COOKIE = "moodgate_session"
IDLE, LONGEST = timedelta(hours=12), timedelta(days=30)
_SEEN_EVERY = timedelta(minutes=5)
_TICKET_S = 60.0
NOBODY = "nobody signed in"
DEMO = "demo"
WRONG = "This name and password don’t belong together."
LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
PROGRAM = "token: "
"""How the role of a program with a token begins; its purpose follows."""


class LoginError(InputError):
    """Nobody was signed in. wait_s: how long until the next try; 0: at once. code: a key of `account_routes.PROBLEMS`."""

    def __init__(self, sentence: str, wait_s: float = 0.0, code: str = "wrong") -> None:
        super().__init__(sentence)
        self.wait_s, self.code = wait_s, "wait" if wait_s else code


@dataclass(frozen=True)
class Account:
    """Who asks. stores: the names of those it sees, None for all; store_ids likewise; actions: keys of `rights.ACTIONS`.

    id and session are "" for whoever uses the app before there are accounts, and session for a program with a token.
    must_change: nothing is allowed but to choose another password.
    """

    name: str
    role: str
    stores: tuple[str, ...] | None
    id: str = ""
    store_ids: tuple[UUID, ...] | None = None
    actions: frozenset[str] = field(default=frozenset(), repr=False)
    must_change: bool = False
    session: str = field(default="", repr=False)

    def may(self, action: str) -> bool:
        """Whether it may do that; what is no key of `rights.ACTIONS` only an administrator may."""
        allowed = action in self.actions or action == ANYBODY or self.role == "administrator"
        return allowed and not self.must_change

    def need(self, action: str) -> None:
        """ForbiddenError unless it may do that."""
        if not self.may(action):
            raise ForbiddenError(f"this account may not {ACTIONS.get(action, 'do that')}")

    def sees(self, store: str) -> bool:
        """Whether the store of that name is one of its own."""
        return self.stores is None or store in self.stores

    @property
    def is_token(self) -> bool:
        """Whether it is a program with a token."""
        return self.role.startswith(PROGRAM)

    @property
    def scope(self) -> Scope:
        """What its queries may read."""
        kinds = frozenset() if self.must_change else kinds_of(self.actions)
        return Scope(self.store_ids, self.role == "demo", kinds)


LOCAL = Account(NOBODY, "administrator", None, actions=frozenset(ACTIONS))
"""Who uses this machine before there are accounts."""


class Caller(NamedTuple):
    """From where a login comes: the address, what the browser calls itself, and the cookie that it had."""

    address: str
    agent: str = ""
    cookie: str = ""


class Accounts:
    """The accounts of one database. Safe for all threads."""

    def __init__(
        self, store: Store, now: Callable[[], datetime] = lambda: datetime.now(UTC), throttle: Throttle | None = None
    ) -> None:
        self.store, self.now = store, now
        self.passwords, self.throttle = Passwords(), throttle or Throttle()
        self._some = False
        self._tickets: dict[str, tuple[UUID, float]] = {}
        self._lock = threading.Lock()

    # ---- who is it

    def exist(self) -> bool:
        """Whether there is any account; there always is one after the first."""
        if not self._some:
            with self.store.cursor() as cursor:
                self._some = rows.any_account(cursor)
        return self._some

    def account(self, token: str) -> Account | None:
        """Who has that cookie; None for a session that is over or never was."""
        return self.of_session(rows.digest_of(token)) if token else None

    def of_session(self, digest: str) -> Account | None:
        """Whose session has that digest; it is noted as in use."""
        with self.store.cursor() as cursor:
            found = rows.session(cursor, digest)
            row = rows.account(cursor, found.account_id) if found else None
            account = account_of(cursor, row, digest) if row and not row.disabled else None
        if found is None:
            return None
        now = self.now()
        if account is None or now >= found.expires_at or now - found.seen_at >= IDLE:
            self._write(lambda cursor: rows.end_session(cursor, digest))
            return None
        if now - found.seen_at >= _SEEN_EVERY:
            self._write(lambda cursor: rows.seen(cursor, digest, now))
        return account

    def of_token(self, secret: str) -> Account | None:
        """What a program with that token may do: its purpose's actions, of its one store."""
        from server.tokens import principal

        return principal(self, secret)

    # ---- signing in

    def setup(self, name: str, password: str, caller: Caller) -> str:
        """Make the first account, an administrator, and the demo account beside it; the cookie's token. DataError."""
        check_password(password, name)
        hash = self.passwords.hashed(password)
        with self.store.quietly() as cursor:
            if rows.any_account(cursor):
                raise DataError("there are accounts already; sign in")
            key = rows.put_account(cursor, name, "administrator", password=hash, now=self.now())
            if rows.plain_name(name).casefold() != DEMO:
                rows.put_account(cursor, DEMO, "demo", now=self.now())
        self.audit(name, "account.setup", str(key))
        return self._begin(key, caller)

    def login(self, name: str, password: str, caller: Caller) -> str:
        """The cookie's token. LoginError, after the same time and in the same words whether there is that account or not."""
        plain = rows.plain_name(name[:300])
        keys = ("account", plain.casefold()), ("address", network_of(caller.address))
        wait = self.throttle.begin(keys)
        if wait > 0:
            raise LoginError("Too many failed logins. Wait a moment, then try again.", wait)
        with self.store.cursor() as cursor:
            row = rows.by_name(cursor, plain)
        right = self.passwords.fits(row.password if row else "", password)
        if row is None or row.disabled or not right:
            self.audit(NOBODY, "account.login failed", str(row.id) if row else "")
            raise LoginError(WRONG)
        self.throttle.succeeded(*keys)
        if self.passwords.outdated(row.password):
            hash = self.passwords.hashed(password)
            self._write(lambda cursor: rows.change_account(cursor, row.id, {"password": hash}))
        self.audit(row.name, "account.login", str(row.id))
        return self._begin(row.id, caller)

    def demo(self, caller: Caller) -> str:
        """The cookie's token of the demo account. LoginError where an administrator ended it."""
        if not self.demo_open():
            raise LoginError("There is no demo account here.", code="closed")
        with self.store.cursor() as cursor:
            row = rows.by_name(cursor, DEMO)
        if row is None:
            raise LoginError("There is no demo account here.", code="closed")
        self.audit(row.name, "account.login", str(row.id))
        return self._begin(row.id, caller)

    def demo_open(self) -> bool:
        """Whether there is a demo account: one of that role without a password."""
        with self.store.cursor() as cursor:
            row = rows.by_name(cursor, DEMO)
        return row is not None and row.role == "demo" and not row.password and not row.disabled

    # ---- OpenID Connect

    def ticket(self, claims: Mapping[str, object]) -> tuple[str, str] | None:
        """For who signed in at the OpenID provider: a ticket to a session, good once and for a minute, and the account's
        name; None where no account has that subject or verified e-mail address. Nobody is made by it."""
        known = [claims.get("sub")] + [claims.get("email")] * (claims.get("email_verified") is True)
        with self.store.cursor() as cursor:
            found = [rows.by_subject(cursor, one) for one in known if isinstance(one, str) and one]
        row = next((one for one in found if one and not one.disabled), None)
        if row is None:
            return None
        ticket = rows.new_secret()
        with self._lock:
            now = time.monotonic()
            self._tickets = {key: value for key, value in self._tickets.items() if value[1] > now}
            self._tickets[rows.digest_of(ticket)] = (row.id, now + _TICKET_S)
        return ticket, row.name

    def enter(self, ticket: str, caller: Caller) -> str:
        """The cookie's token for a ticket. LoginError for one that is used, late or made up."""
        with self._lock:
            key, until = self._tickets.pop(rows.digest_of(ticket), (None, 0.0))
        if key is None or time.monotonic() > until:
            raise LoginError("That took too long. Sign in again.", code="late")
        with self.store.cursor() as cursor:
            row = rows.account(cursor, key)
        if row is None or row.disabled:
            raise LoginError(WRONG)
        self.audit(row.name, "account.login", str(row.id), {"by": "OpenID"})
        return self._begin(key, caller)

    # ---- one's own

    def logout(self, token: str) -> None:
        """End the session of that cookie; nothing where there is none."""
        account = self.account(token)
        if account:
            self._write(lambda cursor: rows.end_session(cursor, account.session))
            self.audit(account.name, "account.logout", account.id)

    def sessions(self, account: Account) -> list[rows.Session]:
        """Where the account is signed in, the latest use first."""
        with self.store.cursor() as cursor:
            found = rows.sessions(cursor, UUID(account.id)) if account.id else []
        now = self.now()
        return [one for one in found if now < one.expires_at and now - one.seen_at < IDLE]

    def end_everywhere(self, account: Account, *, but_here: bool = False) -> None:
        """End the account's sessions."""
        but = account.session if but_here else ""
        self._write(lambda cursor: rows.end_sessions(cursor, UUID(account.id), but))
        self.audit(account.name, "account.ended everywhere", account.id)

    def change_password(self, account: Account, old: str, new: str) -> None:
        """Another password for oneself; all other sessions end. LoginError for a wrong old one, DataError for an unfit one."""
        key = ("account", account.name.casefold())
        wait = self.throttle.begin([key])
        if wait > 0:
            raise LoginError("Too many wrong passwords. Wait a moment, then try again.", wait)
        with self.store.cursor() as cursor:
            row = rows.account(cursor, UUID(account.id))
        if row is None or not self.passwords.fits(row.password, old):
            raise LoginError("The old password is not right.")
        self.throttle.succeeded(key, key)
        check_password(new, row.name)
        if new == old:
            raise DataError("the new password is the old one; choose another")
        hash = self.passwords.hashed(new)
        with self.store.quietly() as cursor:
            rows.change_account(cursor, row.id, {"password": hash, "must_change": False})
            rows.end_sessions(cursor, row.id, account.session)
        self.audit(row.name, "account.password", str(row.id))

    # ---- inside

    def audit(self, actor: str, action: str, subject: str = "", detail: Mapping[str, object] | None = None) -> None:
        """Note in the audit log what was done to an account."""
        self.store.audit(actor, action, subject=subject, detail=dict(detail or {}))

    def _begin(self, key: UUID, caller: Caller) -> str:
        """A session that no cookie of before leads to."""
        token, now = rows.new_secret(), self.now()
        made = rows.Session(rows.digest_of(token), key, now, now, now + LONGEST, caller.agent)
        with self.store.quietly() as cursor:
            if caller.cookie:
                rows.end_session(cursor, rows.digest_of(caller.cookie))
            rows.put_session(cursor, made)
        return token

    def _write(self, do: Callable[[duckdb.DuckDBPyConnection], object]) -> None:
        with self.store.quietly() as cursor:
            do(cursor)


def account_of(cursor: duckdb.DuckDBPyConnection, row: rows.Row, session: str = "") -> Account:
    """A row with what its role may do, and the names of its stores today."""
    kind = STORES.get(row.role, "own")  # type: ignore[call-overload]
    names, ids = None, None
    if kind != "all":
        condition = "is_sample" if kind == "sample" else "store_id IN (SELECT unnest(?::UUID[]))"
        values = [] if kind == "sample" else [[str(one) for one in row.stores]]
        sql = f"SELECT store_id, name FROM stores WHERE {condition} ORDER BY name"  # noqa: S608  literals of ours
        found = cursor.execute(sql, values).fetchall()
        ids, names = tuple(UUID(str(key)) for key, _ in found), tuple(str(name) for _, name in found)
    actions = MAY.get(row.role, frozenset())  # type: ignore[call-overload]
    return Account(row.name, row.role, names, str(row.id), ids, actions, row.must_change, session)


def is_local(client: str | None, headers: Mapping[str, str]) -> bool:
    """Whether a request comes from this machine itself: by its address, by the name that it asked for (a foreign one that
    points here is DNS rebinding), and through no proxy. headers: with small letters."""
    if any(name in ("forwarded", "x-real-ip") or name.startswith("x-forwarded") for name in headers):
        return False
    try:
        near = client is not None and ip_address(client).is_loopback
        return near and urlsplit(f"//{headers.get('host', '')}").hostname in LOOPBACK
    except ValueError:
        return False


def of_request(request: HTTPConnection) -> Account | None:
    """Who a request comes from: a program by its token, a browser by its cookie; before there are accounts whoever uses this
    machine. None: nobody. Looks into the database: in a thread, please. Raises what `services` raises."""
    from server.services import services

    accounts = services().accounts
    if not accounts.exist():
        return LOCAL if is_local(request.client.host if request.client else None, request.headers) else None
    secret = bearer(request)
    return accounts.of_token(secret) if secret else accounts.account(request.cookies.get(COOKIE, ""))


def bearer(request: HTTPConnection) -> str:
    """The token that a program shows, or ""."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.casefold() == "bearer" else ""
