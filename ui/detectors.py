"""Detectors for pages, each opened once for all viewers, and one measured on a picture."""

import time
from dataclasses import dataclass

import numpy as np
import streamlit as st

from fer_core import detect
from fer_core.detect import Detector
from fer_core.errors import InputError, WeightsError
from fer_core.settings import DetectSettings
from fer_core.types import Faces, UInt8Array

AUTOMATIC = "automatic"
REPEATS = 3


@dataclass(frozen=True, eq=False)
class Found:
    """What a detector found, and the median time of three looks after one to warm up; why: the sentence where it can't."""

    name: str
    faces: Faces
    ms: float = 0.0
    why: str = ""


def open_detector(name: str) -> Detector:
    """The detector of that name, AUTOMATIC the default one. WeightsError where it can't be had."""
    detector, why = _opened(name)
    if detector is None:
        raise WeightsError(why)
    return detector


@st.cache_resource(max_entries=8, ttl=3600, show_spinner="Loading the detector …")
def _opened(name: str) -> tuple[Detector | None, str]:
    """The detector, or why not: kept as well, for some packages try for long to fetch their weights."""
    settings = DetectSettings()
    try:
        if name == AUTOMATIC:
            return detect.open_default(settings, lambda _: None), ""
        return detect.open_detector(name, settings), ""
    except InputError as error:
        return None, str(error)


@st.cache_data(max_entries=64, ttl=3600, show_spinner=False)
def measured(name: str, word: str, _image: UInt8Array) -> Found:
    """What that detector finds in the picture of that word, from the left, and how long it takes."""
    try:
        detector = open_detector(name)
    except WeightsError as error:
        return Found(name, Faces.none(), why=str(error))
    detector.detect(_image)
    times = []
    for _ in range(REPEATS):
        since = time.perf_counter()
        faces = detector.detect(_image)
        times.append(1e3 * (time.perf_counter() - since))
    return Found(name, from_left(faces), float(np.median(times)))


def from_left(faces: Faces) -> Faces:
    """The faces in the order in which they stand in the picture."""
    return faces[np.argsort(faces.xyxy[:, 0], kind="stable")]
