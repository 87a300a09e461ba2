"""Everything as Parquet in folders by store and day, which Spark, DuckDB, Polars and pandas read as one table.

    FOLDER/visits/store=Main%20Street/day=2026-03-14/data_0.parquet     appearances and series alike
    FOLDER/stores.parquet                                               cameras, footage, corrections, categories, hourly

Names are written as in web addresses, so that no sign in them can lead out of the folder; rows without a time of day are
in `day=__HIVE_DEFAULT_PARTITION__`, which readers take for null.
"""

import shutil
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import duckdb

from fer_core.errors import OutputError
from fer_core.queries.files import write_error
from fer_core.queries.filters import EVERYTHING, Filter, Source, Where
from fer_core.queries.lists import of_stores
from fer_core.queries.questions import Question, appearances, hourly, visits
from fer_core.store.scope import reads

Tell: TypeAlias = Callable[[int, int], None]

_LONGEST_NAME = 200
"""Bytes that a folder's name may have, less what stands before it."""

_PLAIN = {
    "stores": "SELECT * EXCLUDE (store_id) FROM stores WHERE {stores} ORDER BY name",
    "cameras": "SELECT s.name AS store, camera_id::VARCHAR AS camera_id, c.name, role, door, zones FROM cameras AS c "
    "JOIN stores AS s USING (store_id) WHERE {stores} ORDER BY ALL",
    "footage": "SELECT s.name AS store, footage_id::VARCHAR AS footage_id, f.* EXCLUDE (store_id, footage_id) "
    "REPLACE (camera_id::VARCHAR AS camera_id) FROM footage AS f JOIN stores AS s USING (store_id) WHERE {stores} "
    "ORDER BY store, start_at, film",
    "corrections": "SELECT correction_id::VARCHAR AS correction_id, visit_id::VARCHAR AS visit_id, kind, review, reason, "
    "made_at, undone_at FROM corrections WHERE {stores} ORDER BY made_at",
    "categories": "SELECT * FROM categories ORDER BY name, version",
}


@reads("visits")
def export_all(source: Source, folder: Path, filter: Filter = EVERYTHING, *, tell: Tell | None = None) -> dict[str, int]:
    """Write everything of the filter to a new folder, whole or not at all; returns the rows by table.

    Of visits, appearances and series come the filter's; of the small tables all that is of its stores. What is written
    meanwhile is not in it. `tell` hears after each step how many of how many are done; what it raises ends the export.

    Raises OutputError for a folder that holds something already, no folder to put it in, no right, no room.
    """
    _check(folder)
    part = folder.with_name(f".{uuid.uuid4().hex}.part")
    try:
        part.mkdir()
        with source.cursor() as cursor:
            cursor.execute("BEGIN")  # one moment for all tables
            rows = _written(cursor, part, filter, tell or (lambda done, all: None))
        if folder.exists():
            folder.rmdir()
        part.rename(folder)
    except (duckdb.IOException, duckdb.PermissionException, OSError) as error:
        raise write_error(folder, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return rows


def _check(folder: Path) -> None:
    if not folder.parent.is_dir():
        raise OutputError(f"{folder}: there is no folder {folder.parent}")
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise OutputError(f"{folder}: there is something of that name already; name a new folder")


def _written(cursor: duckdb.DuckDBPyConnection, part: Path, filter: Filter, tell: Tell) -> dict[str, int]:
    condition, parameters = of_stores(filter.stores)
    found = cursor.execute(f"SELECT name FROM stores WHERE {condition} ORDER BY name", parameters).fetchall()  # noqa: S608
    names = [str(row[0]) for row in found]
    small = _small(filter, condition, parameters)
    rows: dict[str, int] = {"visits": 0, "appearances": 0, "series": 0}
    for done, name in enumerate(names, 1):
        for table, question in _of_store(replace(filter, stores=(name,))).items():
            rows[table] += _copied(cursor, question, part / table, "PARTITION_BY (store, day), OVERWRITE_OR_IGNORE true")
        tell(done, len(names) + len(small))
    for done, (table, question) in enumerate(small.items(), len(names) + 1):
        rows[table] = _copied(cursor, question, part / f"{table}.parquet", "USE_TMP_FILE false")
        tell(done, len(names) + len(small))
    return rows


def _small(filter: Filter, condition: str, parameters: dict[str, Any]) -> dict[str, Question]:
    """The tables that are a file each."""
    plain = {name: sql.format(stores=condition) for name, sql in _PLAIN.items()}
    questions = {name: Question(sql, parameters if "$stores" in sql else {}) for name, sql in plain.items()}
    return questions | {"hourly": hourly(filter)}


def _of_store(own: Filter) -> dict[str, Question]:
    """The tables that are cut by day, of one store: to sort one store's rows at a time keeps the memory small."""
    where = Where(own).of_appearances("a")
    kept = (
        "SELECT s.name AS store, appearance_id::VARCHAR AS appearance_id, samples, times_s, weights, probabilities, local_at "  # noqa: S608
        "FROM series JOIN appearances AS a USING (appearance_id) JOIN stores AS s USING (store_id) "
        f"WHERE {where}"
    )
    series = Question(kept, where.parameters, "local_at, appearance_id")
    tables = {"visits": visits(own), "appearances": appearances(own), "series": series}
    return {name: _by_day(question) for name, question in tables.items()}


def _by_day(question: Question) -> Question:
    # a name longer than a folder's may be is cut, with enough of a sum behind it to keep two such names apart
    cut = "left(store, 12) || ' ' || left(md5(store), 8)"
    name = f"CASE WHEN strlen(url_encode(store)) > {_LONGEST_NAME} THEN {cut} ELSE store END"
    sql = f"SELECT * REPLACE ({name} AS store), local_at::DATE AS day FROM ({question.sql})"  # noqa: S608
    return replace(question, sql=sql)


def _copied(cursor: duckdb.DuckDBPyConnection, question: Question, out: Path, options: str) -> int:
    target = str(out).replace("'", "''")
    sql = f"COPY ({question.ordered()}) TO '{target}' (FORMAT parquet, {options})"
    row = cursor.execute(sql, question.parameters).fetchone()
    return int(row[0]) if row else 0
