"""Reviews over HTTP: begun, looked at, ended; who sees which; what is refused."""

import json
from functools import partial

import pandas as pd
import pytest

from fer_core import queries
from fer_core.cli import common
from fer_core.queries.wire import from_json
from server import tokens
from server.services import services
from tests.days import count, make_day, rows
from tests.shops_of_three import NORTH, SOUTH, everybody, signed_in
from tests.test_accounts import accounts, anna, clock  # noqa: F401
from tests.test_openapi import checked
from tests.test_pipeline import engine, write_film
from tests.test_server_review import STARTS
from tests.test_server_routes import CHUNK, HOME, ask

PATH = "/api/reviews"
TYPE = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    entry = write_film(folder / "in.mp4", [(0.5, "ada", "neutral", 10), (3.5, "ben", "happy", 150)])
    leave = write_film(folder / "out.mp4", [(0.5, "ben", "angry", 20), (3.5, "ada", "happy", 150)])
    return entry, leave


@pytest.fixture
def toys(monkeypatch):
    """Backends that need no weights; the names that were asked for."""
    asked = []

    def engine_of(settings, *names):
        asked.append(names)
        return engine(review=settings.review)

    monkeypatch.setattr(common, "engine_of", engine_of)
    return asked


def post(asked, headers=HOME):
    return ask("POST", PATH, headers | TYPE, [asked if isinstance(asked, bytes) else json.dumps(asked).encode()])


def sent(path, headers=HOME):
    """The id of an upload of that film."""
    body = json.dumps({"name": path.name, "size": path.stat().st_size}).encode()
    key = ask("POST", "/upload", headers | TYPE, [body]).json["id"]
    assert ask("PATCH", f"/upload/{key}", headers | CHUNK | {"upload-offset": "0"}, [path.read_bytes()]).json["finished"]
    return key


def day(films, headers=HOME, store="Main Street", **more):
    entry, leave = (sent(path, headers) for path in films)
    return {
        "store": store, "entry": [{"upload": entry, "start": STARTS[0], "door": "North"}],
        "exit": [{"upload": leave, "start": STARTS[1]}], **more,
    }  # fmt: skip


def done(key, headers=HOME):
    """The review, once its job has ended."""
    services().jobs.start()
    services().jobs.wait(key, 60)
    return ask("GET", f"{PATH}/{key}", headers).json


# ---- the way it goes ------------------------------------------------------------------------------------------------


def test_from_films_to_visits(store, films, toys):
    begun = post(day(films))
    assert begun.status == 201 and begun.json["state"] == "queued" and begun.headers["cache-control"] == "no-store"
    key = begun.json["id"]
    assert ask("GET", f"{PATH}/{key}/visits").status == 409
    for one in (begun.json, told := done(key)):
        checked("Review", one)
    assert (told["state"], told["share"], told["first"], told["last"]) == ("done", None, "2026-03-02", "2026-03-02")
    assert told["result"]["visits"] == 2 and told["result"]["reviews"] == {
        "positive": 1, "neutral": 0, "negative": 1, "uncertain": 0,
    }  # fmt: skip
    assert not {"store", "warnings", "entry_sha256"} & set(told["result"])
    answer = ask("GET", f"{PATH}/{key}/visits")
    checked("Visits", answer.json)
    pd.testing.assert_frame_equal(from_json(answer.json), queries.visits(store))
    assert services().uploads.all() == [] and toys == [(None, None, None)]
    assert rows(store, "SELECT actor FROM audit WHERE action = 'export.visits'") == [("nobody signed in",)]


def test_only_the_visits_of_these_films_are_told(store, films, toys):
    store.write_day(make_day(visits=12))
    key = post(day(films)).json["id"]
    assert done(key)["state"] == "done"
    assert len(ask("GET", f"{PATH}/{key}/visits").json["rows"]) == 2 < queries.count(store)


def test_asking_again_begins_nothing_twice(store, films, toys):
    asked = day(films)
    first, again, other = post(asked), post(asked), post(asked | {"detector": "haar"})
    assert (first.status, again.status, other.status) == (201, 200, 201)
    assert first.json["id"] == again.json["id"] != other.json["id"]


def test_backends_by_name(store, films, toys):
    key = post(day(films, detector="haar", embedder="deepface:Facenet", emotion="moodgate")).json["id"]
    assert done(key)["state"] == "done" and toys == [("haar", "deepface:Facenet", "moodgate")]


def test_ended(store, films, toys):
    key = post(day(films)).json["id"]
    answer = ask("DELETE", f"{PATH}/{key}")
    assert (answer.status, answer.json["state"]) == (200, "cancelled")
    assert done(key)["state"] == "cancelled" and count(store, "visits") == 0
    assert ask("DELETE", f"{PATH}/{key}").json["state"] == "cancelled"


def test_one_that_fails_says_why_by_the_films_own_name(store, films, toys, tmp_path):
    (tmp_path / "notes.mp4").write_text("no film at all" * 100)
    told = done(post(day((tmp_path / "notes.mp4", films[1]))).json["id"])
    checked("Review", told)
    assert told["state"] == "failed" and told["error"].startswith("notes.mp4: is not a film") and told["result"] is None


def test_a_sample(store, films, toys):
    assert done(post(day(films, sample=True)).json["id"])["state"] == "done"
    assert rows(store, "SELECT name, is_sample FROM stores") == [("Main Street", True)]
    store.put_store("Real one")
    answer = post(day(films, store="Real one", sample=True))
    assert answer.status == 409 and "is a real store here" in answer.json["error"]


# ---- only checked ---------------------------------------------------------------------------------------------------

BARE = {"store": "Main Street", "entry": [{"start": STARTS[0]}], "exit": [{"door": "South"}], "only_check": True}


def test_checked_before_the_films_come(store):
    answer = post(BARE)
    checked("Checked", answer.json)
    assert (answer.status, services().jobs.list()) == (200, [])
    store.put_store("Main Street")
    store.put_region("Main Street", "eu")
    refused = post(BARE)
    assert refused.status == 409 and "notice" in refused.json["error"].lower()


# ---- bad input ------------------------------------------------------------------------------------------------------

NOBODY = [{"upload": "0" * 32}]


@pytest.mark.parametrize(("asked", "status", "sentence"), [
    (b"", 400, "no JSON"), (b"[]", 400, "object"), ({}, 400, "'store'"), ({"store": " "}, 400, "'store'"),
    ({"store": 7}, 400, "'store'"), ({"store": "x" * 301}, 400, "'store'"), ({"store": "A"}, 400, "'entry'"),
    ({"store": "A", "entry": [], "exit": NOBODY}, 400, "'entry'"), ({"store": "A", "entry": "x"}, 400, "'entry'"),
    ({"store": "A", "entry": ["x"], "exit": NOBODY}, 400, "'entry'"),
    ({"store": "A", "entry": NOBODY, "exit": NOBODY}, 404, "no such upload"),
    ({"store": "A", "entry": [{"upload": "../../etc/passwd"}], "exit": NOBODY}, 404, "no such upload"),
    ({"store": "A", "entry": [{}], "exit": NOBODY}, 404, "no such upload"),
    ({"store": "A", "entry": [{"path": "/etc/passwd"}], "exit": NOBODY}, 400, "'path'"),
    ({"store": "A", "entry": [{"upload": 1}], "exit": NOBODY}, 400, "'upload'"),
    ({"store": "A", "entry": [{"start": "noon"}], "exit": NOBODY}, 400, "is no start time"),
    ({"store": "A", "entry": [{"start": "2026-03-02T10:00:00"}], "exit": NOBODY}, 400, "time zone"),
    ({**BARE, "sample": "yes"}, 400, "'sample'"), ({**BARE, "keep_films": True}, 400, "'keep_films'"),
    ({**BARE, "by": "another"}, 400, "'by'"), ({**BARE, "detector": "yolo"}, 400, "known are yunet"),
    ({**BARE, "emotion": "/etc/passwd"}, 400, "known are moodgate"), ({**BARE, "emotion": "deepface:x"}, 400, "known are"),
    ({**BARE, "embedder": "arcface"}, 400, "known are mobilefacenet"),
])  # fmt: skip
def test_bad_requests(store, asked, status, sentence):
    answer = post(asked)
    checked("Error", answer.json)
    assert answer.status == status and sentence in answer.json["error"]
    assert services().jobs.list() == []


def test_an_unfinished_film(store, films):
    asked = day(films)
    body = json.dumps({"name": "half.mp4", "size": 10}).encode()
    asked["exit"][0]["upload"] = ask("POST", "/upload", HOME | TYPE, [body]).json["id"]
    answer = post(asked)
    assert answer.status == 409 and "has not come in whole" in answer.json["error"]


@pytest.mark.parametrize("key", ["x", "0" * 32, "00000000-0000-0000-0000-000000000000", "..%2f.."])
def test_unknown_reviews(store, key):
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/visits")):
        answer = ask(method, f"{PATH}/{key}{path}")
        assert answer.status == 404 and answer.json["error"]


def test_other_jobs_are_no_reviews(store):
    key = services().jobs.submit("history", "", "The history", {})
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/visits")):
        assert ask(method, f"{PATH}/{key}{path}").status == 404
    assert services().jobs.get(key).state == "queued"


def test_too_long_and_of_another_type(store):
    assert post({**BARE, "store": "x" * 70_000}).status == 413
    assert ask("POST", PATH, HOME | {"content-type": "text/plain"}, [b"{}"]).status == 415
    assert ask("POST", PATH, {"host": "localhost:8501"} | TYPE, [b"{}"]).status == 403


# ---- tokens ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def north(accounts, anna):  # noqa: F811
    """What a program shows: tokens to send films for the store North, two of them, and one of another purpose."""
    accounts.store.put_store(NORTH)
    accounts.store.put_store(SOUTH)
    make = partial(tokens.make, accounts, anna[1], NORTH)
    found = {name: make(purpose, name) for name, purpose in (("one", "footage"), ("two", "footage"), ("sums", "sums"))}
    return {name: {"host": "localhost:8501", "authorization": f"Bearer {secret}"} for name, secret in found.items()}


def test_a_token_has_films_of_its_store_reviewed_and_sees_its_own_reviews_only(accounts, north, films, toys):  # noqa: F811
    begun = post(day(films, north["one"], NORTH), north["one"])
    assert begun.status == 201
    key = begun.json["id"]
    assert done(key, north["one"])["result"]["visits"] == 2
    assert len(ask("GET", f"{PATH}/{key}/visits", north["one"]).json["rows"]) == 2
    for method, path in (("GET", ""), ("GET", "/visits"), ("DELETE", "")):
        assert ask(method, f"{PATH}/{key}{path}", north["two"]).status == 404
        assert ask(method, f"{PATH}/{key}{path}", north["sums"]).status == 403
        assert ask(method, f"{PATH}/{key}{path}", HOME).status == 401


def test_a_token_is_for_one_store_and_its_own_films(accounts, north, films):  # noqa: F811
    assert post(BARE | {"store": NORTH}, north["one"]).status == 200
    for store in (SOUTH, "New one"):
        answer = post(BARE | {"store": store}, north["one"])
        assert answer.status == 403 and "store" in answer.json["error"]
    assert post(BARE | {"store": NORTH, "sample": True}, north["one"]).status == 403
    borrowed = day(films, north["one"], NORTH)
    assert post(borrowed, north["two"]).status == 404
    assert services().jobs.list() == []


def test_people_see_the_reviews_of_their_stores(accounts, anna, north, films, toys):  # noqa: F811
    everyone = everybody(accounts.store)
    cookies = {role: HOME | {"cookie": f"moodgate_session={signed_in(accounts.store, one)}"} for role, one in everyone.items()}
    key = post(day(films, north["one"], NORTH), north["one"]).json["id"]
    assert done(key, cookies["manager"])["state"] == "done"
    assert len(ask("GET", f"{PATH}/{key}/visits", cookies["administrator"]).json["rows"]) == 2
    for role in ("analyst", "demo", "privacy officer"):
        assert ask("GET", f"{PATH}/{key}/visits", cookies[role]).status == 403
