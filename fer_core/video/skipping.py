"""Which packets need no decoding, decided before they are decoded.

A picture may be left out where it is not sampled and no other picture is built from it. Reference pictures are always
decoded: leaving out all B pictures (skip_frame BIDIR) is faster still, but x264 by default lets P pictures refer to B
pictures, and what follows is then visibly wrong.
"""

from collections.abc import Callable, Iterator
from typing import Any

_LONGEST_REORDERING = 32


class Skipper:
    """Marks packets that the sampling could do without.

    Packets come in order of decoding, so a sample is known only when all packets shown before it are: those between two
    packets with ever later time stamps are held back until then, never more than a few. `number` gives a time stamp's
    sample number (see clock.sample_number), `ready` says whether it can; where it can't, every packet is needed.
    """

    def __init__(self, number: Callable[[int], int], ready: Callable[[], bool]) -> None:
        self._number = number
        self._ready = ready
        self._held: list[Any] = []
        self._shown: int | None = None
        self._latest: int | None = None
        self._lost = False

    def plan(self, packet: Any) -> Iterator[tuple[Any, bool]]:
        """The packets that can be judged now, in order of decoding, each with whether it is needed."""
        pts = packet.pts
        self._lost = self._lost or pts is None or len(self._held) >= _LONGEST_REORDERING
        if self._lost or not self._ready():
            yield from ((held, True) for held in self._held)
            yield packet, True
            self._held = []
            self._shown = self._latest = None
            return
        if self._latest is None or pts > self._latest:
            yield from self.rest()
            self._shown, self._latest = self._latest, pts
        self._held.append(packet)

    def rest(self) -> Iterator[tuple[Any, bool]]:
        """The packets still held back."""
        group, self._held = self._held, []
        needed = self._needed(sorted(packet.pts for packet in group))
        yield from ((packet, packet.pts in needed) for packet in group)

    def _needed(self, stamps: list[int]) -> set[int]:
        if self._shown is None:
            return set(stamps)
        before = [self._shown, *stamps]
        return {pts for pts, last in zip(stamps, before, strict=False) if self._number(pts) > self._number(last)}
