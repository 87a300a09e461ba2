"""The report of a judged model: read, refused, told in sentences, drawn."""

import json
import re

import pandas as pd
import pytest

from fer_core.errors import DataError
from tests.reports import head, report, write_report
from ui import judged_words
from ui.charts import curves, judged
from ui.model_report import beside, read_report, report_of


@pytest.fixture
def read(tmp_path):
    return read_report(write_report(tmp_path / "r.json"))


def test_a_report_is_read(read):
    assert list(read.heads) == ["votes", "fer2013"]
    votes = read.heads["votes"]
    assert votes.figures["accuracy_flip"] == 0.91 and votes.recall["angry"] == 0.9
    assert len(votes.confusion) == 49 and votes.confusion["n"].sum() == 7 * 42
    assert votes.confusion.query("truth == told")["share"].tolist() == pytest.approx([40 / 42] * 7)
    assert list(votes.roc.columns) == ["label", "false_positives", "true_positives", "area"]
    assert len(votes.reliability) == 1  # the empty bin is left out
    assert read.second.confusion["truth"].unique().tolist() == ["good", "bad"]


def test_what_a_report_leaves_out_is_empty(tmp_path):
    bare = {"labels": ["a", "b"], "n": 2, "confusion": [[0, 0], [0, 2]]}
    told = {"model": {}, "data": {}, "heads": {"votes": bare}}
    found = read_report(write_like(tmp_path, told))
    assert found.second is None and found.agree is None and found.why == ""
    assert found.robustness.empty and found.groups.empty and found.others.empty
    votes = found.heads["votes"]
    assert votes.roc.empty and votes.abstention.empty and not votes.figures
    assert votes.confusion["share"].tolist() == [0, 0, 0, 1]


def write_like(folder, told):
    path = folder / "r.json"
    path.write_text(told if isinstance(told, str) else json.dumps(told))
    return path


@pytest.mark.parametrize(
    "told",
    [
        "", "{", "7", "[]", "null", "{}", {"heads": {}}, {"model": {}, "data": {}, "heads": {}},
        report(heads={"votes": {}}), report(heads=[1]), report(model=3), report(robustness=[3]), report(robustness=7),
        report(heads={"votes": head() | {"confusion": [[1]]}}), report(heads={"votes": head() | {"accuracy": "high"}}),
        report(heads={"votes": head() | {"n": None}}), report(second_domain={"name": "x"}), report(heads_agree=True),
        report(heads={"votes": head() | {"roc": {"angry": {"fpr": [0, 1], "tpr": [0]}}}}),
    ],
)  # fmt: skip
def test_what_is_no_report_is_one_sentence(tmp_path, told):
    with pytest.raises(DataError, match=r"^r\.json: not a report of a judged model"):
        read_report(write_like(tmp_path, told))


def test_a_file_that_is_gone_or_enormous_is_one_sentence(tmp_path):
    with pytest.raises(DataError, match=r"r\.json: this report can’t be read"):
        read_report(tmp_path / "r.json")
    with pytest.raises(DataError, match="too large"):
        read_report(write_like(tmp_path, " " * 5_000_001))


def test_a_report_lies_beside_its_model(tmp_path):
    model = tmp_path / "model.onnx"
    assert beside(model) is None
    (tmp_path / "report.json").write_text('{"sha256": "…"}')  # what the training tells is another thing
    assert beside(model) is None
    assert beside(tmp_path / "expression.onnx") is None
    whole = write_report(tmp_path / "report.json")
    assert beside(model) == whole
    judged_one = write_report(tmp_path / "judged.json")
    assert beside(model) == judged_one
    own = write_report(tmp_path / "expression.report.json")
    assert beside(tmp_path / "expression.onnx") == own


# ---- charts


def charts_of(found):
    votes = found.heads["votes"]
    robust, others = judged.robustness_frame(found.robustness), judged.others_frame(found.others)
    return {
        "confusion": judged.confusion(votes.confusion), "second": judged.confusion(found.second.confusion),
        "recall": judged.recall(judged.recall_frame({name: dict(one.recall) for name, one in found.heads.items()})),
        "roc": curves.roc(votes.roc), "precision": curves.precision_recall(votes.precision_recall),
        "reliability": curves.reliability(votes.reliability, votes.before), "abstention": curves.abstention(votes.abstention),
        "robustness": judged.robustness(robust), "groups": judged.groups(found.groups), "others": judged.others(others),
    }  # fmt: skip


NAMES = (
    "confusion", "second", "recall", "roc", "precision", "reliability", "abstention", "robustness", "groups", "others",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_chart_fits_the_schema_has_tooltips_and_takes_the_page_s_theme(read, name):
    text = charts_of(read)[name].to_json()
    assert '"tooltip"' in text
    assert not re.search(r'"(background|labelColor|titleColor)"', text)
    assert not re.search(r'"(black|white|#000000)"', text, re.IGNORECASE)


def test_classes_have_a_dash_each_and_their_area_in_the_legend(read):
    told = json.loads(charts_of(read)["roc"].to_json())
    encoding = told["layer"][1]["encoding"]
    domain = encoding["strokeDash"]["scale"]["domain"]
    assert domain == encoding["color"]["scale"]["domain"] and "happy 0.90" in domain
    assert len({str(dash) for dash in encoding["strokeDash"]["scale"]["range"]}) == 7
    assert "#0072B2" in encoding["color"]["scale"]["range"]  # happy has its own colour


def test_a_shop_s_own_classes_have_colours_too():
    assert len(set(curves.class_colours(["glad", "so-so", "cross"]))) == 3


def test_levels_and_heads_become_rows():
    frame = pd.DataFrame(
        [("none", "as they are", 5, 0.9, 0.7), ("blur", "2 px", 5, 0.8, float("nan"))],
        columns=["kind", "level", "n", "votes", "fer2013"],
    )
    found = judged.robustness_frame(frame)
    assert found[["what", "head"]].to_numpy().tolist() == [
        ["as they are", "votes"],
        ["as they are", "fer2013"],
        ["blur 2 px", "votes"],
    ]


# ---- words


def test_the_sentences(read):
    votes = read.heads["votes"]
    assert judged_words.confusion(votes.confusion) == "Most often mistaken: angry told as disgust, 4.8 % of angry."
    assert judged_words.areas(votes.roc, "area").startswith("Mean area 0.900. ")
    assert judged_words.reliability(votes.figures).startswith("How sure it is and how often it is right differ by 0.021")
    assert judged_words.abstention(votes.abstention) == "Of all pictures it tells 90.0 % rightly; of the surest 50 %, 98.0 %."
    assert judged_words.second(read.second) == "others, 30 pictures: balanced accuracy 85.0 % (95 %: 70.0 % to 95.0 %)."
    assert judged_words.groups(read.groups) == "Read best: <b>A*</b> (80.0 %)."
    assert judged_words.interval(votes.figures) == "88.0 to 92.0 %"
    assert judged_words.about_data(read.data) == (
        "On faces.npz, split validation; 294 pictures; 12 others left out as leaked or ambiguous."
    )
    assert judged_words.about_model(read.model)[1:3] == ["judged 21 November 2026", "3.1 MB"]


def test_nothing_to_say():
    empty = report_of({"model": {}, "data": {}, "heads": {"votes": {"labels": ["a"], "n": 0, "confusion": [[0]]}}})
    votes = empty.heads["votes"]
    said = (
        judged_words.confusion(votes.confusion), judged_words.areas(votes.roc, "area"), judged_words.reliability({}),
        judged_words.abstention(votes.abstention), judged_words.robustness(judged.robustness_frame(empty.robustness)),
        judged_words.recall(judged.recall_frame({})),
    )  # fmt: skip
    assert set(said) == {judged_words.NOTHING}
    assert judged_words.groups(empty.groups) == judged_words.NO_GROUPS
    assert judged_words.others(judged.others_frame(empty.others)) == judged_words.NO_OTHERS
    assert judged_words.second(None) == judged_words.NO_SECOND
    assert judged_words.about_data({"left_out": {"leaked": 3, "ambiguous": 2}, "n": "many"}) == (
        "On labelled faces; 5 others left out as leaked or ambiguous."
    )
    assert judged_words.about_model({"date": "yesterday", "size_bytes": "big"}) == ["this model", "judged yesterday"]
