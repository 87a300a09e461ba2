"""Small sample footage of a shop day with drawn shoppers: nobody real, everything known.

`write_sample` makes a folder with entry.mp4 and exit.mp4, truth.csv (who came and left when, with which expression),
paths.csv (where every face was) and day.json (when both films start). The same seed gives the same day.
"""

import csv
import json
import logging
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fer_core.errors import OutputError
from fer_core.sample.cast import Part
from fer_core.sample.plan import Walk, length_s, planned, review_of
from fer_core.types import Role

LOG = logging.getLogger(__name__)
STARTS = {"entry_start": "2026-03-02T10:00:00+00:00", "exit_start": "2026-03-02T10:10:00+00:00"}
"""Both films' starts: everybody leaves after coming."""
TRUTH_COLUMNS = (
    "visitor", "person", "entry_start_s", "entry_end_s", "exit_start_s", "exit_end_s", "entry_expression",
    "exit_expression", "review",
)  # fmt: skip
PATH_COLUMNS = ("camera", "visitor", "time_s", "x0", "y0", "x1", "y1")
FILES = ("entry.mp4", "exit.mp4", "paths.csv", "day.json", "truth.csv")
"""What a sample consists of; truth.csv comes last, and marks the folder as a sample."""
_ROLES: tuple[Role, Role] = ("entry", "exit")


@dataclass(frozen=True)
class SampleDay:
    """A written day: its folder and films, how many came by both cameras or by one, and the films' lengths in s."""

    folder: Path
    entry: Path
    exit: Path
    truth: Path
    visits: int
    one_sided: int
    entry_s: float
    exit_s: float


def write_sample(folder: Path, *, seed: int = 0, tell: Callable[[str], None] = LOG.info) -> SampleDay:
    """Write the sample into the folder, which is made where it is missing: all of it or nothing.

    An earlier sample there is replaced, other files are left alone. `tell` is given a sentence a step. Raises
    OutputError where the folder can't be written, or holds a file of the same name that is not from a sample.
    """
    _refuse_foreign(folder)
    try:
        fresh = not folder.exists()
        folder.parent.mkdir(parents=True, exist_ok=True)
        staging = (folder.parent if fresh else folder) / f".sample-{secrets.token_hex(4)}"
        staging.mkdir()
        try:
            day = _written(staging, folder, seed, tell)
            _moved(staging, folder, fresh)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"the sample can't be written to {folder}: {error.strerror or error}") from error
    return day


def _refuse_foreign(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"the sample can't be written to {folder}: it is a file, not a folder")
    taken = [name for name in FILES if (folder / name).exists()]
    if taken and not _is_sample(folder):
        raise OutputError(f"{folder} holds a {taken[0]} that is not from a sample; name a new folder, or move it away")


def _is_sample(folder: Path) -> bool:
    """True where the folder's truth.csv is one that a sample wrote."""
    try:
        with (folder / FILES[-1]).open(newline="", encoding="utf-8") as handle:
            return tuple(next(csv.reader(handle), ())) == TRUTH_COLUMNS
    except (OSError, UnicodeDecodeError):
        return False


def _written(staging: Path, folder: Path, seed: int, tell: Callable[[str], None]) -> SampleDay:
    from fer_core.sample.film import PathRow, render

    parts, walks = planned(seed)
    visitors = {part.name: number for number, part in enumerate(parts)}
    rows: list[PathRow] = []
    for role in _ROLES:
        tell(f"drawing {role}.mp4: {len(walks[role])} shoppers in {length_s(walks[role]):.0f} s")
        rows += render(staging / f"{role}.mp4", role, walks[role], visitors, seed)
    _table(staging / "paths.csv", PATH_COLUMNS, rows)
    (staging / "day.json").write_text(json.dumps(STARTS) + "\n", encoding="utf-8")
    _table(staging / "truth.csv", TRUTH_COLUMNS, _truth(parts, walks, visitors))
    both = sum(bool(review_of(part)) for part in parts)
    return SampleDay(
        folder, folder / "entry.mp4", folder / "exit.mp4", folder / "truth.csv", both, len(parts) - both,
        length_s(walks["entry"]), length_s(walks["exit"]),
    )  # fmt: skip


def _table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows([columns, *rows])


def _truth(parts: list[Part], walks: dict[Role, list[Walk]], visitors: dict[str, int]) -> list[Sequence[object]]:
    at = {(walk.role, walk.part.name): walk for role in _ROLES for walk in walks[role]}
    rows: list[Sequence[object]] = []
    for part in parts:
        times: list[object] = []
        for role in _ROLES:
            walk = at.get((role, part.name))
            times += ["", ""] if walk is None else [walk.start_s, walk.end_s]
        rows.append((visitors[part.name], part.name, *times, part.entry or "", part.exit or "", review_of(part)))
    return rows


def _moved(staging: Path, folder: Path, fresh: bool) -> None:
    """A new folder appears at once; in an old one each file is replaced, truth.csv last."""
    if fresh:
        staging.rename(folder)
        return
    for name in FILES:
        os.replace(staging / name, folder / name)
