"""Messages of live cameras: their form, and how they wait."""

import json
import os
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest

from fer_core.errors import InputError, OutputError
from fer_core.types import Appearance
from fer_core.watch.message import Backends, Count, Sighting, message_of
from fer_core.watch.outbox import Outbox

BEGUN = datetime(2026, 3, 2, 10, tzinfo=UTC)


def seen(**changes) -> Appearance:
    template = np.zeros(128, np.float32)
    template[3] = 1
    given = {
        "role": "entry", "film": 0, "intervals": ((1.0, 2.5), (4.0, 5.0)), "best_s": 1.5, "x": 320.0, "y": 100.0,
        "size_px": 80.0, "quality": 0.8, "faces": 9, "template": template, "times_s": np.array([1.0, 2.0]),
        "series": np.eye(7, dtype=np.float32)[[3, 6]], "weight": np.array([0.5, 1.0]), "door": "north",
    }  # fmt: skip
    return Appearance(**given | changes)


NAMES = Backends("toy", "toy", "toy", "other")


def told(**changes) -> dict:
    return Sighting.of(BEGUN, seen(), NAMES).as_json() | changes


def counted(**changes) -> dict:
    return Count(uuid4(), "floor", "shelves", BEGUN, "shelf", 1.0, 4.5, np.eye(7, dtype=np.float32)[3]).as_json() | changes


# ---- the form -------------------------------------------------------------------------------------------------------


def test_a_sighting_comes_back_as_it_was():
    second = np.eye(64, dtype=np.float32)[5]
    sent = Sighting.of(BEGUN.astimezone(), seen(second=second), NAMES)
    got = message_of(json.loads(json.dumps(sent.as_json())))
    assert isinstance(got, Sighting)
    assert (got.key, got.role, got.door, got.begun_at, got.backends) == (sent.key, "entry", "north", BEGUN, NAMES)
    assert got.ended_at == BEGUN + timedelta(seconds=5)
    for name in ("role", "intervals", "best_s", "x", "y", "size_px", "quality", "faces", "door"):
        assert getattr(got.appearance, name) == getattr(sent.appearance, name)
    for name in ("template", "second", "times_s", "series", "weight"):
        assert getattr(got.appearance, name) == pytest.approx(getattr(sent.appearance, name), abs=1e-5)


def test_somebody_without_a_template_comes_back_without_one():
    sent = Sighting.of(BEGUN, seen(template=None, times_s=np.zeros(0), series=np.zeros((0, 7)), weight=np.zeros(0)), NAMES)
    got = message_of(sent.as_json())
    assert got.appearance.template is None and got.appearance.second is None


def test_a_count_comes_back_as_it_was():
    sent = Count(uuid4(), "floor", "shelves", BEGUN, "shelf", 1.0, 4.5, np.full(7, 1 / 7, np.float32))
    got = message_of(json.loads(json.dumps(sent.as_json())))
    assert isinstance(got, Count)
    assert (got.key, got.role, got.door, got.at, got.zone, got.faces, got.seconds) == (
        sent.key, "floor", "shelves", BEGUN, "shelf", 1.0, 4.5,
    )  # fmt: skip
    assert got.expressions == pytest.approx(sent.expressions, abs=1e-5)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([], "is an object"),
        ({}, "update the worker"),
        (told(version=0), "form 0 of a message"),
        (told(kind="rumour"), "its kind is 'rumour'"),
        ({key: value for key, value in told().items() if key != "door"}, "without 'door'"),
        (told(role="till"), "its role is 'till'"),
        (told(role="floor"), "its role is 'floor'"),
        (told(begun_at="2026-03-02T10:00:00"), "needs a time zone"),
        (told(begun_at="soon"), "can't be used"),
        (told(begun_at=7), "begun_at is no text"),
        (told(x=float("nan")), "x is no number"),
        (told(faces=True), "faces is no number"),
        (told(template=[1, 1]), "template is not of length 1"),
        (told(second=[2, 0]), "second is not of length 1"),
        (told(template=["1"]), "holds something that is no number"),
        (told(template=[1.0] * 20_000), "too long"),
        (told(intervals=[]), "no pairs"),
        (told(intervals=[[2, 1]]), "no pairs"),
        (told(series=[[1, 0, 0, 0, 0, 0, 0]]), "can't be used"),
        (told(series=[[2, -1, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0]]), "sum to 1"),
        (told(series=[[1, 0]]), "can't be used"),
        (told(id="x"), "can't be used"),
        (told(door="a\0b"), "door is no text"),
        (told(backends={"detector": "toy"}), "without 'embedder'"),
        (counted(faces=3), "one person or none"),
        (counted(seconds=-1), "at most a day"),
        (counted(expressions=[1, 0]), "seven shares"),
        (counted(expressions=[2, -1, 0, 0, 0, 0, 0]), "seven shares"),
    ],
)
def test_what_is_no_message_is_said_in_one_sentence(given, sentence):
    with pytest.raises(InputError, match=sentence):
        message_of(given)


# ---- waiting --------------------------------------------------------------------------------------------------------


def test_messages_wait_in_order_until_they_are_taken(tmp_path):
    box = Outbox(tmp_path / "out")
    numbers = [box.put({"n": n}) for n in range(12)]
    box.taken(numbers[0])
    assert [message["n"] for _, message in box.waiting()] == list(range(1, 12))
    again = Outbox(tmp_path / "out")  # the worker was killed and begins again
    assert again.put({"n": 12}) > numbers[-1]
    assert [message["n"] for _, message in again.waiting()] == list(range(1, 13))


def test_nothing_can_be_read_on_the_disk_and_nobody_else_may(tmp_path):
    box = Outbox(tmp_path / "out")
    box.put({"word": "canary"})
    files = [path for path in (tmp_path / "out").iterdir() if path.is_file()]
    assert len(files) == 2
    assert not any(b"canary" in path.read_bytes() for path in files)
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_a_damaged_message_is_left_out_with_a_warning(tmp_path, caplog):
    box = Outbox(tmp_path / "out")
    first, second = box.put({"n": 1}), box.put({"n": 2})
    path = next(path for path in (tmp_path / "out").iterdir() if path.stem == f"{first:012d}")
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert [number for number, _ in box.waiting()] == [second]
    assert "damaged" in caplog.text
    assert len(box) == 1


def test_a_message_under_another_number_is_not_believed(tmp_path):
    box = Outbox(tmp_path / "out")
    number = box.put({"n": 1})
    path = tmp_path / "out" / f"{number:012d}.message"
    path.rename(path.with_stem(f"{number + 5:012d}"))
    assert list(box.waiting()) == []


def test_half_a_message_is_cleared_away(tmp_path):
    Outbox(tmp_path / "out").put({"n": 1})
    (tmp_path / "out" / "part-2").write_bytes(b"half")
    box = Outbox(tmp_path / "out")
    assert [message["n"] for _, message in box.waiting()] == [1]
    assert not (tmp_path / "out" / "part-2").exists()


def test_at_the_end_of_the_day_messages_and_key_go(tmp_path):
    box = Outbox(tmp_path / "out")
    box.put({"n": 1})
    key = (tmp_path / "out" / "outbox.key").read_bytes()
    box.close_day()
    assert len(box) == 0
    assert (tmp_path / "out" / "outbox.key").read_bytes() != key
    box.put({"n": 2})
    assert [message["n"] for _, message in box.waiting()] == [2]


def test_a_folder_that_cannot_be_used_is_said(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="outbox can't be used"):
        Outbox(tmp_path / "out")


@pytest.mark.skipif(os.geteuid() == 0 and not os.path.exists("/dev/full"), reason="no device that is full")
def test_a_message_that_finds_no_room_is_said(tmp_path, monkeypatch):
    box = Outbox(tmp_path / "out")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OutputError, match="No space left"):
        box.put({"n": 1})
    monkeypatch.undo()
    assert list(box.waiting()) == []
    assert not list((tmp_path / "out").glob("part-*"))


def test_moments_keep_their_zone():
    east = Sighting.of((BEGUN + timedelta(hours=1)).astimezone(), seen(), NAMES).as_json()
    assert message_of(east).begun_at == BEGUN + timedelta(hours=1)
