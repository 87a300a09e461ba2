"""The life of three made-up shops: when people come, how long they stay, and what that does to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

import numpy as np

from fer_core.types import FloatArray, IntArray

WEEKS = 8
DAYS = 7 * WEEKS
Hours = tuple[str, str]


@dataclass(frozen=True)
class Event:
    """Something that went wrong for some days: from so many days before the last one to so many.

    mood is added to everybody's inclination to leave gladder than they came (about −2 to 2), stay multiplies the stays.
    """

    first: int
    last: int
    mood: float
    stay: float


@dataclass(frozen=True)
class Shop:
    """A made-up shop. opening: by weekday, as `Store.put_store` takes it. doors: with the share of people who use each and
    the share of faces there that are unusable. visits: on a day of weekday factor 1. peaks: (hour, width in hours, weight)
    on top of an even stream. mood and trend: inclination to leave gladder, and its growth over the weeks."""

    name: str
    opening: Mapping[str, Hours]
    doors: tuple[tuple[str, float, float], ...]
    visits: float
    weekdays: tuple[float, ...]
    peaks: tuple[tuple[float, float, float], ...]
    stay_s: float
    mood: float
    trend: float = 0.0
    event: Event | None = None
    time_zone: str = "Europe/Berlin"


def _open(days: str, opens: str, closes: str) -> dict[str, Hours]:
    return dict.fromkeys(days.split(), (opens, closes))


SHOPS = (
    Shop(
        "Sample shop Nord",
        MappingProxyType(_open("mon tue wed thu fri", "09:00", "19:00") | _open("sat", "09:00", "18:00")),
        (("Main", 1.0, 0.05),),
        105,
        (0.85, 0.9, 0.95, 1.0, 1.15, 1.3, 0.0),
        ((12.5, 0.8, 1.0), (17.3, 0.9, 1.2)),
        stay_s=620,
        mood=-0.1,
        trend=1.1,
    ),
    Shop(
        "Sample shop Mitte",
        MappingProxyType(_open("mon tue wed thu fri sat", "08:00", "20:00")),
        (("Street", 0.65, 0.05), ("Mall", 0.35, 0.31)),
        128,
        (0.9, 0.9, 0.95, 1.0, 1.1, 1.15, 0.0),
        ((8.5, 0.5, 0.5), (12.6, 0.7, 1.8), (18.0, 1.0, 1.2)),
        stay_s=540,
        mood=0.75,
        event=Event(first=24, last=21, mood=-2.2, stay=1.6),
    ),
    Shop(
        "Sample shop Süd",
        MappingProxyType(_open("tue wed thu fri", "10:00", "18:00") | _open("sat sun", "10:00", "19:00")),
        (("Garden", 1.0, 0.08),),
        85,
        (0.0, 0.75, 0.8, 0.85, 1.0, 1.55, 1.4),
        ((11.5, 0.8, 0.6), (15.5, 1.2, 1.4)),
        stay_s=1150,
        mood=1.0,
    ),
)


@dataclass(frozen=True, eq=False)
class Plan:
    """Who comes to a shop, a visit a row, in order of time.

    day (n,): days since the first. came_s (n,): seconds since the local midnight. stay_s (n,). doors (n, 2): places in the
    shop's doors, of entrance and exit. mood (n,): inclination to leave gladder than one came.
    """

    day: IntArray
    came_s: FloatArray
    stay_s: FloatArray
    doors: IntArray
    mood: FloatArray

    def __len__(self) -> int:
        return len(self.day)


def plan(shop: Shop, last: date, rng: np.random.Generator) -> Plan:
    """The shop's visits of the weeks that end on that day."""
    days = [_day(shop, number, last - timedelta(days=DAYS - 1 - number), rng) for number in range(DAYS)]
    return Plan(
        np.concatenate([one.day for one in days]),
        np.concatenate([one.came_s for one in days]),
        np.concatenate([one.stay_s for one in days]),
        np.concatenate([one.doors for one in days]),
        np.concatenate([one.mood for one in days]),
    )


def opening_s(shop: Shop, day: date) -> tuple[float, float]:
    """When the shop opens and closes that day, in seconds since midnight; (0, 0) where it stays closed."""
    at = shop.opening.get(("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day.weekday()])
    if at is None:
        return 0.0, 0.0
    opens, closes = (int(clock[:2]) * 3600.0 + int(clock[3:]) * 60.0 for clock in at)
    return opens, closes


def _day(shop: Shop, number: int, day: date, rng: np.random.Generator) -> Plan:
    opens, closes = opening_s(shop, day)
    event = shop.event if shop.event and shop.event.last <= DAYS - 1 - number <= shop.event.first else None
    mean = shop.visits * shop.weekdays[day.weekday()] * rng.normal(1.0, 0.06) if closes else 0.0
    n = int(rng.poisson(max(0.0, mean)))
    crowd, came = _arrivals(shop, opens, closes - 600, n, rng)
    usual = shop.stay_s * (event.stay if event else 1.0) * (1 + 0.25 * crowd)
    stay = np.minimum(usual * rng.lognormal(0.0, 0.6, n), closes + 300 - came)
    doors = rng.choice(len(shop.doors), size=(n, 2), p=[share for _, share, _ in shop.doors])
    back = rng.random(n) < 0.7
    doors[back, 1] = doors[back, 0]
    # who has to wait, in a crowd or for longer than usual, leaves a little less glad
    mood = shop.mood + shop.trend * number / DAYS - 0.7 * crowd - 0.45 * np.log(np.maximum(stay, 60) / shop.stay_s)
    return Plan(np.full(n, number), came, stay, doors, mood + (event.mood if event else 0.0) + rng.normal(0, 0.1))


def _arrivals(shop: Shop, opens: float, closes: float, n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """How crowded it is when each comes (0 to 1), and when they come, in order (s since midnight)."""
    grid = np.arange(opens, max(closes, opens + 60), 60.0)
    flow = np.ones(len(grid))
    for hour, width, weight in shop.peaks:
        flow += weight * np.exp(-0.5 * ((grid / 3600 - hour) / width) ** 2)
    place = np.sort(rng.choice(len(grid), size=n, p=flow / flow.sum()))
    return (flow[place] - 1) / max(flow.max() - 1, 1e-9), grid[place] + rng.uniform(0, 60, n)
