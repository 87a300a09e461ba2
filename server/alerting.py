"""Alerts at work: every few seconds the rules are looked at, and what is to be said is sent, in threads of their own.

One thread judges, another sends: a receiver that doesn't answer holds up no rule. A message that didn't arrive is tried
again with growing pauses for a day, also by a later process; it may arrive twice where the process died between sending
and noting it, and then with the same id.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

from fer_core.alerts import Finding, Negative, Rule, Seen, Silent, Watch, decide, negative, rule_of
from fer_core.errors import DataError, MoodgateError
from fer_core.store import Store
from fer_core.store.alerts import AlertRow, Message, RuleRow
from server.channels import Channel, Telling, channel_of
from server.sending import Outcome

if TYPE_CHECKING:
    import ssl

LOG = logging.getLogger(__name__)
EVERY_S = 10.0
"""How often rules are looked at and messages sent."""
FIRST_PAUSE_S, LONGEST_PAUSE_S, GIVE_UP = 10.0, 3600.0, timedelta(days=1)
_AT_ONCE = 4
_PATIENCE_S = 3.0
Cameras: TypeAlias = Callable[[str, datetime], Sequence[Seen]]
"""What is known of a store's cameras at a moment."""


def pause_s(tries: int) -> float:
    """How long to wait after so many tries: 10 s, 30 s, 90 s … an hour."""
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 3.0 ** min(tries - 1, 20))


class Alerting:
    """The rules of all stores of one database. Safe for all threads; `judge` and `deliver` are one thread's each."""

    def __init__(
        self,
        store: Store,
        cameras: Cameras,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        trust: "ssl.SSLContext | None" = None,
    ) -> None:
        """trust: whose certificates are believed, by default those of the system's authorities."""
        self._store, self._cameras, self._now, self._trust = store, cameras, now, trust
        self._watches: dict[str, Watch] = {}
        self._ending, self._news = threading.Event(), threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to look and to send; a second call does nothing."""
        if not self._threads:
            self._threads = [
                threading.Thread(target=self._again, args=(step, wake), name=f"alerts-{step.__name__}", daemon=True)
                for step, wake in ((self.judge, self._ending), (self.deliver, self._news))
            ]
            for thread in self._threads:
                thread.start()

    def stop(self) -> None:
        """End; what waits is kept, and what is being sent to somebody who doesn't answer is tried again next time."""
        self._ending.set()
        self._news.set()
        for thread in self._threads:
            thread.join(_PATIENCE_S)

    def _again(self, step: Callable[[], object], wake: threading.Event) -> None:
        while not self._ending.is_set():
            try:
                step()
            except Exception:  # whatever it was: alerts that ended in silence would be missed when it is too late
                if not self._ending.is_set():
                    LOG.exception("alerts: a step failed and is tried again")
            wake.wait(EVERY_S)
            if wake is self._news:
                wake.clear()

    # ---- judging

    def judge(self) -> None:
        """Look at every rule once, raise what is met and end what is over."""
        now = self._now()
        rules = [one for one in self._store.all_alert_rules() if one.enabled]
        standing = self._store.alerts_standing()
        self._watches = {store: self._watch(store, now) for store in {one.store for one in rules}}
        for rule in rules:
            try:
                self._judge(rule, [one for one in standing if one.rule == rule.key], now)
            except MoodgateError as error:  # a rule of a newer version, a store just deleted: the others go on
                LOG.warning("alerts: the rule %s can't be looked at: %s", rule.key, error)
        known = {one.key for one in rules}
        for one in standing:
            if one.rule not in known:  # deleted or switched off
                self._end(one, now)

    def _watch(self, store: str, now: datetime) -> Watch:
        watch = self._watches.get(store) or Watch()
        watch.note(now, self._cameras(store, now))
        return watch

    def _judge(self, row: RuleRow, standing: Sequence[AlertRow], now: datetime) -> None:
        rule = rule_of(row.kind, row.limits)
        findings = self._findings(row.store, rule, now)
        last = self._store.alerts_last(row.key, now - timedelta(minutes=rule.pause_min))
        decision = decide(findings, rule, frozenset(one.about for one in standing), last, now)
        for one in standing:
            if one.about in decision.ended:
                self._end(one, now)
        for finding in decision.raised:
            self._store.raise_alert(row, finding.about, finding.sentence, now)
            self._news.set()

    def _end(self, alert: AlertRow, now: datetime) -> None:
        self._store.end_alert(alert.key, now)
        self._news.set()

    def _findings(self, store: str, rule: Rule, now: datetime) -> list[Finding]:
        limits = rule.limits
        if isinstance(limits, Negative):
            visits, hits = self._store.reviews_between(store, now - timedelta(minutes=limits.minutes), now)
            return [negative(limits, visits, hits, is_sample=self._is_sample(store))]
        week = self._store.hours_for(store) if rule.open_only else None
        if week and not week.open_at(now):
            return []
        watch = self._watches[store]
        return watch.silent(limits, now) if isinstance(limits, Silent) else watch.unusable(limits, now)

    def _is_sample(self, store: str) -> bool:
        with self._store.cursor() as cursor:
            row = cursor.execute("SELECT is_sample FROM stores WHERE name = ?", [store]).fetchone()
        return bool(row and row[0])

    # ---- sending

    def deliver(self) -> None:
        """Try every message that is due, some at once."""
        now = self._now()
        due = [(alert, message) for alert in self._store.alerts_waiting() for message in _due(alert, now)]
        with ThreadPoolExecutor(_AT_ONCE, "alerts-send") as pool:
            for _ in pool.map(lambda pair: self._deliver(*pair), due):
                if self._ending.is_set():
                    pool.shutdown(wait=True, cancel_futures=True)
                    return

    def _deliver(self, alert: AlertRow, message: Message) -> None:
        if message.event == "ended" and _began(alert, message.channel) == "failed":
            said = "never heard that it began"
            self._store.note_alert_message(alert.key, replace(message, state="failed", said=said))
            return
        outcome = self._sent(alert, message)
        tries, now = message.tries + 1, self._now()
        if outcome is None:
            kept = replace(message, state="failed", tries=tries, said="its channel is gone, or its secrets can’t be read")
        elif outcome.ok:
            kept = replace(message, state="sent", tries=tries, said=outcome.said)
        else:
            again = now + timedelta(seconds=pause_s(tries))
            over = again - _begun(alert, message) > GIVE_UP
            kept = replace(
                message, state="failed" if over else "waiting", tries=tries, said=outcome.said, next_at=again.isoformat()
            )
        self._store.note_alert_message(alert.key, kept)

    def _sent(self, alert: AlertRow, message: Message) -> Outcome | None:
        found = self._channel(alert.store, message.channel)
        if found is None:
            return None
        telling = Telling(
            alert.key, message.event, alert.store, self._zone(alert.store), alert.kind, alert.sentence, alert.raised_at,
            alert.ended_at if message.event == "ended" else None,
        )  # fmt: skip
        return found.send(telling, self._now(), self._trust)

    def test(self, store: str, channel: str) -> Outcome:
        """Send a marked test by a channel, at once; what came back. DataError for no such channel or store."""
        found = self._channel(store, channel)
        if found is None:
            raise DataError("the channel is gone, or its secrets can’t be read: enter it again")
        now, sentence = self._now(), "This is a test of the alerts; nothing has happened."
        return found.send(Telling(str(uuid4()), "test", store, self._zone(store), "test", sentence, now), now, self._trust)

    def _channel(self, store: str, key: str) -> Channel | None:
        found = self._store.alert_channel(store, key)
        return channel_of(found[0].kind, found[1]) if found else None

    def _zone(self, store: str) -> str:
        with self._store.cursor() as cursor:
            row = cursor.execute("SELECT time_zone FROM stores WHERE name = ?", [store]).fetchone()
        return str(row[0]) if row else "UTC"


def _due(alert: AlertRow, now: datetime) -> list[Message]:
    """The messages to be tried now: nobody hears that it is over who has yet to hear that it began."""
    waits = [one for one in alert.messages if one.state == "waiting" and datetime.fromisoformat(one.next_at) <= now]
    return [one for one in waits if one.event == "raised" or _began(alert, one.channel) != "waiting"]


def _began(alert: AlertRow, channel: str) -> str:
    """What became of the message to that channel that the alert was raised."""
    return next((one.state for one in alert.messages if (one.channel, one.event) == (channel, "raised")), "failed")


def _begun(alert: AlertRow, message: Message) -> datetime:
    return alert.ended_at if message.event == "ended" and alert.ended_at else alert.raised_at
