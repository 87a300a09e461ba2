from dataclasses import replace

import cv2
import numpy as np
import pytest

from fer_core import quality
from fer_core.settings import QualitySettings
from fer_core.types import Faces, Frame, Shot

SETTINGS = QualitySettings()


def textured(side: int = 120, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return cv2.resize(rng.integers(40, 215, (side // 3, side // 3, 3)).astype(np.uint8), (side, side))


def shot(quality_: float, yaw: float = 0.0, time_s: float = 0.0) -> Shot:
    return Shot(time_s, np.zeros((20, 20, 3), np.uint8), Faces([[2, 2, 18, 18]], [0.9]), (0, 0), 50, quality_, yaw)


def test_each_flaw_lowers_quality():
    good = quality.quality_of(textured(), 100, 0.0, 0.0, SETTINGS)
    assert good > 0.8
    flat = np.full((120, 120, 3), 127, np.uint8)
    for worse in (
        quality.quality_of(textured(), 24, 0.0, 0.0, SETTINGS),
        quality.quality_of(textured(), 100, 0.7, 0.0, SETTINGS),
        quality.quality_of(textured(), 100, 0.0, 0.5, SETTINGS),
        quality.quality_of(cv2.GaussianBlur(textured(), (0, 0), 12), 100, 0.0, 0.0, SETTINGS),
        quality.quality_of(textured() // 8, 100, 0.0, 0.0, SETTINGS),
    ):
        assert worse < 0.6 * good
    assert quality.quality_of(flat, 100, 0.0, 0.0, SETTINGS) == 0.0


def test_sharpness_does_not_depend_on_contrast():
    strong = textured()
    weak = (strong // 2 + 60).astype(np.uint8)
    assert quality.sharpness(weak) == pytest.approx(quality.sharpness(strong), rel=0.1)


def test_yaw():
    front = np.array([[30, 40], [70, 40], [50, 60], [35, 80], [65, 80]], np.float32)
    assert quality.yaw_of(front) == 0.0
    turned = front.copy()
    turned[2, 0] = 40
    assert quality.yaw_of(turned) == pytest.approx(-0.5)
    assert quality.yaw_of(np.zeros((5, 2), np.float32)) == 0.0


def test_hidden_by_another_face():
    assert quality.hidden_shares(np.zeros((0, 4), np.float32)).tolist() == []
    boxes = np.array([[0, 0, 10, 10], [5, 0, 15, 20], [50, 0, 60, 10]], np.float32)
    assert quality.hidden_shares(boxes).tolist() == [0.5, 0.25, 0.0]


def test_shot_is_a_copy_with_its_face():
    frame = Frame(1.5, textured(300))
    faces = Faces([[100, 100, 160, 180]], [0.9], [[[115, 130], [145, 130], [130, 145], [118, 160], [142, 160]]])
    one = quality.shot_of(frame, faces, 0, 0.0, SETTINGS)
    assert one.center == (130, 140)
    assert one.size_px == 80
    x0, y0, x1, y1 = (int(v) for v in one.face.xyxy[0])
    assert np.array_equal(one.patch[y0:y1, x0:x1], frame.image[100:180, 100:160])
    assert not np.shares_memory(one.patch, frame.image)


def test_keeper_is_bounded_and_even():
    settings = replace(SETTINGS, max_shots=10, best_shots=4)
    keeper = quality.ShotKeeper(settings)
    for step in range(1000):
        keeper.add(shot(0.5, time_s=float(step)))
    assert keeper.faces == 1000
    assert len(keeper.best) == 4
    assert len(keeper.shots) <= 10
    gaps = np.diff([s.time_s for s in keeper.shots])
    assert gaps.min() == gaps.max()


def test_best_shots_are_spread_over_pose():
    keeper = quality.ShotKeeper(replace(SETTINGS, best_shots=3))
    for step in range(5):
        keeper.add(shot(0.9, yaw=0.0, time_s=step))
    keeper.add(shot(0.6, yaw=0.8))
    keeper.add(shot(0.6, yaw=-0.8))
    assert sorted(s.yaw for s in keeper.best) == [-0.8, 0.0, 0.8]
