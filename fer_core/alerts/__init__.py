"""Alerts: rules about a store's visits and cameras, whether they are met, and when somebody is told.

    rule = Rule(Silent(seconds=60))              what is looked for, and how often it may be said
    watch.note(now, cameras)                     what the cameras say of themselves, every few seconds
    findings = watch.silent(rule.limits, now)    whether it is met, for each camera
    decide(findings, rule, standing, last, now)  what is raised, what ends

Nothing here reads a clock, a database or a network: `server.alerting` does, and tells the channels.
"""

from fer_core.alerts.deciding import Decision, decide
from fer_core.alerts.judging import Finding, Seen, Watch, negative
from fer_core.alerts.rules import KINDS, Kind, Limits, Negative, Rule, Silent, Unusable, check_cells, rule_of

__all__ = [
    "KINDS",
    "Decision",
    "Finding",
    "Kind",
    "Limits",
    "Negative",
    "Rule",
    "Seen",
    "Silent",
    "Unusable",
    "Watch",
    "check_cells",
    "decide",
    "negative",
    "rule_of",
]
