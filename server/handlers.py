"""The kinds of job and what each does. A handler bears being killed anywhere and begun again: nothing is counted twice."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from fer_core.errors import InputError
from fer_core.store import Store
from fer_core.store.audit import SYSTEM
from server.clock import Stopwatch
from server.collecting import collect
from server.job import Handler, Json, Task
from server.reviewing import review, reviewed
from server.training import train
from server.workshop import Workshop, text_of

SAMPLE_SHOP = "Sample shop"
_SAMPLE_OPENS = time(10)


def kinds(shop: Workshop) -> dict[str, Handler]:
    """Every kind of job, by the name under which it is submitted."""
    return {
        "review": partial(review, shop),
        "sample": partial(sample, shop),
        "recompute": partial(recompute, shop),
        "history": partial(history, shop),
        "purge": partial(purge, shop),
        "collect": partial(collect, shop),
        "train": partial(train, shop),
    }


# ---- the sample -----------------------------------------------------------------------------------------------------


def sample(shop: Workshop, task: Task) -> Json:
    """Draw the sample day (nobody real) and review it into the sample shop, as if it were filmed today or yesterday."""
    from fer_core.pipeline import Film

    zone = _sample_zone(shop.store)

    def tell(sentence: str) -> None:
        task.check()
        task.tell(sentence)

    task.tell("drawing the films")
    written = shop.draw(shop.folder / "sample", tell)
    task.check()
    entry_at, exit_at = sample_starts(datetime.now(UTC), zone)
    films = [Film(written.entry, "entry", entry_at), Film(written.exit, "exit", exit_at)]
    names = {film.path: film.path.name for film in films}
    return reviewed(shop, task, SAMPLE_SHOP, films, names, sample_zone=zone)


def sample_starts(now: datetime, zone: str) -> tuple[datetime, datetime]:
    """The starts of both films (UTC): ten o'clock on the store's clock, of today once that has passed, else of yesterday."""
    from fer_core.sample import STARTS

    apart = datetime.fromisoformat(STARTS["exit_start"]) - datetime.fromisoformat(STARTS["entry_start"])
    local = now.astimezone(ZoneInfo(zone))
    day: date = local.date()
    if local < _opening(day, zone) + 2 * apart:
        day -= timedelta(days=1)
    begin = _opening(day, zone).astimezone(UTC)
    return begin, begin + apart


def _opening(day: date, zone: str) -> datetime:
    return datetime.combine(day, _SAMPLE_OPENS, ZoneInfo(zone))


def _sample_zone(store: Store) -> str:
    """The sample shop's time zone; that of the made-up history for a new one. InputError where it is a real store."""
    from fer_core.sample.rhythm import SHOPS

    with store.cursor() as cursor:
        row = cursor.execute("SELECT is_sample, time_zone FROM stores WHERE name = ?", [SAMPLE_SHOP]).fetchone()
    if row and not row[0]:
        raise InputError(f"{SAMPLE_SHOP!r} is a real store here; rename it, and the sample can have the name")
    return str(row[1]) if row else SHOPS[0].time_zone


def history(shop: Workshop, task: Task) -> Json:
    """Write the made-up history of the sample stores."""
    from fer_core.sample.history import write_history

    task.tell("making up the sample stores’ history")
    return {"visits": write_history(shop.store, tell=_counter(task, "writing the history"), cancelled=task.cancelled)}


# ---- upkeep ---------------------------------------------------------------------------------------------------------


def recompute(shop: Workshop, task: Task) -> Json:
    """Review a store's visits anew by its categories and camera offsets."""
    store = text_of(task.payload, "store")
    task.tell("recomputing", 0.0)
    changed = shop.store.recompute(store, tell=_counter(task, "recomputing"), cancelled=task.cancelled)
    return {"visits": changed, "store": store}


def purge(shop: Workshop, task: Task) -> Json:
    """Delete what stores no longer keep."""
    task.tell("deleting what is past its time")
    return {"deleted": shop.store.purge(datetime.now(UTC), actor=str(task.payload.get("by") or SYSTEM))}


def _counter(task: Task, stage: str) -> Callable[[int, int], None]:
    watch = Stopwatch()

    def tell(done: int, total: int) -> None:
        share = done / total if total else None
        task.tell(stage, share, None, watch.left_s(share))

    return tell
