"""Which expression model reviews and the live page use: the standard one, or one that somebody chose on the page Models.

A model goes by its key: "moodgate" is the standard one, "models/FILE.onnx" another file in `models/`, "runs/NAME" what a
finished training of the data folder left. The choice is a setting of the database.
"""

import functools
from dataclasses import dataclass
from pathlib import Path

from fer_core import weights
from fer_core.errors import InputError, WeightsError
from fer_core.store import Store
from fer_core.types import EXPRESSIONS
from server.runs import MODEL, MODELS

SETTING = "emotion_model"
STANDARD = "moodgate"
SHIPPED, RUNS = "models", "runs"


@dataclass(frozen=True)
class Choice:
    """The model in use: its key, and its file (None: the standard one, by its own name).

    note: the sentence that says why it is not the one that was chosen; "" where it is.
    """

    key: str = STANDARD
    path: Path | None = None
    note: str = ""

    @property
    def stamp(self) -> int:
        """Another number for another state of the file."""
        return stamp_of(self.path) if self.path else 0


def chosen(store: Store, folder: Path) -> Choice:
    """The chosen model of the data folder; the standard one, with a note, where its file is gone or can't be used."""
    from fer_core import queries

    key = queries.setting(store, SETTING, None)
    if not isinstance(key, str) or key == STANDARD:
        return Choice()
    path = path_of(folder, key)
    why = trouble(path) if path else "its file is gone"
    if why:
        return Choice(note=f"The chosen expression model {key} can’t be used ({why}); the standard one reads instead.")
    return Choice(key, path)


def choose(store: Store, folder: Path, key: str) -> None:
    """Have reviews and the live page use that model from now on. InputError for one that can't be used."""
    if key == STANDARD:
        store.put_setting(SETTING, None)
        return
    path = path_of(folder, key)
    why = trouble(path) if path else "its file is gone"
    if why:
        raise InputError(f"the expression model {key} can’t be used: {why}")
    store.put_setting(SETTING, key)


def files(folder: Path) -> dict[str, Path]:
    """Every expression model's file beside the standard one's, by key: those in `models/`, then finished trainings."""
    others = {card.file for card in weights.cards().values() if card.kind != "emotion" or card.name == "expression"}
    shipped = (path for path in sorted(weights.MODELS.glob("*.onnx")) if path.name not in others)
    runs = (path for path in sorted((folder / MODELS).glob(f"*/{MODEL}")) if not path.parent.name.startswith("."))
    return {f"{SHIPPED}/{path.name}": path for path in shipped} | {f"{RUNS}/{path.parent.name}": path for path in runs}


def path_of(folder: Path, key: str) -> Path | None:
    """The file of that key; None where there is none."""
    where, _, name = key.partition("/")
    if where not in (SHIPPED, RUNS) or name != Path(name).name or name.startswith("."):
        return None
    path = weights.MODELS / name if where == SHIPPED else folder / MODELS / name / MODEL
    return path if path.suffix == ".onnx" and path.is_file() else None


def labels_of(path: Path) -> tuple[str, ...]:
    """The classes that a model tells. WeightsError, one sentence, for a file that is no expression model."""
    labels, why = _examined(path, stamp_of(path))
    if why:
        raise WeightsError(why)
    return labels


def trouble(path: Path) -> str:
    """Why reviews can't be written with that file, in a few words; "" where they can."""
    labels, why = _examined(path, stamp_of(path))
    if why:
        return why
    return "" if labels == EXPRESSIONS else f"it tells {', '.join(labels)} and not the seven expressions"


def stamp_of(path: Path) -> int:
    """Another number for another state of the file; 0 where there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


@functools.lru_cache(maxsize=64)
def _examined(path: Path, _stamp: int) -> tuple[tuple[str, ...], str]:
    """The file's classes, or why it can't be opened: opening is what tells."""
    from fer_core.emotion.onnx_model import OnnxEmotion

    try:
        return OnnxEmotion(path).labels, ""
    except WeightsError as error:
        return (), str(error).replace(str(path), path.name).rstrip(".")
