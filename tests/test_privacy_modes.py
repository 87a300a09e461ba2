"""Privacy modes: sums only never computes a code, what each mode may not hold goes, and goes again from an old backup."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from fer_core import pipeline, privacy, queries
from fer_core.__main__ import main
from fer_core.cli import common
from fer_core.collect import setting_key
from fer_core.embed import Embedder, NoEmbedder
from fer_core.errors import DataError, InputError
from fer_core.gate import Gate, Week
from fer_core.pipeline import Engine, Film, tallies_of
from fer_core.queries import Filter, Scope, Scoped
from fer_core.settings import Settings
from fer_core.store import Store, receipts
from fer_core.types import EXPRESSIONS
from server.job import Job
from tests.days import MORNING, count, empty_day, make_appearance, make_day, make_footage, rows
from tests.sums import sums_day
from tests.test_pipeline import engine as plain_engine
from tests.test_pipeline import write_film
from tests.test_server_review import STARTS, do, payload, upload
from tests.toys import ToyDetector, ToyEmotion
from ui.jobs import outcome

HOUR = timedelta(hours=1)
TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)
OWN = ("visits", "appearances", "series", "corrections")


class Forbidden(Embedder):
    """Fails the test in which anybody asks it."""

    name = "forbidden"
    dim = 4

    def embed(self, image, faces):
        raise AssertionError("a code was computed from a face")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "moodgate.duckdb"


@pytest.fixture
def store(path):
    with Store.open(path) as opened:
        yield opened


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    entry = write_film(folder / "in.mp4", [(0.5, "ada", "neutral", 10), (3.5, "ben", "happy", 150)])
    leave = write_film(folder / "out.mp4", [(0.5, "ben", "angry", 20), (3.5, "ada", "happy", 150), (6.5, "cem", "sad", 20)])
    return entry, leave


def forbidden() -> Engine:
    """An engine that may look and read, and never compare."""
    return Engine(ToyDetector(), Forbidden(), ToyEmotion(), Settings(), Forbidden())


def both(films, start=TEN, **changes):
    return [Film(films[0], "entry", start, **changes), Film(films[1], "exit", start, **changes)]


def tallied(store: Store) -> dict[tuple[str, str], float]:
    """Faces by role and expression, where there are any."""
    sql = "SELECT role, expression, sum(faces) FROM tallies JOIN cameras USING (camera_id) GROUP BY ALL"
    return {(role, name): round(faces, 1) for role, name, faces in rows(store, sql) if faces > 0.1}


def put_people(store: Store, name: str) -> None:
    """A guest and somebody of the staff, each with a code."""
    with store.cursor() as cursor:
        for kind in ("guest", "staff"):
            cursor.execute(
                "INSERT INTO people SELECT uuid(), store_id, $kind, $kind, now(), 'Ana', NULL FROM stores WHERE name = $name",
                {"kind": kind, "name": name},
            )
        cursor.execute("INSERT INTO templates SELECT person_id, store_id, 'toy', [1.0, 0.0], now() FROM people")


# ---- the pipeline


def test_sums_only_computes_no_code_and_follows_nobody(films):
    engine = pipeline.without_templates(forbidden())
    day = pipeline.review_day("A", both(films), engine)
    assert (day.visits, day.entries, day.exits, day.embedder) == ((), (), (), "")
    assert (day.tallied("entry"), day.tallied("exit")) == (2, 3)
    assert {one.hour_at for one in day.tallies} == {TEN}
    assert [one.expression for one in day.tallies[:7]] == list(EXPRESSIONS)
    seconds = sum(one.seconds for one in day.tallies if one.role == "entry")
    assert seconds == pytest.approx(4, abs=0.8)


def test_the_usual_engine_would_have_asked(films):
    with pytest.raises(AssertionError, match="a code was computed"):
        pipeline.review_day("A", both(films), forbidden())


def test_no_embedder_computes_nothing():
    assert issubclass(NoEmbedder, Embedder)
    with pytest.raises(RuntimeError, match="no code may be computed"):
        NoEmbedder().embed(None, None)  # type: ignore[arg-type]


def test_an_engine_without_embedder_opens_none(monkeypatch):
    from fer_core import detect, embed, emotion

    for module, names in ((embed, ("open_embedder", "open_default", "open_second")),):
        for name in names:
            monkeypatch.setattr(module, name, lambda *_: pytest.fail("an embedder was opened"))
    monkeypatch.setattr(detect, "open_default", lambda *_: ToyDetector())
    monkeypatch.setattr(emotion, "open_default", lambda *_: ToyEmotion())
    assert common.engine_of(Settings(), None, "", None).aggregate


def test_staff_is_left_out_by_zone_and_hours(films):
    engine, shut = pipeline.without_templates(forbidden()), Week({0: (time(11), time(12))})  # 2 March 2026 is a Monday
    assert pipeline.review_day("A", pipeline.within_hours(both(films), shut), engine).tallies == ()
    opened = pipeline.within_hours(both(films), Week({0: (time(10), time(0))}))
    assert pipeline.review_day("A", opened, engine).tallied("entry") == 2
    gate = Gate(is_staff=lambda _: pytest.fail("nobody has a template"))
    assert pipeline.review_day("A", both(films, gate=gate), engine).tallied("entry") == 2


@pytest.mark.parametrize(
    ("days", "moment", "is_open"),
    [
        ({}, "2026-03-02T10:00", False),
        ({0: (time(9), time(18))}, "2026-03-02T08:00", True),  # nine o'clock in Vienna
        ({0: (time(9), time(18))}, "2026-03-02T17:00", False),
        ({0: (time(9), time(18))}, "2026-03-03T10:00", False),
        ({0: (time(9), time(0))}, "2026-03-02T22:59", True),
        ({0: (time(9), time(0))}, "2026-03-02T23:00", False),
    ],
)
def test_a_week(days, moment, is_open):
    assert Week(days, "Europe/Vienna").open_at(datetime.fromisoformat(moment).replace(tzinfo=UTC)) is is_open


def test_films_need_their_start(films):
    with pytest.raises(InputError, match="needs its start time"):
        pipeline.refuse_undated(both(films, None))


@pytest.mark.parametrize(
    ("start", "zone", "hour"),
    [
        ("2026-03-02T10:59:00+00:00", "UTC", "2026-03-02T11:00:00+00:00"),
        ("2026-03-02T10:20:00+00:00", "Asia/Kolkata", "2026-03-02T09:30:00+00:00"),
        ("2026-10-25T00:30:00+00:00", "Europe/Vienna", "2026-10-25T00:00:00+00:00"),
        ("2026-10-25T01:30:00+00:00", "Europe/Vienna", "2026-10-25T01:00:00+00:00"),
    ],
)
def test_hours_are_those_of_the_stores_clock(start, zone, hour):
    seen = replace(make_appearance("entry", 71.0), template=None)
    found = tallies_of([seen], [make_footage(start_at=datetime.fromisoformat(start))], zone)
    assert {one.hour_at for one in found} == {datetime.fromisoformat(hour)}
    assert sum(one.faces for one in found) == pytest.approx(1)
    assert sum(one.seconds for one in found) == pytest.approx(2)


def test_who_has_no_expression_or_no_hour_is_in_no_sum():
    blank = make_appearance("entry", samples=0, usable=False)
    assert tallies_of([blank], [make_footage(start_at=MORNING)]) == ()
    assert tallies_of([make_appearance()], [make_footage()]) == ()
    assert tallies_of([], []) == ()


# ---- from the job and the command to the tables


@pytest.fixture
def shop(tmp_path, store):
    from server.uploads import Uploads
    from server.workshop import Workshop

    made = Workshop(tmp_path, store, Uploads(tmp_path / "uploads"))
    made.engines[(None, "", None)] = forbidden()
    store.put_store("Main Street", time_zone="Europe/Vienna")
    store.set_privacy_mode("Main Street", "aggregate")
    return made


def test_a_job_writes_sums_and_nothing_else_and_twice_the_same(shop, films):
    for _ in range(2):
        given = payload(upload(shop, films[0], "in.mp4"), upload(shop, films[1], "out.mp4"), embedder="mobilefacenet")
        result, _ = do(shop, "review", given)
        assert (result["visits"], result["tallied_entries"], result["tallied_exits"]) == (0, 2, 3)
    assert {table: count(shop.store, table) for table in OWN} == dict.fromkeys(OWN, 0)
    found = tallied(shop.store)
    assert found[("entry", "happy")] == found[("entry", "neutral")] == pytest.approx(1, abs=0.1)
    assert found[("exit", "sad")] == pytest.approx(1, abs=0.1)
    nine = datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp()
    assert rows(shop.store, "SELECT DISTINCT epoch(hour_at) FROM tallies") == [(nine,)]
    assert rows(shop.store, "SELECT DISTINCT embedder FROM footage") == [("",)]
    assert list(shop.engines) == [(None, "", None)]
    job = Job("0", "review", "Main Street", "a job", "done", TEN, result=result)
    assert outcome(job) == "Sums only: 2 came and 3 left."


def test_a_job_refuses_films_without_start_and_faces_for_labelling(shop, films):
    given = payload(*films)
    given["exit"][0]["start"] = None
    with pytest.raises(InputError, match=r"out\.mp4: this store keeps sums by the hour"):
        do(shop, "review", given)
    faces = {"name": "Spring", "store": "Main Street", "entry": [], "exit": []}
    with pytest.raises(InputError, match="keeps sums only"):
        do(shop, "collect", faces)


def test_opening_hours_reach_the_gate(shop, films):
    shop.store.put_store("Main Street", opening_hours={"mon": ["11:00", "24:00"], "tue": ["00:00", "24:00"]})
    assert shop.store.hours_for("Main Street") == Week({0: (time(11), time(0)), 1: (time(0), time(0))}, "Europe/Vienna")
    assert shop.store.hours_for("nobody") is None
    result, _ = do(shop, "review", payload(*films))
    assert (result["tallied_entries"], result["tallied_exits"]) == (0, 0)
    assert [one.partition(":")[0] for one in result["warnings"]] == ["in.mp4", "out.mp4"]


def test_outside_opening_hours_nobody_is_read_in_any_mode(shop, films, monkeypatch, capsys):
    read = plain_engine()
    shop.engines[(None, None, None)] = read
    shop.store.set_privacy_mode("Main Street", "visit")
    shop.store.put_store("Main Street", opening_hours={"mon": ["11:00", "18:00"]})
    result, _ = do(shop, "review", payload(*films))
    assert (result["visits"], result["entries"], result["exits"], read.emotion.asked) == (0, 0, 0, 0)
    assert all("outside the store’s opening hours" in one for one in result["warnings"]) and len(result["warnings"]) == 2
    shop.store.put_store("Main Street", opening_hours={"mon": ["10:00", "18:00"]})
    result, _ = do(shop, "review", payload(*films))
    assert (result["visits"], result["entries"], result["warnings"]) == (2, 2, [])
    shop.store.put_store("Main Street", opening_hours={"mon": ["11:00", "18:00"]})
    shop.store.close()
    monkeypatch.setattr(common, "engine_of", lambda settings, *_: plain_engine(review=settings.review))
    starts = ["--entry-start", STARTS[0], "--exit-start", STARTS[1]]
    command = ["review", *map(str, films), "--store", "Main Street", "--db", str(shop.store.path), "--json", *starts]
    assert main(command) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["entries"] == 0
    assert "opening hours" in said.err


def test_the_command(films, path, capsys, monkeypatch):
    monkeypatch.setattr(common, "engine_of", lambda settings, *_: forbidden())
    with Store.open(path) as store:
        store.put_store("A")
        store.set_privacy_mode("A", "aggregate")
    starts = ["--entry-start", TEN.isoformat(), "--exit-start", TEN.isoformat()]
    command = ["review", str(films[0]), str(films[1]), "--store", "A", "--db", str(path), "--embedder", "dlib"]
    assert main([*command, *starts]) == 0
    assert "Sums only: 2 came, 3 left; no code was computed from any face." in " ".join(capsys.readouterr().out.split())
    assert main([*command, *starts, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tallied_exits"] == 3
    assert main(command) == 2
    assert "needs its start time" in " ".join(capsys.readouterr().err.split())
    collect = ["collect", str(films[0]), "--store", "A", "--db", str(path), "--out", str(path.parent / "faces")]
    assert main(collect) == 2
    assert "keeps sums only" in " ".join(capsys.readouterr().err.split())
    with Store.open(path) as store:
        assert {table: count(store, table) for table in OWN} == dict.fromkeys(OWN, 0)


def test_what_was_analysed_for_another_mode_is_refused(store):
    store.write_day(make_day("A", start_at=MORNING))
    store.set_privacy_mode("A", "aggregate")
    with pytest.raises(DataError, match="keeps sums only"):
        store.write_day(make_day("A", start_at=MORNING))
    with pytest.raises(DataError, match="keeps sums only"):
        store.write_day(empty_day("A"))
    store.write_day(sums_day("A", 2))
    store.set_privacy_mode("A", "visit")
    with pytest.raises(DataError, match="keeps visits"):
        store.write_day(sums_day("A", 2))


# ---- switching


@pytest.mark.parametrize(
    ("before", "mode", "visits", "people", "codes"),
    [
        ("visit", "aggregate", 0, [], 0),
        ("opt-in", "aggregate", 0, [], 0),
        ("visit", "opt-in", 0, ["guest", "staff"], 2),
        ("opt-in", "visit", 3, ["staff"], 1),
        ("visit", "visit", 3, ["guest", "staff"], 2),
    ],
)
def test_switching_deletes_what_the_mode_may_not_hold(store, before, mode, visits, people, codes):
    for name in ("A", "B"):
        store.put_store(name)
        store.set_privacy_mode(name, before)
        store.write_day(make_day(name, start_at=MORNING))
        put_people(store, name)
        store.put_setting(setting_key(name), {"allowed": True, "by": "Ana"})
    with store.cursor() as cursor:
        cursor.execute("DELETE FROM templates WHERE rowid NOT IN (SELECT min(rowid) FROM templates GROUP BY person_id)")
    losses = queries.mode_losses(store, "A", mode)
    receipt = store.set_privacy_mode("A", mode, actor="Ana")
    assert store.privacy_mode_of("A") == mode == queries.store(store, "A")["privacy_mode"]
    own = "store_id = (SELECT store_id FROM stores WHERE name = 'A')"
    assert rows(store, f"SELECT count(*) FROM visits WHERE {own}") == [(visits,)]  # noqa: S608
    assert [kind for (kind,) in rows(store, f"SELECT kind FROM people WHERE {own} ORDER BY 1")] == people  # noqa: S608
    assert rows(store, f"SELECT count(*) FROM templates WHERE {own}") == [(codes,)]  # noqa: S608
    assert rows(store, "SELECT count(*) FROM visits WHERE store = 'B'") == [(3,)]
    assert len(rows(store, "SELECT 1 FROM people JOIN templates USING (person_id)")) == codes + 2
    assert [queries.setting(store, setting_key(name)) is None for name in ("A", "B")] == [mode == "aggregate", False]
    gone = receipt.gone if receipt else {}
    assert losses == {
        "visits": gone.get("visits", 0), "appearances": gone.get("appearances", 0),
        "corrections": gone.get("corrections", 0), "guests": int("guest" not in people), "staff": int("staff" not in people),
    }  # fmt: skip
    assert losses["guests"] + losses["staff"] == gone.get("people", 0) == gone.get("templates", 0)
    assert ("series" in gone) == (visits == 0)
    assert (receipt is None) == (before == mode)


def test_sums_stay_and_the_change_is_in_the_audit_log(store, path):
    store.put_store("A")
    assert store.set_privacy_mode("A", "aggregate", actor="Ana").gone == {}
    assert receipts.latest(path) == []
    store.write_day(sums_day("A", 2))
    n = count(store, "tallies")
    store.set_privacy_mode("A", "opt-in", actor="Ana")
    assert count(store, "tallies") == n == 14
    log = rows(store, "SELECT actor, action, store, detail FROM audit ORDER BY seq")
    assert [(actor, action, name, json.loads(detail)["mode"]) for actor, action, name, detail in log] == [
        ("Ana", "store.mode", "A", "aggregate"), ("Ana", "store.mode", "A", "opt-in"),
    ]  # fmt: skip
    store.set_privacy_mode("A", "visit")
    store.write_day(make_day("A", start_at=MORNING + HOUR))
    store.set_privacy_mode("A", "aggregate")
    (kept,) = receipts.latest(path)
    assert "The privacy mode was changed" in kept.text()
    assert kept.rewritten


def test_a_change_is_refused(store):
    store.put_store("A")
    with pytest.raises(DataError, match="no privacy mode"):
        store.set_privacy_mode("A", "everything")
    with pytest.raises(DataError, match="there is no store"):
        store.set_privacy_mode("B", "aggregate")
    store.put_job({"job_id": "00000000-0000-0000-0000-000000000001", "kind": "review", "store": "A", "title": "t",
                   "state": "queued", "payload": {}, "created_at": TEN})  # fmt: skip
    with pytest.raises(DataError, match="privacy mode while a job"):
        store.set_privacy_mode("A", "aggregate")
    assert store.privacy_mode_of("A") == "visit" == store.privacy_mode_of("nobody")


def test_an_old_backup_is_brought_to_the_mode_again(path, tmp_path):
    with Store.open(path) as store:
        store.write_day(make_day("A", start_at=MORNING))
        put_people(store, "A")
        store.purge(TEN)
    backup = shutil.copy(path, tmp_path / "backup")
    with Store.open(path) as store:
        store.set_privacy_mode("A", "aggregate")
        store.write_day(sums_day("A", 2))
    shutil.copy(backup, path)
    with Store.open(path) as store:
        assert store.privacy_mode_of("A") == "aggregate"
        assert {table: count(store, table) for table in OWN} == dict.fromkeys(OWN, 0)
        assert count(store, "people") == count(store, "templates") == 0


def test_the_mode_outlives_a_change_of_everything_else(store):
    store.put_store("A")
    store.set_privacy_mode("A", "aggregate")
    store.put_store("A", retention_days=3)
    store.rename_store("A", "B")
    assert store.privacy_mode_of("B") == "aggregate"


# ---- retention, deletion


def test_retention_takes_sums_of_whole_hours_and_then_their_films(store):
    store.put_store("A", retention_days=1)
    store.set_privacy_mode("A", "aggregate")
    store.write_day(sums_day("A", 2, start_at=TEN))
    assert store.purge(TEN + 25 * HOUR - timedelta(seconds=1))["tallies"] == 0
    assert count(store, "footage") == 2
    gone = store.purge(TEN + 25 * HOUR)
    assert (gone["tallies"], gone["footage"]) == (14, 2)
    assert count(store, "tallies") == count(store, "footage") == 0


def test_a_span_takes_the_sums_of_the_hours_it_touches(store):
    store.put_store("A")
    store.set_privacy_mode("A", "aggregate")
    for hour in range(3):
        store.write_day(sums_day("A", 2, start_at=TEN + hour * HOUR, door="North" if hour else "South"))
    receipt = store.delete_span("A", TEN + 1.5 * HOUR, TEN + 1.6 * HOUR, actor="Ana")
    assert receipt.gone == {"tallies": 14}
    assert "sums by hour" in receipt.text()
    store.write_day(sums_day("A", 2, start_at=TEN + HOUR, door="North"))
    assert count(store, "tallies") == 28  # the film that is analysed again brings nothing back
    store.delete_span("A", TEN, TEN + 9 * HOUR, door="South")
    assert rows(store, "SELECT DISTINCT epoch(hour_at) FROM tallies") == [((TEN + 2 * HOUR).timestamp(),)]
    assert store.delete_store("A").gone["tallies"] == 14
    assert count(store, "tallies") == 0


# ---- the query


def ask(store, filter=queries.EVERYTHING, grain="day"):
    return queries.tallies(store, filter, grain)


def test_nothing_is_asked(store):
    assert list(ask(store).columns) == [
        "bucket", "moment", "expression", "n", "faces", "share", "seconds", "hidden", "sample",
    ]  # fmt: skip
    assert ask(store).empty
    assert not queries.sums_kept(store)


def test_few_people_are_a_number_only(store):
    store.put_store("A", time_zone="Europe/Vienna")
    store.set_privacy_mode("A", "aggregate")
    store.write_day(sums_day("A", 9, leave=10, start_at=TEN))
    found = ask(store, grain="hour")
    few, many = found[found["moment"] == "entrance"], found[found["moment"] == "exit"]
    assert few[["n", "hidden"]].to_numpy().tolist() == [[9, True]]
    assert few[["expression", "faces", "share", "seconds"]].isna().all(axis=None)
    assert list(many["expression"]) == list(EXPRESSIONS)
    assert many["share"].sum() == pytest.approx(1)
    assert set(many["n"]) == {10}
    assert str(many["bucket"].iloc[0]) == "2026-03-02 11:00:00"
    assert queries.sums_kept(store) and queries.sums_kept(store, Filter(stores=("A",)))
    assert not queries.sums_kept(store, Filter(stores=("B",)))


def test_the_sums_of_sample_stores_are_shown(store):
    store.put_store("S", is_sample=True)
    store.set_privacy_mode("S", "aggregate")
    store.write_day(sums_day("S", 1))
    found = ask(store)
    assert found["sample"].all() and not found["hidden"].any()
    assert found["share"].notna().all()


@pytest.mark.parametrize(
    ("filter", "n"),
    [
        (Filter(), 60),
        (Filter(stores=("A",)), 60),
        (Filter(stores=("B",)), 0),
        (Filter(doors=("North",)), 30),
        (Filter(first=TEN.date() + timedelta(days=1)), 0),
        (Filter(hours=(10, 11)), 30),
        (Filter(weekdays=(1,)), 0),
        (Filter(reviews=("positive",), min_quality=1.0), 60),
    ],
)
def test_filters(store, filter, n):
    store.put_store("A")
    store.set_privacy_mode("A", "aggregate")
    for place, door in enumerate(("North", "South")):
        store.write_day(sums_day("A", 30, start_at=TEN + place * HOUR, door=door))
    found = ask(store, filter)
    assert found[found["moment"] == "entrance"]["faces"].sum() == pytest.approx(n)


def test_sums_are_of_the_accounts_own_stores(store):
    for name in ("A", "B"):
        store.put_store(name)
        store.set_privacy_mode(name, "aggregate")
        store.write_day(sums_day(name, 12))
    (key,) = (one for (one,) in rows(store, "SELECT store_id FROM stores WHERE name = 'A'"))
    own = Scoped(store, Scope(stores=(key,)))
    assert set(ask(own)["n"]) == {12}
    assert ask(own, Filter(stores=("B",))).empty
    with pytest.raises(Exception, match="may not see the visits’ sums"):
        ask(Scoped(store, Scope(kinds=frozenset(("setup",)))))


# ---- words


def test_every_mode_has_its_words():
    assert privacy.WORDS.keys() == set(privacy.MODES)
    assert [privacy.computes_templates(mode) for mode in privacy.MODES] == [False, True, True]
    assert [privacy.keeps_sums(mode) for mode in privacy.MODES] == [True, False, True]
