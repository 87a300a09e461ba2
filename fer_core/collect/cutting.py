"""Films → faces to be labelled: a few good shots of each person, spread over what the person looked like.

A film is read as for a review: faces are found, gated by the camera's zones and hours, tracked, and a track is split
where another person begins. Templates only tell who is who here, and are gone when this is done.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np

from fer_core import geometry, video
from fer_core.emotion.base import face_crops
from fer_core.errors import CancelledError, InputError
from fer_core.pipeline import Checked, Engine, Film, FilmAnalysis, Progress, Tell, check_films
from fer_core.pipeline.passages import Passage
from fer_core.settings import LlrFit, fit_for
from fer_core.types import Appearance, FloatArray, IntArray, Shot, UInt8Array

FACE_PX = geometry.FER_PX
_LOOK_PX = 24
_Ears = tuple[Tell | None, Callable[[], bool] | None, Callable[[str], None]]
"""Who hears of progress, who may stop the work, who hears warnings."""


@dataclass(frozen=True)
class CutSettings:
    """Which shots become faces to be labelled."""

    per_person: int = 8
    """Most shots of one person. More: more to label, and more alike."""
    min_quality: float = 0.25
    """Least quality (0 to 1) of a shot. More: fewer and clearer faces."""
    relative_floor: float = 0.5
    """Shots below this share of the passage's best are left out. More: fewer covered and turned faces."""
    min_difference: float = 0.06
    """Least difference (1 less the correlation) from every other shot of the person. More: fewer alike shots."""
    same_llr: float = 4.0
    """Log-likelihood ratio from which two passages are one person's. More: somebody who comes back counts as new."""

    def __post_init__(self) -> None:
        if not 1 <= self.per_person <= 100:
            raise InputError(f"the shots a person must be 1 to 100, not {self.per_person}")


@dataclass(frozen=True, eq=False)
class Cuts:
    """n faces and what is known of them.

    image (n, 48, 48) uint8, grey; guess (n, k) float32, the model's probabilities for guess_labels; person (n,) int64
    from 0; film (n,) int64, the film's place in the list; time_s (n,) float64; quality (n,) float32, 0 to 1.
    """

    image: UInt8Array
    guess: FloatArray
    guess_labels: tuple[str, ...]
    person: IntArray
    film: IntArray
    time_s: FloatArray
    quality: FloatArray

    def __post_init__(self) -> None:
        n = len(self.person)
        if self.image.shape != (n, FACE_PX, FACE_PX) or self.image.dtype != np.uint8:
            raise ValueError(f"images must be ({n}, {FACE_PX}, {FACE_PX}) uint8, not {self.image.shape} {self.image.dtype}")
        if self.guess.shape != (n, len(self.guess_labels)):
            raise ValueError(f"guesses must be ({n}, {len(self.guess_labels)}), not {self.guess.shape}")
        if not len(self.film) == len(self.time_s) == len(self.quality) == n:
            raise ValueError(f"{n} faces need as many films, times and qualities")

    def __len__(self) -> int:
        return len(self.person)

    @property
    def people(self) -> int:
        """How many people the faces are of."""
        return len(np.unique(self.person))


def _ignore(_: str) -> None:
    return None


def cut_films(
    films: Sequence[Film],
    engine: Engine,
    settings: CutSettings | None = None,
    *,
    tell: Tell | None = None,
    cancelled: Callable[[], bool] | None = None,
    warn: Callable[[str], None] = _ignore,
    checked: Sequence[Checked] | None = None,
) -> Cuts:
    """The faces of those films, person by person in order of time; none is legal.

    warn hears what is wrong with a film that can be read all the same; checked: what `check_films` said.

    Raises FilmError where a film can't be read, CancelledError where `cancelled` says so.
    """
    settings = settings or CutSettings()
    found = [
        passage
        for place, look in enumerate(checked or check_films(films))
        for passage in _passages(look, place, engine, settings, (tell, cancelled, warn))
    ]
    people = _people(found, fit_for(engine.embedder.name), settings.same_llr)
    rows = [(person, shot) for person, shots in enumerate(people) for shot in _spread(shots, settings)]
    return _cuts(rows, engine.emotion.labels)


# ---- one film -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Cut:
    """One face: its picture, the picture as it is compared with others, and the model's guess (None: not asked yet)."""

    image: UInt8Array
    look: FloatArray
    shot: Shot | None
    guess: FloatArray | None
    film: int
    time_s: float
    quality: float


@dataclass(frozen=True, eq=False)
class _Seen:
    """One person's passage: when, in which film, the template, and the faces worth keeping."""

    film: int
    start_s: float
    end_s: float
    template: FloatArray
    cuts: list[_Cut]


class _Cutting(FilmAnalysis):
    """A film's way through the engine, at whose end faces are cut from each passage instead of expressions read."""

    def __init__(self, film: Film, place: int, engine: Engine, settings: CutSettings) -> None:
        super().__init__(film, place, engine)
        self.settings = settings
        self.seen: list[_Seen] = []

    def read(self, passages: list[Passage]) -> list[Appearance]:
        """Keep the faces of each passage, unless nobody can tell whose it is; never an appearance."""
        for passage in passages:
            if passage.template is not None:
                self._keep_faces(passage, passage.template)
        return []

    def _keep_faces(self, passage: Passage, template: FloatArray) -> None:
        cuts = _spread([_cut(shot, self.place) for shot in _good(passage.shots, self.settings)], self.settings)
        if not cuts:
            return
        shots = [cut.shot for cut in cuts if cut.shot]
        guesses = self.engine.emotion.predict_many([shot.patch for shot in shots], [shot.face for shot in shots])
        # the shots go here: kept for a day of people, they would fill the memory
        kept = [replace(cut, shot=None, guess=guess) for cut, guess in zip(cuts, guesses, strict=True)]
        self.seen.append(_Seen(self.place, passage.start_s, passage.end_s, template, kept))


def _passages(checked: Checked, place: int, engine: Engine, settings: CutSettings, ears: _Ears) -> list[_Seen]:
    (tell, cancelled, warn), film, total_s = ears, checked.film, checked.info.duration_s
    frames = video.samples(film.path, engine.settings.video, warn=warn)
    with (
        _Cutting(film, place, engine, settings) as cutting,
        closing(video.ahead(frames, engine.settings.video.ahead)) as decoded,
    ):
        for frame in decoded:
            if cancelled and cancelled():
                raise CancelledError(f"{film.path.name}: stopped; nothing was written")
            cutting.take(frame)
            if tell:
                tell(Progress(film.path, film.role, frame.time_s, total_s, cutting.faces, len(cutting.seen)))
        cutting.done()
    if tell:
        tell(Progress(film.path, film.role, total_s or cutting.end_s, total_s, cutting.faces, len(cutting.seen)))
    return sorted(cutting.seen, key=lambda seen: (seen.start_s, seen.end_s))


def _good(shots: Sequence[Shot], settings: CutSettings) -> list[Shot]:
    best = max((shot.quality for shot in shots), default=0.0)
    return [shot for shot in shots if shot.quality >= max(settings.min_quality, settings.relative_floor * best)]


def _cut(shot: Shot, film: int) -> _Cut:
    (image,) = face_crops(shot.patch, shot.face)
    return _Cut(image, _look(image), shot, None, film, shot.time_s, shot.quality)


def _look(image: UInt8Array) -> FloatArray:
    """The face, small and free of light and contrast: the scalar product of two such is their correlation."""
    import cv2

    small = cv2.resize(image, (_LOOK_PX, _LOOK_PX), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    small -= small.mean()
    return small / max(float(np.linalg.norm(small)), 1e-6)


# ---- which ----------------------------------------------------------------------------------------------------------


def _spread(cuts: Sequence[_Cut], settings: CutSettings) -> list[_Cut]:
    """The best shot, then always the one that differs most from those chosen (Gonzalez 1985), while it differs enough."""
    if not cuts:
        return []
    looks = np.stack([cut.look for cut in cuts])
    chosen = [max(range(len(cuts)), key=lambda row: cuts[row].quality)]
    nearest = 1 - looks @ looks[chosen[0]]
    quality = np.array([cut.quality for cut in cuts])
    while len(chosen) < settings.per_person and nearest.max() >= settings.min_difference:
        # what differs most is often a covered face: quality weighs in
        chosen.append(int(np.where(nearest >= settings.min_difference, nearest * quality, -1.0).argmax()))
        nearest = np.minimum(nearest, 1 - looks @ looks[chosen[-1]])
    return [cuts[row] for row in chosen]


def _people(passages: Sequence[_Seen], fit: LlrFit, same_llr: float) -> list[list[_Cut]]:
    """The faces of each person: a passage joins whom it is most like, unless both are in the picture at one moment."""
    people: list[list[_Seen]] = []
    for passage in passages:
        likeness = [
            -np.inf
            if any(_together(passage, seen) for seen in known)
            else max(float(passage.template @ s.template) for s in known)
            for known in people
        ]
        best = int(np.argmax(likeness)) if likeness else -1
        if best >= 0 and fit.slope * likeness[best] + fit.intercept >= same_llr:
            people[best].append(passage)
        else:
            people.append([passage])
    return [[cut for passage in known for cut in passage.cuts] for known in people]


def _together(first: _Seen, second: _Seen) -> bool:
    return first.film == second.film and first.start_s < second.end_s and second.start_s < first.end_s


def _cuts(rows: Sequence[tuple[int, _Cut]], labels: tuple[str, ...]) -> Cuts:
    rows = sorted(rows, key=lambda row: (row[0], row[1].film, row[1].time_s))
    cuts = [cut for _, cut in rows]
    guesses = [cut.guess for cut in cuts if cut.guess is not None]
    return Cuts(
        image=np.stack([c.image for c in cuts]) if cuts else np.zeros((0, FACE_PX, FACE_PX), np.uint8),
        guess=np.stack(guesses).astype(np.float32) if guesses else np.zeros((0, len(labels)), np.float32),
        guess_labels=labels,
        person=np.array([person for person, _ in rows], np.int64),
        film=np.array([c.film for c in cuts], np.int64),
        time_s=np.array([c.time_s for c in cuts], np.float64),
        quality=np.array([c.quality for c in cuts], np.float32),
    )
