"""Toy counts of floor cameras, for tests of what reads them."""

from datetime import datetime

from fer_core.store import Store
from fer_core.store.rows import camera_id
from fer_core.store.shops import known_store
from fer_core.types import EXPRESSIONS


def count_on_the_floor(
    store: Store, name: str, people: dict[str, int], hour_at: datetime, *, camera: str = "Tills", seconds: float = 20.0
) -> None:
    """So many people (by zone, "" for the whole picture) in that hour; half of them happy, half neutral."""
    store.put_camera(name, "floor", camera)
    with store._transaction() as cursor:
        shop = known_store(cursor, name)
        key = camera_id(shop, "floor", camera)
        for zone, n in people.items():
            for expression in EXPRESSIONS:
                share = 0.5 if expression in ("happy", "neutral") else 0.0
                cursor.execute(
                    "INSERT INTO tallies (store_id, camera_id, zone, hour_at, expression, faces, seconds) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [shop, key, zone, hour_at, expression, n * share, n * seconds * share],
                )
