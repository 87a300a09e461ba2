"""Judging expression models: one head's figures, a whole report, two models side by side.

`evaluate` judges one head on one split. `report` puts everything into one JSON document, which `page` draws; `compare` holds
two models against each other on the same pictures.
"""

from fer_core.evaluate.compare import Comparison, Disagreement, compare, compared
from fer_core.evaluate.judging import HEAD_OF, Evaluation, Labels, evaluate, open_model
from fer_core.evaluate.readers import JudgedModel, Reader
from fer_core.evaluate.report import ReportOptions, report, written

__all__ = [
    "HEAD_OF",
    "Comparison",
    "Disagreement",
    "Evaluation",
    "JudgedModel",
    "Labels",
    "Reader",
    "ReportOptions",
    "compare",
    "compared",
    "evaluate",
    "open_model",
    "report",
    "written",
]
