"""The chosen expression model: found, checked, used by jobs, and left again without a word lost."""

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fer_core import weights
from fer_core.errors import InputError, WeightsError
from fer_core.store import Store
from fer_core.types import EXPRESSIONS
from server import expression
from server.expression import STANDARD, Choice, choose, chosen, files, labels_of, trouble
from server.job import Job, Task
from server.reviewing import review
from server.uploads import Uploads
from server.workshop import Workshop
from tests.test_emotion import toy_network
from tests.test_pipeline import engine, write_film


@pytest.fixture
def opened(tmp_path):
    with Store.open(tmp_path / "moodgate.duckdb") as made:
        yield made


def run_of(folder, name, **kinds):
    place = folder / "models" / name
    place.mkdir(parents=True, exist_ok=True)
    return toy_network(place / "model.onnx", **kinds)


def test_nothing_chosen_is_the_standard_one(opened, tmp_path):
    assert chosen(opened, tmp_path) == Choice(STANDARD, None, "")


def test_a_finished_run_is_found_chosen_and_left(opened, tmp_path):
    path = run_of(tmp_path, "wide")
    (tmp_path / "models" / ".part-x").mkdir()
    assert files(tmp_path)["runs/wide"] == path
    choose(opened, tmp_path, "runs/wide")
    assert chosen(opened, tmp_path) == Choice("runs/wide", path, "")
    choose(opened, tmp_path, STANDARD)
    assert chosen(opened, tmp_path) == Choice()


def test_files_in_models_are_offered_but_for_the_standard_one_and_other_kinds(tmp_path, monkeypatch):
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    for card in ("expression", "mobilefacenet"):
        source = weights.MODELS / f"{card}.toml"
        (shipped / source.name).write_bytes(source.read_bytes())
        (shipped / weights.read_card(source).file).write_bytes(b"x")
    toy_network(shipped / "small.onnx")
    monkeypatch.setattr(weights, "MODELS", shipped)
    assert list(files(tmp_path / "data")) == ["models/small.onnx"]


def test_a_file_that_has_gone_falls_back_and_says_so(opened, tmp_path):
    path = run_of(tmp_path, "wide")
    choose(opened, tmp_path, "runs/wide")
    path.unlink()
    found = chosen(opened, tmp_path)
    assert (found.key, found.path) == (STANDARD, None)
    assert (
        found.note == "The chosen expression model runs/wide can’t be used (its file is gone); the standard one reads instead."
    )


def test_a_file_that_was_spoiled_falls_back_and_says_so(opened, tmp_path):
    path = run_of(tmp_path, "wide")
    choose(opened, tmp_path, "runs/wide")
    path.write_bytes(b"no network")
    found = chosen(opened, tmp_path)
    assert found.path is None and "ONNX Runtime can't load it" in found.note and str(tmp_path) not in found.note


@pytest.mark.parametrize(
    "key", ["runs/none", "models/../x.onnx", "models/expression.toml", "runs/..", "runs/\0", "nonsense", ""]
)
def test_what_is_not_there_is_refused(opened, tmp_path, key):
    with pytest.raises(InputError, match="its file is gone"):
        choose(opened, tmp_path, key)
    assert chosen(opened, tmp_path) == Choice()


def test_a_model_of_other_classes_is_refused(opened, tmp_path):
    path = run_of(tmp_path, "moods", classes=3, labels=("glad", "so-so", "cross"))
    assert labels_of(path) == ("glad", "so-so", "cross")
    with pytest.raises(InputError, match="it tells glad, so-so, cross and not the seven expressions"):
        choose(opened, tmp_path, "runs/moods")


def test_a_file_that_is_none_is_told_in_a_sentence(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(WeightsError, match="can't load it"):
        labels_of(path)
    assert trouble(path)


def test_a_changed_file_is_looked_at_again(tmp_path):
    path = run_of(tmp_path, "wide", classes=3, labels=("a", "b", "c"))
    assert trouble(path)
    path.unlink()
    toy_network(path)
    assert not trouble(path) and labels_of(path) == EXPRESSIONS


@pytest.mark.parametrize("value", [7, ["runs/wide"], {"a": 1}])
def test_a_setting_that_is_no_key_is_the_standard_one(opened, tmp_path, value):
    opened.put_setting(expression.SETTING, value)
    assert chosen(opened, tmp_path) == Choice()


# ---- jobs


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    return [write_film(folder / name, [], seconds=s) for name, s in (("in.mp4", 1), ("out.mp4", 2))]


def reviewed(shop, films, **more):
    payload = {
        "store": "Main",
        "entry": [{"path": str(films[0])}],
        "exit": [{"path": str(films[1])}],
        "keep_films": True,
        **more,
    }
    job = Job("0", "review", "Main", "a job", "running", datetime.now(UTC), payload=payload)
    return review(shop, Task(job, threading.Event()))


@pytest.fixture
def shop(opened, tmp_path):
    return Workshop(tmp_path, opened, Uploads(tmp_path / "uploads"))


def test_a_job_takes_the_chosen_model_unless_it_names_one(shop, films, tmp_path):
    path = run_of(tmp_path, "wide")
    choose(shop.store, tmp_path, "runs/wide")
    named = replace(engine())
    shop.engines[(None, None, str(path))] = engine()
    shop.stamps[(None, None, str(path))] = expression.stamp_of(path)
    shop.engines[(None, None, "deepface")] = named
    assert reviewed(shop, films)["warnings"] == []
    assert reviewed(shop, films, emotion="deepface")["warnings"] == []
    assert set(shop.engines) == {(None, None, str(path)), (None, None, "deepface")}


def test_a_job_says_that_the_chosen_model_is_gone(shop, films, tmp_path):
    path = run_of(tmp_path, "wide")
    choose(shop.store, tmp_path, "runs/wide")
    path.unlink()
    shop.engines[(None, None, None)] = shop.engines[(None, None, "deepface")] = engine()
    assert "its file is gone" in reviewed(shop, films)["warnings"][0]
    assert reviewed(shop, films, emotion="deepface")["warnings"] == []


def test_a_model_trained_anew_is_loaded_anew(shop, tmp_path, monkeypatch):
    monkeypatch.setattr("fer_core.cli.common.engine_of", lambda *names: engine())
    names = (None, None, str(run_of(tmp_path, "wide")))
    first = shop.engine(names)
    assert shop.engine(names) is first
    (tmp_path / "models" / "wide" / "model.onnx").write_bytes(b"another")
    assert shop.engine(names) is not first
