"""The open database's calls about alerts, their rules and their channels. None of them changes the version."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from fer_core.store import alerts, shops
from fer_core.store.alerts import AlertRow, ChannelRow, Message, RuleRow
from fer_core.store.database import Database


class Alerts(Database):
    """A database that keeps alerts."""

    def put_alert_rule(
        self,
        store: str,
        kind: str,
        limits: Mapping[str, Any],
        channels: Sequence[str] = (),
        *,
        enabled: bool = True,
        key: str | None = None,
    ) -> str:
        """Make a rule of a store, or with a key change that one; its key.

        kind, limits: of a `fer_core.alerts.Rule` (kind, kept()); channels: keys. DataError for no such store, rule, channel.
        """
        with self._transaction(counted=False) as cursor:
            store_id = shops.known_store(cursor, store)
            return alerts.put_rule(cursor, store_id, kind, limits, channels, enabled, key, datetime.now(UTC))

    def delete_alert_rule(self, store: str, key: str) -> None:
        """Delete a rule of a store; its alerts stay as history. DataError for no such rule."""
        with self._transaction(counted=False) as cursor:
            alerts.delete_rule(cursor, shops.known_store(cursor, store), key)

    def all_alert_rules(self) -> list[RuleRow]:
        """The rules of all stores, the oldest first."""
        with self.cursor() as cursor:
            return alerts.rules(cursor)

    def see_alerts(self, store: str, key: str | None = None) -> int:
        """Mark an alert of a store as seen, or with None all of them; how many were new. DataError for no such store."""
        with self._transaction(counted=False) as cursor:
            return alerts.see(cursor, shops.known_store(cursor, store), key, datetime.now(UTC))

    def put_alert_channel(
        self, store: str, kind: str, name: str, shown: str, details: Mapping[str, Any], *, key: str = ""
    ) -> str:
        """Make a channel of a store, or with a key change that one; its key. DataError for a name that is taken or blank.

        shown: where it goes, for people; details: what is needed to send by it, which is sealed and shown to nobody.
        """
        with self._transaction(counted=False) as cursor:
            row = ChannelRow(key, kind, name, shown)
            return alerts.put_channel(cursor, self.path, shops.known_store(cursor, store), row, details)

    def delete_alert_channel(self, store: str, key: str) -> None:
        """Delete a channel of a store, also from its rules. DataError for no such channel."""
        with self._transaction(counted=False) as cursor:
            alerts.delete_channel(cursor, shops.known_store(cursor, store), key)

    def alert_channels(self, store: str) -> list[ChannelRow]:
        """A store's channels by name, without their details. DataError for no such store."""
        with self.cursor() as cursor:
            return alerts.stored_channels(cursor, shops.known_store(cursor, store))

    # ---- for the server alone

    def alert_channel(self, store: str, key: str) -> tuple[ChannelRow, dict[str, Any]] | None:
        """A channel with its details, secrets too; None where it isn't there, or was sealed with a key that is gone."""
        with self.cursor() as cursor:
            return alerts.channel_details(cursor, self.path, shops.known_store(cursor, store), key)

    def alerts_standing(self) -> list[AlertRow]:
        """The alerts of all stores that have not ended, the newest first."""
        with self.cursor() as cursor:
            return alerts.standing(cursor)

    def alerts_waiting(self) -> list[AlertRow]:
        """The alerts of all stores with a message that waits to be sent."""
        with self.cursor() as cursor:
            return alerts.waiting(cursor)

    def alerts_last(self, rule: str, since: datetime) -> dict[str, datetime]:
        """When a rule's newest alert about each thing was raised, of those since then."""
        with self.cursor() as cursor:
            return alerts.last_raised(cursor, rule, since)

    def raise_alert(self, rule: RuleRow, about: str, sentence: str, now: datetime) -> str:
        """Write an alert with a message for each of the rule's channels; its id. DataError for a store that is gone."""
        with self._transaction(counted=False) as cursor:
            return alerts.raise_alert(cursor, shops.known_store(cursor, rule.store), rule, about, sentence, now)

    def end_alert(self, key: str, now: datetime) -> None:
        """The alert is over; whoever was told of it is to be told so."""
        with self._transaction(counted=False) as cursor:
            alerts.end_alert(cursor, key, now)

    def note_alert_message(self, key: str, message: Message) -> None:
        """Keep what became of a message about an alert."""
        with self._transaction(counted=False) as cursor:
            alerts.note_message(cursor, key, message)

    def reviews_between(self, store: str, begin: datetime, end: datetime) -> tuple[int, int]:
        """How many visits of a store ended after begin and not after end, and how many were negative: for rules, not people."""
        with self.cursor() as cursor:
            return alerts.reviews_between(cursor, shops.known_store(cursor, store), begin, end)
