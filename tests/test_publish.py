"""Export of a finished run: toy networks, real Keras, ONNX Runtime and LiteRT; each file is read back."""

import json
import zipfile

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from fer_core import dataset
from fer_core.__main__ import main
from fer_core.cli.publish import proof_of
from fer_core.dataset import LabelledFaces
from fer_core.emotion.onnx_model import OnnxEmotion
from fer_core.errors import DataError, OutputError
from fer_core.publish import files, int8, keras_file, limits, litert, model_card, onnx_file
from fer_core.types import EXPRESSIONS
from fer_core.weights import read_card, sha256_of

FLOAT16 = 0.02
"""What weights of 11 bits may move a share by in a toy network, which is sure of everything."""
OWN = ("glad", "so-so", "cross")
WORDS = model_card.Words("Toy", licence="CC0-1.0", trained_on='drawn "faces" [1]')


def toy_faces(n, classes, seed=1):
    """Squares of a brightness a class, on noise."""
    rng = np.random.default_rng(seed)
    label = (np.arange(n) % classes).astype(np.int64)
    image = rng.normal(100, 20, (n, 48, 48))
    image[:, 12:36, 12:36] += (label * 120 / (classes - 1))[:, None, None]
    return np.clip(image, 0, 255).astype(np.uint8), label


def toy_model(heads, classes):
    """A small network of the kind that `train` builds: a block with a shortcut, an average pool, one softmax a head."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(3)
    face = layers.Input((48, 48, 1), name="face")
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(face)
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
    short = layers.BatchNormalization()(layers.Conv2D(24, 1, use_bias=False)(layers.AveragePooling2D(2)(x)))
    y = layers.Conv2D(24, 3, strides=2, padding="same", activation="relu")(x)
    y = layers.Conv2D(24, 3, padding="same")(y)
    x = layers.Activation("relu")(layers.Add()([short, y]))
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(face, [layers.Softmax(name=head)(layers.Dense(classes, name=f"{head}_logits")(x)) for head in heads])
    image, label = toy_faces(320, classes)
    model.compile(keras.optimizers.Adam(5e-3), loss=["sparse_categorical_crossentropy"] * len(heads))
    model.fit(image[..., None].astype(np.float32), [label] * len(heads), epochs=8, batch_size=32, verbose=0)
    return model


def finished_run(folder, model, **report):
    folder.mkdir(exist_ok=True)
    model.save(folder / "model.keras")
    told = {"finished": "2026-11-21", "settings": {"epochs": 8, "widths": [8, 24], "seed": 3, "base": ""}, **report}
    (folder / "report.json").write_text(json.dumps(told))
    return folder


@pytest.fixture(scope="module")
def seven(tmp_path_factory):
    """A run of two heads on the seven expressions."""
    folder = tmp_path_factory.mktemp("seven")
    return finished_run(folder, toy_model(("votes", "fer2013"), 7), temperature={"votes": 1.25}, held_back=32)


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A run of one head on a shop's own classes, opened."""
    folder = finished_run(tmp_path_factory.mktemp("own"), toy_model(("classes",), 3), labels=OWN)
    return keras_file.open_run(folder)


@pytest.fixture(scope="module")
def proof():
    """For the own classes."""
    (calibration, _), (judged, truth) = toy_faces(64, 3, seed=2), toy_faces(90, 3, seed=4)
    return files.Proof(calibration, judged, {"classes": truth})


@pytest.fixture(scope="module")
def float_file(own, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "float.onnx"
    onnx_file.write(own.model, path, heads=own.heads, labels=own.labels)
    return path


@pytest.fixture(scope="module")
def published(own, proof, tmp_path_factory):
    """The folder of the own classes in every format."""
    folder = tmp_path_factory.mktemp("out") / "new"
    made = files.publish(own, folder, "toy", list(files.FORMATS), proof, WORDS, figures={"judged_on": "x"})
    assert [one.card for one in made] == [read_card(one.file.with_suffix(".toml")) for one in made]
    return folder


def furthest(one, other):
    assert one.keys() == other.keys()
    return max(float(np.abs(one[head] - other[head]).max()) for head in one)


# ONNX


def test_onnx_says_what_keras_says_under_the_names_of_heads_and_classes(seven, tmp_path):
    run, image = keras_file.open_run(seven), toy_faces(5, 7)[0]
    onnx_file.write(run.model, tmp_path / "two.onnx")
    assert furthest(onnx_file.read(tmp_path / "two.onnx", image), keras_file.read(run.model, image)) < FLOAT16
    model = OnnxEmotion(tmp_path / "two.onnx")
    assert (run.heads, model.labels) == (("votes", "fer2013"), EXPRESSIONS)
    assert onnx.load(tmp_path / "two.onnx").metadata_props[0].value == ",".join(EXPRESSIONS)


def test_a_shop_s_own_classes_are_opened_under_their_names(own, float_file):
    model, image = OnnxEmotion(float_file), toy_faces(4, 3)[0]
    assert model.labels == OWN
    assert np.allclose(model.probabilities(image), keras_file.read(own.model, image)["classes"], atol=FLOAT16)


@pytest.mark.parametrize(
    ("heads", "labels", "sentence"),
    [
        (("votes", "fer2013"), OWN, "1 outputs, but 2 names"),
        (("classes",), EXPRESSIONS, "3 classes, but 7 different names"),
        (("classes",), ("a", "b", "a"), "3 classes, but 2 different names"),
        (("classes",), ("a", "b, c", "d"), "comma"),
    ],
)
def test_names_that_do_not_fit_are_refused(own, tmp_path, heads, labels, sentence):
    with pytest.raises(DataError, match=sentence):
        onnx_file.write(own.model, tmp_path / "no.onnx", heads=heads, labels=labels)
    assert not list(tmp_path.iterdir())


def test_widened_weights_are_plain_and_say_the_same(float_file, tmp_path):
    network, image = onnx.load(float_file), toy_faces(4, 3)[0]
    assert any(weight.data_type == TensorProto.FLOAT16 for weight in network.graph.initializer)
    onnx_file.widen(network)
    assert not [node for node in network.graph.node if node.op_type == "Cast"]
    assert {weight.data_type for weight in network.graph.initializer} <= {TensorProto.FLOAT, TensorProto.INT64}
    onnx.save(network, tmp_path / "wide.onnx")
    assert furthest(onnx_file.read(tmp_path / "wide.onnx", image), onnx_file.read(float_file, image)) < 1e-6


def test_kernels_as_int8_take_a_quarter_and_say_nearly_the_same(own, tmp_path):
    files = {kind: tmp_path / f"{kind}.onnx" for kind in ("float16", "int8")}
    for kind, path in files.items():
        onnx_file.write(own.model, path, heads=own.heads, labels=own.labels, packed=kind)
    image = toy_faces(40, 3)[0]
    half, eighth = (onnx_file.read(path, image) for path in files.values())
    assert furthest(half, eighth) < 0.02
    network = onnx.load(files["int8"])
    packed = sum(weight.data_type == TensorProto.INT8 for weight in network.graph.initializer)
    assert packed == sum(node.op_type == "DequantizeLinear" for node in network.graph.node) > 0
    onnx_file.widen(network)
    assert not [node for node in network.graph.node if node.op_type == "DequantizeLinear"]
    onnx.save(network, tmp_path / "wide.onnx")
    assert furthest(onnx_file.read(tmp_path / "wide.onnx", image), eighth) < 1e-5


# int8


def test_int8_agrees_and_opens_like_the_float_file(float_file, proof, tmp_path, capsys):
    path = tmp_path / "small.onnx"
    int8.quantize(float_file, path, proof.calibration)
    assert capsys.readouterr().out == ""
    assert {"QuantizeLinear", "DequantizeLinear"} <= {node.op_type for node in onnx.load(path).graph.node}
    told, was = onnx_file.read(path, proof.judged), onnx_file.read(float_file, proof.judged)
    limits.check("int8", limits.compare(was, told, proof.truth))
    assert OnnxEmotion(path).labels == OWN


def test_int8_goes_on_to_the_next_recipe_and_ends_with_an_error(float_file, proof, tmp_path, monkeypatch):
    monkeypatch.setattr(int8, "RECIPES", int8.RECIPES[:2])
    seen = []

    def refuse(times):
        def check(path):
            seen.append(path.stat().st_size)
            if len(seen) <= times:
                raise DataError("not yet")

        return check

    assert int8.quantize_within(float_file, tmp_path / "a.onnx", proof.calibration, refuse(1)) == int8.RECIPES[1]
    seen.clear()
    with pytest.raises(DataError, match="not yet"):
        int8.quantize_within(float_file, tmp_path / "a.onnx", proof.calibration, refuse(9))
    assert len(seen) == 2


def test_int8_without_enough_faces_is_refused(float_file, proof, tmp_path):
    with pytest.raises(DataError, match="at least 32 faces"):
        int8.quantize(float_file, tmp_path / "no.onnx", proof.calibration[:31])


# LiteRT


def test_litert_says_what_keras_says(own, proof, published):
    told = [litert.read(published / f"toy-{name}.tflite", proof.judged) for name in ("litert", "litert-int8")]
    assert furthest(keras_file.read(own.model, proof.judged), told[0]) < FLOAT16
    for rows_of in told:
        assert rows_of["classes"].sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert (published / "toy-litert-int8.tflite").stat().st_size < (published / "toy-litert.tflite").stat().st_size


def test_litert_keeps_two_outputs_apart(seven, tmp_path):
    run, image = keras_file.open_run(seven), toy_faces(3, 7)[0]
    litert.write(run.model, tmp_path / "two.tflite", heads=run.heads)
    was, told = keras_file.read(run.model, image), litert.read(tmp_path / "two.tflite", image)
    assert furthest(was, told) < FLOAT16 < float(np.abs(was["votes"] - told["fer2013"]).max())


def test_what_is_no_litert_file_is_named(tmp_path):
    (tmp_path / "text.tflite").write_bytes(b"not a network")
    for name in ("text.tflite", "none.tflite"):
        with pytest.raises(DataError, match=rf"{name}: LiteRT can't open it"):
            litert.read(tmp_path / name, np.zeros((1, 48, 48), np.uint8))


def test_litert_wants_tensorflow(own, tmp_path, monkeypatch):
    import keras

    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(DataError, match="KERAS_BACKEND=tensorflow"):
        litert.write(own.model, tmp_path / "no.tflite", heads=own.heads)


# limits


def rows(*tops):
    return np.eye(3, dtype=np.float32)[list(tops)]


@pytest.mark.parametrize(
    ("was", "now", "truth", "same", "lost"),
    [
        (rows(), rows(), [], 1.0, 0.0),
        (rows(0, 1, 2, 0), rows(0, 1, 2, 0), [0, 1, 2, 0], 1.0, 0.0),
        (rows(0, 1, 2, 0), rows(0, 1, 2, 1), [0, 1, 2, 0], 0.75, 25.0),
        (rows(0, 1, 2, 1), rows(0, 1, 2, 0), [0, 1, 2, 0], 0.75, -25.0),
        (rows(0, 1, 2, 0), rows(0, 1, 2, 1), [0, 1, -1, -1], 0.75, 0.0),
    ],
)
def test_agreement_counts_faces(was, now, truth, same, lost):
    found = limits.compare({"votes": was}, {"votes": now}, {"votes": np.array(truth, np.int64)})
    assert (found.same["votes"], found.lost["votes"]) == (same, lost)
    assert limits.compare({"votes": was}, {"votes": now}).judged == {"votes": 0}


def test_a_file_that_says_something_else_is_refused():
    was = {"votes": np.tile(rows(0), (1000, 1))}
    truth = {"votes": np.zeros(1000, np.int64)}
    for changed, sentence in ((25, "same|97.5% of 1000 faces only; 98% are needed"), (10, "loses 1.0 points of accuracy")):
        now = {"votes": was["votes"].copy()}
        now["votes"][:changed] = rows(1)
        with pytest.raises(DataError, match=sentence):
            limits.check("int8", limits.compare(was, now, truth))
    for odd, sentence in (
        ({"fer2013": rows(0)}, "not votes"),
        ({"votes": rows(0) * np.nan}, "finite"),
        ({"votes": rows()}, "0, 3"),
    ):
        with pytest.raises(DataError, match=sentence):
            limits.compare({"votes": rows(0)}, odd)


# runs


def break_run(folder, how):
    """A run's folder gone wrong."""
    if how == "empty":
        (folder / "model.keras").unlink()
    elif how == "unfinished":
        (folder / "model.keras").unlink()
        (folder / "state.json").write_text("{}")
    elif how == "no report":
        (folder / "report.json").unlink()
    elif how == "damaged report":
        (folder / "report.json").write_text("{")
    elif how == "other labels":
        (folder / "report.json").write_text('{"labels": ["a", "b"]}')
    elif how == "text":
        (folder / "model.keras").write_text("not a model")
    else:
        with zipfile.ZipFile(folder / "model.keras", "w") as file:
            file.writestr("config.json", "{}")


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("empty", "holds no run: model.keras is missing"),
        ("unfinished", "not finished; go on with `train`"),
        ("no report", "not finished: report.json is missing"),
        ("damaged report", r"report\.json: damaged"),
        ("other labels", "tells 7 classes, but its report names 2"),
        ("text", r"model\.keras: Keras can't open it"),
        ("cut", r"model\.keras: Keras can't open it"),
    ],
)
def test_a_run_that_cannot_be_published_is_told_in_a_sentence(seven, tmp_path, how, sentence):
    for name in ("model.keras", "report.json"):
        (tmp_path / name).write_bytes((seven / name).read_bytes())
    break_run(tmp_path, how)
    with pytest.raises(DataError, match=sentence):
        keras_file.open_run(tmp_path)


def test_a_run_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match="nowhere: no such folder"):
        keras_file.open_run(tmp_path / "nowhere")


# cards


def test_a_card_is_read_back_as_it_was_written(seven, tmp_path):
    run, file = keras_file.open_run(seven), tmp_path / "toy.onnx"
    file.write_bytes(b"weights")
    card = model_card.describe(run, file, "toy", WORDS, made="Format: none.", figures={"n": 3, "by": {"a": 0.5}, "share": 0.25})
    back = model_card.write(card, tmp_path / "toy.toml")
    assert back == read_card(tmp_path / "toy.toml")
    assert (back.name, back.kind, back.licence, back.trained_on) == ("toy", "emotion", WORDS.licence, WORDS.trained_on)
    assert (back.sha256, back.size_bytes, back.labels) == (sha256_of(file), 7, EXPRESSIONS)
    assert dict(back.figures) == {"n": 3, "by": {"a": 0.5}, "share": 0.25}
    for told in (
        "Recipe: epochs 8, widths 8-24.",
        "Seed 3.",
        "32 pictures held back: votes 1.25",
        "Format: none.",
        "Limits: ",
    ):
        assert told in back.notes


def test_figures_come_from_the_report_of_a_judged_model():
    head = {"accuracy": 0.9, "macro_f1": 0.8, "n": 10, "roc": {}, "ece": None}
    found = model_card.judged_figures({"data": {"name": "x.npz", "split": "test"}, "heads": {"votes": head, "fer2013": head}})
    assert found["judged_on"] == "x.npz test"
    assert {key: value for key, value in found.items() if "majority" in key} == {
        "ferplus_majority_accuracy": 0.9, "ferplus_majority_macro_f1": 0.8, "ferplus_majority_n": 10,
    }  # fmt: skip
    for odd in ({}, {"heads": []}, {"heads": {"votes": 3}}):
        with pytest.raises(DataError, match="not the report of a judged model"):
            model_card.judged_figures(odd)


# the whole


def test_every_format_is_written_checked_and_described(proof, published):
    forms = files.FORMATS.values()
    assert {path.name for path in published.iterdir()} == {f"toy{f.mark}{end}" for f in forms for end in (f.ending, ".toml")}
    for form in forms:
        card = read_card(published / f"toy{form.mark}.toml")
        assert (card.file, card.labels) == (f"toy{form.mark}{form.ending}", OWN)
        assert card.sha256 == sha256_of(published / card.file)
        assert card.figures["judged_on"] == "x" and card.figures["classes_same_top_class"] >= limits.SAME_TOP
        assert card.figures["agreement_n"] == len(proof.judged)
    assert "calibrated on 64 training faces" in read_card(published / "toy-int8.toml").notes


def test_one_file_that_fails_leaves_the_folder_as_it_was(own, proof, tmp_path, monkeypatch):
    (tmp_path / "toy.onnx").write_text("the old one")
    monkeypatch.setattr(onnx_file, "read", lambda path, faces: {"classes": rows(*[0] * len(faces))})
    with pytest.raises(DataError, match="onnx: the top class of classes"):
        files.publish(own, tmp_path, "toy", ["keras", "onnx"], proof, WORDS)
    assert [path.name for path in tmp_path.iterdir()] == ["toy.onnx"]
    assert (tmp_path / "toy.onnx").read_text() == "the old one"


def test_bad_wishes_are_told_before_the_work(own, proof, tmp_path):
    few = files.Proof(proof.calibration[:3], proof.judged, proof.truth)
    for name, formats, given, sentence in (
        ("../x", ["onnx"], proof, "can't be the name of a model"),
        ("x", ["onnx", "coreml"], proof, "unknown format 'coreml': known are onnx, int8"),
        ("x", [], proof, "no format is named"),
        ("x", ["int8"], few, "at least 32 training faces to calibrate on, not 3"),
        ("x", ["onnx"], files.Proof(proof.calibration, proof.judged[:, 1:], {}), "not on 90 of"),
    ):
        with pytest.raises(DataError, match=sentence):
            files.publish(own, tmp_path / "new", name, formats, given, WORDS)
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="file"):
        files.publish(own, tmp_path / "file", "x", ["keras"], proof, WORDS)


# the command


def labelled(n=200, *, splits=(0, 1)):
    image, label = toy_faces(n, 7, seed=6)
    split = np.where(np.arange(n) % 4 == 3, splits[1], splits[0]).astype(np.int64)
    votes = np.eye(7, dtype=np.float32)[label] * np.where(np.arange(n) % 2, 0.9, 0.4)[:, None].astype(np.float32)
    return LabelledFaces(image, label, split, np.arange(n) % 10 == 0, votes)


def test_faces_are_calibrated_on_or_judged_on_never_both_and_never_flawed():
    data = labelled()
    proof = proof_of(data, ("votes", "fer2013"))
    sound = ~data.flawed
    assert len(proof.calibration) == int((sound & (data.split == 0)).sum())
    assert np.array_equal(proof.judged, data.image[sound & (data.split == 1)])
    assert np.array_equal(proof.truth["fer2013"], data.label[sound & (data.split == 1)])
    without = proof_of(labelled(splits=(0, 0)), ("classes",))
    assert len(without.judged) + len(without.calibration) == int(sound.sum())
    assert set(map(bytes, without.judged)).isdisjoint(map(bytes, without.calibration))
    with pytest.raises(DataError, match="no usable picture"):
        proof_of(labelled(splits=(2, 2)), ("classes",))


def test_votes_without_a_majority_are_not_judged():
    proof = proof_of(labelled(splits=(1, 1)), ("votes",))
    assert 0 < (proof.truth["votes"] == limits.NOT_JUDGED).sum() < len(proof.judged)


def test_the_command_publishes_a_run(seven, tmp_path, capsys):
    dataset.save(labelled(), tmp_path / "faces.npz")
    arguments = ["publish", seven, "--out", tmp_path / "out", "--data", tmp_path / "faces.npz", "--formats", "onnx", "int8"]
    assert main([str(a) for a in (*arguments, "--name", "mood", "--licence", "CC0-1.0", "--json")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(one["format"], one["file"]) for one in told] == [
        ("onnx", str(tmp_path / "out" / "mood.onnx")), ("int8", str(tmp_path / "out" / "mood-int8.onnx")),
    ]  # fmt: skip
    card = read_card(tmp_path / "out" / "mood-int8.toml")
    assert (card.licence, card.trained_on) == ("CC0-1.0", "faces.npz, training split (150 pictures)")
    assert main([str(a) for a in ("publish", seven, "--out", tmp_path / "out", "--formats", "keras")]) == 0
    assert "64 made-up pictures" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ([], "int8 is made and checked on faces: name them with --data, or choose --formats onnx litert keras"),
        (["--formats", "litert-int8"], "litert-int8 is made and checked on faces"),
        (["--formats", "onnx", "--report", "none.json"], "none.json: not a readable report"),
        (["--formats", "onnx", "--data", "none.npz"], "none.npz: no such file"),
    ],
)
def test_bad_input_ends_with_2_and_one_sentence(seven, tmp_path, capsys, more, sentence):
    assert main(["publish", str(seven), "--out", str(tmp_path / "out"), *more]) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1 and sentence in told.err
    assert not (tmp_path / "out").exists()


def test_data_of_other_classes_are_refused(own, tmp_path, capsys):
    for place, name in enumerate(("no", "yes")):
        (tmp_path / "faces" / name).mkdir(parents=True)
        import cv2

        cv2.imwrite(str(tmp_path / "faces" / name / "1.png"), toy_faces(2, 2)[0][place])
    arguments = ["publish", own.folder, "--out", tmp_path / "out", "--data", tmp_path / "faces", "--formats", "onnx"]
    assert main([str(a) for a in arguments]) == 2
    assert "holds the classes no, yes, but the model's are glad, so-so, cross" in capsys.readouterr().err
