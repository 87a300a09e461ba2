"""The training tab with the real services: sets are added and deleted, trainings queued, stopped, gone on with, deleted."""

import json
import os
from datetime import UTC, datetime

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from fer_core import dataset
from fer_core.dataset import LabelledFaces
from server import runs, sets, training
from server import services as house
from server.runs import Asked
from tests.test_sets import archive, faces, npz
from ui.model_training_charts import accuracy_chart, counts_chart, curve_frame, loss_chart
from ui.model_training_form import batch_for
from ui.model_training_runs import figures

PAGE = """
from ui import model_training
model_training.show()
"""
ODD = 'O\'Neil <b>&"x"<b>*$1$*.zip'


@pytest.fixture
def services(store):
    return house.services()


def page() -> AppTest:
    return checked(AppTest.from_string(PAGE, default_timeout=60).run())


def checked(app: AppTest) -> AppTest:
    assert not app.exception, app.exception[0].message
    return app


def click(app: AppTest, key: str) -> AppTest:
    return checked(app.button(key=key).click().run())


def said(app: AppTest) -> str:
    kinds = (app.error, app.warning, app.info, app.success, app.toast, app.caption, app.markdown)
    return "\n".join(one.value.replace("\\", "") for kind in kinds for one in kind)


def buttons(app: AppTest) -> list[str]:
    return [str(one.key) for one in app.button]


def noise(n: int = 40, labels: tuple[str, ...] = ("at ease", "in a hurry")) -> LabelledFaces:
    image = np.random.default_rng(0).integers(0, 255, (n, 48, 48), dtype=np.uint8)
    label = np.arange(n) % len(labels)
    return LabelledFaces(image, label, np.zeros(n, np.int64), np.zeros(n, bool), labels=labels)


def with_set(services, name: str = "Door", n: int = 40) -> sets.LabelledSet:
    return sets.add(services.folder, name, npz([0, 3] * (n // 2)), "door.npz")


def write_run(services, name: str = "Door 1", epochs: int = 3, done: int = 2, finished: bool = False) -> runs.Run:
    place = runs.begin(services.folder, Asked("door.npz", name, epochs, set_name="Door"))
    curve = [{"epoch": k + 1, "loss": 2 - k / 4, "held_fer2013": 40.0 + k, "held_votes": 99.5} for k in range(done)]
    (place / "state.json").write_text(json.dumps({"settings": {"epochs": epochs}, "labels": [], "curve": curve}))
    if finished:
        (place / "report.json").write_text('{"held_back": 7, "held_fer2013": 43.0, "held_votes": 99.6}')
        (place / "model.onnx").write_bytes(b"onnx" * 10**6)
    return runs.read(place)


# ---- sets -----------------------------------------------------------------------------------------------------------


def test_without_a_set_there_is_only_the_way_to_add_one(services):
    app = page()
    assert "A training needs a labelled set, and there is none yet." in said(app)
    assert "train-start" not in buttons(app)


def test_a_set_is_uploaded_and_chosen_for_the_next_training(services):
    with_set(services, "Aaa")
    app = page()
    content = archive(faces("happy", "sad", n=20)).getvalue()
    checked(app.file_uploader[0].upload(ODD, content, "application/zip").run())
    assert app.text_input(key=name_field(app)).value == "O Neil b x b 1"
    app.text_input(key=name_field(app)).set_value("North door")
    app = click(app, "set-add-upload")
    assert "The set North door is there: 40 pictures · 2 classes." in said(app)
    assert app.selectbox(key="train-set").value == "upload-North door"
    assert app.text_input(key="train-name-North door 1").value == "North door 1"
    assert sets.read(services.folder, "North door").source == ODD


def name_field(app: AppTest) -> str:
    return next(str(one.key) for one in app.text_input if str(one.key).startswith("set-name-"))


@pytest.mark.parametrize(
    ("filename", "content", "name", "sentence"),
    [
        ("a.zip", b"none", "a", "A.zip: a damaged .zip, or none."),
        ("a.zip", archive({"../../x.png": b"x"}).getvalue(), "a", "leads elsewhere"),
        ("a.npz", npz([0, 1]).getvalue(), "", "The set needs a name."),
        ("a.npz", npz([0, 1]).getvalue(), "../x", "may have up to 60 letters"),
        ("a.npz", npz([0, 1]).getvalue(), "door", "there is a set door already"),
    ],
)
def test_what_cannot_be_added_is_told_in_a_sentence(services, filename, content, name, sentence):
    with_set(services)
    app = page()
    checked(app.file_uploader[0].upload(filename, content, "application/zip").run())
    app.text_input(key=name_field(app)).set_value(name)
    app = click(app, "set-add-upload")
    assert sentence.casefold() in app.error[0].value.replace("\\", "").casefold()
    assert [one.name for one in sets.all_sets(services.folder)] == ["Door"]


def test_a_set_on_this_machine_is_taken_over(services, tmp_path):
    file = tmp_path / "mine.npz"
    dataset.save(noise(), file)
    app = page()
    checked(app.segmented_control(key="set-way").set_value("Files on this machine").run())
    checked(app.text_input(key="set-path-0").set_value(str(tmp_path / "none")).run())
    assert "no such file or folder" in click(app, "set-add-path").error[0].value
    checked(app.text_input(key="set-path-0").set_value(str(file)).run())
    app = click(app, "set-add-path")
    assert "The set mine is there" in said(app)
    assert "classes of its own (at ease, in a hurry)" in said(app)
    click(app, "train-start")
    assert services.jobs.list()[0].payload["own_classes"] is True


def test_findings_are_told_and_a_set_is_deleted(services):
    twins = archive(faces("happy", "sad", n=4) | {"happy/twin.png": faces("happy")["happy/0.png"], "notes.txt": b"x"})
    sets.add(services.folder, "twins", twins, "twins.zip")
    app = page()
    assert "1 picture: the same picture, byte for byte, as one before it" in said(app)
    assert "The labels of 1 flawed picture are not learnt." in said(app)
    assert "1 other file was left out" in said(app)
    app = click(app, "set-delete-twins")
    assert "The set twins is deleted." in said(app)
    assert sets.all_sets(services.folder) == []


def test_a_set_that_a_training_needs_stays(services):
    made = with_set(services)
    training.start(services, Asked(str(made.data), "Door 1", 3))
    assert "A training needs Door: stop that first." in said(click(page(), "set-delete-Door"))
    assert sets.all_sets(services.folder) == [made]


def test_a_damaged_set_and_a_damaged_collection_are_told(services):
    (services.folder / "sets" / "odd").mkdir(parents=True)
    offered = services.folder / "collections" / "Hall" / "labelled.npz"
    offered.parent.mkdir(parents=True)
    offered.write_bytes(b"x")
    app = page()
    assert [error.value for error in app.error] == [
        "What is there can’t be read as a labelled set; nothing can be trained on it."
    ] * 2
    assert "set-delete-Hall" not in buttons(app)
    dataset.save(noise(), offered)
    os.utime(offered, (1, 1))
    assert page().selectbox(key="train-set").value == "collection-Hall"


# ---- the form -------------------------------------------------------------------------------------------------------


def test_a_training_is_queued_as_asked(services):
    made = with_set(services)
    app = page()
    assert "No pictures of disgust, fear, sad, surprise, neutral" in said(app)
    assert app.number_input(key="train-epochs-moodgate").value == 15
    checked(app.radio(key="train-base").set_value("scratch").run())
    assert "From scratch a model needs thousands of pictures, and the set has 40." in said(app)
    assert app.number_input(key="train-epochs-scratch").value == 30
    app.number_input(key="train-epochs-scratch").set_value(2)
    app.text_input(key="train-name-Door 1").set_value(" My  model ")
    app = click(app, "train-start")
    (job,) = services.jobs.list()
    assert (job.kind, job.title, job.state) == ("train", "Training: My model", "queued")
    asked = runs.asked_of(job.payload)
    assert asked == Asked(str(made.data), "My model", 2, "scratch", False, "Door", batch=16)
    assert "Queued: the training of My model." in said(app)
    assert "Begins in a moment" in str([one.proto.text for one in app.get("progress")])
    app.text_input(key="train-name-Door 1").set_value("My model")
    assert "a model My model already" in click(app, "train-start").error[0].value
    app.text_input(key="train-name-Door 1").set_value("Door 1")
    app = click(app, "train-start")
    assert app.text_input(key="train-name-Door 2").value == "Door 2"
    app.text_input(key="train-name-Door 2").set_value("../x")
    assert "The name of the model may have" in click(app, "train-start").error[0].value


@pytest.mark.parametrize(("labels", "sentence"), [([0, 3] * 5, "at least 32"), ([3] * 40, "one class only")])
def test_a_set_that_is_too_small_cannot_be_trained_on(services, labels, sentence):
    sets.add(services.folder, "small", npz(labels), "small.npz")
    app = page()
    assert sentence in app.error[0].value
    assert app.button(key="train-start").disabled


@pytest.mark.parametrize(("pictures", "batch"), [(0, 16), (699, 16), (700, 32), (1400, 64), (2800, None), (28_709, None)])
def test_a_small_set_is_learnt_in_small_steps(pictures, batch):
    assert batch_for(pictures) == batch


# ---- runs -----------------------------------------------------------------------------------------------------------


def test_a_waiting_training_shows_what_it_did_and_is_stopped(services):
    with_set(services)
    run = write_run(services)
    key = training._submit(services, {"data": "x", "name": run.name, "epochs": 3, "set_name": "Door", "base": "moodgate"})
    app = page()
    assert "on Door, from our own model" in said(app)
    assert f"continue-{run.name}" not in buttons(app)
    app = click(app, f"stop-{key}")
    assert services.jobs.get(key).state == "cancelled"
    assert "– Stopped after epoch 2 of 3" in said(app)
    app = click(app, f"continue-{run.name}")
    assert services.jobs.get(key).state == "queued"
    click(app, f"stop-{key}")
    app = click(page(), f"run-delete-{run.name}")
    assert runs.all_runs(services.folder) == []


def test_a_failed_training_says_why(services):
    run = write_run(services, done=0)
    key = training._submit(services, {"data": "x", "name": run.name, "epochs": 3})
    services.store.update_job(
        key, state="failed", error="the disk is full: <b>make</b> some room", finished_at=datetime.now(UTC)
    )
    app = page()
    assert "✗ Failed before the first epoch" in said(app)
    assert app.error[0].value == "The disk is full: \\<b\\>make\\</b\\> some room\\.".replace(": ", "\\: ")


def test_a_finished_run_shows_its_figures_and_its_model(services):
    run = write_run(services, epochs=2, finished=True)
    app = page()
    assert "✓ Finished" in said(app) and "on Door, from our own model, 2 epochs" in said(app)
    assert {one.label: one.value for one in app.metric} == {
        "Right, by the set’s labels": "43 %", "Right, by most voters": "over 99 %", "Size": "4.0 MB",
    }  # fmt: skip
    assert "On 7 pictures that were held back" in said(app)
    assert [one.proto.label for one in app.get("download_button")] == ["Download model.onnx"]
    click(app, f"run-delete-{run.name}")
    assert runs.all_runs(services.folder) == []


def test_a_model_in_use_is_not_deleted(services):
    from server import expression

    run = write_run(services, epochs=2, finished=True)
    services.store.put_setting(expression.SETTING, f"{expression.RUNS}/{run.name}")
    assert "Door 1 reads the expressions of reviews" in said(click(page(), f"run-delete-{run.name}"))
    assert [one.name for one in runs.all_runs(services.folder)] == ["Door 1"]


def test_many_runs_are_cut_short(services):
    for k in range(32):
        write_run(services, f"run {k}")
    app = page()
    assert sum(key.startswith("continue-") for key in buttons(app)) == 30
    assert "The latest 30 are shown." in said(app)


# ---- charts ---------------------------------------------------------------------------------------------------------


def test_no_curve_is_an_empty_chart():
    frame = curve_frame([])
    assert frame.empty and list(frame.columns) == ["epoch", "loss"]
    assert loss_chart(frame, 3).to_dict() and accuracy_chart(frame, 3).to_dict()


def test_curves_have_a_line_for_each_head():
    frame = curve_frame([{"epoch": 1, "loss": 2.0, "held_fer2013": 50.0}, {"epoch": 2, "loss": 1.5, "held_votes": 60.0}])
    assert list(frame["most voters"].dropna()) == [0.6]
    drawn = accuracy_chart(frame, 5).to_dict()
    assert drawn["layer"][0]["encoding"]["x"]["scale"]["domain"] == [1, 5]
    assert drawn["layer"][0]["encoding"]["color"]["scale"]["domain"] == ["the set’s labels", "most voters"]
    assert counts_chart({"<b>": 3}).to_dict()


def test_figures_of_a_run_are_those_of_its_last_epoch(tmp_path):
    run = runs.Run("a", tmp_path, datetime.now(UTC), curve=({"held_classes": 10.0}, {"epoch": 2, "held_classes": 55.4}))
    assert figures(run) == [("the set’s labels", "55 %")]
    assert figures(runs.Run("a", tmp_path, datetime.now(UTC))) == []
