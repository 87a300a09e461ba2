"""How usable a shot of a face is, and which shots of a track are kept.

A poor crop gives a confident false match, so that quality gates what is embedded. Each factor lies in 0 … 1 and they
are multiplied: one that fails, fails the shot.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np

from fer_core import geometry
from fer_core.settings import QualitySettings
from fer_core.types import Faces, FloatArray, Frame, Look, Shot, UInt8Array

_FIXED_PX = 64
_LOOK_QUALITY = 95
_CRISP = 900.0
"""Variance of the Laplacian of a crisp face at 64 px: what sharpness 1 means."""


def ramp(value: float, poor: float, good: float) -> float:
    """0 at `poor`, 1 at `good`, straight in between; works in both directions."""
    return float(np.clip((value - poor) / (good - poor), 0.0, 1.0))


def _mean_and_spread(plane: np.ndarray) -> tuple[float, float]:
    """A plane's mean and standard deviation, many times faster than NumPy's for small ones."""
    mean, spread = cv2.meanStdDev(plane)
    return float(mean[0, 0]), float(spread[0, 0])


def sharpness(face: UInt8Array) -> float:
    """Share of the detail of a crisp face: Laplacian variance at 64 px (Pech-Pacheco et al. 2000), free of contrast."""
    grey = cv2.cvtColor(face, cv2.COLOR_BGR2GRAY) if face.ndim == 3 else face
    fixed = cv2.resize(grey, (_FIXED_PX, _FIXED_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    spread = max(_mean_and_spread(fixed)[1], 8.0)
    return _mean_and_spread(cv2.Laplacian(fixed * (40.0 / spread), cv2.CV_32F))[1] ** 2 / _CRISP


def yaw_of(landmarks: FloatArray) -> float:
    """Turn of the head from five landmarks (5, 2): the nose's way off the middle of the eyes, along the line of the
    eyes, in half eye distances; below 0 to image-left. 0 where the eyes fall together."""
    eyes = landmarks[1] - landmarks[0]
    length = float(np.hypot(*eyes))
    if length < 1e-3:
        return 0.0
    off = landmarks[2] - (landmarks[0] + landmarks[1]) / 2
    return float(np.dot(off, eyes) / (length * length / 2))


def hidden_shares(xyxy: FloatArray) -> FloatArray:
    """(n,) float32: how much of each box another may cover. Who stands in front can't be told from boxes: both count."""
    n = len(xyxy)
    shares = np.zeros(n, np.float32)
    for row in range(n):
        for other in (place for place in range(n) if place != row):
            width = min(xyxy[row, 2], xyxy[other, 2]) - max(xyxy[row, 0], xyxy[other, 0])
            height = min(xyxy[row, 3], xyxy[other, 3]) - max(xyxy[row, 1], xyxy[other, 1])
            area = max(1.0, float((xyxy[row, 2] - xyxy[row, 0]) * (xyxy[row, 3] - xyxy[row, 1])))
            shares[row] = max(shares[row], max(0.0, width) * max(0.0, height) / area)
    return shares


def quality_of(face: UInt8Array, size_px: float, yaw: float, hidden: float, settings: QualitySettings) -> float:
    """Quality in 0 … 1 of one face cut out closely, `size_px` high in the film."""
    grey = cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)
    luma, contrast = _mean_and_spread(grey)
    dark = settings.dark_luma
    light = min(ramp(luma, dark, 2 * dark), ramp(luma, 255 - dark / 2, 255 - dark))
    return (
        ramp(size_px, settings.poor_size_px, settings.good_size_px) ** 0.5
        * ramp(sharpness(face), settings.poor_sharpness, settings.good_sharpness) ** 0.5
        * ramp(abs(yaw), settings.max_yaw, settings.max_yaw / 4)
        * light
        * ramp(contrast, settings.good_contrast / 4, settings.good_contrast)
        * (1.0 - min(1.0, hidden)) ** 2
    )


def shot_of(frame: Frame, faces: Faces, row: int, hidden: float, settings: QualitySettings) -> Shot:
    """Cut one face out of its frame and judge it; the patch is a copy, so that the frame can go."""
    xyxy = faces.xyxy[row]
    patch, offset, scale = geometry.cut(frame.image, xyxy, settings.margin, settings.best_side_px)
    face = faces[row].moved(offset, scale)
    close, _, _ = geometry.cut(patch, face.xyxy[0], 0.0, settings.best_side_px)
    yaw = yaw_of(face.landmarks[0]) if face.landmarks is not None else 0.0
    size_px = float(xyxy[3] - xyxy[1])
    center = (float(xyxy[0] + xyxy[2]) / 2, float(xyxy[1] + xyxy[3]) / 2)
    quality = quality_of(close, size_px, yaw, hidden, settings)
    return Shot(frame.time_s, patch, face, center, size_px, quality, float(np.clip(yaw, -1, 1)))


def _shrunk(shot: Shot, side_px: int) -> Shot:
    factor = side_px / max(shot.patch.shape[:2])
    if factor >= 1:
        return shot
    height, width = (max(1, round(side * factor)) for side in shot.patch.shape[:2])
    patch = cv2.resize(shot.patch, (width, height), interpolation=cv2.INTER_AREA)
    return Shot(shot.time_s, patch, shot.face.moved((0, 0), factor), shot.center, shot.size_px, shot.quality, shot.yaw)


def look_of(shot: Shot, side_px: int) -> Look:
    """The shot packed into few bytes, its longer side at most side_px."""
    small = _shrunk(shot, side_px)
    _, packed = cv2.imencode(".jpg", small.patch, [cv2.IMWRITE_JPEG_QUALITY, _LOOK_QUALITY])
    return Look(packed.tobytes(), small.face, shot.quality)


@dataclass
class ShotKeeper:
    """The shots of one track worth keeping, bounded however long the track lasts.

    `best` spreads over pose: no turn of the head may fill all places while another has good shots. `shots` are evenly
    thinned: when full, every second one goes and from then on every second is taken.
    """

    settings: QualitySettings
    faces: int = 0
    first_s: float = 0.0
    last_s: float = 0.0
    best: list[Shot] = field(default_factory=list)
    shots: list[Shot] = field(default_factory=list)
    _stride: int = 1

    def add(self, shot: Shot) -> Shot | None:
        """Take the next shot of the track, in order of time; gives it as it joined `shots`, None where it didn't."""
        kept = _shrunk(shot, self.settings.shot_side_px) if self.faces % self._stride == 0 else None
        if kept is not None:
            self.shots.append(kept)
        self.first_s, self.last_s = (self.first_s if self.faces else shot.time_s), shot.time_s
        self.faces += 1
        if len(self.shots) > self.settings.max_shots:
            self.shots = self.shots[::2]
            self._stride *= 2
        self.best.append(shot)
        if len(self.best) > self.settings.best_shots:
            self.best.remove(self._least())
        return kept

    def _bin(self, shot: Shot) -> int:
        return min(int((shot.yaw + 1) / 2 * self.settings.pose_bins), self.settings.pose_bins - 1)

    def _least(self) -> Shot:
        """The shot to give up: the worst of the most crowded pose."""
        bins = [self._bin(shot) for shot in self.best]
        crowded = max(set(bins), key=bins.count)
        return min((s for s, b in zip(self.best, bins, strict=True) if b == crowded), key=lambda s: s.quality)
