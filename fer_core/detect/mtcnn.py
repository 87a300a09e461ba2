"""MTCNN (Zhang et al. 2016) on ONNX Runtime, with the weights of the package `mtcnn`: steps in where YuNet's can't be had.

Written from the paper and from what the package answers; the tests hold it to the package's faces (boxes to an IoU of
0.98, scores to 0.01, landmarks to 1 px) without a need for TensorFlow here.
"""

from typing import Any

import numpy as np

from fer_core.detect import mtcnn_boxes as boxes
from fer_core.detect import mtcnn_networks, mtcnn_weights
from fer_core.detect.base import ScalingDetector, by_side
from fer_core.inference import open_session
from fer_core.settings import DetectSettings
from fer_core.types import Faces, FloatArray, UInt8Array

_THREADS = 2
"""Threads within one run: more gain little on networks this small."""
_BATCH = 16
"""Squares judged in one run: the layers of more leave the processor's cache."""
_RNET_PX, _ONET_PX = 24, 48
_PROPOSED, _REFINED = 0.6, 0.7
"""Least probabilities of a face in the first two networks."""
_SAME_SCALE, _ALIKE = 0.5, 0.7
"""Overlap beyond which the worse of two boxes falls: among one scale's proposals, everywhere else."""


class Mtcnn(ScalingDetector):
    """Three cascaded networks: proposals at every scale, refined, judged. Its score is the last one's probability.

    WeightsError where the package's weights are missing or not the known ones.
    """

    def __init__(self, settings: DetectSettings) -> None:
        super().__init__("mtcnn", settings)
        read = mtcnn_weights.read
        self._pnet = open_session(mtcnn_networks.pnet(read("pnet")), _THREADS, varied=True)
        self._rnet = open_session(mtcnn_networks.rnet(read("rnet")), _THREADS, varied=True)
        self._onet = open_session(mtcnn_networks.onet(read("onet")), _THREADS, varied=True)

    def find(self, image: UInt8Array) -> Faces:
        """See `ScalingDetector`. Faces below `DetectSettings.mtcnn_min_face_px` are not looked for."""
        pixels = image.astype(np.float32)
        proposed = self._proposed(pixels)
        refined = self._refined(pixels, proposed) if len(proposed) else proposed
        return self._judged(pixels, refined) if len(refined) else Faces.none()

    def _proposed(self, pixels: FloatArray) -> FloatArray:
        """The first network at every scale: squares, best first."""
        found = [self._proposed_at(pixels, scale) for scale in boxes.scales(pixels.shape, self.settings.mtcnn_min_face_px)]
        if not found:
            return np.zeros((0, 4), np.float32)
        xyxy, score = (np.concatenate(part) for part in zip(*found, strict=True))
        xyxy = xyxy[boxes.best_first(score)]
        return boxes.squared(xyxy[boxes.unlike(xyxy, _ALIKE)])

    def _proposed_at(self, pixels: FloatArray, scale: float) -> tuple[FloatArray, FloatArray]:
        told = self._pnet.run(None, {"input": boxes.shrunk(pixels, scale)[None]})[0][0]
        xyxy, score = boxes.proposals(told, _PROPOSED, scale)
        kept = boxes.unlike(xyxy, _SAME_SCALE)
        return xyxy[kept], score[kept]

    def _refined(self, pixels: FloatArray, squares: FloatArray) -> FloatArray:
        """The second network: those squares that look like a face still, moved onto it, best first."""
        told = _told(self._rnet, pixels, squares, _RNET_PX)
        chosen = boxes.best_first(boxes.probability(told[:, 4]), _REFINED)
        xyxy = boxes.moved(squares[chosen], told[chosen, :4])
        return boxes.squared(xyxy[boxes.unlike(xyxy, _ALIKE)])

    def _judged(self, pixels: FloatArray, squares: FloatArray) -> Faces:
        """The third network: the faces among the squares."""
        told = _told(self._onet, pixels, squares, _ONET_PX)
        score = boxes.probability(told[:, 14])
        chosen = boxes.best_first(score, self.settings.min_score)
        squares, told = squares[chosen], told[chosen]
        xyxy = boxes.moved(squares, told[:, :4])
        # The landmarks' shares count pixels from 1.
        shares = told[:, 4:14].reshape(-1, 2, 5).transpose(0, 2, 1)
        landmarks = shares * boxes.sizes(squares)[:, None] + squares[:, None, :2] - 1
        faces = Faces(xyxy, score[chosen], by_side(landmarks))
        return faces[boxes.unlike(xyxy, _ALIKE, of_smaller=True)]


def _told(session: Any, pixels: FloatArray, squares: FloatArray, side_px: int) -> FloatArray:
    """What the network tells of each square, a row each."""
    rows = []
    for start in range(0, len(squares), _BATCH):
        batch = boxes.cut(pixels, squares[start : start + _BATCH], side_px, mtcnn_networks.MIDDLE)
        rows.append(session.run(None, {"input": batch})[0])
    return np.concatenate(rows)
