"""Stands where no code may be computed from a face: a store whose privacy mode is sums only."""

from fer_core.embed.base import Embedder
from fer_core.types import Faces, FloatArray, UInt8Array


class NoEmbedder(Embedder):
    """Computes nothing. Whoever asks it all the same has a bug, and gets a RuntimeError instead of a code."""

    name = ""
    dim = 0

    def embed(self, image: UInt8Array, faces: Faces) -> FloatArray:
        """Never."""
        raise RuntimeError("no code may be computed from a face in a store of sums only")
