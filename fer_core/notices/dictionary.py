"""What is stored where: every table and column of the database in plain words, and the files beside it."""

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path

from fer_core.notices.text import plain, table
from fer_core.queries import Source

_FILE = Path(__file__).with_name("dictionary.toml")
_ABOUT, _KEPT = "about", "kept"
FILES: Mapping[str, tuple[str, str]] = {
    "moodgate.duckdb": ("The database: the tables below.", "See each table."),
    "moodgate.duckdb.wal": ("What was just written to the database.", "Until it is written into the database."),
    "moodgate.duckdb.key": (
        "The key of what is encrypted in the database: addresses of cameras, mail servers and webhooks.", "For ever.",
    ),
    "server.json": ("Where the app can be asked while it runs, for programs of this machine.", "Until the app ends."),
    "live/": (
        "What live cameras have told of today's visitors, with face codes, encrypted; the key beside it goes with it.",
        "Until the store's day is settled: half an hour after closing time, or at three in the morning.",
    ),
    "outbox/": (
        "What a camera's worker has seen and the app has not taken yet, encrypted.", "Until the app has taken it.",
    ),
    "uploads/": (
        "Films that were sent to the app: pictures of people.",
        "Deleted once they are analysed, unless somebody chose to keep them; half-sent ones after a while.",
    ),
    "collections/": (
        "Small grey pictures of faces that people label, where somebody allowed it for the store; no names.",
        "Until the day that was chosen, then deleted.",
    ),
    "evidence/": (
        "Two pictures of each visit, in coarse blocks, at most 12 × 12 over the face, where a store asks for them.",
        "24 hours, or until the visit is deleted.",
    ),
    "sets/": ("Labelled pictures of faces that were brought here to train a model.", "Until somebody deletes them."),
    "models/": ("Models that were trained here. No picture can be read from them directly.", "Until somebody deletes them."),
    "exports/": ("Tables that somebody wrote to the server.", "Until somebody deletes them."),
    "sample/": ("Drawn films of the sample shop, without a real person.", "Until somebody deletes them."),
    "receipts/": ("Receipts of deletions: counts and ids, nothing about visitors.", "Until somebody deletes them."),
    "tombstones.jsonl": (
        "What was deleted, by ids, spans and moments, so that a restored backup deletes it again.", "For ever.",
    ),
    "audit.anchor": ("Where the audit log ended: a number and a checksum.", "For ever."),
}  # fmt: skip
"""What lies in the data folder, and how long."""
MEMORY = (
    "Face codes (templates) are in no table and no file of this list, but for those of people who agreed (table templates). "
    "All others are in memory while a day's films are compared, or encrypted in the folder live while a day with live cameras "
    "lasts, and gone when the day is settled; in a store of sums only none is computed."
)


@functools.cache
def words() -> Mapping[str, Mapping[str, str]]:
    """By table, then by column, what it holds; under "about" and "kept" whom the table tells of and how long it stays."""
    found: dict[str, dict[str, str]] = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return found


def columns(source: Source) -> dict[str, dict[str, str]]:
    """By table, then by column in its order, the type that the open database has."""
    sql = (
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal AND schema_name = 'main' "
        "AND database_name = current_database() ORDER BY table_name, column_index"
    )
    found: dict[str, dict[str, str]] = {}
    with source.cursor() as cursor:
        for name, column, kind in cursor.execute(sql).fetchall():
            found.setdefault(name, {})[column] = kind
    return found


def undescribed(source: Source) -> list[str]:
    """What the database has and the words lack, or the other way round: "table" or "table.column"."""
    here, told = columns(source), words()
    both = here.keys() & told.keys()
    missing = [f"{name}.{column}" for name in both for column in here[name].keys() ^ (told[name].keys() - {_ABOUT, _KEPT})]
    lacking = [f"{name}.{word}" for name in both for word in (_ABOUT, _KEPT) if not told[name].get(word)]
    return sorted([*(here.keys() ^ told.keys()), *missing, *lacking])


def markdown(source: Source) -> str:
    """The document."""
    here, told = columns(source), words()
    parts = [
        "# What is stored where\n",
        "Everything lies in the data folder of this machine. Moodgate sends none of it anywhere by itself.\n",
        f"{MEMORY}\n",
        "## Files\n",
        table(("File or folder", "What it holds", "How long"), [(f"`{name}`", *told_of) for name, told_of in FILES.items()]),
        "## Tables\n",
    ]
    return "\n".join([*parts, *(_table(name, here[name], told.get(name, {})) for name in here)])


def _table(name: str, kinds: Mapping[str, str], told: Mapping[str, str]) -> str:
    rows = [(f"`{column}`", plain(told.get(column, "not described")), kind.lower()) for column, kind in kinds.items()]
    head = f"### {plain(name)}\n\n{told.get(_ABOUT, '')} Kept: {_lowered(told.get(_KEPT, 'not described.'))}\n"
    return f"{head}\n{table(('Column', 'What it holds', 'Type'), rows)}"


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
