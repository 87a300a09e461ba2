"""What every embedder of faces promises, and the base that keeps the promises for those that look at aligned patches."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from fer_core import geometry
from fer_core.types import Faces, FloatArray, UInt8Array, check_image


class Embedder(ABC):
    """Turns faces into directions: the more alike two faces, the larger the cosine of theirs. Serves any number of threads.

    name is the name it was opened by ("mobilefacenet", "deepface:Facenet512"), and with it goes the fit that turns a
    cosine into a likelihood (`settings.fit_for`). dim is the length of a row.

    `embed` takes an image (h, w, 3) uint8 BGR of any size, which it never changes, and the faces in it (px of the image),
    with or without landmarks: where there are none they are guessed from the box. It gives (n, dim) float32, rows of
    length 1 in the order of the faces; no faces give (0, dim). A face twice gives the same row twice. ValueError for
    anything that is no such image.
    """

    name: str
    dim: int

    @abstractmethod
    def embed(self, image: UInt8Array, faces: Faces) -> FloatArray:
        """(n, dim) float32, rows of length 1."""

    def embed_many(self, images: Sequence[UInt8Array], faces: Sequence[Faces]) -> FloatArray:
        """(sum of all n, dim): the rows of each image's faces, one image after the other."""
        parts = [self.embed(image, found) for image, found in zip(images, faces, strict=True)]
        return np.concatenate([np.zeros((0, self.dim), np.float32), *parts])


class PatchEmbedder(Embedder):
    """An `Embedder` but for the network itself: each face is brought to a template in a square patch.

    template (5, 2) px says where the landmarks come to lie in a patch of side_px.
    """

    template: FloatArray = geometry.ARCFACE_TEMPLATE
    side_px: int = geometry.ARCFACE_PX

    @abstractmethod
    def codes(self, patches: Sequence[UInt8Array]) -> FloatArray:
        """(n, dim), rows of any length, for n ≥ 1 patches (side_px, side_px, 3) uint8 BGR; may be called by several threads."""

    def embed(self, image: UInt8Array, faces: Faces) -> FloatArray:
        """See `Embedder`."""
        check_image(image)
        if not len(faces):
            return np.zeros((0, self.dim), np.float32)
        marks = geometry.landmarks_of(faces.xyxy, faces.landmarks)
        return unit_rows(self.codes([geometry.align(image, five, self.template, self.side_px) for five in marks]))


def unit_rows(rows: FloatArray) -> FloatArray:
    """The rows (n, d) to length 1, float32; a row of zeros becomes the first axis, for every row has a direction."""
    exact = np.array(rows, np.float64)
    exact[~exact.any(axis=1), 0] = 1.0
    return (exact / np.linalg.norm(exact, axis=1, keepdims=True)).astype(np.float32)
