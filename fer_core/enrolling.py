"""Enrolling: pictures of somebody who agreed → a template for each embedder; and films guarded by who is enrolled.

The pictures are looked at and forgotten. Whoever is staff is dropped before the expression model runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fer_core.detect import Detector
from fer_core.embed import Embedder
from fer_core.errors import DataError
from fer_core.gallery import Gallery, Templates, staff_gallery
from fer_core.pipeline import Film, refuse_undated
from fer_core.quality import quality_of, ramp, sharpness, shot_of, yaw_of
from fer_core.settings import GallerySettings, QualitySettings, fit_for
from fer_core.store import Store
from fer_core.types import Faces, FloatArray, Frame, Shot, UInt8Array

_TWICE = 0.999
"""Cosine from which two pictures are one and the same."""
_CLEAR = 0.6
_WHOLE = 1.0


# ---- pictures -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Portrait:
    """What is left of one picture: quality (0 to 1), what to say of it, and the face's codes (d,) by embedder.

    codes are empty where the picture is of no use; said is a sentence for whoever gave it.
    """

    quality: float
    said: str
    codes: Mapping[str, FloatArray]

    @property
    def usable(self) -> bool:
        return bool(self.codes)


def portrait_of(
    image: UInt8Array,
    detector: Detector,
    embedders: Sequence[Embedder],
    settings: GallerySettings | None = None,
    limits: QualitySettings | None = None,
) -> Portrait:
    """Look at one picture (h, w, 3) uint8 BGR of one person; the first embedder is the one that matters most."""
    settings, limits = settings or GallerySettings(), limits or QualitySettings()
    faces = detector.detect(image)
    if not len(faces):
        return Portrait(0.0, "No face was found: take it from the front, with the whole face in it.", {})
    row = _chosen(faces, settings)
    if row is None:
        return Portrait(0.0, "More than one face: take a picture of this person alone.", {})
    shot = shot_of(Frame(0.0, image), faces, row, 0.0, limits)
    if shot.quality < settings.min_quality:
        return Portrait(shot.quality, f"Not usable: {_fault(image, faces, row, shot, limits)}.", {})
    codes = {one.name: one.embed(shot.patch, shot.face)[0] for one in embedders}
    return Portrait(shot.quality, "Clear." if shot.quality >= _CLEAR else "Good enough.", codes)


def _chosen(faces: Faces, settings: GallerySettings) -> int | None:
    """The largest face; None where another is nearly as large."""
    width, height = (faces.xyxy[:, 2:] - faces.xyxy[:, :2]).T
    area = width * height
    largest = int(area.argmax())
    others = np.delete(area, largest)
    return largest if not len(others) or others.max() <= settings.alone * area[largest] else None


def _fault(image: UInt8Array, faces: Faces, row: int, shot: Shot, limits: QualitySettings) -> str:
    """What lowers the quality most, in words."""
    left, top, right, bottom = np.clip(faces.xyxy[row].round().astype(int), 0, np.tile(image.shape[1::-1], 2))
    close = image[top:bottom, left:right]
    if not close.size:
        return "the face is cut off by the edge"
    yaw = 0.0 if faces.landmarks is None else yaw_of(faces.landmarks[row])
    factors = {
        "the face is too small": ramp(shot.size_px, limits.poor_size_px, limits.good_size_px) ** 0.5,
        "the picture is blurred": ramp(sharpness(close), limits.poor_sharpness, limits.good_sharpness) ** 0.5,
        "the head is turned too far": ramp(abs(yaw), limits.max_yaw, limits.max_yaw / 4),
        # large, straight and sharp: what is left of its quality is the light's
        "the face is too dark, too bright or in flat light": quality_of(
            close, limits.good_size_px, 0.0, 0.0, replace(limits, poor_sharpness=-_WHOLE, good_sharpness=0.0)
        ),
    }
    return min(factors, key=lambda words: factors[words])


def template_of(portraits: Sequence[Portrait], settings: GallerySettings | None = None) -> dict[str, FloatArray]:
    """One person's template for each embedder: the mean of the usable pictures, weighted by quality, to length 1.

    A picture given twice counts once. Raises DataError for too few usable ones, and where one looks like somebody else.
    """
    settings = settings or GallerySettings()
    kept = distinct(portraits)
    if len(kept) < settings.min_shots:
        raise DataError(f"at least {settings.min_shots} different usable pictures are needed, and there are {len(kept)}")
    strangers = odd(kept, settings)
    if strangers:
        raise DataError("not all of these pictures look like one person: leave out those that show somebody else")
    return {name: _mean(kept, name) for name in kept[0].codes}


def distinct(portraits: Sequence[Portrait]) -> list[Portrait]:
    """The usable ones, the same picture once."""
    found: list[Portrait] = []
    for one in portraits:
        if one.usable and not any(_cosine(one, other) >= _TWICE for other in found):
            found.append(one)
    return found


def odd(portraits: Sequence[Portrait], settings: GallerySettings | None = None) -> list[int]:
    """Places of the usable portraits that look less like the others than one person's do; none of fewer than three."""
    settings = settings or GallerySettings()
    places = [place for place, one in enumerate(portraits) if one.usable]
    if len(places) < 3:
        return []
    name = next(iter(portraits[places[0]].codes))
    fit, found = fit_for(name), []
    for place in places:
        others = _mean([portraits[other] for other in places if other != place], name)
        if fit.slope * float(portraits[place].codes[name] @ others) + fit.intercept < settings.same_llr:
            found.append(place)
    return found


def _cosine(first: Portrait, second: Portrait) -> float:
    name = next(iter(first.codes))
    return float(first.codes[name] @ second.codes[name])


def _mean(portraits: Sequence[Portrait], name: str) -> FloatArray:
    mean = np.average([one.codes[name] for one in portraits], axis=0, weights=[one.quality for one in portraits])
    return np.asarray(mean / np.linalg.norm(mean), np.float32)


# ---- films ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Enrolled:
    """Who is enrolled in a store. guests is None where nobody has to agree before visits are kept; people: their ids."""

    staff: Sequence[Templates] = ()
    guests: Sequence[Templates] | None = None
    people: frozenset[str] = frozenset()


def enrolled_in(store: Store, name: str) -> Enrolled:
    """Who is enrolled in the store of that name; nobody in one that isn't there."""
    staff = store.gallery_of(name, "staff")
    guests = store.gallery_of(name, "guest") if store.privacy_mode_of(name) == "opt-in" else None
    told = None if guests is None else list(guests.values())
    return Enrolled(list(staff.values()), told, frozenset((*staff, *(guests or ()))))


def guarded(
    films: Sequence[Film], enrolled: Enrolled, embedder: str, settings: GallerySettings | None = None, *, dated: bool = True
) -> list[Film]:
    """The films with gates that know staff and, where people have to agree, the guests who did.

    embedder: the name of the one that makes the films' templates; "" where none does, and nobody is recognised. dated: the
    films become visits and sums; else, such as for labelling, they need no start.

    Raises InputError where somebody of the staff was enrolled under other embedders alone: they would be scored; and for a
    film without a start time where people have to agree: the others count in sums by the hour.
    """
    if not embedder:
        return list(films)
    settings = settings or GallerySettings()
    staff = staff_gallery(enrolled.staff, embedder, settings)
    given = enrolled.guests
    if given is not None and dated:
        refuse_undated(films)
    guests = None if given is None else Gallery.of(given, embedder, settings.guest_false_accept)
    is_staff, is_guest = staff.is_known if len(staff) else None, None if guests is None else guests.is_known
    return [replace(film, gate=replace(film.gate, is_staff=is_staff, is_guest=is_guest)) for film in films]


def unrecognised(enrolled: Enrolled, embedder: str) -> list[str]:
    """A sentence where guests who agreed can't be recognised, because they were enrolled under another embedder."""
    strange = sum(embedder not in one for one in enrolled.guests or ())
    if not strange or not embedder:
        return []
    who = "1 guest" if strange == 1 else f"{strange} guests"
    return [f"{who} can’t be recognised with {embedder} and counted in sums only: enrol them again on the page People"]
