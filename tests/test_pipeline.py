"""Two films of toy faces through the real pipeline: real decoding, tracking, matching; toy backends."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import av
import numpy as np
import pytest

from fer_core import pipeline
from fer_core.errors import CancelledError, FilmError, InputError
from fer_core.gate import Gate, Zone
from fer_core.pipeline import Engine, Film
from fer_core.pipeline.passages import Codes, split_by_appearance
from fer_core.pipeline.second import second_opinion
from fer_core.quality import ShotKeeper
from fer_core.settings import PairFit, Settings
from fer_core.types import Shot
from tests import films
from tests.toys import GREY, ToyDetector, ToyEmbedder, ToyEmotion, paint

MORNING = datetime(2026, 3, 2, 10, tzinfo=UTC)


def write_film(path, walks, seconds=None, size=(320, 240), fps=10):
    """walks: (start_s, person, expression, left px at start); each crosses for two seconds."""
    seconds = seconds or max((w[0] for w in walks), default=0) + 3
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": "8", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt, stream.time_base = *size, "yuv444p", Fraction(1, fps)
        for index in range(round(seconds * fps)):
            image = np.full((size[1], size[0], 3), GREY, np.uint8)
            for start, person, expression, left in walks:
                part = (index / fps - start) / 2
                if 0 <= part < 1:
                    paint(image, int(left + 60 * part), 60, 96, person, expression)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
    return path


def engine(**changes) -> Engine:
    return Engine(ToyDetector(), ToyEmbedder(), ToyEmotion(), replace(Settings(), **changes))


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    folder = tmp_path_factory.mktemp("day")
    entry = [(0.5, "ada", "neutral", 10), (3.5, "ben", "happy", 150), (6.5, "cem", "sad", 20)]
    leave = [(0.5, "ben", "angry", 20), (3.5, "ada", "happy", 150), (6.5, "dee", "neutral", 20)]
    return write_film(folder / "entry.mp4", entry), write_film(folder / "exit.mp4", leave)


def test_a_day(day):
    told = pipeline.review_day("shop", [Film(day[0], "entry"), Film(day[1], "exit")], engine())
    found = sorted((v.entry.expression, v.exit.expression, v.review) for v in told.visits)
    assert found == [("happy", "angry", "negative"), ("neutral", "happy", "positive")]
    assert told.entry_status == ("matched", "matched", "unmatched")
    assert told.exit_status == ("matched", "matched", "unmatched")
    ada = next(v for v in told.visits if v.review == "positive")
    assert 0.5 <= ada.entry.best_s <= 2.5
    assert ada.entry.y == pytest.approx(108, abs=8)
    assert ada.entered_at is None
    assert ada.dwell_s is None


def test_start_times_give_moments_and_dwell(day):
    films = [Film(day[0], "entry", MORNING), Film(day[1], "exit", MORNING + timedelta(minutes=10))]
    told = pipeline.review_day("shop", films, engine())
    for visit in told.visits:
        assert visit.entered_at == MORNING + timedelta(seconds=visit.entry.best_s)
        assert visit.dwell_s == pytest.approx(600 + visit.exit.best_s - visit.entry.best_s)


def test_somebody_who_comes_in_the_first_film_may_leave_in_the_third(tmp_path):
    first = write_film(tmp_path / "a.mp4", [(0.5, "ada", "sad", 10)])
    empty = write_film(tmp_path / "b.mp4", [], seconds=2)
    other = write_film(tmp_path / "c.mp4", [(0.5, "ben", "sad", 10)])
    third = write_film(tmp_path / "d.mp4", [(0.7, "ada", "happy", 10)])
    films = [Film(first, "entry", door="north"), Film(empty, "exit"), Film(other, "exit"), Film(third, "exit", door="south")]
    (visit,) = pipeline.review_day("shop", films, engine()).visits
    assert (visit.exit.film, visit.entry.door, visit.exit.door) == (2, "north", "south")


def test_nobody_is_no_error(tmp_path):
    films = [Film(write_film(tmp_path / f"{role}.mp4", [], seconds=s), role) for role, s in (("entry", 2), ("exit", 3))]
    told = pipeline.review_day("shop", films, engine())
    assert (told.visits, told.entries, told.exits) == ((), (), ())


def test_what_the_gate_drops_never_reaches_the_expression_model(day):
    everything = Zone("all", ((0, 0), (1, 0), (1, 1), (0, 1)))
    masked = engine()
    _, seen = pipeline.analyze_film(Film(day[0], "entry", gate=Gate(masks=(everything,))), 0, masked)
    assert seen == []
    assert masked.emotion.asked == 0

    staff = engine()
    _, seen = pipeline.analyze_film(Film(day[0], "entry", gate=Gate(is_staff=lambda template: True)), 0, staff)
    assert seen == []
    assert staff.emotion.asked == 0

    plain = engine()
    assert len(pipeline.analyze_film(Film(day[0], "entry"), 0, plain)[1]) == 3
    assert plain.emotion.asked > 0


def test_unusable_tracks_are_counted_and_not_scored(day):
    strict = engine(quality=replace(Settings().quality, min_usable=1.1))
    told = pipeline.review_day("shop", [Film(day[0], "entry"), Film(day[1], "exit")], strict)
    assert set(told.entry_status) == {"unusable"}
    assert told.visits == ()
    assert strict.emotion.asked == 0


def test_a_larger_share_of_pictures_gives_the_same_people(day):
    for rate in (4.0, 10.0):
        video = replace(Settings().video, samples_per_s=rate)
        _, seen = pipeline.analyze_film(Film(day[0], "entry"), 0, engine(video=video))
        assert len(seen) == 3


def test_cancel(day):
    calls = iter([False, False, True])
    with pytest.raises(CancelledError, match=r"entry\.mp4"):
        pipeline.analyze_film(Film(day[0], "entry"), 0, engine(), cancelled=lambda: next(calls))


def test_progress_rises_to_the_end(day):
    told: list[pipeline.Progress] = []
    pipeline.analyze_film(Film(day[0], "entry"), 0, engine(), tell=told.append)
    done = [p.done_s for p in told]
    assert done == sorted(done)
    assert told[-1].done_s == told[-1].total_s
    assert told[-1].people == 3


def test_same_film_twice_is_refused(day, tmp_path):
    with pytest.raises(FilmError, match="as entrance and as exit"):
        pipeline.check_films([Film(day[0], "entry"), Film(day[0], "exit")])
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(day[0].read_bytes())
    with pytest.raises(FilmError, match="given twice"):
        pipeline.check_films([Film(day[0], "entry"), Film(copy, "entry")])


def test_swapped_times_are_refused(day):
    with pytest.raises(InputError, match="end before the entrance"):
        pipeline.check_films([Film(day[0], "entry", MORNING), Film(day[1], "exit", MORNING - timedelta(hours=1))])
    with pytest.raises(InputError, match="needs a time zone"):
        pipeline.check_films([Film(day[0], "entry", MORNING.replace(tzinfo=None))])


def test_the_same_films_give_the_same_day(day):
    films = [Film(day[0], "entry"), Film(day[1], "exit")]
    first, second = (pipeline.review_day("shop", films, engine()) for _ in range(2))
    assert [(v.change, v.change_se, v.match_probability) for v in first.visits] == [
        (v.change, v.change_se, v.match_probability) for v in second.visits
    ]


def test_two_who_change_places_in_one_track_are_two(tmp_path):
    """Ben steps exactly where Ada was a moment before: one track by place, two people by their faces."""
    path = tmp_path / "swap.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "8", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt, stream.time_base = 320, 240, "yuv444p", Fraction(1, 10)
        for index in range(40):
            image = np.full((240, 320, 3), GREY, np.uint8)
            paint(image, 40, 60, 96, "ada" if index < 20 else "ben", "happy")
            paint(image, 150, 60, 96, "cem", "sad")
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
    _, seen = pipeline.analyze_film(Film(path, "entry"), 0, engine())
    codes = {int(appearance.template.argmax()) for appearance in seen}
    assert len(seen) == len(codes) == 3


def test_a_film_that_was_cut_off_is_read_to_the_break_with_a_warning(day, tmp_path):
    walks = [(0.5, "ada", "neutral", 10), (7.5, "ben", "happy", 150)]
    whole = write_film(tmp_path / "whole.mkv", walks, seconds=12)
    cut = films.cut_off(whole, tmp_path / "cut short.mkv", 0.5)
    footage, seen = pipeline.analyze_film(Film(cut, "entry"), 0, engine())
    assert len(seen) == 1
    (warning,) = footage.warnings
    assert "cut short.mkv" in warning


def test_a_second_opinion_is_asked_of_the_looks(day):
    second = ToyEmbedder()
    second.name = "toy2"
    engines = replace(engine(), second=second)
    told = pipeline.review_day("shop", [Film(day[0], "entry"), Film(day[1], "exit")], engines)
    assert told.embedder == "toy+toy2"
    assert all(len(seen.looks) == Settings().quality.looks for seen in told.entries)
    opinion = _opinion(told, second)
    assert np.isclose(opinion.entries @ opinion.exits.T, np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]]), atol=1e-6).all()
    unasked = pipeline.review_day("shop", [Film(day[0], "entry"), Film(day[1], "exit")], engine())
    assert not any(seen.looks for seen in unasked.entries)


def _opinion(told, second):
    fits = {("toy", "toy2"): PairFit(10.0, 10.0, -10.0)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fer_core.pipeline.second.PAIR_FITS", fits)
        return second_opinion(told.entries, told.exits, "toy", second)


def test_nobody_is_asked_where_the_two_were_never_fitted(day):
    assert second_opinion((), (), "toy", None) is None
    assert second_opinion((), (), "toy", ToyEmbedder()) is None


def _track(places_s):
    """A track's keeper of toy shots at these moments."""
    keeper = ShotKeeper(Settings().quality)
    image = np.full((80, 80, 3), GREY, np.uint8)
    paint(image, 10, 10, 60, "ada", "happy")
    face = ToyDetector().detect(image)
    for time_s in places_s:
        keeper.add(Shot(time_s, image, face, (40.0, 40.0), 60.0, 0.9))
    return keeper


def test_a_long_track_is_probed_ever_rarer():
    settings, keeper = Settings(), _track(np.arange(0, 60, 0.2))
    codes = Codes(ToyEmbedder(), settings.track)
    with ThreadPoolExecutor(1) as pool:
        for time_s in np.arange(0, 60, 0.2):
            codes.ask(replace(keeper.shots[0], time_s=float(time_s)), pool)
    assert settings.track.probes < len(codes.asked) < 5 * settings.track.probes


def test_what_was_embedded_while_the_track_lasted_is_not_embedded_again():
    settings, keeper = Settings(), _track([0.0, 0.8, 1.6, 2.4])
    codes = Codes(ToyEmbedder(), settings.track)
    with ThreadPoolExecutor(1) as pool:
        for shot in keeper.shots:
            codes.ask(shot, pool)
    (passage,) = split_by_appearance(keeper, codes, settings)
    assert len(codes.known) == len(keeper.shots)
    assert np.allclose(passage.template, [1, 0, 0, 0, 0])
