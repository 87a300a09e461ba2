"""The answers as files, whole or not at all."""

import contextlib
import errno
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import duckdb
import pandas as pd

from fer_core.errors import InputError, OutputError
from fer_core.queries.filters import EVERYTHING, Filter, Source
from fer_core.queries.questions import TABLES, Question
from fer_core.store.scope import check, reads

FORMATS: Mapping[str, str] = MappingProxyType(
    {".csv": "FORMAT csv, HEADER true", ".json": "FORMAT json, ARRAY true", ".parquet": "FORMAT parquet"}
)
"""Endings of files, and DuckDB's options for each."""

SUMS = ("hourly",)
"""Those of TABLES that tell sums only."""


def check_ending(out: Path) -> None:
    """InputError unless `out` ends in a key of FORMATS, OutputError unless its folder exists: before the long work."""
    if out.suffix.lower() not in FORMATS:
        raise InputError(f"{out}: the name should end in one of {', '.join(FORMATS)}")
    if not out.parent.is_dir():
        raise OutputError(f"{out}: there is no folder {out.parent}")


@reads("sums")
def export(source: Source, table: str, out: Path, filter: Filter = EVERYTHING) -> int:
    """Write a table (a key of TABLES) to `out`, in the format of its ending (a key of FORMATS); returns the rows written.

    It is written to a file beside and moved into place, whole or not at all. CSV and JSON (an array of objects) are
    UTF-8, moments in ISO 8601; Parquet keeps the types.

    Raises InputError for an unknown table or ending, OutputError for no folder, no right, no room.
    """
    if table not in TABLES:
        raise InputError(f"there is no table {table!r} to export; there are {', '.join(TABLES)}")
    if table not in SUMS:
        check(source, "visits")
    check_ending(out)
    with source.cursor() as cursor:
        return _write(cursor, TABLES[table](filter), out)


def write_table(frame: pd.DataFrame, out: Path) -> int:
    """Write any table the way `export` does; moments with a zone become UTC, those without stay as they are."""
    check_ending(out)
    utc = tuple(str(name) for name in frame.columns if isinstance(frame[name].dtype, pd.DatetimeTZDtype))
    local = tuple(str(name) for name in frame.select_dtypes("datetime").columns)
    with duckdb.connect() as connection:
        connection.register("frame", frame)
        return _write(connection, Question("SELECT * FROM frame", utc=utc, local=local), out)


def _iso_utc(name: str) -> str:
    return f"strftime({name} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%gZ')"


def _iso_local(name: str) -> str:
    return f"strftime({name}, '%Y-%m-%dT%H:%M:%S')"


def write_error(out: Path, error: duckdb.Error | OSError) -> OutputError:
    """The sentence for a file or folder that couldn't be written."""
    cause = error.strerror if isinstance(error, OSError) else _cause(str(error))
    return OutputError(f"{out}: can't be written ({cause})")


def _cause(text: str) -> str:
    """The operating system's own words within DuckDB's, which name the temporary file; else the first line."""
    usual = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT)
    return next((os.strerror(code) for code in usual if os.strerror(code) in text), text.splitlines()[0])


def _write(cursor: duckdb.DuckDBPyConnection, question: Question, out: Path) -> int:
    ending = out.suffix.lower()
    sql = question.ordered() if ending == ".parquet" else question.ordered(_iso_utc, _iso_local)
    part = out.with_name(f".{uuid.uuid4().hex}.part")
    target = str(part).replace("'", "''")
    try:
        row = cursor.execute(
            f"COPY ({sql}) TO '{target}' ({FORMATS[ending]}, USE_TMP_FILE false)", question.parameters
        ).fetchone()
        part.replace(out)
    except (duckdb.IOException, duckdb.PermissionException, OSError) as error:
        raise write_error(out, error) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return int(row[0]) if row else 0
