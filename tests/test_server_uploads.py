"""Uploads on the disk: pieces, breaks, bad names, and what is given up."""

import json
import os
import threading
import time

import pytest

from server.uploads import STALE_S, UploadError, Uploads, shown_name


@pytest.fixture
def uploads(tmp_path):
    return Uploads(tmp_path / "uploads")


def send(uploads, data, name="film.mp4", piece=4):
    upload = uploads.create(name, len(data))
    for offset in range(0, len(data), piece):
        with uploads.appending(upload.id, offset) as part:
            part.write(data[offset : offset + piece])
    return upload.id


def refused(status, act, *arguments):
    with pytest.raises(UploadError) as caught:
        act(*arguments)
    assert caught.value.status == status
    return str(caught.value)


def append(uploads, key, offset, data):
    with uploads.appending(key, offset) as part:
        part.write(data)


def age(path, seconds=STALE_S + 60):
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_nothing_has_come_yet(uploads):
    assert uploads.all() == []
    assert uploads.purge() == 0
    assert not uploads.folder.exists()


def test_pieces_become_the_film(uploads):
    data = bytes(range(250))
    key = send(uploads, data, "Entrance 1.MP4", piece=100)
    upload = uploads.get(key)
    assert (upload.name, upload.size, upload.offset, upload.finished) == ("Entrance 1.MP4", 250, 250, True)
    assert uploads.finished(key)
    path = uploads.path_of(key)
    assert path.read_bytes() == data
    assert path.name == f"{key}.mp4"
    assert uploads.name_of(path) == "Entrance 1.MP4" and uploads.id_of(path) == key
    assert sorted(p.suffix for p in uploads.folder.iterdir()) == [".json", ".mp4"]


def test_a_broken_upload_goes_on_where_it_stopped_also_in_another_process(uploads):
    key = uploads.create("film.mp4", 10).id
    append(uploads, key, 0, b"0123")
    again = Uploads(uploads.folder)
    assert again.get(key).offset == 4 and not again.finished(key)
    assert "goes on at byte 4, not at 0" in refused(409, append, again, key, 0, b"0123456789")
    assert "not at 7" in refused(409, append, again, key, 7, b"789")
    append(again, key, 4, b"456789")
    assert again.path_of(key).read_bytes() == b"0123456789"


def test_a_process_killed_before_the_last_step_leaves_a_whole_film(uploads):
    key = uploads.create("film.mp4", 4).id
    (uploads.folder / f"{key}.part").write_bytes(b"0123")
    assert uploads.finished(key)
    assert uploads.path_of(key).read_bytes() == b"0123"


def test_more_than_was_announced_is_refused_and_taken_back(uploads):
    key = uploads.create("film.mp4", 6).id
    append(uploads, key, 0, b"012")
    with pytest.raises(UploadError) as caught, uploads.appending(key, 3) as part:
        part.write(b"34")
        part.write(b"5678")
    assert caught.value.status == 413
    assert uploads.get(key).offset == 3
    append(uploads, key, 3, b"345")
    assert uploads.path_of(key).read_bytes() == b"012345"


def test_one_piece_at_a_time(uploads):
    key = uploads.create("film.mp4", 4).id
    with uploads.appending(key, 0) as part:
        part.write(b"01")
        assert "right now" in refused(409, append, uploads, key, 2, b"23")
        assert "right now" in refused(409, uploads.remove, key)
    append(uploads, key, 2, b"23")
    assert uploads.finished(key)


def test_an_error_in_the_middle_keeps_what_came(uploads):
    key = uploads.create("film.mp4", 4).id
    with pytest.raises(RuntimeError), uploads.appending(key, 0) as part:
        part.write(b"01")
        raise RuntimeError
    assert uploads.get(key).offset == 2
    append(uploads, key, 2, b"23")


@pytest.mark.parametrize("size", [0, -1])
def test_empty_films_are_refused(uploads, size):
    assert refused(400, uploads.create, "film.mp4", size) == "film.mp4: the file is empty"


def test_too_large_and_no_room(tmp_path):
    small = Uploads(tmp_path, max_bytes=10**9)
    assert refused(413, small.create, "film.mp4", 10**9 + 1) == "film.mp4: 1.0 GB is more than the 1.0 GB that fit"
    endless = Uploads(tmp_path, max_bytes=10**18)
    assert "not enough room on the disk (it needs" in refused(507, endless.create, "film.mp4", 10**17)
    assert list(tmp_path.iterdir()) == []


def test_what_has_begun_keeps_its_room(tmp_path):
    uploads = Uploads(tmp_path)
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize
    uploads.max_bytes = free
    half = int((free - 256e6) * 0.6)
    uploads.create("a.mp4", half)
    assert "not enough room" in refused(507, uploads.create, "b.mp4", half)


def test_a_folder_that_cant_be_made(tmp_path):
    (tmp_path / "uploads").write_text("a file")
    assert "can't be kept" in refused(507, Uploads(tmp_path / "uploads").create, "film.mp4", 1)


@pytest.mark.parametrize("key", ["", "x", "0" * 32, "../../etc/passwd", "0" * 31 + "/", "A" * 32, "0" * 32 + "\n"])
def test_unknown_ids(uploads, key):
    uploads.create("film.mp4", 3)
    for act in (uploads.get, uploads.finished, uploads.path_of, uploads.remove):
        assert "no such upload" in refused(404, act, key)
    refused(404, append, uploads, key, 0, b"1")


def test_an_unfinished_film_has_no_path(uploads):
    assert "has not come in whole" in refused(409, uploads.path_of, uploads.create("film.mp4", 3).id)


@pytest.mark.parametrize(("name", "shown", "ending"), [
    ("", "film", ""),
    ("..", "film", ""),
    ("film.mp4", "film.mp4", ".mp4"),
    ("../../etc/passwd", "passwd", ""),
    ("C:\\Users\\me\\film.MOV", "film.MOV", ".mov"),
    ("/", "film", ""),
    ("<script>alert(1)<x>.mp4", "<script>alert(1)<x>.mp4", ".mp4"),
    ("O'Neil \"quoted\" * [link](x).mp4", "O'Neil \"quoted\" * [link](x).mp4", ".mp4"),
    ("a\0b\nc\u202egpm.mp4", "abcgpm.mp4", ".mp4"),
    ("Eingang Straße 入口 🎬.mkv", "Eingang Straße 入口 🎬.mkv", ".mkv"),
    ("bad\udcff.mp4", "bad.mp4", ".mp4"),
    ("film.part", "film.part", ""),
    ("film.json", "film.json", ""),
    ("film.draft", "film.draft", ""),
    ("film.m p4", "film.m p4", ""),
    ("film.", "film.", ""),
    (".mp4", ".mp4", ""),
])  # fmt: skip
def test_names(uploads, name, shown, ending):
    key = send(uploads, b"12345", name)
    assert uploads.get(key).name == shown
    assert uploads.path_of(key).name == f"{key}{ending}"
    assert uploads.path_of(key).parent == uploads.folder
    uploads.remove(key)
    assert list(uploads.folder.iterdir()) == []


def test_long_names_keep_their_ending():
    assert len(shown_name("x" * 5000 + ".mp4")) <= 200
    assert shown_name("x" * 5000 + ".mp4").endswith("x.mp4")
    assert len(shown_name("x" * 5000)) == 200
    assert len(shown_name("x." + "y" * 5000)) <= 200


def test_only_films_of_the_folder_are_ever_deleted(uploads, tmp_path):
    key = send(uploads, b"12345")
    own = uploads.path_of(key)
    other = tmp_path / own.name
    other.write_bytes(b"somebody's")
    beside = uploads.folder / "notes.txt"
    beside.write_text("mine")
    link = uploads.folder / ".." / own.name
    for path in (other, beside, link, uploads.folder / f"{key}.json", uploads.folder / f"{key}.mkv", tmp_path):
        assert not uploads.discard(path)
        assert uploads.name_of(path) is None
    assert other.exists() and beside.exists() and own.exists()
    assert uploads.discard(own)
    assert not own.exists() and not uploads.discard(own)


def test_what_was_given_up_is_purged(uploads):
    stale, fresh = (uploads.create("film.mp4", 4).id for _ in range(2))
    whole, wanted = send(uploads, b"1234"), send(uploads, b"1234")
    append(uploads, stale, 0, b"12")
    for path in uploads.folder.iterdir():
        if not path.name.startswith(fresh):
            age(path)
    assert uploads.purge({wanted}) == 2
    assert {upload.id for upload in uploads.all()} == {fresh, wanted}
    refused(404, uploads.get, stale)
    refused(404, uploads.get, whole)


def test_a_piece_that_comes_in_keeps_an_old_upload(uploads):
    key = uploads.create("film.mp4", 4).id
    age(uploads.folder / f"{key}.json")
    append(uploads, key, 0, b"12")
    assert uploads.purge() == 0


def test_all_is_in_order_of_coming_and_passes_over_strange_files(uploads):
    keys = [uploads.create(f"{n}.mp4", 4).id for n in range(3)]
    for n, key in enumerate(keys):
        age(uploads.folder / f"{key}.json", 100 - n)
    (uploads.folder / "strange.json").write_text("{}")
    assert [upload.id for upload in uploads.all()] == keys


def test_several_films_at_once(uploads):
    done = []

    def go(n):
        key = send(uploads, bytes([n]) * 5000, f"{n}.mp4", piece=512)
        done.append((n, uploads.path_of(key).read_bytes()))

    threads = [threading.Thread(target=go, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [(n, bytes([n]) * 5000) for n in range(4)]


def test_the_card_says_name_and_size(uploads):
    key = uploads.create("film.mp4", 4).id
    assert json.loads((uploads.folder / f"{key}.json").read_text()) == {"name": "film.mp4", "size": 4}
