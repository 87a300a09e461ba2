"""Who may see and do what: each role against each store, query, call, job, route and page. 0 open that should be closed.

The oracle for reading is a database that holds the account's own stores and nothing else: whatever an account is told of
the large one must be what it would be told of that.
"""

import importlib
import inspect
import json
import pkgutil
from datetime import timedelta

import pandas as pd
import pytest

from fer_core import queries
from fer_core.errors import DataError, ForbiddenError
from fer_core.queries import EVERYTHING, Filter, Scope, Scoped
from fer_core.review import Categories
from fer_core.store import Store
from fer_core.store.scope import KINDS, RULES
from server import routes
from server.guard import GuardedJobs, GuardedStore, GuardedUploads, _check_call, guarded
from server.jobs import JobError
from server.rights import ACTIONS, ANYBODY, CALLS, JOBS, MAY, PAGES, ROLES, may
from server.rights import KINDS as ENOUGH
from server.rights import STORES as REACH
from server.services import close_all, services
from server.uploads import UploadError
from tests.days import count, rows
from tests.shops_of_three import NOON, NORTH, SAMPLE, SOUTH, STORES, everybody, fill, signed_in
from tests.test_server_routes import HOME, ask
from ui.account import may_open
from ui.maps import standard
from ui.places import PLACES

SEEN = {"administrator": STORES, "manager": (NORTH,), "analyst": (NORTH,), "demo": (SAMPLE,), "privacy officer": STORES}
VOLATILE = ("created_at", "analysed_at")


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    """The database of all three stores, and by role one of what the role may see."""
    folder = tmp_path_factory.mktemp("shops")
    opened = {}
    for name, stores in {"all": STORES, "north": (NORTH,), "sample": (SAMPLE,)}.items():
        opened[name] = Store.open(folder / f"{name}.duckdb")
        fill(opened[name], stores)
    own = {role: opened["all" if len(seen) == 3 else "north" if seen == (NORTH,) else "sample"] for role, seen in SEEN.items()}
    yield opened["all"], own, everybody(opened["all"])
    for store in opened.values():
        store.close()


def first_visit(store, name):
    return queries.visits(store, Filter(stores=(name,))).iloc[0]


def pictures(store):
    """The ids of all evidence pictures, and one of none; what the routes give of them tries tests/test_evidence.py."""
    return ["x", *(str(one) for (one,) in rows(store, "SELECT evidence_id FROM evidence ORDER BY ALL"))]


def sha256s(store, name):
    """By which bytes the store's entrance films are known."""
    asked = "SELECT sha256 FROM footage AS f JOIN cameras AS c USING (camera_id) JOIN stores AS s ON s.store_id = f.store_id "
    found = rows(store, f"{asked} WHERE s.name = '{name}' AND c.role = 'entry'")
    assert found
    return tuple(str(one) for (one,) in found)


SOUTHS = Filter(stores=(SOUTH,))
DAY = timedelta(days=1)
QUESTIONS = {
    "visits": lambda s, big: [queries.visits(s), queries.visits(s, SOUTHS)],
    "of_films": lambda s, big: [QUERIES["of_films"](s, name, sha256s(big, name)) for name in STORES],
    "visits_page": lambda s, big: [
        queries.visits_page(s, f, by) for f in (EVERYTHING, SOUTHS) for by in ("local_at", "verdict")
    ],
    "appearances": lambda s, big: [queries.appearances(s), queries.appearances(s, SOUTHS)],
    "hourly": lambda s, big: [queries.hourly(s), queries.hourly(s, SOUTHS)],
    "stores": lambda s, big: queries.stores(s),
    "count": lambda s, big: [queries.count(s), queries.count(s, SOUTHS)],
    "span": lambda s, big: [queries.span(s), queries.span(s, (SOUTH,))],
    "summary": lambda s, big: [queries.summary(s), queries.summary(s, SOUTHS)],
    "trend": lambda s, big: [queries.trend(s, f, "hour", by) for f in (EVERYTHING, SOUTHS) for by in (None, "store", "door")],
    "groups": lambda s, big: [queries.groups(s, f) for f in (EVERYTHING, SOUTHS)],
    "heat": lambda s, big: [queries.heat(s), queries.heat(s, SOUTHS)],
    "mix": lambda s, big: [queries.mix(s), queries.mix(s, SOUTHS)],
    "by_dwell": lambda s, big: [queries.by_dwell(s), queries.by_dwell(s, SOUTHS)],
    "attention": lambda s, big: [queries.attention(s), queries.attention(s, SOUTHS)],
    "cameras": lambda s, big: [queries.cameras(s, name) for name in STORES],
    "doors": lambda s, big: [queries.doors(s), queries.doors(s, (SOUTH,))],
    "store": lambda s, big: queries.store(s, SOUTH),
    "categories": lambda s, big: queries.categories(s),
    "setting": lambda s, big: [queries.setting(s, f"collect_consent:{name}") for name in STORES],
    "visit": lambda s, big: [queries.visit(s, first_visit(big, name)["visit_id"]) for name in STORES],
    "series": lambda s, big: [queries.series(s, first_visit(big, name)["entry_appearance_id"]) for name in STORES],
    "jobs": lambda s, big: queries.jobs(s),
    "alerts": lambda s, big: [QUERIES["alerts"](s), QUERIES["alerts"](s, SOUTH)],
    "alerts_unseen": lambda s, big: QUERIES["alerts_unseen"](s),
    "alert_rules": lambda s, big: [QUERIES["alert_rules"](s), QUERIES["alert_rules"](s, SOUTH)],
    "answers": lambda s, big: QUERIES["answers"](s),
    "exits": lambda s, big: QUERIES["exits"](s, EVERYTHING, 0, 4e9),
    "answer_state": lambda s, big: QUERIES["answer_state"](s),
    "notices": lambda s, big: [QUERIES["notices"](s, name) for name in STORES],
    "notice_stored": lambda s, big: [QUERIES["notice_stored"](s, name) for name in STORES],
    "notice_setup": lambda s, big: QUERIES["notice_setup"](s, SOUTH),
    "tallies": lambda s, big: QUERIES["tallies"](s),
    "sums_kept": lambda s, big: QUERIES["sums_kept"](s),
    "mode_losses": lambda s, big: [QUERIES["mode_losses"](s, name, "aggregate") for name in STORES],
    "people": lambda s, big: [QUERIES["people"](s, name) for name in STORES],
    "visits_around": lambda s, big: [QUERIES["visits_around"](s, name, NOON, NOON + DAY) for name in STORES],
    "lone_around": lambda s, big: [QUERIES["lone_around"](s, name, NOON, NOON + DAY) for name in STORES],
    "evidence": lambda s, big: [QUERIES["evidence"](s, first_visit(big, name)["visit_id"]) for name in STORES],
    "evidence_picture": lambda s, big: [QUERIES["evidence_picture"](s, one) for one in pictures(big)],
    "last_minutes": lambda s, big: [QUERIES["last_minutes"](s, name, NOON + DAY / 48) for name in STORES],
    "usual": lambda s, big: [
        asked(lambda s, _, name=name: QUERIES["usual"](s, name, NOON + 7 * DAY), s, big) for name in STORES
    ],
    "came_today": lambda s, big: [
        asked(lambda s, _, name=name: QUERIES["came_today"](s, name, NOON), s, big) for name in STORES
    ],
    "last_reviews": lambda s, big: [QUERIES["last_reviews"](s, name, NOON + DAY / 2) for name in STORES],
    "zones": lambda s, big: [QUERIES["zones"](s), QUERIES["zones"](s, SOUTHS, "hour")],
    "zones_kept": lambda s, big: [QUERIES["zones_kept"](s), QUERIES["zones_kept"](s, SOUTHS)],
    "standing_notice": lambda s, big: QUERIES["standing_notice"](s, QUERIES["notice_setup"](big, SOUTH)["store_id"]),
}
EXPORTS = {"export", "export_all"}
AUDIT = {"audit_page", "audit_count", "audit_choices"}
INNER = {"frame_of", "rows_of"}
"""Helpers of the queries: they are given SQL, and lend the source's cursor to it."""


def asked(question, source, big):
    """The answer as text, without what differs from one writing to the next; or the DataError's words."""
    try:
        found = question(source, big)
    except DataError as error:
        return str(error)
    found = found if isinstance(found, list) else [found]
    return [told(one) for one in found]


def told(one):
    if isinstance(one, pd.DataFrame):
        return one.drop(columns=[name for name in VOLATILE if name in one]).to_csv()
    if isinstance(one, list):
        return [told(each) for each in one]
    if isinstance(one, dict):
        return {key: told(value) for key, value in one.items() if key not in VOLATILE}
    return repr(one)


def public_queries():
    """Whatever any module of the package offers that reads from a source."""
    modules = [importlib.import_module(f"fer_core.queries.{one.name}") for one in pkgutil.iter_modules(queries.__path__)]
    found = {}
    for name, thing in (pair for module in modules for pair in inspect.getmembers(module, inspect.isfunction)):
        first = next(iter(inspect.signature(thing).parameters), "")
        if first == "source" and thing.__module__.startswith("fer_core.queries.") and not name.startswith("_"):
            found[name] = thing
    return found


QUERIES = public_queries()


# ---- reading --------------------------------------------------------------------------------------------------------


def test_every_table_has_a_rule(shops):
    with shops[0].cursor() as cursor:
        tables = {row[0] for row in cursor.execute("SELECT table_name FROM duckdb_tables() WHERE NOT internal").fetchall()}
    assert tables == set(RULES)


def test_every_query_says_what_it_tells_and_is_tried_here():
    assert {name for name, query in QUERIES.items() if not hasattr(query, "reads")} == INNER
    assert QUERIES.keys() - INNER == QUESTIONS.keys() | EXPORTS | AUDIT | {"of_day"}
    assert {query.reads for name, query in QUERIES.items() if name not in INNER} == KINDS == set(ENOUGH)


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("role", ROLES)
def test_a_query_tells_what_a_database_of_the_own_stores_would(shops, role, name):
    big, own, accounts = shops
    source = Scoped(big, accounts[role].scope)
    if not any(may(role, action) for action in ENOUGH[QUERIES[name].reads]):
        with pytest.raises(ForbiddenError):
            QUESTIONS[name](source, big)
        return
    assert asked(QUESTIONS[name], source, big) == asked(QUESTIONS[name], own[role], big)


@pytest.mark.parametrize("table", queries.TABLES)
@pytest.mark.parametrize("role", ROLES)
def test_an_export_holds_the_own_stores_only(shops, role, table, tmp_path):
    big, own, accounts = shops
    source, out = Scoped(big, accounts[role].scope), tmp_path / "out.csv"
    if not may(role, "sums") or (table != "hourly" and not any(may(role, one) for one in ENOUGH["visits"])):
        with pytest.raises(ForbiddenError):
            queries.export(source, table, out)
        assert not out.exists()
        return
    queries.export(source, table, out)
    queries.export(own[role], table, tmp_path / "own.csv")
    text = out.read_text()
    assert len(text.splitlines()) == len((tmp_path / "own.csv").read_text().splitlines())
    assert all(name not in text for name in set(STORES) - set(SEEN[role]))


@pytest.mark.parametrize("role", ROLES)
def test_everything_as_parquet_holds_the_own_stores_only(shops, role, tmp_path):
    big, _, accounts = shops
    source = Scoped(big, accounts[role].scope)
    if not any(may(role, one) for one in ENOUGH["visits"]):
        with pytest.raises(ForbiddenError):
            queries.export_all(source, tmp_path / "all")
        return
    queries.export_all(source, tmp_path / "all")
    words = b"".join(path.read_bytes() for path in (tmp_path / "all").rglob("*.parquet"))
    assert all(name.encode() not in words for name in set(STORES) - set(SEEN[role]))
    assert {path.name for path in (tmp_path / "all" / "visits").iterdir()} == {
        f"store={name.replace(' ', '%20')}" for name in SEEN[role]
    }


@pytest.mark.parametrize("role", ROLES)
def test_plain_sql_reaches_no_other_store_and_writes_nothing(shops, role):
    big, _, accounts = shops
    with Scoped(big, accounts[role].scope).cursor() as cursor:
        for table in ("stores", "visits", "appearances", "footage", "cameras", "series", "jobs", "audit", "accounts"):
            seen = cursor.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            if role == "administrator":
                assert seen == count(big, table)
            elif table == "accounts" or (table == "audit" and role != "privacy officer"):
                assert seen == 0
            elif len(SEEN[role]) < 3:
                assert seen < count(big, table)
        if role != "administrator":
            with pytest.raises(Exception, match=r"base table|not a table|view"):
                cursor.execute("DELETE FROM visits")


def test_the_audit_log_is_read_by_two_roles(shops):
    big, _, accounts = shops
    chosen = queries.AuditFilter()
    for role, account in accounts.items():
        source = Scoped(big, account.scope)
        asks = (lambda s: queries.audit_count(s, chosen), lambda s: queries.audit_page(s, chosen), queries.audit_choices)
        for ask_it in asks:
            if role in ("administrator", "privacy officer"):
                ask_it(source)
            else:
                with pytest.raises(ForbiddenError):
                    ask_it(source)


def test_no_store_at_all_is_nothing_at_all(shops):
    source = Scoped(shops[0], Scope(stores=()))
    assert queries.stores(source).empty and queries.visits(source).empty and queries.count(source) == 0


# ---- calls ----------------------------------------------------------------------------------------------------------

METHODS = sorted(
    name for name, _ in inspect.getmembers(Store, inspect.isfunction) if not name.startswith("_") and name not in ("cursor",)
)


def test_the_tables_know_what_they_speak_of():
    assert set(CALLS) <= set(METHODS)
    assert {rule.action for rule in (*CALLS.values(), *JOBS.values())} <= {*ACTIONS, ANYBODY}
    assert set(PAGES.values()) <= {*ACTIONS, ANYBODY} and set(MAY) == set(REACH) == set(ROLES)
    assert {place.file for place in PLACES} <= set(PAGES)


@pytest.mark.parametrize("call", METHODS)
@pytest.mark.parametrize("role", ROLES)
def test_a_call_is_open_where_the_tables_say_so(shops, role, call):
    big, _, accounts = shops
    account, rule = accounts[role], CALLS.get(call)
    for store in STORES:
        given = {
            "store": store, "name": store, "old": store, "visit_id": first_visit(big, store)["visit_id"],
            "categories": queries.store(big, store) and big.categories_of(store),
        }  # fmt: skip
        named = {key for key in ("store", "name", "old") if key in inspect.signature(getattr(Store, call)).parameters}
        given = {key: value for key, value in given.items() if key in named or key in ("visit_id", "categories")}
        right = rule is not None and may(role, rule.action)
        reach = rule is not None and (rule.where in ("none", "map") or store in SEEN[role])
        reach = reach and (rule.where != "every" or REACH[role] == "all")
        if role == "administrator" or (right and reach):
            _check_call(big, account, call, given)
        else:
            with pytest.raises(ForbiddenError):
                _check_call(big, account, call, given)


@pytest.fixture(scope="module")
def spare(tmp_path_factory):
    """A database to be changed, and its manager."""
    with Store.open(tmp_path_factory.mktemp("spare") / "own.duckdb") as store:
        fill(store)
        yield store, everybody(store)["manager"]


def test_categories_that_another_store_uses_are_not_changed(spare):
    store, manager = spare
    mine, ours = (Categories(name, 1, standard().classes, standard().valence) for name in ("mine", "ours"))
    store.put_categories(ours)
    store.use_categories(SOUTH, "ours")
    pages = GuardedStore(store, lambda: manager)
    pages.put_categories(mine)
    with pytest.raises(ForbiddenError):
        pages.put_categories(ours)


def test_calls_through_the_guard(spare):
    store, manager = spare
    pages = GuardedStore(store, lambda: manager)
    theirs, mine = (first_visit(store, name)["visit_id"] for name in (SOUTH, NORTH))
    pages.void_visit(mine, "twice")
    for forbidden in (
        lambda: pages.void_visit(theirs, "twice"),
        lambda: pages.void_visit(visit_id=theirs, reason="twice"),
        lambda: pages.put_store(name=SOUTH, retention_days=1),
        lambda: pages.put_store("New one"),
        lambda: pages.put_store(NORTH, is_sample=True),
        lambda: pages.rename_store(NORTH, "Other"),
        lambda: pages.delete_store(SOUTH),
        lambda: pages.put_setting("anything", 1),
        lambda: pages.purge(None),
        lambda: pages.rewrite(),
        lambda: pages.quietly(),
        lambda: pages.close(),
    ):
        with pytest.raises(ForbiddenError):
            forbidden()
    assert queries.store(store, SOUTH)["retention_days"] is None and store.path.exists()
    pages.audit("somebody else", "visit.view", store=NORTH)
    with store.cursor() as cursor:
        assert cursor.execute("SELECT actor FROM audit ORDER BY seq DESC LIMIT 1").fetchone() == ("the manager",)


def test_a_page_that_outlives_its_session_can_do_nothing(spare):
    store, manager = spare
    now = {"who": manager}
    pages = GuardedStore(store, lambda: now["who"])
    assert queries.count(pages, Filter(voided=True)) == 12
    now["who"] = None
    with pytest.raises(ForbiddenError):
        queries.count(pages)
    with pytest.raises(ForbiddenError):
        pages.put_store(NORTH)


# ---- jobs and uploads -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """The app's services, with all three stores; no job is ever begun."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOODGATE_DATA", str(tmp_path_factory.mktemp("house")))
        patch.setenv("MOODGATE_NO_SAMPLE", "1")
        close_all()
        fill(services().store)
        yield services(), everybody(services().store)
        close_all()


@pytest.mark.parametrize("kind", [*JOBS])
@pytest.mark.parametrize("role", ROLES)
def test_jobs(house, role, kind):
    made, accounts = house
    jobs = GuardedJobs(made, lambda: accounts[role])
    for name in STORES:
        rule = JOBS[kind]
        reach = rule.where == "none" or (REACH[role] == "all" if rule.where == "every" else name in SEEN[role])
        if may(role, rule.action) and reach:
            key = jobs.submit(kind, name, "t", {"store": name})
            if name in SEEN[role]:
                assert jobs.get(key).kind == kind
                jobs.cancel(key)
        else:
            with pytest.raises(ForbiddenError):
                jobs.submit(kind, name, "t", {"store": name})


@pytest.mark.parametrize("role", ROLES)
def test_jobs_of_other_stores_are_not_there(house, role):
    made, accounts = house
    jobs = GuardedJobs(made, lambda: accounts[role])
    by_store = {job.store: job.id for job in made.jobs.list(None) if job.title.startswith("Films of")}
    seen = SEEN[role] if any(may(role, one) for one in ENOUGH["jobs"]) else ()
    assert {job.store for job in jobs.list(None)} == set(seen)
    for name, key in by_store.items():
        if name in seen:
            assert jobs.get(key).store == name
            continue
        for touch in (jobs.get, jobs.cancel, jobs.retry, jobs.wait, guarded(made, lambda: accounts[role]).discard_films):
            with pytest.raises(JobError, match="no such job"):
                touch(key)
    assert all(made.jobs.get(key).state == "failed" for key in by_store.values())


def test_a_job_says_the_same_store_twice_and_takes_own_films_only(house):
    made, accounts = house
    jobs = GuardedJobs(made, lambda: accounts["manager"])
    mine, theirs = (made.uploads.create("film.mp4", 2, owner) for owner in (accounts["manager"].id, "another"))
    for upload in (mine, theirs):
        with made.uploads.appending(upload.id, 0) as part:
            part.write(b"01")
    own, other = (str(made.uploads.path_of(one.id)) for one in (mine, theirs))
    jobs.submit("review", NORTH, "t", {"store": NORTH, "entry": [{"path": own}], "exit": []})
    for store, payload in (
        (NORTH, {"store": SOUTH}),
        (NORTH, {"store": NORTH, "entry": [{"path": other}]}),
        (NORTH, {"store": NORTH, "exit": [{"path": "/etc/passwd"}]}),
        (NORTH, {"store": NORTH, "exit": ["/etc/passwd"]}),
    ):
        with pytest.raises(ForbiddenError):
            jobs.submit("review", store, "t", payload)


@pytest.mark.parametrize("role", ROLES)
def test_uploads_of_others_are_not_there(house, role):
    made, accounts = house
    upload = made.uploads.create("film.mp4", 2, "another")
    uploads = GuardedUploads(made.uploads, lambda: accounts[role])
    if role == "administrator":
        assert uploads.get(upload.id) == upload
        return
    for touch in (uploads.get, uploads.remove, uploads.path_of, uploads.finished, lambda key: uploads.appending(key, 0)):
        with pytest.raises((UploadError, ForbiddenError)):
            touch(upload.id)
    assert upload.id not in {one.id for one in uploads.all()} and made.uploads.get(upload.id)


# ---- routes and pages -----------------------------------------------------------------------------------------------

OPEN = {"/health", "/api/openapi.json", "/notice/{id}", "/exit/{secret}"} | {
    f"/account/{name}" for name in ("login", "logout", "setup", "demo", "enter")
}
"""What asks for no account: a sign of life, the API's description, what visitors see, and signing in itself."""


def test_every_route_but_the_open_ones_needs_an_account(house):
    upload = house[0].uploads.create("film.mp4", 2, "another")
    closed = [route for route in routes() if route.path not in OPEN]
    films, reviews = {"/upload", "/upload/{id}"}, {"/api/reviews", "/api/reviews/{id}", "/api/reviews/{id}/visits"}
    live = {f"/api/live/{name}" for name in ("plan", "messages", "beat", "still")}
    assert {route.path for route in closed} == films | reviews | live | {"/evidence/{id}"}
    for route in closed:
        for method in route.methods:
            answer = ask(method, route.path.replace("{id}", upload.id))
            assert answer.status == 401, (method, route.path)


@pytest.mark.parametrize("role", ROLES)
def test_routes(house, role):
    made, accounts = house
    cookie = HOME | {"cookie": f"moodgate_session={signed_in(made.store, accounts[role])}"}
    theirs = made.uploads.create("film.mp4", 2, "another")
    begun = ask("POST", "/upload", cookie | {"content-type": "application/json"}, [b'{"name": "f.mp4", "size": 2}'])
    assert begun.status == (201 if may(role, "footage") else 403)
    if begun.status == 201:
        assert made.uploads.get(begun.json["id"]).owner == accounts[role].id
        assert ask("GET", f"/upload/{begun.json['id']}", cookie).status == 200
    for method in ("GET", "HEAD", "DELETE", "PATCH"):
        headers = cookie | {"content-type": "application/offset+octet-stream", "upload-offset": "0"}
        answer = ask(method, f"/upload/{theirs.id}", headers, [b"01"])
        assert answer.status in ((200, 204, 404) if role == "administrator" else (404,) if role == "manager" else (403,))
    if role != "administrator":
        assert made.uploads.get(theirs.id).offset == 0


def api_calls(store, job):
    """Every call of the API that speaks of a store or of one of its reviews, as it would be sent."""
    start = [{"start": "2026-03-02T10:00:00+00:00"}]
    check = {"store": store, "entry": start, "exit": start, "only_check": True}
    camera = {"store": store, "role": "floor", "door": "till"}
    return {
        "check": ("POST", "/api/reviews", check),
        "sample": ("POST", "/api/reviews", check | {"sample": True}),
        "look": ("GET", f"/api/reviews/{job}", None),
        "visits": ("GET", f"/api/reviews/{job}/visits", None),
        "end": ("DELETE", f"/api/reviews/{job}", None),
        "plan": ("POST", "/api/live/plan", camera),
        "messages": ("POST", "/api/live/messages", {"store": store, "messages": []}),
        "beat": ("POST", "/api/live/beat", camera | {"worker": "w", "health": {}}),
        "still": ("PUT", "/api/live/still", None),
    }  # fmt: skip


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("role", ROLES)
def test_api_routes(house, role, store):
    """Whoever lacks the right gets 403 whatever it asks for; of a store that isn't its own, nothing that differs from what
    isn't there."""
    made, accounts = house
    own = [one for one in made.jobs.list(None) if one.store == store and one.title.startswith("Films of")]
    cookie = HOME | {"cookie": f"moodgate_session={signed_in(made.store, accounts[role])}", "content-type": "application/json"}
    got = {
        name: ask(method, path, cookie, [json.dumps(sent).encode()] if sent is not None else (b"",)).status
        for name, (method, path, sent) in api_calls(store, own[0].id).items()
    }
    reviews, live = {"check", "sample", "look", "visits", "end"}, {"plan", "messages", "beat", "still"}
    for names, action in ((reviews, "footage"), (live, "camera")):
        if not may(role, action):
            assert {got[name] for name in names} == {403}
        elif store not in SEEN[role]:
            assert {got[name] for name in names & {"check", "sample"}} <= {403}
            assert {got[name] for name in names & {"look", "visits", "end"}} <= {404}
            assert {got[name] for name in names & {"plan", "messages", "beat"}} <= {403}
        elif action == "footage":  # a real store's notice is to be recorded first, and this review has failed
            check = 200 if store == SAMPLE else 409
            assert (got["check"], got["look"], got["visits"], got["end"]) == (check, 200, 409, 200)
            assert (got["sample"] == 403) == (not may(role, "stores"))
    assert made.jobs.get(own[0].id).state == "failed"


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.file)
def test_pages(shops, place):
    for role, account in shops[2].items():
        assert may_open(account, place) == may(role, PAGES[place.file])
    manager = shops[2]["manager"]
    assert not may_open(manager, place._replace(file="unheard-of.py"))
