import cv2
import numpy as np
import pytest

from fer_core import dataset
from fer_core.errors import DataError

FACE = " ".join(["7"] * 48 * 48)


def write_npz(path, n=6, **changes):
    rng = np.random.default_rng(0)
    votes = np.zeros((n, 10), np.int8)
    votes[:, 1], votes[:, 9] = 6, 4
    votes[0] = (5, 5, 0, 0, 0, 0, 0, 0, 0, 0)
    arrays = {
        "image": rng.integers(0, 256, (n, 48, 48)).astype(np.uint8), "label": np.arange(n) % 7,
        "usage": np.array([0] * (n - 2) + [1] * 2), "ferplus_votes": votes, "leaked": np.zeros(n, bool),
        "ambiguous": np.arange(n) == 1, **changes,
    }  # fmt: skip
    np.savez(path, **{name: value for name, value in arrays.items() if value is not None})
    return path


def test_npz(tmp_path):
    data = dataset.load(write_npz(tmp_path / "a.npz"))
    assert len(data) == 6
    assert data.flawed.tolist() == [False, True, False, False, False, False]
    assert data.votes[2].tolist() == pytest.approx([0, 0, 0, 0.6, 0, 0, 0])
    assert len(data.of_split(None)) == 2
    assert len(data.of_split("train")) == 4
    majority = data.majority()
    assert len(majority) == 5
    assert set(majority.label) == {3}


def test_csv(tmp_path):
    path = tmp_path / "fer2013.csv"
    path.write_text(f"emotion,pixels,Usage\n0,{FACE},Training\n6,{FACE},PrivateTest\n")
    data = dataset.load(path)
    assert data.label.tolist() == [0, 6]
    assert data.split.tolist() == [0, 2]
    assert data.image[0, 0, 0] == 7
    with pytest.raises(DataError, match="no FER\\+ votes"):
        data.majority()


def test_folder_with_splits(tmp_path):
    for split, name in (("train", "happy"), ("train", "anger"), ("test", "sad")):
        (tmp_path / split / name).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / split / name / "a.png"), np.full((60, 50, 3), 99, np.uint8))
    data = dataset.load(tmp_path)
    assert sorted(zip(data.split.tolist(), data.label.tolist(), strict=True)) == [(0, 0), (0, 3), (2, 4)]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.npz", None, "no such file"),
        ("a.txt", "hello", "expected an .npz"),
        ("a.npz", "hello", "not a readable .npz"),
        ("a.csv", "a,b\n1,2\n", "expected the columns"),
        ("b.csv", "emotion,pixels,Usage\n", "holds no rows"),
        ("c.csv", f"emotion,pixels,Usage\n9,{FACE},Training\n", "line 2: the label 9"),
        ("d.csv", "emotion,pixels,Usage\n1,1 2 3,Training\n", "line 2: expected 2304 pixels"),
        ("e.csv", "emotion,pixels,Usage\n1,a b,Training\n", "line 2: the label or the pixels"),
        ("f.csv", f"emotion,pixels,Usage\n1,{FACE},Elsewhere\n", "unknown Usage 'Elsewhere'"),
        ("g.csv", "emotion,pixels,Usage\n1\n", "line 2"),
    ],
)
def test_bad_files_are_refused_in_one_sentence(tmp_path, name, content, message):
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    with pytest.raises(DataError, match=message) as caught:
        dataset.load(path)
    assert name in str(caught.value)


def test_bad_npz(tmp_path):
    whole = write_npz(tmp_path / "whole.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cut\.npz: not a readable"):
        dataset.load(tmp_path / "cut.npz")
    with pytest.raises(DataError, match="lacks the arrays label"):
        dataset.load(write_npz(tmp_path / "a.npz", label=None))
    with pytest.raises(DataError, match="labels must lie"):
        dataset.load(write_npz(tmp_path / "b.npz", label=np.array([0, 1, 2, 3, 4, 9])))
    with pytest.raises(DataError, match="images must be"):
        dataset.load(write_npz(tmp_path / "c.npz", image=np.zeros((6, 40, 48), np.uint8)))


def test_bad_folders(tmp_path):
    with pytest.raises(DataError, match="holds no pictures"):
        dataset.load(tmp_path)
    (tmp_path / "happy").mkdir()
    (tmp_path / "happy" / "a.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"a\.png: not a readable picture"):
        dataset.load(tmp_path)
    (tmp_path / "merry").mkdir()
    (tmp_path / "happy" / "a.png").unlink()
    with pytest.raises(DataError, match="merry"):
        dataset.load(tmp_path)


def test_unknown_and_empty_splits(tmp_path):
    data = dataset.load(write_npz(tmp_path / "a.npz"))
    with pytest.raises(DataError, match="unknown split"):
        data.of_split("dev")
    with pytest.raises(DataError, match="no picture of the split 'test'"):
        data.of_split("test")
