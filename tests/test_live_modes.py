"""What is made of live results: two expressions held, a room over time, steadiness, categories, eye closure."""

import math

import numpy as np
import pytest

from fer_core import detect, weights
from fer_core.errors import WeightsError
from fer_core.live import (
    Audience,
    AudienceSettings,
    BeforeAfter,
    Drowsiness,
    EyeReader,
    EyeSettings,
    EyeState,
    HoldSettings,
    LiveEngine,
    LiveFace,
    LiveResult,
    LiveSettings,
    LiveStyle,
    Point,
    Run,
    draw,
    mapped,
    peaks,
    read_picture,
    steadiness,
)  # fmt: skip
from fer_core.live.before_after import ANEW, CLASSES, NOBODY, SOMEBODY_ELSE
from fer_core.live.eyes import aspect_ratio
from fer_core.review import Categories, change_between
from fer_core.settings import DetectSettings, ReviewSettings
from fer_core.types import EXPRESSIONS
from tests.drawn_face import drawn_face
from tests.test_live import STEP_S, engine, fed, picture
from tests.toys import ToyDetector, ToyEmotion
from ui.live_runs import frame_of, named, png_of
from ui.live_session import LiveSession

MOODS = Categories("moods", 1, ("low", "low", "low", "glad", "low", "moved", "calm"), (-1, -1, -1, 0.5, -1, 0.25, 0))


def sure(expression, share=0.94):
    row = np.full(7, (1 - share) / 6, np.float32)
    row[EXPRESSIONS.index(expression)] = share
    return row


def face(number=1, expression="happy", side=60.0, at=0.0, seen=None, landmarks=None):
    row = sure(expression)
    valence = float(row @ np.array(ReviewSettings().valence))
    xyxy = np.array([0, 0, side, side], np.float32)
    return LiveFace(number, 0, xyxy, row, valence, at if seen is None else seen, landmarks, row, at)


def result(at, *faces, labels=EXPRESSIONS):
    return LiveResult(at, (320, 240), labels, faces, np.zeros((0, 4), np.float32), 1.0, 1.0, 25.0)


# ---- steadiness, landmarks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], None),
        ([sure("happy")], None),
        ([sure("happy")] * 8, 1.0),
        ([sure("happy", 1.0), sure("sad", 1.0)] * 4, 0.5),
        ([np.eye(7)[place] for place in range(7)], 1 / 7),
    ],
)
def test_steadiness(rows, told):
    assert steadiness(rows, 2) == (None if told is None else pytest.approx(told, abs=1e-6))


def test_the_engine_tells_readings_landmarks_and_steadiness():
    live = engine(LiveSettings(expression_every_s=0.0, steady_s=1.0, steady_least=6))
    first = fed(live, picture((40, "ada", "happy")), 4).faces[0]
    assert first.steadiness is None and first.landmarks.shape == (5, 2)
    assert first.landmarks[2] == pytest.approx([70, 116], abs=3)
    steady = fed(live, picture((40, "ada", "happy")), 10, since=0.2).faces[0]
    assert steady.steadiness == pytest.approx(1.0, abs=1e-5) and steady.read_s == steady.seen_s == pytest.approx(0.56)
    turned = live.frame(picture((40, "ada", "sad")), 0.6).faces[0]
    assert EXPRESSIONS[int(turned.reading.argmax())] == "sad", "not smoothed"
    assert EXPRESSIONS[turned.leading] == "happy", "smoothed"
    mixed = fed(live, picture((40, "ada", "sad")), 8, since=0.64).faces[0]
    assert mixed.steadiness < 0.8
    assert len(live._people[0].recent) <= 1.0 / STEP_S + 2, "nothing older is kept"


def test_another_model_forgets_the_readings():
    live = engine(LiveSettings(expression_every_s=0.0))
    fed(live, picture((40, "ada", "happy")), 12)
    live.use(ToyDetector(), ToyEmotion())
    assert live.frame(picture((40, "ada", "sad")), 1.0).faces[0].steadiness is None


def test_other_valences_begin_the_curve_anew():
    live = engine()
    fed(live, picture((40, "ada", "happy")), 12)
    assert live.history()
    live.use(ToyDetector(), live._emotion, ReviewSettings(valence=MOODS.valence))
    assert live.history() == ()
    assert live.frame(picture((40, "ada", "happy")), 1.0).faces[0].valence == pytest.approx(0.43, abs=0.01)


@pytest.mark.parametrize("mirror", [False, True])
def test_landmarks_and_outlines_are_drawn_where_they_are(mirror):
    image = picture((40, "ada", "happy"))
    found = fed(engine(), image)
    plain = draw(image, found, LiveStyle(mirror=mirror, bars=False))
    marked = draw(image, found, LiveStyle(mirror=mirror, bars=False, landmarks=True))
    changed = np.argwhere((plain != marked).any(axis=2))[:, ::-1]
    points = found.faces[0].landmarks
    at = np.column_stack([319 - points[:, 0], points[:, 1]]) if mirror else points
    far = np.linalg.norm(changed[:, None] - at[None], axis=2).min(axis=1).max()
    assert len(changed) > 20 and far < 5
    line = LiveResult(**{**vars(found), "outlines": (np.array([[200, 20], [240, 20], [220, 40]], np.float32),)})
    drawn = draw(image, line, LiveStyle(mirror=mirror, bars=False))
    columns = np.argwhere((drawn != plain).any(axis=2))[:, 1]
    assert (columns.min() >= 76 and columns.max() <= 123) if mirror else (columns.min() >= 196 and columns.max() <= 244)


# ---- categories -----------------------------------------------------------------------------------------------------


def test_own_classes_add_the_seven_up():
    found = read_picture(picture((40, "ada", "sad")), ToyDetector(), ToyEmotion())
    told = mapped(found, MOODS)
    assert told.labels == ("low", "glad", "moved", "calm")
    assert told.faces[0].probabilities.tolist() == pytest.approx([0.97, 0.01, 0.01, 0.01], abs=1e-4)
    assert mapped(found, None) is found
    other = LiveResult(**{**vars(found), "labels": ("a", "b")})
    assert mapped(other, MOODS) is other, "a model with classes of its own"
    odd = Categories("odd", 1, ("ärgerlich sehr", *["日本"] * 6), (0.0,) * 7)
    assert draw(picture((40, "ada", "sad")), mapped(found, odd), LiveStyle()).shape == (240, 320, 3)


def test_the_session_shows_categories_and_the_mode_sees_the_seven():
    class Taker:
        labels = None

        def take(self, image, result):
            self.labels = result.labels
            return (np.zeros((3, 2), np.float32),)

        def ended(self):
            self.labels = None

    session = LiveSession(engine())
    session.categories, session.taker = MOODS, Taker()
    for index in range(4):
        told = session.take(picture((40, "ada", "happy")), index * STEP_S)
    assert told.labels == session.latest.labels == ("low", "glad", "moved", "calm")
    assert session.taker.labels == EXPRESSIONS and len(told.outlines) == 1
    session.on_ended()
    assert session.taker.labels is None


# ---- before and after -----------------------------------------------------------------------------------------------


def held(*stretches, settings=None, step=0.1):
    """What came of stretches of (seconds, faces): each a list of (number, expression, side)."""
    made = BeforeAfter(settings or HoldSettings(ready_s=1.0, hold_s=2.0))
    made.start()
    at = 0.0
    for seconds, faces in stretches:
        for _ in range(round(seconds / step)):
            made.take(result(at, *(face(number, expression, side, at) for number, expression, side in faces)))
            at += step
    return made


SAD, GLAD = [(1, "sad", 60.0)], [(1, "happy", 60.0)]


def test_two_expressions_held_are_reviewed_as_a_visit():
    made = held((3.4, SAD), (4, GLAD))
    outcome = made.outcome
    assert (made.state.phase, made.trouble) == ("done", "")
    assert (outcome.first.expression, outcome.second.expression, outcome.change.review) == ("sad", "happy", "positive")
    assert outcome.change == change_between(outcome.first, outcome.second, ReviewSettings())
    assert "rose by" in outcome.sentence
    assert held((3.4, GLAD), (4, SAD)).outcome.change.review == "negative"
    assert 15 <= outcome.first.faces <= 21, "nothing of getting ready"


def test_the_phases_count_down():
    assert BeforeAfter().state.phase == "idle"
    told = [held((seconds, SAD)).state for seconds in (0.5, 1.5, 3.5, 4.6)]
    assert [(one.phase, one.which) for one in told] == [("ready", 1), ("hold", 1), ("ready", 2), ("hold", 2)]
    assert 0 < told[1].left_s < told[1].of_s == 2.0 and told[1].person == 1


def test_the_largest_face_is_the_person_and_stays_it():
    small_and_large = [(1, "sad", 40.0), (2, "happy", 80.0)]
    outcome = held((3.4, small_and_large), (4, [(1, "sad", 90.0), (2, "sad", 80.0)])).outcome
    assert (outcome.first.expression, outcome.second.expression) == ("happy", "sad")


@pytest.mark.parametrize(
    ("stretches", "why"),
    [
        ([(4, [])], NOBODY),
        ([(3.4, SAD), (4, [(2, "happy", 60.0)])], SOMEBODY_ELSE),
        ([(3.4, SAD), (4, [])], SOMEBODY_ELSE),
        ([(1.2, SAD), (3, [])], "too rarely while the first"),
        ([(3.4, SAD), (1.0, GLAD), (4, [])], "too rarely while the second"),
    ],
)
def test_why_nothing_came_of_it(stretches, why):
    made = held(*stretches)
    assert (made.state.phase, made.outcome) == ("failed", None)
    assert why in made.trouble


def test_other_classes_and_another_stream_are_told():
    made = BeforeAfter()
    made.start()
    made.take(result(0.0, labels=("a", "b")))
    assert made.trouble == CLASSES
    made.start()
    made.take(result(5.0, face()))
    made.take(result(1.0, face()))
    assert made.trouble == ANEW
    made.forget()
    made.take(result(2.0, face()))
    assert (made.state.phase, made.trouble, made.outcome) == ("idle", "", None)


def test_a_stream_that_stands_still_uses_no_time_up():
    made = BeforeAfter(HoldSettings(ready_s=1.0, hold_s=1.0))
    made.start()
    for at in (0.0, 0.1, 9.0):
        made.take(result(at, face(at=at)))
    assert (made.state.phase, made.state.left_s) == ("ready", pytest.approx(0.65))


def test_a_reading_counts_once():
    made = BeforeAfter(HoldSettings(ready_s=0.1, hold_s=1.0))
    made.start()
    for index in range(40):
        made.take(result(index * 0.05, face(at=0.0)))
    assert "too rarely" in made.trouble, "the same reading in every picture"


def test_a_review_by_valences_of_ones_own():
    made = BeforeAfter(HoldSettings(ready_s=0.5, hold_s=1.0))
    made.start(ReviewSettings(valence=(0.0,) * 7))
    for index in range(60):
        made.take(result(index * 0.06, face(expression="sad" if index < 30 else "happy", at=index * 0.06)))
    assert made.outcome.change.raw == 0


# ---- audience -------------------------------------------------------------------------------------------------------


def recorded(pictures, settings=None, step=0.1, marks=()):
    """A run of pictures, each a list of faces, with marks after those pictures."""
    audience = Audience(settings)
    audience.begin()
    for index, faces in enumerate(pictures):
        audience.take(result(index * step, *faces))
        if index in marks:
            assert audience.mark()
    return audience


def test_nothing_is_written_down_before_it_begins():
    audience = Audience()
    audience.take(result(0.0, face()))
    assert (audience.end(), audience.runs, audience.under_way, audience.mark()) == (None, (), None, False)
    audience.begin()
    assert audience.mark() is False and audience.end() is None, "no picture yet"


def test_everybody_counts_alike_in_a_step():
    glad, sad = face(1, "happy"), face(2, "sad")
    run = recorded([[glad], [glad], [glad], [glad, sad], [glad]] * 2).end()
    first = run.points[0]
    assert (run.name, run.labels, first.time_s, first.faces) == ("run 1", EXPRESSIONS, 0.25, 2)
    assert first.valence == pytest.approx((glad.valence + sad.valence) / 2)
    assert sum(first.shares) == pytest.approx(1, abs=1e-5)


def test_empty_steps_are_kept_as_such():
    run = recorded([[face()]] * 5 + [[]] * 10 + [[face()]] * 5).end()
    assert [point.faces for point in run.points] == [1, 0, 0, 1]
    assert math.isnan(run.points[1].valence) and all(math.isnan(share) for share in run.points[1].shares)
    assert run.duration_s == pytest.approx(1.75)


def test_marks_stand_where_they_were_made():
    audience = recorded([[face()]] * 20, marks=(12,))
    audience.mark("the dog barks")
    assert [(round(mark.time_s, 1), mark.words) for mark in audience.under_way.marks] == [
        (1.2, "mark 1"),
        (1.9, "the dog barks"),
    ]
    few = recorded([[face()]] * 3, AudienceSettings(most_marks=1), marks=(1,))
    assert few.mark() is False


def test_runs_end_by_themselves_and_are_few():
    assert recorded([[face()]] * 30, AudienceSettings(most_s=2.0)).runs[0].duration_s == pytest.approx(2.25)
    audience = Audience(AudienceSettings(most_runs=2))
    for name in ("", "film", "film"):
        audience.begin(name)
        audience.take(result(0.0, face()))
    audience.begin()
    assert [run.name for run in audience.runs] == ["film", "film"], "the oldest has gone"
    assert [name for name, _ in named(audience.runs)] == ["film", "film (2)"]
    audience.forget()
    assert (audience.runs, audience.under_way) == ((), None)


@pytest.mark.parametrize("after", [result(0.05, face()), result(9.0, labels=("a", "b"))])
def test_a_new_stream_or_model_ends_the_run(after):
    audience = recorded([[face()]] * 6)
    audience.take(after)
    assert audience.under_way is None and len(audience.runs) == 1


def bumps(heights, width=20, faces=3):
    """A run whose valence rises to each of the heights and comes back to 0."""
    shape = np.sin(np.linspace(0, np.pi, width))
    values = np.concatenate([height * shape for height in heights])
    points = [Point((k + 0.5) * 0.5, faces, float(value), (1.0,)) for k, value in enumerate(values)]
    return Run("bumps", ("a",), tuple(points), ())


@pytest.mark.parametrize(("heights", "told"), [((0.0,), []), ((0.1,), []), ((0.6,), ["high"]), ((0.6, -0.5), ["high", "low"])])
def test_peaks(heights, told):
    found = peaks(bumps(heights))
    assert [peak.kind for peak in found] == told
    for place, peak in enumerate(found):
        assert peak.time_s == pytest.approx(10 * place + 5, abs=0.6)
        assert peak.valence == pytest.approx(heights[place], abs=0.02) and peak.prominence >= 0.15


def test_peaks_of_few_faces_are_left_out():
    run = bumps((0.6, 0.6))
    few = [point._replace(faces=1) if point.time_s < 10 else point for point in run.points]
    assert len(peaks(run)) >= 2
    highs = [peak for peak in peaks(Run("few", ("a",), tuple(few), ()), least_faces=2) if peak.kind == "high"]
    assert [round(peak.time_s) for peak in highs] == [15]
    assert peaks(run, least_faces=9) == () == peaks(Run("none", (), (), ()))


def test_the_frame_holds_counts_and_withholds_values():
    audience = recorded([[face()]] * 5 + [[face(), face(2, "sad")]] * 5, marks=(7,))
    frame = frame_of(dict(named([audience.end()])), 2)
    assert list(frame["faces"]) == [1, 2] and list(frame["valence"].isna()) == [True, False]
    assert math.isnan(frame["happy"][0]) and list(frame["mark"]) == ["", "mark 1"]
    assert list(frame.columns) == ["run", "time_s", "faces", "valence", *EXPRESSIONS, "mark"]


def test_the_charts_as_a_picture():
    from ui.charts.audience import faces_over_time, shares_over_time, valence_over_time
    from ui.live_runs import _marks, _peaks

    run = recorded([[face(1, "happy" if index % 40 < 20 else "sad")] for index in range(120)], marks=(30,)).end()
    both = {"a": run, "b": Run("b", EXPRESSIONS, (), ())}
    frame = frame_of(both, 1)
    valence = valence_over_time(frame, _marks(both), _peaks(both, 1, 0.15))
    packed = png_of([valence, shares_over_time(frame, EXPRESSIONS), faces_over_time(frame)])
    assert packed.startswith(b"\x89PNG") and len(packed) > 10_000


# ---- eyes -----------------------------------------------------------------------------------------------------------

MARKS = np.array([[30, 40], [70, 40], [50, 60], [35, 80], [65, 80]], np.float32)


def eye(height, width=30.0):
    x = width / 2
    return np.array([[-x, 0], [-x / 3, -height / 2], [x / 3, -height / 2], [x, 0], [x / 3, height / 2], [-x / 3, height / 2]])


@pytest.mark.parametrize(("height", "ratio"), [(0.0, 0.0), (9.0, 0.3), (30.0, 1.0)])
def test_aspect_ratio(height, ratio):
    assert aspect_ratio(eye(height)) == pytest.approx(ratio)
    assert aspect_ratio(np.zeros((6, 2))) == 0.0


class Lids:
    """A reader of eyes as high as it is told."""

    height = 9.0

    def contours(self, image, landmarks):
        return eye(self.height), eye(self.height)


def watched(heights, step=0.1, settings=None, number=1):
    lids = Lids()
    eyes = Drowsiness(lids, settings or EyeSettings(least_s=5.0))
    for index, height in enumerate(heights):
        lids.height, at = height, index * step
        eyes.take(picture(), result(at, face(number, at=at, landmarks=MARKS)))
    return eyes


def test_no_eyes():
    eyes = Drowsiness(Lids())
    assert eyes.state == EyeState()
    assert eyes.take(picture(), result(0.0)) == ()
    assert eyes.take(picture(), result(0.1, face(at=0.1))) == (), "a detector without landmarks"
    assert eyes.take(picture(), result(0.2, face(seen=0.1, landmarks=MARKS))) == (), "missed just now"
    assert eyes.state == EyeState()


def test_closure_and_perclos():
    state = watched([9.0] * 70 + [1.0] * 30).state
    assert (state.person, state.closed, state.closure) == (1, True, 1.0)
    assert state.perclos == pytest.approx(0.3, abs=0.03) and state.seen_s == pytest.approx(9.9)
    awake = watched([9.0] * 100).state
    assert (awake.closed, awake.closure, awake.perclos) == (False, 0.0, 0.0)
    assert watched([9.0] * 30).state.perclos is None, "too little was seen"


def test_one_look_that_trembles_is_no_blink():
    assert watched([9.0] * 50 + [1.0] + [9.0] * 50).state.perclos == 0.0
    assert watched([9.0] * 50 + [1.0] * 3 + [9.0] * 50).state.perclos > 0.02


def test_time_without_eyes_does_not_count():
    eyes = watched([9.0] * 60)
    eyes.take(picture(), result(40.0, face(at=40.0, landmarks=MARKS)))
    assert eyes.state.seen_s == pytest.approx(5.9)


def test_somebody_else_is_a_new_beginning():
    eyes = watched([9.0] * 60)
    eyes.take(picture(), result(6.1, face(2, at=6.1, landmarks=MARKS)))
    assert (eyes.state.person, len(eyes.state.curve)) == (2, 1)
    eyes.take(picture(), result(6.2))
    assert (eyes.state.person, len(eyes.state.curve)) == (None, 1)
    eyes.forget()
    assert eyes.state == EyeState()


def test_memory_of_the_eyes_is_bounded():
    eyes = watched([9.0] * 5000, step=0.1)
    assert len(eyes.state.curve) <= 602


def test_eyes_of_a_drawn_face():
    try:
        reader = EyeReader()
    except WeightsError as error:
        pytest.skip(str(error))
    if weights.find(weights.card("yunet")) is None:
        pytest.skip("no weights of yunet on this machine (FER_CORE_MODELS)")
    image = drawn_face(size=(320, 240), middle=(160, 120), height=180)
    found = detect.open_detector("yunet", DetectSettings()).detect(image)
    left, right = reader.contours(image, found.landmarks[0])
    for points, middle in ((left, found.landmarks[0][0]), (right, found.landmarks[0][1])):
        assert np.linalg.norm(points.mean(axis=0) - middle) < 10
        assert 0.1 < aspect_ratio(points) < 0.7
    live = LiveEngine(detect.open_detector("yunet", DetectSettings()), ToyEmotion())
    eyes = Drowsiness(reader)
    for index in range(4):
        lines = eyes.take(image, live.frame(image, index * 0.1))
    assert len(lines) == 2 and eyes.state.person == 1


def test_without_the_predictor_a_sentence(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(WeightsError, match="Eye closure needs"):
        EyeReader()


# ---- memory ---------------------------------------------------------------------------------------------------------


def test_nothing_grows_without_end():
    live = engine(LiveSettings(expression_every_s=0.0, history_s=1.0))
    made, audience = BeforeAfter(), Audience(AudienceSettings(most_s=3.0))
    audience.begin()
    made.start()
    for index in range(400):
        found = live.frame(picture((40, "ada", "happy")), index * STEP_S)
        made.take(found)
        audience.take(found)
    assert len(live._people[0].recent) < 128 and len(live.history()) <= 6
    assert len(audience.runs[0].points) <= 8 and audience.under_way is None
    assert sum(len(rows) for rows in made._held) < 2 * 3.2 / STEP_S
