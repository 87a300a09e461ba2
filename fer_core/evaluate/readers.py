"""Models as judging sees them: faces in, the probabilities of every head out, in one pass."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np

from fer_core.emotion.onnx_model import HEAD, OnnxEmotion
from fer_core.settings import ExpressionFit
from fer_core.types import FloatArray, UInt8Array

HEADS = (HEAD, "fer2013")
"""The heads that are judged: the one reviews read, and the one for comparison with the literature."""
WORKERS = 2
"""Batches that are read at the same time, each on one thread."""
_BATCH = 128
Tell = Callable[[str, int, int], None]
"""Hears what is done, how many pictures of it are, and of how many."""


def quiet(what: str, done: int, total: int) -> None:
    """The `Tell` of who doesn't want to hear."""


class Reader(Protocol):
    """Something that reads the apparent expression of grey faces (n, 48, 48) uint8."""

    name: str
    labels: tuple[str, ...]

    def every_head(self, faces: UInt8Array) -> dict[str, FloatArray]:
        """Each of HEADS: (n, len(labels)) float32, rows summing to 1. What has one output gives it for all of them."""
        ...


class JudgedModel(OnnxEmotion):
    """An `OnnxEmotion` that tells all its heads in one pass, with WORKERS batches at the same time."""

    def __init__(self, path: Path, *, name: str | None = None, fit: ExpressionFit | None = None) -> None:
        super().__init__(path, name=name, fit=fit, threads=1)
        self.path = path

    def every_head(self, faces: UInt8Array) -> dict[str, FloatArray]:
        """See `Reader`."""
        first = next(iter(self._heads.values()))
        outputs = [self._heads.get(head, first) for head in HEADS]
        with ThreadPoolExecutor(WORKERS) as pool:
            parts = list(pool.map(lambda batch: self._told(batch, outputs), _batches(faces)))
        none = np.zeros((0, len(self.labels)), np.float32)
        return {head: np.concatenate([none, *(part[place] for part in parts)]) for place, head in enumerate(HEADS)}

    def _told(self, faces: UInt8Array, outputs: list[str]) -> list[FloatArray]:
        pixels = np.ascontiguousarray(faces[..., None], np.float32)
        asked = list(dict.fromkeys(outputs))
        told = dict(zip(asked, self._session.run_rows(asked, self._input, pixels), strict=True))
        return [np.asarray(told[output], np.float32)[:, self._order] for output in outputs]


def _batches(faces: UInt8Array) -> Iterator[UInt8Array]:
    return (faces[start : start + _BATCH] for start in range(0, len(faces), _BATCH))


def read(reader: Reader, faces: UInt8Array, what: str, tell: Tell = quiet, chunk: int = 4 * _BATCH) -> dict[str, FloatArray]:
    """`every_head`, told of as it goes on."""
    parts = []
    tell(what, 0, len(faces))
    for start in range(0, len(faces), chunk):
        parts.append(reader.every_head(faces[start : start + chunk]))
        tell(what, min(start + chunk, len(faces)), len(faces))
    none = np.zeros((0, len(reader.labels)), np.float32)
    return {head: np.concatenate([none, *(part[head] for part in parts)]) for head in HEADS}
