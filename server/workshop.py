"""What handlers work with. The engine, and whatever else takes long to load, is imported by the first job that needs it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from fer_core.errors import InputError
from fer_core.store import Store
from server.expression import Choice, chosen, stamp_of
from server.job import Json
from server.uploads import Uploads

if TYPE_CHECKING:
    from fer_core.pipeline import Engine
    from fer_core.sample import SampleDay

_ENGINES_KEPT = 2
Names: TypeAlias = tuple[str | None, str | None, str | None]
"""Detector, embedder and expression model; None: the default one; an embedder "": none, for sums only."""


def _nobody(_path: Path) -> bool:
    return False


def _drawn(folder: Path, tell: Callable[[str], None]) -> "SampleDay":
    from fer_core.sample import write_sample

    return write_sample(folder, tell=tell)


@dataclass
class Workshop:
    """The data folder with what is in it, and the engines that were loaded.

    Only the runner's one worker thread uses it, so it needs no lock. needed: whether a waiting job needs that file. draw:
    makes the films of the sample day.
    """

    folder: Path
    store: Store
    uploads: Uploads
    needed: Callable[[Path], bool] = _nobody
    draw: "Callable[[Path, Callable[[str], None]], SampleDay]" = _drawn
    engines: "dict[Names, Engine]" = field(default_factory=dict)
    stamps: dict[Names, int] = field(default_factory=dict)

    def engine(self, names: Names) -> "Engine":
        """The engine of those names, loaded once and kept for later jobs. UnknownBackendError, WeightsError.

        A model's file that has changed since, because it was trained anew, is loaded again.
        """
        from fer_core.cli.common import engine_of
        from fer_core.settings import Settings

        stamp = stamp_of(Path(names[2])) if names[2] else 0
        if self.stamps.get(names, 0) != stamp:
            self.engines.pop(names, None)
        if names not in self.engines:
            while len(self.engines) >= _ENGINES_KEPT:
                self.engines.pop(next(iter(self.engines)))
            self.engines[names] = engine_of(Settings(), *names)
            self.stamps[names] = stamp
        return self.engines[names]

    def chosen_model(self) -> Choice:
        """The expression model of jobs that name none."""
        return chosen(self.store, self.folder)


def text_of(payload: Json, key: str) -> str:
    """A text of the payload. InputError where there is none."""
    value = payload.get(key)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"the job says nothing under {key!r}")
    return value


def zone_of(store: Store, name: str) -> str:
    """The time zone of the store of that name; UTC for a new one."""
    with store.cursor() as cursor:
        row = cursor.execute("SELECT time_zone FROM stores WHERE name = ?", [name]).fetchone()
    return str(row[0]) if row else "UTC"
