"""The figures of a period at a glance, each against the period before. No streamlit here."""

from dataclasses import dataclass
from math import hypot, sqrt
from typing import Literal

from fer_core.metrics import wilson_interval
from fer_core.queries import Summary
from fer_core.types import REVIEWS
from ui.plain import DASH, duration, number, percent
from ui.theme import REVIEW_SIGNS

Tone = Literal["blue", "orange", "off"]
"""Better, worse, or neither: what could be chance, or is no matter of good and bad."""

_Z = 1.96
_GOOD = {"positive": 1, "negative": -1}
_HIDDEN = "fewer than 10 visits: not shown"


@dataclass(frozen=True)
class Card:
    """One figure: its name, value, what stands under it, the difference to the period before ("" for none) and its tone."""

    label: str
    value: str
    below: str = ""
    delta: str = ""
    tone: Tone = "off"
    chance: bool = False
    help: str = ""

    @property
    def arrow(self) -> Literal["up", "down", "off"]:
        """The direction of the difference; none for what could be chance."""
        moved = any(digit in self.delta for digit in "123456789") and not self.chance
        return "off" if not moved else "down" if self.delta.startswith("−") else "up"


def cards(now: Summary, then: Summary | None) -> list[Card]:
    """Visits, mean change, stay and coverage, then the four reviews; `then` is the period before, where there is one."""
    before = then if then is not None and then.n else None
    return [_visits(now, before), _change(now, before), _stay(now, before), _coverage(now, before)] + [
        _share(name, now, before) for name in REVIEWS
    ]


def _visits(now: Summary, then: Summary | None) -> Card:
    delta = number(100 * (now.n - then.n) / then.n, "+,.0f") + " %" if then else ""
    return Card("Visits", f"{now.n:,}", f"of them {now.undated:,} without a time of day" if now.undated else "", delta)


def _change(now: Summary, then: Summary | None) -> Card:
    about = "How much more pleasant the apparent expression was at the exit than at the entrance, −2 to +2, on average."
    if now.mean_change is None:
        return Card("Estimated change", DASH, _HIDDEN if now.hidden else "", help=about)
    spread = (
        f"95 %: {number(now.mean_change - _Z * now.change_se)} to {number(now.mean_change + _Z * now.change_se)}"
        if now.change_se
        else ""
    )
    card = Card("Estimated change", number(now.mean_change), spread, help=about)
    if then is None or then.mean_change is None:
        return card
    difference = now.mean_change - then.mean_change
    return _against(card, number(difference), difference, hypot(now.change_se or 0, then.change_se or 0))


def _stay(now: Summary, then: Summary | None) -> Card:
    about = "Half of the visits were shorter. Only visits of films with start times have a length."
    if now.median_dwell_s is None:
        return Card("Median stay", DASH, _HIDDEN if now.hidden else "no start times" if now.n else "", help=about)
    difference = now.median_dwell_s - then.median_dwell_s if then and then.median_dwell_s is not None else None
    sign = "−" if difference is not None and difference < 0 else "+"
    delta = "" if difference is None else f"{sign}{duration(abs(difference))}"
    return Card("Median stay", duration(_rounded(now.median_dwell_s)), delta=delta, help=about)


def _rounded(seconds: float) -> float:
    """Whole minutes from ten minutes on: the seconds say nothing there."""
    return round(seconds / 60) * 60.0 if seconds >= 600 else seconds


def _coverage(now: Summary, then: Summary | None) -> Card:
    about = "People seen at the entrance who were found again at the exit. What is said of visits is said of these only."
    if not now.seen_entries:
        return Card("Coverage", DASH, help=about)
    card = Card(
        "Coverage", percent(now.matched / now.seen_entries), f"{now.matched:,} of {now.seen_entries:,} people", help=about
    )
    if then is None or not then.seen_entries:
        return card
    return _points(card, (now.matched, now.seen_entries), (then.matched, then.seen_entries), 1)


def _share(name: str, now: Summary, then: Summary | None) -> Card:
    label, hits = f"{REVIEW_SIGNS[name]} {name.capitalize()}", getattr(now, name)  # type: ignore[index]
    if hits is None or not now.n:
        return Card(label, DASH, _HIDDEN if now.hidden else "")
    low, high = wilson_interval(hits, now.n)
    card = Card(label, percent(hits / now.n), f"95 %: {percent(low)} to {percent(high)}")
    if then is None or getattr(then, name) is None:
        return card
    return _points(card, (hits, now.n), (getattr(then, name), then.n), _GOOD.get(name, 0))


def _points(card: Card, now: tuple[int, int], then: tuple[int, int], good: int) -> Card:
    """The difference of two shares in percentage points, and whether it exceeds its error (normal approximation)."""
    shares = [hits / n for hits, n in (now, then)]
    se = sqrt(sum(share * (1 - share) / n for share, (_, n) in zip(shares, (now, then), strict=True)))
    difference = shares[0] - shares[1]
    return _against(card, f"{number(100 * difference, '+.1f')} points", difference, se, good)


def _against(card: Card, text: str, difference: float, se: float, good: int = 1) -> Card:
    chance = abs(difference) <= _Z * se
    tone: Tone = "off" if chance or not good else "blue" if difference * good > 0 else "orange"
    return Card(card.label, card.value, card.below, text, tone, chance, card.help)
