"""The comparison with other packages, on toys: what is counted, what is refused, how times become ratios."""

import json
import time
from argparse import ArgumentTypeError
from pathlib import Path

import numpy as np
import pytest

from benchmarks import alternatives
from benchmarks.alternatives import FACES, READ, Limits, Rival
from fer_core.errors import FilmError
from fer_core.pipeline import Engine
from fer_core.types import Frame
from tests import films
from tests.toys import ToyDetector, ToyEmbedder, ToyEmotion, paint

LEFT, RIGHT = (10.0, 10.0, 50.0, 50.0), (100.0, 10.0, 140.0, 50.0)


def boxes(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


def shown(n, size=(64, 48)):
    return [Frame(k / 5, np.zeros((size[1], size[0], 3), np.uint8)) for k in range(n)]


def rival(look, does=FACES):
    return Rival("toy", does, alternatives.each(look))


def engine():
    return Engine(ToyDetector(), ToyEmbedder(), ToyEmotion())


def one_face(number, width, height):
    image = np.full((height, width, 3), 24, np.uint8)
    paint(image, 20 + 2 * number, 30, 48, "ada", "happy")
    return image


# ---- faces ----------------------------------------------------------------------------------------------------------


def test_boxes_are_told_by_their_corners():
    assert alternatives.corners([]) == []
    assert alternatives.corners([(10, 20, 30, 40)]) == [(10, 20, 40, 60)]
    told = alternatives.each(lambda image: [])(shown(2))
    assert [one.shape for one in told] == [(0, 4), (0, 4)]


@pytest.mark.parametrize(
    ("theirs", "own", "counts"),
    [
        ((), (), (0, 0, 0)),
        ((), (LEFT,), (0, 1, 0)),
        ((LEFT,), (), (0, 0, 1)),
        ((LEFT, RIGHT), (LEFT,), (1, 0, 1)),
        ((tuple(side + 4 for side in LEFT),), (LEFT, RIGHT), (1, 1, 0)),
        ((tuple(side + 30 for side in LEFT),), (LEFT,), (0, 1, 1)),
    ],
)
def test_faces_of_both(theirs, own, counts):
    found = alternatives.shared_faces([boxes(*theirs)], [boxes(*own)])
    assert tuple(found.values()) == counts


# ---- who can be asked -----------------------------------------------------------------------------------------------


def refusing(error):
    def make():
        raise error

    return make


def fails_at_the_first_picture():
    return [rival(lambda image: [], READ), rival(lambda image: int("no file"))]


def test_those_that_do_not_open_say_why():
    makers = [
        ("good", lambda: [rival(lambda image: [LEFT])]),
        ("no package", refusing(ImportError("No module named 'x'"))),
        ("no package either", refusing(ValueError("please install it using 'pip install x'"))),
        ("no weights", refusing(ValueError("An exception occurred\n while downloading x"))),
        ("no file", refusing(FileNotFoundError("x is not here"))),
        ("late", fails_at_the_first_picture),
    ]
    rivals, refused = alternatives.opened(makers, shown(1)[0])
    assert len(rivals) == 1
    needs = {each["name"]: each["needs"] for each in refused}
    assert needs == {
        "no package": "a package", "no package either": "a package", "no weights": "a download", "no file": "a file",
        "late": "something else",
    }  # fmt: skip
    assert refused[2]["says"] == "An exception occurred while downloading x"


def test_a_mistake_of_ours_is_not_taken_for_a_refusal():
    with pytest.raises(ArgumentTypeError):
        alternatives.opened([("x", refusing(ArgumentTypeError()))], shown(1)[0])


# ---- times ----------------------------------------------------------------------------------------------------------


def test_the_slow_see_fewer_pictures_evenly_spread():
    def slow(image):
        time.sleep(0.02)
        return [LEFT]

    pictures = shown(21)
    assert alternatives.few(rival(slow).work, pictures, 1e-9) == [0, 10, 20]
    assert alternatives.few(rival(slow).work, pictures[:2], 1e-9) == [0, 1]
    assert alternatives.few(rival(slow).work, pictures, float("inf")) == list(range(21))


def test_the_seconds_of_few_pictures_are_scaled_up():
    asked = []

    def look(image):
        asked.append(image.shape)
        return [tuple(side / 2 for side in LEFT)]

    own = rival(lambda image: [LEFT])
    row = alternatives.beside(rival(look), own, shown(9), shown(9, (128, 96)), Limits(rounds=2, round_s=1e-9))
    assert row["size"] == "64x48" and row["pictures"] == 3 and len(asked) == 2 + 2 * 3
    assert (row["faces"], row["both"], row["only_ours"], row["only_theirs"]) == (3, 3, 0, 0)
    assert row["times_ours"] > 0 and row["seconds"] >= 0


# ---- a film ---------------------------------------------------------------------------------------------------------


def test_a_film_of_one_face(tmp_path):
    film = films.write_film(tmp_path / "film.mp4", 30, size=(800, 160), draw=one_face)
    blind, sees = rival(lambda image: []), rival(lambda image: ToyDetector().detect(image).xyxy, READ)
    told = alternatives.compared(film, alternatives.ours(engine()), [blind, sees], Limits(rounds=1, samples=9))
    assert told["samples"] == 9 and told["seconds_of_film"] == pytest.approx(1.8)
    assert [(row["does"], row["size"]) for row in told["rows"][3:]] == [
        (FACES, "800x160"), (FACES, "640x128"), (READ, "800x160"), (READ, "640x128"),
    ]  # fmt: skip
    assert [(row["both"], row["only_ours"]) for row in told["rows"]] == [(9, 0)] * 3 + [(0, 9)] * 2 + [(9, 0)] * 2
    assert all(row["film_s"] >= told["reading_s"] for row in told["rows"])
    text = alternatives.table({"films": [told], "refused": [{"name": "x", "needs": "a package", "says": "no"}] * 2})
    assert "film.mp4: 9 samples of 1.8 s" in text and "x, x: needs a package: no" in text
    assert json.loads(json.dumps(told)) == told


def test_a_small_film_is_shown_once(tmp_path):
    film = films.write_film(tmp_path / "film.mp4", 10, size=(160, 120), draw=one_face)
    told = alternatives.compared(film, alternatives.ours(engine()), [rival(lambda image: [])], Limits(rounds=1))
    assert len(told["rows"]) == 4


def test_a_film_that_is_none_is_an_error():
    with pytest.raises(FilmError):
        alternatives.compared(Path("nowhere.mp4"), alternatives.ours(engine()), [], Limits())
