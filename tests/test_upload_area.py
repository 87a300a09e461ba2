"""The drop area's Python half, start times from names, and what is said of films before they are analysed."""

from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from fer_core.errors import InputError
from tests.films import write_film
from ui import films
from ui.film_rows import Form, size, told
from ui.films import Chosen, Look, doubts, fault_of, faults, missing, swapped
from ui.starts import Named, Proposal, comes_twice, moment, propose, start_in_name
from ui.upload import Arrived, news

VIENNA = ZoneInfo("Europe/Vienna")
MARCH_2 = date(2026, 3, 2)


# ---- what the browser tells -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", [None, [], "x", [1], [{}], [{"ticket": 1, "id": "a", "name": "b"}], {"ticket": "a"}])
def test_what_is_no_news_is_passed_over(told):
    assert news(told, []) == []


def test_a_film_is_told_once_however_often_the_browser_repeats_it():
    tickets: list[str] = []
    film = {"ticket": "t1", "id": "u1", "name": "a.mp4"}
    assert news([film], tickets) == [Arrived("u1", "a.mp4")]
    assert news([film], tickets) == []
    assert news([film, {"ticket": "t2", "id": "u2", "name": "b.mp4"}], tickets) == [Arrived("u2", "b.mp4")]
    assert tickets == ["t1", "t2"]


def test_tickets_do_not_pile_up():
    tickets = [str(n) for n in range(500)]
    news([{"ticket": "new", "id": "u", "name": "a"}], tickets)
    assert len(tickets) == 200
    assert tickets[-1] == "new"


# ---- starts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("", None),
        ("corridor_three.gif", None),
        ("1234567890123456.mp4", None),
        ("20261399_100000.mp4", None),
        ("2026-02-30.mp4", None),
        ("2026-03-02_10-00-00.mp4", Named(MARCH_2, time(10))),
        ("20260302_100000.mp4", Named(MARCH_2, time(10))),
        ("VID_20260302_100000123.mp4", Named(MARCH_2, time(10))),
        ("entry_20260302T100000Z.mp4", Named(MARCH_2, time(10), UTC)),
        ("ch01_20260302100000_20260302110000.mp4", Named(MARCH_2, time(10))),
        ("Screen Recording 2026-03-02 at 10.00.07.mov", Named(MARCH_2, time(10, 0, 7))),
        ("2026-03-02_10h05m03s.mp4", Named(MARCH_2, time(10, 5, 3))),
        ("cam1-2026.03.02-09.15.30-entry.avi", Named(MARCH_2, time(9, 15, 30))),
        ("20260302_1000-1030.mp4", Named(MARCH_2, time(10))),
        ("2026-03-02.mp4", Named(MARCH_2)),
        ("20260302_250000.mp4", Named(MARCH_2)),
        ("2026-03-02-entrance-2.mp4", Named(MARCH_2)),
    ],
)
def test_a_start_is_read_from_a_name(name, found):
    assert start_in_name(name) == found


def test_a_zone_in_the_name_counts():
    found = propose("2026-03-02T10:00:00-05:00.mp4", None, VIENNA)
    assert (found.day, found.clock) == (MARCH_2, time(16))
    assert propose("20260302T233000Z.mp4", None, VIENNA).day == date(2026, 3, 3)


def test_the_name_goes_before_the_metadata_which_are_told_where_they_disagree():
    at_nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
    agreed = propose("2026-03-02_10-00-00.mp4", at_nine, VIENNA)
    assert (agreed.clock, agreed.source) == (time(10), "start proposed from the file’s name")
    other = propose("2026-03-02_11-30-00.mp4", at_nine, VIENNA)
    assert other.clock == time(11, 30)
    assert other.source == "start proposed from the file’s name; its metadata say 2 March 2026, 10:00:00"
    assert propose("film.mp4", at_nine, VIENNA).clock == time(10)
    assert propose("film.mp4", None, VIENNA).clock is None


def test_a_time_that_the_clocks_skip_is_refused_and_one_that_comes_twice_is_the_first():
    with pytest.raises(InputError, match="29 March 2026 the clocks of Europe/Vienna skip 02:30"):
        moment(date(2026, 3, 29), time(2, 30), VIENNA)
    assert moment(date(2026, 10, 25), time(2, 30), VIENNA) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert comes_twice(date(2026, 10, 25), time(2, 30), VIENNA)
    assert not comes_twice(date(2026, 10, 25), time(3, 30), VIENNA)
    assert moment(MARCH_2, time(10), VIENNA) == datetime(2026, 3, 2, 9, tzinfo=UTC)


# ---- films ----------------------------------------------------------------------------------------------------------


def chosen(role="entry", name="a.mp4", clock=None, day=MARCH_2, **look):
    facts = {"size_bytes": 9, "sha256": name, "width": 64, "height": 48, "duration_s": 60.0} | look
    return Chosen(Path("/films") / name, role, name, day=day, clock=clock, look=Look(**facts))


def test_an_empty_form_asks_for_both_sides():
    assert missing([]) == ["Add a film of the entrance.", "Add a film of the exit."]
    assert faults([], VIENNA) == [] == doubts([], VIENNA, datetime.now(UTC))
    assert swapped([], VIENNA) == ""


def test_films_that_are_swapped_are_told():
    early, late = chosen("exit", "x.mp4", time(9)), chosen("entry", "e.mp4", time(9, 5))
    sentence = swapped([early, late], VIENNA)
    assert "exit films end at 09:01:00 on 2 March 2026, before the entrance films begin at 09:05:00" in sentence
    form = Form([early, late])
    form.swap()
    assert swapped(form.films, VIENNA) == ""
    unknown = chosen("exit", "x.mp4", None)
    assert swapped([unknown, late], VIENNA) == ""


def test_the_same_film_twice_is_told():
    first, again = chosen(name="a.mp4", sha256="s"), chosen(name="b.mp4", sha256="s")
    assert faults([first, again], VIENNA) == ["b.mp4: the same film as a.mp4, given twice."]
    other = chosen("exit", "b.mp4", sha256="s")
    assert faults([first, other], VIENNA) == ["b.mp4: the same film is given as entrance and as exit."]


def test_a_film_alone_may_be_at_fault():
    assert fault_of(chosen(error="a.mp4: the file is empty."), VIENNA) == "a.mp4: the file is empty."
    assert "choose the day as well" in fault_of(chosen(clock=time(9), day=None), VIENNA)
    unknown = chosen(clock=time(9), day=None)
    unknown.unknown = True
    assert fault_of(unknown, VIENNA) == ""
    assert unknown.start(VIENNA) is None
    assert "skip 02:30" in fault_of(chosen(clock=time(2, 30), day=date(2026, 3, 29)), VIENNA)
    assert fault_of(chosen(clock=time(9)), VIENNA) == ""
    assert faults([chosen(error="x")], VIENNA) == ["Remove or mend the films marked above."]


def test_doubts_are_told_and_stop_nobody():
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert "would begin in the future, on 15:00:00" in doubts([chosen(clock=time(15))], VIENNA, now)[0]
    some = doubts([chosen(clock=time(9)), chosen("exit", "b.mp4")], VIENNA, now)
    assert "Some films have no start time" in some[0]
    apart = doubts([chosen(clock=time(9)), chosen("exit", "b.mp4", time(9), date(2026, 2, 20))], VIENNA, now)
    assert "more than a day apart" in apart[0]
    twice = doubts([chosen(clock=time(2, 30), day=date(2025, 10, 26))], VIENNA, now)
    assert "twice that night" in twice[0]


def test_a_real_film_is_looked_at_and_a_bad_one_named_as_its_owner_knows_it(tmp_path):
    path = write_film(tmp_path / "0a1b.mp4", metadata={"creation_time": "2026-03-02T09:00:00Z"})
    film = Chosen(path, "entry", "door 2026-03-02_10-00-00.mp4")
    film.settle(VIENNA)
    assert (film.look.width, film.look.height, film.look.error) == (64, 48, "")
    assert (film.day, film.clock) == (MARCH_2, time(10))
    bad = tmp_path / "ffff.mp4"
    bad.write_bytes(b"no film")
    assert films.look(bad, "holiday.mp4").error.startswith("holiday.mp4: ")
    assert str(tmp_path) not in films.look(bad, "holiday.mp4").error
    assert films.look(tmp_path / "gone.mp4", "gone.mp4").error == "gone.mp4: the file is no longer there."


def test_what_a_person_changed_stays_when_the_zone_changes(tmp_path):
    path = write_film(tmp_path / "a.mp4", metadata={"creation_time": "2026-03-02T09:00:00Z"})
    film = Chosen(path, "entry", "a.mp4")
    film.settle(VIENNA)
    film.settle(ZoneInfo("UTC"))
    assert film.clock == time(9)
    film.clock = time(8, 30)
    film.settle(VIENNA)
    assert film.clock == time(8, 30)


def test_a_film_is_on_the_form_once_a_role():
    form = Form()
    form.add(chosen())
    form.add(chosen())
    form.add(chosen("exit"))
    assert [film.role for film in form.films] == ["entry", "exit"]
    form.remove(form.films[0])
    assert [film.role for film in form.films] == ["exit"]


def test_the_day_is_that_of_the_first_film_that_says_one_and_of_all_once_a_person_chose_it():
    silent, said = chosen(day=None), chosen("exit", "x.mp4", time(9))
    said.proposal = Proposal(MARCH_2, time(9), "")
    form = Form([silent, said])
    form.take_day()
    assert (form.day, silent.day) == (MARCH_2, MARCH_2)
    form.set_day(date(2026, 3, 5))
    form.take_day()
    assert {film.day for film in form.films} == {form.day} == {date(2026, 3, 5)}


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 kB"), (300, "1 kB"), (1_935_222, "1.9 MB"), (340_000_000, "340 MB"), (2_100_000_000, "2.10 GB")]
)
def test_sizes(count, words):
    assert size(count) == words


def test_a_look_in_words():
    assert told(Look(340_000_000, "s", 1920, 1080, 723.0)) == "12 min 3 s · 1920 × 1080 · 340 MB"
    assert told(Look(5_000, error="bad")) == "5 kB"
    assert told(Look(5_000, "s", 64, 48)) == "length unknown · 64 × 48 · 5 kB"
    assert told(Look(error="gone")) == ""
