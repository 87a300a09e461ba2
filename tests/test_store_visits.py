"""What becomes of visits after they are written: corrections, other categories, camera offsets."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from fer_core.errors import CancelledError, DataError
from fer_core.review import Categories, Offset, change_between, valence_of
from fer_core.settings import ReviewSettings
from fer_core.store import STANDARD, Store, recompute
from fer_core.types import EXPRESSIONS, Day, Visit
from tests.days import MORNING, count, make_appearance, make_day, make_footage, rows

SETTINGS = ReviewSettings()
UPSIDE_DOWN = Categories("upside down", 1, EXPRESSIONS, (1.0, 1.0, 1.0, -1.0, 1.0, 0.0, 0.0))
NUMBERS = (
    "SELECT entry_valence, exit_valence, change, change_se, camera_offset, review FROM visits WHERE store = 'A' "
    "ORDER BY entry_time_s"
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "moodgate.duckdb") as opened:
        yield opened


def real_day(
    name: str = "A", tag: str = "", moods: Sequence[tuple[str, str]] = (("sad", "happy"), ("happy", "neutral"))
) -> Day:
    """A day whose visits say what their appearances say."""
    films = make_footage(f"{tag}in.mp4"), make_footage(f"{tag}out.mp4", "exit")
    pairs = [
        (make_appearance("entry", 10.0 + 20 * i, leading=a), make_appearance("exit", 15.0 + 20 * i, leading=b))
        for i, (a, b) in enumerate(moods)
    ]
    day = make_day(name, visits=0, unmatched=0, entry=films[0], exit=films[1])
    matched = ("matched",) * len(pairs)
    entries, exits = tuple(a for a, _ in pairs), tuple(b for _, b in pairs)
    visits = tuple(reviewed(a, b) for a, b in pairs)
    return replace(day, entries=entries, exits=exits, entry_status=matched, exit_status=matched, visits=visits)


def reviewed(entry, exit_, settings: ReviewSettings = SETTINGS, offset: Offset | None = None) -> Visit:
    change = change_between(entry, exit_, settings, offset)
    return Visit(
        entry, exit_, 0.9, 0.05, change.entry_valence, change.exit_valence, change.raw, change.se, change.offset, change.review
    )


def one_id(store: Store) -> str:
    return rows(store, "SELECT visit_id::VARCHAR FROM visits ORDER BY entry_time_s")[0][0]


def state(store: Store) -> list[tuple]:
    return rows(store, "SELECT review, corrected_review, voided FROM visits ORDER BY entry_time_s")


# ---- what is written with a visit


def test_quality_is_the_lower_of_both(store: Store) -> None:
    day = make_day(visits=2)
    poor = replace(day.exits[0], quality=0.3)
    exits, visits = (poor, *day.exits[1:]), (replace(day.visits[0], exit=poor), day.visits[1])
    store.write_day(replace(day, exits=exits, visits=visits))
    assert rows(store, "SELECT quality FROM visits ORDER BY entry_time_s") == [(0.3,), (0.8,)]
    assert rows(store, "SELECT DISTINCT categories, categories_version, voided, corrected_review FROM visits") == [
        ("standard", 1, False, None)
    ]


# ---- corrections


def test_corrections_stack_and_are_undone_one_by_one(store: Store) -> None:
    store.write_day(make_day(visits=2))
    visit = one_id(store)
    store.correct_visit(visit, "negative", "she shouted")
    store.void_visit(visit, " staff ")
    store.correct_visit(visit, "neutral", 'no, "laughed" <b>')
    other = ("neutral", None, False)
    assert state(store) == [("positive", "neutral", True), other]
    assert rows(store, "SELECT kind, review, reason FROM corrections ORDER BY made_at") == [
        ("review", "negative", "she shouted"), ("void", None, "staff"), ("review", "neutral", 'no, "laughed" <b>'),
    ]  # fmt: skip
    seen = []
    for _ in range(3):
        store.undo_correction(visit)
        seen.append(state(store)[0])
    assert seen == [("positive", "negative", True), ("positive", "negative", False), ("positive", None, False)]
    assert rows(store, "SELECT count(*) FROM corrections WHERE undone_at >= made_at") == [(3,)]
    with pytest.raises(DataError, match="no correction to undo"):
        store.undo_correction(visit)


def test_unfit_corrections(store: Store) -> None:
    store.write_day(make_day(visits=1))
    visit, version = one_id(store), store.version()
    for ask, cause in (
        (lambda: store.correct_visit(visit, "splendid", "x"), "one of positive"),  # type: ignore[arg-type]
        (lambda: store.correct_visit(visit, "neutral", " "), "needs a reason"),
        (lambda: store.void_visit(visit, "x" * 2001), "2,000 characters"),
        (lambda: store.void_visit(str(uuid4()), "x"), "there is no visit"),
        (lambda: store.undo_correction("'; DROP TABLE visits"), "there is no visit"),
    ):
        with pytest.raises(DataError, match=cause):
            ask()
    assert (count(store, "corrections"), store.version()) == (0, version)


def test_corrections_survive_a_second_analysis(store: Store) -> None:
    store.write_day(make_day(visits=3))
    visit = one_id(store)
    store.correct_visit(visit, "negative", "a person said so")
    store.void_visit(rows(store, "SELECT visit_id::VARCHAR FROM visits ORDER BY entry_time_s DESC")[0][0], "staff")
    store.write_day(make_day(visits=3))
    held = [("positive", "negative", False), ("neutral", None, False), ("negative", None, True)]
    assert state(store) == held
    store.write_day(make_day(visits=0))  # a run that finds nobody, and one that finds them again
    assert state(store) == []
    store.write_day(make_day(visits=3))
    assert state(store) == held
    store.undo_correction(visit)
    store.write_day(make_day(visits=3))
    assert state(store)[0] == ("positive", None, False)


# ---- other categories


def test_recompute_without_a_change_changes_next_to_nothing(store: Store) -> None:
    store.write_day(real_day())
    before = rows(store, NUMBERS)
    assert store.recompute("A") == 2
    after = rows(store, NUMBERS)
    for old, new in zip(before, after, strict=True):
        np.testing.assert_allclose(new[:5], old[:5], atol=2e-3)  # the series were kept as float16
        assert new[5] == old[5]


def test_recompute_by_a_stores_own_categories(store: Store) -> None:
    day = real_day()
    store.write_day(day)
    store.write_day(real_day("B"))
    store.correct_visit(one_id(store), "uncertain", "kept")
    version = store.put_categories(UPSIDE_DOWN)
    store.use_categories("A", UPSIDE_DOWN.name)
    told: list[tuple[int, int]] = []
    assert store.recompute("A", tell=lambda done, total: told.append((done, total))) == 2
    assert told == [(2, 2)]
    turned = replace(SETTINGS, valence=UPSIDE_DOWN.valence)
    wanted = [change_between(v.entry, v.exit, turned) for v in day.visits]
    found = rows(store, NUMBERS)
    for change, row in zip(wanted, found, strict=True):
        expected = (change.entry_valence, change.exit_valence, change.raw, change.se, 0.0)
        np.testing.assert_allclose(row[:5], expected, atol=2e-3)
        assert row[5] == change.review
    assert [row[5] for row in found] == ["negative", "positive"]
    asked = "SELECT DISTINCT store, categories, categories_version FROM visits ORDER BY store"
    assert rows(store, asked) == [("A", UPSIDE_DOWN.name, version), ("B", "standard", 1)]
    assert rows(store, "SELECT count(*) FROM visits WHERE corrected_review = 'uncertain'") == [(1,)]


def test_recompute_in_chunks_can_be_cancelled_and_then_changes_nothing(store: Store) -> None:
    store.write_day(real_day(moods=[("sad", "happy")] * (2 * recompute.CHUNK + 1)))
    store.put_categories(UPSIDE_DOWN)
    store.use_categories("A", UPSIDE_DOWN.name)
    version, told = store.version(), []
    with pytest.raises(CancelledError):
        store.recompute("A", tell=lambda done, _: told.append(done), cancelled=lambda: len(told) == 2)
    assert told == [recompute.CHUNK, 2 * recompute.CHUNK]
    assert rows(store, "SELECT DISTINCT categories, review FROM visits") == [("standard", "positive")]
    assert store.version() == version
    assert store.recompute("A") == 2 * recompute.CHUNK + 1
    assert rows(store, "SELECT DISTINCT categories, review FROM visits") == [(UPSIDE_DOWN.name, "negative")]


def test_recompute_leaves_what_was_written_meanwhile_and_what_has_no_series(store: Store) -> None:
    store.write_day(real_day())
    store.write_day(real_day(tag="2 "))
    with store.cursor() as cursor:
        cursor.execute(
            "DELETE FROM series WHERE appearance_id IN (SELECT entry_appearance_id FROM visits WHERE entry_film = 'in.mp4')"
        )
    store.put_categories(UPSIDE_DOWN)
    store.use_categories("A", UPSIDE_DOWN.name)
    assert store.recompute("A", tell=lambda *_: store.write_day(real_day(tag="2 "))) == 0
    assert rows(store, "SELECT DISTINCT categories FROM visits") == [("standard",)]
    assert store.recompute("A") == 2
    assert rows(store, "SELECT DISTINCT entry_film FROM visits WHERE categories_version = 1 AND categories != 'standard'") == [
        ("2 in.mp4",)
    ]
    with pytest.raises(DataError, match="no store"):
        store.recompute("B")


def test_a_day_by_a_stores_own_categories_says_so(store: Store) -> None:
    store.put_categories(UPSIDE_DOWN)
    store.put_store("A")
    store.use_categories("A", UPSIDE_DOWN.name)
    store.write_day(real_day(), categories=store.categories_of("A"))
    assert rows(store, "SELECT DISTINCT categories, categories_version FROM visits") == [(UPSIDE_DOWN.name, 1)]


# ---- camera offsets


def shop_day(start_at: datetime, changes: Sequence[float], name: str = "A", doors: tuple[str, str] = ("", "")) -> Day:
    """A day with visits of those raw changes; nothing of it but the visits' numbers is looked at."""
    entry = make_footage(f"{start_at} {doors}.mp4", start_at=start_at, door=doors[0])
    later = start_at + timedelta(minutes=15)
    exit_ = make_footage(f"{start_at} {doors} out.mp4", "exit", start_at=later, door=doors[1])
    day = make_day(name, visits=len(changes), unmatched=0, entry=entry, exit=exit_, samples=1)
    visits = tuple(replace(v, change=c, exit_valence=v.entry_valence + c) for v, c in zip(day.visits, changes, strict=True))
    return replace(day, visits=visits)


def fill(store: Store, days: int = 20, visits: int = 12, mean: float = 0.2, **more) -> None:
    rng = np.random.default_rng(5)
    for day in range(days):
        store.write_day(shop_day(MORNING + timedelta(days=day), rng.normal(mean, 0.1, visits).tolist(), **more))


def test_no_offset_below_the_least_days_or_visits(store: Store) -> None:
    assert store.offset_for("A", "", "") == Offset()
    store.write_day(shop_day(MORNING, [0.3] * 250))
    assert store.offset_for("A", "", "") == Offset()
    assert rows(store, "SELECT value, visits, days, source FROM camera_offsets") == [(0.0, 250, 1, "visits")]
    fill(store, days=30, visits=6, name="B")
    assert store.offset_for("B", "", "") == Offset()
    store.write_day(make_day("C", visits=250, samples=1))  # no start times: nobody knows of how many days they are
    assert rows(store, "SELECT count(*) FROM camera_offsets") == [(2,)]


def test_offset_of_many_days_is_kept_up_with_every_day(store: Store) -> None:
    fill(store)
    offset = store.offset_for("A", "", "")
    assert offset.value == pytest.approx(0.2, abs=0.03)
    assert 0 < offset.se < 0.02
    assert rows(store, "SELECT visits, days, source FROM camera_offsets") == [(240, 20, "visits")]
    assert store.offset_for("B", "", "") == store.offset_for("A", "north", "") == Offset()
    store.put_store("A", offset_enabled=False)
    assert store.offset_for("A", "", "") == Offset()
    store.put_store("A", offset_enabled=True)
    assert store.offset_for("A", "", "") == offset


def test_each_pair_of_doors_has_its_own(store: Store) -> None:
    fill(store, days=14, visits=15, doors=("north", "north"), mean=0.3)
    fill(store, days=14, visits=15, doors=("north", "south"), mean=-0.3)
    assert store.offset_for("A", "north", "north").value == pytest.approx(0.3, abs=0.03)
    assert store.offset_for("A", "north", "south").value == pytest.approx(-0.3, abs=0.03)
    assert store.offset_for("A", "south", "north") == Offset()


@pytest.mark.parametrize("visits", [30, 600])
def test_a_day_with_a_mood_keeps_it(store: Store, visits: int) -> None:
    """However many came on that day, and however often its films are analysed again."""
    fill(store)
    moody = (np.random.default_rng(8).normal(0.7, 0.1, visits)).tolist()
    for _ in range(2):
        offset = store.offset_for("A", "", "")
        store.write_day(shop_day(MORNING + timedelta(days=20), moody))
        assert np.median(moody) - offset.value == pytest.approx(0.5, abs=0.05)
    raw = rows(store, "SELECT median(change) FROM visits WHERE local_at >= DATE '2026-04-03'")[0][0]
    assert raw == pytest.approx(np.median(moody))


def test_voided_visits_and_those_of_other_categories_dont_count(store: Store) -> None:
    fill(store, days=14, visits=15)
    assert store.offset_for("A", "", "") != Offset()
    for (visit,) in rows(store, "SELECT visit_id::VARCHAR FROM visits LIMIT 11"):
        store.void_visit(visit, "a test")
    store.refresh_offsets("A")
    assert store.offset_for("A", "", "") == Offset()
    store.put_categories(UPSIDE_DOWN)
    store.use_categories("A", UPSIDE_DOWN.name)
    assert rows(store, "SELECT count(*) FROM camera_offsets") == [(0,)]


def test_calibrated_offset_stands_until_it_is_taken_away(store: Store) -> None:
    fill(store)
    store.set_calibrated_offset("A", "", "", -0.4, 0.05)
    store.refresh_offsets("A")
    fill(store, days=1)
    assert store.offset_for("A", "", "") == Offset(-0.4, 0.05)
    assert rows(store, "SELECT source FROM camera_offsets") == [("calibration",)]
    store.set_calibrated_offset("A", "new", "", 0.1)
    assert store.offset_for("A", "new", "") == Offset(0.1, 0.0)
    store.set_calibrated_offset("A", "", "", None)
    assert store.offset_for("A", "", "").value == pytest.approx(0.2, abs=0.03)
    for value, se in ((2.1, 0.0), (float("nan"), 0.0), (0.0, -1.0)):
        with pytest.raises(DataError, match="between"):
            store.set_calibrated_offset("A", "", "", value, se)
    with pytest.raises(DataError, match="no store"):
        store.set_calibrated_offset("B", "", "", 0.1)


def test_recompute_takes_off_the_offset_in_the_new_valences(store: Store) -> None:
    moods = [("neutral", "happy")] * 15
    for number in range(14):
        day = real_day(tag=f"{number} ", moods=moods)
        start = MORNING + timedelta(days=number)
        films = [tuple(replace(film, start_at=start) for film in films) for films in (day.entry_films, day.exit_films)]
        visits = tuple(replace(visit, entered_at=start, exited_at=start) for visit in day.visits)
        store.write_day(replace(day, entry_films=films[0], exit_films=films[1], visits=visits))
    store.put_categories(UPSIDE_DOWN)
    store.use_categories("A", UPSIDE_DOWN.name)
    assert store.offset_for("A", "", "") == Offset()
    entry, exit_ = make_appearance("entry", leading="neutral"), make_appearance("exit", 15.0, leading="happy")
    turned = replace(SETTINGS, valence=UPSIDE_DOWN.valence)
    expected = float(valence_of(exit_.mean, turned) - valence_of(entry.mean, turned))
    assert store.recompute("A") == 210
    offset = store.offset_for("A", "", "")
    assert offset.value == pytest.approx(expected, abs=0.1)
    assert rows(store, "SELECT DISTINCT round(camera_offset, 3), review FROM visits") == [(round(offset.value, 3), "neutral")]
    store.put_store("A", offset_enabled=False)
    store.recompute("A")
    assert rows(store, "SELECT DISTINCT camera_offset, review FROM visits") == [(0.0, "negative")]
    assert STANDARD.valence == SETTINGS.valence
