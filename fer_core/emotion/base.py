"""What every expression model promises, and the base that keeps the promises for those that look at FER2013-like crops."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import cv2
import numpy as np

from fer_core import geometry
from fer_core.settings import ExpressionFit
from fer_core.types import EXPRESSIONS, Faces, FloatArray, UInt8Array, check_image

FER_PX = geometry.FER_PX
_LEAST = 1e-4
"""Added to a probability before its logarithm is taken."""


class EmotionModel(ABC):
    """Reads the apparent expression of faces. One instance serves any number of threads.

    name is the name it was opened by ("moodgate", "deepface", a file's path). labels names the columns: EXPRESSIONS, in
    that order whatever the model's own is, except for a model of a shop's own classes, which serves the model and live
    pages only.

    `predict` takes an image (h, w, 3) uint8 BGR of any size, which it never changes, and the faces in it (px of the image),
    with or without landmarks: where there are none they are guessed from the box. It gives (n, len(labels)) float32
    probabilities, rows summing to 1 in the order of the faces; no faces give (0, len(labels)). ValueError for anything
    that is no such image.
    """

    name: str
    labels: tuple[str, ...] = EXPRESSIONS

    @abstractmethod
    def predict(self, image: UInt8Array, faces: Faces) -> FloatArray:
        """(n, len(labels)) float32, rows summing to 1."""

    def predict_many(self, images: Sequence[UInt8Array], faces: Sequence[Faces]) -> FloatArray:
        """(sum of all n, len(labels)): the rows of each image's faces, one image after the other."""
        parts = [self.predict(image, found) for image, found in zip(images, faces, strict=True)]
        return np.concatenate([np.zeros((0, len(self.labels)), np.float32), *parts])


class CropModel(EmotionModel):
    """An `EmotionModel` but for the network itself: each face is cut as FER2013 cut it, and all go in one batch.

    fit, where there is one, brings the network's probabilities to those of faces before a camera; `probabilities` is
    without it, for that is what is judged on the set it was trained for.
    """

    fit: ExpressionFit | None = None

    @abstractmethod
    def probabilities(self, faces: UInt8Array) -> FloatArray:
        """(n, len(labels)) for grey faces (n, 48, 48) uint8, n ≥ 1; may be called by several threads."""

    def predict(self, image: UInt8Array, faces: Faces) -> FloatArray:
        """See `EmotionModel`."""
        return self.predict_many([image], [faces])

    def predict_many(self, images: Sequence[UInt8Array], faces: Sequence[Faces]) -> FloatArray:
        """See `EmotionModel`; one batch for all of them."""
        crops = [crop for image, found in zip(images, faces, strict=True) for crop in face_crops(image, found)]
        if not crops:
            return np.zeros((0, len(self.labels)), np.float32)
        rows = summing_to_one(self.probabilities(np.stack(crops)))
        return fitted(rows, self.fit) if self.fit else rows


def fitted(rows: FloatArray, fit: ExpressionFit) -> FloatArray:
    """The probabilities (n, 7) scaled and shifted in their logarithms, summing to 1 again."""
    scores = fit.sharpness * np.log(np.asarray(rows, np.float64) + _LEAST) + np.array(fit.shift)
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    return summing_to_one(scores)


def face_crops(image: UInt8Array, faces: Faces) -> list[UInt8Array]:
    """Each face as FER2013 would show it: grey, (48, 48) uint8, its landmarks on `geometry.FER_TEMPLATE`."""
    check_image(image)
    if not len(faces):
        return []
    marks = geometry.landmarks_of(faces.xyxy, faces.landmarks)
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return [geometry.align(grey, five, geometry.FER_TEMPLATE, FER_PX) for five in marks]


def summing_to_one(rows: FloatArray) -> FloatArray:
    """The rows (n, k) of shares divided by their sums, float32: what a network's rounding left over goes."""
    exact = np.asarray(rows, np.float64)
    return (exact / exact.sum(axis=1, keepdims=True)).astype(np.float32)
