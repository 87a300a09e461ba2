"""Expression models: `EMOTION_MODELS` is the one table; a name becomes an instance here and only at the edge.

A model is one file and one line of the table; select boxes, the command line and the contract tests read the table. A path
of an ONNX file stands for a name as well.
"""

from collections.abc import Callable
from pathlib import Path

from fer_core import weights
from fer_core.emotion.base import EmotionModel
from fer_core.emotion.deepface import DeepFaceEmotion
from fer_core.emotion.onnx_model import OnnxEmotion, moodgate
from fer_core.errors import UnknownBackendError, WeightsError

__all__ = ["DEFAULTS", "EMOTION_MODELS", "EmotionModel", "names", "open_default", "open_emotion"]

EMOTION_MODELS: dict[str, Callable[[], EmotionModel]] = {
    "moodgate": moodgate,
    "deepface": DeepFaceEmotion,
}
"""By name, the preferred first."""

DEFAULTS = ("moodgate", "deepface")
"""Tried in this order where nobody named a model."""

_RUN_FILE = "model.onnx"
"""What every training leaves: such a file goes by its folder's name as well, or else all would be called the same."""


def names() -> tuple[str, ...]:
    """The names that `open_emotion` knows; beside them the path of any fitting ONNX file."""
    return tuple(EMOTION_MODELS)


def open_emotion(name: str) -> EmotionModel:
    """The model of that name, or of that ONNX file (a name that ends in .onnx).

    UnknownBackendError lists the known ones; WeightsError where weights can't be had or a file is of another kind.
    """
    if name in EMOTION_MODELS:
        return EMOTION_MODELS[name]()
    path = Path(name)
    if path.suffix.lower() != ".onnx":
        known = ", ".join(names())
        raise UnknownBackendError(f"There is no expression model {name!r}; known are {known} and the path of an .onnx file.")
    if not path.is_file():
        raise WeightsError(f"{path}: no such file.")
    return OnnxEmotion(path, name=f"{path.parent.name}/{path.name}" if path.name == _RUN_FILE else None)


def open_default(tell: Callable[[str], None]) -> EmotionModel:
    """The first of `DEFAULTS` whose weights can be had; `tell` hears of each that can't.

    WeightsMismatchError is never passed over; WeightsError where none can be had.
    """
    return weights.first_opened("expression model", {name: EMOTION_MODELS[name] for name in DEFAULTS}, tell)
