"""Failed logins slow down: each one doubles the wait for the next, by account and by address, in memory only."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

FREE = 3
"""Failures without a wait. More: kinder to bad typists, and to guessers."""
MOST_S = {"account": 60.0, "address": 900.0}
"""The longest wait. An account's is short, for anybody can make its owner wait; an address's only hurts who guesses."""
_FORGET_S = 3600.0
_CAPACITY = 20_000


@dataclass
class _Failures:
    count: int
    last: float


class Throttle:
    """Counts failures by key: ("account" or "address", name). Safe for all threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, capacity: int = _CAPACITY) -> None:
        self._clock, self._capacity = clock, capacity
        self._known: OrderedDict[tuple[str, str], _Failures] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, keys: Iterable[tuple[str, str]]) -> float:
        """0 where a try may begin, which counts as failed until `succeeded`; else how many seconds to wait.

        Counted beforehand, or a hundred tries at the same moment would all be free.
        """
        keys = list(keys)
        with self._lock:
            now = self._clock()
            wait = max((self._wait(key, now) for key in keys), default=0.0)
            if wait > 0:
                return wait
            for key in keys:
                found = self._known.pop(key, None)
                count = found.count if found and now - found.last < _FORGET_S else 0
                self._known[key] = _Failures(count + 1, now)
            while len(self._known) > self._capacity:
                self._known.popitem(last=False)
            return 0.0

    def succeeded(self, account: tuple[str, str], address: tuple[str, str]) -> None:
        """The account's failures are forgotten; of the address only this try is, or a guesser would clear it by his own."""
        with self._lock:
            self._known.pop(account, None)
            found = self._known.get(address)
            if found:
                found.count -= 1

    def _wait(self, key: tuple[str, str], now: float) -> float:
        found = self._known.get(key)
        if found is None or found.count < FREE:
            return 0.0
        longest = MOST_S[key[0]]
        pause = min(longest, 2.0 ** min(found.count - FREE, 20))
        return max(0.0, found.last + pause - now)


def network_of(address: str) -> str:
    """By what an address is counted: itself, of IPv6 the /64 that one household has."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:100]
    return str(ip_network(f"{found}/64", strict=False)) if found.version == 6 else str(found)
