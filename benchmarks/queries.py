"""How long the pages' questions to the database take.

    python -m benchmarks.queries --visits 1000000 --out benchmarks/reports/FILE.json

Makes the visits in a temporary database (1 million: half a minute and 0.6 GB; 10 million: ten minutes and 6 GB), or takes
--db, and asks every question of Overview, Trends and Visits with four filters: all, the last four weeks, three stores, and
every filter at once. Each is asked once for warming and then --repeat times. The report has medians; and since others may
use the machine, the least time, and the least CPU time: with the machine to itself, a question takes no longer than that.
Goals: 150 ms a question of Overview or Trends at 1 million visits, 800 ms at 10 million.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.made_visits import DAYS, FIRST, NAMES, make_visits
from benchmarks.storeday import commit
from fer_core import queries
from fer_core.queries import Filter
from fer_core.store import Store

GOAL_MS = {1_000_000: 150, 10_000_000: 800}
LAST = FIRST + timedelta(days=DAYS - 1)
FILTERS: Mapping[str, Filter] = {
    "all": Filter(),
    "four_weeks": Filter(first=LAST - timedelta(days=27), last=LAST),
    "three_stores": Filter(stores=NAMES[:3]),
    "every_filter": Filter(
        stores=NAMES[:10], first=date(2025, 5, 1), last=date(2026, 4, 30), doors=("Main",), reviews=("positive", "negative"),
        weekdays=(0, 1, 2, 3, 4), hours=(10, 18), min_quality=0.2, min_match_probability=0.7,
    ),
}  # fmt: skip

Ask = Callable[[Store, Filter], Any]


def _trends() -> dict[str, Ask]:
    found: dict[str, Ask] = {}
    for grain in ("hour", "day", "week", "month"):
        for by in (None, "store", "door"):
            found[f"trend {grain} by {by}"] = lambda store, filter, grain=grain, by=by: queries.trend(store, filter, grain, by)  # type: ignore[misc,arg-type]
    return found | {
        "heat": queries.heat,
        "mix": queries.mix,
        "by_dwell": queries.by_dwell,
        "groups by store": lambda store, filter: queries.groups(store, filter, "store"),
        "groups by door": lambda store, filter: queries.groups(store, filter, "door"),
    }


OVERVIEW: dict[str, Ask] = {
    "summary": queries.summary,
    "attention": queries.attention,
    "span": lambda store, filter: queries.span(store, filter.stores),
}
VISITS: dict[str, Ask] = {
    "count": queries.count,
    "page, latest first": queries.visits_page,
    "page by change": lambda store, filter: queries.visits_page(store, filter, "change"),
    "page by review": lambda store, filter: queries.visits_page(store, filter, "verdict", False),
    "page in the middle": lambda store, filter: queries.visits_page(store, filter, offset=queries.count(store, filter) // 2),
    "one visit": lambda store, filter: queries.visit(store, str(queries.visits_page(store, filter, limit=1).visit_id[0])),
}
PAGES = {"overview": OVERVIEW, "trends": _trends(), "visits": VISITS}


def timed(ask: Ask, store: Store, filter: Filter, repeat: int) -> dict[str, Any]:
    """Median and least time in ms; the least CPU time, of all threads together, in ms; and how many rows came."""
    answer, took, worked = ask(store, filter), [], []
    for _ in range(repeat):
        started, busy = time.perf_counter(), time.process_time()
        ask(store, filter)
        took.append(1000 * (time.perf_counter() - started))
        worked.append(1000 * (time.process_time() - busy))
    rows = len(answer) if hasattr(answer, "__len__") else 1
    times = {"median_ms": statistics.median(took), "min_ms": min(took), "cpu_ms": min(worked)}
    return {name: round(value, 1) for name, value in times.items()} | {"rows": rows}


def measured(path: Path, repeat: int, filters: Mapping[str, Filter] = FILTERS) -> dict[str, Any]:
    """The times by page, question and filter."""
    with Store.open(path, create=False) as store:
        return {
            page: {
                name: {which: timed(ask, store, filter, repeat) for which, filter in filters.items()}
                for name, ask in questions.items()
            }
            for page, questions in PAGES.items()
        }


def worst(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By page the slowest question by its median, and by its least time."""
    result: dict[str, dict[str, Any]] = {}
    for page, questions in found.items():
        flat = {f"{name} ({which})": took for name, by in questions.items() for which, took in by.items()}
        result[page] = {
            kind: {"question": (name := max(flat, key=lambda key: flat[key][kind])), "ms": flat[name][kind]}
            for kind in ("median_ms", "min_ms", "cpu_ms")
        }
    return result


def report(path: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """The whole report; loads are those of the last minute, before and after."""
    before = os.getloadavg()[0]
    found = measured(path, arguments.repeat)
    return {
        "date": datetime.now(UTC).date().isoformat(), "commit": commit(), "cores": os.cpu_count(),
        "machine": platform.machine(), "python": platform.python_version(), "duckdb": duckdb.__version__,
        "command": f"python -m benchmarks.queries --visits {arguments.visits}", "visits": arguments.visits,
        "stores": len(NAMES), "days": DAYS, "database_mb": round(path.stat().st_size / 1e6), "repeat": arguments.repeat,
        "load": [round(before, 1), round(os.getloadavg()[0], 1)], "goal_ms": GOAL_MS.get(arguments.visits),
        "worst": worst(found), "questions": found,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--visits", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--db", type=Path, help="made there, or taken from there; otherwise a temporary one")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="moodgate-queries-") as folder:
        path = arguments.db or Path(folder) / "moodgate.duckdb"
        if not path.exists():
            make_visits(path, arguments.visits)
        told = report(path, arguments)
    text = json.dumps(told, indent=1)
    if arguments.out:
        arguments.out.write_text(text + "\n", encoding="utf-8")
    print(json.dumps(told["worst"], indent=1) if arguments.out else text)


if __name__ == "__main__":
    main()
