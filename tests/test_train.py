"""Training on toy faces: small nets, few epochs, real Keras and real ONNX."""

import json
from dataclasses import replace

import numpy as np
import pytest

from fer_core import train
from fer_core.dataset import LabelledFaces
from fer_core.errors import DataError, OutputError
from fer_core.settings import TrainSettings

TINY = TrainSettings(epochs=2, batch=16, widths=(4, 8), blocks=1, mixed_precision=False, seed=5)


def toy_faces(n: int = 160, *, votes: bool = True, classes: int = 2) -> LabelledFaces:
    """Bright faces are happy, dark ones sad."""
    rng = np.random.default_rng(1)
    kind = rng.integers(0, classes, n)
    label = np.where(kind == 0, 3, 4).astype(np.int64)
    image = np.clip(rng.normal(np.where(kind == 0, 200, 60)[:, None, None], 8, (n, 48, 48)), 0, 255).astype(np.uint8)
    shares = np.eye(7, dtype=np.float32)[label] * 0.9 if votes else None
    return LabelledFaces(image, label, np.zeros(n, np.int64), np.zeros(n, bool), shares)


def run(model_path, image):
    import onnxruntime

    session = onnxruntime.InferenceSession(model_path, providers=["CPUExecutionProvider"])
    return session.run(["votes", "fer2013"], {"face": image.astype(np.float32)[..., None]})


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    told: list[str] = []
    train.train(toy_faces(), out, TINY, tell=told.append)
    return out, told


def test_a_run_ends_in_a_model_that_gives_probabilities(finished):
    out, told = finished
    assert len(told) == TINY.epochs
    for head in run(out / "model.onnx", toy_faces().image[:5]):
        assert head.shape == (5, 7)
        assert head.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    report = json.loads((out / "report.json").read_text())
    assert report["sha256"] == train.sha256_of(out / "model.onnx")
    assert not list(out.glob("part-*"))


def test_onnx_says_what_keras_says(finished):
    import keras

    out, _ = finished
    image = toy_faces().image[:4]
    told = keras.models.load_model(out / "model.keras").predict(image.astype(np.float32)[..., None], verbose=0)
    assert np.abs(run(out / "model.onnx", image)[0] - told[0]).max() < 1e-5


def test_a_stopped_run_has_no_model_and_goes_on_to_the_same_curve(tmp_path, finished):
    train.train(toy_faces(), tmp_path, TINY, stop_after=1)
    assert not list(tmp_path.glob("model.*"))
    train.train(toy_faces(), tmp_path, TINY)
    first, second = (json.loads((folder / "state.json").read_text())["curve"] for folder in (finished[0], tmp_path))
    assert [p["epoch"] for p in second] == [1, 2]
    assert second[0]["loss"] == pytest.approx(first[0]["loss"], abs=0.02)


def test_a_folder_with_another_recipe_is_refused(finished):
    with pytest.raises(DataError, match="other settings"):
        train.train(toy_faces(), finished[0], replace(TINY, seed=6))


@pytest.mark.parametrize(("data", "message"), [(toy_faces(8), "at least 32"), (toy_faces(classes=1), "one class only: happy")])
def test_too_little_is_refused_before_anything_is_written(tmp_path, data, message):
    with pytest.raises(DataError, match=message):
        train.train(data, tmp_path / "new", TINY)
    assert not (tmp_path / "new").exists()


def test_targets_without_votes_are_the_labels():
    soft, trust = train.targets(toy_faces(votes=False), replace(TINY, label_smoothing=0.0))
    assert np.array_equal(soft[0], soft[1])
    assert set(trust[0]) == {1.0}


def test_targets_with_votes_are_the_votes_weighted_by_their_share():
    soft, trust = train.targets(toy_faces(), TINY)
    assert soft[0].sum(axis=1) == pytest.approx(1.0)
    assert trust[0] == pytest.approx(0.9)


def test_augmented_faces_keep_their_form_and_the_given_one_stays():
    image = toy_faces().image[0]
    before = image.copy()
    made = train.augmented(image, np.random.default_rng(0))
    assert made.shape == image.shape
    assert made.dtype == np.uint8
    assert np.array_equal(image, before)
    assert np.array_equal(made, train.augmented(image, np.random.default_rng(0)))
    assert not np.array_equal(made, train.augmented(image, np.random.default_rng(1)))


def test_a_resumed_run_decays_what_it_decayed_before(tmp_path):
    train.train(toy_faces(), tmp_path, TINY, stop_after=1)
    import keras

    fresh = train._compiled(TINY, 10)
    train._restore(fresh, keras.models.load_model(tmp_path / "checkpoint.keras"))
    decayed = [v.path for v in fresh.trainable_variables if fresh.optimizer._use_weight_decay(v)]
    assert decayed
    assert not [path for path in decayed if path.rsplit("/", 1)[-1] in ("bias", "gamma", "beta")]
    assert int(fresh.optimizer.iterations) > 0


def test_a_run_folder_that_cannot_be_is_refused(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="file"):
        train.train(toy_faces(), tmp_path / "file", TINY)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "state.json").write_text("{")
    with pytest.raises(DataError, match="damaged"):
        train.train(toy_faces(), tmp_path / "run", TINY)
