"""What the live cameras say of themselves, as rules look at it."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from fer_core.alerts import Seen
from fer_core.store import Store

if TYPE_CHECKING:
    from fer_core.store.live import LiveCamera
    from server.live_heard import CameraState

_GONE, _OVER = "gone", "over"


def key_of(role: str, door: str) -> str:
    """By what a rule names a camera."""
    return f"{role}:{door}"


def told_by(store: Store, heard: "Callable[[str], Iterable[CameraState]]") -> Callable[[str, datetime], list[Seen]]:
    """What `Alerting` asks: all cameras of a store at a moment. heard: those that were heard of lately, of a store."""

    def asked(name: str, now: datetime) -> list[Seen]:
        with store.cursor() as cursor:
            sql = "SELECT role, door, cameras.name FROM cameras JOIN stores USING (store_id) WHERE stores.name = ?"
            names = {key_of(role, door): str(told) for role, door, told in cursor.execute(sql, [name]).fetchall()}
        return seen(names, store.live_cameras(name), heard(name), now)

    return asked


def seen(
    names: Mapping[str, str], configured: "Iterable[LiveCamera]", heard: "Iterable[CameraState]", now: datetime
) -> list[Seen]:
    """All cameras, by role and door, but for those that were stopped here on purpose and films that are over.

    names: of all that the store has, by key.
    """
    set_up = {key_of(one.role, one.door): one for one in configured}
    told = {key_of(one.role, one.door): one for one in heard}
    over = {key for key, one in told.items() if one.health.get("state") == _OVER}
    stopped = {key for key, one in set_up.items() if one.shown and not one.running}
    running = {key for key, one in set_up.items() if one.running}
    wanted = sorted((names.keys() | told.keys()) - stopped - over)
    return [
        _seen(key, names.get(key) or " ".join(key.split(":", 1)).strip(), key in running, told.get(key), now) for key in wanted
    ]


def _seen(key: str, name: str, running: bool, heard: "CameraState | None", now: datetime) -> Seen:
    if heard is None:
        # one whose worker runs here has no picture yet; of any other nothing is known since the start
        return Seen(key, name, known=running, silent_s=None)
    silent_s, state = heard.health.get("silent_s"), heard.health.get("state")
    gone = state == _GONE
    if silent_s is None and gone:
        silent_s = 0.0
    return Seen(
        key,
        name,
        silent_s=None if silent_s is None else float(silent_s) + max(0.0, (now - heard.at).total_seconds()),
        frozen=state == "frozen",
        faces_per_min=0.0 if gone else float(heard.faces_per_min),
        usable=None if gone else heard.usable,
    )
