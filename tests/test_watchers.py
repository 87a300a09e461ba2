"""Cameras that the app reads itself, and those that a worker elsewhere reads for it: the command."""

import json

import pytest

from fer_core.__main__ import main
from fer_core.errors import DataError, ForbiddenError
from fer_core.store import Store
from server.guard import guarded
from server.live_days import LiveDays
from server.services import close_all, services
from server.watchers import HERE, Watchers
from tests.days import rows
from tests.shops_of_three import NORTH, SOUTH, everybody, fill
from tests.test_live_routes import RealServer, free_port  # noqa: F401  (a fixture)
from tests.test_watch_worker import ENGINE, FAST, film, until  # noqa: F401  (a fixture)


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "moodgate.duckdb") as opened:
        opened.put_store(NORTH)
        yield opened


@pytest.fixture
def live(store, tmp_path):
    return LiveDays(store, tmp_path / "live")


@pytest.fixture
def watchers(store, live):
    made = Watchers(store, live, lambda _: ENGINE, FAST)
    yield made
    made.close()


def state(live, role="entry") -> str:
    return next((one.health["state"] for one in live.cameras(NORTH) if one.role == role), "")


def test_nothing_is_read_until_it_is_started(store, live, watchers, film):  # noqa: F811
    store.put_source(NORTH, "entry", "", film.opened)
    watchers.sync()
    assert live.cameras(NORTH) == [] and not store.live_cameras(NORTH)[0].running


def test_a_started_camera_is_read_to_its_end_and_not_again(store, live, watchers, film):  # noqa: F811
    store.put_source(NORTH, "entry", "", film.opened)
    watchers.start(NORTH, "entry", "")
    until(lambda: watchers.sync() or state(live) == "over")
    live.settle()
    assert rows(store, "SELECT count(*) FROM appearances") == [(3,)]
    assert not store.live_cameras(NORTH)[0].running
    (told,) = live.cameras(NORTH)
    assert (told.worker, told.people) == (HERE, 3)
    watchers.sync()
    live.settle()
    assert rows(store, "SELECT count(*) FROM appearances") == [(3,)]


def test_a_stopped_camera_is_spoken_of_no_more(store, live, watchers, film):  # noqa: F811
    store.put_source(NORTH, "entry", "", film.opened)
    watchers.start(NORTH, "entry", "")
    until(lambda: state(live) == "live")
    watchers.stop(NORTH, "entry", "")
    assert live.cameras(NORTH) == []


def test_another_address_is_another_camera(store, live, watchers, film):  # noqa: F811
    store.put_source(NORTH, "entry", "", film.opened)
    watchers.start(NORTH, "entry", "")
    until(lambda: state(live) == "live")
    store.put_source(NORTH, "entry", "", "http://127.0.0.1:9/nothing")
    watchers.sync()
    until(lambda: "refuses the connection" in next((one.message for one in live.cameras(NORTH)), ""))


def test_a_film_that_was_moved_away_is_told(store, live, watchers, film, tmp_path):  # noqa: F811
    other = tmp_path / "away.mp4"
    other.write_bytes(b"x")
    store.put_source(NORTH, "entry", "", str(other))
    store.run_camera(NORTH, "entry", "", True)
    other.unlink()
    watchers.sync()
    (told,) = live.cameras(NORTH)
    assert "no such film" in told.message
    assert store.live_cameras(NORTH)[0].shown == str(other)


def test_a_camera_without_an_address_or_a_notice_is_not_started(store, watchers, film):  # noqa: F811
    with pytest.raises(DataError, match="no address"):
        watchers.start(NORTH, "entry", "")
    store.put_source(NORTH, "entry", "", film.opened)
    store.put_region(NORTH, "eu")
    with pytest.raises(DataError, match="notice"):
        watchers.start(NORTH, "entry", "")
    assert not store.live_cameras(NORTH)[0].running


def test_an_address_is_tried_and_told_without_its_password(watchers, film):  # noqa: F811
    assert watchers.check(film.opened) == ""
    assert "no address" in watchers.check("nonsense")
    told = watchers.check("http://anna:secret@127.0.0.1:9/x")
    assert told and "secret" not in told and "anna" not in told


def test_an_address_lies_sealed_in_the_database(store):
    address = "rtsp://anna:geheim-canary@10.0.0.7/stream"
    store.put_source(NORTH, "exit", "", address)
    (one,) = store.live_cameras()
    assert (one.store, one.role, one.shown) == (NORTH, "exit", "rtsp://…@10.0.0.7/stream")
    assert store.source_of(NORTH, "exit", "") == address
    ((kept,),) = rows(store, "SELECT source FROM cameras")
    assert "geheim" not in kept and store.path.with_name(store.path.name + ".key").stat().st_mode & 0o777 == 0o600
    store.put_source(NORTH, "exit", "", None)
    assert store.live_cameras() == [] and store.source_of(NORTH, "exit", "") is None


# ---- rights ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.setenv("MOODGATE_DATA", str(tmp_path / "data"))
    fill(services().store)
    yield services()
    close_all()


def calls(own) -> dict:
    return {
        "put": lambda store, source: own.store.put_source(store, "entry", "", source),
        "check": lambda store, source: own.watchers.check(source),
        "start": lambda store, source: own.watchers.start(store, "entry", ""),
        "stop": lambda store, source: own.watchers.stop(store, "entry", ""),
        "still": lambda store, source: own.live.ask_still(store, "entry", ""),
        "zones": lambda store, source: own.store.put_measuring(store, "floor", "x", []),
    }


@pytest.mark.parametrize("call", calls(None))
def test_cameras_are_set_up_by_who_may_and_for_their_own_store(made, film, call):  # noqa: F811
    rtsp = "rtsp://10.0.0.7/s"
    for role, account in everybody(made.store).items():
        do = calls(guarded(made, lambda account=account: account))[call]
        if role not in ("administrator", "manager"):
            for store in (NORTH, SOUTH):
                with pytest.raises(ForbiddenError):
                    do(store, rtsp)
        if role == "manager":
            with pytest.raises(ForbiddenError):
                do(SOUTH, film.opened)


def test_a_managers_camera_is_no_file_of_the_server(made, film):  # noqa: F811
    people = everybody(made.store)
    manager, administrator = (guarded(made, lambda role=role: people[role]) for role in ("manager", "administrator"))
    manager.store.put_source(NORTH, "entry", "", "rtsp://10.0.0.7/s")
    for refused in (lambda: manager.store.put_source(NORTH, "entry", "", film.opened),
                    lambda: manager.watchers.check(film.opened),
                    lambda: manager.store.source_of(NORTH, "entry", "")):  # fmt: skip
        with pytest.raises(ForbiddenError):
            refused()
    administrator.store.put_source(NORTH, "entry", "", film.opened)


# ---- the command ----------------------------------------------------------------------------------------------------


def test_the_command_hands_over_a_film_played_as_a_camera(tmp_path, film, free_port, capsys, monkeypatch):  # noqa: F811
    folder = tmp_path / "data"
    with Store.open(folder / "moodgate.duckdb") as opened:
        opened.put_store(NORTH)
    server = RealServer(folder, free_port)
    server.start()
    try:
        monkeypatch.setattr("fer_core.cli.common.engine_of", lambda *_: ENGINE)
        command = ["watch", film.opened, "--store", NORTH, "--role", "entry", "--server", server.url, "--json"]
        assert main([*command, "--outbox", str(tmp_path / "out")]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told == {"people": 3, "waiting": 0, "state": "over"}
    finally:
        server.kill()
    with Store.open(folder / "moodgate.duckdb") as opened:
        LiveDays(opened, folder / "live").settle()
        assert rows(opened, "SELECT count(*) FROM appearances") == [(3,)]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--server", "http://shop.example"], "by https only"),
        (["--server", "nonsense"], "no address of an app"),
        ([], "no app runs here"),
    ],
)
def test_what_is_amiss_is_one_sentence(film, tmp_path, monkeypatch, capsys, more, sentence):  # noqa: F811
    monkeypatch.setenv("MOODGATE_DATA", str(tmp_path))
    assert main(["watch", film.opened, "--store", NORTH, "--role", "entry", *more]) == 2
    assert sentence in capsys.readouterr().err


def test_an_unknown_source_is_one_sentence(capsys):
    assert main(["watch", "nothing.mp4", "--store", NORTH, "--role", "entry"]) == 2
    assert "no such film" in capsys.readouterr().err
