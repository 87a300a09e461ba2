"""The page Models on toy models, drawn people and made-up sets: every tab, every refusal a sentence."""

import io
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from fer_core import detect, inference, weights
from fer_core.dataset import LabelledFaces
from fer_core.detect import Detector
from fer_core.errors import DataError, WeightsError
from fer_core.sample.picture import PEOPLE, sample_picture
from fer_core.types import EXPRESSIONS, Faces
from server import expression
from server.expression import SETTING, STANDARD
from tests.drawn_face import drawn_face
from tests.reports import write_report
from tests.test_emotion import toy_network
from tests.toys import ToyDetector
from ui import judged_words, models, models_installed, models_try
from ui.duel import PARTS, duel, subject

PAGE = str(Path(__file__).parents[1] / "pages" / "models.py")
OTHERS = ("glad", "so-so", "cross")


@pytest.fixture
def folder(store, tmp_path, monkeypatch):
    """The data folder, with two trained models and one of other classes; nothing is kept from tests before."""
    st.cache_data.clear()
    st.cache_resource.clear()
    monkeypatch.setattr(inference, "_openvino", lambda: None)  # it takes longer to prepare itself than a toy to answer
    for name, kinds in {"one": {}, "two": {"labels": EXPRESSIONS[::-1]}, "moods": {"classes": 3, "labels": OTHERS}}.items():
        place = tmp_path / "models" / name
        place.mkdir(parents=True)
        toy_network(place / "model.onnx", **kinds)
    return tmp_path


def page(tab, **kept):
    app = AppTest.from_file(PAGE, default_timeout=60)
    app.query_params["view"] = tab
    for key, value in kept.items():
        app.session_state[key] = value
    return checked(app.run())


def checked(app):
    assert not app.exception, [error.value for error in app.exception]
    return app


def said(app):
    kinds = (app.error, app.warning, app.info, app.success, app.toast, app.caption, app.markdown)
    return "\n".join(one.value.replace("\\", "") for kind in kinds for one in kind)


def html_of(app):
    return "".join(element.proto.body for element in app.get("html"))


def chooser(app, label):
    return next(one for one in app.selectbox if one.label == label)


def control(app, label):
    return next(one for one in app.get("segmented_control") if one.label == label)


def png(image):
    return cv2.imencode(".png", image)[1].tobytes()


# ---- the page


@pytest.mark.parametrize("name", ["Side by side", "Try a picture", "Detectors"])
def test_a_tab_is_drawn_without_anything_given(folder, name):
    assert name in models.tabs()
    app = page(name)
    assert not app.error and not html_of(app)


# ---- Installed


def test_every_card_is_shown(folder):
    app = page("Installed")
    labels = "".join(one.label for one in app.expander).replace("\\", "")
    assert all(card.title in labels for card in weights.cards().values())
    assert "one (trained here)" in labels and "moods (trained here)" in labels
    assert "Not for reviews: it tells glad, so-so, cross and not the seven expressions." in said(app)


def test_a_model_is_chosen_and_the_standard_one_again(folder, store):
    app = page("Installed")
    assert chooser(app, "Expression model").options == [
        "Moodgate’s own (standard)", "expression-int8.onnx", "one (trained here)", "two (trained here)"
    ]  # fmt: skip
    app = checked(chooser(app, "Expression model").set_value("runs/two").run())
    app = checked(app.button(key="models_use").click().run())
    assert expression.chosen(store, folder).key == "runs/two"
    assert "with **two (trained here)**" in said(app)
    app = checked(app.button(key="models_standard").click().run())
    assert expression.chosen(store, folder).key == STANDARD
    assert chooser(app, "Expression model").value == STANDARD


def test_a_chosen_model_that_is_gone_is_told(folder, store):
    store.put_setting(SETTING, "runs/none")
    app = page("Installed")
    assert "The chosen expression model runs/none can’t be used (its file is gone)" in said(app)
    app = checked(app.button(key="models_standard").click().run())
    assert not app.warning


def test_the_live_page_reads_with_the_chosen_model(folder, store, monkeypatch):
    monkeypatch.setattr("streamlit_webrtc.component.get_this_session_info", lambda: None)
    expression.choose(store, folder, "runs/two")
    app = checked(AppTest.from_file(PAGE.replace("models.py", "live.py"), default_timeout=60).run())
    assert app.session_state["live_session"].engine._emotion.name == "two/model.onnx"
    (folder / "models" / "two" / "model.onnx").unlink()
    checked(app.run())
    assert "runs/two can’t be used (its file is gone)" in said(app)
    assert app.session_state["live_session"].engine._emotion.name == "moodgate"


def test_figures_are_plain_words():
    assert models_installed._figure_words({"a_b": 0.5, "n": 1200}) == "a b 0.5, n 1,200"
    assert models_installed.size_words(0) == "" and models_installed.size_words(3_142_765) == "3.1 MB"


# ---- Judged


def test_a_model_without_a_report_says_how_to_make_one(folder):
    app = page("Judged", judged_model_kept="runs/one")
    assert "has not been judged here yet" in said(app)
    assert "evaluate DATA --model" in app.code[0].value and app.code[0].value.endswith("judged.json")
    app = page("Judged", judged_model_kept="runs/moods")
    assert " --own-classes --report " in app.code[0].value


def test_a_report_is_drawn_with_a_table_under_each_chart(folder):
    write_report(folder / "models" / "one" / "judged.json")
    app = page("Judged", judged_model_kept="runs/one")
    assert "They learned from other labels." in said(app)
    assert "of another file than the one that is here now" in said(app)
    assert len(app.get("vega_lite_chart")) == len(app.dataframe) == 10
    assert [metric.value for metric in app.metric if metric.label == "Accuracy"] == ["90.0 %", "90.0 %"]
    checked(control(app, "Charts of the head").set_value("fer2013").run())


def test_a_report_of_little_has_empty_places(folder):
    bare = {"labels": ["a", "b"], "n": 2, "confusion": [[0, 0], [0, 2]]}
    changes = {"heads": {"votes": bare}, "second_domain": None, "robustness": [], "groups": [], "others": []}
    write_report(folder / "models" / "one" / "judged.json", **changes)
    app = page("Judged", judged_model_kept="runs/one")
    assert said(app).count("The report says nothing about this.") == 6
    assert all(words in said(app) for words in (judged_words.NO_GROUPS, judged_words.NO_OTHERS, judged_words.NO_SECOND))


def test_a_damaged_report_is_a_sentence(folder):
    (folder / "models" / "one" / "judged.json").write_text("{")
    app = page("Judged", judged_model_kept="runs/one")
    assert "not a report of a judged model" in app.error[0].value.replace("\\", "")


# ---- Side by side


def labelled(n=40, labels=EXPRESSIONS, **more):
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (n, 48, 48)).astype(np.uint8)
    place = np.arange(n) % len(labels)
    return LabelledFaces(image, place, np.ones(n, np.int64), np.zeros(n, bool), labels=labels, **more)


def npz(path, n=40):
    data = labelled(n)
    np.savez(path, image=data.image, label=data.label, usage=data.split)
    return path


def side_by_side(first="runs/one", second="runs/two", path=None):
    app = page("Side by side")
    chooser(app, "First model").set_value(first)
    chooser(app, "Second model").set_value(second)
    app = checked(app.run())
    if path is None:
        return app
    app = checked(control(app, "Labelled pictures").set_value("Path on the server").run())
    return checked(app.text_input(key="duel_path").set_value(str(path)).run())


def test_two_models_are_held_against_each_other(folder, tmp_path):
    app = side_by_side(path=npz(tmp_path / "faces.npz"))
    values = {metric.label.replace("\\", ""): metric.value for metric in app.metric}
    assert values["Pictures"] == "40" and "1: one (trained here) is right" in values
    assert "McNemar" in said(app) or "equally often" in said(app)
    assert html_of(app).count("<img") == min(24, len_of(app))
    app = checked(control(app, "Those on which").set_value("all pictures").run())
    assert html_of(app).count("<img") == 24
    checked(control(app, "Head").set_value("fer2013").run())


def len_of(app):
    return int(next(line for line in said(app).splitlines() if "those first on which" in line).split()[0])


def test_an_uploaded_zip_is_read_and_forgotten(folder):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for place, label in enumerate(EXPRESSIONS[:3]):
            archive.writestr(f"faces/{label}/{place}.png", png(labelled(3).image[place]))
    app = side_by_side()
    app.file_uploader(key="duel_file").set_value(("a_*set*.zip", packed.getvalue(), "application/zip"))
    app = checked(app.run())
    assert {metric.label: metric.value for metric in app.metric}["Pictures"] == "3"


@pytest.mark.parametrize("name", ["a_*set*.zip", "a_*set*.npz", "a_*set*.csv"])
def test_an_upload_that_is_none_is_a_sentence_with_its_own_name(folder, name):
    app = side_by_side()
    app.file_uploader(key="duel_file").set_value((name, b"no set", "application/octet-stream"))
    app = checked(app.run())
    assert app.error[0].value.replace("\\", "").lower().startswith(name.lower()) and "moodgate-set" not in app.error[0].value


def test_refusals_are_sentences(folder, tmp_path):
    app = side_by_side(path=npz(tmp_path / "faces.npz"))
    assert "choose two of the same classes" in said(checked(chooser(app, "Second model").set_value("runs/moods").run()))
    (folder / "models" / "two" / "model.onnx").write_bytes(b"x")
    assert "can't load it" in said(checked(chooser(app, "Second model").set_value("runs/two").run()))
    assert "Choose two different models" in said(checked(chooser(app, "Second model").set_value("runs/one").run()))
    app = checked(app.text_input(key="duel_path").set_value(str(tmp_path / "none")).run())
    assert "no such file or folder" in said(app)


def test_models_of_a_shop_s_own_classes_on_its_own_set(folder, tmp_path):
    place = folder / "models" / "moods2"
    place.mkdir()
    toy_network(place / "model.onnx", classes=3, labels=OTHERS[::-1])
    for label in OTHERS:
        (tmp_path / "set" / label).mkdir(parents=True)
        (tmp_path / "set" / label / "1.png").write_bytes(png(labelled(3).image[OTHERS.index(label)]))
    app = side_by_side("runs/moods", "runs/moods2", tmp_path / "set")
    assert {metric.label: metric.value for metric in app.metric}["Pictures"] == "3"
    (tmp_path / "set" / "cross").rename(tmp_path / "set" / "grim")
    st.cache_resource.clear()
    assert "the set’s classes are glad, grim, so-so" in said(checked(app.run()))
    seven = side_by_side(path=tmp_path / "set")
    assert len(seven.error) == 1 and not seven.metric


def test_a_duel_counts_and_orders():
    data = labelled(4, labels=("a", "b"))
    first = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.6, 0.4]], np.float32)  # right right wrong wrong
    second = np.array([[0.3, 0.7], [0.1, 0.9], [0.45, 0.55], [0.1, 0.9]], np.float32)  # wrong right wrong right
    found = duel(data, (first, second[:, ::-1]), (("a", "b"), ("b", "a")))
    assert [found.rows(part).tolist() for part in PARTS] == [[0, 3], [0], [3], [2], [0, 3, 1, 2]]
    assert found.agreement == 0.5 and found.accuracy(0)[0] == found.accuracy(1)[0] == 0.5 and found.chance == 1.0
    assert found.recalls(("x", "y")).to_numpy().tolist() == [
        ["a", "x", 0.5, 2], ["a", "y", 0.0, 2], ["b", "x", 0.5, 2], ["b", "y", 1.0, 2]
    ]  # fmt: skip


def test_pictures_to_compare_on_are_drawn_once_and_for_all():
    data = labelled(40)
    some = subject(data, split="validation", voted=False, most=10)
    assert len(some) == 10 and np.array_equal(some.image, subject(data, split=None, voted=False, most=10).image)
    flawed = LabelledFaces(data.image, data.label, data.split, np.ones(40, bool))
    with pytest.raises(DataError, match="no picture is left"):
        subject(flawed, split=None, voted=False, most=10)


# ---- Try a picture


def tried(model="runs/one", image=None, name="face.png", content=None):
    app = page("Try a picture")
    app = checked(chooser(app, "Model").set_value(model).run())
    given = content if content is not None else png(drawn_face() if image is None else image)
    return checked(app.file_uploader(key="try_file").set_value((name, given, "image/png")).run())


def test_a_face_has_its_bars_and_its_map(folder):
    app = tried()
    assert "**Face 1:" in said(app)
    drawn = html_of(app)
    assert drawn.count('<table class="heads">') == 1 and ">votes</th>" in drawn and ">fer2013</th>" in drawn
    assert all(f"<td>{label}</td>" in drawn for label in EXPRESSIONS)
    assert drawn.count("data:image/png") == 2
    checked(control(app, "Explain the head").set_value("fer2013").run())


def test_a_model_of_other_classes_has_its_own_bars(folder):
    assert all(f"<td>{label}</td>" in html_of(tried("runs/moods")) for label in OTHERS)


def test_no_face_and_no_picture_are_sentences(folder):
    assert "No face is found" in said(tried(image=np.full((120, 160, 3), 99, np.uint8)))
    assert "a_*b*.png: is not a picture" in said(tried(name="a_*b*.png", content=b"x")).replace("A_*b", "a_*b")


def test_a_model_that_is_gone_is_a_sentence(folder):
    app = page("Try a picture")
    app = checked(chooser(app, "Model").set_value("runs/one").run())
    (folder / "models" / "one" / "model.onnx").write_bytes(b"x")
    app = checked(app.file_uploader(key="try_file").set_value(("face.png", png(drawn_face()), "image/png")).run())
    assert "can't load it" in said(app)


def test_the_map_colours_what_speaks_for_and_against():
    grey = np.full((48, 48), 128, np.uint8)
    explained = np.zeros((48, 48), np.float32)
    explained[:10], explained[-10:] = 0.4, -0.4
    shown = models_try.overlay(grey, explained).astype(int)
    top, middle, bottom = shown[5, 96], shown[96, 96], shown[-5, 96]
    assert top[2] > top[0] + 60 and bottom[0] > bottom[2] + 60 and middle.tolist() == [128, 128, 128]
    assert np.array_equal(models_try.overlay(grey, np.zeros((48, 48), np.float32))[..., 0], np.full((192, 192), 128))


# ---- Detectors


class Refused(Detector):
    def __init__(self, settings):
        raise WeightsError("toy.xml is not on this machine; put it somewhere.")


@pytest.fixture
def detectors(monkeypatch):
    monkeypatch.setattr(detect, "DETECTORS", {"toy": lambda settings: ToyDetector(), "gone": Refused})


def test_detectors_are_compared_and_the_missing_one_is_a_sentence(folder, detectors):
    app = page("Detectors")
    assert app.multiselect(key="detectors_names").value == ["toy", "gone"]
    image = np.full((120, 160, 3), 24, np.uint8)
    image[30:80, 40:90] = (250, 20, 60)
    app = checked(app.file_uploader(key="detectors_file").set_value(("p.png", png(image), "image/png")).run())
    table = app.table[0].value
    assert table["detector"].tolist() == ["toy"] and table["faces"].tolist() == ["1"]
    assert "gone can’t be had here: toy.xml is not on this machine." in said(app).replace("**", "")
    assert html_of(app).count("<img") == 1


def test_no_detector_and_no_picture_are_sentences(folder, detectors):
    app = page("Detectors")
    app = checked(app.file_uploader(key="detectors_file").set_value(("p.png", b"x", "image/png")).run())
    assert "is not a picture" in said(app)
    app = checked(control(app, "Picture").set_value("Drawn sample").run())
    assert "Choose at least one detector." in said(checked(app.multiselect(key="detectors_names").set_value([]).run()))


def test_the_drawn_sample_shows_three_people():
    picture = sample_picture()
    assert picture.shape == (360, 640, 3) and picture.dtype == np.uint8
    found = detect.open_detector("mtcnn", models_try.detectors.DetectSettings()).detect(picture)
    middles = sorted((found.xyxy[:, 0] + found.xyxy[:, 2]) / 2)
    assert np.allclose(middles, sorted(one[2] for one in PEOPLE), atol=12)
    assert isinstance(found, Faces)
