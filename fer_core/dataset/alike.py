"""Pictures that are the same: byte for byte, or the same photograph cut, moved, lit, packed or mirrored otherwise.

Candidates come from a perceptual hash: the signs of the 64 lowest waves of the cosine transform (after Zauner 2010, who
compares with the median instead), compared by Hamming distance. Every picture is hashed as it is and cut in a few other
ways, plain and mirrored. Each pair of neighbours is then looked at: the two must correlate almost perfectly. So two
people who merely look alike are not taken for one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np

from fer_core.types import FloatArray, IntArray, UInt8Array

Tell: TypeAlias = Callable[[int, int], None]
Cut: TypeAlias = tuple[float, float, float]

CUTS: tuple[Cut, ...] = (
    (0, 0, 1.0), (2, 0, 1.0), (-2, 0, 1.0), (0, 2, 1.0), (0, -2, 1.0),
    (0, 0, 1.08), (0, 0, 1 / 1.08), (0, 2, 1.08), (0, -2, 1.08),
)  # fmt: skip
"""Other ways to cut a picture: px to the right, px down, times nearer. The first leaves it as it is."""
DETAIL_PX = 2.0
"""Standard deviation of the blur that is taken off a picture to leave its details."""
_WAVES = 9
"""Waves of the cosine transform along each side, the constant one among them."""
_BITS = 64
_HASHED = 1024
_SEARCHED = 64
_VERIFIED = 256
"""Pictures, or pairs, worked on at once: what bounds the memory; few enough to stay in the processor's cache."""


@dataclass(frozen=True)
class AlikeSettings:
    """When two pictures are the same photograph. On FER2013 all of 288 pairs that were looked at were."""

    max_bits: int = 10
    """Bits of 64 in which the hashes may differ; raising it finds pictures changed more and takes longer."""
    min_correlation: float = 0.95
    """Of the pictures, -1 to 1; raising it misses copies with marks, below 0.92 it joins people who look alike."""
    min_detail: float = 0.6
    """The same of what is finer than DETAIL_PX; raising it misses copies packed hard, lowering it joins blurred people."""
    shift_px: int = 1
    """How far a picture may lie beside the other, beyond CUTS; raising it costs time that grows with its square."""
    neighbours: int = 8
    """Nearest candidates looked at for each picture and cut; raising it matters in films of a still face only."""


def identical(image: UInt8Array) -> IntArray:
    """For each picture (n, h, w) the number of the first one with the same bytes: (n,) int64."""
    first: dict[bytes, int] = {}
    return np.array([first.setdefault(picture.tobytes(), row) for row, picture in enumerate(image)], np.int64)


def clusters(image: UInt8Array, settings: AlikeSettings, tell: Tell | None = None) -> IntArray:
    """For each picture (n, h, w) uint8 the number of the first that shows the same photograph: (n,) int64.

    What is like one picture and like another joins the two. Takes memory in proportion to n, time to its square.
    `tell` hears how many comparisons of a picture with all before it are done, of how many.
    """
    n = len(image)
    plain, _ = hashes(image)
    first, pairs = np.arange(n), np.zeros((0, 2), np.int64)
    for number, cut in enumerate(CUTS):
        for flip, hashed in enumerate(hashes(image, cut)):
            done = (2 * number + flip) * n
            near = _neighbours(plain, hashed, first, settings, tell and _from(tell, done, 2 * len(CUTS) * n))
            pairs = np.concatenate([pairs, _same(image, near, cut, bool(flip), settings)])
            first = _joined(pairs, n)
    return first


def _from(tell: Tell, done: int, total: int) -> Tell:
    return lambda part, _: tell(done + part, total)


def _joined(pairs: IntArray, n: int) -> IntArray:
    """(n,): the first row of the set that pairs (p, 2) of rows join each row to."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, member = connected_components(graph, directed=False)
    _, first = np.unique(member, return_index=True)
    return np.asarray(first[member], np.int64)


# ---- hashes ---------------------------------------------------------------------------------------------------------


@cache
def _transform(side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The first cosine waves (9, side), the places of the 64 lowest in the 9 × 9 products, and their mirror signs."""
    waves = np.cos(np.pi * np.arange(_WAVES)[:, None] * (2 * np.arange(side) + 1) / (2 * side)).astype(np.float32)
    down, across = np.divmod(np.arange(_WAVES * _WAVES), _WAVES)
    low = np.lexsort((down, down + across))[1 : _BITS + 1]
    return waves, low, np.where(across[low] % 2, -1, 1).astype(np.float32)


def hashes(image: UInt8Array, cut: Cut = CUTS[0]) -> tuple[np.ndarray, np.ndarray]:
    """Two (n,) uint64: each picture's 64 signs when it is cut so, and those of the cut's mirror image."""
    waves, low, mirror = _transform(image.shape[1])
    both = np.empty((2, len(image)), np.uint64)
    for start in range(0, len(image), _HASHED):
        part = recut(image[start : start + _HASHED], cut).astype(np.float32)
        powers = np.ascontiguousarray((waves @ part @ waves.T).reshape(len(part), -1)[:, low])
        for row, sign in enumerate((np.float32(1), mirror)):
            both[row, start : start + len(part)] = np.packbits(powers * sign > 0, axis=1).view(np.uint64)[:, 0]
    return both[0], both[1]


def recut(image: UInt8Array, cut: Cut) -> UInt8Array:
    """The pictures (n, side, side) as if they had been cut otherwise (one of CUTS), borders repeated."""
    import cv2

    right, down, nearer = cut
    if cut == CUTS[0]:
        return image
    side = image.shape[1]
    middle = (side - 1) / 2 * (1 - 1 / nearer)
    matrix = np.array([[1 / nearer, 0, middle + right], [0, 1 / nearer, middle + down]], np.float32)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    out = np.empty_like(image)
    for row, picture in enumerate(image):
        out[row] = cv2.warpAffine(picture, matrix, (side, side), flags=how, borderMode=cv2.BORDER_REPLICATE)
    return out


def _neighbours(
    queries: np.ndarray, others: np.ndarray, first: IntArray, settings: AlikeSettings, tell: Tell | None
) -> IntArray:
    """Pairs (p, 2) of rows, the later one first: each one's nearest among those before it that it isn't joined to yet."""
    found = [np.zeros((0, 2), np.int64)]
    for start in range(0, len(queries), _SEARCHED):
        stop = min(start + _SEARCHED, len(queries))
        distance = np.bitwise_count(queries[start:stop, None] ^ others[None, :stop])
        later, earlier = np.nonzero(distance <= settings.max_bits)
        new = (earlier < later + start) & (first[earlier] != first[later + start])
        later, earlier = later[new], earlier[new]
        order = np.lexsort((earlier, distance[later, earlier], later))
        later, earlier = later[order], earlier[order]
        kept = np.arange(len(later)) - np.searchsorted(later, later) < settings.neighbours
        found.append(np.stack([later[kept] + start, earlier[kept]], axis=1))
        if tell:
            tell(stop, len(queries))
    return np.concatenate(found)


# ---- looking at pairs -----------------------------------------------------------------------------------------------


def _same(image: UInt8Array, pairs: IntArray, cut: Cut, flip: bool, settings: AlikeSettings) -> IntArray:
    """Those of the pairs (p, 2) that are one photograph, the second picture cut so and mirrored where `flip`."""
    kept = [pairs[:0]]
    for start in range(0, len(pairs), _VERIFIED):
        some = pairs[start : start + _VERIFIED]
        one, other = image[some[:, 0]], recut(image[some[:, 1]], cut)
        other = other[:, :, ::-1] if flip else other
        like = best_correlation(one, other, settings.shift_px) >= settings.min_correlation
        some, one, other = some[like], one[like], other[like]
        like = best_correlation(_details(one), _details(other), settings.shift_px) >= settings.min_detail
        kept.append(some[like])
    return np.concatenate(kept)


def _details(image: UInt8Array) -> FloatArray:
    """(n, h, w) float32: each picture less its own blur."""
    import cv2

    out = image.astype(np.float32)
    for row, picture in enumerate(out):
        out[row] = picture - cv2.GaussianBlur(picture, (0, 0), DETAIL_PX)
    return out


def best_correlation(one: np.ndarray, two: np.ndarray, shift_px: int) -> FloatArray:
    """(n,) float32, -1 to 1: of each picture's middle with the other's, moved by up to `shift_px` to every side."""
    inner = one.shape[1] - 2 * shift_px
    middle = _normal(one[:, shift_px : shift_px + inner, shift_px : shift_px + inner])
    best = np.full(len(one), -1, np.float32)
    for y in range(2 * shift_px + 1):
        for x in range(2 * shift_px + 1):
            moved = _normal(two[:, y : y + inner, x : x + inner])
            best = np.maximum(best, np.einsum("np,np->n", middle, moved))
    return best


def _normal(image: np.ndarray) -> FloatArray:
    """(n, pixels) float32 of mean 0 and length 1; zeros where a picture is one flat grey."""
    flat = image.reshape(len(image), image.shape[1] * image.shape[2]).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-3)
