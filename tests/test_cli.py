"""The command line as a person meets it: exit codes, one sentence, the database untouched.

Bad input is found before any model is loaded, so these tests need no weights.
"""

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from fer_core.__main__ import main
from fer_core.cli import common
from fer_core.review import Categories
from fer_core.store import Store
from fer_core.types import EXPRESSIONS
from tests import films
from tests.days import make_day, rows
from tests.test_pipeline import engine, write_film

ROOT = Path(__file__).parents[1]
BEFORE, AFTER = "2026-03-02T10:00:00+00:00", "2026-03-02T08:00:00+00:00"


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    folder = tmp_path_factory.mktemp("good")
    first = films.write_film(folder / "entry 入口.mp4", 12)
    return first, films.write_film(folder / "exit.mp4", 15)


@pytest.fixture
def shop(tmp_path):
    """A database with one day, and its bytes."""
    path = tmp_path / "shop.duckdb"
    with Store.open(path) as store:
        store.write_day(make_day())
    return path, path.read_bytes()


def refused(capsys, *arguments) -> str:
    """Run a command that must end with exit code 2 and one sentence on stderr; gives the sentence."""
    assert main([str(a) for a in arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    lines = told.err.strip().splitlines()
    assert len(lines) == 1, told.err
    assert "Traceback" not in told.err
    return lines[0]


def make_bad(folder: Path, kind: str) -> Path:
    """A film that can't be reviewed, of that kind."""
    path = folder / f"{kind} film.mp4"
    makers = {
        "missing": lambda: path,
        "empty": path.touch,
        "text": lambda: path.write_text("not a film at all\n" * 40),
        "no index": lambda: films.without_index(films.write_film(folder / "whole.mp4", 12), path),
        "sound only": lambda: films.write_sound(path),
        "1x1": lambda: films.write_film(path.with_suffix(".gif"), 5, codec="gif", size=(1, 1), pix_fmt="rgb8", draw=_dot),
        "one frame": lambda: films.write_film(path, 1),
        "empty folder": path.mkdir,
    }
    made = makers[kind]()
    return made if isinstance(made, Path) and made.exists() else path


def _dot(number, width, height):
    return films.numbered(number)[:height, :width]


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("missing", "no such"),
        ("empty", "empty"),
        ("text", "not a film|text"),
        ("no index", "index"),
        ("sound only", "sound"),
        ("1x1", "1\\s*[x×]\\s*1"),
        ("one frame", "one picture"),
        ("empty folder", "no film"),
    ],
)
def test_bad_films_in_one_sentence_and_the_database_untouched(capsys, tmp_path, good, shop, kind, cause):
    path, bytes_before = shop
    bad = make_bad(tmp_path, kind)
    said = refused(capsys, "review", good[0], bad, "--db", path)
    assert bad.name in said
    assert re.search(cause, said), said
    assert path.read_bytes() == bytes_before


def test_no_database_is_made_for_a_bad_film(capsys, tmp_path, good):
    refused(capsys, "review", good[0], tmp_path / "none.mp4", "--db", tmp_path / "new.duckdb")
    assert list(tmp_path.iterdir()) == []


def test_same_film_as_entrance_and_exit(capsys, tmp_path, good):
    said = refused(capsys, "review", good[0], good[0], "--db", tmp_path / "a.duckdb")
    assert "entry 入口.mp4" in said
    assert "as entrance and as exit" in said


def test_exits_that_end_before_the_entrances_begin(capsys, tmp_path, good):
    times = ["--entry-start", BEFORE, "--exit-start", AFTER]
    said = refused(capsys, "review", *good, *times, "--db", tmp_path / "a.duckdb")
    assert "exit.mp4" in said
    assert "before" in said


@pytest.mark.parametrize(
    ("more", "cause"),
    [
        (["--entry-start", "yesterday"], "no ISO time"),
        (["--entry-start", "0001-01-01T00:00:00+05:00"], "no ISO time"),
        (["--entry-start", "9999-12-31T23:59:59+00:00"], "years 1980 to 2200"),
        (["--entry-start", BEFORE, BEFORE], "2 starts for 1 films"),
        (["--entry-door", "a", "b"], "2 doors for 1 films"),
        (["--samples", "0"], "--samples"),
        (["--side", "3"], "--side"),
        (["--out", "table.docx"], "docx"),
        (["--detector", "yolo"], "known are yunet, mtcnn, haar"),
        (["--embedder", "arcface"], "known are mobilefacenet, dlib"),
        (["--emotion", "mood"], "known are moodgate, deepface"),
    ],
)
def test_wrong_options(capsys, tmp_path, good, monkeypatch, more, cause):
    monkeypatch.chdir(tmp_path)
    said = refused(capsys, "review", *good, *more, "--db", tmp_path / "a.duckdb")
    assert cause in said
    assert not (tmp_path / "a.duckdb").exists()


@pytest.mark.parametrize("given", [[], ["a.mp4"], ["a.mp4", "b.mp4", "c.mp4"], ["a.mp4", "b.mp4", "--exit", "c.mp4"]])
def test_films_must_be_told_apart(capsys, given):
    assert "ENTRY EXIT" in refused(capsys, "review", *given)


def test_named_backend_without_weights(capsys, tmp_path, good, monkeypatch):
    monkeypatch.setenv("FER_CORE_MODELS", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    said = refused(capsys, "review", *good, "--embedder", "sface", "--db", tmp_path / "a.duckdb")
    assert "sface" in said


@pytest.mark.parametrize("named", [[], ["--detector", "yunet"]])
def test_weights_of_the_wrong_hash_are_never_passed_over(capsys, tmp_path, good, monkeypatch, named):
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "yunet_n_dynamic.onnx").write_bytes(b"something else")
    monkeypatch.setenv("FER_CORE_MODELS", str(tmp_path / "weights"))
    said = refused(capsys, "review", *good, *named, "--db", tmp_path / "a.duckdb")
    assert "yunet_n_dynamic.onnx" in said
    assert "sha256" in said


def test_database_held_by_another_process(capsys, good, shop):
    path, _ = shop
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:  # noqa: S603
        assert holder.stdout.readline() == "held\n"
        said = refused(capsys, "review", *good, "--db", path)
        holder.stdin.close()
    assert path.name in said
    assert str(holder.pid) in said


def test_database_of_a_newer_version(capsys, good, shop):
    path, _ = shop
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE meta SET version = 999")
    assert "newer" in refused(capsys, "review", *good, "--db", path)


@pytest.mark.parametrize("content", [b"a text, not a database" * 100, os.urandom(9000)])
def test_what_is_no_database(capsys, tmp_path, good, content):
    path = tmp_path / "not.duckdb"
    path.write_bytes(content)
    assert "not.duckdb" in refused(capsys, "review", *good, "--db", path)
    assert path.read_bytes() == content


def test_export(capsys, tmp_path, shop):
    path, _ = shop
    assert main(["export", "visits", "--db", str(path), "--out", str(tmp_path / "v.csv"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"] == len((tmp_path / "v.csv").read_text().splitlines()) - 1
    assert "no such database" in refused(capsys, "export", "visits", "--db", tmp_path / "x.duckdb", "--out", tmp_path / "v.csv")
    assert "appearances" in refused(capsys, "export", "people", "--db", path, "--out", tmp_path / "v.csv")


def test_models(capsys):
    assert main(["models", "list", "--json"]) == 0
    cards = {card["name"]: card for card in json.loads(capsys.readouterr().out)}
    assert cards["expression"]["status"] == "installed"
    assert all(card["licence"] for card in cards.values())
    assert main(["models", "verify"]) == 0
    assert "expression" in capsys.readouterr().out
    assert "no model card" in refused(capsys, "models", "verify", "nothing")


@pytest.mark.parametrize("command", [[], ["dance"], ["review", "--speed", "9"]])
def test_wrong_use_ends_with_2(command):
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 2


def test_help_names_every_command():
    told = subprocess.run(
        [sys.executable, "-m", "fer_core", "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    for name in ("review", "analyze", "evaluate", "train", "models", "sample", "bench", "export", "data", "collect", "publish"):
        assert name in told


def test_a_data_folder_that_cannot_be_written(capsys, tmp_path, shop):
    if os.geteuid() == 0:
        pytest.skip("the administrator may write anywhere")
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    said = refused(capsys, "export", "visits", "--db", shop[0], "--out", folder / "v.csv")
    assert "v.csv" in said


def test_a_database_that_cannot_be_there_is_told_before_the_work(capsys, tmp_path, good):
    assert "x.duckdb" in refused(capsys, "review", *good, "--db", good[0] / "x.duckdb")
    assert "name too long" in refused(capsys, "review", *good, "--db", tmp_path / ("n" * 300)).lower()


def test_a_real_store_is_never_marked_as_a_sample(capsys, good, shop):
    path, _ = shop
    with Store.open(path) as store, store.cursor() as cursor:
        (name,) = cursor.execute("SELECT name FROM stores").fetchone()
    assert "real store" in refused(capsys, "review", *good, "--db", path, "--store", name, "--sample-shop")


@pytest.fixture
def toys(monkeypatch):
    """The commands with toy backends, which need no weights, but their own settings."""
    monkeypatch.setattr(common, "engine_of", lambda settings, *names: engine(review=settings.review))


def test_review_takes_off_the_stores_offset_by_its_categories_and_heeds_zones(capsys, tmp_path, toys):
    came = write_film(tmp_path / "in.mp4", [(0.5, "ada", "neutral", 10), (3.5, "ben", "happy", 150)])
    left = write_film(tmp_path / "out.mp4", [(0.5, "ada", "happy", 10), (3.5, "ben", "sad", 150)], seconds=7)
    command = ["review", str(came), str(left), "--store", "A", "--db", str(tmp_path / "shop.duckdb"), "--exit-door", "south"]
    assert main(command) == 0
    asked = "SELECT entry_expression, review, categories, camera_offset FROM visits ORDER BY entry_time_s"
    with Store.open(tmp_path / "shop.duckdb") as store:
        assert rows(store, asked) == [("neutral", "positive", "standard", 0.0), ("happy", "negative", "standard", 0.0)]
        store.set_calibrated_offset("A", "", "south", -0.75)
        store.put_categories(Categories("glad of sadness", 1, EXPRESSIONS, (-1.0, -1, -1, 1, 1, 0, 0)))
        store.use_categories("A", "glad of sadness")
    assert main(command) == 0
    with Store.open(tmp_path / "shop.duckdb") as store:
        own = ("positive", "glad of sadness", -0.75)
        assert rows(store, asked) == [("neutral", *own), ("happy", *own)]
        store.put_camera("A", "entry", "", zones=[[[0, 0], [0.45, 0], [0.45, 1], [0, 1]]])
    assert main(command) == 0
    with Store.open(tmp_path / "shop.duckdb") as store:
        assert rows(store, asked) == [("happy", *own)]
    capsys.readouterr()


@pytest.mark.parametrize("walks", [[], [(0.5, "ada", "happy", 10)]])
def test_analyze_tells_the_columns_types_whoever_was_seen(capsys, tmp_path, toys, walks):
    film = write_film(tmp_path / "film.mp4", walks, seconds=3)
    assert main(["analyze", str(film), "--out", str(tmp_path / "seen.parquet")]) == 0
    with duckdb.connect() as connection:
        told = connection.execute(f"DESCRIBE FROM '{tmp_path}/seen.parquet'").fetchall()
        people = connection.execute(f"SELECT expression, len(times_s) > 3 FROM '{tmp_path}/seen.parquet'").fetchall()  # noqa: S608
    kinds = {row[0]: row[1] for row in told}
    floats = set(kinds) - {"faces", "usable", "expression", "times_s", "series"}
    assert {name: kinds[name] for name in floats} == dict.fromkeys(floats, "DOUBLE")
    assert [kinds[name] for name in ("faces", "usable", "expression", "times_s", "series")] == [
        "BIGINT", "BOOLEAN", "VARCHAR", "DOUBLE[]", "DOUBLE[][]",
    ]  # fmt: skip
    assert people == [(name, True) for _, _, name, _ in walks]
    capsys.readouterr()
