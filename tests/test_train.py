"""Training on toy faces: small nets, few epochs, real Keras and real ONNX."""

import json
from dataclasses import replace

import numpy as np
import pytest

from fer_core import train
from fer_core.dataset import LabelledFaces
from fer_core.errors import DataError, OutputError, WeightsError
from fer_core.settings import TrainSettings
from fer_core.train import bases, growing, lessons, run
from fer_core.train.network import build
from fer_core.types import EXPRESSIONS

TINY = TrainSettings(epochs=2, batch=16, widths=(4, 8), blocks=1, mixed_precision=False, seed=5)


def toy_faces(n: int = 160, *, votes: bool = True, classes: int = 2, labels: tuple[str, ...] = EXPRESSIONS) -> LabelledFaces:
    """Bright faces are happy, dark ones sad."""
    rng = np.random.default_rng(1)
    kind = rng.integers(0, classes, n)
    names = (3, 4) if labels == EXPRESSIONS else (0, 1)
    label = np.where(kind == 0, *names).astype(np.int64)
    image = np.clip(rng.normal(np.where(kind == 0, 200, 60)[:, None, None], 8, (n, 48, 48)), 0, 255).astype(np.uint8)
    shares = np.eye(len(labels), dtype=np.float32)[label] * 0.9 if votes else None
    return LabelledFaces(image, label, np.zeros(n, np.int64), np.zeros(n, bool), shares, labels=labels)


def answers(model_path, image, heads=("votes", "fer2013")):
    import onnxruntime

    session = onnxruntime.InferenceSession(model_path, providers=["CPUExecutionProvider"])
    return session.run(list(heads), {"face": image.astype(np.float32)[..., None]})


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    told: list[str] = []
    steps: list[tuple[int, int]] = []
    train.train(toy_faces(), out, TINY, tell=told.append, progress=lambda *at: steps.append(at))
    return out, told, steps


# ---- a run ----------------------------------------------------------------------------------------------------------


def test_a_run_ends_in_a_model_that_gives_probabilities(finished):
    out, told, steps = finished
    assert len(told) == TINY.epochs
    assert steps[-1][0] == steps[-1][1] == len(steps)
    for head in answers(out / "model.onnx", toy_faces().image[:5]):
        assert head.shape == (5, 7)
        assert head.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    assert not list(out.glob("part-*"))


def test_the_report_says_where_the_model_comes_from(finished):
    from fer_core.weights import sha256_of

    report = json.loads((finished[0] / "report.json").read_text())
    assert report["sha256"] == sha256_of(finished[0] / "model.onnx")
    assert report["settings"]["widths"] == [4, 8]
    assert report["origin"]["pictures"] == 160
    assert report["keras"].endswith("tensorflow")
    assert set(report["temperature"]) == {"votes", "fer2013"}


def test_onnx_says_what_keras_says(finished):
    import keras

    image = toy_faces().image[:4]
    told = keras.models.load_model(finished[0] / "model.keras").predict(image.astype(np.float32)[..., None], verbose=0)
    assert np.abs(answers(finished[0] / "model.onnx", image)[0] - told[0]).max() < 1e-4


def test_a_stopped_run_has_no_model_and_ends_where_the_other_one_did(tmp_path, finished):
    """Bit for bit: order, augmentation and dropout are seeded by epoch, and the checkpoint holds the rest."""
    import keras

    train.train(toy_faces(), tmp_path, TINY, stop_after=1)
    assert not list(tmp_path.glob("model.*"))
    train.train(toy_faces(), tmp_path, TINY)
    first, second = (json.loads((folder / "state.json").read_text())["curve"] for folder in (finished[0], tmp_path))
    assert first == second
    ends = [keras.models.load_model(folder / "model.keras").get_weights() for folder in (finished[0], tmp_path)]
    assert all(np.array_equal(a, b) for a, b in zip(*ends, strict=True))


def test_a_run_killed_between_checkpoint_and_state_goes_on_from_the_state(tmp_path):
    train.train(toy_faces(), tmp_path, TINY, stop_after=1)
    (tmp_path / "checkpoint-0002.keras").write_bytes(b"half of it")
    train.train(toy_faces(), tmp_path, TINY)
    assert [point["epoch"] for point in json.loads((tmp_path / "state.json").read_text())["curve"]] == [1, 2]


def test_a_folder_with_another_recipe_or_other_data_is_refused(finished):
    with pytest.raises(DataError, match="other settings"):
        train.train(toy_faces(), finished[0], replace(TINY, seed=6))
    with pytest.raises(DataError, match="other data"):
        train.train(toy_faces(161), finished[0], TINY)


@pytest.mark.parametrize(("data", "message"), [(toy_faces(8), "at least 32"), (toy_faces(classes=1), "one class only: happy")])
def test_too_little_is_refused_before_anything_is_written(tmp_path, data, message):
    with pytest.raises(DataError, match=message):
        train.train(data, tmp_path / "new", TINY)
    assert not (tmp_path / "new").exists()


def test_a_run_folder_that_cannot_be_is_refused(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="file"):
        train.train(toy_faces(), tmp_path / "file", TINY)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "state.json").write_text("{")
    with pytest.raises(DataError, match="damaged"):
        train.train(toy_faces(), tmp_path / "run", TINY)


def test_a_damaged_checkpoint_is_said_in_a_sentence(tmp_path):
    train.train(toy_faces(), tmp_path, TINY, stop_after=1)
    (tmp_path / "checkpoint-0001.keras").write_bytes(b"no model")
    with pytest.raises(DataError, match="checkpoint can't be read"):
        train.train(toy_faces(), tmp_path, TINY)


def test_a_resumed_run_decays_what_it_decayed_before(tmp_path):
    train.train(toy_faces(), tmp_path, TINY, stop_after=1)
    import keras

    fresh = run.compiled(TINY, 10, EXPRESSIONS)
    run.restore(fresh, keras.models.load_model(tmp_path / "checkpoint-0001.keras"))
    decayed = [v.path for v in fresh.trainable_variables if fresh.optimizer._use_weight_decay(v)]
    assert decayed
    assert not [path for path in decayed if path.rsplit("/", 1)[-1] in ("bias", "gamma", "beta")]
    assert int(fresh.optimizer.iterations) > 0


# ---- targets and augmentation ---------------------------------------------------------------------------------------


def test_targets_without_votes_are_the_labels():
    soft, trust = train.targets(toy_faces(votes=False), replace(TINY, label_smoothing=0.0))
    assert np.array_equal(soft[0], soft[1])
    assert set(trust[0]) == {1.0}


def test_targets_with_votes_are_the_votes_weighted_by_their_share():
    soft, trust = train.targets(toy_faces(), TINY)
    assert soft[0].sum(axis=1) == pytest.approx(1.0)
    assert trust[0] == pytest.approx(0.9)


def test_rare_classes_weigh_more_by_the_class_balance():
    data = toy_faces(classes=3)
    rare = data.label == 3
    assert rare.sum() < (~rare).sum()
    _, trust = train.targets(data, replace(TINY, class_balance=1.0))
    assert trust[1][rare].sum() == pytest.approx(trust[1][~rare].sum(), rel=1e-3)
    assert trust[1].mean() == pytest.approx(1.0)


@pytest.mark.parametrize("seed", range(30))
def test_augmented_faces_keep_their_form_and_the_given_one_stays(seed):
    image = np.random.default_rng(9).integers(0, 256, (48, 48)).astype(np.uint8)
    before = image.copy()
    made = train.augmented(image, np.random.default_rng(seed))
    assert made.shape == image.shape
    assert made.dtype == np.uint8
    assert np.array_equal(image, before)
    assert np.array_equal(made, train.augmented(image, np.random.default_rng(seed)))
    assert not np.array_equal(made, train.augmented(image, np.random.default_rng(seed + 100)))


# ---- a shop's own classes -------------------------------------------------------------------------------------------


def test_own_classes_give_a_model_with_one_head_that_names_them(tmp_path):
    from fer_core.emotion import open_emotion

    labels = ("bored", "keen", "puzzled")
    train.train(toy_faces(votes=False, labels=labels), tmp_path, replace(TINY, epochs=1))
    assert open_emotion(str(tmp_path / "model.onnx")).labels == labels
    assert "held_classes" in json.loads((tmp_path / "state.json").read_text())["curve"][0]


def test_our_own_model_is_a_base_for_other_classes(tmp_path, finished):
    base = str(finished[0] / "model.keras")
    data = toy_faces(votes=False, labels=("bored", "keen"))
    train.train(data, tmp_path, replace(TINY, epochs=1, base=base, freeze=True))
    import keras

    begun, ended = keras.models.load_model(base), keras.models.load_model(tmp_path / "model.keras")
    kernels = [[np.asarray(v) for v in model.weights if "conv2d" in v.path] for model in (begun, ended)]
    assert np.array_equal(kernels[0][0], kernels[1][0])
    assert ended.outputs[0].shape[-1] == 2


# ---- bases ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("nonsense", DataError, "unknown base 'nonsense': known are moodgate"),
        ("keras:NoSuchNet", DataError, "no network 'NoSuchNet'"),
        ("gone.keras", DataError, "no such file"),
    ],
)
def test_an_unknown_base_is_said_in_a_sentence(name, error, message):
    with pytest.raises(error, match=message):
        bases.trunk(name, 64)


def test_a_network_of_keras_applications_is_a_base(monkeypatch):
    monkeypatch.setenv("MOODGATE_OFFLINE", "1")
    model = build(replace(TINY, base="keras:MobileNetV3Small", base_px=64))
    told = model(np.zeros((2, 48, 48, 1), np.float32))
    assert [tuple(head.shape) for head in told] == [(2, 7), (2, 7)]


def test_vgg_face_without_its_weights_is_said_in_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match="VGG-Face's weights are not here"):
        bases.trunk("vgg-face", 64)


def test_mobilefacenet_is_a_base_of_seven_by_seven_maps():
    from fer_core import weights

    if weights.find(weights.card("mobilefacenet")) is None:
        pytest.skip("mobilefacenet's weights are not on this machine")
    import keras

    face = keras.layers.Input((112, 112, 1))
    model = keras.Model(face, bases.mobilefacenet(112)(face))
    image = np.random.default_rng(0).uniform(0, 255, (3, 112, 112, 1)).astype(np.float32)
    assert np.asarray(model(image)).shape == (3, 7, 7, 512)


# ---- growing and distillation ---------------------------------------------------------------------------------------


def test_a_grown_network_begins_with_the_answers_of_the_narrow_one(finished):
    import keras

    narrow = keras.models.load_model(finished[0] / "model.keras")
    plain = build(TINY)
    plain.set_weights(narrow.get_weights())
    wide = build(replace(TINY, widths=(8, 12)))
    growing.grow(wide, finished[0] / "model.keras")
    x = toy_faces().image[:6].astype(np.float32)[..., None]
    assert np.abs(np.asarray(wide(x)[0]) - np.asarray(plain(x)[0])).max() < 1e-4


def test_growing_into_another_network_is_refused(finished):
    with pytest.raises(DataError, match="can't be grown"):
        growing.grow(build(replace(TINY, widths=(2, 4))), finished[0] / "model.keras")


def test_a_teachers_answers_are_mixed_into_the_targets(tmp_path, finished):
    told = lessons.of(finished[0] / "model.onnx", toy_faces(), tmp_path)
    assert [lesson.shape for lesson in told] == [(160, 7), (160, 7)]
    again = lessons.of(finished[0] / "model.onnx", toy_faces(), tmp_path)
    assert np.array_equal(told[0], again[0])
    from fer_core.train.batches import taught

    soft, _ = train.targets(toy_faces(), TINY)
    mixed = taught(soft, told, 0.25)
    assert mixed[0] == pytest.approx(0.75 * soft[0] + 0.25 * told[0], abs=1e-6)


def test_a_taught_run_says_who_taught_it(tmp_path, finished):
    teacher = finished[0] / "model.onnx"
    train.train(toy_faces(), tmp_path, replace(TINY, epochs=1), teacher=teacher)
    from fer_core.weights import sha256_of

    assert json.loads((tmp_path / "report.json").read_text())["origin"]["teacher"] == sha256_of(teacher)


def test_a_teacher_of_other_classes_is_refused(tmp_path, finished):
    data = toy_faces(votes=False, labels=("bored", "keen"))
    with pytest.raises(DataError, match="teacher's classes"):
        train.train(data, tmp_path, TINY, teacher=finished[0] / "model.onnx")


def test_vgg_face_is_read_by_deepfaces_own_loader(monkeypatch, tmp_path):
    """Made weights in the form of the file that deepface fetches: 580 MB for as long as the test runs."""
    import h5py
    import keras
    from keras.src.legacy.saving import legacy_h5_format

    from fer_core import weights

    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path))
    folder = weights.prepare_deepface()
    with pytest.warns(UserWarning, match="input_shape"):
        from deepface.models.facial_recognition.tf.VGGFace import base_model

        made = base_model()
    path = folder / "vgg_face_weights.h5"
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, made)
    face = keras.layers.Input((48, 48, 1))
    model = keras.Model(face, bases.trunk("vgg-face", 64)(face))
    path.unlink()
    assert model.output_shape == (None, 2, 2, 512)
    assert any(np.array_equal(value, made.layers[1].get_weights()[0]) for value in model.get_weights())
