"""The exit button: its secrets, its answers in the store, its page and its routes."""

import asyncio
import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from fer_core.errors import DataError
from fer_core.store import Store
from fer_core.store.answers import LANGUAGES, VALUES
from server import routes
from server.exit_page import page, policy
from server.exit_words import WORDS
from server.exits import BURST
from server.flood import Flood
from tests.days import count, rows
from tests.test_server_routes import Answer

ID = "6f1c2a9e-0b77-4c55-9d0e-3f1d2c4b5a69"
TABLET = {"host": "shop.example", "content-type": "application/json"}


@pytest.fixture
def secret(store):
    store.put_camera("North", "exit", "Main")
    return store.switch_on_exit_button("North", "Main", ["de", "en"])


# ---- the store ------------------------------------------------------------------------------------------------------


def test_off_by_default(store):
    store.put_store("North")
    assert store.exit_buttons("North") == ()
    assert store.exit_button("") is None


def test_a_secret_is_told_once_and_kept_as_a_hash(store, secret):
    assert len(secret) == 32
    kept = rows(store, "SELECT key || value FROM settings")[0][0]
    assert secret not in kept
    button = store.exit_button(secret)
    assert (button.store, button.door, button.languages) == ("North", "Main", ("de", "en"))
    assert store.exit_buttons("North") == (button,)


def test_a_new_address_ends_the_old_one_and_another_door_keeps_its_own(store, secret):
    other = store.switch_on_exit_button("North", "Side", ["en"])
    new = store.switch_on_exit_button("North", "Main", ["en"])
    assert store.exit_button(secret) is None and store.exit_button(new).door == "Main"
    store.switch_off_exit_button("North", "Main")
    assert store.exit_button(new) is None and store.exit_button(other).door == "Side"


def test_languages_change_at_the_same_address(store, secret):
    since = store.exit_button(secret).since
    store.speak_at_exit("North", "Main", ["fr", "fr", "it"])
    assert store.exit_button(secret).languages == ("fr", "it") and store.exit_button(secret).since == since


@pytest.mark.parametrize("languages", [[], ["xx"], ["en", "EN"]])
def test_languages_that_it_does_not_speak(store, secret, languages):
    with pytest.raises(DataError, match="the exit button speaks en, de"):
        store.speak_at_exit("North", "Main", languages)
    with pytest.raises(DataError, match="the exit button speaks"):
        store.switch_on_exit_button("North", "Main", languages)
    assert store.exit_button(secret).languages == ("de", "en")


def test_no_such_store(store):
    for action in (lambda: store.switch_on_exit_button("X", "", ["en"]), lambda: store.exit_buttons("X")):
        with pytest.raises(DataError, match="there is no store 'X'"):
            action()


def test_an_answer_is_kept_once_and_moves_no_version(store, secret):
    button, at, key, version = store.exit_button(secret), datetime(2026, 3, 1, 12, tzinfo=UTC), uuid.UUID(ID), store.version()
    assert store.put_answer(button, key, at, 3)
    assert not store.put_answer(button, key, at + timedelta(seconds=5), 4)
    assert rows(store, 'SELECT door, epoch("at"), value FROM answers') == [("Main", at.timestamp(), 3)]
    assert store.version() == version


def test_the_same_id_of_another_door_is_another_answer(store, secret):
    other = store.exit_button(store.switch_on_exit_button("North", "Side", ["en"]))
    for button in (store.exit_button(secret), other):
        assert store.put_answer(button, uuid.UUID(ID), datetime.now(UTC), 1)


@pytest.mark.parametrize("value", [0, 5, -1, True, 1.5])
def test_no_such_face(store, secret, value):
    with pytest.raises(DataError, match="an answer is one of 1, 2, 3, 4"):
        store.put_answer(store.exit_button(secret), uuid.UUID(ID), datetime.now(UTC), value)
    assert count(store, "answers") == 0


def test_a_renamed_store_keeps_its_button(store, secret):
    store.rename_store("North", "South")
    assert store.exit_button(secret).store == "South"


def test_answers_and_buttons_go_with_their_store(store, secret):
    store.put_store("Other")
    kept = store.switch_on_exit_button("Other", "", ["en"])
    for one in (secret, kept):
        store.put_answer(store.exit_button(one), uuid.UUID(ID), datetime.now(UTC), 2)
    store.delete_store("North")
    assert store.exit_button(secret) is None and store.exit_button(kept) is not None
    assert rows(store, "SELECT count(*) FROM settings WHERE key LIKE 'exit_button:%'") == [(1,)]
    assert count(store, "answers") == 1


def test_answers_go_by_their_time(store, secret):
    now = datetime.now(UTC)
    store.put_store("North", retention_days=30)
    for days in (1, 29, 31, 400):
        store.put_answer(store.exit_button(secret), uuid.uuid4(), now - timedelta(days=days), 2)
    assert store.purge(now)["answers"] == 2
    assert count(store, "answers") == 2


# ---- the routes -----------------------------------------------------------------------------------------------------


class Tablet:
    """The app's routes with one memory of floods, asked as a browser would."""

    def __init__(self, app=None, address="192.168.0.7"):
        self.app, self.address = app or Starlette(routes=routes()), address

    def ask(self, method, path, body=b"", headers=TABLET):
        sent, pieces = [], [{"type": "http.request", "body": body, "more_body": False}]

        async def receive():
            return pieces.pop(0) if pieces else {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http", "path": path,
            "raw_path": path.encode(), "query_string": b"", "root_path": "", "client": (self.address, 1), "server": ("x", 80),
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
        }  # fmt: skip
        asyncio.run(self.app(scope, receive, send))
        return Answer(sent)

    def say(self, secret, headers=TABLET, **changes):
        told = {"id": str(uuid.uuid4()), "value": 4, "ago_s": 0} | changes
        return self.ask("POST", f"/exit/{secret}", json.dumps(told).encode(), headers)


def test_the_page_stands_alone(store, secret):
    shown = Tablet().ask("GET", f"/exit/{secret}", headers={"host": "shop.example"})
    text = shown.body.decode()
    assert shown.status == 200 and shown.headers["content-type"].startswith("text/html")
    assert shown.headers["referrer-policy"] == "no-referrer" and shown.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in shown.headers["content-security-policy"] == policy()
    assert text.count('class="face"') == 4 and '<html lang="de">' in text and "Wie war Ihr Besuch heute?" in text
    assert "http://" not in text and "https://" not in text and secret not in text


def test_the_page_has_no_choice_of_one_language():
    assert '<nav id="languages" hidden>' in page(["en"]) and '<nav id="languages">' in page(["en", "uk"])


def test_every_language_has_its_words():
    assert tuple(WORDS) == LANGUAGES
    assert all(len(words.faces) == len(VALUES) == len(set(words.faces)) and all(words) for words in WORDS.values())


def test_an_answer(store, secret):
    before = datetime.now(UTC)
    told = Tablet().say(secret, id=ID, value=2, ago_s=3600.5)
    assert (told.status, told.json) == (200, {"counted": True})
    ((door, value, at),) = rows(store, 'SELECT door, value, epoch("at") FROM answers')
    assert (door, value) == ("Main", 2) and abs(before.timestamp() - 3600.5 - at) < 30 and at == int(at)


def test_a_replayed_answer_counts_once(store, secret):
    tablet = Tablet()
    assert tablet.say(secret, id=ID, value=2).json == {"counted": True}
    assert [tablet.say(secret, id=ID, value=4, ago_s=9).json for _ in range(3)] == [{"counted": False}] * 3
    assert rows(store, "SELECT value FROM answers") == [(2,)]


@pytest.mark.parametrize("forged", ["", "x", "a" * 32, "%2e%2e", "' OR 1=1 --", "\xff", "a" * 4000])
def test_a_forged_secret(store, secret, forged):
    for told in (Tablet().say(forged), Tablet().ask("GET", f"/exit/{forged}")):
        assert told.status == 404
    assert count(store, "answers") == 0


def test_a_revoked_secret_answers_like_one_that_never_was(store, secret):
    store.switch_off_exit_button("North", "Main")
    revoked, never = Tablet().say(secret), Tablet().say("a" * 32)
    assert (revoked.status, revoked.body) == (never.status, never.body) == (404, never.body)
    shown = Tablet().ask("GET", f"/exit/{secret}")
    assert shown.body.decode() == "There is no exit button at this address (any more)."


@pytest.mark.parametrize("body", [
    b"", b"no json", b"[]", b"null", b"4", b"{}", b"\xff\xfe", b"[" * 500, b'{"id": "' + ID.encode() + b'", "value": 1}',
])  # fmt: skip
def test_bad_json(store, secret, body):
    told = Tablet().ask("POST", f"/exit/{secret}", body)
    assert told.status == 400 and told.json["error"] and "\n" not in told.json["error"]
    assert count(store, "answers") == 0


@pytest.mark.parametrize("changes", [
    {"value": 0}, {"value": 5}, {"value": True}, {"value": "3"}, {"value": 3.0}, {"value": None}, {"value": 10**300},
    {"ago_s": -1}, {"ago_s": 7 * 86_400 + 1}, {"ago_s": "1"}, {"ago_s": True}, {"ago_s": None}, {"ago_s": float("nan")},
    {"ago_s": float("inf")}, {"id": 1}, {"id": ""}, {"id": "x" * 36}, {"id": ID.upper()}, {"id": ID.replace("-", "")},
    {"id": "{" + ID + "}"}, {"id": None}, {"more": 1}, {"store": "North"},
])  # fmt: skip
def test_bad_answers(store, secret, changes):
    told = Tablet().say(secret, **changes)
    assert told.status == 400 and told.json["error"]
    assert count(store, "answers") == 0


def test_too_long_and_of_another_kind(store, secret):
    assert Tablet().say(secret, more="x" * 600).status == 413
    assert Tablet().say(secret, TABLET | {"content-type": "text/plain"}).status == 415
    assert count(store, "answers") == 0


@pytest.mark.parametrize(("headers", "status"), [
    ({"origin": "http://shop.example"}, 200), ({"sec-fetch-site": "same-origin"}, 200), ({}, 200),
    ({"origin": "http://evil.example"}, 403), ({"origin": "null"}, 403), ({"origin": "http://[bad"}, 403),
    ({"sec-fetch-site": "cross-site"}, 403), ({"sec-fetch-site": "same-site", "origin": "http://shop.example"}, 403),
])  # fmt: skip
def test_other_sites_may_not_answer(store, secret, headers, status):
    assert Tablet().say(secret, TABLET | headers).status == status
    assert count(store, "answers") == (status == 200)


def test_a_flood_is_stopped_and_other_devices_are_not(store, secret):
    tablet = Tablet()
    statuses = [tablet.say(secret).status for _ in range(BURST + 5)]
    assert statuses[:BURST] == [200] * BURST and 429 in statuses[BURST:]
    late = tablet.say(secret)
    assert late.status == 429 and int(late.headers["retry-after"]) >= 1 and late.json["error"].startswith("too many answers")
    assert Tablet(tablet.app, "192.168.0.8").say(secret).status == 200


def test_guesses_of_secrets_are_a_flood_too(store, secret):
    tablet = Tablet()
    assert 429 in [tablet.ask("GET", f"/exit/{number}").status for number in range(BURST + 5)]


def test_no_address_is_kept(store, secret):
    tablet = Tablet(address="203.0.113.77")
    tablet.say(secret)
    kept = rows(store, "SELECT string_agg(answers::VARCHAR, ' ') FROM answers")[0][0]
    assert "203.0.113" not in kept
    columns = rows(store, "SELECT column_name FROM duckdb_columns() WHERE table_name = 'answers' ORDER BY column_index")
    assert columns == [("answer_id",), ("store_id",), ("door",), ("at",), ("value",)]


def test_a_database_that_cant_be_opened(tmp_path, monkeypatch):
    from server.services import close_all

    monkeypatch.setenv("MOODGATE_DATA", str(tmp_path))
    (tmp_path / "moodgate.duckdb").write_text("something else altogether")
    close_all()
    told = Tablet().say("a" * 32)
    assert told.status == 503 and str(tmp_path) not in told.json["error"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "value", "ago_s", "x"]), inner, max_size=4)
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(told=JSON)
def test_no_json_breaks_the_route(store, secret, told):
    answer = Tablet().ask("POST", f"/exit/{secret}", json.dumps(told).encode())
    assert answer.status in (400, 413) and answer.json["error"]


# ---- floods ---------------------------------------------------------------------------------------------------------


def test_a_bucket_fills_again():
    now = [0.0]
    flood = Flood(2, 0.5, lambda: now[0])
    assert [flood.wait_s("a") for _ in range(3)] == [0, 0, 2]
    assert flood.wait_s("b") == 0
    now[0] = 2.0
    assert [flood.wait_s("a") for _ in range(2)] == [0, 2]
    now[0] = 1e6
    assert [flood.wait_s("a") for _ in range(3)] == [0, 0, 2]


def test_a_flood_from_many_addresses_fills_no_memory():
    flood = Flood(1, 1.0, lambda: 0.0)
    for number in range(6000):
        flood.wait_s(str(number))
    assert len(flood._left) <= 4096
    assert b"5999" not in b"".join(flood._left)


def test_a_store_opens_with_the_table(tmp_path):
    with Store.open(tmp_path / "x.duckdb") as made:
        assert count(made, "answers") == 0
