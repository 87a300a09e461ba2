"""The whole job on real input, as the command line does it: drawn sample day, and real films where they are at hand.

Every test runs with the backends that need no downloaded weights and, where their weights are here, with the default ones.
"""

import csv
import json
from pathlib import Path

import pytest

from fer_core import sample, weights
from fer_core.__main__ import main

SHARED = Path(__file__).parents[2] / "shared"
FILMS = SHARED / "films"
OFFLINE = ["--detector", "mtcnn", "--embedder", "dlib"]
DEFAULT = ["--detector", "yunet", "--embedder", "mobilefacenet"]
STARTS = ["--entry-start", sample.STARTS["entry_start"], "--exit-start", sample.STARTS["exit_start"]]
FACE_SHARE = 0.7
SLACK_S = 0.15


@pytest.fixture(params=[OFFLINE, DEFAULT], ids=["mtcnn+dlib", "yunet+mobilefacenet"])
def backends(request):
    names = (request.param[1], request.param[3])
    if any(weights.status(weights.card(name)) == "missing" for name in names):
        pytest.skip(f"no weights of {' and '.join(names)} on this machine (FER_CORE_MODELS)")
    return request.param


def need(path: Path) -> str:
    if not path.exists():
        pytest.skip(f"{path.name} is not beside this checkout")
    return str(path)


def review(capsys, tmp_path, *arguments) -> tuple[dict, list[dict]]:
    """Run `review`; gives its summary and the visits' rows."""
    out = tmp_path / "visits.csv"
    assert main(["review", *map(str, arguments), "--db", str(tmp_path / "a.duckdb"), "--out", str(out), "--json"]) == 0
    with out.open(newline="") as handle:
        return json.loads(capsys.readouterr().out), list(csv.DictReader(handle))


def faces_at(paths: list[dict], camera: str, time_s: float, x: float, y: float) -> set[str]:
    """Visitors on whose face that point lies at that moment."""
    found = set()
    for row in paths:
        x0, y0, x1, y1 = (float(row[key]) for key in ("x0", "y0", "x1", "y1"))
        near = abs(x - (x0 + x1) / 2) <= FACE_SHARE * (x1 - x0) / 2 and abs(y - (y0 + y1) / 2) <= FACE_SHARE * (y1 - y0) / 2
        if row["camera"] == camera and abs(float(row["time_s"]) - time_s) <= SLACK_S and near:
            found.add(row["visitor"])
    return found


def right_visits(folder: Path, visits: list[dict]) -> dict[str, str]:
    """The review told of each visitor whom a visit hits at both moments."""
    with (folder / "paths.csv").open(newline="") as handle:
        paths = list(csv.DictReader(handle))
    told = {}
    for visit in visits:
        both = set.intersection(
            *(
                faces_at(paths, camera, *(float(visit[f"{camera}_{key}"]) for key in ("time_s", "x", "y")))
                for camera in ("entry", "exit")
            )
        )
        told.update(dict.fromkeys(both, visit["review"]))
    return told


def truth_of(folder: Path) -> dict[str, str]:
    with (folder / "truth.csv").open(newline="") as handle:
        return {row["visitor"]: row["review"] for row in csv.DictReader(handle) if row["review"]}


def test_sample_every_visit_right(capsys, tmp_path, backends):
    day = sample.write_sample(tmp_path / "sample")
    _, visits = review(capsys, tmp_path, day.entry, day.exit, *STARTS, *backends)
    assert len(visits) == day.visits
    assert right_visits(day.folder, visits) == truth_of(day.folder)


def test_a_woman_comes_among_three_and_leaves_alone(capsys, tmp_path, backends):
    told, visits = review(capsys, tmp_path, need(FILMS / "corridor_three.gif"), need(FILMS / "woman_alone.gif"), *backends)
    assert told["visits"] == len(visits) == 1
    assert (told["unmatched_entries"], told["unmatched_exits"]) == (2, 0)
    assert float(visits[0]["entry_x"]) < 240  # she walks on the left of three, in a picture of 480 px


def test_hardly_seen_faces_give_no_visit(capsys, tmp_path, backends):
    if backends is OFFLINE:
        pytest.skip("two minutes of film: once is enough")
    told, visits = review(capsys, tmp_path, need(FILMS / "one_by_one.mp4"), need(FILMS / "no_face.mp4"), *backends)
    assert told["visits"] == len(visits) == 0
    assert told["exits"] == 0


def test_the_same_films_again_replace_their_visits(capsys, tmp_path, backends):
    given = [need(FILMS / "corridor_three.gif"), need(FILMS / "woman_alone.gif"), *backends]
    first, second = review(capsys, tmp_path, *given), review(capsys, tmp_path, *given)
    assert [row["visit_id"] for row in first[1]] == [row["visit_id"] for row in second[1]]
    assert main(["export", "visits", "--db", str(tmp_path / "a.duckdb"), "--out", str(tmp_path / "all.csv")]) == 0
    assert len((tmp_path / "all.csv").read_text().splitlines()) == 2


def test_quiet_day(capsys, tmp_path, backends):
    if backends is OFFLINE:
        pytest.skip("four minutes of film: once is enough")
    folder = Path(need(SHARED / "storeday" / "quiet"))
    starts = json.loads((folder / "day.json").read_text())
    times = ["--entry-start", starts["entry_start"], "--exit-start", starts["exit_start"]]
    _, visits = review(capsys, tmp_path, folder / "entry.mp4", folder / "exit.mp4", *times, *backends)
    right = right_visits(folder, visits)
    truth = truth_of(folder)
    assert len(right) / len(visits) >= 0.95
    assert len(right.keys() & truth.keys()) / len(truth) >= 0.90


def test_our_model_on_the_voters_majority(capsys):
    data = need(SHARED / "fer2013" / "fer2013.npz")
    assert main(["evaluate", data, "--labels", "ferplus", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["accuracy"] >= 0.85
    assert told["n"] == sum(map(sum, told["confusion"]))
    card = weights.card("expression")
    assert weights.find(card).stat().st_size <= 5_000_000
    assert told["accuracy"] == pytest.approx(card.figures["ferplus_majority_accuracy"], abs=0.002)


def test_bench(capsys, tmp_path, backends):
    assert main(["bench", need(FILMS / "single_face.mp4"), *backends, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    wanted = {"decode_s", "total_s", "ratio", "stages", "frames", "samples", "faces", "tracks", "peak_rss_mb"}
    assert told.keys() == wanted
    assert told["faces"] > 0 and told["tracks"] == 1
    assert told["samples"] <= told["frames"]


def test_analyze(capsys, tmp_path, backends):
    out = tmp_path / "appearances.json"
    assert main(["analyze", need(FILMS / "face_then_none.mov"), "--out", str(out), *backends, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["appearances"] == len(json.loads(out.read_text())) >= 1


def test_nobody_is_said_plainly(capsys, tmp_path, backends):
    films = [need(FILMS / "no_face.mp4"), need(FILMS / "woman_alone.gif")]
    assert main(["review", *films, "--db", str(tmp_path / "a.duckdb"), *backends]) == 0
    assert "Nobody was seen in the entrance films: no visits; 1 left." in " ".join(capsys.readouterr().out.split())
