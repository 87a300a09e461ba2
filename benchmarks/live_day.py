"""A made-up shop day as two live cameras against the same day as films: which visits differ, and how soon reviews stand there.

    python -m benchmarks.live_day --day ../days/odd_quiet_1 [--day …] --out benchmarks/reports/live-day-DATE.json

The entrance film is played in real time as a camera, then the exit film; both are read by workers in this process, as the
app does. A visit differs if the films' review pairs other moments or gives another verdict. The delay of a visit runs from
the moment at which the person was seen last by the exit camera to that at which its row could be read in the database.
"""

import argparse
import json
import platform
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.storeday import commit
from fer_core import pipeline
from fer_core.cli import common
from fer_core.pipeline import Engine, Film
from fer_core.settings import Settings
from fer_core.store import Store
from fer_core.types import Day, Role
from server.live_days import LiveDays
from server.watchers import Watchers

_STORE = "Bench"
_LOOK_S = 0.1
_SAME_S = 1.5
"""Two reviews speak of the same passage if its moments differ by less."""
_Moments = dict[tuple[float, float], str]


def films_of(folder: Path) -> dict[Role, Path]:
    """The two films of a day's folder."""
    return {"entry": folder / "entry.mp4", "exit": folder / "exit.mp4"}


def films(paths: Mapping[Role, Path], engine: Engine, between: timedelta) -> tuple[Day, _Moments]:
    """The day as films that begin when the cameras did: its visits by the seconds of their films."""
    begin = datetime(2026, 3, 2, 10, tzinfo=UTC)
    given = [Film(paths["entry"], "entry", begin), Film(paths["exit"], "exit", begin + between)]
    day = pipeline.review_day(_STORE, given, engine)
    return day, {(visit.entry.best_s, visit.exit.best_s): visit.review for visit in day.visits}


def live(folder: Path, engine: Engine) -> dict[str, Any]:
    """The day as two cameras, one after the other."""
    with tempfile.TemporaryDirectory() as place, Store.open(Path(place) / "live.duckdb") as store:
        store.put_store(_STORE)
        days = LiveDays(store, Path(place) / "live")
        watchers = Watchers(store, days, lambda _: engine)
        days.start()
        watchers.begin()
        begun: dict[Role, datetime] = {}
        appeared: dict[str, datetime] = {}
        for role in ("entry", "exit"):
            store.put_source(_STORE, role, "", str(folder / f"{role}.mp4"))
            watchers.start(_STORE, role, "")
            while not _over(days, role):
                if role not in begun:
                    _first_picture(days, role, begun)
                _note(store, appeared)
                time.sleep(_LOOK_S)
        until = time.monotonic() + 15
        while time.monotonic() < until:
            _note(store, appeared)
            time.sleep(_LOOK_S)
        days.end(_STORE)
        rows = moments_of(store, _STORE)
        watchers.close()
        days.close()
    return {"begun": begun, "rows": rows, "appeared": appeared}


def _over(days: LiveDays, role: Role) -> bool:
    return any(one.role == role and one.health["state"] == "over" for one in days.cameras(_STORE))


def _first_picture(days: LiveDays, role: Role, begun: dict[Role, datetime]) -> None:
    if any(one.role == role and one.health["state"] == "live" for one in days.cameras(_STORE)):
        begun[role] = datetime.now(UTC)


def _note(store: Store, appeared: dict[str, datetime]) -> None:
    now = datetime.now(UTC)
    with store.cursor() as cursor:
        for (key,) in cursor.execute("SELECT visit_id::VARCHAR FROM visits").fetchall():
            appeared.setdefault(str(key), now)


def moments_of(store: Store, name: str) -> list[Any]:
    """The live visits of a store: id, came and left (at their best shots), review, seconds from there to the last sight."""
    with store.cursor() as cursor:
        return cursor.execute(
            "SELECT visit_id::VARCHAR, came.seen_at, gone.seen_at, visits.review, gone.end_s - gone.best_s FROM visits "
            "JOIN appearances AS came ON came.appearance_id = entry_appearance_id "
            "JOIN appearances AS gone ON gone.appearance_id = exit_appearance_id WHERE visits.store = ?",
            [name],
        ).fetchall()


def compare(folder: Path, engine: Engine) -> dict[str, Any]:
    """One day both ways."""
    told = live(folder, engine)
    delays = sorted(
        (told["appeared"][key] - (gone + timedelta(seconds=rest))).total_seconds()
        for key, _, gone, _, rest in told["rows"] if key in told["appeared"]
    )  # fmt: skip
    between = told["begun"]["exit"] - told["begun"]["entry"]
    compared = same_visits(films_of(folder), told["rows"], engine, between)
    return {"day": folder.name, **compared, "delay_median_s": delays[len(delays) // 2], "delay_max_s": delays[-1]}


def same_visits(
    paths: Mapping[Role, Path],
    rows: list[Any],
    engine: Engine,
    between: timedelta,
    *,
    loose: bool = False,
    unseen: tuple[float, float] | None = None,
) -> dict[str, Any]:
    """How the live visits differ from those of the same day's films. between: of the beginnings of the two cameras.

    loose: the cameras' clocks stood still for a while, so that moments of one visit may lie further apart.
    unseen: seconds of the exit film in which nobody watched.
    """
    by_film, wanted = films(paths, engine, between)
    passed = {visit.exit.best_s for visit in by_film.visits if unseen and _overlaps(visit.exit.intervals, unseen)}
    left, missing, other = dict(wanted), 0, 0
    apart_s = 40.0 if loose else _SAME_S
    starts = {
        role: _offset([row[place] for row in rows], [pair[place - 1] for pair in wanted])
        for place, role in ((1, "entry"), (2, "exit"))
    }
    for _, came, gone, review, _ in rows:
        at = [(moment - starts[role]).total_seconds() for moment, role in ((came, "entry"), (gone, "exit"))]
        same = [pair for pair in left if all(abs(pair[place] - at[place]) < _SAME_S for place in (0, 1))]
        if loose and not same:
            same = [pair for pair in left if abs(pair[1] - at[1]) < _SAME_S and abs(pair[0] - at[0]) < apart_s]
        if not same:
            missing += 1
        elif left.pop(same[0]) != review:
            other += 1
    left = {pair: review for pair, review in left.items() if pair[1] not in passed}
    return {
        "films": len(wanted), "live": len(rows), "unseen": len(passed), "only_films": len(left), "only_live": missing,
        "other_review": other,
        "films_entries": len(by_film.entries), "films_exits": len(by_film.exits),
    }  # fmt: skip


def _overlaps(intervals: tuple[tuple[float, float], ...], unseen: tuple[float, float]) -> bool:
    """Whether somebody was in the picture meanwhile, or so shortly before that they had not been told of."""
    return any(begin < unseen[1] + 1 and end > unseen[0] - 2 for begin, end in intervals)


def _offset(moments: list[datetime], seconds: list[float]) -> datetime:
    """When a camera's film began: the start with which most of the moments meet the films' seconds."""
    starts = [moment - timedelta(seconds=one) for moment in moments for one in seconds]
    return max(starts, key=lambda start: sum(
        any(abs((moment - start).total_seconds() - one) < 0.5 for one in seconds) for moment in moments
    ))  # fmt: skip


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description="A made-up day as live cameras against the same day as films")
    parser.add_argument("--day", type=Path, action="append", required=True)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    engine = common.engine_of(Settings())
    found = []
    for folder in arguments.day:
        found.append(compare(folder, engine))
        print(found[-1], flush=True)
    if arguments.out:
        machine = f"{platform.machine()}, Python {platform.python_version()}"
        report = {"date": datetime.now(UTC).date().isoformat(), "commit": commit(), "machine": machine, "days": found}
        arguments.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
