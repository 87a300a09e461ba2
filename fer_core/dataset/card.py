"""Data cards: what a labelled set is, where it is from, what lies in it, and what is wrong with it.

A card is a TOML file for machines and a Markdown page for people; both say the same and show no picture.
"""

import hashlib
import os
import tomllib
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fer_core.dataset.cleaning import KINDS, Findings
from fer_core.dataset.faces import LabelledFaces
from fer_core.dataset.folders import columns_of
from fer_core.errors import DataError, OutputError

NOT_STATED = "not stated"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Words:
    """What no program can know of a set: its name, where it is from, who may use it for what, what it can't tell."""

    name: str
    source: str = NOT_STATED
    licence: str = NOT_STATED
    limits: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataCard:
    """A labelled set described.

    date: ISO, of the card. file: the last part of its path; sha256: of the file's bytes, or of a folder as
    `fingerprint` says. pictures: how many; labels: the classes in order; counts: pictures by split and class; findings:
    by split and kind (KINDS, and "any"); marked: flawed by the set's own word; voted: has shares of voters; groups:
    how many different ones are named.
    """

    name: str
    source: str
    licence: str
    limits: tuple[str, ...]
    date: str
    file: str
    sha256: str
    size_bytes: int
    pictures: int
    labels: tuple[str, ...]
    voted: bool
    groups: int
    marked: int
    counts: dict[str, dict[str, int]]
    findings: dict[str, dict[str, int]]

    def as_dict(self) -> dict[str, Any]:
        """For TOML and JSON."""
        return {**asdict(self), "limits": list(self.limits), "labels": list(self.labels)}


def describe(data: LabelledFaces, found: Findings, path: Path, words: Words) -> DataCard:
    """The card of the data at `path`, as loaded and examined; today's date."""
    sha256, size_bytes = fingerprint(path)
    return DataCard(
        words.name, words.source, words.licence, words.limits, datetime.now(UTC).date().isoformat(), path.resolve().name,
        sha256, size_bytes, len(data), data.labels, data.votes is not None, len(set(data.group or ()) - {""}),
        int(data.flawed.sum()), data.counts(), found.by_split(data),
    )  # fmt: skip


def fingerprint(path: Path) -> tuple[str, int]:
    """sha256 and bytes: of a file; of a folder the hash of its sorted lines "sha256  path/in/folder" (hidden ones left out).

    A labels file stands for its folder: the pictures are counted in.
    """
    if path.is_file() and not (path.suffix.lower() == ".csv" and "file" in columns_of(path)):
        return _sha256(path), path.stat().st_size
    path = path if path.is_dir() else path.parent
    files = {
        file.relative_to(path).as_posix(): file
        for file in path.rglob("*")
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts)
    }
    lines = "".join(f"{_sha256(files[name])}  {name}\n" for name in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest(), sum(file.stat().st_size for file in files.values())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# ---- files ----------------------------------------------------------------------------------------------------------


def write_card(card: DataCard, path: Path) -> None:
    """Write it as .toml or .md, by the name's ending; whole or not at all. OutputError says why it can't be."""
    import tomli_w

    writers = {".toml": lambda: tomli_w.dumps(card.as_dict()), ".md": lambda: markdown(card)}
    if path.suffix.lower() not in writers:
        raise OutputError(f"{path}: a card's name ends in .toml or .md")
    part = path.with_name(f"part-{os.getpid()}-{path.name}")
    try:
        part.write_text(writers[path.suffix.lower()](), encoding="utf-8")
        os.replace(part, path)
    except OSError as error:
        raise OutputError(f"{path}: can't be written ({error.strerror or error})") from error
    finally:
        part.unlink(missing_ok=True)


def read_card(path: Path) -> DataCard:
    """A card that `write_card` wrote as .toml; DataError where it is none."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{path}: not a readable card ({error})") from error
    wanted = {item.name for item in fields(DataCard)}
    if raw.keys() != wanted:
        odd = ", ".join(sorted(raw.keys() ^ wanted))
        raise DataError(f"{path}: not a data card: missing or unknown are {odd}")
    try:
        return DataCard(**{**raw, "limits": tuple(raw["limits"]), "labels": tuple(raw["labels"])})
    except TypeError as error:
        raise DataError(f"{path}: not a data card: limits and labels must be lists") from error


# ---- Markdown -------------------------------------------------------------------------------------------------------


def markdown(card: DataCard) -> str:
    """The card as a page."""
    voted = "the shares of the voters for each class" if card.voted else "none"
    lines = [
        f"# {_plain(card.name)}", "", f"Data card of {card.date}, written by `python -m fer_core data check`.", "",
        "| what | |", "|---|---|",
        f"| source | {_plain(card.source)} |",
        f"| licence | {_plain(card.licence)} |",
        f"| file | {_plain(card.file)}, {card.size_bytes:,} bytes |",
        f"| sha256 | `{card.sha256}` |",
        f"| pictures | {card.pictures:,}, read as grey, 48 × 48 |",
        f"| classes | {_plain(', '.join(card.labels))} |",
        f"| votes | {voted} |",
        f"| groups named | {card.groups or 'none'} |",
        f"| marked as flawed by the set itself | {card.marked:,} |",
        "", "## Pictures of each class", "", *_table(card.counts, card.labels),
        "", "## What was found", "", *_findings(card),
    ]  # fmt: skip
    if card.limits:
        lines += ["", "## Limits", "", *(f"- {_plain(limit)}" for limit in card.limits)]
    return "\n".join(lines) + "\n"


def _findings(card: DataCard) -> list[str]:
    meanings = [f"- **{kind}**: {meaning}" for kind, meaning in KINDS.items()]
    return [*_table(card.findings, (*KINDS, "any")), "", *meanings, "- **any**: at least one of these"]


def _table(counts: dict[str, dict[str, int]], rows: tuple[str, ...]) -> list[str]:
    """Rows by splits, with the sums where there are several splits."""
    splits = list(counts)
    several = len(splits) > 1
    head = ["", *splits, *(["all"] if several else [])]
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    for row in rows:
        numbers = [counts[split].get(row, 0) for split in splits]
        shown = numbers + ([sum(numbers)] if several else [])
        lines.append("| " + " | ".join([_plain(row), *(f"{number:,}" for number in shown)]) + " |")
    return lines


def _plain(text: str) -> str:
    """Words of other people as words: nothing in them becomes a table, a heading, a link or a tag."""
    one_line = " ".join(text.split())
    for mark in "\\`*_[]<>|#":
        one_line = one_line.replace(mark, "\\" + mark)
    return one_line
