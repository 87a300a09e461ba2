"""The live engine on toy faces, whose every number is known, and on drawn ones where the real models are at hand."""

import base64
import re
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from itertools import islice

import av
import cv2
import numpy as np
import pytest

from benchmarks import live as benchmark
from fer_core import detect, emotion, weights
from fer_core.errors import DataError, WeightsError
from fer_core.live import HIDING, PALETTE, LiveEngine, LiveSettings, LiveStyle, Moment, draw, read_picture
from fer_core.settings import DetectSettings
from fer_core.types import EXPRESSIONS, Faces
from tests.drawn_face import drawn_face
from tests.films import write_film
from tests.toys import GREY, ToyDetector, ToyEmotion, paint
from ui.live_readings import curve, readings
from ui.live_session import LiveSession
from ui.live_still import picture_of

STEP_S = 0.04


def picture(*people, size=(320, 240)):
    """A grey picture with toy faces: (x, person, expression) each."""
    image = np.full((size[1], size[0], 3), GREY, np.uint8)
    for x, person, expression in people:
        paint(image, x, 80, 60, person, expression)
    return image


def engine(settings=None, **backends):
    return LiveEngine(backends.get("detector", ToyDetector()), backends.get("emotion", ToyEmotion()), settings)


def fed(live, image, times=3, since=0.0):
    """The last result of that picture shown so often."""
    for index in range(times):
        result = live.frame(image, since + index * STEP_S)
    return result


def numbers(result):
    return [face.number for face in result.faces]


def names(result):
    return [result.labels[face.leading] for face in result.faces]


# ---- following ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(1, 1), (33, 17), (640, 480), (241, 639)])
def test_nobody(size):
    image = np.zeros((size[1], size[0], 3), np.uint8)
    result = engine().frame(image, 0.0)
    assert (result.faces, len(result.unread), result.size) == ((), 0, size)
    for hide in HIDING:
        assert np.array_equal(draw(image, result, LiveStyle(hide=hide)), image)


@pytest.mark.parametrize("image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)])
def test_no_picture(image):
    with pytest.raises(ValueError, match="an image must be"):
        engine().frame(image, 0.0)


def test_one_face():
    image = picture((40, "ada", "happy"))
    before = image.copy()
    live = engine()
    first = live.frame(image, 0.0)
    assert (len(first.faces), len(first.unread)) == (0, 1)
    face = fed(live, image, since=STEP_S).faces[0]
    assert (face.number, face.colour, EXPRESSIONS[face.leading]) == (1, 0, "happy")
    assert face.valence == pytest.approx(0.94 - 4 * 0.01, abs=1e-3)
    assert face.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert face.xyxy.tolist() == pytest.approx([40, 80, 100, 140], abs=3)
    assert np.array_equal(image, before)
    with pytest.raises(ValueError, match="read-only"):
        face.probabilities[0] = 1


def test_several_keep_number_and_colour():
    live, seen = engine(), []
    for index in range(20):
        people = (10 + index, "ada", "happy"), (150 - index, "ben", "sad"), (240, "cem", "neutral")
        result = live.frame(picture(*people), index * STEP_S)
        seen.append({(face.number, face.colour, name) for face, name in zip(result.faces, names(result), strict=True)})
    assert {name for _, _, name in seen[-1]} == {"happy", "sad", "neutral"}
    assert len({colour for _, colour, _ in seen[-1]}) == 3
    assert all(told == seen[-1] for told in seen[2:])


def test_leaves_and_returns():
    live, here, empty = engine(), picture((40, "ada", "happy")), picture()
    assert numbers(fed(live, here)) == [1]
    assert numbers(fed(live, empty, 3, since=0.12)) == [1], "a missed face stays for a moment"
    assert numbers(fed(live, here, 3, since=0.28)) == [1]
    gone = fed(live, empty, 50, since=0.4)
    assert gone.faces == ()
    assert numbers(fed(live, here, since=2.4)) == [2]
    assert {moment.number for moment in live.history()} == {1, 2}


def test_time_that_falls_begins_anew():
    live = engine()
    fed(live, picture((40, "ada", "happy")), 5, since=100.0)
    assert live.history()
    assert live.frame(picture(), 1.0).faces == ()
    assert live.history() == ()


def test_reset_forgets():
    live = engine()
    fed(live, picture((40, "ada", "happy")))
    live.reset()
    assert (live.latest(), live.history()) == (None, ())


def test_eighth_person_shares_a_colour():
    live = engine(LiveSettings(most_reads=9))
    row = [
        (4 + 78 * place, name, "happy") for place, name in enumerate(("ada", "ben", "cem", "dee", "eva", "ada", "ben", "cem"))
    ]
    result = fed(live, picture(*row, size=(640, 240)))
    colours = [face.colour for face in result.faces]
    assert sorted(colours) == [0, 0, 1, 2, 3, 4, 5, 6]
    assert len(PALETTE) == 7


# ---- reading --------------------------------------------------------------------------------------------------------


def test_smoothed_by_time():
    live = engine(LiveSettings(half_life_s=0.2, expression_every_s=0.0))
    fed(live, picture((40, "ada", "neutral")), 5)
    changed = picture((40, "ada", "happy"))
    happy = EXPRESSIONS.index("happy")
    first = live.frame(changed, 0.36).faces[0].probabilities[happy]
    assert first == pytest.approx(0.01 + 0.93 / 2, abs=0.02), "half the way after one half-life"
    assert fed(live, changed, 60, since=0.4).faces[0].probabilities[happy] == pytest.approx(0.94, abs=1e-3)


def test_read_no_more_often_than_asked():
    asked = ToyEmotion()
    live = engine(LiveSettings(expression_every_s=0.2), emotion=asked)
    fed(live, picture((40, "ada", "happy")), 26)
    assert asked.asked == 5


def test_a_crowd_is_read_in_turns():
    asked = ToyEmotion()
    live = engine(LiveSettings(expression_every_s=0.0, most_reads=2), emotion=asked)
    image = picture(*((20 + 100 * place, name, "happy") for place, name in enumerate(("ada", "ben", "cem"))))
    counts = [0]
    for index in range(8):
        result = live.frame(image, index * STEP_S)
        counts.append(asked.asked)
    assert max(np.diff(counts)) == 2
    assert numbers(result) == [1, 2, 3]


def test_another_model_while_it_runs():
    class Own(ToyEmotion):
        labels = ("<b>glad</b>", "other")

        def predict(self, image, faces):
            return np.tile(np.array([[0.75, 0.25]], np.float32), (len(faces), 1))

    live, image = engine(), picture((40, "ada", "happy"))
    fed(live, image)
    live.use(ToyDetector(), Own())
    result = fed(live, image, since=0.2)
    assert (numbers(result), result.labels) == ([1], Own.labels)
    assert result.faces[0].valence is None
    told = readings(result, live.history(), 12.0)
    assert "&lt;b&gt;glad" in told
    assert "<b>glad" not in told
    draw(image, result, LiveStyle())


def test_curve_is_bounded():
    settings = LiveSettings(history_s=2.0, history_step_s=0.1, history_most=30)
    live = engine(settings)
    fed(live, picture((40, "ada", "happy"), (200, "ben", "sad")), 150)
    moments = live.history()
    assert len(moments) <= 30
    assert moments[-1].time_s - moments[0].time_s <= 2.0
    assert [m.time_s for m in moments] == sorted(m.time_s for m in moments)


def test_viewers_do_not_see_each_other():
    detector, model = ToyDetector(), ToyEmotion()
    lives = [LiveEngine(detector, model) for _ in range(2)]
    images = [picture((40, "ada", "happy")), picture((40, "ben", "sad"), (200, "cem", "neutral"))]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda pair: fed(*pair, 40), zip(lives, images, strict=True)))
    assert [sorted(names(result)) for result in results] == [["happy"], ["neutral", "sad"]]
    assert {moment.number for moment in lives[0].history()} == {1}


# ---- one picture ----------------------------------------------------------------------------------------------------


def test_one_picture():
    result = read_picture(picture((200, "ada", "happy"), (40, "ben", "sad")), ToyDetector(), ToyEmotion())
    assert (numbers(result), names(result)) == ([1, 2], ["sad", "happy"])
    assert read_picture(picture(), ToyDetector(), ToyEmotion()).faces == ()


def test_drawn_faces_with_the_real_models():
    try:
        detector = detect.open_detector("yunet", DetectSettings(max_side_px=LiveSettings.side_px))
    except WeightsError:
        pytest.skip(f"no weights of {weights.card('yunet').name} on this machine (FER_CORE_MODELS)")
    live = LiveEngine(detector, emotion.open_emotion("moodgate"))
    for index in range(12):
        image = cv2.resize(np.hstack([drawn_face(middle=(150 + index, 120)), drawn_face()]), (641, 241))
        result = live.frame(image, index * STEP_S)
    assert numbers(result) == [1, 2]
    assert result.fps > 0
    assert result.engine_ms > 0


# ---- drawing --------------------------------------------------------------------------------------------------------


def shown(style, *people):
    image = picture(*people or ((40, "ada", "happy"),))
    return image, draw(image, fed(engine(), image), style)


def test_drawing_leaves_the_picture_alone():
    image = picture((40, "ada", "happy"))
    before = image.copy()
    result = fed(engine(), image)
    for hide in HIDING:
        told = draw(image, result, LiveStyle(hide=hide))
        assert (told.shape, told.dtype) == (image.shape, image.dtype)
        assert not np.array_equal(told, before)
    assert np.array_equal(image, before)


def test_mirrored():
    image, told = shown(LiveStyle(mirror=True, bars=False))
    assert np.array_equal(told[120, 320 - 70], image[120, 69])
    assert np.array_equal(told[120, 70], [GREY] * 3)


@pytest.mark.parametrize("how", ["blur", "pixelate"])
def test_hidden_faces_show_no_detail(how):
    image, told = shown(LiveStyle(mirror=False, bars=False, hide=how))
    inside = np.s_[86:134, 46:94]
    assert cv2.Laplacian(told[inside], cv2.CV_64F).var() < 0.2 * cv2.Laplacian(image[inside], cv2.CV_64F).var()


def test_faces_without_a_number_are_hidden_too():
    image = picture((40, "ada", "happy"))
    told = draw(image, engine().frame(image, 0.0), LiveStyle(mirror=False, hide="pixelate"))
    assert not np.array_equal(told[100:120, 60:80], image[100:120, 60:80])


def test_bars_where_there_is_room():
    _, without = shown(LiveStyle(bars=False))
    _, with_bars = shown(LiveStyle(bars=True))
    assert not np.array_equal(without, with_bars)


@pytest.mark.parametrize("xyxy", [(-30, -30, 20, 20), (0, 0, 320, 240), (300, 220, 400, 300), (5, 5, 6, 6)])
def test_faces_at_the_edge_are_drawn(xyxy):
    class Fixed(ToyDetector):
        def detect(self, image):
            return Faces([xyxy], [0.9], [[(x, 100.0) for x in (100, 140, 120, 105, 135)]])

    image = picture()
    result = fed(engine(detector=Fixed()), image)
    for hide in HIDING:
        assert draw(image, result, LiveStyle(hide=hide)).shape == image.shape


# ---- beside the picture ---------------------------------------------------------------------------------------------


def test_readings_of_nothing():
    assert "Waiting" in readings(None, (), None)
    result = engine().frame(picture(), 0.0)
    assert "No face is seen" in readings(result, (), None)


def test_readings():
    live = engine()
    told = readings(fed(live, picture((40, "ada", "happy")), 10), live.history(), 31.4)
    for words in ("frames a second", "31 ms", "1</b> face<", "1 · happy", "+0.9", "94 %", "data:image/svg+xml"):
        assert words in told, words


def test_many_faces_are_counted():
    row = [(4 + 78 * place, "ada", "happy") for place in range(8)]
    result = read_picture(picture(*row, size=(640, 240)), ToyDetector(), ToyEmotion())
    assert "and 2 more" in readings(result, (), None, stream=False)


def test_curve_breaks_where_somebody_was_away():
    def lines(moments):
        drawn = base64.b64decode(re.search(r"base64,([^\"]+)", curve(moments, 20.0)).group(1)).decode()
        return drawn.count("<polyline"), drawn.count("<circle")

    assert curve((), 20.0) == ""
    ada = [Moment(10 + 0.25 * k, 1, 0, 0.5) for k in range(8)]
    assert lines(ada) == (1, 1)
    assert lines([*ada, Moment(18, 1, 0, -0.5), Moment(18.25, 1, 0, -0.5)]) == (2, 1)
    assert lines([*ada, *(Moment(10 + 0.25 * k, 2, 1, -1.0) for k in range(8))]) == (2, 2)


def stamped(image, time_s):
    frame = av.VideoFrame.from_ndarray(image, format="bgr24")
    frame.pts, frame.time_base = round(time_s * 90_000), Fraction(1, 90_000)
    return frame


def test_session():
    session = LiveSession(engine())
    assert (session.latest, session.history, session.delay_ms) == (None, (), None)
    for index in range(6):
        told = session.on_frame(stamped(picture((40, "ada", "happy")), index * STEP_S))
    assert (told.width, told.height) == (320, 240)
    assert names(session.latest) == ["happy"]
    assert session.delay_ms > 0
    session.on_ended()
    assert (session.latest, session.history, session.delay_ms) == (None, (), None)


def test_session_says_what_is_wrong_and_shows_nobody():
    class Lost(ToyDetector):
        def detect(self, image):
            raise WeightsError("The weights went away.")

    session = LiveSession(engine(detector=Lost()))
    told = session.on_frame(stamped(picture((40, "ada", "happy")), 0.0))
    assert session.trouble == "The weights went away."
    assert told.to_ndarray(format="bgr24").max() == 0
    session.engine.use(ToyDetector(), ToyEmotion())
    session.on_frame(stamped(picture(), 1.0))
    assert session.trouble == ""


def test_pictures_of_files():
    packed = cv2.imencode(".png", picture((40, "ada", "happy"), size=(1920, 300)))[1].tobytes()
    assert picture_of("a.png", packed).shape == (150, 960, 3)
    for content in (b"", b"no picture", packed[:300]):
        with pytest.raises(DataError, match=r"a\.png: is not a picture that can be read"):
            picture_of("a.png", content)


# ---- the benchmark's pictures ---------------------------------------------------------------------------------------


def test_pictures_of_the_benchmark(tmp_path):
    first, second = islice(benchmark.drawn(2), 2)
    assert first.shape == second.shape == (480, 640, 3)
    assert not np.array_equal(first, second)
    film = write_film(tmp_path / "film.mp4", 3, size=(64, 48))
    assert [picture.shape for picture in benchmark.of_film(film)] == [(480, 640, 3)] * 3
    assert [picture.shape for picture in benchmark.tiled(film, 5)] == [(480, 640, 3)] * 3
    assert benchmark.spread([1.0, 2.0, 3.0]) == {"min": 1.0, "median": 2.0, "p90": 2.8}


def test_benchmark_counts_people():
    told = benchmark.measured([picture((40, "ada", "happy"))] * 14, engine())
    assert (told["pictures"], told["people"]) == (14, 1.0)
    assert told["engine_ms"]["min"] <= told["engine_ms"]["median"]
