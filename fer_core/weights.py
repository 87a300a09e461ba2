"""Model cards: what each model's weights are, whose they are, where they lie; finding, fetching and verifying them.

A card is a TOML file beside the project's own models, `models/NAME.toml`, with the fields of `ModelCard`. Weights are
looked for in `models/`, then in the folders of the environment variable FER_CORE_MODELS, then in the user's cache folder,
then where a distribution puts them; a file whose sha256 is not the card's is an error wherever it lies.
"""

import hashlib
import os
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, Literal, TypeAlias, TypeVar, get_args

import platformdirs

from fer_core.errors import UnknownBackendError, WeightsError, WeightsMismatchError

Kind: TypeAlias = Literal["detector", "embedder", "emotion"]
Progress: TypeAlias = Callable[[int, int | None], None]
"""Called with the bytes that are there and the bytes in all (None: the server does not say)."""

T = TypeVar("T")

MODELS = Path(__file__).resolve().parent.parent / "models"
ENVIRONMENT = "FER_CORE_MODELS"
OFFLINE = "MOODGATE_OFFLINE"
"""Set to anything, weights are used where they lie and never fetched on the way; `models fetch` still may."""
CONNECT_S = 3.0
STALLED_S = 30.0
_CHUNK = 1 << 16


@dataclass(frozen=True)
class ModelCard:
    """What is known of one model.

    file is the name of its weights; sha256 is theirs, in lower-case hex, "" where nobody published it. managed_by names the
    packages that bring the weights ("a" or "a and b"): then file, sha256 and url may be empty. also_in are folders in which a
    distribution puts the file. labels are an expression model's outputs in their order. figures are measured numbers,
    date the day (ISO) on which they were.
    """

    name: str
    kind: Kind
    title: str
    licence: str
    source: str
    file: str = ""
    sha256: str = ""
    managed_by: str = ""
    url: str = ""
    trained_on: str = ""
    size_bytes: int = 0
    input: str = ""
    labels: tuple[str, ...] = ()
    also_in: tuple[str, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)
    date: str = ""
    notes: str = ""

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages that bring the weights; empty where a file does."""
        return tuple(self.managed_by.split(" and ")) if self.managed_by else ()


def read_card(path: Path) -> ModelCard:
    """The card in that TOML file; its name is the file's. WeightsError where it is none."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WeightsError(f"{path}: this model card can't be read: {error}.") from error
    unknown = raw.keys() - {f.name for f in fields(ModelCard)}
    missing = {"kind", "title", "licence", "source"} - raw.keys()
    if unknown or missing or raw["kind"] not in get_args(Kind) or not (raw.get("file") or raw.get("managed_by")):
        raise WeightsError(f"{path}: not a model card (unknown: {sorted(unknown)}, missing: {sorted(missing)}).")
    raw.update({key: tuple(raw[key]) for key in ("labels", "also_in") if key in raw})
    return ModelCard(**(raw | {"name": path.stem, "date": str(raw.get("date", ""))}))


def cards() -> dict[str, ModelCard]:
    """Every card in `models/`, by name, in the order of their names."""
    return {path.stem: read_card(path) for path in sorted(MODELS.glob("*.toml"))}


def card(name: str) -> ModelCard:
    """The card of that name; UnknownBackendError lists those that there are."""
    path = MODELS / f"{name}.toml"
    if name != Path(name).name or not path.is_file():
        raise UnknownBackendError(f"There is no model card {name!r}; known are {', '.join(cards())}.")
    return read_card(path)


def cache_folder() -> Path:
    """The user's folder for fetched weights; it may not exist yet."""
    return platformdirs.user_cache_path("moodgate") / "models"


def folders(card: ModelCard) -> tuple[Path, ...]:
    """Where the card's weights are looked for, first to last."""
    named = [Path(part).expanduser() for part in os.environ.get(ENVIRONMENT, "").split(os.pathsep) if part]
    return (MODELS, *named, cache_folder(), *(Path(part) for part in card.also_in))


def prepare_deepface() -> Path:
    """Set deepface and retina-face up before either is imported; returns the folder in which they keep weights.

    Both read the environment at import and would make a folder in the home directory, and both would take TensorFlow where
    it is installed (which wants tf-keras and takes long to start): what the user has set already stays.
    """
    home = Path(os.environ.setdefault("DEEPFACE_HOME", str(platformdirs.user_cache_path("moodgate"))))
    os.environ.setdefault("DEEPFACE_BACKEND_ENGINE", "onnx")
    for level in ("DEEPFACE_LOG_LEVEL", "RETINAFACE_LOG_LEVEL"):  # they log to stdout, which is for results
        os.environ.setdefault(level, "60")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    folder = home / ".deepface" / "weights"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WeightsError(f"{folder}: this folder for weights can't be made: {error.strerror}.") from error
    return folder


def sha256_of(path: Path) -> str:
    """The file's sha256 in lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find(card: ModelCard) -> Path | None:
    """The weights on this machine, checked; None where no folder has them or where a package manages them.

    WeightsMismatchError names the first file found whose sha256 is not the card's: a wrong file is never passed over.
    """
    if not card.file:
        return None
    for folder in folders(card):
        path = folder / card.file
        if path.is_file():
            _check(path, card)
            return path
    return None


def _check(path: Path, card: ModelCard) -> None:
    try:
        found = sha256_of(path)
    except OSError as error:
        raise WeightsError(f"{path}: these weights can't be read: {error.strerror}.") from error
    if card.sha256 and found != card.sha256:
        raise WeightsMismatchError(f"{path}: its sha256 is {found}, but the card of {card.name} says {card.sha256}.")


def get(card: ModelCard) -> Path:
    """The weights: found, else fetched, unless OFFLINE is set. WeightsError says what to do where neither works."""
    path = find(card)
    if path is None and os.environ.get(OFFLINE):
        raise WeightsError(f"{card.file} is not on this machine, and {OFFLINE} forbids fetching it{_advice(card)}")
    return path or fetch(card)


def first_opened(kind: str, openers: Mapping[str, Callable[[], T]], tell: Callable[[str], None]) -> T:
    """Open the first of the backends (by name, the preferred first) whose weights can be had.

    `tell` hears of each that can't. WeightsMismatchError is never passed over; WeightsError where none can be had.
    """
    names = list(openers)
    for name, following in pairwise(names):
        try:
            return openers[name]()
        except WeightsMismatchError:
            raise
        except WeightsError as error:
            tell(f"{following} steps in for the {kind} {name}: {str(error).partition(';')[0]}")
    return openers[names[-1]]()


def status(card: ModelCard) -> str:
    """In a word or two: installed, unverified (there, but no hash to check it by), missing, mismatch, managed by PACKAGE."""
    if card.managed_by:
        return f"managed by {card.managed_by}" if all(map(_installed, card.packages)) else "missing"
    try:
        path = find(card)
    except WeightsMismatchError:
        return "mismatch"
    if path is None:
        return "missing"
    return "installed" if card.sha256 else "unverified"


def _installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def fetch(card: ModelCard, *, trust: bool = False, progress: Progress | None = None) -> Path:
    """Download the weights into the cache folder, whole or not at all, and return their path.

    The bytes go to a temporary file, are checked and moved into place; a file that was there stays as it was until then.
    An unknown hash is refused without `trust`; with it, `sha256_of` the returned path is what was trusted.
    WeightsError where they can't be had, WeightsMismatchError where others came.
    """
    _refuse(card, trust)
    target = cache_folder() / card.file
    part: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=card.file, suffix=".part", delete=False) as file:
            part = Path(file.name)
            found = _download(card, file, progress)
        _compare(card, found)
        os.replace(part, target)
    except OSError as error:
        raise WeightsError(f"{target}: the weights of {card.name} can't be kept there: {error.strerror or error}.") from error
    finally:
        if part is not None:
            with suppress(OSError):
                part.unlink(missing_ok=True)
    return target


def _refuse(card: ModelCard, trust: bool) -> None:
    if card.managed_by:
        raise WeightsError(f"The weights of {card.name} are managed by {card.managed_by}: install it with pip.")
    if not card.url:
        raise WeightsError(f"The weights of {card.name} have no address to fetch them from{_advice(card)}")
    if not card.sha256 and not trust:
        raise WeightsError(f"The sha256 of {card.file} is not known: fetch it with --trust if you trust {card.url}.")


def _download(card: ModelCard, file: IO[bytes], progress: Progress | None) -> str:
    """Write the bytes at the card's address to the file and return their sha256."""
    import requests

    done, digest = 0, hashlib.sha256()
    try:
        with requests.get(card.url, stream=True, timeout=(CONNECT_S, STALLED_S)) as response:
            response.raise_for_status()
            total = int(response.headers.get("Content-Length") or 0) or None
            for chunk in response.iter_content(_CHUNK):
                file.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                if progress is not None:
                    progress(done, total)
    except requests.RequestException as error:
        raise WeightsError(f"{card.url}: {_reason(error)}{_advice(card)}") from error
    return digest.hexdigest()


def _reason(error: Exception) -> str:
    """A request's failure in plain words: the library's own text is a nest of class names."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return "the server did not answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off in the middle"
    return "no connection to the server"


def _advice(card: ModelCard) -> str:
    return f"; put {card.file} into one of the folders that {ENVIRONMENT} names, or into {cache_folder()}."


def _compare(card: ModelCard, found: str) -> None:
    if card.sha256 and found != card.sha256:
        raise WeightsMismatchError(
            f"{card.url}: what came has the sha256 {found}, but the card of {card.name} says {card.sha256}; it was not kept."
        )
