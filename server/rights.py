"""Who may do what: one table of roles, and what each page, write and kind of job asks for.

What no table here knows is for administrators alone, so that nothing new is open by oversight.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias, get_args

from fer_core.store.scope import Kind

Role: TypeAlias = Literal["administrator", "manager", "analyst", "demo", "privacy officer"]
ROLES: tuple[Role, ...] = get_args(Role)

ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "sums": "see the overview and the trends",
        "visits": "see single visits",
        "pictures": "see the pixelated pictures of visits",
        "correct": "correct a visit or declare it void",
        "export sums": "export sums",
        "export visits": "export visits and appearances",
        "footage": "upload films and have them analysed",
        "server files": "choose films in folders of the server",
        "cameras": "set up cameras, doors and masked zones",
        "camera": "report what a live camera saw",
        "settings": "change a store’s settings and categories, and recompute its visits",
        "validity": "set up the exit button and see what visitors say there",
        "live": "use the live page",
        "tokens": "make and revoke tokens for programs",
        "stores": "make, rename and delete stores; sample data",
        "lab": "collect faces, train, judge and choose models",
        "app": "change settings of the whole app",
        "opt out": "find the visits around a moment and delete them",
        "purge": "have deleted what is past its time, and see the reports of it",
        "notices": "write notices and record that they hang",
        "people": "enrol staff and guests who agreed, and delete them",
        "audit": "read and verify the audit log",
        "accounts": "make, change and end accounts",
    }
)
"""Everything that may be allowed, in words that go on after “may”."""

_DAILY = (
    "sums", "visits", "pictures", "correct", "export sums", "export visits", "footage", "cameras", "settings", "validity",
    "live",
)  # fmt: skip
MAY: Mapping[Role, frozenset[str]] = MappingProxyType(
    {
        "administrator": frozenset(ACTIONS),
        "manager": frozenset((*_DAILY, "tokens", "people")),
        "analyst": frozenset(("sums", "export sums")),
        "demo": frozenset(("sums", "visits", "live")),
        "privacy officer": frozenset(("opt out", "purge", "notices", "audit", "people")),
    }
)
"""The roles. Of which stores, says STORES."""

STORES: Mapping[Role, Literal["all", "own", "sample"]] = MappingProxyType(
    {"administrator": "all", "manager": "own", "analyst": "own", "demo": "sample", "privacy officer": "all"}
)
"""Of which stores a role sees anything. Retention, receipts and the audit log are of the whole database."""

KINDS: Mapping[Kind, tuple[str, ...]] = MappingProxyType(
    {
        "setup": tuple(ACTIONS),
        "sums": ("sums",),
        "visits": ("visits", "opt out"),
        "answers": ("validity",),
        "jobs": ("footage", "settings", "lab", "purge"),
        "audit": ("audit",),
        "people": ("people",),
        "pictures": ("pictures",),
    }
)
"""The kinds of queries, each with the actions of which one is enough."""

ANYBODY = "anybody"
"""Stands where an action would for what every account may do."""

PAGES: Mapping[str, str] = MappingProxyType(
    {
        "overview.py": "sums",
        "now.py": "sums",
        "trends.py": "sums",
        "visits.py": "visits",
        "analyse.py": "footage",
        "cameras.py": "cameras",
        "live.py": "live",
        "collect.py": "lab",
        "models.py": "lab",
        "settings.py": "settings",
        "validity.py": "validity",
        "notices.py": "notices",
        "documents.py": "notices",
        "privacy.py": "notices",
        "alerts.py": "sums",
        "people.py": "people",
        "audit.py": "audit",
        "account.py": ANYBODY,
        "accounts.py": "accounts",
    }
)
"""What a page asks for, by its file in pages/."""


class Rule(NamedTuple):
    """What a call asks for: an action, and of which store. where: how the store is told.

    "store": the argument of that name (or `name`) names it, and it must be there. "visit": the argument visit_id is a
    visit of it. "map": all stores that use the categories. "every": all stores at once. "none": of no store.
    """

    action: str
    where: Literal["store", "visit", "map", "every", "none"] = "store"


CALLS: Mapping[str, Rule] = MappingProxyType(
    {
        "put_store": Rule("settings"),
        "rename_store": Rule("stores"),
        "delete_store": Rule("stores"),
        "put_camera": Rule("cameras"),
        "zones_for": Rule(ANYBODY),
        "live_cameras": Rule("cameras"),
        "delete_camera": Rule("cameras"),
        "measuring_of": Rule(ANYBODY),
        "put_measuring": Rule("cameras"),
        "run_camera": Rule("cameras"),
        "put_source": Rule("cameras"),
        "correct_visit": Rule("correct", "visit"),
        "void_visit": Rule("correct", "visit"),
        "undo_correction": Rule("correct", "visit"),
        "put_categories": Rule("settings", "map"),
        "use_categories": Rule("settings"),
        "categories_of": Rule(ANYBODY),
        "review_settings": Rule(ANYBODY),
        "offset_for": Rule(ANYBODY),
        "refresh_offsets": Rule("settings"),
        "set_calibrated_offset": Rule("settings"),
        "put_setting": Rule("app", "none"),
        "keeps_evidence": Rule(ANYBODY),
        "purge": Rule("purge", "every"),
        "set_privacy_mode": Rule("settings"),
        "privacy_mode_of": Rule(ANYBODY),
        "delete_span": Rule("opt out"),
        "delete_visits": Rule("opt out"),
        "switch_on_exit_button": Rule("validity"),
        "switch_off_exit_button": Rule("validity"),
        "speak_at_exit": Rule("validity"),
        "exit_buttons": Rule("validity"),
        "put_region": Rule("notices"),
        "put_notice_draft": Rule("notices"),
        "record_notice": Rule("notices"),
        "withdraw_notice": Rule("notices"),
        "enrol_person": Rule("people"),
        "renew_person": Rule("people"),
        "revoke_person": Rule("people"),
        "delete_person": Rule("people"),
        "embedders_of": Rule("people"),
        "audit": Rule(ANYBODY, "none"),
        "put_alert_rule": Rule("settings"),
        "delete_alert_rule": Rule("settings"),
        "see_alerts": Rule("settings"),
        "put_alert_channel": Rule("settings"),
        "delete_alert_channel": Rule("settings"),
        "alert_channels": Rule("settings"),
    }
)
"""The methods of `Store` that pages call. Any other is for administrators alone."""

ONLY_WITH: Mapping[tuple[str, str], str] = MappingProxyType({("put_store", "is_sample"): "stores"})
"""Arguments that ask for more than the call does: small cells of a sample store are shown."""

JOBS: Mapping[str, Rule] = MappingProxyType(
    {
        "review": Rule("footage"),
        "recompute": Rule("settings"),
        "collect": Rule("lab"),
        "train": Rule("lab", "none"),
        "sample": Rule("stores", "none"),
        "history": Rule("stores", "none"),
        "purge": Rule("purge", "every"),
    }
)
"""The kinds of job, likewise."""

PURPOSES: Mapping[str, tuple[str, frozenset[str]]] = MappingProxyType(
    {
        "footage": ("send films and get their reviews", frozenset(("footage",))),
        "camera": ("report what a live camera saw", frozenset(("camera",))),
        "sums": ("read sums", frozenset(("sums", "export sums"))),
    }
)
"""What tokens are for: the words, and what a program with such a token may do, of its one store."""


def may(role: str, action: str) -> bool:
    """Whether the role may do that; nobody but an administrator what the tables don't know."""
    known = MAY.get(role, frozenset())  # type: ignore[call-overload]
    return action in known or role == "administrator" or (action == ANYBODY and role in MAY)


def kinds_of(actions: frozenset[str]) -> frozenset[Kind]:
    """The kinds of queries that somebody who may do these has answers to."""
    return frozenset(kind for kind, enough in KINDS.items() if actions & set(enough))
