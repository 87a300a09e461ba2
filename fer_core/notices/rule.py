"""The rule: where a store's region asks for a notice, a camera doesn't run before one is recorded for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from fer_core.errors import DataError, InputError
from fer_core.notices.notice import Camera, camera_words
from fer_core.notices.regions import REGIONS, UNSET
from fer_core.store.rows import camera_id, text
from fer_core.store.scope import Source


@dataclass(frozen=True)
class Standing:
    """A store as the rule sees it. told: the ids of the cameras that the standing notice is recorded for."""

    store: str
    store_id: str = ""
    region: str = UNSET
    is_sample: bool = False
    told: frozenset[str] = frozenset()


def standing(source: Source, store: str) -> Standing:
    """The store as it stands in the database; one that isn't there yet has no region."""
    from fer_core import queries  # it brings pandas, which the server's start does without

    try:
        setup, known = queries.notice_setup(source, store), queries.store(source, store)
    except DataError:
        return Standing(store)
    record = queries.standing_notice(source, setup["store_id"])
    told = frozenset(record["cameras"]) if record else frozenset()
    return Standing(store, setup["store_id"], setup["region"], bool(known["is_sample"]), told)


def uncovered(store: Standing, cameras: Iterable[Camera]) -> tuple[Camera, ...]:
    """Those of the cameras that no standing notice is recorded for, each once, whatever the region asks."""
    return tuple(one for one in dict.fromkeys(cameras) if not store.store_id or _key(store, one) not in store.told)


def missing(store: Standing, cameras: Iterable[Camera]) -> str | None:
    """Why these cameras may not run yet, in a sentence; None where they may. Made-up samples always may."""
    region = REGIONS.get(store.region)
    if store.is_sample or region is None or not region.asks:
        return None
    lacking = uncovered(store, cameras)
    if not lacking:
        return None
    return (
        f"{store.store} lies in {region.within}, where visitors must be told ({region.law}): record the notice for "
        f"{camera_words(lacking)} on the page Privacy first"
    )


def refuse_missing(source: Source, store: str, cameras: Iterable[Camera]) -> None:
    """InputError where `missing` says why these cameras of the store may not run yet."""
    why = missing(standing(source, store), cameras)
    if why:
        raise InputError(why)


def _key(store: Standing, camera: Camera) -> str:
    return str(camera_id(UUID(store.store_id), camera.role, text(camera.door)))  # type: ignore[arg-type]
