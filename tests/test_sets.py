"""Labelled sets of the app: made whole or not at all, also from archives that mean harm."""

import io
import os
import stat
import struct
import time
import warnings
import zipfile
import zlib

import cv2
import numpy as np
import pytest

from fer_core import dataset
from fer_core.errors import DataError, InputError, OutputError
from server import sets
from server.unpack import Limits, unpack

ODD = "Käthes set_1-b"


def png(grey: int = 0, seed: int = 0) -> bytes:
    """A picture with contrast, another for every seed."""
    noise = np.random.default_rng(seed).normal(grey, 40, (8, 8))
    return cv2.imencode(".png", cv2.resize(np.clip(noise, 0, 255).astype(np.uint8), (32, 32)))[1].tobytes()


def archive(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as packed:
        for name, content in entries.items():
            packed.writestr(name, content)
    file.seek(0)
    return file


def faces(*classes: str, n: int = 3, top: str = "") -> dict[str, bytes]:
    places = [(name, k) for name in classes for k in range(n)]
    return {f"{top}{name}/{k}.png": png(100, seed) for seed, (name, k) in enumerate(places)}


def link_entry(target: str) -> tuple[zipfile.ZipInfo, str]:
    entry = zipfile.ZipInfo("happy/link.png")
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return entry, target


def files(folder) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# ---- archives -------------------------------------------------------------------------------------------------------


def test_an_archive_is_unpacked_and_what_is_not_asked_for_is_left_out(tmp_path):
    told: list[float] = []
    strewn = {"__MACOSX/happy/._0.png": b"x", ".DS_Store": b"x", "happy/Thumbs.db": b"x", "read me.txt": b"x", "run.sh": b"x"}
    left_out = unpack(archive(faces("happy", "sad") | strewn), tmp_path, [".png"], "a.zip", tell=told.append)
    assert left_out == 2
    assert files(tmp_path) == [f"{name}/{k}.png" for name in ("happy", "sad") for k in range(3)]
    assert told == [0.0]


@pytest.mark.parametrize(
    "name",
    [
        "../out.png", "happy/../../out.png", "/etc/out.png", "..\\..\\out.png", "C:\\out.png", "happy//out.png", "./out.png",
        "happy/a\nb.png", "a/" * 9 + "out.png", "x" * 300 + ".png", "happy/..", "..", "happy/a:b.png",
    ],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_refused_and_nothing_is_written(tmp_path, name):
    inner = tmp_path / "deep" / "inner"
    inner.mkdir(parents=True)
    with pytest.raises(DataError, match=r"^a\.zip: holds a file whose name"):
        unpack(archive(faces("happy") | {name: png()}), inner, [".png"], "a.zip")
    assert files(tmp_path) == []


def test_links_are_refused(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr(*link_entry("/etc/passwd"))
    with pytest.raises(DataError, match="link or device"):
        unpack(file, tmp_path, [".png"], "a.zip")
    assert files(tmp_path) == []


def test_bombs_are_refused_by_what_they_say_and_by_what_they_hold(tmp_path):
    with pytest.raises(DataError, match="holds 6 files; at most 5"):
        unpack(archive(faces("happy", "sad")), tmp_path, [".png"], "a.zip", Limits(files=5))
    big = {"happy/a.png": bytes(10**6), "happy/b.png": bytes(10**6)}
    with pytest.raises(DataError, match=r"more than the 0\.0015 GB"):
        unpack(archive(big), tmp_path, [".png"], "a.zip", Limits(total_bytes=1_500_000))
    assert files(tmp_path) == []


def test_a_bomb_that_says_it_is_small_writes_no_more_than_it_says(tmp_path):
    content = archive({"happy/a.png": bytes(10**6)}).getvalue()
    lying = io.BytesIO(content.replace(struct.pack("<I", 10**6), struct.pack("<I", 10)))
    with pytest.raises(DataError, match="damaged"):
        unpack(lying, tmp_path, [".png"], "a.zip", Limits(total_bytes=1000))
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.png")) <= 1000


def test_a_table_of_contents_without_end_is_not_read(tmp_path):
    many = archive({f"{k}.png": b"" for k in range(300)}, zipfile.ZIP_STORED)
    with pytest.raises(DataError, match="too many files; at most 10"):
        unpack(many, tmp_path, [".png"], "a.zip", Limits(files=10))


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06", b"no archive" * 50, archive({"a.png": png()}).getvalue()[:-30]])
def test_what_is_no_archive_is_told(tmp_path, content):
    with pytest.raises(DataError, match=r"^a\.zip: a damaged \.zip, or none"):
        unpack(io.BytesIO(content), tmp_path, [".png"], "a.zip")


def test_a_damaged_picture_in_an_archive_is_told(tmp_path):
    content = bytearray(archive({"happy/a.png": png()}, zipfile.ZIP_STORED).getvalue())
    content[60] ^= 0xFF
    with pytest.raises(DataError, match="damaged"):
        unpack(io.BytesIO(bytes(content)), tmp_path, [".png"], "a.zip")


def test_encrypted_and_uncommonly_packed_archives_are_refused(tmp_path):
    with pytest.raises(DataError, match="uncommon way"):
        unpack(archive(faces("happy"), zipfile.ZIP_LZMA), tmp_path, [".png"], "a.zip")
    content = bytearray(archive({"happy/a.png": png()}).getvalue())
    table = content.index(b"PK\x01\x02")
    content[table + 8] |= 1
    with pytest.raises(DataError, match="encrypted"):
        unpack(io.BytesIO(bytes(content)), tmp_path, [".png"], "a.zip")


def test_the_same_name_twice_is_refused(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        packed.writestr("a.png", png())
        packed.writestr("a.png", png(200))
    with pytest.raises(DataError, match=r"holds a\.png twice"):
        unpack(file, tmp_path, [".png"], "a.zip")
    with pytest.raises(OutputError, match="can't be unpacked"):
        unpack(archive({"a.png": png(), "a.png/b.png": png()}), tmp_path / "new", [".png"], "a.zip")


def png_of(width: int, height: int) -> bytes:
    """A picture that says it is so large; its size is checked, so its checksum has to be right."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    sum_of = struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + sum_of + struct.pack(">I", 0) + b"IDAT" + bytes(4)


@pytest.mark.parametrize("side", [7_000, 60_000])
def test_a_picture_that_would_fill_the_memory_is_refused(tmp_path, side):
    with pytest.raises(DataError, match=r"^a\.zip: happy/bomb\.png: has more than the 40 million pixels"):
        sets.add(tmp_path, "bomb", archive(faces("happy", "sad") | {"happy/bomb.png": png_of(side, side)}), "a.zip")
    assert files(tmp_path) == []


def test_arrays_that_would_fill_the_memory_are_refused(tmp_path, monkeypatch):
    huge = io.BytesIO()
    np.savez_compressed(huge, image=np.zeros((20, 48, 48), np.uint8), label=np.zeros(20, int), junk=np.zeros(10**6))
    monkeypatch.setattr("server.unpack._MOST_ARRAY_BYTES", 10**6)
    for name, content in {"a.npz": huge, "b.zip": archive({"x/a.npz": huge.getvalue()})}.items():
        content.seek(0)
        with pytest.raises(DataError, match=rf"^{name}: holds more than the 0\.001 GB"):
            sets.add(tmp_path, "bomb", content, name)
    assert files(tmp_path) == []


def test_an_array_that_says_it_is_larger_than_all_memory_is_refused(tmp_path):
    lying = io.BytesIO()
    np.lib.format.write_array_header_1_0(lying, {"descr": "|u1", "fortran_order": False, "shape": (10**15,)})
    with pytest.raises(DataError):
        sets.add(tmp_path, "liar", archive({"image.npy": lying.getvalue(), "label.npy": lying.getvalue()}), "a.npz")
    assert files(tmp_path) == []


# ---- sets -----------------------------------------------------------------------------------------------------------


def test_no_set_at_all(tmp_path):
    assert sets.all_sets(tmp_path) == []


@pytest.mark.parametrize("top", ["", "my faces/", "a/b/"])
def test_an_uploaded_archive_becomes_a_set(tmp_path, top):
    told = []
    content = archive(faces("happy", "sad", n=4, top=top) | {"notes.txt": b"x"})
    made = sets.add(tmp_path, ODD, content, "my faces.zip", lambda what, share: told.append(what))
    assert (made.name, made.origin, made.look.n, made.look.own) == (ODD, "upload", 8, False)
    assert made.look.classes["happy"] == made.look.classes["sad"] == 4
    assert made.look.splits == {"train": 8}
    assert made.look.findings[-1] == "1 other file was left out, neither picture nor table"
    assert sets.all_sets(tmp_path) == [made]
    assert made.data.is_relative_to(tmp_path / "sets" / ODD)
    assert {"unpacking", "reading the pictures"} <= set(told)


def test_splits_are_kept_and_a_lone_split_is_not_taken_for_wrapping(tmp_path):
    both = faces("happy", "sad", top="all/train/") | {f"all/test/happy/{k}.png": png(90, 50 + k) for k in range(2)}
    assert sets.add(tmp_path, "both", archive(both), "b.zip").look.splits == {"train": 6, "test": 2}
    lone = sets.add(tmp_path, "lone", archive(faces("happy", "sad", top="test/")), "c.zip")
    assert lone.look.splits == {"test": 6}


def test_copies_and_contradictions_are_found(tmp_path):
    twins = {"happy/a.png": png(100, 1), "happy/b.png": png(100, 1), "sad/a.png": png(100, 1), "sad/b.png": png(100, 2)}
    found = "\n".join(sets.add(tmp_path, "twins", archive(twins), "t.zip").look.findings)
    assert "2 pictures: the same picture, byte for byte" in found
    assert "several labels" in found
    kept = dataset.load(sets.read(tmp_path, "twins").data)
    assert kept.flawed.tolist() == [True, True, True, False]


def test_classes_of_ones_own_are_taken(tmp_path):
    made = sets.add(tmp_path, "own", archive(faces("at ease", "in a hurry")), "o.zip")
    assert made.look.own
    assert made.look.classes == {"at ease": 3, "in a hurry": 3}


def test_a_labels_file_and_a_lone_table_are_taken(tmp_path):
    listed = {"x/labels.csv": b"file,label\n1.png,happy\n2.png,sad\n", "x/1.png": png(90, 1), "x/2.png": png(90, 2)}
    assert sets.add(tmp_path, "listed", archive(listed), "l.zip").look.n == 2
    table = fer_csv(4)
    assert sets.add(tmp_path, "packed", archive({"fer/fer2013.csv": table}), "f.zip").look.n == 4
    assert sets.add(tmp_path, "plain", io.BytesIO(table), "FER2013.CSV").look.n == 4


def fer_csv(n: int) -> bytes:
    rng = np.random.default_rng(0)
    rows = [f"{k % 2},{' '.join(map(str, rng.integers(0, 255, 2304)))},Training" for k in range(n)]
    return "\n".join(["emotion,pixels,Usage", *rows]).encode()


def npz(labels, image=None) -> io.BytesIO:
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (len(labels), 48, 48), dtype=np.uint8)
    np.savez(file, image=noise if image is None else image, label=np.array(labels))
    file.seek(0)
    return file


def test_an_npz_is_taken(tmp_path):
    assert sets.add(tmp_path, "arrays", npz([0, 1, 1]), "a.npz").look.classes["disgust"] == 2


@pytest.mark.parametrize(
    ("content", "filename", "sentence"),
    [
        (io.BytesIO(b""), "a.zip", "a.zip: a damaged .zip"),
        (io.BytesIO(b"x"), "a.tar", "a.tar: a labelled set is a"),
        (io.BytesIO(b"x"), "a.npz", "a.npz: not a readable .npz"),
        (io.BytesIO(b"a,b\n1,2"), "a.csv", "a.csv: expected the columns"),
        (io.BytesIO(fer_csv(1) + b"\n1,2"), "a.csv", "a.csv, line 3: holds 2 values, not 3"),
        (npz([0, 9]), "a.npz", "a.npz: labels must lie between"),
        (archive({"read me.txt": b"x"}), "a.zip", "a.zip: holds no pictures"),
        (archive({"1.png": png()}), "a.zip", "a.zip: holds no pictures"),
        (archive({"happy/1.png": b"no picture", "sad/1.png": png()}), "a.zip", "a.zip: happy/1.png: not a readable picture"),
        (archive({"labels.csv": b"file,label\ngone.png,sad\n"}), "a.zip", "no picture 'gone.png'"),
        (archive({"labels.csv": b"file,label\n../../x.png,sad\n", "a.png": png()}), "a.zip", "outside the folder"),
        (archive(faces("happy") | {"../x.png": png()}), "a.zip", "leads elsewhere"),
    ],
)
def test_what_cannot_be_a_set_leaves_nothing_behind(tmp_path, content, filename, sentence):
    content.seek(0)
    with pytest.raises(InputError) as caught:
        sets.add(tmp_path, "bad", content, filename)
    assert sentence in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
    assert files(tmp_path) == []
    assert sets.all_sets(tmp_path) == []


@pytest.mark.parametrize("name", ["", "  ", ".", "..", "a/b", "a\\b", "-a", ".part-x", "x" * 61, "a\x00b", "<b>", "a.b"])
def test_names_that_cannot_be_folders_are_refused(tmp_path, name):
    with pytest.raises(InputError, match="name"):
        sets.add(tmp_path, name, archive(faces("happy")), "a.zip")
    assert files(tmp_path) == []


def test_a_name_is_taken_once_whatever_its_capitals(tmp_path):
    sets.add(tmp_path, "Door", npz([0, 1]), "a.npz")
    with pytest.raises(InputError, match="a set door already"):
        sets.add(tmp_path, "door", npz([0, 1]), "a.npz")
    assert [one.name for one in sets.all_sets(tmp_path)] == ["Door"]


def test_a_set_on_this_machine_is_taken_over_and_outlives_its_deletion(tmp_path):
    place = tmp_path / "mine.npz"
    place.write_bytes(npz([0, 1, 2]).getvalue())
    made = sets.take(tmp_path / "data", "mine", place)
    assert (made.origin, made.source, made.look.n) == ("folder", str(place), 3)
    sets.remove(tmp_path / "data", "mine")
    assert place.exists()
    assert sets.all_sets(tmp_path / "data") == []
    with pytest.raises(DataError, match="no such file"):
        sets.take(tmp_path / "data", "gone", tmp_path / "gone")


def test_a_set_is_deleted_with_everything(tmp_path):
    sets.add(tmp_path, "door", archive(faces("happy", "sad")), "a.zip")
    sets.remove(tmp_path, "door")
    assert files(tmp_path) == []
    with pytest.raises(DataError, match="no set door"):
        sets.remove(tmp_path, "door")
    (tmp_path / "set.json").write_text("{}")
    for name in ("..", "", ".", "../sets"):
        with pytest.raises(DataError):
            sets.remove(tmp_path, name)
    assert files(tmp_path) == ["set.json"]


def test_a_damaged_set_is_shown_and_can_be_deleted(tmp_path):
    (tmp_path / "sets" / "door").mkdir(parents=True)
    (tmp_path / "sets" / "door" / "set.json").write_text('{"origin": ')
    assert [(one.name, one.look) for one in sets.all_sets(tmp_path)] == [("door", None)]
    with pytest.raises(DataError, match="damaged"):
        sets.read(tmp_path, "door")
    sets.remove(tmp_path, "door")


def test_what_a_killed_process_left_goes_in_time_and_what_is_being_made_stays(tmp_path):
    old, new = tmp_path / "sets" / ".part-old", tmp_path / "sets" / ".part-new"
    for path in (old, new):
        (path / "data").mkdir(parents=True)
    os.utime(old, (time.time() - 100_000, time.time() - 100_000))
    sets.add(tmp_path, "door", npz([0, 1]), "a.npz")
    assert (old.exists(), new.exists()) == (False, True)


def test_what_collections_offer_is_listed(tmp_path):
    for name in ("Hall", "Empty"):
        place = tmp_path / "collections" / name
        place.mkdir(parents=True)
        (place / "faces.npz").write_bytes(b"not labelled")
    offered = tmp_path / "collections" / "Hall" / "labelled.npz"
    offered.write_bytes(npz([0, 1, 1]).getvalue())
    found = [(one.name, one.origin, one.data, one.look) for one in sets.all_sets(tmp_path)]
    assert found == [("Hall", "collection", offered, None)]
    assert sets.look(offered).n == 3
