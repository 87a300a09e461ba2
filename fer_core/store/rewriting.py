"""A database's rows into a new file, and that file in place of the old one.

DuckDB marks the room of deleted rows as free and leaves their bytes in it: only a file that was written anew has
forgotten them.
"""

from pathlib import Path

import duckdb

from fer_core.errors import OutputError
from fer_core.store.opening import connect, explain, remove

_TEXT, _NAME = "'", '"'


def copy_database(connection: duckdb.DuckDBPyConnection, path: Path) -> Path:
    """Write all that the open database of `path` holds into a file beside it, whole or not at all; its path.

    Raises OutputError.
    """
    part = path.with_name(path.name + ".rewritten")
    remove(part)
    ((name,),) = connection.execute("SELECT current_database()").fetchall()
    try:
        connection.execute(f"ATTACH {_quoted(str(part), _TEXT)} AS rewritten")
        connection.execute(f"COPY FROM DATABASE {_quoted(name, _NAME)} TO rewritten")
        connection.execute("DETACH rewritten")
    except duckdb.Error as error:
        connection.execute("DETACH DATABASE IF EXISTS rewritten")
        remove(part)
        raise explain(error, path) or error from error
    return part


def replace_database(part: Path, path: Path) -> bool:
    """Put the file in the place of the closed database; False where this process has that open elsewhere too.

    The other connection would go on writing into a file without a name. Raises OutputError; `part` is gone either way.
    """
    try:
        connect(path, read_only=True).close()
        part.replace(path)
    except duckdb.ConnectionException:
        return False
    except OSError as error:
        raise OutputError(f"{path}: can't be written anew ({error.strerror})") from error
    finally:
        remove(part)
    return True


def _quoted(text: str, mark: str) -> str:
    return mark + text.replace(mark, mark * 2) + mark
