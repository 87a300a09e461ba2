"""Expression models for pages: which there are, what people call them, and each opened once for all viewers."""

from pathlib import Path

import numpy as np
import streamlit as st

from fer_core import emotion, weights
from fer_core.emotion import EmotionModel
from fer_core.emotion.base import CropModel
from fer_core.emotion.onnx_model import OnnxEmotion
from fer_core.errors import InputError, WeightsError
from fer_core.types import FloatArray, UInt8Array
from server import expression
from server.expression import RUNS, STANDARD, Choice
from ui import resources

VOTES, FER2013 = "votes", "fer2013"
HEADS = (VOTES, FER2013)
_DEFAULT = ""
_SPINNER = "Loading the expression model …"


def titles() -> dict[str, str]:
    """Every model that can be asked, by key, as people call it: the standard one, the files, then those of packages."""
    found = {STANDARD: "Moodgate’s own (standard)"}
    for key in expression.files(resources.services().folder):
        name = key.partition("/")[2]
        found[key] = f"{name} (trained here)" if key.startswith(f"{RUNS}/") else name
    return found | {name: name for name in emotion.names() if name != STANDARD}


def in_use() -> Choice:
    """The model that reviews and the live page use."""
    made = resources.services()
    return expression.chosen(made.store, made.folder)


def file_of(key: str) -> Path | None:
    """The file of that model; None where a package holds it. WeightsError where it is gone."""
    if key == STANDARD:
        return weights.find(weights.card("expression"))
    if key in emotion.names():
        return None
    path = expression.path_of(resources.services().folder, key)
    if path is None:
        raise WeightsError(f"the model {key} is gone")
    return path


def open_default() -> EmotionModel:
    """The model in use, shared by all viewers. WeightsError where none can be had."""
    choice = in_use()
    return _opened(str(choice.path) if choice.path else _DEFAULT, choice.stamp)


def open_named(name: str) -> EmotionModel:
    """The model of that name in `emotion.names()`. UnknownBackendError, WeightsError."""
    return _opened(name, 0)


def open_by_key(key: str) -> CropModel:
    """The model of that key of `titles`, to be asked about cut faces. UnknownBackendError, WeightsError, InputError."""
    path = None if key in emotion.names() else file_of(key)
    named = (str(path), expression.stamp_of(path)) if path else (key, 0)
    why = _tried(*named)
    if why:
        raise WeightsError(why)
    model = _opened(*named)
    if not isinstance(model, CropModel):
        raise InputError(f"the model {key} can’t be asked about faces that are cut out already")
    return model


def stamp_of(key: str) -> int:
    """Another number for another state of the model's file: part of the key of everything that is kept of it."""
    path = file_of(key)
    return expression.stamp_of(path) if path else 0


@st.cache_data(ttl=600, max_entries=30, show_spinner=_SPINNER)
def _tried(name: str, stamp: int) -> str:
    """Why it can't be opened, or "": kept for a while, for some packages try for long to fetch their weights."""
    try:
        _opened(name, stamp)
    except InputError as error:
        return str(error)
    return ""


@st.cache_resource(max_entries=6, show_spinner=_SPINNER)
def _opened(name: str, stamp: int) -> EmotionModel:
    return emotion.open_emotion(name) if name else emotion.open_default(lambda _: None)


def heads_of(model: CropModel) -> tuple[str, ...]:
    """Which of HEADS it has; one of a single output answers as `votes`."""
    named = model.heads if isinstance(model, OnnxEmotion) else ()
    return tuple(head for head in HEADS if head in named) or (VOTES,)


def probabilities(model: CropModel, faces: UInt8Array, head: str) -> FloatArray:
    """(n, k) float32 of that head for grey faces (n, 48, 48); n may be 0. A model of one output has only that one."""
    if not len(faces):
        return np.zeros((0, len(model.labels)), np.float32)
    told = model.probabilities(faces, head) if isinstance(model, OnnxEmotion) else model.probabilities(faces)
    return np.asarray(told, np.float32)
