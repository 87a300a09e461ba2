"""The documents: filled from the settings, every column described, nothing that somebody typed is markup."""

from datetime import date

import pytest

from fer_core import weights
from fer_core.errors import DataError
from fer_core.notices import Camera, Notice, assessment, dictionary
from fer_core.notices.documents import DOCUMENTS, written
from fer_core.notices.facts import Facts, doubts, facts
from fer_core.store import Store
from fer_core.weights import ModelCard
from tests.days import make_day

ODD = "<b>Q&A</b> | *1* [x](javascript:y) `z`"
TODAY = date(2026, 11, 21)


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "moodgate.duckdb") as opened:
        opened.write_day(make_day(ODD, visits=3))
        yield opened


def record(store, **changes):
    asked = {"store": ODD, "controller": ODD, "contact": "a@b.example", "page": "https://shop.example/n", "region": "eu"}
    notice = Notice(**(asked | {"cameras": (Camera("entry"), Camera("exit"))} | changes))
    store.record_notice(ODD, notice.as_json(), "Ana")


# ---- what is stored where


def test_every_column_has_a_description_and_no_description_is_left_over(store):
    assert dictionary.undescribed(store) == []


def test_a_column_without_a_description_is_found(store):
    with store._transaction() as cursor:
        cursor.execute("ALTER TABLE visits ADD COLUMN mood DOUBLE")
        cursor.execute("CREATE TABLE secrets (word VARCHAR)")
    assert dictionary.undescribed(store) == ["secrets", "visits.mood"]
    assert "| `mood` | not described | double |" in dictionary.markdown(store)


def test_the_dictionary_names_every_column_and_what_isnt_stored(store):
    said = dictionary.markdown(store)
    for table, columns in dictionary.columns(store).items():
        assert f"### {table.replace('_', chr(92) + '_')}\n" in said
        assert all(f"| `{column}` |" in said for column in columns)
    assert "Face codes (templates) are in no table" in said and "`uploads/`" in said


# ---- the assessment


def test_what_the_settings_leave_open_stands_at_the_top(store):
    said = written(store, "impact-assessment", ODD, "md")
    opened = said.split("## 1.")[0]
    for part in ("region is not set", "No notice is recorded", "no retention", "No area is masked for entrance, exit"):
        assert part in opened
    assert "3 visits" in said and "toy" in said


def test_the_assessment_is_filled_and_the_open_points_go(store):
    store.put_region(ODD, "eu")
    store.put_store(ODD, retention_days=90)
    for role in ("entry", "exit"):
        store.put_camera(ODD, role, "", zones=[[[0, 0], [1, 0], [1, 1]]])
    record(store, retention_days=90, basis="consent", languages=("en", "pl"))
    told = facts(store, ODD)
    assert assessment.open_points(told) == [] and doubts(told) == []
    said = assessment.markdown(told, TODAY)
    assert "Draft of 2026-11-21" in said and "Nothing that the settings could tell" in said
    assert "Explicit consent" in said and "90 days" in said and "by Ana, in en, pl" in said and "Art. 35" in said


def test_what_a_notice_says_that_no_longer_holds(store):
    record(store, cameras=(Camera("entry"),))
    assert len(doubts(facts(store, ODD))) == 2  # region, staff
    store.put_store(ODD, retention_days=5)
    store.put_setting(f"collect_consent:{ODD}", {"allowed": True, "by": "Ben"})
    said = " ".join(doubts(facts(store, ODD)))
    for part in ("region", "another time", "staff", "no picture is kept"):
        assert part in said
    assert "The notice is not recorded for exit." in assessment.open_points(facts(store, ODD))
    assert doubts(Facts("Nobody’s")) == []


# ---- all of them


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_markdown_and_html_and_obeys_nothing_that_was_typed(store, name):
    record(store, address=ODD)
    card = ModelCard("own", "emotion", ODD, ODD, ODD, file="x.onnx", notes=ODD, figures={"n": 3, "accuracy": 0.51234})
    html = written(store, name, ODD, "html", (card,))
    assert "<b>" not in html and 'javascript:y"' not in html and "<script" not in html and "<a " not in html
    assert "default-src 'none'" in html and "<h1>" in html and "<table>" in html
    if name != "what-is-stored":
        assert "&lt;b&gt;Q&amp;A&lt;/b&gt; | *1* [x](javascript:y) `z`" in html
    assert written(store, name, ODD, "md", (card,)).startswith("# ")


def test_the_model_cards_say_which_models_were_used(store):
    said = written(store, "model-cards", ODD, "md")
    figure = str(weights.card("expression").figures["ferplus_majority_accuracy"])
    assert "Moodgate's expression model" in said and "Used for the films so far: toy" in said and figure in said
    store.put_store("New")
    assert "Not used for any film yet" in written(store, "model-cards", "New", "md")


def test_no_document_of_no_store(store):
    with pytest.raises(DataError, match="no store"):
        written(store, "impact-assessment", "Elsewhere", "md")
