"""Attacks on the routes themselves, ours and Streamlit's: headers, methods, other sites' pages, nonsense as JSON and forms."""

import json
import re
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from benchmarks.sessions import app_on, asked, connected, draw, sign_in
from server.accounts import COOKIE
from server.gate import Gate
from server.routes import routes
from server.services import services
from tests.test_accounts import HORSE, TYPED, accounts, anna, clock  # noqa: F401
from tests.test_answers import Tablet
from tests.test_rights import OPEN
from tests.test_server_routes import HOME

EVIL = ("http://evil.example", "http://localhost:9999", "https://localhost:8501.evil.example", "null", "http://[bad", "file://")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "POST ", "X" * 50)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "size", "id", "value", "ago_s", "account"]) | st.text(max_size=5), inner, max_size=4
        )
    ),
    max_leaves=6,
)
FUZZ = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def app(accounts):  # noqa: F811
    """All of our routes behind the gate, asked as by a browser on this machine."""
    return Tablet(Gate(Starlette(routes=routes("127.0.0.1"))), "127.0.0.1")


def addresses(fill="0" * 32):
    """The address of each route, with something in place of what it asks for."""
    found = {re.sub(r"\{[^}]*\}", fill, route.path) for route in routes()}
    assert len(found) >= 9
    return sorted(found)


def everything(store):
    """What is in the database and the upload folder, but for the memory of logins."""
    with store.cursor() as cursor:
        tables = [row[0] for row in cursor.execute("SELECT table_name FROM duckdb_tables() WHERE NOT internal").fetchall()]
        kept = {name: cursor.execute(f"SELECT count(*) FROM {name}").fetchone() for name in tables if name != "audit"}  # noqa: S608
    return kept, sorted(path.name for path in services().uploads.folder.glob("*"))


# ---- our own routes -------------------------------------------------------------------------------------------------


def test_every_answer_has_the_headers(app, anna):  # noqa: F811
    mine = HOME | {"cookie": f"{COOKIE}={anna[0]}"}
    for path in [*addresses(), "/", "/nothing", "/media/x", "/_stcore/upload_file/a/b"]:
        for method in ("GET", "POST", "DELETE"):
            for headers in (HOME, mine, {"host": "evil.example"}):
                told = app.ask(method, path, headers=headers).headers
                assert told["x-content-type-options"] == "nosniff", path
                assert told["x-frame-options"] in ("DENY", "SAMEORIGIN")
                assert told["referrer-policy"] in ("no-referrer", "same-origin")
                policy = told["content-security-policy"]
                assert re.search(r"frame-ancestors '(none|self)'", policy) and re.search(r"default-src '(none|self)'", policy)
                assert "*" not in policy and "http" not in policy
                assert "access-control-allow-origin" not in told and "x-powered-by" not in told


def test_no_method_is_taken_for_another(app, anna):  # noqa: F811
    """Nothing but the methods that a route names does anything, whatever a header says."""
    store = services().store
    mine = HOME | {"cookie": f"{COOKIE}={anna[0]}", "content-type": "application/json"}
    known = {}
    for route in routes():
        known.setdefault(re.sub(r"\{[^}]*\}", "0" * 32, route.path), set()).update(route.methods)
    before = everything(store)
    for path, allowed in known.items():
        for method in METHODS:
            override = {"x-http-method-override": "DELETE", "x-method-override": "POST", "x-http-method": "PATCH"}
            answer = app.ask(method, path, b'{"name": "a", "size": 1, "_method": "DELETE"}', mine | override)
            if method not in allowed:
                assert answer.status in (404, 405), (method, path)
            elif method in ("GET", "HEAD"):
                assert answer.status < 500
        assert app.ask("GET", path, b'{"name": "a", "size": 1}', mine).status in (200, 404, 405)
    made = everything(store)
    made[0]["sessions"] = before[0]["sessions"]  # the sign-out is among them
    assert made[0] == before[0] and len(made[1]) <= 1  # the upload that POST began


@pytest.mark.parametrize("origin", EVIL)
def test_another_sites_page_does_nothing_at_all(app, anna, origin):  # noqa: F811
    """With the cookie, as a browser would send it, and with every kind of body that a form or a script can send."""
    store = services().store
    before = everything(store)
    for path in addresses():
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            for kind in (
                "application/json",
                "text/plain",
                "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=x",
            ):
                for site in ({}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}):
                    headers = {
                        "host": "localhost:8501",
                        "origin": origin,
                        "content-type": kind,
                        "cookie": f"{COOKIE}={anna[0]}",
                    }
                    answer = app.ask(method, path, b'{"name": "a", "size": 1}', headers | site)
                    assert answer.status in (403, 404, 405, 429), (method, path, kind)
                    assert "set-cookie" not in answer.headers
    assert everything(store) == before


def test_no_origin_is_enough_to_be_let_in_with_a_cookie(app, anna):  # noqa: F811
    """An older browser that says nothing of where a form is from is refused, too."""
    headers = {"host": "localhost:8501", "cookie": f"{COOKIE}={anna[0]}", "content-type": "application/json"}
    for path in addresses():
        if not path.startswith("/exit"):
            for method in ("POST", "PATCH", "DELETE"):
                assert app.ask(method, path, b'{"name": "a", "size": 1}', headers).status in (403, 404, 405)


@FUZZ
@given(told=JSON)
def test_no_json_is_our_own_failure(app, anna, told):  # noqa: F811
    body = json.dumps(told).encode()
    mine = HOME | {"cookie": f"{COOKIE}={anna[0]}", "content-type": "application/json", "upload-offset": "0"}
    for path in addresses():
        if path != "/account/logout":
            for method in ("POST", "PATCH"):
                answer = app.ask(method, path, body, mine)
                assert answer.status < 500 or answer.status == 507, (method, path)
                if answer.status >= 400 and answer.status != 405 and answer.body[:1] == b"{":
                    assert "\n" not in answer.json["error"] and "Traceback" not in answer.json["error"]


@FUZZ
@given(
    body=st.binary(max_size=200)
    | st.dictionaries(st.sampled_from(["account", "password", "again", "ticket", "x"]), st.text(max_size=30))
    .map(lambda fields: "&".join(f"{key}={value}" for key, value in fields.items()).encode("utf-8", "replace")),
    kind=st.sampled_from(["application/x-www-form-urlencoded", "application/json", "multipart/form-data", "", "x" * 200]),
)  # fmt: skip
def test_no_form_is_our_own_failure(app, anna, body, kind):  # noqa: F811
    for way in ("login", "setup", "enter"):
        answer = app.ask("POST", f"/account/{way}", body, HOME | {"content-type": kind})
        assert answer.status in (303, 400) and "set-cookie" not in answer.headers
        assert answer.status == 400 or re.fullmatch(r"\.\./(accounts)?\?problem=[a-z]+(&s=\d+)?", answer.headers["location"])


@FUZZ
@given(part=st.text(st.characters(exclude_categories=["Cs"]), max_size=60), query=st.binary(max_size=30))
def test_no_address_is_our_own_failure(app, anna, part, query):  # noqa: F811
    mine = HOME | {"cookie": f"{COOKIE}={anna[0]}"}
    for start in ("/upload/", "/notice/", "/", "/account/"):
        for method in ("GET", "DELETE"):
            answer = app.ask(method, start + part, headers=mine)
            assert answer.status in (200, 307, 400, 401, 403, 404, 405)
            assert answer.status != 307 or answer.headers["location"].startswith(HOME["origin"] + "/")
    assert app.ask("GET", f"/exit/{part}", headers=HOME).status in (307, 404, 405, 429)


@FUZZ
@given(
    name=st.sampled_from(
        ["host", "origin", "sec-fetch-site", "content-type", "content-length", "upload-offset", "x-forwarded-for", "cookie"]
    ),
    value=st.text(st.characters(max_codepoint=255), max_size=60),
)  # fmt: skip
def test_no_header_is_our_own_failure(app, anna, name, value):  # noqa: F811
    for method, path in (("GET", "/health"), ("POST", "/upload"), ("POST", "/account/login"), ("GET", "/media/x")):
        answer = app.ask(method, path, b"{}", HOME | {"content-type": "application/json", name: value})
        assert answer.status < 500


def test_a_redirect_leads_nowhere_else(app, anna):  # noqa: F811
    """Neither the host nor a field of the form decides where one is sent after signing in."""
    form = f"account=Anna&password={HORSE.replace(' ', '+')}&next=//evil.example&return_to=http://evil.example".encode()
    away = {"host": "evil.example", "origin": "http://evil.example", "content-type": "application/x-www-form-urlencoded"}
    for headers in (away, away | {"x-forwarded-host": "evil.example"}):
        assert app.ask("POST", "/account/login", form, headers).headers["location"].startswith("../")


def test_answers_with_data_are_kept_by_no_cache(app, anna):  # noqa: F811
    mine = HOME | {"cookie": f"{COOKIE}={anna[0]}", "content-type": "application/json"}
    key = app.ask("POST", "/upload", b'{"name": "a", "size": 1}', mine).json["id"]
    for answer in (app.ask("GET", f"/upload/{key}", headers=mine), app.ask("POST", "/account/logout", headers=mine)):
        assert answer.headers["cache-control"] == "no-store"


# ---- the whole app --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The app as it is run, with its first account: port, cookie, and the file of what it prints."""
    folder = tmp_path_factory.mktemp("app")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    log = folder / "printed.txt"
    with app_on(folder / "data", port, log):
        cookie = sign_in(port, "Anna", HORSE, "setup", again=HORSE)
        assert cookie.startswith(f"{COOKIE}=")
        yield port, cookie, log


def home(port):
    return f"http://127.0.0.1:{port}"


STREAMLITS = (
    "/", "/visits", "/_stcore/health", "/_stcore/host-config", "/_stcore/metrics", "/media/x.csv", "/component/x/index.html",
    "/_stcore/bidi-components/x/y.js", "/static/js/x.js", "/app/static/x", "/_stcore/upload_file/a/b", "/_stcore/agent/mcp",
    "/_stcore/agent/interact", "/..%2f..%2fetc/passwd", "/static/..%2f..%2f..%2fetc/passwd", "/%00", "/auth/login",
)  # fmt: skip


def test_streamlits_answers_have_the_headers_too(real):
    port, cookie, _ = real
    for path in STREAMLITS:
        for headers in ({}, {"Cookie": cookie}, {"Origin": "http://evil.example"}):
            for method in ("GET", "POST", "OPTIONS"):
                status, told, body = asked(port, method, path, **headers)
                assert status < 500 and b"Traceback" not in body and b"root:" not in body, (method, path)
                assert told["x-content-type-options"] == "nosniff" and told["x-frame-options"] == "SAMEORIGIN"
                assert "frame-ancestors 'self'" in told["content-security-policy"] and told["referrer-policy"] == "same-origin"
                assert told.get("access-control-allow-origin") in (None, home(port), f"http://localhost:{port}"), path


def test_nobody_uploads_by_streamlits_own_route(real):
    """Without a login, with one but from another site's page, and with one but without the XSRF token."""
    port, cookie, _ = real
    put = {"Content_Type": "multipart/form-data; boundary=x"}
    body = '--x\r\nContent-Disposition: form-data; name="f"; filename="a.csv"\r\n\r\na\r\n--x--\r\n'
    path = "/_stcore/upload_file/some-session/some-file"
    assert asked(port, "PUT", path, body, **put, Origin=home(port))[0] == 401
    assert asked(port, "DELETE", path, Origin=home(port))[0] == 401
    for more in ({"Cookie": cookie}, {"Cookie": f"{cookie}; _streamlit_xsrf=forged", "X_Xsrftoken": "forged"}):
        for origin in (home(port), "http://evil.example"):
            assert asked(port, "PUT", path, body, **put, **more, Origin=origin)[0] in (400, 403), more


def test_streamlits_door_for_agents_is_shut(real):
    port, cookie, _ = real
    for path in ("/_stcore/agent/interact", "/_stcore/agent/mcp"):
        for headers in ({}, {"Cookie": cookie}, {"Cookie": cookie, "Origin": home(port)}):
            status, _, body = asked(port, "POST", path, '{"jsonrpc": "2.0", "id": 1, "method": "initialize"}', **headers)
            assert status in (400, 401, 403) and b'"result"' not in body
    from streamlit import config

    assert config.get_option("server.enableAgentApi") is False


@pytest.mark.parametrize("origin", ["http://evil.example", "http://localhost:9999", "http://127.0.0.1:9999", "null"])
def test_another_origins_script_cannot_open_the_pages_connection(real, origin):
    """The browser would send the cookie along: whoever has the connection does what the person may."""
    from websockets.exceptions import InvalidStatus

    with pytest.raises(InvalidStatus) as caught, connected(real[0], real[1], origin):
        pass
    assert caught.value.response.status_code == 403


def test_a_connection_without_a_login_is_told_the_login(real):
    port, cookie, _ = real
    for sent in ("", f"{COOKIE}=forged", f"{COOKIE}={'0' * 43}"):
        with connected(port, sent) as page_link:
            for page in ("visits", "accounts", "settings"):
                drawn = draw(page_link, page)
                assert drawn.finished and "Sign in" in drawn.texts
                assert not {"arrow_data_frame", "button", "text_input"} & set(drawn.kinds)
    with connected(port, cookie) as page_link:
        assert "Accounts" in draw(page_link, "accounts").texts


def test_a_connection_whose_session_has_ended_shows_the_login(real):
    port, _, _ = real
    mine = sign_in(port, "Anna", HORSE)
    with connected(port, mine) as page_link:
        assert "Accounts" in draw(page_link, "accounts").texts
        asked(port, "POST", "/account/logout", Origin=home(port), Cookie=mine)
        assert "Sign in" in draw(page_link, "accounts").texts
    with connected(port, mine) as page_link:
        assert "Sign in" in draw(page_link, "visits").texts


def test_nonsense_on_the_pages_connection_ends_that_one_only(real):
    from websockets.exceptions import ConnectionClosed

    port, cookie, _ = real
    for nonsense in (b"", b"\xff" * 100, b"\x00" * 5000, "text"):
        with connected(port, cookie) as page_link:
            page_link.send(nonsense)
            try:
                draw(page_link, "visits")
            except ConnectionClosed as closed:
                assert b"Traceback" not in str(closed).encode() and "/" not in str(closed.rcvd.reason if closed.rcvd else "")
    assert asked(port, "GET", "/health")[0] == 200


def test_nothing_secret_is_printed(real):
    """Last of all: what the app has printed while all of this was done to it."""
    port, cookie, log = real
    sign_in(port, "Anna", TYPED)
    asked(port, "GET", f"/exit/{cookie.partition('=')[2]}")
    printed = log.read_text()
    assert "Moodgate" in printed or "Streamlit" in printed
    assert not [one for one in (HORSE, TYPED, cookie.partition("=")[2]) if one in printed]


def test_what_is_open_to_all_is_known():
    assert {re.sub(r"\{[^}]*\}", "0" * 32, path) for path in OPEN} <= set(addresses())
