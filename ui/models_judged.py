"""The tab Judged: what a model's report says, both heads side by side, with every figure as chart and as table."""

import shlex
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from fer_core.errors import InputError
from fer_core.types import EXPRESSIONS
from fer_core.weights import sha256_of
from server import expression
from server.expression import STANDARD
from ui import expression_models, judged_words
from ui.charts import curves, judged
from ui.figure import figure
from ui.judged_words import ABOUT_ECE, ABOUT_HEADS, points
from ui.model_report import Head, Report, Second, beside, read_report
from ui.notices import sentence
from ui.plain import counted, escape, number
from ui.settings_common import choose


def show() -> None:
    """Draw the tab."""
    titles = expression_models.titles()
    key = choose("Model", titles, "judged_model", _first(titles))
    try:
        file = expression_models.file_of(key)
        place = beside(file) if file else None
        if file is None or place is None:
            _not_judged(key, file)
            return
        report = read_report(place)
    except InputError as error:
        st.error(sentence(error))
        return
    _head_line(report, file)
    _both(report)
    _one_head(report)
    _pair(lambda: _robustness(report), lambda: _rest(report))


def _first(titles: Mapping[str, str]) -> str | None:
    """The model in use where it was judged, else the first that was."""
    for key in (expression_models.in_use().key, *titles):
        try:
            file = expression_models.file_of(key)
        except InputError:
            continue
        if file and beside(file):
            return key
    return None


def _pair(first: Callable[[], None], second: Callable[[], None]) -> None:
    left, right = st.columns(2)
    with left:
        first()
    with right:
        second()


def _not_judged(key: str, file: Path | None) -> None:
    st.info("This model has not been judged here yet: there is no report beside its file.", icon=":material/rule:")
    st.markdown(
        "A report is made on labelled faces that the model has never seen, such as a test split of FER2013, and lies beside "
        "the model’s file:"
    )
    if file is None:
        st.caption("The weights of this model belong to a package, so there is no file to lay it beside.")
        return
    out = file.with_name("judged.json" if file.name == "model.onnx" else f"{file.stem}.report.json")
    named = "" if key == STANDARD else f" --model {_short(file)}"
    named += "" if expression.labels_of(file) == EXPRESSIONS else " --own-classes"
    st.code(f"python -m fer_core evaluate DATA{named} --report {_short(out)}", language="bash", wrap_lines=True)


def _short(path: Path) -> str:
    """The path from where the app runs, where it lies under it: shorter, and it tells nothing of the machine."""
    return shlex.quote(str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path))


# ---- both heads -----------------------------------------------------------------------------------------------------


def _head_line(report: Report, file: Path) -> None:
    st.markdown(" · ".join(escape(part) for part in judged_words.about_model(report.model)))
    st.caption(escape(judged_words.about_data(report.data)))
    told = report.model.get("sha256")
    if told and told != sha256_of(file):
        st.warning(
            "This report is of another file than the one that is here now: judge the model again.", icon=":material/warning:"
        )


def _both(report: Report) -> None:
    for column, (name, head) in zip(st.columns(max(2, len(report.heads))), report.heads.items(), strict=False):
        with column, st.container(border=True, height="stretch"):
            st.subheader(f"Head {escape(name)}", anchor=False)
            st.caption(ABOUT_HEADS.get(name, ""))
            _metrics(head)
    agree = f"Both heads name the same expression on {points(report.agree)} of the pictures."
    if len(report.heads) > 1 and (report.why or report.agree is not None):
        st.info(escape(report.why or agree), icon=":material/call_split:")


def _metrics(head: Head) -> None:
    told = head.figures
    with st.container(horizontal=True, gap="medium"):
        _metric("Accuracy", points(told.get("accuracy")), judged_words.interval(told), "With its 95 % interval.")
        _metric("Mirrored", points(told.get("accuracy_flip")), "accuracy", "The mean of the face and its mirror image is read.")
        _metric("Macro-F1", _figure(told, "macro_f1"), _also(told, "mirrored", "macro_f1_flip"), "All classes count alike.")
        _metric("Balanced", points(told.get("balanced_accuracy")), "accuracy", "The mean of the classes’ recalls.")
        _metric("ECE", _figure(told, "ece"), _also(told, "was", "ece_uncalibrated"), ABOUT_ECE)
        _metric("ROC area", _figure(told, "macro_auc"), "mean of classes", "1 is perfect, 0.5 is chance.")
    st.caption(counted(head.n, "picture") + ".")


def _metric(label: str, value: str, below: str, hint: str) -> None:
    st.metric(label, value, below or None, delta_color="off", delta_arrow="off", width="content", help=hint)


def _figure(told: Mapping[str, float], name: str) -> str:
    return number(told.get(name), ".3f")


def _also(told: Mapping[str, float], what: str, name: str) -> str:
    return f"{what} {_figure(told, name)}" if name in told else ""


# ---- one head -------------------------------------------------------------------------------------------------------


def _one_head(report: Report) -> None:
    name = st.segmented_control(
        "Charts of the head", list(report.heads), default=next(iter(report.heads)), key="judged_head", required=True
    )
    head = report.heads[name]
    _pair(lambda: _confusion(head, name), lambda: _recall(report))
    _pair(lambda: _roc(head, name), lambda: _precision(head, name))
    _pair(lambda: _reliability(head, name), lambda: _abstention(head, name))


def _confusion(head: Head, name: str) -> None:
    hint = "Each row is a class of the set: the share of its pictures, and below how many, that were told as each class."
    _drawn("Confusion", judged.confusion, head.confusion, judged_words.confusion(head.confusion), f"confusion-{name}", hint)


def _recall(report: Report) -> None:
    frame = judged.recall_frame({name: dict(head.recall) for name, head in report.heads.items()})
    _drawn("Found of each class", judged.recall, frame, judged_words.recall(frame), "recall")


def _roc(head: Head, name: str) -> None:
    hint = "The further a curve is from the dashed line, the better. A click on a class in the legend brings its curve forward."
    _drawn("ROC curves", curves.roc, head.roc, judged_words.areas(head.roc, "area"), f"roc-{name}", hint)


def _precision(head: Head, name: str) -> None:
    hint = "The nearer a curve comes to the upper right corner, the better. It says more than ROC about rare classes."
    words = judged_words.areas(head.precision_recall, "average precision")
    _drawn("Precision and recall", curves.precision_recall, head.precision_recall, words, f"precision-{name}", hint)


def _reliability(head: Head, name: str) -> None:
    hint = (
        "On the grey dashed line the model is right exactly as often as it says. Larger dots are more pictures. The pink "
        "dashed line is the model before its temperature was fitted."
    )
    words = judged_words.reliability(head.figures)
    _drawn("Reliability", partial(curves.reliability, before=head.before), head.reliability, words, f"reliability-{name}", hint)


def _abstention(head: Head, name: str) -> None:
    hint = "How often it is right where it may stay silent on the pictures that it is least sure of."
    _drawn(
        "Abstention", curves.abstention, head.abstention, judged_words.abstention(head.abstention), f"abstention-{name}", hint
    )


# ---- both heads again -----------------------------------------------------------------------------------------------


def _robustness(report: Report) -> None:
    frame = judged.robustness_frame(report.robustness)
    hint = "The same pictures, spoiled as cameras spoil them."
    _drawn("Spoiled pictures", judged.robustness, frame, judged_words.robustness(frame), "robustness", hint)


def _rest(report: Report) -> None:
    _groups(report)
    _others(report)
    _second(report.second)


def _groups(report: Report) -> None:
    words = judged_words.groups(report.groups)
    _drawn("By group", judged.groups, report.groups, words, "groups", "Dots are shares, lines their 95 % intervals.")


def _others(report: Report) -> None:
    first = next(iter(report.heads.values()))
    own: dict[str, Any] = {
        "name": f"{report.model.get('name') or 'this model'} (this one)",
        "n": first.n,
        "macro_f1": float("nan"),
    }
    own |= {name: head.figures.get("accuracy", float("nan")) for name, head in report.heads.items()}
    rows = pd.concat([pd.DataFrame([own], columns=report.others.columns), report.others], ignore_index=True)
    frame = judged.others_frame(rows if len(report.others) else report.others)
    hint = "On the same pictures: against FER2013’s own labels, and against the majority of FER+’s voters."
    _drawn("Other models", judged.others, frame, judged_words.others(frame), "others", hint)


def _second(second: Second | None) -> None:
    frame = pd.DataFrame(columns=["truth", "told", "n", "share"]) if second is None else second.confusion
    hint = "People and labels that the model was never trained on."
    _drawn("Other people", judged.confusion, frame, judged_words.second(second), "second-domain", hint)


def _drawn(title: str, draw: Callable[[pd.DataFrame], Any], frame: pd.DataFrame, words: str, name: str, hint: str = "") -> None:
    """A figure, or its empty state: a report may leave it out."""
    figure(title, draw(frame) if len(frame) else None, words, frame, f"model-{name}", hint=hint, table=True)
