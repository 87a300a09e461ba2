"""Eight weeks of three made-up shops, written straight into the store: so that no chart is empty on first sight.

Nobody was filmed. The stores are marked as samples; `Store.delete_store` takes each away again.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import duckdb
import numpy as np

from fer_core.errors import CancelledError, InputError
from fer_core.sample.history_rows import write_shop
from fer_core.sample.passers import drawn
from fer_core.sample.rhythm import SHOPS, Shop
from fer_core.store import Store, shops
from fer_core.types import Role

_ROLES: tuple[Role, Role] = ("entry", "exit")
NAMES = tuple(shop.name for shop in SHOPS)


def write_history(
    store: Store,
    *,
    last: date | None = None,
    seed: int = 0,
    tell: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> int:
    """Write the history of NAMES up to that day (by default yesterday in their time zone); how many visits it has.

    One transaction; an earlier history is replaced. The same seed and day give the same visits, with the same ids. `tell`
    hears how many of how many shops are done. Raises InputError for a real store of one of these names, CancelledError:
    nothing was written.
    """
    last = last or datetime.now(ZoneInfo(SHOPS[0].time_zone)).date() - timedelta(days=1)
    visits = 0
    with store._transaction() as cursor:
        for number, shop in enumerate(SHOPS):
            if cancelled and cancelled():
                raise CancelledError("the sample history was cancelled; nothing was written")
            store_id = _made(cursor, shop)
            visits += write_shop(cursor, store_id, drawn(shop, last, np.random.default_rng([seed, number, last.toordinal()])))
            if tell:
                tell(number + 1, len(SHOPS))
    return visits


def _made(cursor: duckdb.DuckDBPyConnection, shop: Shop) -> UUID:
    """The shop's store, new and empty."""
    row = cursor.execute("SELECT is_sample FROM stores WHERE name = ?", [shop.name]).fetchone()
    if row and not row[0]:
        raise InputError(f"{shop.name!r} is a real store here; rename it, and the sample can have the name")
    if row:
        shops.delete_store(cursor, shop.name)
    store_id = shops.put_store(cursor, shop.name)
    changes = {"time_zone": shop.time_zone, "is_sample": True, "opening_hours": dict(shop.opening)}
    shops.change_store(cursor, store_id, changes)
    for door, _, _ in shop.doors:
        for role in _ROLES:
            shops.put_camera(cursor, store_id, role, door)
    return store_id
