"""Copies, leaks, contradictions, blanks: on made pictures with much detail, and FER2013's own flags where it is at hand."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_core import dataset
from fer_core.dataset import LabelledFaces, alike, cleaned, cleaning, examine

FER2013 = Path(__file__).parents[2] / "shared" / "fer2013" / "fer2013.npz"


def pictures(n, seed=0):
    """n pictures (n, 48, 48) that have nothing in common: large shapes and fine ones."""
    rng = np.random.default_rng(seed)
    out = np.zeros((n, 48, 48))
    for side, height in ((3, 1.0), (6, 0.7), (12, 0.5), (24, 0.3), (48, 0.2)):
        coarse = rng.normal(0, height, (n, side, side)).astype(np.float32)
        for picture, shapes in zip(out, coarse, strict=True):
            picture += cv2.resize(shapes, (48, 48), interpolation=cv2.INTER_CUBIC)
    return np.clip(out * 35 + 128, 0, 255).astype(np.uint8)


def faces(image, label=None, split=None, votes=None):
    n = len(image)
    label = np.arange(n) % 2 if label is None else np.array(label)
    split = np.zeros(n, np.int64) if split is None else np.array(split)
    return LabelledFaces(np.asarray(image), label, split, np.zeros(n, bool), votes)


def packed(image, quality):
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE)


def nearer(image, px):
    return cv2.resize(image[px:-px, px:-px], (48, 48), interpolation=cv2.INTER_LINEAR)


@pytest.mark.parametrize("n", [0, 1])
def test_nothing_to_compare(n):
    found = examine(faces(pictures(n)))
    assert set(found.counts().values()) == {0}
    assert found.twin.tolist() == list(range(n))
    assert len(cleaned(faces(pictures(n)), found, drop=True)) == n


def test_different_pictures_are_left_alone():
    data = faces(pictures(300))
    found = examine(data)
    assert not found.any.any()
    assert not cleaned(data, found).flawed.any()


@pytest.mark.parametrize(
    ("change", "share"),
    [
        (lambda x: packed(x, 40), 0.95),
        (lambda x: (x * 0.6).astype(np.uint8), 0.95),
        (lambda x: (255 * (x / 255) ** 0.7).astype(np.uint8), 0.95),
        (lambda x: x[:, ::-1], 0.99),
        (lambda x: packed(np.ascontiguousarray(255 - (255 - x[:, ::-1]) // 2), 60), 0.95),
        (lambda x: np.roll(x, 1, axis=1), 0.9),
        (lambda x: nearer(x, 2), 0.9),
        (lambda x: cv2.GaussianBlur(x, (0, 0), 0.6), 0.9),
    ],
    ids=["jpeg", "darker", "gamma", "mirrored", "mirrored, paler, jpeg", "moved", "cut", "blurred"],
)
def test_the_same_photograph_is_known_again(change, share):
    image = pictures(60)
    both = np.concatenate([image, np.stack([change(one) for one in image])])
    found = examine(faces(both))
    assert found.alike[60:].mean() >= share
    assert not found.alike[:60].any()
    right = found.twin[60:] == np.arange(60)
    assert (right == found.alike[60:]).all(), "joined with a stranger"
    assert not found.identical.any()


def test_an_identical_picture_is_a_copy_of_the_first():
    image = pictures(6)
    found = examine(faces(np.concatenate([image, image[[2, 2]]]), label=[0, 1, 0, 1, 0, 1, 0, 0]))
    assert found.identical.tolist() == [False] * 6 + [True] * 2
    assert found.same.tolist() == found.twin.tolist() == [0, 1, 2, 3, 4, 5, 2, 2]
    assert found.counts() == {"identical": 2, "alike": 0, "leaked": 0, "ambiguous": 0, "flat": 0, "rejected": 0}


def test_of_a_leak_the_later_split_has_the_copy_wherever_it_stands():
    one, two, three = pictures(3)
    data = faces([one, packed(two, 50), two, three, one], label=[0, 1, 1, 0, 0], split=[2, 1, 0, 1, 1])
    found = examine(data)
    assert found.leaked.tolist() == [True, True, False, False, False]
    assert found.twin.tolist() == [4, 2, 2, 3, 4]
    assert found.identical.tolist() == [True, False, False, False, False]
    assert found.alike.tolist() == [False, True, False, False, False]
    assert cleaning.leaked(found.same, data.split).tolist() == [True, False, False, False, False]
    assert found.by_split(data) == {
        "train": dict.fromkeys((*dataset.KINDS, "any"), 0),
        "validation": dict.fromkeys(dataset.KINDS, 0) | {"alike": 1, "leaked": 1, "any": 1},
        "test": dict.fromkeys(dataset.KINDS, 0) | {"identical": 1, "leaked": 1, "any": 1},
    }


def test_contradicting_labels_condemn_every_copy():
    one, two = pictures(2)
    found = examine(faces([one, two, one[:, ::-1], one, two], label=[0, 1, 0, 5, 1]))
    assert found.ambiguous.tolist() == [True, False, True, True, False]
    assert found.of_kind("ambiguous") is found.ambiguous


def test_blank_pictures_are_flat_and_no_copies_of_pale_ones():
    rng = np.random.default_rng(0)
    black, grey = np.zeros((48, 48), np.uint8), np.full((48, 48), 130, np.uint8)
    noisy = [np.clip(130 + rng.normal(0, 3, (48, 48)), 0, 255).astype(np.uint8) for _ in range(3)]
    found = examine(faces([black, grey, *noisy, pictures(1)[0]]))
    assert found.flat.tolist() == [True] * 5 + [False]
    assert not found.alike.any()
    assert not found.identical.any()


def test_what_the_voters_rejected():
    votes = np.zeros((4, 7), np.float32)
    votes[0, 3], votes[1, 3], votes[2, :2] = 1.0, 0.4, 0.3
    assert examine(faces(pictures(4), votes=votes)).rejected.tolist() == [False, True, False, True]


def test_cleaning_marks_or_drops_beside_what_was_marked_before():
    image = pictures(4)
    data = faces([*image, image[0]])
    data = data[np.arange(5)]
    marked = LabelledFaces(data.image, np.zeros(5, np.int64), data.split, np.array([False, True, False, False, False]))
    found = examine(marked)
    assert cleaned(marked, found).flawed.tolist() == [False, True, False, False, True]
    assert marked.flawed.sum() == 1, "the argument was changed"
    dropped = cleaned(marked, found, drop=True)
    assert np.array_equal(dropped.image, image[[0, 2, 3]])
    assert not dropped.flawed.any()


def test_findings_of_another_length_are_refused():
    found = examine(faces(pictures(3)))
    values = {name: getattr(found, name) for name in ("same", "twin", *dataset.KINDS)}
    with pytest.raises(ValueError, match="flat must be \\(3,\\), not \\(2,\\)"):
        cleaning.Findings(**{**values, "flat": np.zeros(2, bool)})


def test_progress_runs_to_its_end():
    told = []
    examine(faces(pictures(70)), tell=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]


def test_a_still_scene_is_one_photograph():
    rng = np.random.default_rng(0)
    scene = pictures(1)[0]
    film = np.clip(scene + rng.normal(0, 2, (150, 48, 48)), 0, 255).astype(np.uint8)
    assert set(alike.clusters(film, alike.AlikeSettings())) == {0}


def test_fer2013s_own_flags_are_found_again():
    if not FER2013.exists():
        pytest.skip(f"{FER2013.name} is not beside this checkout")
    data = dataset.load(FER2013)
    order = np.argsort(data.split, kind="stable")
    data = data[order]
    with np.load(FER2013) as arrays:
        own = {name: arrays[name][order] for name in ("leaked", "ambiguous")}
    same = alike.identical(data.image)
    assert np.array_equal(cleaning.leaked(same, data.split), own["leaked"])
    assert (cleaning.ambiguous(same, data.label) & own["ambiguous"]).sum() == 98  # the others contradict the test split
