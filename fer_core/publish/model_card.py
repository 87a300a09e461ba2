"""The card beside an exported file: what it is, what it was trained on and by what recipe, its figures and its limits."""

import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fer_core.errors import DataError
from fer_core.publish.keras_file import Run
from fer_core.weights import ModelCard, read_card, sha256_of

NOT_STATED = "not stated"
LIMITS = (
    "Limits: it reads apparent expressions as other people label them, on small grey faces like those it was trained on; "
    "classes that were rare there are read badly. Not for judging a single person."
)
_LEFT_OUT = ("seed",)
_FIGURES = ("accuracy", "macro_f1", "balanced_accuracy", "ece", "n")
_PREFIXES = {"votes": "ferplus_majority"}
"""What the cards call the figures of a head, where it is not the head's own name."""


@dataclass(frozen=True)
class Words:
    """What no program can know of a model: what to call it, whose it is, what its pictures are and may be used for."""

    title: str
    licence: str = NOT_STATED
    trained_on: str = NOT_STATED
    source: str = "trained with Moodgate: python -m fer_core train"
    limits: str = LIMITS


def describe(run: Run, file: Path, name: str, words: Words, *, made: str, figures: Mapping[str, Any]) -> ModelCard:
    """The card called `name` of a file exported from `run`; `made` says in a sentence how it came from the original."""
    sizes = " x ".join(map(str, run.model.input_shape[1:]))
    return ModelCard(
        name, "emotion", words.title, words.licence, words.source, file=file.name, sha256=sha256_of(file),
        trained_on=words.trained_on, size_bytes=file.stat().st_size, labels=run.labels,
        input=f"face: n x {sizes} float32, grey 0 to 255, aligned by five landmarks; outputs {' and '.join(run.heads)}, "
        f"n x {len(run.labels)} probabilities",
        figures=dict(figures), date=datetime.now(UTC).date().isoformat(), notes=_notes(run, words, made),
    )  # fmt: skip


def judged_figures(report: Mapping[str, Any]) -> dict[str, Any]:
    """Figures for a card from the JSON report of a judged model; DataError where it is no such report.

    They keep their own names (`_PREFIXES`) beside those of the agreement: another split may have been judged.
    """
    heads = report.get("heads")
    if not isinstance(heads, dict) or not all(isinstance(head, dict) and "accuracy" in head for head in heads.values()):
        raise DataError("not the report of a judged model: it has no figures by head")
    found = {"judged_on": _judged_on(report)} if _judged_on(report) else {}
    for head, figures in heads.items():
        prefix = _PREFIXES.get(head, head)
        found |= {f"{prefix}_{key}": figures[key] for key in _FIGURES if figures.get(key) is not None}
    return found


def _judged_on(report: Mapping[str, Any]) -> str:
    data = report.get("data")
    return " ".join(str(data[key]) for key in ("name", "split") if data.get(key)) if isinstance(data, dict) else ""


def write(card: ModelCard, path: Path) -> ModelCard:
    """Write the card as TOML and read it back, as the app will; gives what was read. WeightsError where it is none."""
    import tomli_w

    known = {key: value for key, value in asdict(card).items() if key != "name" and value not in ("", (), {})}
    path.write_text(tomli_w.dumps(_plain(known), multiline_strings=True), encoding="utf-8")
    return read_card(path)


def _plain(value: Any) -> Any:
    """Lists and dicts, figures last: TOML wants tables after the rest."""
    if isinstance(value, Mapping):
        tables = [key for key, entry in value.items() if isinstance(entry, Mapping)]
        return {key: _plain(value[key]) for key in [*(key for key in value if key not in tables), *tables]}
    return [_plain(entry) for entry in value] if isinstance(value, tuple | list) else value


def _notes(run: Run, words: Words, made: str) -> str:
    paragraphs = [_recipe(run.report), made, words.limits]
    return "\n".join(textwrap.fill(text, 120) for text in paragraphs if text) + "\n"


def _recipe(report: Mapping[str, Any]) -> str:
    """The run's settings and what became of them, in a sentence or two."""
    settings = report.get("settings", {})
    told = ", ".join(
        f"{key} {_word(value)}" for key, value in settings.items() if key not in _LEFT_OUT and value not in ("", None)
    )
    facts = [f"Recipe: {told}." if told else ""]
    if "seed" in settings:
        facts.append(f"Seed {settings['seed']}.")
    if report.get("temperature"):
        cooled = ", ".join(f"{head} {value:.2f}" for head, value in report["temperature"].items())
        facts.append(f"Bias and temperature fitted on {report.get('held_back', 'the')} pictures held back: {cooled}.")
    if report.get("commit"):
        facts.append(f"Made by the code of commit {report['commit'][:12]}.")
    return " ".join(fact for fact in facts if fact)


def _word(value: Any) -> str:
    """A path is told by its last two parts: whose machine it lay on is nobody's business."""
    if isinstance(value, str) and "/" in value:
        return "/".join(value.split("/")[-2:])
    return "-".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
