"""Forged, replayed, revoked and borrowed cookies, tokens and secret addresses, over HTTP; and guessing.

The accounts' own rules are tried in test_accounts.py; here what each route makes of what isn't in order.
"""

import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fer_core.store import accounts as rows
from server import account_admin, tokens
from server.accounts import COOKIE
from server.rights import PURPOSES
from server.routes import routes
from server.services import services
from tests.secrets_in_logs import Watch, listening
from tests.test_accounts import FORM, HERE, HORSE, TYPED, accounts, anna, clock, cookie_of, send, through_gate, upload_with  # noqa: F401
from tests.test_rights import OPEN
from tests.test_server_routes import CHUNK, HOME, ask

BARE = {"host": "localhost:8501", "content-type": "application/json"}
BEGIN = [b'{"name": "f.mp4", "size": 2}']


@pytest.fixture
def north(accounts, anna):  # noqa: F811
    """A token of each purpose for the store North, by purpose."""
    accounts.store.put_store("North")
    return {purpose: tokens.make(accounts, anna[1], "North", purpose, purpose) for purpose in PURPOSES}


def shown(secret, **more):
    return BARE | {"authorization": f"Bearer {secret}"} | more


def closed_calls(key="0" * 32):
    """Every method of every route that asks for an account, with an address that fits."""
    for route in routes():
        if route.path not in OPEN:
            address = route.path
            for name in route.param_convertors:
                address = address.replace(f"{{{name}}}", key)
            yield from ((method, address) for method in sorted(route.methods))


# ---- forged ---------------------------------------------------------------------------------------------------------

FORGED = (
    "", "mg_", "mg_" + "A" * 43, "x" * 5000, "null", "undefined", "Bearer", "' OR 1=1 --", "../../etc/passwd", "{}", "\t",
    "ÿ", "\x7f", "eyJhbGciOiJub25lIn0.eyJyb2xlIjoiYWRtaW5pc3RyYXRvciJ9.", "*", "%00", "mg_%",
)  # fmt: skip


@pytest.mark.parametrize("forged", FORGED)
def test_what_was_made_up_opens_no_route(north, anna, forged):  # noqa: F811
    for method, address in closed_calls():
        for headers in (shown(forged), HOME | {"cookie": f"{COOKIE}={forged}"}, HOME | {"cookie": forged}):
            refused = (401,) if forged.strip() else (401, 403)  # without a token a program must say by Origin where it is
            assert ask(method, address, headers, BEGIN).status in refused, (method, address)


@settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=st.text(st.characters(max_codepoint=255), max_size=80), name=st.sampled_from(["authorization", "cookie"]),
       start=st.sampled_from(["", "Bearer ", "bearer mg_", "Basic ", f"{COOKIE}=", f"{COOKIE}=\"", "a=b; "]))  # fmt: skip
def test_no_header_breaks_a_route_or_opens_it(north, anna, text, name, start):  # noqa: F811
    for method, address in (("POST", "/upload"), ("GET", f"/upload/{'0' * 32}")):
        answer = ask(method, address, HOME | {"content-type": "application/json", name: start + text}, BEGIN)
        assert answer.status == 401
    assert send("logout", HOME | {name: start + text}).status == 303


def test_one_digit_off_is_nothing(north, anna):  # noqa: F811
    secret, cookie = north["footage"], anna[0]
    for place in (0, 3, len(secret) // 2, len(secret) - 1):
        wrong = secret[:place] + ("B" if secret[place] == "A" else "A") + secret[place + 1 :]
        assert ask("POST", "/upload", shown(wrong), BEGIN).status == 401
    assert ask("POST", "/upload", shown(secret[:-1]), BEGIN).status == 401
    assert ask("POST", "/upload", shown(secret.lower()), BEGIN).status == 401
    assert upload_with(cookie[:-1]) == 401 and upload_with(cookie.swapcase()) == 401
    assert ask("POST", "/upload", shown(secret), BEGIN).status == 201


def test_what_the_database_keeps_opens_nothing(accounts, anna, north):  # noqa: F811
    """Whoever reads the file has hashes only."""
    with accounts.store.cursor() as cursor:
        kept = [str(value) for table in ("sessions", "tokens", "accounts", "settings")
                for row in cursor.execute(f"SELECT * FROM {table}").fetchall() for value in row]  # noqa: S608  # fmt: skip
    for value in kept:
        if value and value.isascii() and value.isprintable():
            assert upload_with(value) == 401 and ask("POST", "/upload", shown(value), BEGIN).status == 401
            assert ask("POST", "/upload", shown(f"mg_{value}"), BEGIN).status == 401


def test_secrets_stand_in_no_address(north, anna):  # noqa: F811
    """A secret in an address would stand in histories and logs: none is taken from there."""
    for query in (f"token={north['footage']}", f"access_token={north['footage']}", f"{COOKIE}={anna[0]}"):
        assert ask("POST", f"/upload?{query}", BARE | {"origin": "http://localhost:8501"}, BEGIN).status in (401, 404)


# ---- of another purpose, revoked, replayed --------------------------------------------------------------------------


def test_a_token_is_good_for_its_purpose_only(north):
    for purpose, secret in north.items():
        for method, address in closed_calls():
            status = ask(method, address, shown(secret), BEGIN).status
            fits = address.startswith({"footage": ("/upload", "/api/reviews"), "camera": ("/api/live",)}.get(purpose, ()))
            assert status == 403 or (fits and status != 401), (purpose, method, address, status)


def test_a_token_is_no_cookie_no_password_and_no_ticket(accounts, anna, north):  # noqa: F811
    for secret in north.values():
        assert upload_with(secret) == 401
        for way in ("login", "enter", "demo", "setup"):
            answer = send(way, account="Anna", password=secret, ticket=secret, again=secret)
            assert cookie_of(answer) is None or way == "demo"
            accounts.throttle.succeeded(("account", "anna"), ("address", "127.0.0.1"))
        for path in ("/media/abc.csv", "/_stcore/upload_file/a/b"):
            assert not through_gate(path, HOME | {"cookie": f"{COOKIE}={secret}"})[0]


def test_a_token_changes_no_account(accounts, anna, north):  # noqa: F811
    from fer_core.errors import ForbiddenError

    for secret in north.values():
        program = accounts.of_token(secret)
        for call in (
            lambda by: account_admin.make(accounts, by, "Eve", "administrator"),
            lambda by: account_admin.listed(accounts, by),
            lambda by: tokens.make(accounts, by, "North", "footage", "another"),
            lambda by: tokens.of_stores(accounts, by),
        ):
            with pytest.raises(ForbiddenError):
                call(program)


def test_a_revoked_token_ends_in_the_middle_of_a_film(accounts, anna, north):  # noqa: F811
    secret = north["footage"]
    key = ask("POST", "/upload", shown(secret), BEGIN).json["id"]
    first = ask("PATCH", f"/upload/{key}", shown(secret) | CHUNK | {"upload-offset": "0"}, [b"a"])
    assert first.status == 200
    found = next(one for _, one in tokens.of_stores(accounts, anna[1]) if one.name == "footage")
    tokens.revoke(accounts, anna[1], found.id)
    for method, address in [*closed_calls(key), ("PATCH", f"/upload/{key}")]:
        assert ask(method, address, shown(secret) | CHUNK | {"upload-offset": "1"}, [b"b"]).status == 401
    assert services().uploads.get(key).offset == 1


def test_a_token_of_a_store_that_was_made_anew_is_nothing(accounts, anna, north):  # noqa: F811
    accounts.store.delete_store("North")
    accounts.store.put_store("North")
    assert {ask("POST", "/upload", shown(secret), BEGIN).status for secret in north.values()} == {401}


def test_a_cookie_after_logout_opens_nothing_anywhere(accounts, anna):  # noqa: F811
    token = anna[0]
    mine = HOME | {"cookie": f"{COOKIE}={token}"}
    kept = rows.digest_of(token)
    assert send("logout", mine).status == 303
    for method, address in closed_calls():
        assert ask(method, address, mine | {"content-type": "application/json"}, BEGIN).status == 401
    assert not through_gate("/media/abc.csv", mine)[0] and not through_gate("/_stcore/upload_file/a/b", mine)[0]
    assert accounts.of_session(kept) is None
    send("logout", mine)  # once more does no harm
    send("login", mine, account="Anna", password=HORSE)
    assert accounts.account(token) is None  # and a login doesn't bring it back


def test_two_cookies_of_one_name_are_one_answer(accounts, anna):  # noqa: F811
    for pair in (f"{COOKIE}=forged; {COOKIE}={anna[0]}", f"{COOKIE}={anna[0]}; {COOKIE}=forged"):
        assert ask("POST", "/upload", HOME | {"content-type": "application/json", "cookie": pair}, BEGIN).status in (201, 401)
    assert len(accounts.sessions(anna[1])) == 1


def test_an_exit_buttons_secret_is_no_login(accounts, anna):  # noqa: F811
    accounts.store.put_camera("North", "exit", "")
    secret = accounts.store.switch_on_exit_button("North", "", ["en"])
    assert upload_with(secret) == 401 and ask("POST", "/upload", shown(secret), BEGIN).status == 401
    assert accounts.of_token(secret) is None and ask("GET", f"/exit/{anna[0]}").status == 404


# ---- guessing -------------------------------------------------------------------------------------------------------


def guess(password, address="198.51.100.7", **headers):
    return send("login", HOME | headers, account="Anna", password=password)


def test_guessing_is_stopped_whatever_the_guesser_says_of_himself(accounts, anna, clock):  # noqa: F811
    """Another cookie, agent or forwarded address on each try makes no difference, and a refused try checks no password."""
    found, asked = [], accounts.passwords.asked
    for number in range(40):
        told = {"x-forwarded-for": f"203.0.113.{number}", "user-agent": str(number), "cookie": f"{COOKIE}={number}"}
        found.append(guess(f"guess number {number}", **told).headers["location"])
    assert sum("problem=wrong" in one for one in found) == 3 and sum("problem=wait" in one for one in found) == 37
    assert accounts.passwords.asked - asked == 3
    assert "problem=wait" in guess(HORSE).headers["location"]
    clock.pass_(seconds=901)
    assert cookie_of(guess(HORSE))


def test_many_names_from_one_place_are_stopped_too(accounts, anna):  # noqa: F811
    found = [send("login", account=f"person {number}", password=TYPED).headers["location"] for number in range(30)]
    assert sum("problem=wait" in one for one in found) == 27


def test_names_that_look_alike_are_one(accounts, anna):  # noqa: F811
    found = [
        send("login", account=name, password=TYPED).headers["location"]
        for name in ("Anna", "ANNA", " anna ", "Ａｎｎａ", "anna")
    ]
    assert sum("problem=wait" in one for one in found) == 2


def test_the_first_account_cannot_be_made_twice_at_once(accounts):  # noqa: F811
    import threading

    answers, start = [], threading.Barrier(6)

    def make(number):
        start.wait()
        answers.append(send("setup", account=f"Eve {number}", password=HORSE, again=HORSE))

    people = [threading.Thread(target=make, args=(number,)) for number in range(6)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sum(cookie_of(answer) is not None for answer in answers) == 1
    with accounts.store.cursor() as cursor:
        assert cursor.execute("SELECT count(*) FROM accounts WHERE role = 'administrator'").fetchone() == (1,)


# ---- secrets in logs ------------------------------------------------------------------------------------------------


def test_the_watch_finds_a_secret_that_was_logged():
    watch = Watch()
    watch.note("a secret of some length")
    for short in ("short", "", None, "aaaaaaaaaaaaaaaaaaaa"):
        watch.note(short)
    watch.look("one", "nothing here")
    watch.look("two", "GET /?token=a secret of some length 200")
    assert watch.leaks == ["two"] and watch.secrets == {"a secret of some length"}


def test_the_watch_hears_of_every_kind_of_secret(accounts, anna):  # noqa: F811
    watch = Watch()
    ends = listening(watch)
    try:
        accounts.store.put_camera("North", "exit", "")
        made = {
            "exit": accounts.store.switch_on_exit_button("North", "", ["en"]),
            "password": account_admin.make(accounts, anna[1], "Ben", "manager"),
            "cookie": accounts.login("Anna", HORSE, HERE),
        }
        token = tokens.make(accounts, anna[1], "North", "sums", "x")
        send("login", account="Anna", password=TYPED)
    finally:
        for end in ends:
            end()
    assert watch.secrets >= {*made.values(), token.removeprefix("mg_"), HORSE, TYPED}


def test_nothing_is_logged_of_what_was_typed(accounts, anna, caplog, capfd):  # noqa: F811
    """Also at the lowest level, and where a request fails."""
    caplog.set_level(logging.DEBUG)
    accounts.store.put_store("North")
    secret = tokens.make(accounts, anna[1], "North", "footage", "x")
    send("login", account="Anna", password=TYPED)
    ask("POST", "/upload", shown(secret), [b"no json"])
    ask("POST", "/account/login", HOME | FORM, [f"account=Anna&password={TYPED}&x=%ff".encode() + b"\xff"])
    ask("GET", f"/exit/{secret}")
    written = caplog.text + "".join(capfd.readouterr()) + repr(anna[1]) + repr(accounts.of_token(secret))
    assert not [one for one in (TYPED, HORSE, secret, anna[0]) if one in written]
