"""Galleries: is a face one of the people who were enrolled?

Whoever passes is compared with everybody in the gallery; the most alike decides. The level is chosen for the share of
strangers who are taken for somebody of the gallery, so it rises with the number of people enrolled.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from fer_core.errors import DataError, InputError
from fer_core.settings import FALSE_ACCEPTS, GallerySettings, fit_for
from fer_core.types import FloatArray

Templates = Mapping[str, FloatArray]
"""One person's templates, (d,) of length 1, by the name of the embedder."""


@dataclass(frozen=True, eq=False)
class Gallery:
    """n people under one embedder.

    templates (n, d): rows of length 1. false_accept: largest share (0 to 1) of strangers taken for one of them. strange: how
    many more people are enrolled, but under other embedders alone: nobody can tell whether it is them.
    """

    embedder: str
    templates: FloatArray
    false_accept: float
    strange: int = 0
    level: float = field(init=False)
    """Log-likelihood ratio from which somebody is known."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "level", level_for(self.embedder, len(self.templates), self.false_accept))

    @classmethod
    def of(cls, people: Iterable[Templates], embedder: str, false_accept: float) -> "Gallery":
        """The gallery of those who have a template of that embedder. DataError where templates differ in length."""
        known = list(people)
        rows = [np.asarray(one[embedder], np.float64) for one in known if embedder in one]
        if len({len(row) for row in rows}) > 1:
            raise DataError(f"face codes of {embedder} differ in length: enrol everybody again")
        return cls(embedder, np.stack(rows) if rows else np.zeros((0, 0)), false_accept, len(known) - len(rows))

    def __len__(self) -> int:
        return len(self.templates)

    def likeness(self, template: FloatArray) -> float:
        """Log-likelihood ratio of "the same person" with the most alike of the gallery; −inf where it is empty.

        DataError for a template of another length: the embedder has changed since they were enrolled.
        """
        if not len(self.templates):
            return float("-inf")
        if self.templates.shape[1] != len(template):
            raise DataError(f"the face codes in the gallery are not those of today’s {self.embedder}: enrol everybody again")
        fit = fit_for(self.embedder)
        return fit.slope * float((self.templates @ np.asarray(template, np.float64)).max()) + fit.intercept

    def is_known(self, template: FloatArray) -> bool:
        """Whether that is one of them."""
        return self.likeness(template) >= self.level


def staff_gallery(staff: Sequence[Templates], embedder: str, settings: GallerySettings | None = None) -> Gallery:
    """The gallery of a store's staff. InputError where one of them was enrolled under other embedders alone."""
    found = Gallery.of(staff, embedder, (settings or GallerySettings()).staff_false_accept)
    if found.strange:
        who = "1 person" if found.strange == 1 else f"{found.strange} people"
        raise InputError(
            f"{who} of the staff can’t be recognised with {embedder}, for the pictures were read by another embedder: enrol "
            "them again on the page People, or choose the embedder of before"
        )
    return found


def level_for(embedder: str, people: int, false_accept: float) -> float:
    """The log-likelihood ratio that at most that share of strangers reaches with any of so many people; at least 0.

    Each comparison may go wrong in false_accept / people of the cases (Bonferroni). How often one does at which level was
    counted on photographs (`settings.FALSE_ACCEPTS`); between and beyond the counts the logarithm of the share falls in a
    straight line. An embedder that nobody counted for gets what holds for every true likelihood ratio, of which a share of
    at most exp(−level) reaches a level by chance.
    """
    share = np.log(false_accept / max(1, people))
    counted = FALSE_ACCEPTS.get(embedder)
    if counted is None:
        return max(0.0, float(-share))
    levels, shares = np.array([at for at, _ in counted]), np.log([rate for _, rate in counted])
    row = int(np.clip(np.searchsorted(-shares, -share), 1, len(levels) - 1))
    slope = (levels[row] - levels[row - 1]) / (shares[row] - shares[row - 1])
    return max(0.0, float(levels[row] + slope * (share - shares[row])))
