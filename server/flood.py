"""No more requests from one address than a person could make: token buckets, in memory only."""

import hashlib
import math
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

_MOST = 4096
"""Addresses that are remembered. More: a flood from more addresses is told apart; more memory."""


class Flood:
    """Who asks too often. Addresses are kept nowhere: only a hash under a key that ends with the process."""

    def __init__(self, burst: int, per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """burst: requests at once. per_s: requests a second in the long run."""
        self._burst, self._per_s, self._clock = burst, per_s, clock
        self._key = os.urandom(16)
        self._left: OrderedDict[bytes, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, who: str) -> int:
        """0 where the request may pass, else the whole seconds until the next one may."""
        name = hashlib.blake2b(who.encode("utf-8", "replace"), key=self._key, digest_size=16).digest()
        with self._lock:
            now = self._clock()
            left, at = self._left.pop(name, (float(self._burst), now))
            left = min(float(self._burst), left + (now - at) * self._per_s)
            passes = left >= 1.0
            self._left[name] = (left - passes, now)
            while len(self._left) > _MOST:
                self._left.popitem(last=False)
        return 0 if passes else math.ceil((1.0 - left) / self._per_s)
