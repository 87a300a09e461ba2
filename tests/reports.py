"""A report of a judged model as the command line writes it, small and made up."""

import json

from fer_core.types import EXPRESSIONS


def head(labels=EXPRESSIONS, hits=40):
    k = len(labels)
    confusion = [[hits if row == col else 2 * (col == (row + 1) % k) for col in range(k)] for row in range(k)]
    curve = {"fpr": [0, 0.1, 1], "tpr": [0, 0.8, 1], "auc": 0.9}
    precision = {"recall": [0.1, 0.5, 1], "precision": [1, 0.9, 0.3], "average_precision": 0.8}
    return {
        "labels": list(labels), "n": k * (hits + 2), "accuracy": 0.9, "accuracy_low": 0.88, "accuracy_high": 0.92,
        "accuracy_flip": 0.91, "macro_f1": 0.8, "macro_f1_flip": 0.81, "balanced_accuracy": 0.85,
        "per_class_recall": {label: 0.9 - place / 50 for place, label in enumerate(labels)}, "confusion": confusion,
        "roc": dict.fromkeys(labels, curve), "precision_recall": dict.fromkeys(labels, precision), "macro_auc": 0.9,
        "ece": 0.021, "ece_uncalibrated": 0.05, "temperature": 1.1,
        "reliability": [
            {"low": 0.4, "high": 0.6, "n": 10, "confidence": 0.5, "accuracy": 0.6},
            {"low": 0.6, "high": 0.8, "n": 0, "confidence": None, "accuracy": None},
        ],
        "reliability_uncalibrated": [{"low": 0.4, "high": 0.6, "n": 10, "confidence": 0.55, "accuracy": 0.6}],
        "abstention": [{"kept": 1.0, "accuracy": 0.9, "threshold": 0.2}, {"kept": 0.5, "accuracy": 0.98, "threshold": 0.8}],
    }  # fmt: skip


def report(**changes):
    told = {
        "model": {
            "name": "toy", "sha256": "0" * 64, "date": "2026-11-21", "size_bytes": 3_100_000, "ms_per_face": 2.6,
            "ms_per_face_batched": 1.4,
        },
        "data": {"name": "faces.npz", "split": "validation", "n": 294, "left_out": 12},
        "heads": {"fer2013": head(hits=30), "votes": head()}, "heads_agree": 0.78, "why": "They learned from other labels.",
        "second_domain": {
            "name": "others", "n": 30, "labels": ["good", "bad"], "confusion": [[9, 1], [4, 16]],
            "balanced_accuracy": 0.85, "low": 0.7, "high": 0.95,
        },
        "robustness": [{"kind": "blur", "level": "2 px", "n": 100, "votes": 0.8, "fer2013": 0.6}],
        "groups": [{"group": "<b>A*</b>", "n": 20, "accuracy": 0.8, "low": 0.6, "high": 0.9}],
        "others": [{"name": "fer", "fer2013": 0.654, "votes": None, "macro_f1": 0.6, "n": 294}],
    }  # fmt: skip
    return told | changes


def write_report(path, **changes):
    path.write_text(json.dumps(report(**changes)))
    return path
