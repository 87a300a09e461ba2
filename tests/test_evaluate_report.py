"""The report of a judged model as JSON and as a page, from the functions and from the command line."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from fer_core import evaluate
from fer_core.__main__ import main
from fer_core.dataset import save
from fer_core.detect import Detector
from fer_core.errors import DataError, WeightsError
from fer_core.evaluate import domains, page
from fer_core.evaluate.others import MiniXception
from fer_core.settings import EXPRESSION_FITS
from fer_core.types import Faces
from tests.contracts import FACE
from tests.judged_toys import bright_faces, brightness_network, photograph_folder, write_labels


class FaceInTheMiddle(Detector):
    """Knows where drawn_face() draws it."""

    name = "toy"

    def detect(self, image):
        return FACE if image.any() else Faces.none()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return photograph_folder(tmp_path_factory.mktemp("second") / "faces")


@pytest.fixture(scope="module")
def mini_xception(tmp_path_factory):
    """A Keras model of the same form, with made weights."""
    import keras

    file = tmp_path_factory.mktemp("mini") / "emotion_model.keras"
    layers = [keras.layers.AveragePooling2D(16), keras.layers.Flatten(), keras.layers.Dense(7, activation="softmax")]
    keras.Sequential([keras.layers.Input((64, 64, 1)), *layers]).save(file)
    return file


@pytest.fixture(scope="module")
def document(tmp_path_factory, folder, mini_xception):
    made = tmp_path_factory.mktemp("report")
    model = evaluate.open_model(brightness_network(made / "toy <b>.onnx", temperatures=(1.5, 1.0)))
    other = evaluate.open_model(brightness_network(made / "other.onnx", middle={"happy": 220, "neutral": 170, "sad": 90}))
    model.fit = EXPRESSION_FITS["moodgate"]
    options = evaluate.ReportOptions(
        data_name="toys.npz", faces=folder, detector=FaceInTheMiddle(), others=[MiniXception(mini_xception)], against=other
    )
    return evaluate.report(bright_faces(groups=True), model, options)


def test_a_report_holds_what_was_agreed(document):
    assert document["data"] == {
        "name": "toys.npz", "split": "validation", "n": 120, "n_majority": document["heads"]["votes"]["n"], "left_out": 0,
        "labels": ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"],
    }  # fmt: skip
    assert list(document["heads"]) == ["votes", "fer2013"]
    assert {"name", "sha256", "date", "size_bytes", "ms_per_face", "ms_per_face_batched"} <= document["model"].keys()
    assert document["heads"]["votes"]["temperature"] == 1.5
    assert 0.8 < document["labels_agree"] < 0.97 and f"{100 * document['labels_agree']:.0f} %" in document["why"]
    assert document["heads_agree"] == 1.0
    assert [row["group"] for row in document["groups"]] == ["a", "b"]
    assert document["others"][0]["n"] == 120 and document["against"]["n"] == document["heads"]["votes"]["n"]
    assert {row["kind"] for row in document["robustness"]} == {
        "none", "blur", "low light", "resolution", "yaw", "occlusion", "JPEG",
    }  # fmt: skip


def test_the_second_domain(document):
    second = document["second_domain"]
    assert (second["n"], second["people"], second["other_labels"], second["without_face"]) == (24, 12, 1, 0)
    assert second["low"] <= second["balanced_accuracy"] <= second["high"]
    assert second["fitted"]["people"] == second["plain_odd"]["people"] < 12
    assert [row["px"] for row in second["by_size"]] == list(domains.SIZES_PX)


def test_the_report_as_text_is_small_and_reads_back(document):
    text = evaluate.written(document)
    assert json.loads(text) == json.loads(json.dumps(document))
    assert len(text) < 150_000 and max(map(len, text.splitlines())) < 1500


def test_without_votes_only_the_datas_own_labels_are_judged(document, tmp_path):
    model = evaluate.open_model(brightness_network(tmp_path / "toy.onnx"))
    found = evaluate.report(bright_faces(votes=False), model)
    assert list(found["heads"]) == ["fer2013"] and found["heads_agree"] is None
    assert found["second_domain"] is found["against"] is None and found["others"] == found["groups"] == []
    assert "votes" in found["why"] and page.html(found)


def test_training_pictures_give_no_temperature(tmp_path):
    data = bright_faces()
    model = evaluate.open_model(brightness_network(tmp_path / "toy.onnx"))
    found = evaluate.report(data[data.split == 0], model)
    assert found["heads"]["votes"]["temperature_left"] is None


# ---- the page


def test_the_page_needs_no_network_and_escapes_names(document):
    html = page.html(document)
    assert "toy &lt;b&gt;.onnx" in html and "toy <b>" not in html.split('<script type="application/json"')[0]
    own = re.sub(r"<script>const n=.*?</script>", "", html, count=1, flags=re.DOTALL)  # without the charts' library
    assert len(own) < 300_000 and not re.search(r"<(script|link|img)[^>]+(src|href)=|https?:", own)
    assert html.count("</script>") == 3 and "prefers-color-scheme: dark" in html
    charts = json.loads(re.search(r'id="charts">(.*?)</script>', html, re.DOTALL).group(1))
    places = set(re.findall(r'id="(chart\d+)"', html))
    assert charts.keys() == places and len(places) == 2 * 5 + 3


def test_an_older_or_smaller_report_can_be_drawn(document):
    smaller = {**document, "robustness": [], "groups": [], "others": [], "second_domain": None, "against": None}
    assert "Spoilt pictures" not in page.html(smaller)


# ---- photographs


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (None, "can't be read"),
        ([], "faces of 0 of the classes"),
        ([{"person": "a", "file": "none.png", "expression": "anger"}], "line 2: the picture none.png is missing"),
        ([{"person": "a", "file": "", "expression": "anger"}], "too short"),
        ([{"person": "a", "file": "bad.png", "expression": "anger"}], "not a readable picture"),
        ([{"person": "a", "file": "0.png", "expression": "anger"}], "faces of 1 of the classes"),
        ([{"person": "a", "file": "black.png", "expression": "anger"}], "faces of 0 of the classes"),
    ],
)
def test_folders_of_photographs_that_cannot_be_used(tmp_path, rows, message):
    import cv2

    folder = photograph_folder(tmp_path / "faces", 1)
    (folder / "images" / "bad.png").write_bytes(b"no picture")
    cv2.imwrite(str(folder / "images" / "black.png"), np.zeros((90, 90, 3), np.uint8))
    (folder / "labels.csv").unlink()
    if rows is not None:
        write_labels(folder, rows)
    with pytest.raises(DataError, match=message):
        domains.portraits(folder, FaceInTheMiddle())


def test_seven_shares_are_added_up_as_reviews_count_them():
    told = domains.three_classes(np.arange(7, dtype=np.float32)[None])
    assert told.tolist() == [[3.0, 5.0 + 6.0, 0.0 + 1 + 2 + 4]]
    assert domains.three_classes(np.zeros((0, 7))).shape == (0, 3)


def test_photographs_need_a_model_of_the_seven(tmp_path, folder):
    labels = ("a", "b", "c", "d", "e", "f", "g")
    model = evaluate.open_model(brightness_network(tmp_path / "toy.onnx", labels=labels, middle={"a": 20, "b": 230}), labels)
    options = evaluate.ReportOptions(faces=folder, detector=FaceInTheMiddle())
    with pytest.raises(DataError, match="photographs can only be read by a model of angry"):
        evaluate.report(replace(bright_faces(), labels=labels), model, options)


# ---- other people's models


@pytest.mark.parametrize(("content", "message"), [(None, "no such file"), (b"nothing", "not a Keras model")])
def test_a_file_that_is_not_mini_xception(tmp_path, content, message):
    file = tmp_path / "emotion_model.hdf5"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(WeightsError, match=message):
        MiniXception(file)


def test_a_keras_model_of_another_form(tmp_path):
    import keras

    keras.Sequential([keras.layers.Input((64, 64, 3)), keras.layers.Flatten(), keras.layers.Dense(7)]).save(
        tmp_path / "m.keras"
    )
    with pytest.raises(WeightsError, match="expected grey pictures"):
        MiniXception(tmp_path / "m.keras")


# ---- the command line


@pytest.fixture
def given(tmp_path):
    save(bright_faces(), tmp_path / "toys.npz")
    return [str(tmp_path / "toys.npz"), "--model", str(brightness_network(tmp_path / "toy.onnx"))]


def test_evaluate_writes_the_report_beside_what_it_prints(tmp_path, capsys, given):
    files = [tmp_path / "r.html", tmp_path / "r.json"]
    assert main(["evaluate", *given, "--json", "--report", str(files[0]), "--report", str(files[1])]) == 0
    told, report = json.loads(capsys.readouterr().out), json.loads(files[1].read_text())
    assert told["accuracy"] == report["heads"]["fer2013"]["accuracy"] and told["ece"] == report["heads"]["fer2013"]["ece"]
    assert report["data"]["name"] == "toys.npz" and "<title>toy.onnx judged</title>" in files[0].read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.html", "r.json", "toy.onnx", "toys.npz"]


def test_evaluate_without_a_report_shows_a_table(capsys, given):
    assert main(["evaluate", *given, "--labels", "ferplus"]) == 0
    assert "macro-F1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--report", "r.pdf"], "ends in .html or .json"),
        (["--report", "nowhere/r.html"], "can't be written"),
        (["--faces", "faces"], "parts of a report"),
        (["--report", "r.json", "--faces", "nowhere"], "labels.csv: can't be read"),
        (["--report", "r.json", "--against", "nothing.onnx"], "nothing.onnx"),
        (["--report", "r.json", "--mini-xception", "nothing.hdf5"], "no such file"),
    ],
)
def test_wrong_wishes_are_one_sentence(tmp_path, monkeypatch, capsys, given, more, message):
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", *given, *more]) == 2
    said = capsys.readouterr().err
    assert message in said and "Traceback" not in said
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("r.")]
