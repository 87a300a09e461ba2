"""A live result in the classes of a shop's own."""

from dataclasses import replace

import numpy as np

from fer_core.live.still import frozen
from fer_core.live.types import LiveFace, LiveResult
from fer_core.review import Categories
from fer_core.types import EXPRESSIONS, FloatArray


def mapped(result: LiveResult, categories: Categories | None) -> LiveResult:
    """The result with the seven probabilities added up by class; valences stay as they are.

    The same result without categories, and for a model with classes of its own, which no map can read.
    """
    if categories is None or result.labels != EXPRESSIONS:
        return result
    labels = tuple(dict.fromkeys(categories.classes))
    sums = np.array([[name == label for label in labels] for name in categories.classes], np.float32)
    return replace(result, labels=labels, faces=tuple(_face(face, sums) for face in result.faces))


def _face(face: LiveFace, sums: FloatArray) -> LiveFace:
    reading = None if face.reading is None else frozen(face.reading @ sums)
    return replace(face, probabilities=frozen(face.probabilities @ sums), reading=reading)
