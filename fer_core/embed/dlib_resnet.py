"""dlib's ResNet (King 2017), 128 numbers, run by ONNX Runtime: its weights come with the package face_recognition_models."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from fer_core import geometry
from fer_core.embed import dlib_file, dlib_graph
from fer_core.embed.base import Embedder, unit_rows
from fer_core.embed.dlib_align import CHIP_PX, Aligner
from fer_core.errors import WeightsError
from fer_core.inference import open_session
from fer_core.types import Faces, FloatArray, UInt8Array, check_image

THREADS = 2
"""Threads within one run."""
BATCH = 16
"""Most chips in one run, two a face. More: more memory, no more speed."""
NETWORK = "dlib_face_recognition_resnet_model_v1.dat"
PREDICTOR = "shape_predictor_5_face_landmarks.dat"


class DlibResNet(Embedder):
    """A face's row is the mean of its own and its mirror image's.

    The network is read from dlib's own file and rebuilt for ONNX Runtime, for dlib's wheel has no BLAS and takes more than
    ten times as long. On 1,396 photographs of 420 people this finds 90 % of the same people at 0.1 % false accepts; without
    the mirror image 88 %, by the detector's landmarks alone 82 % (benchmarks/offline_embedder.py).
    WeightsError where a file is missing, damaged, or not dlib's.
    """

    name = "dlib"
    dim = 128

    def __init__(self, network: Path | None = None, predictor: Path | None = None) -> None:
        """The files of the two; None takes the package's."""
        model = _model(network or weights_path(), self.dim)
        self._aligner = Aligner(predictor or weights_path(PREDICTOR))
        self._session = open_session(model, THREADS, exact=True)

    def embed(self, image: UInt8Array, faces: Faces) -> FloatArray:
        """See `Embedder`."""
        return self.embed_many([image], [faces])

    def embed_many(self, images: Sequence[UInt8Array], faces: Sequence[Faces]) -> FloatArray:
        """See `Embedder`: all faces are cut out first, then go through the network together."""
        chips = [chip for image, found in zip(images, faces, strict=True) for chip in self.chips(image, found)]
        rows = unit_rows(self.descriptors([*chips, *(chip[:, ::-1] for chip in chips)]))
        return unit_rows(rows[: len(chips)] + rows[len(chips) :])

    def chips(self, image: UInt8Array, faces: Faces) -> list[UInt8Array]:
        """What the network sees of each face: (150, 150, 3) uint8 BGR."""
        check_image(image)
        return [self._aligner.chip(image, five) for five in geometry.landmarks_of(faces.xyxy, faces.landmarks)]

    def descriptors(self, chips: Sequence[UInt8Array]) -> FloatArray:
        """(n, 128) float32, rows of any length: dlib's own numbers for chips (150, 150, 3) uint8 BGR."""
        parts = [self._run(np.stack(chips[start : start + BATCH])) for start in range(0, len(chips), BATCH)]
        return np.concatenate([np.zeros((0, self.dim), np.float32), *parts])

    def _run(self, chips: UInt8Array) -> FloatArray:
        rgb = np.ascontiguousarray(chips[..., ::-1])
        return np.asarray(self._session.run_rows(None, "rgb", rgb)[0])


def _model(path: Path, dim: int) -> bytes:
    """The network in dlib's file as an ONNX model."""
    network = dlib_file.read(path)
    try:
        if network.size != (CHIP_PX, CHIP_PX):
            raise ValueError(f"it wants pictures of {network.size}")
        return dlib_graph.onnx_model(network, dim)
    except ValueError as error:
        raise WeightsError(f"{path}: is not dlib's network for faces: {error}.") from error


def weights_path(file: str = NETWORK) -> Path:
    """Where face_recognition_models keeps a file; found without importing it, for its import needs pkg_resources.

    WeightsError where it is not installed.
    """
    spec = find_spec("face_recognition_models")
    path = Path(spec.origin).parent / "models" / file if spec and spec.origin else None
    if path is None or not path.is_file():
        raise WeightsError("The embedder dlib needs the package face_recognition_models, which brings its weights.")
    return path
