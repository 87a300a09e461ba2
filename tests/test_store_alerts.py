"""Alerts, rules and channels as rows: kept, scoped, forgotten, and no secret readable."""

from datetime import UTC, datetime, timedelta

import pytest

from fer_core import queries
from fer_core.errors import DataError
from fer_core.store import Store
from fer_core.store.alerts import Message
from fer_core.store.scope import Scope, Scoped
from tests.days import make_day, make_footage, rows

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LIMITS = {"seconds": 60, "camera": "", "open_only": True, "pause_min": 30}
SECRET = {"address": "https://hooks.example/verysecret", "secret": "deep secret"}


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "moodgate.duckdb") as made:
        for name in ("North", "O'Neil"):
            made.put_store(name)
        yield made


def channel(store, name="North", called="Till", **more):
    return store.put_alert_channel(name, "webhook", called, "https://hooks.example/…", SECRET, **more)


def rule(store, name="North", channels=(), **more):
    return store.put_alert_rule(name, "silent", LIMITS, channels, **more)


def row_of(store, key):
    return next(one for one in store.all_alert_rules() if one.key == key)


def raised(store, key, about="exit:", at=NOON):
    return store.raise_alert(row_of(store, key), about, "It’s silent “there”.", at)


def test_nothing_yet(store):
    assert store.all_alert_rules() == [] == store.alerts_standing() == store.alerts_waiting() == store.alert_channels("North")
    assert queries.alerts(store) == [] == queries.alerts_unseen(store) == queries.alert_rules(store, "North")
    assert store.see_alerts("North") == 0 and store.reviews_between("North", NOON, NOON + MINUTE) == (0, 0)
    store.end_alert("no such id", NOON)
    with pytest.raises(DataError, match="no store"):
        store.alert_channels("West")


def test_rules_are_made_changed_and_deleted(store):
    key = rule(store)
    assert row_of(store, key).limits == LIMITS and row_of(store, key).enabled
    till = channel(store)
    assert rule(store, channels=[till, till], enabled=False, key=key) == key
    assert row_of(store, key).channels == (till,) and not row_of(store, key).enabled
    for wrong in (
        lambda: rule(store, "O'Neil", key=key),
        lambda: store.delete_alert_rule("O'Neil", key),
        lambda: store.delete_alert_rule("North", "x"),
        lambda: rule(store, channels=["x"]),
        lambda: rule(store, "O'Neil", channels=[till]),
    ):
        with pytest.raises(DataError):
            wrong()
    store.delete_alert_rule("North", key)
    assert store.all_alert_rules() == []


def test_the_version_stays(store):
    before = store.version()
    key = rule(store, channels=[channel(store)])
    store.end_alert(raised(store, key), NOON + MINUTE)
    store.see_alerts("North")
    assert store.version() == before


def test_an_alert_begins_is_seen_and_ends(store):
    till = channel(store)
    key = rule(store, channels=[till])
    alert = raised(store, key)
    (found,) = store.alerts_standing()
    assert (found.key, found.rule, found.store, found.about) == (alert, key, "North", "exit:")
    assert found.messages == (Message(till, "raised", NOON.isoformat()),) and found.raised_at == NOON
    assert [one.key for one in queries.alerts_unseen(store)] == [alert]
    assert store.see_alerts("O'Neil", alert) == 0 and store.see_alerts("North", alert) == 1 == 1 + store.see_alerts("North")
    assert queries.alerts_unseen(store) == []
    store.end_alert(alert, NOON + MINUTE)
    store.end_alert(alert, NOON + 2 * MINUTE)
    (found,) = queries.alerts(store, "North")
    assert found.ended_at == NOON + MINUTE and found.seen_at and [one.event for one in found.messages] == ["raised", "ended"]
    assert store.alerts_standing() == [] and queries.alerts(store, "O'Neil") == []


def test_messages_wait_until_they_are_noted(store):
    till, office = channel(store), channel(store, called="Office")
    key = raised(store, rule(store, channels=[till, office]))
    store.note_alert_message(key, Message(till, "raised", "", "sent", 1, "answered 200"))
    (found,) = store.alerts_waiting()
    assert [one.state for one in found.messages] == ["sent", "waiting"]
    store.note_alert_message(key, Message(office, "raised", "", "failed", 3, "can’t be reached"))
    assert store.alerts_waiting() == []


def test_the_last_of_each(store):
    key = rule(store)
    for minutes, about in ((0, "a"), (5, "a"), (2, "b"), (-60, "c")):
        raised(store, key, about, NOON + minutes * MINUTE)
    assert store.alerts_last(key, NOON) == {"a": NOON + 5 * MINUTE, "b": NOON + 2 * MINUTE}


def test_the_newest_are_told_and_all_that_stand(store):
    key = rule(store)
    old = raised(store, key, "old", NOON - 60 * MINUTE)
    for minutes in range(5):
        store.end_alert(raised(store, key, "new", NOON + minutes * MINUTE), NOON + 10 * MINUTE)
    told = queries.alerts(store, "North", 3)
    assert len(told) == 3 and old in {one.key for one in told}
    assert [one.raised_at for one in told] == sorted((one.raised_at for one in told), reverse=True)
    assert len(queries.alerts(store, "North", 0)) == 1


def test_reviews_are_counted_by_their_end(store):
    start = NOON - timedelta(minutes=15)
    entry = make_footage("e.mp4", "entry", start_at=start)
    store.write_day(make_day("North", visits=8, entry=entry, exit=make_footage("x.mp4", "exit", start_at=NOON)))
    assert store.reviews_between("North", NOON, NOON + 10 * MINUTE) == (8, 2)
    assert store.reviews_between("O'Neil", NOON, NOON + 10 * MINUTE) == (0, 0)
    found = rows(store, "SELECT visit_id::VARCHAR, review FROM visits ORDER BY exited_at")
    first, negative = (next(key for key, review in found if review == one) for one in ("positive", "negative"))
    store.correct_visit(first, "negative", "seen")
    store.void_visit(negative, "staff")
    assert store.reviews_between("North", NOON, NOON + 10 * MINUTE) == (7, 2)
    assert store.reviews_between("North", NOON + 15 * timedelta(seconds=1), NOON + 35 * timedelta(seconds=1))[0] == 1


# ---- channels


def test_channels_are_sealed(store):
    key = channel(store)
    told = str(rows(store, "SELECT * FROM settings"))
    assert "verysecret" not in told and "deep secret" not in told
    assert [one.shown for one in store.alert_channels("North")] == ["https://hooks.example/…"]
    row, details = store.alert_channel("North", key)
    assert row.name == "Till" and details == SECRET
    assert store.alert_channel("O'Neil", key) is None and store.alert_channel("North", "x") is None
    store.path.with_name(store.path.name + ".key").write_bytes(b"x" * 32)
    assert store.alert_channel("North", key) is None and store.alert_channels("North")


def test_channels_are_changed_and_deleted(store):
    key, other = channel(store), channel(store, called="Office")
    assert channel(store, called="Back", key=key) == key
    assert [one.name for one in store.alert_channels("North")] == ["Back", "Office"]
    made = rule(store, channels=[key, other])
    for wrong in (
        lambda: channel(store, called="  "),
        lambda: channel(store, called="x" * 101),
        lambda: channel(store, called="Office"),
        lambda: channel(store, key="x"),
        lambda: store.delete_alert_channel("O'Neil", key),
    ):
        with pytest.raises(DataError):
            wrong()
    store.delete_alert_channel("North", key)
    assert row_of(store, made).channels == (other,) and len(store.alert_channels("North")) == 1


# ---- whose they are, and how long


def test_an_account_sees_alerts_of_its_stores_and_no_channel(store):
    for name in ("North", "O'Neil"):
        raised(store, rule(store, name, [channel(store, name)]))
    north = rows(store, "SELECT store_id FROM stores WHERE name = 'North'")[0][0]
    scoped = Scoped(store, Scope((north,)))
    assert {one.store for one in queries.alerts(scoped)} == {"North"} == {one.store for one in queries.alert_rules(scoped)}
    assert queries.alerts(scoped, "O'Neil") == [] == queries.alert_rules(scoped, "O'Neil")
    with scoped.cursor() as cursor:
        assert cursor.execute("SELECT count(*) FROM settings").fetchone() == (0,)


def test_a_deleted_store_leaves_nothing(store):
    raised(store, rule(store, channels=[channel(store)]))
    keep = raised(store, rule(store, "O'Neil"))
    receipt = store.delete_store("North")
    assert receipt.gone["alerts"] == 1 == receipt.gone["alert_rules"] and "rules of alerts" in receipt.text()
    assert [one.key for one in queries.alerts(store)] == [keep] and rows(
        store, "SELECT key FROM settings WHERE key LIKE 'alert%'"
    ) == []


def test_a_renamed_store_keeps_them(store):
    raised(store, rule(store, channels=[channel(store)]))
    store.rename_store("North", "West")
    assert queries.alerts(store)[0].store == "West" == store.all_alert_rules()[0].store and store.alert_channels("West")


def test_old_alerts_go_with_the_retention(store):
    key = rule(store)
    raised(store, key, at=NOON - timedelta(days=31))
    left = raised(store, key, at=NOON)
    store.put_store("North", retention_days=30)
    store.purge(NOON)
    assert [one.key for one in queries.alerts(store)] == [left]
