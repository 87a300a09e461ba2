"""Two real stores and a sample shop with an account of every role, for tests of who sees what. North is everybody's own."""

from datetime import UTC, datetime, timedelta

from fer_core.store import Store
from fer_core.store import accounts as rows
from fer_core.store.shops import known_store
from server.accounts import Account, account_of
from server.rights import ROLES
from tests.days import make_day, make_footage

NORTH, SOUTH, SAMPLE = STORES = ("North", "South", "Sample shop")
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
NOW = datetime(2026, 4, 1, tzinfo=UTC)


def fill(store: Store, names: tuple[str, ...] = STORES) -> None:
    """A day of each store with a camera, an answer, a job, and what its region and its leave say."""
    for place, name in enumerate(names):
        store.put_store(name, is_sample=name == SAMPLE)
        start = NOON + timedelta(hours=STORES.index(name))
        films = (
            make_footage(f"entry {name}.mp4", "entry", start_at=start, warnings=(f"dark in {name}",)),
            make_footage(f"exit {name}.mp4", "exit", start_at=start + timedelta(minutes=15)),
        )
        store.write_day(make_day(name, visits=12 + 2 * STORES.index(name), entry=films[0], exit=films[1]))
        store.put_region(name, "eu")
        store.put_setting(f"collect_consent:{name}", {"by": f"Ana of {name}"})
        store.put_job({
            "job_id": f"00000000-0000-0000-0000-00000000000{STORES.index(name)}", "kind": "review", "store": name,
            "title": f"Films of {name}", "state": "failed", "payload": {"store": name}, "created_at": NOW, "error": "dark",
        })  # fmt: skip
        store.audit("Ana", "store.change", store=name, subject=str(place))
        _alert(store, name)


def _alert(store: Store, name: str) -> None:
    """A rule of the store and an alert by it, with ids of the test's own."""
    place = STORES.index(name)
    rule, alert = (f"00000000-0000-0000-000{kind}-00000000000{place}" for kind in (1, 2))
    with store.quietly() as cursor:
        own = known_store(cursor, name)
        cursor.execute("INSERT INTO alert_rules VALUES (?, ?, 'silent', '{}', '[]', true, ?)", [rule, own, NOW])
        cursor.execute(
            "INSERT INTO alerts (alert_id, rule_id, store_id, kind, sentence, raised_at, delivered) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            [alert, rule, own, "silent", f"dark in {name}", NOW, '{"about": "", "messages": []}'],
        )


def everybody(store: Store) -> dict[str, Account]:
    """An account of each role, without a password, by the role; managers and analysts have North."""
    found = {}
    with store.quietly() as cursor:
        for role in ROLES:
            key = rows.put_account(cursor, f"the {role}", role, stores=[known_store(cursor, NORTH)], now=NOW)
            row = rows.account(cursor, key)
            assert row
            found[role] = account_of(cursor, row)
    return found


def signed_in(store: Store, account: Account) -> str:
    """The token of a session of that account, as a cookie brings it."""
    from uuid import UUID

    token, now = rows.new_secret(), datetime.now(UTC)
    with store.quietly() as cursor:
        made = rows.Session(rows.digest_of(token), UUID(account.id), now, now, now + timedelta(days=1), "a test")
        rows.put_session(cursor, made)
    return token
