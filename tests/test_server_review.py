"""The kinds of job on real films of toy faces, with toy backends and a real database."""

import shutil
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from fer_core.errors import CancelledError, FilmError, InputError
from fer_core.review import Categories
from fer_core.sample import SampleDay
from fer_core.store import Store
from fer_core.types import EXPRESSIONS
from server.handlers import kinds, sample_starts
from server.job import Job, Task
from server.uploads import Uploads
from server.workshop import Workshop
from tests.days import count, make_day, rows
from tests.test_pipeline import engine, write_film

STARTS = ("2026-03-02T10:00:00+01:00", "2026-03-02T10:10:00+01:00")
DEFAULT = (None, None, None)


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    entry = write_film(folder / "in.mp4", [(0.5, "ada", "neutral", 10), (3.5, "ben", "happy", 150)])
    leave = write_film(folder / "out.mp4", [(0.5, "ben", "angry", 20), (3.5, "ada", "happy", 150)])
    return entry, leave


@pytest.fixture
def shop(tmp_path):
    with Store.open(tmp_path / "moodgate.duckdb") as store:
        made = Workshop(tmp_path, store, Uploads(tmp_path / "uploads"))
        made.engines[DEFAULT] = engine()
        yield made


class Listening(Task):
    """A task that remembers what it was told."""

    told = ()

    def tell(self, stage, share=None, speed=None, left_s=None):
        super().tell(stage, share, speed, left_s)
        self.told = (*self.told, (stage, share))


def do(shop, kind, payload, stop=None):
    """Run a job's handler and what is to be done afterwards; its result and its task."""
    job = Job("0", kind, payload.get("store", ""), "a job", "running", datetime.now(UTC), payload=payload)
    task = Listening(job, stop or threading.Event())
    result = kinds(shop)[kind](task)
    for after in task.after:
        after()
    return result, task


def upload(shop, path, name):
    data = path.read_bytes()
    key = shop.uploads.create(name, len(data)).id
    with shop.uploads.appending(key, 0) as part:
        part.write(data)
    return shop.uploads.path_of(key)


def payload(entry, leave, **changes):
    asked = {
        "store": "Main Street", "entry": [{"path": str(entry), "start": STARTS[0], "door": "North"}],
        "exit": [{"path": str(leave), "start": STARTS[1], "door": ""}],
        "detector": None, "embedder": None, "emotion": None, "keep_films": False,
    }  # fmt: skip
    return asked | changes


# ---- review ---------------------------------------------------------------------------------------------------------


def test_a_days_films_become_visits_and_go(shop, films):
    shop.store.put_store("Main Street", time_zone="Europe/Vienna")
    entry, leave = upload(shop, films[0], "Entrance <1>.mp4"), upload(shop, films[1], "exit.mp4")
    result, task = do(shop, "review", payload(entry, leave))
    assert (result["visits"], result["entries"], result["exits"], result["warnings"]) == (2, 2, 2, [])
    assert result["reviews"] == {"positive": 1, "neutral": 0, "negative": 1, "uncertain": 0}
    assert (result["store"], result["first"], result["last"]) == ("Main Street", "2026-03-02", "2026-03-02")
    told = rows(shop.store, "SELECT entry_film, exit_film, entry_door, hour(local_at), hour(entered_at) FROM visits")
    assert told == [("Entrance <1>.mp4", "exit.mp4", "North", 10, 9)] * 2
    assert not entry.exists() and not leave.exists() and shop.uploads.all() == []
    assert (task.progress.stage, task.progress.share) == ("writing", 1.0)


def test_films_are_kept_where_asked_for_and_never_deleted_elsewhere(shop, films):
    kept = upload(shop, films[0], "in.mp4")
    do(shop, "review", payload(kept, films[1], keep_films=True))
    assert kept.exists()
    do(shop, "review", payload(kept, films[1]))
    assert not kept.exists() and films[1].exists()
    assert count(shop.store, "visits") == 2  # the same films again replace


def test_films_that_another_job_needs_stay(shop, films):
    entry = upload(shop, films[0], "in.mp4")
    shop.needed = lambda path: path == entry
    do(shop, "review", payload(entry, films[1]))
    assert entry.exists()


def test_films_without_starts_give_visits_without_a_day(shop, films):
    asked = payload(*films)
    asked["entry"][0]["start"] = asked["exit"][0]["start"] = None
    result, _ = do(shop, "review", asked)
    assert (result["visits"], result["first"], result["last"]) == (2, None, None)


def test_the_days_are_those_of_the_stores_clock(shop, films):
    shop.store.put_store("Main Street", time_zone="Pacific/Auckland")
    asked = payload(*films)
    asked["entry"][0]["start"], asked["exit"][0]["start"] = "2026-03-02T10:59:00Z", "2026-03-02T11:10:00+00:00"
    assert do(shop, "review", asked)[0]["first"] == "2026-03-02"
    asked["entry"][0]["start"] = "2026-03-02T11:00:00Z"  # midnight there
    assert do(shop, "review", asked)[0]["first"] == "2026-03-03"


def test_the_stores_categories_zones_and_offset_count(shop, films):
    shop.store.put_store("Main Street")
    upside_down = tuple({"happy": -1.0, "angry": 1.0}.get(name, 0.0) for name in EXPRESSIONS)
    shop.store.put_categories(Categories("odd", 1, EXPRESSIONS, upside_down))
    shop.store.use_categories("Main Street", "odd")
    shop.store.set_calibrated_offset("Main Street", "North", "", 0.25, 0.01)
    result, _ = do(shop, "review", payload(*films))
    assert result["reviews"]["positive"] == 1  # ben, who leaves angry
    told = rows(shop.store, "SELECT DISTINCT camera_offset, categories FROM visits")
    assert told == [(0.25, "odd")]
    shop.store.put_camera("Main Street", "entry", "North", zones=[[[0, 0], [1, 0], [1, 1], [0, 1]]])
    assert do(shop, "review", payload(*films))[0]["entries"] == 0


def test_progress_of_all_films_together(shop, films):
    _, task = do(shop, "review", payload(*films))
    stages = [stage for stage, _ in task.told]
    assert list(dict.fromkeys(stages)) == [
        "checking the films", "loading the models", "entrance films", "exit films", "writing",
    ]  # fmt: skip
    shares = [share for stage, share in task.told if share is not None]
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1.0, abs=0.05)
    assert 0 <= shares[0] < 0.2 and 0.4 < shares[len(shares) // 2] < 0.6


def test_engines_are_kept_and_others_are_opened(shop):
    assert shop.engine(DEFAULT) is shop.engine(DEFAULT)
    with pytest.raises(InputError, match="no such"):
        shop.engine(("no such", None, None))
    assert list(shop.engines) == [DEFAULT]


def test_nobody_seen_is_no_error(shop, tmp_path):
    empty = [write_film(tmp_path / name, [], seconds=s) for name, s in (("a.mp4", 2), ("b.mp4", 3))]
    result, _ = do(shop, "review", payload(*empty))
    assert (result["visits"], result["entries"], result["first"]) == (0, 0, "2026-03-02")


@pytest.mark.parametrize(("changes", "sentence"), [
    ({"store": ""}, "under 'store'"),
    ({"store": None}, "under 'store'"),
    ({"entry": []}, "no film of the entrance"),
    ({"exit": None}, "no film of the exit"),
    ({"exit": ["out.mp4"]}, "by its path"),
    ({"exit": [{"path": ""}]}, "under 'path'"),
    ({"exit": [{"path": "gone.mp4"}]}, "gone.mp4: no such file"),
    ({"exit": [{"path": "."}]}, "folder"),
])  # fmt: skip
def test_bad_payloads(shop, films, changes, sentence):
    with pytest.raises(InputError, match=sentence):
        do(shop, "review", payload(*films) | changes)


@pytest.mark.parametrize("start", ["tomorrow", "2026-13-01T00:00", "0001-01-01T00:00:00+14:00", 7])
def test_bad_starts(shop, films, start):
    asked = payload(*films)
    asked["entry"][0]["start"] = start
    with pytest.raises(InputError, match="is no start time"):
        do(shop, "review", asked)


def test_a_start_without_a_zone(shop, films):
    asked = payload(*films)
    asked["entry"][0]["start"] = "2026-03-02T10:00:00"
    with pytest.raises(InputError, match="needs a time zone"):
        do(shop, "review", asked)


def test_sentences_name_uploads_as_their_owner_does_and_the_films_stay(shop, films):
    entry, twice = upload(shop, films[0], "Eingang.mp4"), upload(shop, films[0], "Ausgang.mp4")
    with pytest.raises(FilmError) as caught:
        do(shop, "review", payload(entry, twice))
    assert str(caught.value) == "Ausgang.mp4: the same film is given as entrance and as exit"
    assert entry.exists() and twice.exists()


def test_an_upload_that_is_no_film(shop, films, tmp_path):
    (tmp_path / "notes.txt").write_text("no film at all" * 100)
    bad = upload(shop, tmp_path / "notes.txt", "Eingang 'A' <b>.mp4")
    with pytest.raises(FilmError, match=r"^Eingang 'A' <b>\.mp4: is not a film"):
        do(shop, "review", payload(bad, films[1]))


def test_swapped_starts(shop, films):
    asked = payload(*films)
    asked["entry"][0]["start"], asked["exit"][0]["start"] = STARTS[1], STARTS[0]
    with pytest.raises(InputError, match="are the start times swapped"):
        do(shop, "review", asked)


def test_cancelled_before_anything_is_written(shop, films):
    stop = threading.Event()
    stop.set()
    entry = upload(shop, films[0], "in.mp4")
    with pytest.raises(CancelledError):
        do(shop, "review", payload(entry, films[1]), stop)
    assert entry.exists() and count(shop.store, "footage") == 0


def test_a_cut_off_film_is_warned_of_by_its_name(shop, tmp_path, films):
    whole = write_film(tmp_path / "whole.mkv", [(0.5, "ada", "neutral", 10), (3.5, "ben", "happy", 150)], seconds=12)
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    result, _ = do(shop, "review", payload(upload(shop, cut, "Camera 1.mkv"), films[1]))
    assert result["warnings"] and all(line.startswith("Camera 1.mkv: ") for line in result["warnings"])
    assert str(tmp_path) not in str(rows(shop.store, "SELECT film, warnings FROM footage"))


# ---- the other kinds ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("now", "begin"), [
    ("2026-07-01T14:00:00+02:00", "2026-07-01T08:00:00+00:00"),
    ("2026-07-01T09:00:00+02:00", "2026-06-30T08:00:00+00:00"),
    ("2026-07-01T10:05:00+02:00", "2026-06-30T08:00:00+00:00"),
    ("2026-03-29T12:00:00+02:00", "2026-03-29T08:00:00+00:00"),  # the clocks went forward that night
    ("2026-01-01T00:30:00+01:00", "2025-12-31T09:00:00+00:00"),
])  # fmt: skip
def test_when_the_sample_day_was(now, begin):
    starts = sample_starts(datetime.fromisoformat(now), "Europe/Berlin")
    assert starts == (datetime.fromisoformat(begin), datetime.fromisoformat(begin) + timedelta(minutes=10))


def test_the_sample_day_goes_into_the_sample_shop(shop, films):
    def copied(folder, tell):
        tell("drawing")
        folder.mkdir(exist_ok=True)
        paths = [Path(shutil.copy(film, folder / f"{role}.mp4")) for film, role in zip(films, ("entry", "exit"), strict=True)]
        return SampleDay(folder, *paths, folder / "truth.csv", 2, 0, 6.0, 6.0)

    shop.draw = copied
    result, _ = do(shop, "sample", {})
    assert (result["visits"], result["store"]) == (2, "Sample shop")
    assert rows(shop.store, "SELECT name, is_sample, time_zone FROM stores") == [("Sample shop", True, "Europe/Berlin")]
    told = rows(
        shop.store, "SELECT role, film, strftime(start_at AT TIME ZONE 'Europe/Berlin', '%H:%M') FROM footage ORDER BY 1"
    )
    assert told == [("entry", "entry.mp4", "10:00"), ("exit", "exit.mp4", "10:10")]
    assert result["first"] == result["last"] <= datetime.now(ZoneInfo("Europe/Berlin")).date().isoformat()
    assert rows(shop.store, "SELECT DISTINCT is_sample, hour(local_at) FROM visits") == [(True, 10)]
    do(shop, "sample", {})
    assert count(shop.store, "visits") == 2
    assert (shop.folder / "sample" / "entry.mp4").exists()


def test_a_cancelled_drawing_leaves_nothing(shop):
    stop = threading.Event()
    stop.set()
    with pytest.raises(CancelledError):
        do(shop, "sample", {}, stop)
    assert not (shop.folder / "sample").exists() and count(shop.store, "stores") == 0


def test_a_real_store_is_no_sample_shop(shop):
    shop.store.put_store("Sample shop")
    with pytest.raises(InputError, match="is a real store here"):
        do(shop, "sample", {})
    assert not (shop.folder / "sample").exists()


def test_recompute(shop):
    shop.store.write_day(make_day(visits=3))
    result, task = do(shop, "recompute", {"store": "Main Street"})
    assert result == {"visits": 3, "store": "Main Street"}
    assert (task.progress.stage, task.progress.share) == ("recomputing", 1.0)
    with pytest.raises(InputError, match="no store"):
        do(shop, "recompute", {"store": "gone"})
    with pytest.raises(InputError, match="under 'store'"):
        do(shop, "recompute", {})


def test_history_and_purge(shop):
    result, task = do(shop, "history", {})
    assert result["visits"] == count(shop.store, "visits") > 1000
    assert task.progress.share == 1.0
    shop.store.put_store("Sample shop Nord", retention_days=7)
    gone, _ = do(shop, "purge", {})
    assert gone["deleted"]["visits"] == result["visits"] - count(shop.store, "visits") > 0
