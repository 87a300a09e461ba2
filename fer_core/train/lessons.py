"""A teacher's answers (Hinton, Vinyals and Dean 2015): what a larger model that isn't shipped says of the training faces."""

from pathlib import Path

import numpy as np

from fer_core.dataset import LabelledFaces
from fer_core.emotion.onnx_model import OnnxEmotion
from fer_core.errors import DataError
from fer_core.train.batches import heads_of
from fer_core.types import FloatArray
from fer_core.weights import sha256_of

_FACES_AT_ONCE = 256


def of(teacher: Path, faces: LabelledFaces, out: Path) -> list[FloatArray]:
    """The teacher's probabilities (n, k) for each head, averaged over the face and its mirror image; kept in `out`.

    DataError where the teacher has other classes.
    """
    kept = out / "lessons.npz"
    names, digest = heads_of(faces.labels), sha256_of(teacher)
    if kept.is_file():
        with np.load(kept, allow_pickle=False) as arrays:
            if str(arrays["teacher"]) == digest and len(arrays[names[0]]) == len(faces):
                return [arrays[name] for name in names]
    model = OnnxEmotion(teacher)
    if model.labels != faces.labels:
        raise DataError(f"{teacher}: the teacher's classes are {', '.join(model.labels)}, not {', '.join(faces.labels)}")
    told = {name: _asked(model, faces.image, name) for name in names}
    part = out / "part-lessons.npz"
    np.savez_compressed(part, teacher=np.array(digest), **told)  # type: ignore[arg-type]
    part.replace(kept)
    return [told[name] for name in names]


def _asked(model: OnnxEmotion, faces: np.ndarray, head: str) -> FloatArray:
    rows = [
        (model.probabilities(part, head) + model.probabilities(part[:, :, ::-1], head)) / 2
        for part in (faces[start : start + _FACES_AT_ONCE] for start in range(0, len(faces), _FACES_AT_ONCE))
    ]
    return np.concatenate(rows).astype(np.float32)
