"""When somebody is told: what is raised and what ends, with a cool-down for each rule and what it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fer_core.alerts.judging import Finding
from fer_core.alerts.rules import Rule


@dataclass(frozen=True)
class Decision:
    """raised: what becomes an alert; ended: what the alerts that are over are about."""

    raised: tuple[Finding, ...] = ()
    ended: tuple[str, ...] = ()


def decide(
    findings: Sequence[Finding], rule: Rule, standing: frozenset[str], last: Mapping[str, datetime], now: datetime
) -> Decision:
    """What to do about a rule's findings.

    standing: what alerts of the rule that have not ended are about. last: when the newest alert about each thing was
    raised. An alert ends when its condition does, or when nothing is looked at any more that it is about; a finding that
    can't be said leaves things as they are.
    """
    met = [one for one in findings if one.met and one.about not in standing and not _cooling(rule, last.get(one.about), now)]
    still = {one.about for one in findings if one.met is not False}
    return Decision(tuple(met), tuple(sorted(standing - still)))


def _cooling(rule: Rule, raised: datetime | None, now: datetime) -> bool:
    # one that was raised in the future, by a clock that was set back, would cool down for as long
    return raised is not None and timedelta() <= now - raised < timedelta(minutes=rule.pause_min)
