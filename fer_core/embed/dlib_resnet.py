"""dlib's ResNet (King 2017), 128 numbers, run by ONNX Runtime: its weights come with the package face_recognition_models."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from fer_core import geometry
from fer_core.embed import dlib_file, dlib_graph
from fer_core.embed.base import PatchEmbedder, unit_rows
from fer_core.errors import WeightsError
from fer_core.types import Faces, FloatArray, UInt8Array, check_image

TEMPLATE = np.array([[47.0, 45.7], [101.4, 45.7], [74.2, 75.2], [51.35, 99.9], [97.05, 99.9]], np.float32)
"""Where YuNet's landmarks lie in the chips of 150 px that dlib cuts by its own five points: medians over 400 photographs,
made symmetric."""
THREADS = 2
"""Threads within one run."""
BATCH = 8
"""Most faces in one run. More: memory grows (1.5 MB a face) and nothing is gained."""
_NETWORK = "dlib_face_recognition_resnet_model_v1.dat"


class DlibResNet(PatchEmbedder):
    """The network is read from dlib's own file and rebuilt for ONNX Runtime, which answers the same to 1e-5 and is some
    fifteen times as fast as dlib's wheel, which has no BLAS. WeightsError where the file is missing, damaged, or another
    network than dlib's for faces."""

    name = "dlib"
    dim = 128
    side_px = 150
    template = TEMPLATE

    def __init__(self, path: Path | None = None) -> None:
        """path is the network's file; None takes the package's."""
        model = self._model(path or weights_path())
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = THREADS, 3
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def _model(self, path: Path) -> bytes:
        network = dlib_file.read(path)
        try:
            if network.size != (self.side_px, self.side_px):
                raise ValueError(f"it wants pictures of {network.size}")
            return dlib_graph.onnx_model(network, self.dim)
        except ValueError as error:
            raise WeightsError(f"{path}: is not dlib's network for faces: {error}.") from error

    def codes(self, patches: Sequence[UInt8Array]) -> FloatArray:
        """See `PatchEmbedder`: the very numbers that dlib gives for a face's chip."""
        parts = [patches[start : start + BATCH] for start in range(0, len(patches), BATCH)]
        return np.concatenate([self._run(np.stack(part)) for part in parts])

    def _run(self, patches: UInt8Array) -> FloatArray:
        rgb = np.ascontiguousarray(patches[..., ::-1])
        return np.asarray(self._session.run(None, {"rgb": rgb})[0])

    def embed_many(self, images: Sequence[UInt8Array], faces: Sequence[Faces]) -> FloatArray:
        """See `Embedder`: all faces are aligned first, then go through the network together."""
        patches = [patch for image, found in zip(images, faces, strict=True) for patch in self._patches(image, found)]
        return unit_rows(self.codes(patches)) if patches else np.zeros((0, self.dim), np.float32)

    def _patches(self, image: UInt8Array, faces: Faces) -> list[UInt8Array]:
        check_image(image)
        marks = geometry.landmarks_of(faces.xyxy, faces.landmarks)
        return [geometry.align(image, five, self.template, self.side_px) for five in marks]


def weights_path() -> Path:
    """Where face_recognition_models keeps the network; found without importing it, for its import needs pkg_resources.

    WeightsError where it is not installed.
    """
    spec = find_spec("face_recognition_models")
    path = Path(spec.origin).parent / "models" / _NETWORK if spec and spec.origin else None
    if path is None or not path.is_file():
        raise WeightsError("The embedder dlib needs the package face_recognition_models, which brings its weights.")
    return path
