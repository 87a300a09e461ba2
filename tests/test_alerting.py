"""The rules at work: judged on a clock of the tests' own, sent to real receivers, kept over a restart."""

import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from fer_core import queries
from fer_core.alerts import Negative, Rule, Seen, Silent, Unusable
from fer_core.errors import DataError, ForbiddenError
from fer_core.store import Store
from server import alerting, channels
from server.alert_cameras import seen
from server.alerting import Alerting, pause_s
from server.channels import Mail, Webhook
from server.guard import GuardedAlerting
from tests.days import make_day, make_footage, rows
from tests.receivers import HOST, http_receiver, smtp_sink
from tests.shops_of_three import NORTH, SAMPLE, SOUTH, everybody
from tests.test_channels import closed_port

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)  # a Saturday
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
EXIT = Seen("exit:", "exit")


class World:
    """A store with cameras as the test says, and a clock that stands still."""

    def __init__(self, folder: Path) -> None:
        self.store, self.now = Store.open(folder / "moodgate.duckdb"), NOON
        self.cameras: dict[str, list[Seen]] = {}
        for name in (NORTH, SOUTH, SAMPLE):
            self.store.put_store(name, is_sample=name == SAMPLE)
        self.alerting = self.again()

    def again(self) -> Alerting:
        """As a new process has it."""
        self.alerting = Alerting(self.store, lambda name, now: self.cameras.get(name, []), lambda: self.now)
        return self.alerting

    def step(self, by: timedelta = timedelta()) -> list:
        """Go on by so much, judge, and deliver; the alerts, the newest first."""
        self.now += by
        self.alerting.judge()
        self.alerting.deliver()
        return queries.alerts(self.store)

    def rule(self, rule: Rule, name: str = NORTH, channels: tuple = ()) -> str:
        return self.store.put_alert_rule(name, rule.kind, rule.kept(), channels)

    def hook(self, port: int, name: str = NORTH) -> str:
        made = Webhook(f"http://{HOST}:{port}/", "s")
        return self.store.put_alert_channel(name, "webhook", f"hook {port}", made.shown, made.details())

    def silent(self, seconds: float | None, name: str = NORTH) -> None:
        self.cameras[name] = [Seen("exit:", "exit", silent_s=seconds)]


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.alerting.stop()
    made.store.close()


def told(got) -> list[tuple[str, str]]:
    return [(json.loads(body)["event"], json.loads(body)["id"]) for _, _, body in got.requests]


# ---- judging


def test_no_rule_no_alert(world):
    world.silent(999)
    assert world.step() == []


def test_a_silent_camera_is_raised_once_and_ends(world):
    world.rule(Rule(Silent(60), pause_min=5))
    world.silent(61)
    (alert,) = world.step()
    assert alert.store == NORTH and alert.about == "exit:" and alert.ended_at is None
    world.silent(71)
    assert len(world.step(10 * SECOND)) == 1
    world.silent(0.1)
    (alert,) = world.step(10 * SECOND)
    assert alert.ended_at == NOON + 20 * SECOND
    world.silent(61)
    assert len(world.step(MINUTE)) == 1  # it cools down
    world.silent(300)
    assert len(world.step(4 * MINUTE)) == 2


def test_an_alert_outlives_a_restart_and_is_not_raised_twice(world):
    world.rule(Rule(Silent(60)))
    world.silent(61)
    world.step()
    world.again()
    world.cameras[NORTH] = [Seen("exit:", "exit", known=False, silent_s=None)]
    assert [one.ended_at for one in world.step(5 * MINUTE)] == [None]
    world.silent(400)
    assert [one.ended_at for one in world.step(MINUTE)] == [None]
    world.silent(0.1)
    assert world.step(MINUTE)[0].ended_at


def test_a_camera_that_is_removed_or_stopped_ends_its_alert(world):
    world.rule(Rule(Silent(60)))
    world.silent(61)
    world.step()
    world.cameras[NORTH] = []
    assert world.step()[0].ended_at


def test_rules_that_are_deleted_or_switched_off_end_their_alerts(world):
    first, second = world.rule(Rule(Silent(60))), world.rule(Rule(Silent(30)))
    world.silent(61)
    assert len(world.step()) == 2
    world.store.delete_alert_rule(NORTH, first)
    world.store.put_alert_rule(NORTH, "silent", Rule(Silent(30)).kept(), enabled=False, key=second)
    assert all(one.ended_at for one in world.step())


def test_outside_opening_hours_cameras_may_sleep(world):
    world.store.put_store(NORTH, opening_hours={"mon": ["09:00", "18:00"]})
    world.rule(Rule(Silent(60)))
    world.silent(999)
    assert world.step() == []
    world.rule(Rule(Silent(60, open_only=False)))
    assert len(world.step()) == 1
    world.now = NOON + timedelta(days=2)
    assert len(world.step()) == 2


def test_stores_are_judged_apart(world):
    world.rule(Rule(Silent(60)))
    world.rule(Rule(Silent(60)), SOUTH)
    world.silent(61, SOUTH)
    world.silent(0, NORTH)
    assert [one.store for one in world.step()] == [SOUTH]


def test_usable_faces(world):
    world.rule(Rule(Unusable(0.5, 5, 20)))
    world.cameras[NORTH] = [Seen("exit:", "exit", faces_per_min=12, usable=0.2)]
    for _ in range(12):
        found = world.step(10 * SECOND)
    assert len(found) == 1 and "could be used" in found[0].sentence
    world.cameras[NORTH] = [Seen("exit:", "exit", faces_per_min=60, usable=0.9)]
    for _ in range(12):
        found = world.step(10 * SECOND)
    assert found[0].ended_at


@pytest.mark.parametrize(
    ("name", "visits", "least", "raised"),
    [(NORTH, 8, 8, 0), (SAMPLE, 8, 8, 1), (NORTH, 12, 12, 1), (NORTH, 12, 13, 0)],
)
def test_negative_reviews(world, name, visits, least, raised):
    entry = make_footage("e.mp4", "entry", start_at=NOON - 15 * MINUTE)
    world.store.write_day(make_day(name, visits=visits, entry=entry, exit=make_footage("x.mp4", "exit", start_at=NOON)))
    world.rule(Rule(Negative(0.2, 30, least)), name)
    assert len(world.step(10 * MINUTE)) == raised
    assert all(one.ended_at for one in world.step(30 * MINUTE))


def test_a_rule_of_a_newer_version_stops_no_other(world, caplog):
    with world.store.quietly() as cursor:
        cursor.execute(
            "INSERT INTO alert_rules SELECT uuid(), store_id, 'from the future', '{}', '[]', true, now() FROM stores LIMIT 1"
        )
    world.rule(Rule(Silent(60)))
    world.silent(61)
    with caplog.at_level(logging.WARNING):
        assert len(world.step()) == 1
    assert "from the future" in caplog.text


# ---- sending


def test_a_webhook_hears_that_it_began_and_that_it_is_over(world):
    with http_receiver() as got:
        world.rule(Rule(Silent(60)), channels=(world.hook(got.port),))
        world.silent(61)
        (alert,) = world.step()
        world.step()
        world.silent(0)
        world.step()
    assert told(got) == [("alert.raised", alert.key), ("alert.ended", alert.key)]
    assert [one.state for one in queries.alerts(world.store)[0].messages] == ["sent", "sent"]


def test_a_mail_hears_of_it(world):
    with smtp_sink("none") as got:
        made = Mail(HOST, got.port, "none", "m@shop.example", ("ana@shop.example",))
        key = world.store.put_alert_channel(NORTH, "email", "Ana", made.shown, made.details())
        world.rule(Rule(Silent(60)), channels=(key,))
        world.silent(61)
        world.step()
    assert len(got.messages) == 1 and b"no picture" in got.messages[0][2]


def test_what_fails_is_tried_again_with_growing_pauses_also_after_a_restart(world):
    port = closed_port()
    world.rule(Rule(Silent(60)), channels=(world.hook(port),))
    world.silent(61)
    (alert,) = world.step()
    assert alert.messages[0].tries == 1 and "refused" in alert.messages[0].said
    assert world.step(9 * SECOND)[0].messages[0].tries == 1
    assert world.step(SECOND)[0].messages[0].tries == 2
    world.again()
    assert world.step(29 * SECOND)[0].messages[0].tries == 2
    with http_receiver(port=port) as got:
        (alert,) = world.step(SECOND)
    assert alert.messages[0].state == "sent" and alert.messages[0].tries == 3 and told(got) == [("alert.raised", alert.key)]


def test_nobody_hears_that_it_is_over_before_hearing_that_it_began(world):
    port = closed_port()
    world.rule(Rule(Silent(60)), channels=(world.hook(port),))
    world.silent(61)
    world.step()
    world.silent(0)
    world.step(SECOND)
    with http_receiver(port=port) as got:
        world.step(10 * SECOND)
        world.step()
    assert [event for event, _ in told(got)] == ["alert.raised", "alert.ended"]


def test_after_a_day_it_is_given_up(world):
    world.rule(Rule(Silent(60)), channels=(world.hook(closed_port()),))
    world.silent(61)
    world.step()
    (alert,) = world.step(timedelta(hours=23, minutes=59))
    assert [one.state for one in alert.messages] == ["waiting"]
    (alert,) = world.step(timedelta(hours=1))
    assert alert.messages[0].state == "failed"
    world.silent(0)
    (alert,) = world.step()
    assert [one.state for one in alert.messages] == ["failed", "failed"] and alert.messages[1].tries == 0


def test_a_channel_that_is_gone_ends_its_messages(world):
    key = world.hook(closed_port())
    world.rule(Rule(Silent(60)), channels=(key,))
    world.silent(61)
    world.step()
    world.store.delete_alert_channel(NORTH, key)
    (alert,) = world.step(MINUTE)
    assert alert.messages[0].state == "failed" and "gone" in alert.messages[0].said


def test_one_that_does_not_answer_holds_up_no_other(world):
    with http_receiver() as got:
        world.rule(Rule(Silent(60)), channels=(world.hook(closed_port()), world.hook(got.port)))
        world.silent(61)
        (alert,) = world.step()
    assert [one.state for one in alert.messages] == ["waiting", "sent"]


@pytest.mark.parametrize(("tries", "wait"), [(1, 10), (2, 30), (3, 90), (6, 2430), (7, 3600), (1000, 3600)])
def test_pauses(tries, wait):
    assert pause_s(tries) == wait


# ---- by itself


def test_the_threads_raise_and_send(world, monkeypatch):
    monkeypatch.setattr(alerting, "EVERY_S", 0.02)
    with http_receiver() as got:
        world.rule(Rule(Silent(60)), channels=(world.hook(got.port),))
        world.silent(61)
        world.alerting.start()
        world.alerting.start()
        assert got.arrived.wait(20)
        world.alerting.stop()
    assert len(told(got)) == 1


def test_a_step_that_fails_is_logged_and_tried_again(world, monkeypatch, caplog):
    monkeypatch.setattr(alerting, "EVERY_S", 0.02)
    healed = {"no": True}

    def cameras(name, now):
        if healed.pop("no", False):
            raise RuntimeError("a camera's worker is broken")
        return [Seen("exit:", "exit", silent_s=61)]

    world.alerting = Alerting(world.store, cameras, lambda: NOON)
    with http_receiver() as got, caplog.at_level(logging.ERROR):
        world.rule(Rule(Silent(60)), channels=(world.hook(got.port),))
        world.alerting.start()
        assert got.arrived.wait(20)
        world.alerting.stop()
    assert "tried again" in caplog.text


# ---- tests of channels


def test_a_test_is_marked_and_told(world):
    with http_receiver() as got:
        outcome = world.alerting.test(NORTH, world.hook(got.port))
        assert outcome.ok and json.loads(got.requests[0][2])["test"] is True
        got.status = 500
        assert world.alerting.test(NORTH, world.store.alert_channels(NORTH)[0].key).said == "answered 500"
    assert queries.alerts(world.store) == []
    with pytest.raises(DataError, match="gone"):
        world.alerting.test(NORTH, "x")


def test_who_may_test(world):
    accounts = everybody(world.store)
    with http_receiver() as got:
        key = world.hook(got.port)
        theirs = world.hook(got.port, SOUTH)
        for role, account in accounts.items():
            guard = GuardedAlerting(SimpleNamespace(alerting=world.alerting), lambda account=account: account)
            for name, channel in ((NORTH, key), (SOUTH, theirs)):
                if role == "administrator" or (role == "manager" and name == NORTH):
                    assert guard.test(name, channel).ok
                    continue
                with pytest.raises(ForbiddenError):
                    guard.test(name, channel)
    assert len(got.requests) == 3


# ---- cameras


def heard(role="exit", door="", state="live", silent_s=0.1, ago=0.0, **more):
    usual = {"faces_per_min": 6.0, "usable": 0.5}
    return SimpleNamespace(
        role=role, door=door, at=NOON - ago * SECOND, health={"state": state, "silent_s": silent_s}, **usual | more
    )


def set_up(role="exit", door="", shown="rtsp://here", running=True):
    return SimpleNamespace(role=role, door=door, shown=shown, running=running)


@pytest.mark.parametrize(
    ("configured", "found", "expected"),
    [
        ([], [], Seen("exit:", "Back", known=False, silent_s=None)),
        ([set_up()], [], Seen("exit:", "Back", known=True, silent_s=None)),
        ([set_up(shown="", running=False)], [], Seen("exit:", "Back", known=False, silent_s=None)),
        ([set_up(running=False)], [heard()], None),
        ([set_up()], [heard(state="over")], None),
        ([set_up()], [heard(ago=2.0)], Seen("exit:", "Back", True, 2.1, False, 6.0, 0.5)),
        ([], [heard(state="gone", silent_s=None, ago=70.0)], Seen("exit:", "Back", True, 70.0, False, 0.0, None)),
        ([], [heard(state="retrying", silent_s=None)], Seen("exit:", "Back", True, None, False, 6.0, 0.5)),
        ([], [heard(state="frozen")], Seen("exit:", "Back", True, 0.1, True, 6.0, 0.5)),
    ],
)
def test_what_a_rule_sees_of_a_camera(configured, found, expected):
    assert seen({"exit:": "Back"}, configured, found, NOON) == ([expected] if expected else [])


def test_a_camera_without_a_row_has_its_plain_name():
    assert seen({}, [], [heard(door="North: 2")], NOON)[0].name == "exit North: 2"


def test_nothing_secret_is_logged(world, caplog):
    with caplog.at_level(logging.DEBUG):
        made = Webhook(f"http://{HOST}:{closed_port()}/verysecret", "deep secret")
        key = world.store.put_alert_channel(NORTH, "webhook", "x", made.shown, made.details())
        world.rule(Rule(Silent(60)), channels=(key,))
        world.silent(61)
        world.step()
        world.alerting.test(NORTH, key)
    kept = str(rows(world.store, "SELECT * FROM alerts")) + str(rows(world.store, "SELECT * FROM audit")) + caplog.text
    assert "verysecret" not in kept and "deep secret" not in kept and channels.SIGNATURE not in kept
