"""Alerts as rows: rules, what was raised, the messages about it that wait or were sent, and the channels they go by.

A channel's details (address, secret, password) are sealed (`sealing`) among the settings, under a key that names its store.
What is sent about an alert stands in its row, so that a message that waits outlives the process.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias
from uuid import UUID, uuid4

import duckdb

from fer_core.errors import DataError
from fer_core.store.rows import first, text
from fer_core.store.sealing import seal, unseal

Event: TypeAlias = Literal["raised", "ended"]
State: TypeAlias = Literal["waiting", "sent", "failed"]

_CHANNEL = "alert_channel:"
_LONGEST_NAME = 100
_MOST_CHANNELS, _MOST_RULES = 20, 100
_RULES = """
SELECT rule_id::VARCHAR, s.name, kind, limits, channels, enabled FROM alert_rules JOIN stores AS s USING (store_id)
WHERE $store::UUID IS NULL OR store_id = $store::UUID ORDER BY created_at, rule_id"""
_ALERTS = """
SELECT alert_id::VARCHAR, rule_id::VARCHAR, s.name, kind, sentence, raised_at, ended_at, seen_at, delivered
FROM alerts JOIN stores AS s USING (store_id) WHERE {} ORDER BY raised_at DESC, alert_id LIMIT {}"""


@dataclass(frozen=True)
class RuleRow:
    """A rule of a store; limits: as `alerts.rule_of` takes them; channels: keys of those it is told by."""

    key: str
    store: str
    kind: str
    limits: Mapping[str, Any]
    channels: tuple[str, ...]
    enabled: bool


@dataclass(frozen=True)
class Message:
    """What a channel is to say about an alert. next_at: when it is tried (again), ISO; said: what came of the last try."""

    channel: str
    event: Event
    next_at: str
    state: State = "waiting"
    tries: int = 0
    said: str = ""


@dataclass(frozen=True)
class AlertRow:
    """An alert. about: the camera, "" for the store. Moments are aware; ended_at and seen_at None: not (yet)."""

    key: str
    rule: str
    store: str
    kind: str
    sentence: str
    raised_at: datetime
    ended_at: datetime | None
    seen_at: datetime | None
    about: str
    messages: tuple[Message, ...]


@dataclass(frozen=True)
class ChannelRow:
    """A way to tell somebody: kind "webhook" or "email"; shown: where it goes, without anything secret."""

    key: str
    kind: str
    name: str
    shown: str


# ---- rules ----------------------------------------------------------------------------------------------------------


def put_rule(
    cursor: duckdb.DuckDBPyConnection,
    store_id: UUID,
    kind: str,
    limits: Mapping[str, Any],
    channels: Sequence[str],
    enabled: bool,
    key: str | None,
    now: datetime,
) -> str:
    """Make a rule, or with a key put it in the place of that one; its key. DataError for no such rule or channel."""
    known = {channel.key for channel in stored_channels(cursor, store_id)}
    if set(channels) - known:
        raise DataError("a channel that the rule names is not there any more")
    values = [kind, text(json.dumps(dict(limits))), json.dumps(list(dict.fromkeys(channels))), enabled]
    if key is not None:
        _known_rule(cursor, store_id, key)
        cursor.execute(
            "UPDATE alert_rules SET kind = ?, limits = ?, channels = ?, enabled = ? WHERE rule_id::VARCHAR = ?", [*values, key]
        )
        return key
    if len(rules(cursor, store_id)) >= _MOST_RULES:
        raise DataError(f"a store has at most {_MOST_RULES} rules")
    made = uuid4()
    cursor.execute(
        "INSERT INTO alert_rules (rule_id, store_id, kind, limits, channels, enabled, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [made, store_id, *values, now],
    )
    return str(made)


def delete_rule(cursor: duckdb.DuckDBPyConnection, store_id: UUID, key: str) -> None:
    """Delete a rule; its alerts stay as history, and those that stand end at the next look. DataError for no such rule."""
    _known_rule(cursor, store_id, key)
    cursor.execute("DELETE FROM alert_rules WHERE rule_id::VARCHAR = ?", [key])


def rules(cursor: duckdb.DuckDBPyConnection, store_id: UUID | None = None) -> list[RuleRow]:
    """The rules of a store, or with None of all stores; the oldest first."""
    return [_rule(row) for row in cursor.execute(_RULES, {"store": store_id}).fetchall()]


def _known_rule(cursor: duckdb.DuckDBPyConnection, store_id: UUID, key: str) -> None:
    if not first(cursor, "SELECT 1 FROM alert_rules WHERE store_id = ? AND rule_id::VARCHAR = ?", [store_id, key]):
        raise DataError("there is no such rule any more")


def _rule(row: tuple[Any, ...]) -> RuleRow:
    key, store, kind, limits, channels, enabled = row
    return RuleRow(key, store, kind, json.loads(limits), tuple(json.loads(channels)), bool(enabled))


# ---- alerts ---------------------------------------------------------------------------------------------------------


def raise_alert(
    cursor: duckdb.DuckDBPyConnection, store_id: UUID, rule: RuleRow, about: str, sentence: str, now: datetime
) -> str:
    """Write an alert with a message for each of the rule's channels; its id."""
    key = uuid4()
    messages = [Message(channel, "raised", now.isoformat()) for channel in rule.channels]
    cursor.execute(
        "INSERT INTO alerts (alert_id, rule_id, store_id, kind, sentence, raised_at, delivered) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [key, UUID(rule.key), store_id, rule.kind, text(sentence), now, _told(about, messages)],
    )
    return str(key)


def end_alert(cursor: duckdb.DuckDBPyConnection, key: str, now: datetime) -> None:
    """The alert is over: whoever was told of it is told so. One that has ended already stays as it is."""
    for one in alerts(cursor, "alert_id::VARCHAR = $key AND ended_at IS NULL", {"key": key}):
        more = [Message(said.channel, "ended", now.isoformat()) for said in one.messages if said.event == "raised"]
        cursor.execute(
            "UPDATE alerts SET ended_at = ?, delivered = ? WHERE alert_id::VARCHAR = ?",
            [now, _told(one.about, [*one.messages, *more]), key],
        )


def see(cursor: duckdb.DuckDBPyConnection, store_id: UUID, key: str | None, now: datetime) -> int:
    """Somebody has seen an alert of the store, or with None all of them; how many were new."""
    row = first(
        cursor,
        "UPDATE alerts SET seen_at = $now WHERE store_id = $store AND seen_at IS NULL "
        "AND ($key::VARCHAR IS NULL OR alert_id::VARCHAR = $key)",
        {"now": now, "store": store_id, "key": key},
    )
    return int(row[0]) if row else 0


def note_message(cursor: duckdb.DuckDBPyConnection, key: str, message: Message) -> None:
    """Put a message in the place of the alert's to the same channel about the same event."""
    for one in alerts(cursor, "alert_id::VARCHAR = $key", {"key": key}):
        told = [message if (old.channel, old.event) == (message.channel, message.event) else old for old in one.messages]
        cursor.execute("UPDATE alerts SET delivered = ? WHERE alert_id::VARCHAR = ?", [_told(one.about, told), key])


def standing(cursor: duckdb.DuckDBPyConnection) -> list[AlertRow]:
    """All alerts that have not ended, the newest first."""
    return alerts(cursor, "ended_at IS NULL", {})


def last_raised(cursor: duckdb.DuckDBPyConnection, rule: str, since: datetime) -> dict[str, datetime]:
    """When the newest alert of a rule about each thing was raised, of those since then."""
    found = alerts(cursor, "rule_id::VARCHAR = $rule AND raised_at >= $since", {"rule": rule, "since": since})
    return {one.about: one.raised_at for one in reversed(found)}


def waiting(cursor: duckdb.DuckDBPyConnection) -> list[AlertRow]:
    """The alerts with a message that waits."""
    found = alerts(cursor, "contains(delivered, '\"waiting\"')", {})
    return [one for one in found if any(message.state == "waiting" for message in one.messages)]


def alerts(cursor: duckdb.DuckDBPyConnection, where: str, values: Mapping[str, Any], most: int = 1000) -> list[AlertRow]:
    """The alerts that meet a condition in SQL of our own, the newest first."""
    return [_alert(row) for row in cursor.execute(_ALERTS.format(where, most), dict(values)).fetchall()]


def _alert(row: tuple[Any, ...]) -> AlertRow:
    key, rule, store, kind, sentence, raised_at, ended_at, seen_at, delivered = row
    told = json.loads(delivered)
    messages = tuple(Message(**one) for one in told["messages"])
    return AlertRow(key, rule, store, kind, sentence, raised_at, ended_at, seen_at, told["about"], messages)


def _told(about: str, messages: Sequence[Message]) -> str:
    return text(json.dumps({"about": about, "messages": [asdict(one) for one in messages]}))


def reviews_between(cursor: duckdb.DuckDBPyConnection, store_id: UUID, begin: datetime, end: datetime) -> tuple[int, int]:
    """How many visits that count ended after begin and not after end, and how many of them were negative."""
    row = first(
        cursor,
        "SELECT count(*), coalesce(count_if(coalesce(corrected_review, review) = 'negative'), 0) FROM visits "
        "WHERE store_id = ? AND NOT voided AND exited_at > ? AND exited_at <= ?",
        [store_id, begin, end],
    )
    return (int(row[0]), int(row[1])) if row else (0, 0)


# ---- channels -------------------------------------------------------------------------------------------------------


def put_channel(
    cursor: duckdb.DuckDBPyConnection, database: Path, store_id: UUID, row: ChannelRow, details: Mapping[str, Any]
) -> str:
    """Make a channel, or with a key put it in the place of that one; its key. DataError."""
    name = " ".join(row.name.split())
    if not name or len(name) > _LONGEST_NAME:
        raise DataError(f"a channel needs a name of 1 to {_LONGEST_NAME} characters")
    known = {one.key: one for one in stored_channels(cursor, store_id)}
    if row.key and row.key not in known:
        raise DataError("there is no such channel any more")
    if any(one.name == text(name) and one.key != row.key for one in known.values()):
        raise DataError(f"there is a channel {name!r} already")
    if not row.key and len(known) >= _MOST_CHANNELS:
        raise DataError(f"a store has at most {_MOST_CHANNELS} channels")
    made = replace(row, key=row.key or uuid4().hex, name=text(name))
    kept = asdict(made) | {"sealed": seal(database, json.dumps(dict(details)))}
    cursor.execute(
        "INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)",
        [_key(store_id, made.key), text(json.dumps(kept))],
    )
    return made.key


def delete_channel(cursor: duckdb.DuckDBPyConnection, store_id: UUID, key: str) -> None:
    """Delete a channel, also from the rules that name it. DataError for no such channel."""
    if key not in {one.key for one in stored_channels(cursor, store_id)}:
        raise DataError("there is no such channel any more")
    cursor.execute("DELETE FROM settings WHERE key = ?", [_key(store_id, key)])
    for rule in rules(cursor, store_id):
        if key in rule.channels:
            left = json.dumps([one for one in rule.channels if one != key])
            cursor.execute("UPDATE alert_rules SET channels = ? WHERE rule_id::VARCHAR = ?", [left, rule.key])


def stored_channels(cursor: duckdb.DuckDBPyConnection, store_id: UUID) -> list[ChannelRow]:
    """The store's channels by name, without their details."""
    found = cursor.execute("SELECT value FROM settings WHERE starts_with(key, ?)", [_key(store_id, "")]).fetchall()
    told = [json.loads(value) for (value,) in found]
    rows = [ChannelRow(one["key"], one["kind"], one["name"], one["shown"]) for one in told]
    return sorted(rows, key=lambda row: row.name)


def channel_details(
    cursor: duckdb.DuckDBPyConnection, database: Path, store_id: UUID, key: str
) -> tuple[ChannelRow, dict[str, Any]] | None:
    """A channel with its details, for who sends and for nobody to see; None where it isn't there or can't be unsealed."""
    row = first(cursor, "SELECT value FROM settings WHERE key = ?", [_key(store_id, key)])
    told = json.loads(row[0]) if row else {}
    opened = unseal(database, told["sealed"]) if told else None
    if opened is None:
        return None
    return ChannelRow(told["key"], told["kind"], told["name"], told["shown"]), json.loads(opened)


def _key(store_id: UUID, channel: str) -> str:
    return f"{_CHANNEL}{store_id}:{channel}"
