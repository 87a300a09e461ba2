"""Signing in and out, sessions, tokens, what administrators do; and the attacks on them."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

import pytest

from fer_core.errors import DataError, ForbiddenError
from fer_core.store import accounts as rows
from server import account_admin, tokens
from server.accounts import COOKIE, LOCAL, Accounts, Caller, LoginError, is_local
from server.gate import Gate
from server.passwords import Passwords, check_password, made_up
from server.routes import routes
from server.services import services
from server.throttle import Throttle, network_of
from tests.test_server_routes import HOME, ask

HORSE, TYPED = "correct horse battery", "a secret typed wrong"
HERE = Caller("127.0.0.1", "a browser")
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Clock:
    """A clock that is set by hand."""

    def __init__(self):
        self.at = datetime(2026, 4, 1, 9, tzinfo=UTC)

    def __call__(self):
        return self.at

    def seconds(self):
        return self.at.timestamp()

    def pass_(self, **span):
        self.at += timedelta(**span)


class Quick(Passwords):
    """The real thing with less work, and a count of how often it was asked."""

    def __init__(self):
        super().__init__()
        self.asked = 0

    def _hasher(self):
        from argon2 import PasswordHasher

        if self._made is None:
            self._made = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
            self._nobody = self._made.hash("nobody's")
        return self._made

    def fits(self, hash, password):
        self.asked += 1
        return super().fits(hash, password)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def accounts(store, clock):
    """The app's own accounts, with a clock set by hand and quick hashes."""
    found = services().accounts
    found.now, found.throttle, found.passwords = clock, Throttle(clock.seconds), Quick()
    return found


@pytest.fixture
def anna(accounts):
    """The first administrator, signed in: token and account."""
    token = accounts.setup("Anna", HORSE, HERE)
    return token, accounts.account(token)


def send(name, headers=HOME, **fields):
    return ask("POST", f"/account/{name}", headers | FORM, [urlencode(fields).encode()])


def cookie_of(answer):
    """The token that an answer sets, or None."""
    text = answer.headers.get("set-cookie", "")
    return text.partition(";")[0].removeprefix(f"{COOKIE}=") if text.startswith(COOKIE) else None


def upload_with(cookie=None, **headers):
    """The status of a route that needs an account."""
    sent = HOME | {"content-type": "application/json"} | ({"cookie": f"{COOKIE}={cookie}"} if cookie else {}) | headers
    return ask("POST", "/upload", sent, [b'{"name": "f.mp4", "size": 2}']).status


# ---- before there are accounts, and the first one -------------------------------------------------------------------


def test_before_there_are_accounts_this_machine_is_the_administrator(accounts):
    assert not accounts.exist() and upload_with() == 201
    assert LOCAL.may("accounts") and LOCAL.stores is None
    assert upload_with(**{"x-forwarded-for": "203.0.113.9"}) == 401


@pytest.mark.parametrize(
    ("client", "headers", "local"),
    [
        (None, {"host": "localhost"}, False),
        ("127.0.0.1", {"host": "localhost:8501"}, True),
        ("::1", {"host": "[::1]:8501"}, True),
        ("127.0.0.1", {"host": "evil.example"}, False),
        ("192.168.0.9", {"host": "localhost:8501"}, False),
        ("127.0.0.1", {"host": "localhost", "x-forwarded-host": "shop.example"}, False),
        ("127.0.0.1", {"host": "localhost", "x-forwarded-for": "1.2.3.4"}, False),
        ("127.0.0.1", {"host": "localhost", "forwarded": "for=1.2.3.4"}, False),
        ("127.0.0.1", {"host": "localhost", "x-real-ip": "1.2.3.4"}, False),
        ("127.0.0.1", {"host": "[bad"}, False),
        ("nonsense", {"host": "localhost"}, False),
        ("127.0.0.1", {}, False),
    ],
)
def test_from_this_machine(client, headers, local):
    assert is_local(client, headers) is local


def test_the_setup_makes_the_first_administrator_once(accounts):
    made = send("setup", account="Anna", password=HORSE, again=HORSE)
    assert (made.status, made.headers["location"]) == (303, "../")
    account = accounts.account(cookie_of(made))
    assert (account.name, account.role, account.stores) == ("Anna", "administrator", None)
    assert upload_with() == 401 and upload_with(cookie_of(made)) == 201
    again = send("setup", account="Eve", password=HORSE, again=HORSE)
    assert "problem=taken" in again.headers["location"] and cookie_of(again) is None
    with pytest.raises(DataError):
        accounts.setup("Eve", HORSE, HERE)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "weak"),
        ({"account": "Anna", "password": HORSE, "again": "another one"}, "differ"),
        ({"account": "Anna", "password": "short", "again": "short"}, "weak"),
        ({"account": " ", "password": HORSE, "again": HORSE}, "name"),
        ({"account": "a" * 101, "password": HORSE, "again": HORSE}, "name"),
    ],
)
def test_a_setup_that_is_refused(accounts, fields, problem):
    answer = send("setup", **({"again": ""} | fields))
    assert answer.headers["location"] == f"../accounts?problem={problem}" and not accounts.exist()


def test_the_setup_is_for_this_machine_only(accounts):
    for headers in ({"x-forwarded-for": "1.2.3.4"}, {"host": "shop.example", "origin": "http://shop.example"}):
        assert send("setup", HOME | headers, account="Eve", password=HORSE, again=HORSE).status == 403
    assert not accounts.exist()


# ---- signing in -----------------------------------------------------------------------------------------------------


def test_the_cookie(accounts, anna):
    answer = send("login", account="anna ", password=HORSE)  # capitals and spaces make no other account
    told = answer.headers["set-cookie"].lower()
    assert "httponly" in told and "samesite=lax" in told and "path=/" in told and "secure" not in told
    assert (
        "secure"
        in send("login", HOME | {"x-forwarded-proto": "https"}, account="Anna", password=HORSE).headers["set-cookie"].lower()
    )
    assert answer.headers["cache-control"] == "no-store"
    token = cookie_of(answer)
    with accounts.store.cursor() as cursor:
        kept = repr(cursor.execute("SELECT * FROM sessions").fetchall() + cursor.execute("SELECT * FROM accounts").fetchall())
    assert token not in kept and HORSE not in kept and "$argon2id$" in kept


def test_unknown_user_and_wrong_password_are_told_and_cost_the_same(accounts, anna):
    account_admin.make(accounts, anna[1], "Bob", "manager")
    key = next(row.id for row in account_admin.details(accounts, anna[1]) if row.name == "Bob")
    account_admin.change(accounts, anna[1], key, disabled=True)
    answers = []
    for name in ("Anna", "Nobody", "Bob", "demo", ""):
        before = accounts.passwords.asked
        found = send("login", account=name, password=HORSE + "x")
        answers.append((found.status, found.headers["location"], found.body, accounts.passwords.asked - before))
        accounts.throttle = Throttle()
    assert set(answers) == {(303, "../?problem=wrong", b"", 1)}


def test_a_hash_of_nobody_is_checked_with_todays_settings():
    passwords = Passwords()
    assert not passwords.fits("", HORSE) and not passwords.fits("", passwords._nobody)
    assert passwords._nobody.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    hash = passwords.hashed(HORSE)
    assert passwords.fits(hash, HORSE) and not passwords.fits(hash, HORSE + "x") and not passwords.outdated(hash)
    assert not passwords.fits("no hash at all", HORSE)


def test_brute_force_slows_down(accounts, anna, clock):
    def guess(name="Anna", address="198.51.100.7"):
        try:
            accounts.login(name, "wrong horse battery", Caller(address))
        except LoginError as error:
            return error.wait_s
        raise AssertionError("a guess was right")

    assert [guess() for _ in range(3)] == [0, 0, 0]
    waits = []
    for _ in range(8):
        wait = guess()
        waits.append(round(wait))
        assert guess() == wait  # a refused try doesn't count, and isn't even checked
        clock.pass_(seconds=wait)
        guess()
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128]
    with pytest.raises(LoginError, match="Too many"):
        accounts.login("Anna", HORSE, HERE)  # from elsewhere, too; but for a minute at most
    clock.pass_(seconds=61)
    accounts.login("Anna", HORSE, HERE)
    assert guess() > 0  # the guesser's address is not cleared by it


def test_guesses_at_the_same_moment_are_counted_before_they_are_checked(clock):
    throttle = Throttle(clock.seconds)
    keys = [("account", "anna"), ("address", "198.51.100.7")]
    assert [throttle.begin(keys) > 0 for _ in range(100)].count(False) == 3


def test_a_guesser_does_not_clear_an_address_by_an_own_account(clock):
    throttle = Throttle(clock.seconds)
    for name in ("anna", "ben", "cem"):
        throttle.begin([("account", name), ("address", "a")])
    throttle.succeeded(("account", "cem"), ("address", "a"))
    throttle.begin([("account", "dee"), ("address", "a")])
    assert throttle.begin([("account", "eva"), ("address", "a")]) > 0


def test_the_throttle_forgets_and_stays_small(clock):
    throttle = Throttle(clock.seconds, capacity=10)
    for number in range(50):
        throttle.begin([("account", str(number))])
    assert len(throttle._known) == 10
    for _ in range(3):
        throttle.begin([("account", "anna")])
    clock.pass_(hours=2)
    assert [throttle.begin([("account", "anna")]) for _ in range(3)] == [0, 0, 0]


def test_addresses_are_counted_by_household():
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1") != network_of("2001:db8:0:1::1")
    assert network_of("192.0.2.1") == "192.0.2.1" and network_of("testclient") == "testclient"


# ---- sessions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("forged", ["", "x", "0" * 43, "'; DROP TABLE sessions; --", "\x00", "ä" * 50, "A" * 5000])
def test_a_forged_cookie(accounts, anna, forged):
    assert accounts.account(forged) is None
    assert accounts.account(rows.digest_of(anna[0])) is None  # what the database keeps is no cookie
    if forged.isascii() and forged.isprintable():
        assert upload_with(forged) == 401


def test_a_cookie_after_logout_is_worth_nothing(accounts, anna):
    token, _ = anna
    assert upload_with(token) == 201
    out = send("logout", HOME | {"cookie": f"{COOKIE}={token}"})
    assert out.status == 303 and 'moodgate_session=""' in out.headers["set-cookie"]
    assert upload_with(token) == 401 and accounts.account(token) is None


def test_an_expired_cookie(accounts, anna, clock):
    token, _ = anna
    for _ in range(59):
        clock.pass_(hours=11, minutes=59)
        assert accounts.account(token)
    clock.pass_(hours=20)
    assert accounts.account(token) is None  # idle
    token = accounts.login("Anna", HORSE, HERE)
    for _ in range(62):
        clock.pass_(hours=11, minutes=59)
        found = accounts.account(token)
    assert found is None  # 30 days after the login, however busy
    with accounts.store.cursor() as cursor:
        assert rows.session(cursor, rows.digest_of(token)) is None


def test_signing_in_ends_the_session_that_the_browser_had(accounts, anna):
    answer = send("login", HOME | {"cookie": f"{COOKIE}={anna[0]}"}, account="Anna", password=HORSE)
    assert accounts.account(anna[0]) is None and accounts.account(cookie_of(answer))


def test_a_fixed_cookie_is_not_taken_over(accounts, anna):
    answer = send("login", HOME | {"cookie": f"{COOKIE}=chosen-by-somebody"}, account="Anna", password=HORSE)
    assert cookie_of(answer) != "chosen-by-somebody" and accounts.account("chosen-by-somebody") is None


def test_ended_everywhere(accounts, anna):
    first, own = anna
    others = [accounts.login("Anna", HORSE, HERE) for _ in range(2)]
    assert len(accounts.sessions(own)) == 3
    accounts.end_everywhere(own, but_here=True)
    assert accounts.account(first) and not any(map(accounts.account, others))
    accounts.end_everywhere(own)
    assert accounts.account(first) is None


@pytest.mark.parametrize("name", ["login", "logout", "setup", "demo", "enter"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": ""},
    ],
)
def test_another_sites_form_signs_nobody_in_or_out(accounts, anna, name, headers):
    answer = send(name, HOME | headers | {"cookie": f"{COOKIE}={anna[0]}"}, account="Anna", password=HORSE)
    assert answer.status == 403 and "set-cookie" not in answer.headers
    assert accounts.account(anna[0])


def test_a_form_without_an_origin_is_refused(accounts, anna):
    assert send("login", {"host": "localhost:8501"}, account="Anna", password=HORSE).status == 403


def test_forms_of_another_kind(accounts, anna):
    for kind, body in (
        ("application/json", b"{}"),
        (FORM["content-type"], b"a=" + b"x" * 9000),
        (FORM["content-type"], b"\xff"),
    ):
        assert ask("POST", "/account/login", HOME | {"content-type": kind}, [body]).status == 400
    assert ask("GET", "/account/login").status == 405


def test_with_accounts_the_server_speaks_under_other_names_too(accounts, anna):
    away = {"host": "shop.example", "origin": "https://shop.example"}
    token = cookie_of(send("login", away, account="Anna", password=HORSE))
    assert upload_with(token, **away) == 201 and upload_with(**away) == 401


# ---- passwords ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", ["", "short", "a" * 20, "Password123!", "moodgate2026", "annamaria1", "x" * 5 + "y" * 300])
def test_passwords_that_are_refused(bad):
    with pytest.raises(DataError):
        check_password(bad, "annamaria")


def test_changing_the_own_password_ends_the_other_sessions(accounts, anna):
    token, own = anna
    other = accounts.login("Anna", HORSE, HERE)
    for old, new, error in (
        (HORSE, "short", DataError),
        (HORSE, HORSE, DataError),
        ("wrong one here", "another horse", LoginError),
    ):
        with pytest.raises(error):
            accounts.change_password(own, old, new)
    accounts.change_password(own, HORSE, "another horse battery")
    assert accounts.account(token) and accounts.account(other) is None
    with pytest.raises(LoginError):
        accounts.login("Anna", HORSE, HERE)
    accounts.login("Anna", "another horse battery", HERE)


def test_a_reset_password_must_be_changed_before_anything_else(accounts, anna):
    _, own = anna
    first = account_admin.make(accounts, own, "Ben", "administrator")
    ben = accounts.login("Ben", first, HERE)
    assert upload_with(ben) == 403 and not accounts.account(ben).may("sums")
    accounts.change_password(accounts.account(ben), first, HORSE + " of Ben")
    assert upload_with(ben) == 201
    again = account_admin.reset(accounts, own, UUID(accounts.account(ben).id))
    assert accounts.account(ben) is None and again != first and len(made_up()) == 19
    assert accounts.account(accounts.login("Ben", again, HERE)).must_change


# ---- administrators -------------------------------------------------------------------------------------------------


def test_nobody_else_changes_accounts(accounts, anna):
    _, own = anna
    accounts.store.put_store("North")
    account_admin.make(accounts, own, "Mia", "manager", ["North"])
    mia = next(one for one in account_admin.listed(accounts, own) if one.name == "Mia")
    assert mia.stores == ("North",) and mia.must_change
    for call in (
        lambda: account_admin.listed(accounts, mia),
        lambda: account_admin.details(accounts, mia),
        lambda: account_admin.make(accounts, mia, "Eve", "administrator"),
        lambda: account_admin.change(accounts, mia, UUID(mia.id), role="administrator"),
        lambda: account_admin.reset(accounts, mia, UUID(own.id)),
        lambda: account_admin.remove(accounts, mia, UUID(own.id)),
    ):
        with pytest.raises(ForbiddenError):
            call()


def test_what_an_administrator_changes_holds_at_once(accounts, anna):
    _, own = anna
    for name in ("North", "South"):
        accounts.store.put_store(name)
    password = account_admin.make(accounts, own, "Mia", "manager", ["North"])
    token = accounts.login("Mia", password, HERE)
    key = UUID(accounts.account(token).id)
    account_admin.change(accounts, own, key, stores=["South"])
    assert accounts.account(token).stores == ("South",)
    account_admin.change(accounts, own, key, role="analyst")
    assert accounts.account(token).role == "analyst" and accounts.account(token).stores == ("South",)
    accounts.store.rename_store("South", "Far South")
    assert accounts.account(token).stores == ("Far South",)
    account_admin.change(accounts, own, key, disabled=True)
    assert accounts.account(token) is None
    with pytest.raises(LoginError):
        accounts.login("Mia", password, HERE)


def test_a_new_store_of_a_deleted_ones_name_is_nobodys(accounts, anna):
    _, own = anna
    accounts.store.put_store("North")
    account_admin.make(accounts, own, "Mia", "manager", ["North"])
    secret = tokens.make(accounts, own, "North", "footage", "camera")
    accounts.store.delete_store("North")
    accounts.store.put_store("North")
    assert next(one for one in account_admin.listed(accounts, own) if one.name == "Mia").stores == ()
    assert accounts.of_token(secret) is None


def test_one_administrator_remains(accounts, anna):
    key = UUID(anna[1].id)
    for call in (
        lambda: account_admin.remove(accounts, anna[1], key),
        lambda: account_admin.change(accounts, anna[1], key, role="manager"),
        lambda: account_admin.change(accounts, anna[1], key, disabled=True),
    ):
        with pytest.raises(DataError, match="one administrator"):
            call()
    assert accounts.account(anna[0]).role == "administrator"


def test_names_and_roles_that_are_refused(accounts, anna):
    for name, role in (
        ("anna", "manager"),
        ("  ANNA ", "manager"),
        ("", "manager"),
        ("x" * 101, "manager"),
        ("a\x00b", "manager"),
        ("Eve", "root"),
    ):
        with pytest.raises(DataError):
            account_admin.make(accounts, anna[1], name, role)


# ---- demo, OpenID, tokens -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "headers", "opens"),
    [
        ("127.0.0.1", {}, True),
        ("localhost", {}, True),
        (None, {}, False),
        ("0.0.0.0", {}, False),  # noqa: S104
        ("127.0.0.1", {"x-forwarded-for": "1.2.3.4"}, False),
        ("127.0.0.1", {"host": "shop.example", "origin": "http://shop.example"}, False),
    ],
)
def test_the_demo_account_at_one_click(accounts, anna, monkeypatch, address, headers, opens):
    monkeypatch.setattr("tests.test_server_routes.routes", lambda: routes(address))
    answer = send("demo", HOME | headers)
    token = cookie_of(answer)
    assert bool(token) is opens
    if opens:
        account = accounts.account(token)
        assert (account.role, account.stores, upload_with(token)) == ("demo", (), 403)


def test_the_demo_account_can_be_ended(accounts, anna):
    key = next(row.id for row in account_admin.details(accounts, anna[1]) if row.role == "demo")
    with pytest.raises(LoginError):
        accounts.login("demo", "", HERE)
    with pytest.raises(DataError):
        account_admin.reset(accounts, anna[1], key)
    account_admin.change(accounts, anna[1], key, disabled=True)
    with pytest.raises(LoginError):
        accounts.demo(HERE)


def test_openid_maps_to_accounts_that_are_there(accounts, anna):
    account_admin.make(accounts, anna[1], "Mia", "manager", subject="Mia@shop.example")
    for claims in ({}, {"sub": "1"}, {"email": "mia@shop.example"}, {"email": "mia@shop.example", "email_verified": "true"},
                   {"email": "eve@shop.example", "email_verified": True}, {"sub": None, "email": 3}):  # fmt: skip
        assert accounts.ticket(claims) is None
    ticket, name = accounts.ticket({"email": "MIA@shop.example", "email_verified": True})
    token = cookie_of(send("enter", ticket=ticket))
    assert name == "Mia" and accounts.account(token).name == "Mia"
    assert "problem=late" in send("enter", ticket=ticket).headers["location"]  # replayed
    assert "problem=late" in send("enter", ticket="made-up").headers["location"]
    assert len(account_admin.details(accounts, anna[1])) == 3


def test_tokens(accounts, anna, clock):
    _, own = anna
    for name in ("North", "South"):
        accounts.store.put_store(name)
    secret = tokens.make(accounts, own, "North", "footage", "the camera")
    with accounts.store.cursor() as cursor:
        assert secret not in repr(cursor.execute("SELECT * FROM tokens").fetchall())
    program = accounts.of_token(secret)
    assert (program.stores, program.actions) == (("North",), frozenset(("footage",)))
    bare = {"host": "localhost:8501", "content-type": "application/json"}
    body = [b'{"name": "f.mp4", "size": 2}']
    key = ask("POST", "/upload", bare | {"authorization": f"Bearer {secret}"}, body).json["id"]
    assert services().uploads.get(key).owner == program.id
    other = tokens.make(accounts, own, "South", "footage", "another")
    assert ask("GET", f"/upload/{key}", bare | {"authorization": f"Bearer {other}"}).status == 404
    sums = tokens.make(accounts, own, "North", "sums", "a script")
    assert ask("POST", "/upload", bare | {"authorization": f"Bearer {sums}"}, body).status == 403
    for bad in ("mg_forged", secret + "x", anna[0], ""):
        assert (
            ask("POST", "/upload", bare | {"authorization": f"Bearer {bad}"} | {"origin": "http://localhost:8501"}, body).status
            == 401
        )
    assert (
        ask("POST", "/upload", bare | {"cookie": f"{COOKIE}={secret}", "origin": "http://localhost:8501"}, body).status == 401
    )
    (_, one) = next(found for found in tokens.of_stores(accounts, own) if found[1].name == "the camera")
    assert one.used_at == clock()
    tokens.revoke(accounts, own, one.id)
    assert accounts.of_token(secret) is None
    for bad in (("North", "nonsense", "x"), ("North", "sums", " "), ("Nowhere", "sums", "x")):
        with pytest.raises(DataError):
            tokens.make(accounts, own, *bad)


def test_a_manager_has_the_tokens_of_own_stores_only(accounts, anna):
    _, own = anna
    for name in ("North", "South"):
        accounts.store.put_store(name)
    password = account_admin.make(accounts, own, "Mia", "manager", ["North"])
    token = accounts.login("Mia", password, HERE)
    accounts.change_password(accounts.account(token), password, HORSE)
    mia = accounts.account(token)
    tokens.make(accounts, own, "South", "sums", "theirs")
    theirs = tokens.of_stores(accounts, own)[0][1]
    tokens.make(accounts, mia, "North", "sums", "mine")
    assert [store for store, _ in tokens.of_stores(accounts, mia)] == ["North"]
    for call in (lambda: tokens.make(accounts, mia, "South", "sums", "x"), lambda: tokens.revoke(accounts, mia, theirs.id)):
        with pytest.raises(ForbiddenError):
            call()


# ---- before Streamlit's addresses -----------------------------------------------------------------------------------


def through_gate(path, headers, kind="http", client="127.0.0.1"):
    """What the gate lets through: (reached the app, the messages that were sent)."""
    import asyncio

    reached, sent = [], []

    async def app(scope, receive, send):
        reached.append(scope["path"])
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message):
        sent.append(message)

    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": kind, "path": path, "headers": pairs, "client": (client, 1), "method": "GET", "query_string": b""}
    asyncio.run(Gate(app)(scope, None, send))
    return bool(reached), sent


def test_files_of_pages_need_an_account(accounts, anna):
    mine = HOME | {"cookie": f"{COOKIE}={anna[0]}"}
    for path in ("/media/abc.csv", "/_stcore/upload_file/a/b", "/_stcore/agent/interact", "/base/media/abc.csv"):
        assert not through_gate(path, HOME)[0] and through_gate(path, mine)[0]
    reached, sent = through_gate("/", HOME)
    told = {name.decode() for name, _ in sent[0]["headers"]}
    assert reached and {"x-frame-options", "x-content-type-options", "referrer-policy", "content-security-policy"} <= told


def test_before_there_are_accounts_no_page_is_drawn_for_another_machine(accounts):
    stream = "/_stcore/stream"
    assert through_gate(stream, HOME, "websocket")[0]
    for headers, client in (
        (HOME, "192.168.0.9"),
        (HOME | {"x-forwarded-for": "1.2.3.4"}, "127.0.0.1"),
        ({"host": "evil.example"}, "127.0.0.1"),
    ):
        reached, sent = through_gate(stream, headers, "websocket", client)
        assert not reached and sent[0]["type"] == "websocket.close"
    accounts.setup("Anna", HORSE, HERE)
    assert through_gate(stream, HOME, "websocket", "192.168.0.9")[0]  # to the login


def test_the_audit_log_has_logins_and_no_secrets(accounts, anna):
    send("login", account="Anna", password=TYPED)
    with accounts.store.cursor() as cursor:
        found = cursor.execute("SELECT actor, action, detail, subject FROM audit").fetchall()
    assert {"account.setup", "account.login failed"} <= {action for _, action, _, _ in found}
    assert HORSE not in repr(found) and anna[0] not in repr(found) and TYPED not in repr(found)


def test_two_accounts_objects_agree(accounts, anna):
    assert Accounts(accounts.store, accounts.now).account(anna[0]).name == "Anna"
