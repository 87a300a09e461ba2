import cv2
import numpy as np
import pytest

from fer_core import dataset
from fer_core.errors import DataError, OutputError
from fer_core.types import EXPRESSIONS

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


# ---- what the arrays must be ----------------------------------------------------------------------------------------


def faces(n=4, **changes):
    arrays = {
        "image": np.zeros((n, 48, 48), np.uint8), "label": np.arange(n) % 2, "split": np.zeros(n, np.int64),
        "flawed": np.zeros(n, bool), **changes,
    }  # fmt: skip
    return dataset.LabelledFaces(**arrays)


def test_no_faces_are_legal():
    empty = faces(0)
    assert len(empty) == 0
    assert empty.counts() == {}
    assert len(empty[np.zeros(0, bool)]) == 0
    with pytest.raises(DataError, match="holds no pictures"):
        empty.check_classes()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label": np.array([0, 1, 2, 7])}, "labels must lie between 0 and 6, not 0 … 7"),
        ({"label": np.array([0, -1, 2, 3])}, "labels must lie between 0 and 6, not -1 … 3"),
        ({"label": np.zeros(4)}, "labels must be .* whole numbers, not .* float64"),
        ({"split": np.array([0, 0, 0, 3])}, "splits must lie between 0 and 2"),
        ({"split": np.zeros(3, np.int64)}, "splits must be"),
        ({"flawed": np.zeros(4, int)}, "flaws must be"),
        ({"votes": np.zeros((4, 8), np.float32)}, "votes must be \\(4, 7\\), not \\(4, 8\\)"),
        ({"votes": np.full((4, 7), np.nan, np.float32)}, "votes must be shares"),
        ({"group": ("a",)}, "groups must be 4 names, not 1"),
        ({"labels": ("a", "a")}, "the classes must be named, each once"),
        ({"labels": ()}, "the classes must be named"),
    ],
)
def test_arrays_that_dont_fit_are_refused(changes, message):
    with pytest.raises(DataError, match=message):
        faces(**changes)


def test_rows_keep_all_that_is_known_of_them():
    votes = np.array([[0.1, 0.6], [0.5, 0.5], [0.9, 0], [0, 1]], np.float32)
    data = faces(labels=("calm", "keen"), group=("ann", "ben", "ann", ""), votes=votes)
    assert data[np.array([False, True, False, True])].group == ("ben", "")
    assert data[np.array([2, 0])].group == ("ann", "ann")
    assert data[np.array([2, 0])].labels == ("calm", "keen")
    assert data.majority().label.tolist() == [1, 0, 1]
    assert data.majority().group == ("ann", "ann", "")
    assert data.counts() == {"train": {"calm": 2, "keen": 2}}


def test_one_class_only_is_not_enough():
    data = faces(label=np.full(4, 3))
    with pytest.raises(DataError, match="one class only, happy"):
        data.check_classes()
    faces().check_classes()


# ---- saving ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rich", [False, True])
def test_what_was_saved_is_read_back(tmp_path, rich):
    rng = np.random.default_rng(0)
    more = {"labels": ("calm", "keen"), "group": ("ann", "", "ben", "ann"), "votes": rng.random((4, 2), np.float32)}
    data = faces(
        image=rng.integers(0, 255, (4, 48, 48), np.uint8), split=np.array([0, 1, 2, 0]),
        flawed=np.array([True, False, False, False]), **(more if rich else {}),
    )  # fmt: skip
    dataset.save(data, tmp_path / "a.npz")
    read = dataset.load(tmp_path / "a.npz", own_classes=rich)
    for name in ("image", "label", "split", "flawed"):
        assert np.array_equal(getattr(read, name), getattr(data, name))
    assert (read.labels, read.group) == (data.labels, data.group)
    assert read.votes is None if not rich else np.array_equal(read.votes, data.votes)
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_saving_where_there_is_no_folder(tmp_path):
    with pytest.raises(OutputError, match=r"a\.npz: can't be written"):
        dataset.save(faces(), tmp_path / "none" / "a.npz")


def test_saved_classes_of_ones_own_must_be_asked_for(tmp_path):
    dataset.save(faces(labels=("calm", "keen")), tmp_path / "a.npz")
    with pytest.raises(DataError, match=r"a\.npz: its classes are calm, keen, not angry"):
        dataset.load(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label": np.linspace(0, 1, 6)}, "the array label must hold whole numbers"),
        ({"usage": np.array(["a"] * 6)}, "the array usage must hold whole numbers"),
        ({"usage": np.zeros(2, int)}, "splits must be"),
        ({"leaked": np.zeros(2, bool)}, "the array leaked must be"),
        ({"ferplus_votes": np.zeros((6, 7), int)}, "FER\\+ votes must be \\(6, 10\\)"),
        ({"image": np.zeros((6, 48, 48))}, "images must be"),
        ({"image": np.array([{}] * 6, dtype=object)}, "not a readable"),
    ],
)
def test_arrays_of_an_npz_that_dont_fit_are_refused(tmp_path, changes, message):
    with pytest.raises(DataError, match=message) as caught:
        dataset.load(write_npz(tmp_path / "odd.npz", **changes))
    assert str(caught.value).startswith(str(tmp_path / "odd.npz"))


# ---- FER2013's .csv -------------------------------------------------------------------------------------------------


def test_headers_of_the_challenge_and_votes_beside(tmp_path):
    path = tmp_path / "icml_face_data.csv"
    path.write_text(f"\ufeffemotion, Usage, pixels\n0,PublicTest,{FACE}\n6,PrivateTest,{FACE}\n", encoding="utf-8")
    assert dataset.load(path).votes is None
    names = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    beside = tmp_path / "fer2013new.csv"
    beside.write_text(f"{names}\nPublicTest,a.png,1,0,0,0,9,0,0,0,0,0\nPrivateTest,,0,0,0,0,0,0,0,0,0,10\n")
    data = dataset.load(path)
    assert data.split.tolist() == [1, 2]
    assert data.votes[0].tolist() == pytest.approx([0.9, 0, 0, 0, 0, 0, 0.1])
    assert data.votes[1].sum() == 0
    beside.write_text(f"{names}\nPublicTest,a.png,1,0,0,0,9,0,0,0,0,0\n")
    with pytest.raises(DataError, match="FER\\+ votes must be \\(2, 10\\), not \\(1, 10\\)"):
        dataset.load(path)
    beside.write_text(names.replace("NF", "other") + "\n")
    with pytest.raises(DataError, match=r"fer2013new\.csv: expected FER\+'s columns"):
        dataset.load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"emotion,pixels,Usage\n0,%b\n", "line 2: holds 2 values, not 3"),
        (b"emotion,pixels,Usage\n0,%b 999,Training\n", "line 2: expected 2304 pixels"),
        (b"emotion,pixels\n-1,%b\n", "line 2: the label -1 is not one of 0 to 6"),
        (b"emotion,pixels\n\xff,%b\n", "not a readable .csv"),
        (b'emotion,pixels\n0,"' + b"1" * 200_000, "line 2: not a readable .csv"),
        (b"", "expected the columns"),
    ],
)
def test_rows_that_cant_be_used_are_named(tmp_path, content, message):
    path = tmp_path / "fer.csv"
    path.write_bytes(content.replace(b"%b", FACE.encode()))
    with pytest.raises(DataError, match=message) as caught:
        dataset.load(path)
    assert "fer.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


# ---- folders and labels files ---------------------------------------------------------------------------------------


def picture(path, grey=99):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((60, 50, 3), grey, np.uint8))


def test_splits_within_the_classes(tmp_path):
    for place in ("happy/train/a.png", "happy/test/a.png", "sad/Training/a.jpg", ".git/x.png", "__MACOSX/y.png"):
        picture(tmp_path / place)
    (tmp_path / "sad" / "Training" / "notes.txt").write_text("not a picture, and not named as one")
    data = dataset.load(tmp_path)
    assert sorted(zip(data.split.tolist(), data.label.tolist(), strict=True)) == [(0, 3), (0, 4), (2, 3)]


def test_an_empty_split_is_told(tmp_path):
    picture(tmp_path / "train" / "happy" / "a.png")
    (tmp_path / "test" / "happy").mkdir(parents=True)
    with pytest.raises(DataError, match="test: this split holds no pictures"):
        dataset.load(tmp_path)


def test_classes_of_ones_own_in_folders(tmp_path):
    for place in ("train/Keen/a.png", "train/calm/a.png", "test/keen/b.png"):
        picture(tmp_path / place)
    with pytest.raises(DataError, match=r"(Keen|keen|calm): the folder's name is none of angry"):
        dataset.load(tmp_path)
    data = dataset.load(tmp_path, own_classes=True)
    assert data.labels == ("calm", "keen")  # as first spelled: test comes before train
    assert data.counts() == {"train": {"calm": 1, "keen": 1}, "test": {"calm": 0, "keen": 1}}


def test_the_seven_stay_the_seven(tmp_path):
    picture(tmp_path / "Happiness" / "a.png")
    picture(tmp_path / "sad" / "a.png")
    data = dataset.load(tmp_path, own_classes=True)
    assert data.labels == EXPRESSIONS
    assert sorted(data.label.tolist()) == [3, 4]


def listed(folder, text, pictures=("a.png", "images/b.png")):
    for name in pictures:
        picture(folder / name)
    (folder / "labels.csv").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("column", ["label", "expression", "Emotion"])
def test_a_labels_file(tmp_path, column):
    text = f"person,file,{column},split\nAnn,a.png,happiness,\nBen,b.png,neutral,PublicTest\n"
    for path in (listed(tmp_path, text), tmp_path / "labels.csv"):
        data = dataset.load(path)
        assert data.label.tolist() == [3, 6]
        assert data.split.tolist() == [0, 1]
        assert data.group == ("Ann", "Ben")


def test_a_labels_file_in_each_split(tmp_path):
    listed(tmp_path / "train", "file,label\na.png,happy\nb.png,sad\n")
    listed(tmp_path / "val", "file,label,group\na.png,happy,Ann\n")
    data = dataset.load(tmp_path)
    assert data.split.tolist() == [0, 0, 1]
    assert data.group == ("", "", "Ann")


def test_classes_of_ones_own_in_a_labels_file(tmp_path):
    listed(tmp_path, "file,label\na.png,keen\nb.png,3\n")
    with pytest.raises(DataError, match="line 2: the label 'keen' is none of angry"):
        dataset.load(tmp_path)
    data = dataset.load(tmp_path, own_classes=True)
    assert data.labels == ("3", "keen")
    assert data.label.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "labels.csv: expected the columns file and label"),
        ("file,kind\na.png,happy\n", "expected the columns file and label"),
        ("file,label\n", "holds no rows"),
        ("file,label\na.png,happy\nnone.png,sad\n", "line 3: no picture 'none.png'$"),
        ("file,label\nx.png,happy\ny.png,sad\nz.png,sad\n", "line 2: no picture 'x.png', and 2 more are missing"),
        ("file,label\na.png\n", "line 2: holds 1 values, not 2"),
        ("file,label\na.png,\n", "line 2: names no label"),
        ("file,label\n,happy\n", "line 2: names no file"),
        ("file,label,split\na.png,happy,later\n", "line 2: unknown split 'later'"),
        ("file,label\n../a.png,happy\n", "line 2: the file '../a.png' lies outside"),
        ("file,label\n/etc/passwd,happy\n", "lies outside"),
        ("file,label\na\0.png,happy\n", "no picture"),
        ("file,label\nlabels.csv,happy\n", "labels.csv: not a readable picture"),
        (f"file,label\n{'a' * 300}.png,happy\n", "can't be read|no picture"),
    ],
)
def test_labels_files_that_cant_be_used(tmp_path, text, message):
    with pytest.raises(DataError, match=message) as caught:
        dataset.load(listed(tmp_path, text))
    assert str(caught.value).startswith(str(tmp_path))
    assert "\n" not in str(caught.value)
