"""Data cards and `data check`: what a person meets at the command line."""

import json

import cv2
import numpy as np
import pytest

from fer_core import dataset
from fer_core.__main__ import main
from fer_core.dataset import LabelledFaces, Words, describe, examine, markdown, read_card, write_card
from fer_core.dataset.card import fingerprint
from fer_core.errors import DataError, OutputError
from tests.test_cleaning import faces, packed, pictures


@pytest.fixture
def made(tmp_path):
    """A saved set with a copy, a leak and a blank; its path."""
    image = pictures(6)
    blank = np.zeros((48, 48), np.uint8)
    data = faces([*image, image[0], packed(image[1], 60), blank], label=[3, 4] * 3 + [3, 4, 6], split=[0] * 7 + [1, 1])
    dataset.save(data, tmp_path / "made.npz")
    return tmp_path / "made.npz"


def card_of(path, **words):
    data = dataset.load(path, own_classes=True)
    return describe(data, examine(data), path, Words(**{"name": "Made faces", **words}))


def test_a_card_says_what_lies_there(made):
    card = card_of(made, source="drawn", licence="CC0-1.0", limits=("No person.",))
    assert (card.pictures, card.file, card.size_bytes) == (9, "made.npz", made.stat().st_size)
    assert card.counts["train"]["happy"] == 4
    assert card.counts["validation"]["neutral"] == 1
    assert card.findings["train"]["identical"] == 1
    assert card.findings["validation"] == {
        "identical": 0, "alike": 1, "leaked": 1, "ambiguous": 0, "flat": 1, "rejected": 0, "any": 2,
    }  # fmt: skip
    assert (card.voted, card.groups, card.marked) == (False, 0, 0)


def test_toml_is_read_back_and_markdown_says_the_same(tmp_path, made):
    card = card_of(made, source='a "quoted" \\ source\nin two lines', limits=("One.", "Two."))
    write_card(card, tmp_path / "card.toml")
    assert read_card(tmp_path / "card.toml") == card
    write_card(card, tmp_path / "card.md")
    page = (tmp_path / "card.md").read_text(encoding="utf-8")
    assert page == markdown(card)
    assert card.sha256 in page
    assert "| happy | 4 | 0 | 4 |" in page
    assert "| identical | 1 | 0 | 1 |" in page
    assert page.count("\n- One.\n- Two.\n") == 1
    assert not list(tmp_path.glob("part-*"))


def test_words_of_others_stay_words(made):
    page = markdown(card_of(made, name="a | b\n# <script>", source="[x](http://y) `z`"))
    assert "<script>" not in page.replace("\\<script\\>", "")
    assert page.startswith("# a \\| b \\# ")
    assert "[x](" not in page.replace("\\[x\\](", "")


def test_groups_and_votes_are_told(tmp_path):
    votes = np.full((4, 2), 0.5, np.float32)
    data = LabelledFaces(
        pictures(4), np.arange(4) % 2, np.zeros(4, int), np.zeros(4, bool), votes, ("calm", "keen"), ("ann", "", "ben", "ann")
    )
    dataset.save(data, tmp_path / "own.npz")
    card = card_of(tmp_path / "own.npz")
    assert (card.voted, card.groups, card.labels) == (True, 2, ("calm", "keen"))
    assert "| groups named | 2 |" in markdown(card)


def test_a_folders_fingerprint_changes_with_what_lies_in_it(tmp_path):
    folder = tmp_path / "set"
    (folder / "happy").mkdir(parents=True)
    (folder / "happy" / "a.png").write_bytes(b"1")
    (folder / ".hidden").write_bytes(b"2")
    first, size = fingerprint(folder)
    assert size == 1
    (folder / ".hidden").write_bytes(b"3")
    assert fingerprint(folder) == (first, 1)
    (folder / "labels.csv").write_text("file,label\n")
    assert fingerprint(folder)[0] != first
    assert fingerprint(folder) == fingerprint(folder / "labels.csv")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "not a readable card"),
        (b"\xff", "not a readable card"),
        (b"a = ", "not a readable card"),
        (b"a = 1", "not a data"),
    ],
)
def test_cards_that_are_none(tmp_path, content, message):
    path = tmp_path / "card.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_card(path)


def test_a_card_whose_lists_are_none(tmp_path, made):
    write_card(card_of(made), tmp_path / "card.toml")
    text = (tmp_path / "card.toml").read_text().replace("limits = []", "limits = 1")
    (tmp_path / "card.toml").write_text(text)
    with pytest.raises(DataError, match="limits and labels must be lists"):
        read_card(tmp_path / "card.toml")


def test_cards_that_cant_be_written(tmp_path, made):
    card = card_of(made)
    with pytest.raises(OutputError, match=r"ends in \.toml or \.md"):
        write_card(card, tmp_path / "card.txt")
    with pytest.raises(OutputError, match="can't be written"):
        write_card(card, tmp_path / "none" / "card.md")


# ---- the command ----------------------------------------------------------------------------------------------------


def told(capsys, *arguments):
    assert main(["data", "check", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys, *arguments):
    assert main(["data", "check", *map(str, arguments)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    lines = said.err.strip().splitlines()
    assert len(lines) == 1, said.err
    return lines[0]


def test_check_tells_and_writes(tmp_path, made, capsys):
    out, card = tmp_path / "clean.npz", tmp_path / "card.toml"
    result = told(capsys, made, "--out", out, "--card", card, "--card", tmp_path / "card.md", "--name", "Made")
    assert (result["pictures"], result["kept"], result["name"]) == (9, 6, "Made")
    assert read_card(card).as_dict() == {key: value for key, value in result.items() if key != "kept"}
    assert dataset.load(out).flawed.tolist() == [False] * 6 + [True] * 3
    told(capsys, made, "--out", out, "--drop")
    assert len(dataset.load(out)) == 6


def test_check_is_read_by_people_too(made, capsys):
    assert main(["data", "check", str(made)]) == 0
    said = capsys.readouterr()
    assert "made: 9 pictures, 7 classes" in said.out
    assert "6 pictures are without a flaw" in said.out
    assert said.err == ""


def test_check_takes_classes_of_ones_own(tmp_path, capsys):
    for number, (name, image) in enumerate(zip(["calm", "[b]keen"] * 2, pictures(4), strict=True)):
        (tmp_path / "set" / name).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / "set" / name / f"{number}.png"), image)
    assert "none of angry" in refused(capsys, tmp_path / "set")
    assert told(capsys, tmp_path / "set", "--own-classes")["labels"] == ["[b]keen", "calm"]
    assert main(["data", "check", str(tmp_path / "set"), "--own-classes"]) == 0
    assert "[b]keen" in capsys.readouterr().out


def test_what_cant_be_checked_is_told_in_one_sentence(tmp_path, made, capsys):
    assert "no such file or folder" in refused(capsys, tmp_path / "none.npz")
    dataset.save(faces(pictures(3), label=[3, 3, 3]), tmp_path / "one.npz")
    assert "one.npz: holds one class only, happy" in refused(capsys, tmp_path / "one.npz")
    assert "must end in .toml or .md" in refused(capsys, made, "--card", tmp_path / "card.txt")
    assert "must end in .npz" in refused(capsys, made, "--out", tmp_path / "out.csv")
    assert "can't be written" in refused(capsys, made, "--out", tmp_path / "none" / "out.npz")
    blank = np.zeros((2, 48, 48), np.uint8)
    dataset.save(faces(blank), tmp_path / "blank.npz")
    out = tmp_path / "out.npz"
    assert "no picture would be left" in refused(capsys, tmp_path / "blank.npz", "--out", out)
    assert not out.exists()
