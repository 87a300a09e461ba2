"""The page Analyse footage with the real services: the form, what it queues, and the jobs as they are shown."""

import os
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from streamlit.testing.v1 import AppTest

from server import services as house
from tests.films import write_film
from ui import jobs as job_list
from ui.footage import NEW

ROOT = Path(__file__).parents[1]
ODD = """O'Neil <b>&"x"</b>"""
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def services(tmp_path, monkeypatch):
    monkeypatch.setenv("MOODGATE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MOODGATE_NO_SAMPLE", "1")
    house.close_all()
    yield house.services()
    house.close_all()


@pytest.fixture
def folder(tmp_path):
    """Two films of one day, the second an hour after the first."""
    films = tmp_path / "films"
    films.mkdir()
    write_film(films / "entry_2026-03-02_10-00-00.mp4", 10)
    write_film(films / "exit_2026-03-02_11-00-00.mp4", 12)
    return films


def page() -> AppTest:
    return checked(AppTest.from_file(str(ROOT / "app.py"), default_timeout=30).switch_page("pages/analyse.py").run())


def checked(app: AppTest) -> AppTest:
    assert not app.exception, app.exception[0].message
    return app


def upload(services, path: Path, name: str | None = None) -> str:
    begun = services.uploads.create(name or path.name, path.stat().st_size)
    with services.uploads.appending(begun.id, 0) as part:
        part.write(path.read_bytes())
    return begun.id


def with_uploads(services, folder: Path) -> AppTest:
    """The page with both films uploaded and on the form."""
    entry, exit_ = (upload(services, path) for path in sorted(folder.iterdir()))
    app = page()
    checked(app.button(key=f"take-entry-{entry}").click().run())
    return checked(app.button(key=f"take-exit-{exit_}").click().run())


def words(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.error, app.warning, app.info)
    return "\n".join(str(one.value).replace("\\", "") for kind in kinds for one in kind)


def field(app: AppTest, kind: str, what: str, place: int = 0):
    """The widget of a film on the form, such as its start time."""
    return [one for one in app.get(kind) if (one.key or "").startswith(f"{what}-")][place]


def start(app: AppTest):
    return app.button(key="start")


# ---- the form -------------------------------------------------------------------------------------------------------


def test_an_empty_page_says_what_it_wants(services):
    app = page()
    assert app.title[0].value == "Analyse footage"
    assert start(app).disabled
    assert "Add a film of the entrance. Add a film of the exit. Name the store." in words(app)
    assert "Nothing has been analysed yet" in words(app)


def test_two_uploads_become_a_job_of_a_new_store_with_an_odd_name(services, folder):
    app = with_uploads(services, folder)
    assert "Name the store." in words(app)
    app.text_input(key="new-store").input(f"  {ODD} ").run()
    checked(app.selectbox(key="new-zone").select("Europe/Vienna").run())
    assert field(app, "time_input", "clock").value == time(10)
    assert "start proposed from the file’s name" in words(app)
    assert start(app).disabled
    checked(app.checkbox(key=sure(app)).check().run())
    checked(start(app).click().run())
    (job,) = services.jobs.list()
    assert (job.kind, job.store, job.title) == ("review", ODD, f"{ODD}, 2 March 2026: 1 entrance film, 1 exit film")
    entry, exit_ = job.payload["entry"][0], job.payload["exit"][0]
    assert entry["start"] == "2026-03-02T09:00:00+00:00"
    assert exit_["start"] == "2026-03-02T10:00:00+00:00"
    assert Path(entry["path"]).is_relative_to(services.folder / "uploads")
    assert {name: job.payload[name] for name in ("detector", "embedder", "emotion", "keep_films")} == {
        "detector": None, "embedder": None, "emotion": None, "keep_films": False,
    }  # fmt: skip
    assert app.selectbox(key="store").value == ODD
    assert "Waits, number 1 in the queue" in words(app)
    assert "not yet analysed" not in str([one.label for one in app.expander])


def sure(app: AppTest) -> str:
    return next(one.key for one in app.checkbox if (one.key or "").startswith("sure-"))


def test_a_changed_start_asks_for_another_confirmation_and_unknown_ones_for_none(services, folder):
    services.store.put_store("North", time_zone="UTC")
    app = with_uploads(services, folder)
    checked(app.checkbox(key=sure(app)).check().run())
    assert not start(app).disabled
    checked(field(app, "time_input", "clock").set_value(time(10, 30, 5)).run())
    assert start(app).disabled
    assert "Tick that the start times are right." in words(app)
    for place in (0, 1):
        checked(field(app, "checkbox", "unknown", place).check().run())
    assert "no start time" not in words(app)
    assert not start(app).disabled
    checked(start(app).click().run())
    assert [services.jobs.list()[0].payload[role][0]["start"] for role in ("entry", "exit")] == [None, None]


def test_the_day_above_is_that_of_all_films(services, folder):
    services.store.put_store("North", time_zone="UTC")
    app = with_uploads(services, folder)
    day = field(app, "date_input", "footage-day")
    assert day.value == date(2026, 3, 2)
    checked(day.set_value(date(2026, 3, 5)).run())
    assert [field(app, "date_input", "day", place).value for place in (0, 1)] == [date(2026, 3, 5)] * 2


def test_backends_doors_and_keeping_go_into_the_job(services, folder):
    services.store.put_store("North", time_zone="UTC")
    services.store.put_camera("North", "exit", "Back")
    app = with_uploads(services, folder)
    app.selectbox(key="backend-detector").select("mtcnn")
    app.checkbox(key="keep-films").check()
    door = field(app, "selectbox", "door", 1)
    assert "Back" in door.options
    door.select("Back")
    checked(app.run())
    checked(app.checkbox(key=sure(app)).check().run())
    checked(start(app).click().run())
    payload = services.jobs.list()[0].payload
    assert (payload["detector"], payload["keep_films"], payload["exit"][0]["door"]) == ("mtcnn", True, "Back")


def test_films_of_a_folder(services, folder):
    app = page()
    checked(app.text_input(key="folder").input(str(folder / "nowhere")).run())
    assert "no such file or folder" in words(app)
    checked(app.text_input(key="folder").input(str(folder)).run())
    entry, exit_ = sorted(str(path) for path in folder.iterdir())
    app.multiselect(key="folder-entry").set_value([entry])
    app.multiselect(key="folder-exit").set_value([exit_])
    checked(app.run())
    checked(app.button(key="folder-add").click().run())
    assert "Entrance · **entry_2026-03-02_10-00-00.mp4**" in words(app)
    assert app.multiselect(key="folder-entry").value == []


def test_a_bad_film_is_told_beside_it_and_may_be_removed(services, tmp_path):
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no film at all")
    key = upload(services, bad, "holiday *x*.mp4")
    app = page()
    checked(app.button(key=f"take-entry-{key}").click().run())
    assert "holiday *x*.mp4: is not a film in a known format" in words(app)
    assert "Remove or mend the films marked above." in words(app)
    checked(next(one for one in app.button if one.label == "Remove").click().run())
    assert "is not a film" not in words(app)
    checked(app.button(key=f"delete-{key}").click().run())
    assert services.uploads.all() == []


def test_swapped_films_are_told_and_can_be_turned(services, folder):
    services.store.put_store("North", time_zone="UTC")
    entry, exit_ = (upload(services, path) for path in sorted(folder.iterdir()))
    app = page()
    app.button(key=f"take-exit-{entry}").click().run()
    checked(app.button(key=f"take-entry-{exit_}").click().run())
    assert "Were the films swapped" in words(app)
    assert start(app).disabled
    checked(app.button(key="swap").click().run())
    assert "Were the films swapped" not in words(app)


def test_the_same_film_twice_is_told(services, folder):
    film = min(folder.iterdir())
    keys = [upload(services, film, name) for name in ("a.mp4", "b.mp4")]
    app = page()
    for role, key in zip(("entry", "exit"), keys, strict=True):
        checked(app.button(key=f"take-{role}-{key}").click().run())
    assert "b.mp4: the same film is given as entrance and as exit." in words(app)


def test_an_unfinished_upload_is_offered_to_go_on_or_go(services):
    upload_ = services.uploads.create("long.mp4", 1000)
    with services.uploads.appending(upload_.id, 0) as part:
        part.write(b"x" * 400)
    assert "long.mp4" not in words(page())  # it may be on its way
    os.utime(services.uploads.folder / f"{upload_.id}.part", (0, 0))
    app = page()
    assert "Drop the same film again to go on." in words(app)
    checked(app.button(key=f"delete-{upload_.id}").click().run())
    assert services.uploads.all() == []


def test_a_film_that_is_deleted_elsewhere_is_no_traceback(services, folder):
    app = page()
    key = upload(services, min(folder.iterdir()))
    app.run()
    services.uploads.remove(key)
    checked(app.button(key=f"take-entry-{key}").click().run())
    assert "There is no such upload" in words(app)


def test_real_films_never_go_into_a_sample_store(services):
    services.store.put_store("Sample shop", is_sample=True)
    app = page()
    assert not [one for one in app.selectbox if one.key == "store"]
    checked(app.text_input(key="new-store").input("sample SHOP").run())
    assert "Sample shop is a sample store; real films need a store of their own." in words(app)


def test_a_store_is_not_made_twice(services):
    services.store.put_store("North", time_zone="UTC")
    app = page()
    checked(app.selectbox(key="store").select(NEW).run())
    checked(app.text_input(key="new-store").input("north").run())
    assert "There is a store North already; choose it in the list." in words(app)


def test_the_sample_day_is_a_button(services):
    app = page()
    checked(app.button(key="sample").click().run())
    assert [job.kind for job in services.jobs.list()] == ["sample"]


# ---- the jobs -------------------------------------------------------------------------------------------------------

DONE = {
    "visits": 12, "entries": 15, "exits": 14, "unmatched_entries": 2, "unmatched_exits": 1, "ambiguous_entries": 1,
    "ambiguous_exits": 1, "unusable_entries": 0, "unusable_exits": 0, "warnings": ["exit.mp4: ends in the middle"],
    "first": "2026-03-02", "last": "2026-03-02",
}  # fmt: skip


def put(services, state: str, minutes: int = 0, **fields) -> str:
    key = str(uuid4())
    row = {
        "kind": "review",
        "store": ODD,
        "title": f"{ODD}, 2 March",
        "payload": {},
        "created_at": NOW + timedelta(minutes=minutes),
    }
    row |= {"finished_at": None if state == "queued" else NOW} | fields
    services.store.put_job({"job_id": key, "state": state, **row})
    return key


def test_a_job_waits_may_be_cancelled_and_tried_again(services):
    first, second = put(services, "queued"), put(services, "queued", 1)
    app = page()
    assert "number 1 in the queue" in words(app)
    assert "number 2 in the queue" in words(app)
    checked(app.button(key=f"cancel-{second}").click().run())
    assert [services.jobs.get(key).state for key in (first, second)] == ["queued", "cancelled"]
    checked(app.button(key=f"retry-{second}").click().run())
    assert services.jobs.get(second).state == "queued"


def test_a_failure_is_a_sentence(services):
    put(services, "failed", error="exit.mp4: is *not* a film")
    app = page()
    assert "Exit.mp4: is *not* a film." in words(app)
    assert "✗ Failed · Mon 2 March 2026" in words(app)


def test_what_a_job_brought_and_the_way_to_its_visits(services):
    key = put(services, "done", result=DONE)
    app = page()
    assert "12 visits. 15 came and 14 left; without a partner: 2 entrances, 1 exit." in words(app)
    assert "2 appearances could not be told apart" in words(app)
    assert "Exit.mp4: ends in the middle." in words(app)
    link = job_list.visits_of(services.jobs.get(key))
    assert link == {"period": ["custom"], "from": ["2026-03-02"], "to": ["2026-03-02"], "stores": [ODD]}


def test_visits_without_a_time_of_day_are_shown_of_all_days(services):
    key = put(services, "done", result=DONE | {"first": None, "last": None})
    assert job_list.visits_of(services.jobs.get(key)) == {"period": ["all"], "stores": [ODD]}


@pytest.mark.parametrize(
    ("entries", "exits", "sentence"),
    [
        (0, 0, "0 visits: no usable face was seen in the films."),
        (3, 0, "0 visits: 3 came, and no usable face was seen in the exit films."),
        (0, 2, "0 visits: 2 left, and no usable face was seen in the entrance films."),
    ],
)
def test_nobody_seen_is_said(services, entries, exits, sentence):
    key = put(services, "done", result=DONE | {"visits": 0, "entries": entries, "exits": exits})
    assert job_list.outcome(services.jobs.get(key)) == sentence


def test_kept_films_can_be_deleted(services, folder):
    key = upload(services, min(folder.iterdir()))
    path = services.uploads.path_of(key)
    job = put(services, "done", result=DONE, payload={"entry": [{"path": str(path)}], "exit": [], "keep_films": True})
    app = page()
    assert not [one for one in app.button if one.key == f"take-entry-{key}"]
    checked(app.button(key=f"forget-{job}").click().run())
    assert not path.exists()


def test_the_words_of_progress(services):
    key = put(services, "queued")
    job = services.jobs.get(key)
    assert job_list.progress_words(job) == ""
    told = replace(job, stage="exit films", share=0.45, speed=3.21, left_s=130.0)
    assert job_list.progress_words(told) == "Exit films · 45 % · 3.2 × speed · 2 min 10 s left"
