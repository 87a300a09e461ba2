"""The occlusion map on models that look at one known place only."""

import numpy as np
import pytest

from fer_core.explain import occlusion_map

MIDDLE = (slice(20, 28), slice(20, 28))


class Looker:
    """Tells class 1 the surer, the brighter one region is; class 0 the surer, the brighter another; counts its questions."""

    def __init__(self, speaks=MIDDLE, against=None):
        self.speaks, self.against, self.batches = speaks, against, []

    def __call__(self, faces):
        assert faces.ndim == 3 and faces.shape[1:] == (48, 48) and faces.dtype == np.uint8
        self.batches.append(len(faces))
        score = faces[:, *self.speaks].mean(axis=(1, 2)) / 255
        if self.against:
            score = score - 0.5 * faces[:, *self.against].mean(axis=(1, 2)) / 255
        return np.stack([1 - score, score, np.zeros_like(score)], axis=1)


def face(*bright):
    picture = np.zeros((48, 48), np.uint8)
    for region in bright:
        picture[region] = 255
    return picture


def test_what_the_model_looks_at_is_found():
    found = occlusion_map(face(MIDDLE), Looker())
    assert found.shape == (48, 48) and found.dtype == np.float32
    assert found[MIDDLE].min() > found[:8].max() + 0.1
    assert not found[:8].any()


def test_what_speaks_against_the_class_is_below_zero():
    corner = (slice(2, 8), slice(2, 8))
    found = occlusion_map(face(MIDDLE, corner), Looker(against=corner), label=1)
    assert found[corner].max() < 0 < found[MIDDLE].min()


def test_another_class_is_explained_when_asked_for():
    picture, model = face(MIDDLE), Looker()
    assert np.allclose(occlusion_map(picture, model, label=0), -occlusion_map(picture, model, label=1), atol=1e-6)


def test_a_flat_face_has_a_flat_map():
    assert not occlusion_map(np.full((48, 48), 90, np.uint8), Looker()).any()


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_batches_make_no_difference_and_stay_small(batch):
    model = Looker()
    found = occlusion_map(face(MIDDLE), model, batch=batch, step_px=6)
    assert max(model.batches) <= batch
    assert np.allclose(found, occlusion_map(face(MIDDLE), Looker(), step_px=6), atol=1e-6)


@pytest.mark.parametrize(("patch", "step"), [(1, 1), (2, 1), (12, 6), (13, 7), (48, 24)])
def test_every_pixel_is_hidden_at_some_time(patch, step):
    assert np.isfinite(occlusion_map(face(MIDDLE), Looker(), patch_px=patch, step_px=step)).all()


def test_the_face_is_left_alone():
    picture = face(MIDDLE)
    picture.setflags(write=False)
    occlusion_map(picture, Looker())


@pytest.mark.parametrize(
    ("picture", "patch", "step"),
    [
        (np.zeros((47, 48), np.uint8), 12, 3),
        (np.zeros((48, 48), np.float32), 12, 3),
        (np.zeros((48, 48), np.uint8), 12, 0),
        (np.zeros((48, 48), np.uint8), 12, 7),
        (np.zeros((48, 48), np.uint8), 200, 3),
    ],
)
def test_what_is_no_face_or_leaves_gaps_is_refused(picture, patch, step):
    with pytest.raises(ValueError, match="must"):
        occlusion_map(picture, Looker(), patch_px=patch, step_px=step)
