"""SQL in every text that a person, a program or an address can hand over: it stays text, and the tables stay as they are.

The calls are found by their signatures, so that a new one is attacked without being named here.
"""

import inspect
import typing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fer_core import queries
from fer_core.errors import MoodgateError
from fer_core.gate import Week
from fer_core.queries import AuditFilter, Filter
from fer_core.review import Categories
from fer_core.store import Store
from fer_core.store import accounts as rows
from fer_core.store.live import Counted
from tests.app_pages import checked, open_app
from tests.days import make_day, make_footage
from tests.shops_of_three import NORTH, fill
from tests.test_accounts import accounts, anna, clock, cookie_of, send  # noqa: F401
from tests.test_rights import INNER, QUERIES, VOLATILE
from tests.test_store_alerts import LIMITS
from ui.address import DEFAULTS
from ui.maps import standard
from ui.places import AUDIT, OVERVIEW, TRENDS, VALIDITY, VISITS

SQL = (
    "'; DROP TABLE visits; --",
    '"; DELETE FROM stores; --',
    "x' OR '1'='1",
    "x' UNION ALL SELECT password FROM accounts --",
    "1); ATTACH 'evil.db' AS evil; --",
    "'); COPY accounts TO 'evil.csv'; --",
    "' || (SELECT string_agg(password, ',') FROM accounts) || '",
    "read_text('/etc/passwd')",
    "\\'; SHUTDOWN; --",
    "$stores ? :name {db} {stores} %s %(name)s",
    "%_/* '' */ ;;",
    "ʼ; DROP TABLE visits; --",
)
NOW = datetime(2026, 4, 1, tzinfo=UTC)
WITHOUT_TEXT = {"close", "cursor", "quietly", "rewrite", "version", "purge", "tidy_evidence", "staffed_stores"} | {
    "alerts_standing",
    "alerts_waiting",
    "all_alert_rules",
    "known_sightings",
}
LATER = {"put_answer", "put_job", "update_job", "write_day", "put_categories"} | {
    "put_counts",
    "put_sightings",
    "raise_alert",
}
"""Calls that take their texts within other things: tried one by one below."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A store of each kind and an account, to be written to."""
    with filled(tmp_path_factory.mktemp("sql")) as store:
        yield store


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """The same, to be read only."""
    with filled(tmp_path_factory.mktemp("sql")) as store:
        yield store


def filled(folder):
    store = Store.open(folder / "moodgate.duckdb")
    fill(store)
    with store.quietly() as cursor:
        rows.put_account(cursor, "Anna", "administrator", password="$argon2id$canary", now=NOW)  # noqa: S106  no password
    return store


def standing(store):
    """What no attack may change: the tables, the visits of the stores, the accounts, and the folder's files."""
    with store.cursor() as cursor:
        asked = (
            "SELECT table_name FROM duckdb_tables() WHERE NOT internal ORDER BY 1",
            "SELECT store, count(*) FROM visits WHERE store IN ('North', 'South', 'Sample shop') GROUP BY 1 ORDER BY 1",
            "SELECT name, role, password FROM accounts ORDER BY 1",
            "SELECT database_name FROM duckdb_databases() WHERE NOT internal ORDER BY 1",
        )
        found = [cursor.execute(sql).fetchall() for sql in asked]
    return found, {path.name for path in store.path.parent.iterdir() if "evil" in path.name}


def values_for(call, sql, choices=True):
    """What the call is given: the attack for every text, something fit for anything else; None where it takes no text.

    choices: also where one of a few words is asked for.
    """
    given, texts = {}, 0
    hints = typing.get_type_hints(call, localns={"Week": Week})
    for name, parameter in list(inspect.signature(call).parameters.items())[1:]:
        value, is_text = fit(name, hints.get(name), sql, choices)
        texts += is_text
        if is_text or parameter.default is inspect.Parameter.empty:
            given[name] = value
    return given if texts else None


def fit(name, hint, sql, choices):
    """A value for a parameter of that name and type, and whether it is a text of the attacker's."""
    known = {
        "content": {"region": sql, "languages": [sql], "cameras": [{"role": "entry", "door": sql}], sql: sql},
        "detail": {sql: sql},
        "opening_hours": {sql: (sql, sql)},
        "made": {sql: np.ones(4) / 2},
        "stores": (sql,),
        "languages": (sql,),
        "visit_ids": (sql,),
    }
    if name in known:
        return known[name], True
    if hint is Filter:
        return Filter(stores=(sql,), doors=(sql,), reviews=(sql,)), True
    if hint is AuditFilter:
        return AuditFilter(actions=(sql,), stores=(sql,)), True
    if words := words_of(hint):
        return (sql, True) if choices else (words[0], False)
    if hint is str or str in typing.get_args(hint) or (hint is typing.Any and name == "value"):
        return sql, True
    plain = {datetime: NOW + timedelta(days=name == "end"), float: 0.1, int: 1, bool: False}
    return plain.get(hint), False


def words_of(hint):
    """The words that a parameter may be, where it is one of a few."""
    found = [one for one in (hint, *typing.get_args(hint)) if typing.get_origin(one) is typing.Literal]
    return typing.get_args(found[0]) if found else ()


METHODS = sorted(
    name
    for name, _ in inspect.getmembers(Store, inspect.isfunction)
    if not name.startswith("_") and name not in WITHOUT_TEXT | LATER | {"open"}
)


@pytest.mark.parametrize("name", METHODS)
def test_a_call_keeps_sql_as_text(shop, name):
    before = standing(shop)
    for number, sql in enumerate(SQL):
        given = values_for(getattr(Store, name), sql)
        assert given, f"{name} takes no text: name it in WITHOUT_TEXT"
        for store in (sql, NORTH)[: 1 + (number < 3)]:
            own = {key: store if key in ("store", "old") else value for key, value in given.items()}
            if name in ("delete_store", "rename_store", "put_store", "set_privacy_mode"):
                own = given  # of North they would do what they say
            try:
                getattr(shop, name)(**own)
            except MoodgateError as error:
                assert "\n" not in str(error) and "SELECT count" not in str(error)
    assert standing(shop) == before


def test_sql_that_is_kept_comes_back_as_it_was(shop):
    before = standing(shop)
    for sql in SQL[:4]:
        shop.put_store(sql)
        shop.put_camera(sql, "exit", sql, name=sql)
        shop.put_categories(Categories(sql, 1, standard().classes, standard().valence))
        shop.use_categories(sql, sql)
        entry, exit = (make_footage(f"{role} {sql}.mp4", role, start_at=NOW, door=sql) for role in ("entry", "exit"))
        shop.write_day(make_day(sql, visits=11, entry=entry, exit=exit))
        visit = queries.visits(shop, Filter(stores=(sql,), doors=(sql,))).iloc[0]
        assert (visit["store"], visit["entry_door"]) == (sql, sql)
        shop.void_visit(visit["visit_id"], sql)
        job = {"job_id": "00000000-0000-0000-0000-0000000000ff", "kind": sql, "store": sql, "title": sql, "state": "failed"}
        shop.put_job(job | {"payload": {sql: sql}, "created_at": NOW})
        shop.update_job(job["job_id"], error=sql)
        found = next(one for one in queries.jobs(shop) if one["job_id"] == job["job_id"])
        assert (found["title"], found["error"], found["payload"]) == (sql, sql, {sql: sql})
        count = Counted(uuid4(), "floor", sql, sql, NOW, 1.0, 2.0, np.eye(7, dtype=np.float32)[0])
        shop.put_counts(sql, [count], NOW)
        shop.put_sightings(sql, [uuid4()], NOW)
        assert set(queries.zones(shop, Filter(stores=(sql,)))["zone"]) == {sql}
        key = shop.put_alert_rule(sql, "silent", LIMITS)
        rule = next(one for one in shop.all_alert_rules() if one.key == key)
        shop.raise_alert(rule, sql, sql, NOW)
        assert sql in {one.sentence for one in queries.alerts(shop, sql)}
        door = queries.cameras(shop, sql)
        assert sql in set(door["door"]) and shop.categories_of(sql).name == sql
        shop.delete_store(sql)
    assert standing(shop) == before


@pytest.mark.parametrize("name", sorted(QUERIES.keys() - INNER - {"of_day"}))
def test_a_question_is_told_nothing_by_sql(read, name, tmp_path):
    """What it answers to SQL is what it answers to a name that nobody has."""
    before, call = standing(read), QUERIES[name]
    for number, sql in enumerate(SQL):
        answers = []
        for asked in (sql, "nobody's name"):
            given = values_for(call, asked, choices=False)
            if given is None:
                return
            given |= {key: tmp_path / f"{number}{asked[:2] == 'no'}" for key in ("out", "folder") if key in given}
            given |= {"table": "visits", "out": tmp_path / f"{number}.csv"} if name == "export" else {}
            answers.append(outcome(call, read, given, asked))
        assert answers[0] == answers[1], sql
    assert standing(read) == before


def outcome(call, read, given, asked):
    """The answer as text, or the refusal, with what was asked for taken out."""
    try:
        found = call(read, **given)
    except MoodgateError as error:
        return f"refused: {str(error).replace(repr(asked), '…').replace(asked, '…')}"
    if hasattr(found, "drop"):
        found = found.drop(columns=[column for column in VOLATILE if column in found]).to_csv()
    return repr(found).replace(repr(asked), "…")


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=40))
def test_no_text_breaks_a_filter(read, text):
    chosen = Filter(stores=(text,), doors=(text,), reviews=(text,))
    assert queries.visits_page(read, chosen).empty and queries.count(read, chosen) == 0
    assert queries.summary(read, chosen).n == 0
    assert queries.audit_page(read, AuditFilter(actions=(text,), stores=(text,))).empty
    assert queries.visit(read, text) is None


@pytest.mark.parametrize("sql", SQL)
def test_the_login_takes_sql_for_a_name(accounts, anna, sql):  # noqa: F811
    for fields in (
        {"account": sql, "password": sql},
        {"account": "Anna", "password": sql},
        {"account": "Anna' --", "password": ""},
    ):
        answer = send("login", **fields)
        assert answer.status == 303 and cookie_of(answer) is None and "problem=w" in answer.headers["location"]
    assert accounts.account(sql) is None and accounts.of_token(f"mg_{sql}") is None
    assert accounts.account(anna[0])


@pytest.mark.parametrize("place", [OVERVIEW, TRENDS, VISITS, VALIDITY, AUDIT], ids=lambda place: place.file)
def test_an_address_full_of_sql_is_passed_over(store, tmp_path, place):
    fill(store)
    before = standing(store)
    for sql in SQL[:3]:
        address = {key: [sql] if key in ("stores", "doors") else sql for key in (*DEFAULTS, "visit", "problem", "store")}
        app = checked(open_app(tmp_path, place, address=address))
        shown = " ".join(one.value for kind in ("error", "warning") for one in app.get(kind))
        assert not any(word in shown for word in ("Parser", "Binder", "Catalog", "syntax", "argon2"))
    assert standing(store) == before


def test_no_sql_leads_to_a_file(shop):
    assert not [path for path in Path.cwd().iterdir() if "evil" in path.name]
    assert standing(shop)[1] == set()
