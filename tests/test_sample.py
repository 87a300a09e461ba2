"""Sample footage: drawn shoppers, with their truth."""

import csv
import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from itertools import combinations
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from fer_core import weights
from fer_core.detect import Detector, open_detector
from fer_core.emotion import open_emotion
from fer_core.errors import OutputError, WeightsError
from fer_core.sample import FILES, PATH_COLUMNS, TRUTH_COLUMNS, SampleDay, write_sample
from fer_core.sample.cast import CAST, LOOKS, MOODS, Part
from fer_core.sample.draw import BOX, figure
from fer_core.sample.film import render
from fer_core.sample.hair import STYLES
from fer_core.sample.paint import Canvas, colour_of, ellipse, smooth, stroke
from fer_core.sample.plan import PRESENCE_S, Walk, length_s, planned, review_of
from fer_core.settings import DetectSettings
from fer_core.types import EXPRESSIONS, Faces, Role, UInt8Array

Backend = TypeVar("Backend")


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> SampleDay:
    return write_sample(tmp_path_factory.mktemp("shop") / "sample", tell=lambda _: None)


def opened(open_it: Callable[[], Backend], name: str) -> Backend:
    """The backend; skips by name where its weights are not here."""
    try:
        return open_it()
    except WeightsError:
        pytest.skip(f"no weights of {name}: name their folder in {weights.ENVIRONMENT}")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def frames_of(path: Path) -> tuple[int, tuple[int, int], float]:
    """How many pictures, of what size, and the last one's time."""
    import av

    with av.open(str(path)) as film:
        times, size = [], (0, 0)
        for frame in film.decode(video=0):
            times.append(frame.time)
            size = (frame.width, frame.height)
    return len(times), size, times[-1]


# ---- painting -------------------------------------------------------------------------------------------------------


def test_a_fresh_canvas_is_transparent() -> None:
    assert not Canvas((0, 0, 2, 1), 10).finished().any()


def test_a_shape_is_painted_where_it_is_and_softly_at_its_rim() -> None:
    canvas = Canvas((-1, -1, 1, 1), 20)
    canvas.fill(ellipse(0, 0, 0.5, 0.5), colour_of("#ff0000"))
    picture = canvas.finished()
    assert picture.shape == (40, 40, 4)
    assert picture[20, 20].tolist() == [0, 0, 255, 1]
    assert not picture[2, 2].any()
    assert ((picture[..., 3] > 0.05) & (picture[..., 3] < 0.95)).any()


def test_a_shape_that_leaves_the_canvas_is_cut_off() -> None:
    canvas = Canvas((0, 0, 1, 1), 20)
    canvas.fill(ellipse(1, 1, 0.5, 0.5), colour_of("#00ff00"), blur=0.1)
    canvas.fill(ellipse(9, 9, 0.5, 0.5), colour_of("#00ff00"))
    assert canvas.finished()[19, 19, 3] > 0.5
    assert canvas.finished()[0, 0, 3] == 0


def test_nothing_is_painted_outside_a_stencil() -> None:
    canvas = Canvas((0, 0, 2, 1), 20)
    canvas.fill(ellipse(1, 0.5, 0.9, 0.4), colour_of("#0000ff"), within=canvas.stencil(ellipse(0.5, 0.5, 0.3, 0.3)))
    assert canvas.alpha[10, 10] > 0.9
    assert canvas.alpha[10, 30] == 0


@pytest.mark.parametrize(
    ("code", "light", "bgr"), [("#000000", 1, (0, 0, 0)), ("#0a1420", 1, (32, 20, 10)), ("#646464", 0.5, (50,) * 3)]
)
def test_colours(code: str, light: float, bgr: tuple[float, ...]) -> None:
    assert colour_of(code, light).tolist() == pytest.approx(bgr)


def test_curves_go_through_their_points() -> None:
    curve = smooth([(0, 0), (1, 2), (3, 1)], closed=False)
    for point in ((0, 0), (1, 2), (3, 1)):
        assert np.abs(curve - np.array(point)).sum(axis=1).min() < 1e-5
    assert np.isfinite(stroke([(0, 0), (1, 0)], 0.2)).all()


# ---- looks ----------------------------------------------------------------------------------------------------------


def test_every_part_has_a_look_and_expressions_that_reviews_know() -> None:
    assert len({part.name for part in CAST}) == len(CAST)
    for part in CAST:
        assert LOOKS[part.name].name == part.name
        assert LOOKS[part.name].style in STYLES
        for shown in (part.entry, part.exit):
            assert shown is None or (shown in MOODS and shown in EXPRESSIONS)


def test_the_cast_has_every_kind_of_visit() -> None:
    reviews = Counter(review_of(part) for part in CAST)
    assert min(reviews["positive"], reviews["neutral"], reviews["negative"]) >= 2
    assert [part.entry is None for part in CAST].count(True) == 1
    assert [part.exit is None for part in CAST].count(True) == 1


@pytest.mark.parametrize(
    ("entry", "exit_", "review"),
    [
        (None, None, ""), ("happy", None, ""), (None, "sad", ""), ("neutral", "happy", "positive"),
        ("sad", "neutral", "positive"), ("surprise", "neutral", "neutral"), ("happy", "happy", "neutral"),
        ("sad", "angry", "neutral"), ("happy", "angry", "negative"),
    ],
)  # fmt: skip
def test_reviews(entry: str | None, exit_: str | None, review: str) -> None:
    assert review_of(Part("Nobody", entry, exit_)) == review


@pytest.mark.parametrize("style", sorted(STYLES))
def test_every_style_can_be_drawn(style: str) -> None:
    from dataclasses import replace

    look = replace(next(iter(LOOKS.values())), style=style)
    drawn = figure(look, MOODS["happy"], unit=24)
    assert drawn.shape == (round((BOX[3] - BOX[1]) * 24), round((BOX[2] - BOX[0]) * 24), 4)
    assert drawn.min() >= 0
    assert drawn[..., :3].max() <= 256
    assert drawn[..., 3].max() <= 1
    assert drawn[round(-BOX[1] * 24), round(-BOX[0] * 24), 3] == pytest.approx(1)


def test_drawing_is_repeatable_and_moods_differ() -> None:
    look = next(iter(LOOKS.values()))
    drawn = {name: figure(look, mood, unit=24) for name, mood in MOODS.items()}
    assert np.array_equal(drawn["sad"], figure(look, MOODS["sad"], unit=24))
    for one, other in combinations(drawn, 2):
        assert np.abs(drawn[one] - drawn[other]).max() > 20, (one, other)


# ---- plan -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 12])
def test_a_plan_lets_each_shopper_pass_once_and_one_pair_at_a_time(seed: int) -> None:
    parts, walks = planned(seed)
    assert sorted(part.name for part in parts) == sorted(LOOKS)
    roles: tuple[Role, Role] = ("entry", "exit")
    for role in roles:
        seen = [walk.part.name for walk in walks[role]]
        assert sorted(seen) == sorted(part.name for part in CAST if getattr(part, role))
        together = sum(b.start_s < a.end_s for a, b in combinations(walks[role], 2))
        assert together == (1 if role == "entry" else 0)
        assert all(0.2 < x < 0.8 for walk in walks[role] for x in (walk.from_x, walk.to_x))
    assert planned(seed)[1] == walks


def test_another_seed_is_another_day() -> None:
    assert planned(0)[1] != planned(1)[1]


# ---- the folder -----------------------------------------------------------------------------------------------------


def test_a_sample_holds_its_files_and_nothing_else(day: SampleDay) -> None:
    assert sorted(path.name for path in day.folder.iterdir()) == sorted(FILES)
    assert [path.name for path in day.folder.parent.iterdir()] == ["sample"]
    start = json.loads((day.folder / "day.json").read_text(encoding="utf-8"))
    assert datetime.fromisoformat(start["entry_start"]) < datetime.fromisoformat(start["exit_start"])


@pytest.mark.parametrize("role", ["entry", "exit"])
def test_films_are_short_and_small(day: SampleDay, role: str) -> None:
    path, seconds = (day.entry, day.entry_s) if role == "entry" else (day.exit, day.exit_s)
    count, size, last = frames_of(path)
    assert size == (640, 360)
    assert count == round(seconds * 10)
    assert last == pytest.approx(seconds - 0.1)
    assert 20 <= seconds <= 40
    assert path.stat().st_size < 2_000_000


def test_truth_and_paths_agree(day: SampleDay) -> None:
    truth, paths = rows_of(day.truth), rows_of(day.folder / "paths.csv")
    assert tuple(truth[0]) == TRUTH_COLUMNS
    assert tuple(paths[0]) == PATH_COLUMNS
    assert (day.visits, day.one_sided) == (sum(bool(row["review"]) for row in truth), sum(not row["review"] for row in truth))
    for row in truth:
        for role in ("entry", "exit"):
            times = [float(p["time_s"]) for p in paths if (p["camera"], p["visitor"]) == (role, row["visitor"])]
            assert bool(times) == bool(row[f"{role}_start_s"]) == bool(row[f"{role}_expression"])
            if times:
                assert min(times) == pytest.approx(float(row[f"{role}_start_s"]), abs=0.101)
                assert max(times) == pytest.approx(float(row[f"{role}_end_s"]), abs=0.101)
                assert len(times) == round(PRESENCE_S * 10)


def test_faces_stay_in_the_picture_and_grow(day: SampleDay) -> None:
    high: dict[tuple[str, str], list[int]] = {}
    for row in rows_of(day.folder / "paths.csv"):
        x0, y0, x1, y1 = (int(row[key]) for key in ("x0", "y0", "x1", "y1"))
        assert x0 >= 0 and y0 >= 0 and x1 <= 640 and y1 <= 360
        high.setdefault((row["camera"], row["visitor"]), []).append(y1 - y0)
    for heights in high.values():
        assert heights[-1] > 2.5 * heights[0]


def near_shots(day: SampleDay) -> list[tuple[str, str, UInt8Array, list[int]]]:
    """(person, expression, picture, face's square) of each shopper before each camera, a moment before the end."""
    import av

    shots, paths = [], rows_of(day.folder / "paths.csv")
    for role, path in (("entry", day.entry), ("exit", day.exit)):
        with av.open(str(path)) as film:
            pictures = {round(frame.time, 2): frame.to_ndarray(format="bgr24") for frame in film.decode(video=0)}
        for row in rows_of(day.truth):
            if not row[f"{role}_start_s"]:
                continue
            now = round(float(row[f"{role}_end_s"]) - 0.7, 2)
            [at] = [p for p in paths if (p["camera"], p["visitor"], float(p["time_s"])) == (role, row["visitor"], now)]
            square = [int(at[key]) for key in ("x0", "y0", "x1", "y1")]
            shots.append((row["person"], row[f"{role}_expression"], pictures[now], square))
    return shots


def face_in(detector: Detector, picture: UInt8Array, square: list[int]) -> Faces:
    """The one face whose middle lies in the square."""
    faces = detector.detect(picture)
    middle = (faces.xyxy[:, :2] + faces.xyxy[:, 2:]) / 2
    return faces[np.all((middle > square[:2]) & (middle < square[2:]), axis=1)]


@pytest.mark.parametrize("name", ["yunet", "mtcnn", "dlib_hog"])
def test_detectors_find_the_drawn_faces(day: SampleDay, name: str) -> None:
    detector = opened(lambda: open_detector(name, DetectSettings()), name)
    shots = near_shots(day)
    found = [len(face_in(detector, picture, square)) for _, _, picture, square in shots]
    assert max(found) == 1
    assert sum(found) >= (0.7 if name == "dlib_hog" else 1.0) * len(shots)


def test_the_expression_model_reads_the_drawn_expressions(day: SampleDay) -> None:
    detector = opened(lambda: open_detector("yunet", DetectSettings()), "yunet")
    model = opened(lambda: open_emotion("moodgate"), "moodgate")
    wrong = []
    for person, expression, picture, square in near_shots(day):
        share = model.predict(picture, face_in(detector, picture, square))[0]
        if EXPRESSIONS[int(share.argmax())] != expression:
            wrong.append((person, expression, EXPRESSIONS[int(share.argmax())]))
    assert wrong == []


def test_the_same_walk_gives_the_same_film(tmp_path: Path) -> None:
    walk = Walk(CAST[0], "entry", 0.0, 0.5, 0.5, 0.0)
    films = []
    for name in ("a.mp4", "b.mp4"):
        rows = render(tmp_path / name, "entry", [walk], {CAST[0].name: 0}, 3)
        films.append(((tmp_path / name).read_bytes(), rows))
    assert films[0] == films[1]
    assert frames_of(tmp_path / "a.mp4")[0] == round(length_s([walk]) * 10)


class Stopped(Exception):
    """What a caller's `tell` raises to end the writing."""


def stop(_: str) -> None:
    raise Stopped


def stop_at_the_exit(step: str) -> None:
    if "exit" in step:
        raise Stopped


@pytest.mark.parametrize("tell", [stop, stop_at_the_exit])
def test_an_interrupted_sample_leaves_nothing(tmp_path: Path, tell: Callable[[str], None]) -> None:
    with pytest.raises(Stopped):
        write_sample(tmp_path / "new" / "sample", tell=tell)
    assert list((tmp_path / "new").iterdir()) == []


def test_an_interrupted_sample_leaves_the_earlier_one(day: SampleDay) -> None:
    before = {path.name: path.read_bytes() for path in day.folder.iterdir()}
    with pytest.raises(Stopped):
        write_sample(day.folder, seed=1, tell=stop)
    assert {path.name: path.read_bytes() for path in day.folder.iterdir()} == before


def test_foreign_files_are_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    (tmp_path / "entry.mp4").write_bytes(b"somebody's")
    with pytest.raises(OutputError, match=r"entry\.mp4 that is not from a sample"):
        write_sample(tmp_path, tell=stop)
    (tmp_path / "truth.csv").write_bytes(b"\xff\xfe other")
    with pytest.raises(OutputError, match="not from a sample"):
        write_sample(tmp_path, tell=stop)
    assert (tmp_path / "entry.mp4").read_bytes() == b"somebody's"


def test_other_files_are_left_alone_and_an_earlier_sample_may_be_replaced(day: SampleDay) -> None:
    (day.folder / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(Stopped):
        write_sample(day.folder, tell=stop)
    assert (day.folder / "notes.txt").read_text(encoding="utf-8") == "mine"
    (day.folder / "notes.txt").unlink()


def test_a_file_in_the_folders_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="taken: it is a file"):
        write_sample(tmp_path / "taken", tell=stop)


def test_a_place_that_takes_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="can't be written to"):
        write_sample(tmp_path / "file" / "sample", tell=stop)
    with pytest.raises(OutputError, match="can't be written to"):
        write_sample(Path("/proc/nowhere/sample"), tell=stop)
