"""Figures as pure functions over arrays: counts are added up first and divided last, never means of means."""

from fer_core.metrics.calibration import (
    ECE_BINS,
    ReliabilityBin,
    expected_calibration_error,
    fit_bias,
    fit_temperature,
    logarithm,
    reliability,
    softmax,
    tempered,
)
from fer_core.metrics.confusion import ClassFigures, class_figures, cohens_kappa, confusion
from fer_core.metrics.curves import Curve, Kept, abstention, macro_auc, precision_recall, roc, thinned
from fer_core.metrics.intervals import bootstrap_balanced_accuracy, mcnemar_exact, wilson_interval

__all__ = [
    "ECE_BINS",
    "ClassFigures",
    "Curve",
    "Kept",
    "ReliabilityBin",
    "abstention",
    "bootstrap_balanced_accuracy",
    "class_figures",
    "cohens_kappa",
    "confusion",
    "expected_calibration_error",
    "fit_bias",
    "fit_temperature",
    "logarithm",
    "macro_auc",
    "mcnemar_exact",
    "precision_recall",
    "reliability",
    "roc",
    "softmax",
    "tempered",
    "thinned",
    "wilson_interval",
]
