"""Files of the data folder that belong to no store or job any more: looked for after every deletion, told, not touched.

Only the few words that say whose a file is are read: `server.uploads`, `fer_core.collect` and `server.runs` write them.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from fer_core.store import evidence

_LOOKED = ("uploads", "collections", "models", "exports")


@dataclass(frozen=True)
class Orphans:
    """looked: how many uploads, collections, trainings, exports and pictures there are; found: those without an owner, by kind.

    Of uploads the id is told, never the film's name. Exports are told whenever there are any: what was deleted may be in
    them.
    """

    looked: dict[str, int] = field(default_factory=dict)
    found: dict[str, list[str]] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether something was found."""
        return any(self.found.values())


def look(folder: Path, cursor: duckdb.DuckDBPyConnection, pictures: Path | None = None) -> Orphans:
    """What lies in the data folder beside the database; pictures: the folder of its evidence pictures, by default the usual
    one. A folder that can't be read counts as empty."""
    pictures = pictures or folder / evidence.FOLDER
    stores = {str(name) for (name,) in cursor.execute("SELECT name FROM stores").fetchall()}
    asked = "\n".join(str(payload) for (payload,) in cursor.execute("SELECT payload::VARCHAR FROM jobs").fetchall())
    kinds = {kind: _inside(folder / kind) for kind in _LOOKED}
    uploads = [path for path in kinds["uploads"] if path.suffix == ".json"]
    looked = {kind: len(paths) for kind, paths in kinds.items()}
    looked |= {"uploads": len(uploads), "evidence pictures": len(_inside(pictures))}
    found = {
        "uploads": [path.stem for path in uploads if path.stem not in asked],
        "collections": [
            path.name for path in kinds["collections"] if _told(path / "collection.json").get("store") not in stores
        ],
        "models": [path.name for path in kinds["models"] if _learnt_from_nothing(path)],
        "exports": [path.name for path in kinds["exports"]],
        "evidence pictures": evidence.unnamed(cursor, pictures),
    }
    return Orphans(looked, {kind: sorted(names) for kind, names in found.items()})


def _inside(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError:
        return []


def _told(path: Path) -> dict[str, Any]:
    """A small JSON file; empty where it is none."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _store_of(collection: Path) -> str:
    return str(_told(collection / "collection.json").get("store"))


def _learnt_from_nothing(run: Path) -> bool:
    """Whether a training's set is gone; one that wasn't begun by the app says no set."""
    data = _told(run / "run.json").get("data")
    return isinstance(data, str) and bool(data) and not Path(data).exists()
