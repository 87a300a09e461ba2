"""The workers in the app's own process: a thread pair for each camera that the app is to read."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fer_core.errors import DataError, InputError, MoodgateError
from fer_core.settings import CameraSettings
from fer_core.store import Store
from fer_core.store.live import LiveCamera
from fer_core.types import Role
from fer_core.watch.link import Answer, Away, Taken
from server.expression import chosen
from server.live_days import LiveDays, untold

if TYPE_CHECKING:  # they load packages for pictures, which the app's start does without
    from fer_core.cameras import Address
    from fer_core.pipeline import Engine
    from fer_core.watch.plan import Plan
    from fer_core.watch.worker import Watch

LOG = logging.getLogger(__name__)
HERE = "this app"
"""What a worker in this process is called."""
_LOOK_S = 2.0
_T = TypeVar("_T")
_Key = tuple[str, Role, str]


class LocalLink:
    """The app, for a worker in its own process."""

    def __init__(self, live: LiveDays, store: str, role: Role, door: str) -> None:
        self._live, self._camera = live, (store, role, door)

    def plan(self) -> "Plan":
        return self._answered(lambda: self._live.plan(*self._camera))

    def hand(self, messages: Sequence[Mapping[str, Any]]) -> Taken:
        return self._answered(lambda: self._live.take(self._camera[0], messages))

    def beat(self, told: Mapping[str, Any]) -> Answer:
        return self._answered(lambda: self._live.beat(*self._camera, told))

    def still(self, jpeg: bytes) -> None:
        self._answered(lambda: self._live.put_still(*self._camera, jpeg))

    @staticmethod
    def _answered(ask: Callable[[], _T]) -> _T:
        try:
            return ask()
        except InputError as error:
            raise Away(str(error)) from error


class Engines:
    """The engines of this process's workers: one for each expression model, with and without an embedder."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store, self._folder = store, folder
        self._lock = threading.Lock()
        self._made: dict[tuple[str | None, int, bool], Engine] = {}

    def __call__(self, plan: "Plan") -> "Engine":
        from fer_core.cli.common import engine_of
        from fer_core.settings import Settings

        with self._lock:
            choice = chosen(self._store, self._folder)
            path = str(choice.path) if choice.path else None
            key = path, choice.path.stat().st_mtime_ns if choice.path else 0, plan.recognises
            if key not in self._made:
                self._made = {known: one for known, one in self._made.items() if known[:2] == key[:2]}
                self._made[key] = engine_of(Settings(), None, None if plan.recognises else "", path)
            return self._made[key]


class Watchers:
    """Reads the cameras that the database says are to run. Safe for all threads.

    engines: the engine for a plan; link: the app for a camera.
    """

    def __init__(
        self, store: Store, live: LiveDays, engines: "Callable[[Plan], Engine]", settings: CameraSettings | None = None
    ) -> None:
        self._store, self._live, self._engines = store, live, engines
        self._settings = settings or CameraSettings()
        self._lock = threading.RLock()
        self._watches: dict[_Key, tuple[str, Watch]] = {}
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Read the cameras from now on, and see every few seconds which are to be read."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="watchers", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop reading; the cameras run again with the next start."""
        self._closed.set()
        if self._thread:
            self._thread.join(30.0)
        with self._lock:
            for _, watch in self._watches.values():
                watch.close()
            self._watches.clear()

    def start(self, store: str, role: Role, door: str) -> None:
        """Read that camera from now on. DataError where it has no address, or no notice hangs there and one must."""
        why = untold(self._store, store, role, door)
        if why:
            raise DataError(why)
        self._store.run_camera(store, role, door, True)
        self.sync()

    def stop(self, store: str, role: Role, door: str) -> None:
        """Stop reading that camera; who was seen stays seen."""
        self._store.run_camera(store, role, door, False)
        self.sync()
        self._live.forget_camera(store, role, door)

    def check(self, text: str) -> str:
        """Open a camera for at most some seconds: "" where a picture came, else why not. Never quotes a password."""
        from fer_core.cameras import address_of
        from fer_core.cameras.opening import Broken, opened

        try:
            address = address_of(text)
        except InputError as error:
            return str(error)
        enough = threading.Event()
        try:
            with opened(address, self._settings) as source:
                for _ in source.pictures(enough):
                    return ""
            return "it sends no picture"
        except Broken as error:
            return address.hide(str(error))

    def sync(self) -> None:
        """Begin what is to run, end what isn't, and begin anew where the address has changed."""
        wanted = {(one.store, one.role, one.door): one for one in self._store.live_cameras() if one.running}
        with self._lock:
            for key in [key for key in self._watches if not self._still(key, wanted)]:
                self._watches.pop(key)[1].close()
            for key in wanted.keys() - self._watches.keys():
                self._begin(key)
            over = [key for key, (_, watch) in self._watches.items() if watch.over.is_set()]
        for key in over:  # a film that was played to its end is not played again with the next start
            self._live.beat(*key, self._watches[key][1].told())
            self._store.run_camera(*key, False)

    def _still(self, key: _Key, wanted: Mapping[_Key, LiveCamera]) -> bool:
        return key in wanted and self._store.source_of(*key) == self._watches[key][0]

    def _begin(self, key: _Key) -> None:
        from fer_core.cameras import address_of
        from fer_core.watch.worker import MemoryBox, Watch

        source = self._store.source_of(*key)
        try:
            address: Address = address_of(source or "")
        except InputError as error:
            LOG.warning("%s", error)
            self._live.beat(*key, _silent(str(error)))
            return
        watch = Watch(address, LocalLink(self._live, *key), self._engines, MemoryBox(), name=HERE, settings=self._settings)
        self._watches[key] = source or "", watch

    def _work(self) -> None:
        while not self._closed.is_set():
            try:
                self.sync()
            except MoodgateError as error:
                LOG.warning("the cameras could not be looked after: %s", error)
            self._closed.wait(_LOOK_S)


def _silent(why: str) -> dict[str, Any]:
    """A sign of life of a camera that can't be begun at all."""
    health = {"state": "retrying", "why": why, "pictures_per_s": 0, "taken_per_s": 0, "delay_s": 0, "silent_s": None}
    return {
        "worker": HERE, "health": health | {"breaks": 0, "width": 0, "height": 0}, "faces_per_min": 0, "usable": None,
        "people": 0,
    }  # fmt: skip
