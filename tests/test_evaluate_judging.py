"""Judging one head, two models, and the parts of a report."""

from dataclasses import replace

import numpy as np
import pytest

from fer_core import evaluate, metrics
from fer_core.errors import DataError, WeightsError
from fer_core.evaluate import calibration, groups, robustness
from fer_core.evaluate.heads import head_figures
from fer_core.evaluate.readers import read
from fer_core.types import EXPRESSIONS
from tests.judged_toys import bright_faces, brightness_network
from tests.test_emotion import toy_network


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return evaluate.open_model(brightness_network(tmp_path_factory.mktemp("toy") / "toy.onnx"))


@pytest.fixture(scope="module")
def data():
    return bright_faces()


def test_a_head_is_judged_against_its_labels(model, data):
    votes = evaluate.evaluate(data, model, labels="ferplus")
    own = evaluate.evaluate(data, model, labels="fer2013")
    assert votes.accuracy > 0.97 and 0.8 < own.accuracy < 0.97
    assert sum(map(sum, own.confusion)) == own.n == 120 > votes.n
    assert own.per_class_recall["angry"] is None and own.ms_per_face > 0
    assert own.as_dict().keys() == {
        "accuracy", "macro_f1", "balanced_accuracy", "per_class_recall", "confusion", "ece", "n", "ms_per_face",
    }  # fmt: skip


def test_both_heads_in_one_pass_say_what_each_says_alone(model, data):
    told, heard = model.every_head(data.image), []
    for head in ("votes", "fer2013"):
        assert np.allclose(told[head], model.probabilities(data.image, head), atol=1e-6)
    again = read(model, data.image, "x", lambda *step: heard.append(step), chunk=100)
    assert np.array_equal(again["votes"], told["votes"])
    assert heard == [("x", 0, 240), ("x", 100, 240), ("x", 200, 240), ("x", 240, 240)]
    assert model.every_head(data.image[:0])["votes"].shape == (0, 7)


def test_a_model_of_one_output_has_it_as_every_head(tmp_path, data):
    told = evaluate.open_model(toy_network(tmp_path / "one.onnx", heads=("told",))).every_head(data.image[:5])
    assert np.array_equal(told["votes"], told["fer2013"])


@pytest.mark.parametrize(
    ("changes", "asked", "message"),
    [
        ({}, {"split": "test"}, "no picture of the split 'test'"),
        ({"flawed": np.ones(240, bool)}, {}, "no picture is left"),
        ({"label": np.full(240, 3)}, {}, "one class only, happy"),
        ({"votes": None}, {"labels": "ferplus"}, "no FER\\+ votes"),
        ({"votes": np.full((240, 7), 0.1, np.float32)}, {"labels": "ferplus"}, "none has a majority"),
        ({"labels": ("a", "b", "c", "d", "e", "f", "g")}, {}, "the model tells angry, .* labelled a, b"),
    ],
)
def test_what_cannot_be_judged_is_said_in_one_sentence(model, data, changes, asked, message):
    with pytest.raises(DataError, match=message):
        evaluate.evaluate(replace(data, **changes), model, **asked)


def test_a_model_with_other_inputs_or_classes_is_refused(tmp_path):
    with pytest.raises(DataError, match="the model tells"):
        evaluate.open_model(toy_network(tmp_path / "own.onnx", classes=2, labels=("come back", "gone")))
    with pytest.raises(WeightsError, match="expected one input"):
        evaluate.open_model(toy_network(tmp_path / "other.onnx", shape=(64, 64, 1)))
    own = evaluate.open_model(tmp_path / "own.onnx", ("come back", "gone"))
    assert own.labels == ("come back", "gone") and own.fit is None


def test_a_runs_model_is_called_by_its_folder(tmp_path):
    (tmp_path / "wide").mkdir()
    assert evaluate.open_model(brightness_network(tmp_path / "wide" / "model.onnx")).name == "wide/model.onnx"


# ---- temperatures


def test_the_temperature_within_a_file_is_found(tmp_path):
    found = calibration.within_file(brightness_network(tmp_path / "warm.onnx", temperatures=(2.0, 0.5)))
    assert found == {"votes": pytest.approx(2.0), "fer2013": pytest.approx(0.5)}
    assert calibration.within_file(toy_network(tmp_path / "plain.onnx")) == {"votes": 1.0, "fer2013": 1.0}
    assert calibration.within_file(toy_network(tmp_path / "logits.onnx", softmax=False)) == {}


def test_the_held_out_part_is_that_of_training(data):
    from fer_core.settings import TrainSettings
    from fer_core.train.run import split

    assert np.array_equal(calibration.held_out(data).image, split(data, TrainSettings())[1].image)
    assert len(calibration.held_out(data[data.split == 1])) == 0


def test_a_head_that_is_too_sure_is_brought_down(tmp_path):
    data = bright_faces(2400)
    model = evaluate.open_model(brightness_network(tmp_path / "sure.onnx", temperatures=(0.2, 0.2)))
    left = calibration.temperatures(model, data[data.split == 0])
    rows = data[data.split == 1]
    found = calibration.calibration(model.every_head(rows.image)["fer2013"], rows.label, 0.2, left["fer2013"])
    assert left["fer2013"] > 2 and found["ece_refitted"] < found["ece"]
    assert found["temperature"] == 0.2 and found["ece_uncalibrated"] != found["ece"]
    assert calibration.temperatures(model, data[:20]) == {}
    bare = calibration.calibration(model.every_head(rows.image)["fer2013"], rows.label)
    assert bare["ece"] == found["ece"] and bare["ece_uncalibrated"] is bare["ece_refitted"] is bare["temperature"] is None


# ---- figures


def test_head_figures_with_and_without_the_mirror_image():
    truth = np.array([0, 1, 1, 0])
    told = np.array([[0.9, 0.1, 0], [0.4, 0.6, 0], [0.6, 0.4, 0], [0.8, 0.2, 0]])
    mirrored = np.array([[0.9, 0.1, 0], [0.4, 0.6, 0], [0.2, 0.8, 0], [0.8, 0.2, 0]])
    found = head_figures(told, mirrored, truth, ("yes", "no", "never"))
    assert (found["accuracy"], found["accuracy_flip"], found["n"]) == (0.75, 1.0, 4)
    assert found["accuracy_low"] < 0.75 < found["accuracy_high"]
    assert found["per_class_recall"] == {"yes": 1.0, "no": 0.5, "never": None}
    assert found["roc"].keys() == found["precision_recall"].keys() == {"yes", "no"}
    assert found["roc"]["no"]["auc"] == found["macro_auc"] == 1.0
    assert found["abstention"][0] == {"kept": 1.0, "accuracy": 0.75, "threshold": 0.6}


def test_groups_are_told_apart_and_the_nameless_left_out():
    told, truth = np.eye(2)[[0, 0, 1, 1]], np.array([0, 1, 1, 0])
    rows = groups.group_figures(("b", "b", "a", ""), told, truth, "votes")
    assert [(row["group"], row["n"], row["accuracy"]) for row in rows] == [("a", 1, 1.0), ("b", 2, 0.5)]
    assert all(row["low"] <= row["accuracy"] <= row["high"] for row in rows)


@pytest.mark.parametrize("level", robustness.LEVELS, ids=lambda level: f"{level.kind} {level.level}")
def test_spoilt_faces_keep_their_form_and_the_given_ones_stay(data, level):
    before = data.image[:3].copy()
    made = robustness.spoilt(data.image[:3], level)
    assert made.shape == before.shape and made.dtype == np.uint8
    assert np.array_equal(data.image[:3], before) and np.array_equal(made, robustness.spoilt(before, level))
    same = level.kind == "none" or level.level == "48 px"
    assert np.array_equal(made, before) == same


def test_less_light_costs_a_model_that_reads_brightness(model, data):
    rows = robustness.robustness(data.image, {"fer2013": data.label}, model)
    of = {row["level"]: row for row in rows}
    assert of["as they are"]["fer2013"] > 0.8 > of["25 % of the light"]["fer2013"]
    assert of["sigma 1 px"]["fer2013"] == pytest.approx(of["as they are"]["fer2013"], abs=0.02)
    assert all(row["votes"] is None and row["n"] == 240 for row in rows)


# ---- two models


def test_two_models_on_the_same_pictures(tmp_path, model, data):
    other = evaluate.open_model(brightness_network(tmp_path / "other.onnx", middle={"happy": 220, "neutral": 175, "sad": 90}))
    rows, found = evaluate.compared(data, model, other, labels="ferplus")
    assert len(rows) == found.n == found.both_right + found.only_first + found.only_second + found.none_right
    assert found.only_first > found.only_second and found.p_value < 0.01 and found.kappa < 1
    assert found.n - found.same == len(found.disagreements) > 0
    sure = [min(one.first_confidence, one.second_confidence) for one in found.disagreements]
    assert sure == sorted(sure, reverse=True)
    first = found.disagreements[0]
    assert first.truth == EXPRESSIONS[rows.label[first.row]] and first.first != first.second
    assert len(found.as_dict(most=2)["disagreements"]) == 2


def test_a_model_beside_itself_and_beside_another_kind(tmp_path, model, data):
    _, found = evaluate.compared(data, model, model)
    assert (found.agreement, found.kappa, found.p_value, found.disagreements) == (1.0, 1.0, 1.0, ())
    own = evaluate.open_model(toy_network(tmp_path / "own.onnx", classes=2, labels=("x", "y")), ("x", "y"))
    with pytest.raises(DataError, match="different classes can't be compared"):
        evaluate.compared(data, model, own)
    with pytest.raises(ValueError, match="expected two of"):
        evaluate.compare(np.zeros(3, int), np.zeros((3, 2)), np.zeros((2, 2)), ("x", "y"))


def test_agreement_is_that_of_the_answers():
    assert metrics.cohens_kappa(metrics.confusion(np.array([0, 1]), np.array([0, 1]), 2)) == 1.0
    empty = evaluate.compare(np.zeros(0, int), np.zeros((0, 2)), np.zeros((0, 2)), ("x", "y"))
    assert (empty.n, empty.agreement, empty.p_value) == (0, 0.0, 1.0)
