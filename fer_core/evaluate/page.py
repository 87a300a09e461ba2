"""A report as one HTML file that opens without the network: charts of Altair, and every figure as text beside them."""

import json
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from fer_core.errors import DataError
from fer_core.evaluate import charts

_TEMPLATE = Path(__file__).with_name("page.html")
_HEADS = {
    "votes": ("Head “votes”", "against the majority of the voters; reviews use this head"),
    "fer2013": ("Head “fer2013”", "against the set's own labels, for comparison with the literature"),
}
_ALONE = ("The answers", "against the set's own labels")
Document = dict[str, Any]


class _Page:
    """The parts of a page as they come, and the charts they leave room for."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.charts: dict[str, charts.Spec] = {}

    def put(self, html: str) -> None:
        self.parts.append(html)

    def chart(self, title: str, spec: charts.Spec) -> str:
        """A card with a place for that chart."""
        place = f"chart{len(self.charts)}"
        self.charts[place] = spec
        return f'<div class="card"><h3>{escape(title)}</h3><div id="{place}"></div></div>'


def html(report: Document) -> str:
    """The page of a report of `report.report`. DataError where the package that carries the charts' code is missing."""
    page = _Page()
    _top(page, report)
    for head, figures in report["heads"].items():
        _head(page, *(_HEADS[head] if len(report["heads"]) > 1 else _ALONE), figures)
    if report.get("second_domain"):
        _second(page, report["second_domain"])
    _robustness(page, report["robustness"])
    _groups(page, report["groups"])
    _others(page, report)
    if report.get("against"):
        _against(page, report["against"], report["model"]["name"])
    _method(page)
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=escape(f"{report['model']['name']} judged"), body="\n".join(page.parts), bundle=_bundle(),
        charts=json.dumps(page.charts, ensure_ascii=False).replace("</", "<\\/"),
    )  # fmt: skip


def _bundle() -> str:
    """Vega, Vega-Lite and vega-embed as one script."""
    try:
        import vl_convert
    except ImportError as error:
        raise DataError("the page's charts need the package vl-convert-python; or write the report as .json") from error
    told = vl_convert.javascript_bundle(vl_version=_version())  # type: ignore[call-arg]  # its stub forgets the default
    return str(told).replace("</script", "<\\/script")


def _version() -> str:
    """Vega-Lite's version that Altair writes for, as vl-convert names it."""
    import altair

    return ".".join(altair.SCHEMA_VERSION.removeprefix("v").split(".")[:2])


def _top(page: _Page, report: Document) -> None:
    model, data = report["model"], report["data"]
    size = f"{model['size_bytes'] / 1e6:.1f} MB" if model["size_bytes"] else ""
    page.put(
        f"<h1>{escape(model['name'])}</h1><p class='quiet'>{size}, of {escape(model['date'])}, sha256 "
        f"<code>{escape(model['sha256'])}</code>. Judged on {data['n']:,} pictures of {escape(data['name'] or 'the data')}, "
        f"split {escape(data['split'])}; {data['left_out']:,} flagged as leaked or ambiguous are left out. "
        "Everything here is about apparent expressions: what people see in a face.</p>"
    )
    figures = [
        (percent(one[key]), f"{name}: {words}")
        for key, words in (("accuracy", "accuracy"), ("accuracy_flip", "with flip averaging"))
        for name, one in report["heads"].items()
    ]
    if report.get("second_domain"):
        figures.append((f"{report['second_domain']['balanced_accuracy']:.3f}", "other people: balanced accuracy"))
    figures += [(f"{model['ms_per_face']:.1f} ms", "a face, one thread"),
                (f"{model['ms_per_face_batched']:.1f} ms", "a face in batches of 16, two threads")]  # fmt: skip
    page.put("<div class='figures'>" + "".join(f"<div><b>{a}</b><span>{escape(b)}</span></div>" for a, b in figures) + "</div>")
    page.put(f"<p class='note'>{escape(report['why'])}</p>")


def _head(page: _Page, title: str, against: str, head: Document) -> None:
    page.put(f"<h2>{escape(title)}</h2><p class='quiet'>{head['n']:,} pictures, {escape(against)}.</p>")
    page.put(table(("", "plain", "95 %", "with flip averaging"), [
        ("accuracy", percent(head["accuracy"]), interval(head["accuracy_low"], head["accuracy_high"]),
         percent(head["accuracy_flip"])),
        ("macro-F1", f"{head['macro_f1']:.3f}", "", f"{head['macro_f1_flip']:.3f}"),
        ("balanced accuracy", percent(head["balanced_accuracy"]),
         interval(head["balanced_accuracy_low"], head["balanced_accuracy_high"]), ""),
        ("mean area under ROC", number(head["macro_auc"]), "", ""),
    ]))  # fmt: skip
    page.put(f"<p>{escape(_calibrated(head))}</p>")
    page.put("<div class='row'>" + "".join((
        page.chart("Confusion", charts.confusion(head["confusion"], head["labels"])),
        page.chart("ROC, each class against the rest", charts.roc(head["roc"])),
        page.chart("Precision and recall", charts.precision_recall(head["precision_recall"])),
        page.chart("Reliability", charts.reliability(head)),
        page.chart("Answering only when sure", charts.abstention(head["abstention"])),
    )) + "</div>")  # fmt: skip
    page.put(f"<details><summary>Figures by class</summary>{table(*_classes(head))}</details>")


def _calibrated(head: Document) -> str:
    told = f"The expected calibration error (ECE) of the answers is {head['ece']:.3f}"
    if head["temperature"] is not None:
        told += f"; without the temperature {head['temperature']:.2f} in the file it would be {head['ece_uncalibrated']:.3f}"
    if head["temperature_left"] is not None:
        told += (
            f". A further temperature of {head['temperature_left']:.2f}, fitted on the tenth of Training that was held back, "
            f"would bring it to {head['ece_refitted']:.3f}"
        )
    return told + "."


def _classes(head: Document) -> tuple[Iterable[str], Iterable[Iterable[str]]]:
    matrix = head["confusion"]
    rows = [
        (name, f"{sum(matrix[place]):,}", percent(head["per_class_recall"][name]),
         number(head["roc"].get(name, {}).get("auc")), number(head["precision_recall"].get(name, {}).get("average_precision")))
        for place, name in enumerate(head["labels"])
    ]  # fmt: skip
    return ("class", "pictures", "recall", "area under ROC", "average precision"), rows


def _second(page: _Page, second: Document) -> None:
    page.put(
        f"<h2>Other people, other labels</h2><p>{second['n']:,} photographs of {second['people']:,} people in "
        f"{escape(second['name'])}, found and cut as reviews do: balanced accuracy "
        f"<b>{second['balanced_accuracy']:.3f}</b> ({second['low']:.3f} to {second['high']:.3f}, drawn over people). The seven "
        "shares of the votes head are added up to three, surprise to neutral as reviews count it; by the leading one of the "
        f"seven alone it would be {second['leading']:.3f}. {second['other_labels']:,} photographs of other labels and "
        f"{second['without_face']:,} without a face that was found are left out.</p>"
    )
    if second["fitted"]:
        one, plain = second["fitted"], second["plain_odd"]
        page.put(
            f"<p>On the {one['people']:,} people that the reviews' fit has never seen it is {one['balanced_accuracy']:.3f} "
            f"({one['low']:.3f} to {one['high']:.3f}) with the fit, {plain['balanced_accuracy']:.3f} without: the fit is made "
            "for visitors, who mostly look neutral or smile, and names negative expressions less often.</p>"
        )
    sizes = [(f"{row['px']} px", f"{row['n']:,}", f"{row['balanced_accuracy']:.3f}") for row in second["by_size"]]
    numbers = table(("seen at", "pictures", "balanced accuracy"), sizes)
    drawn = page.chart("Confusion", charts.confusion(second["confusion"], second["labels"]))
    page.put(f"<div class='row'>{drawn}<div class='card'><h3>By the face's height</h3>{numbers}</div></div>")


def _robustness(page: _Page, rows: Sequence[Document]) -> None:
    if not rows:
        return
    page.put(
        f"<h2>Spoilt pictures</h2><p class='quiet'>The same {rows[0]['n']:,} pictures as a camera might have shown "
        "them. A turn is that of a flat picture; above 48 px there is no more detail to see.</p>"
    )
    lines = [(row["kind"], row["level"], percent(row["votes"]), percent(row["fer2013"])) for row in rows]
    numbers = table(("kind", "level", "votes", "fer2013"), lines)
    page.put(
        "<div class='row'>" + page.chart("Accuracy", charts.robustness(list(rows))) + f"<div class='card'>{numbers}</div></div>"
    )


def _groups(page: _Page, rows: Sequence[Document]) -> None:
    if rows:
        page.put("<h2>By group</h2><p class='quiet'>Groups as the data name them; the lines are 95 % intervals.</p>")
        page.put(page.chart("Accuracy", charts.groups(list(rows))))


def _others(page: _Page, report: Document) -> None:
    if not report["others"]:
        return
    heads = report["heads"]
    own = heads.get("fer2013", {})
    ours = (report["model"]["name"], percent(heads.get("votes", {}).get("accuracy")), percent(own.get("accuracy")),
            number(own.get("macro_f1")))  # fmt: skip
    rows = [(one["name"], percent(one["votes"]), percent(one["fer2013"]), number(one["macro_f1"])) for one in report["others"]]
    page.put(
        "<h2>What people use instead</h2><p class='quiet'>On the same pictures, in the same run, without flip averaging.</p>"
    )
    page.put(table(("model", "voters' majority", "the set's labels", "macro-F1 on them"), [ours, *rows]))


def _against(page: _Page, found: Document, name: str) -> None:
    first, second = name, found["name"]
    page.put(
        f"<h2>Against {escape(second)}</h2><p>On {found['n']:,} pictures (head {escape(found['head'])}) the two say the same "
        f"of {percent(found['agreement'])} (kappa {found['kappa']:.2f}). Only {escape(first)} is right on "
        f"{found['only_first']:,}, only {escape(second)} on {found['only_second']:,}, neither on {found['none_right']:,}: "
        f"McNemar's exact test gives p = {found['p_value']:.2g}.</p>"
    )
    rows = [
        (str(one["row"]), one["truth"], one["first"], percent(one["first_confidence"]), one["second"],
         percent(one["second_confidence"]))
        for one in found["disagreements"]
    ]  # fmt: skip
    told = table(("picture", "labelled", first, "sure", second, "sure"), rows)
    page.put(f"<details><summary>Where both are surest and differ</summary>{told}</details>")


def _method(page: _Page) -> None:
    page.put(
        "<h2>How it was counted</h2><p class='quiet'>Confusion: rows are the labels. Interval of accuracy: Wilson (1927); of "
        "balanced accuracy: bootstrap, 2,000 rounds. Average precision: sum of steps. ECE: top label, 15 bins of equal width. "
        "Temperature: Guo et al. (2017). Flip averaging: mean of the answers to a picture and its mirror image. No figure here "
        "says how a person felt, and none suffices to judge a single person.</p>"
    )


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """An HTML table; every cell is escaped."""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<div class='scroll'><table><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table></div>"


def percent(share: float | None) -> str:
    """A share as 66.3 %; a dash for none."""
    return "–" if share is None else f"{100 * share:.1f} %"


def number(value: float | None) -> str:
    """Three digits; a dash for none."""
    return "–" if value is None else f"{value:.3f}"


def interval(low: float, high: float) -> str:
    """Two shares as 64.7 to 67.9 %."""
    return f"{100 * low:.1f} to {100 * high:.1f} %"
