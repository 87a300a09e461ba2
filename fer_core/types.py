"""The words of the engine: what a detector, a tracker, a matcher hand to each other.

An image is `(h, w, 3) uint8`, blue-green-red. Time is seconds as float. Arrays are checked at construction and made
read-only, so that instances can be shared between threads.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

UInt8Array: TypeAlias = NDArray[Any]
FloatArray: TypeAlias = NDArray[np.floating[Any]]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]

EXPRESSIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The one label order (FER2013's)."""

REVIEWS = ("positive", "neutral", "negative", "uncertain")
Role: TypeAlias = Literal["entry", "exit", "floor"]
ROLES: tuple[Role, ...] = ("entry", "exit")
"""The roles of cameras whose films make visits."""
CAMERA_ROLES: tuple[Role, ...] = get_args(Role)
Review: TypeAlias = Literal["positive", "neutral", "negative", "uncertain"]


def _frozen(array: Any, shape: tuple[int | None, ...], name: str, dtype: Any = np.float32) -> NDArray[Any]:
    """A read-only array of that shape (None: any length); ValueError says what was expected and what came."""
    found = np.array(array, dtype=dtype)
    fits = found.ndim == len(shape) and all(w is None or w == g for w, g in zip(shape, found.shape, strict=True))
    if not fits:
        raise ValueError(f"{name} must have the shape {shape} (None: any), not {found.shape}")
    found.setflags(write=False)
    return found


def check_image(image: np.ndarray) -> None:
    """ValueError unless the array is an image: (h, w, 3) uint8 with h and w at least 1."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
        raise ValueError(f"an image must be (h, w, 3) uint8, not {image.shape} {image.dtype}")


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a film: `time_s` from the film's start, by its presentation time stamp."""

    time_s: float
    image: UInt8Array


@dataclass(frozen=True, eq=False)
class Faces:
    """The faces in one image; n = 0 is legal everywhere.

    xyxy (n, 4) float32 px: left, top, right, bottom. score (n,) float32, 0 to 1. landmarks (n, 5, 2) float32 px, or
    None where the detector gives none; rows: image-left eye, image-right eye, nose, image-left and image-right corner
    of the mouth (the order of YuNet and ArcFace).
    """

    xyxy: FloatArray
    score: FloatArray
    landmarks: FloatArray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "xyxy", _frozen(self.xyxy, (None, 4), "xyxy"))
        n = len(self.xyxy)
        object.__setattr__(self, "score", _frozen(self.score, (n,), "score"))
        if self.landmarks is not None:
            object.__setattr__(self, "landmarks", _frozen(self.landmarks, (n, 5, 2), "landmarks"))

    @classmethod
    def none(cls, *, landmarks: bool = True) -> "Faces":
        """No faces."""
        return cls(np.zeros((0, 4)), np.zeros(0), np.zeros((0, 5, 2)) if landmarks else None)

    def __len__(self) -> int:
        return len(self.xyxy)

    def __getitem__(self, rows: Any) -> "Faces":
        """The faces of those rows: a slice, a mask or a list of indices."""
        if isinstance(rows, int | np.integer):
            rows = [rows]
        landmarks = None if self.landmarks is None else self.landmarks[rows]
        return Faces(self.xyxy[rows], self.score[rows], landmarks)

    def moved(self, offset: tuple[float, float], scale: float = 1.0) -> "Faces":
        """The same faces after `offset` px (x, y) is taken off and the rest multiplied by `scale`."""
        shift = np.array(offset, np.float32)
        landmarks = None if self.landmarks is None else (self.landmarks - shift) * scale
        return Faces((self.xyxy - np.tile(shift, 2)) * scale, self.score, landmarks)


@dataclass(frozen=True, eq=False)
class Shot:
    """One face of a track, cut out of its frame with a margin.

    patch is an image; face is the one face in it (px of the patch); center is the middle of the face in the film (px);
    size_px is the face's height in the film; quality lies in 0 … 1; yaw in −1 (turned to image-left) … 1.
    """

    time_s: float
    patch: UInt8Array
    face: Faces
    center: tuple[float, float]
    size_px: float
    quality: float
    yaw: float = 0.0


@dataclass(frozen=True, eq=False)
class Look:
    """A shot kept in few bytes: jpeg, the packed picture around the face; face, where it is in it; quality from 0 to 1."""

    jpeg: bytes
    face: Faces
    quality: float


@dataclass(frozen=True, eq=False)
class Appearance:
    """One person passing one camera.

    film is the film's place in the camera's list; times run from that film's start. best_s, x, y: moment and middle
    (px) of the best shot. template (d,) float32 of length 1, or None: unusable. times_s (m,), series (m, 7) rows
    summing to 1 in EXPRESSIONS order, weight (m,): the expressions over time and their weights; m = 0 where none was
    read. intervals: the moments in which the person was in the picture, more than one after broken tracks were joined.
    looks: the best shots, for a second opinion when the day is settled; they never leave the memory. picture: the best shot
    pixelated (`pixelate`), as a PNG, where the store asks for evidence; else empty. second (e,) float32 of length 1, or None:
    the template by the embedder of the second opinion, where it was made at once and no looks are kept.
    """

    role: Role
    film: int
    intervals: tuple[tuple[float, float], ...]
    best_s: float
    x: float
    y: float
    size_px: float
    quality: float
    faces: int
    template: FloatArray | None
    times_s: FloatArray
    series: FloatArray
    weight: FloatArray
    door: str = ""
    looks: tuple[Look, ...] = ()
    picture: bytes = b""
    second: FloatArray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "times_s", _frozen(self.times_s, (None,), "times_s", np.float64))
        m = len(self.times_s)
        object.__setattr__(self, "series", _frozen(self.series, (m, len(EXPRESSIONS)), "series"))
        object.__setattr__(self, "weight", _frozen(self.weight, (m,), "weight"))
        for name in ("template", "second"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _frozen(getattr(self, name), (None,), name))

    @property
    def usable(self) -> bool:
        """True where a template could be made and an expression was read."""
        return self.template is not None and len(self.times_s) > 0

    @property
    def start_s(self) -> float:
        return self.intervals[0][0]

    @property
    def end_s(self) -> float:
        return self.intervals[-1][1]

    @property
    def mean(self) -> FloatArray:
        """(7,) float32: the weighted mean of the series, summing to 1; zeros where m = 0."""
        if not len(self.weight) or not self.weight.sum():
            return np.zeros(len(EXPRESSIONS), np.float32)
        return np.average(self.series, axis=0, weights=self.weight).astype(np.float32)

    @property
    def expression(self) -> str:
        """The leading apparent expression."""
        return EXPRESSIONS[int(self.mean.argmax())]


@dataclass(frozen=True, eq=False)
class Visit:
    """A matched entrance and exit with its review; the numbers are those of the table `visits`."""

    entry: Appearance
    exit: Appearance
    match_probability: float
    runner_up: float
    entry_valence: float
    exit_valence: float
    change: float
    change_se: float
    camera_offset: float
    review: Review
    entered_at: datetime | None = None
    exited_at: datetime | None = None

    @property
    def dwell_s(self) -> float | None:
        """Seconds between the best shots of entrance and exit; None without start times."""
        if self.entered_at is None or self.exited_at is None:
            return None
        return (self.exited_at - self.entered_at).total_seconds()


@dataclass(frozen=True)
class FilmInfo:
    """What a film says of itself. width, height (px) are those of the upright picture.

    duration_s and frame_rate are None where the film doesn't say. recorded_at is the file's own date, a proposal for
    the start time and never used in silence.
    """

    path: Path
    width: int
    height: int
    duration_s: float | None
    frame_rate: float | None
    codec: str
    recorded_at: datetime | None = None


@dataclass(frozen=True)
class Footage:
    """One film of a camera as it was analysed.

    sha256 is that of its bytes. start_at is its UTC start, or None where nobody gave it. duration_s runs to the last
    picture that was read. warnings are sentences for a person.
    """

    path: Path
    sha256: str
    role: Role
    door: str
    start_at: datetime | None
    duration_s: float
    width: int
    height: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tally:
    """How one apparent expression was seen by one camera in one hour: a sum, in which nobody can be told apart.

    film: the film's place in the camera's list. hour_at: the beginning of the hour, aware, UTC. faces: people who passed,
    each shared out among the expressions by their probabilities, so that the expressions of an hour sum to how many passed;
    seconds: how long they were in the picture, shared out alike.
    """

    role: Role
    film: int
    hour_at: datetime
    expression: str
    faces: float
    seconds: float


AppearanceStatus: TypeAlias = Literal["matched", "unmatched", "ambiguous", "unusable"]


@dataclass(frozen=True, eq=False)
class Day:
    """A store's films of one day, settled: what the store writes in one transaction.

    entries and exits hold every appearance, unusable ones too; their `film` is the place in entry_films, exit_films.
    entry_status and exit_status run beside them. detector, embedder, emotion name the backends that did the work; embedder is
    "" where no template was made. tallies are the sums of whoever may be counted and not followed.
    """

    store: str
    entry_films: tuple[Footage, ...]
    exit_films: tuple[Footage, ...]
    entries: tuple[Appearance, ...]
    exits: tuple[Appearance, ...]
    entry_status: tuple[AppearanceStatus, ...]
    exit_status: tuple[AppearanceStatus, ...]
    visits: tuple[Visit, ...]
    detector: str
    embedder: str
    emotion: str
    seconds: float = 0.0
    tallies: tuple[Tally, ...] = ()

    def __post_init__(self) -> None:
        for role, seen, status in (("entries", self.entries, self.entry_status), ("exits", self.exits, self.exit_status)):
            if len(seen) != len(status):
                raise ValueError(f"{len(seen)} {role} need as many statuses, not {len(status)}")

    def count(self, role: Role, status: AppearanceStatus) -> int:
        """How many appearances of that camera came to that."""
        return (self.entry_status if role == "entry" else self.exit_status).count(status)

    def tallied(self, role: Role) -> int:
        """How many people of that role stand in the sums."""
        return round(sum(one.faces for one in self.tallies if one.role == role))

    @property
    def film_seconds(self) -> float:
        return sum(film.duration_s for film in (*self.entry_films, *self.exit_films))
