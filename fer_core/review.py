"""Two appearances → the change of valence against the person's own entry, its standard error, and a review."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fer_core.settings import ReviewSettings
from fer_core.types import EXPRESSIONS, Appearance, FloatArray, Review


@dataclass(frozen=True)
class Offset:
    """A camera pair's lasting difference of valence (exit less entry) and its standard error; 0 where none is known."""

    value: float = 0.0
    se: float = 0.0


@dataclass(frozen=True)
class Change:
    """A visit's change. raw = exit − entry; the review is of raw − offset, whose standard error is se."""

    entry_valence: float
    exit_valence: float
    raw: float
    offset: float
    se: float
    review: Review


@dataclass(frozen=True)
class Categories:
    """A shop's own classes: a named, versioned map from EXPRESSIONS to class names and valences.

    classes (7 names, one for each of EXPRESSIONS, names may repeat); valence (7), −1 … 1.
    """

    name: str
    version: int
    classes: tuple[str, ...]
    valence: tuple[float, ...]

    def __post_init__(self) -> None:
        for what, given in (("classes", self.classes), ("valences", self.valence)):
            if len(given) != len(EXPRESSIONS):
                raise ValueError(f"{self.name!r} needs {len(EXPRESSIONS)} {what}, not {len(given)}")
        if any(not -1 <= value <= 1 for value in self.valence):
            raise ValueError(f"the valences of {self.name!r} must lie in -1 … 1")

    def shares(self, probability: FloatArray) -> dict[str, float]:
        """The seven probabilities (7,) added up by class, in order of first mention."""
        result: dict[str, float] = {}
        for name, share in zip(self.classes, probability, strict=True):
            result[name] = result.get(name, 0.0) + float(share)
        return result


def valence_of(probability: FloatArray, settings: ReviewSettings) -> FloatArray:
    """v = Σ p·u: (…, 7) → (…), −1 to 1."""
    return np.asarray(probability @ np.array(settings.valence, np.float64))


def bootstrap_se(seen: Appearance, settings: ReviewSettings) -> float:
    """Standard error of an appearance's mean valence: block bootstrap (Künsch 1989) over its frames, since pictures
    that follow each other are alike. 0 where there is only one block."""
    if len(seen.times_s) < 2 or not seen.weight.sum():
        return 0.0
    block = np.floor((seen.times_s - seen.times_s[0]) / settings.block_s).astype(int)
    _, block = np.unique(block, return_inverse=True)
    blocks = int(block.max()) + 1
    if blocks < 2:
        return 0.0
    value = np.bincount(block, seen.weight * valence_of(seen.series, settings), blocks)
    weight = np.bincount(block, seen.weight, blocks)
    drawn = np.random.default_rng(settings.seed).integers(blocks, size=(settings.bootstrap_rounds, blocks))
    total = np.maximum(weight[drawn].sum(axis=1), 1e-9)
    return float((value[drawn].sum(axis=1) / total).std(ddof=1))


def model_se(seen: Appearance, settings: ReviewSettings) -> float:
    """The expression model's own valence error at the confidence it had here, as far as a mean doesn't average it away."""
    confidence = float(seen.mean.max())
    error = next((se for upper, se in settings.model_error if confidence < upper), settings.model_error[-1][1])
    return settings.model_error_share * error


def shrunk_offset(changes: Sequence[float], days: int, settings: ReviewSettings) -> Offset:
    """A camera pair's offset from its visits' raw changes: their median; 0 below the least number of visits or days,
    so that a day's own mood is never taken for the cameras' difference."""
    n = len(changes)
    if n < settings.min_offset_visits or days < settings.min_offset_days:
        return Offset()
    values = np.array(changes)
    spread = 1.4826 * float(np.median(np.abs(values - np.median(values))))
    return Offset(float(np.median(values)), 1.2533 * spread / np.sqrt(n))


def change_between(entry: Appearance, exit_: Appearance, settings: ReviewSettings, offset: Offset | None = None) -> Change:
    """The change from one appearance to the other, with its error and review. Both must be usable, else ValueError."""
    if not (entry.usable and exit_.usable):
        raise ValueError("a change needs two usable appearances")
    offset = offset or Offset()
    before, after = (float(valence_of(seen.mean, settings)) for seen in (entry, exit_))
    parts = [bootstrap_se(entry, settings), bootstrap_se(exit_, settings), offset.se]
    parts += [model_se(entry, settings), model_se(exit_, settings)]
    se = float(np.sqrt(np.square(parts).sum()))
    raw = after - before
    return Change(before, after, raw, offset.value, se, verdict(raw - offset.value, se, settings))


def verdict(change: float, se: float, settings: ReviewSettings) -> Review:
    """Positive or negative when the change lies beyond the threshold by z errors; neutral when it lies within by as
    much; else uncertain. z = 0 never gives uncertain."""
    beyond = abs(change) - settings.threshold
    if abs(beyond) < settings.z * se:
        return "uncertain"
    return "neutral" if beyond < 0 else "positive" if change > 0 else "negative"


def reason(change: Change, settings: ReviewSettings) -> str:
    """One sentence with the numbers: why this review."""
    net = change.raw - change.offset
    held = f"apparent valence {change.entry_valence:+.2f} at the entrance, {change.exit_valence:+.2f} at the exit"
    limit = f"the threshold of ±{settings.threshold:.2f}"
    words = {
        "positive": f"rose by {net:.2f} ± {change.se:.2f}, beyond {limit}",
        "negative": f"fell by {-net:.2f} ± {change.se:.2f}, beyond {limit}",
        "neutral": f"changed by {net:+.2f} ± {change.se:.2f}, surely within {limit}",
        "uncertain": f"changed by {net:+.2f} ± {change.se:.2f}, too near {limit} to tell",
    }
    return f"{held}: the estimate {words[change.review]}."
