"""What was deleted stays deleted when the same films are analysed again, and the result says so."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from fer_core.store import Store, tombstones
from fer_core.store.staying import left_out
from fer_core.types import Day
from server.uploads import Uploads
from server.workshop import Workshop
from tests.days import MORNING, count, make_appearance, make_day, make_footage, make_visit, rows
from tests.test_pipeline import engine, write_film
from tests.test_server_review import DEFAULT, do, payload

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "moodgate.duckdb"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(path) as made:
        yield made


def day(name: str = "A", start_at: datetime | None = MORNING, door: str = "", tag: str = "") -> Day:
    """Three visits, entered at 10, 30 and 50 s, left a quarter of an hour and 5 s later, and lone ones (500 s, 550 s)."""
    later = start_at + HOUR / 4 if start_at else None
    entry = make_footage(f"in{tag}.mp4", start_at=start_at, door=door)
    return make_day(name, entry=entry, exit=make_footage(f"out{tag}.mp4", "exit", start_at=later, door=door))


def moments(store: Store) -> list[float]:
    """When the visits were entered, in seconds of their films."""
    return [at for (at,) in rows(store, "SELECT entry_time_s FROM visits ORDER BY ALL")]


def ids(store: Store, where: str = "true") -> list[str]:
    return [one for (one,) in rows(store, f"SELECT visit_id::VARCHAR FROM visits WHERE {where} ORDER BY entry_time_s")]  # noqa: S608


# ---- spans


def test_nothing_deleted_is_nothing_left_out(store: Store) -> None:
    written = store.write_day(given := day())
    assert written is given and left_out(given, written) == () and moments(store) == [10, 30, 50]


def test_a_deleted_span_stays_empty(store: Store) -> None:
    store.write_day(day())
    store.delete_span("A", MORNING + 25 * SECOND, MORNING + 40 * SECOND)
    before = count(store, "appearances"), count(store, "series")
    for _ in range(2):
        written = store.write_day(given := day())
        assert moments(store) == [10, 50] and (count(store, "appearances"), count(store, "series")) == before
        (sentence,) = left_out(given, written)
        assert sentence.startswith("1 visit of these films had been deleted")
    assert rows(store, "SELECT count(*) FROM series WHERE appearance_id NOT IN (SELECT appearance_id FROM appearances)") == [
        (0,)
    ]


def test_who_left_in_the_span_and_who_was_alone_in_it_stay_away_too(store: Store) -> None:
    store.write_day(day())
    store.delete_span("A", MORNING + HOUR / 4, MORNING + HOUR / 4 + 20 * SECOND)
    store.delete_span("A", MORNING + 495 * SECOND, MORNING + 505 * SECOND)
    n = count(store, "appearances")
    written = store.write_day(given := day())
    assert moments(store) == [30, 50] and count(store, "appearances") == n
    assert left_out(given, written)[0].startswith("1 visit and 1 lone appearance of these films")


def test_the_same_door_only_and_the_same_store_only(store: Store) -> None:
    for name, door in (("A", "north"), ("A", "south"), ("B", "north")):
        store.write_day(day(name, door=door, tag=door))
    store.delete_span("A", MORNING, MORNING + HOUR, door="north")
    for name, door in (("A", "north"), ("A", "south"), ("B", "north")):
        store.write_day(day(name, door=door, tag=door))
    assert rows(store, "SELECT store, entry_door, count(*) FROM visits GROUP BY ALL ORDER BY ALL") == [
        ("A", "south", 3), ("B", "north", 3),
    ]  # fmt: skip


@pytest.mark.parametrize("start_at", [None, MORNING + 5 * HOUR], ids=["no start", "another start"])
def test_the_films_with_another_start_bring_nothing_back(store: Store, start_at: datetime | None) -> None:
    store.write_day(day())
    store.delete_span("A", MORNING + 25 * SECOND, MORNING + 40 * SECOND)
    store.write_day(day(start_at=start_at))
    assert moments(store) == [10, 50]


def test_a_film_that_is_given_first_after_the_deletion_is_kept_out_as_well(store: Store) -> None:
    store.write_day(day())
    store.delete_span("A", MORNING + 25 * SECOND, MORNING + 40 * SECOND)
    vienna = MORNING.astimezone(timezone(2 * HOUR))
    store.write_day(day(start_at=vienna, tag=" of a second camera"))
    assert moments(store) == [10, 10, 50, 50]


# ---- single visits


def test_a_deleted_visit_does_not_come_back_and_its_neighbours_do(store: Store) -> None:
    store.write_day(day())
    store.delete_visits("A", ids(store)[1:2])
    before = count(store, "appearances")
    written = store.write_day(given := day())
    assert moments(store) == [10, 50] and count(store, "appearances") == before
    assert len(left_out(given, written)) == 1


@pytest.mark.parametrize("start_at", [None, MORNING], ids=["without times", "with times"])
def test_another_embedder_pairs_the_same_people_otherwise(store: Store, start_at: datetime | None) -> None:
    store.write_day(day(start_at=start_at))
    store.delete_visits("A", ids(store)[1:2])
    given = day(start_at=start_at)
    other = make_visit(given.visits[1].entry, given.visits[2].exit)  # another visit, so another id
    store.write_day(replace(given, visits=(given.visits[0], other), embedder="another"))
    assert moments(store) == [10]


def test_another_detector_sees_the_same_people_a_little_later(store: Store) -> None:
    store.write_day(day())
    store.delete_visits("A", ids(store)[1:2])
    seen = [(make_appearance("entry", at + 0.4), make_appearance("exit", at + 5.4)) for at in (10.0, 30.0, 50.0)]
    made = make_day("A", visits=0, unmatched=0, entry=day().entry_films[0], exit=day().exit_films[0])
    other = replace(
        made, entries=tuple(a for a, _ in seen), exits=tuple(b for _, b in seen), entry_status=("matched",) * 3,
        exit_status=("matched",) * 3, visits=tuple(make_visit(*both) for both in seen), detector="another",
    )  # fmt: skip
    store.write_day(other)
    assert moments(store) == [10.4, 50.4]


def test_all_visits_deleted_is_a_day_without_visits(store: Store) -> None:
    store.write_day(day())
    store.delete_visits("A", ids(store))
    assert left_out(day(), store.write_day(day()))[0].startswith("3 visits of") and moments(store) == []


# ---- what doesn't hold


def test_a_store_made_anew_under_the_name_is_another(store: Store) -> None:
    store.write_day(day())
    store.delete_store("A")
    assert store.write_day(day()).visits and moments(store) == [10, 30, 50]


def test_a_retention_leaves_it_to_the_next_purge(store: Store) -> None:
    store.write_day(day())
    store.put_store("A", retention_days=1)
    late = MORNING + timedelta(days=30)
    assert store.purge(late)["visits"] == 3
    store.write_day(day())
    assert len(moments(store)) == 3 and store.purge(late)["visits"] == 3


def test_a_new_database_beside_old_tombstones_takes_over_none(path: Path) -> None:
    with Store.open(path) as old:
        old.write_day(day())
        old.delete_visits("A", ids(old))
    path.unlink()
    with Store.open(path) as new:
        new.write_day(day())
        assert moments(new) == [10, 30, 50]


# ---- the file


def test_tombstones_hold_hashes_and_seconds_and_are_read_as_written(store: Store, path: Path) -> None:
    store.write_day(day(door="north"))
    key = ids(store)[0]
    appearance = rows(store, f"SELECT entry_appearance_id::VARCHAR FROM visits WHERE visit_id = '{key}'")[0][0]  # noqa: S608
    store.delete_visits("A", [key])
    store.delete_span("A", MORNING, MORNING + HOUR, door="north")
    text = tombstones.path_of(path).read_text()
    films = [film.sha256 for film in (*day().entry_films, *day().exit_films)]
    assert not [word for word in (key, appearance, "north", "in.mp4", *films) if word in text]
    single, span = tombstones.read(path)
    assert len(single.passages) == 2 and all(one.seen for one in single.passages)
    assert [(one.begin_s, one.end_s, one.seen) for one in span.passages] == [(0.0, 3600.0, ""), (0.0, 2700.0, "")]


def test_a_tombstone_of_an_earlier_version_holds_for_its_ids(store: Store, path: Path) -> None:
    store.write_day(day())
    store.delete_visits("A", ids(store)[1:2])
    lines = [json.loads(line) for line in tombstones.path_of(path).read_text().splitlines()]
    for line in lines:
        line.pop("passages")
    tombstones.path_of(path).write_text("".join(json.dumps(line) + "\n" for line in lines))
    store.write_day(day())
    assert moments(store) == [10, 50]


# ---- the job


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    with Store.open(tmp_path / "moodgate.duckdb") as opened:
        made = Workshop(tmp_path, opened, Uploads(tmp_path / "uploads"))
        made.engines[DEFAULT] = engine()
        yield made


def by_visit(store: Store) -> None:
    store.delete_visits("Main Street", ids(store, "review = 'negative'"))


def by_span(store: Store) -> None:
    ((at,),) = rows(store, "SELECT epoch_us(entered_at) FROM visits WHERE review = 'negative'")
    moment = datetime.fromtimestamp(at / 1e6, UTC)
    store.delete_span("Main Street", moment - SECOND, moment + SECOND, door="North")


@pytest.mark.parametrize("way", [by_visit, by_span])
def test_real_films_analysed_again_say_what_was_left_out(shop: Workshop, tmp_path: Path, way: Callable[[Store], None]) -> None:
    entry = write_film(tmp_path / "in.mp4", [(0.5, "ada", "neutral", 10), (3.5, "ben", "happy", 150)])
    leave = write_film(tmp_path / "out.mp4", [(0.5, "ben", "angry", 20), (3.5, "ada", "happy", 150)])
    assert do(shop, "review", payload(entry, leave))[0]["reviews"]["negative"] == 1
    way(shop.store)
    result, _ = do(shop, "review", payload(entry, leave))
    assert (result["visits"], result["reviews"]["negative"], result["reviews"]["positive"]) == (1, 0, 1)
    assert len(result["warnings"]) == 1 and "stay so" in result["warnings"][0]
    assert rows(shop.store, "SELECT review FROM visits") == [("positive",)]
