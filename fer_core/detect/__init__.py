"""Detectors of faces: `DETECTORS` is the one table; a name becomes an instance here and only at the edge.

A detector is one file and one line of the table; select boxes, the command line and the contract tests read the table.
"""

from collections.abc import Callable
from functools import partial

from fer_core import weights
from fer_core.detect import deepface
from fer_core.detect.base import Detector
from fer_core.detect.deepface import DeepFace
from fer_core.detect.dlib_hog import DlibHog
from fer_core.detect.haar import Haar
from fer_core.detect.mtcnn import Mtcnn
from fer_core.detect.retinaface import RetinaFace
from fer_core.detect.yunet import YuNet
from fer_core.errors import UnknownBackendError
from fer_core.settings import DetectSettings

__all__ = ["DEFAULTS", "DETECTORS", "Detector", "names", "open_default", "open_detector"]

DETECTORS: dict[str, Callable[[DetectSettings], Detector]] = {
    "yunet": YuNet,
    "mtcnn": Mtcnn,
    "haar": Haar,
    "dlib_hog": DlibHog,
    "retinaface": RetinaFace,
    "deepface": lambda settings: DeepFace(settings, deepface.DEFAULT),
}
"""By name, the preferred first."""

DEFAULTS = ("yunet", "mtcnn")
"""Tried in this order where nobody named a detector."""


def names() -> tuple[str, ...]:
    """The names that `open_detector` knows; beside them `deepface:NAME` for each detector that deepface offers."""
    return tuple(DETECTORS)


def open_detector(name: str, settings: DetectSettings) -> Detector:
    """The detector of that name. UnknownBackendError lists the known ones; WeightsError where its weights can't be had."""
    family, colon, variant = name.partition(":")
    if family == "deepface" and colon:
        return DeepFace(settings, variant)
    if name not in DETECTORS:
        raise UnknownBackendError(f"There is no detector {name!r}; known are {', '.join(names())} and deepface:NAME.")
    return DETECTORS[name](settings)


def open_default(settings: DetectSettings, tell: Callable[[str], None]) -> Detector:
    """The first of `DEFAULTS` whose weights can be had; `tell` hears of each that can't.

    WeightsMismatchError is never passed over; WeightsError where none can be had.
    """
    return weights.first_opened("detector", {name: partial(DETECTORS[name], settings) for name in DEFAULTS}, tell)
